"""B1: nu = d + 2 and C = |a|^2 I + a a^T for the Gaussian law."""

from proofs_checks._catalogue import PARTS, enumerated_row, law_row, symbolic_row
from proofs_checks._designs import three_point_product
from proofs_checks._shared import DELTA, D, simulated_factor
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import Gaussian
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="B1",
    title="Gaussian law: nu = d + 2",
    kind=Kind.EQUALITY,
    plain="For v ~ N(0, delta I): nu = d + 2 and C = delta^2 (|a|^2 I + a a^T), so tr C = (nu - 1) "
    "delta^2 |a|^2.",
    latex=r"For $v\sim N(0,\delta I)$: $\nu=d+2$ and $C=\delta^2(\|a\|^2I+aa^\top)$,"
    r" so $\operatorname{tr}C=(\nu-1)\delta^2\|a\|^2$.",
    source="derived here; Isserlis 1918 for the fourth moments",
    conditions=("delta > 0", "mu -> 0, so that the estimate is v v^T a"),
    expected=Verdict.PROVED,
    formulas={"nu": D + 2, "identity": 1, "outer": 1, "diagonal": 0},
    parts=PARTS,
)


@claim.check("symbolic")
def symbolic(claim):
    return symbolic_row(claim, classical_tensor("gaussian", D, DELTA))


@claim.check("law")
def law(claim):
    laws = [Gaussian(size, DELTA) for size in (2, 3)]
    return law_row(claim, laws, Gaussian(D, DELTA).dimension_factor())


@claim.check("enumeration")
def enumeration(claim):
    for size in (2, 3):
        yield from enumerated_row(claim, three_point_product(size), "the three-point rule")


@claim.check("simulation")
def simulation(claim):
    return simulated_factor(
        Gaussian(6, 2.0), range(1, 7), claim.formulas["nu"].subs(D, 6), claim.id, parts=PARTS[:1]
    )
