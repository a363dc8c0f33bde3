"""The stated error rates, measured: hundreds of seeded runs at rates large enough to be counted.

Every assertion compares a count with an exact binomial bound that chance breaks once in 10^6.
"""

import numpy as np
import pytest

from zotheory.checks import check_bound, check_dimension_factor, check_mean, check_unbiased
from zotheory.laws import Sphere

RATE = 0.1
RATES = {"false_alarm": RATE, "false_pass": RATE}
REPETITIONS = 300


def t9(n, rng):
    return rng.standard_t(9, n) / np.sqrt(9 / 7)


# Numbers of mean 0 and variance about 1, with what the check is told of them.
NUMBERS = {
    "light-tailed": (lambda n, rng: rng.standard_normal(n), {}),
    "bounded": (lambda n, rng: rng.uniform(-1.7, 1.7, n), {"support": (-2, 2)}),
    "two-point, bounded": (lambda n, rng: (rng.random(n) < 0.1) / 0.3 - 1 / 3, {"support": (-0.5, 3.2)}),
    "skewed": (lambda n, rng: rng.exponential(size=n) - 1, {}),
    "skewed down": (lambda n, rng: 1 - rng.exponential(size=n), {}),
    "moderately heavy-tailed": (t9, {}),
    "heavy-tailed, known variance": (
        # Pareto of index 2.5, standardised: no third moment.
        lambda n, rng: (rng.pareto(2.5, n) - 2 / 3) / np.sqrt(20 / 9),
        {"variance": 1},
    ),
}
numbers = pytest.mark.parametrize("kind", NUMBERS)


def shifted(sampler, by):
    return lambda n, rng: sampler(n, rng) + by


@numbers
@pytest.mark.parametrize("check", [check_mean, check_bound])
def test_numbers_false_alarms_and_planted_deviations(check, kind, calibration):
    sampler, known = NUMBERS[kind]
    options = {"resolvable": 0.1, "max_samples": 100_000, **RATES, **known}
    right = calibration.outcomes(lambda rng: check(sampler, 0.0, rng=rng, **options), REPETITIONS)
    assert right["fails"] <= calibration.at_most(RATE, REPETITIONS)
    assert right["holds"] == REPETITIONS - right["fails"]
    off = shifted(sampler, 0.1)
    if "support" in known:
        options["support"] = tuple(end + 0.1 for end in known["support"])
    found = calibration.outcomes(lambda rng: check(off, 0.0, rng=rng, **options), REPETITIONS)
    assert found["holds"] <= calibration.at_most(RATE, REPETITIONS)
    assert found["fails"] >= calibration.at_least(1 - RATE, REPETITIONS)


@pytest.mark.parametrize("kind", ["light-tailed", "skewed", "moderately heavy-tailed"])
def test_looking_three_times_does_not_add_alarms(kind, calibration):
    # Too fine a resolution to hold: every run goes through all looks, unless it fails.
    sampler, _ = NUMBERS[kind]
    options = {"resolvable": 1e-3, "max_samples": 200_000, **RATES}
    right = calibration.outcomes(lambda rng: check_mean(sampler, 0.0, rng=rng, **options), REPETITIONS)
    assert right["fails"] <= calibration.at_most(RATE, REPETITIONS)
    assert right["inconclusive"] == REPETITIONS - right["fails"]


def test_one_look_alarms_as_often_as_stated_and_not_less(calibration):
    # The cap is the only look: nothing is spread over several, and the rate must be met from both sides.
    sampler, _ = NUMBERS["light-tailed"]
    options = {"resolvable": 0.2, "max_samples": 50_000, "false_alarm": RATE, "false_pass": 0.01}
    for check in (check_mean, check_bound):
        right = calibration.outcomes(lambda rng, c=check: c(sampler, 0.0, rng=rng, **options), 600)
        assert calibration.at_least(RATE, 600) <= right["fails"] <= calibration.at_most(RATE, 600)


