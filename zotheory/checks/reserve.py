"""The normal approximation with a second test in reserve, for draws that make it doubtful."""

from dataclasses import replace
from typing import Any

import numpy as np

from zotheory.checks.catoni import Catoni
from zotheory.checks.intervals import Normal
from zotheory.checks.moments import Moments
from zotheory.checks.routes import Judgement, Rates
from zotheory.types import FloatArray

# The tail index is not believed before this many draws; until then the reserve does not answer.
TAIL_KNOWN = 64_000
# Draws from which on the variance seen is a guide, and how much larger the true one may be.
_SEEN, _MARGIN = 16_000, 3.0
# It is a guide if it does not hang on few draws: the ten largest carry at most half of it, and without
# them sum c^4 / (sum c^2)^2, about one in the number of draws that matter, is at most this.
_LARGEST, _DOMINANCE = 10, 0.005
# Statistics up to which four logarithms a draw and statistic are affordable.
MOST_ENTRIES = 100


class Reserved(Normal):
    """The normal approximation; where skewness makes it doubtful, Catoni's test of the draws that follow.

    A law with finite variance and heavy tails (the square of Student's t with 5 degrees of freedom) now
    and then shows a draw so large that the skewness correction is of no use for a million draws. Three
    times the variance seen by then is a bound for Catoni's test, which needs no third moment. Given the
    draws so far, that test keeps its rates from then on if the true variance is not larger. Sums of
    squares fall short of a share of their mean at an exponential rate in the number of draws that
    matter (at most exp(-x^2 / (2 D)) for a shortfall by the share x and D = E c^4 / (n (E c^2)^2)).

    The reserve counts as one more look: the union bound is over looks + 1.
    """

    def __init__(self) -> None:
        self.reserve: Catoni | None = None
        self._usable: Any = False
        self._top: FloatArray | None = None

    def add(self, deviations: FloatArray) -> None:
        """Hand the draws to the reserve, if it is at work; until then keep the largest."""
        if self.reserve is not None:
            self.reserve.add(deviations)
            return
        kept = deviations if self._top is None else np.concatenate([self._top, deviations])
        if len(kept) > 2 * _LARGEST:  # the largest and the smallest
            kept = np.partition(kept, [_LARGEST - 1, len(kept) - _LARGEST], axis=0)
            kept = np.concatenate([kept[:_LARGEST], kept[-_LARGEST:]])
        self._top = kept

    def judge(self, moments: Moments, rates: Rates, tolerance: FloatArray, last: bool) -> Judgement:
        """Join what the two tests say."""
        shared = replace(rates, looks=rates.looks + 1)
        found = super().judge(moments, shared, tolerance, last)
        if self.reserve is None:
            if found.doubt and moments.count >= _SEEN and not last and self._top is not None:
                self._call_up(moments, self._top, tolerance)
            return found
        if moments.count < TAIL_KNOWN:
            return found
        # Catoni's test is valid at every time: its share of the rates is not divided any further.
        one = 1 / shared.looks
        share = replace(rates, false_alarm=one * rates.false_alarm, false_pass=one * rates.false_pass)
        second = self.reserve.judge(moments, share, tolerance, last)
        return replace(
            found,
            excluded=found.excluded | (second.excluded & self._usable),
            certified=found.certified | (second.certified & self._usable),
        )

    def _call_up(self, moments: Moments, top: FloatArray, tolerance: FloatArray) -> None:
        far = np.sort(np.abs(top - moments.mean), axis=0)[-_LARGEST:] ** 2
        whole = moments.variance * (moments.count - 1)
        m2 = np.maximum(whole - far.sum(axis=0), 0.0)
        m4 = np.maximum(moments.fourth - (far**2).sum(axis=0), 0.0)
        usable = (m2 > 0) & (2 * m2 >= whole) & (m4 <= _DOMINANCE * m2**2)
        if not np.any(usable):
            return
        self._usable = usable
        self.reserve = Catoni(np.where(usable, _MARGIN * moments.variance, tolerance**2), tolerance)
        self.method = (
            f"{Normal.method}; in reserve from draw {moments.count} on, as that is doubtful: Catoni's "
            f"influence function, any law of variance up to {_MARGIN:g} times the one seen by then"
        )
