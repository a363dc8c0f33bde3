"""Extreme inputs: a certified value that agrees with one found elsewhere, or one clear error."""

from fractions import Fraction as F

import mpmath
import numpy as np
import pytest

from zotheory.errors import InvalidArgument, Unsupported
from zotheory.programs import Program, solve

SOLVERS = ("highs", "clarabel")
HUGE = 10**6


def limits(dim, delta=1):
    yield {}
    for excess in ("1e-13", "1e-9", "1e12"):
        yield {"norm_cap": delta * dim * (1 + F(excess))}
    for excess in ("1e-12", "1e9"):
        yield {"fourth_moment": 1 + F(excess)}
    for theta in ("1e-12", "1e12"):
        yield {"smoothing": F(theta)}


def searched(search, program):
    blocks = program.blocks
    along, across = blocks[0].weight, blocks[-1].weight
    options = {
        "cap": program.norm_cap and program.norm_cap / program.delta,
        "kappa": program.fourth_moment,
        "theta": program.smoothing * program.delta,
    }
    options = {name: value for name, value in options.items() if value}
    if program.dim == 1:
        return float(program.delta**2) * (1 + float(options.get("theta", 0)))
    return float(program.delta**2) * search(program.dim, along, across, **options)


GUIDES = ({"alignment": "1e-9"}, {"alignment": F(1) - F("1e-12")})


@pytest.mark.parametrize(
    ("dim", "solver", "knowledge"),
    [
        (2, "highs", {}),
        (2, "clarabel", GUIDES[0]),
        (2, "highs", GUIDES[1]),
        (HUGE, "highs", {}),
        (HUGE, "clarabel", GUIDES[0]),
        (HUGE, "highs", GUIDES[1]),
    ],
    ids=str,
)
def test_extreme_limits(solved, least_on_two_rays, dim, solver, knowledge):
    for options in limits(dim):
        program = Program(dim, **options, **knowledge)
        solution = solved(program, solver)
        if solution.status == "certified":
            expected = searched(least_on_two_rays, program)
            assert solution.value == pytest.approx(expected, rel=1e-9), program
            if dim < HUGE or not knowledge:
                assert solution.contact_set.contains(solution.law()), program


def test_floats_that_cannot_decide(solved):
    # E[n^2] = 1e18 times the objective: no float moment tells the objective from zero.
    solution = solved(dim=HUGE, alignment="1e-20")
    with pytest.raises(Unsupported, match="exact numbers"):
        solution.contact_set.contains(solution.law())


@pytest.mark.parametrize("delta", ["1e-12", "1e39"])
def test_extreme_scales(solved, least_on_two_rays, delta):
    delta = F(delta)
    for options in (
        {"norm_cap": 7 * delta},
        {"fourth_moment": 2},
        {"smoothing": 1},
        {"nonnegative_covariance": True},
    ):
        for knowledge in ({}, {"alignment": "0.3"}):
            if knowledge and "nonnegative_covariance" in options:
                continue
            program = Program(5, delta=delta, **options, **knowledge)
            solution = solved(program)
            if not program.nonnegative_covariance:
                assert solution.value == pytest.approx(searched(least_on_two_rays, program), rel=1e-9)
            else:
                assert solution.upper == 5 * delta**2
            assert solution.contact_set.contains(solution.law())


@pytest.mark.parametrize(
    "limit",
    [{}, {"norm_cap": "1e40"}, {"fourth_moment": "1e40"}, {"smoothing": "1e40"}, {"norm_cap": 10**7}],
    ids=str,
)
def test_covariance_under_extreme_limits(solved, limit):
    dim = HUGE
    solution = solved(dim=dim, nonnegative_covariance=True, **limit)
    theta = F(limit.get("smoothing", 0))
    assert solution.lower == solution.upper == dim + theta * dim**3


