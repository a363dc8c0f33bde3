"""Means of draws whose variance is bounded, whatever their tails."""

import math

import numpy as np

from zotheory.checks.moments import Moments
from zotheory.checks.routes import Judgement, Rates, Route
from zotheory.types import FloatArray


class Catoni(Route):
    """Catoni's influence function in a test supermartingale: any law of known bounded variance.

    psi(x) = sign(x) log(1 + |x| + x^2 / 2) satisfies E exp(psi(l (X - m))) <= 1 + l^2 v / 2 if m = E X and
    the variance is at most v. So exp(sum psi - n l^2 v / 2) exceeds 1 / level, ever, with probability at
    most ``level`` (Ville). psi increases, so the same test excludes every mean beyond m.
    """

    method = "Catoni's influence function (any law of the given variance), valid at every time"
    needs_draws = True

    def __init__(self, variance: FloatArray, tolerance: FloatArray) -> None:
        # At a mean off by r the sum grows by at least l r - l^2 (v + r^2) / 2 a draw (but for a deviation
        # as rare as the other rate), and l^2 v / 2 is taken off: this l is the best.
        self.growth = tolerance**2 / (2 * (2 * variance + tolerance**2))
        self.rate = tolerance / (2 * variance + tolerance**2)
        self.penalty = self.rate**2 * variance / 2
        self.tolerance = tolerance
        # Against: the mean is claim - 0, claim + 0, claim + r or more, claim - r or less.
        self.centres = np.stack([0 * tolerance, 0 * tolerance, tolerance, -tolerance])
        self.signs = np.array([1.0, -1.0, -1.0, 1.0])
        self.sums = np.zeros((4, tolerance.size))

    def add(self, deviations: FloatArray) -> None:
        """Add up psi for the four hypotheses."""
        for total, centre, sign in zip(self.sums, self.centres, self.signs, strict=True):
            x = sign * self.rate * (deviations - centre)
            total += np.sum(np.sign(x) * np.log1p(np.abs(x) + x * x / 2), axis=0)
            total -= len(deviations) * self.penalty

    def judge(self, moments: Moments, rates: Rates, tolerance: FloatArray, last: bool) -> Judgement:
        """Compare the four supermartingales with the rates."""
        alarm, passed = self._logs(rates)
        above, below, not_above, not_below = self.sums
        excluded, certified = above >= alarm, not_above >= passed
        if rates.sides == 2:
            excluded, certified = excluded | (below >= alarm), certified & (not_below >= passed)
        return Judgement(excluded, certified, np.full_like(tolerance, np.nan), self.least(rates))

    def least(self, rates: Rates) -> float:
        """Return the number of draws that decide for certain (but for the two rates)."""
        return float(np.max(sum(self._logs(rates)) / self.growth))

    @staticmethod
    def _logs(rates: Rates) -> tuple[float, float]:
        # Valid at every time: nothing is divided among the looks.
        return math.log(rates.entries * rates.sides / rates.false_alarm), -math.log(rates.false_pass)
