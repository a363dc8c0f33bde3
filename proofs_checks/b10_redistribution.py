"""B10: aligned perturbations move error between coordinates and never lower the total."""

from collections.abc import Iterator

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.derive.constructions import aligned_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.ledger.claim import Claim, Kind, Verdict

SIZE = sp.Symbol("k", integer=True, positive=True)
SHARE = sp.Symbol("e", nonnegative=True)

claim = Claim(
    id="B10",
    title="Aligned perturbations redistribute the error",
    kind=Kind.IFF,
    plain="On a set T of k coordinates with share e of |a|^2, the error of the sphere exceeds that of an "
    "aligned perturbation by 2 d/(d+2) (e - k/d) delta^2 |a|^2: alignment helps on T iff e > k/d, hurts "
    "on the other coordinates by as much, and leaves the total unchanged.",
    latex=r"On $T$ with $k=|T|$, $e=\|a_T\|^2/\|a\|^2$ the error of the sphere minus that of an aligned "
    r"perturbation is $\tfrac{2d}{d+2}\bigl(e-\tfrac kd\bigr)\delta^2\|a\|^2$: positive iff $e>k/d$, "
    r"opposite "
    r"on the complement of $T$, zero in total.",
    source="derived here; arXiv 2510.19975, as summarised, says that the total is the same",
    conditions=("one draw, mu -> 0", "the aligned perturbation uses the exact gradient"),
    expected=Verdict.PROVED,
    formulas={"gain": 2 * D / (D + 2) * (SHARE - SIZE / D), "threshold": SIZE / D},
    parts=("gain", "iff", "conservation"),
    depends=("B9",),
)

FALSIFIER = "a set on which the difference has another value or sign, or a total that changes"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    gain = claim.formulas["gain"]
    sphere = classical_tensor("sphere", D, DELTA).in_units(DELTA**2)
    dap = aligned_tensor(D, DELTA).aligned().in_units(DELTA**2)
    yield check_identity(
        gain,
        sphere.on_set(SIZE, SHARE) - dap.on_set(SIZE, SHARE),
        detail="difference of the derived partial traces, symbolic d",
        falsifier=FALSIFIER,
        parts=("gain",),
    )
    # The gain is a positive multiple of e - threshold, so it has the same sign.
    slope = sp.cancel(gain / (SHARE - claim.formulas["threshold"]))
    yield check_relation(
        slope,
        ">",
        0,
        detail="the gain divided by e - k/d is a positive constant",
        falsifier=FALSIFIER,
        parts=("iff",),
        scope=Scope.GENERAL,
    )
    yield check_identity(
        [gain.subs({SIZE: D, SHARE: 1}), gain.subs({SIZE: D - SIZE, SHARE: 1 - SHARE}, simultaneous=True)],
        [0, -gain],
        detail="nothing in total, and the opposite on the complement of T",
        falsifier=FALSIFIER,
        parts=("conservation",),
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Both laws by rational atoms in dimension two: the circle design against an aligned law."""
    a = designs.ROTATION[2][0]
    aligned = designs.rotated(designs.aligned(designs.complements(1)["skewed"]), designs.ROTATION[2])
    circle = designs.circle_design()
    tables = [designs.error_covariance(atoms, a) for atoms in (circle, aligned)]
    for index in range(2):
        difference = tables[0][index][index] - tables[1][index][index]
        numbers = {D: 2, SIZE: 1, SHARE: sp.Rational(a[index] ** 2)}
        yield check_identity(
            claim.formulas["gain"].subs(numbers),
            difference,
            detail=f"gain on coordinate {index} over rational atoms, e = {a[index] ** 2}",
            falsifier=FALSIFIER,
            parts=("gain",),
            scope=Scope.INSTANCE,
        )
        helps = claim.formulas["threshold"].subs(numbers) < numbers[SHARE]
        yield check_relation(
            difference,
            ">" if helps else "<=",
            0,
            detail=f"sign of the gain at e = {a[index] ** 2}",
            falsifier=FALSIFIER,
            parts=("iff",),
        )
    gains = [tables[0][i][i] - tables[1][i][i] for i in range(2)]
    yield check_identity(
        gains[0],
        -gains[1],
        detail="the gains on a coordinate and on its complement, over rational atoms",
        falsifier=FALSIFIER,
        parts=("conservation",),
        scope=Scope.INSTANCE,
    )