def roots(eigenvalues):
    with mpmath.workdps(60):
        return float(
            mpmath.fsum(mpmath.sqrt(mpmath.mpf(x.numerator) / x.denominator) for x in eigenvalues) ** 2
        )


@pytest.mark.parametrize("tiny", ["1e-15", "1e-100", "1e-290"])
def test_tiny_eigenvalues(solved, tiny):
    prior = [F(1, 2), F(1, 4), F(1, 4) - F(tiny), F(tiny)]
    solution = solved(dim=4, prior=prior)
    assert solution.status == "certified"
    assert solution.value == pytest.approx(roots(prior), rel=1e-12)
    assert len(solution.contact_set.components) == 4


@pytest.mark.parametrize(
    "options",
    [
        {"dim": 17, "alignment": "1e-120", "smoothing": "0.07"},
        {"dim": 1000, "alignment": F(1) - F("1e-250"), "smoothing": 1, "fourth_moment": "1.01"},
        {"dim": 10**9, "alignment": "1e-62", "fourth_moment": 1 + F("3e-21"), "smoothing": "5e-30"},
        {"dim": 1000, "alignment": 1, "norm_cap": 1000 * (1 + F("1e-21")), "smoothing": "7e15"},
    ],
    ids=str,
)
def test_tiny_weights_with_limits(solved, least_on_two_rays, options):
    program = Program(**options)
    assert solved(program).value == pytest.approx(searched(least_on_two_rays, program), rel=1e-9)


def test_tiny_eigenvalues_of_a_matrix_are_zero(solved):
    q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    matrix = q @ np.diag([0.6, 0.4, 1e-15]) @ q.T
    assert solved(dim=3, prior=(matrix + matrix.T) / 2).status == "infimum"


@pytest.mark.parametrize(
    "options", [{}, {"norm_cap": 100, "fourth_moment": "1.05", "smoothing": "0.01"}], ids=str
)
def test_fifty_distinct_eigenvalues(solved, options):
    raw = [F(k * k + 1) for k in range(50)]
    prior = [x / sum(raw) for x in raw]
    solution = solved(dim=50, prior=prior, **options)
    if not options:
        assert solution.value == pytest.approx(roots(prior), rel=1e-12)
    assert solution.contact_set.contains(solution.law())


def test_a_million_eigenvalues(solved):
    prior = [F(2, HUGE)] * (HUGE // 2) + [0] * (HUGE // 2)
    solution = solved(dim=HUGE, prior=prior)
    assert solution.status == "infimum"
    assert solution.upper == HUGE // 2


def test_the_largest_dimension(solved):
    dim = 2**53
    assert solved(dim=dim, norm_cap=2 * dim).upper == 1 / (1 - F(dim - 1, 2 * dim))
    assert solved(dim=dim, blind=True).upper == dim
    with pytest.raises(InvalidArgument):
        Program(dim + 1)


@pytest.mark.parametrize("excess", ["1e-20", "1e-60"])
def test_limits_just_above_the_least(solved, excess):
    for options in ({"norm_cap": 5 * (1 + F(excess))}, {"fourth_moment": 1 + F(excess)}):
        solution = solved(dim=5, **options)
        assert solution.value == pytest.approx(5, rel=1e-8)
        assert solution.upper <= 5


def test_both_solvers_and_everything_at_once(solved, least_on_two_rays):
    every = {"norm_cap": F("7.07"), "fourth_moment": F("1.00001"), "smoothing": F("1e-6")}
    for knowledge in ({}, {"alignment": 0}, {"alignment": "0.9"}):
        program = Program(7, **every, **knowledge)
        expected = searched(least_on_two_rays, program)
        for solver in SOLVERS:
            assert solved(program, solver).value == pytest.approx(expected, rel=1e-9)


def test_unknown_solver():
    for solver in ("gurobi", None, 3):
        with pytest.raises(InvalidArgument) as caught:
            solve(Program(3), solver)
        assert caught.value.argument == "solver"
