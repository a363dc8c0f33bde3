"""R-AdaZO over ZO-AdaMM in the published dimension: at one rate, a matched one, and each at its best."""

import math

import numpy as np

from paper_figs._adaptive import median
from paper_figs._rates import ends_of_grids
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import BLACK, BLUE, ORANGE, VERMILLION, number
from zotheory.types import FloatArray

ONE, OTHER = "r-adazo", "zo-adamm"
RULES = {
    "same": ("one rate", VERMILLION, "o"),
    "matched": ("matched", ORANGE, "P"),
    "tuned": ("best rates", BLUE, "D"),
}


def over(source: Source, name: str, rule: str, column: str) -> FloatArray:
    """Return one number a trial and seed: of R-AdaZO over ZO-AdaMM, which have one start."""
    law, last = source.config.laws[0], source.config.kept[-1]
    rows = source.results.where(function=name, law=law, queries=last)
    one = rows.where(method=ONE, rule="same" if rule == "matched" else rule)
    other = rows.where(method=OTHER, rule=rule)
    return one[column].astype(float) / other[column].astype(float)


def reached(source: Source, name: str) -> float:
    """Return the smallest target that all runs of both with tuned rates reach; nan if there is none."""
    law = source.config.laws[0]
    rows = source.results.where(function=name, law=law, rule="tuned", method=[ONE, OTHER], queries=0)
    found = [a for a in source.config.targets if np.isfinite(rows[f"queries_to_{a:g}"]).all()]
    return min(found, default=math.nan)


def rules(source: Source) -> list[str]:
    """Return the rules that were run."""
    return [rule for rule in RULES if rule in source.config.rules]


def panels(source: Source) -> list[Panel]:
    """Return ratios of losses at the end, and of function values to a target."""
    functions = source.config.functions
    if not {ONE, OTHER} <= set(source.config.methods):
        return []
    losses = []
    for place, rule in enumerate(rules(source)):
        label, color, marker = RULES[rule]
        values = np.array([median(over(source, name, rule, "loss")) for name in functions])
        rows = np.arange(len(functions)) + 0.6 * ((place + 0.5) / len(rules(source)) - 0.5)
        losses.append(
            Series(
                label, Kind.MEASURED, rows, values[:, 0], color, values[:, 1], values[:, 2], marker=marker
            )
        )
    spent = [
        median(over(source, name, "tuned", f"queries_to_{reached(source, name):g}"))
        if math.isfinite(reached(source, name))
        else (math.nan,) * 3
        for name in functions
    ]
    values = np.array(spent)
    label, color, marker = RULES["tuned"]
    series = [
        Series(
            label,
            Kind.MEASURED,
            np.arange(len(functions)),
            values[:, 0],
            color,
            values[:, 1],
            values[:, 2],
            marker=marker,
        )
    ]
    level = Series("equal", Kind.REFERENCE, [-0.45, len(functions) - 0.55], [1.0, 1.0], BLACK, dashes=":")
    return [
        Panel("losses at the end", "", "R-AdaZO / ZO-AdaMM", [level, *losses], categories=functions),
        Panel(
            "function values to a target", "", "R-AdaZO / ZO-AdaMM", [level, *series], categories=functions
        ),
    ]


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    longer = math.sqrt((1 + config.beta1) / (1 - config.beta1))
    said = [
        f"Medians of {config.trials * source.seeds} runs of each method with 95% intervals, both from the "
        f"same starts, d = {config.dim}, {config.budget} function values, {config.queries} forward "
        f"differences a step, law {config.laws[0]}. One rate: {number(config.lr)} for both; matched: that "
        f"times {number(longer)} for ZO-AdaMM. Right: the smallest target that all runs of both reach. "
        "Below 1 R-AdaZO is ahead."
    ]
    if "tuned" in config.rules:
        rows = source.results.where(rule="tuned", queries=0, law=config.laws[0], trial=0)
        other = "another run" if config.tuning_trials == 1 else f"{config.tuning_trials} other runs"
        said.append(
            f"Best rates: each of {source.seeds} seeds tunes anew, by the median final loss of {other} at "
            f"each rate, on a grid of ratio {number(config.grid_ratio)} that begins elsewhere for every "
            f"seed and is extended where an end is best ({ends_of_grids(rows)}): intervals contain what "
            "tuning adds."
        )
    for name in config.functions:
        told = [f"{RULES[rule][0]} {_told(over(source, name, rule, 'loss'))}" for rule in rules(source)]
        said.append(f"Losses, {name}: {'; '.join(told)}.")
        aim = reached(source, name)
        if math.isfinite(aim):
            values = over(source, name, "tuned", f"queries_to_{aim:g}")
            said.append(f"Function values to {aim:g}, {name}: {_told(values)}.")
    return said


def _told(values: FloatArray) -> str:
    middle, low, high = (number(value) for value in median(values))
    return f"{middle} [{low}, {high}]"


FIGURE = PaperFigure(
    experiment="adaptive-synthetic",
    preset="evidence-large",
    title="In the published dimension: R-AdaZO over ZO-AdaMM at one rate, and each at its best",
    panels=panels,
    facts=facts,
    columns=2,
    narrowest=2.2,
    height=0.8,
    legend=True,
    share_x=False,
)
