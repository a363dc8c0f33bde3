"""H2b: what H2 says of tuned rates, in the published dimension, with what another tuning changes in the intervals."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import sympy as sp

from proofs_checks._adaptive import LARGE, Recursion, confirming, descend
from proofs_checks._reach import within_grids
from proofs_checks._store import FALSE_ALARM, Stated, certified, half_width, over_seeds, settled
from zotheory.checks.evidence import Evidence
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

claim = Claim(
    id="H2b",
    title="Measured in d = 10^4: with tuned learning rates R-AdaZO is not seen to be faster than ZO-AdaMM on any of six functions, and "
    "on four of them together, chosen afterwards, its loss at the end is higher",
    kind=Kind.EQUALITY,
    plain="As H1c, with the learning rate of each method tuned on each function, by final losses. Of function values until the loss "
    "is 0.8 (quadratic, cubic, Rosenbrock), 0.7 (Levy, Rastrigin) or 0.95 (Ackley) of that at the start R-AdaZO takes, in the "
    "geometric mean over seeds, between 2/3 and 3/2 of ZO-AdaMM's; the losses at the end are within a factor of 0.93 to 1.12. In the "
    "geometric mean over quadratic, cubic, Levy and Rosenbrock R-AdaZO's loss at the end is more than 1.01 times the other. That it "
    "takes more than 1.05 times the function values on cubic and Rosenbrock was expected and is not decided, nor whether it is "
    "faster or slower on any function: 1.10 times on the quadratic, 1.08 on cubic and Levy, 1.05 on Rosenbrock, 0.95 on Ackley, 0.96 "
    "on Rastrigin, none resolved at this claim's error rate. Times to a loss depend on the rate: a smaller one is ahead early.",
    latex=r"Tuned, $d=10^4$: $q_{\rm R}/q_{\rm AdaMM}\in[\frac23,\frac32]$; "
    r"$f_{\rm R}/f_{\rm AdaMM}\in[0.93,1.12]$, above $1.01$ on four functions together.",
    source="arXiv 2502.01014, as summarised (converges faster than ZO-AdaMM); the measurement is ours",
    conditions=(
        "stored results of adaptive-synthetic, 10 seeds, each with a start of its own that the methods share; Student's intervals "
        "of means over seeds, of logarithms of ratios, taken to be normal; one false-alarm rate of 1e-3 for all of them",
        "every seed tunes anew, by the final loss of one other run at each rate, on a grid of ratio 2 that begins elsewhere for every "
        "seed and is extended until the best is inside: what tuning adds is in the intervals",
        "4000 function values, 0.4 a dimension: no method comes near a minimum, and what happens there is not seen",
        "bounds were set from two other seeds before these were looked at; the four functions and the bound of their mean were "
        "chosen with the results in view (the other seeds agree; over all six functions the factor is 1.018, on Ackley and Rastrigin "
        "0.997 and 0.990)",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "least": sp.Rational(2, 3),
        "most": sp.Rational(3, 2),
        "expected": sp.Rational(105, 100),
        "least end": sp.Rational(93, 100),
        "most end": sp.Rational(112, 100),
        "smooth": sp.Rational(101, 100),
        "quadratic": sp.Rational(110, 100),
        "cubic": sp.Rational(108, 100),
        "levy": sp.Rational(108, 100),
        "rosenbrock": sp.Rational(105, 100),
        "ackley": sp.Rational(95, 100),
        "rastrigin": sp.Rational(96, 100),
    },
    parts=("queries", "ends", "smooth", "unresolved"),
    depends=("H1c", "H2"),
    data=("../results/adaptive-synthetic",),
)

# The least that both methods reached at both seeds from which bounds were set.
TARGETS = {"quadratic": 0.8, "cubic": 0.8, "levy": 0.7, "rosenbrock": 0.8, "ackley": 0.95, "rastrigin": 0.7}
EXPECTED = ("cubic", "rosenbrock")
SMOOTH = ("quadratic", "cubic", "levy", "rosenbrock")


def logarithm(claim: Claim, name: str) -> float:
    """Return that of a stated number."""
    return float(sp.log(claim.formulas[name]))


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    found = confirming().where(rule="tuned", queries=LARGE.budget)
    for part in claim.parts:
        yield certified(within_grids([found]), part, "all chosen learning rates inside their grids")
    values, ends = {}, {}
    for name, target in TARGETS.items():
        refined, plain = (found.where(function=name, method=method) for method in ("r-adazo", "zo-adamm"))
        column = f"queries_to_{target:g}"
        values[name] = over_seeds(np.log(refined[column] / plain[column]))
        ends[name] = np.log(refined["loss"].astype(float) / plain["loss"].astype(float))
    span = logarithm(claim, "least"), logarithm(claim, "most")
    queries = [Stated(name, mean, *span) for name, mean in values.items()]
    yield settled(claim, "queries", "log of R-AdaZO's function values over ZO-AdaMM's", queries)
    span = logarithm(claim, "least end"), logarithm(claim, "most end")
    each = [Stated(name, over_seeds(logs), *span) for name, logs in ends.items()]
    yield settled(claim, "ends", "log of R-AdaZO's loss over ZO-AdaMM's", each)
    together = over_seeds(np.mean([ends[name] for name in SMOOTH], axis=0))
    smooth = Stated("mean over four functions", together, low=logarithm(claim, "smooth"))
    yield settled(claim, "smooth", "log of R-AdaZO's loss over ZO-AdaMM's", [smooth])
    rate = FALSE_ALARM / len(claim.parts) / 2 / len(values)
    for name, mean in values.items():
        half = half_width(mean, rate)
        open_ = [0.0, *([logarithm(claim, "expected")] if name in EXPECTED else [])]
        right = abs(np.exp(mean.value) - float(claim.formulas[name])) < 0.01
        right &= all(abs(mean.value - one) < half for one in open_)
        low, high = np.exp([mean.value - half, mean.value + half])
        told = f"function values, {name}: ratio {np.exp(mean.value):.3f}, interval [{low:.3g}, {high:.3g}]"
        yield certified(bool(right), "unresolved", told)


@claim.check("another program")
def another(claim: Claim) -> Iterator[Evidence]:
    """|x|^2 / 2 and sum |x|^3 along signs: rates tuned anew on a grid of ratio sqrt(2)."""
    rng, steps = stream(2024, claim.id), LARGE.budget // (LARGE.queries + 1)
    spent, losses = {}, {}
    grids: tuple[tuple[Recursion, float], ...] = (("plain", 0.004), ("refined", 0.001))
    powers: tuple[Literal[2, 3], ...] = (2, 3)
    for power in powers:
        for kind, least in grids:
            scores = {}
            for rate in (least * 2.0 ** (k / 2) for k in range(5)):
                start = rng.uniform(-2, 2, (1, LARGE.dim))
                curve = descend(
                    kind, rate, start, steps, LARGE.queries, rng, signs=True, power=power
                ).losses
                scores[rate] = curve[:, 0]
            best = min(scores, key=lambda rate: scores[rate][-1])
            assert best not in (min(scores), max(scores)), (kind, power)
            reached = int((scores[best] <= TARGETS["quadratic"]).argmax())
            spent[kind, power], losses[kind, power] = (LARGE.queries + 1) * reached, scores[best][-1]
    ratios = {power: spent["refined", power] / spent["plain", power] for power in (2, 3)}
    told = f"function values, R-AdaZO over ZO-AdaMM: quadratic {ratios[2]:.3f}, cubic {ratios[3]:.3f}"
    span = sp.sympify(claim.formulas["least"]), sp.sympify(claim.formulas["most"])
    inside = all(float(span[0]) < ratio < float(span[1]) for ratio in ratios.values())
    yield certified(inside, "queries", told)
    ends = {power: losses["refined", power] / losses["plain", power] for power in (2, 3)}
    low, high = (float(claim.formulas[name]) for name in ("least end", "most end"))
    told = f"losses, R-AdaZO over ZO-AdaMM: quadratic {ends[2]:.3f}, cubic {ends[3]:.3f}"
    yield certified(all(low < ratio < high for ratio in ends.values()), "ends", told)
    yield certified(min(ends.values()) > float(claim.formulas["smooth"]), "smooth", told)
