import math

import numpy as np
import pytest

from proofs_checks._reach import averaged, first_reached, log_ratio, within_grids
from proofs_checks._store import Mean
from zotheory.experiment import Results

X = np.arange(0, 101, 10.0)


def test_exponential_curves_are_read_exactly():
    losses = 5 * np.exp(-0.07 * X)
    assert math.isclose(first_reached(X, losses, 5 * math.exp(-0.07 * 33.3)), 33.3, rel_tol=1e-12)
    assert first_reached(X, losses, 6.0) == 0
    assert first_reached(X, losses, 1e-9) == math.inf


def curves(rates: list[float]) -> Results:
    rows = {
        "seed": np.repeat(np.arange(len(rates)), X.size),
        "queries_spent": np.tile(X, len(rates)).astype(int),
        "loss": np.concatenate([3 * np.exp(-rate * X) for rate in rates]),
    }
    return Results(rows, [])


def test_ratios_are_those_of_the_rates():
    found = log_ratio(curves([0.04, 0.02, 0.06]), curves([0.02, 0.02, 0.02]))
    assert math.isclose(found.value, -math.log(2 * 3) / 3, rel_tol=1e-9)
    assert found.freedom == 2
    back = log_ratio(curves([0.02, 0.02, 0.02]), curves([0.04, 0.02, 0.06]))
    assert math.isclose(back.value, -found.value)


def test_a_run_without_an_end_is_refused():
    with pytest.raises(ValueError, match="seed 0"):
        log_ratio(curves([-0.01]), curves([0.02]))


def test_runs_from_other_starts_are_refused():
    moved = curves([0.02])
    moved.columns["loss"][:] *= 1.1
    with pytest.raises(ValueError, match="seed 0: losses at the start differ"):
        log_ratio(curves([0.02]), moved)


def test_a_rate_at_the_end_of_a_grid_is_seen():
    inside, end = (Results({"at_grid_end": np.array([False, value])}, []) for value in (False, True))
    assert within_grids([inside, inside])
    assert not within_grids([inside, end])


def test_averages_have_the_degrees_of_freedom_of_equal_samples():
    mean = averaged([Mean(1.0, 0.3, 9), Mean(2.0, 0.3, 9)])
    assert (mean.value, mean.freedom) == (1.5, 18)
    assert math.isclose(mean.error, 0.3 / math.sqrt(2))
