"""F2c: how much the denominators fluctuate; in noise the refined one does more."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from proofs_checks._momentum import (
    BETA1,
    BETA2,
    DOMAIN,
    NOISE,
    NOW,
    OPEN,
    SNR,
    simulated_states,
    stationary_moments,
)
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

KAPPA = sp.Symbol("kappa", real=True)
# Only for writing the formulas: every check derives them anew.
SHARE = (1 - BETA1) / (1 + BETA1)
SQUARES = (1 + BETA2 * BETA1**2) / (1 - BETA2 * BETA1**2)
PRODUCTS = (1 + BETA2 * BETA1) / (1 - BETA2 * BETA1)
WINDOW = (1 - BETA2) / (1 + BETA2)

claim = Claim(
    id="F2c",
    title="Fluctuation of the denominators: in noise the refined one has 1/A as many effective squares",
    kind=Kind.EQUALITY,
    plain="Stationary, symmetric errors of excess kurtosis kappa, r = a^2/V, q = (1-beta1)/(1+beta1), A = "
    "(1+beta2 beta1^2)/(1-beta2 beta1^2), B = (1+beta2 beta1)/(1-beta2 beta1), w = (1-beta1)^4/(1-beta1^4): the "
    "autocorrelation of m is beta1^k, and Var(v)/E[v]^2 = (1-beta2)/(1+beta2) ((2 q^2 + w kappa) A + 4 r q B)/(r+q)^2, "
    "against (1-beta2)/(1+beta2) (2 + kappa + 4 r)/(r+1)^2 when g is squared. In Gaussian noise alone the refined one "
    "is A > 1 times the plain one; for Gaussian errors and beta1, beta2 in (0, 1) it is the larger one up to exactly "
    "one value of r, and as beta2 -> 1 for every r.",
    latex=r"Stationary, symmetric errors of excess kurtosis $\kappa$, $r=a^2/V$, $q=\frac{1-\beta_1}{1+\beta_1}$, "
    r"$A=\frac{1+\beta_2\beta_1^2}{1-\beta_2\beta_1^2}$, $B=\frac{1+\beta_2\beta_1}{1-\beta_2\beta_1}$, "
    r"$w=\frac{(1-\beta_1)^4}{1-\beta_1^4}$: $\frac{\operatorname{Var}v}{(Ev)^2}=\frac{1-\beta_2}{1+\beta_2}"
    r"\frac{(2q^2+w\kappa)A+4rqB}{(r+q)^2}$ against $\frac{1-\beta_2}{1+\beta_2}\frac{2+\kappa+4r}{(r+1)^2}$. For "
    r"Gaussian errors the first is larger up to exactly one $r$, and at $r=0$ by the factor $A$.",
    source="derived here",
    conditions=(
        "independent symmetric errors, constant gradient, stationary state",
        "0 <= beta1, beta2 < 1",
    ),
    expected=Verdict.PROVED,
    formulas={
        # Var(v)/V^2 = squares + kappa kurtosis + r signal; E[v]/V = r + kept.
        "squares": 2 * SHARE**2 * SQUARES * WINDOW,
        "kurtosis": (1 - BETA1) ** 4 / (1 - BETA1**4) * SQUARES * WINDOW,
        "signal": 4 * SHARE * PRODUCTS * WINDOW,
        "kept": SHARE,
        "plain squares": 2 * WINDOW,
        "plain kurtosis": WINDOW,
        "plain signal": 4 * WINDOW,
        "plain kept": sp.Integer(1),
        "autocorrelation": BETA1,
        "noise alone": (1 + BETA2 * BETA1**2) / (1 - BETA2 * BETA1**2),
    },
    parts=("fluctuation", "autocorrelation", "noise alone", "one threshold", "near one"),
    depends=("F2",),
)

FALSIFIER = "averaging constants or a signal with another fluctuation, or a second threshold"


NAMES = ("squares", "kurtosis", "signal", "kept")


def stated(claim: Claim, kind: str) -> list[sp.Expr]:
    """Return the stated coefficients for the refined or the plain denominator."""
    return [claim.formulas[f"plain {name}" if kind == "plain" else name] for name in NAMES]


def fluctuation(coefficients: Sequence[sp.Expr], kurtosis: Any) -> sp.Expr:
    """Return Var(v)/E[v]^2 as a function of r."""
    squares, fourth, signal, kept = coefficients
    return (squares + kurtosis * fourth + SNR * signal) / (SNR + kept) ** 2


@cache
def by_moments(refined: bool) -> list[sp.Expr]:
    """Return the same coefficients from the stationary moment equations, in which V = 1 and a^2 = r."""
    moments = stationary_moments(refined, KAPPA)
    mean, second = (sp.Poly(sp.cancel(moments[0, j].subs(NOISE, 1)), NOW, KAPPA) for j in (1, 2))
    variance = second - mean**2
    assert set(variance.monoms()) <= {(0, 0), (0, 1), (2, 0)}
    assert mean.coeff_monomial(NOW**2) == 1
    assert set(mean.monoms()) == {(2, 0), (0, 0)}
    return [variance.coeff_monomial(x) for x in (1, KAPPA, NOW**2)] + [mean.coeff_monomial(1)]


@claim.check("moment equations")
def closure(claim) -> Iterator[Evidence]:
    for kind in ("refined", "plain"):
        yield check_identity(
            stated(claim, kind),
            by_moments(kind == "refined"),
            detail=f"coefficients of Var(v) and E[v] from the stationary moment equations, symbolic, {kind}",
            falsifier=FALSIFIER,
            parts=("fluctuation",),
            domain=DOMAIN,
        )
    refined, plain = (by_moments(kind) for kind in (True, False))
    yield check_identity(
        claim.formulas["noise alone"],
        sp.cancel(refined[0] / refined[3] ** 2 * plain[3] ** 2 / plain[0]),
        detail="refined over plain fluctuation in Gaussian noise alone",
        falsifier=FALSIFIER,
        parts=("noise alone",),
        domain=DOMAIN,
    )


def window(rho: Any) -> Any:
    """Return the sum of (1-beta2)^2 beta2^(i+j) rho^|i-j| over i, j >= 0: twice the pairs i < j, and i = j."""
    diagonal = 1 / (1 - BETA2**2)
    return sp.cancel((1 - BETA2) ** 2 * diagonal * (1 + 2 * BETA2 * rho / (1 - BETA2 * rho)))


@claim.check("series")
def series(claim) -> Iterator[Evidence]:
    """Cov(m_s^2, m_t^2) = 2 c^2 + c_4 + 4 a^2 c at distance k, by cumulants, summed over both ages."""
    x = sp.Symbol("x", positive=True)
    total = 1 / (1 - x)  # sum of x^i
    # Two averages at distance k share the errors that the older one has: weights w_i and beta1^k w_i, so
    # the covariance of m is beta1^k V_m and its joint fourth cumulant (2, 2) beta1^(2k) K_m.
    older = sp.cancel((1 - BETA1) ** 2 * total.subs(x, BETA1**2))
    fourth = sp.cancel((1 - BETA1) ** 4 * total.subs(x, BETA1**4))
    step = claim.formulas["autocorrelation"]
    derived = {
        "refined": [
            2 * older**2 * window(step**2),
            fourth * window(step**2),
            4 * older * window(step),
            older,
        ],
        "plain": [2 * window(0), window(0), 4 * window(0), 1],
    }
    for kind, values in derived.items():
        yield check_identity(
            stated(claim, kind),
            values,
            detail=f"sums of autocovariances of the squares, {kind}",
            falsifier=FALSIFIER,
            parts=("fluctuation", "autocorrelation") if kind == "refined" else ("fluctuation",),
            domain=DOMAIN,
        )
    yield check_identity(
        claim.formulas["noise alone"],
        window(BETA1**2) / window(0),
        detail="the window sees squares of autocorrelation beta1^(2k) instead of independent ones",
        falsifier=FALSIFIER,
        parts=("noise alone",),
        domain=DOMAIN,
    )


@claim.check("weights")
def weights(claim) -> Iterator[Evidence]:
    """E[m_t m_(t+k)] after t = 3 updates from zero, from the weights."""
    own = [(1 - BETA1) * BETA1 ** (2 - i) for i in range(3)]
    for k in (1, 2, 5):
        later = [(1 - BETA1) * BETA1 ** (2 + k - i) for i in range(3 + k)]
        yield check_identity(
            claim.formulas["autocorrelation"] ** k * sum(w**2 for w in own),
            sum(w * u for w, u in zip(own, later[:3], strict=True)),
            detail=f"covariance of m at distance {k} in units of Var(m_t)",
            falsifier=FALSIFIER,
            parts=("autocorrelation",),
            scope=Scope.INSTANCE,
            domain=DOMAIN,
        )


def excess_cubic(refined: Sequence[sp.Expr], plain: Sequence[sp.Expr]) -> sp.Poly:
    """Return refined minus plain for Gaussian errors times two squares and (1+beta2)/(1-beta2): a cubic in r."""
    excess = (fluctuation(refined, 0) - fluctuation(plain, 0)) * (1 + BETA2) / (1 - BETA2)
    return sp.Poly(sp.cancel(excess * (SNR + plain[3]) ** 2 * (SNR + refined[3]) ** 2), SNR)


@claim.check("signs")
def signs(claim) -> Iterator[Evidence]:
    """Coefficients -, ?, +, + change their sign once: one positive root by Descartes' rule."""
    cubic = excess_cubic(stated(claim, "refined"), stated(claim, "plain"))
    for power, relation in ((3, "<"), (1, ">"), (0, ">")):
        yield check_relation(
            sp.factor(cubic.coeff_monomial(SNR**power).subs(OPEN)),
            relation,
            0,
            detail=f"coefficient of r^{power} in the excess of the refined fluctuation",
            falsifier=FALSIFIER,
            parts=("one threshold",),
            scope=Scope.GENERAL,
        )
    yield check_identity(
        3 + 0 * SNR,
        cubic.degree(),
        detail="the excess is a cubic in r over a positive denominator",
        falsifier=FALSIFIER,
        parts=("one threshold",),
    )
    # beta2 -> 1: the cubic loses its leading term and has positive coefficients.
    near = sp.Poly(sp.cancel(cubic.as_expr().subs(BETA2, 1)), SNR)
    yield check_identity(
        0 * BETA1,
        near.coeff_monomial(SNR**3),
        detail="the leading coefficient vanishes as beta2 -> 1",
        falsifier=FALSIFIER,
        parts=("near one",),
        scope=Scope.GENERAL,
    )
    for power in (0, 1, 2):
        yield check_relation(
            sp.factor(near.coeff_monomial(SNR**power).subs(OPEN)),
            ">",
            0,
            detail=f"coefficient of r^{power} as beta2 -> 1",
            falsifier=FALSIFIER,
            parts=("near one",),
            scope=Scope.GENERAL,
        )


