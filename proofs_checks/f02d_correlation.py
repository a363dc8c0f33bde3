"""F2d: how far the denominator follows the moment that it divides."""

from collections.abc import Iterator
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
    simulated_states,
    stationary_moments,
)
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

claim = Claim(
    id="F2d",
    title="Correlation of the denominator with the moment: the refined one follows m^2 more closely",
    kind=Kind.EQUALITY,
    plain="Stationary, symmetric errors: Cov(v, m) = 2 a q V (1-beta2)/(1-beta1 beta2) with q = (1-beta1)/(1+beta1), "
    "and 1+beta1 times as much when g is squared. In Gaussian noise alone the squared correlation of v with m^2 is "
    "(1-beta2^2)/(1-beta1^4 beta2^2), against (1-beta2^2)(1-beta1^2)^2/(1-beta1^2 beta2)^2; the first is larger for "
    "0 < beta1 < 1, for beta2 -> 1 by the factor 1/(1-beta1^4).",
    latex=r"Stationary, symmetric errors: $\operatorname{Cov}(v,m)=2aqV\frac{1-\beta_2}{1-\beta_1\beta_2}$, and "
    r"$1+\beta_1$ times that when $g$ is squared. In Gaussian noise alone $\operatorname{corr}(v,m^2)^2$ is "
    r"$\frac{1-\beta_2^2}{1-\beta_1^4\beta_2^2}$ against $\frac{(1-\beta_2^2)(1-\beta_1^2)^2}{(1-\beta_1^2\beta_2)^2}$, "
    r"which is smaller for $0<\beta_1<1$.",
    source="derived here",
    conditions=(
        "independent symmetric errors, constant gradient, stationary state",
        "0 <= beta1, beta2 < 1",
    ),
    expected=Verdict.PROVED,
    formulas={
        "covariance": 2 * NOW * (1 - BETA1) / (1 + BETA1) * NOISE * (1 - BETA2) / (1 - BETA1 * BETA2),
        "plain factor": 1 + BETA1,
        "refined": (1 - BETA2**2) / (1 - BETA1**4 * BETA2**2),
        "plain": (1 - BETA2**2) * (1 - BETA1**2) ** 2 / (1 - BETA1**2 * BETA2) ** 2,
        "near one": 1 / (1 - BETA1**4),
    },
    parts=("with the moment", "with its square", "order", "near one"),
    depends=("F2", "F2c"),
)

FALSIFIER = "averaging constants with another covariance, or with the opposite order"


def squared_correlation(refined: bool) -> sp.Expr:
    """Return corr(v, m^2)^2 in Gaussian noise alone from the stationary moment equations."""
    table: dict[tuple[int, int], Any] = {
        key: value.subs(NOW, 0) for key, value in stationary_moments(refined).items()
    }
    across = table[2, 1] - table[2, 0] * table[0, 1]
    spread = (table[0, 2] - table[0, 1] ** 2) * (table[4, 0] - table[2, 0] ** 2)
    return sp.cancel(across**2 / spread)


@claim.check("moment equations")
def closure(claim) -> Iterator[Evidence]:
    for name, refined in (("refined", True), ("plain", False)):
        moments = stationary_moments(refined, sp.Symbol("kappa", real=True))
        factor = 1 if refined else claim.formulas["plain factor"]
        yield check_identity(
            factor * claim.formulas["covariance"],
            moments[1, 1] - moments[1, 0] * moments[0, 1],
            detail=f"Cov(v, m) from the stationary moment equations, any kurtosis, {name}",
            falsifier=FALSIFIER,
            parts=("with the moment",),
            domain=DOMAIN,
        )
        yield check_identity(
            claim.formulas[name],
            squared_correlation(refined),
            detail=f"corr(v, m^2)^2 from the stationary moment equations, {name}",
            falsifier=FALSIFIER,
            parts=("with its square",),
            domain=DOMAIN,
        )
    ratio = sp.cancel(squared_correlation(True) / squared_correlation(False))
    yield check_identity(
        claim.formulas["near one"],
        ratio.subs(BETA2, 1),
        detail="refined over plain squared correlation as beta2 -> 1",
        falsifier=FALSIFIER,
        parts=("near one",),
        domain=DOMAIN,
    )
    yield check_relation(
        sp.factor((ratio - 1).subs(OPEN)),
        ">",
        0,
        detail="refined over plain squared correlation, minus one, on 0 < beta1, beta2 < 1",
        falsifier=FALSIFIER,
        parts=("order",),
        scope=Scope.GENERAL,
    )


