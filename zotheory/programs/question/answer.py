"""Answers: the certified optimum of a question, a law that reaches it, and which laws do."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument, SolverFailure, ZotheoryError
from zotheory.programs.contact import Membership
from zotheory.programs.question.atoms import best_law
from zotheory.programs.question.bound import least_half, lower_bound
from zotheory.programs.question.faults import Unbounded
from zotheory.programs.question.finite import FiniteCertificate, solve_finite
from zotheory.programs.question.moments import check_consistent
from zotheory.programs.question.polynomials import Polynomial, at_exact, at_points
from zotheory.programs.question.question import Question, as_floats
from zotheory.programs.question.squares import SquaresCertificate
from zotheory.types import FloatArray
from zotheory.validation import check_count, check_fraction, check_weights

# Relative gap up to which an answer is called certified, and the violation of a moment that a law may have.
CERTIFIED_GAP, FEASIBLE = 1e-5, 1e-7
# Denominators of atoms that are tried where the optimum may be exactly 0.
SMALL = 1000
# Violations up to it are rounding of the sums.
ROUNDING = 1e-14
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
        status: "certified" (the law's value is within 1e-5 of the proved bound, relative to itself, or the
            optimum is exactly 0, and its moments are within 1e-7 of those asked for) or "numeric".
        lower: proved lower bound for every feasible law, an exact fraction.
        upper: objective of the law below; exact for a finite support, else feasible up to ``violation``.
        points: atoms of the law, shape (m, k).
        regions: which region each atom lies in, shape (m,).
        weights: their masses, shape (m,).
        violation: largest violation of a moment by the law, relative to the mean size of its terms; what
            is not 0 here leaves open whether a law with exactly these moments exists.
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
        """(upper - lower) relative to the optimum; infinite if they differ and the law's objective is 0."""
        return _relative(self.upper, self.lower)

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
        within = ""
        if self.violation > 0:
            within = f" Certified for moments within {self.violation:.1g}, relative, of those asked for."
        # Only an objective that is nowhere negative has this answer from regions.
        zero = self.upper == self.lower == 0 and isinstance(self.certificate, SquaresCertificate)
        what = "objective" if zero else "residual"
        if self.status != "certified":
            return (
                f"A feasible law for which the residual vanishes almost surely{self._tightly} is optimal. "
                "Others may be: the bound is not known to be the optimum."
                + (f" The law found misses the moments by {self.violation:.1g}." if self.violation else "")
            )
        if not rows:
            return f"No point was found at which the residual vanishes.{within}"
        return (
            f"A feasible law is optimal if and only if the {what} vanishes almost surely{self._tightly}. "
            f"Among the points found, it vanishes at ({names}) = ({'), ('.join(rows)}){more}.{within}"
        )

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
        size = abs(self.value) or self._mean_size(lambda piece: piece.objective) or 1.0
        excess = (cost - float(self.lower)) / size
        if excess > tolerance + max(float(self.upper - self.lower), 0.0) / size:
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
            terms = self._size_under(lambda piece, j=j: piece.moments[j], rows, masses, where)
            if broken > tolerance * max(abs(float(moment.value)), terms):
                found.append(f"{moment.name} is broken: the mean is {mean:.6g}")
        for region, piece in enumerate(self.question.pieces):
            inside = rows[(where == region) & (masses > 0)]
            for h, text in zip(piece.nonnegative, self.question.regions[region].nonnegative, strict=True):
                if len(inside) and at_points(h, inside).min() < -tolerance:
                    found.append(f"an atom has {text} < 0")
        return found

    def _mean_size(self, of: Any) -> float:
        """Return the size of a polynomial's terms under the law."""
        return self._size_under(of, self.points, self.weights, self.regions)

    def _size_under(self, of: Any, rows: FloatArray, masses: FloatArray, where: np.ndarray) -> float:
        # On the axes x y is 0 and no measure of itself: the terms at the root mean squares count too.
        mean = self._mean(lambda piece: _sizes(of(piece)), abs(rows), masses, where)
        typical = np.sqrt(masses @ rows**2)[None]
        return max(
            mean, *(float(at_points(_sizes(of(piece)), typical)[0]) for piece in self.question.pieces)
        )

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
    zero = _zero(answer)
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
        "certified" if _relative(found.upper, found.lower) <= CERTIFIED_GAP else "numeric",
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


