"""H1: at one learning rate R-AdaZO is ahead of ZO-AdaMM, and its steps are longer; a longer rate makes up for it."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._adaptive import closed, descend, relative_lengths, stated_rates
from proofs_checks._medians import Median, settled
from proofs_checks._store import certified, stored
from zotheory.checks.evidence import Evidence
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

BETA1 = sp.Symbol("beta1", positive=True)

claim = Claim(
    id="H1",
    title="Measured: at one learning rate R-AdaZO is ahead of ZO-AdaMM on six functions, and its steps are longer as predicted; "
    "with the rate times sqrt(19) ZO-AdaMM makes up for it",
    kind=Kind.EQUALITY,
    plain="Quadratic, cubic, Levy, Rosenbrock, Ackley, Rastrigin in d = 144, forward differences along two sphere "
    "perturbations a step, 400 steps, learning rate 1e-3 for both, beta = (0.9, 0.999). On each function the final loss of "
    "ZO-AdaMM is more than 1.2 times that of R-AdaZO; with 1e-3 sqrt((1+beta1)/(1-beta1)) for ZO-AdaMM 0.74 to 1.42 of the "
    "gap between logarithms of losses is closed. Root mean square lengths of steps from the eleventh on are within a factor "
    "of 0.92 to 1.13 of what follows from the sizes of the exact gradients with averages of squares at their means. That the "
    "first step of R-AdaZO is 1/(1-beta1) = 10 times as long is no finding: it is an identity up to zeta. That programs keep "
    "it, within 0.1, is a check of them; but on Ackley, whose gradients are too small for zeta = 1e-8 to be negligible.",
    latex=r"Six functions, $d=144$, $\eta=10^{-3}$: $f_{\rm AdaMM}>1.2\,f_{\rm R}$; with $\eta\sqrt{\frac{1+\beta_1}{1-\beta_1}}$ "
    r"for ZO-AdaMM $0.74$ to $1.42$ of $\log f_{\rm AdaMM}-\log f_{\rm R}$ is gone; first steps $1:10$, an identity; "
    r"later lengths $0.92$ to $1.13$ of those predicted.",
    source="arXiv 2502.01014, as summarised (faster than ZO-AdaMM at one learning rate); the confound is derived here",
    conditions=(
        "stored results of adaptive-synthetic, 16 trials with starts shared by the methods; intervals of medians by order "
        "statistics, exact for any distribution; one false-alarm rate of 1e-3 for all of them",
        "medians are over starts and perturbations, for these functions, this dimension and this budget; H1b and H1c are for the "
        "published dimension, 10^4",
        "bounds were set with these results in view; another program, with random numbers of its own, finds the same on the "
        "quadratic",
        "lengths from the eleventh step on; the prediction takes no account of the fluctuation of v, which makes the "
        "maximum of ZO-AdaMM larger and its steps shorter",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "lr": sp.Rational(1, 1000),
        "behind": sp.Rational(12, 10),
        "closed": sp.Rational(74, 100),
        "overshot": sp.Rational(142, 100),
        "first": 1 / (1 - BETA1),
        "longer": sp.sqrt((1 + BETA1) / (1 - BETA1)),
        "shortest": sp.Rational(92, 100),
        "longest": sp.Rational(113, 100),
    },
    parts=("same", "matched", "first", "lengths"),
    depends=("F3", "F3b"),
    data=("../results/adaptive-synthetic",),
)

FUNCTIONS = ("quadratic", "cubic", "levy", "rosenbrock", "ackley", "rastrigin")
DIM, QUERIES, BUDGET = 144, 2, 1200
NUMBERS = {BETA1: sp.Rational(9, 10)}


def number(claim: Claim, name: str) -> float:
    """Return a stated number."""
    return float(sp.sympify(claim.formulas[name]).subs(NUMBERS))


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    rate = number(claim, "lr")
    found = stored(
        "adaptive-synthetic", budget=BUDGET, queries=QUERIES, rows=12, columns=12, lr=rate, trials=16
    ).where(law="sphere")
    yield stated_rates(found, rate, number(claim, "longer"))
    same, matched, first, lengths = [], [], [], []
    span = number(claim, "closed"), number(claim, "overshot")
    for name in FUNCTIONS:
        plain, refined = (
            found.where(function=name, rule="same", method=method) for method in ("zo-adamm", "r-adazo")
        )
        longer = found.where(function=name, rule="matched")
        ends = [rows.where(queries=BUDGET)["loss"].astype(float) for rows in (plain, refined, longer)]
        same.append(Median(f"{name}, losses", ends[0] / ends[1], low=number(claim, "behind")))
        matched.append(Median(f"{name}, closed", closed(*ends), *span))
        if name != "ackley":
            one, two = (rows.where(queries=QUERIES + 1)["step_length"] for rows in (refined, plain))
            ten = number(claim, "first")
            first.append(Median(f"{name}, first steps", one / two, ten - 0.1, ten + 0.1))
        for method, rows in (("zo-adamm", plain), ("r-adazo", refined)):
            low, high = number(claim, "shortest"), number(claim, "longest")
            lengths.append(
                Median(f"{name}, lengths of {method}", relative_lengths(rows, QUERIES), low, high)
            )
    yield from settled({"same": same, "matched": matched, "first": first, "lengths": lengths})


@claim.check("another program")
def another(claim: Claim) -> Iterator[Evidence]:
    """|x|^2 / 2, 64 runs at once."""
    rng = stream(2024, claim.id)
    start, steps = rng.uniform(-2, 2, (64, DIM)), BUDGET // (QUERIES + 1)
    one = number(claim, "lr")
    longer = one * number(claim, "longer")
    plain, matched = (descend("plain", rate, start, steps, QUERIES, rng) for rate in (one, longer))
    refined = descend("refined", one, start, steps, QUERIES, rng)
    ends = [runs.losses[-1] for runs in (plain, refined, matched)]
    behind = float(np.median(ends[0] / ends[1]))
    told = f"quadratic, median ratio of losses {behind:.3f}"
    yield certified(behind > number(claim, "behind"), "same", told)
    share = float(np.median(closed(*ends)))
    inside = number(claim, "closed") < share < number(claim, "overshot")
    yield certified(inside, "matched", f"quadratic, share closed {share:.3f}")
    first = float(np.median(np.sqrt(refined.moves[0] / plain.moves[0])))
    right = abs(first - number(claim, "first")) < 0.1
    yield certified(right, "first", f"ratio of first steps {first:.4f}")
    # While ZO-AdaMM's gradient has hardly changed: E[m^2]/E[v], r = a^2 / V = K / (d - 1), after t steps.
    t = np.arange(11, steps + 1)
    r, q = QUERIES / (DIM - 1), (1 - 0.9) / (1 + 0.9)
    square = (r * (1 - 0.9**t) ** 2 + q * (1 - 0.81**t)) / ((1 + r) * (1 - 0.999**t))
    off = float(np.median(np.sqrt(plain.moves[10:].mean(axis=0) / square.mean())))
    inside = number(claim, "shortest") < off < number(claim, "longest")
    yield certified(inside, "lengths", f"lengths of ZO-AdaMM over those in closed form {off:.3f}")
