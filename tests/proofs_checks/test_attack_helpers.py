"""How claims on attacks compare methods, image by image: against counting by hand and exact tails."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from proofs_checks import h03_attack_tuned
from proofs_checks._attack import BUDGET, Method, decided_ratios, log_ratios, majorities, successes
from zotheory.checks.evidence import Outcome
from zotheory.experiment.results import Results

ONE, OTHER = Method("r-adazo"), Method("zo-sgd")
KINDS = (("linf", False), ("linf", True))
# Queries of one and the other to success, inf for none, of four images in two kinds of attack.
QUERIES = {
    KINDS[0]: ([100, math.inf, math.inf, 400], [200, 250, math.inf, math.inf]),
    KINDS[1]: ([100, math.inf, math.inf, 10], [100, math.inf, math.inf, 40]),
}


@pytest.fixture
def found():
    rows = []
    for kind, (method, column) in product(KINDS, ((ONE, 0), (OTHER, 1))):
        # In another order of images for each method: they are matched by their numbers.
        for image in (range(4), reversed(range(4)))[column]:
            queries = float(QUERIES[kind][column][image])
            row = {**method._asdict(), "norm": kind[0], "targeted": kind[1], "seed": 0, "image": image}
            rows.append(
                row | {"censored_queries": queries, "success": math.isfinite(queries), "at_grid_end": False}
            )
    return Results({name: np.array([row[name] for row in rows]) for name in rows[0]}, [])


def test_ratios_count_failures_as_the_budget_and_decided_ones_leave_out_double_failures(found):
    ratios = np.exp(log_ratios(found, KINDS, ONE, OTHER))
    assert ratios == pytest.approx([0.5**0.5, (BUDGET / 250) ** 0.5, 1, (400 / BUDGET / 4) ** 0.5])
    # The third image is left out, and of the second one the kind in which both fail.
    decided = np.exp(decided_ratios(found, KINDS, ONE, OTHER))
    assert decided == pytest.approx([0.5**0.5, BUDGET / 250, (400 / BUDGET / 4) ** 0.5])


def test_successes_need_the_same_images_in_the_same_order(found):
    with pytest.raises(ValueError, match="attacked other images"):
        successes(found, KINDS, ONE, OTHER)


@pytest.mark.parametrize(("hits", "count"), [(18, 18), (13, 13), (14, 14), (12, 12), (71, 100), (0, 20)])
def test_majorities_are_those_that_a_fair_coin_makes_too_rarely(hits, count):
    claim = h03_attack_tuned.claim
    rate = Fraction(1, 1000) / len(claim.parts) / 2

    def tail(least):
        return Fraction(sum(math.comb(count, k) for k in range(least, count + 1)), 2**count)

    true = np.arange(count) < hits
    expected = Outcome.INCONCLUSIVE
    if tail(hits) <= rate:
        expected = Outcome.HOLDS
    elif 1 - tail(hits + 1) <= rate:
        expected = Outcome.FAILS
    evidence = majorities(claim, claim.parts[0], {"it": true, "sure": np.ones(60, dtype=bool)})
    assert evidence.outcome is expected
    assert f"it on {hits} of {count}" in evidence.detail
