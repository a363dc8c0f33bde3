"""H1b: what H1 says of one learning rate, in the published dimension."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._adaptive import BETA1, BETA2, closed, descend, relative_lengths, stated_rates
from proofs_checks._medians import Median, settled
from proofs_checks._store import certified, stored
from zotheory.checks.evidence import Evidence
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

claim = Claim(
    id="H1b",
    title="Measured in d = 10^4: at one learning rate R-AdaZO is ahead of ZO-AdaMM, its steps are longer as predicted, and "
    "with the rate times sqrt(19) ZO-AdaMM makes up for it",
    kind=Kind.EQUALITY,
    plain="Quadratic and Rosenbrock in d = 10^4, 2000 steps otherwise as in H1, learning rate 1e-3 for both. The final loss "
    "of R-AdaZO is less than that of ZO-AdaMM; with 1e-3 sqrt((1+beta1)/(1-beta1)) for ZO-AdaMM 0.7 to 2 of the gap between "
    "logarithms of losses is closed. Root mean square lengths of later steps are within a factor of 0.85 to 1.15 of the "
    "prediction of H1. These bounds were set beforehand; with what was measured in view, the loss of R-AdaZO is less than "
    "0.86 of the other, 0.94 to 1.17 of the gap is closed, and lengths are within 0.96 to 1.08. The first step is 10 times "
    "as long, within 0.1: an identity up to zeta that programs keep.",
    latex=r"$d=10^4$, $\eta=10^{-3}$: $f_{\rm R}<f_{\rm AdaMM}$; with $\eta\sqrt{\frac{1+\beta_1}{1-\beta_1}}$ for ZO-AdaMM "
    r"$0.7$ to $2$ of $\log f_{\rm AdaMM}-\log f_{\rm R}$ is gone; first steps $1:10$, an identity; later lengths as predicted "
    r"to $15\%$.",
    source="arXiv 2502.01014, as summarised (faster than ZO-AdaMM at one learning rate, d = 10^4); the confound is derived here",
    conditions=(
        "stored results of adaptive-synthetic, 16 trials with starts shared by the methods; intervals of medians by order "
        "statistics, exact for any distribution; one false-alarm rate of 1e-3 for all of them",
        "2000 steps along two sphere perturbations each; so few take no method near a minimum in this dimension",
        'bounds but those of the part "narrower" were set with the results of H1 and the other program in view, before '
        "these were looked at",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "lr": sp.Rational(1, 1000),
        "longer": sp.sqrt(19),
        "closed": sp.Rational(7, 10),
        "overshot": sp.Integer(2),
        "shortest": sp.Rational(85, 100),
        "longest": sp.Rational(115, 100),
        "first": sp.Integer(10),
        "narrower ahead": sp.Rational(86, 100),
        "narrower closed": sp.Rational(94, 100),
        "narrower overshot": sp.Rational(117, 100),
        "narrower shortest": sp.Rational(96, 100),
        "narrower longest": sp.Rational(108, 100),
    },
    parts=("same", "matched", "first", "lengths", "narrower"),
    depends=("F3", "F3b", "H1"),
    data=("../results/adaptive-synthetic",),
)

FUNCTIONS = ("quadratic", "rosenbrock")
DIM, QUERIES, BUDGET = 10_000, 2, 6000


def number(claim: Claim, name: str) -> float:
    """Return a stated number."""
    return float(sp.sympify(claim.formulas[name]))


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    rate = number(claim, "lr")
    found = stored(
        "adaptive-synthetic", budget=BUDGET, queries=QUERIES, rows=100, columns=100, lr=rate, trials=16
    ).where(law="sphere")
    yield stated_rates(found, rate, number(claim, "longer"))
    same, matched, first, lengths, narrower = [], [], [], [], []
    ten = number(claim, "first")
    for name in FUNCTIONS:
        plain, refined = (
            found.where(function=name, rule="same", method=method) for method in ("zo-adamm", "r-adazo")
        )
        longer = found.where(function=name, rule="matched")
        ends = [rows.where(queries=BUDGET)["loss"].astype(float) for rows in (plain, refined, longer)]
        same.append(Median(f"{name}, losses", ends[1] / ends[0], high=1))
        narrower.append(same[-1]._replace(high=number(claim, "narrower ahead")))
        span = number(claim, "closed"), number(claim, "overshot")
        matched.append(Median(f"{name}, closed", closed(*ends), *span))
        span = number(claim, "narrower closed"), number(claim, "narrower overshot")
        narrower.append(Median(f"{name}, closed", closed(*ends), *span))
        one, two = (rows.where(queries=QUERIES + 1)["step_length"] for rows in (refined, plain))
        first.append(Median(f"{name}, first steps", one / two, ten - 0.1, ten + 0.1))
        span = number(claim, "shortest"), number(claim, "longest")
        for method, rows in (("zo-adamm", plain), ("r-adazo", refined)):
            lengths.append(Median(f"{name}, lengths of {method}", relative_lengths(rows, QUERIES), *span))
            low, high = number(claim, "narrower shortest"), number(claim, "narrower longest")
            narrower.append(lengths[-1]._replace(low=low, high=high))
    parts = {"same": same, "matched": matched, "first": first, "lengths": lengths}
    yield from settled({**parts, "narrower": narrower})


@claim.check("another program")
def another(claim: Claim) -> Iterator[Evidence]:
    """|x|^2 / 2, two runs of the first 400 steps."""
    rng, steps = stream(2024, claim.id), 400
    one = number(claim, "lr")
    start, longer = rng.uniform(-2, 2, (2, DIM)), one * np.sqrt((1 + BETA1) / (1 - BETA1))
    plain, matched = (descend("plain", rate, start, steps, QUERIES, rng) for rate in (one, longer))
    refined = descend("refined", one, start, steps, QUERIES, rng)
    ends = [runs.losses[-1] for runs in (plain, refined, matched)]
    told = f"quadratic, ratio of losses {float(np.median(ends[1] / ends[0])):.4f}"
    yield certified(bool((ends[1] < ends[0]).all()), "same", told)
    share = float(np.median(closed(*ends)))
    inside = number(claim, "closed") < share < number(claim, "overshot")
    yield certified(inside, "matched", f"quadratic, share closed {share:.3f}")
    first = float(np.median(np.sqrt(refined.moves[0] / plain.moves[0])))
    right = abs(first - number(claim, "first")) < 0.1
    yield certified(right, "first", f"ratio of first steps {first:.4f}")
    # Noise alone, after t steps, V = 1: E[m_t^2] = q (1 - beta1^(2t)), and E[v_t] averages that, or 1.
    t = np.arange(1, steps + 1)
    moved = (1 - BETA1) / (1 + BETA1) * (1 - BETA1 ** (2 * t))
    weights = (1 - BETA2) * BETA2 ** (t[:, None] - t[None, :]) * (t[:, None] >= t[None, :])
    off = []
    for runs, squares in ((plain, np.ones(steps)), (refined, moved)):
        expected = (moved / (weights @ squares))[10:].mean()
        off.append(float(np.median(np.sqrt(runs.moves[10:].mean(axis=0) / expected))))
    inside = all(number(claim, "shortest") < one < number(claim, "longest") for one in off)
    told = f"lengths over those in noise alone: ZO-AdaMM {off[0]:.3f}, R-AdaZO {off[1]:.3f}"
    yield certified(inside, "lengths", told)
