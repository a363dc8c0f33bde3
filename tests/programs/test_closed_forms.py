"""Reduced programs against closed forms that are typed in here, and derived by other routes."""

from fractions import Fraction as F

import mpmath
import numpy as np
import pytest

DIMS = (2, 3, 16, 1000, 10**6)
# Every dimension with one solver, one of them with the other; scales vary along the way.
RUNS = [*((dim, "highs") for dim in DIMS), (1000, "clarabel")]
SCALED_RUNS = [
    (dim, delta, solver)
    for (dim, solver), delta in zip(RUNS, [1, F(3, 10), 17, 1, F(1, 7), 17], strict=True)
]


def close(solution, expected):
    return solution.value == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize(("dim", "delta", "solver"), SCALED_RUNS)
def test_known_gradient_without_limits(solved, dim, delta, solver):
    # A2: delta^2, an infimum.
    solution = solved(dim=dim, delta=delta, solver=solver)
    assert solution.status == "infimum"
    assert solution.lower == solution.upper == F(delta) ** 2
    assert solution.dimension_factor == 1


@pytest.mark.parametrize("factor", [1, F(101, 100), 1000])
@pytest.mark.parametrize(("dim", "solver"), RUNS)
def test_norm_cap(solved, dim, factor, solver):
    # A4: delta^2 / (1 - delta (d - 1) / R^2), rational.
    delta = F(3, 10)
    cap = factor * delta * dim
    expected = delta**2 / (1 - delta * (dim - 1) / cap)
    solution = solved(dim=dim, delta=delta, norm_cap=cap, solver=solver)
    assert close(solution, expected)
    assert solution.lower <= expected <= solution.upper
    assert solution.upper == solution.lower == expected  # certified exactly
    if factor > 1:
        (s0, zero), (also_zero, t0) = (solution.coordinates(atom) for atom in solution.atoms)
        assert (zero, also_zero) == (0, 0)
        assert t0 == cap
        assert s0 == delta / (1 - delta * (dim - 1) / cap)


@pytest.mark.parametrize(("dim", "delta", "solver"), SCALED_RUNS)
def test_nonnegative_covariance(solved, dim, delta, solver):
    # A5: delta^2 d.
    solution = solved(dim=dim, delta=delta, nonnegative_covariance=True, solver=solver)
    assert solution.lower == solution.upper == F(delta) ** 2 * dim


@pytest.mark.parametrize(("dim", "delta", "solver"), SCALED_RUNS)
def test_gradient_blind(solved, dim, delta, solver):
    # A6: delta^2 d.
    solution = solved(dim=dim, delta=delta, blind=True, solver=solver)
    assert solution.lower == solution.upper == F(delta) ** 2 * dim


def budget_closed_form(dim, kappa):
    # A7: the smaller root of V^2 - d (kappa d - d + 2) V + kappa d^2 = 0, without cancellation.
    with mpmath.workdps(60):
        k = mpmath.mpf(F(kappa).numerator) / F(kappa).denominator
        half = dim * (k * dim - dim + 2) / 2
        return 1 if dim == 1 else k * dim**2 / (half + mpmath.sqrt(half**2 - k * dim**2))


@pytest.mark.parametrize("kappa", [1, F(1001, 1000), 3])
@pytest.mark.parametrize(("dim", "solver"), RUNS)
def test_fourth_moment_budget(solved, dim, kappa, solver):
    solution = solved(dim=dim, fourth_moment=kappa, solver=solver)
    assert close(solution, budget_closed_form(dim, kappa))


@pytest.mark.parametrize("kappa", [F(1001, 1000), F(5, 4), 3, 10**4])
@pytest.mark.parametrize("dim", DIMS)
def test_the_budget_formula_by_search(least_on_two_rays, dim, kappa):
    # The formula itself against a search over p of the two-atom laws that keep the budget.
    expected = float(budget_closed_form(dim, kappa))
    assert least_on_two_rays(dim, 1, 0, kappa=kappa) == pytest.approx(expected, rel=1e-11)
    written = 0.5 * dim * (kappa * dim - dim + 2)
    if kappa < 10 and dim < 100:  # as it is written, where floats can
        root = dim * mpmath.sqrt((kappa * dim - dim + 2) ** 2 - 4 * float(kappa))
        assert float(written) - 0.5 * float(root) == pytest.approx(expected, rel=1e-10)


def prior_closed_form(eigenvalues):
    with mpmath.workdps(40):
        return mpmath.fsum(mpmath.sqrt(mpmath.mpf(x.numerator) / x.denominator) for x in eigenvalues) ** 2


