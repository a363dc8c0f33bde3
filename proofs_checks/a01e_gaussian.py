"""A1e: the Gaussian law lies above the level by 2 delta^2."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D, simulated_factor
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.derive.moments import gaussian_moment, isserlis
from zotheory.laws import Gaussian
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="A1e",
    title="Gaussian: Cov(s, n) = 2 delta^2, so V = delta^2 (d + 2)",
    kind=Kind.EQUALITY,
    plain="For v ~ N(0, delta I): Cov(s, n) = 2 delta^2 and V = delta^2 (d + 2), strictly above delta^2 d.",
    latex=r"For $v\sim N(0,\delta I)$: $\operatorname{Cov}(s,n)=2\delta^2$ and "
    r"$V=\delta^2(d+2)>\delta^2d$.",
    source="derived here; that the Gaussian law is not minimal is in arXiv 2510.19975, as summarised",
    conditions=("delta > 0", "a is not zero"),
    expected=Verdict.PROVED,
    formulas={"covariance": 2 * DELTA**2, "V": DELTA**2 * (D + 2), "level": DELTA**2 * D},
    parts=("covariance", "value", "strict"),
    depends=("A1",),
)

FALSIFIER = "another covariance of s and n"


@claim.check("density")
def density(claim) -> Iterator[Evidence]:
    """By rotation invariance a = |a| e_1: s = v_1^2, n = v_1^2 + (d - 1) more; moments by integration."""
    own = gaussian_moment((4,), DELTA) - gaussian_moment((2,), DELTA) ** 2
    other = gaussian_moment((2, 2), DELTA) - gaussian_moment((2,), DELTA) ** 2
    covariance = own + (D - 1) * other
    yield check_identity(
        claim.formulas["covariance"],
        covariance,
        detail="Cov(v_1^2, v_1^2) + (d - 1) Cov(v_1^2, v_2^2) by integrating the density",
        falsifier=FALSIFIER,
        parts=("covariance",),
    )
    yield check_identity(
        claim.formulas["V"],
        DELTA**2 * D + covariance,
        detail="the level plus the covariance, symbolic d",
        falsifier=FALSIFIER,
        parts=("value",),
    )
    yield check_identity(
        claim.formulas["level"],
        gaussian_moment((2,), DELTA) * (D * gaussian_moment((2,), DELTA)),
        detail="the level E[s] E[n] = delta * delta d by integrating the density",
        falsifier="another product of the means",
        parts=("strict",),
    )
    yield check_relation(
        claim.formulas["V"],
        ">",
        claim.formulas["level"],
        detail="strictly above the level for every d and delta",
        falsifier="a dimension or scale where they agree",
        parts=("strict",),
        scope=Scope.GENERAL,
    )


@claim.check("pairings")
def pairings(claim) -> Iterator[Evidence]:
    """E[v_1 v_1 v_i v_i] as a sum over pairings, for i = 1 and for the d - 1 other indices."""
    first, other = (isserlis((0, 0, i, i), lambda p, q: DELTA * int(p == q)) for i in (0, 1))
    yield check_identity(
        claim.formulas["V"],
        first + (D - 1) * other,
        detail="E[s n] by Isserlis pairings, symbolic d",
        falsifier=FALSIFIER,
        parts=("value",),
    )
    # The pairing of the two v_1 with each other is E[s] E[v_i^2]; the other two are the covariance.
    yield check_identity(
        claim.formulas["covariance"],
        (first - DELTA**2) + (D - 1) * (other - DELTA**2),
        detail="Cov(s, n) by Isserlis pairings, symbolic d",
        falsifier=FALSIFIER,
        parts=("covariance",),
    )


@claim.check("law")
def law(claim) -> Evidence:
    return check_identity(
        claim.formulas["V"],
        DELTA**2 * Gaussian(D, DELTA).dimension_factor(),
        detail="V by the law's own formula, symbolic d",
        falsifier=FALSIFIER,
        parts=("value",),
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """The three-point rule has the Gaussian moments up to order five, so E[s n] is the same."""
    for size in (2, 3):
        atoms = designs.three_point_product(size)
        a = tuple(Fraction(x) for x in (3, -1, 2)[:size])
        numbers = {D: size, DELTA: sp.Rational(designs.scale_of(atoms))}
        value = designs.energy_product(atoms, a)
        yield check_identity(
            claim.formulas["V"].subs(numbers),
            value,
            detail=f"E[s n] over the three-point rule, d = {size}",
            falsifier=FALSIFIER,
            parts=("value",),
            scope=Scope.INSTANCE,
        )
        product = designs.expectation(atoms, designs.s_of(a)) * designs.expectation(atoms, designs.n_of)
        yield check_identity(
            [sp.sympify(claim.formulas[name]).subs(numbers) for name in ("covariance", "level")],
            [value - product, product],
            detail=f"Cov(s, n) and E[s] E[n] over the three-point rule, d = {size}",
            falsifier=FALSIFIER,
            parts=("covariance", "strict"),
            scope=Scope.INSTANCE,
        )
        yield check_relation(
            value,
            ">",
            sp.sympify(claim.formulas["level"]).subs(numbers),
            detail=f"V of the three-point rule above the level, d = {size}",
            falsifier="a law with Gaussian moments at or below the level",
            parts=("strict",),
        )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    claimed = (claim.formulas["V"] / DELTA**2).subs(D, 4)
    return simulated_factor(Gaussian(4, 3.0), np.ones(4), claimed, claim.id, "value")
