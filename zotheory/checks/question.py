"""A question about means: what is claimed, how far off matters, at which rates, and what is known."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from zotheory.checks.batches import Batch
from zotheory.checks.catoni import Catoni
from zotheory.checks.intervals import Bernstein, Normal
from zotheory.checks.reserve import MOST_ENTRIES, TAIL_KNOWN, Reserved
from zotheory.checks.routes import Rates, Route
from zotheory.errors import InvalidArgument
from zotheory.types import FloatArray
from zotheory.validation import as_real, check_count, is_symbolic

FIRST_LOOK = 2_000
_RATIO = 2


@dataclass(frozen=True)
class Question:
    """Are the means of these statistics what is claimed?

    Attributes:
        claimed: claimed means, shape (p,).
        resolvable: deviations that must be found, shape (p,), in the same units.
        label: names statistic k in messages.
        detail: what was simulated, in words.
        falsifier: what would have falsified the statement.
        sides: 2 for equality, 1 for "at most".
        false_alarm: probability that a true claim ever fails.
        false_pass: probability that a claim off by ``resolvable`` ever passes.
        max_samples: cap on the number of draws.
        parts: the parts of the claim it speaks about.
        statistics: turns draws into an array (n, p).
        products: turns draws into a batch without that array, for routes that do with sums.
        width: length of the interval that contains each statistic, shape (p,), if known.
        variance: bound on the variance of each statistic, shape (p,), if known.
        insist: refuse a cap too small for the bound, instead of taking the normal route.
        tail: puts into words that the tail index of the statistics is a number below 2.
    """

    claimed: FloatArray
    resolvable: FloatArray
    label: Callable[[int], str]
    detail: str
    falsifier: str
    sides: int
    false_alarm: float
    false_pass: float
    max_samples: int
    parts: Sequence[str] = ()
    statistics: Callable[[FloatArray], FloatArray] = field(default=lambda draws: draws)
    products: Callable[[FloatArray], Batch] | None = None
    width: FloatArray | None = None
    variance: FloatArray | None = None
    insist: bool = True
    tail: Callable[[float], str] = field(
        default=lambda index: f"the variance appears infinite (tail index about {index:.2g}, below 2)"
    )

    def __post_init__(self) -> None:
        for name in ("false_alarm", "false_pass"):
            check_rate(getattr(self, name), name)
        if check_count(self.max_samples, "max_samples") < FIRST_LOOK:
            raise InvalidArgument("max_samples", self.max_samples, f"give at least {FIRST_LOOK}")

    @property
    def looks(self) -> list[int]:
        """Numbers of draws after which the run may stop."""
        count = max(math.ceil(math.log(self.max_samples / FIRST_LOOK, _RATIO)), 0)
        return [FIRST_LOOK * _RATIO**k for k in range(count)] + [self.max_samples]

    @property
    def rates(self) -> Rates:
        """The error rates, and what they are divided among."""
        return Rates(self.false_alarm, self.false_pass, self.claimed.size, self.sides, len(self.looks))

    def route(self) -> Route:
        """Return the route that what is known of the draws allows.

        Raises:
            InvalidArgument: the cap is below the number of draws that the method needs.
        """
        route, least = self._normal(), 0.0
        if self.width is not None:
            route = Bernstein(self.width)
            least = route.least(self.rates, self.resolvable)
        elif self.variance is not None:
            route = Catoni(self.variance, self.resolvable)
            least = route.least(self.rates)
        if least <= self.max_samples:
            return route
        if not self.insist:
            return self._normal()
        raise InvalidArgument(
            "max_samples",
            self.max_samples,
            f"these rates and this resolvable deviation need at least {math.ceil(least)} draws by the "
            f"{route.method}: raise max_samples or resolvable",
        )

    def _normal(self) -> Route:
        # The reserve needs draws to work with, one by one.
        possible = self.max_samples >= TAIL_KNOWN and self.claimed.size <= MOST_ENTRIES
        return Reserved() if possible else Normal()


def check_rate(rate: Any, name: str) -> float:
    """Return an error rate above 0 and below 1/2.

    Raises:
        InvalidArgument: anything else.
    """
    number = as_real(rate)
    if number is None or is_symbolic(number) or not 0 < number < 0.5:
        raise InvalidArgument(name, rate, "give a rate above 0 and below 1/2")
    return float(number)
