"""Programs small enough to be solved by hand, on every solver that can take them."""

import warnings
from types import SimpleNamespace

import cvxpy as cp
import numpy as np
import pytest

from zotheory.errors import InvalidArgument, SolverFailure
from zotheory.programs import solvers
from zotheory.programs.solvers import (
    SOLVERS,
    LinearProgram,
    check_solver,
    solve_linear,
    solve_worst_case,
    solver_version,
)

SEMIDEFINITE = [name for name, entry in SOLVERS.items() if entry["semidefinite"]]


def linear(cost, equalities, values, inequalities=(), limits=()):
    size = len(cost)
    arrays = [np.array(x, dtype=float) for x in (cost, equalities, values, inequalities, limits)]
    return LinearProgram(
        arrays[0], arrays[1].reshape(-1, size), arrays[2], arrays[3].reshape(-1, size), arrays[4]
    )


# Each: program, weights, equality duals y, inequality duals z >= 0; None where they are not unique.
LINEAR = {
    # min x + 2 y, x + y = 1: x = 1; the reduced costs 1 - y1, 2 - y1 give y1 = 1.
    "a simplex": (linear([1, 2], [[1, 1]], [1]), [1, 0], [1], []),
    # the same with x <= 1/4: y1 = 2, and x's reduced cost 1 - 2 + z = 0.
    "a cap": (linear([1, 2], [[1, 1]], [1], [[1, 0]], [0.25]), [0.25, 0.75], [2], [1]),
    # a limit that is not reached has multiplier zero
    "a loose cap": (linear([1, 2], [[1, 1]], [1], [[1, 0]], [5]), [1, 0], [1], [0]),
    # mass and mean: atoms 1, 2, 4 at the cost n^2, mean 3: 1/2 each on 2 and 4; the line through
    # (2, 4) and (4, 16) is 6 n - 8.
    "two moments": (
        linear([1, 4, 16], [[1, 1, 1], [1, 2, 4]], [1, 3]), [0, 0.5, 0.5], [-8, 6], []
    ),
    # Atoms 2, 3, 4 of mean 3 with second moment at most 9.5: u on 3 and (1 - u) / 2 on 2 and 4 have
    # second moment 10 - u and cost 10 + 2 u, so u = 1/2 and each unit of the limit is worth 2.
    "a budget": (
        linear([4, 12, 16], [[1, 1, 1], [2, 3, 4]], [1, 3], [[4, 9, 16]], [9.5]),
        [0.25, 0.5, 0.25], None, [2],
    ),
    "a single point": (linear([3], [[2]], [4]), [2], [1.5], []),
}  # fmt: skip


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", LINEAR)
def test_linear_programs(solver, name):
    program, weights, equality_duals, inequality_duals = LINEAR[name]
    answer = solve_linear(program, solver)
    assert answer.accurate
    assert answer.weights == pytest.approx(weights, abs=1e-8)
    assert answer.value == pytest.approx(program.cost @ weights, abs=1e-8)
    assert answer.inequality_duals == pytest.approx(inequality_duals, abs=1e-7)
    if equality_duals is not None:
        assert answer.equality_duals == pytest.approx(equality_duals, abs=1e-7)
    # Signs as documented: reduced costs and multipliers are non-negative, and there is no gap.
    reduced = program.cost - program.equalities.T @ answer.equality_duals
    reduced = reduced + program.inequalities.T @ answer.inequality_duals
    assert reduced.min() >= -1e-8
    assert np.all(answer.inequality_duals >= 0)
    dual = program.equality_values @ answer.equality_duals - program.limits @ answer.inequality_duals
    assert dual == pytest.approx(answer.value, abs=1e-7)


@pytest.mark.parametrize("solver", SOLVERS)
def test_random_linear_programs_have_no_gap(solver):
    rng = np.random.default_rng(5)
    for _ in range(5):
        feasible = rng.random(8)
        equalities, inequalities = rng.normal(size=(3, 8)), rng.normal(size=(2, 8))
        program = LinearProgram(
            rng.random(8), equalities, equalities @ feasible, inequalities, inequalities @ feasible + 0.1
        )
        answer = solve_linear(program, solver)
        dual = program.equality_values @ answer.equality_duals - program.limits @ answer.inequality_duals
        assert dual == pytest.approx(answer.value, abs=1e-8)
        assert np.abs(equalities @ answer.weights - program.equality_values).max() < 1e-8


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    "program",
    [
        linear([1, 1], [[1, 1]], [-1]),  # w >= 0 cannot sum to -1
        linear([1, 1], [[1, 1], [1, 1]], [1, 2]),
        linear([1, 1], [[1, 1]], [1], [[1, 1]], [0.5]),
        linear([-1, 0], [[0, 1]], [1]),  # unbounded
        linear([-1, 0], [[1, -1]], [0]),  # unbounded along a ray
    ],
    ids=["negative mass", "contradiction", "limit", "unbounded", "ray"],
)
def test_infeasible_and_unbounded(solver, program):
    with pytest.raises(SolverFailure, match=solver):
        solve_linear(program, solver)


def matrices(*diagonals):
    return np.array([np.diag(x) for x in diagonals], dtype=float)


