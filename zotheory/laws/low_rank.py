"""Random matrices of low rank as perturbations of a matrix of parameters."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.arithmetic import power, settled, times
from zotheory.laws.base import Law, check_norm_moment_order
from zotheory.laws.gradient import Alignment, check_direction
from zotheory.laws.isotropic import Gaussian
from zotheory.laws.partition import Whole
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Matrix, Scalar, VectorLike
from zotheory.validation import (
    check_count,
    check_dim,
    check_positive,
    check_symmetric,
    check_vector,
    is_symbolic,
    numeric_dim,
    quotient,
    to_float,
)


@dataclass(frozen=True)
class LowRank(Law):
    """v = vec(sqrt(delta / r) sum_{k <= r} u_k w_k^T), row by row, with independent factors u_k and w_k.

    The factors have E[u u^T] = I and E[w w^T] = I: standard Gaussian, or of fixed lengths sqrt(p) and
    sqrt(q) in all directions ("sphere"). With d = p q, nu is the same for every gradient:
        Gaussian factors      nu = d + 2 + (2 p + 2 q + 2) / r, which is (p + 2)(q + 2) at rank one,
        fixed-length factors  nu = d + 2 - 2 / r, which is d at rank one, where |v| is fixed.
    Source: our reading of the low-rank perturbations of arXiv 2501.19099, as summarised.

    Args:
        rows: p, an integer of at least 1 or a symbol.
        columns: q, likewise; a gradient is a vector of p q entries, a p x q matrix row by row.
        rank: r, the number of products; likewise. It may exceed p and q.
        factors: "sphere" or "gaussian".
        delta: scale, E[v v^T] = delta I; a positive number or symbol.

    Raises:
        InvalidArgument: sizes or a rank below one, unknown factors, delta <= 0.

    >>> LowRank(3, 4).dimension_factor(), LowRank(3, 4, factors="gaussian").dimension_factor()
    (12, 30)
    """

    rows: Scalar
    columns: Scalar
    rank: Scalar = 1
    factors: Literal["sphere", "gaussian"] = "sphere"
    delta: Scalar = 1

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "rank"):
            object.__setattr__(self, name, check_dim(getattr(self, name), name))
        if not is_symbolic(self.rows * self.columns):
            check_dim(self.rows * self.columns, "rows * columns")
        object.__setattr__(self, "delta", check_positive(self.delta, "delta"))
        if self.factors not in ("sphere", "gaussian"):
            raise InvalidArgument("factors", self.factors, 'give "sphere" or "gaussian"')

    @property
    def dim(self) -> Scalar:  # type: ignore[override]
        """Dimension of the space, rows times columns."""
        return self.rows * self.columns

    def _weights(self) -> tuple[Scalar, Scalar]:
        # Four factors v v v v expand into products of r matrices Y_k = u_k w_k^T, each of mean zero: all
        # four alike in r ways, or two different pairs, r (r - 1) ways for each of the three pairings.
        # With (delta/r)^2 in front, `same` goes with one Y's moments and `pairs` with those of N(0, I).
        # The fourth moments of a factor are c (three pairings), c = 1 or m/(m + 2) on the sphere.
        same = quotient(self.delta**2, self.rank)
        pairs = quotient(self.delta**2 * (self.rank - 1), self.rank)
        if self.factors == "sphere":
            for size in (self.rows, self.columns):
                same = same * quotient(size, size + 2)
        return same, pairs

    def second_moment(self) -> Matrix:
        """Return r (delta / r) I."""
        return times(self._entry_second_moment(), np.eye(numeric_dim(self.dim), dtype=int))

    def unbiasedness_defect(self) -> Scalar:
        """Return |E[v_i^2] - delta| / delta; the independent signs of the factors remove the rest."""
        return quotient(abs(self._entry_second_moment() - self.delta), self.delta)

    def _entry_second_moment(self) -> Scalar:
        return quotient(self.delta, self.rank) * self.rank

    def fourth_moment(self, matrix: Matrix) -> Matrix:
        """Return T4[B] from the nine products of a pairing of the u's and one of the w's.

        With B as B[ij, kl], R = sum_j B[ij, kj], Q = sum_i B[ij, il] and B'[ij, kl] = B[il, kj], one
        product Y = u w^T of Gaussian factors gives
            E[vec Y vec Y^T B vec Y vec Y^T] = tr(B) I + 2 R x I + 2 I x Q + 2 B + 2 B',
        x the Kronecker product, and pairs of different products give 2 B + tr(B) I.
        """
        matrix = check_symmetric(matrix, "matrix", self.dim)
        p, q = numeric_dim(self.rows), numeric_dim(self.columns)
        same, pairs = self._weights()
        table = matrix.reshape(p, q, p, q)
        across = np.kron(np.trace(table, axis1=1, axis2=3), np.eye(q, dtype=int))
        down = np.kron(np.eye(p, dtype=int), np.trace(table, axis1=0, axis2=2))
        crossed = table.transpose(0, 3, 2, 1).reshape(matrix.shape)
        isotropic = times(matrix.trace(), np.eye(p * q, dtype=int))
        product = isotropic + 2 * (across + down + matrix + crossed)
        return settled(same * product + pairs * (2 * matrix + isotropic))

    def dimension_factor(self, a: VectorLike = None) -> Scalar:
        """Return nu, whatever the gradient: the trace of T4[a a^T] has |a|^2 in every term."""
        if a is not None and not isinstance(a, Alignment):
            check_vector(a, "a", self.dim)
        return quotient(self._energy_product(), self.delta**2)

    def _energy_product(self) -> Scalar:
        same, pairs = self._weights()
        return same * (self.rows + 2) * (self.columns + 2) + pairs * (self.dim + 2)

    def weighted_norm_moment(self, matrix: Matrix) -> Scalar:
        """Return E[(v^T A v) n] = nu delta^2 tr A."""
        return self._energy_product() * check_symmetric(matrix, "matrix", self.dim).trace()

    def directional_fourth_moment(self, a: VectorLike) -> Scalar:
        """Return E[s^2]: with phi = tr((A^T A)^2) / |A|^4, 1 iff the gradient has rank one, a product of
        Gaussian factors gives 3 + 6 phi and pairs give 3.
        """  # fmt: skip
        a = check_direction(a, "a", self.dim)
        table = a.reshape(numeric_dim(self.rows), numeric_dim(self.columns))
        gram = table @ table.T if table.shape[0] <= table.shape[1] else table.T @ table
        phi = quotient((gram * gram).sum(), (a @ a) ** 2)
        same, pairs = self._weights()
        return same * (3 + 6 * phi) + 3 * pairs

    def norm_moment(self, k: Scalar) -> Scalar:
        """Return E|v|^{2k}; for rank one |v|^2 = delta |u|^2 |w|^2.

        Raises:
            InvalidArgument: k = 3/2 at rank two or more, which has no closed form here;
                sqrt(E[n] E[n^2]) bounds it from above.
        """
        order = check_norm_moment_order(k)
        p, q, r = self.rows, self.columns, self.rank
        if order == 1:
            return self._entry_second_moment() * p * q
        if order == 2:  # E[n n] = tr T4[I] = nu delta^2 d
            return self._energy_product() * p * q
        if r == 1:
            if self.factors == "sphere":
                return power(self.delta * p * q, order)
            return Gaussian(p).norm_moment(order) * Gaussian(q, self.delta).norm_moment(order)
        if order == Fraction(3, 2):
            remedy = "give 1, 2 or 3 for a rank above one; sqrt(E[n] E[n^2]) is an upper bound"
            raise InvalidArgument("k", k, remedy)
        cube = self._sphere_cube() if self.factors == "sphere" else self._gaussian_cube()
        return quotient(self.delta**3 * cube, r**3)

    def _sphere_cube(self) -> Scalar:
        # r n / delta = r p q + 2 S, S = sum_{k<l} x_kl y_kl, x = u_k.u_l, y = w_k.w_l. E[S] = 0; with
        # E[x^2] = p and E[x_12 x_23 x_31] = p, E[S^2] = r (r - 1)/2 p q and E[S^3] = r (r - 1)(r - 2) p q.
        p, q, r = self.rows, self.columns, self.rank
        mean = r * p * q
        return mean**3 + 6 * mean * r * (r - 1) * p * q + 8 * r * (r - 1) * (r - 2) * p * q

    def _gaussian_cube(self) -> Scalar:
        # Given K = sum of q outer products of N(0, I_r), r n / delta = sum over p of x^T K x has cumulants
        # p tr K, 2 p tr K^2 and 8 p tr K^3. Here tr K is chi-squared with q r degrees of freedom,
        # independent of K / tr K, E tr K^2 = q r (q + r + 1), and E tr K^3 as written.
        p, q, r = self.rows, self.columns, self.rank
        freedom = q * r
        first = freedom * (freedom + 2) * (freedom + 4)
        mixed = (freedom + 4) * freedom * (q + r + 1)
        third = freedom * (q**2 + r**2 + 3 * q * r + 3 * q + 3 * r + 4)
        return p**3 * first + 6 * p**2 * mixed + 8 * p * third

    def norm_bound(self) -> Scalar:
        """Return infinity, or delta r d for fixed-length factors: all r products alike."""
        return math.inf if self.factors == "gaussian" else self.delta * self.rank * self.dim

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, rows * columns)."""
        n, generator, r = check_count(n, "n"), as_generator(rng), numeric_dim(self.rank)
        sizes = numeric_dim(self.rows), numeric_dim(self.columns)
        left, right = (self._sample_factors(n * r, size, generator).reshape(n, r, size) for size in sizes)
        scale = math.sqrt(to_float(self.delta, "delta") / r)
        return scale * np.einsum("nki,nkj->nij", left, right).reshape(n, -1)

    def _sample_factors(self, n: int, size: int, generator: np.random.Generator) -> FloatArray:
        if self.factors == "gaussian":
            return generator.standard_normal((n, size))
        (units,) = Whole(size).sample_units(n, generator)
        return math.sqrt(size) * units
