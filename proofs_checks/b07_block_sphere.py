"""B7: the error covariance of a random block with a fixed-length law inside."""

from proofs_checks._block_rows import enumerated_row, law_row, symbolic_row
from proofs_checks._catalogue import PARTS
from proofs_checks._designs import circle_design
from proofs_checks._shared import D, M, simulated_factor
from zotheory.laws import RandomBlock, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="B7",
    title="Random block, sphere inside: nu = d",
    kind=Kind.EQUALITY,
    plain="For a uniformly random block of m of d coordinates and the sphere of radius sqrt(delta d) "
    "inside it: nu = d "
    "and C = delta^2 (d/(m + 2) (+)_b (|a_b|^2 I + 2 a_b a_b^T) - a a^T).",
    latex=r"For a uniformly random block of $m$ of $d$ coordinates with the sphere of radius "
    r"$\sqrt{\delta d}$"
    r" inside: $\nu=d$ and $C=\delta^2\bigl(\tfrac "
    r"d{m+2}\bigoplus_b(\|a_b\|^2I+2a_ba_b^\top)-aa^\top\bigr)$.",
    source="derived here",
    conditions=("m divides d, the blocks partition the coordinates and are equally likely", "mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "nu": D,
        "block_identity": D / (M + 2),
        "block_outer": 2 * D / (M + 2),
        "outer": -1,
    },
    parts=PARTS,
)


@claim.check("symbolic")
def symbolic(claim):
    return symbolic_row(claim, "sphere")


@claim.check("law")
def law(claim):
    return law_row(claim, Sphere)


@claim.check("enumeration")
def enumeration(claim):
    return enumerated_row(claim, circle_design(), "a rational circle design")


@claim.check("simulation")
def simulation(claim):
    claimed = claim.formulas["nu"].subs({D: 6, M: 3})
    return simulated_factor(RandomBlock(6, 3, Sphere, 2.0), range(1, 7), claimed, claim.id, parts=PARTS[:1])
