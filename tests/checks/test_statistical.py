import numpy as np
import pytest

from zotheory.checks.evidence import Grade, Outcome, Scope
from zotheory.checks.statistical import check_mean, check_upper_bound
from zotheory.errors import InvalidArgument
from zotheory.rng import stream


def normal(mean):
    return lambda n, rng: mean + rng.standard_normal(n)


def exponential(n, rng):
    return rng.exponential(size=n)


def rate(check, repetitions, outcome):
    hits = sum(check(stream(7, "calibration", i)).outcome is outcome for i in range(repetitions))
    return hits / repetitions


def binomial_limit(p, n):
    """Five standard deviations of a binomial proportion: exceeded with probability below 1e-6."""
    return 5 * np.sqrt(p * (1 - p) / n)


LOOSE = {"false_alarm": 0.05, "false_pass": 0.05, "resolvable": 0.1, "detail": "test"}


@pytest.mark.parametrize("sampler", [normal(1.0), exponential])
def test_false_alarms_come_at_the_stated_rate(sampler):
    found = rate(lambda rng: check_mean(sampler, 1.0, rng=rng, **LOOSE), 1000, Outcome.FAILS)
    assert abs(found - 0.05) <= binomial_limit(0.05, 1000)


def test_planted_deviation_is_found_at_the_stated_rate():
    found = rate(lambda rng: check_mean(normal(1.1), 1.0, rng=rng, **LOOSE), 600, Outcome.FAILS)
    assert found >= 0.95 - binomial_limit(0.05, 600)


def test_upper_bound_is_one_sided():
    alarms = rate(lambda rng: check_upper_bound(normal(1.0), 1.0, rng=rng, **LOOSE), 1000, Outcome.FAILS)
    assert abs(alarms - 0.05) <= binomial_limit(0.05, 1000)
    found = rate(lambda rng: check_upper_bound(normal(1.1), 1.0, rng=rng, **LOOSE), 400, Outcome.FAILS)
    assert found >= 0.95 - binomial_limit(0.05, 400)
    below = check_upper_bound(normal(0.0), 1.0, rng=1, **LOOSE)
    assert below.outcome is Outcome.HOLDS


def test_evidence_is_statistical_and_states_its_rates():
    evidence = check_mean(normal(0.0), 0, resolvable=0.05, rng=3, detail="test")
    assert evidence.outcome is Outcome.HOLDS
    assert (evidence.grade, evidence.scope) == (Grade.STATISTICAL, Scope.INSTANCE)
    assert "false-alarm rate 1e-06" in evidence.detail
    assert "is missed at rate 0.01" in evidence.detail
    assert evidence.witness is None


def test_default_rates_find_the_stated_deviation():
    def check(rng):
        return check_mean(normal(0.05), 0, resolvable=0.05, rng=rng, detail="test")

    assert rate(check, 100, Outcome.FAILS) >= 0.99 - binomial_limit(0.01, 100)


def test_same_seed_gives_the_same_evidence():
    first, second = (check_mean(exponential, 1, resolvable=0.1, rng=5, detail="test") for _ in range(2))
    assert first == second


def test_too_small_a_cap_is_inconclusive():
    evidence = check_mean(normal(0.0), 0, resolvable=1e-3, max_samples=5000, rng=1, detail="test")
    assert evidence.outcome is Outcome.INCONCLUSIVE
    assert "cap of 5000" in evidence.detail


@pytest.mark.parametrize("tail", [0.8, 1.5])
def test_heavy_tails_are_admitted(tail):
    def pareto(n, rng):
        return rng.pareto(tail, size=n)

    evidence = check_mean(pareto, 2.0, resolvable=0.5, max_samples=50_000, rng=2, detail="test")
    assert evidence.outcome is Outcome.INCONCLUSIVE
    assert "heavy tails" in evidence.detail


def test_constant_draws():
    def constant(n, rng):
        return np.full(n, 0.1) * 3

    assert check_mean(constant, 0.3, resolvable=0.1, rng=1, detail="t").outcome is Outcome.HOLDS
    assert check_mean(constant, 0.31, resolvable=0.1, rng=1, detail="t").outcome is Outcome.FAILS
    assert check_upper_bound(constant, 0.4, resolvable=0.1, rng=1, detail="t").outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    "options",
    [
        {"resolvable": 0.0},
        {"resolvable": float("nan")},
        {"false_alarm": 0.0},
        {"false_pass": 0.5},
        {"max_samples": 10},
        {"claimed": float("inf")},
    ],
)
def test_bad_arguments_are_refused(options):
    arguments = {"claimed": 0.0, "resolvable": 0.1, "rng": 1, "detail": "test"} | options
    with pytest.raises(InvalidArgument):
        check_mean(normal(0.0), arguments.pop("claimed"), **arguments)


@pytest.mark.parametrize("values", [lambda n, rng: np.zeros(n - 1), lambda n, rng: np.full(n, np.nan)])
def test_bad_samplers_are_refused(values):
    with pytest.raises(InvalidArgument, match="finite numbers"):
        check_mean(values, 0, resolvable=0.1, rng=1, detail="test")
