"""The law behind a solution of a variance program: finitely many shells over eigenspaces."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.arithmetic import largest, power
from zotheory.laws.base import check_norm_moment_order
from zotheory.laws.block_isotropic import BlockIsotropic
from zotheory.laws.freezing import frozen
from zotheory.laws.partition import Partition
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Scalar
from zotheory.validation import (
    LARGEST,
    check_array,
    check_count,
    check_positive,
    check_weights,
    is_symbolic,
    quotient,
    to_float,
)


@dataclass(frozen=True, eq=False)
class Shells(BlockIsotropic):
    """Energies q = energies[i] with probability weights[i]; isotropic inside each subspace.

    delta is E|v|^2 / d. The contract E[v v^T] = delta I holds iff the mean energies are proportional to
    the sizes; it is not demanded here, because energies found by a solver keep it only to the solver's
    tolerance: use `require_unbiased`.

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
        if not isinstance(self.subspaces, Partition):
            raise InvalidArgument("subspaces", self.subspaces, "give a Partition, for example Whole(dim)")
        remedy = f"give rows of length {len(self.subspaces.sizes)}"
        energies = check_array(self.energies, "energies", remedy)
        if energies.ndim != 2 or energies.shape[1] != len(self.subspaces.sizes) or not len(energies):
            raise InvalidArgument("energies", self.energies, remedy)
        if any(q.is_negative if is_symbolic(q) else q < 0 for q in energies.flat):
            raise InvalidArgument("energies", self.energies, "every energy must be at least 0")
        if any(not is_symbolic(q) and q > LARGEST**2 for q in energies.flat):
            raise InvalidArgument("energies", self.energies, f"keep them below {LARGEST**2}: rescale v")
        object.__setattr__(self, "energies", frozen(energies))
        weights = check_weights(self.weights, "weights", len(energies))
        object.__setattr__(self, "weights", frozen(weights))
        check_positive(self.delta, "energies (their mean, delta)")

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
        return largest([n for w, n in zip(self.weights, norms, strict=True) if w != 0])

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        n, generator = check_count(n, "n"), as_generator(rng)
        weights = np.array([to_float(w, "weights") for w in self.weights])
        energies = np.array([to_float(q, "energies") for q in self.energies.flat])
        chosen = generator.choice(weights.size, size=n, p=weights / weights.sum())
        radii = np.sqrt(energies.reshape(self.energies.shape))[chosen]
        units = self.subspaces.sample_units(n, generator)
        return sum(radii[:, [i]] * unit for i, unit in enumerate(units))  # type: ignore[return-value]