def random_priors():
    rng = np.random.default_rng(11)
    for dim in (1, 2, 3, 12):
        for distinct in {1, 2, dim}:
            raw = [F(int(x)) for x in rng.integers(1, 1000, distinct)]
            values = [raw[i % distinct] for i in range(dim)]
            yield [x / sum(values) for x in values]


@pytest.mark.parametrize("eigenvalues", list(random_priors()), ids=len)
def test_priors(solved, eigenvalues):
    # A8: delta^2 (tr sqrt A)^2.
    dim, delta = len(eigenvalues), F(1, 7)
    solver = "clarabel" if dim == 3 else "highs"
    solution = solved(dim=dim, delta=delta, prior=eigenvalues, solver=solver)
    assert solution.status == "certified"
    assert close(solution, prior_closed_form(eigenvalues) / 49)


@pytest.mark.parametrize("eigenvalues", list(random_priors()), ids=len)
def test_singular_priors_have_an_infimum(solved, eigenvalues):
    singular = [*eigenvalues, *[F(0)] * (1 + len(eigenvalues) % 3)]
    solution = solved(dim=len(singular), prior=singular)
    assert solution.status == "infimum"
    assert close(solution, prior_closed_form(eigenvalues))


def test_priors_as_matrices(solved):
    rng = np.random.default_rng(3)
    for dim, distinct in ((3, 3), (3, 2), (4, 4), (6, 3)):
        values = np.resize(rng.random(distinct) + 0.1, dim)
        values /= values.sum()
        q, _ = np.linalg.qr(rng.normal(size=(dim, dim)))
        matrix = q @ np.diag(values) @ q.T
        solution = solved(dim=dim, prior=matrix)
        assert close(solution, np.sqrt(values).sum() ** 2)
        assert len(solution.atoms) == distinct


@pytest.mark.parametrize("rho", [F(1, 100), F(1, 2), F(999999, 10**6)])
@pytest.mark.parametrize(("dim", "solver"), RUNS)
def test_guides(solved, least_on_two_rays, dim, rho, solver):
    # A9: delta^2 (rho + sqrt((1 - rho^2)(d - 1)))^2.
    with mpmath.workdps(40):
        r = mpmath.mpf(rho.numerator) / rho.denominator
        expected = (r + mpmath.sqrt((1 - r**2) * (dim - 1))) ** 2
    solution = solved(dim=dim, alignment=rho, solver=solver)
    assert close(solution, expected)
    if solver == "highs":
        searched = least_on_two_rays(dim, rho**2, (1 - rho**2) / (dim - 1))
        assert searched == pytest.approx(float(expected), rel=1e-11)


@pytest.mark.parametrize(("dim", "rho"), [(2, 0), (16, 0), (10**6, 0), (2, 1), (16, 1), (10**6, 1)])
def test_certain_guides(solved, dim, rho):
    # rho = 0: all energy across the guide, d - 1; rho = 1: a known gradient.
    solution = solved(dim=dim, alignment=rho)
    assert solution.status == "infimum"
    assert solution.lower == solution.upper == (1 if rho else dim - 1)


def test_a_guide_that_says_nothing(solved):
    solution = solved(dim=4, alignment="1/2")  # rho^2 = 1/d
    assert solution.lower == solution.upper == 4
    assert solution.contact_set.describe() == solved(dim=4, blind=True).contact_set.describe()


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_dimension_one_and_equal_priors(solved, dim):
    # A = I / d is the gradient-blind program; in dimension one every program is the same.
    assert solved(dim=dim, prior=[F(1, dim)] * dim).upper == solved(dim=dim, blind=True).upper == dim
    if dim == 1:
        for options in ({}, {"norm_cap": 1}, {"norm_cap": 5, "fourth_moment": 2}, {"alignment": 1},
                        {"nonnegative_covariance": True}, {"fourth_moment": 1}):  # fmt: skip
            solution = solved(dim=1, **options)
            assert solution.status == "certified"
            assert solution.lower == solution.upper == 1
        assert solved(dim=1, smoothing=3).upper == pytest.approx(4, rel=1e-40)


@pytest.mark.parametrize("solver", ["highs", "clarabel"])
def test_the_solver_agrees_with_its_certificate(solved, solver):
    # The certificate is made from exact multipliers; what the linear program itself found is near.
    for options in ({"norm_cap": 300}, {"fourth_moment": 2}, {"smoothing": "0.01"},
                    {"alignment": "1/3"}, {"nonnegative_covariance": True}):  # fmt: skip
        solution = solved(dim=100, **options, solver=solver)
        assert solution.solver_value == pytest.approx(solution.value, rel=1e-6)
        assert solution.primal_residual < 1e-6
        assert 0 <= solution.dual_residual < 1e-6
        assert solver in solution.solver
