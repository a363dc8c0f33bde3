"""B6: the error covariance of a random block with a Gaussian law inside."""

from proofs_checks._block_rows import enumerated_row, law_row, symbolic_row
from proofs_checks._catalogue import PARTS
from proofs_checks._designs import three_point_product
from proofs_checks._shared import D, M, simulated_factor
from zotheory.laws import Gaussian, RandomBlock
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="B6",
    title="Random block, Gaussian inside: nu = d (m + 2)/m",
    kind=Kind.EQUALITY,
    plain="For a uniformly random block of m of d coordinates and N(0, (delta d/m) I) inside it: nu = d "
    "(m + 2)/m "
    "and C = delta^2 (d/m (+)_b (|a_b|^2 I + 2 a_b a_b^T) - a a^T).",
    latex=r"For a uniformly random block of $m$ of $d$ coordinates with $N(0,(\delta d/m)I)$ inside:"
    r" $\nu=d(m+2)/m$ and $C=\delta^2\bigl(\tfrac dm\bigoplus_b(\|a_b\|^2I+2a_ba_b^\top)-aa^\top\bigr)$.",
    source="derived here",
    conditions=("m divides d, the blocks partition the coordinates and are equally likely", "mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "nu": D * (M + 2) / M,
        "block_identity": D / M,
        "block_outer": 2 * D / M,
        "outer": -1,
    },
    parts=PARTS,
)


@claim.check("symbolic")
def symbolic(claim):
    return symbolic_row(claim, "gaussian")


@claim.check("law")
def law(claim):
    return law_row(claim, Gaussian)


@claim.check("enumeration")
def enumeration(claim):
    return enumerated_row(claim, three_point_product(2), "the three-point rule")


@claim.check("simulation")
def simulation(claim):
    claimed = claim.formulas["nu"].subs({D: 6, M: 3})
    return simulated_factor(
        RandomBlock(6, 3, Gaussian, 2.0), range(1, 7), claimed, claim.id, parts=PARTS[:1]
    )
