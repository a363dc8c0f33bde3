"""The boundary to convex solvers: cvxpy models in, plain arrays out, every status accounted for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument, SolverFailure
from zotheory.types import FloatArray, Matrix

# What each solver can do, and options that ask for all the accuracy it has.
SOLVERS: dict[str, dict[str, Any]] = {
    "highs": {
        "cvxpy": "HIGHS",
        "semidefinite": False,
        "options": {
            "primal_feasibility_tolerance": 1e-10,
            "dual_feasibility_tolerance": 1e-10,
            # Its threads only wait here: programs are small, and the simplex method is serial.
            "parallel": "off",
        },
    },
    "clarabel": {
        "cvxpy": "CLARABEL",
        "semidefinite": True,
        "options": {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11},
    },
}
ACCEPTED = {"optimal": True, "optimal_inaccurate": False}


@dataclass(frozen=True)
class LinearProgram:
    """min cost.w over w >= 0 with equalities.w = equality_values, inequalities.w <= limits."""

    cost: FloatArray
    equalities: Matrix
    equality_values: FloatArray
    inequalities: Matrix
    limits: FloatArray


@dataclass(frozen=True)
class Answer:
    """Primal and dual solution.

    Attributes:
        weights: w.
        equality_duals: y with cost - equalities^T y + inequalities^T z >= 0.
        inequality_duals: z >= 0.
        value: cost.w as the solver reports it.
        accurate: False where the solver itself called its answer inaccurate.
        matrix_dual: dual of the matrix inequality, for semidefinite programs.
    """

    weights: FloatArray
    equality_duals: FloatArray
    inequality_duals: FloatArray
    value: float
    accurate: bool
    matrix_dual: Matrix | None = None


def solver_version(solver: str) -> str:
    """Return the installed version of a solver."""
    from importlib.metadata import version

    return version({"highs": "highspy", "clarabel": "clarabel"}[solver])


def check_solver(solver: str, *, semidefinite: bool) -> str:
    """Return the solver's name.

    Raises:
        InvalidArgument: an unknown solver, or one that cannot solve this kind of program.
    """
    if solver not in SOLVERS:
        raise InvalidArgument("solver", solver, f"give one of {', '.join(SOLVERS)}")
    if semidefinite and not SOLVERS[solver]["semidefinite"]:
        raise InvalidArgument("solver", solver, 'a semidefinite program needs "clarabel"')
    return solver


def solve_linear(program: LinearProgram, solver: str) -> Answer:
    """Solve a linear program.

    Raises:
        InvalidArgument: an unknown solver.
        SolverFailure: infeasible, unbounded, or stopped without an answer.
    """
    import cvxpy as cp

    check_solver(solver, semidefinite=False)
    w = cp.Variable(program.cost.size, nonneg=True)
    constraints: list[Any] = [program.equalities @ w == program.equality_values]
    if program.limits.size:
        constraints.append(program.inequalities @ w <= program.limits)
    problem = cp.Problem(cp.Minimize(program.cost @ w), constraints)
    accurate = solve_model(problem, solver)
    # cvxpy's Lagrangian adds y.(Ew - e); ours subtracts it.
    duals = [np.atleast_1d(np.asarray(c.dual_value, dtype=float)) for c in constraints]
    return Answer(
        weights=np.maximum(np.asarray(w.value, dtype=float), 0.0),
        equality_duals=-duals[0],
        inequality_duals=np.maximum(duals[1], 0.0) if len(duals) > 1 else np.zeros(0),
        value=float(problem.value),  # type: ignore[arg-type]
        accurate=accurate,
    )


def solve_worst_case(program: LinearProgram, matrices: FloatArray, solver: str) -> Answer:
    """Solve min cost.w + tau over w >= 0 with sum_j w_j matrices[j] <= tau I, a semidefinite program.

    Args:
        program: the linear part.
        matrices: shape (n, d, d), symmetric.
        solver: one that can solve semidefinite programs.

    Returns:
        The answer; ``matrix_dual`` is positive semidefinite with trace one.

    Raises:
        InvalidArgument: an unknown or unfit solver.
        SolverFailure: infeasible, unbounded, or stopped without an answer.
    """
    import cvxpy as cp

    check_solver(solver, semidefinite=True)
    size = matrices.shape[1]
    w, tau = cp.Variable(program.cost.size, nonneg=True), cp.Variable()
    total = cp.reshape(matrices.reshape(len(matrices), -1).T @ w, (size, size), order="C")
    slack = tau * np.eye(size) - total
    matrix_inequality = (slack + slack.T) / 2 >> 0
    constraints: list[Any] = [program.equalities @ w == program.equality_values, matrix_inequality]
    if program.limits.size:
        constraints.append(program.inequalities @ w <= program.limits)
    problem = cp.Problem(cp.Minimize(program.cost @ w + tau), constraints)
    accurate = solve_model(problem, solver)
    limits = constraints[2].dual_value if len(constraints) > 2 else np.zeros(0)
    return Answer(
        weights=np.maximum(np.asarray(w.value, dtype=float), 0.0),
        equality_duals=-np.atleast_1d(np.asarray(constraints[0].dual_value, dtype=float)),
        inequality_duals=np.maximum(np.atleast_1d(np.asarray(limits, dtype=float)), 0.0),
        value=float(problem.value),  # type: ignore[arg-type]
        accurate=accurate,
        matrix_dual=np.asarray(matrix_inequality.dual_value, dtype=float),
    )


def solve_model(problem: Any, solver: str) -> bool:
    """Solve a cvxpy problem in place; return whether the solver calls its own answer accurate.

    Raises:
        SolverFailure: infeasible, unbounded, or stopped without an answer.
    """
    import warnings

    import cvxpy as cp

    entry = SOLVERS[solver]
    attempt: Callable[[], Any] = lambda: problem.solve(solver=entry["cvxpy"], **entry["options"])  # noqa: E731
    try:
        with warnings.catch_warnings():
            # "Solution may be inaccurate" is carried by the status instead.
            warnings.simplefilter("ignore")
            attempt()
    except (cp.SolverError, ValueError) as error:  # ValueError: an answer cvxpy cannot unpack
        raise SolverFailure(
            f"{solver} stopped without an answer ({error}): try the other solver"
        ) from error
    if problem.status not in ACCEPTED:
        raise SolverFailure(f"{solver} calls the program {problem.status}: refine the set of atoms")
    return ACCEPTED[problem.status]
