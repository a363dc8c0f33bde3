"""The dependencies of claims as a drawing: what a claim rests on stands above it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 46, 22  # of a claim's box, in CSS pixels
GAP_ACROSS, GAP_DOWN = 8, 46
LONGEST_ROW = 19
SWEEPS = 12


@dataclass(frozen=True)
class Node:
    """A claim's box: its id and the corner of its box."""

    id: str
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """Boxes and lines between them.

    Attributes:
        nodes: boxes.
        lines: path data, from a claim to one that it rests on, with both ids.
        width: of the drawing.
        height: likewise.
        alone: ids of claims that rest on no other and that no other rests on, which are not drawn.
    """

    nodes: tuple[Node, ...]
    lines: tuple[tuple[str, str, str], ...]
    width: float
    height: float
    alone: tuple[str, ...]


def dependency_drawing(depends: Mapping[str, Sequence[str]]) -> Drawing:
    """Return the drawing of claims by id and the ids that each rests on; unknown ids are left out.

    A claim stands one row below the lowest one that it rests on. Rows are ordered by the mean place of
    neighbours, sweep by sweep (Sugiyama's method), and long rows are broken.
    """
    known = {name: [other for other in others if other in depends] for name, others in depends.items()}
    used = {other for others in known.values() for other in others}
    linked = [name for name in known if known[name] or name in used]
    depth: dict[str, int] = {}

    def depth_of(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((depth_of(other) for other in known[name]), default=-1)
        return depth[name]

    rows: list[list[str]] = [[] for _ in range(1 + max(map(depth_of, linked), default=-1))]
    for name in linked:
        rows[depth[name]].append(name)
    _ordered(rows, known)
    rows = [row[n : n + LONGEST_ROW] for row in rows for n in range(0, len(row), LONGEST_ROW)]
    longest = max(map(len, rows), default=0)
    width = max(longest * (WIDTH + GAP_ACROSS) - GAP_ACROSS, 0)
    nodes = {}
    for level, row in enumerate(rows):
        start = (width - len(row) * (WIDTH + GAP_ACROSS) + GAP_ACROSS) / 2
        for place, name in enumerate(row):
            nodes[name] = Node(name, start + place * (WIDTH + GAP_ACROSS), level * (HEIGHT + GAP_DOWN))
    lines = []
    for name in linked:
        for other in known[name]:
            above, below = nodes[other], nodes[name]
            x0, y0, x1, y1 = above.x + WIDTH / 2, above.y + HEIGHT, below.x + WIDTH / 2, below.y
            bend = (y1 - y0) / 2
            lines.append(
                (name, other, f"M{x0:g} {y0:g}C{x0:g} {y0 + bend:g} {x1:g} {y1 - bend:g} {x1:g} {y1:g}")
            )
    height = max(len(rows) * (HEIGHT + GAP_DOWN) - GAP_DOWN, 0)
    alone = tuple(name for name in known if name not in linked)
    return Drawing(tuple(nodes.values()), tuple(lines), width, height, alone)


def _ordered(rows: list[list[str]], known: Mapping[str, Sequence[str]]) -> None:
    """Order each row by the mean place of its neighbours, from above and from below by turns."""
    below: dict[str, list[str]] = {name: [] for name in known}
    for name, others in known.items():
        for other in others:
            below[other].append(name)
    for sweep in range(SWEEPS):
        place = {name: (n + 0.5) / len(row) for row in rows for n, name in enumerate(row)}
        neighbours = known if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else reversed(rows):
            mean = {
                name: sum(place[o] for o in neighbours[name]) / len(neighbours[name])
                if neighbours[name]
                else place[name]
                for name in row
            }
            row.sort(key=mean.__getitem__)
            place |= {name: (n + 0.5) / len(row) for n, name in enumerate(row)}
