"""E6b: the first-order range of step sizes, carried over, is false in mean square."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA
from proofs_checks._stability import ETA, L, rational
from zotheory.checks.algebra import sign_known
from zotheory.checks.evidence import Evidence, Scope, Witness
from zotheory.checks.exact import check_relation
from zotheory.checks.finding import Finding
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="E6b",
    title="Carried over from first-order SGD: eta delta <= 2/L keeps coupled runs together in mean square",
    kind=Kind.UPPER_BOUND,
    plain="For convex L-smooth losses, delta-unbiased v and eta delta <= 2/L, the step x - eta v v^T grad l(x) taken "
    "with the same v from two points does not increase their mean squared distance, as the step "
    "x - eta delta grad l(x) does not.",
    latex=r"For convex $L$-smooth $l$, $\delta$-unbiased $v$ and $\eta\delta\le2/L$ the step "
    r"$x-\eta vv^\top\nabla l(x)$, taken with the same $v$ from two points, does not increase their mean squared "
    r"distance, as the step $x-\eta\delta\nabla l(x)$ does not.",
    source="a statement that suggests itself from Hardt, Recht and Singer's for first-order steps; it is not taken from "
    "any paper. E6 has the range that is right",
    conditions=(
        "mu -> 0",
        "d >= 2: in one dimension signs are a first-order step and the statement is true",
    ),
    expected=Verdict.REFUTED,
    formulas={"step": 2 / (L * DELTA), "allowed growth": sp.Integer(1)},
)

FALSIFIER = (
    "a convex L-smooth loss, a delta-unbiased law and a step size in the range that spread two points"
)


@claim.check("symbolic")
def symbolic(claim) -> Evidence:
    """A law with |v|^2 = delta d and l = L|x|^2/2, for every d >= 2: d - eta L v (v.d)."""
    dim = 2 + sp.Symbol("k", integer=True, nonnegative=True)
    # |d|^2 - 2 eta L (v.d)^2 + eta^2 L^2 (v.d)^2 |v|^2, E (v.d)^2 = delta |d|^2.
    growth = 1 - 2 * ETA * L * DELTA + ETA**2 * L**2 * DELTA * (DELTA * dim)
    excess = sp.factor(growth.subs(ETA, claim.formulas["step"]) - claim.formulas["allowed growth"])
    finding = Finding("fixed length, L|x|^2/2, at the end of the range", FALSIFIER, (), Scope.GENERAL)
    if sign_known(excess, "positive"):
        text = (
            f"for every d = 2 + k, at eta = {claim.formulas['step']} the mean squared distance grows by the factor "
            f"1 + {excess}"
        )
        return finding.fails(Witness(text, {"l": "L|x|^2/2", "v": "any law with |v|^2 = delta d"}))
    return finding.inconclusive(f"the excess {excess} is not provably positive")


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Signs in R^2 and R^3 and l = |x|^2/2: all perturbations, from the points (1, 0, ...) and 0."""
    for size in (2, 3):
        atoms = designs.sign_vectors(size)
        step = claim.formulas["step"].subs(rational({DELTA: designs.scale_of(atoms), L: 1}))
        eta = Fraction(int(step.p), int(step.q))
        for share in (Fraction(1), Fraction(9, 10)):
            point = (Fraction(1), *[Fraction(0)] * (size - 1))

            def square(
                v: designs.Point, point: designs.Point = point, move: Fraction = share * eta
            ) -> Fraction:
                y = move * designs.dot(v, point)
                return sum(((p - y * q) ** 2 for p, q in zip(point, v, strict=True)), start=Fraction(0))

            yield check_relation(
                designs.expectation(atoms, square),
                "<=",
                claim.formulas["allowed growth"],
                detail=f"mean squared distance after a step of {share} of the largest from distance 1, d = {size}",
                falsifier=FALSIFIER,
            )
