"""A1b: fixed length is sufficient for V = delta^2 d."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import Coordinate, Rademacher, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="A1b",
    title="Fixed length is sufficient for V = delta^2 d",
    kind=Kind.EQUALITY,
    plain="If |v|^2 is constant almost surely and E[v v^T] = delta I, then |v|^2 = delta d and V = "
    "delta^2 d.",
    latex=r"If $\|v\|^2$ is a.s. constant and $E[vv^\top]=\delta I$, then $\|v\|^2=\delta d$ and "
    r"$V=\delta^2d$.",
    source="arXiv 2510.19975, as summarised (value on the class; not its optimality); proof derived here",
    conditions=("E[v v^T] = delta I", "n = |v|^2 is constant almost surely", "a is not zero"),
    expected=Verdict.PROVED,
    formulas={"length2": DELTA * D, "V": DELTA**2 * D},
    parts=("length", "value"),
    depends=("A1",),
)

FALSIFIER = "a delta-unbiased law of fixed length with another V"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # n = E[n] = tr(delta I); then V = E[s n] = n E[s] with E[s] = delta.
    index = sp.Symbol("i", integer=True)
    trace = sp.summation(DELTA, (index, 1, D))
    yield check_identity(
        claim.formulas["length2"],
        trace,
        detail="a constant n equals its mean tr(delta I), symbolic d",
        falsifier=FALSIFIER,
        parts=("length",),
    )
    yield check_identity(
        claim.formulas["V"],
        trace * DELTA,
        detail="E[s n] = n E[s], symbolic d",
        falsifier=FALSIFIER,
        parts=("value",),
    )


@claim.check("fourth moments")
def fourth_moments(claim) -> Iterator[Evidence]:
    for kind in ("sphere", "rademacher", "coordinate"):
        yield check_identity(
            claim.formulas["V"],
            classical_tensor(kind, D, DELTA).trace(D),
            detail=f"trace of the fourth-moment tensor, {kind}, symbolic d",
            falsifier=FALSIFIER,
            parts=("value",),
            scope=Scope.INSTANCE,
        )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    for family in (Sphere, Rademacher, Coordinate):
        one = family(D, DELTA)
        yield check_identity(
            [claim.formulas["V"], claim.formulas["length2"]],
            [DELTA**2 * one.dimension_factor(), one.norm_bound()],
            detail=f"V and |v|^2 by the law's own formulas, {family.__name__}, symbolic d",
            falsifier=FALSIFIER,
            scope=Scope.INSTANCE,
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Rational fixed-length laws that are not rotation invariant, for a gradient in general position."""
    signs = designs.sign_vectors(3)
    axes = designs.scaled(designs.coordinate_vectors(4), Fraction(2))
    laws = {
        "signs and rotated signs": designs.mixture(
            signs, designs.rotated(signs, designs.ROTATION[3]), Fraction(1, 7)
        ),
        "axes and signs": designs.mixture(axes, designs.sign_vectors(4), Fraction(4, 5)),
        "rotated axes": designs.rotated(designs.coordinate_vectors(3), designs.ROTATION[3]),
    }
    for name, atoms in laws.items():
        size = len(atoms[0][1])
        a = tuple(Fraction(x) for x in (3, -1, 2, 1)[:size])
        numbers = {D: size, DELTA: sp.Rational(designs.scale_of(atoms))}
        for length2 in sorted({designs.n_of(v) for _, v in atoms}):
            yield check_identity(
                claim.formulas["length2"].subs(numbers),
                length2,
                detail=f"squared length of the atoms of {name}",
                falsifier=FALSIFIER,
                parts=("length",),
                scope=Scope.INSTANCE,
            )
        yield check_identity(
            claim.formulas["V"].subs(numbers),
            designs.energy_product(atoms, a),
            detail=f"V over the atoms of {name}",
            falsifier=FALSIFIER,
            parts=("value",),
            scope=Scope.INSTANCE,
        )
