"""The test in reserve for finite variance and heavy tails: its rates, and when it is called up."""

from dataclasses import replace

import numpy as np
import pytest

from zotheory.checks import Outcome, check_mean
from zotheory.checks.batches import sums
from zotheory.checks.intervals import Normal
from zotheory.checks.moments import Moments
from zotheory.checks.reserve import Reserved
from zotheory.checks.routes import Rates
from zotheory.rng import stream

RATE = 0.1
RATES = {"false_alarm": RATE, "false_pass": RATE, "resolvable": 0.1, "max_samples": 512_000}


def pareto(n, rng):  # tail index 2.3, standardised: mean a / (a - 1) - 1, variance a / ((a - 1)^2 (a - 2))
    return (rng.pareto(2.3, n) - 1 / 1.3) / np.sqrt(2.3 / (1.3**2 * 0.3))


def square(n, rng):  # of t with 5 degrees of freedom at unit variance: mean 1, variance 9 - 1
    return 0.6 * rng.standard_t(5, n) ** 2


def rare(n, rng):  # one draw in 3000 carries the variance
    return ((rng.random(n) < 1 / 3000) - 1 / 3000) * 3000**0.5


@pytest.mark.parametrize(("sign", "by"), [(1, 0.1), (1, -0.1), (-1, 0.1)])
def test_rates_are_kept_where_the_reserve_is_at_work(sign, by, calibration):
    called = 0

    def run(shift):
        def check(rng):
            nonlocal called
            found = check_mean(lambda n, g: sign * pareto(n, g) + shift, 0, rng=rng, **RATES)
            called += "in reserve from draw" in found.detail
            return found

        return check

    right = calibration.outcomes(run(0.0), 100, "reserve, right")
    assert right["fails"] <= calibration.at_most(RATE, 100)
    assert right["holds"] + right["fails"] >= 90  # a few see a draw too large for this cap
    off = calibration.outcomes(run(by), 100, "reserve, off")
    assert off["holds"] <= calibration.at_most(RATE, 100)
    assert off["fails"] >= calibration.at_least(1 - RATE, 100)
    assert called > 150  # of 200


@pytest.mark.parametrize(("claimed", "outcome"), [(1, Outcome.HOLDS), (1.2, Outcome.FAILS)])
def test_squares_of_t_with_five_degrees_are_decided_at_default_rates(claimed, outcome):
    for seed in range(20):
        assert check_mean(square, claimed, resolvable=0.05, rng=seed).outcome is outcome


def test_rare_events_do_not_call_it_up():
    # Its variance would be read off a handful of events.
    for seed in range(20):
        found = check_mean(rare, 0, rng=seed, resolvable=0.1, max_samples=128_000)
        assert found.outcome is Outcome.INCONCLUSIVE
        assert "in reserve" not in found.detail
        assert "raise max_samples, or give variance" in found.detail


def test_it_counts_as_one_more_look():
    rates, tolerance = Rates(1e-3, 0.01, 1, 2, 5), np.array([0.1])
    moments = Moments(np.zeros(1))
    moments.add(sums(stream(1, "reserve").standard_normal((4000, 1))))
    found = Reserved().judge(moments, rates, tolerance, last=False)
    level = 1e-3 / (2 * 6)  # two sides, five looks and the reserve
    assert found.radius == pytest.approx(Normal().radius(moments, level, last=False))


def test_it_gets_the_share_of_one_look():
    # Catoni's sum must exceed log(2 (looks + 1) / false_alarm) here; one statistic, two sides.
    rates, tolerance = Rates(1e-3, 0.01, 1, 2, 5), np.array([0.1])
    draws = stream(2, "reserve").standard_normal((100_000, 1))
    moments = Moments(np.zeros(1))
    moments.add(sums(draws))
    route = Reserved()
    route.add(draws)
    route._call_up(moments, np.sort(draws, axis=0)[-10:], tolerance)
    assert route.reserve is not None
    np.testing.assert_allclose(route.reserve.rate, 0.1 / (2 * 3 * draws.var() + 0.01), rtol=1e-4)
    needed = np.log(2 * 6 / 1e-3)
    for total, excluded in [(1.001 * needed, True), (0.999 * needed, False)]:
        route.reserve.sums = np.array([[total], [0.0], [0.0], [0.0]])
        assert bool(route.judge(moments, rates, tolerance, last=False).excluded[0]) is excluded


def test_statistics_that_hang_on_few_draws_are_left_to_the_normal_route():
    tolerance, rng = np.array([0.1, 0.1, 0.1]), stream(3, "reserve")
    draws = rng.standard_normal((20_000, 3))
    draws[:, 1] = 0.5  # never moves
    draws[:40, 2] *= 300  # forty draws carry its variance
    moments, route = Moments(np.zeros(3)), Reserved()
    moments.add(sums(draws))
    for batch in np.split(draws, [1, 30, 5000]):
        route.add(batch)
    largest = np.sort(np.abs(draws), axis=0)[-10:]
    kept = np.sort(np.abs(route._top), axis=0)[-10:]
    np.testing.assert_array_equal(kept, largest)
    found = route.judge(moments, Rates(1e-3, 0.01, 3, 2, 5), tolerance, last=False)
    assert found.doubt
    np.testing.assert_array_equal(route._usable, [True, False, False])
    assert replace(found).radius[1] == np.inf
