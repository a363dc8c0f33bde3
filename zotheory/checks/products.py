"""All products v_i v_j of wide vectors at once, by matrix products instead of an array (n, p)."""

from collections.abc import Iterator

import numpy as np

from zotheory.checks.batches import Batch, Sums, sums
from zotheory.types import FloatArray

# From this dimension on the matrix products are worth it.
WIDE = 32
# Entries that an array of single products may have, for those that need one.
_ENTRIES = 2**21
# Central sums come from raw ones only where the spread is at least this share of the second moment.
_SPREAD = 0.01


class Products(Batch):
    """The entries v_i v_j - claimed_ij, i <= j, row by row of the upper triangle.

    With V of shape (n, dim), sum over the draws of (v_i v_j)^k is entry (i, j) of W^T W for W = V^k entry
    by entry: four matrix products give all p = dim (dim + 1) / 2 means and central power sums.
    Memory is of the order of n dim + dim^2.
    """

    def __init__(self, v: FloatArray, claimed: FloatArray) -> None:
        self.v = v
        self.rows, self.columns = np.triu_indices(v.shape[1])
        self.claimed = claimed[self.rows, self.columns]
        self.diagonal = np.flatnonzero(self.rows == self.columns)

    def bounded_by(self, largest: float) -> bool:
        """|v_i v_j| is at most the larger of the two squares, which are entries themselves."""
        return bool(float(np.abs(self.v).max()) ** 2 + float(np.abs(self.claimed).max()) <= largest)

    def sums(self) -> Sums:
        """Turn raw sums S_k into central ones; by single products where that would cancel digits."""
        n, powers, power = len(self.v), [], np.ones_like(self.v)
        for _ in range(4):
            power = power * self.v
            powers.append((power.T @ power)[self.rows, self.columns])
        # With m = S1 / n: sum (y - m)^2 = S2 - m S1, sum (y - m)^3 = S3 - 3 m S2 + 2 m^2 S1, and
        # sum (y - m)^4 = S4 - 4 m S3 + 6 m^2 S2 - 3 m^3 S1.
        s1, s2, s3, s4 = powers
        m = s1 / n
        m2 = s2 - m * s1
        found = Sums(
            n,
            m - self.claimed,
            m2,
            s3 - 3 * m * s2 + 2 * m**2 * s1,
            s4 - 4 * m * s3 + 6 * m**2 * s2 - 3 * m**3 * s1,
            s4**0.25 + np.abs(self.claimed),  # max |y|^4 <= sum y^4
        )
        # On the diagonal the mean is never far below the spread, and the variance may be zero exactly.
        poor = m2 < _SPREAD * s2
        poor[self.diagonal] = True
        for chosen, y in self._single(np.flatnonzero(poor)):
            exact = sums(y)
            for name in ("mean", "m2", "m3", "m4", "largest"):
                getattr(found, name)[chosen] = getattr(exact, name)
        return found

    def medians(self) -> FloatArray:
        """Return the medians of the products, some columns at a time."""
        medians = np.empty(self.claimed.size)
        for chosen, y in self._single(np.arange(self.claimed.size)):
            medians[chosen] = np.median(y, axis=0)
        return medians

    def peaks(self, centre: FloatArray, unit: FloatArray, known: FloatArray, most: int) -> FloatArray:
        """Return the peaks of the draws that a bound does not rule out.

        The peak of a draw is its largest entry on the diagonal, or one off it: and that is at most the
        product of its two largest |v_i|, plus what is subtracted. Draws whose bound is below ``most``
        peaks on the diagonal cannot matter.
        """
        v, diagonal = self.v, self.diagonal
        # Constants must come out as exactly zero: subtract in the order in which the array does.
        squares = v**2 - self.claimed[diagonal] - centre[diagonal]
        on = np.max(np.abs(squares) / unit[diagonal], axis=1)
        two = np.partition(np.abs(v), -2, axis=1)[:, -2:]
        off = (two[:, 0] * two[:, 1] + self._off_diagonal(np.abs(self.claimed + centre))) / unit.min()
        upper, lower = np.maximum(on, off) * (1 + 1e-12), np.concatenate([known, on])
        least = np.partition(lower, -most)[-most] if lower.size > most else -np.inf
        candidates = np.flatnonzero(upper >= least)
        peaks = on[candidates]
        unsure = np.flatnonzero(off[candidates] > peaks)
        size = max(_ENTRIES // self.claimed.size, 1)
        for first in range(0, unsure.size, size):
            chosen = unsure[first : first + size]
            w = v[candidates[chosen]]
            y = w[:, self.rows] * w[:, self.columns] - self.claimed - centre
            peaks[chosen] = np.max(np.abs(y) / unit, axis=1)
        return peaks

    def _off_diagonal(self, values: FloatArray) -> float:
        return float(np.delete(values, self.diagonal).max(initial=0.0))

    def _single(self, chosen: np.ndarray) -> Iterator[tuple[np.ndarray, FloatArray]]:
        # Columns of the array (n, p), a bounded number at a time.
        size = max(_ENTRIES // len(self.v), 1)
        for first in range(0, chosen.size, size):
            k = chosen[first : first + size]
            yield k, self.v[:, self.rows[k]] * self.v[:, self.columns[k]] - self.claimed[k]
