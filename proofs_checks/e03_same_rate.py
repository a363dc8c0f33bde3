"""E3: structured perturbations do not all have the unstructured law's rate."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import D, M
from proofs_checks._structure import COLUMNS, ROWS, outer
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.checks.exact import check_relation
from zotheory.derive.constructions import random_block_tensor
from zotheory.laws import Gaussian, LowRank, RandomBlock
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="E3",
    title="Statement, strict reading: structured Gaussian perturbations have the unstructured rate, nu <= d + 2",
    kind=Kind.PUBLISHED,
    plain="Every structured perturbation v = P u with Gaussian u (random blocks, masks, low rank), delta-unbiased, has at "
    "most the dimension factor d + 2 of the unstructured Gaussian, and so at least its rate per iteration.",
    latex=r"Every structured perturbation $v=Pu$ with Gaussian $u$ (random blocks, masks, low rank) that is "
    r"$\delta$-unbiased has at most the dimension factor $\nu=d+2$ of the unstructured Gaussian.",
    source="arXiv 2501.19099, as summarised: a broad class of structures has a similar rate per iteration; strict reading",
    conditions=(
        "'similar' is read as 'the same', P as random and blind to the gradient, the rate as nu",
        "E3b says what holds",
    ),
    expected=Verdict.REFUTED,
    formulas={"ceiling": D + 2},
)

FALSIFIER = "a structure with nu above the ceiling"


@claim.check("enumeration")
def enumeration(claim) -> Evidence:
    """One coordinate at a time in R^2, three points with the normal moments on it."""
    atoms = designs.padded_block(designs.three_point_product(1), 2)
    a = (Fraction(1), Fraction(0))
    delta = designs.scale_of(atoms)
    value = designs.energy_product(atoms, a) / delta**2
    ceiling = claim.formulas["ceiling"].subs(D, 2)
    found = check_relation(
        value,
        "<=",
        ceiling,
        detail="nu of Gaussian-like draws along one random coordinate of R^2",
        falsifier=FALSIFIER,
    )
    if found.outcome is not Outcome.FAILS:
        return found
    data = {
        "dim": 2,
        "gradient": ["1", "0"],
        "delta": str(delta),
        "atoms": [[str(x) for x in v] for _, v in atoms],
        "masses": [str(w) for w, _ in atoms],
        "nu": str(value),
        "ceiling": str(ceiling),
    }
    text = (
        "v = e_j z, j in {1, 2} with probability 1/2, z = 0, 1, -1 with probabilities 2/3, 1/6, 1/6 (the moments of "
        f"N(0, 1/3) to order five): E[v v^T] = I/6 and nu = {value} > {ceiling}; sum the atoms to re-check"
    )
    return Evidence(
        Outcome.FAILS,
        Grade.EXACT,
        Scope.INSTANCE,
        text,
        FALSIFIER,
        value=str(value),
        witness=Witness(text, data),
    )


@claim.check("products")
def products(claim) -> Evidence:
    """A product u w^T of two normal-like vectors in R^2, 2 x 2 matrices."""
    three = designs.three_point_product(2)
    atoms = outer(three, three)
    a = tuple(map(Fraction, (1, 2, 0, -1)))
    return check_relation(
        designs.energy_product(atoms, a) / designs.scale_of(atoms) ** 2,
        "<=",
        claim.formulas["ceiling"].subs(D, 4),
        detail="nu of rank-one products of Gaussian-like factors, 2 x 2, over 81 atoms",
        falsifier=FALSIFIER,
    )


@claim.check("symbolic")
def symbolic(claim) -> Evidence:
    """Blocks of one coordinate in any dimension, from the derived tensor."""
    factor = sp.cancel(random_block_tensor("gaussian", D, M).trace(M)).subs(M, 1)
    return check_relation(
        factor,
        "<=",
        claim.formulas["ceiling"],
        detail="nu of Gaussian blocks of one coordinate, symbolic d",
        falsifier=FALSIFIER,
        scope=Scope.GENERAL,
    )


@claim.check("laws")
def laws(claim) -> Iterator[Evidence]:
    """The package's laws."""
    yield check_relation(
        RandomBlock(D, 1, Gaussian).dimension_factor(),
        "<=",
        claim.formulas["ceiling"],
        detail="the block law's own nu at m = 1",
        falsifier=FALSIFIER,
        scope=Scope.GENERAL,
    )
    yield check_relation(
        sp.expand(LowRank(ROWS, COLUMNS, 1, "gaussian").dimension_factor()),
        "<=",
        claim.formulas["ceiling"].subs(D, ROWS * COLUMNS),
        detail="the rank-one law's own nu, symbolic p and q",
        falsifier=FALSIFIER,
        scope=Scope.GENERAL,
    )
