import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from zotheory.checks import Grade, Outcome, Scope, check_bound, check_mean
from zotheory.errors import InvalidArgument


def exponential(n, rng):
    return rng.exponential(size=n)


def test_evidence_is_statistical_and_states_method_rates_and_draws(normal):
    evidence = check_mean(normal(), 0, resolvable=0.05, rng=3, detail="a normal", parts=("p",))
    assert evidence.outcome is Outcome.HOLDS
    assert (evidence.grade, evidence.scope, evidence.parts) == (Grade.STATISTICAL, Scope.INSTANCE, ("p",))
    assert evidence.witness is None
    for words in (
        "a normal: E[X] = 0 is claimed",
        "group-sequential normal approximation",
        "false-alarm rate 1e-06",
        "a deviation of 0.05 is missed at rate 0.01",
        "(cap 2000000)",
    ):
        assert words in evidence.detail


def test_methods_are_named():
    def uniform(n, rng):
        return rng.random(n)

    bounded = check_mean(uniform, 0.5, resolvable=0.05, rng=1, support=(0, 1))
    assert "empirical Bernstein" in bounded.detail
    robust = check_mean(uniform, 0.5, resolvable=0.05, rng=1, variance=1 / 12)
    assert "Catoni" in robust.detail
    assert bounded.outcome is robust.outcome is Outcome.HOLDS


@pytest.mark.parametrize("claimed", [1, 1.0, Fraction(1), sp.Integer(1), np.float64(1)])
def test_claims_may_be_exact(claimed):
    assert check_mean(exponential, claimed, resolvable=0.1, rng=5).outcome is Outcome.HOLDS


def test_same_seed_gives_the_same_evidence():
    first, second = (check_mean(exponential, 1, resolvable=0.1, rng=5) for _ in range(2))
    assert first == second


def test_the_entry_of_a_vector_that_fails_is_named(normal):
    sample = normal(np.array([0.0, 1.0, 2.0]), 3)
    right = check_mean(sample, [0, 1, 2], resolvable=[0.1, 0.2, 0.3], rng=1)
    assert right.outcome is Outcome.HOLDS
    assert "a deviation of 0.1 to 0.3" in right.detail
    wrong = check_mean(sample, [0, 1, 1.7], resolvable=[0.1, 0.2, 0.3], rng=1)
    assert wrong.outcome is Outcome.FAILS
    assert "E[X[2]] = 1.7 is claimed; mean 2.0" in wrong.detail


def test_a_bound_is_one_sided_and_a_mean_is_not(normal):
    sample = normal()
    assert check_bound(sample, 1.0, resolvable=0.1, rng=1).outcome is Outcome.HOLDS
    assert check_mean(sample, 1.0, resolvable=0.1, rng=1).outcome is Outcome.FAILS
    above = check_bound(sample, -0.1, resolvable=0.1, rng=1)
    assert above.outcome is Outcome.FAILS
    assert "E[X] <= -0.1 is claimed" in above.detail


def test_one_entry_above_its_bound_fails_the_vector(normal):
    sample = normal(np.array([0.0, 1.0]), 2)
    assert check_bound(sample, [5, 1], resolvable=0.1, rng=1).outcome is Outcome.HOLDS
    assert check_bound(sample, [5, 0.9], resolvable=0.1, rng=1).outcome is Outcome.FAILS


def test_an_undecided_cap_names_about_the_draws_that_decide(normal, counted):
    evidence = check_mean(normal(), 0, resolvable=0.01, max_samples=70_000, rng=1)
    assert evidence.outcome is Outcome.INCONCLUSIVE
    assert "the cap of 70000 draws does not decide: about" in evidence.detail
    needed = int(evidence.detail.split("decide: about ")[1].split(" draws")[0])
    # Standard errors that fit into 0.01: z at 1e-6 / 4 (two sides, two looks) and at 0.01 / 2.
    assert needed == pytest.approx(((5.03 + 2.58) / 0.01) ** 2, rel=0.15)
    assert check_mean(normal(), 0, resolvable=0.01, max_samples=needed, rng=1).outcome is Outcome.HOLDS


@pytest.mark.parametrize("known", [{"support": (0, 1)}, {"variance": 0.1}])
def test_a_cap_that_the_bound_cannot_work_with_names_the_number_that_it_needs(known):
    def nearly_constant(n, rng):
        return 0.5 + 1e-3 * (rng.random(n) - 0.5)

    with pytest.raises(InvalidArgument, match=r"max_samples = 2000: .* at least [0-9]+ draws") as error:
        check_mean(nearly_constant, 0.5, resolvable=0.005, max_samples=2000, rng=1, **known)
    needed = int(str(error.value).split("at least ")[1].split()[0])
    found = check_mean(nearly_constant, 0.5, resolvable=0.005, max_samples=2 * needed, rng=1, **known)
    assert found.outcome is Outcome.HOLDS


def test_clear_cases_end_early(normal, counted):
    for claimed, outcome, share in [(0.0, Outcome.HOLDS, 0.03), (3.0, Outcome.FAILS, 0.03)]:
        sample = counted(normal())
        evidence = check_mean(sample, claimed, resolvable=0.1, rng=1, max_samples=2_000_000)
        assert evidence.outcome is outcome
        assert sample.total < share * 2_000_000


@pytest.mark.parametrize("tail", [0.8, 1.5])
def test_infinite_variance_is_reported_as_such(tail, counted):
    sample = counted(lambda n, rng: rng.pareto(tail, size=n))
    evidence = check_mean(sample, 2.0, resolvable=0.5, rng=2)
    assert evidence.outcome is Outcome.INCONCLUSIVE
    assert "heavy tails: the variance appears infinite" in evidence.detail
    assert sample.total < 500_000


