"""The contract of a file of `paper_figs/`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from zotheory.errors import InvalidArgument
from zotheory.plotting.paper.panels import Panel
from zotheory.plotting.paper.source import Source


@dataclass(frozen=True)
class PaperFigure:
    """A figure, as a file of `paper_figs/` defines it in a variable `FIGURE`.

    Args:
        experiment: whose results it shows.
        title: what it shows, in one line, which begins the caption.
        panels: source -> what to draw.
        facts: source -> sentences of the caption; every number in them is computed from the results.
        columns: panels in a row, where the page is wide enough.
        narrowest: least width of a panel, in inches; on narrower pages the rows are broken up.
        height: of a panel, as a fraction of its width.
        share_x: x axes of one name have the same limits, and their numbers at the lowest panels only.
        share_y: likewise for y and the first panel of a row.
        preset: of the experiment whose results it shows where the store has them; "" for the most expensive
            ones.
        table: source -> rows of a table that ends the caption, the first one its head; none by default.
        legend: name measured series above all panels, where there are too many for labels beside them.

    Raises:
        InvalidArgument: columns below 1, or sizes that are not positive.
    """

    experiment: str
    title: str
    panels: Callable[[Source], Sequence[Panel]]
    facts: Callable[[Source], Sequence[str]]
    columns: int = 2
    narrowest: float = 1.5
    height: float = 0.75
    share_x: bool = True
    share_y: bool = True
    preset: str = ""
    legend: bool = False
    table: Callable[[Source], Sequence[Sequence[str]]] | None = None
    # Set when it is loaded: the name of its file with "-" for "_".
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if self.columns < 1:
            raise InvalidArgument("columns", self.columns, "give at least 1")
        for size in ("narrowest", "height"):
            if not 0 < getattr(self, size) < 10:
                raise InvalidArgument(size, getattr(self, size), "give a number above 0 and below 10")

    def named(self, name: str) -> "PaperFigure":
        """Return the figure with its name."""
        return replace(self, name=name)
