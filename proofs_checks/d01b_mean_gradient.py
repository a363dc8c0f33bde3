"""D1b: the mean squared gradient over T steps, without convexity."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._descent import (
    BETA,
    BIAS,
    BRAKE,
    DRIFT,
    ETA,
    GAP,
    M4,
    M6,
    MU,
    NOISE,
    OMEGA,
    RATIO,
    SPREAD,
    THETA,
    L,
    Run,
    T,
    V,
    cases,
    numbers,
)
from proofs_checks._designs import Point
from proofs_checks._shared import DELTA
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="D1b",
    title="Non-convex SGD: the mean squared gradient over T steps, with explicit constants",
    kind=Kind.UPPER_BOUND,
    plain="With D1's drift k0, brake k1, bias b and e = sixth + noise, and Delta = f(x_0) - inf f: for every eta < "
    "k0/k1, (1/T) sum_{t<T} E|grad f(x_t)|^2 <= (Delta/(eta T) + b + eta e)/(k0 - k1 eta). For eta <= delta/(4LV) "
    "that is at most 4 Delta/(eta delta T) + L^2 mu^2 beta^2/(2 delta^2) + eta L^3 mu^2 E[n^3]/delta + 4 L eta V "
    "sigma^2/delta (omega = 1/2, theta = 1); omega = 1/4 halves all terms but the second. At mu = sigma = 0 and "
    "eta = delta/(LV) it is 2 L nu Delta/T.",
    latex=r"With D1's drift $k_0$, brake $k_1$, bias $b$ and $e$ (sixth plus noise), $\Delta=f(x_0)-\inf f$: for "
    r"$\eta<k_0/k_1$, $\frac1T\sum_{t<T}E\|\nabla f(x_t)\|^2\le\frac{\Delta/(\eta T)+b+\eta e}{k_0-k_1\eta}$. For "
    r"$\eta\le\frac\delta{4LV}$ that is at most $\frac{4\Delta}{\eta\delta T}+\frac{L^2\mu^2\beta^2}{2\delta^2}"
    r"+\frac{\eta L^3\mu^2E[n^3]}\delta+\frac{4L\eta V\sigma^2}\delta$ ($\omega=\frac12$, $\theta=1$); "
    r"$\omega=\frac14$ halves all terms but the second. At $\mu=\sigma=0$, $\eta=\frac\delta{LV}$ it is "
    r"$2L\nu\Delta/T$.",
    source="derived here; arXiv 2510.19975, Theorem 3.1 as summarised, has the order",
    conditions=(
        "those of D1 at every iterate; V, beta and E[n^3] are suprema over the iterates if the law changes",
        "f is bounded below",
    ),
    expected=Verdict.PROVED,
    formulas={
        "average": (GAP / (ETA * T) + BIAS + ETA * SPREAD) / (DRIFT - BRAKE * ETA),
        "half": 4 * GAP / (ETA * DELTA * T)
        + L**2 * MU**2 * BETA**2 / (2 * DELTA**2)
        + ETA * L**3 * MU**2 * M6 / DELTA
        + 4 * L * ETA * V * NOISE / DELTA,
        "quarter": 2 * GAP / (ETA * DELTA * T)
        + L**2 * MU**2 * BETA**2 / (2 * DELTA**2)
        + ETA * L**3 * MU**2 * M6 / (2 * DELTA)
        + 2 * L * ETA * V * NOISE / DELTA,
        "plain": 2 * L * V * GAP / (DELTA**2 * T),
    },
    parts=("average", "half", "quarter", "plain"),
    depends=("D1",),
)

FALSIFIER = "an L-smooth f, a law and a step with a larger mean squared gradient"

# D1's coefficients.
STEP = {
    DRIFT: (1 - OMEGA) * DELTA,
    BRAKE: (1 + THETA) * L * V / 2,
    BIAS: L**2 * MU**2 * BETA**2 / (16 * OMEGA * DELTA),
    SPREAD: (1 + 1 / THETA) * L**3 * MU**2 * M6 / 8 + (1 + THETA) * L * V * NOISE / 2,
}


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # Induction on t: S_t + gap_t <= Delta + t r, where S_t sums eta kappa E|grad f|^2 and r = eta (b + eta e).
    total, gap, later, square, t = sp.symbols("S gap_t gap_next g2 t", real=True)
    kappa = sp.Symbol("kappa", positive=True)
    cost = ETA * (BIAS + ETA * SPREAD)
    before = GAP + t * cost - total - gap
    step = gap - ETA * kappa * square + cost - later
    yield check_nonnegative(
        GAP + (t + 1) * cost - (total + ETA * kappa * square) - later,
        [Term(1, 1, (before,)), Term(1, 1, (step,))],
        [before, step],
        detail="the sum of the one-step inequalities, from t to t + 1 (at t = 0 both sides are Delta)",
        falsifier=FALSIFIER,
        parts=("average",),
        values={t: [0, 1, 2]},
    )
    # At t = T the gap is not negative; divide by eta kappa T.
    summed = GAP + T * cost - ETA * kappa * T * square - gap
    # square is now the mean squared gradient.
    yield check_nonnegative(
        claim.formulas["average"].subs(DRIFT, kappa + BRAKE * ETA) - square,
        [Term(1 / (ETA * kappa * T), 1, (summed,)), Term(1 / (ETA * kappa * T), 1, (gap,))],
        [summed, gap],
        detail="divided by eta kappa T, kappa = k0 - k1 eta > 0",
        falsifier=FALSIFIER,
        parts=("average",),
    )
    # eta = delta / (4 L V (1 + u)) with u >= 0 runs through all steps up to delta/(4LV).
    u = sp.Symbol("u", nonnegative=True)
    size = DELTA / (4 * L * V * (1 + u))
    for name, ratio in (("half", 1), ("quarter", sp.Rational(1, 3))):
        bound = claim.formulas["average"].subs(STEP).subs({RATIO: ratio, THETA: 1})
        yield check_relation(
            sp.factor(bound.subs(ETA, size)),
            "<=",
            claim.formulas[name].subs(ETA, size),
            detail=f"omega = {OMEGA.subs(RATIO, ratio)}, theta = 1, every eta <= delta/(4LV)",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.GENERAL,
        )
    plain = claim.formulas["average"].subs({DRIFT: DELTA, BRAKE: L * V / 2, BIAS: 0, SPREAD: 0})
    yield check_identity(
        claim.formulas["plain"],
        plain.subs(ETA, DELTA / (L * V)),
        detail="mu = sigma = 0, omega = theta = 0 and eta = delta/(LV)",
        falsifier=FALSIFIER,
        parts=("plain",),
    )
    yield check_nonnegative(
        1 / claim.formulas["plain"] - 1 / plain,
        [Term(L * V * T / (2 * GAP), ETA - DELTA / (L * V))],
        detail="no step does better there",
        falsifier="a step with a smaller bound",
        parts=("plain",),
    )


def mean_square(run: Run, x: Point, steps: list[Fraction]) -> Fraction:
    """Return (1/T) sum_t E|grad f(x_t)|^2 over t < T = len(steps), following every path."""
    laws = list(run.path(x, steps[:-1]))
    return sum((w * run.f.square(p) for law in laws for p, w in law.items()), start=Fraction(0)) / len(
        steps
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Every path of three steps: the mean squared gradient against the three bounds."""
    for words, run, x in cases():
        known = numbers(run)
        largest = Fraction(str((DELTA / (4 * L * V)).subs(known)))
        for eta in (largest, largest / 4):
            point = numbers(run, {ETA: eta, GAP: run.f.value(x), T: Fraction(3)})
            point[BETA] = sp.sqrt((DELTA * M4).subs(known))
            found = mean_square(run, x, [eta] * 3)
            general = claim.formulas["average"].subs(STEP).subs({RATIO: sp.Rational(1, 2), THETA: 2})
            for part, bound in (
                ("average", general),
                ("half", claim.formulas["half"]),
                ("quarter", claim.formulas["quarter"]),
            ):
                yield check_relation(
                    found,
                    "<=",
                    bound.subs(point),
                    detail=f"mean of |grad f|^2 over three steps of {eta}, {part}: {words}",
                    falsifier=FALSIFIER,
                    parts=(part,),
                )


