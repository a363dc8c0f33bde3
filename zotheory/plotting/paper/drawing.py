"""Drawing panels onto a page."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from zotheory.plotting.paper.figure import PaperFigure
from zotheory.plotting.paper.labelling import write_labels
from zotheory.plotting.paper.legend import legend_height, write_legend
from zotheory.plotting.paper.pages import Page
from zotheory.plotting.paper.panels import LINEAR, Kind, Panel, Series
from zotheory.plotting.style import number

# More points than this are drawn smaller.
MANY = 16
# In inches: room for a title and the names of an axis, beside what the panel itself takes.
TITLE_ROOM, LABEL_ROOM = 0.22, 0.4
CATEGORY_HEIGHT = 0.24
GAP, TICK_ROOM = 0.06, 0.42
# Fewer different points than this are drawn larger.
FEW = 20
# A logarithmic axis over less than this factor has numbers at equal distances.
NARROW = 3
# In points.
SMALLEST_TITLE = 5.0


def draw(figure: PaperFigure, panels: Sequence[Panel], page: Page) -> Figure:
    """Draw panels row by row, and write labels beside the series that have one."""
    settings: Any = page.settings
    with rc_context(settings):
        columns = _columns(figure, panels, page)
        rows = -(-len(panels) // columns)
        size = (page.width, _height(figure, panels, page, rows, columns))
        drawn = Figure(
            figsize=size,
            dpi=200,
            layout="compressed" if any(panel.square for panel in panels) else "constrained",
        )
        canvas = FigureCanvasAgg(drawn)
        grid = _grid(drawn, panels, rows, columns)
        for axes, panel in zip(grid, panels, strict=False):
            _panel(axes, panel, page)
        _share(figure, panels, grid, columns)
        if figure.legend:
            write_legend(drawn, panels, page)
        for axes in grid[: len(panels)]:
            _ticks(axes, page.width / columns)
        canvas.draw()  # settles where the axes are, which labels need
        drawn.set_layout_engine("none")
        for place, axes in enumerate(grid[: len(panels)]):
            right = grid[place + 1] if (place + 1) % columns and place + 1 < len(panels) else None
            _fit_title(axes, right)
        for axes, panel in zip(grid, panels, strict=False):
            write_labels(axes, panel.series, page.small_font_size, lying=bool(panel.categories))
    return drawn


def _columns(figure: PaperFigure, panels: Sequence[Panel], page: Page) -> int:
    most = min(figure.columns, len(panels), max(int(page.width / figure.narrowest), 1))
    # As few rows as possible, and then as few gaps in them.
    rows = -(-len(panels) // most)
    return -(-len(panels) // rows)


def _grid(drawn: Figure, panels: Sequence[Panel], rows: int, columns: int) -> list[Axes]:
    """Return axes row by row. Lying panels that are alone in the last row share its whole width."""
    places = drawn.add_gridspec(rows, columns)
    full = len(panels) // columns * columns
    last = panels[full:]
    wide = columns // len(last) if last and all(panel.categories for panel in last) else 1
    found = []
    for place in range(len(panels)):
        row, column = divmod(place, columns)
        if place >= full:
            column *= wide
        found.append(drawn.add_subplot(places[row, column : column + (wide if place >= full else 1)]))
    return found


def _height(figure: PaperFigure, panels: Sequence[Panel], page: Page, rows: int, columns: int) -> float:
    names = max((len(panel.categories) for panel in panels), default=0)
    panel = names * CATEGORY_HEIGHT if names else page.width / columns * figure.height
    title = TITLE_ROOM if any(panel.title for panel in panels) else 0.0
    above = legend_height(panels, page) if figure.legend else 0.0
    return above + rows * (panel + title) + LABEL_ROOM * (1 if figure.share_x else rows)


def _panel(axes: Axes, panel: Panel, page: Page) -> None:
    lying = bool(panel.categories)
    axes.set_title(panel.title, loc="left", pad=3)
    if lying:
        axes.set_xscale(panel.y_scale, **_options(panel.y_scale))
        axes.set_xlabel(panel.y_label, labelpad=2)
        axes.set_yticks(range(len(panel.categories)), list(panel.categories))
        axes.set_ylim(len(panel.categories) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", color="#E4E4E4", linewidth=0.5, zorder=0)
        axes.set_axisbelow(True)
    else:
        axes.set_xscale(panel.x_scale)
        axes.set_yscale(panel.y_scale, **_options(panel.y_scale))
        axes.set_xlabel(panel.x_label, labelpad=2)
        axes.set_ylabel(panel.y_label, labelpad=2)
    for series in panel.series:
        _series(axes, series, lying)
    values = panel.y_limits if lying else panel.x_limits
    if values is not None:
        axes.set_xlim(*values)
    if panel.y_limits is not None and not lying:
        axes.set_ylim(*panel.y_limits)
    if panel.square:
        axes.set_aspect("equal", adjustable="box")


def _options(scale: str) -> dict[str, Any]:
    return {"linthresh": LINEAR} if scale == "symlog" else {}


def _fit_title(axes: Axes, right: Axes | None) -> None:
    """Make a title smaller where it would run into the next panel, or off the page."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    end = figure.bbox.x1 if right is None else right.bbox.x0
    title = axes._left_title  # type: ignore[attr-defined]
    room, width = end - axes.bbox.x0 - GAP * figure.dpi, title.get_window_extent().width
    if width > room:
        title.set_fontsize(max(title.get_fontsize() * room / width, SMALLEST_TITLE))


