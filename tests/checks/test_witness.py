"""The witness of a statistical failure: its numbers, drawn again; and that it refutes nothing alone."""

import json

import numpy as np
import pytest

from zotheory.checks import Outcome, check_bound, check_identity, check_mean, check_unbiased
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.ledger.plain import plain
from zotheory.ledger.verdict import decide
from zotheory.rng import stream


def shifted(n, rng):
    return rng.standard_normal((n, 3)) + np.array([0.0, 0.0, 0.2])


def test_the_mean_can_be_drawn_again_from_the_data_alone():
    found = check_mean(shifted, [0, 0, 0], resolvable=0.1, rng=17, false_alarm=1e-4)
    assert found.outcome is Outcome.FAILS
    data = found.witness.data
    assert (data["statistic"], data["claimed"], data["relation"]) == ("E[X[2]]", 0.0, "=")
    assert (data["false_alarm"], data["false_pass"], data["resolvable"]) == (1e-4, 0.01, 0.1)
    assert (data["seed"], data["tested_at_once"], data["max_samples"]) == (17, 3, 2_000_000)
    rng = stream(data["seed"])
    draws = np.concatenate([shifted(n, rng) for n, times in data["calls"] for _ in range(times)])[:, 2]
    assert len(draws) == data["draws"]
    assert data["mean"] == pytest.approx(draws.mean(), rel=1e-12)
    assert data["standard_error"] == pytest.approx(draws.std(ddof=1) / len(draws) ** 0.5, rel=1e-9)
    low, high = data["interval"]
    assert 0 < low < data["mean"] < high
    assert "rng = 17" in found.witness.description
    assert "not a proof" in found.witness.description


@pytest.mark.parametrize("kind", [np.random.Philox, np.random.PCG64, np.random.SFC64])
def test_a_generator_is_recorded_as_it_was_before_the_run(kind):
    rng = np.random.Generator(kind(5))
    rng.random(3)
    found = check_unbiased(lambda n, g: g.standard_normal((n, 2)), 2, dim=2, rng=rng)
    data = json.loads(json.dumps(found.witness.data))
    again = np.random.Generator(kind())
    again.bit_generator.state = data["state"]
    assert data["generator"] == f"numpy.random.{kind.__name__}"
    assert check_unbiased(lambda n, g: g.standard_normal((n, 2)), 2, dim=2, rng=again) == found


def test_a_state_too_long_to_print_is_unknown_and_said_so():
    rng = np.random.Generator(np.random.MT19937(5))
    witness = check_mean(lambda n, g: g.random(n), 0.7, resolvable=0.1, rng=rng).witness
    assert witness.data["state"] == "unknown"
    assert "run the check with an integer seed" in witness.description


def test_one_sided_and_bounded_failures_carry_theirs():
    found = check_bound(lambda n, rng: rng.random(n), 0.3, resolvable=0.1, support=(0, 1), rng=1)
    assert found.witness.data["relation"] == "<="
    assert found.witness.data["interval"][0] > 0.3
    robust = check_bound(lambda n, rng: rng.random(n), 0.3, resolvable=0.1, variance=1, rng=1)
    assert robust.witness.data["interval"] is None  # Catoni's test has none
    assert "Catoni" in robust.witness.data["method"]
    constant = check_mean(lambda n, rng: np.ones(n), 0, resolvable=0.1, rng=1).witness
    assert json.loads(json.dumps(plain(dict(constant.data))))["mean"] == 1.0


def test_only_a_failure_has_one():
    for claimed, step in [(0.5, 0.02), (0.5, 0.001)]:
        found = check_mean(
            lambda n, rng: rng.random(n), claimed, resolvable=step, max_samples=50_000, rng=1
        )
        assert found.outcome is not Outcome.FAILS
        assert found.witness is None


def test_a_statistical_witness_refutes_nothing_and_unsettles_a_proof():
    claim = Claim(
        id="X",
        title="a mean",
        kind=Kind.EQUALITY,
        plain="E[X] = 0",
        latex="$0$",
        source="a test",
        expected=Verdict.PROVED,
        formulas={},
    )
    fails = check_mean(shifted, [0, 0, 0], resolvable=0.1, rng=1)
    assert fails.witness is not None
    alone = decide(claim, [fails])
    assert alone.verdict is Verdict.UNDECIDED
    assert "too weak a grade to refute" in alone.reason
    against = decide(claim, [check_identity(1, 1, detail="algebra"), fails])
    assert against.verdict is Verdict.UNDECIDED
    assert "routes disagree" in against.reason
