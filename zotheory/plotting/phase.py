"""Phase diagrams: which kind of law is optimal where, over one or two parameters of a sweep."""

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from zotheory.errors import InvalidArgument
from zotheory.explore.family import NUMBERS, Family
from zotheory.explore.points import Point
from zotheory.explore.sweep import Boundary
from zotheory.plotting.style import (
    BLACK,
    BLUE,
    COLUMN_WIDTH,
    FONT_SIZE,
    GREEN,
    GREY,
    INDIGO,
    OLIVE,
    ORANGE,
    PINK,
    SKY,
    SMALL_FONT_SIZE,
    VERMILLION,
    WINE,
)

HEIGHT, LEGEND_ROW = 2.6, 0.16
COLOURS = (SKY, ORANGE, GREEN, PINK, BLUE, VERMILLION, OLIVE, INDIGO, WINE)
MARKERS = ("s", "o", "^", "D", "v", "p", "<", "h", ">", "*")
DASHED = (0, (4, 2))
NO_PROGRAM = "#E4E4E4"
# An axis whose values span more than this factor is logarithmic.
WIDE = 40
LABELS = {
    "dim": "dimension d",
    "delta": "scale δ",
    "norm_cap": "cap R²",
    "cap_ratio": "cap R² / (δ d)",
    "kappa": "fourth-moment budget κ",
    "rho": "alignment ρ",
    "mu": "smoothing distance µ",
    "smoothing": "smoothing θ",
    "geometric": "ratio of eigenvalues",
}


def plot_phases(family: Family, points: Sequence[Point], boundaries: Sequence[Boundary] = ()) -> Figure:
    """Draw the phases of a sweep over one or two numeric parameters.

    Over two parameters every point is a mark of its phase, and black dots are the boundaries that were
    located; over one, the optimum is drawn, with a line at each boundary. Crosses are points without a
    program or without a certified optimum.

    Args:
        family: that was swept.
        points: as `sweep` returned them.
        boundaries: as `zotheory.explore.boundaries` returned them.

    Raises:
        InvalidArgument: no numeric parameter with several values, or more than two parameters with several.
    """
    axes = family.axes
    if not 1 <= len(axes) <= 2 or any(name not in NUMBERS for name in axes):
        remedy = "a diagram has one or two axes: vary one or two parameters that are numbers"
        raise InvalidArgument("plot", ", ".join(axes) or "nothing", remedy)
    phases = list(dict.fromkeys(point.phase for point in points if point.certified))
    pairs = zip(itertools.cycle(COLOURS), itertools.cycle(MARKERS), strict=False)
    style = dict(zip(phases, pairs, strict=False))
    left_out = len({point.phase for point in points if not point.certified})
    height = HEIGHT + LEGEND_ROW * (len(phases) + (left_out > 0) + bool(boundaries))
    figure = Figure(figsize=(COLUMN_WIDTH, height), dpi=200, layout="constrained")
    FigureCanvasAgg(figure)
    panel = figure.add_subplot()
    if len(axes) == 2:
        _grid(panel, axes, points, style)
        _dots(panel, axes, boundaries)
    else:
        _curve(panel, axes[0], points, boundaries, style)
    panel.set_xlabel(LABELS[axes[0]], fontsize=FONT_SIZE)
    panel.tick_params(labelsize=SMALL_FONT_SIZE)
    mark: dict[str, Any] = {"linestyle": "none", "mec": GREY, "mew": 0.4, "ms": 5}
    handles = [Line2D([], [], marker=m, color=c, label=name, **mark) for name, (c, m) in style.items()]
    if left_out:
        words = " or ".join(sorted({point.status for point in points if not point.certified}))
        handles.append(Line2D([], [], marker="x", color=NO_PROGRAM, label=words, **mark))
    if boundaries:
        line: dict[str, Any] = {"linestyle": "none", "marker": ".", "ms": 4}
        if len(axes) == 1:
            line = {"linestyle": DASHED}
        handles.append(Line2D([], [], color=BLACK, linewidth=0.7, label="boundary", **line))
    figure.legend(handles=handles, loc="outside lower center", fontsize=SMALL_FONT_SIZE, frameon=False)
    return figure


def _grid(panel: Axes, names: Sequence[str], points: Sequence[Point], style: dict[str, Any]) -> None:
    columns, rows = (sorted({_number(point, name) for point in points}) for name in names)
    for values, scale in ((columns, panel.set_xscale), (rows, panel.set_yscale)):
        if _is_wide(values):
            scale("log")
    size = min(max(60.0 / max(len(columns), len(rows)), 2.0), 5.0)
    for point in points:
        colour, marker = style[point.phase] if point.certified else (NO_PROGRAM, "x")
        at = [_number(point, name) for name in names]
        panel.plot(*([x] for x in at), marker, ms=size, color=colour, mec=GREY, mew=0.4, gid="point")
    panel.set_ylabel(LABELS[names[1]], fontsize=FONT_SIZE)


def _dots(panel: Axes, names: Sequence[str], boundaries: Sequence[Boundary]) -> None:
    for boundary in boundaries:
        if boundary.low.certified and boundary.high.certified:
            at = dict(boundary.low.parameters) | {boundary.axis: boundary.place}
            panel.plot(
                *(float(Fraction(at[name])) for name in names), ".", color=BLACK, ms=3, gid="boundary"
            )


def _curve(
    panel: Axes, name: str, points: Sequence[Point], boundaries: Sequence[Boundary], style: dict[str, Any]
) -> None:
    good = sorted((point for point in points if point.certified), key=lambda point: _number(point, name))
    xs, ys = [_number(point, name) for point in good], [point.value for point in good]
    panel.plot(xs, ys, color=GREY, linewidth=0.8, zorder=1)
    for x, y, point in zip(xs, ys, good, strict=True):
        panel.plot([x], [y], style[point.phase][1], ms=4, color=style[point.phase][0], mec=GREY, mew=0.4)
    for boundary in boundaries:
        panel.axvline(float(boundary.place), color=BLACK, linewidth=0.7, linestyle=DASHED, gid="boundary")
    if _is_wide(xs):
        panel.set_xscale("log")
    panel.set_ylabel("least V (|a| = 1)", fontsize=FONT_SIZE)


def _number(point: Point, name: str) -> float:
    return float(Fraction(point.parameters[name]))


def _is_wide(values: Sequence[float]) -> bool:
    return bool(values) and min(values) > 0 and max(values) / min(values) > WIDE
