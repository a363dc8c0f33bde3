"""H2: with the best learning rate of each, R-AdaZO is not ahead of ZO-AdaMM, and plain ZO-SGD is ahead of both."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._adaptive import Recursion, descend
from proofs_checks._medians import Median, settled
from proofs_checks._store import certified, stored
from zotheory.checks.evidence import Evidence
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream
from zotheory.types import FloatArray

claim = Claim(
    id="H2",
    title="Measured: with tuned learning rates R-AdaZO is level with ZO-AdaMM on six functions, early ahead on two and late behind "
    "on one; on three of them ZO-SGD needs fewer function values than both",
    kind=Kind.EQUALITY,
    plain="As H1, with the learning rate of each method tuned on each function, by final losses. Of function values until "
    "the loss is 0.1 (quadratic, cubic, Rosenbrock) or 0.2 (Levy, Rastrigin) of that at the start R-AdaZO takes between 2/3 "
    "and 3/2 of ZO-AdaMM's, in the median over trials; on Ackley, where both end in local minima, its final loss is between "
    "2/3 and 3/2 of the other: that it converges faster is not seen. It is faster to one half on cubic and Rosenbrock, and "
    "on the cubic its final loss is more than 1.2 times ZO-AdaMM's. On quadratic, cubic and Rosenbrock ZO-SGD takes fewer "
    "function values than either.",
    latex=r"Tuned: $q_{\rm R}/q_{\rm AdaMM}\in[\frac23,\frac32]$; on three of six functions $q_{\rm SGD}<q$ of both.",
    source="arXiv 2502.01014, as summarised (converges faster than ZO-AdaMM); the measurement is ours",
    conditions=(
        "stored results of adaptive-synthetic, 16 trials with starts shared by the methods; intervals of medians by order "
        "statistics, exact for any distribution; one false-alarm rate of 1e-3 for all of them",
        "learning rates by the median final loss of three other trials on a grid of ratio 2 that is extended until the best is "
        "inside; another tuning may choose a neighbour",
        "bounds and targets were set with these results in view; another program, with rates of its own, finds the same on "
        "the quadratic",
        "for these functions, d = 144 and this budget; the published dimension is 10^4",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "least": sp.Rational(2, 3),
        "most": sp.Rational(3, 2),
        "early": sp.Integer(1),
        "late": sp.Rational(6, 5),
        "sgd": sp.Integer(1),
    },
    parts=("adaptive", "early", "late", "sgd"),
    depends=("H1",),
    data=("../results/adaptive-synthetic",),
)

# The smallest of the stored targets that both adaptive methods reach in all trials. On Ackley that is passed early.
TARGETS = {"quadratic": 0.1, "cubic": 0.1, "levy": 0.2, "rosenbrock": 0.1, "rastrigin": 0.2}
ENDS, EARLY, LATE = ("ackley",), ("cubic", "rosenbrock"), ("cubic",)
SMOOTH = ("quadratic", "cubic", "rosenbrock")
DIM, QUERIES, BUDGET = 144, 2, 1200


def number(claim: Claim, name: str) -> float:
    """Return a stated number."""
    return float(sp.sympify(claim.formulas[name]))


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    found = stored(
        "adaptive-synthetic", budget=BUDGET, queries=QUERIES, rows=12, columns=12, trials=16
    ).where(law="sphere", rule="tuned", queries=BUDGET)

    def ratio(name: str, one: str, two: str, column: str) -> FloatArray:
        """Return one number a trial; of two methods from the same start."""
        first, second = (found.where(function=name, method=method)[column] for method in (one, two))
        return first.astype(float) / second.astype(float)

    low, high = number(claim, "least"), number(claim, "most")
    columns = {name: f"queries_to_{target:g}" for name, target in TARGETS.items()}
    columns |= dict.fromkeys(ENDS, "loss")
    adaptive = [
        Median(f"{name}, {column}", ratio(name, "r-adazo", "zo-adamm", column), low, high)
        for name, column in columns.items()
    ]
    early = [
        Median(
            f"{name}, to one half",
            ratio(name, "r-adazo", "zo-adamm", "queries_to_0.5"),
            high=number(claim, "early"),
        )
        for name in EARLY
    ]
    late = [
        Median(f"{name}, losses", ratio(name, "r-adazo", "zo-adamm", "loss"), low=number(claim, "late"))
        for name in LATE
    ]
    sgd = [
        Median(
            f"{name}, over {method}",
            ratio(name, "zo-sgd", method, columns[name]),
            high=number(claim, "sgd"),
        )
        for name in SMOOTH
        for method in ("zo-adamm", "r-adazo")
    ]
    yield from settled({"adaptive": adaptive, "early": early, "late": late, "sgd": sgd})


@claim.check("another program")
def another(claim: Claim) -> Iterator[Evidence]:
    """|x|^2 / 2: rates tuned anew on a grid of ratio 2, then 64 runs of each method."""
    rng, steps = stream(2024, claim.id), BUDGET // (QUERIES + 1)
    spent = {}
    grids: tuple[tuple[Recursion, float], ...] = (("plain", 0.016), ("refined", 0.004), ("sgd", 0.006))
    for kind, least in grids:
        start = rng.uniform(-2, 2, (16, DIM))
        scores = {
            rate: float(np.median(descend(kind, rate, start, steps, QUERIES, rng).losses[-1]))
            for rate in (least * 2.0**k for k in range(3))
        }
        best = min(scores, key=lambda rate: scores[rate])
        assert best not in (min(scores), max(scores)), scores
        runs = descend(kind, best, rng.uniform(-2, 2, (64, DIM)), steps, QUERIES, rng)
        reached = runs.losses <= TARGETS["quadratic"]
        spent[kind] = float(np.median((QUERIES + 1) * reached.argmax(axis=0)))
    ratio = spent["refined"] / spent["plain"]
    told = f"quadratic: function values to {TARGETS['quadratic']}, R-AdaZO over ZO-AdaMM {ratio:.3f}"
    yield certified(number(claim, "least") < ratio < number(claim, "most"), "adaptive", told)
    worst = max(spent["sgd"] / spent[kind] for kind in ("plain", "refined"))
    yield certified(
        worst < number(claim, "sgd"), "sgd", f"quadratic: ZO-SGD over the better of both {worst:.3f}"
    )
