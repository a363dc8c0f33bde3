"""B4: nu = d and C = d diag(a^2) - a a^T for random coordinates."""

from proofs_checks._catalogue import PARTS, enumerated_row, law_row, symbolic_row
from proofs_checks._designs import coordinate_vectors
from proofs_checks._shared import DELTA, D, simulated_factor
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import Coordinate
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="B4",
    title="Random coordinate: nu = d",
    kind=Kind.EQUALITY,
    plain="For v = +-sqrt(delta d) e_J, J uniform: nu = d and C = delta^2 (d diag(a_i^2) - a a^T).",
    latex=r"For $v=\pm\sqrt{\delta d}\,e_J$ with $J$ uniform: $\nu=d$ and "
    r"$C=\delta^2(d\operatorname{diag}(a_i^2)-aa^\top)$.",
    source="derived here; that fixed length gives nu = d is in arXiv 2510.19975, as summarised",
    conditions=("delta > 0", "mu -> 0, so that the estimate is v v^T a"),
    expected=Verdict.PROVED,
    formulas={"nu": D, "identity": 0, "outer": -1, "diagonal": D},
    parts=PARTS,
)


@claim.check("symbolic")
def symbolic(claim):
    return symbolic_row(claim, classical_tensor("coordinate", D, DELTA))


@claim.check("law")
def law(claim):
    laws = [Coordinate(size, DELTA) for size in (2, 3)]
    return law_row(claim, laws, Coordinate(D, DELTA).dimension_factor())


@claim.check("enumeration")
def enumeration(claim):
    for size in (2, 3, 4):
        yield from enumerated_row(claim, coordinate_vectors(size), "all coordinate vectors")


@claim.check("simulation")
def simulation(claim):
    return simulated_factor(
        Coordinate(6, 2.0), range(1, 7), claim.formulas["nu"].subs(D, 6), claim.id, parts=PARTS[:1]
    )
