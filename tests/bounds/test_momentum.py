"""The first moment against recursions over all sign sequences, minimisation and simulation."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import minimize_scalar

from zotheory.bounds.momentum.first_moment import (
    best_beta1,
    drift_limit,
    first_moment_bias,
    first_moment_error,
    first_moment_variance,
    least_first_moment_error,
)
from zotheory.checks.evidence import Outcome
from zotheory.checks.statistical import check_mean
from zotheory.errors import InvalidArgument
from zotheory.rng import stream

HALF, MOST = Fraction(1, 2), Fraction(7, 10)


def moments_over_signs(beta, size, drift, start, steps):
    """Mean and variance of m_t over all sequences of errors +-size."""
    ends = []
    for signs in product((1, -1), repeat=steps):
        m = Fraction(0)
        for t, sign in enumerate(signs, start=1):
            m = beta * m + (1 - beta) * (start + drift * t + sign * size)
        ends.append(m)
    mean = sum(ends) / len(ends)
    return mean, sum((m - mean) ** 2 for m in ends) / len(ends), ends


@pytest.mark.parametrize("beta", [Fraction(0), HALF, MOST])
@pytest.mark.parametrize("steps", [1, 2, 5, 8])
def test_after_some_steps_over_all_sign_sequences(beta, steps):
    size, drift, start = Fraction(3, 2), Fraction(-2, 5), Fraction(4)
    mean, variance, ends = moments_over_signs(beta, size, drift, start, steps)
    now = start + drift * steps
    assert first_moment_variance(beta, size**2, steps=steps) == variance
    assert first_moment_bias(beta, drift, start=start, steps=steps) == mean - now
    error = first_moment_error(beta, size**2, drift, start=start, steps=steps)
    assert error == sum((m - now) ** 2 for m in ends) / len(ends)


@pytest.mark.parametrize("beta", [0, 0.3, 0.9])
def test_stationary_values_solve_the_recursion(beta):
    variance, bias = 2.5, 0.0
    spread = 0.0
    for _ in range(600):
        spread = beta**2 * spread + (1 - beta) ** 2 * variance
        bias = beta * (bias - 0.3)  # m - a: the gradient moves by 0.3, then averages in without bias
    assert first_moment_variance(beta, variance) == pytest.approx(spread, rel=1e-12)
    assert first_moment_bias(beta, 0.3) == pytest.approx(bias, rel=1e-12, abs=1e-15)
    assert first_moment_error(beta, variance, 0.3) == pytest.approx(spread + bias**2, rel=1e-12)


@pytest.mark.parametrize("steps", [1, 7, 1000])
def test_many_steps_approach_the_stationary_state(steps):
    at, limit = (first_moment_error(0.9, 2.0, 0.1, start=5.0, steps=s) for s in (steps, None))
    brute_variance = 2.0 * sum((0.1 * 0.9**k) ** 2 for k in range(steps))
    brute_mean = sum(0.1 * 0.9**k * (5.0 + 0.1 * (steps - k)) for k in range(steps))
    assert at == pytest.approx(brute_variance + (brute_mean - 5.0 - 0.1 * steps) ** 2, rel=1e-9)
    if steps == 1000:
        assert at == pytest.approx(limit, rel=1e-9)


@pytest.mark.parametrize("ratio", [1e-9, 1e-4, 0.3, 1.0, 7.0, 1e3])
def test_the_best_beta_minimises_the_error(ratio):
    drift, variance = np.sqrt(ratio * 4.0), 4.0

    def error(beta):
        return variance * (1 - beta) / (1 + beta) + (drift * beta / (1 - beta)) ** 2

    found = minimize_scalar(error, bounds=(0.0, 1 - 1e-6), method="bounded", options={"xatol": 1e-12})
    assert best_beta1(drift, variance) == pytest.approx(found.x, abs=2e-6)
    assert least_first_moment_error(drift, variance) == pytest.approx(found.fun, rel=1e-9)
    # The slope of the error changes its sign there, to the precision of floats.
    best = best_beta1(drift, variance)
    assert ratio * best * (1 + best) ** 2 == pytest.approx((1 - best) ** 3, rel=1e-7)


@pytest.mark.parametrize(
    ("share", "exact"), [(Fraction(1, 2), True), (Fraction(2, 3), True), (HALF / 3, True)]
)
def test_rational_roots_are_exact(share, exact):
    # rho = 2 s^3/(1 - s) has the root s.
    best = best_beta1(1, (1 - share) / (2 * share**3))
    assert isinstance(best, Fraction) is exact
    assert best == (1 - share) / (1 + share)
    error = least_first_moment_error(1, (1 - share) / (2 * share**3))
    assert error == first_moment_error(best, (1 - share) / (2 * share**3), 1)


@pytest.mark.parametrize("share", [Fraction(10**200 + 1, 3 * 10**200), Fraction(2**60 + 1, 2**61 + 7)])
def test_fractions_beyond_floats_are_exact_too(share):
    variance = (1 - share) / (2 * share**3)
    assert best_beta1(1, variance) == (1 - share) / (1 + share)
    assert least_first_moment_error(1, variance) == variance * share * (3 - share) / 2


def test_fractions_beyond_floats_with_an_irrational_root():
    near = Fraction(10**200 + 1, 10**200)
    assert best_beta1(near, near) == pytest.approx(best_beta1(1.0, 1.0), rel=1e-14)
    assert least_first_moment_error(near, 1) == pytest.approx(least_first_moment_error(1.0, 1.0), rel=1e-14)


def test_irrational_roots_and_extremes_are_floats_inside_the_range():
    assert isinstance(best_beta1(1, 1), float)
    assert best_beta1(1e-40, 1e40) == 1 - 2.0**-53
    assert best_beta1(1e20, 1e-20) == pytest.approx(2 / (1e60 * 2))
    assert best_beta1(3, 0) == 0
    assert least_first_moment_error(3, 0) == 0


def test_symbols_go_through():
    beta, variance, drift = sp.symbols("beta V b", positive=True)
    assert sp.simplify(first_moment_variance(beta, variance) - variance * (1 - beta) / (1 + beta)) == 0
    series = sum(((1 - beta) * beta**k) ** 2 for k in range(5))
    assert sp.expand(first_moment_variance(beta, steps=5) - series) == 0
    assert first_moment_bias(beta, drift).subs({beta: sp.Rational(3, 4), drift: 2}) == -6
    exact = best_beta1(sp.Integer(1), sp.Integer(1))
    assert float(exact) == pytest.approx(best_beta1(1.0, 1.0), rel=1e-14)
    assert abs(sp.N(exact * (1 + exact) ** 2 - (1 - exact) ** 3, 30)) < 1e-25


@pytest.mark.parametrize("beta", [Fraction(1, 10), HALF, Fraction(9, 10)])
def test_averaging_helps_exactly_below_the_drift_limit(beta):
    limit = drift_limit(float(beta), 3.0)
    assert first_moment_error(float(beta), 3.0, limit) == pytest.approx(3.0)
    assert (
        first_moment_error(float(beta), 3.0, 0.99 * limit)
        < 3.0
        < first_moment_error(float(beta), 3.0, 1.01 * limit)
    )


def test_simulated_error():
    def sample(n, rng):
        m = np.zeros(n)
        for t in range(1, 26):
            m = 0.8 * m + 0.2 * (1.0 + 0.1 * t + rng.standard_normal(n))
        return (m - 3.5) ** 2

    claimed = first_moment_error(0.8, 1.0, 0.1, start=1.0, steps=25)
    found = check_mean(sample, claimed, resolvable=0.05 * claimed, rng=stream(1, "momentum"))
    assert found.outcome is Outcome.HOLDS, found.detail


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: first_moment_variance(1), "beta1"),
        (lambda: first_moment_variance(-0.1), "beta1"),
        (lambda: first_moment_variance("0.9"), "beta1"),
        (lambda: first_moment_variance(float("nan")), "beta1"),
        (lambda: first_moment_variance(0.9, -1), "variance"),
        (lambda: first_moment_variance(0.9, float("inf")), "variance"),
        (lambda: first_moment_variance(0.9, 1e300), "variance"),
        (lambda: first_moment_variance(0.9, steps=0), "steps"),
        (lambda: first_moment_variance(0.9, steps=2.0), "steps"),
        (lambda: first_moment_bias(0.9, None), "drift"),
        (lambda: first_moment_bias(0.9, 1, start=[1], steps=1), "start"),
        (lambda: drift_limit(0), "beta1"),
        (lambda: best_beta1(0, 1), "drift"),
        (lambda: best_beta1(1e-300, 1), "drift"),
        (lambda: best_beta1(1, -1), "variance"),
        (lambda: least_first_moment_error(0, 1), "drift"),
        (lambda: first_moment_variance(sp.Symbol("b", negative=True)), "beta1"),
    ],
)
def test_bad_input_is_named(call, argument):
    with pytest.raises(InvalidArgument) as caught:
        call()
    assert caught.value.argument == argument
