"""F1b: when averaging helps against a drifting gradient, and the best averaging constant."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks._momentum import BETA1, DOMAIN
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

RATIO = sp.Symbol("rho", positive=True)  # b^2/V
S = sp.Symbol("s", positive=True)  # (1 - beta1)/(1 + beta1)
CUBE = RATIO / 4 + sp.sqrt(RATIO**2 / 16 + RATIO**3 / 216)

claim = Claim(
    id="F1b",
    title="Best beta1 under drift: (1-s)/(1+s) with 2s^3 + rho s = rho, above 0 for every drift",
    kind=Kind.IFF,
    plain="Let rho = b^2/V > 0. In the stationary state the first moment with beta1 in (0, 1) has a smaller mean "
    "squared error than the estimate itself iff rho < 2 (1-beta1)^2/(beta1 (1+beta1)). The error has exactly one "
    "minimum, at beta1 = (1-s)/(1+s) with s in (0, 1) the root of 2 s^3 + rho s - rho = 0, so averaging helps for "
    "every drift; the least error is V s (3-s)/2. s = w - rho/(6 w), w^3 = rho/4 + sqrt(rho^2/16 + rho^3/216).",
    latex=r"Let $\rho=b^2/V>0$. Averaging with $\beta_1\in(0,1)$ lowers the stationary error iff "
    r"$\rho<\frac{2(1-\beta_1)^2}{\beta_1(1+\beta_1)}$. The only minimum is at $\beta_1=\frac{1-s}{1+s}$, "
    r"$2s^3+\rho s-\rho=0$, $0<s<1$, with error $\frac{s(3-s)}2V$; $s=w-\frac\rho{6w}$, "
    r"$w^3=\frac\rho4+\sqrt{\frac{\rho^2}{16}+\frac{\rho^3}{216}}$.",
    source="derived here",
    conditions=("V > 0 and b not 0", "independent errors, linear drift, stationary state"),
    expected=Verdict.PROVED,
    formulas={
        "error": (1 - BETA1) / (1 + BETA1) + RATIO * BETA1**2 / (1 - BETA1) ** 2,
        "limit": 2 * (1 - BETA1) ** 2 / (BETA1 * (1 + BETA1)),
        "cubic": 2 * S**3 + RATIO * S - RATIO,
        "least": S * (3 - S) / 2,
        "cube": CUBE,
        "correction": RATIO / 6,
    },
    parts=("helps", "minimum", "least error", "closed form"),
    depends=("F1",),
)

FALSIFIER = "a drift at which another beta1 has a smaller error, or one below the limit that does not help"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    error, cubic = claim.formulas["error"], claim.formulas["cubic"]
    yield check_identity(
        1 - error,
        (BETA1 / (1 - BETA1)) ** 2 * (claim.formulas["limit"] - RATIO),
        detail="gain over the estimate itself: a positive multiple of the limit minus rho",
        falsifier=FALSIFIER,
        parts=("helps",),
        domain=DOMAIN,
    )
    in_s = sp.cancel(error.subs(BETA1, (1 - S) / (1 + S)))
    yield check_identity(
        sp.diff(in_s, S),
        cubic / (2 * S**3),
        detail="the slope of the error in s has the sign of the cubic",
        falsifier=FALSIFIER,
        parts=("minimum",),
    )
    # The cubic grows from -rho at s = 0 to 2 at s = 1: one root inside, and the error falls before it.
    for name, value in (
        ("its slope", sp.diff(cubic, S)),
        ("at s = 1", cubic.subs(S, 1) + 0 * RATIO),
        ("minus its value at s = 0", -cubic.subs(S, 0)),
    ):
        yield check_relation(
            value,
            ">",
            0,
            detail=f"the cubic: {name}",
            falsifier=FALSIFIER,
            parts=("minimum",),
            scope=Scope.GENERAL,
        )
    yield check_identity(
        in_s - claim.formulas["least"],
        -(1 - S) / (4 * S**2) * cubic,
        detail="error minus the stated least error: a multiple of the cubic, hence 0 at its root",
        falsifier=FALSIFIER,
        parts=("least error",),
    )
    # s = w - c/w: w^3 cubic = 2 w^6 - rho w^3 - ... is a quadratic in w^3.
    w, cube = sp.symbols("w z", positive=True)
    quadratic = sp.expand(cubic.subs(S, w - claim.formulas["correction"] / w) * w**3)
    yield check_identity(
        sp.expand(quadratic.subs(w, cube ** sp.Rational(1, 3))).subs(cube, claim.formulas["cube"]),
        0 * RATIO,
        detail="the cubic at w - rho/(6w), a polynomial in w^3, vanishes at the stated w^3",
        falsifier=FALSIFIER,
        parts=("closed form",),
        scope=Scope.GENERAL,
    )


@claim.check("comparison")
def comparison(claim) -> Iterator[Evidence]:
    """Every other averaging constant against the stated one, without derivatives."""
    x, u = sp.symbols("x u", positive=True)
    root = u / (1 + u)
    at = 2 * root**3 / (1 - root)  # the drift whose cubic has the root u/(1 + u)
    error = claim.formulas["error"].subs(BETA1, (1 - x) / (1 + x)).subs(RATIO, at)
    yield check_identity(
        claim.formulas["cubic"].subs({S: root, RATIO: at}),
        0 * u,
        detail="every s in (0, 1) is the root for one drift",
        falsifier=FALSIFIER,
        parts=("minimum",),
        scope=Scope.GENERAL,
    )
    yield check_nonnegative(
        sp.cancel(error - claim.formulas["least"].subs(S, root)),
        [Term((2 * x / (1 + u) + root) * (1 + u) / (2 * x**2), x - root)],
        detail="error at any (1-beta1)/(1+beta1) = x minus the least error: a multiple of (x - s)^2",
        falsifier=FALSIFIER,
        parts=("minimum", "least error"),
    )


@claim.check("grid")
def grid(claim) -> Iterator[Evidence]:
    """Exact errors on a grid of averaging constants; the roots counted by Sturm's theorem."""
    beta = sp.Symbol("beta1", positive=True)
    wrong = 0
    for i in range(1, 20):
        for j in range(1, 40):
            b, rho = Fraction(i, 20), Fraction(j * j, 100)
            error = (1 - b) / (1 + b) + rho * b**2 / (1 - b) ** 2
            limit = Fraction(str(claim.formulas["limit"].subs(BETA1, sp.Rational(i, 20))))
            wrong += (error < 1) != (rho < limit)
    yield check_identity(
        0,
        wrong,
        detail="pairs of beta1 and drift on a grid for which the limit decides wrongly",
        falsifier=FALSIFIER,
        parts=("helps",),
        scope=Scope.INSTANCE,
    )
    for rho in (sp.Rational(1, 1000), sp.Rational(1, 2), sp.Integer(40)):
        slope = sp.Poly(
            sp.numer(sp.together(sp.diff(claim.formulas["error"].subs(RATIO, rho), beta))), beta
        )
        yield check_identity(
            1,
            slope.count_roots(0, sp.Rational(999, 1000)),
            detail=f"stationary points in (0, 999/1000) by Sturm's theorem, rho = {rho}",
            falsifier=FALSIFIER,
            parts=("minimum",),
            scope=Scope.INSTANCE,
        )
    for s in (sp.Rational(1, 2), sp.Rational(2, 3), sp.Rational(1, 4)):
        rho = 2 * s**3 / (1 - s)
        w3 = claim.formulas["cube"].subs(RATIO, rho)
        # s is the root iff w solves w^2 - s w - rho/6 = 0, w > 0.
        w = (s + sp.sqrt(s**2 + 4 * claim.formulas["correction"].subs(RATIO, rho))) / 2
        yield check_identity(
            sp.expand(w**3),
            w3,
            detail=f"the closed form gives back s = {s}",
            falsifier=FALSIFIER,
            parts=("closed form",),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """rho = 1/2: s = 1/2 and beta1 = 1/3."""
    claimed = float(claim.formulas["least"].subs(S, sp.Rational(1, 2)))

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        m = np.zeros(n)
        for t in range(30):
            m = m / 3 + 2 / 3 * (np.sqrt(0.5) * (t - 29) + rng.standard_normal(n))
        return m**2

    return check_mean(
        sample,
        claimed,
        resolvable=0.04 * claimed,
        rng=stream(2024, claim.id),
        detail="squared error after 30 updates at the best beta1 for rho = 1/2",
        parts=("least error",),
    )
