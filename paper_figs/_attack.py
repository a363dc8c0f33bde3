"""Success rates and queries of attacks, with exact intervals; how methods and kinds of attack look."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, quantile_test

from zotheory.experiment.results import Results
from zotheory.plotting.paper import Kind, Panel, Series, Source
from zotheory.plotting.style import BLUE, ORANGE, SKY, VERMILLION, number

LEVEL = 0.95
NAMES = {
    "zo-sgd": "ZO-SGD",
    "momentum-sgd": "ZO-SGD, momentum",
    "zo-signsgd": "ZO-signSGD",
    "zo-adamm": "ZO-AdaMM",
    "r-adazo": "R-AdaZO",
    "r-adazo-code": "R-AdaZO, as coded",
    "dap": "DAP, both stages",
    "dap-published": "DAP, stage 2 only",
    "dap-momentum": "DAP along momentum",
    "guided": "guided",
    "guided-es": "Guided ES",
    "mezo-bcd-cyclic": "blocks, cyclic",
    "mezo-bcd-uniform": "blocks, uniform",
    "mezo-bcd-importance": "blocks, importance",
}


class Kindred(NamedTuple):
    """One kind of attack, and how it is drawn."""

    norm: str
    targeted: bool
    name: str
    color: str
    marker: str


KINDS = (
    Kindred("linf", False, "ℓ∞, any", BLUE, "o"),
    Kindred("linf", True, "ℓ∞, targeted", SKY, "s"),
    Kindred("l2", False, "ℓ2, any", VERMILLION, "^"),
    Kindred("l2", True, "ℓ2, targeted", ORANGE, "v"),
)


class Row(NamedTuple):
    """What a category of a panel shows."""

    method: str
    law: str
    rate_of: str

    @property
    def name(self) -> str:
        """What it is called."""
        if self.rate_of not in ("tuned", self.method):
            return f"{NAMES[self.method]}, rate of {NAMES[self.rate_of]}"
        return NAMES[self.method]


def again(row: Row, results: Results) -> list[Row]:
    """Return a method at each of its own rates: the first, and those that were tuned on other images."""
    names = {fact["cell"]["rate_of"] for fact in results.facts}
    return [row._replace(rate_of=name) for name in sorted(names) if name.split("-")[0] == "tuned"]


class Found(NamedTuple):
    """An estimate with its interval."""

    value: float
    low: float
    high: float


def networks(results: Results) -> list[Results]:
    """Return the rows of each network: every seed has one."""
    return [results.where(seed=seed) for seed in np.unique(results["seed"]).tolist()]


def measured_kinds(source: Source) -> list[Kindred]:
    """Return the kinds of attack that were measured."""
    config = source.config
    return [kind for kind in KINDS if kind.norm in config.norms and kind.targeted in config.targeted]


def of(results: Results, kind: Kindred, row: Row) -> Results:
    """Return the rows of one kind of attack and one method."""
    return results.where(norm=kind.norm, targeted=kind.targeted, **row._asdict())


def measured(results: Results, kind: Kindred, row: Row) -> bool:
    """Return whether there is a cell of one kind of attack and one method."""
    cell = {"norm": kind.norm, "targeted": kind.targeted, **row._asdict()}
    return any(fact["cell"] == cell for fact in results.facts)


def success(rows: Results) -> Found:
    """Return the share of successes, in percent, with Clopper and Pearson's interval."""
    found = rows["success"]
    test = binomtest(int(found.sum()), len(found))
    ends = test.proportion_ci(LEVEL, method="exact")
    return Found(100 * float(found.mean()), 100 * float(ends.low), 100 * float(ends.high))


def median_queries(rows: Results, budget: int) -> Found:
    """Return the median of the queries to success, failures as the budget.

    The interval is between order statistics, exact for every distribution; it ends at the extremes where
    there are too few attacks for one.
    """
    queries = np.minimum(rows["censored_queries"], budget)
    # The interval does not depend on the quantile that is tested.
    ends = quantile_test(queries, q=0, p=0.5).confidence_interval(LEVEL)
    low = float(ends.low) if np.isfinite(ends.low) else float(queries.min())
    high = float(ends.high) if np.isfinite(ends.high) else float(queries.max())
    return Found(float(np.median(queries)), low, high)


def panels(source: Source, rows: Sequence[Row], names: Sequence[str]) -> list[Panel]:
    """Return two lying panels, of success and of queries, with a category for each row.

    Points are of all networks together, dots of each. A kind of attack in which only one row was measured
    compares nothing, and is left out.
    """
    chosen, shown = measured_kinds(source), Shown(source.config.budget)
    for order, kind in enumerate(chosen):
        kept = [place for place, row in enumerate(rows) if measured(source.results, kind, row)]
        if len(kept) > 1:
            places = np.array(kept) + 0.18 * (order - (len(chosen) - 1) / 2)
            mine = [of(source.results, kind, rows[place]) for place in kept]
            shown.add(kind.name, places, mine, kind.color, kind.marker)
    return shown.panels(names)


