"""One block of coordinates at a time, every block as likely."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.arithmetic import divided, settled, times
from zotheory.laws.base import Law, require_unbiased
from zotheory.laws.gradient import Alignment, check_direction
from zotheory.laws.isotropic import Sphere
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Matrix, Scalar, VectorLike
from zotheory.validation import (
    as_real,
    check_count,
    check_dim,
    check_positive,
    check_symmetric,
    is_symbolic,
    numeric_dim,
    quotient,
)


@dataclass(frozen=True)
class RandomBlock(Law):
    """A uniformly random block of ``block_size`` consecutive coordinates, ``inner`` inside it.

    The inner law has scale delta d / m, so that the whole is delta-unbiased. A fixed-length inner
    law keeps nu = d; a Gaussian one pays nu = d (m + 2) / m.

    Args:
        dim: dimension, a multiple of block_size; an integer or a symbol.
        block_size: m, an integer or a symbol.
        inner: law of the block, called as inner(m, delta_inner): `Sphere`, `Gaussian`, `Rademacher`,
            `Coordinate` or any function that returns a `Law` of that dimension and scale.
        delta: scale, E[v v^T] = delta I; a positive number or symbol.

    Raises:
        InvalidArgument: a block size that does not divide dim, or an inner law of the wrong
            dimension or scale.
        NotUnbiased: an inner law that breaks its contract.
    """

    dim: Scalar
    block_size: Scalar
    inner: Callable[[Scalar, Scalar], Law] = Sphere
    delta: Scalar = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", check_dim(self.dim))
        object.__setattr__(self, "block_size", check_dim(self.block_size, "block_size"))
        object.__setattr__(self, "delta", check_positive(self.delta, "delta"))
        symbolic = is_symbolic(self.dim) or is_symbolic(self.block_size)
        if not symbolic and self.dim % self.block_size:
            raise InvalidArgument(
                "block_size", self.block_size, f"give a divisor of the dimension {self.dim}"
            )
        law = self.inner_law
        scale = quotient(self.delta * self.dim, self.block_size)
        if not isinstance(law, Law):
            raise InvalidArgument("inner", self.inner, "inner(m, delta) must return a Law")
        ratio = as_real(quotient(law.delta, scale))
        same_scale = ratio == 1 or (
            ratio is not None and not is_symbolic(ratio) and abs(float(ratio) - 1) < 1e-12
        )
        if law.dim != self.block_size or not same_scale:
            raise InvalidArgument("inner", self.inner, "inner(m, delta) must use both arguments")
        require_unbiased(law)

    @property
    def inner_law(self) -> Law:
        """The law inside a block."""
        if not callable(self.inner):
            raise InvalidArgument("inner", self.inner, "give a law's class or a function of (m, delta)")
        scale = quotient(self.delta * self.dim, self.block_size)
        try:
            return self.inner(self.block_size, scale)
        except TypeError as error:
            raise InvalidArgument("inner", self.inner, f"inner(m, delta) failed: {error}") from error

    def _blocks(self) -> list[slice]:
        size, m = numeric_dim(self.dim), numeric_dim(self.block_size)
        return [slice(i, i + m) for i in range(0, size, m)]

    def _per_block(self, block_matrix: Callable[[slice], Matrix]) -> Matrix:
        # Block-diagonal matrix of (m/d) times the inner moment: each block has probability m/d.
        blocks = [(b, np.asarray(block_matrix(b))) for b in self._blocks()]
        exact = any(block.dtype.kind != "f" for _, block in blocks)
        total = np.zeros((self.dim, self.dim), dtype=object if exact else float)
        for b, block in blocks:
            total[b, b] = divided(times(self.block_size, block), self.dim)
        return settled(total)

    def second_moment(self) -> Matrix:
        """Return the average over blocks of the inner second moment."""
        inner = np.asarray(self.inner_law.second_moment())
        return self._per_block(lambda _: inner)

    def unbiasedness_defect(self) -> Scalar:
        """Return the defect of the inner law, which the average over blocks inherits."""
        return self.inner_law.unbiasedness_defect()

    def fourth_moment(self, matrix: Matrix) -> Matrix:
        """Return the average over blocks of the inner T4 of the block of B."""
        matrix = check_symmetric(matrix, "matrix", self.dim)
        law = self.inner_law
        return self._per_block(lambda b: np.asarray(law.fourth_moment(matrix[b, b])))

    def dimension_factor(self, a: VectorLike = None) -> Scalar:
        """Return nu = (d/m) sum_b nu_inner(a_b) |a_b|^2 / |a|^2.

        E[s n] = (m/d) sum_b nu_inner(a_b) (delta d/m)^2 |a_b|^2 / |a|^2. Without ``a`` the inner
        factor must not depend on the gradient.
        """
        law = self.inner_law
        if a is None or isinstance(a, Alignment):
            return quotient(self.dim * law.dimension_factor(None), self.block_size)
        a = check_direction(a, "a", self.dim)
        parts = [a[b] for b in self._blocks()]
        total = sum(law.dimension_factor(part) * (part @ part) for part in parts if any(part != 0))
        return quotient(self.dim * total, self.block_size * (a @ a))

    def directional_fourth_moment(self, a: VectorLike) -> Scalar:
        """Return (m/d) sum_b E[s_inner(a_b)^2] |a_b|^4 / |a|^4."""
        a, law = check_direction(a, "a", self.dim), self.inner_law
        parts = [a[b] for b in self._blocks()]
        total = sum(
            law.directional_fourth_moment(part) * (part @ part) ** 2 for part in parts if any(part != 0)
        )
        return quotient(self.block_size * total, self.dim * (a @ a) ** 2)

    def weighted_norm_moment(self, matrix: Matrix) -> Scalar:
        """Return the average over blocks of the inner law's at the block of A."""
        matrix, law = check_symmetric(matrix, "matrix", self.dim), self.inner_law
        total = sum(law.weighted_norm_moment(matrix[b, b]) for b in self._blocks())
        return quotient(self.block_size * total, self.dim)

    def norm_moment(self, k: Scalar) -> Scalar:
        """Return the inner law's."""
        return self.inner_law.norm_moment(k)

    def norm_bound(self) -> Scalar:
        """Return the inner law's."""
        return self.inner_law.norm_bound()

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        n, generator, m = check_count(n, "n"), as_generator(rng), numeric_dim(self.block_size)
        blocks = np.zeros((n, numeric_dim(self.dim) // m, m))
        chosen = generator.integers(blocks.shape[1], size=n)
        blocks[np.arange(n), chosen] = self.inner_law.sample_independent(n, generator)
        return blocks.reshape(n, -1)
