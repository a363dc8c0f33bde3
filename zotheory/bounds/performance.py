"""Worst cases of a few steps by performance estimation: the largest value any smooth function allows.

For a law with finitely many atoms v_j, T steps x+ = x - eta v v^T grad f(x) (two-point estimates, mu -> 0)
visit finitely many points. An L-smooth function enters only through its values f_i and gradients g_i there,
and values and gradients belong to one L-smooth (convex) function iff the interpolation inequalities hold
(Taylor, Hendrickx and Glineur, arXiv 1502.05666). These are quadratic in the N vectors
z = (x_0 - x*, g_0, g_1, ...), so with G = z z^T, of size N d, they are linear in (G, f), and the worst case
over G >= 0 is a semidefinite program.

A solution of rank r is a function on r copies of R^d in which v acts on each copy alike (v v^T times the
identity on R^r). So the value bounds the worst case in R^d from above, and is that worst case at rank one.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, get_args

import numpy as np

from zotheory.bounds.branches import Branches, branches
from zotheory.errors import InvalidArgument, SolverFailure
from zotheory.laws import Law
from zotheory.laws.freezing import Frozen
from zotheory.types import FloatArray
from zotheory.validation import check_count, check_positive, to_float

Measure = Literal["gradient", "value"]
Start = Literal["gap", "distance"]
FunctionClass = Literal["convex", "smooth"]


@dataclass(frozen=True, eq=False)
class WorstCase(Frozen):
    """The answer of `worst_case`.

    Attributes:
        value: the largest measure that the solver found, for a start of size one.
        bound: an upper bound rebuilt from the multipliers; it holds for every function of the class up to
            ``residual`` times the size of the solution.
        residual: how far the rebuilt inequality is from holding exactly: the size of the negative part of
            its matrix, and of the coefficients of the function values that should cancel.
        rank: number of eigenvalues of G above 1e-6 of the largest; the value is reached in R^d itself
            at rank one, on ``rank`` copies of R^d in any case.
        points: number of points visited.
        gram: G, shape (N d, N d), read-only.
    """

    value: float
    bound: float
    residual: float
    rank: int
    points: int
    gram: FloatArray

    def __post_init__(self) -> None:
        self.gram.setflags(write=False)


def worst_case(
    law: Law,
    *,
    smoothness: float,
    step: float,
    steps: int,
    measure: Measure = "gradient",
    start: Start = "gap",
    functions: FunctionClass = "convex",
) -> WorstCase:
    """Return the worst case of SGD with a law of finitely many atoms over all L-smooth functions.

    Args:
        law: a law with finitely many atoms: `Rademacher`, `Coordinate` or `Empirical`, of small dimension.
        smoothness: L, above 0.
        step: eta, above 0.
        steps: T, at least 1; there are up to (number of atoms)^T points.
        measure: "gradient", the mean of E|grad f(x_t)|^2 over t = 0, ..., T - 1, or "value", E f(x_T) - f*.
        start: "gap", f(x_0) - f* <= 1, or "distance", |x_0 - x*|^2 <= 1.
        functions: "convex", or "smooth" for L-smooth functions that are bounded below, convex or not
            (with "gap" only: they need not have a minimiser).

    Raises:
        InvalidArgument: an argument outside its range, a law with infinitely many atoms, too many points.
        SolverFailure: the semidefinite program was not solved.

    >>> from zotheory.laws import Rademacher
    >>> descent = Rademacher(1)  # v v^T = 1: gradient descent, with the worst case 1/(2 (2 T + 1))
    >>> found = worst_case(descent, smoothness=1, step=1, steps=2, measure="value", start="distance")
    >>> round(found.value, 6), found.residual < 1e-6
    (0.1, True)
    """
    curvature = to_float(check_positive(smoothness, "smoothness"), "smoothness")
    size = to_float(check_positive(step, "step"), "step")
    check_count(steps, "steps")
    for name, given, kinds in (
        ("measure", measure, Measure),
        ("start", start, Start),
        ("functions", functions, FunctionClass),
    ):
        if given not in get_args(kinds):
            raise InvalidArgument(name, given, f"give one of {', '.join(get_args(kinds))}")
    if functions == "smooth" and start == "distance":
        raise InvalidArgument("start", start, 'smooth functions need not have a minimiser: give "gap"')
    tree = branches(law, size, steps if measure == "value" else steps - 1, steps)
    rows, columns = _interpolation(tree, curvature, functions)
    first, initial = _initial(tree, start)
    goal, goal_values = _goal(tree, measure)
    return _solve(tree, (rows, columns), (first, initial), (goal, goal_values))


def _interpolation(
    tree: Branches, curvature: float, functions: FunctionClass
) -> tuple[FloatArray, FloatArray]:
    """Return the inequalities <Q_c, G> + q_c . f <= 0, as arrays (c, N d, N d) and (c, points).

    With l the lowest curvature (0 for convex functions, -L otherwise), points i and j, D = x_i - x_j, and
    e = g_i - g_j:
        f_j + g_j.D + (|e|^2/L + l |D|^2 - 2 (l/L) e.D) / (2 (1 - l/L)) - f_i <= 0.
    The minimiser of a convex function is a point with x = g = 0 and f = 0; a lower bound 0 of a smooth
    function that need not be reached asks |g_i|^2/(2 L) - f_i <= 0.
    """
    lowest = 0.0 if functions == "convex" else -curvature
    count = tree.count
    minimiser = [count] if functions == "convex" else []
    rows, columns = [], []
    for i, j in product([*range(count), *minimiser], repeat=2):
        if i == j:
            continue
        x, g = tree.point(i) - tree.point(j), tree.gradient(i) - tree.gradient(j)
        matrix = tree.inner(tree.gradient(j), x)
        scale = 2 * (1 - lowest / curvature)
        matrix += (
            tree.inner(g, g) / curvature
            + lowest * tree.inner(x, x)
            - 2 * lowest / curvature * tree.inner(g, x)
        ) / scale
        rows.append(matrix)
        columns.append(tree.value(j) - tree.value(i))
    if functions == "smooth":
        for i in range(count):
            rows.append(tree.inner(tree.gradient(i), tree.gradient(i)) / (2 * curvature))
            columns.append(-tree.value(i))
    return np.array(rows), np.array(columns)


def _initial(tree: Branches, start: Start) -> tuple[FloatArray, FloatArray]:
    """Return (Q, q) of the quantity <Q, G> + q.f that is at most one at the start."""
    x = tree.point(0)
    if start == "distance":
        return tree.inner(x, x), np.zeros(tree.count)
    return np.zeros((tree.size, tree.size)), tree.value(0)


def _goal(tree: Branches, measure: Measure) -> tuple[FloatArray, FloatArray]:
    """Return (Q, q) of the measure <Q, G> + q.f."""
    matrix, values = np.zeros((tree.size, tree.size)), np.zeros(tree.count)
    for i in range(tree.count):
        if measure == "value" and tree.depth[i] == tree.levels:
            values += tree.probability[i] * tree.value(i)
        elif measure == "gradient":
            g = tree.gradient(i)
            matrix += tree.probability[i] * tree.inner(g, g) / (tree.levels + 1)
    return matrix, values


def _solve(
    tree: Branches,
    inequalities: tuple[FloatArray, FloatArray],
    start: tuple[FloatArray, FloatArray],
    goal: tuple[FloatArray, FloatArray],
) -> WorstCase:
    import cvxpy as cp

    from zotheory.programs.solvers import solve_model

    rows, columns = inequalities
    gram, values = cp.Variable((tree.size, tree.size), PSD=True), cp.Variable(tree.count)
    flat = cp.vec(gram, order="C")
    constraints: list[Any] = [
        rows.reshape(len(rows), -1) @ flat + columns @ values <= 0,
        start[0].ravel() @ flat + start[1] @ values <= 1,
    ]
    problem = cp.Problem(cp.Maximize(goal[0].ravel() @ flat + goal[1] @ values), constraints)
    solve_model(problem, "clarabel")
    multipliers = np.maximum(np.asarray(constraints[0].dual_value, dtype=float), 0)
    height = max(float(constraints[1].dual_value), 0.0)  # type: ignore[arg-type]
    # For every (G, f) that meets the inequalities, weak duality gives
    #     goal <= height + <goal - height start - sum_c y_c Q_c, G> + (the same combination of the q) . f,
    # so goal <= height if minus the matrix is positive semidefinite and the vector is zero.
    matrix = height * start[0] + np.tensordot(multipliers, rows, 1) - goal[0]
    vector = height * start[1] + multipliers @ columns - goal[1]
    lowest = float(np.linalg.eigvalsh((matrix + matrix.T) / 2)[0])
    solution = np.asarray(gram.value, dtype=float)
    spectrum = np.linalg.eigvalsh(solution)
    if not spectrum[-1] > 0:
        raise SolverFailure("clarabel found no function but the constant one: raise step")
    return WorstCase(
        value=float(problem.value),  # type: ignore[arg-type]
        bound=height,
        residual=max(-lowest, float(np.abs(vector).max()), 0.0),
        rank=int(np.sum(spectrum > 1e-6 * spectrum[-1])),
        points=tree.count,
        gram=solution,
    )
