"""Function values to a target: all methods with their best learning rates, and one method with all laws."""

import math

import numpy as np

from paper_figs._adaptive import METHODS, median
from paper_figs._laws import look
from paper_figs._rates import tuned
from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import BLACK, BLUE, GREEN, ORANGE, PINK, VERMILLION, number

DRAWN = {
    "quadratic": (BLACK, "o"),
    "cubic": (ORANGE, "s"),
    "levy": (BLUE, "^"),
    "rosenbrock": (VERMILLION, "D"),
    "ackley": (GREEN, "v"),
    "rastrigin": (PINK, "P"),
}
NAMES = {"block": "one block", "low-rank": "rank one"}


def rows_of(source: Source, name: str, method: str, law: str) -> Results:
    """Return one row a trial of a method with its best learning rate."""
    rows = source.results.where(function=name, method=method, law=law, rule="tuned")
    return rows.where(queries=0)


def target(source: Source, name: str) -> float:
    """Return the smallest of the targets that half of the trials of every method reach, or the largest."""
    reached = [
        a
        for a in source.config.targets
        if all(
            np.median(rows_of(source, name, m, source.config.laws[0])[f"queries_to_{a:g}"]) < math.inf
            for m in source.config.methods
        )
    ]
    return min(reached, default=source.config.targets[0])


def panel(source: Source, title: str, pairs: list[tuple[str, str]], names: list[str]) -> Panel:
    """Return medians with intervals; trials that fail count as the budget."""
    series = []
    functions = source.config.functions
    for number_, name in enumerate(functions):
        column = f"queries_to_{target(source, name):g}"
        places = np.arange(len(pairs)) + 0.7 * ((number_ + 0.5) / len(functions) - 0.5)
        found = np.array(
            [
                median(np.minimum(rows_of(source, name, *pair)[column], source.config.budget))
                for pair in pairs
            ]
        )
        color, marker = DRAWN[name]
        series.append(Series(name, Kind.MEASURED, places, *_columns(found, color), marker=marker))
    return Panel(title, "", f"function values, of {source.config.budget}", series, categories=tuple(names))


def _columns(found: np.ndarray, color: str) -> tuple[np.ndarray, str, np.ndarray, np.ndarray]:
    return found[:, 0], color, found[:, 1], found[:, 2]


def panels(source: Source) -> list[Panel]:
    """Return a panel of methods and, where one method has several laws, one of laws."""
    config = source.config
    methods = list(config.methods)
    found = [
        panel(source, "methods", [(m, config.laws[0]) for m in methods], [METHODS[m].name for m in methods])
    ]
    laws = _laws(source)
    if len(laws) > 1:
        title = f"laws of {METHODS[config.law_method].name}"
        names = [NAMES.get(law, look(law).name) for law in laws]
        found.append(panel(source, title, [(config.law_method, law) for law in laws], names))
    return found


def _laws(source: Source) -> list[str]:
    if source.config.law_method is None:
        return []
    rows = source.results.where(method=source.config.law_method, rule="tuned")
    return list(dict.fromkeys(rows["law"].tolist()))


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    said = [
        f"Medians of {config.trials} trials with 95% intervals, best learning rates, d = {config.dim}; "
        "trials that do not reach the target count as the budget. The target is the smallest of "
        f"{', '.join(f'{a:g}' for a in config.targets)} times the start's loss that half of the trials of "
        "every method reach."
    ]
    rows = source.results.where(rule="tuned", queries=0, trial=0)
    said.append(tuned(rows, config.tuning_trials, number(config.grid_ratio)))
    for name in config.functions:
        aim = target(source, name)
        values = []
        for method in config.methods:
            rows = rows_of(source, name, method, config.laws[0])
            middle = float(np.median(rows[f"queries_to_{aim:g}"]))
            values.append((METHODS[method].name, middle))
        listed = "; ".join(f"{label} {_told(middle)}" for label, middle in values)
        said.append(f"To {aim:g}, {name}: {listed}.")
    return said


def _told(queries: float) -> str:
    return number(queries) if math.isfinite(queries) else "not reached"


FIGURE = PaperFigure(
    experiment="adaptive-synthetic",
    preset="evidence",
    title="Function values to a target, with the best learning rate of each method and law",
    panels=panels,
    facts=facts,
    columns=2,
    narrowest=1.5,
    height=1.5,
    legend=True,
)
