"""G5: the measured smoothing distance of least error, in three number formats."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import sympy as sp

from proofs_checks._store import certified, stored
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.ledger.claim import Claim, Kind, Verdict

EPS = sp.Symbol("u", positive=True)
# Unit round-off of the formats: half the distance of 1 to the next number.
UNITS = {
    "float64": sp.Rational(1, 2**53),
    "float32": sp.Rational(1, 2**24),
    "bfloat16": sp.Rational(1, 2**8),
}

claim = Claim(
    id="G5",
    title="Measured: the best smoothing distance follows u^(1/2) for forward and u^(1/3) for central differences; the "
    "published 1e-8 is near it in float64 and useless in float32",
    kind=Kind.EQUALITY,
    plain="Root mean square error of slopes of the exponential test function at mu from 1e-12 to 1, function values rounded "
    "to float64, float32, bfloat16 (unit round-off u). The mu of least error is within a factor 4 of proportional to "
    "u^(1/2) for forward and to u^(1/3) for central differences. At mu = 1e-8 in float64 the forward error is at most "
    "twice the least one, at every seed; in float32 and bfloat16 it is at least the size of the gradient itself.",
    latex=r"Least error at $\mu\propto u^{1/2}$ (forward), $u^{1/3}$ (central), $u$ the unit round-off.",
    source="derived here (classical); mu = 1e-8 is that of arXiv 2510.19975's synthetic experiments, as summarised",
    conditions=(
        "sum of weighted exponentials, d = 10, all sign vectors, five random points; stored results of smoothing",
        "four mu in a factor of ten: the best one is known to a factor 1.8 on either side; the measured errors are means "
        "over all sign vectors, so nothing but the point and the rounding offsets is random, and every seed is looked at",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "forward": EPS ** sp.Rational(1, 2),
        "central": EPS ** sp.Rational(1, 3),
        "published mu": sp.Float("1e-8"),
    },
    parts=("optimum", "published"),
    data=("../results/smoothing",),
)
WITHIN = 4


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    found = stored("smoothing", dim=10).where(function="exponential", arithmetic="values")
    for difference in ("forward", "central"):
        rows = found.where(difference=difference)
        for one, two in pairwise(UNITS):
            # Over seeds: the smallest and the largest ratio of best distances that the store holds.
            best = {name: rows.where(format=name)["best_mu"] for name in (one, two)}
            ends = best[two].min() / best[one].max(), best[two].max() / best[one].min()
            law = claim.formulas[difference]
            stated = float(law.subs(EPS, UNITS[two]) / law.subs(EPS, UNITS[one]))
            yield report(
                ends[0] / stated >= 1 / WITHIN and ends[1] / stated <= WITHIN,
                "optimum",
                f"{difference}, {two} over {one}: best mu differ by {ends[0]:.3g} to {ends[1]:.3g}, stated {stated:.3g}",
            )
    forward, mu = found.where(difference="forward"), float(claim.formulas["published mu"])
    for name in UNITS:
        rows = forward.where(format=name)
        at = rows["total"][np.isclose(rows["mu"], mu, rtol=1e-6, atol=0)]
        least = np.array([rows.where(seed=seed)["total"].min() for seed in np.unique(rows["seed"])])
        fine = bool((at <= 2 * least).all()) if name == "float64" else bool((at >= 0.999).all())
        told = f"forward, {name}, mu = {mu:g}: relative errors {at.min():.3g} to {at.max():.3g}, least {least.max():.3g}"
        yield report(fine and at.size == least.size, "published", told)


def report(true: bool, part: str, detail: str) -> Evidence:
    return Evidence(
        outcome=Outcome.HOLDS if true else Outcome.FAILS,
        grade=Grade.STATISTICAL,
        scope=Scope.INSTANCE,
        detail=detail,
        falsifier="a seed at which the measured numbers are outside the stated bounds",
        parts=(part,),
        witness=None if true else Witness(detail, {}),
    )


@claim.check("balance")
def balance(claim: Claim) -> Iterator[Evidence]:
    """Truncation A mu^k against round-off B u/mu, k = 1 forward and 2 central: where their squares' sum is least."""
    mu, a, b = sp.symbols("mu A B", positive=True)
    powers = {}
    for name, k in {"forward": 1, "central": 2}.items():
        (best,) = sp.solve(sp.diff((a * mu**k) ** 2 + (b * EPS / mu) ** 2, mu), mu)
        powers[name] = sp.simplify(EPS * sp.diff(sp.log(best), EPS))
    true = all(
        sp.simplify(EPS * sp.diff(sp.log(claim.formulas[name]), EPS) - p) == 0 for name, p in powers.items()
    )
    yield certified(true, "optimum", f"exponents of u where truncation and round-off balance: {powers}")
    # exp at 1e-8: the next float32 to 1 is further than 1e-8 away, so that most values do not change at all.
    shift = float(claim.formulas["published mu"])
    stalled = np.float32(1) + np.float32(shift) == np.float32(1) and 1 + shift != 1
    yield certified(stalled, "published", f"1 + {shift:g} is 1 in float32 and not in float64")
