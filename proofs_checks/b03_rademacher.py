"""B3: nu = d and C = |a|^2 I + a a^T - 2 diag(a^2) for Rademacher signs."""

from proofs_checks._catalogue import PARTS, enumerated_row, law_row, symbolic_row
from proofs_checks._designs import sign_vectors
from proofs_checks._shared import DELTA, D, simulated_factor
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import Rademacher
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="B3",
    title="Rademacher signs: nu = d",
    kind=Kind.EQUALITY,
    plain="For independent fair signs times sqrt(delta): nu = d and C = delta^2 (|a|^2 I + a a^T - 2 "
    "diag(a_i^2)).",
    latex=r"For independent fair signs times $\sqrt\delta$: $\nu=d$ and "
    r"$C=\delta^2(\|a\|^2I+aa^\top-2\operatorname{diag}(a_i^2))$.",
    source="derived here; that fixed length gives nu = d is in arXiv 2510.19975, as summarised",
    conditions=("delta > 0", "mu -> 0, so that the estimate is v v^T a"),
    expected=Verdict.PROVED,
    formulas={"nu": D, "identity": 1, "outer": 1, "diagonal": -2},
    parts=PARTS,
)


@claim.check("symbolic")
def symbolic(claim):
    return symbolic_row(claim, classical_tensor("rademacher", D, DELTA))


@claim.check("law")
def law(claim):
    laws = [Rademacher(size, DELTA) for size in (2, 3)]
    return law_row(claim, laws, Rademacher(D, DELTA).dimension_factor())


@claim.check("enumeration")
def enumeration(claim):
    for size in (2, 3, 4):
        yield from enumerated_row(claim, sign_vectors(size), "all sign vectors")


@claim.check("simulation")
def simulation(claim):
    return simulated_factor(
        Rademacher(6, 2.0), range(1, 7), claim.formulas["nu"].subs(D, 6), claim.id, parts=PARTS[:1]
    )
