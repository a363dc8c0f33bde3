"""A batch of statistics minus their claimed means, and what a sequential test wants to know of it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from zotheory.types import FloatArray


@dataclass(frozen=True)
class Sums:
    """Means and central power sums of the columns of a batch, shape (p,) each.

    Attributes:
        count: number of draws.
        mean: means.
        m2, m3, m4: sums of the second, third and fourth powers of the deviations from ``mean``.
        largest: the largest magnitudes, or bounds on them not far above.
    """

    count: int
    mean: FloatArray
    m2: FloatArray
    m3: FloatArray
    m4: FloatArray
    largest: FloatArray


def sums(y: FloatArray) -> Sums:
    """Return the sums of the columns of y, shape (n, p)."""
    mean = y.mean(axis=0)
    c = y - mean
    squares = c * c
    return Sums(
        len(y),
        mean,
        squares.sum(axis=0),
        np.einsum("ij,ij->j", squares, c),
        np.einsum("ij,ij->j", squares, squares),
        np.abs(y).max(axis=0),
    )


class Batch(ABC):
    """n independent draws of p statistics, minus the claimed means."""

    @abstractmethod
    def bounded_by(self, largest: float) -> bool:
        """Return whether every magnitude is a number of at most ``largest``."""

    @abstractmethod
    def sums(self) -> Sums:
        """Return means and central power sums."""

    @abstractmethod
    def medians(self) -> FloatArray:
        """Return the medians of the statistics, shape (p,)."""

    @abstractmethod
    def peaks(self, centre: FloatArray, unit: FloatArray, known: FloatArray, most: int) -> FloatArray:
        """Return max_k |y_k - centre_k| / unit_k of every draw that may be among the ``most`` largest.

        Args:
            centre: what to measure from, shape (p,).
            unit: what to measure in, shape (p,).
            known: peaks of earlier draws, which also compete.
            most: how many of the largest peaks matter.
        """


class Columns(Batch):
    """The statistics as an array.

    Attributes:
        deviations: shape (n, p).
    """

    def __init__(self, deviations: FloatArray) -> None:
        self.deviations = deviations

    def bounded_by(self, largest: float) -> bool:
        """Look at every entry."""
        return bool(np.all(np.abs(self.deviations) <= largest))

    def sums(self) -> Sums:
        """Sum over the rows."""
        return sums(self.deviations)

    def medians(self) -> FloatArray:
        """Return the medians of the columns."""
        return np.median(self.deviations, axis=0)

    def peaks(self, centre: FloatArray, unit: FloatArray, known: FloatArray, most: int) -> FloatArray:
        """Return the peaks of all draws."""
        return np.max(np.abs(self.deviations - centre) / unit, axis=1)
