"""F1: the first moment as an estimate of the current gradient: variance, lag and mean squared error."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks._momentum import (
    BETA1,
    DOMAIN,
    DRIFT,
    NOISE,
    NOW,
    P1,
    mean_of,
    sign_states,
    stationary_moments,
)
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.checks.statistical import check_mean
from zotheory.kernel import CoqProof
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

START = sp.Symbol("a0", real=True)
LAG = DRIFT * BETA1 / (1 - BETA1)

claim = Claim(
    id="F1",
    title="First moment: variance (1-beta1)/(1+beta1) V, lag b beta1/(1-beta1), exactly at every step",
    kind=Kind.EQUALITY,
    plain="m_t = beta1 m_(t-1) + (1-beta1) g_t from m_0 = 0, with independent estimates g_t of a_t = a_0 + b t of "
    "variance V: Var(m_t) = (1-beta1)/(1+beta1) (1 - beta1^(2t)) V and E[m_t] - a_t = -beta1^t a_0 - (1 - beta1^t) "
    "b beta1/(1-beta1). In the stationary state the mean squared error as an estimate of a_t is "
    "(1-beta1)/(1+beta1) V + b^2 beta1^2/(1-beta1)^2.",
    latex=r"For $m_t=\beta_1m_{t-1}+(1-\beta_1)g_t$, $m_0=0$, $E[g_t]=a_t=a_0+bt$, $\operatorname{Var}(g_t)=V$: "
    r"$\operatorname{Var}(m_t)=\frac{1-\beta_1}{1+\beta_1}(1-\beta_1^{2t})V$, "
    r"$E[m_t]-a_t=-\beta_1^ta_0-(1-\beta_1^t)\frac{b\beta_1}{1-\beta_1}$; stationary error "
    r"$\frac{1-\beta_1}{1+\beta_1}V+\frac{b^2\beta_1^2}{(1-\beta_1)^2}$.",
    source="derived here; the first moment as variance reduction is a theme of arXiv 2502.01014, as summarised",
    conditions=(
        "0 <= beta1 < 1",
        "independent errors of mean 0",
        "linear drift, b = 0 if the gradient stays",
    ),
    expected=Verdict.PROVED,
    formulas={
        "variance": (1 - BETA1) / (1 + BETA1) * (1 - P1**2) * NOISE,
        "bias": -P1 * START - (1 - P1) * LAG,
        "stationary variance": (1 - BETA1) / (1 + BETA1) * NOISE,
        "stationary error": (1 - BETA1) / (1 + BETA1) * NOISE + DRIFT**2 * BETA1**2 / (1 - BETA1) ** 2,
    },
    parts=("variance", "bias", "stationary"),
    coq=CoqProof(
        file="f01_first_moment.v",
        formulas={
            "variance": "beta1 V beta1^t",
            "bias": "beta1 a0 b beta1^t",
            "stationary variance": "beta1 V",
            "stationary error": "beta1 V b",
        },
        theorems={"variance": ("variance",), "bias": ("bias",), "stationary": ("stationary",)},
        library=("draws",),
        detail="for estimates with finitely many values, after any number of updates; a state that an update leaves "
        "as it is has the stationary moments (that the law tends to it is left to other routes)",
    ),
)

FALSIFIER = "a number of steps, a drift or a beta1 with another variance or lag"


@claim.check("induction")
def induction(claim) -> Iterator[Evidence]:
    """One update: the variance becomes beta1^2 Var + (1-beta1)^2 V, the lag beta1 (lag - b)."""
    variance, bias = claim.formulas["variance"], claim.formulas["bias"]
    yield check_identity(
        [variance.subs(P1, 1), variance.subs(P1, BETA1 * P1)],
        [0, BETA1**2 * variance + (1 - BETA1) ** 2 * NOISE],
        detail="zero before the first update, and one update more, symbolic t",
        falsifier=FALSIFIER,
        parts=("variance",),
        domain=DOMAIN,
    )
    # m_(t+1) - a_(t+1) = beta1 (m_t - a_t - b) + (1-beta1) e_(t+1)
    yield check_identity(
        [bias.subs(P1, 1), bias.subs(P1, BETA1 * P1)],
        [-START, BETA1 * (bias - DRIFT)],
        detail="m_0 - a_0 before the first update, and one update more, symbolic t",
        falsifier=FALSIFIER,
        parts=("bias",),
        domain=DOMAIN,
    )
    # beta1^t -> 0 leaves the stationary state.
    yield check_identity(
        [claim.formulas["stationary variance"], claim.formulas["stationary error"]],
        [variance.subs(P1, 0), (variance + bias**2).subs(P1, 0)],
        detail="what is left as t grows, symbolic beta1, V and b",
        falsifier=FALSIFIER,
        parts=("stationary",),
        domain=DOMAIN,
    )


@claim.check("weights")
def weights(claim) -> Iterator[Evidence]:
    """m_t = sum of (1-beta1) beta1^k g_(t-k): sums of the weights, symbolic beta1."""
    for steps in (1, 2, 3, 6):
        each = [(1 - BETA1) * BETA1**k for k in range(steps)]
        mean = sum(w * (START + DRIFT * (steps - k)) for k, w in enumerate(each))
        for part, derived in (
            ("variance", sum(w**2 for w in each) * NOISE),
            ("bias", mean - START - DRIFT * steps),
        ):
            yield check_identity(
                claim.formulas[part].subs(P1, BETA1**steps),
                derived,
                detail=f"sum over the weights of {steps} updates, {part}",
                falsifier=FALSIFIER,
                parts=(part,),
                scope=Scope.INSTANCE,
                domain=DOMAIN,
            )


@claim.check("series")
def series(claim) -> Iterator[Evidence]:
    """The stationary state from geometric series and from its own moment equation."""
    x = sp.Symbol("x", positive=True)
    total = 1 / (1 - x)  # sum of x^k; x times its derivative is the sum of k x^k
    lag = DRIFT * (1 - BETA1) * (x * sp.diff(total, x)).subs(x, BETA1)
    moments = stationary_moments(True, weight=2)
    closed = moments[2, 0] - moments[1, 0] ** 2
    summed = (1 - BETA1) ** 2 * total.subs(x, BETA1**2) * NOISE
    yield check_identity(
        [claim.formulas["stationary variance"]] * 2 + [claim.formulas["stationary error"], NOW],
        [closed, summed, closed + lag**2, moments[1, 0]],
        detail="series for the variance and the lag; the variance from the stationary moment equations",
        falsifier=FALSIFIER,
        parts=("stationary",),
        domain=DOMAIN,
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """All sequences of errors +-3/2."""
    beta, start, drift, size = Fraction(2, 3), Fraction(3), Fraction(-1, 2), Fraction(3, 2)
    for steps in (1, 4, 8):
        states = sign_states(beta, Fraction(1, 2), [start + drift * t for t in range(1, steps + 1)], size)
        mean = mean_of([state.m for state in states])
        variance = mean_of([(state.m - mean) ** 2 for state in states])
        numbers = {
            BETA1: sp.Rational(2, 3),
            P1: sp.Rational(2, 3) ** steps,
            NOISE: sp.Rational(9, 4),
            START: 3,
            DRIFT: -sp.Rational(1, 2),
        }
        for part, derived in (("variance", variance), ("bias", mean - start - drift * steps)):
            yield check_identity(
                claim.formulas[part].subs(numbers),
                derived,
                detail=f"{part} over all {2**steps} sequences of signs, {steps} updates",
                falsifier=FALSIFIER,
                parts=(part,),
                scope=Scope.INSTANCE,
            )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    claimed = float(
        claim.formulas["stationary error"].subs(
            {BETA1: sp.Rational(4, 5), NOISE: 1, DRIFT: sp.Rational(1, 10)}
        )
    )

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        m = np.zeros(n)
        for t in range(60):
            m = 0.8 * m + 0.2 * (0.1 * (t - 59) + rng.standard_normal(n))
        return m**2

    return check_mean(
        sample,
        claimed,
        resolvable=0.04 * claimed,
        rng=stream(2024, claim.id),
        detail="squared error after 60 updates, beta1 = 4/5, b = 1/10, V = 1",
        parts=("stationary",),
    )
