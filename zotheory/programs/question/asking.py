"""Asking: a bound, a law and what they say together make an answer."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from zotheory.errors import InvalidArgument, SolverFailure, ZotheoryError
from zotheory.programs.question.answer import Answer, relative_gap
from zotheory.programs.question.atoms import best_law
from zotheory.programs.question.bound import least_half, lower_bound
from zotheory.programs.question.faults import Unbounded
from zotheory.programs.question.finite import solve_finite
from zotheory.programs.question.moments import check_consistent
from zotheory.programs.question.question import Question, as_floats
from zotheory.programs.question.zero import zero_of
from zotheory.validation import check_count

# Relative gap up to which an answer is called certified, and the violation of a moment that a law may have.
CERTIFIED_GAP, FEASIBLE = 1e-5, 1e-7
# Violations up to it are rounding of the sums.
ROUNDING = 1e-14
# A multiplier is zero if it changes the bound by less than this part of it.
NEGLIGIBLE = 1e-5
# How often the degree of the squares is raised, by two, where the bound does not meet the law.
RAISES = 1


def ask(question: Question, half_degree: int | None = None) -> Answer:
    """Answer a question: certify its optimum, find a law, and where optimal laws live.

    A finite support is answered exactly. Otherwise the bound is proved with sums of squares in rational
    arithmetic, and is a theorem whatever the solver did; it is the best of its degree, which on compact
    supports tends to the optimum as the degree grows.

    Args:
        question: what to answer.
        half_degree: half of the degree of the squares; by default the least that the question needs, and
            one more where that does not certify the law. Raise it where the status is "numeric".

    Raises:
        InvalidArgument: not a question, or half_degree below what the polynomials need.
        Unbounded: no lower bound: the objective is, or may be, unbounded below on the support.
        Infeasible: no law on the support has the moments.
        SolverFailure: nothing that the solver returned could be made exact.
    """
    if not isinstance(question, Question):
        raise InvalidArgument("question", question, "give a Question, such as in_the_plane(16, S*(S + T))")
    if half_degree is not None and check_count(half_degree, "half_degree") < least_half(question):
        raise InvalidArgument("half_degree", half_degree, f"give at least {least_half(question)}")
    check_consistent(question)
    if question.points is not None:
        return _finite(question)
    least = least_half(question)
    halves = range(least, least + RAISES + 1) if half_degree is None else (half_degree,)
    answers, failures = list[Answer](), list[ZotheoryError]()
    for half in halves:
        try:
            answers.append(_continuous(question, half))
        except (Unbounded, SolverFailure) as error:  # squares of a higher degree may do
            failures.append(error)
            continue
        if answers[-1].status == "certified":
            break
    if not answers:
        raise failures[0]
    return min(answers, key=lambda answer: answer.gap)


def ask_each(questions: Mapping[str, Question]) -> dict[str, Answer | ZotheoryError]:
    """Answer several questions; what is wrong with one is recorded in its place, and the others go on.

    Args:
        questions: by name.

    Returns:
        For each name its answer, or the error that `ask` raised: `Unbounded`, `Infeasible` or another.
    """
    found: dict[str, Answer | ZotheoryError] = {}
    for name, question in questions.items():
        try:
            found[name] = ask(question)
        except ZotheoryError as error:
            found[name] = error
    return found


def _continuous(question: Question, half: int) -> Answer:
    certificate = lower_bound(question, half)
    law, contact, contact_regions = best_law(question, certificate)
    answer = Answer(
        question,
        "numeric",
        certificate.lower,
        law.value,
        law.points,
        law.regions,
        law.weights,
        0.0,
        contact,
        contact_regions,
        (),
        certificate,
    )
    violation = _violation(answer)
    tight = _tight(answer)
    if violation <= FEASIBLE and answer.gap <= CERTIFIED_GAP:
        return replace(answer, status="certified", violation=violation, tight=tight)
    zero = zero_of(answer)
    if zero is not None:
        return replace(answer, status="certified", lower=Fraction(0), upper=Fraction(0), **vars(zero))
    return replace(answer, violation=violation, tight=tight)


def _finite(question: Question) -> Answer:
    found = solve_finite(question)
    points = as_floats(question.points)
    support = [i for i, _ in found.support]
    contact = np.array([i for i, r in enumerate(found.residuals()) if r == 0], dtype=int)
    answer = Answer(
        question,
        "certified" if relative_gap(found.upper, found.lower) <= CERTIFIED_GAP else "numeric",
        found.lower,
        found.upper,
        points[support],
        np.zeros(len(support), dtype=int),
        np.array([float(mass) for _, mass in found.support]),
        0.0,
        points[contact],
        np.zeros(len(contact), dtype=int),
        (),
        found,
    )
    return replace(answer, tight=_tight(answer))


def _violation(answer: Answer) -> float:
    worst = 0.0
    for j, moment in enumerate(answer.question.moments):
        mean = answer.mean(
            lambda piece, j=j: piece.moments[j], answer.points, answer.weights, answer.regions
        )
        off = mean - float(moment.value)
        broken = max(0.0, {"==": abs(off), "<=": off, ">=": -off}[moment.relation])
        size = max(abs(float(moment.value)), answer.mean_size(lambda piece, j=j: piece.moments[j]))
        worst = max(worst, broken / size if size else 0.0)
    return worst if worst > ROUNDING else 0.0


def _tight(answer: Answer) -> tuple[str, ...]:
    certificate = answer.certificate
    scale = max(abs(answer.value), answer.mean_size(lambda piece: piece.objective))
    pairs = zip(certificate.multipliers, answer.question.moments, strict=True)
    return tuple(
        moment.name
        for j, (y, moment) in enumerate(pairs)
        if moment.relation != "=="
        and abs(float(y)) * answer.mean_size(lambda piece, j=j: piece.moments[j]) > NEGLIGIBLE * scale
    )
