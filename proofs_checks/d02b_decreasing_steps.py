"""D2b: decreasing steps under the Polyak-Lojasiewicz inequality, O(1/t) without a logarithm."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._descent import (
    BETA,
    BIAS,
    BRAKE,
    DENTED,
    DRIFT,
    EPS,
    GAP,
    LAWS,
    LOPSIDED,
    M4,
    M6,
    MU,
    NOISE,
    SPREAD,
    C,
    L,
    Run,
    V,
    numbers,
)
from proofs_checks._shared import DELTA, D
from zotheory.bounds import DecreasingSteps, Descent, LawMoments, decreasing_complexity
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.laws import Rademacher, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

FIRST, LAM, TIME = sp.symbols("eta0 lambda s", positive=True)  # s = t + offset

claim = Claim(
    id="D2b",
    title="SGD under the PL inequality with steps eta_0 s_0/(t + s_0): O(d/eps) steps, no logarithm",
    kind=Kind.UPPER_BOUND,
    plain="With D1's k0, k1, b, e, eta_0 < k0/k1, lambda = 2c (k0 - k1 eta_0), s_0 = 2/(lambda eta_0) >= 2 and eta_t = "
    "eta_0 s_0/(t + s_0): E f(x_t) - f* <= b/lambda + max(s_0 Delta, 4e/lambda^2)/(t + s_0) for all t. For a law of "
    "fixed length (nu = d), omega = 1/4, theta = 1, eta_0 = k0/(2 k1) and L^2 mu^2 delta d^2 = 3 c epsilon/2 that is "
    "at most epsilon from t + s_0 = (128 L d/(9 c epsilon)) max(Delta, 3 epsilon/8 + sigma^2/c).",
    latex=r"With D1's $k_0,k_1,b,e$, $\eta_0<k_0/k_1$, $\lambda=2c(k_0-k_1\eta_0)$, $s_0=\frac2{\lambda\eta_0}\ge2$ and "
    r"$\eta_t=\frac{\eta_0s_0}{t+s_0}$: $Ef(x_t)-f^*\le\frac b\lambda+\frac{\max(s_0\Delta,4e/\lambda^2)}{t+s_0}$ for "
    r"all $t$. For a law of fixed length, $\omega=\frac14$, $\theta=1$, $\eta_0=\frac{k_0}{2k_1}$ and "
    r"$L^2\mu^2\delta d^2=\frac32c\varepsilon$ that is at most $\varepsilon$ from "
    r"$t+s_0=\frac{128Ld}{9c\varepsilon}\max(\Delta,\frac38\varepsilon+\frac{\sigma^2}c)$.",
    source="derived here; arXiv 2510.19975, Corollary 3.2 as summarised, has the order O(d/eps)",
    conditions=("those of D2",),
    expected=Verdict.PROVED,
    formulas={
        "step": 2 / (LAM * TIME),
        "constants": (2 / (LAM * FIRST) * GAP, 4 * SPREAD / LAM**2),  # the larger one counts
        "floor": BIAS / LAM,
        "orders": (
            128 * L * D / (9 * C * EPS) * GAP,
            128 * L * D / (9 * C * EPS) * (3 * EPS / 8 + NOISE / C),
        ),
    },
    parts=("recursion", "induction", "order"),
    depends=("D1", "D2"),
)

FALSIFIER = "a PL function, a law and a time at which E f(x_t) - f* is larger"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # At a smaller step the rate is larger: k0 - k1 eta_t >= k0 - k1 eta_0 = kappa, and with PL
    # gap_next <= (1 - lambda eta) gap + eta (b + eta e); r = gap - b/lambda loses b.
    eta, less, kappa = sp.symbols("eta z kappa", positive=True)
    gap, square, later = sp.symbols("gap g2 gap_next", real=True)
    rate = kappa + BRAKE * less  # k0 - k1 eta for eta = eta_0 - z
    lemma = gap - eta * rate * square + eta * (BIAS + eta * SPREAD) - later
    pl, size = square - 2 * C * gap, sp.Symbol("g2", real=True)
    floor = claim.formulas["floor"].subs(LAM, 2 * C * kappa)
    yield check_nonnegative(
        (1 - 2 * C * kappa * eta) * (gap - floor) + SPREAD * eta**2 - (later - floor),
        [
            Term(1, 1, (lemma,)),
            Term(eta * kappa, 1, (pl,)),
            Term(eta * BRAKE * less, 1, (size,)),
        ],
        [lemma, pl, size],
        detail="r_next <= (1 - lambda eta_t) r + e eta_t^2 for r = gap - b/lambda and eta_t <= eta_0",
        falsifier=FALSIFIER,
        parts=("recursion",),
    )
    # s_0 = 2/(lambda eta_0) >= 2: 1 - lambda eta_0 is D2's contraction at eta_0, which is not negative.
    slack = 1 - LAM * FIRST
    yield check_nonnegative(
        2 / (LAM * FIRST) - 2,
        [Term(2 / (LAM * FIRST), 1, (slack,))],
        [slack],
        detail="s_0 >= 2, so that 1 - lambda eta_t = 1 - 2/s >= 0 at every s = t + s_0",
        falsifier=FALSIFIER,
        parts=("recursion",),
    )
    # Induction from s to s + 1: r <= K/s with K >= 4 e/lambda^2.
    top, excess = sp.symbols("K r", real=True)
    above, late = top - claim.formulas["constants"][1], TIME - 2
    step = claim.formulas["step"]
    known = top / TIME - excess
    yield check_nonnegative(
        top / (TIME + 1) - ((1 - LAM * step) * excess + SPREAD * step**2),
        [
            Term(1 / TIME, 1, (late, known)),
            Term(1 / TIME**2, 1, (above,)),
            Term(1 / (TIME**2 * (TIME + 1)), 1, (top,)),
        ],
        [above, late, known, top],
        detail="r <= K/s gives r_next <= K/(s + 1), for K >= 4e/lambda^2 and s >= 2",
        falsifier=FALSIFIER,
        parts=("induction",),
        values={TIME: [2, 3, 5], top: [0, 1, 4, 20]},
    )
    yield check_identity(
        GAP,
        claim.formulas["constants"][0] / (2 / (LAM * FIRST)),
        detail="start: K/s_0 >= Delta >= r_0 for K >= s_0 Delta",
        falsifier=FALSIFIER,
        parts=("induction",),
    )
    # Fixed length, omega = 1/4, theta = 1: half of epsilon for the floor, the other half for K/s.
    v, k0 = DELTA**2 * D, 3 * DELTA / 4
    k1 = L * v
    mu2 = 3 * C * EPS / (2 * L**2 * DELTA * D**2)
    lam = 2 * C * (k0 - k1 * k0 / (2 * k1))
    here = {
        LAM: lam,
        FIRST: k0 / (2 * k1),
        BIAS: L**2 * mu2 * DELTA * (DELTA * D) ** 2 / (4 * DELTA),
        SPREAD: L**3 * mu2 * (DELTA * D) ** 3 / 4 + L * v * NOISE,
    }
    yield check_identity(
        EPS / 2,
        claim.formulas["floor"].subs(here),
        detail="the floor at this mu",
        falsifier=FALSIFIER,
        parts=("order",),
    )
    yield check_identity(
        list(claim.formulas["orders"]),
        [sp.expand(2 / EPS * constant.subs(here)) for constant in claim.formulas["constants"]],
        detail="K/(t + s_0) <= epsilon/2 from t + s_0 = 2K/epsilon",
        falsifier=FALSIFIER,
        parts=("order",),
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Every path of four decreasing steps, with and without noise; and the scalar recursion itself."""
    for f in (LOPSIDED, DENTED):
        for law in ("a sign", "skewed"):
            for mu, noise in ((Fraction(1, 5), Fraction(0)), (Fraction(1), Fraction(1, 2))):
                run, x = Run(f, LAWS[law], mu, noise), (Fraction(3, 2),)
                point = numbers(run, {C: f.pl, GAP: f.value(x)})
                point |= {BETA: sp.sqrt((DELTA * M4).subs(point))}
                # omega = 1/4, theta = 1.
                fixed = {
                    DRIFT: 3 * DELTA / 4,
                    BRAKE: L * V,
                    BIAS: L**2 * MU**2 * BETA**2 / (4 * DELTA),
                    SPREAD: L**3 * MU**2 * M6 / 4 + L * V * NOISE,
                }
                point |= {symbol: value.subs(point) for symbol, value in fixed.items()}
                first = point[DRIFT] / (2 * point[BRAKE])
                point |= {FIRST: first, LAM: 2 * point[C] * (point[DRIFT] - point[BRAKE] * first)}
                offset = 2 / (point[LAM] * first)
                steps = [
                    Fraction(str(claim.formulas["step"].subs(point | {TIME: t + offset}))) for t in range(4)
                ]
                constant = max(value.subs(point) for value in claim.formulas["constants"])
                for t, law_t in enumerate(run.path(x, steps)):
                    found = sum((w * f.value(p) for p, w in law_t.items()), start=Fraction(0))
                    yield check_relation(
                        found,
                        "<=",
                        claim.formulas["floor"].subs(point) + constant / (t + offset),
                        detail=f"E f(x_{t}) - f*: {f.name}, {law}, mu = {mu}, noise {noise}",
                        falsifier=FALSIFIER,
                        parts=("recursion", "induction"),
                    )
    for lam, spread, first, start in (
        (1, 5, Fraction(1, 2), 1),
        (Fraction(1, 3), 1, 2, 9),
        (2, 0, Fraction(1, 4), 3),
    ):
        here = {LAM: lam, SPREAD: spread, FIRST: first, GAP: start}
        point = {symbol: sp.Rational(value) for symbol, value in here.items()}
        constant = max(value.subs(point) for value in claim.formulas["constants"])
        offset, worst, excess = Fraction(2) / (lam * first), -sp.oo, sp.Rational(start)
        for t in range(60):
            time = sp.Rational(t + offset)
            worst = max(worst, excess - constant / time)
            step = claim.formulas["step"].subs(point | {TIME: time})
            excess = (1 - lam * step) * excess + spread * step**2
        yield check_relation(
            worst,
            "<=",
            0,
            detail=f"sixty steps of the recursion with equality, lambda = {lam}, e = {spread}",
            falsifier="an excess above K/(t + s_0)",
            parts=("induction",),
        )


