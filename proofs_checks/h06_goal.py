"""H6: the goal that a guide or importance blocks save 30% of the function values on half of the problems is missed."""

import math
from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._store import FALSE_ALARM
from proofs_checks._tournament import OWN, chosen, joint, log_ratios, problems, signed_rank
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="H6",
    title="Measured: the goal is not reached that on half of the problems the better of guided and importance blocks needs at "
    "most 0.7 of the function values of the best published method",
    kind=Kind.LOWER_BOUND,
    plain="Fourteen problems (functions up to 10 000 dimensions, quadratics, Rosenbrock's chain, networks for digits, an "
    "attack, a mesh), seventeen methods with learning rates tuned for each, equally many function values. On half of the seeds the best of either kind is chosen by "
    "the area under its loss curve; on the other half they are compared, at the loss at which the worse of the two ends. On more than half of the problems the median ratio is "
    "above 0.7.",
    latex=r"$q_{\mathrm{own}}>0.7\,q_{\mathrm{published}}$ on more than half of the problems",
    source="our own goal; methods of arXiv 1806.10230, 1910.06513, 2501.19099, 2502.01014 and 2510.19975, as summarised",
    conditions=(
        "stored results of tournament: d = 100 to 25818, 800 to 3200 function values, four forward differences a step, constant "
        "learning rates from a grid of ratio 2 chosen by two other runs, the same for all seeds: that another tuning may "
        "choose a neighbour is not in the tests",
        "exact signed-rank tests of each problem's ratios over the seeds that did not choose (logarithms are taken to be symmetric about "
        "their median), joined by Fisher's sum of the largest "
        "p-values (partial conjunction; starts and draws of problems are independent), false-alarm rate 1e-3; where only one of both methods ends below the start a ratio counts "
        "as 20 or 1/20, where none does as 1; both stages of DAP "
        "averaged, which is not as published, counts as published",
        "the goal was set before all runs, the tests before those of Guided ES and of the four larger problems",
        "the first check is just below what is asked for, 4.6e-4 of 5e-4, and was not repeated with more seeds for that: of four problems "
        "there are four seeds that did not choose, whose p-values are 1/16 at best. The second check is clear: it lets the better of both own "
        "methods be known seed by seed, against plain signs, by exact sign tests",
    ),
    expected=Verdict.SUPPORTED,
    formulas={"goal": sp.Rational(7, 10), "share": sp.Rational(1, 2)},
    parts=("goal",),
    data=("../results/tournament",),
)


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    goal = float(sp.log(claim.formulas["goal"]))
    above, below, told = [], [], []
    for name, rows in problems().items():
        own, published = chosen(rows)
        ratios = log_ratios(rows, own, published)
        above.append(signed_rank(ratios - goal))
        below.append(signed_rank(goal - ratios))
        told.append(f"{name}: {own} over {published} {np.exp(np.median(ratios)):.2f}, p = {above[-1]:.2g}")
    needed = max(1, math.ceil(float(claim.formulas["share"]) * len(told)))
    # The goal is missed if more than the others are above it.
    missed, reached = joint(above, len(told) - needed + 1), joint(below, needed)
    holds, fails = missed < FALSE_ALARM / 2, reached < FALSE_ALARM / 2
    yield Evidence(
        outcome=Outcome.FAILS if fails else Outcome.HOLDS if holds else Outcome.INCONCLUSIVE,
        grade=Grade.STATISTICAL,
        scope=Scope.INSTANCE,
        detail=f"above the goal on more than {len(told) - needed} of {len(told)} problems, p = {missed:.2g} where "
        f"{FALSE_ALARM / 2:.2g} is asked for; at it on {needed}, p = {reached:.2g}; median ratios, and p of being above: {'; '.join(told)}",
        falsifier="median ratios at the goal or below on half of the problems",
        parts=("goal",),
        witness=Witness(f"at the goal on {needed}, p = {reached:.2g}", {"ratios": told}) if fails else None,
    )


@claim.check("the better of both, seed by seed")
def hindsight(claim: Claim) -> Iterator[Evidence]:
    """All seeds against plain signs, chosen beforehand, of both own methods the better one each time: a lower bound."""
    goal = float(sp.log(claim.formulas["goal"]))
    values, told = [], []
    for name, rows in problems().items():
        both = [log_ratios(rows, method, "rademacher", seeds=(0, 1)) for method in OWN]
        ratios = np.minimum(*both)
        hits = int((ratios > goal).sum())
        # Any distribution: P(Binomial(n, 1/2) >= hits)
        values.append(sum(math.comb(ratios.size, k) for k in range(hits, ratios.size + 1)) / 2**ratios.size)
        told.append(f"{name} {np.exp(np.median(ratios)):.2f}")
    needed = max(1, math.ceil(float(claim.formulas["share"]) * len(told)))
    missed = joint(values, len(told) - needed + 1)
    yield Evidence(
        outcome=Outcome.HOLDS if missed < FALSE_ALARM / 2 else Outcome.INCONCLUSIVE,
        grade=Grade.STATISTICAL,
        scope=Scope.INSTANCE,
        detail=f"above the goal on more than {len(told) - needed} problems, p = {missed:.2g}; medians: {'; '.join(told)}",
        falsifier="median ratios at the goal or below on half of the problems",
        parts=("goal",),
    )
