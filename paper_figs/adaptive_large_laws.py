"""Function values to a target in the published dimension: every method with every law, at its best rate."""

import math

import numpy as np

from paper_figs._adaptive import METHODS, median
from paper_figs._laws import look
from paper_figs._rates import tuned
from paper_figs.adaptive_targets import NAMES, rows_of, target
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import number
from zotheory.types import FloatArray


def laws(source: Source) -> list[str]:
    """Return the laws with which all methods were run."""
    return list(source.config.laws)


def spent(source: Source, name: str, method: str, law: str) -> FloatArray:
    """Return one number a trial: function values to the target, inf if it was not reached."""
    return rows_of(source, name, method, law)[f"queries_to_{target(source, name):g}"]


def panels(source: Source) -> list[Panel]:
    """Return a panel for each function: laws as categories, methods as series."""
    budget, methods, found = source.config.budget, source.config.methods, []
    for name in source.config.functions:
        series = []
        for place, method in enumerate(methods):
            rows = np.arange(len(laws(source))) + 0.7 * ((place + 0.5) / len(methods) - 0.5)
            values = np.array(
                [median(np.minimum(spent(source, name, method, law), budget)) for law in laws(source)]
            )
            drawn = METHODS[method]
            given = values[:, 0], drawn.color, values[:, 1], values[:, 2]
            series.append(Series(drawn.name, Kind.MEASURED, rows, *given, marker=drawn.marker))
        names = tuple(map(_name, laws(source)))
        label = f"function values to {target(source, name):g}"
        found.append(Panel(name, "", label, series, categories=names))
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    said = [
        f"Medians of {config.trials} trials with 95% intervals, best learning rates, d = {config.dim}, "
        f"{config.queries} forward differences a step; trials that do not reach the target count as the "
        f"budget, {config.budget}. The target is the smallest of "
        f"{', '.join(f'{a:g}' for a in config.targets)} times the start's loss that half of the trials of "
        "every method with the sphere reach."
    ]
    rows = source.results.where(rule="tuned", law=laws(source), queries=0, trial=0)
    said.append(tuned(rows, config.tuning_trials, number(config.grid_ratio)))
    for name in config.functions:
        told = []
        for method in config.methods:
            middles = {law: float(np.median(spent(source, name, method, law))) for law in laws(source)}
            listed = ", ".join(f"{_name(law)} {_told(value)}" for law, value in middles.items())
            told.append(f"{METHODS[method].name}: {listed}")
        said.append(f"To {target(source, name):g}, {name}: {'; '.join(told)}.")
    return said


def _name(law: str) -> str:
    return NAMES.get(law, look(law).name)


def _told(queries: float) -> str:
    return number(queries) if math.isfinite(queries) else "not reached"


FIGURE = PaperFigure(
    experiment="adaptive-synthetic",
    preset="evidence-laws",
    title="In the published dimension: function values to a target, every method with every law",
    panels=panels,
    facts=facts,
    columns=3,
    narrowest=1.7,
    height=1.1,
    legend=True,
    share_x=False,
)