def _ticks(axes: Axes, width: float) -> None:
    """Choose as many numbers as there is room for, on a panel of so many inches."""
    few = max(min(round(width / TICK_ROOM), 5), 2)
    for axis in (axes.xaxis, axes.yaxis):
        if isinstance(axis.get_major_locator(), FixedLocator):  # categories
            continue
        if axis.get_scale() == "symlog":
            powers = LINEAR * 10.0 ** np.arange(6)
            axis.set_major_locator(FixedLocator([*-powers[::-1], 0.0, *powers]))
            axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
            axis.set_minor_locator(NullLocator())
            continue
        if axis.get_scale() != "log":
            axis.set_major_locator(MaxNLocator(few, steps=[1, 2, 5, 10]))
            continue
        low, high = sorted(axis.get_view_interval())
        if high / low < NARROW:
            even = MaxNLocator(few, steps=[1, 2, 5, 10]).tick_values(low, high)
            axis.set_major_locator(FixedLocator([value for value in even if value > 0]))
            axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
            axis.set_minor_locator(NullLocator())
        elif high / low > 30:
            axis.set_major_locator(LogLocator(numticks=few))
            axis.set_minor_formatter(NullFormatter())
        else:
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
            axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
            axis.set_minor_locator(NullLocator())


def _series(axes: Axes, series: Series, lying: bool) -> None:
    x, y, low, high = (series.column(name) for name in ("x", "y", "low", "high"))
    color, many = series.color, len(x) > MANY
    name = f"{series.kind.value}: {series.name}"
    pair = (y, x) if lying else (x, y)
    if series.kind is Kind.TOLD:
        return
    if series.kind in (Kind.THEORY, Kind.REFERENCE):
        axes.plot(*pair, color=color, linewidth=0.9, linestyle=series.dashes, zorder=6.5, gid=name)
    elif series.kind is Kind.RUN:
        axes.plot(*pair, color=color, linewidth=1.1, linestyle=series.dashes, zorder=4, gid=name)
        if np.isfinite(low).any():
            axes.fill_between(x, low, high, color=color, alpha=0.22, linewidth=0, zorder=2, gid=name)
    elif series.kind is Kind.AREA:
        axes.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0, zorder=1, gid=name)
    elif series.kind is Kind.SAMPLES:
        size = 4.0 if len(np.unique(np.round(np.column_stack(pair), 6), axis=0)) < FEW else 1.8
        axes.plot(*pair, ".", color=color, ms=size, mew=0, alpha=0.7, zorder=7, gid=name)
    elif series.kind is Kind.MARK:
        axes.plot(
            *pair,
            series.marker,
            color=color,
            ms=5,
            mfc="none",
            mew=0.8,
            zorder=4,
            gid=name,
            linestyle="none",
        )
    else:
        if np.isfinite(low).any():
            reach = np.vstack([y - low, high - y])
            ends: dict[str, Any] = {"xerr" if lying else "yerr": reach}
            axes.errorbar(*pair, **ends, fmt="none", ecolor=color, elinewidth=0.8, zorder=5, gid=name)
        axes.plot(
            *pair,
            series.marker,
            color=color,
            ms=2.4 if many else 3.6,
            mec="white",
            mew=0.15 if many else 0.3,
            linestyle="none",
            zorder=6,
            gid=name,
        )


def _share(figure: PaperFigure, panels: Sequence[Panel], grid: Any, columns: int) -> None:
    """Give panels whose axes have one name the same limits; leave out what is at a neighbour."""
    for side, shared in (("x", figure.share_x), ("y", figure.share_y)):
        names = [
            None if panel.categories else (getattr(panel, f"{side}_label"), getattr(panel, f"{side}_scale"))
            for panel in panels
        ]
        for name in dict.fromkeys(names):
            group = [axes for axes, own in zip(grid, names, strict=False) if own == name]
            if shared and name is not None:
                limits = np.array([getattr(axes, f"get_{side}lim")() for axes in group])
                for axes in group:
                    getattr(axes, f"set_{side}lim")(limits.min(), limits.max())
        for place, name in enumerate(names):
            neighbour = place + columns if side == "x" else place - 1 if place % columns else -1
            if name is None or not 0 <= neighbour < len(names) or names[neighbour] != name:
                continue
            getattr(grid[place], f"set_{side}label")("")
            if shared:
                hidden = "labelbottom" if side == "x" else "labelleft"
                grid[place].tick_params(axis=side, **{hidden: False})
