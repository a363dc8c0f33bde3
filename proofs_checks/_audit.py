"""Errors of DAP along the exact gradient and along an estimated one, from second and fourth moments."""

import numpy as np
import sympy as sp

from zotheory.derive.alignment import aligned_directional_moment, complement_fourth
from zotheory.derive.probe_quadrature import sphere_probe_alignment
from zotheory.functionals import coordinate_mse
from zotheory.laws import DAP, Rademacher, Sphere


def over(other: float, aligned: float) -> float:
    """Return the advantage; rounding aside nothing is 0 / 0 here."""
    return (other - aligned) / max(other, aligned)


def staged(dim: int, batch: int) -> tuple[float, float]:
    """Return (alpha, beta): a draw along the mean of half the batch of sphere estimates errs by alpha I + beta P."""
    r = sp.Symbol("r")
    second = sp.Poly(aligned_directional_moment(r, complement_fourth(dim)), r)
    rho2, rho4 = (sum(sphere_probe_alignment(dim, batch // 2, power, 5e-3)) / 2 for power in (1, 2))
    c0, c1, c2 = (float(second.coeff_monomial(r**i)) for i in range(3))
    along = c0 + c1 * rho2 + c2 * rho4 - 1
    alpha = (dim - 1 - along) / (dim - 1)
    return alpha, along - alpha


def dense_products(dim: int, own: float, other: float, rng: np.random.Generator) -> dict[str, float]:
    """Return median advantages, over points where the product has no zero coordinate, of DAP told the gradient.

    Its error is taken over the coordinates with |a_i| at least ``own`` of the largest, that of others ``other``.
    """
    ends: dict[str, list[float]] = {"uniform": [], "rademacher": []}
    for _ in range(200):
        # Of prod x_i, |x_i| in [1/2, 3/2], up to a factor; signs change nothing.
        a = 1 / rng.uniform(0.5, 1.5, dim)
        large, more = (np.flatnonzero(a >= c * a.max()).tolist() for c in (own, other))
        exact = float(coordinate_mse(DAP(a), a, large))
        for name, law in (("uniform", Sphere), ("rademacher", Rademacher)):
            ends[name].append(over(float(coordinate_mse(law(dim), a, more)), exact))
    return {name: float(np.median(values)) for name, values in ends.items()}
