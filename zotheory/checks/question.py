"""A question about means: what is claimed, how far off matters, at which rates, and what is known."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from zotheory.checks.batches import Batch
from zotheory.checks.catoni import Catoni
from zotheory.checks.intervals import Bernstein, Normal
from zotheory.checks.routes import Rates, Route
from zotheory.errors import InvalidArgument
from zotheory.types import FloatArray
from zotheory.validation import as_real, check_count, is_symbolic

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
        varied: whether draws that are all one vector are refused: no perturbation is a constant.
        insist: refuse a cap too small to be sure of an answer, instead of drawing up to it.
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
    varied: bool = False
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
        cap = check_count(self.max_samples, "max_samples")
        if cap < Route.first_look:
            raise InvalidArgument("max_samples", cap, f"give at least {Route.first_look}")
        if cap < self.first_look:
            raise InvalidArgument(
                "max_samples",
                cap,
                f"without a bound on the draws or on their variance nothing is decided before "
                f"{self.first_look} draws: raise max_samples, or give such a bound",
            )

    @property
    def first_look(self) -> int:
        """Number of draws before which nothing is decided."""
        bounded = self.width is not None or self.variance is not None
        return Route.first_look if bounded else Normal.first_look

    @property
    def looks(self) -> list[int]:
        """Numbers of draws after which the run may stop."""
        count = max(math.ceil(math.log(self.max_samples / self.first_look, _RATIO)), 0)
        return [self.first_look * _RATIO**k for k in range(count)] + [self.max_samples]

    @property
    def rates(self) -> Rates:
        """The error rates, and what they are divided among."""
        return Rates(self.false_alarm, self.false_pass, self.claimed.size, self.sides, len(self.looks))

    def route(self) -> Route:
        """Return the route that what is known of the draws allows; a bound is never left unused.

        Raises:
            InvalidArgument: the cap is below the number of draws that the method needs.
        """
        route: Route = Normal()
        least = 0.0
        if self.width is not None:
            route = Bernstein(self.width)
            least = route.least(self.rates, self.resolvable)
        elif self.variance is not None:
            route = Catoni(self.variance, self.resolvable)
            least = route.least(self.rates)
        if least <= self.max_samples or not self.insist:
            return route
        raise InvalidArgument(
            "max_samples",
            self.max_samples,
            f"these rates and this resolvable deviation need at least {math.ceil(least)} draws by the "
            f"{route.method}: raise max_samples or resolvable",
        )


def check_rate(rate: Any, name: str) -> float:
    """Return an error rate above 0 and below 1/2.

    Raises:
        InvalidArgument: anything else.
    """
    number = as_real(rate)
    if number is None or is_symbolic(number) or not 0 < number < 0.5:
        raise InvalidArgument(name, rate, "give a rate above 0 and below 1/2")
    return float(number)