@claim.check("series")
def series(claim) -> Iterator[Evidence]:
    """Covariances at age k, summed with the weights (1-beta2) beta2^k."""
    x = sp.Symbol("x", positive=True)
    total = 1 / (1 - x)  # sum of x^k
    kept = (1 - BETA1) ** 2 * total.subs(x, BETA1**2)
    weight = 1 - BETA1
    # Refined: Cov(m_(t-k)^2, m_t) = 2 a c, Cov(m_(t-k)^2, m_t^2) = 2 c^2 without signal, c = beta1^k kept V.
    # Plain: the same with c = Cov(g_(t-k), m_t) = (1-beta1) beta1^k V.
    first, second = total.subs(x, BETA1 * BETA2), total.subs(x, BETA1**2 * BETA2)
    yield check_identity(
        [claim.formulas["covariance"], claim.formulas["plain factor"] * claim.formulas["covariance"]],
        [(1 - BETA2) * 2 * NOW * share * NOISE * first for share in (kept, weight)],
        detail="Cov(v, m) as a geometric series",
        falsifier=FALSIFIER,
        parts=("with the moment",),
        domain=DOMAIN,
    )
    window = (1 - BETA2) / (1 + BETA2)
    spread = 2 * kept**2 * window * (1 + BETA1**2 * BETA2) / (1 - BETA1**2 * BETA2)
    pairs = ((kept, spread), (weight, 2 * window))
    derived = [((1 - BETA2) * 2 * share**2 * second) ** 2 / (2 * kept**2 * var) for share, var in pairs]
    yield check_identity(
        [claim.formulas["refined"], claim.formulas["plain"]],
        derived,
        detail="squared correlations from geometric series, V = 1",
        falsifier=FALSIFIER,
        parts=("with its square",),
        domain=DOMAIN,
    )
    # With x = beta1^2: 1 - beta2 x - (1 + beta2 x)(1 - x)^2 = x ((1-beta2)(2 - x) + beta2 x (1 - x)).
    square = sp.Symbol("z", positive=True)
    inside = 1 / (1 + square)
    gap = (1 - BETA2 * BETA1**2) - (1 + BETA2 * BETA1**2) * (1 - BETA1**2) ** 2
    gap = sp.factor(gap.subs(BETA1, sp.sqrt(inside)).subs(BETA2, OPEN[BETA2]))
    terms = (1 - OPEN[BETA2]) * (2 - inside) * inside, OPEN[BETA2] * inside**2 * (1 - inside)
    yield check_nonnegative(
        gap,
        [Term(sp.factor(term)) for term in terms],
        detail="numerator of the ratio minus its denominator, a sum of positive terms",
        falsifier=FALSIFIER,
        parts=("order",),
    )
    yield check_identity(
        sp.cancel(claim.formulas["refined"] / claim.formulas["plain"]),
        (1 - BETA2 * BETA1**2) / ((1 + BETA2 * BETA1**2) * (1 - BETA1**2) ** 2),
        detail="the ratio of squared correlations",
        falsifier=FALSIFIER,
        parts=("order",),
        domain=DOMAIN,
    )
    yield check_identity(
        claim.formulas["near one"],
        (1 - BETA1**2) / ((1 + BETA1**2) * (1 - BETA1**2) ** 2),
        detail="the ratio at beta2 = 1",
        falsifier=FALSIFIER,
        parts=("near one",),
        domain=DOMAIN,
    )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    numbers = {BETA1: sp.Rational(1, 2), BETA2: sp.Rational(7, 10), NOW: 1, NOISE: 1}
    for name in ("refined", "plain"):
        factor = 1 if name == "refined" else claim.formulas["plain factor"]
        claimed = float((factor * claim.formulas["covariance"]).subs(numbers))

        def sample(n: int, rng: np.random.Generator, name: str = name) -> np.ndarray:
            state = simulated_states(n, rng, 0.5, 0.7, 1.0, 40)
            return (state.m - 1) * getattr(state, name)

        yield check_mean(
            sample,
            claimed,
            resolvable=0.06 * claimed,
            rng=stream(2024, claim.id, name),
            detail=f"E[(m - a) v], beta1 = 1/2, beta2 = 7/10, r = 1, {name}",
            parts=("with the moment",),
        )
