"""Three ways to bound the error of a mean at stated rates, whenever the sampling stops.

With p statistics, K looks and s sides (2 for an equality, 1 for a bound), a test at false-alarm rate
alpha and false-pass rate beta excludes the claim at level alpha / (p K s) a look, statistic and side: by
the union bound, no look excludes a true claim, with probability 1 - alpha. It certifies that a deviation
is below the resolvable one at level beta / K a look. That needs no share for the other statistics: if
one of them is off by that much, then this very one must be certified wrongly.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from zotheory.checks.moments import Moments
from zotheory.types import FloatArray


@dataclass(frozen=True)
class Rates:
    """Error rates of a whole run, and what they are divided among.

    Attributes:
        false_alarm: probability that a true claim ever fails.
        false_pass: probability that a claim off by the resolvable deviation ever passes.
        entries: number of statistics tested at once.
        sides: 2 for an equality, 1 for a bound.
        looks: how often the run may stop.
    """

    false_alarm: float
    false_pass: float
    entries: int
    sides: int
    looks: int

    @property
    def alarm_level(self) -> float:
        """Level of one look at one side of one statistic."""
        return self.false_alarm / (self.entries * self.sides * self.looks)

    @property
    def pass_level(self) -> float:
        """Level at which one look certifies a deviation."""
        return self.false_pass / self.looks


@dataclass(frozen=True)
class Judgement:
    """What the draws so far say of every statistic.

    Attributes:
        excluded: the claim is excluded.
        certified: the deviation is certainly below the resolvable one.
        radius: half the width of the interval at the false-alarm level; infinite or NaN if there is none.
        needed: about how many draws would decide; infinite if unknown.
        doubt: why some statistics cannot be judged, or nothing.
    """

    excluded: Any
    certified: Any
    radius: FloatArray
    needed: float
    doubt: str = ""


class Route(ABC):
    """A method that turns draws into decisions.

    Attributes:
        method: the method in a few words, for the evidence.
        needs_variance: it relies on a finite variance that only the draws themselves vouch for.
        needs_draws: it is to be given the draws one by one; to the others their sums suffice.
        first_look: number of draws before which it decides nothing.
    """

    method: str
    needs_variance = False
    needs_draws = False
    first_look = 2_000

    def add(self, deviations: FloatArray) -> None:  # noqa: B027 (most routes need the moments only)
        """Take in draws minus the claim, shape (n, entries)."""

    @abstractmethod
    def judge(self, moments: Moments, rates: Rates, tolerance: FloatArray, last: bool) -> Judgement:
        """Judge the moments of the deviations against the resolvable ones."""

    def assumes(self, rates: Rates, count: int) -> str:
        """Return what an answer after ``count`` draws takes for granted, or nothing."""
        return ""