def _relative(upper: float | Fraction, lower: Fraction) -> float:
    gap = float(upper - lower)
    return gap / abs(float(upper)) if upper else math.inf if gap else 0.0


def _sizes(polynomial: Polynomial) -> Polynomial:
    return {powers: abs(c) for powers, c in polynomial.items()}


def _violation(answer: Answer) -> float:
    worst = 0.0
    for j, moment in enumerate(answer.question.moments):
        mean = answer._mean(
            lambda piece, j=j: piece.moments[j], answer.points, answer.weights, answer.regions
        )
        off = mean - float(moment.value)
        broken = max(0.0, {"==": abs(off), "<=": off, ">=": -off}[moment.relation])
        size = max(abs(float(moment.value)), answer._mean_size(lambda piece, j=j: piece.moments[j]))
        worst = max(worst, broken / size if size else 0.0)
    return worst if worst > ROUNDING else 0.0


@dataclass(frozen=True)
class _Zero:
    """A law whose objective is exactly 0 where it is nowhere negative, and points where it vanishes."""

    points: FloatArray
    regions: np.ndarray
    weights: FloatArray
    contact_points: FloatArray
    contact_regions: np.ndarray


def _zero(answer: Answer) -> _Zero | None:
    """Return a law whose objective is exactly 0, if the objective is nowhere negative and there is one.

    It is nowhere negative if on each region it is a constant above 0 times squares and polynomials of the
    region. The law's atoms are points that were found, rounded to small denominators, all in one region;
    everything is decided in exact arithmetic.
    """
    import sympy

    question, laws, touching = answer.question, list[tuple[int, FiniteCertificate]](), []
    points = np.vstack([answer.points, answer.contact_points])
    regions = np.concatenate([answer.regions, answer.contact_regions])
    for index, (region, piece) in enumerate(zip(question.regions, question.pieces, strict=True)):
        put = dict(region.where)
        if not _never_negative(question, index):
            return None
        rows = [
            tuple(Fraction(float(x)).limit_denominator(SMALL) for x in row)
            for row in points[regions == index]
        ]
        rows = [row for row in dict.fromkeys(rows) if all(at_exact(h, row) >= 0 for h in piece.nonnegative)]
        rows = [row for row in rows if at_exact(piece.objective, row) == 0]
        if not rows:
            continue
        touching += [(index, row) for row in rows]
        moments = [replace(m, polynomial=sympy.sympify(m.polynomial).subs(put)) for m in question.moments]
        with suppress(ZotheoryError):
            found = solve_finite(Question(question.variables, Fraction(0), moments, points=rows))
            laws.append((index, found))
    if not laws:
        return None
    index, found = laws[0]
    support = [i for i, _ in found.support]
    return _Zero(
        as_floats(found.question.points)[support],
        np.full(len(support), index),
        np.array([float(mass) for _, mass in found.support]),
        as_floats([row for _, row in touching]),
        np.array([i for i, _ in touching]),
    )


def _never_negative(question: Question, index: int) -> bool:
    import sympy

    region = question.regions[index]
    exact = sympy.nsimplify(sympy.sympify(question.objective).subs(dict(region.where)), rational=True)
    factored: Any = sympy.factor_list(exact, *question.variables)
    content, factors = factored
    sides = [sympy.nsimplify(sympy.sympify(h), rational=True) for h in region.nonnegative]
    for factor, power in factors:
        if power % 2 == 0:
            continue
        ratios = [sympy.cancel(factor / h) for h in sides if h != 0]
        constant = [ratio for ratio in ratios if ratio.is_Rational and ratio != 0]
        if not constant:
            return False
        content = content * sympy.sign(constant[0])
    return bool(content >= 0)


def _tight(answer: Answer) -> tuple[str, ...]:
    certificate = answer.certificate
    scale = max(abs(answer.value), answer._mean_size(lambda piece: piece.objective))
    pairs = zip(certificate.multipliers, answer.question.moments, strict=True)
    return tuple(
        moment.name
        for j, (y, moment) in enumerate(pairs)
        if moment.relation != "=="
        and abs(float(y)) * answer._mean_size(lambda piece, j=j: piece.moments[j]) > NEGLIGIBLE * scale
    )
