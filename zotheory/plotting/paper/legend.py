"""A legend above all panels."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from zotheory.plotting.paper.pages import Page
from zotheory.plotting.paper.panels import Kind, Panel, Series

# In inches: the height of a line, and the width of an entry.
LEGEND_LINE, LEGEND_ENTRY = 0.17, 1.35


def legend_height(panels: Sequence[Panel], page: Page) -> float:
    """Return the height that the legend takes, in inches."""
    return LEGEND_LINE * -(-len(named_series(panels)) // entries_a_line(page))


def named_series(panels: Sequence[Panel]) -> list[Series]:
    """Return a measured series of each name, and marks that are not named after a measured series."""
    kinds = (Kind.MEASURED, Kind.RUN)
    every = [series for panel in panels for series in panel.series]
    measured = {series.name: series for series in every if series.kind in kinds}
    marks = [series for series in every if series.kind is Kind.MARK]
    others = {mark.name: mark for mark in marks if not any(name in mark.name for name in measured)}
    return [*measured.values(), *others.values()]


def entries_a_line(page: Page) -> int:
    """Return how many entries a page has room for, side by side."""
    return max(int(page.width / LEGEND_ENTRY), 1)


def write_legend(drawn: Figure, panels: Sequence[Panel], page: Page) -> None:
    """Write the legend, each series as it is drawn: with a line only where it has one."""
    named = named_series(panels)
    drawn_as_lines = (Kind.THEORY, Kind.RUN)
    every = [series for panel in panels for series in panel.series]
    lines = {series.name for series in every if series.kind in drawn_as_lines}
    handles = [
        Line2D(
            [],
            [],
            color=series.color,
            linewidth=1.0,
            linestyle=series.dashes if series.name in lines else "none",
            marker="" if series.kind is Kind.RUN else series.marker,
            ms=3.6,
            mfc="none" if series.kind is Kind.MARK else series.color,
            mew=0.8 if series.kind is Kind.MARK else None,
            label=series.name,
        )
        for series in named
    ]
    drawn.legend(
        handles=handles,
        loc="outside upper left",
        ncols=min(len(named), entries_a_line(page)),
        frameon=False,
        fontsize=page.small_font_size,
        handlelength=1.6,
        columnspacing=1.2,
        borderaxespad=0.3,
        borderpad=0.2,
        labelspacing=0.3,
    )
