"""Rare events that carry the mean or the variance: what has not been seen must not be decided.

At the default rates not one alarm in a few hundred runs is allowed: they are stated as one in a million.
Claims that are off by just the resolvable deviation may pass in one run of a hundred.
"""

import math
import re
from fractions import Fraction

import numpy as np
import pytest

from zotheory.checks import Outcome, check_bound, check_dimension_factor, check_mean, check_unbiased
from zotheory.laws import Coordinate, TwoAtom

# log(10^6) events of probability p are expected in 50000 draws if p is 2.8e-4: above it the default rates
# must hold, whatever the size of the event.
RARE = [4e-4, 1e-3, 5e-3]


def event(p, size, noise):
    """Return draws of mean ``p size``: normal noise and, with probability p, an event of that size."""
    return lambda n, rng: noise * rng.standard_normal(n) + size * (rng.random(n) < p)


@pytest.mark.parametrize("p", RARE)
@pytest.mark.parametrize("noise", [0.0, 1e-3, 0.1])
def test_default_rates_hold_for_events_that_first_looks_may_miss(p, noise, calibration):
    options = {"resolvable": p / 2, "max_samples": 100_000}
    sample = event(p, 1.0, noise)
    right = calibration.outcomes(lambda rng: check_mean(sample, p, rng=rng, **options), 100)
    assert right["fails"] == 0
    most = calibration.at_most(0.01, 100)
    for claimed in (0.5 * p, 1.5 * p):
        off = calibration.outcomes(lambda rng, c=claimed: check_mean(sample, c, rng=rng, **options), 100)
        assert off["holds"] <= most
    low = calibration.outcomes(lambda rng: check_bound(sample, 0.5 * p, rng=rng, **options), 100)
    assert low["holds"] <= most


@pytest.mark.parametrize(("size", "p"), [(3.0, 5e-4), (10.0, 1e-3), (40.0, 5e-4), (200.0, 1e-3)])
def test_events_beside_noise_of_their_own_weight(size, p, calibration):
    # Large rates, so that alarms can be counted; 20 to 40 events are expected at the first look.
    options = {"resolvable": 0.03, "max_samples": 400_000, "false_alarm": 0.1, "false_pass": 0.1}
    sample, mean = event(p, size, 1.0), p * size
    right = calibration.outcomes(lambda rng: check_mean(sample, mean, rng=rng, **options), 150)
    assert right["fails"] <= calibration.at_most(0.1, 150)
    off = calibration.outcomes(lambda rng: check_mean(sample, mean - 0.03, rng=rng, **options), 150)
    assert off["holds"] <= calibration.at_most(0.1, 150)


def test_enough_draws_decide_a_rare_event():
    sample = event(1e-3, 1.0, 1e-3)
    for seed in range(3):
        assert check_mean(sample, 1e-3, resolvable=5e-4, rng=seed).outcome is Outcome.HOLDS
        assert check_mean(sample, 0, resolvable=5e-4, rng=seed).outcome is Outcome.FAILS


def test_two_kinds_of_events_of_which_the_rarer_carries_the_variance(calibration):
    # One draw in 70 shows a variance of 1/70 by itself, one in 10^4 adds 4 to it.
    def sample(n, rng):
        return (rng.random(n) < 1 / 70) * 1.0 + (rng.random(n) < 1e-4) * 200.0

    options = {"resolvable": 0.02, "max_samples": 200_000}
    mean = 1 / 70 + 0.02
    right = calibration.outcomes(lambda rng: check_mean(sample, mean, rng=rng, **options), 200)
    assert right["fails"] == 0
    off = calibration.outcomes(lambda rng: check_mean(sample, mean - 0.02, rng=rng, **options), 200)
    assert off["holds"] <= calibration.at_most(0.01, 200)
    for seed in range(5):  # 200 events among two million draws are still too few
        assert check_mean(sample, mean, resolvable=0.02, rng=seed).outcome is not Outcome.FAILS


def test_the_bound_of_a_law_is_never_forgotten(calibration):
    # One draw in 2000 carries the second moment along the axis: 2000 draws often show none of them.
    law = TwoAtom([1, 1, 1], p=Fraction(1, 2000))
    details = []

    def check(rng):
        found = check_unbiased(law, rng=rng, max_samples=64_000)
        details.append(found.detail)
        return found

    assert calibration.outcomes(check, 60) == {"inconclusive": 60}
    assert all("Bernstein" in detail for detail in details)
    assert not any("infinite" in detail or "heavy" in detail for detail in details)
    assert all(int(re.search(r"about (\d+) draws would", detail)[1]) > 2_000_000 for detail in details)


@pytest.mark.parametrize("law", [TwoAtom([3, 4], p=Fraction(1, 50)), TwoAtom([3, 4], 0.9), Coordinate(30)])
def test_bounded_laws_of_moderate_rarity_are_decided_by_their_bound(law):
    found = check_unbiased(law, rng=1, resolvable=0.2)
    assert found.outcome is Outcome.HOLDS
    assert "Bernstein" in found.detail
    factor = check_dimension_factor(
        law, np.ones(law.dim), law.dimension_factor(np.ones(law.dim)), rng=1, resolvable=0.2
    )
    assert "infinite" not in factor.detail
    assert factor.outcome is not Outcome.FAILS


def test_a_bounded_law_without_its_bound_has_no_infinite_moments(calibration):
    law = TwoAtom([1, 1, 1], p=Fraction(1, 2000))
    details = []

    def check(rng):
        found = check_unbiased(law.sample, 1, dim=3, rng=rng, max_samples=200_000)
        details.append(found.detail)
        return found

    assert calibration.outcomes(check, 60) == {"inconclusive": 60}
    assert not any("infinite" in detail for detail in details)


@pytest.mark.parametrize(("alarm", "missed"), [(1e-6, 0.01), (1e-3, 1e-4)])
def test_the_evidence_states_what_it_assumes(alarm, missed, normal):
    options = {"false_alarm": alarm, "false_pass": missed, "rng": 1}
    holds = check_mean(normal(), 0, resolvable=0.1, **options)
    rarest = -math.log(min(alarm, missed)) / 50_000
    words = f"it assumes that no event rarer than {rarest:.2g} carries weight"
    assert words in holds.detail
    fails = check_mean(normal(), 1, resolvable=0.1, **options)
    assert words in fails.detail
    assert words in fails.witness.data["assumed"]
    open_ = check_mean(normal(), 0, resolvable=0.001, max_samples=100_000, **options)
    assert f"no event rarer than {rarest / 2:.2g}" in open_.detail
    for known in ({"variance": 1}, {"support": (-9, 9)}):
        assert "assumes" not in check_mean(normal(), 0, resolvable=0.2, **options, **known).detail
