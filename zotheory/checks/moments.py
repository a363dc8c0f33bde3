"""Running moments of many statistics at once, and what tells whether they can be trusted."""

import math
from copy import copy

import numpy as np

from zotheory.checks.batches import Sums
from zotheory.types import FloatArray

# Relative error granted to floating-point sums.
ROUNDING = 1e-9
# The tail index is read off this many of the largest magnitudes, and off no more than this share.
_LARGEST, _SMALLEST, _SHARE = 200, 20, 100
KEPT = _LARGEST + 1
# Rate at which a power law shows a gap too wide for one.
_GAP = 1e-6
# A z-score for "the calls differ": reached by chance about once in 10^9.
_DISPERSION_SCORE = 6.0


class Moments:
    """Mean and central power sums of the columns of batches of draws.

    Attributes:
        count: number of draws.
        mean: mean of every column.
        size: size of every column: the largest magnitude seen, or ``floor`` if that is larger. Far smaller
            differences are rounding.
    """

    def __init__(self, floor: FloatArray) -> None:
        self.count, self.calls, self.size = 0, 0, floor
        self.mean, self._m2, self._m3, self._m4, self._within = np.zeros((5, floor.size))

    def add(self, batch: Sums) -> None:
        """Take in the sums of one batch, merged by the formulas of Chan and Pebay."""
        n, m = batch.count, self.count
        mean, m2, m3, m4 = batch.mean, batch.m2, batch.m3, batch.m4
        self.size = np.maximum(self.size, batch.largest)
        self._within = self._within + m2  # never in place: looks keep shallow copies
        # With N = m + n draws, D = difference of the means (old batch of m, new one of n):
        #   M2 = sum of both + D^2 m n / N, and likewise for the higher sums.
        total, d = m + n, mean - self.mean
        m4 = (
            self._m4
            + m4
            + d**4 * m * n * (m * m - m * n + n * n) / total**3
            + 6 * d**2 * (m * m * m2 + n * n * self._m2) / total**2
            + 4 * d * (m * m3 - n * self._m3) / total
        )
        m3 = self._m3 + m3 + d**3 * m * n * (m - n) / total**2 + 3 * d * (m * m2 - n * self._m2) / total
        self._m2, self._m3, self._m4 = self._m2 + m2 + d**2 * m * n / total, m3, m4
        self.mean = self.mean + d * n / total
        self.count, self.calls = total, self.calls + 1

    def snapshot(self) -> "Moments":
        """Return the moments so far, unchanged by later batches."""
        return copy(self)

    @property
    def rounding(self) -> FloatArray:
        """Error granted to every mean for rounding."""
        return ROUNDING * self.size

    @property
    def variance(self) -> FloatArray:
        """Unbiased variances; exactly zero where only rounding is left."""
        variance = self._m2 / max(self.count - 1, 1)
        return np.where(variance > self.rounding**2, variance, 0.0)

    @property
    def fourth(self) -> FloatArray:
        """Sums of the fourth powers of the deviations from the means."""
        return self._m4

    @property
    def standard_error(self) -> FloatArray:
        """Standard error of every mean."""
        return np.sqrt(self.variance / self.count)

    def scores(self, sides: int) -> FloatArray:
        """Return by how many standard errors every mean is off zero: in size, or upwards if one-sided."""
        off = np.abs(self.mean) if sides == 2 else self.mean
        off = np.where(np.abs(off) <= self.rounding, 0.0, off)
        error = self.standard_error
        certain = np.where(off == 0, 0.0, np.copysign(np.inf, off))
        return np.where(error > 0, off / np.where(error > 0, error, 1.0), certain)

    @property
    def lyapunov(self) -> FloatArray:
        """|sum c^3| / (sum c^2)^(3/2) = |skewness| / sqrt(n), the size of the error of normality."""
        return self._ratio(np.abs(self._m3), self._safe() ** 1.5)

    @property
    def dominance(self) -> FloatArray:
        """sum c^4 / (sum c^2)^2, at least the square of the largest draw's share of the variance."""
        return self._ratio(self._m4, self._safe() ** 2)

    def calls_differ(self) -> bool:
        """Return whether the means of separate calls differ more than independent draws allow.

        The sum of squares between k calls, over the variance within, is about chi-squared with k - 1
        degrees of freedom; by Wilson and Hilferty its cube root is about normal. Random elements that
        the draws of one call share (a scale, a shift) multiply it by the size of the calls.
        """
        freedom = self.calls - 1
        if freedom < 3 or self.count <= self.calls:
            return False
        within = self._within / (self.count - self.calls)
        between = np.maximum(self._m2 - self._within, 0.0) / freedom
        trusted = (self.variance > 0) & (self.dominance <= 0.01)
        if np.any(trusted & (within <= 1e-6 * between)):
            return True
        ratio = self._ratio(between, np.where(trusted & (within > 0), within, np.inf))
        spread = 2 / (9 * freedom)
        score = (np.cbrt(ratio) - (1 - spread)) / math.sqrt(spread)
        limit = math.sqrt(_DISPERSION_SCORE**2 + 2 * math.log(ratio.size))
        return bool(np.any(score > limit))

    def _safe(self) -> FloatArray:
        return np.where(self.variance > 0, self._m2, np.inf)

    @staticmethod
    def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
        return np.where(np.isfinite(bottom), top / bottom, 0.0)


class Tail:
    """The largest magnitudes seen, and the tail index they suggest (Hill's estimator).

    P(|X| > t) of about t^-alpha has moments below alpha only: alpha <= 2 means infinite variance.

    Attributes:
        top: the `KEPT` largest magnitudes, in no order.
    """

    def __init__(self) -> None:
        self.count = 0
        self.top = np.zeros(0)

    def add(self, magnitudes: FloatArray, count: int | None = None) -> None:
        """Take in the magnitudes of a batch, or of those of its ``count`` draws that may be the largest."""
        self.count += magnitudes.size if count is None else count
        kept = np.concatenate([self.top, magnitudes])
        if kept.size > KEPT:
            kept = np.partition(kept, kept.size - KEPT)[-KEPT:]
        self.top = kept

    def index(self) -> tuple[float, float]:
        """Return Hill's estimate of the tail index and its standard error; infinite if unknown.

        Unknown also where the largest magnitudes are not those of a power law, as on a lattice.
        """
        top = np.sort(self.top[self.top > 0])[::-1]
        k = min(max(self.count // _SHARE, _SMALLEST), _LARGEST, top.size - 1)
        while k >= _SMALLEST:
            # Renyi: the gaps j log(x_j / x_(j+1)) of a power law are independent, exponential of mean
            # 1 / alpha, so the largest of k has a share above u of their sum with probability at most
            # k (1 - u)^(k - 1). Ties and separate clusters, as of a lattice, leave wider gaps: then only
            # what lies above the gap can tell.
            gaps = np.arange(1, k + 1) * np.log(top[:k] / top[1 : k + 1])
            total, widest = float(gaps.sum()), int(gaps.argmax())
            if total <= 0:  # all equal
                break
            if gaps[widest] <= (1 - (_GAP / k) ** (1 / (k - 1))) * total:
                alpha = k / total
                return alpha, alpha / math.sqrt(k)
            k = widest
        return math.inf, 0.0
