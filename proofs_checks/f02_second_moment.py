"""F2: what the refined second moment averages: E[m^2] and E[v], exactly, against E[g^2]."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from proofs_checks._momentum import (
    BETA1,
    BETA2,
    DOMAIN,
    DRIFT,
    NOISE,
    NOW,
    P1,
    P2,
    fixed_point,
    kept_share,
    mean_of,
    sign_states,
    simulated_states,
    stationary_moments,
)
from proofs_checks._shared import D, as_matrix, symbolic_vector
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.checks.statistical import check_mean
from zotheory.derive.constructions import aligned_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.kernel import CoqProof
from zotheory.laws import DAP, Coordinate, Gaussian, Rademacher, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

LENGTH = sp.Symbol("A", positive=True)  # |h|^2, h the gradient
OWN = sp.Symbol("e", nonnegative=True)  # h_i^2
LAG, LAG2 = DRIFT * BETA1 / (1 - BETA1), DRIFT * BETA2 / (1 - BETA2)


def averaged(x: Any, power: Any) -> Any:
    """Return (1-beta2) times the sum of beta2^(t-s) x^s over 1 <= s <= t, with power = x^t."""
    return (1 - BETA2) * x * (P2 - power) / (BETA2 - x)


claim = Claim(
    id="F2",
    title="Refined second moment: E[m^2] = a^2 + (1-beta1)/(1+beta1) V against a^2 + V",
    kind=Kind.EQUALITY,
    plain="With q = (1-beta1)/(1+beta1), v = beta2 v + (1-beta2) m^2: stationary E[v] = E[m^2] = a^2 + q V, against "
    "a^2 + V when g is squared, whatever beta2. From m = v = 0, E[v_t] = a^2 (1 - beta2^t - 2 S(beta1) + S(beta1^2)) "
    "+ q V (1 - beta2^t - S(beta1^2)), S(x) = (1-beta2) x (beta2^t - x^t)/(beta2 - x), against (1 - beta2^t)(a^2 + "
    "V). With drift b, E[v] = (a_t - b beta1/(1-beta1) - b beta2/(1-beta2))^2 + b^2 beta2/(1-beta2)^2 + q V. Here a "
    "is the mean of the estimate and V its variance: for one draw and a gradient h, a = delta h_i and V = delta^2 (x "
    "|h|^2 + y h_i^2) with (x, y) = (1, 1) Gaussian, (d/(d+2), 2d/(d+2) - 1) sphere, (1, -1) Rademacher and aligned, "
    "(0, d - 1) coordinate; a mean of K draws divides V by K.",
    latex=r"With $q=\frac{1-\beta_1}{1+\beta_1}$: stationary $E[v]=E[m^2]=a^2+qV$ against $a^2+V$, whatever $\beta_2$. "
    r"From zero $E[v_t]=a^2(1-\beta_2^t-2S(\beta_1)+S(\beta_1^2))+qV(1-\beta_2^t-S(\beta_1^2))$, "
    r"$S(x)=(1-\beta_2)x\frac{\beta_2^t-x^t}{\beta_2-x}$. With drift $b$: $E[v]=\bigl(a_t-\frac{b\beta_1}{1-\beta_1}-"
    r"\frac{b\beta_2}{1-\beta_2}\bigr)^2+\frac{b^2\beta_2}{(1-\beta_2)^2}+qV$. One draw, gradient $h$: $a=\delta h_i$, $V=\delta^2(x\|h\|^2+yh_i^2)$, "
    r"$(x,y)=(1,1)$ Gaussian, $(\frac d{d+2},\frac{2d}{d+2}-1)$ sphere, $(1,-1)$ Rademacher and aligned, $(0,d-1)$ "
    r"coordinate.",
    source="derived here; the update is that of arXiv 2502.01014, as summarised",
    conditions=(
        "0 <= beta1, beta2 < 1; the formula in t for beta2 other than beta1 and beta1^2 (elsewhere its limit)",
        "independent errors; gradient constant, or drifting linearly in the stationary state",
        "no maximum over time: with it ZO-AdaMM's denominator is larger still",
    ),
    expected=Verdict.PROVED,
    formulas={
        "stationary": NOW**2 + (1 - BETA1) / (1 + BETA1) * NOISE,
        "plain": NOW**2 + NOISE,
        "at t": NOW**2 * (1 - P2 - 2 * averaged(BETA1, P1) + averaged(BETA1**2, P1**2))
        + (1 - BETA1) / (1 + BETA1) * NOISE * (1 - P2 - averaged(BETA1**2, P1**2)),
        "plain at t": (1 - P2) * (NOW**2 + NOISE),
        "drift": (NOW - LAG - LAG2) ** 2
        + DRIFT**2 * BETA2 / (1 - BETA2) ** 2
        + (1 - BETA1) / (1 + BETA1) * NOISE,
        "gaussian": LENGTH + OWN,
        "sphere": D / (D + 2) * LENGTH + (2 * D / (D + 2) - 1) * OWN,
        "rademacher": LENGTH - OWN,
        "coordinate": (D - 1) * OWN,
        "aligned": LENGTH - OWN,
    },
    parts=("stationary", "steps", "drift", "catalogue"),
    depends=("F1", "B1", "B2", "B3", "B4", "B5"),
    coq=CoqProof(
        file="f02_second_moment.v",
        formulas={
            "stationary": "beta1 V a",
            "plain": "V a",
            "at t": "beta1 beta2 V a beta1^t beta2^t",
            "plain at t": "V a beta2^t",
            "drift": "beta1 beta2 V a b",
            "gaussian": "A e",
            "sphere": "d A e",
            "rademacher": "A e",
            "coordinate": "d e",
            "aligned": "A e",
        },
        theorems={
            "steps": ("steps",),
            "plain_steps": ("steps",),
            "stationary": ("stationary",),
            "stationary_plain": ("stationary",),
            "drift": ("drift",),
            "catalogue": ("catalogue",),
        },
        library=("draws", "fourth"),
        detail="for estimates with finitely many values, after any number of updates; states that an update leaves as "
        "they are; with drift the recursion of E[v] for the E[m^2] of F1; the catalogue for a single draw at delta = 1 and laws through "
        "their fourth moments (other delta and the mean of K draws are left to other routes)",
    ),
)

FALSIFIER = "averaging constants, a number of steps, a drift or a law with another expected denominator"


@claim.check("induction")
def induction(claim) -> Iterator[Evidence]:
    """One update: E[v] becomes beta2 E[v] + (1-beta2) E[m^2] at the next step."""
    kept, lag = kept_share(), fixed_point(lambda x: BETA1 * (x + DRIFT))
    square = NOW**2 * (1 - BETA1 * P1) ** 2 + kept * NOISE * (1 - (BETA1 * P1) ** 2)
    one_more = {P1: BETA1 * P1, P2: BETA2 * P2}
    for name, added in (("at t", square), ("plain at t", NOW**2 + NOISE)):
        value = claim.formulas[name]
        yield check_identity(
            [value.subs({P1: 1, P2: 1}), value.subs(one_more, simultaneous=True)],
            [0, BETA2 * value + (1 - BETA2) * added],
            detail=f"zero before the first update, and one update more, symbolic t: {name}",
            falsifier=FALSIFIER,
            parts=("steps",),
            domain=DOMAIN,
        )
    value = claim.formulas["drift"]
    yield check_identity(
        value,
        BETA2 * value.subs(NOW, NOW - DRIFT) + (1 - BETA2) * ((NOW - lag) ** 2 + kept * NOISE),
        detail="with drift: one update while the gradient moves by b keeps the formula",
        falsifier=FALSIFIER,
        parts=("drift",),
        domain=DOMAIN,
    )
    yield check_identity(
        [claim.formulas["stationary"], claim.formulas["plain"]],
        [claim.formulas[name].subs({P1: 0, P2: 0}) for name in ("at t", "plain at t")],
        detail="what is left as t grows",
        falsifier=FALSIFIER,
        parts=("stationary",),
        domain=DOMAIN,
    )


@claim.check("moment equations")
def closure(claim) -> Iterator[Evidence]:
    refined, plain = stationary_moments(True, weight=2), stationary_moments(False, weight=2)
    yield check_identity(
        [claim.formulas["stationary"]] * 3 + [claim.formulas["plain"]],
        [refined[0, 1], refined[2, 0], plain[2, 0], plain[0, 1]],
        detail="E[v] and E[m^2] from the stationary moment equations, symbolic beta1 and beta2",
        falsifier=FALSIFIER,
        parts=("stationary",),
        domain=DOMAIN,
    )


@claim.check("ages")
def ages(claim) -> Evidence:
    """Weights (1-beta2) beta2^k: the moments of a geometric age k, from its generating function."""
    z = sp.Symbol("z")
    generating = (1 - BETA2) / (1 - BETA2 * z)
    first = sp.diff(generating, z).subs(z, 1)
    second = sp.diff(generating, z, 2).subs(z, 1) + first
    centre = NOW - DRIFT * BETA1 / (1 - BETA1)
    return check_identity(
        claim.formulas["drift"],
        centre**2
        - 2 * centre * DRIFT * first
        + DRIFT**2 * second
        + stationary_moments(True, weight=2)[2, 0]
        - NOW**2,
        detail="E (a - lag - b k)^2 over a geometric age k, plus the stationary variance",
        falsifier=FALSIFIER,
        parts=("drift",),
        domain=DOMAIN,
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """All sequences of errors +-3/2 about a gradient of 2/3."""
    beta1, beta2, a, size = Fraction(1, 2), Fraction(3, 5), Fraction(2, 3), Fraction(3, 2)
    for steps in (1, 3, 7):
        states = sign_states(beta1, beta2, [a] * steps, size)
        numbers = {
            BETA1: sp.Rational(1, 2),
            BETA2: sp.Rational(3, 5),
            NOW: sp.Rational(2, 3),
            NOISE: sp.Rational(9, 4),
        }
        powers = {P1: sp.Rational(1, 2) ** steps, P2: sp.Rational(3, 5) ** steps}
        yield check_identity(
            [claim.formulas[name].subs(numbers | powers) for name in ("at t", "plain at t")],
            [mean_of([s.refined for s in states]), mean_of([s.plain for s in states])],
            detail=f"both denominators over all {2**steps} sequences of signs, {steps} updates",
            falsifier=FALSIFIER,
            parts=("steps",),
            scope=Scope.INSTANCE,
        )


@claim.check("tensor")
def tensor(claim) -> Iterator[Evidence]:
    for name in ("gaussian", "sphere", "rademacher", "coordinate", "aligned"):
        moment = aligned_tensor(D).aligned() if name == "aligned" else classical_tensor(name, D)
        error = moment.error_covariance(1)
        yield check_identity(
            claim.formulas[name],
            error.identity * LENGTH + (error.outer + error.diagonal) * OWN,
            detail=f"diagonal of the derived error covariance, symbolic d, {name}",
            falsifier=FALSIFIER,
            parts=("catalogue",),
            scope=Scope.GENERAL,
        )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    """E[g_i^2] - a_i^2 from the laws' own fourth moments, symbolic gradient in three dimensions."""
    a = symbolic_vector(3)
    laws = {
        "gaussian": Gaussian(3),
        "sphere": Sphere(3),
        "rademacher": Rademacher(3),
        "coordinate": Coordinate(3),
        "aligned": DAP(a),
    }
    for name, one in laws.items():
        second = as_matrix(one.fourth_moment(np.outer(a, a)))
        numbers = {D: 3, LENGTH: sum(x**2 for x in a), OWN: a[1] ** 2}
        yield check_identity(
            claim.formulas[name].subs(numbers),
            second[1, 1] - a[1] ** 2,
            detail=f"variance of a coordinate by the law's own fourth moment, {name}, d = 3",
            falsifier=FALSIFIER,
            parts=("catalogue",),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    numbers = {BETA1: sp.Rational(4, 5), BETA2: sp.Rational(7, 10), NOW: sp.Rational(1, 2), NOISE: 1}
    for name in ("stationary", "plain"):
        claimed = float(claim.formulas[name].subs(numbers))

        def sample(n: int, rng: np.random.Generator, name: str = name) -> np.ndarray:
            state = simulated_states(n, rng, 0.8, 0.7, 0.5, 50)
            return state.plain if name == "plain" else state.refined

        yield check_mean(
            sample,
            claimed,
            resolvable=0.04 * claimed,
            rng=stream(2024, claim.id, name),
            detail=f"denominator after 50 updates, beta1 = 4/5, beta2 = 7/10, {name}",
            parts=("stationary",),
        )
