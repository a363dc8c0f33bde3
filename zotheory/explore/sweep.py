"""Sweeps: every point of a family in parallel, and the boundaries between kinds of laws by bisection."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from zotheory.errors import InvalidArgument
from zotheory.experiment.faults import ScheduleError
from zotheory.experiment.runner import run
from zotheory.experiment.store import Store
from zotheory.explore.family import NUMBERS, Family, Parameters
from zotheory.explore.points import Nothing, Point, as_experiment, points_of
from zotheory.programs.reading import read_number

Progress = Callable[[int, int], None]
# A boundary is located to this, in the units of its parameter, unless another width is asked for.
WIDTH = Fraction(1, 10**6)


class Interrupted(KeyboardInterrupt):
    """A sweep was stopped by Ctrl-C; what is finished is in the store."""


@dataclass(frozen=True)
class Boundary:
    """A place between two points of a sweep where the kind of law or the active constraints change.

    Attributes:
        axis: the parameter along which it was located.
        low, high: the point on either side, alike but for this parameter, at most the width apart.
    """

    axis: str
    low: Point
    high: Point

    @property
    def place(self) -> Fraction:
        """The middle between the two points."""
        return (Fraction(self.low.parameters[self.axis]) + Fraction(self.high.parameters[self.axis])) / 2


def solve_points(
    points: Sequence[Parameters],
    store: Store,
    *,
    jobs: int | None = 1,
    progress: Progress | None = None,
    warn: Callable[[str], None] | None = None,
) -> list[Point]:
    """Return the points solved; those that are in the store are read, the others kept as they are finished.

    Raises:
        Interrupted: by Ctrl-C.
        ScheduleError: a point could not be computed for a reason that is not the program's.
        StoreError: the store cannot be read or written.
    """
    experiment = as_experiment(points)
    report = run(experiment, Nothing(), seeds=1, store=store, jobs=jobs, progress=progress, warn=warn)
    if report.interrupted and not report.complete:
        raise Interrupted
    if report.failures:
        raise ScheduleError(f"{len(report.failures)} points failed, the first: {report.failures[0].error}")
    return points_of(points, store.read(experiment, Nothing(), seeds=1))


def sweep(
    family: Family,
    store: Store,
    *,
    jobs: int | None = 1,
    progress: Progress | None = None,
    warn: Callable[[str], None] | None = None,
) -> list[Point]:
    """Solve and certify every program of a family.

    A program that does not exist (a cap below delta d), is not supported or defeats both solvers is a point
    with that status; the sweep goes on. Points that another sweep left in the store are not solved again.

    Args:
        family: which programs.
        store: where points are kept, under "explore".
        jobs: number of processes; None for one a processor.
        progress: called with the number of points finished and of all.
        warn: called with a line for each damaged file.

    Returns:
        The points, in the order of `Family.points`.

    Raises:
        Interrupted: by Ctrl-C; what is finished is kept.
        StoreError: the store cannot be read or written.
    """
    return solve_points(family.points(), store, jobs=jobs, progress=progress, warn=warn)


def boundaries(
    family: Family,
    points: Sequence[Point],
    store: Store,
    *,
    width: Fraction | float | str = WIDTH,
    jobs: int | None = 1,
    warn: Callable[[str], None] | None = None,
) -> list[Boundary]:
    """Locate, by bisection, where phases of neighbouring points of a sweep meet.

    Each pair of points that are neighbours along an axis (other than the dimension) and in different phases
    is halved until they are at most ``width`` apart; every halving keeps the half whose ends differ,
    and both where a third phase is met. Phases that no halving meets are not found. Points are
    kept in the store as others.

    Args:
        family: that was swept.
        points: what `sweep` returned.
        store: where points are kept.
        width: largest distance between the two sides, above 0.
        jobs: number of processes.
        warn: called with a line for each damaged file.

    Raises:
        InvalidArgument: width not above 0, or points of another family.
        Interrupted: by Ctrl-C; what is finished is kept.
    """
    width = read_number(width, "width")
    if width <= 0:
        raise InvalidArgument("width", str(width), "give a number above 0")
    if len(points) != len(family.points()):
        raise InvalidArgument(
            "points", len(points), f"give the {len(family.points())} points of the family"
        )
    open_pairs = _pairs(family, points)
    closed: list[Boundary] = []
    while open_pairs:
        closed += [pair for pair in open_pairs if _distance(pair) <= width]
        open_pairs = [pair for pair in open_pairs if _distance(pair) > width]
        if not open_pairs:
            break
        middles = [dict(pair.low.parameters) | {pair.axis: pair.place} for pair in open_pairs]
        found = solve_points(middles, store, jobs=jobs, warn=warn)
        halves = [
            (Boundary(pair.axis, pair.low, middle), Boundary(pair.axis, middle, pair.high))
            for pair, middle in zip(open_pairs, found, strict=True)
        ]
        open_pairs = [half for both in halves for half in both if half.low.phase != half.high.phase]
    return closed


def _pairs(family: Family, points: Sequence[Point]) -> list[Boundary]:
    at = {tuple(point.parameters.values()): point for point in points}
    pairs = []
    for axis in family.axes:
        if axis == "dim" or axis not in NUMBERS:
            continue
        following = _following(family, axis)
        for point in points:
            step = following.get(point.parameters[axis])
            if step is None:
                continue
            other = at[tuple((dict(point.parameters) | {axis: step}).values())]
            if other.phase != point.phase:
                pairs.append(Boundary(axis, point, other))
    return pairs


def _following(family: Family, axis: str) -> dict[Fraction | str, Fraction | str]:
    return dict(itertools.pairwise(sorted(Fraction(value) for value in family.values[axis])))


def _distance(pair: Boundary) -> Fraction:
    return Fraction(pair.high.parameters[pair.axis]) - Fraction(pair.low.parameters[pair.axis])
