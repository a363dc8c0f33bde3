"""Learning rates tuned at a stated budget, and intervals of medians over seeds."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zotheory.errors import InvalidArgument

# A grid of learning rates is extended at most so many times.
EXTENSIONS = 12


@dataclass(frozen=True)
class Tuned:
    """A learning rate chosen on a grid.

    Attributes:
        lr: the one of the least median score; the smallest of equal ones.
        at_edge: whether it is still an end of the grid after all extensions: a better one may lie beyond.
        spent_queries: function values that all runs together took.
        table: learning rates and their median scores, increasing in the former.
    """

    lr: float
    at_edge: bool
    spent_queries: int
    table: tuple[tuple[float, float], ...]


def tune(
    score: Callable[[float, int], tuple[float, int]],
    grid: Sequence[float],
    seeds: Sequence[int],
    *,
    extensions: int = EXTENSIONS,
) -> Tuned:
    """Return the learning rate with the least median score over seeds.

    While that is at an end of the grid, the grid goes on there by its ratio; downwards if all scores are
    infinite.

    Args:
        score: (lr, seed) -> score and function values spent; the score of a run that diverged is inf.
        grid: a geometric sequence of at least two learning rates, increasing.
        seeds: of the runs at each of them; let them be none of those that are reported.
        extensions: at most so many.

    Raises:
        InvalidArgument: a grid that is not geometric and increasing, or no seeds.
    """
    rates = [float(rate) for rate in grid]
    ratios = [b / a for a, b in itertools.pairwise(rates) if a > 0]
    if len(rates) < 2 or len(ratios) < len(rates) - 1 or not 1 < min(ratios) >= 0.999 * max(ratios):
        raise InvalidArgument("grid", rates, "give two increasing numbers or more, in a constant ratio")
    if not seeds:
        raise InvalidArgument("seeds", seeds, "give at least one")
    spent, medians = 0, dict[float, float]()

    def best() -> float:
        return min(sorted(medians), key=lambda rate: medians[rate])

    def at_edge() -> bool:
        return best() in (min(medians), max(medians))

    while True:
        for rate in rates:
            found = [score(rate, seed) for seed in seeds]
            spent += sum(queries for _, queries in found)
            medians[rate] = _median([value for value, _ in found])
        if not (at_edge() and extensions > 0):
            break
        extensions -= 1
        rates = [best() / ratios[0] if best() == min(medians) else best() * ratios[0]]
    table = tuple(sorted(medians.items()))
    return Tuned(best(), at_edge(), spent, table)


def _median(scores: Sequence[float]) -> float:
    # The upper one of an even number: half of the runs at least are as good. NaN counts as diverged.
    values = sorted(math.inf if math.isnan(value) else value for value in scores)
    return values[len(values) // 2]


def median_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """Return (low, median, high): an interval of the median by order statistics, exact for any law.

    Values may be inf (censored), and so may the median and the upper end. With so few values that no two of
    them will do, the interval is (-inf, inf).

    Raises:
        InvalidArgument: no values, NaN among them, or a confidence outside (0, 1).
    """
    x = np.sort(np.asarray(values, dtype=float))
    if not x.size or np.isnan(x).any():
        raise InvalidArgument("values", list(values), "give at least one number, none of them NaN")
    if not 0 < confidence < 1:
        raise InvalidArgument("confidence", confidence, "give a number between 0 and 1")
    # P(x_(k) > median or x_(n + 1 - k) < median) <= 2 P(Binomial(n, 1/2) <= k - 1)
    n, k, below = x.size, 0, 0
    while 2 * (below + math.comb(n, k)) <= (1 - confidence) * 2**n:
        below += math.comb(n, k)
        k += 1
    low, high = (x[k - 1], x[n - k]) if k else (-math.inf, math.inf)
    lower, upper = x[(n - 1) // 2], x[n // 2]
    return float(low), float(upper if math.isinf(upper) else (lower + upper) / 2), float(high)
