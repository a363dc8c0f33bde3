"""F3b: the first and the largest possible step at one learning rate."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import sympy as sp

from proofs_checks._momentum import BETA1, BETA2, DOMAIN, OPEN, after
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.ledger.claim import Claim, Kind, Verdict

G = sp.Symbol("g", real=True, nonzero=True)
ZETA = sp.Symbol("zeta", nonnegative=True)
T = sp.Symbol("t", integer=True, positive=True)
POWER = sp.Symbol("x^t", nonnegative=True)  # (beta1^2/beta2)^t

claim = Claim(
    id="F3b",
    title="First step: refined over plain 1/(1-beta1); largest: sqrt(1 - beta1^2/beta2)/(1-beta1)",
    kind=Kind.EQUALITY,
    plain="Per coordinate and in learning rates, from m = v = 0 without bias correction, the first step is "
    "(1-beta1)|g|/sqrt((1-beta2)(1-beta1)^2 g^2 + zeta) refined and (1-beta1)|g|/sqrt((1-beta2) g^2 + zeta) plain; "
    "at zeta = 0 these are 1/sqrt(1-beta2), 31.6 at beta2 = 0.999, and (1-beta1)/sqrt(1-beta2): the ratio is "
    "1/(1-beta1), not 1/sqrt(1-beta2), which is the refined step itself. No sequence of estimates gives a larger "
    "refined step than 1/sqrt(1-beta2), and none a larger plain step after t updates than (1-beta1) sqrt((1 - "
    "x^t)/((1-beta2)(1-x))), x = beta1^2/beta2; both are attained. The squared ratio of the suprema tends to (1+beta1)/(1-beta1) as "
    "beta2 -> 1.",
    latex=r"From $m=v=0$ without bias correction, in learning rates: the first step is "
    r"$\frac{(1-\beta_1)|g|}{\sqrt{(1-\beta_2)(1-\beta_1)^2g^2+\zeta}}$ refined and "
    r"$\frac{(1-\beta_1)|g|}{\sqrt{(1-\beta_2)g^2+\zeta}}$ plain; at $\zeta=0$ their ratio is $\frac1{1-\beta_1}$. No step "
    r"is larger than $\frac1{\sqrt{1-\beta_2}}$ refined and $(1-\beta_1)\sqrt{\frac{1-x^t}{(1-\beta_2)(1-x)}}$ plain, "
    r"$x=\beta_1^2/\beta_2$; both are attained.",
    source="derived here; the update is that of arXiv 2502.01014, as summarised",
    conditions=(
        "0 < beta1, beta2 < 1, g not 0",
        "the formula in t: beta1^2 not beta2, where x = 1 and (1 - x^t)/(1 - x) stands for t",
        "the supremum over all t of the plain step: beta1^2 < beta2",
        "ZO-AdaMM's maximum over time starts at 0, so that its first step is the plain one",
    ),
    expected=Verdict.PROVED,
    formulas={
        "refined first": (1 - BETA1) ** 2 * G**2 / ((1 - BETA2) * (1 - BETA1) ** 2 * G**2 + ZETA),
        "plain first": (1 - BETA1) ** 2 * G**2 / ((1 - BETA2) * G**2 + ZETA),
        "first ratio": 1 / (1 - BETA1),
        "refined largest": 1 / (1 - BETA2),
        "plain largest": (1 - BETA1) ** 2 * (1 - POWER) / ((1 - BETA2) * (1 - BETA1**2 / BETA2)),
        "plain largest at x = 1": T * (1 - BETA1) ** 2 / (1 - BETA1**2),
        "limit": (1 + BETA1) / (1 - BETA1),
    },
    parts=("first step", "first ratio", "largest refined", "largest plain", "limit"),
)

FALSIFIER = (
    "an estimate or a sequence of estimates with a longer step than stated, or bounds that none attains"
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    first = after([G], BETA1, BETA2)
    for name in ("refined", "plain"):
        yield check_identity(
            claim.formulas[f"{name} first"],
            first.m**2 / (getattr(first, name) + ZETA),
            detail=f"the update once from zero, symbolic g and zeta, {name}",
            falsifier=FALSIFIER,
            parts=("first step",),
            domain=DOMAIN,
        )
    at = {ZETA: 0}
    yield check_identity(
        [claim.formulas["first ratio"] ** 2, claim.formulas["refined largest"]],
        [
            sp.cancel(claim.formulas["refined first"].subs(at) / claim.formulas["plain first"].subs(at)),
            sp.cancel(claim.formulas["refined first"].subs(at)),
        ],
        detail="squared ratio at zeta = 0; the first refined step attains the largest one",
        falsifier=FALSIFIER,
        parts=("first ratio", "largest refined"),
        domain=DOMAIN,
    )
    # v' = beta2 v + (1-beta2) m'^2 >= (1-beta2) m'^2
    v, m = sp.Symbol("v", nonnegative=True), sp.Symbol("m", real=True)
    new = BETA2 * v + (1 - BETA2) * m**2
    yield check_nonnegative(
        ((claim.formulas["refined largest"] * new) - m**2).subs(OPEN),
        [Term(sp.factor((BETA2 / (1 - BETA2)).subs(OPEN)), 1, (v,))],
        detail="K v - m^2 after any update, K the largest squared refined step",
        falsifier=FALSIFIER,
        parts=("largest refined",),
    )


@claim.check("induction")
def induction(claim) -> Iterator[Evidence]:
    """m^2 <= K_t v_t is kept by an update with K_(t+1) = (1-beta1)^2/(1-beta2) + beta1^2/beta2 K_t."""
    bound = claim.formulas["plain largest"]
    yield check_identity(
        [bound.subs(POWER, 1), bound.subs(POWER, POWER * BETA1**2 / BETA2)],
        [0, (1 - BETA1) ** 2 / (1 - BETA2) + BETA1**2 / BETA2 * bound],
        detail="the stated bound obeys the recursion, from 0 before the first update",
        falsifier=FALSIFIER,
        parts=("largest plain",),
        domain={**DOMAIN, POWER: [sp.Rational(1, 2), sp.Rational(1, 3)]},
    )
    # At beta2 = beta1^2, where the formula above has no value, the same recursion adds equal terms.
    equal = claim.formulas["plain largest at x = 1"]
    yield check_identity(
        [equal.subs(T, 0), equal.subs(T, T + 1)],
        [0, ((1 - BETA1) ** 2 / (1 - BETA2)).subs(BETA2, BETA1**2) + equal],
        detail="the bound at beta2 = beta1^2 obeys the recursion, from 0 before the first update",
        falsifier=FALSIFIER,
        parts=("largest plain",),
        domain={**DOMAIN, T: [1, 2, 5]},
    )
    k, u = sp.Symbol("K", positive=True), sp.Symbol("u", nonnegative=True)
    m, g = sp.symbols("m g", real=True)
    old = m**2 / k + u  # any v >= m^2/K
    # The identity needs nothing of the complements but their signs, so they are symbols of their own.
    new1, new2 = sp.symbols("1-beta1 1-beta2", positive=True)
    longer = new1**2 / new2 + BETA1**2 / BETA2 * k
    yield check_nonnegative(
        longer * (BETA2 * old + new2 * g**2) - (BETA1 * m + new1 * g) ** 2,
        [
            Term(BETA2 * new1**2 / (new2 * k), m - new2 * BETA1 * k / (BETA2 * new1) * g),
            Term(longer * BETA2, 1, (u,)),
        ],
        detail="K' v' - m'^2 for any m^2 <= K v and any estimate: a square plus a non-negative term",
        falsifier=FALSIFIER,
        parts=("largest plain",),
    )
    largest = claim.formulas["plain largest"].subs(POWER, 0)
    yield check_identity(
        claim.formulas["limit"],
        sp.cancel(claim.formulas["refined largest"] / largest).subs(BETA2, 1),
        detail="squared ratio of the suprema as beta2 -> 1",
        falsifier=FALSIFIER,
        parts=("limit",),
        domain=DOMAIN,
    )


@claim.check("extremal estimates")
def extremal(claim) -> Iterator[Evidence]:
    """Estimates in proportion to (beta2/beta1)^s attain the plain bound at every t."""
    for steps in (1, 2, 4):
        state = after([(BETA2 / BETA1) ** s for s in range(steps)], BETA1, BETA2)
        yield check_identity(
            claim.formulas["plain largest"].subs(POWER, (BETA1**2 / BETA2) ** steps),
            sp.cancel(state.m**2 / state.plain),
            detail=f"squared plain step after {steps} extremal estimates",
            falsifier=FALSIFIER,
            parts=("largest plain",),
            scope=Scope.INSTANCE,
            domain=DOMAIN,
        )
        state = after([BETA1**s for s in range(steps)], BETA1, BETA1**2)
        yield check_identity(
            claim.formulas["plain largest at x = 1"].subs(T, steps),
            sp.cancel(state.m**2 / state.plain),
            detail=f"the same at beta2 = beta1^2, {steps} extremal estimates",
            falsifier=FALSIFIER,
            parts=("largest plain",),
            scope=Scope.INSTANCE,
            domain=DOMAIN,
        )


@claim.check("exhaustion")
def exhaustion(claim) -> Iterator[Evidence]:
    """All sequences of five estimates from -2 to 2, beta1 = 1/2, beta2 = 3/4."""
    beta1, beta2 = Fraction(1, 2), Fraction(3, 4)
    numbers = {BETA1: sp.Rational(1, 2), BETA2: sp.Rational(3, 4)}
    states = [
        after(estimates, beta1, beta2) for estimates in product(range(-2, 3), repeat=5) if any(estimates)
    ]
    for name in ("refined", "plain"):
        longest = max(state.m**2 / getattr(state, name) for state in states if getattr(state, name))
        power = sp.Rational(1, 3) ** 5
        yield check_relation(
            longest,
            "<=",
            claim.formulas[f"{name} largest"].subs(POWER, power).subs(numbers),
            detail=f"longest squared step over {len(states)} sequences, {name}",
            falsifier=FALSIFIER,
            parts=(f"largest {name}",),
        )
    one = after([Fraction(-7, 3)], beta1, beta2)
    at = {**numbers, G: sp.Rational(-7, 3), ZETA: sp.Rational(1, 5)}
    yield check_identity(
        [
            claim.formulas["refined first"].subs(at),
            claim.formulas["plain first"].subs(at),
            claim.formulas["first ratio"].subs(at) ** 2,
        ],
        [
            one.m**2 / (one.refined + Fraction(1, 5)),
            one.m**2 / (one.plain + Fraction(1, 5)),
            one.plain / one.refined,
        ],
        detail="first steps for g = -7/3, zeta = 1/5; their squared ratio at zeta = 0",
        falsifier=FALSIFIER,
        parts=("first step", "first ratio"),
        scope=Scope.INSTANCE,
    )


@claim.check("near one")
def near(claim) -> Evidence:
    """beta1 = 9/10, beta2 = 1 - 10^-9: within 10^-6 of 19."""
    at = {BETA1: sp.Rational(9, 10), BETA2: 1 - sp.Rational(1, 10**9)}
    small = (1 - sp.Rational(9, 10)) ** 2 / (
        1 - sp.Rational(81, 100) / at[BETA2]
    )  # sum of the squared weights
    ratio = 1 / small
    return check_relation(
        sp.Abs(ratio - claim.formulas["limit"].subs(at)),
        "<",
        sp.Rational(1, 10**6),
        detail="squared ratio of the suprema from the geometric sum, against its limit",
        falsifier=FALSIFIER,
        parts=("limit",),
    )
