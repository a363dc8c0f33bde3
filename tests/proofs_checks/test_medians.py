"""Intervals of medians: their rate by enumeration, and how they decide."""

import itertools

import numpy as np
import pytest

from proofs_checks._medians import Median, interval, rank, settled
from zotheory.checks.evidence import Outcome
from zotheory.errors import InvalidArgument


@pytest.mark.parametrize("n", [1, 4, 9, 12])
@pytest.mark.parametrize("rate", [0.3, 0.05, 0.004, 1e-5])
def test_ranks_by_counting_all_outcomes(n, rate):
    heads = [sum(coins) for coins in itertools.product((0, 1), repeat=n)]
    r = rank(n, rate)
    assert np.mean([count < r for count in heads]) <= rate
    assert np.mean([count < r + 1 for count in heads]) > rate


def test_intervals_of_a_skewed_law_miss_its_median_as_often_as_said():
    rng, rate, n, count = np.random.default_rng(0), 0.05, 20, 4000
    missed = np.zeros(2)
    for values in rng.exponential(size=(count, n)):
        low, high = interval(values, rate)
        missed += [low > np.log(2), high < np.log(2)]
    # P(Bin(20, 1/2) < 6) = 0.0207
    assert missed / count == pytest.approx([0.0207] * 2, abs=5 * (0.0207 / count) ** 0.5)


def test_what_lies_within_holds_and_what_lies_outside_fails():
    values = np.arange(30.0)
    cases = {
        "within": Median("a", values, low=-1, high=30),
        "outside": Median("b", values, low=40),
        "across": Median("c", values, high=20),
    }
    found = settled({name: [statement] for name, statement in cases.items()})
    assert [item.outcome for item in found] == [Outcome.HOLDS, Outcome.FAILS, Outcome.INCONCLUSIVE]
    assert [item.parts for item in found] == [("within",), ("outside",), ("across",)]
    assert found[1].witness is not None


def test_more_statements_have_wider_intervals():
    # With a tenth of the rate the interval reaches further out, across the bound.
    values = np.arange(30.0)
    one = Median("a", values, low=values[3] + 0.5)
    assert settled({"a": [one]})[0].outcome is Outcome.HOLDS
    assert settled({"a": [one] * 100})[0].outcome is Outcome.INCONCLUSIVE


def test_too_few_values_are_refused():
    with pytest.raises(InvalidArgument, match=r"^values = 5: give more"):
        interval(np.arange(5.0), 1e-3)
