"""H3b: R-AdaZO against ZO-AdaMM at one learning rate: who is ahead depends on whose rate it is."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._attack import (
    ALL,
    BALL,
    CUBE,
    FIRST,
    TUNINGS,
    Method,
    attacks,
    log_ratios,
    majorities,
    mean_ratio,
    rate,
    successes,
)
from proofs_checks._store import Stated, certified, compared, settled
from zotheory.checks.evidence import Evidence
from zotheory.ledger.claim import Claim, Kind, Verdict

BETA = sp.Symbol("beta1", positive=True)

claim = Claim(
    id="H3b",
    title="Measured in attacks on one network that reads digits, at one learning rate: at the one tuned for R-AdaZO it is far ahead of ZO-AdaMM, at the one "
    "tuned for ZO-AdaMM it succeeds less often; tuned rates differ, on average over what they are tuned on, as step lengths do",
    kind=Kind.UPPER_BOUND,
    plain="Untargeted attacks. At the rate tuned for R-AdaZO the geometric mean over images of the ratio of its queries to ZO-AdaMM's, "
    "a failure counting as the budget, is below 0.47 in the cube and below 0.65 in the ball, and of images on which one of the two "
    "succeeds, most favour R-AdaZO. At the rate tuned for ZO-AdaMM most favour ZO-AdaMM, in the cube and in the ball. So the "
    "comparison at one rate does not rank the two. The rate of ZO-AdaMM, tuned on four groups of images, is in the "
    "geometric mean over groups between 10/11 and 11/10 times sqrt((1+beta1)/(1-beta1)) = 4.36 times that of R-AdaZO, in each kind of attack: the "
    "predicted ratio of step lengths in noise (F3). For single groups it is between 1 and 8 times.",
    latex=r"At R-AdaZO's rate $q_R/q_A<0.47$ (cube), ${<}0.65$ (ball); at ZO-AdaMM's most images favour ZO-AdaMM; "
    r"geometric means of $\eta_A/\eta_R$ in $(\tfrac{10}{11},\tfrac{11}{10})\cdot\sqrt{19}$.",
    source="arXiv 2502.01014, as summarised (faster than ZO-AdaMM, compared at one learning rate in our reading); measured here",
    conditions=(
        "stored results of black-box-attack: the first of two small networks (the second: H3d), trained on 4000 images of MNIST, 100 others attacked, at most 500 "
        "queries, 5 a step, sphere, delta = 1; images are the replications, the network and the rates are given",
        "rates on a grid of ratio 2, extended until no end is best, tuned on 8 other images, and again on three more groups of 8, the "
        "methods on the same ones; beta1 = 0.9, beta2 = 0.999; ZO-AdaMM's maximum over time and the first steps, where F3 says "
        "10, shorten its steps further",
        "false-alarm rate 1e-3 in all, a quarter for each part, shared by its intervals: Student's t for mean logarithms, exact binomial "
        "bounds of shares of images; the bounds stated are round numbers, chosen when the results were known; the tuned rates "
        "are described, nothing is inferred about further groups",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "ahead, cube": sp.Rational(47, 100),
        "ahead, ball": sp.Rational(65, 100),
        "lengths": sp.sqrt((1 + BETA) / (1 - BETA)),
        "rates, mean": sp.Rational(11, 10),
        "rates, most": sp.Integer(8),
    },
    parts=("rate of R-AdaZO", "more successes", "more successes, cube, rate of ZO-AdaMM", "tuned rates"),
    depends=("F3",),
    data=("../results/black-box-attack",),
)
REFINED, ADAMM = Method("r-adazo"), Method("zo-adamm")
# Each at the rate of the other.
REFINED_THERE, ADAMM_THERE = (
    Method("r-adazo", rate_of="zo-adamm"),
    Method("zo-adamm", rate_of="r-adazo"),
)
# Untargeted.
KINDS = {"cube": CUBE[:1], "ball": BALL[:1]}


@claim.check("means over images")
def means(claim: Claim) -> Iterator[Evidence]:
    found, statements = attacks(FIRST), []
    for norm, kinds in KINDS.items():
        ahead = mean_ratio(log_ratios(found, kinds, REFINED, ADAMM_THERE))
        high = float(sp.log(claim.formulas[f"ahead, {norm}"]))
        statements.append(Stated(f"R-AdaZO over ZO-AdaMM, {norm}", ahead, high=high))
    yield settled(claim, claim.parts[0], "mean log ratios", statements)


@claim.check("images one by one")
def images(claim: Claim) -> Iterator[Evidence]:
    found = attacks(FIRST)
    _, often, cube, _ = claim.parts
    # Of the images on which one of them succeeds and the other does not.
    own = {norm: successes(found, kinds, REFINED, ADAMM_THERE) for norm, kinds in KINDS.items()}
    theirs = {norm: successes(found, kinds, ADAMM, REFINED_THERE) for norm, kinds in KINDS.items()}
    statements = {f"{norm}: R-AdaZO at its rate": more[more != 0] > 0 for norm, more in own.items()}
    more = theirs["ball"]
    yield majorities(claim, often, statements | {"ball: ZO-AdaMM at its rate": more[more != 0] > 0})
    more = theirs["cube"]
    yield majorities(claim, cube, {"cube: ZO-AdaMM at its rate": more[more != 0] > 0})


@claim.check("predicted lengths")
def lengths(claim: Claim) -> Iterator[Evidence]:
    # A step in noise of variance 1 has the length of the momentum, over 1 for ZO-AdaMM and over the momentum's
    # own for R-AdaZO. Squared that is sum_k ((1 - beta1) beta1^k)^2.
    pairs = []
    for beta in (sp.Rational(1, 2), sp.Rational(9, 10), sp.Rational(99, 100)):
        k = sp.Symbol("k", integer=True, nonnegative=True)
        squared = sp.summation(((1 - beta) * beta**k) ** 2, (k, 0, sp.oo))
        stated = claim.formulas["lengths"].subs(BETA, beta) ** 2
        pairs.append((f"beta1 = {beta}", sp.simplify(stated * squared), sp.Integer(1)))
    yield compared(
        claim.parts[3], "squared ratio of step lengths against the sum of squared weights", pairs
    )


@claim.check("rates")
def rates(claim: Claim) -> Iterator[Evidence]:
    found = attacks(FIRST)
    predicted = float(claim.formulas["lengths"].subs(BETA, sp.Rational(9, 10)))
    mean, most = (float(claim.formulas[f"rates, {name}"]) for name in ("mean", "most"))
    for norm, targeted in ALL:
        ratios = np.array(
            [
                rate(found, (norm, targeted), ADAMM._replace(rate_of=group))
                / rate(found, (norm, targeted), REFINED._replace(rate_of=group))
                for group in TUNINGS
            ]
        )
        middle = float(np.exp(np.log(ratios).mean())) / predicted
        told = f"{norm}, {'targeted' if targeted else 'any answer'}: ratios of tuned rates {ratios}, "
        told += f"geometric mean {middle:.3g} times the predicted one"
        true = 1 / mean < middle < mean and ratios.min() > 0.999 and ratios.max() < 1.001 * most
        yield certified(bool(true), claim.parts[3], told)
