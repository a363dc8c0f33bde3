"""Means over seeds, with intervals: from how seeds differ, or from the standard errors of each."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zotheory.errors import InvalidArgument
from zotheory.experiment.results import Results
from zotheory.experiment.table import SEED

LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Summary:
    """Means over seeds, with intervals.

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
    places, values = _places(results, x), np.asarray(results[value], dtype=np.float64)
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


def pooled(
    results: Results, x: str, value: str, standard_error: str | None = None, *, level: float = LEVEL
) -> Summary:
    """Return the mean over seeds of a column, with the interval that its own standard errors give.

    Seeds may differ in what they measure, such as a random point: for n means of standard errors e_i the
    interval is m -+ z sqrt(sum e_i^2) / n, z the (1 + p)/2 quantile of the normal distribution, around the
    mean of what these n seeds would give with infinitely many trials.

    Args:
        results: rows in which no seed has the same x twice.
        x: name of the column of abscissae.
        value: name of the column to average.
        standard_error: name of the column of its standard errors; without one there are no intervals.
        level: of the intervals, in (0, 1).

    Raises:
        InvalidArgument: no such column, or a seed with the same x twice.
    """
    places = _places(results, x)
    values = np.asarray(results[value], dtype=np.float64)
    abscissae = np.unique(places)
    groups = [places == place for place in abscissae]
    mean = np.array([values[group].mean() for group in groups])
    low = high = np.full(len(abscissae), math.nan)
    if standard_error is not None:
        errors = results[standard_error]
        intervals = [interval_of_mean(values[group], errors[group], level=level) for group in groups]
        low, high = (np.array([interval[end] for interval in intervals]) for end in (1, 2))
    seeds = min(int(group.sum()) for group in groups)
    return Summary(abscissae.astype(np.float64), mean, low, high, seeds)


def interval_of_mean(
    values: ArrayLike, standard_errors: ArrayLike, *, level: float = LEVEL
) -> tuple[float, float, float]:
    """Return the mean of independent values and the ends of the interval that `pooled` describes."""
    from statistics import NormalDist

    numbers, errors = np.asarray(values, dtype=np.float64), np.asarray(standard_errors, dtype=np.float64)
    mean = float(numbers.mean())
    spread = math.sqrt(float((errors**2).sum())) / len(numbers)
    reach = NormalDist().inv_cdf((1 + level) / 2) * spread
    return mean, mean - reach, mean + reach


def _places(results: Results, x: str) -> NDArray[Any]:
    places, seeds = results[x], results[SEED]
    if len(set(zip(places.tolist(), seeds.tolist(), strict=True))) < len(places):
        raise InvalidArgument("x", x, "a seed has the same value in two rows: choose rows with `where`")
    return places


def _reach(values: NDArray[np.float64], level: float) -> float:
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return math.nan
    return float(t.ppf((1 + level) / 2, n - 1) * values.std(ddof=1) / math.sqrt(n))
