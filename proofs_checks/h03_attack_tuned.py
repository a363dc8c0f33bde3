"""H3: queries of R-AdaZO in attacks, each method with a learning rate of its own."""

from collections.abc import Iterator

import sympy as sp

from proofs_checks._attack import ALL, Method, attacks, beside, log_ratios, mean_ratio, successes
from proofs_checks._store import Stated, most, over_seeds, settled
from zotheory.checks.evidence import Evidence
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="H3",
    title="Measured in attacks on digits, learning rates tuned: R-AdaZO needs fewer queries than ZO-SGD, as ZO-AdaMM and "
    "plain momentum do; from ZO-AdaMM it differs by less than a third",
    kind=Kind.UPPER_BOUND,
    plain="For an image, the ratio of the queries of two methods is the geometric mean over four kinds of attack (cube and "
    "ball, untargeted and targeted), a failure counting as the budget. Its median over images, and its geometric mean, is "
    "below 4/5 for R-AdaZO over ZO-SGD, below 3/4 for ZO-AdaMM and below 7/8 for momentum over ZO-SGD, and between 3/4 "
    "and 4/3 for R-AdaZO over ZO-AdaMM. Within the budget R-AdaZO succeeds more often than ZO-SGD in the cube, but in the ball "
    "its share of successes is at most 1/20 above.",
    latex=r"Median and geometric mean of $q_A/q_B$: R-AdaZO over ZO-SGD ${<}\tfrac45$, ZO-AdaMM over ZO-SGD "
    r"${<}\tfrac34$, momentum over ZO-SGD ${<}\tfrac78$, R-AdaZO over ZO-AdaMM in $(\tfrac34,\tfrac43)$.",
    source="arXiv 2502.01014, attack on MNIST, as summarised (faster than ZO-SGD and ZO-AdaMM); measured here on another network",
    conditions=(
        "stored results of black-box-attack: one small network trained on 4000 images of MNIST, 100 others attacked, at most 500 "
        "queries, 5 a step, law uniform on the sphere, delta = 1; images are the replications, the network and the rates are given",
        "rates on a grid of ratio 2, extended until no end is best, tuned on 8 other images: tuning is noisy, by a factor of 2 or so, "
        "and differences of methods within that are not resolved",
        "false-alarm rate 1e-3, a quarter for each comparison in each check: exact bounds of a share (Clopper and Pearson), and "
        "Student's t for mean logarithms; the bounds stated are round numbers, chosen when the results were known",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "R-AdaZO": sp.Rational(4, 5),
        "ZO-AdaMM": sp.Rational(3, 4),
        "momentum": sp.Rational(7, 8),
        "level": sp.Rational(4, 3),
        "more successes, cube": sp.Integer(0),
        "more successes, ball": sp.Rational(1, 20),
    },
    parts=("ahead of ZO-SGD", "level with ZO-AdaMM", "others ahead too", "successes"),
    data=("../results/black-box-attack",),
)
PLAIN, REFINED, ADAMM, MOMENTUM = map(Method, ("zo-sgd", "r-adazo", "zo-adamm", "momentum-sgd"))
CUBE, BALL = (tuple(kind for kind in ALL if kind[0] == norm) for norm in ("linf", "l2"))
# More than half of all images: the median.
HALF = 0.5


@claim.check("median over images")
def medians(claim: Claim) -> Iterator[Evidence]:
    found, bounds = attacks(), claim.formulas
    ahead, level, others, often = claim.parts
    logs = log_ratios(found, ALL, REFINED, PLAIN)
    yield most(claim, ahead, "R-AdaZO over ZO-SGD", beside("ratio", logs, high=bounds["R-AdaZO"]), HALF)
    logs = log_ratios(found, ALL, REFINED, ADAMM)
    for low, high in ((0, bounds["level"]), (1 / bounds["level"], sp.oo)):
        yield most(claim, level, "R-AdaZO over ZO-AdaMM", beside("ratio", logs, low, high), HALF)
    for method, name in ((ADAMM, "ZO-AdaMM"), (MOMENTUM, "momentum")):
        logs = log_ratios(found, ALL, method, PLAIN)
        yield most(claim, others, f"{name} over ZO-SGD", beside("ratio", logs, high=bounds[name]), HALF)
    # Of the images on which one of them succeeds more often than the other.
    more = successes(found, CUBE, REFINED, PLAIN)
    differing = [{f"R-AdaZO ahead by {one:g}": bool(one > 0)} for one in more if one]
    yield most(claim, often, "R-AdaZO succeeds more often in the cube", differing, HALF)


@claim.check("mean over images")
def means(claim: Claim) -> Iterator[Evidence]:
    found = attacks()
    logs = {name: float(sp.log(value)) for name, value in claim.formulas.items() if value}
    bounds = {norm: claim.formulas[f"more successes, {norm}"] for norm in ("cube", "ball")}
    ahead, level, others, often = claim.parts
    refined = mean_ratio(log_ratios(found, ALL, REFINED, PLAIN))
    yield settled(
        claim, ahead, "mean log ratio", [Stated("R-AdaZO over ZO-SGD", refined, high=logs["R-AdaZO"])]
    )
    both = mean_ratio(log_ratios(found, ALL, REFINED, ADAMM))
    statement = Stated("R-AdaZO over ZO-AdaMM", both, low=-logs["level"], high=logs["level"])
    yield settled(claim, level, "mean log ratio", [statement])
    statements = []
    for method, name in ((ADAMM, "ZO-AdaMM"), (MOMENTUM, "momentum")):
        mean = mean_ratio(log_ratios(found, ALL, method, PLAIN))
        statements.append(Stated(f"{name} over ZO-SGD", mean, high=logs[name]))
    yield settled(claim, others, "mean log ratios", statements)
    statements = []
    for kinds, name, low, high in (
        (CUBE, "cube", bounds["cube"], sp.oo),
        (BALL, "ball", -sp.oo, bounds["ball"]),
    ):
        more = over_seeds(successes(found, kinds, REFINED, PLAIN))
        statements.append(Stated(f"R-AdaZO - ZO-SGD, {name}", more, float(low), float(high)))
    yield settled(claim, often, "differences of the shares of successes", statements)
