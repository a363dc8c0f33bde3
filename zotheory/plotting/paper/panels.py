"""What a figure shows: panels of series of numbers. Drawings and CSV files are made of these alone."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zotheory.errors import InvalidArgument

# More than a page resolves by far; the last ones of a float differ from machine to machine.
DIGITS = 10
# Where axes of both signs with logarithmic ends are linear.
LINEAR = 0.1
COLUMNS = ("panel", "x_name", "y_name", "series", "kind", "x", "y", "low", "high")


class Kind(StrEnum):
    """What the numbers of a series are, which decides how they are drawn."""

    THEORY = "theory"  # a line
    MEASURED = "measured"  # points with intervals
    RUN = "run"  # a measured curve of many points: a line with a band
    SAMPLES = "samples"  # small dots
    AREA = "area"  # shaded from low to high
    MARK = "mark"  # a place that theory predicts
    REFERENCE = "reference"  # a line that is neither: the figure says what it is
    TOLD = "told"  # not drawn: numbers behind what the caption says


@dataclass(frozen=True, eq=False)
class Series:
    """Numbers of one kind.

    Args:
        name: of the series, for the CSV file and for its label.
        kind: what the numbers are.
        x: shape (n,); in a panel with categories their places 0, 1, ..., or within 0.5 of them.
        y: shape (n,); NaN is left out.
        color: as matplotlib has it.
        low: ends of intervals, shape (n,); NaN where there is none.
        high: as low.
        label: what to write beside it; "" for nothing.
        marker: as matplotlib has it.
        dashes: of lines: "-", "--", ":" or "-.".

    Raises:
        InvalidArgument: arrays that are not of one length.
    """

    name: str
    kind: Kind
    x: ArrayLike
    y: ArrayLike
    color: str
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    label: str = ""
    marker: str = "o"
    dashes: Literal["-", "--", ":", "-."] = "-"

    def __post_init__(self) -> None:
        size = np.size(self.x)
        for field in ("x", "y", "low", "high"):
            given = getattr(self, field)
            array = np.full(size, math.nan) if given is None else np.atleast_1d(np.asarray(given, float))
            if array.shape != (size,):
                raise InvalidArgument(field, given, f"{self.name}: give {size} numbers, as for x")
            object.__setattr__(self, field, array)

    def column(self, name: Literal["x", "y", "low", "high"]) -> NDArray[np.float64]:
        """Return one of its arrays."""
        return np.asarray(getattr(self, name), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes.

    Args:
        title: in one short line.
        x_label: of the axis.
        y_label: of the axis.
        series: what to draw, from the back to the front.
        x_scale: linear or log; y_scale likewise, or "symlog": linear up to `LINEAR` on either side of 0,
            logarithmic beyond.
        x_limits: of the axis; by default they follow from the numbers. y_limits likewise.
        categories: names in place of numbers on the x axis. The panel is then drawn lying: names from the
            top to the bottom, y to the right.
        square: one unit is equally long on both axes.

    Raises:
        InvalidArgument: a series that is in it twice, or a place without a category.
    """

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    x_scale: Literal["linear", "log"] = "linear"
    y_scale: Literal["linear", "log", "symlog"] = "linear"
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None
    categories: tuple[str, ...] = ()
    square: bool = False

    def __post_init__(self) -> None:
        keys = [(series.name, series.kind) for series in self.series]
        twice = next((name for name, kind in keys if keys.count((name, kind)) > 1), None)
        if twice is not None:
            raise InvalidArgument("series", twice, "it is in the panel twice: give each a name of its own")
        places = [place for series in self.series for place in series.column("x")]
        if self.categories and not all(-0.5 < place < len(self.categories) - 0.5 for place in places):
            raise InvalidArgument("x", places, f"give places from 0 to {len(self.categories) - 1}")

    @property
    def names(self) -> tuple[str, str, str]:
        """What tells it from the other panels of a figure: title, names of x and of y, each on one line."""
        title, x, y = (" ".join(text.split()) for text in (self.title, self.x_label, self.y_label))
        return title, x, y

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the rows of the CSV file."""
        for series in self.series:
            columns = (series.column("x"), series.column("y"), series.column("low"), series.column("high"))
            for x, *others in zip(*columns, strict=True):
                where = str(self.categories[round(float(x))]) if self.categories else _written(x)
                yield *self.names, series.name, series.kind.value, where, *map(_written, others)


def csv_of(panels: Sequence[Panel]) -> str:
    """Return all plotted numbers as CSV, with ten significant digits; NaN is left empty.

    Raises:
        InvalidArgument: two panels with the same title and the same names of axes.
    """
    names = [panel.names for panel in panels]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidArgument("panels", twice, "two panels have these names: change a title")
    text = io.StringIO()
    writer: Any = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for panel in panels:
        writer.writerows(panel.rows())
    return text.getvalue()


def _written(value: Any) -> str:
    return "" if math.isnan(value) else repr(float(f"{float(value):.{DIGITS}g}"))
