"""Means over seeds, with intervals."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zotheory.errors import InvalidArgument
from zotheory.experiment.results import Results
from zotheory.experiment.table import SEED

LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Summary:
    """Means over seeds, with intervals of Student's t.

    Attributes:
        x: values of the abscissa, increasing; shape (n,).
        mean: at each of them.
        low: where the interval begins; NaN with one seed.
        high: where it ends.
        seeds: how many, at least.
    """

    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    seeds: int


def over_seeds(
    results: Results, x: str, value: str, *, geometric: bool = False, level: float = LEVEL
) -> Summary:
    """Return the mean over seeds of a column, at every value of another.

    The interval of level p around the mean m of n values with standard deviation s is m -+ t s / sqrt(n), t
    the (1 + p)/2 quantile of Student's distribution with n - 1 degrees of freedom. It covers the expected
    value with probability p if the values of seeds are independent and normal.

    Args:
        results: rows in which no seed has the same x twice.
        x: name of the column of abscissae.
        value: name of the column to average.
        geometric: average logarithms, and return exponentials; for positive values of many magnitudes.
        level: of the intervals, in (0, 1).

    Raises:
        InvalidArgument: no such column, a seed with the same x twice, or values whose logarithm is not
            finite.
    """
    places, values, seeds = results[x], np.asarray(results[value], dtype=np.float64), results[SEED]
    if len(set(zip(places.tolist(), seeds.tolist(), strict=True))) < len(places):
        raise InvalidArgument("x", x, "a seed has the same value in two rows: choose rows with `where`")
    if geometric:
        if not (np.isfinite(values).all() and (values > 0).all()):
            raise InvalidArgument("value", value, "it is not positive everywhere: give geometric=False")
        values = np.log(values)
    abscissae = np.unique(places)
    groups = [values[places == place] for place in abscissae]
    means = np.array([group.mean() for group in groups])
    reach = np.array([_reach(group, level) for group in groups])
    ends = [means, means - reach, means + reach]
    mean, low, high = [np.exp(end) for end in ends] if geometric else ends
    return Summary(abscissae.astype(np.float64), mean, low, high, min(map(len, groups)))


def _reach(values: NDArray[np.float64], level: float) -> float:
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return math.nan
    return float(t.ppf((1 + level) / 2, n - 1) * values.std(ddof=1) / math.sqrt(n))
