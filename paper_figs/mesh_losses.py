"""Two losses of one mesh at small displacements: interpolated, and triangulated anew as published."""

import numpy as np

from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, over_seeds
from zotheory.plotting.style import BLUE, VERMILLION, number

COLORS = {"interpolated": BLUE, "retriangulated": VERMILLION}
STARTS = ("regular", "jittered")


def panels(source: Source) -> list[Panel]:
    """Return a panel for each start."""
    found = []
    for start in STARTS:
        lines, points = [], []
        for loss, color in COLORS.items():
            rows = source.results.where(part="slopes", name=loss, start=start)
            jump = over_seeds(rows, "mu", "jump", geometric=True)
            size = over_seeds(rows, "mu", "gradient_size", geometric=True)
            if loss == "interpolated":
                line = 2 * size.x * size.mean
                lines.append(Series(f"{loss}, 2μ|∇f|", Kind.THEORY, size.x, line, color))
            label = loss if not found else ""
            points.append(Series(loss, Kind.MEASURED, jump.x, jump.mean, color, jump.low, jump.high, label))
        found.append(
            Panel(
                f"{start} start",
                "smoothing distance μ",
                "rms of f(x+μv) − f(x−μv)",
                [*lines, *points],
                x_scale="log",
                y_scale="log",
            )
        )
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    said = [
        "Differences of two losses along random sign vectors. A differentiable loss falls in "
        "proportion to μ; "
        "what stays is a jump."
    ]
    smallest = float(source.config.mus[0])
    for start in STARTS:
        values = []
        for loss in COLORS:
            rows = source.results.where(part="slopes", name=loss, start=start)
            jump = over_seeds(rows, "mu", "jump", geometric=True)
            slope = np.diff(np.log(jump.mean[:2]))[0] / np.diff(np.log(jump.x[:2]))[0]
            values.append(f"{loss} {number(jump.mean[0])}, falling as μ to the power {number(slope, 2)}")
        said.append(f"At μ = {number(smallest)}, {start} start: {'; '.join(values)}.")
    return said


FIGURE = PaperFigure(
    experiment="mesh",
    title="A loss that is triangulated anew jumps",
    panels=panels,
    facts=facts,
    columns=2,
    height=0.6,
)
