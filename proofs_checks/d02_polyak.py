"""D2: contraction to a floor under the Polyak-Lojasiewicz inequality, with a constant step."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._descent import (
    BETA,
    BIAS,
    BRAKE,
    DENTED,
    DRIFT,
    ETA,
    GAP,
    LOPSIDED,
    M4,
    M6,
    MU,
    NOISE,
    OMEGA,
    RATIO,
    SPREAD,
    THETA,
    C,
    L,
    V,
    cases,
    numbers,
)
from proofs_checks._shared import DELTA
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.ledger.claim import Claim, Kind, Verdict

POWER = sp.Symbol("Q", nonnegative=True)  # q^T

claim = Claim(
    id="D2",
    title="SGD under the PL inequality: linear contraction to an explicit floor",
    kind=Kind.UPPER_BOUND,
    plain="If |grad f|^2 >= 2c (f - f*), then with D1's k0, k1, b, e and every eta < k0/k1: E f(x_T) - f* <= q^T Delta + "
    "(1 - q^T) floor, q = 1 - 2c eta (k0 - k1 eta) in [0, 1), floor = (b + eta e)/(2c (k0 - k1 eta)). For eta <= "
    "delta/(4LV), omega = 1/2, theta = 1: q <= 1 - eta delta c/2 and floor <= L^2 mu^2 beta^2/(4 delta^2 c) + eta L^3 "
    "mu^2 E[n^3]/(2 delta c) + 2 L eta V sigma^2/(delta c).",
    latex=r"If $\|\nabla f\|^2\ge2c(f-f^*)$, then with D1's $k_0,k_1,b,e$ and every $\eta<k_0/k_1$: "
    r"$Ef(x_T)-f^*\le q^T\Delta+(1-q^T)\,\mathrm{floor}$, $q=1-2c\eta(k_0-k_1\eta)\in[0,1)$, "
    r"$\mathrm{floor}=\frac{b+\eta e}{2c(k_0-k_1\eta)}$. For $\eta\le\frac\delta{4LV}$, $\omega=\frac12$, $\theta=1$: "
    r"$q\le1-\frac{\eta\delta c}2$ and $\mathrm{floor}\le\frac{L^2\mu^2\beta^2}{4\delta^2c}"
    r"+\frac{\eta L^3\mu^2E[n^3]}{2\delta c}+\frac{2L\eta V\sigma^2}{\delta c}$.",
    source="derived here; arXiv 2510.19975, Corollary 3.2 as summarised, has the order",
    conditions=(
        "those of D1 at every iterate",
        "|grad f|^2 >= 2c (f - f*) everywhere; then c <= L, and V >= delta^2",
    ),
    expected=Verdict.PROVED,
    formulas={
        "contraction": 1 - 2 * C * ETA * (DRIFT - BRAKE * ETA),
        "floor": (BIAS + ETA * SPREAD) / (2 * C * (DRIFT - BRAKE * ETA)),
        "simple contraction": 1 - ETA * DELTA * C / 2,
        "simple floor": L**2 * MU**2 * BETA**2 / (4 * DELTA**2 * C)
        + ETA * L**3 * MU**2 * M6 / (2 * DELTA * C)
        + 2 * L * ETA * V * NOISE / (DELTA * C),
    },
    parts=("range", "sum", "simple"),
    depends=("D1",),
)

FALSIFIER = "a PL function, a law and a step with a larger E f(x_T)"

STEP = {
    DRIFT: (1 - OMEGA) * DELTA,
    BRAKE: (1 + THETA) * L * V / 2,
    BIAS: L**2 * MU**2 * BETA**2 / (16 * OMEGA * DELTA),
    SPREAD: (1 + 1 / THETA) * L**3 * MU**2 * M6 / 8 + (1 + THETA) * L * V * NOISE / 2,
}


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    q, floor = claim.formulas["contraction"], claim.formulas["floor"]
    # q >= 0: with L = c + l and V = delta^2 + w it is (1 - c eta delta)^2 plus what the weights and l, w add.
    more, wider = sp.symbols("l w", nonnegative=True)
    smooth = {L: C + more, V: DELTA**2 + wider}
    yield check_nonnegative(
        q.subs(STEP).subs(smooth),
        [
            Term(1, 1 - C * ETA * DELTA),
            Term(2 * C * ETA * DELTA * OMEGA),
            Term(C * ETA**2 * DELTA**2 * (THETA * (C + more) + more)),
            Term(C * ETA**2 * (1 + THETA) * (C + more) * wider),
        ],
        detail="q >= 0 since c <= L and V >= delta^2",
        falsifier=FALSIFIER,
        parts=("range",),
    )
    kappa = sp.Symbol("kappa", positive=True)
    bare = {DRIFT: kappa + BRAKE * ETA}
    yield check_relation(
        q.subs(bare),
        "<",
        1,
        detail="q < 1 since k0 - k1 eta > 0",
        falsifier=FALSIFIER,
        parts=("range",),
        scope=Scope.GENERAL,
    )
    # One step: E f+ - f* <= gap - eta kappa |grad f|^2 + eta (b + eta e), and |grad f|^2 >= 2c gap.
    gap, square, later = sp.symbols("gap g2 gap_next", real=True)
    lemma = gap - ETA * kappa * square + ETA * (BIAS + ETA * SPREAD) - later
    pl = square - 2 * C * gap
    rule = (q * gap + (1 - q) * floor).subs(bare)
    yield check_nonnegative(
        rule - later,
        [Term(1, 1, (lemma,)), Term(ETA * kappa, 1, (pl,))],
        [lemma, pl],
        detail="one step: gap_next <= q gap + (1 - q) floor",
        falsifier=FALSIFIER,
        parts=("sum",),
    )
    factor, level = sp.symbols("q floor", nonnegative=True)
    claimed = POWER * GAP + (1 - POWER) * level
    slack = claimed - gap
    yield check_nonnegative(
        (factor * POWER * GAP + (1 - factor * POWER) * level) - (factor * gap + (1 - factor) * level),
        [Term(factor, 1, (slack,))],
        [slack],
        detail="induction: from q^t Delta + (1 - q^t) floor to t + 1, because q >= 0; at t = 0 it is Delta",
        falsifier=FALSIFIER,
        parts=("sum",),
    )
    # eta = delta / (4 L V (1 + u)), u >= 0.
    u = sp.Symbol("u", nonnegative=True)
    size = {ETA: DELTA / (4 * L * V * (1 + u))}
    half = {RATIO: 1, THETA: 1}
    for general, simple in (("contraction", "simple contraction"), ("floor", "simple floor")):
        yield check_relation(
            sp.factor(claim.formulas[general].subs(STEP).subs(half).subs(size)),
            "<=",
            claim.formulas[simple].subs(size),
            detail=f"{general} at omega = 1/2, theta = 1, every eta <= delta/(4LV)",
            falsifier=FALSIFIER,
            parts=("simple",),
            scope=Scope.GENERAL,
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Every path of two steps on PL functions, one of them not convex."""
    f = claim.formulas
    for words, run, x in cases():
        if run.f not in (LOPSIDED, DENTED):
            continue
        known = numbers(run, {C: run.f.pl})
        for ratio, theta in ((Fraction(1), Fraction(1)), (Fraction(1, 3), Fraction(1, 2))):
            weights = {
                RATIO: sp.Rational(ratio),
                THETA: sp.Rational(theta),
                BETA: sp.sqrt((DELTA * M4).subs(known)),
            }
            limit = (DRIFT / BRAKE).subs(STEP).subs(known | weights)
            eta = Fraction(str(limit)) / 2
            point = known | weights | {ETA: sp.Rational(eta)}
            q, floor = (f[name].subs(STEP).subs(point) for name in ("contraction", "floor"))
            yield check_relation(
                abs(2 * q - 1),
                "<=",
                1,
                detail=f"q = {q} in [0, 1]: {words}",
                falsifier=FALSIFIER,
                parts=("range",),
            )
            start = sp.Rational(run.f.value(x))
            if ratio == 1:
                small = known | weights | {ETA: (DELTA / (4 * L * V)).subs(known)}
                slow, simple = (f[name].subs(small) for name in ("simple contraction", "simple floor"))
            else:
                slow, simple = q, floor
            sizes = [(eta, "sum", q, floor)]
            if ratio == 1:
                sizes.append((Fraction(str((DELTA / (4 * L * V)).subs(known))), "simple", slow, simple))
            for size, part, factor, level in sizes:
                laws = run.path(x, [size] * 2)
                for t, law in enumerate(laws):
                    found = sum((w * run.f.value(p) for p, w in law.items()), start=Fraction(0))
                    yield check_relation(
                        found,
                        "<=",
                        factor**t * start + (1 - factor**t) * level,
                        detail=f"E f(x_{t}) - f* after steps of {size}, {part}: {words}",
                        falsifier=FALSIFIER,
                        parts=(part,),
                    )


@claim.check("equality")
def equality(claim) -> Evidence:
    """Nothing is lost for c x^2/2, a sign, central differences and no noise: q = (1 - c eta)^2, symbolic."""
    here = {RATIO: 0, THETA: 0, L: C, V: 1, DELTA: 1}
    return check_identity(
        claim.formulas["contraction"].subs({k: STEP[k] for k in (DRIFT, BRAKE)}).subs(here),
        (1 - C * ETA) ** 2,
        detail="q at mu = 0, omega = theta = 0, L = c, nu = 1 is that of x+ = (1 - c eta) x",
        falsifier="another factor",
        parts=("sum",),
    )
