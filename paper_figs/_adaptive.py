"""What figures of adaptive-synthetic share: names of methods, medians over trials with exact intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import quantile_test

from paper_figs._laws import Look
from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Series
from zotheory.plotting.style import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILLION

LEVEL = 0.95
METHODS = {
    "zo-sgd": Look("ZO-SGD", BLACK, "o"),
    "zo-signsgd": Look("ZO-signSGD", GREEN, "s"),
    "zo-adamm": Look("ZO-AdaMM", VERMILLION, "^"),
    "r-adazo": Look("R-AdaZO", BLUE, "D"),
    "r-adazo-code": Look("R-AdaZO, as coded", SKY, "v"),
}
MATCHED = Look("ZO-AdaMM, rate matched", ORANGE, "P")


@dataclass(frozen=True, eq=False)
class Medians:
    """Medians over trials and seeds, with intervals between order statistics.

    They hold for every distribution with probability 95% at least, and end at the extremes where there are
    too few trials for that.

    Attributes:
        x: numbers of function values.
        middle: the median at each of them; low and high likewise. inf where most trials diverged.
    """

    x: NDArray[np.float64]
    middle: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def series(self, look: Look, kind: Kind, label: str = "") -> Series:
        """Return it to be drawn; what is not finite is left out."""
        y, low, high = (
            np.where(np.isfinite(part), part, np.nan) for part in (self.middle, self.low, self.high)
        )
        return Series(look.name, kind, self.x, y, look.color, low, high, label, look.marker)


def median(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return (median, low, high)."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    half = ordered.size // 2
    middle = (
        ordered[half]
        if ordered.size % 2 or np.isinf(ordered[half])
        else ordered[half - 1 : half + 1].mean()
    )
    # The interval depends on ranks alone, not on the quantile that is tested.
    ranks = quantile_test(np.arange(ordered.size), q=0, p=0.5).confidence_interval(LEVEL)
    low = int(ranks.low) if np.isfinite(ranks.low) else 0
    high = int(ranks.high) if np.isfinite(ranks.high) else ordered.size - 1
    return float(middle), float(ordered[low]), float(ordered[high])


def medians(rows: Results, column: str) -> Medians:
    """Return the medians of a column at every number of function values; NaN are left out."""
    places, values = rows["queries"], np.asarray(rows[column], dtype=np.float64)
    places, values = places[~np.isnan(values)], values[~np.isnan(values)]
    x = np.unique(places)
    found = np.array([median(values[places == place]) for place in x]).reshape(-1, 3)
    return Medians(x.astype(np.float64), *found.T)
