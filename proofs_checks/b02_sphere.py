"""B2: nu = d and C = d/(d+2) (|a|^2 I + 2 a a^T) - a a^T for the sphere."""

from proofs_checks._catalogue import PARTS, enumerated_row, law_row, symbolic_row
from proofs_checks._designs import circle_design, four_sphere_design
from proofs_checks._shared import DELTA, D, simulated_factor
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="B2",
    title="Sphere: nu = d",
    kind=Kind.EQUALITY,
    plain="For v uniform on the sphere of radius sqrt(delta d): nu = d and C = delta^2 (d/(d+2) (|a|^2 "
    "I + 2 a a^T) - a a^T).",
    latex=r"For $v$ uniform on the sphere of radius $\sqrt{\delta d}$: $\nu=d$ and "
    r"$C=\delta^2\bigl(\tfrac{d}{d+2}(\|a\|^2I+2aa^\top)-aa^\top\bigr)$.",
    source="derived here; that the sphere keeps nu = d is in arXiv 2510.19975, as summarised",
    conditions=("delta > 0", "mu -> 0, so that the estimate is v v^T a"),
    expected=Verdict.PROVED,
    formulas={"nu": D, "identity": D / (D + 2), "outer": 2 * D / (D + 2) - 1, "diagonal": 0},
    parts=PARTS,
)


@claim.check("symbolic")
def symbolic(claim):
    return symbolic_row(claim, classical_tensor("sphere", D, DELTA))


@claim.check("law")
def law(claim):
    laws = [Sphere(size, DELTA) for size in (2, 3)]
    return law_row(claim, laws, Sphere(D, DELTA).dimension_factor())


@claim.check("enumeration")
def enumeration(claim):
    yield from enumerated_row(claim, circle_design(), "a rational circle design")
    yield from enumerated_row(claim, four_sphere_design(), "the 24-cell")


@claim.check("simulation")
def simulation(claim):
    return simulated_factor(
        Sphere(6, 2.0), range(1, 7), claim.formulas["nu"].subs(D, 6), claim.id, parts=PARTS[:1]
    )
