"""D1c: best steps and the number of steps to a given accuracy, without convexity."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import ceil

import sympy as sp

from proofs_checks._descent import BIAS, BRAKE, DRIFT, EPS, ETA, GAP, NOISE, SPREAD, L, T
from proofs_checks._shared import DELTA, D
from zotheory.bounds import Descent, LawMoments, NonconvexBound
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.laws import Rademacher, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

EXCESS = sp.Symbol("y", positive=True)  # epsilon k0 - b

claim = Claim(
    id="D1c",
    title="Non-convex SGD: best steps in closed form, and O(d/eps^2) steps with explicit constants",
    kind=Kind.UPPER_BOUND,
    plain="D1b's bound is least over eta at eta_T = p k0/(p k1 + sqrt(p^2 k1^2 + (e k0 + b k1) p k0)), p = Delta/T. It "
    "reaches epsilon for some eta iff epsilon k0 > b and T >= 4 Delta (epsilon k1 + e)/(epsilon k0 - b)^2, at eta = "
    "(epsilon k0 - b)/(2(epsilon k1 + e)). For a law of fixed length (nu = d), omega = 1/4, theta = 1 and "
    "L^2 mu^2 delta d^2 = epsilon that is T >= 4 Delta L d (5 epsilon + 4 sigma^2)/epsilon^2.",
    latex=r"D1b's bound is least over $\eta$ at $\eta_T=pk_0/(pk_1+\sqrt{p^2k_1^2+(ek_0+bk_1)pk_0})$, $p=\Delta/T$. It "
    r"reaches $\varepsilon$ for some $\eta$ iff $\varepsilon k_0>b$ and "
    r"$T\ge\frac{4\Delta(\varepsilon k_1+e)}{(\varepsilon k_0-b)^2}$, at "
    r"$\eta=\frac{\varepsilon k_0-b}{2(\varepsilon k_1+e)}$. For a law of fixed length, $\omega=\frac14$, $\theta=1$ "
    r"and $L^2\mu^2\delta d^2=\varepsilon$ that is $T\ge4\Delta Ld(5\varepsilon+4\sigma^2)/\varepsilon^2$.",
    source="derived here; arXiv 2510.19975, Corollary 3.2 as summarised, has the order O(d/eps^2)",
    conditions=("those of D1b", "epsilon bounds the mean of E|grad f(x_t)|^2 over t < T", "Delta > 0"),
    expected=Verdict.PROVED,
    formulas={
        "best step": GAP
        / T
        * DRIFT
        / (
            GAP / T * BRAKE
            + sp.sqrt((GAP / T * BRAKE) ** 2 + (SPREAD * DRIFT + BIAS * BRAKE) * GAP / T * DRIFT)
        ),
        "iterations": 4 * GAP * (EPS * BRAKE + SPREAD) / (EPS * DRIFT - BIAS) ** 2,
        "step": (EPS * DRIFT - BIAS) / (2 * (EPS * BRAKE + SPREAD)),
        "order": 4 * GAP * L * D * (5 * EPS + 4 * NOISE) / EPS**2,
    },
    parts=("best step", "accuracy", "order"),
    depends=("D1b",),
)

FALSIFIER = "a step with a smaller bound, or another number of steps"


def bound(eta: sp.Expr) -> sp.Expr:
    """Return D1b's bound."""
    return (GAP / (eta * T) + BIAS + eta * SPREAD) / (DRIFT - BRAKE * eta)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # Where (e k0 + b k1) h^2 + 2 p k1 h - p k0 = 0, bound(x) - bound(h) is a square times a positive number
    # for every x below k0/k1.
    p, h, x = sp.symbols("p h x", positive=True)
    curve = SPREAD * DRIFT + BIAS * BRAKE
    best = claim.formulas["best step"].subs(GAP, p * T)
    yield check_identity(
        0,
        sp.simplify(curve * best**2 + 2 * p * BRAKE * best - p * DRIFT),
        detail="the step is a zero of (e k0 + b k1) h^2 + 2 p k1 h - p k0, so it is at most k0/(2 k1)",
        falsifier=FALSIFIER,
        parts=("best step",),
        scope=Scope.GENERAL,
    )
    below, rest = sp.symbols("g1 g2", positive=True)  # k0 - k1 h, k0 - k1 x
    gap = (p + BIAS * x + SPREAD * x**2) * h * (DRIFT - BRAKE * h) - (p + BIAS * h + SPREAD * h**2) * x * (
        DRIFT - BRAKE * x
    )
    stationary = curve * h**2 + 2 * p * BRAKE * h - p * DRIFT
    yield check_identity(
        sp.expand(h * gap),
        sp.expand((x - h) ** 2 * (p * BRAKE * h + curve * h**2) + h * (x - h) * stationary),
        detail="numerator of bound(x) - bound(h): at the zero a square times a positive number",
        falsifier=FALSIFIER,
        parts=("best step",),
    )
    yield check_nonnegative(
        (x - h) ** 2 * (p * BRAKE * h + curve * h**2) / (h * h * x * below * rest),
        [Term((p * BRAKE * h + curve * h**2) / (h * h * x * below * rest), x - h)],
        detail="so bound(x) >= bound(h) for every admissible x",
        falsifier=FALSIFIER,
        parts=("best step",),
    )
    # bound(eta) <= epsilon iff Delta/T <= eta (y - (epsilon k1 + e) eta) with y = epsilon k0 - b.
    slope = EPS * BRAKE + SPREAD
    yield check_identity(
        (EPS - bound(ETA)) * (DRIFT - BRAKE * ETA) * ETA,
        ETA * (EPS * DRIFT - BIAS - slope * ETA) - GAP / T,
        detail="the bound is at most epsilon iff Delta/T <= eta (epsilon k0 - b - (epsilon k1 + e) eta)",
        falsifier=FALSIFIER,
        parts=("accuracy",),
    )
    drift = {DRIFT: (EXCESS + BIAS) / EPS}
    yield check_nonnegative(
        GAP / claim.formulas["iterations"].subs(drift) - ETA * (EXCESS - slope * ETA),
        [Term(slope, ETA - claim.formulas["step"].subs(drift))],
        detail="the right side is at most Delta over the claimed T, with equality at the claimed step",
        falsifier=FALSIFIER,
        parts=("accuracy",),
    )
    # If y <= 0 the right side is negative for every step, and no T will do.
    missing = sp.Symbol("z", nonnegative=True)
    yield check_relation(
        ETA * (-missing - slope * ETA),
        "<",
        0,
        detail="with epsilon k0 <= b no step will do",
        falsifier=FALSIFIER,
        parts=("accuracy",),
        scope=Scope.GENERAL,
    )
    # omega = 1/4, theta = 1, V = delta^2 d, E n^2 = delta^2 d^2, E n^3 = delta^3 d^3, mu^2 = eps/(L^2 delta d^2).
    mu2 = EPS / (L**2 * DELTA * D**2)
    v = DELTA**2 * D
    numbers = {
        DRIFT: DELTA - DELTA / 4,
        BRAKE: L * v,
        BIAS: L**2 * mu2 * (DELTA * (DELTA * D) ** 2) / (16 * DELTA / 4),
        SPREAD: 2 * L**3 * mu2 * (DELTA * D) ** 3 / 8 + 2 * L * v * NOISE / 2,
    }
    yield check_identity(
        claim.formulas["order"],
        claim.formulas["iterations"].subs(numbers),
        detail="the number of steps for a law of fixed length",
        falsifier=FALSIFIER,
        parts=("order",),
    )


