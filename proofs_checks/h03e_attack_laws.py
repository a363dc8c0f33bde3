"""H3e: laws of perturbations in attacks, with every method that takes one, on two networks."""

from collections.abc import Iterator
from itertools import product

import sympy as sp

from proofs_checks._attack import (
    ALL,
    BALL,
    CUBE,
    FIRST,
    SECOND,
    UNTARGETED,
    Attacked,
    Method,
    all_ratios,
    attacks_with_laws,
    mean_ratio,
    settled_ratios,
)
from proofs_checks._store import Stated, settled
from zotheory.checks.evidence import Evidence
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="H3e",
    title="Measured in attacks on two networks that read digits, with every method that takes a law: which dense law is drawn makes no difference that is seen, "
    "bands of rows little, single pixels cost more",
    kind=Kind.UPPER_BOUND,
    plain="For an image, the ratio of the queries with a law to those with the sphere is the geometric mean over eleven methods and untargeted and "
    "targeted attacks in the cube and in the ball, attacks left out in which both fail. Its geometric mean over images is on each of two networks "
    "between 12/13 and 13/12 for Gaussian, Rademacher and rank-one perturbations, each at the rate tuned with the sphere, "
    "and between 4/5 and 5/4 for each of the methods alone, but for rank one on the second network with R-AdaZO and with cyclic blocks, which is not decided. "
    "With rates tuned anew for these laws, ZO-SGD and R-AdaZO take "
    "in untargeted attacks between 4/5 and 5/4 of the queries at the sphere's rate. With a rate of its own a band of seven rows takes between 4/5 and 5/4 of the sphere's queries, over eight methods in the "
    "cube, and in the ball; a single pixel, failures counting as the budget, more than 1.1 times as many over eleven methods in the cube, and more than as many in the ball.",
    latex=r"Geometric means of $q_{\text{law}}/q_{\text{sphere}}$: Gaussian, Rademacher, rank one in $(\tfrac{12}{13},\tfrac{13}{12})$; "
    r"bands of rows in $(\tfrac45,\tfrac54)$; single pixels ${>}1.1$ (cube), ${>}1$ (ball).",
    source="derived here (nu = d, or d + 2 for the Gaussian law: dense laws differ by 2/784 at most); measured here",
    conditions=(
        "stored results of black-box-attack: two small networks, each trained on its own 4000 images of MNIST, "
        "100 others attacked, at most 500 queries, 5 a step, delta = 1; images are the replications, the networks and the rates are given",
        "eleven methods: all but guided perturbations, Guided ES and DAP along the momentum, which follow laws of their own; of DAP the law is that of the first stage; within methods "
        "of blocks it is drawn inside a band of rows, so that bands of rows are not a law for them",
        "bands of rows and single pixels on the second network: untargeted attacks only",
        "rates on a grid of ratio 2, tuned on 8 other images; those of pixels often end at an end of the grid, extended eight times, in the cube: "
        "there a step moves four pixels from face to face whatever the rate",
        "false-alarm rate 1e-3 in all, a fifth for each part, shared by its intervals: Student's t for mean logarithms; "
        "the bounds were chosen when ZO-SGD alone, untargeted, on the first network, had been attacked with these laws; the second network "
        "and blocks in uniform order were measured later and are held against the same bounds, of which two intervals of 66 reach across one: "
        "rank one on the second network takes 1.09 times the sphere's queries with R-AdaZO (up to 1.251) and 0.90 with cyclic blocks (from 0.78)",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "dense, all": sp.Rational(13, 12),
        "dense, each": sp.Rational(5, 4),
        "tuned anew": sp.Rational(5, 4),
        "pixels, cube": sp.Rational(11, 10),
        "pixels, ball": sp.Integer(1),
        "rows": sp.Rational(5, 4),
    },
    parts=(
        "dense laws",
        "dense laws, each method",
        "dense laws, tuned anew",
        "single pixels",
        "bands of rows",
    ),
    data=("../results/black-box-attack",),
)
NORMS = {"cube": CUBE, "ball": BALL}
DENSE, SPARSE = ("gaussian", "rademacher", "low-rank"), ("coordinate", "block")
# The kinds of attack in which all methods were measured with sparse laws, by network.
SPARSE_IN: dict[int, tuple[Attacked, ...]] = {FIRST: ALL, SECOND: UNTARGETED}
# Stated like the others, and not decided.
UNDECIDED = {(SECOND, "low-rank", "r-adazo"), (SECOND, "low-rank", "mezo-bcd-cyclic")}
# Of which rates of dense laws were tuned anew too, in untargeted attacks.
CHECKED = ("zo-sgd", "r-adazo")
OF_BLOCKS = ("mezo-bcd-cyclic", "mezo-bcd-importance", "mezo-bcd-uniform")
METHODS = (
    "zo-sgd",
    "momentum-sgd",
    "zo-signsgd",
    "zo-adamm",
    "r-adazo",
    "r-adazo-code",
    "dap",
    "dap-published",
    *OF_BLOCKS,
)