def test_tails_are_judged_around_the_draws_not_around_the_claim():
    sample = lambda n, rng: rng.standard_t(1.5, n)  # noqa: E731
    evidence = check_mean(sample, 1e4, resolvable=1.0, rng=2, max_samples=100_000)
    assert evidence.outcome is Outcome.INCONCLUSIVE
    assert "variance appears infinite" in evidence.detail


def test_one_draw_that_dominates_decides_nothing():
    # One draw in 30000 carries all the variance; the mean 2 is right.
    sample = lambda n, rng: 1 + 30_000.0 * (rng.random(n) < 1 / 30_000)  # noqa: E731
    evidence = check_mean(sample, 2.0, resolvable=0.5, rng=4, max_samples=100_000)
    assert evidence.outcome is Outcome.INCONCLUSIVE
    assert "heavy tails or skewness" in evidence.detail


def test_a_known_variance_overcomes_heavy_tails():
    # Pareto with tail index 2.5: mean 2/3, variance 2.5 / (1.5^2 0.5), no third moment.
    sample = lambda n, rng: rng.pareto(2.5, n)  # noqa: E731
    options = {"resolvable": 0.1, "variance": 2.5 / (1.5**2 * 0.5), "rng": 1}
    assert check_mean(sample, 2 / 3, **options).outcome is Outcome.HOLDS
    assert check_mean(sample, 2 / 3 + 0.1, **options).outcome is Outcome.FAILS
    assert check_bound(sample, 2 / 3 - 0.1, **options).outcome is Outcome.FAILS


def test_constant_draws_pass_or_fail_but_not_at_once(counted):
    def constant(n, rng):
        return np.full(n, 0.1) * 3

    assert check_mean(constant, 0.3, resolvable=0.1, rng=1).outcome is Outcome.HOLDS
    wrong = counted(constant)
    evidence = check_mean(wrong, 0.31, resolvable=0.1, rng=1)
    assert (evidence.outcome, evidence.value) == (Outcome.FAILS, math.inf)
    # An event rarer than 1 in 10^5 could hide behind equal draws, a more frequent one hardly.
    assert wrong.total >= 100_000
    # Beside a claim of zero the rounding is all there is.
    assert (
        check_mean(lambda n, rng: constant(n, rng) - 0.3, 0, resolvable=0.1, rng=1).outcome is Outcome.HOLDS
    )
    assert check_bound(constant, 0.4, resolvable=0.1, rng=1).outcome is Outcome.HOLDS


def test_rare_events_of_known_size_are_no_alarm():
    # P(X = 1000) = 1 / 1000: what 2000 draws show is often none of them. Mean 1.
    sample = lambda n, rng: 1000.0 * (rng.random(n) < 1e-3)  # noqa: E731
    for seed in range(5):
        evidence = check_mean(sample, 1, resolvable=0.5, rng=seed, support=(0, 1000))
        assert evidence.outcome is Outcome.HOLDS
        assert check_mean(sample, 1, resolvable=0.5, rng=seed).outcome is Outcome.HOLDS


def test_draws_of_one_call_that_share_a_shift_decide_nothing():
    sample = lambda n, rng: rng.standard_normal(n) + rng.standard_normal()  # noqa: E731
    evidence = check_mean(sample, 0, resolvable=0.1, rng=1)
    assert evidence.outcome is Outcome.INCONCLUSIVE
    assert "the means of separate calls differ" in evidence.detail


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolvable": 0.0}, "resolvable = 0.0: give a finite number above 0"),
        ({"resolvable": -1}, "resolvable"),
        ({"resolvable": float("nan")}, "resolvable"),
        ({"resolvable": [1, 2]}, "resolvable"),
        ({"resolvable": None}, "resolvable"),
        ({"false_alarm": 0.0}, "false_alarm = 0.0: give a rate above 0 and below 1/2"),
        ({"false_alarm": 0.5}, "false_alarm"),
        ({"false_alarm": -0.1}, "false_alarm"),
        ({"false_pass": 0.5}, "false_pass"),
        ({"false_pass": float("nan")}, "false_pass"),
        ({"false_pass": "1%"}, "false_pass"),
        ({"false_pass": True}, "false_pass"),
        ({"max_samples": 10}, "max_samples = 10: give at least 2000"),
        ({"max_samples": 1e6}, "max_samples = 1000000.0: give an integer"),
        ({"claimed": float("inf")}, "claimed"),
        ({"claimed": "0"}, "claimed"),
        ({"claimed": 1j}, "claimed"),
        ({"claimed": sp.Symbol("x")}, "claimed"),
        ({"claimed": []}, "claimed"),
        ({"claimed": [[0.0]]}, "claimed"),
        ({"support": (1, 1)}, "support"),
        ({"support": 3}, "support"),
        ({"support": (0, math.inf)}, "support"),
        ({"support": (-0.1, 0.1)}, "was drawn: widen it"),
        ({"variance": 0}, "variance"),
        ({"variance": 1, "support": (-10, 10)}, "give either variance or support, not both"),
        ({"rng": None}, "rng"),
        ({"sample": 3}, "sample = 3: give a law"),
    ],
)
def test_bad_arguments_are_refused(options, message, normal):
    arguments = {"sample": normal(), "claimed": 0.0, "resolvable": 0.1, "rng": 1} | options
    with pytest.raises(InvalidArgument) as error:
        check_mean(arguments.pop("sample"), arguments.pop("claimed"), **arguments)
    assert message in str(error.value)


def test_a_bad_bound_is_called_bound(normal):
    with pytest.raises(InvalidArgument, match=r"^bound = nan"):
        check_bound(normal(), math.nan, resolvable=0.1, rng=1)
