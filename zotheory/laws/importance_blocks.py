"""One block of coordinates at a time, chosen by the gradient's energy in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zotheory.laws.arithmetic import largest, power, root
from zotheory.laws.base import check_norm_moment_order
from zotheory.laws.block_isotropic import BlockIsotropic
from zotheory.laws.partition import Contiguous, Whole
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Scalar
from zotheory.validation import (
    check_count,
    check_positive,
    check_weights,
    quotient,
    to_float,
)


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
        sizes = Contiguous(self.sizes).sizes  # type: ignore[arg-type]
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
        roots = [root(m * e) for m, e in zip(self.sizes, self.energies, strict=True)]
        return tuple(quotient(part, sum(roots)) for part in roots)

    @property
    def atoms(self) -> tuple[Scalar, ...]:
        """|v|^2 inside each block."""
        return tuple(
            quotient(self.delta * m, p) for m, p in zip(self.sizes, self.probabilities, strict=True)
        )

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
        return largest(list(self.atoms))

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        n, generator = check_count(n, "n"), as_generator(rng)
        p = np.array([to_float(value, "energies") for value in self.probabilities])
        chosen = generator.choice(p.size, size=n, p=p)
        v = np.zeros((n, self.dim))
        for b, (i, j) in enumerate(self.partition.edges):
            rows = np.flatnonzero(chosen == b)
            if rows.size:
                (units,) = Whole(j - i).sample_units(rows.size, generator)
                v[rows, i:j] = math.sqrt(to_float(self.atoms[b], "delta")) * units
        return v
