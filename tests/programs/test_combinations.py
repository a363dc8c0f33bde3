"""Programs without a closed form against searches that share nothing with the package's solver."""

from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from zotheory.programs import Program, solve

LIMITS = {
    "cap and budget, cap active": {"cap": F(3, 2), "kappa": 3},
    "cap and budget, budget active": {"cap": 40, "kappa": F(5, 4)},
    "cap and budget, both active": {"cap": F(21, 10), "kappa": F(41, 40)},
    "smoothing": {"theta": F(1, 50)},
    "smoothing and cap": {"theta": F(1, 50), "cap": F(6, 5)},
    "smoothing and budget": {"theta": F(1, 500), "kappa": F(11, 10)},
    "smoothing, cap and budget": {"theta": F(1, 1000), "cap": 2, "kappa": F(21, 20)},
}


def options(dim, cap=None, kappa=None, theta=0):
    return {"norm_cap": cap and cap * dim, "fourth_moment": kappa, "smoothing": F(theta)}


def searched(search, dim, along, across, cap=None, kappa=None, theta=0):
    limits = {"cap": cap and cap * dim, "kappa": kappa, "theta": theta}
    return search(dim, along, across, **{k: v for k, v in limits.items() if v})


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("dim", [2, 1000])
def test_known_gradient(solved, least_on_two_rays, dim, limits):
    limits = dict(limits)
    if "theta" in limits:  # of the same weight in every dimension
        limits["theta"] = limits["theta"] / dim**2
    solution = solved(dim=dim, **options(dim, **limits))
    expected = searched(least_on_two_rays, dim, 1, 0, **limits)
    assert solution.value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("limits", [{"cap": F(11, 10)}, {"kappa": F(101, 100)}, *LIMITS.values()], ids=str)
@pytest.mark.parametrize(("dim", "rho"), [(16, F(1, 2))])
def test_guide(solved, least_on_two_rays, dim, rho, limits):
    limits = dict(limits)
    if "theta" in limits:
        limits["theta"] = limits["theta"] / dim**2
    solution = solved(dim=dim, alignment=rho, **options(dim, **limits), solver="clarabel")
    expected = searched(least_on_two_rays, dim, rho**2, (1 - rho**2) / (dim - 1), **limits)
    assert solution.value == pytest.approx(expected, rel=1e-9)


def jensen(dim, theta):
    # Fixed length is optimal: V >= d under the constraint, and E n^3 >= d^3 by Jensen.
    return dim + theta * dim**3


@pytest.mark.parametrize("knowledge", [{"nonnegative_covariance": True}, {"blind": True}])
@pytest.mark.parametrize("limits", [{"cap": 1}, *LIMITS.values()], ids=str)
def test_where_fixed_length_stays_optimal(solved, knowledge, limits):
    dim = 2 if "blind" in knowledge else 1000
    solution = solved(dim=dim, **knowledge, **options(dim, **limits))
    assert solution.lower == solution.upper == jensen(dim, F(limits.get("theta", 0)))


def grid_value(program, points=60):
    """Linear program over a grid of (s, t) that contains no atom on purpose: an upper bound."""
    d = program.dim
    top = float(program.norm_cap) if program.norm_cap is not None else 12.0 * d
    axis = top * (np.arange(points + 1) / points) ** 1.5
    s, t = (x.ravel() for x in np.meshgrid(axis, axis))
    keep = s + t <= top
    s, t = s[keep], t[keep]
    n = s + t
    square = 1.0 if program.alignment is None else float(program.alignment) ** 2
    form = square * s + (1 - square) / (d - 1) * t
    cost = form * n + float(program.smoothing) * n**3
    rows, limits = [], []
    if program.fourth_moment is not None:
        rows.append(n**2)
        limits.append(float(program.fourth_moment) * d**2)
    if program.nonnegative_covariance:
        rows.append(-s * t)
        limits.append(-(d - 1.0))
    result = linprog(
        cost, A_ub=np.array(rows) if rows else None, b_ub=limits or None,
        A_eq=np.array([np.ones_like(s), s, t]), b_eq=[1, 1, d - 1], method="highs",
    )  # fmt: skip
    assert result.status == 0
    return result.fun


