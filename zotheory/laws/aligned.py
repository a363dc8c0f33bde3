"""Directionally aligned perturbations (DAP): a fixed component along a given direction."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.aligned_rows import aligned
from zotheory.laws.arithmetic import power
from zotheory.laws.base import check_norm_moment_order
from zotheory.laws.block_isotropic import BlockIsotropic
from zotheory.laws.gradient import as_floats
from zotheory.laws.partition import Axis
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Scalar, VectorLike
from zotheory.validation import check_count, check_positive, is_symbolic, numeric_dim, to_float


@dataclass(frozen=True, eq=False)
class DAP(BlockIsotropic):
    """v = xi sqrt(delta) e + w: xi a fair sign, w orthogonal to e and independent of xi.

    So (e.v)^2 = delta always. The complement w is isotropic in the d - 1 dimensions orthogonal to e:
    of fixed length sqrt(delta (d - 1)) ("sphere") or N(0, delta I) there ("gaussian").
    Source: arXiv 2510.19975 (directionally aligned perturbations; Algorithm 1 samples them).

    Args:
        direction: the vector e (normalised here), or `FirstAxis(dim)` for a symbolic dimension.
        delta: scale, E[v v^T] = delta I; a positive number or symbol.
        complement: "sphere" or "gaussian".

    Raises:
        InvalidArgument: a zero or non-finite direction, delta <= 0, an unknown complement.

    >>> DAP([1, 0, 0, 0]).dimension_factor([0, 1, 0, 0])
    4
    """

    direction: VectorLike
    delta: Scalar = 1
    complement: Literal["sphere", "gaussian"] = "sphere"

    def __post_init__(self) -> None:
        object.__setattr__(self, "direction", Axis(self.direction).normal_form())
        object.__setattr__(self, "delta", check_positive(self.delta, "delta"))
        if self.complement not in ("sphere", "gaussian"):
            raise InvalidArgument("complement", self.complement, 'give "sphere" or "gaussian"')

    @property
    def dim(self) -> Scalar:  # type: ignore[override]
        """Dimension of the space."""
        return self.partition.dim

    @property
    def partition(self) -> Axis:
        """The direction and its complement."""
        return Axis(self.direction)

    def energy_means(self) -> tuple[Scalar, ...]:
        """Return (delta, delta (d - 1))."""
        return tuple(self.delta * size for size in self.partition.sizes)

    def energy_products(self) -> tuple[tuple[Scalar, ...], ...]:
        """Return E[q_i q_j] for q = (delta, |w|^2)."""
        if self.dim == 1:
            return ((self.delta**2,),)
        m, square = self.dim - 1, self.delta**2
        # |w|^2 / delta is m ("sphere") or chi-squared with m degrees of freedom ("gaussian").
        own = square * m * (m if self.complement == "sphere" else m + 2)
        return ((square, square * m), (square * m, own))

    def norm_moment(self, k: Scalar) -> Scalar:
        """Return E|v|^{2k}; n = delta d ("sphere") or delta (1 + X), X chi-squared ("gaussian")."""
        order = check_norm_moment_order(k)
        if self.complement == "sphere" or self.dim == 1:
            return power(self.delta * self.dim, order)
        m = self.dim - 1
        if order == Fraction(3, 2):
            return self._three_halves_moment()
        # E[(1 + X)^k] by the binomial rule with E[X^j] = m (m + 2) ... (m + 2j - 2).
        total = sum(
            math.comb(int(order), j) * math.prod(m + 2 * i for i in range(j)) for j in range(int(order) + 1)
        )
        return self.delta ** int(order) * total

    def _three_halves_moment(self) -> float:
        # E[(1 + X)^{3/2}] = 2^{-m/2} U(m/2, m/2 + 5/2, 1/2), Tricomi's U, from its integral
        # int_0^inf x^{a-1} (1 + x)^{b-a-1} e^{-z x} dx = Gamma(a) U(a, b, z) and the chi-squared
        # density; Kummer's U(a, b, z) = z^{1-b} U(a-b+1, 2-b, z) makes it 2^{3/2} U(-3/2, ...).
        if is_symbolic(self.dim) or is_symbolic(self.delta):
            raise InvalidArgument(
                "k", "3/2", 'with complement="gaussian" this moment needs numeric dim and delta'
            )
        import mpmath

        m = int(self.dim) - 1
        value = mpmath.hyperu(-1.5, -0.5 - mpmath.mpf(m) / 2, 0.5) * mpmath.mpf(2) ** 1.5
        return float(self.delta) ** 1.5 * float(value)

    def norm_bound(self) -> Scalar:
        """Return delta d, or infinity for a Gaussian complement."""
        if self.complement == "gaussian" and self.dim != 1:
            return math.inf
        return self.delta * self.dim

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        shape = (check_count(n, "n"), numeric_dim(self.dim))
        return self.from_normals(as_generator(rng).standard_normal(shape))

    def from_normals(self, z: FloatArray) -> FloatArray:
        """Return the perturbations of `aligned_rows.aligned`."""
        e = as_floats(self.partition.direction, symbols=False)
        e = e / np.linalg.norm(e)
        return aligned(z[None], e[None], to_float(self.delta, "delta"), self.complement)[0]
