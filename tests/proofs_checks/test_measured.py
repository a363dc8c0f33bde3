"""How measured results decide: pooled trials, ratios, and shares of replications."""

import math

import numpy as np
import pytest

from proofs_checks._store import (
    FALSE_ALARM,
    Mean,
    Stated,
    difference,
    half_width,
    most,
    near,
    near_ratio,
    over_trials,
    settled,
)
from zotheory.checks.evidence import Outcome
from zotheory.experiment import Results
from zotheory.ledger.claim import Claim, Kind, Verdict

CLAIM = Claim(
    id="T",
    title="two parts",
    kind=Kind.EQUALITY,
    plain="two parts",
    latex="two parts",
    source="a test",
    expected=Verdict.SUPPORTED,
    formulas={},
    parts=("one", "two"),
)


def test_cells_are_pooled_as_if_all_trials_were_at_hand():
    trials = [np.random.default_rng(i).exponential(size=n) for i, n in enumerate((50, 400, 7))]
    columns = {
        "trials": np.array([x.size for x in trials]),
        "loss": np.array([x.mean() for x in trials]),
        "loss_standard_error": np.array([x.std(ddof=1) / math.sqrt(x.size) for x in trials]),
        "seed": np.arange(3),
    }
    pooled, every = over_trials(Results(columns, ()), "loss"), np.concatenate(trials)
    assert pooled.value == pytest.approx(every.mean())
    assert pooled.error == pytest.approx(every.std() / math.sqrt(every.size))
    assert pooled.trials == every.size


def mean(value: float, error: float = 1e-3, trials: int = 50_000) -> Mean:
    return Mean(value, error, trials - 1, trials=trials)


def test_a_difference_has_the_trials_of_the_smaller_part():
    gap = difference(mean(3.0, 0.3), mean(1.0, 0.2, 9_000), factor=2.0)
    assert (gap.value, gap.trials) == (1.0, 9_000)
    assert gap.error == pytest.approx(0.5)
    assert half_width(mean(1.0, trials=100), 1e-3) == math.inf


@pytest.mark.parametrize(
    ("value", "outcome"), [(2.0, Outcome.HOLDS), (2.094, Outcome.INCONCLUSIVE), (2.2, Outcome.FAILS)]
)
def test_what_is_near_holds_and_what_is_off_does_not(value, outcome):
    assert settled(CLAIM, "one", "loss", [near("loss", mean(value), 2, 0.05)]).outcome is outcome
    ratios = near_ratio("loss", 2, 0.05, mean(value * 10, 1e-2), mean(10.0, 1e-3))
    assert settled(CLAIM, "one", "ratio", ratios).outcome is outcome


def test_too_few_trials_decide_nothing():
    found = settled(CLAIM, "one", "loss", [Stated("loss", mean(5.0, trials=100), low=0)])
    assert found.outcome is Outcome.INCONCLUSIVE


def test_shares_of_replications_have_the_bounds_of_the_binomial_law():
    # All of n as stated: the share is above p unless p^n is less than the rate.
    rate, p = FALSE_ALARM / 2, 0.7
    enough = math.ceil(math.log(rate) / math.log(p))
    for count, outcome in ((enough, Outcome.HOLDS), (enough - 1, Outcome.INCONCLUSIVE)):
        assert most(CLAIM, "one", "points", [{"a": True, "b": True}] * count, p).outcome is outcome
    # Of 40 with k as stated the upper end is below p only where P(at most k | p) is less than the rate.
    chances = np.cumsum([math.comb(40, k) * p**k * (1 - p) ** (40 - k) for k in range(41)])
    for hits in (int((chances < rate).sum()) - 1, int((chances < rate).sum())):
        found = [{"a": True, "b": i < hits} for i in range(40)]
        evidence = most(CLAIM, "one", "points", found, p)
        refuted = chances[hits] < rate
        assert evidence.outcome is (Outcome.FAILS if refuted else Outcome.INCONCLUSIVE)
        assert (evidence.witness is not None) is bool(refuted)
        assert f"{hits} of 40" in evidence.detail
