"""Rigorous inequalities on a box: adaptive bisection with interval arithmetic (python-flint `arb`)."""

from collections import deque
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq

from zotheory.checks.evidence import Evidence, Grade, Scope, Witness
from zotheory.checks.finding import Finding
from zotheory.errors import InvalidArgument

Box = tuple[tuple[Fraction, Fraction], ...]


def certify_nonnegative(
    function: Callable[..., Any],
    box: Sequence[tuple[Any, Any]],
    *,
    detail: str,
    falsifier: str = "a point of the box where the function is below the tolerance",
    tolerance: Any = 0,
    strict: bool = False,
    region: Sequence[Callable[..., Any]] = (),
    max_boxes: int = 20_000,
    precision: int = 64,
    parts: Sequence[str] = (),
    scope: Scope = Scope.GENERAL,
) -> Evidence:
    """Prove function >= -tolerance on a box, or find a point where it is provably below.

    Boxes are cut in half along their relatively longest side until the enclosure of the function on
    each decides; every enclosure is rounded outwards. A minimum of exactly zero in the interior can
    be certified only with a positive tolerance, which the evidence then states.

    Args:
        function: takes one `arb` for each variable and returns an `arb` that encloses its value;
            numbers inside it must be exact (integers, `arb`, `fmpq`), not floats.
        box: pairs (low, high) of integers or Fractions, low <= high.
        detail: what was proved, in words.
        falsifier: what would have falsified the statement.
        tolerance: non-negative integer or Fraction.
        strict: prove function > -tolerance instead.
        region: functions of the same variables; only points where all are >= 0 matter.
        max_boxes: how many boxes may be examined.
        precision: bits of the arithmetic.
        parts: the parts of the claim it speaks about.
        scope: whether the box covers every case of the statement or one instance.

    Returns:
        Evidence: rigorous; holds, or fails with a point as witness, or inconclusive with the box that
        could not be decided within the budget, or because no point of the region was found.

    Raises:
        InvalidArgument: an empty or inexact box, a negative tolerance, a budget below one.
    """
    start = tuple(_side(index, side) for index, side in enumerate(box))
    slack = _fraction("tolerance", tolerance)
    if not start:
        raise InvalidArgument("box", box, "give at least one pair (low, high)")
    if slack < 0:
        raise InvalidArgument("tolerance", tolerance, "give a number of at least 0")
    if max_boxes < 1:
        raise InvalidArgument("max_boxes", max_boxes, "give at least 1")
    relation = f"{'>' if strict else '>='} {-slack}"
    finding = Finding(f"{detail} ({relation})", falsifier, parts, scope, Grade.RIGOROUS)
    with ctx.workprec(precision):
        level = -_arb(slack)
        # Breadth first: a depth-first search could follow a zero of the function for ever.
        todo, examined = deque([start]), 0
        while todo:
            current = todo.popleft()
            if examined == max_boxes:
                return finding.inconclusive(_undecided(examined, current))
            examined += 1
            sides = [_arb(low).union(_arb(high)) for low, high in current]
            if any(g(*sides) < 0 for g in region):
                continue
            value = function(*sides)
            if value > level if strict else value >= level:
                continue
            centre = tuple((low + high) / 2 for low, high in current)
            point = [_arb(x) for x in centre]
            inside = all(g(*point) >= 0 for g in region)
            below = function(*point)
            if inside and (below <= level if strict else below < level):
                return finding.fails(_witness(centre, below))
            halves = _halves(current, start)
            if not halves:
                return finding.inconclusive(_undecided(examined, current))
            todo.extend(halves)
        if region and not _has_point(region, start, max_boxes):
            return finding.inconclusive("no point of the region was found, so it may be empty")
    words = f"{detail} ({relation} on every one of {examined} boxes)"
    return Finding(words, falsifier, parts, scope, Grade.RIGOROUS).holds()


def _has_point(region: Sequence[Callable[..., Any]], start: Box, budget: int) -> bool:
    """Return whether some box's centre is provably in the region, cutting boxes that may meet it."""
    todo = deque([start])
    for _ in range(budget):
        if not todo:
            return False
        current = todo.popleft()
        centre = [_arb((low + high) / 2) for low, high in current]
        if all(g(*centre) >= 0 for g in region):
            return True
        sides = [_arb(low).union(_arb(high)) for low, high in current]
        if not any(g(*sides) < 0 for g in region):
            todo.extend(_halves(current, start))
    return False


def _halves(box: Box, start: Box) -> list[Box]:
    """Cut along the side that is longest relative to the whole box; nothing if all are points."""
    ratios = [
        (high - low) / (top - bottom) if top > bottom else Fraction(0)
        for (low, high), (bottom, top) in zip(box, start, strict=True)
    ]
    if not max(ratios):
        return []
    index = ratios.index(max(ratios))
    low, high = box[index]
    middle = (low + high) / 2
    return [(*box[:index], side, *box[index + 1 :]) for side in ((low, middle), (middle, high))]


def _side(index: int, side: tuple[Any, Any]) -> tuple[Fraction, Fraction]:
    low, high = (_fraction(f"box[{index}]", end) for end in side)
    if low > high:
        raise InvalidArgument(f"box[{index}]", side, "give (low, high) with low <= high")
    return low, high


def _fraction(name: str, value: Any) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (int, Fraction)):
        raise InvalidArgument(name, value, "give an integer or a Fraction, which are exact")
    return Fraction(value)


def _arb(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))


def _undecided(examined: int, box: Box) -> str:
    shown = " x ".join(f"[{low}, {high}]" for low, high in box)
    return f"undecided after {examined} boxes, for example on {shown}"


def _witness(point: Sequence[Fraction], value: arb) -> Witness:
    shown = ", ".join(str(x) for x in point)
    return Witness(
        f"at ({shown}) the function is {value.str(8)}",
        {"point": [str(x) for x in point], "value": value.str(20)},
    )
