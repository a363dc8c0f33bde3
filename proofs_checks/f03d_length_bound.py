"""F3d: stationary, a method that divides by the average of its own squares has rms step at most one."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks._momentum import BETA2, DOMAIN, OPEN, sign_states, simulated_states, update
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_bound
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

GROWTH = sp.Symbol("y", positive=True)  # v_t/v_(t-1)

claim = Claim(
    id="F3d",
    title="In a stationary state the refined rms step is at most the learning rate, whatever gradient and noise",
    kind=Kind.UPPER_BOUND,
    plain="Let v_t = beta2 v_(t-1) + (1-beta2) m_t^2 with v > 0 and zeta = 0. Then m_t^2/v_t = (1 - beta2 "
    "v_(t-1)/v_t)/(1-beta2) <= 1 + beta2/(1-beta2) log(v_t/v_(t-1)), with equality iff v_t = v_(t-1) = m_t^2. So over "
    "any T updates the mean of m^2/v is at most 1 + beta2/((1-beta2) T) log(v_T/v_0), and in a stationary state "
    "with E|log v| finite E[m^2/v] <= 1: so at any beta1, beta2, gradient or noise. Before "
    "that single steps can be longer: the first one is 1/sqrt(1-beta2) (F3b).",
    latex=r"Let $v_t=\beta_2v_{t-1}+(1-\beta_2)m_t^2>0$, $\zeta=0$: $\frac{m_t^2}{v_t}=\frac{1-\beta_2v_{t-1}/v_t}{1-\beta_2}"
    r"\le1+\frac{\beta_2}{1-\beta_2}\log\frac{v_t}{v_{t-1}}$, with equality iff $v_t=v_{t-1}$. Over $T$ updates the mean "
    r"is at most $1+\frac{\beta_2}{(1-\beta_2)T}\log\frac{v_T}{v_0}$; in a stationary state $E[m^2/v]\le1$.",
    source="derived here; the update is that of arXiv 2502.01014, as summarised",
    conditions=(
        "0 < beta2 < 1, v > 0, zeta = 0",
        "the expectation: stationary, E|log v| finite, so that E log(v_t/v_(t-1)) = 0",
    ),
    expected=Verdict.PROVED,
    formulas={
        "step": (1 - BETA2 / GROWTH) / (1 - BETA2),
        "bound": 1 + BETA2 / (1 - BETA2) * sp.log(GROWTH),
        "stationary": sp.Integer(1),
    },
    parts=("identity", "bound", "equality", "stationary"),
)

FALSIFIER = "a path on which the mean squared step is larger"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    old, m = sp.Symbol("v", positive=True), sp.Symbol("m", real=True)
    new = BETA2 * old + (1 - BETA2) * m**2
    yield check_identity(
        claim.formulas["step"].subs(GROWTH, new / old),
        m**2 / new,
        detail="the squared step in terms of the growth of v",
        falsifier=FALSIFIER,
        parts=("identity",),
        domain=DOMAIN,
    )
    # The gap vanishes at y = 1 and has the slope of (y - 1)/y^2 times a positive number.
    gap = claim.formulas["bound"] - claim.formulas["step"]
    yield check_identity(
        [0, (GROWTH - 1) / GROWTH**2],
        [sp.simplify(gap.subs(GROWTH, 1)), sp.cancel(sp.diff(gap, GROWTH) * (1 - BETA2) / BETA2)],
        detail="gap of the bound: zero at y = 1, falling before and growing after",
        falsifier=FALSIFIER,
        parts=("bound", "equality"),
        domain=DOMAIN,
    )
    yield check_relation(
        sp.factor((BETA2 / (1 - BETA2)).subs(OPEN)),
        ">",
        0,
        detail="the factor of the logarithm is positive, so the slope has the sign of y - 1",
        falsifier=FALSIFIER,
        parts=("bound", "equality"),
        scope=Scope.GENERAL,
    )
    # log y = log v_t - log v_(t-1) has mean 0 in a stationary state: what is left of the bound.
    level = sp.Symbol("E log y", real=True)
    yield check_identity(
        claim.formulas["stationary"] + 0 * BETA2,
        claim.formulas["bound"].subs(sp.log(GROWTH), level).subs(level, 0),
        detail="expectation of the bound, in which the logarithm has mean 0",
        falsifier=FALSIFIER,
        parts=("stationary",),
        scope=Scope.GENERAL,
    )


@claim.check("paths")
def paths(claim) -> Iterator[Evidence]:
    """All paths of six signs after a common first update: the mean squared step against the bound, with v_0 = v_1."""
    beta1, beta2, steps = Fraction(1, 2), Fraction(2, 3), 6
    for a in (Fraction(0), Fraction(1, 3), Fraction(3)):
        first = sign_states(beta1, beta2, [a], Fraction(1))[0]
        broken = differ = 0
        for code in range(2**steps):
            state, total = first, Fraction(0)
            for k in range(steps):
                old = state.refined
                state = update(state, a + (1 if code >> k & 1 else -1), beta1, beta2)
                squared = state.m**2 / state.refined
                total += squared
                stated = claim.formulas["step"].subs(
                    {BETA2: sp.Rational(2, 3), GROWTH: sp.Rational(state.refined / old)}
                )
                differ += stated != sp.Rational(squared)
            growth = sp.Rational(state.refined / first.refined)
            bound = claim.formulas["bound"].subs({BETA2: sp.Rational(2, 3), GROWTH: growth})
            gap = 1 + (bound - 1) / steps - sp.Rational(total / steps)
            broken += bool(gap < 0)
        yield check_identity(
            [0, 0],
            [broken, differ],
            detail=f"paths of {steps} updates that break the bound, and steps that break the identity, a = {a}",
            falsifier=FALSIFIER,
            parts=("identity", "bound"),
            scope=Scope.INSTANCE,
        )


@claim.check("constant squares")
def constant(claim) -> Iterator[Evidence]:
    """m = +-2 for ever and v = 4 attain the bounds; any other first square does not."""
    for square, relation in ((4, "=="), (5, ">"), (3, ">")):
        new = Fraction(9, 10) * 4 + Fraction(1, 10) * square
        at = {BETA2: sp.Rational(9, 10), GROWTH: sp.Rational(new / 4)}
        yield check_relation(
            claim.formulas["bound"].subs(at) - sp.Rational(square / new),
            relation,
            0,
            detail=f"bound minus squared step from v = 4 at m^2 = {square}",
            falsifier=FALSIFIER,
            parts=("equality",),
        )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    for mean, beta1, beta2 in ((0.0, 0.9, 0.9), (0.5, 0.5, 0.7)):

        def sample(
            n: int, rng: np.random.Generator, mean: float = mean, beta1: float = beta1, beta2: float = beta2
        ) -> np.ndarray:
            state = simulated_states(n, rng, beta1, beta2, mean, 90)
            return state.m**2 / state.refined

        yield check_bound(
            sample,
            float(claim.formulas["stationary"]),
            resolvable=0.05,
            rng=stream(2024, claim.id, str(mean)),
            support=(0, 1 / (1 - beta2)),
            detail=f"m^2/v after 90 updates, a = {mean}, beta1 = {beta1}, beta2 = {beta2}",
            parts=("stationary",),
        )
