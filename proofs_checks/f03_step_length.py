"""F3: at one learning rate the refined denominator is smaller, by a factor that grows with the noise."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np
import sympy as sp

from proofs_checks._momentum import (
    BETA1,
    BETA2,
    DOMAIN,
    NOISE,
    NOW,
    OPEN,
    P1,
    P2,
    SNR,
    mean_of,
    sign_states,
    simulated_states,
    stationary_moments,
)
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

SINGLE = (1 - BETA2) * BETA1 * (P2 - P1) / (BETA2 - BETA1)
DOUBLE = (1 - BETA2) * BETA1**2 * (P2 - P1**2) / (BETA2 - BETA1**2)

claim = Claim(
    id="F3",
    title="Rms denominators: plain over refined sqrt((r+1)/(r+q)), up to sqrt(19) at beta1 = 0.9; steps so where v is "
    "at its mean",
    kind=Kind.EQUALITY,
    plain="q = (1-beta1)/(1+beta1), r = a^2/V of a coordinate, zeta = 0. Stationary, for every beta2, the root mean "
    "square denominator of g^2 is sqrt((r+1)/(r+q)) times that of m^2: 1 without noise, falling in r, and "
    "sqrt((1+beta1)/(1-beta1)) in noise alone, sqrt(19) = 4.3589 at beta1 = 9/10. With v at its mean the root mean "
    "square step is 1 learning rate for the refined method whatever r, and sqrt((r+q)/(r+1)) for the plain one. Var(v)/E[v]^2 "
    "-> 0 as beta2 -> 1, so there v does settle at its mean. After t updates from zero the ratio is sqrt((r+1)(1-beta2^t)/(r (1 - "
    "beta2^t - 2 S(beta1) + S(beta1^2)) + q (1 - beta2^t - S(beta1^2)))), S as in F2; at t = 1 it is 1/(1-beta1).",
    latex=r"With $q=\frac{1-\beta_1}{1+\beta_1}$, $r=a^2/V$, $\zeta=0$, stationary: "
    r"$\sqrt{E[v_{g^2}]/E[v_{m^2}]}=\sqrt{\frac{r+1}{r+q}}$, from $1$ without noise to "
    r"$\sqrt{\frac{1+\beta_1}{1-\beta_1}}$ in noise alone ($\sqrt{19}$ at $\beta_1=0.9$). With $v$ at its mean, which it "
    r"approaches as $\beta_2\to1$, the root mean square step is $\eta$ (refined) and $\eta\sqrt{\frac{r+q}{r+1}}$ (plain).",
    source="derived here; the update is that of arXiv 2502.01014, as summarised",
    conditions=(
        "constant gradient, independent symmetric errors with a fourth moment",
        "no bias correction; no maximum over time, which can only shorten the plain step",
        "nothing is said of the ratio of rms steps where v fluctuates: at smaller beta2 it is another",
    ),
    expected=Verdict.PROVED,
    formulas={
        "ratio": (SNR + 1) / (SNR + (1 - BETA1) / (1 + BETA1)),
        "noise alone": (1 + BETA1) / (1 - BETA1),
        "example": sp.sqrt(19),
        "refined step": sp.Integer(1),
        "plain step": (SNR + (1 - BETA1) / (1 + BETA1)) / (SNR + 1),
        "ratio at t": (SNR + 1)
        * (1 - P2)
        / (SNR * (1 - P2 - 2 * SINGLE + DOUBLE) + (1 - BETA1) / (1 + BETA1) * (1 - P2 - DOUBLE)),
        "first": 1 / (1 - BETA1),
    },
    parts=("ratio", "range", "steps", "settles", "transient"),
    depends=("F2", "F2c"),
)

FALSIFIER = (
    "a signal-to-noise ratio, averaging constants or a number of steps with another ratio of lengths"
)


@claim.check("moment equations")
def closure(claim) -> Iterator[Evidence]:
    kappa = sp.Symbol("kappa", real=True)
    refined, plain = (stationary_moments(kind, kappa) for kind in (True, False))
    signal = {SNR: NOW**2 / NOISE}
    yield check_identity(
        claim.formulas["ratio"].subs(signal),
        plain[0, 1] / refined[0, 1],
        detail="ratio of expected denominators from the stationary moment equations",
        falsifier=FALSIFIER,
        parts=("ratio",),
        domain=DOMAIN,
    )
    for name, moments in (("refined step", refined), ("plain step", plain)):
        yield check_identity(
            sp.sympify(claim.formulas[name]).subs(signal),
            moments[2, 0] / moments[0, 1],
            detail=f"E[m^2]/E[v] from the stationary moment equations, {name}",
            falsifier=FALSIFIER,
            parts=("steps",),
            domain=DOMAIN,
        )
    for name, moments in (("refined", refined), ("plain", plain)):
        variance = sp.cancel((moments[0, 2] - moments[0, 1] ** 2) / moments[0, 1] ** 2)
        yield check_identity(
            0 * BETA1,
            variance.subs(BETA2, 1),
            detail=f"Var(v)/E[v]^2 at beta2 = 1, a rational function without a pole there, {name}",
            falsifier=FALSIFIER,
            parts=("settles",),
            domain=DOMAIN,
            scope=Scope.GENERAL,
        )


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    ratio = claim.formulas["ratio"]
    yield check_identity(
        [claim.formulas["noise alone"], claim.formulas["example"] ** 2],
        [ratio.subs(SNR, 0), ratio.subs({SNR: 0, BETA1: sp.Rational(9, 10)})],
        detail="noise alone",
        falsifier=FALSIFIER,
        parts=("range",),
        domain=DOMAIN,
    )
    inverse = sp.Symbol("z", positive=True)
    yield check_identity(
        1 + 0 * BETA1,
        sp.cancel(ratio.subs(SNR, 1 / inverse)).subs(inverse, 0),
        detail="no noise: the ratio tends to one as r grows",
        falsifier=FALSIFIER,
        parts=("range",),
        scope=Scope.GENERAL,
    )
    yield check_relation(
        sp.factor(sp.diff(ratio, SNR).subs(OPEN)),
        "<",
        0,
        detail="the ratio falls with r",
        falsifier=FALSIFIER,
        parts=("range",),
        scope=Scope.GENERAL,
    )
    # The squares themselves: E[m_t^2] = r (1-beta1^t)^2 + q (1-beta1^(2t)) with V = 1, averaged one by one.
    refined = sp.cancel((1 + SNR) * (1 - P2) / claim.formulas["ratio at t"])
    moved = {P1: BETA1 * P1, P2: BETA2 * P2}
    kept = (1 - BETA1) / (1 + BETA1)
    square = SNR * (1 - BETA1 * P1) ** 2 + kept * (1 - BETA1**2 * P1**2)
    yield check_identity(
        [refined.subs({P1: 1, P2: 1}), refined.subs(moved, simultaneous=True)],
        [0, BETA2 * refined + (1 - BETA2) * square],
        detail="expected refined denominator in units of V by induction; the plain one is (1 + r)(1 - beta2^t)",
        falsifier=FALSIFIER,
        parts=("transient",),
        domain=DOMAIN,
    )
    yield check_identity(
        [claim.formulas["first"] ** 2, ratio],
        [
            sp.cancel(claim.formulas["ratio at t"].subs({P1: BETA1, P2: BETA2})),
            claim.formulas["ratio at t"].subs({P1: 0, P2: 0}),
        ],
        detail="the ratio at t = 1, whatever r, and for large t",
        falsifier=FALSIFIER,
        parts=("transient", "ratio"),
        domain=DOMAIN,
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """All sequences of signs: gradient 1/2, errors +-1, so r = 1/4."""
    beta1, beta2 = Fraction(3, 5), Fraction(4, 5)
    for steps in (1, 2, 8):
        states = sign_states(beta1, beta2, [Fraction(1, 2)] * steps, Fraction(1))
        numbers = {BETA1: sp.Rational(3, 5), BETA2: sp.Rational(4, 5), SNR: sp.Rational(1, 4)}
        powers = {P1: sp.Rational(3, 5) ** steps, P2: sp.Rational(4, 5) ** steps}
        yield check_identity(
            claim.formulas["ratio at t"].subs(numbers | powers),
            mean_of([s.plain for s in states]) / mean_of([s.refined for s in states]),
            detail=f"ratio of mean denominators over all {2**steps} sequences of signs",
            falsifier=FALSIFIER,
            parts=("transient",),
            scope=Scope.INSTANCE,
        )
    signs = {
        x: claim.formulas["ratio"].subs({BETA1: sp.Rational(9, 10), SNR: x})
        for x in (0, sp.Rational(1, 19), 1, 1000)
    }
    lengths = list(signs.values())
    ordered = all(left > right > 1 for left, right in pairwise(lengths))
    yield check_identity(
        [1, 19, 10],
        [int(ordered), lengths[0], lengths[1]],
        detail="beta1 = 9/10: 19 in noise alone, (1/19 + 1) 19/2 = 10 at r = q = 1/19, falling to 1",
        falsifier=FALSIFIER,
        parts=("range",),
        scope=Scope.INSTANCE,
    )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    """beta2 = 0.99: the mean squared steps themselves, relative to the stated ones, r = 1/4, beta1 = 4/5."""
    numbers = {BETA1: sp.Rational(4, 5), SNR: sp.Rational(1, 4)}
    for name in ("refined step", "plain step"):
        claimed = float(sp.sympify(claim.formulas[name]).subs(numbers))

        def sample(n: int, rng: np.random.Generator, name: str = name) -> np.ndarray:
            state = simulated_states(n, rng, 0.8, 0.99, 0.5, 900)
            return state.m**2 / (state.refined if name == "refined step" else state.plain)

        yield check_mean(
            sample,
            claimed,
            resolvable=0.1 * claimed,
            rng=stream(2024, claim.id, name),
            detail=f"m^2/v after 900 updates at beta2 = 99/100 (to a tenth: v is not yet at its mean), {name}",
            parts=("steps", "settles"),
        )