# min cost.w + tau with sum w_j M_j <= tau I: program, matrices, value, weights, dual matrix.
WORST_CASE = {
    # Balancing e1 e1^T and 3 e2 e2^T: w1 = 3 w2, tau = 3/4; the dual S with tr(S M_j) equal is
    # diag(3/4, 1/4).
    "balance": (linear([0, 0], [[1, 1]], [1]), matrices([1, 0], [0, 3]), 3 / 4, [3 / 4, 1 / 4],
                np.diag([3 / 4, 1 / 4])),
    # One matrix only: its largest eigenvalue and the projector onto the eigenvector (1, 1) / sqrt 2.
    "one matrix": (linear([0], [[1]], [1]), np.array([[[2.0, 1], [1, 2]]]), 3, [1], np.full((2, 2), 0.5)),
    # The same with a price of 1/2 on w2: 1/2 w2 + max(1 - w2, 3 w2) has slopes -1/2 and 7/2 on either
    # side of w2 = 1/4.
    "price": (linear([0, 0.5], [[1, 1]], [1]), matrices([1, 0], [0, 3]), 7 / 8, [3 / 4, 1 / 4], None),
    # A limit w1 <= 1/2: tau = 3/2, all weight of the dual on e2.
    "limit": (linear([0, 0], [[1, 1]], [1], [[1, 0]], [0.5]), matrices([1, 0], [0, 3]), 3 / 2,
              [0.5, 0.5], np.diag([0, 1.0])),
}  # fmt: skip


@pytest.mark.parametrize("solver", SEMIDEFINITE)
@pytest.mark.parametrize("name", WORST_CASE)
def test_semidefinite_programs(solver, name):
    program, table, value, weights, dual = WORST_CASE[name]
    answer = solve_worst_case(program, table, solver)
    assert answer.accurate
    assert answer.value == pytest.approx(value, abs=1e-7)
    assert answer.weights == pytest.approx(weights, abs=1e-6)
    assert np.trace(answer.matrix_dual) == pytest.approx(1, abs=1e-7)
    assert np.linalg.eigvalsh(answer.matrix_dual).min() > -1e-7
    if dual is not None:
        assert np.abs(answer.matrix_dual - dual).max() < 1e-5
    # min over w >= 0 of the Lagrangian: cost_j + tr(S M_j) - y.E_j + z.I_j >= 0, no gap.
    reduced = program.cost + np.einsum("jab,ab->j", table, answer.matrix_dual)
    reduced = reduced - program.equalities.T @ answer.equality_duals
    reduced = reduced + program.inequalities.T @ answer.inequality_duals
    assert reduced.min() > -1e-6
    total = program.equality_values @ answer.equality_duals - program.limits @ answer.inequality_duals
    assert total == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("solver", SEMIDEFINITE)
def test_infeasible_semidefinite_programs(solver):
    with pytest.raises(SolverFailure):
        solve_worst_case(linear([0], [[1]], [-1]), matrices([1, 0]), solver)
    with pytest.raises(SolverFailure):
        solve_worst_case(linear([-2, 0], [[0, 1]], [1]), matrices([1, 0], [0, 1]), solver)


def test_unknown_and_unfit_solvers():
    assert check_solver("highs", semidefinite=False) == "highs"
    for solver in ("HIGHS", "gurobi", "", None, 3):
        with pytest.raises(InvalidArgument) as caught:
            check_solver(solver, semidefinite=False)
        assert caught.value.argument == "solver"
    with pytest.raises(InvalidArgument, match="clarabel"):
        check_solver("highs", semidefinite=True)
    with pytest.raises(InvalidArgument, match="clarabel"):
        solve_worst_case(WORST_CASE["balance"][0], WORST_CASE["balance"][1], "highs")
    with pytest.raises(InvalidArgument):
        solve_linear(LINEAR["a simplex"][0], "simplex")


def test_versions():
    for solver in SOLVERS:
        assert all(part.isdigit() for part in solver_version(solver).split(".")[:2])


REFUSED = [
    *(cp.INFEASIBLE, cp.UNBOUNDED, cp.INFEASIBLE_INACCURATE, cp.UNBOUNDED_INACCURATE),
    *(cp.USER_LIMIT, cp.SOLVER_ERROR, cp.settings.INFEASIBLE_OR_UNBOUNDED, None, "unheard of"),
]
STATUSES = {cp.OPTIMAL: True, cp.OPTIMAL_INACCURATE: False, **dict.fromkeys(REFUSED)}


@pytest.mark.parametrize("status", STATUSES, ids=str)
def test_every_status_is_accounted_for(status):
    def answer(**options):
        warnings.warn("Solution may be inaccurate.", UserWarning, stacklevel=2)

    problem = SimpleNamespace(status=status, solve=answer)
    if STATUSES[status] is None:
        with pytest.raises(SolverFailure, match=str(status)):
            solvers.solve_model(problem, "highs")
    else:
        assert solvers.solve_model(problem, "highs") is STATUSES[status]


@pytest.mark.parametrize("error", [cp.SolverError("no licence"), ValueError("cannot unpack")])
def test_errors_of_the_modelling_layer_become_solver_failures(error):
    def fail(**options):
        raise error

    with pytest.raises(SolverFailure, match=str(error)):
        solvers.solve_model(SimpleNamespace(status="optimal", solve=fail), "clarabel")


@pytest.mark.parametrize("solver", SOLVERS)
def test_inaccurate_answers_are_marked(solver, monkeypatch):
    monkeypatch.setattr(
        solvers, "solve_model", lambda problem, name: (problem.solve(solver="CLARABEL"), False)[1]
    )
    assert not solve_linear(LINEAR["two moments"][0], solver).accurate
