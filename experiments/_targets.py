"""Functions at a point, with their gradients: what estimates are made of."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from zotheory.estimators import Objective
from zotheory.types import FloatArray

Function: TypeAlias = Literal["indefinite", "definite", "product"]


@dataclass(frozen=True, eq=False)
class Target:
    """A function at a point.

    Attributes:
        objective: f(X) -> (n,) for points X of shape (n, dim).
        point: x, shape (dim,).
        gradient: grad f(x), shape (dim,).
    """

    objective: Objective
    point: FloatArray
    gradient: FloatArray

    def linearised(self) -> "Target":
        """Return z -> grad f(x).z at z = 0: estimates of it are the limits mu -> 0, at any mu."""
        gradient = self.gradient
        return Target(lambda points: points @ gradient, np.zeros_like(gradient), gradient)


def target(name: Function, dim: int, rng: np.random.Generator) -> Target:
    """Return a function of arXiv 2510.19975's synthetic experiments, as summarised, at a random point.

    "indefinite" is sum_i h_i x_i^2 / 2 with h_i uniform in (-1, 1), at a point whose last half (rounded
    down) is zero and the rest normal; "definite" has |h_i| instead, the same for the same ``rng``.
    "product" is x_1 ... x_dim at a point with one coordinate zero and the others uniform in (0.5, 1.5): its
    gradient has one entry that is not zero.
    """
    if name == "product":
        x = rng.uniform(0.5, 1.5, dim)
        zero = int(rng.integers(dim))
        gradient = np.zeros(dim)
        gradient[zero] = np.prod(np.delete(x, zero))
        x[zero] = 0.0
        return Target(lambda points: np.prod(points, axis=1), x, gradient)
    diagonal, x = rng.uniform(-1.0, 1.0, dim), rng.standard_normal(dim)
    x[dim - dim // 2 :] = 0.0
    if name == "definite":
        diagonal = np.abs(diagonal)
    return Target(lambda points: points**2 @ diagonal / 2, x, diagonal * x)