@claim.check("package")
def package(claim) -> Iterator[Evidence]:
    """The count of `zotheory.bounds` for laws of fixed length against the claimed order."""
    for law, sigma, gap in ((Sphere(6), 3, 5), (Rademacher(24), 0, 5), (Sphere(6), 0, Fraction(1, 50))):
        mu, smoothness, pl = Fraction(1, 1000), 4, Fraction(1, 3)
        epsilon = smoothness**2 * mu**2 * law.dim**2 * 2 / (3 * pl)
        descent = Descent(LawMoments.of(law), smoothness, mu, sigma)
        found = decreasing_complexity(descent, gap, pl, epsilon)
        offset = DecreasingSteps(descent, gap, pl).offset
        here = {L: smoothness, D: law.dim, C: pl, EPS: epsilon, GAP: gap, NOISE: sigma**2}
        point = {symbol: sp.Rational(value) for symbol, value in here.items()}
        order = max(value.subs(point) for value in claim.formulas["orders"])
        yield check_identity(
            sp.ceiling(order - sp.Rational(offset)),
            found.iterations,
            detail=f"steps to epsilon = {epsilon}: {law}, sigma = {sigma}, Delta = {gap}",
            falsifier="another count",
            parts=("order",),
            scope=Scope.INSTANCE,
        )
