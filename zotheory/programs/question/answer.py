"""Answers: the certified optimum of a question, a law that reaches it, and which laws do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument, SolverFailure, ZotheoryError
from zotheory.programs.contact import Membership
from zotheory.programs.question.atoms import best_law
from zotheory.programs.question.bound import least_half, lower_bound
from zotheory.programs.question.faults import Unbounded
from zotheory.programs.question.finite import FiniteCertificate, solve_finite
from zotheory.programs.question.polynomials import at_points, largest, rescaled
from zotheory.programs.question.question import Question, as_floats
from zotheory.programs.question.squares import SquaresCertificate
from zotheory.types import FloatArray
from zotheory.validation import check_count, check_fraction, check_weights

# Relative gap up to which an answer is called certified, and the violation of a moment that a law may have.
CERTIFIED_GAP, FEASIBLE = 1e-5, 1e-7
# A multiplier is zero if it changes the bound by less than this part of it.
NEGLIGIBLE = 1e-5
# How often the degree of the squares is raised, by two, where the bound does not meet the law.
RAISES = 1
MOST_SHOWN = 12


@dataclass(frozen=True)
class Answer:
    """An answered question.

    Attributes:
        question: what was asked.
        status: "certified" (the law's value is within 1e-5 of the proved bound) or "numeric" (it is not).
        lower: proved lower bound for every feasible law, an exact fraction.
        upper: objective of the law below; exact for a finite support, else feasible up to ``violation``.
        points: atoms of the law, shape (m, k).
        regions: which region each atom lies in, shape (m,).
        weights: their masses, shape (m,).
        violation: largest violation of a moment by the law, relative.
        contact_points: points where the residual vanishes, to the accuracy of the multipliers: every
            optimal law lives on the zeros of the residual, of which these were found. Shape (c, k).
        contact_regions: the region of each, shape (c,).
        tight: inequality constraints that an optimal law must meet with equality.
        certificate: multipliers and proof; `verify` checks them again.
    """

    question: Question
    status: str
    lower: Fraction
    upper: float | Fraction
    points: FloatArray
    regions: np.ndarray
    weights: FloatArray
    violation: float
    contact_points: FloatArray
    contact_regions: np.ndarray
    tight: tuple[str, ...]
    certificate: SquaresCertificate | FiniteCertificate

    @property
    def value(self) -> float:
        """The optimum as a float: the law's objective."""
        return float(self.upper)

    @property
    def gap(self) -> float:
        """(upper - lower) relative to the optimum; where that is smaller, to one or the objective's largest
        coefficient in the scales of its variables, whichever is less."""
        return float(self.upper - self.lower) / _size(self.question, self.value)

    def residual(self, region: int = 0) -> Any:
        """Return the residual f - y_0 - sum_j y_j g_j on a region as a sympy expression: an optimal law
        lives where it vanishes."""
        import sympy

        certificate = self.certificate
        moments = zip(certificate.multipliers, self.question.moments, strict=True)
        put = dict(self.question.regions[region].where)
        exact = lambda x: sympy.Rational(x.numerator, x.denominator)  # noqa: E731
        total = sympy.sympify(self.question.objective) - exact(certificate.constant)
        return sympy.expand(sympy.Add(total, *(-exact(y) * m.polynomial for y, m in moments)).subs(put))

    def describe(self) -> str:
        """Return the necessary and sufficient condition for optimality in words, with the points found.

        Where the bound is not known to be the optimum, the condition is sufficient only, as the words say.
        """
        # Neighbouring regions share points; -0.0 and 1e-17 are 0.
        rounded = np.unique(np.round(self.contact_points, 5) + 0.0, axis=0)
        rows = [", ".join(f"{x:.6g}" for x in point) for point in rounded[:MOST_SHOWN]]
        names = ", ".join(map(str, self.question.variables))
        more = "" if len(rounded) <= MOST_SHOWN else f" and {len(rounded) - MOST_SHOWN} more points found"
        law = (
            f"A feasible law is optimal if and only if the residual vanishes almost surely{self._tightly}."
        )
        if self.status != "certified":
            return (
                f"A feasible law for which the residual vanishes almost surely{self._tightly} is optimal. "
                "Others may be: the bound is not known to be the optimum."
            )
        if not rows:
            return law
        return f"{law} It vanishes at ({names}) = ({'), ('.join(rows)}){more}."

    @property
    def _tightly(self) -> str:
        return f", and {' and '.join(self.tight)} with equality" if self.tight else ""

    def membership(
        self,
        points: Sequence[Sequence[Any]],
        weights: Sequence[Any],
        regions: Sequence[int] | None = None,
        tolerance: float = 1e-6,
    ) -> Membership:
        """Decide whether a law with finitely many atoms is optimal.

        Args:
            points: its atoms, shape (m, k), numbers.
            weights: its masses.
            regions: which region each atom lies in; by default the first.
            tolerance: relative, in the constraints and the objective; the certified gap is added to it.

        Raises:
            InvalidArgument: shapes that do not fit, or weights that are no masses.
        """
        check_fraction(tolerance, "tolerance", open_interval=False)
        rows = np.asarray(points, dtype=float)
        if rows.ndim != 2 or rows.shape[1] != len(self.question.variables):
            raise InvalidArgument("points", points, f"give rows of {len(self.question.variables)} numbers")
        masses = np.asarray(check_weights(weights, "weights", len(rows)), dtype=float)
        where = np.zeros(len(rows), dtype=int) if regions is None else np.asarray(regions, dtype=int)
        reasons = self._infeasibilities(rows, masses, where, tolerance)
        cost = self._mean(lambda piece: piece.objective, rows, masses, where)
        excess = (cost - float(self.lower)) / _size(self.question, self.value)
        if excess > tolerance + max(self.gap, 0.0):
            reasons.append(f"its objective exceeds the optimum by {excess:.3g} relative")
        return Membership(not reasons, excess, tuple(reasons))

    def _infeasibilities(
        self, rows: FloatArray, masses: FloatArray, where: np.ndarray, tolerance: float
    ) -> list[str]:
        found = []
        if self.question.points is not None:
            known = as_floats(self.question.points)
            if any(np.abs(known - row).max(axis=1).min() > tolerance for row in rows[masses > 0]):
                found.append("an atom lies outside the support")
        for j, moment in enumerate(self.question.moments):
            mean = self._mean(lambda piece, j=j: piece.moments[j], rows, masses, where)
            off = mean - float(moment.value)
            broken = {"==": abs(off), "<=": off, ">=": -off}[moment.relation]
            if broken > tolerance * max(abs(float(moment.value)), 1.0):
                found.append(f"{moment.name} is broken: the mean is {mean:.6g}")
        for region, piece in enumerate(self.question.pieces):
            inside = rows[(where == region) & (masses > 0)]
            for h, text in zip(piece.nonnegative, self.question.regions[region].nonnegative, strict=True):
                if len(inside) and at_points(h, inside).min() < -tolerance:
                    found.append(f"an atom has {text} < 0")
        return found

    def _mean(self, of: Any, rows: FloatArray, masses: FloatArray, where: np.ndarray) -> float:
        total = 0.0
        for region, piece in enumerate(self.question.pieces):
            chosen = where == region
            if chosen.any():
                total += float(masses[chosen] @ at_points(of(piece), rows[chosen]))
        return total


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
    gap = (law.value - float(certificate.lower)) / _size(question, law.value)
    good = gap <= CERTIFIED_GAP and law.residual <= FEASIBLE
    return Answer(
        question,
        "certified" if good else "numeric",
        certificate.lower,
        law.value,
        law.points,
        law.regions,
        law.weights,
        law.residual,
        contact,
        contact_regions,
        _tight(certificate),
        certificate,
    )


def _finite(question: Question) -> Answer:
    found = solve_finite(question)
    points = as_floats(question.points)
    support = [i for i, _ in found.support]
    contact = np.array([i for i, r in enumerate(found.residuals()) if r == 0], dtype=int)
    gap = float(found.upper - found.lower) / _size(question, float(found.upper))
    return Answer(
        question,
        "certified" if gap <= CERTIFIED_GAP else "numeric",
        found.lower,
        found.upper,
        points[support],
        np.zeros(len(support), dtype=int),
        np.array([float(mass) for _, mass in found.support]),
        0.0,
        points[contact],
        np.zeros(len(contact), dtype=int),
        _tight(found),
        found,
    )


def _size(question: Question, value: float) -> float:
    # An optimum may be 0, so that gaps need another measure; 1 is none for an objective of size 1e-8.
    largest_each = (largest(rescaled(piece.objective, question.scales)) for piece in question.pieces)
    return max(abs(value), min(float(max(largest_each)), 1.0))


def _tight(certificate: SquaresCertificate | FiniteCertificate) -> tuple[str, ...]:
    scale = _size(certificate.question, float(certificate.lower))
    pairs = zip(certificate.multipliers, certificate.question.moments, strict=True)
    return tuple(
        moment.name
        for y, moment in pairs
        if moment.relation != "=="
        and abs(float(y)) * max(abs(float(moment.value)), 1.0) > NEGLIGIBLE * scale
    )
