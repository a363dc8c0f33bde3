"""The contract of a perturbation law: v in R^d with E[v v^T] = delta I, and its exact moments."""

from abc import ABC, abstractmethod
from fractions import Fraction

import numpy as np

from zotheory.errors import InvalidArgument, NotUnbiased
from zotheory.types import FloatArray, Matrix, Scalar, Vector
from zotheory.validation import (
    check_count,
    check_symmetric,
    check_vector,
    is_symbolic,
    numeric_dim,
    quotient,
)

# Relative tolerance of the contract for float inputs; exact inputs must satisfy it exactly.
CONTRACT_TOLERANCE = 1e-9
NORM_MOMENT_ORDERS = (Fraction(1), Fraction(3, 2), Fraction(2), Fraction(3))


class Law(ABC):
    """Distribution of a random perturbation v.

    Notation of every method: a is the gradient (any non-zero vector), s = (a.v)^2 / |a|^2 and
    n = |v|^2. Float inputs give floats, `fractions.Fraction` inputs exact fractions and sympy inputs
    expressions. Scalar methods also take a symbolic dimension; matrices and samples need an integer.

    Subclasses are frozen dataclasses with attributes ``dim`` and ``delta`` and must define the
    abstract methods below. `require_unbiased` checks the contract E[v v^T] = delta I.
    """

    dim: Scalar
    delta: Scalar

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim), from a generator or an integer seed."""

    @abstractmethod
    def second_moment(self) -> Matrix:
        """Return E[v v^T], shape (dim, dim), computed from the construction of the law."""

    @abstractmethod
    def fourth_moment(self, matrix: Matrix) -> Matrix:
        """Return T4[B] = E[v v^T B v v^T] for a symmetric (dim, dim) matrix B."""

    @abstractmethod
    def dimension_factor(self, a: Vector | None = None) -> Scalar:
        """Return nu = E[s n] / delta^2; the estimate has E|g|^2 = nu delta^2 |a|^2 as mu -> 0.

        ``a`` is the gradient, shape (dim,); laws whose nu does not depend on it accept None.
        """

    @abstractmethod
    def norm_moment(self, k: Scalar) -> Scalar:
        """Return E|v|^{2k} for k = 1, 3/2, 2 or 3."""

    @abstractmethod
    def norm_bound(self) -> Scalar:
        """Return the essential supremum of |v|^2; `math.inf` where there is none."""

    def unbiasedness_defect(self) -> Scalar:
        """Return max |E[v v^T] - delta I| / delta; zero is the contract."""
        size = numeric_dim(self.dim)
        defect = self.second_moment() - self.delta * np.eye(size, dtype=int)
        return max(quotient(abs(entry), self.delta) for entry in defect.flat)

    def error_covariance(self, a: Vector) -> Matrix:
        """Return C = E[g g^T] - delta^2 a a^T of g = v v^T a, shape (dim, dim), not scaled."""
        # E[g g^T] = E[v v^T (a a^T) v v^T] = T4[a a^T].
        a = check_vector(a, "a", self.dim)
        outer = np.outer(a, a)
        return self.fourth_moment(outer) - self.delta**2 * outer

    def directional_fourth_moment(self, a: Vector) -> Scalar:
        """Return E[s^2]; the variance of g along the gradient is (E[s^2] - delta^2) |a|^2."""
        a = check_vector(a, "a", self.dim)
        return quotient(a @ self.fourth_moment(np.outer(a, a)) @ a, (a @ a) ** 2)

    def weighted_norm_moment(self, matrix: Matrix) -> Scalar:
        """Return E[(v^T A v) |v|^2] for a symmetric (dim, dim) matrix A, for example a prior."""
        # E[(v^T A v)(v^T I v)] = tr(T4[I] A).
        matrix = check_symmetric(matrix, "matrix", self.dim)
        return np.trace(self.fourth_moment(np.eye(numeric_dim(self.dim), dtype=int)) @ matrix)

    def batch_error_covariance(self, a: Vector, batch: int) -> Matrix:
        """Return the error covariance of the mean of ``batch`` independent estimates."""
        return self.error_covariance(a) / check_count(batch, "batch")


def require_unbiased(law: Law) -> None:
    """Check the contract E[v v^T] = delta I.

    Raises:
        NotUnbiased: it does not hold (exactly for exact inputs, to 1e-9 relative for floats).
    """
    defect = law.unbiasedness_defect()
    if hasattr(defect, "free_symbols"):
        from sympy import simplify

        defect = simplify(defect)
    kept = defect == 0 if is_symbolic(defect) else float(defect) <= CONTRACT_TOLERANCE
    if isinstance(defect, (int, Fraction)):
        kept = defect == 0
    if not kept:
        raise NotUnbiased(
            f"{type(law).__name__} is not delta-unbiased: E[v v^T] differs from delta I by "
            f"{defect} relative to delta = {law.delta}; rescale it or whiten it"
        )


def check_norm_moment_order(k: Scalar) -> Fraction:
    """Return k as a fraction.

    Raises:
        InvalidArgument: k is not one of 1, 3/2, 2, 3.
    """
    for order in NORM_MOMENT_ORDERS:
        if k == order or (not is_symbolic(k) and float(k) == float(order)):
            return order
    raise InvalidArgument("k", k, "give 1, 3/2, 2 or 3, the orders the theory uses")


def power(base: Scalar, exponent: Fraction) -> Scalar:
    """Return base ** exponent, exact for integer exponents and for sympy bases."""
    if exponent.denominator == 1:
        return base ** int(exponent)
    if hasattr(base, "is_real"):
        from sympy import Rational

        return base ** Rational(exponent.numerator, exponent.denominator)
    return float(base) ** float(exponent)