@claim.check("exhaustion")
def exhaustion(claim) -> Iterator[Evidence]:
    """A grid of steps, in fractions: none is better, none needs fewer steps."""
    values = [(3, 2, 0, 0), (3, 2, 1, 0), (3, 2, 0, 5), (2, 7, 1, 4), (1, 1, Fraction(1, 9), 10)]
    for k0, k1, b, e in values:
        fixed = {DRIFT: k0, BRAKE: k1, BIAS: b, SPREAD: e}
        here = {symbol: sp.Rational(value) for symbol, value in fixed.items()}
        grid = [Fraction(k, 60) * Fraction(k0, k1) for k in range(1, 60)]
        for gap, steps in product((1, 20), (1, 9)):
            point = here | {GAP: gap, T: steps}
            best = claim.formulas["best step"].subs(point)
            least = bound(best).subs(point)
            others = [(Fraction(gap, steps) / x + b + x * e) / (k0 - k1 * x) for x in grid]
            yield check_relation(
                least,
                "<=",
                min(others),
                detail=f"bound at the best step against {len(grid)} others, k0, k1, b, e = {k0}, {k1}, {b}, {e}",
                falsifier=FALSIFIER,
                parts=("best step",),
            )
            epsilon = Fraction(b, k0) + Fraction(1, 3)
            point[EPS] = sp.Rational(epsilon)
            needed = claim.formulas["iterations"].subs(point)
            least_steps = ceil(Fraction(str(needed)))
            fewest = min(
                ceil(Fraction(gap) / progress)
                for x in [*grid, Fraction(str(claim.formulas["step"].subs(point)))]
                if (progress := x * (epsilon * (k0 - k1 * x) - b - x * e)) > 0
            )
            yield check_identity(
                fewest,
                least_steps,
                detail=f"fewest steps over the grid and the claimed step, Delta = {gap}, k0.. = {k0}, {k1}, {b}, {e}",
                falsifier=FALSIFIER,
                parts=("accuracy",),
                scope=Scope.INSTANCE,
            )


@claim.check("package")
def package(claim) -> Iterator[Evidence]:
    """The bound of `zotheory.bounds` at the claimed number of steps, for laws of fixed length."""
    for law, sigma in (
        (Sphere(6), 3),
        (Rademacher(16, Fraction(1, 4)), Fraction(1, 2)),
        (Sphere(25, 9), 0),
    ):
        smoothness, epsilon, gap = 2, Fraction(1, 100), 5
        mu = Fraction(1, 10) / (
            smoothness * law.dim * Fraction({1: 1, 9: 3}.get(law.delta, Fraction(1, 2)))
        )
        descent = Descent(LawMoments.of(law), smoothness, mu, sigma)
        point = {
            L: smoothness,
            D: law.dim,
            EPS: sp.Rational(epsilon),
            NOISE: sp.Rational(Fraction(sigma) ** 2),
        }
        needed = ceil(Fraction(str(claim.formulas["order"].subs(point | {GAP: gap}))))
        step = (epsilon * descent.drift - descent.bias) / (2 * (epsilon * descent.brake + descent.spread))
        reached = NonconvexBound(descent, gap, step, needed).total
        missed = NonconvexBound(descent, gap, step, needed - 1).total
        yield check_relation(
            reached,
            "<=",
            epsilon,
            detail=f"bound after {needed} steps, {law}",
            falsifier=FALSIFIER,
            parts=("order",),
        )
        yield check_relation(
            missed, ">", epsilon, detail="and after one step less", falsifier=FALSIFIER, parts=("order",)
        )
