"""Direct labels that keep off each other, off the marks they name, and inside the axes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

# Where a label can stand around its point: offset in points, alignments. Nearest and best first.
AROUND = [
    (reach * dx, reach * dy, ha, va)
    for reach in (5.0, 11.0, 18.0, 27.0)
    for dx, dy, ha, va in (
        (1, 1, "left", "bottom"),
        (1, -1, "left", "top"),
        (-1, 1, "right", "bottom"),
        (-1, -1, "right", "top"),
        (0, 1.4, "center", "bottom"),
        (0, -1.4, "center", "top"),
        (1.4, 0, "left", "center"),
        (-1.4, 0, "right", "center"),
    )
]
ON_THE_SPOT = [(0.0, 0.0, "center", "center")]
# Marks and lines are avoided as boxes of this half-width, in points.
MARK = 3.5
OUTSIDE_IS_WORSE = 20.0


@dataclass
class Labels:
    """Labels of one axes; everything that they must not cover is told to it first.

    Args:
        axes: drawn at least once, so that its place on the page is settled.
    """

    axes: Axes
    taken: list[Bbox] = field(default_factory=list)

    def avoid(self, points: Iterable[tuple[float, float]], size: float = MARK) -> None:
        """Keep labels off points, given in data coordinates."""
        half = size * self._pixels_per_point()
        for point in points:
            x, y = self.axes.transData.transform(point)
            self.taken.append(Bbox.from_extents(x - half, y - half, x + half, y + half))

    def avoid_line(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Keep labels off a straight line, given in data coordinates."""
        steps = [i / 60 for i in range(61)]
        pairs = [(start[0] + f * (end[0] - start[0]), start[1] + f * (end[1] - start[1])) for f in steps]
        self.avoid(pairs, 1.0)

    def write(
        self,
        anchors: Sequence[tuple[float, float]],
        text: str,
        *,
        color: str,
        size: float,
        around: bool = True,
        optional: bool = False,
    ) -> Any:
        """Write a label at the best place near the first anchor that has room.

        Args:
            anchors: points that it may stand at, in data coordinates, the preferred ones first.
            text: what to write.
            color: of the text.
            size: of the font.
            around: beside the point; else on it.
            optional: write nothing where there is no free place.

        Returns:
            The annotation, or None.
        """
        note = self.axes.annotate(
            text,
            anchors[0],
            xytext=(0, 0),
            textcoords="offset points",
            color=color,
            fontsize=size,
            linespacing=1.05,
            zorder=10,
            bbox={"facecolor": "white", "alpha": 0.65, "edgecolor": "none", "pad": 0.6},
        )
        note.set_in_layout(False)
        best: tuple[float, Any] | None = None
        for anchor in anchors:
            for place in AROUND if around else ON_THE_SPOT:
                cost = self._cost(self._move(note, anchor, place))
                if best is None or cost < best[0]:
                    best = (cost, (anchor, place))
                if cost == 0:
                    break
            if best is not None and best[0] == 0:
                break
        assert best is not None
        if optional and best[0] > 0:
            note.remove()
            return None
        self.taken.append(self._move(note, *best[1]))
        return note

    def _move(self, note: Any, anchor: tuple[float, float], place: tuple[float, float, str, str]) -> Bbox:
        dx, dy, ha, va = place
        note.xy = anchor
        note.set_position((dx, dy))
        note.set_horizontalalignment(ha)
        note.set_verticalalignment(va)
        return note.get_window_extent().padded(1.0)

    def _cost(self, box: Bbox) -> float:
        inside = Bbox.intersection(box, self.axes.bbox)
        area = box.width * box.height
        lost = area - (0.0 if inside is None else inside.width * inside.height)
        covered = 0.0
        for other in self.taken:
            shared = Bbox.intersection(box, other)
            covered += 0.0 if shared is None else shared.width * shared.height
        return OUTSIDE_IS_WORSE * max(lost, 0.0) + covered

    def _pixels_per_point(self) -> float:
        figure = self.axes.get_figure(root=True)
        assert figure is not None
        return figure.dpi / 72
