"""Errors of two-point slopes against the smoothing distance, in three number formats."""

from collections.abc import Sequence

import numpy as np

from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, over_seeds
from zotheory.plotting.style import BLUE, PINK, VERMILLION, number

COLORS = {"float64": BLUE, "float32": VERMILLION, "bfloat16": PINK}
ROUNDED = {"values": "values rounded", "all": "all rounded"}
# Up to these shares of slopes that are computed to be 0 theory is drawn. With rounded values it is exact,
# but beyond the mean square is made by slopes too rare to see; with all rounded it is of first order only.
MOST_ZERO = {"values": 0.99, "all": 0.25}
POINTS_PER_DECADE = 2
# On quadratics central differences have no truncation error, hence no best mu.
FUNCTION = "exponential"


def grid(source: Source) -> list[tuple[str, str]]:
    """Return (difference, arithmetic) of the panels."""
    return [
        (difference, kind) for kind in source.config.arithmetic for difference in source.config.differences
    ]


def rows_of(source: Source, difference: str, arithmetic: str, name: str) -> Results:
    """Return the rows of a number format."""
    return source.results.where(
        function=FUNCTION, difference=difference, arithmetic=arithmetic, format=name
    )


def panels(source: Source) -> list[Panel]:
    """Return a panel for each difference and arithmetic: total errors of all formats."""
    found = []
    for difference, arithmetic in grid(source):
        lines, points, told = [], [], []
        for place, name in enumerate(source.config.formats):
            rows, color = rows_of(source, difference, arithmetic, name), COLORS[name]
            predicted = over_seeds(rows, "mu", "predicted_total", geometric=True)
            zeros = over_seeds(rows, "mu", "stalled")
            line = np.where(zeros.mean <= MOST_ZERO[arithmetic], predicted.mean, np.nan)
            lines.append(Series(name, Kind.THEORY, predicted.x, line, color))
            # Formats at different mu, since most of their points lie on each other where errors are 1.
            every = max(round(source.config.mus_per_decade / POINTS_PER_DECADE), 1)
            shown = rows.where(mu=list(np.unique(rows["mu"])[place % every :: every]))
            total = over_seeds(shown, "mu", "total", geometric=True)
            label = name if not found else ""
            points.append(
                Series(name, Kind.MEASURED, total.x, total.mean, color, total.low, total.high, label)
            )
            mu, error, by_theory = best(rows)
            told += [
                Series(f"{name}, share of slopes that are 0", Kind.TOLD, zeros.x, zeros.mean, color),
                Series(f"{name}, best μ and its error", Kind.TOLD, [mu], [error], color),
                Series(f"{name}, best μ by theory", Kind.TOLD, [by_theory], [np.nan], color),
            ]
        found.append(
            Panel(
                f"{difference}, {ROUNDED[arithmetic]}",
                "smoothing distance μ",
                "relative error",
                [*lines, *points, *told],
                x_scale="log",
                y_scale="log",
            )
        )
    return found


def best(rows: Results) -> tuple[float, float, float]:
    """Return geometric means over seeds of the best mu, the error there, and the best mu by theory."""
    seeds = np.unique(rows["seed"])
    least = [rows.where(seed=seed)["total"].min() for seed in seeds]
    columns = (rows["best_mu"], np.asarray(least), rows["predicted_mu"])
    mu, error, by_theory = (float(np.exp(np.log(column).mean())) for column in columns)
    return mu, error, by_theory


def accuracy(source: Source, drawn: Sequence[Panel], arithmetic: str) -> tuple[float, float]:
    """Return the least and the largest ratio of theory to measurement, where both are drawn."""
    ratios = []
    for panel in drawn:
        if panel.title.endswith(ROUNDED[arithmetic]):
            of = {(series.name, series.kind): series for series in panel.series}
            for name in source.config.formats:
                line, points = of[name, Kind.THEORY], of[name, Kind.MEASURED]
                at = np.isin(line.column("x"), points.column("x"))
                ratios.append(line.column("y")[at] / points.column("y"))
    every = np.concatenate(ratios)
    return float(np.nanmin(every)), float(np.nanmax(every))


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    said = [
        f"Root mean square error of slopes along all sign vectors, relative to the gradient's length, "
        f"for a sum of exponentials in dimension {source.config.dim}; geometric means over random points. "
        "Where a step vanishes in rounding the slope is computed to be 0: where all do the error is 1, and "
        "where most do it comes from few and large slopes. The best μ is that of those measured with "
        "the least error at a point."
    ]
    valid = {
        "values": "With function values alone rounded, theory is drawn where at most {} of the slopes are "
        "0 (beyond, the mean square is made by slopes too rare to be met)",
        "all": "with all operations rounded, where theory is of first order in them, up to {}",
    }
    parts, shown = [], panels(source)
    for arithmetic in source.config.arithmetic:
        low, high = (number(ratio) for ratio in accuracy(source, shown, arithmetic))
        share = f"{number(100 * MOST_ZERO[arithmetic])}%"
        parts.append(f"{valid[arithmetic].format(share)}: {low} to {high} times what is measured")
    text = "; ".join(parts)
    said.append(f"{text[:1].upper()}{text[1:]}.")
    for difference, arithmetic in grid(source):
        told = []
        for name in source.config.formats:
            mu, error, by_theory = best(rows_of(source, difference, arithmetic, name))
            told.append(f"{name} μ = {number(mu)} ({number(by_theory)}), error {number(error)}")
        kind = f"{difference.capitalize()} differences, {ROUNDED[arithmetic]}"
        said.append(f"{kind}, best measured (predicted): {'; '.join(told)}.")
    return said


FIGURE = PaperFigure(
    experiment="smoothing",
    title="The smoothing distance that number formats ask for",
    panels=panels,
    facts=facts,
    columns=2,
    height=0.5,
)
