"""A1c: alignment with the gradient is sufficient for V = delta^2 d."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D, simulated_factor
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.derive.constructions import AxisTensor
from zotheory.laws import DAP, Alignment, FirstAxis
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="A1c",
    title="Alignment is sufficient for V = delta^2 d",
    kind=Kind.EQUALITY,
    plain="If (a.v)^2/|a|^2 is constant almost surely and E[v v^T] = delta I, then it equals delta and "
    "V = delta^2 d, whatever the length of v does.",
    latex=r"If $s=(\hat a\cdot v)^2$ is a.s. constant and $E[vv^\top]=\delta I$, then $s=\delta$ and "
    r"$V=\delta^2d$, whatever $\|v\|$ does.",
    source="arXiv 2510.19975, as summarised (value on the class; not its optimality); proof derived here",
    conditions=("E[v v^T] = delta I", "s is constant almost surely", "a is the exact gradient, not zero"),
    expected=Verdict.PROVED,
    formulas={"s": DELTA, "V": DELTA**2 * D},
    parts=("alignment", "value"),
    depends=("A1",),
)

FALSIFIER = "a delta-unbiased aligned law with another V"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # s = E[s] = u^T (delta I) u with |u| = 1; then V = E[s n] = s E[n] with E[n] = tr(delta I).
    index = sp.Symbol("i", integer=True)
    angle = sp.Symbol("phi", real=True)
    unit = sp.Matrix([sp.cos(angle), sp.sin(angle)])  # u in the plane that contains it and e_1
    mean = (unit.T * (DELTA * sp.eye(2)) * unit)[0, 0]
    yield check_identity(
        claim.formulas["s"],
        mean,
        detail="a constant s equals its mean u^T (delta I) u",
        falsifier=FALSIFIER,
        parts=("alignment",),
    )
    yield check_identity(
        claim.formulas["V"],
        sp.simplify(mean) * sp.summation(DELTA, (index, 1, D)),
        detail="E[s n] = s E[n], symbolic d",
        falsifier=FALSIFIER,
        parts=("value",),
    )


@claim.check("fourth moments")
def fourth_moments(claim) -> Iterator[Evidence]:
    # The complement's own fourth moment is left unspecified and must drop out.
    fourth = sp.Symbol("w22", positive=True)
    tensor = AxisTensor(DELTA**2, DELTA * DELTA, fourth)
    yield check_identity(
        claim.formulas["V"],
        tensor.trace(D, 1),
        detail="trace of the fourth-moment tensor of xi sqrt(delta) e + w along e, any fourth moment of w",
        falsifier=FALSIFIER,
        parts=("value",),
    )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    for complement in ("sphere", "gaussian"):
        one = DAP(FirstAxis(D), DELTA, complement)
        yield check_identity(
            claim.formulas["V"],
            DELTA**2 * one.dimension_factor(Alignment(1)),
            detail=f"V by the law's own formulas, {complement} complement, symbolic d",
            falsifier=FALSIFIER,
            parts=("value",),
            scope=Scope.INSTANCE,
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Aligned laws with different complements, rotated so that a is no coordinate axis."""
    for size in (2, 3):
        rows = designs.ROTATION[size]
        for name, complement in designs.complements(size - 1).items():
            atoms = designs.rotated(designs.aligned(complement), rows)
            numbers = {D: size, DELTA: sp.Rational(designs.scale_of(atoms))}
            s = designs.s_of(rows[0])
            for value in sorted({s(v) for _, v in atoms}):
                yield check_identity(
                    claim.formulas["s"].subs(numbers),
                    value,
                    detail=f"s on the atoms, complement: {name}, d = {size}",
                    falsifier=FALSIFIER,
                    parts=("alignment",),
                    scope=Scope.INSTANCE,
                )
            yield check_identity(
                claim.formulas["V"].subs(numbers),
                designs.energy_product(atoms, rows[0]),
                detail=f"V over the atoms, complement: {name}, d = {size}",
                falsifier=FALSIFIER,
                parts=("value",),
                scope=Scope.INSTANCE,
            )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    a = np.array([1.0, -2.0, 0.5, 3.0, 0.0])
    claimed = (claim.formulas["V"] / DELTA**2).subs(D, 5)
    return simulated_factor(DAP(a, 0.5, "gaussian"), a, claimed, claim.id, "value")
