"""Lengths of the steps of two adaptive methods at one learning rate, measured and predicted."""

import numpy as np

from paper_figs._adaptive import METHODS, medians
from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import number

COMPARED = ("zo-adamm", "r-adazo")


def lengths(source: Source, name: str, method: str) -> Results:
    """Return the rows with steps, at the learning rate that is the same for all methods."""
    rows = source.results.where(function=name, law=source.config.laws[0], method=method, rule="same")
    return rows.where(queries=[q for q in np.unique(rows["queries"]).tolist() if q > 0])


def panels(source: Source) -> list[Panel]:
    """Return a panel for each function."""
    found = []
    for place, name in enumerate(source.config.functions):
        lines, points = [], []
        for method in COMPARED:
            if method not in source.config.methods or "same" not in source.config.rules:
                continue
            rows, look = lengths(source, name, method), METHODS[method]
            line = medians(rows, "predicted_step_length")
            lines.append(Series(look.name, Kind.THEORY, line.x, line.middle, look.color))
            label = look.name if not place else ""
            points.append(medians(rows, "step_length").series(look, Kind.MEASURED, label))
        found.append(
            Panel(
                name,
                "function values",
                "step / learning rate",
                [*lines, *points],
                x_scale="log",
                y_scale="log",
            )
        )
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    limit = np.sqrt((1 + config.beta1) / (1 - config.beta1))
    said = [
        "Root mean square over coordinates and over the steps since the point before, in units of the "
        f"learning rate {number(config.lr)}: medians of {config.trials} trials with 95% intervals, "
        f"d = {config.dim}, {config.queries} perturbations a step. Lines: predicted from the sizes of the "
        "exact gradients alone, with averages of squares at their means."
    ]
    if not set(COMPARED) <= set(config.methods) or "same" not in config.rules:
        return said
    lasts: list[float] = []
    for name in config.functions:
        plain, refined = (lengths(source, name, method) for method in COMPARED)
        told = []
        for column in ("step_length", "predicted_step_length"):
            first, last = (
                medians(refined, column).middle[at] / medians(plain, column).middle[at] for at in (0, -1)
            )
            told.append(f"{number(float(first))} at first and {number(float(last))} at last")
            if column == "step_length":
                lasts.append(float(last))
        said.append(f"Ratio of lengths, {name}: {told[0]} measured, {told[1]} predicted.")
    overall = (
        f"At the first step the ratio is {number(1 / (1 - config.beta1))} by definition, up to zeta. In "
        f"pure noise it would tend to {number(float(limit))}; at the last points, after {config.steps} "
        f"steps of descent, it is measured as {number(min(lasts))} to {number(max(lasts))}."
    )
    return [said[0], overall, *said[1:]]


FIGURE = PaperFigure(
    experiment="adaptive-synthetic",
    preset="evidence",
    title="At one learning rate R-AdaZO takes longer steps than ZO-AdaMM, as predicted",
    panels=panels,
    facts=facts,
    columns=3,
    narrowest=1.0,
    height=0.85,
)
