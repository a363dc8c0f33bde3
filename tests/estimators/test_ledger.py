"""Every function value and every call is counted, and the totals add up."""

import numpy as np
import pytest

from zotheory.estimators import Central, Forward, OnePoint, QueryLedger, TwoStage, simulate_mse
from zotheory.laws import Sphere

CASES = {
    "forward": (Forward(Sphere(3), 0.1, 4), 5, 1),
    "central": (Central(Sphere(3), 0.1, 4), 8, 0),
    "one-point": (OnePoint(Sphere(3), 0.1, 4), 4, 0),
    "two-stage": (TwoStage(Sphere(3), 0.1, 2, 5), 8, 1),
    "two-stage-central": (TwoStage(Sphere(3), 0.1, 2, 5, difference="central"), 14, 0),
}


def total(points):
    return points.sum(axis=1)


@pytest.mark.parametrize(("estimator", "queries", "shared"), CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("trials", [1, 2, 25])
@pytest.mark.parametrize("chunk", [None, 1, 7])
def test_counts(recorder, estimator, queries, shared, trials, chunk):
    seen = recorder(total)
    ledger = estimator.estimate(seen, np.zeros(3), 0, trials, chunk).ledger
    assert estimator.queries == queries
    assert ledger.queries == trials * queries
    assert ledger.trials == trials
    # f(x) of forward differences is computed once and shared by all trials; nothing else is saved.
    assert ledger.evaluations == seen.rows == trials * queries - shared * (trials - 1)
    assert ledger.calls == len(seen.points)


@pytest.mark.parametrize(("estimator", "queries", "shared"), CASES.values(), ids=CASES.keys())
def test_parts_of_a_stream_add_up(recorder, estimator, queries, shared):
    seen = recorder(total)
    parts = list(estimator.stream(seen, np.zeros(3), 0, 20, chunk=6))
    assert [part.ledger.trials for part in parts] == [6, 6, 6, 2]
    assert [len(part.gradients) for part in parts] == [6, 6, 6, 2]
    ledger = sum((part.ledger for part in parts), QueryLedger())
    assert ledger == estimator.estimate(total, np.zeros(3), 0, 20, chunk=6).ledger
    assert ledger.evaluations == seen.rows
    assert ledger == simulate_mse(estimator, total, np.zeros(3), [1, 1, 1], 0, trials=20, chunk=6).ledger


def test_a_call_a_chunk(recorder):
    # Vectorised: the number of calls does not grow with the trials or the batch.
    for trials in (1, 100, 4000):
        seen = recorder(total)
        Central(Sphere(3), 0.1, 10).estimate(seen, np.zeros(3), 0, trials)
        assert len(seen.points) == 2


def test_ledgers_add_to_ledgers_only():
    with pytest.raises(TypeError):
        _ = QueryLedger() + 1