class Shown:
    """Series of success and of median queries, for two lying panels."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.success: list[Series] = []
        self.queries: list[Series] = []

    def add(
        self, name: str, places: NDArray[np.float64], found: Sequence[Results], color: str, marker: str
    ) -> None:
        """Add what a name stands for at some places: intervals, and dots of each network."""
        for series, estimate in (
            (self.success, success),
            (self.queries, partial(median_queries, budget=self.budget)),
        ):
            y, low, high = _columns([estimate(rows) for rows in found])
            series.append(Series(name, Kind.MEASURED, places, y, color, low, high, marker=marker))
            alone = [
                (place, one) for place, rows in zip(places, found, strict=True) for one in networks(rows)
            ]
            if len(alone) > len(found):
                x, y = np.array([place for place, _ in alone]), [estimate(one).value for _, one in alone]
                series.append(Series(f"{name}, each network", Kind.SAMPLES, x, y, color))

    def panels(self, names: Sequence[str], title: str = "") -> list[Panel]:
        """Return them as two panels."""
        before = f"{title}: " if title else ""
        labels = ("attacks that succeed, %", f"median queries, of {self.budget}")
        return [
            Panel(f"{before}success", "", labels[0], self.success, categories=tuple(names)),
            Panel(f"{before}queries", "", labels[1], self.queries, y_scale="log", categories=tuple(names)),
        ]


def _columns(found: Sequence[Found]) -> tuple[NDArray[np.float64], ...]:
    return tuple(np.array([item[place] for item in found], dtype=float) for place in range(3))


def setting(source: Source) -> str:
    """Return sentences on the networks, the images, the budgets and the intervals."""
    config = source.config
    kinds = measured_kinds(source)
    radii = [f"{kind.name} {config.radius(kind.norm, kind.targeted):g}" for kind in kinds]
    each = networks(of(source.results, kinds[0], Row(config.methods[0], "sphere", "tuned")))
    accuracy = " and ".join(f"{100 * float(one['accuracy'][0]):.1f}%" for one in each)
    skipped = " and ".join(str(int(one["skipped"][0])) for one in each)
    many = len(each) > 1
    whose = f"each of {len(each)} networks reads" if many else "the network reads"
    intervals = "of images, the networks and the rates being given" if many else "of images"
    return (
        f"{len(each[0]['success'])} images of digits that {whose} right ({skipped} misread ones were "
        f"skipped; {'they read' if many else 'it reads'} {accuracy} of the held-out images right), at most "
        f"{config.budget} queries each, {config.perturbations + 1} a step; budgets of the change: "
        f"{', '.join(radii)}. Learning rates are tuned for each method, kind of attack"
        f"{' and network' if many else ''} on {config.tuning_images} other images, on a grid of ratio "
        f"{config.grid_ratio:g}; intervals are {intervals}: they do not contain what tuning on others "
        "would change. Shares have intervals of Clopper and Pearson, medians intervals between order "
        f"statistics; a failure counts as the budget.{' Dots: each network.' if many else ''}"
    )


def numbers(source: Source, rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    """Return a sentence for each kind of attack: share of successes and median queries of each row."""
    said = []
    for kind in measured_kinds(source):
        values = []
        for row, name in zip(rows, names, strict=True):
            if measured(source.results, kind, row):
                mine = of(source.results, kind, row)
                share, median = success(mine).value, median_queries(mine, source.config.budget).value
                values.append(f"{name} {number(share)}%, {number(median)}")
        if len(values) > 1:
            said.append(f"{kind.name}: {'; '.join(values)}.")
    return said


def grid_ends(source: Source, rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    """Return a sentence on the rows whose tuning ended at an end of the grid, if there are any."""
    ended = []
    for kind in measured_kinds(source):
        for row, name in zip(rows, names, strict=True):
            if measured(source.results, kind, row):
                for one in networks(of(source.results, kind, row)):
                    if one["at_grid_end"].any():
                        ended.append(f"{name} ({kind.name}, at {float(one['learning_rate'][0]):.4g})")
    if not ended:
        return ["No tuned rate is at an end of its grid."]
    said = "; ".join(ended)
    return [f"Tuning ended at an end of its grid, a better rate may lie beyond: {said}."]


def retuned(source: Source, rows: Sequence[Row]) -> list[str]:
    """Return a sentence on each method that was tuned on several groups: its rates, and its successes."""
    said = []
    for row in rows:
        values = []
        for kind in measured_kinds(source):
            own = [one for one in again(row, source.results) if measured(source.results, kind, one)]
            if len(own) > 1:
                mine = [networks(of(source.results, kind, one)) for one in own]
                parts = []
                for one in zip(*mine, strict=True):
                    rates = ", ".join(f"{float(group['learning_rate'][0]):.4g}" for group in one)
                    shares = [success(group).value for group in one]
                    parts.append(f"{rates} ({number(min(shares))} to {number(max(shares))}%)")
                values.append(f"{kind.name} {' and '.join(parts)}")
        if values:
            said.append(f"{row.name}: {'; '.join(values)}.")
    if said:
        said.insert(0, "Rates tuned on each group of images, the first of which is shown, and successes:")
    return said
