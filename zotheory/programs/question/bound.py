"""The semidefinite program behind a lower bound: multipliers and squares proposed, rounded, and checked."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from zotheory.errors import SolverFailure
from zotheory.programs.question.faults import Infeasible, Unbounded
from zotheory.programs.question.polynomials import degree, largest, rescaled
from zotheory.programs.question.question import Question
from zotheory.programs.question.squares import BITS, SquaresCertificate, Template
from zotheory.programs.solvers import solve_model

SOLVER = "clarabel"
# How far inside the cone matrices are kept, relative to the objective: the least that survives rounding.
MARGINS = (1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4)
# What a program without a solution is called: then nothing bounds the objective, or everything does.
NONE = ("infeasible", "infeasible_inaccurate")
TOO_MANY = ("unbounded", "unbounded_inaccurate")


def lower_bound(question: Question, half: int | None = None) -> SquaresCertificate:
    """Return a certified lower bound on the optimum, about the best of its degree.

    Args:
        question: with regions.
        half: half of the degree of the squares; by default what the polynomials need.

    Raises:
        Unbounded: no multipliers bound the objective from below with squares of this degree.
        Infeasible: every number is a lower bound: no law has these moments.
        SolverFailure: nothing that the solver returned could be made exact.
    """
    model = _Model(question, least_half(question) if half is None else half)
    best: SquaresCertificate | None = None
    for margin in MARGINS:
        found = model.solve(margin)
        if found is not None and found.verify():
            best = found
            break
    if best is None:
        raise SolverFailure(
            "no multipliers could be made exact: bound the support, set scales to typical sizes of the "
            "variables, or raise the degree"
        )
    return best


def least_half(question: Question) -> int:
    """Return half of the least even degree that holds every polynomial of the question."""
    polynomials = [
        p for piece in question.pieces for p in (piece.objective, *piece.moments, *piece.nonnegative)
    ]
    return max(1, (max(map(degree, polynomials)) + 1) // 2)


class _Model:
    """In scaled variables, objective and moments divided by their largest coefficients."""

    def __init__(self, question: Question, half: int) -> None:
        import cvxpy as cp

        self.question, self.half = question, half
        self.templates = [Template.of(piece, question.scales, half) for piece in question.pieces]
        scaled = [rescaled(piece.objective, question.scales) for piece in question.pieces]
        self.unit = max(map(largest, scaled))
        self.sizes = [
            max(largest(rescaled(piece.moments[j], question.scales)) for piece in question.pieces)
            for j in range(len(question.moments))
        ]
        values = [float(m.value / size) for m, size in zip(question.moments, self.sizes, strict=True)]
        self.margin = cp.Parameter(nonneg=True)
        self.constant, self.multipliers = cp.Variable(), cp.Variable(max(len(values), 1))
        constraints: list[Any] = []
        for j, moment in enumerate(question.moments):
            if moment.relation != "==":
                sign = -1 if moment.relation == "<=" else 1
                constraints.append(sign * self.multipliers[j] >= 0)
        self.matrices = [self._region(index, constraints) for index in range(len(question.pieces))]
        target = self.constant
        if values:
            target = target + np.array(values) @ self.multipliers
        else:
            constraints.append(self.multipliers == 0)
        self.problem = cp.Problem(cp.Maximize(target), constraints)

    def _region(self, index: int, constraints: list[Any]) -> list[Any]:
        """Add one region's identity, coefficient by coefficient; return its matrices."""
        import cvxpy as cp
        from scipy.sparse import coo_matrix

        piece, template = self.question.pieces[index], self.templates[index]
        scales = self.question.scales
        objective = rescaled(piece.objective, scales)
        moments = [rescaled(g, scales) for g in piece.moments]
        count = len(scales)
        rows = {entry[3] for entry in template.entries} | set(objective) | {(0,) * count}
        rows |= {powers for g in moments for powers in g}
        row_of = {powers: i for i, powers in enumerate(sorted(rows))}
        left = np.zeros(len(rows))
        for powers, c in objective.items():
            left[row_of[powers]] = float(c / self.unit)
        table = np.zeros((len(rows), max(len(moments), 1)))
        for j, g in enumerate(moments):
            for powers, c in g.items():
                table[row_of[powers], j] = float(c / self.sizes[j])
        one = np.zeros(len(rows))
        one[row_of[(0,) * count]] = 1.0
        matrices, total = [], one * self.constant + table @ self.multipliers
        for term, basis in enumerate(template.bases):
            size = len(basis)
            if not size:
                matrices.append(None)
                continue
            items = [x for x in template.entries if x[0] == term]
            places = [row_of[x[3]] for x in items], [x[1] * size + x[2] for x in items]
            linear = coo_matrix(
                ([float(x[4]) for x in items], places), shape=(len(rows), size * size)
            ).tocsr()
            matrix = cp.Variable((size, size), PSD=True)
            inside = self.margin * (linear @ np.eye(size).reshape(-1))
            total = total + linear @ cp.reshape(matrix, (size * size,), order="C") + inside
            matrices.append(matrix)
        constraints.append(total == left)
        return matrices

    def solve(self, margin: float) -> SquaresCertificate | None:
        self.margin.value = margin
        try:
            solve_model(self.problem, SOLVER)
        except SolverFailure:
            if self.problem.status in NONE:
                raise Unbounded(
                    f"no lower bound was found with squares of degree {2 * self.half}: the objective may "
                    "be unbounded below on this support; bound the support (for example, with R^2 - |v|^2 "
                    "among its non-negative polynomials), add a moment constraint, or raise the degree"
                ) from None
            if self.problem.status in TOO_MANY:
                raise Infeasible(
                    "no law on this support has these moments: its objective would be above every number"
                ) from None
            return None
        unit, sizes = self.unit, self.sizes
        y = [_fraction(x) for x in np.atleast_1d(np.asarray(self.multipliers.value, dtype=float))]
        multipliers = []
        for moment, x, size in zip(self.question.moments, y, sizes, strict=False):
            sign = {"==": x, "<=": min(x, Fraction(0)), ">=": max(x, Fraction(0))}[moment.relation]
            multipliers.append(sign * unit / size)
        constant = _fraction(float(self.constant.value)) * unit  # type: ignore[arg-type]
        trial = SquaresCertificate(self.question, constant, tuple(multipliers), ())
        squares = []
        for piece, template, matrices in zip(
            self.question.pieces, self.templates, self.matrices, strict=True
        ):
            residual = rescaled(trial.residual(piece), self.question.scales)
            # Matrices are in units of the objective's largest coefficient.
            values = [_inside(m, margin) for m in matrices]
            terms = template.rounded(values, residual, unit)
            if terms is None:
                return None
            squares.append(terms)
        return SquaresCertificate(self.question, constant, tuple(multipliers), tuple(squares))


def _inside(matrix: Any, margin: float) -> Sequence[Sequence[float]]:
    if matrix is None:
        return []
    value = np.asarray(matrix.value, dtype=float)
    return ((value + value.T) / 2 + margin * np.eye(len(value))).tolist()


def _fraction(x: float) -> Fraction:
    return Fraction(round(x * 2**BITS), 2**BITS)
