"""C8c: break condition k << d: what a budget of b draws can realise of an exact direction's advantage."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks._c_designs import SECOND, K
from proofs_checks._c_two_stage import simulate
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

B = K + SECOND

claim = Claim(
    id="C8c",
    title="Small budgets: two stages realise less than (4/27)(b/d)^2 of an exact direction's advantage",
    kind=Kind.UPPER_BOUND,
    plain="Of the advantage over the sphere that b draws aligned with the exact gradient have (along the gradient, on "
    "any set, for any curvature), b = k + m draws in two stages (direction from k Gaussian probes) realise the fraction "
    "phi = (m/b)(k-1)(k-3)/((k+d-1)(k+d+1)). For every split phi < (4/27)(b/d)^2; to realise the fraction f of it takes "
    "k > d sqrt(f)/(1 - sqrt(f)) draws of stage 1.",
    latex=r"Of the advantage over the sphere of $b$ draws aligned with the exact gradient, $b=k+m$ draws in two stages "
    r"(direction from $k$ Gaussian probes) realise the fraction $\varphi=\frac mb\frac{(k-1)(k-3)}{(k+d-1)(k+d+1)}$: "
    r"$\varphi<\frac4{27}\bigl(\frac bd\bigr)^2$ for every split, and $\varphi\ge f$ takes "
    r"$k>d\,\frac{\sqrt f}{1-\sqrt f}$.",
    source="derived here",
    conditions=("d >= 2, k >= 1, m >= 1", "0 < f < 1", "averaged over stage 1, mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "fraction": SECOND / B * (K - 1) * (K - 3) / ((K + D - 1) * (K + D + 1)),
        "bound": sp.Rational(4, 27) * (B / D) ** 2,
        "square bound": (K / (K + D)) ** 2,
    },
    parts=("fraction", "bound", "draws needed"),
    depends=("C4b", "C4d"),
)

FALSIFIER = "a split that realises more, or another fraction"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    fraction = claim.formulas["fraction"]
    # Advantages along the gradient: (m/b^2) G in two stages (C4b), 2 (d-1)/(d+2)/b for an exact direction.
    gain = 2 * (D - 1) * (K - 1) * (K - 3) / ((D + 2) * (K + D - 1) * (K + D + 1))
    yield check_identity(
        fraction * (2 * (D - 1) / (D + 2)) / B,
        SECOND / B**2 * gain,
        detail="the fraction times the exact direction's advantage is the advantage in two stages",
        falsifier=FALSIFIER,
        parts=("fraction",),
        domain={D: [2, 3, 5]},
    )
    # phi b/m < (k/(k+d))^2: k^2 ((k+d)^2 - 1) - (k+d)^2 (k-1)(k-3) at k = j + 1, d = c + 2 has only
    # non-negative coefficients and a positive constant.
    j, c = sp.symbols("j c", integer=True, nonnegative=True)
    excess = claim.formulas["square bound"] - fraction * B / SECOND
    numerator = sp.numer(sp.together(sp.factor(excess)))
    yield check_relation(
        sp.expand(numerator.subs({K: j + 1, D: c + 2})),
        ">",
        0,
        detail="(k/(k+d))^2 - phi b/m, numerator at k = j + 1, d = c + 2",
        falsifier=FALSIFIER,
        parts=("bound", "draws needed"),
        scope=Scope.GENERAL,
    )
    # (m/b) (k/(k+d))^2 <= (m/b) (k/d)^2, and 4 b^3/27 - k^2 m = (b/3 + k... : with b = k + m,
    # 4 (k+m)^3 - 27 k^2 m = (k - 2m)^2 (4k + m).
    yield check_nonnegative(
        claim.formulas["bound"] - SECOND / B * (K / D) ** 2,
        [Term((4 * K + SECOND) / (27 * B * D**2), K - 2 * SECOND)],
        detail="the bound minus (m/b)(k/d)^2 is a square that vanishes at k = 2 m",
        falsifier=FALSIFIER,
        parts=("bound",),
    )
    yield check_relation(
        sp.factor((K / D) ** 2 - claim.formulas["square bound"]),
        ">",
        0,
        detail="(k/d)^2 > (k/(k+d))^2",
        falsifier=FALSIFIER,
        parts=("bound",),
        scope=Scope.GENERAL,
    )
    # f <= phi < (k/(k+d))^2 gives sqrt(f) (k + d) < k: at k = d r/(1-r), r = sqrt(f), the square bound is r^2.
    root = sp.Symbol("r", positive=True)
    yield check_identity(
        root**2,
        claim.formulas["square bound"].subs(K, D * root / (1 - root)),
        detail="k/(k+d) = sqrt(f) at k = d sqrt(f)/(1 - sqrt(f)), and k/(k+d) increases with k",
        falsifier=FALSIFIER,
        parts=("draws needed",),
        constraints=[1 - root],
    )


@claim.check("table")
def table(claim) -> Iterator[Evidence]:
    """The best split of small budgets, by trying every one of them in fractions."""
    for dim, budget in ((100, 10), (100, 50), (1000, 16), (20, 40)):
        best = max(
            claim.formulas["fraction"].subs({D: dim, K: k, SECOND: budget - k}) for k in range(1, budget)
        )
        yield check_relation(
            best,
            "<",
            claim.formulas["bound"].subs({D: dim, K: 1, SECOND: budget - 1}),
            detail=f"largest fraction over all splits, d = {dim}, b = {budget}: {float(best):.2g}",
            falsifier=FALSIFIER,
            parts=("bound",),
        )


@claim.check("too few draws")
def too_few(claim) -> Iterator[Evidence]:
    """Every k up to d sqrt(f)/(1 - sqrt(f)), with stage 2 of any of several sizes, stays below f."""
    for dim in (4, 12):
        for root in (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)):
            most = int(dim * root / (1 - root))
            largest = max(
                claim.formulas["fraction"].subs({D: dim, K: k, SECOND: m})
                for k in range(1, most + 1)
                for m in (1, 10, 10**6)
            )
            yield check_relation(
                largest,
                "<",
                root**2,
                detail=f"largest fraction with k <= {most}, d = {dim}, f = {root**2}",
                falsifier=FALSIFIER,
                parts=("draws needed",),
            )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """Directional variance of the mean of 6 + 4 draws in dimension 3, against the fraction."""
    dim, first, second = 3, 6, 4
    fraction = float(claim.formulas["fraction"].subs({D: dim, K: first, SECOND: second}))
    claimed = 2 * (dim - 1) / (dim + 2) / (first + second) * (1 - fraction)

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        stages = simulate(dim, first, second, n, rng)
        return ((first * stages.first[:, 0] + second * stages.second[:, 0]) / (first + second) - 1) ** 2

    return check_mean(
        sample,
        claimed,
        resolvable=0.04 * claimed,
        rng=stream(2024, claim.id),
        detail=f"directional variance of {first} + {second} draws, d = {dim}",
        parts=("fraction",),
    )
