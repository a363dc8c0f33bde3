"""Errors of two-point slopes against the smoothing distance, in three number formats."""

import numpy as np

from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, over_seeds
from zotheory.plotting.style import BLUE, PINK, VERMILLION, number

COLORS = {"float64": BLUE, "float32": VERMILLION, "bfloat16": PINK}
ROUNDED = {"values": "values rounded", "all": "all rounded"}
# Where nearly every slope is computed to be 0, the mean square of theory is that of events too rare to see.
RARE = 0.99
POINTS_PER_DECADE = 2
# On quadratics central differences have no truncation error, hence no best mu.
FUNCTION = "exponential"


def grid(source: Source) -> list[tuple[str, str]]:
    """Return (difference, arithmetic) of the panels."""
    return [
        (difference, kind) for kind in source.config.arithmetic for difference in source.config.differences
    ]


def panels(source: Source) -> list[Panel]:
    """Return a panel for each difference and arithmetic: total errors of all formats."""
    found = []
    for difference, arithmetic in grid(source):
        chosen = source.results.where(function=FUNCTION, difference=difference, arithmetic=arithmetic)
        lines, points = [], []
        for name in source.config.formats:
            rows = chosen.where(format=name)
            predicted = over_seeds(rows, "mu", "predicted_total", geometric=True)
            stalled = over_seeds(rows, "mu", "predicted_stalled").mean
            line = np.where(stalled < RARE, predicted.mean, np.nan)
            lines.append(Series(name, Kind.THEORY, predicted.x, line, COLORS[name]))
            every = max(round(source.config.mus_per_decade / POINTS_PER_DECADE), 1)
            shown = rows.where(mu=list(np.unique(rows["mu"])[::every]))
            total = over_seeds(shown, "mu", "total", geometric=True)
            label = name if not found else ""
            points.append(
                Series(name, Kind.MEASURED, total.x, total.mean, COLORS[name], total.low, total.high, label)
            )
        found.append(
            Panel(
                f"{difference}, {ROUNDED[arithmetic]}",
                "smoothing distance μ",
                "relative error",
                [*lines, *points],
                x_scale="log",
                y_scale="log",
            )
        )
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    said = [
        f"Root mean square error of slopes along all sign vectors, relative to the gradient's length, "
        f"for a sum of exponentials in dimension {source.config.dim}; geometric means over random points. "
        "Rounded are function values only, or all operations, for which theory is of first order. Where "
        "steps vanish in rounding, slopes are 0 and the error is 1; theory is drawn up to there."
    ]
    for difference, arithmetic in grid(source):
        best = []
        for name in source.config.formats:
            rows = source.results.where(
                function=FUNCTION, difference=difference, arithmetic=arithmetic, format=name
            )
            measured = np.exp(np.log(rows["best_mu"]).mean())
            predicted = np.exp(np.log(rows["predicted_mu"]).mean())
            total = over_seeds(rows, "mu", "total", geometric=True).mean.min()
            best.append(f"{name} μ = {number(measured)} ({number(predicted)}), error {number(total)}")
        kind = f"{difference.capitalize()} differences, {ROUNDED[arithmetic]}"
        said.append(f"{kind}, best measured (predicted): {'; '.join(best)}.")
    return said


FIGURE = PaperFigure(
    experiment="smoothing",
    title="The smoothing distance that number formats ask for",
    panels=panels,
    facts=facts,
    columns=2,
    height=0.5,
)
