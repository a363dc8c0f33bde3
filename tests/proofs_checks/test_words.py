"""Words against numbers, a series against itself, passes of a step, and intervals of drawn tables."""

import numpy as np
import pytest

from proofs_checks._language import less, passes_a_step
from proofs_checks._sentences import covered
from proofs_checks._words import worded
from zotheory.checks.evidence import Outcome
from zotheory.experiment import Results
from zotheory.ledger.claim import Claim, Kind, Verdict

CLAIM = Claim(
    id="T",
    title="Measured: a factor of 2.5",
    kind=Kind.EQUALITY,
    plain="between 0.1 and 0.2",
    latex="$x$",
    source="a test (3 times)",
    conditions=("seeds 0 and 1",),
    expected=Verdict.SUPPORTED,
    formulas={},
    parts=("one",),
)


def test_texts_are_found_in_title_words_source_and_conditions():
    found = worded(CLAIM, "one", "factor of 2.5", "0.1 and 0.2", "(3 times)", "seeds 0 and 1")
    assert (found.outcome, found.parts) == (Outcome.HOLDS, ("one",))


@pytest.mark.parametrize(
    "text", ["factor of 2.6", "0.2 and 0.1", "2 times", "seeds 0 and 2", "2.5 between"]
)
def test_a_text_that_is_not_there_is_told(text):
    found = worded(CLAIM, "one", "factor of 2.5", text)
    assert found.outcome is Outcome.FAILS
    assert text in found.detail


def test_a_series_is_not_compared_with_itself():
    series = np.array([0.1, 0.2, 0.4])
    assert less(series, np.array([0.0, 0.3, 0.4])).value == pytest.approx(0)
    with pytest.raises(ValueError, match="compared with itself"):
        less(series, series.copy())


def test_passes_of_a_step_are_those_of_whole_runs():
    columns = {
        "seed": [0, 0, 0, 1, 1, 1],
        "diverged": [False] * 6,
        "passes": [0, 6, 12, 0, 6, 12],
        "steps": [0, 2, 4, 0, 3, 6],
    }
    rows = Results({name: np.array(values) for name, values in columns.items()}, [])
    assert passes_a_step(rows) == {3.0, 2.0}


@pytest.mark.parametrize("confidence", [0.5, 0.9])
def test_intervals_of_drawn_tables_contain_their_mean_as_often_as_they_say(confidence):
    """Where all chance is in many sentences, drawn by the spread of the table."""
    table = np.random.default_rng(3).standard_normal((1, 400)).repeat(40, axis=0)
    found = covered(table, confidence, 2000, np.random.default_rng(4))
    assert np.mean(found) == pytest.approx(confidence, abs=4 * np.sqrt(0.25 / 2000))
