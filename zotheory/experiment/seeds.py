"""The randomness of a cell: streams named by experiment, cell and seed, in whatever order cells run."""

from dataclasses import dataclass

import numpy as np

from zotheory.rng import stream


@dataclass(frozen=True)
class Seed:
    """One seed of one cell.

    Attributes:
        index: 0, 1, 2, ...; the number under which the results are kept.
        experiment: name of the experiment.
        cell: the cell in its canonical spelling.
    """

    index: int
    experiment: str
    cell: str

    def stream(self, *keys: int | str) -> np.random.Generator:
        """Return a generator of this cell's own: a function of (experiment, cell, seed, keys)."""
        return stream(self.index, "experiment", self.experiment, "cell", self.cell, *keys)

    def shared(self, *keys: int | str) -> np.random.Generator:
        """Return a generator that all cells share: a function of (experiment, seed, keys).

        For comparisons with common random numbers, such as one problem for all laws.
        """
        return stream(self.index, "experiment", self.experiment, "shared", *keys)