def spread(sampler, first):
    """Return vectors of two independent entries, the first of them of variance ``first``."""
    scale = np.array([np.sqrt(first), 1.0])
    return lambda n, rng: scale * np.stack([sampler(n, rng), sampler(n, rng)], axis=1)


def tilted(by):
    """Return Gaussian vectors of unit variances whose correlation is ``by``."""
    root = np.linalg.cholesky([[1, by], [by, 1]])
    return lambda n, rng: rng.standard_normal((n, 2)) @ root.T


def uniform(n, rng):
    return rng.uniform(-(3**0.5), 3**0.5, n)


def centred_exponential(n, rng):
    return rng.exponential(size=n) - 1


@pytest.mark.parametrize(
    ("right", "off", "known"),
    [
        (tilted(0.0), tilted(0.2), {}),
        (tilted(0.0), spread(lambda n, rng: rng.standard_normal(n), 0.8), {}),
        (spread(uniform, 1.0), spread(uniform, 1.2), {"norm_bound": 7}),
        (spread(centred_exponential, 1.0), spread(centred_exponential, 1.2), {}),
        (spread(t9, 1.0), spread(t9, 1.2), {}),
    ],
    ids=["Gaussian, correlated", "Gaussian, short", "bounded", "skewed", "moderately heavy-tailed"],
)
def test_perturbations_false_alarms_and_planted_deviations(right, off, known, calibration):
    def check(sampler):
        return lambda rng: check_unbiased(
            sampler, 1, dim=2, rng=rng, resolvable=0.2, max_samples=256_000, **RATES, **known
        )

    good = calibration.outcomes(check(right), REPETITIONS)
    assert good["fails"] <= calibration.at_most(RATE, REPETITIONS)
    assert good["holds"] == REPETITIONS - good["fails"]
    bad = calibration.outcomes(check(off), REPETITIONS)
    assert bad["holds"] <= calibration.at_most(RATE, REPETITIONS)
    assert bad["fails"] >= calibration.at_least(1 - RATE, REPETITIONS)


def test_alarms_are_controlled_over_all_entries_at_once(calibration):
    # 21 entries: each at the rate itself would raise an alarm in nearly every run.
    sampler = lambda n, rng: rng.standard_normal((n, 6))  # noqa: E731
    options = {"dim": 6, "resolvable": 0.3, "max_samples": 50_000, "false_alarm": 0.2, "false_pass": 0.1}
    found = calibration.outcomes(lambda rng: check_unbiased(sampler, 1, rng=rng, **options), 150)
    assert found["fails"] <= calibration.at_most(0.2, 150)


def test_dimension_factor_is_calibrated(calibration):
    # The sphere in dimension 3 has V = delta^2 d: the claim 3 / 1.1 is off by just the resolvable tenth.
    options = {"resolvable": 0.1, "max_samples": 64_000, **RATES}
    for claimed, outcome in [(3, "holds"), (3 / 1.1, "fails")]:
        found = calibration.outcomes(
            lambda rng, c=claimed: check_dimension_factor(Sphere(3), [1, 2, 2], c, rng=rng, **options),
            100,
        )
        assert found[outcome] >= calibration.at_least(1 - RATE, 100)


def test_an_infinite_fourth_moment_never_fails_and_never_holds(student, calibration):
    found = calibration.outcomes(
        lambda rng: check_unbiased(
            student(3, 2), 1, dim=2, rng=rng, resolvable=0.3, max_samples=128_000, **RATES
        ),
        200,
    )
    assert found["inconclusive"] == 200


def test_default_rates_find_the_stated_deviation(calibration):
    sampler, _ = NUMBERS["light-tailed"]
    found = calibration.outcomes(
        lambda rng: check_mean(shifted(sampler, 0.1), 0, resolvable=0.1, rng=rng), 150
    )
    assert found["fails"] >= calibration.at_least(0.99, 150)
