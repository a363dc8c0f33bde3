"""Questions on a finite support: linear programs, answered exactly.

Every solver's multipliers y give an exact lower bound: y_0 = min over the points of f - sum_j y_j g_j is
taken in rational arithmetic. The law is the basic solution of its columns, by exact elimination.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from zotheory.errors import SolverFailure
from zotheory.programs.question.faults import Infeasible
from zotheory.programs.question.polynomials import at_exact
from zotheory.programs.question.question import Question
from zotheory.programs.question.squares import signs_hold
from zotheory.programs.solvers import LinearProgram, solve_linear

Row = tuple[Fraction, ...]


@dataclass(frozen=True)
class FiniteCertificate:
    """A lower bound and a feasible law over the points of a finite support.

    Attributes:
        question: what was asked.
        constant: y_0.
        multipliers: y_j, one for each moment constraint.
        support: indices of the law's points, with their exact masses.
    """

    question: Question
    constant: Fraction
    multipliers: Row
    support: tuple[tuple[int, Fraction], ...]

    @property
    def lower(self) -> Fraction:
        """y_0 + sum_j y_j b_j."""
        pairs = zip(self.multipliers, self.question.moments, strict=True)
        return self.constant + sum((y * moment.value for y, moment in pairs), Fraction(0))

    @property
    def upper(self) -> Fraction:
        """E[objective] of the law."""
        (piece,), points = self.question.pieces, self.question.points
        return sum((mass * at_exact(piece.objective, points[i]) for i, mass in self.support), Fraction(0))

    def residuals(self) -> list[Fraction]:
        """Return r at every point of the support."""
        (piece,) = self.question.pieces
        return [
            at_exact(piece.objective, x)
            - self.constant
            - sum(y * at_exact(g, x) for y, g in zip(self.multipliers, piece.moments, strict=True))
            for x in self.question.points
        ]

    def verify(self) -> bool:
        """Check everything again from the stored fractions alone, in exact arithmetic."""
        (piece,), points = self.question.pieces, self.question.points
        if not signs_hold(self.question, self.multipliers) or any(r < 0 for r in self.residuals()):
            return False
        if any(mass < 0 for _, mass in self.support) or sum(mass for _, mass in self.support) != 1:
            return False
        for g, moment in zip(piece.moments, self.question.moments, strict=True):
            mean = sum((mass * at_exact(g, points[i]) for i, mass in self.support), Fraction(0))
            good = {"==": mean == moment.value, "<=": mean <= moment.value, ">=": mean >= moment.value}
            if not good[moment.relation]:
                return False
        return True


def solve_finite(question: Question) -> FiniteCertificate:
    """Answer a question on a finite support.

    Raises:
        Infeasible: no law on these points has the moments.
        SolverFailure: no basic solution could be made exact.
    """
    (piece,), points, moments = question.pieces, question.points, question.moments
    costs = [at_exact(piece.objective, x) for x in points]
    table = [[at_exact(g, x) for x in points] for g in piece.moments]
    equal = [moment.relation == "==" for moment in moments]
    sign = [-1 if moment.relation == ">=" else 1 for moment in moments]
    floats = np.array([[float(x) for x in row] for row in table]).reshape(len(moments), len(points))
    values, signs = np.array([float(m.value) for m in moments]), np.array(sign, dtype=float)
    chosen = np.array(equal, dtype=bool)
    program = LinearProgram(
        np.array([float(c) for c in costs]),
        np.vstack([np.ones(len(points)), floats[chosen]]),
        np.concatenate([[1.0], values[chosen]]),
        (signs[:, None] * floats)[~chosen],
        (signs * values)[~chosen],
    )
    try:
        answer = solve_linear(program, "highs")
    except SolverFailure as error:
        if "infeasible" in str(error):
            raise Infeasible("no law on these points has the moments that are asked for") from error
        raise
    duals = np.zeros(len(moments))
    duals[chosen] = answer.equality_duals[1:]
    duals[~chosen] = -signs[~chosen] * answer.inequality_duals
    support = _exact_law(question, table, np.flatnonzero(answer.weights > 1e-10), answer.weights)
    best: FiniteCertificate | None = None
    # Optimal multipliers are rational with small denominators more often than not.
    for largest in (1, 60, 10**4, 10**9):
        y = tuple(Fraction(float(x)).limit_denominator(largest) for x in duals)
        if not signs_hold(question, y):
            continue
        reduced = [
            c - sum(a * row[i] for a, row in zip(y, table, strict=True)) for i, c in enumerate(costs)
        ]
        found = FiniteCertificate(question, min(reduced), y, support)
        if best is None or found.lower > best.lower:
            best = found
    if best is None or not best.verify():
        raise SolverFailure("no basic solution could be made exact: drop moments that follow from others")
    return best


def _exact_law(
    question: Question, table: Sequence[Sequence[Fraction]], used: np.ndarray, weights: np.ndarray
) -> tuple[tuple[int, Fraction], ...]:
    """Return the masses of the points used that satisfy all tight constraints exactly."""
    import flint

    moments = question.moments
    rows, right = [[Fraction(1)] * len(used)], [Fraction(1)]
    for moment, row in zip(moments, table, strict=True):
        mean = sum(float(row[i]) * weights[i] for i in used)
        if moment.relation == "==" or abs(mean - float(moment.value)) <= 1e-9 * (1 + abs(mean)):
            rows.append([row[i] for i in used])
            right.append(moment.value)
    width = len(used) + 1
    entries = [
        flint.fmpq(x.numerator, x.denominator)
        for row, b in zip(rows, right, strict=True)
        for x in (*row, b)
    ]
    reduced, rank = flint.fmpq_mat(len(rows), width, entries).rref()
    solved = [[Fraction(int(x.p), int(x.q)) for x in row] for row in reduced.tolist()[:rank]]
    masses = dict.fromkeys(range(len(used)), Fraction(0))
    for row in solved:
        pivot = next(j for j, x in enumerate(row) if x)
        if pivot == len(used):
            raise SolverFailure(
                "the solver's law does not satisfy the constraints exactly: rescale the moments"
            )
        masses[pivot] = row[-1]
    return tuple((int(used[j]), mass) for j, mass in masses.items() if mass)
