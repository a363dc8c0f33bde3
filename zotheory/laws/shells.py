"""The law behind a solution of a variance program: finitely many shells over eigenspaces."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.base import check_norm_moment_order, power
from zotheory.laws.block_isotropic import BlockIsotropic
from zotheory.laws.partition import Partition
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Scalar
from zotheory.validation import check_count, check_weights, quotient


@dataclass(frozen=True, eq=False)
class Shells(BlockIsotropic):
    """Energies q = energies[i] with probability weights[i]; isotropic inside each subspace.

    Args:
        subspaces: the partition of R^d.
        energies: shape (m, k), non-negative; row i is |P_1 v|^2, ..., |P_k v|^2 of atom i.
        weights: shape (m,), non-negative, summing to one.

    Raises:
        InvalidArgument: a negative energy, the wrong shape, or bad weights.
    """

    subspaces: Partition
    energies: Any
    weights: Any

    def __post_init__(self) -> None:
        energies = np.asarray(self.energies)
        if energies.ndim != 2 or energies.shape[1] != len(self.subspaces.sizes):
            raise InvalidArgument(
                "energies", self.energies, f"give rows of length {len(self.subspaces.sizes)}"
            )
        if np.any(energies < 0):
            raise InvalidArgument("energies", self.energies, "every energy must be at least 0")
        object.__setattr__(self, "energies", energies)
        weights = check_weights(self.weights, "weights", len(energies))
        object.__setattr__(self, "weights", weights)

    @property
    def dim(self) -> Scalar:  # type: ignore[override]
        """Dimension of the space."""
        return self.partition.dim

    @property
    def partition(self) -> Partition:
        """The subspaces."""
        return self.subspaces

    @property
    def delta(self) -> Scalar:  # type: ignore[override]
        """E|v|^2 / d."""
        return quotient(self.norm_moment(1), self.dim)

    def energy_means(self) -> tuple[Scalar, ...]:
        """Return the weighted means of the columns."""
        return tuple((self.weights @ self.energies).tolist())

    def energy_products(self) -> tuple[tuple[Scalar, ...], ...]:
        """Return sum_i w_i q_i q_i^T."""
        table = (self.weights[:, None] * self.energies).T @ self.energies
        return tuple(tuple(row) for row in table.tolist())

    def norm_moment(self, k: Scalar) -> Scalar:
        """Return sum_i w_i n_i^k."""
        order, norms = check_norm_moment_order(k), self.energies.sum(axis=1)
        return sum(w * power(n, order) for w, n in zip(self.weights, norms, strict=True))

    def norm_bound(self) -> Scalar:
        """Return the largest n of positive weight."""
        norms = self.energies.sum(axis=1)
        return max(n for w, n in zip(self.weights, norms, strict=True) if w > 0)

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        n, generator = check_count(n, "n"), as_generator(rng)
        weights = self.weights.astype(float)
        chosen = generator.choice(weights.size, size=n, p=weights / weights.sum())
        radii = np.sqrt(self.energies.astype(float))[chosen]
        units = self.subspaces.sample_units(n, generator)
        return sum(radii[:, [i]] * unit for i, unit in enumerate(units))  # type: ignore[return-value]
