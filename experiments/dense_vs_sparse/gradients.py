"""Gradients from one non-zero entry to all, with entries equal or decaying."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Gradient:
    """a_i proportional to i^-decay for i <= support, zero beyond, |a| = 1; and sets of its coordinates.

    Attributes:
        dim: d.
        support: entries that are not zero, from 1 to d.
        decay: at least 0.
        threshold: the set "large" is {i : |a_i| >= threshold max |a_j|}, in (0, 1].
    """

    dim: int
    support: int
    decay: float
    threshold: float

    @property
    def vector(self) -> NDArray[np.float64]:
        """The entries, shape (dim,), decreasing."""
        entries = np.zeros(self.dim)
        entries[: self.support] = np.arange(1.0, self.support + 1) ** -self.decay
        return entries / np.linalg.norm(entries)

    @property
    def large(self) -> int:
        """How many coordinates are large: the first ones."""
        entries = self.vector
        # Rounding must not part equal entries.
        return int(np.sum(entries >= self.threshold * entries[0] * (1 - 1e-12)))

    @property
    def sets(self) -> dict[str, slice]:
        """Sets of coordinates by name: all, the large ones, and the rest unless it is empty."""
        found = {"all": slice(0, self.dim), "large": slice(0, self.large)}
        return found | ({"rest": slice(self.large, self.dim)} if self.large < self.dim else {})

    @property
    def blocks(self) -> tuple[int, ...]:
        """Sizes of consecutive blocks 1, 1, 2, 4, ..., the last one cut to fit."""
        sizes = [1]
        while (done := sum(sizes)) < self.dim:
            sizes.append(min(done, self.dim - done))
        return tuple(sizes)

    def block_energies(self, spread: float) -> tuple[float, ...]:
        """Return |a_b|^2 of the blocks, mixed with a share ``spread`` that is spread as their sizes."""
        edges = np.cumsum([0, *self.blocks])
        energies = np.add.reduceat(self.vector**2, edges[:-1])
        mixed = (1 - spread) * energies + spread * np.diff(edges) / self.dim
        return tuple((mixed / mixed.sum()).tolist())
