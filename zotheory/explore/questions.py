"""Sweeps of questions of your own: one for each combination of the values of parameters."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from zotheory.errors import InvalidArgument, SolverFailure, Unsupported
from zotheory.experiment.executors import check_jobs
from zotheory.explore.family import MOST_VALUES, Family, read_values
from zotheory.explore.points import FAILED, INFEASIBLE, UNSUPPORTED, Parameters, Point
from zotheory.programs.question import Infeasible, Question, Unbounded, ask

UNBOUNDED = "unbounded"
# How the reason begins where the caller's code raised something of its own.
RAISED = "question_at raised "
# What cannot be asked or answered is a point with that status.
_STATES = {
    Infeasible: INFEASIBLE,
    InvalidArgument: INFEASIBLE,
    Unbounded: UNBOUNDED,
    Unsupported: UNSUPPORTED,
    SolverFailure: FAILED,
}


def sweep_questions(
    question_at: Callable[..., Question], values: Mapping[str, Any], *, jobs: int | None = 1
) -> list[Point]:
    """Ask a question of your own at every combination of parameters; what has no answer is recorded.

    Nothing is kept in a store, and boundaries are not located: a question is code, and has no name by which
    its answers could be found again.

    Args:
        question_at: called with the parameters by name, as fractions; returns the question.
        values: for each parameter, under any name, what `Family.of` takes: "2:6", "1,3/2" or numbers.
        jobs: number of processes; None for one a processor.

    Returns:
        The points, the last parameter varying fastest. Where a point's status is "certified", its optimum
        is at least ``lower``, which is proved, and at most ``upper``, the value of a law that satisfies
        the moments up to rounding; both are exact for a finite support. ``active`` are the constraints that
        must hold with equality, ``contact`` is the condition for optimality; laws are not told apart by
        kind. "unbounded" and "infeasible" (also for parameters that `question_at` or `Question`
        refuses as `InvalidArgument`), "unsupported" and "failed" (also where `question_at` raises anything
        else) have a reason.

    Raises:
        InvalidArgument: no parameter, a range that is empty or infinite, more than 100000 points, or a
            `question_at` that raises at every point.
    """
    from joblib import Parallel, delayed

    family = Family({name: read_values(name, given) for name, given in values.items()})
    if not values or math.prod(map(len, family.values.values())) > MOST_VALUES:
        remedy = f"give at least one, and at most {MOST_VALUES} points in all"
        raise InvalidArgument("parameters", list(values), remedy)
    asked = (delayed(_asked)(question_at, point) for point in family.points())
    found: Any = Parallel(n_jobs=check_jobs(jobs))(asked)
    points: list[Point] = list(found)
    if all(point.reason.startswith(RAISED) for point in points):
        shown = getattr(question_at, "__name__", question_at)
        raise InvalidArgument("question_at", shown, f"{points[0].reason}, at every point: mend it")
    return points


def _asked(question_at: Callable[..., Question], parameters: Parameters) -> Point:
    try:
        question = question_at(**parameters)
    except tuple(_STATES) as error:
        return _without_answer(parameters, error)
    except Exception as error:  # whatever the caller's code raises at one point, the others go on
        reason = " ".join(f"{RAISED}{type(error).__name__}: {error}".split())
        return Point(parameters, FAILED, reason=reason)
    try:
        answer = ask(question)
    except tuple(_STATES) as error:
        return _without_answer(parameters, error)
    return Point(
        parameters,
        answer.status,
        lower=answer.lower,
        upper=Fraction(answer.upper),
        kind="law",
        active=answer.tight,
        contact=answer.describe(),
    )


def _without_answer(parameters: Parameters, error: Exception) -> Point:
    status = next(state for kind, state in _STATES.items() if isinstance(error, kind))
    return Point(parameters, status, reason=" ".join(str(error).split()))
