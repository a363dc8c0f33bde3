"""Intervals over runs and sentences contain what was put in as often as they say; right is counted."""

import numpy as np
import pytest
from scipy.stats import binom

from proofs_checks import _sentences
from proofs_checks._sentences import by_bootstrap, by_normal, right
from zotheory.experiment import Results

TRUTH, CONFIDENCE = 0.03, 0.9


def tables(runs: float, sentences: float, count: int):
    """Yield tables (6 runs, 60 sentences) with chance in runs, in sentences and in each cell."""
    rng = np.random.default_rng(5)
    for _ in range(count):
        own = runs * rng.standard_normal((6, 1)) + sentences * rng.standard_normal((1, 60))
        yield TRUTH + own + 0.3 * rng.standard_normal((6, 60))


@pytest.mark.parametrize(("runs", "sentences"), [(0.0, 0.5), (0.06, 0.0), (0.04, 0.4)])
def test_intervals_contain_the_truth_as_often_as_they_say(runs, sentences, monkeypatch):
    monkeypatch.setattr(_sentences, "RESAMPLES", 400)
    rng, within, sizes = np.random.default_rng(6), [], []
    for table in tables(runs, sentences, 200):
        found = by_normal(table, CONFIDENCE), by_bootstrap(table, CONFIDENCE, rng)
        assert found[0][0] == pytest.approx(table.mean())
        within.append([low <= TRUTH <= high for _, low, high in found])
        sizes.append([high - low for _, low, high in found])
    # Where chance is in six runs alone, quantiles of Student's distribution would be 1.2 times as far.
    least = 0.8 if sentences == 0 else 0.85
    assert np.all(np.mean(within, axis=0) > least)
    # Not by being far too wide: the spread of the means themselves.
    spread = np.std([table.mean() for table in tables(runs, sentences, 200)]) * 2 * 1.645
    assert np.all(np.mean(sizes, axis=0) < 1.35 * spread)


def test_the_bootstrap_draws_sentences():
    # One run: its mean over sentences drawn with replacement, whose distribution is binomial.
    table = np.array([[1.0] * 12 + [0.0] * 28])
    mean, low, high = by_bootstrap(table, 0.95, np.random.default_rng(1))
    assert mean == pytest.approx(0.3)
    assert 40 * low == pytest.approx(binom.ppf(0.025, 40, 0.3), abs=1)
    assert 40 * high == pytest.approx(binom.ppf(0.975, 40, 0.3), abs=1)


def test_right_by_counting():
    columns = {
        "seed": [1, 1, 1, 0, 0, 0, 1, 0],
        "sentence": [2, 0, 1, 0, 1, 2, 3, 3],
        "label": [1, 0, 1, 0, 1, 1, 0, 0],
        "margin": [0.5, 0.2, -1.0, -1.0, 2.0, 1.0, 0.4, 1.5],
    }
    rows = Results({name: np.array(values) for name, values in columns.items()}, [])
    assert right(rows, "margin").tolist() == [[1, 1, 1, 0], [0, 0, 1, 0]]
    # Medians 1.25 and 0.3.
    assert right(rows, "margin", balanced=True).tolist() == [[1, 1, 0, 0], [1, 0, 1, 0]]