@claim.check("dense laws")
def dense(claim: Claim) -> Iterator[Evidence]:
    logs = {name: float(sp.log(value)) for name, value in claim.formulas.items()}
    every, each, anew = [], [], []
    networks = [(network, attacks_with_laws(network, DENSE, ALL)) for network in (FIRST, SECOND)]
    for (network, found), law in product(networks, DENSE):
        pairs = [
            (kind, Method(method, law, rate_of=method), Method(method))
            for method, kind in product(METHODS, ALL)
        ]
        mean = mean_ratio(settled_ratios(found, pairs))
        every.append(Stated(f"{law}, network {network}", mean, -logs["dense, all"], logs["dense, all"]))
        for place, method in enumerate(METHODS):
            mine = pairs[place * len(ALL) :][: len(ALL)]
            mean = mean_ratio(settled_ratios(found, mine))
            label = f"{method}, {law}, network {network}"
            if (network, law, method) not in UNDECIDED:
                each.append(Stated(label, mean, -logs["dense, each"], logs["dense, each"]))
    for (network, found), method in product(networks, CHECKED):
        pairs = [
            (kind, Method(method, law), Method(method, law, rate_of=method))
            for law, kind in product(DENSE, UNTARGETED)
        ]
        mean = mean_ratio(settled_ratios(found, pairs))
        anew.append(Stated(f"{method}, network {network}", mean, -logs["tuned anew"], logs["tuned anew"]))
    told = "mean log ratios, one of them successful"
    # By six instead of the five parts, so that no interval is shorter for those that are left out.
    shares = (None, len(claim.parts) + 1, None)
    for part, statements, of in zip(claim.parts, (every, each, anew), shares, strict=False):
        yield settled(claim, part, told, statements, of=of)


@claim.check("sparse laws")
def sparse(claim: Claim) -> Iterator[Evidence]:
    logs = {name: float(sp.log(value)) for name, value in claim.formulas.items()}
    pixels, rows = [], []
    others = [one for one in METHODS if one not in OF_BLOCKS]
    for network, measured in SPARSE_IN.items():
        found = attacks_with_laws(network, SPARSE, measured)
        for norm in NORMS:
            kinds = [kind for kind in measured if kind in NORMS[norm]]
            pairs = [(kind, Method(one, "coordinate"), Method(one)) for one in METHODS for kind in kinds]
            mean = mean_ratio(all_ratios(found, pairs))
            pixels.append(Stated(f"{norm}, network {network}", mean, logs[f"pixels, {norm}"]))
            pairs = [(kind, Method(one, "block"), Method(one)) for one in others for kind in kinds]
            mean = mean_ratio(settled_ratios(found, pairs))
            rows.append(Stated(f"{norm}, network {network}", mean, -logs["rows"], logs["rows"]))
    yield settled(claim, claim.parts[3], "mean log ratios", pixels)
    yield settled(claim, claim.parts[4], "mean log ratios, one of them successful", rows)