@pytest.mark.parametrize("dim", [3])
@pytest.mark.parametrize("knowledge", [{}, {"alignment": "4/5"}, {"nonnegative_covariance": True}], ids=str)
@pytest.mark.parametrize(
    "limits", [{"cap": F(8, 5)}, {"kappa": F(6, 5)}, {"cap": 2, "kappa": F(6, 5)},
               {"theta": F(1, 20)}, {"theta": F(1, 20), "cap": F(8, 5)}, {"theta": F(1, 200), "kappa": 2}],
    ids=str,
)  # fmt: skip
def test_a_grid_over_all_laws(dim, knowledge, limits):
    # Laws anywhere in the (s, t) plane, not on the axes only: the grid may never beat the certified
    # lower bound, and comes near it as it is refined.
    program = Program(dim, **knowledge, **options(dim, **limits))
    solution = solve(program)
    coarse, fine = grid_value(program, 20), grid_value(program, 80)
    lower = float(solution.lower)
    assert lower <= fine * (1 + 1e-9)
    assert lower <= coarse * (1 + 1e-9)
    assert fine == pytest.approx(lower, rel=1e-2)
    assert fine - lower <= 0.5 * (coarse - lower) + 1e-6 * lower


@pytest.mark.parametrize("solver", ["highs", "clarabel"])
def test_everything_at_once(solved, least_on_two_rays, solver):
    dim, rho = 5, F(1, 4)
    every = {"cap": F(7, 5), "kappa": F(51, 50), "theta": F(1, 300)}
    expected = searched(least_on_two_rays, dim, rho**2, (1 - rho**2) / 4, **every)
    solution = solved(dim=dim, alignment=rho, **options(dim, **every), solver=solver)
    assert solution.value == pytest.approx(expected, rel=1e-9)
    solution = solved(dim=dim, nonnegative_covariance=True, **options(dim, **every), solver=solver)
    assert solution.upper == jensen(dim, every["theta"])


def test_priors_with_limits(solved, least_on_two_rays):
    # A prior with two eigenvalues, of which one is simple, is a guide.
    for limits in LIMITS.values():
        for high in (F(3, 5),):
            prior = [high] + [(1 - high) / 3] * 3
            expected = searched(least_on_two_rays, 4, high, (1 - high) / 3, **limits)
            assert solved(dim=4, prior=prior, **options(4, **limits)).value == pytest.approx(
                expected, rel=1e-9
            )


def three_block_value(prior, theta, cap):
    # Masses p_i on three axes, n_i = 1 / p_i: a convex function on a simplex, by Nelder-Mead restarts.
    from scipy.optimize import minimize

    weights = np.array([float(x) for x in prior])

    def value(x):
        p = np.exp(x - x.max())
        n = p.sum() / p
        return weights @ n + theta * (n**2).sum() + 1e6 * np.maximum(n - cap, 0).sum()

    best = minimize(value, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-12, "fatol": 1e-15})
    for _ in range(3):
        best = minimize(value, best.x, method="Nelder-Mead", options={"xatol": 1e-12, "fatol": 1e-15})
    return best.fun


@pytest.mark.parametrize(("theta", "cap"), [(0, np.inf), (0.05, np.inf), (0, 3.8), (0.01, 4.0)])
def test_three_distinct_eigenvalues(solved, theta, cap):
    prior = [F(6, 10), F(3, 10), F(1, 10)]
    solution = solved(dim=3, prior=prior, smoothing=theta, norm_cap=None if cap == np.inf else cap)
    assert solution.value == pytest.approx(three_block_value(prior, theta, cap), rel=1e-8)


chances = st.fractions(min_value=F(1, 50), max_value=F(49, 50), max_denominator=50)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    dim=st.integers(2, 40),
    rho=chances,
    cap=st.none() | st.fractions(min_value=1, max_value=20, max_denominator=9),
    kappa=st.none() | st.fractions(min_value=1, max_value=20, max_denominator=9),
    theta=st.just(F(0)) | st.fractions(min_value=F(1, 10**6), max_value=10, max_denominator=10**6),
)
def test_random_programs(least_on_two_rays, dim, rho, cap, kappa, theta):
    solution = solve(Program(dim, alignment=rho, **options(dim, cap, kappa, theta)))
    assert solution.gap <= 1e-8
    expected = searched(least_on_two_rays, dim, rho**2, (1 - rho**2) / (dim - 1), cap, kappa, theta)
    assert solution.value == pytest.approx(expected, rel=1e-9)
