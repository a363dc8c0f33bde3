"""Figures of experiments, for papers and slides: drawn from the store, with their numbers and a caption.

A file of `paper_figs/` defines `FIGURE = PaperFigure(...)`, and `zotheory figures NAME` draws it.
"""

from zotheory.plotting.paper.discovery import FigureError, find_figures, load_figure
from zotheory.plotting.paper.figure import PaperFigure
from zotheory.plotting.paper.panels import LINEAR, Kind, Panel, Series
from zotheory.plotting.paper.source import Source, best_source
from zotheory.plotting.paper.statistics import Summary, interval_of_mean, over_seeds, pooled
from zotheory.plotting.paper.writing import write_figure

__all__ = [
    "LINEAR",
    "FigureError",
    "Kind",
    "Panel",
    "PaperFigure",
    "Series",
    "Source",
    "Summary",
    "best_source",
    "find_figures",
    "interval_of_mean",
    "load_figure",
    "over_seeds",
    "pooled",
    "write_figure",
]
