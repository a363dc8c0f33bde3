"""Intervals of means of trials: the inequality behind them, how often they miss, what they need to hold."""

import math

import numpy as np
import pytest
import sympy as sp

from proofs_checks._trials import LEAST, half_width, largest_kurtosis


def test_the_inequality_behind_the_intervals_holds_on_the_whole_line():
    # exp(y - y^2/6) <= 1 + y + y^2/3: the difference of the logarithms is least at 0, where it is 0; its
    # expansion there begins with a positive multiple of y^4.
    y = sp.Symbol("y", real=True)
    series = sp.series(sp.log(1 + y + y**2 / 3) - y + y**2 / 6, y, 0, 6).removeO()
    assert sp.Poly(series, y).monoms()[-1] == (4,)
    assert sp.Poly(series, y).coeff_monomial(y**4) > 0
    slope = sp.factor(sp.diff(sp.log(1 + y + y**2 / 3) - y + y**2 / 6, y))
    # Of one sign on either side of 0, where it vanishes.
    assert sp.real_roots(sp.Poly(sp.numer(slope), y)) == [0, 0, 0]
    left, right = (float(sp.N(slope.subs(y, at))) for at in (-1, 1))
    assert left < 0 < right


def central_moments(draws: int) -> list[sp.Expr]:
    """Return E (C/b - 1)^k, k = 0, ..., 8, of C chi-squared with b degrees of freedom."""
    raw = [math.prod(draws + 2 * i for i in range(k)) for k in range(9)]
    return [
        sp.Rational(sum(math.comb(n, k) * raw[k] * (-draws) ** (n - k) for k in range(n + 1)), draws**n)
        for n in range(9)
    ]


@pytest.mark.parametrize(
    ("draws", "trials"), [(2, 250_000), (4, 250_000), (16, 250_000), (32, 8_000), (512, 8_000)]
)
def test_the_widest_loss_is_within_what_the_intervals_allow_for(draws, trials):
    """The Gaussian's error on the large coordinate is (C/b - 1)^2: of all losses compared the heaviest."""
    m = central_moments(draws)
    fourth = m[8] - 4 * m[2] * m[6] + 6 * m[2] ** 2 * m[4] - 3 * m[2] ** 4
    kurtosis = float(fourth / (m[4] - m[2] ** 2) ** 2)
    assert kurtosis < largest_kurtosis(trials, 1e-3 / 3 / 36 / 2)


def test_skewed_means_are_missed_no_more_often_than_stated():
    """Errors of single Gaussian draws, kurtosis 365; Student's intervals miss the same means too often."""
    rng, trials, runs, rate = np.random.default_rng(5), 8_000, 1_500, 0.02
    missed = normal = 0
    for _ in range(runs):
        x = (rng.standard_normal(trials) ** 2 - 1) ** 2
        error = x.std() / math.sqrt(trials)
        missed += abs(x.mean() - 2) > half_width(error, trials, rate / 2)
        normal += x.mean() - 2 < -3.09 * error
    assert missed == 0
    # A thousandth of the means should be below the lower end of normal intervals: 1.5 of these.
    assert normal >= 6


def test_intervals_narrow_with_the_error_and_not_below_the_normal_ones():
    for error in (1e-20, 1e-6, 0.3):
        wide, narrow = (half_width(error, LEAST, rate) for rate in (1e-6, 1e-3))
        assert wide > narrow > 3.09 * error
    assert half_width(2.0, 10_000, 1e-5) == pytest.approx(2 * half_width(1.0, 10_000, 1e-5))
    assert 7 < half_width(1.0, 10_000, 5e-6) < 8.5
    assert half_width(1.0, LEAST - 1, 1e-5) == math.inf
    assert half_width(0.0, LEAST, 1e-5) < 1e-12
