"""The plane of energies of a solved program: where it may live, what it costs, where it is optimal."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.ticker import ScalarFormatter

from zotheory.errors import InvalidArgument
from zotheory.plotting.formats import check_suffix
from zotheory.plotting.labels import Labels
from zotheory.plotting.notes import write_notes
from zotheory.plotting.scene import Scene, scene
from zotheory.plotting.style import (
    BLACK,
    BLUE,
    COLUMN_WIDTH,
    FONT_SIZE,
    GREY,
    SKY,
    SMALL_FONT_SIZE,
    VERMILLION,
)

HEIGHT = 2.75
# Room beyond the outermost mark, for its label.
MARGINS = (1.45, 1.3)
CONTOURS = 6
# A contact line that leaves the plane far above the mean does not make the mean small.
FAR = 3.0
# Undated files with fixed ids: the same solution gives the same bytes.
UNDATED: dict[str, dict[str, Any]] = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}, ".png": {}}


def plot_plane(solution: Any) -> Figure:
    """Draw a solution in the plane of energies along (s) and across (t) the gradient.

    Shown are the vectors that the cap allows (shaded), lines of equal cost, the mean that every law
    must have, the atoms of an optimal law with their masses, and the contact set, on which every
    optimal law lives. Both axes are in units of the mean, so that any dimension is readable. For
    priors, s = v^T A v; where the law may not depend on the gradient, s belongs to any direction.

    Args:
        solution: a `Solution`, or one of the full route, of which the atoms alone are drawn.

    >>> from zotheory.programs import Program, solve
    >>> figure = plot_plane(solve(Program(dim=10, norm_cap=20)))
    >>> figure.axes[0].get_xlabel()
    'energy along the gradient, s / δ'
    """
    shown = scene(solution)
    figure = Figure(figsize=(COLUMN_WIDTH, HEIGHT), dpi=200, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _frame(axes, shown)
    paths = _contours(axes, shown)
    _region(axes, shown)
    _marks(axes, shown)
    canvas.draw()  # settles where the axes are, which labels need
    write_notes(Labels(axes), shown, paths)
    return figure


def save(figure: Figure, path: Path | str) -> None:
    """Write a figure as PDF, PNG or SVG, by the suffix of the path.

    Raises:
        InvalidArgument: an unknown suffix, or a file that cannot be written.
    """
    from matplotlib import rc_context

    path = check_suffix(path)
    suffix = path.suffix.lower()
    fonts: dict[Any, Any] = {"pdf.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "zotheory"}
    try:
        with rc_context(fonts):
            figure.savefig(path, format=suffix[1:], dpi=300, metadata=UNDATED[suffix])
    except OSError as error:
        remedy = f"cannot be written ({error.strerror}); give another file"
        raise InvalidArgument("path", str(path), remedy) from error


def _frame(axes: Axes, shown: Scene) -> None:
    xs = [shown.mean[0], *(spot.x for spot in shown.spots), *(x for x, _ in shown.rings)]
    ys = [shown.mean[1], *(spot.y for spot in shown.spots), *(y for _, y in shown.rings)]
    for line in shown.lines:
        xs += [line.start[0], line.end[0]]
        ys += [y for y in (line.start[1], line.end[1]) if y < FAR]
    # A point in an otherwise empty plane is seen best with room around it.
    least = 2.0 if len(shown.spots) < 2 else 1.2
    axes.set_xlim(0, max(MARGINS[0] * max(xs), least))
    axes.set_ylim(0, max(MARGINS[1] * max(ys), least))
    axes.set_xlabel(shown.labels[0], fontsize=FONT_SIZE)
    axes.set_ylabel(shown.labels[1], fontsize=FONT_SIZE)
    axes.set_title(shown.title, fontsize=FONT_SIZE, loc="left")
    axes.tick_params(labelsize=SMALL_FONT_SIZE, length=2.5)
    for axis in (axes.xaxis, axes.yaxis):
        formatter = ScalarFormatter(useMathText=True)
        formatter.set_powerlimits((-3, 4))
        axis.set_major_formatter(formatter)
        axis.get_offset_text().set_fontsize(SMALL_FONT_SIZE)
    if shown.mean[1] == 0:
        axes.set_yticks([0.0])
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _contours(axes: Axes, shown: Scene) -> list[tuple[float, list[tuple[float, float]]]]:
    (_, right), (_, top) = axes.get_xlim(), axes.get_ylim()
    x, y = np.meshgrid(np.linspace(0, right, 241), np.linspace(0, top, 241))
    cost = shown.cost(x, y)
    n = x + shown.across * y
    low, high = shown.wedge
    outside = (x < low * n * (1 - 1e-9)) | (x > high * n * (1 + 1e-9))
    if shown.cap is not None:
        outside |= n > shown.cap * (1 + 1e-9)
    masked = np.ma.masked_array(cost, outside)
    # In dimension one the plane is a line, on which there is nothing to draw.
    levels = [] if masked.count() < x.size // 100 else _levels(float(masked.min()), float(masked.max()))
    if not levels:
        return []
    drawn = axes.contour(x, y, masked, levels=levels, colors=GREY, linewidths=0.4, zorder=2)
    drawn.set_gid("cost")
    found = []
    for level, path in zip(drawn.levels, drawn.get_paths(), strict=True):
        inner = [(float(u), float(v)) for u, v in np.asarray(path.vertices).tolist()]
        middle = len(inner) // 2
        # From the middle of the line outwards, on which most lines have room.
        order = sorted(range(0, len(inner), max(len(inner) // 24, 1)), key=lambda i: abs(i - middle))
        if inner:
            found.append((float(level), [inner[i] for i in order]))
    return found


def _levels(least: float, largest: float) -> list[float]:
    """Return a few round levels, each a fixed factor above the last, as costs are products."""
    if not largest > least:
        return []
    start = max(least, largest / 200)
    wanted = np.geomspace(start * 1.1, largest * 0.8, CONTOURS)
    return sorted({float(f"{level:.0e}") for level in wanted if least < float(f"{level:.0e}") < largest})


def _region(axes: Axes, shown: Scene) -> None:
    (_, right), (_, top) = axes.get_xlim(), axes.get_ylim()
    corner = right + shown.across * top
    reach = corner if shown.cap is None else min(shown.cap, corner)
    low, high = shown.wedge
    corners = [(0.0, 0.0), *((e * reach, (1 - e) * reach / shown.across) for e in (high, low))]
    axes.add_patch(Polygon(corners, facecolor=SKY, alpha=0.22, linewidth=0, zorder=1, gid="region"))
    if shown.cap is not None:
        edge = [(e * shown.cap, (1 - e) * shown.cap / shown.across) for e in (low, high)]
        axes.plot(*zip(*edge, strict=True), color=BLACK, linewidth=0.9, linestyle=(0, (4, 2)), gid="cap")


def _marks(axes: Axes, shown: Scene) -> None:
    top = axes.get_ylim()[1]
    for line in shown.lines:
        end = (line.end[0], min(line.end[1], top))
        axes.plot(
            *zip(line.start, end, strict=True),
            color=VERMILLION,
            linewidth=1.8,
            zorder=4,
            solid_capstyle="butt",
            gid="contact-line",
        )
    free: dict[str, Any] = {"clip_on": False, "linestyle": "none"}  # points on an axis stay whole
    for x, y in shown.rings:
        axes.plot(
            [x], [y], "o", ms=8, mfc="none", mec=VERMILLION, mew=1.3, zorder=6, gid="contact-point", **free
        )
    axes.plot(*([u] for u in shown.mean), "x", ms=5, mec=BLACK, mew=1.2, zorder=8, gid="mean", **free)
    for spot in shown.spots:
        axes.plot(
            [spot.x], [spot.y], "o", ms=4.5, mfc=BLUE, mec="white", mew=0.5, zorder=7, gid="atom", **free
        )
