"""G5: the measured smoothing distance of least error, in three number formats."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import sympy as sp

from proofs_checks._store import certified, most, stored
from zotheory.checks.evidence import Evidence
from zotheory.experiment import Results
from zotheory.ledger.claim import Claim, Kind, Verdict

EPS = sp.Symbol("u", positive=True)
# Of random points at which all of a part holds.
SHARE = 0.7
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
    "to float64, float32, bfloat16 (unit round-off u). At more than seven in ten random points: the mu at which truncation "
    "and round-off balance, where the error is least, is proportional to u^(1/2) for forward and to u^(1/3) for central "
    "differences, to 5% between float64 and float32 and to 25% between float32 and bfloat16, and the best mu of the grid is "
    "within a factor 1.45 of it. At mu = 1e-8 in float64 the forward error is at most twice the least one; in float32 and "
    "bfloat16 it is at least the size of the gradient itself.",
    latex=r"Least error at $\mu\propto u^{1/2}$ (forward), $u^{1/3}$ (central), $u$ the unit round-off.",
    source="derived here (classical); mu = 1e-8 is that of arXiv 2510.19975's synthetic experiments, as summarised",
    conditions=(
        "sum of weighted exponentials, d = 10, all sign vectors, 26 random points, four mu in a factor of ten; stored results of smoothing",
        "errors are means over all sign vectors: nothing but the point and the rounding offsets is random; exact binomial "
        "bounds of the share of points at which everything holds, one false-alarm rate of 1e-3 for both parts",
        "the balance lies between two mu of the grid: errors are taken as powers of mu there. An exponent that is off by 0.003 "
        "(float64 to float32, a factor 2^29 of u) would be seen",
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
# Relative, by the coarser format: at its mu, near 0.2, bfloat16 sees more than the first term of truncation.
WITHIN = {"float32": 0.05, "bfloat16": 0.25}
GRID = 1.45
ORDERS = {"forward": 1, "central": 2}


def balance_of(rows: Results, order: int) -> float:
    """Return the mu at which order truncation^2 = round-off^2: there the sum of squares is least.

    That is for truncation ~ mu^order and round-off ~ 1/mu; between two mu of the grid both are powers of mu.
    """
    mu, gap = np.log(rows["mu"]), np.log(np.sqrt(order) * rows["truncation"] / rows["round_off"])
    (turn,) = np.flatnonzero((gap[:-1] < 0) & (gap[1:] >= 0))
    part = gap[turn] / (gap[turn] - gap[turn + 1])
    return float(np.exp(mu[turn] + part * (mu[turn + 1] - mu[turn])))


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    found = stored("smoothing", seeds=26, dim=10).where(function="exponential", arithmetic="values")
    seeds = sorted(set(found["seed"].tolist()))
    optimum: list[dict[str, bool]] = []
    published: list[dict[str, bool]] = []
    mu = float(claim.formulas["published mu"])
    for seed in seeds:
        point, here = found.where(seed=seed), dict[str, bool]()
        for difference, order in ORDERS.items():
            rows = {name: point.where(difference=difference, format=name) for name in UNITS}
            balances = {name: balance_of(one, order) for name, one in rows.items()}
            for name, balance in balances.items():
                best = rows[name]["best_mu"][0] / balance
                here[f"{difference}, {name}: best over balance {best:.3g}"] = 1 / GRID <= best <= GRID
            law = claim.formulas[difference]
            for one, two in pairwise(UNITS):
                stated = float(law.subs(EPS, UNITS[two]) / law.subs(EPS, UNITS[one]))
                off = balances[two] / balances[one] / stated - 1
                here[f"{difference}, {two} over {one}: {off:+.1%} of what is stated"] = (
                    abs(off) <= WITHIN[two]
                )
        optimum.append(here)
        here = {}
        for name in UNITS:
            rows_at = point.where(difference="forward", format=name)
            (error,) = rows_at["total"][np.isclose(rows_at["mu"], mu, rtol=1e-6, atol=0)]
            least = rows_at["total"].min()
            fine = error <= 2 * least if name == "float64" else error >= 0.999
            here[f"forward, {name}, mu = {mu:g}: error {error:.3g}, least {least:.3g}"] = bool(fine)
        published.append(here)
    yield most(claim, "optimum", "where errors balance and are least", optimum, SHARE)
    yield most(claim, "published", f"errors at mu = {mu:g}", published, SHARE)


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
