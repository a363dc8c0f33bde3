"""Denominators of adaptive steps against recursions, sums over filters and simulation."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp

from zotheory.bounds.momentum.denominators import (
    coordinate_denominators,
    denominator_fluctuation,
    effective_squares,
    expected_denominator,
    noise_correlation,
    refined_square,
)
from zotheory.checks.evidence import Outcome
from zotheory.checks.statistical import check_mean
from zotheory.errors import InvalidArgument
from zotheory.laws import DAP, Coordinate, Gaussian, Rademacher, Sphere
from zotheory.rng import stream

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)


@pytest.mark.parametrize("steps", [1, 2, 6])
@pytest.mark.parametrize(
    ("beta1", "beta2"), [(HALF, THIRD), (HALF, HALF), (HALF, HALF**2), (Fraction(0), THIRD)]
)
def test_expectations_over_all_sign_sequences(beta1, beta2, steps):
    a, size = Fraction(2, 3), Fraction(3, 2)
    total = dict.fromkeys(("square", "refined", "plain"), Fraction(0))
    for signs in product((1, -1), repeat=steps):
        m = refined = plain = Fraction(0)
        for sign in signs:
            g = a + sign * size
            m = beta1 * m + (1 - beta1) * g
            refined = beta2 * refined + (1 - beta2) * m**2
            plain = beta2 * plain + (1 - beta2) * g**2
        for name, value in (("square", m**2), ("refined", refined), ("plain", plain)):
            total[name] += value / 2**steps
    assert refined_square(beta1, a, size**2, steps=steps) == total["square"]
    assert expected_denominator(beta1, beta2, a, size**2, steps=steps) == total["refined"]
    assert expected_denominator(beta1, beta2, a, size**2, steps=steps, refined=False) == total["plain"]


def test_squares_with_drift_over_all_sign_sequences():
    a, drift, size, beta = Fraction(1), Fraction(-1, 3), Fraction(2), Fraction(3, 4)
    squares = []
    for signs in product((1, -1), repeat=6):
        m = Fraction(0)
        for t, sign in enumerate(signs, start=1):
            m = beta * m + (1 - beta) * (a + drift * t + sign * size)
        squares.append(m**2)
    stated = refined_square(beta, a + 6 * drift, size**2, drift=drift, steps=6)
    assert stated == sum(squares) / len(squares)


@pytest.mark.parametrize("refined", [True, False])
@pytest.mark.parametrize("drift", [0.0, 0.2])
def test_stationary_expectation_is_a_long_recursion(refined, drift):
    beta1, beta2, variance = (0.7 if refined else 0.0), 0.9, 2.0
    mean_m, spread, v = 0.0, 0.0, 0.0
    for t in range(1, 801):
        a = 1.0 + drift * t
        mean_m = beta1 * mean_m + (1 - beta1) * a
        spread = beta1**2 * spread + (1 - beta1) ** 2 * variance
        v = beta2 * v + (1 - beta2) * (mean_m**2 + spread)
    stated = expected_denominator(0.7, beta2, 1.0 + 800 * drift, variance, drift=drift, refined=refined)
    assert stated == pytest.approx(v, rel=1e-9)


def filters(beta1, beta2, size=500):
    """Weights of the last estimates in m_t, row t, and the weights of the squares in the last v."""
    rows = np.subtract.outer(np.arange(size), np.arange(size))
    first = np.where(rows >= 0, (1 - beta1) * float(beta1) ** np.maximum(rows, 0), 0.0)
    return first, (1 - beta2) * beta2 ** np.arange(size)[::-1]


@pytest.mark.parametrize("refined", [True, False])
@pytest.mark.parametrize(("beta1", "beta2"), [(0.0, 0.5), (0.6, 0.8), (0.9, 0.7)])
@pytest.mark.parametrize(("snr", "kurtosis"), [(0.0, 0.0), (0.4, 0.0), (3.0, -2.0), (0.0, 6.0)])
def test_fluctuation_by_sums_over_filters(refined, beta1, beta2, snr, kurtosis):
    # Cov(m_s^2, m_t^2) = 2 c^2 + kappa sum F_s^2 F_t^2 + 4 a^2 c, c = Cov(m_s, m_t), V = 1.
    first, second = filters(beta1 if refined else 0.0, beta2)
    covariance = first @ first.T
    squares = 2 * covariance**2 + kurtosis * (first**2) @ (first**2).T + 4 * snr * covariance
    variance = second @ squares @ second
    mean = snr + np.diag(covariance) @ second
    stated = denominator_fluctuation(beta1, beta2, snr, excess_kurtosis=kurtosis, refined=refined)
    assert stated == pytest.approx(variance / mean**2, rel=1e-9, abs=1e-13)
    if snr == kurtosis == 0:
        assert effective_squares(beta1, beta2, refined=refined) == pytest.approx(2 * mean**2 / variance)


@pytest.mark.parametrize("refined", [True, False])
@pytest.mark.parametrize(("beta1", "beta2"), [(0.0, 0.5), (0.6, 0.8), (0.9, 0.7)])
def test_correlation_by_sums_over_filters(refined, beta1, beta2):
    first, second = filters(beta1, beta2)
    averaged = first if refined else np.eye(len(first))
    across = 2 * (averaged @ first[-1]) ** 2 @ second
    variance = second @ (2 * (averaged @ averaged.T) ** 2) @ second
    last = 2 * (first[-1] @ first[-1]) ** 2
    assert noise_correlation(beta1, beta2, refined=refined) == pytest.approx(
        across / np.sqrt(variance * last)
    )


def test_simulated_fluctuation():
    beta1, beta2, snr = 0.5, 0.6, 0.5
    mean = expected_denominator(beta1, beta2, np.sqrt(snr), 1.0)

    def sample(n, rng):
        m, v = np.zeros(n), np.zeros(n)
        for _ in range(40):
            m = beta1 * m + (1 - beta1) * (np.sqrt(snr) + rng.standard_normal(n))
            v = beta2 * v + (1 - beta2) * m**2
        return (v / mean - 1) ** 2

    claimed = denominator_fluctuation(beta1, beta2, snr)
    found = check_mean(sample, claimed, resolvable=0.06 * claimed, rng=stream(1, "fluctuation"))
    assert found.outcome is Outcome.HOLDS, found.detail


@pytest.mark.parametrize("law", [Gaussian(3), Sphere(3, 2), Rademacher(3), Coordinate(3), DAP([1, -2, 3])])
@pytest.mark.parametrize("batch", [1, 4])
def test_coordinates_of_the_laws(law, batch):
    # The diagonal of T4[a a^T] is E[g_i^2] of one draw; the mean of several has less error, not less mean.
    a = np.array([1, -2, 3])
    second = np.diag(law.fourth_moment(np.outer(a, a)))
    signal = law.delta**2 * a**2
    plain = signal + (second - signal) / Fraction(batch)
    refined = signal + (plain - signal) / 3
    assert [
        x == y for x, y in zip(coordinate_denominators(law, a, 0, batch=batch), plain, strict=True)
    ] == [True] * 3
    half = coordinate_denominators(law, a, HALF, batch=batch)
    assert [sp.nsimplify(x - y) for x, y in zip(half, refined, strict=True)] == [0] * 3


@pytest.mark.parametrize("refined", [True, False])
def test_symbols_and_fractions_stay_exact(refined):
    beta1, beta2, snr = sp.symbols("beta1 beta2 r", positive=True)
    numbers = {beta1: sp.Rational(1, 3), beta2: sp.Rational(3, 4), snr: 2}
    stated = denominator_fluctuation(beta1, beta2, snr, refined=refined).subs(numbers)
    exact = denominator_fluctuation(THIRD, Fraction(3, 4), 2, refined=refined)
    assert isinstance(exact, Fraction)
    assert stated == sp.Rational(exact.numerator, exact.denominator)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: refined_square(0.9, "a", 1), "mean"),
        (lambda: refined_square(1.0, 0, 1), "beta1"),
        (lambda: expected_denominator(0.9, 1, 0, 1), "beta2"),
        (lambda: expected_denominator(0.9, 0.9, 0, -1), "variance"),
        (lambda: expected_denominator(0.9, 0.9, 0, 1, drift=1, steps=3), "drift"),
        (lambda: expected_denominator(0.9, 0.9, 0, 1, refined=1), "refined"),
        (lambda: expected_denominator(0.9, 0.9, 0, 1, steps=-1), "steps"),
        (lambda: denominator_fluctuation(0.9, 0.9, -1), "snr"),
        (lambda: denominator_fluctuation(0.9, 0.9, 0, excess_kurtosis=-3), "excess_kurtosis"),
        (lambda: effective_squares(0.9, float("nan")), "beta2"),
        (lambda: noise_correlation(2, 0.5), "beta1"),
        (lambda: noise_correlation(0.5, 0.5, refined="yes"), "refined"),
        (lambda: coordinate_denominators("sphere", [1, 2], 0.5), "law"),
        (lambda: coordinate_denominators(Sphere(2), [1, 2, 3], 0.5), "a"),
        (lambda: coordinate_denominators(Sphere(2), [1, 2], 0.5, batch=0), "batch"),
    ],
)
def test_bad_input_is_named(call, argument):
    with pytest.raises(InvalidArgument) as caught:
        call()
    assert caught.value.argument == argument
