import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from zotheory.checks.batches import sums
from zotheory.checks.catoni import Catoni
from zotheory.checks.intervals import Bernstein, Normal
from zotheory.checks.moments import Moments
from zotheory.checks.routes import Rates
from zotheory.rng import stream


def moments_of(y):
    moments = Moments(np.zeros(y.shape[1]))
    moments.add(sums(y))
    return moments


def symmetric(n):
    return np.repeat([[1.0], [-1.0]], n // 2, axis=0)


def test_rates_are_divided_among_statistics_sides_and_looks():
    rates = Rates(1e-6, 0.01, entries=10, sides=2, looks=5)
    assert rates.alarm_level == pytest.approx(1e-8)
    assert rates.pass_level == pytest.approx(0.002)


@pytest.mark.parametrize("level", [0.05, 1e-3, 1e-9])
def test_normal_route_without_skewness_is_student_s(level):
    n = 4000
    moments = moments_of(symmetric(n))
    radius = Normal().radius(moments, level, last=False) / moments.standard_error
    assert radius[0] == pytest.approx(stats.t.isf(level, n - 1), rel=2e-3)


def test_normal_route_corrects_skewness_as_the_exact_law_of_exponential_means_asks():
    # The mean of n exponentials is a gamma variable; too low a mean makes the spread look small too.
    # The correction must cover the self-normalised left tail at a level that the runs can count.
    n, level, runs = 1200, 1e-2, 60_000
    rng, low = stream(1, "gamma"), 0
    for _ in range(runs // 500):
        y = rng.exponential(size=(n, 500))
        moments = moments_of(y)
        low += np.count_nonzero(moments.mean - 1 < -Normal().radius(moments, level, last=False))
    assert low <= stats.binom.isf(1e-6, runs, level)
    assert low >= stats.binom.ppf(1e-6, runs, 0.7 * level)  # and not by far too much


def test_normal_route_stands_down_where_few_draws_carry_the_variance():
    y = np.zeros((5000, 2))
    y[:, 0] = symmetric(5000)[:, 0]
    y[:5, 1] = 1.0
    radius = Normal().radius(moments_of(y), 0.01, last=False)
    assert np.isfinite(radius[0])
    assert np.isinf(radius[1])


@pytest.mark.parametrize("p", [0.5, 0.05, 1e-3])
def test_bernstein_covers_two_point_laws_exactly(p):
    # Binomial counts: the probability that the interval misses p, summed over all counts.
    n, level = 300, 0.05
    missed = 0.0
    for count in range(n + 1):
        y = np.zeros((n, 1))
        y[:count] = 1.0
        moments = moments_of(y)
        radius = Bernstein(np.ones(1)).radius(moments, level, last=False)[0]
        if abs(moments.mean[0] - p) > radius:
            missed += stats.binom.pmf(count, n, p)
    assert missed <= 2 * level


def test_bernstein_needs_at_least_the_draws_of_a_law_without_variance():
    rates, tolerance = Rates(1e-3, 0.01, 1, 2, 3), np.array([0.1])
    route = Bernstein(np.ones(1))
    least = int(np.ceil(route.least(rates, tolerance)))
    for n, fits in [(least + 1, True), (least - 2, False)]:
        judged = route.judge(moments_of(np.zeros((n, 1))), rates, tolerance, last=False)
        margin = route.radius(moments_of(np.zeros((n, 1))), rates.pass_level, last=False)
        assert bool(judged.radius[0] + margin[0] <= tolerance[0]) is fits


@pytest.mark.parametrize("law", [stats.norm(), stats.t(3, scale=3**-0.5), stats.expon(-1)])
def test_catoni_s_sums_are_supermartingales(law):
    # Per draw E exp(psi(l X) - l^2 v / 2) <= 1 when the mean is as supposed, by quadrature.
    route = Catoni(np.array([1.0]), np.array([0.5]))
    centres = [0.0, 0.0, 0.5, -0.5]  # the means at which the four sums must not grow

    def growth(k, x):
        one = Catoni(np.array([1.0]), np.array([0.5]))
        one.add(np.array([[x + centres[k]]]))
        return float(np.exp(one.sums[k, 0]))

    assert route.sums.shape == (4, 1)
    for k in range(4):
        total, _ = quad(lambda x, k=k: growth(k, x) * law.pdf(x), *law.support(), limit=200)
        assert total <= 1 + 1e-9


def test_catoni_decides_with_the_draws_it_asks_for():
    rates, tolerance = Rates(1e-3, 0.01, 1, 2, 1), np.array([0.2])
    rng = stream(3, "catoni")
    for mean, excluded in [(0.0, False), (0.2, True), (-0.2, True)]:
        route = Catoni(np.array([1.0]), tolerance)
        y = mean + rng.standard_normal((int(route.least(rates)) + 1, 1))
        route.add(y)
        judged = route.judge(moments_of(y), rates, tolerance, last=True)
        assert bool(judged.excluded[0]) is excluded
        assert bool(judged.certified[0]) is not excluded