@claim.check("package")
def package(claim) -> Iterator[Evidence]:
    """The bounds of `zotheory.bounds` for laws of the package, in fractions."""
    from zotheory.bounds import Descent, LawMoments, NonconvexBound, best_step
    from zotheory.laws import Gaussian, Rademacher, Sphere

    for law in (Sphere(9), Gaussian(4, Fraction(1, 2)), Rademacher(5, 4)):
        moments = LawMoments.of(law)
        here = {L: 3, DELTA: moments.delta, V: moments.V, M4: moments.m4, M6: moments.m6, GAP: 7, T: 50}
        here |= {MU: Fraction(1, 10), NOISE: 4, BETA: sp.sqrt(sp.Rational(moments.bias_square))}
        for part, omega in (("half", Fraction(1, 2)), ("quarter", Fraction(1, 4))):
            descent = Descent(moments, 3, Fraction(1, 10), 2, omega, 1)
            eta = Fraction(moments.delta) / (12 * moments.V)
            point = {symbol: sp.Rational(value) for symbol, value in here.items() if symbol is not BETA}
            point |= {BETA: here[BETA], ETA: sp.Rational(eta)}
            yield check_relation(
                NonconvexBound(descent, 7, eta, 50).total,
                "<=",
                claim.formulas[part].subs(point),
                detail=f"bound for {law} at eta = delta/(4LV), {part}",
                falsifier="a bound of the package above the claimed one",
                parts=(part,),
            )
        descent = Descent(moments, 3)
        point = {L: 3, V: sp.Rational(moments.V), DELTA: sp.Rational(moments.delta), GAP: 7, T: 50}
        yield check_identity(
            claim.formulas["plain"].subs(point),
            NonconvexBound(descent, 7, best_step(descent, 7, 50), 50).total,
            detail=f"bound for {law} at its best step, mu = sigma = 0",
            falsifier="a bound of the package other than the claimed one",
            parts=("plain",),
            scope=Scope.INSTANCE,
        )
