"""Isotropic laws: Gaussian and the uniform law on a sphere."""

import math
from dataclasses import dataclass

import numpy as np

from zotheory.laws.arithmetic import power
from zotheory.laws.base import check_norm_moment_order
from zotheory.laws.block_isotropic import BlockIsotropic
from zotheory.laws.partition import Whole
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Scalar
from zotheory.validation import (
    check_count,
    check_dim,
    check_positive,
    is_expression,
    is_symbolic,
    numeric_dim,
    to_float,
)


@dataclass(frozen=True)
class Isotropic(BlockIsotropic):
    """Base of the rotation-invariant laws: every moment follows from that of n = |v|^2."""

    dim: Scalar  # type: ignore[assignment]
    delta: Scalar = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", check_dim(self.dim))
        object.__setattr__(self, "delta", check_positive(self.delta, "delta"))

    @property
    def partition(self) -> Whole:
        """The whole space."""
        return Whole(self.dim)

    def energy_means(self) -> tuple[Scalar, ...]:
        """Return (E[n],)."""
        return (self.norm_moment(1),)

    def energy_products(self) -> tuple[tuple[Scalar, ...], ...]:
        """Return ((E[n^2],),)."""
        return ((self.norm_moment(2),),)


@dataclass(frozen=True)
class Gaussian(Isotropic):
    """v ~ N(0, delta I): nu = d + 2.

    Args:
        dim: dimension, an integer of at least 1 or a sympy symbol.
        delta: scale, E[v v^T] = delta I; a positive number or symbol.

    >>> Gaussian(10).dimension_factor()
    12
    """

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        shape = (check_count(n, "n"), numeric_dim(self.dim))
        return self.from_normals(as_generator(rng).standard_normal(shape))

    def from_normals(self, z: FloatArray) -> FloatArray:
        """Return sqrt(delta) z."""
        return math.sqrt(to_float(self.delta, "delta")) * z

    def norm_moment(self, k: Scalar) -> Scalar:
        """Return E|v|^{2k} = (2 delta)^k Gamma(d/2 + k) / Gamma(d/2)."""
        order = check_norm_moment_order(k)
        if order.denominator == 1:
            # (2 delta)^k (d/2)(d/2 + 1) ... = delta^k d (d + 2) ...
            return self.delta ** int(order) * math.prod(self.dim + 2 * j for j in range(int(order)))
        if is_symbolic(self.dim) or is_expression(self.delta):
            from sympy import Rational, gamma

            half = self.dim * Rational(1, 2)
            ratio = gamma(half + Rational(3, 2)) / gamma(half)
            return power(2 * self.delta * Rational(1), order) * ratio
        # mpmath's rising factorial does not cancel for large d, as a difference of lgamma does.
        import mpmath

        return (2 * float(self.delta)) ** 1.5 * float(mpmath.rf(mpmath.mpf(self.dim) / 2, 1.5))

    def norm_bound(self) -> Scalar:
        """Return infinity."""
        return math.inf


@dataclass(frozen=True)
class Sphere(Isotropic):
    """v uniform on the sphere of radius sqrt(delta d): fixed length, nu = d.

    Args:
        dim: dimension, an integer of at least 1 or a sympy symbol.
        delta: scale, E[v v^T] = delta I; a positive number or symbol.

    >>> Sphere(10, delta=2).norm_moment(2)
    400
    """

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        shape = (check_count(n, "n"), numeric_dim(self.dim))
        return self.from_normals(as_generator(rng).standard_normal(shape))

    def from_normals(self, z: FloatArray) -> FloatArray:
        """Return sqrt(delta d) z / |z|."""
        squares = np.einsum("nd,nd->n", z, z)
        return np.sqrt(to_float(self.delta, "delta") * self.dim / squares)[:, None] * z

    def norm_moment(self, k: Scalar) -> Scalar:
        """Return (delta d)^k."""
        return power(self.norm_bound(), check_norm_moment_order(k))

    def norm_bound(self) -> Scalar:
        """Return delta d."""
        return self.delta * self.dim
