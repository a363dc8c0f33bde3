"""Success rates and queries of attacks, with exact intervals; how methods and kinds of attack look."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, quantile_test

from paper_figs._laws import look
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
    "guided": "guided",
    "mezo-bcd-cyclic": "blocks, cyclic",
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
        if self.rate_of != "tuned":
            return f"{NAMES[self.method]}, rate of {NAMES[self.rate_of]}"
        return NAMES[self.method]

    @property
    def law_name(self) -> str:
        """What its law is called."""
        return {"block": "block of rows", "low-rank": "rank one"}.get(self.law, look(self.law).name)


def again(row: Row, results: Results) -> list[Row]:
    """Return a method at each of its own rates: the first, and those that were tuned on other images."""
    names = {fact["cell"]["rate_of"] for fact in results.facts}
    return [row._replace(rate_of=name) for name in sorted(names) if name.split("-")[0] == "tuned"]


class Found(NamedTuple):
    """An estimate with its interval."""

    value: float
    low: float
    high: float


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

    A kind of attack in which only one row was measured compares nothing, and is left out.
    """
    budget, chosen = source.config.budget, measured_kinds(source)
    shown: dict[str, list[Series]] = {"success": [], "queries": []}
    for order, kind in enumerate(chosen):
        kept = [place for place, row in enumerate(rows) if measured(source.results, kind, row)]
        if len(kept) < 2:
            continue
        places = np.array(kept) + 0.18 * (order - (len(chosen) - 1) / 2)
        mine = [of(source.results, kind, rows[place]) for place in kept]
        found = {
            "success": [success(one) for one in mine],
            "queries": [median_queries(one, budget) for one in mine],
        }
        for what, values in found.items():
            y, low, high = _columns(values)
            shown[what].append(
                Series(kind.name, Kind.MEASURED, places, y, kind.color, low, high, marker=kind.marker)
            )
    labels = ("attacks that succeed, %", f"median queries, of {budget}")
    return [
        Panel("success", "", labels[0], shown["success"], categories=tuple(names)),
        Panel("queries", "", labels[1], shown["queries"], y_scale="log", categories=tuple(names)),
    ]


def _columns(found: Sequence[Found]) -> tuple[NDArray[np.float64], ...]:
    return tuple(np.array([item[place] for item in found], dtype=float) for place in range(3))


def setting(source: Source) -> str:
    """Return sentences on the network, the images, the budgets and the intervals."""
    config, results = source.config, source.results
    kinds = measured_kinds(source)
    radii = [f"{kind.name} {config.radius(kind.norm, kind.targeted):g}" for kind in kinds]
    first = of(results, kinds[0], Row(config.methods[0], "sphere", "tuned"))
    accuracy = 100 * float(np.mean(np.unique(first["accuracy"])))
    skipped = sum(int(first.where(seed=seed)["skipped"][0]) for seed in np.unique(first["seed"]))
    return (
        f"{len(first['success'])} images of digits that the network reads right ({skipped} misread ones "
        f"were skipped; it reads {accuracy:.1f}% of the held-out images right), at most {config.budget} "
        f"queries each, {config.perturbations + 1} a step; budgets of the change: {', '.join(radii)}. "
        "Learning rates are tuned for each method and kind of attack on "
        f"{config.tuning_images} other images, on a grid of ratio {config.grid_ratio:g}; intervals "
        "do not contain what tuning on others would change. Shares have intervals of Clopper and Pearson, "
        "medians intervals between order statistics; a failure counts as the budget."
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
                mine = of(source.results, kind, row)
                if mine["at_grid_end"].any():
                    ended.append(f"{name} ({kind.name}, at {float(mine['learning_rate'].max()):.4g})")
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
                mine = [of(source.results, kind, one) for one in own]
                rates = ", ".join(f"{float(one['learning_rate'].max()):.4g}" for one in mine)
                shares = [success(one).value for one in mine]
                values.append(f"{kind.name} {rates} ({number(min(shares))} to {number(max(shares))}%)")
        if values:
            said.append(f"{row.name}: {'; '.join(values)}.")
    if said:
        said.insert(0, "Rates tuned on each group of images, the first of which is shown, and successes:")
    return said
