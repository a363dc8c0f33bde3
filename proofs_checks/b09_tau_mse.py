"""B9: the error on a set of coordinates, for aligned perturbations and for the sphere."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D, as_matrix, symbolic_vector
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.derive.constructions import aligned_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import DAP, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

# |T| and |a_T|^2 / |a|^2 of the set T of coordinates.
SIZE = sp.Symbol("k", integer=True, positive=True)
SHARE = sp.Symbol("e", nonnegative=True)

claim = Claim(
    id="B9",
    title="Error on a set of coordinates: aligned perturbations and sphere",
    kind=Kind.EQUALITY,
    plain="With k = |T| and e = |a_T|^2/|a|^2, the mean squared error on T in units of delta^2 |a|^2 is "
    "k - e for an aligned perturbation and d/(d+2) (k + 2 e) - e for the sphere; over all "
    "coordinates both are d - 1.",
    latex=r"With $k=|T|$ and $e=\|a_T\|^2/\|a\|^2$: $\operatorname{tr}C_{TT}/(\delta^2\|a\|^2)$ is "
    r"$k-e$ for an "
    r"aligned perturbation and $\tfrac{d}{d+2}(k+2e)-e$ for the sphere; both are $d-1$ at $k=d$, $e=1$.",
    source="derived here; the error on T = {i : |a_i| >= tau} is the tau-MSE of arXiv 2510.19975, as "
    "summarised",
    conditions=("one draw, mu -> 0", "the aligned perturbation uses the exact gradient"),
    expected=Verdict.PROVED,
    formulas={
        "aligned": SIZE - SHARE,
        "sphere": D / (D + 2) * (SIZE + 2 * SHARE) - SHARE,
        "total": D - 1,
    },
    parts=("aligned", "sphere", "total"),
)

FALSIFIER = "a partial trace of the derived covariance that differs from the stated one"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    tensors = {
        "aligned": aligned_tensor(D, DELTA, "gaussian").aligned(),
        "sphere": classical_tensor("sphere", D, DELTA),
    }
    for name, tensor in tensors.items():
        covariance = tensor.error_covariance(DELTA).in_units(DELTA**2)
        yield check_identity(
            claim.formulas[name],
            covariance.on_set(SIZE, SHARE),
            detail=f"partial trace of the derived covariance, {name}, symbolic d",
            falsifier=FALSIFIER,
            parts=(name,),
            constraints=[D - SIZE, 1 - SHARE],
        )
        yield check_identity(
            claim.formulas["total"],
            claim.formulas[name].subs({SIZE: D, SHARE: 1}),
            detail=f"all coordinates together, {name}",
            falsifier=FALSIFIER,
            parts=("total",),
        )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    """Partial traces of the laws' own covariances, at symbolic a in dimension two and three."""
    for size in (2, 3):
        a = symbolic_vector(size)
        length2 = sum(x**2 for x in a)
        for name, one in (("aligned", DAP(a, DELTA)), ("sphere", Sphere(size, DELTA))):
            matrix = as_matrix(one.error_covariance(a))
            chosen = range(size - 1)
            share = sum(a[i] ** 2 for i in chosen) / length2
            stated = claim.formulas[name].subs({D: size, SIZE: size - 1, SHARE: share})
            yield check_identity(
                DELTA**2 * length2 * stated,
                sum((matrix[i, i] for i in chosen), start=sp.Integer(0)),
                detail=f"error on the first {size - 1} of {size} coordinates, {name}, symbolic a",
                falsifier=FALSIFIER,
                parts=(name,),
                scope=Scope.INSTANCE,
            )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Sums over rational atoms: an aligned law in dimension three, the 24-cell in dimension four."""
    rows = designs.ROTATION[3]
    wild = designs.complements(2)["varying length"]
    cases = [
        ("aligned", designs.rotated(designs.aligned(wild), rows), rows[0]),
        ("sphere", designs.four_sphere_design(), (Fraction(3), Fraction(-1), Fraction(0), Fraction(2))),
    ]
    for name, atoms, a in cases:
        matrix = designs.error_covariance(atoms, a)
        for chosen in ((0,), (0, 2), tuple(range(len(a)))):
            share = sum(a[i] ** 2 for i in chosen) / designs.dot(a, a)
            numbers = {D: len(a), SIZE: len(chosen), SHARE: sp.Rational(share)}
            yield check_identity(
                claim.formulas[name].subs(numbers),
                sum(matrix[i][i] for i in chosen) / designs.dot(a, a),
                detail=f"error on coordinates {chosen} over rational atoms, {name}",
                falsifier=FALSIFIER,
                scope=Scope.INSTANCE,
                parts=(name,),
            )
        yield check_identity(
            claim.formulas["total"].subs(D, len(a)),
            sum(matrix[i][i] for i in range(len(a))) / designs.dot(a, a),
            detail=f"error on all coordinates over rational atoms, {name}",
            falsifier=FALSIFIER,
            scope=Scope.INSTANCE,
            parts=("total",),
        )
