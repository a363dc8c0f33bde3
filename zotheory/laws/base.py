"""The contract of a perturbation law: v in R^d with E[v v^T] = delta I, and its exact moments."""

from abc import ABC, abstractmethod
from fractions import Fraction

import numpy as np

from zotheory.errors import InvalidArgument, NotUnbiased
from zotheory.laws.arithmetic import divided, largest, settled, times
from zotheory.laws.freezing import Frozen
from zotheory.laws.gradient import check_direction, check_gradient
from zotheory.types import FloatArray, Matrix, Scalar, VectorLike
from zotheory.validation import (
    as_real,
    check_array,
    check_count,
    check_positive,
    check_symmetric,
    is_expression,
    is_symbolic,
    numeric_dim,
    quotient,
)

# Relative tolerance of the contract for float inputs; exact inputs must satisfy it exactly.
CONTRACT_TOLERANCE = 1e-9
NORM_MOMENT_ORDERS = (Fraction(1), Fraction(3, 2), Fraction(2), Fraction(3))


class Law(Frozen, ABC):
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

    def from_normals(self, z: FloatArray) -> FloatArray | None:
        """Return perturbations made of standard normal rows, shape (n, dim); ``z`` stays as it is.

        None for a law that is not made of normals: then only `sample` draws it. Laws that are share random
        numbers in `estimators.simulate_mse_curves`.
        """
        return None

    def sample_independent(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n independent perturbations, shape (n, dim), also where `sample` draws dependent ones."""
        return self.sample(n, rng)

    @abstractmethod
    def second_moment(self) -> Matrix:
        """Return E[v v^T], shape (dim, dim), computed from the construction of the law."""

    @abstractmethod
    def fourth_moment(self, matrix: Matrix) -> Matrix:
        """Return T4[B] = E[v v^T B v v^T] for a symmetric (dim, dim) matrix B."""

    @abstractmethod
    def dimension_factor(self, a: VectorLike = None) -> Scalar:
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
        name = f"{type(self).__name__}.second_moment()"
        try:
            moment = check_array(self.second_moment(), name, "return a matrix of finite real numbers")
        except InvalidArgument as error:  # NaN, for one: comparing with it must not let a law pass
            raise NotUnbiased(str(error)) from error
        if moment.shape != (size, size):
            raise NotUnbiased(f"{name} has shape {moment.shape}: return a matrix of shape ({size}, {size})")
        defect = moment - times(self.delta, np.eye(size, dtype=int))
        return largest([quotient(abs(entry), self.delta) for entry in defect.flat])

    def error_covariance(self, a: VectorLike) -> Matrix:
        """Return C = E[g g^T] - delta^2 a a^T of g = v v^T a, shape (dim, dim), not scaled."""
        # E[g g^T] = E[v v^T (a a^T) v v^T] = T4[a a^T].
        a = check_gradient(a, "a", self.dim)
        outer = np.outer(a, a)
        return settled(self.fourth_moment(outer) - self.delta**2 * outer)

    def directional_fourth_moment(self, a: VectorLike) -> Scalar:
        """Return E[s^2]; the variance of g along the gradient is (E[s^2] - delta^2) |a|^2."""
        a = check_direction(a, "a", self.dim)
        return quotient(a @ self.fourth_moment(np.outer(a, a)) @ a, (a @ a) ** 2)

    def weighted_norm_moment(self, matrix: Matrix) -> Scalar:
        """Return E[(v^T A v) |v|^2] for a symmetric (dim, dim) matrix A, for example a prior."""
        # E[(v^T A v)(v^T I v)] = tr(T4[I] A).
        matrix = check_symmetric(matrix, "matrix", self.dim)
        identity = np.eye(numeric_dim(self.dim), dtype=int)
        return (self.fourth_moment(identity) * matrix).sum()

    def batch_error_covariance(self, a: VectorLike, batch: int) -> Matrix:
        """Return the error covariance of the mean of ``batch`` independent estimates."""
        return divided(self.error_covariance(a), check_count(batch, "batch"))

    def batch_mse_factor(self, a: VectorLike = None, batch: int | None = None) -> Scalar:
        """Return E|mean of a batch - delta a|^2 / (delta^2 |a|^2); (nu - 1) / batch for independent draws.

        ``a`` as in `dimension_factor`; ``batch`` is the number of estimates, 1 if not given.
        """
        return quotient(self.dimension_factor(a) - 1, 1 if batch is None else check_count(batch, "batch"))


def require_unbiased(law: Law) -> None:
    """Check the contract E[v v^T] = delta I.

    Raises:
        InvalidArgument: not a law, or its delta is not a positive number.
        NotUnbiased: it does not hold (exactly for exact inputs, to 1e-9 relative for floats).
    """
    if not isinstance(law, Law):
        raise InvalidArgument("law", law, "give an instance of a subclass of zotheory.laws.Law")
    check_positive(law.delta, "delta")
    defect = law.unbiasedness_defect()
    exact = isinstance(defect, (int, Fraction))
    if is_expression(defect):
        from sympy import Float, simplify

        defect = simplify(defect)
        exact = is_symbolic(defect) or not defect.has(Float)
    if defect != 0 if exact else not float(defect) <= CONTRACT_TOLERANCE:
        raise NotUnbiased(
            f"{type(law).__name__} is not delta-unbiased: E[v v^T] differs from delta I by "
            f"{defect} relative to delta = {law.delta}; rescale it or whiten it"
        )


def check_norm_moment_order(k: Scalar) -> Fraction:
    """Return k as a fraction.

    Raises:
        InvalidArgument: k is not one of 1, 3/2, 2, 3.
    """
    number = as_real(k)
    for order in NORM_MOMENT_ORDERS:
        if number is not None and not is_symbolic(number) and number - order == 0:
            return order
    raise InvalidArgument("k", k, "give 1, 3/2, 2 or 3, the orders the theory uses")
