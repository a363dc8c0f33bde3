"""Laws tied to the coordinate axes: Rademacher signs and random coordinates."""

import math
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from zotheory.laws.arithmetic import power, settled, times
from zotheory.laws.base import Law, check_norm_moment_order
from zotheory.laws.gradient import Alignment, check_direction
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Matrix, Scalar, VectorLike
from zotheory.validation import (
    check_count,
    check_dim,
    check_positive,
    check_symmetric,
    check_vector,
    numeric_dim,
    quotient,
    to_float,
)


@dataclass(frozen=True)
class Coordinatewise(Law):
    """Base of laws whose entries have independent fair signs, and the same moments in any order.

    The length is sqrt(delta d) unless a subclass says otherwise in norm_moment and norm_bound. Only paired
    fourth moments survive the signs, so with m4 = E[v_i^4] and m22 = E[v_i^2 v_j^2]
        T4[B] = m22 (2 B + tr(B) I) + (m4 - 3 m22) diag(B).
    """

    dim: Scalar
    delta: Scalar = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", check_dim(self.dim))
        object.__setattr__(self, "delta", check_positive(self.delta, "delta"))

    @abstractmethod
    def paired_moments(self) -> tuple[Scalar, Scalar]:
        """Return (m4, m22)."""

    @abstractmethod
    def entry_second_moment(self) -> Scalar:
        """Return E[v_i^2], the same for every i."""

    def second_moment(self) -> Matrix:
        """Return E[v_i^2] I; the signs remove the rest."""
        return times(self.entry_second_moment(), np.eye(numeric_dim(self.dim), dtype=int))

    def unbiasedness_defect(self) -> Scalar:
        """Return |E[v_i^2] - delta| / delta."""
        return quotient(abs(self.entry_second_moment() - self.delta), self.delta)

    def fourth_moment(self, matrix: Matrix) -> Matrix:
        """Return T4[B] from m4 and m22."""
        matrix = check_symmetric(matrix, "matrix", self.dim)
        m4, m22 = self.paired_moments()
        identity = np.eye(numeric_dim(self.dim), dtype=int)
        diagonal = np.diag(np.diag(matrix))
        return settled(m22 * (2 * matrix + times(matrix.trace(), identity)) + (m4 - 3 * m22) * diagonal)

    def dimension_factor(self, a: VectorLike = None) -> Scalar:
        """Return nu = (m4 + (d - 1) m22) / delta^2, whatever the gradient.

        E[(a.v)^2 n] = sum_i a_i^2 E[v_i^2 n], and E[v_i^2 n] = m4 + (d - 1) m22 for every i.
        """
        if a is not None and not isinstance(a, Alignment):
            check_vector(a, "a", self.dim)
        m4, m22 = self.paired_moments()
        return quotient(m4 + (self.dim - 1) * m22, self.delta**2)

    def weighted_norm_moment(self, matrix: Matrix) -> Scalar:
        """Return E[(v^T A v) n] = (m4 + (d - 1) m22) tr A."""
        m4, m22 = self.paired_moments()
        return (m4 + (self.dim - 1) * m22) * check_symmetric(matrix, "matrix", self.dim).trace()

    def directional_fourth_moment(self, a: VectorLike) -> Scalar:
        """Return E[s^2] = 3 m22 + (m4 - 3 m22) sum_i a_i^4 / |a|^4."""
        a = check_direction(a, "a", self.dim)
        m4, m22 = self.paired_moments()
        return 3 * m22 + (m4 - 3 * m22) * quotient((a**4).sum(), (a @ a) ** 2)

    def norm_moment(self, k: Scalar) -> Scalar:
        """Return (delta d)^k, for a fixed length."""
        return power(self.norm_bound(), check_norm_moment_order(k))

    def norm_bound(self) -> Scalar:
        """Return delta d, for a fixed length."""
        return self.delta * self.dim


@dataclass(frozen=True)
class Rademacher(Coordinatewise):
    """Independent fair signs times sqrt(delta): nu = d.

    For a gradient with one non-zero entry it is directionally aligned, s = delta.

    Args:
        dim: dimension, an integer of at least 1 or a sympy symbol.
        delta: scale, E[v v^T] = delta I; a positive number or symbol.
    """

    def paired_moments(self) -> tuple[Scalar, Scalar]:
        """Return (delta^2, delta^2): v_i^2 = delta always."""
        return self.delta**2, self.delta**2

    def entry_second_moment(self) -> Scalar:
        """Return delta."""
        return self.delta

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        radius = math.sqrt(to_float(self.delta, "delta"))
        shape = (check_count(n, "n"), numeric_dim(self.dim))
        return as_generator(rng).choice([-radius, radius], size=shape)


@dataclass(frozen=True)
class Coordinate(Coordinatewise):
    """A uniformly random coordinate vector times sqrt(delta d), with a fair sign: nu = d.

    Args:
        dim: dimension, an integer of at least 1 or a sympy symbol.
        delta: scale, E[v v^T] = delta I; a positive number or symbol.
    """

    def paired_moments(self) -> tuple[Scalar, Scalar]:
        """Return (delta^2 d, 0): v_i^2 = delta d with probability 1/d, and two entries never meet."""
        return quotient((self.delta * self.dim) ** 2, self.dim), 0 * self.delta

    def entry_second_moment(self) -> Scalar:
        """Return delta d / d."""
        return quotient(self.delta * self.dim, self.dim)

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        n, size, generator = check_count(n, "n"), numeric_dim(self.dim), as_generator(rng)
        radius = math.sqrt(to_float(self.delta, "delta") * size)
        v = np.zeros((n, size))
        v[np.arange(n), generator.integers(size, size=n)] = generator.choice([-radius, radius], n)
        return v
