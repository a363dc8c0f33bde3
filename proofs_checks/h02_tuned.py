"""H2: with tuned rates R-AdaZO is within a factor 3/2 of ZO-AdaMM; on smooth functions ZO-SGD is ahead of both."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._adaptive import Recursion, descend
from proofs_checks._medians import Median, interval, settled
from proofs_checks._reach import within_grids
from proofs_checks._store import FALSE_ALARM, certified, stored
from zotheory.checks.evidence import Evidence
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream
from zotheory.types import FloatArray

claim = Claim(
    id="H2",
    title="Measured: with tuned learning rates R-AdaZO is within a factor 3/2 of ZO-AdaMM on six functions, early ahead on two and "
    "late behind on one; on three of them ZO-SGD needs fewer function values than both",
    kind=Kind.EQUALITY,
    plain="As H1, with the learning rate of each method tuned on each function, by final losses. Of function values until "
    "the loss is 0.1 (quadratic, cubic, Rosenbrock) or 0.2 (Levy, Rastrigin) of that at the start R-AdaZO takes between 2/3 "
    "and 3/2 of ZO-AdaMM's, in the median over trials; on Ackley, where both end in local minima, its final loss is between "
    "0.9 and 1.1 of the other: that it converges faster is not seen, and differences within these factors are not excluded. "
    "It takes less than 0.95 of the function values to one half on cubic and Rosenbrock, and on the cubic its final loss is "
    "more than 1.3 times ZO-AdaMM's. Other medians point its way or the other, and are not resolved: on the quadratic it "
    "takes 1.57 times the function values to 0.8 and 1.29 times those to one half, and ends at 1.42 times the loss; on "
    "Ackley 1.37 times to 0.8; on Rastrigin 0.82 times to 0.8. On quadratic, cubic and Rosenbrock ZO-SGD takes less than "
    "0.97 of the function values of either; on Rastrigin it takes more than 1.09 times those of R-AdaZO to one half.",
    latex=r"Tuned: $q_{\rm R}/q_{\rm AdaMM}\in[\frac23,\frac32]$; on three of six functions $q_{\rm SGD}<0.97\,q$ of both.",
    source="arXiv 2502.01014, as summarised (converges faster than ZO-AdaMM); the measurement is ours",
    conditions=(
        "stored results of adaptive-synthetic, 16 trials with starts shared by the methods; intervals of medians by order "
        "statistics, exact for any distribution; one false-alarm rate of 1e-3 for all of them",
        "learning rates by the median final loss of three other trials on a grid of ratio 2 that is extended until the best is "
        "inside, as it is for all; intervals do not contain that another tuning may choose a neighbour",
        "rates are tuned for final losses, not for early targets",
        "bounds and targets were set with these results in view; another program, with rates of its own, finds the same on "
        "the quadratic",
        "for these functions, d = 144 and this budget; H2b is for the published dimension, 10^4",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "least": sp.Rational(2, 3),
        "most": sp.Rational(3, 2),
        "least end": sp.Rational(9, 10),
        "most end": sp.Rational(11, 10),
        "early": sp.Rational(95, 100),
        "late": sp.Rational(13, 10),
        "sgd": sp.Rational(97, 100),
        "sgd behind": sp.Rational(109, 100),
        "quadratic, queries_to_0.8": sp.Rational(157, 100),
        "quadratic, queries_to_0.5": sp.Rational(129, 100),
        "quadratic, loss": sp.Rational(142, 100),
        "ackley, queries_to_0.8": sp.Rational(137, 100),
        "rastrigin, queries_to_0.8": sp.Rational(82, 100),
    },
    parts=("adaptive", "early", "late", "sgd", "unresolved"),
    depends=("H1",),
    data=("../results/adaptive-synthetic",),
)

# A tenth, or a fifth where not all trials of both adaptive methods reach a tenth. On Ackley none reaches either.
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

    inside = within_grids([found.where(method=method) for method in ("zo-sgd", "zo-adamm", "r-adazo")])
    for part in claim.parts:
        yield certified(inside, part, "all chosen learning rates inside their grids")
    columns = {name: f"queries_to_{target:g}" for name, target in TARGETS.items()}
    columns |= dict.fromkeys(ENDS, "loss")
    adaptive = []
    for name, column in columns.items():
        ends = " end" if name in ENDS else ""
        low, high = number(claim, f"least{ends}"), number(claim, f"most{ends}")
        adaptive.append(Median(f"{name}, {column}", ratio(name, "r-adazo", "zo-adamm", column), low, high))
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
    values = ratio("rastrigin", "zo-sgd", "r-adazo", "queries_to_0.5")
    sgd.append(Median("rastrigin, to one half", values, low=number(claim, "sgd behind")))
    yield from settled({"adaptive": adaptive, "early": early, "late": late, "sgd": sgd})
    rate = FALSE_ALARM / 2 / sum(map(len, (adaptive, early, late, sgd)))
    for stated in (name for name in claim.formulas if ", " in name):
        name, column = stated.split(", ")
        values = ratio(name, "r-adazo", "zo-adamm", column)
        low, high = interval(values, rate)
        middle, one = float(np.median(values)), number(claim, stated)
        told = f"{stated}: sample median {middle:.3f}, interval [{low:.3g}, {high:.3g}]"
        yield certified(abs(middle - one) < 0.01 and low <= 1 <= high, "unresolved", told)


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
