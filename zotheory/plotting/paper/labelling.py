"""Labels beside curves: off everything that is drawn, and nearer to their own curve than to any other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from zotheory.plotting.paper.panels import Kind, Series

Points = NDArray[np.float64]
# Where a label's middle stands from its point: the direction, by half its size and a gap in points.
DIRECTIONS = np.array([(1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1), (1, 0), (-1, 0)], dtype=float)
GAPS = (2.5, 5.0, 9.0, 14.0)
# A curve is sampled this densely, in points, and takes so much to either side.
STEP, HALF_LINE, HALF_MARK = 3.0, 1.2, 2.2
# What a label costs, in areas of itself: a part outside, a place nearer to another curve, a point of gap.
OUTSIDE, AMBIGUOUS, FAR = 20.0, 3.0, 0.01


@dataclass
class CurveLabels:
    """Labels of the series of one pair of axes, which must be drawn before.

    Attributes:
        axes: what they are in.
        lying: x is drawn upwards.
    """

    axes: Axes
    lying: bool = False
    _boxes: list[Points] = field(default_factory=list)
    _curves: list[tuple[str, Points]] = field(default_factory=list)

    def avoid(self, series: Series) -> None:
        """Keep labels off a series, and those of other colours away from it."""
        runs = [run for run in self._runs(series, series.column("y")) if len(run)]
        if not runs:
            return
        curve = np.vstack([self._dense(run) for run in runs])
        self._curves.append((series.color, curve))
        marks = series.kind in (Kind.MEASURED, Kind.MARK)
        half = (HALF_MARK if marks else HALF_LINE) * self._point
        drawn = np.vstack(runs) if marks else curve
        self._boxes.append(np.hstack([drawn - half, drawn + half]))
        if series.kind is Kind.MEASURED:
            self._avoid_bars(series)

    def avoid_dots(self, series: Series) -> None:
        """Keep labels off dots, as far as there is room."""
        runs = [run for run in self._runs(series, series.column("y")) if len(run)]
        if runs:
            dots = np.unique(np.round(np.vstack(runs), 1), axis=0)
            half = HALF_LINE * self._point
            self._boxes.append(np.hstack([dots - half, dots + half]))

    def write(self, series: Series, size: float) -> Any:
        """Write the label of a series at the best place, and return it."""
        own = np.vstack([curve for color, curve in self._curves if color == series.color] or [self._middle])
        note = self.axes.text(
            0.5,
            0.5,
            series.label,
            transform=self.axes.transAxes,
            ha="center",
            va="center",
            color=series.color,
            fontsize=size,
            linespacing=1.05,
            zorder=10,
            gid=f"label: {series.label}",
        )
        note.set_in_layout(False)
        extent = note.get_window_extent()
        half = np.array([extent.width, extent.height]) / 2
        middles, gaps = self._places(own, half)
        boxes = np.hstack([middles - half, middles + half])
        others = [curve for color, curve in self._curves if color != series.color]
        ambiguous = np.zeros(len(boxes))
        if others:
            ambiguous = np.vstack([_distance(boxes, np.vstack(others)), _distance(boxes, own)])
            ambiguous = (ambiguous[0] <= ambiguous[1] + self._point).astype(float)
        area = 4 * half[0] * half[1]
        frame = np.array([[self.axes.bbox.x0, self.axes.bbox.y0, self.axes.bbox.x1, self.axes.bbox.y1]])
        cost = OUTSIDE * (1 - _overlap(boxes, frame) / area) + AMBIGUOUS * ambiguous + FAR * gaps
        if self._boxes:
            cost += _overlap(boxes, np.vstack(self._boxes)) / area
        best = int(np.argmin(cost))
        # In fractions of the axes, so that it stays there at every resolution.
        note.set_position(tuple(self.axes.transAxes.inverted().transform(middles[best])))
        self._boxes.append(boxes[best : best + 1])
        return note

    @property
    def _point(self) -> float:
        figure = self.axes.get_figure(root=True)
        assert figure is not None
        return figure.dpi / 72

    @property
    def _middle(self) -> Points:
        box = self.axes.bbox
        return np.array([[(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2]])

    def _runs(self, series: Series, values: Points) -> list[Points]:
        """Return the pieces between NaNs, in pixels; only what is inside."""
        x = series.column("x")
        if series.kind is Kind.AREA:
            values = (series.column("low") + series.column("high")) / 2
        pairs = np.column_stack([values, x] if self.lying else [x, values])
        with np.errstate(invalid="ignore"):
            placed = np.asarray(self.axes.transData.transform(pairs), dtype=float)
        good = np.isfinite(placed).all(axis=1)
        breaks = np.flatnonzero(np.diff(good.astype(int))) + 1
        return [
            piece
            for piece, ok in zip(np.split(placed, breaks), np.split(good, breaks), strict=True)
            if ok[0]
        ]

    def _avoid_bars(self, series: Series) -> None:
        low, high = self._runs(series, series.column("low")), self._runs(series, series.column("high"))
        for start, end in zip(low, high, strict=True):
            if len(start) == len(end):
                margin = HALF_LINE * self._point
                self._boxes.append(
                    np.hstack([np.minimum(start, end) - margin, np.maximum(start, end) + margin])
                )

    def _dense(self, run: Points) -> Points:
        pieces = [run[:1]]
        for start, end in pairwise(run):
            count = min(max(int(np.hypot(*(end - start)) / (STEP * self._point)), 1), 2000)
            pieces.append(start + (end - start) * np.arange(1, count + 1)[:, None] / count)
        dense = np.vstack(pieces)
        box = self.axes.bbox
        inside = (dense >= [box.x0, box.y0]).all(axis=1) & (dense <= [box.x1, box.y1]).all(axis=1)
        return dense[inside] if inside.any() else dense[:1]

    def _places(self, own: Points, half: Points) -> tuple[Points, Points]:
        anchors = own[:: max(len(own) // 60, 1)]
        found = [anchors[:, None] + DIRECTIONS * (half + gap * self._point) for gap in GAPS]
        gaps = np.repeat(GAPS, len(anchors) * len(DIRECTIONS))
        return np.vstack([places.reshape(-1, 2) for places in found]), gaps


def _overlap(boxes: Points, others: Points) -> Points:
    """Return the area that each box shares with others, shape (n,), counted as often as they overlap."""
    wide = np.minimum(boxes[:, None, 2:], others[None, :, 2:]) - np.maximum(
        boxes[:, None, :2], others[None, :, :2]
    )
    return np.prod(np.maximum(wide, 0.0), axis=2).sum(axis=1)


def _distance(boxes: Points, points: Points) -> Points:
    """Return the distance from each box to the nearest of points, shape (n,)."""
    outside = np.maximum(boxes[:, None, :2] - points[None], points[None] - boxes[:, None, 2:])
    return np.linalg.norm(np.maximum(outside, 0.0), axis=2).min(axis=1)


def write_labels(axes: Axes, series: Sequence[Series], size: float, *, lying: bool = False) -> None:
    """Write the labels of all series that have one."""
    labels = CurveLabels(axes, lying)
    for item in series:
        if item.kind is Kind.SAMPLES:
            labels.avoid_dots(item)
        elif item.kind not in (Kind.AREA, Kind.TOLD):
            labels.avoid(item)
    for item in series:
        if item.label:
            if item.kind in (Kind.AREA, Kind.SAMPLES):
                labels._curves.append((item.color, np.vstack(labels._runs(item, item.column("y")))))
            labels.write(item, size)