@claim.check("roots")
def roots(claim) -> Iterator[Evidence]:
    """Positive roots counted by Sturm's theorem; near beta2 = 1 the threshold moves away."""
    cubic = excess_cubic(by_moments(True), by_moments(False)).as_expr()
    for one, two in (
        (Fraction(9, 10), Fraction(999, 1000)),
        (Fraction(1, 2), Fraction(1, 2)),
        (Fraction(1, 5), Fraction(1, 10)),
    ):
        numbers = {BETA1: sp.Rational(str(one)), BETA2: sp.Rational(str(two))}
        at = sp.Poly(cubic.subs(numbers), SNR)
        yield check_identity(
            1,
            at.count_roots(0, sp.oo),
            detail=f"positive roots by Sturm's theorem, beta1 = {one}, beta2 = {two}",
            falsifier=FALSIFIER,
            parts=("one threshold",),
            scope=Scope.INSTANCE,
        )
    for one in (Fraction(9, 10), Fraction(1, 5)):
        numbers = {BETA1: sp.Rational(str(one)), BETA2: 1 - sp.Rational(1, 10**9)}
        yield check_identity(
            0,
            sp.Poly(cubic.subs(numbers), SNR).count_roots(0, 1000),
            detail=f"no threshold below r = 1000, beta1 = {one}, beta2 = 1 - 10^-9",
            falsifier=FALSIFIER,
            parts=("near one",),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    numbers = {BETA1: sp.Rational(1, 2), BETA2: sp.Rational(3, 5), SNR: sp.Rational(1, 4)}
    for name in ("refined", "plain"):
        claimed = float(fluctuation(stated(claim, name), 0).subs(numbers))
        mean = 0.25 + (1 / 3 if name == "refined" else 1)

        def sample(n: int, rng: np.random.Generator, name: str = name, mean: float = mean) -> np.ndarray:
            return (getattr(simulated_states(n, rng, 0.5, 0.6, 0.5, 30), name) / mean - 1) ** 2

        yield check_mean(
            sample,
            claimed,
            resolvable=0.08 * claimed,
            rng=stream(2024, claim.id, name),
            detail=f"squared relative deviation of v, beta1 = 1/2, beta2 = 3/5, r = 1/4, {name}",
            parts=("fluctuation",),
        )
