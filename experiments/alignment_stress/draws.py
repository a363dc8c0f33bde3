"""Rough directions, and draws of the laws that use them; one direction for each draw."""

import math

import numpy as np
from numpy.typing import NDArray

from experiments import _rough_direction as rough
from zotheory.laws import Gaussian, Sphere
from zotheory.laws.aligned_rows import aligned, unit_rows

Array = NDArray[np.float64]


def at_angle(a: Array, degrees: float, count: int, rng: np.random.Generator) -> Array:
    """Return unit directions at an angle to ``a``, uniform around it, shape (count, dim)."""
    axis = a / np.linalg.norm(a)
    across = rng.standard_normal((count, a.size))
    # Twice: what rounding leaves along the axis is removed.
    for _ in range(2):
        across -= (across @ axis)[:, None] * axis
    across = unit_rows(across)[0]
    angle = math.radians(degrees)
    return math.cos(angle) * axis + math.sin(angle) * across


def from_noisy_probes(a: Array, sigma: float, probes: int, count: int, rng: np.random.Generator) -> Array:
    """Return the directions of sum_i z_i (z_i.a + eps_i), eps_i ~ N(0, sigma^2), shape (count, dim)."""
    total = np.zeros((count, a.size))
    for _ in range(probes):
        z = rng.standard_normal(total.shape)
        total += (z @ a + sigma * rng.standard_normal(count))[:, None] * z
    return unit_rows(total)[0]


def perturbations(law: str, directions: Array, p: float, rng: np.random.Generator) -> Array:
    """Return one draw for each direction, shape (count, dim); delta = 1. Laws are named as in `theory`."""
    count, dim = directions.shape
    if law in ("sphere", "gaussian"):
        return (Sphere(dim) if law == "sphere" else Gaussian(dim)).sample(count, rng)
    z = rng.standard_normal((count, 1, dim))
    if law == "aligned-sphere":
        return aligned(z, directions, 1.0, "sphere")[:, 0]
    if law == "aligned-gaussian":
        return aligned(z, directions, 1.0, "gaussian")[:, 0]
    return rough.guided_rows(z, directions, p, rng)[:, 0]
