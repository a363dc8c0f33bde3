"""Laws that perturb one block of coordinates at a time: uniform blocks and importance blocks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.base import Law, check_norm_moment_order, power, require_unbiased
from zotheory.laws.block_isotropic import BlockIsotropic
from zotheory.laws.isotropic import Sphere
from zotheory.laws.partition import Contiguous
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Matrix, Scalar, Vector
from zotheory.validation import (
    check_count,
    check_dim,
    check_positive,
    check_symmetric,
    check_vector,
    check_weights,
    is_symbolic,
    numeric_dim,
    quotient,
    to_float,
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
        same_scale = law.delta == scale or abs(float(law.delta / scale) - 1) < 1e-12
        if law.dim != self.block_size or not same_scale:
            raise InvalidArgument("inner", self.inner, "inner(m, delta) must use both arguments")
        require_unbiased(law)

    @property
    def inner_law(self) -> Law:
        """The law inside a block."""
        return self.inner(self.block_size, quotient(self.delta * self.dim, self.block_size))

    def _blocks(self) -> list[slice]:
        size, m = numeric_dim(self.dim), numeric_dim(self.block_size)
        return [slice(i, i + m) for i in range(0, size, m)]

    def _per_block(self, block_matrix: Callable[[slice], Matrix]) -> Matrix:
        # Block-diagonal matrix of (m/d) times the inner moment: each block has probability m/d.
        blocks = {(b.start, b.stop): block_matrix(b) for b in self._blocks()}
        exact = any(block.dtype == object for block in blocks.values())
        total = np.zeros((self.dim, self.dim), dtype=object if exact else float)
        for (i, j), block in blocks.items():
            total[i:j, i:j] = quotient(self.block_size, self.dim) * block
        return total

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

    def dimension_factor(self, a: Vector | None = None) -> Scalar:
        """Return nu = (d/m) sum_b nu_inner(a_b) |a_b|^2 / |a|^2.

        E[s n] = (m/d) sum_b nu_inner(a_b) (delta d/m)^2 |a_b|^2 / |a|^2. Without ``a`` the inner
        factor must not depend on the gradient.
        """
        law = self.inner_law
        if a is None:
            return quotient(self.dim * law.dimension_factor(None), self.block_size)
        a = check_vector(a, "a", self.dim)
        parts = [a[b] for b in self._blocks()]
        total = sum(law.dimension_factor(part) * (part @ part) for part in parts if any(part != 0))
        return quotient(self.dim * total, self.block_size * (a @ a))

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
        blocks[np.arange(n), chosen] = self.inner_law.sample(n, generator)
        return blocks.reshape(n, -1)


@dataclass(frozen=True)
class ImportanceBlocks(BlockIsotropic):
    """Block b with probability p_b proportional to sqrt(m_b e_b); uniform on a sphere inside it.

    m_b is the block's size, e_b its share of the gradient's energy, |v|^2 = delta m_b / p_b. For a
    gradient with those energies nu = (sum_b sqrt(m_b e_b))^2 <= d, with equality iff the energies
    are spread as the sizes.

    Args:
        sizes: sizes of the consecutive blocks.
        energies: positive energies that sum to one, one a block.
        delta: scale, E[v v^T] = delta I; a positive number or symbol.

    Raises:
        InvalidArgument: a size below one, a zero energy (the optimum is then an infimum that no law
            attains), energies that do not sum to one, delta <= 0.

    >>> law = ImportanceBlocks([3, 1], [0.5, 0.5])
    >>> round(law.dimension_factor([1, 1, 1, 3**0.5]), 12), round((3**0.5 + 1)**2 / 2, 12)
    (3.732050807569, 3.732050807569)
    """

    sizes: Sequence[int]
    energies: Any
    delta: Scalar = 1

    def __post_init__(self) -> None:
        sizes = tuple(check_dim(size, "sizes") for size in self.sizes)
        if not sizes:
            raise InvalidArgument("sizes", self.sizes, "give at least one block")
        energies = check_weights(self.energies, "energies", len(sizes))
        for energy in energies:
            check_positive(energy, "energies")
        object.__setattr__(self, "sizes", sizes)
        object.__setattr__(self, "energies", tuple(energies.tolist()))
        object.__setattr__(self, "delta", check_positive(self.delta, "delta"))

    @property
    def dim(self) -> Scalar:  # type: ignore[override]
        """Dimension of the space."""
        return self.partition.dim

    @property
    def partition(self) -> Contiguous:
        """The blocks."""
        return Contiguous(tuple(self.sizes))

    @property
    def probabilities(self) -> tuple[Scalar, ...]:
        """p_b proportional to sqrt(m_b e_b)."""
        if any(hasattr(energy, "is_real") for energy in self.energies):
            from sympy import sqrt

            roots = [sqrt(m * e) for m, e in zip(self.sizes, self.energies, strict=True)]
        else:
            roots = [math.sqrt(m * e) for m, e in zip(self.sizes, self.energies, strict=True)]
        return tuple(root / sum(roots) for root in roots)

    @property
    def atoms(self) -> tuple[Scalar, ...]:
        """|v|^2 inside each block."""
        return tuple(self.delta * m / p for m, p in zip(self.sizes, self.probabilities, strict=True))

    def energy_means(self) -> tuple[Scalar, ...]:
        """Return p_b n_b."""
        return tuple(p * n for p, n in zip(self.probabilities, self.atoms, strict=True))

    def energy_products(self) -> tuple[tuple[Scalar, ...], ...]:
        """Return a diagonal table p_b n_b^2: one block at a time."""
        squares = [p * n**2 for p, n in zip(self.probabilities, self.atoms, strict=True)]
        zero = 0 * self.delta
        count = len(squares)
        return tuple(tuple(squares[i] if i == j else zero for j in range(count)) for i in range(count))

    def norm_moment(self, k: Scalar) -> Scalar:
        """Return sum_b p_b n_b^k."""
        order = check_norm_moment_order(k)
        return sum(p * power(n, order) for p, n in zip(self.probabilities, self.atoms, strict=True))

    def norm_bound(self) -> Scalar:
        """Return the largest |v|^2 of a block."""
        if any(is_symbolic(atom) for atom in self.atoms):
            from sympy import Max

            return Max(*self.atoms)
        return max(self.atoms)

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        n, generator = check_count(n, "n"), as_generator(rng)
        p = np.array([to_float(value, "energies") for value in self.probabilities])
        chosen = generator.choice(p.size, size=n, p=p)
        v = np.zeros((n, self.dim))
        for b, (i, j) in enumerate(self.partition.edges):
            rows = np.flatnonzero(chosen == b)
            if rows.size:
                inner = Sphere(j - i, to_float(self.atoms[b], "delta") / (j - i))
                v[rows, i:j] = inner.sample(rows.size, generator)
        return v
