"""The words in a figure of the plane of energies, each at the thing that it names."""

import numpy as np

from zotheory.plotting.labels import Labels
from zotheory.plotting.scene import Line, Scene, Spot
from zotheory.plotting.style import BLACK, BLUE, FONT_SIZE, GREY, SMALL_FONT_SIZE, VERMILLION, number

Point = tuple[float, float]
# With more atoms than this the lighter ones go unnamed.
NAMED_ATOMS = 4
# With more atoms than this there is room for their masses only.
FEW_ATOMS = 3
AT_THE_MEAN = 1e-6


def write_notes(labels: Labels, shown: Scene, contours: list[tuple[float, list[Point]]]) -> None:
    """Write all labels of a figure whose marks are drawn."""
    labels.avoid([shown.mean, *((spot.x, spot.y) for spot in shown.spots), *shown.rings])
    (_, right), (_, top) = labels.axes.get_xlim(), labels.axes.get_ylim()
    lines = [_within(line, right, top) for line in shown.lines]
    for start, end in lines:
        labels.avoid_line(start, end)
    cap = _cap_within(shown, right, top)
    if cap:
        labels.avoid_line(*cap)
    if shown.escape:
        _escape(labels, shown, right, top)
    for spot in sorted(shown.spots, key=lambda spot: -spot.mass)[:NAMED_ATOMS]:
        labels.write([(spot.x, spot.y)], _name(spot, shown), color=BLUE, size=FONT_SIZE)
    if not any(_at_mean(spot, shown) for spot in shown.spots):
        labels.write([shown.mean], "mean", color=BLACK, size=FONT_SIZE)
    for line, ends in zip(shown.lines, lines, strict=True):
        labels.write(_along(*ends), f"contact set\n{line.text}", color=VERMILLION, size=FONT_SIZE)
    if shown.rings and not shown.lines:
        text = "contact set" if len(shown.rings) == 1 else "contact set (rings)"
        labels.write(list(shown.rings), text, color=VERMILLION, size=FONT_SIZE)
    if cap and not any(_same(cap, ends) for ends in lines):
        labels.write(_along(*cap), shown.cap_text, color=BLACK, size=SMALL_FONT_SIZE)
    named = False
    for level, anchors in reversed(contours):
        text = number(level) if named else f"cost {number(level)} δ²"
        note = labels.write(anchors, text, color=GREY, size=SMALL_FONT_SIZE, around=False, optional=True)
        named = named or note is not None


def _name(spot: Spot, shown: Scene) -> str:
    place = "at the mean\n" if _at_mean(spot, shown) else ""
    mass = f"{place}mass {'→ ' if shown.escape else ''}{number(spot.mass)}"
    return mass if len(shown.spots) > FEW_ATOMS else f"{mass}\n|v|² = {number(spot.norm)}"


def _at_mean(spot: Spot, shown: Scene) -> bool:
    return bool(np.hypot(spot.x - shown.mean[0], spot.y - shown.mean[1]) < AT_THE_MEAN)


def _escape(labels: Labels, shown: Scene, right: float, top: float) -> None:
    """Draw the way that a vanishing mass takes, and say so."""
    far = 0.97
    if shown.escape == "across":
        start, end, variable = (0.0, 0.55 * top), (0.0, far * top), "t"
    else:
        start, end, variable = (0.55 * right, 0.0), (far * right, 0.0), "s"
    arrow = labels.axes.annotate(
        "",
        xy=end,
        xytext=start,
        arrowprops={"arrowstyle": "-|>", "color": VERMILLION, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0},
        annotation_clip=False,
        zorder=9,
    )
    arrow.set_in_layout(False)
    arrow.set_gid("escape")
    labels.avoid_line(start, end)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    text = f"mass ε → 0 escapes\nwith {variable} ~ 1/ε → ∞"
    labels.write([middle], text, color=VERMILLION, size=FONT_SIZE)


def _within(line: Line, right: float, top: float) -> tuple[Point, Point]:
    (x, y), (u, v) = line.start, line.end
    if not np.isfinite(v) or v > top:
        v = top
    return (x, y), (min(u, right), v)


def _cap_within(shown: Scene, right: float, top: float) -> tuple[Point, Point] | None:
    """Return the visible piece of the line at the cap, from low to high x."""
    if shown.cap is None:
        return None
    low, high = shown.wedge
    left_x, right_x = low * shown.cap, min(high * shown.cap, right)
    left_x = max(left_x, shown.cap - shown.across * top)
    if left_x >= right_x:
        return None
    return (left_x, (shown.cap - left_x) / shown.across), (right_x, (shown.cap - right_x) / shown.across)


def _same(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    return bool(np.allclose(sorted(first), sorted(second), rtol=1e-6, atol=1e-9))


def _along(start: Point, end: Point) -> list[Point]:
    """Return places along a line, the middle first."""
    fractions = (0.5, 0.6, 0.4, 0.7, 0.3, 0.8, 0.2, 0.9, 0.1)
    return [(start[0] + f * (end[0] - start[0]), start[1] + f * (end[1] - start[1])) for f in fractions]
