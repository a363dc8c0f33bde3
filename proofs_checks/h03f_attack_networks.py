"""H3f: what of methods in attacks is not the same on two networks."""

from collections.abc import Iterator

import sympy as sp

from proofs_checks._attack import (
    BALL,
    FIRST,
    SECOND,
    Method,
    attacks,
    log_ratios,
    mean_ratio,
    successes,
)
from proofs_checks._store import Stated, certified, difference, settled
from zotheory.checks.evidence import Evidence
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="H3f",
    title="Measured in attacks on digits within the ball: whether R-AdaZO or momentum succeeds more often than ZO-SGD, and what momentum "
    "saves, is not the same on two networks",
    kind=Kind.UPPER_BOUND,
    plain="For an image, the share of the untargeted and the targeted attack in the ball in which a method succeeds, less that of ZO-SGD: its mean "
    "over images is larger on the second network than on the first, for R-AdaZO and for momentum. Of the images on which the "
    "two differ, most favour ZO-SGD on the first network and the other method on the second. The geometric mean over images of momentum's queries "
    "over ZO-SGD's, that of the two kinds of attack for an image, a failure counting as the budget, is more than 1.03 times as large on the second network.",
    latex=r"Ball, share of successes $s$ less ZO-SGD's: $s_1 < 0 < s_2$ on the first and second network, for R-AdaZO and momentum.",
    source="measured here",
    conditions=(
        "stored results of black-box-attack: two small networks, each trained on its own 4000 images of MNIST, 100 others attacked, at most "
        "500 queries, 5 a step, sphere, delta = 1; images are the replications, two networks and their rates are given: which "
        "of the two is the rule is not known",
        "rates tuned on 8 other images of each network, on a grid of ratio 2, extended until no end is best: the "
        "difference may be one of rates (H3 has four groups of images for the first network, with either sign)",
        "false-alarm rate 1e-3 in all, a third for each part, shared by its intervals: Student's t; statements and bounds "
        "were chosen when the results were known; which method most images favour is described",
    ),
    expected=Verdict.SUPPORTED,
    formulas={"apart": sp.Integer(0), "queries apart": sp.Rational(103, 100)},
    parts=("shares of successes", "signs", "queries of momentum"),
    depends=("H3",),
    data=("../results/black-box-attack",),
)
PLAIN, REFINED, MOMENTUM = map(Method, ("zo-sgd", "r-adazo", "momentum-sgd"))
METHODS = {"R-AdaZO": REFINED, "momentum": MOMENTUM}


@claim.check("differences of means")
def means(claim: Claim) -> Iterator[Evidence]:
    first, second = attacks(FIRST), attacks(SECOND)
    shares, _, queries = claim.parts
    statements = []
    for name, method in METHODS.items():
        one, other = (mean_ratio(successes(found, BALL, method, PLAIN)) for found in (first, second))
        statements.append(Stated(name, difference(other, one), low=float(claim.formulas["apart"])))
    told = "share of successes less ZO-SGD's, second network less first"
    yield settled(claim, shares, told, statements)
    one, other = (mean_ratio(log_ratios(found, BALL, MOMENTUM, PLAIN)) for found in (first, second))
    least = float(sp.log(claim.formulas["queries apart"]))
    stated = Stated("momentum over ZO-SGD", difference(other, one), low=least)
    yield settled(claim, queries, "mean log ratios, second network less first", [stated])


@claim.check("images one by one")
def images(claim: Claim) -> Iterator[Evidence]:
    counts, told = [], []
    for name, method in METHODS.items():
        pairs = []
        for network in (FIRST, SECOND):
            more = successes(attacks(network), BALL, method, PLAIN)
            pairs.append((int((more > 0).sum()), int((more < 0).sum())))
        counts.append(pairs)
        told.append(f"{name}: {' and '.join(f'{ahead} to {behind}' for ahead, behind in pairs)}")
    true = all(first[0] < first[1] and second[0] > second[1] for first, second in counts)
    told = f"images with more successes than ZO-SGD, and with fewer; {'; '.join(told)}"
    yield certified(true, claim.parts[1], told)
