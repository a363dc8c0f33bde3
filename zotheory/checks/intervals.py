"""Intervals around sample means: the normal approximation, and Bernstein's for bounded draws."""

import math
from abc import abstractmethod

import numpy as np

from zotheory.checks.moments import Moments
from zotheory.checks.routes import Judgement, Rates, Route
from zotheory.types import FloatArray

# Draws that are all equal say nothing of values rarer than one in so many.
UNSEEN = 100_000
# The normal route stands down where |skewness| z / sqrt(n) exceeds the first number, since the series
# of its correction is then of no use, or where sum c^4 / (sum c^2)^2 exceeds the second.
_LYAPUNOV, _DOMINANCE = 0.2, 0.01
# A sample shows less skewness than its law has: correct for this much more.
_SKEWNESS_MARGIN = 1.2


class IntervalRoute(Route):
    """A route by intervals around the mean."""

    def judge(self, moments: Moments, rates: Rates, tolerance: FloatArray, last: bool) -> Judgement:
        """Compare the intervals with zero and with the resolvable deviations."""
        radius = self.radius(moments, rates.alarm_level, last)
        margin = self.radius(moments, rates.pass_level, last)
        distance = np.abs(moments.mean) if rates.sides == 2 else moments.mean
        # Both intervals fit into the resolvable deviation: whatever the mean, one decides.
        share = float(np.max((radius + margin) / tolerance))
        return Judgement(
            distance > radius + moments.rounding,
            distance + margin <= tolerance,
            radius,
            moments.count * max(share, share**2),
            self.doubt(moments, radius),
        )

    @abstractmethod
    def radius(self, moments: Moments, level: float, last: bool) -> FloatArray:
        """Return by how much each mean may be off to one side, except with probability ``level``."""

    def doubt(self, moments: Moments, radius: FloatArray) -> str:
        """Return why some radius is infinite."""
        return ""


class Normal(IntervalRoute):
    """Self-normalised normal approximation, its critical values corrected for the skewness seen.

    What the draws do not show it cannot know. An event of probability q is missing from n draws with
    probability (1 - q)^n <= exp(-q n): below the smaller of the two rates if q exceeds log(1 / rate) / n.
    Rarer ones are assumed to carry no weight, and every answer says so. Events that are seen a few times
    only, and carry the variance, make the radius infinite.
    """

    method = "group-sequential normal approximation, self-normalised, corrected for skewness"
    needs_variance = True
    first_look = 50_000

    def assumes(self, rates: Rates, count: int) -> str:
        """Name the probability below which events may have escaped so many draws."""
        rarest = -math.log(min(rates.false_alarm, rates.false_pass)) / count
        return f"it assumes that no event rarer than {rarest:.2g} carries weight (give a bound if one may)"

    def radius(self, moments: Moments, level: float, last: bool) -> FloatArray:
        """Return critical values times standard errors; infinite where the draws cannot tell."""
        # P(sqrt(n) (mean - m) / deviation > z) = P(N > z) exp(|g| z^3 / (3 sqrt n) + z^4 / (4 n) + ...):
        # the first term from skewness g (for the worse of the two sides), the second as in Student's t.
        from scipy.special import ndtri_exp

        lyapunov = _SKEWNESS_MARGIN * moments.lyapunov
        z = np.full_like(lyapunov, -ndtri_exp(math.log(level)))
        trusted = (moments.dominance <= _DOMINANCE) & (lyapunov * z <= _LYAPUNOV)
        used = np.where(trusted, lyapunov, 0.0)
        for _ in range(12):
            z = -ndtri_exp(math.log(level) - used * z**3 / 3 - z**4 / (4 * moments.count))
        # A statistic that never moved may do so rarely: wait for a good many draws.
        trusted &= (moments.variance > 0) | (moments.count >= UNSEEN) | last
        return np.where(trusted, z * moments.standard_error, np.inf)

    def doubt(self, moments: Moments, radius: FloatArray) -> str:
        """Name the tails, which are what leaves a radius infinite, and the options that help."""
        if np.all(np.isfinite(radius)):
            return ""
        seen = float(moments.variance[~np.isfinite(radius)].max())
        return (
            "heavy tails or skewness make the normal approximation doubtful: raise max_samples, or give "
            f"variance, a bound on the variance (the draws show {seen:.3g}), or one on the draws"
        )


class Bernstein(IntervalRoute):
    """Empirical Bernstein bounds of Maurer and Pontil: for bounded draws, and any number of them."""

    method = "empirical Bernstein bound (finite-sample, bounded draws), union over the looks"

    def __init__(self, width: FloatArray) -> None:
        self.width = width

    def radius(self, moments: Moments, level: float, last: bool) -> FloatArray:
        """Return the bounds: sqrt(2 variance log(2 / level) / n) + 7 width log(2 / level) / (3 (n - 1))."""
        log = math.log(2 / level)
        linear = 7 * self.width * log / (3 * (moments.count - 1))
        return np.sqrt(2 * moments.variance * log / moments.count) + linear

    def least(self, rates: Rates, tolerance: FloatArray) -> float:
        """Return the number of draws that decide if the variance vanishes: no fewer ever do."""
        logs = math.log(2 / rates.alarm_level) + math.log(2 / rates.pass_level)
        return 1 + float(np.max(7 * self.width * logs / (3 * tolerance)))
