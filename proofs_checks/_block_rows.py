"""The routes for random blocks, whose covariance has one more shape: block-diagonal matrices.

C / delta^2 = block_identity (+)_b |a_b|^2 I + block_outer (+)_b a_b a_b^T + outer a a^T.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, GRADIENTS, D, M, as_matrix, symbolic_vector
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.derive.constructions import BlockCoefficients, random_block_tensor
from zotheory.derive.tensor import Coefficients
from zotheory.laws import RandomBlock
from zotheory.ledger.claim import Claim

FALSIFIER = "a coefficient of the derived covariance, or its trace, that differs from the stated one"
# Block sizes that divide the dimension, for the search of counterexamples.
DOMAIN: dict[sp.Symbol, list[int]] = {D: [4, 12, 24], M: [2, 4, 1]}


def symbolic_row(claim: Claim, kind: str) -> Iterator[Evidence]:
    """Derive T4[a a^T] conditionally on the block, in symbolic d and m."""
    inner = random_block_tensor(kind, D, M, DELTA).inner.in_units(DELTA**2)
    formulas = claim.formulas
    yield check_identity(
        [formulas["block_identity"], formulas["block_outer"], formulas["outer"], 0],
        [inner.identity, inner.outer, -1, inner.diagonal],
        detail="coefficients of C derived conditionally on the block, symbolic d and m",
        falsifier=FALSIFIER,
        parts=("covariance",),
        domain=DOMAIN,
    )
    yield check_identity(
        formulas["nu"],
        inner.trace(M),
        detail="nu = tr T4[a a^T] / (delta^2 |a|^2), symbolic d and m",
        falsifier=FALSIFIER,
        parts=("dimension factor",),
        domain=DOMAIN,
    )
    yield check_identity(
        _stated_trace(claim),
        formulas["nu"] - 1,
        detail="tr C = (nu - 1) |a|^2 for the stated formulas, symbolic d and m",
        falsifier=FALSIFIER,
        parts=("trace",),
        domain=DOMAIN,
    )


def law_row(claim: Claim, inner: Any) -> Iterator[Evidence]:
    """Compare with the exact formulas of the package's law."""
    yield check_identity(
        claim.formulas["nu"],
        RandomBlock(D, M, inner, DELTA).dimension_factor(),
        detail="the law's own nu, symbolic d and m",
        falsifier=FALSIFIER,
        parts=("dimension factor",),
        domain=DOMAIN,
    )
    a = symbolic_vector(4)
    law = RandomBlock(4, 2, inner, DELTA)
    yield check_identity(
        DELTA**2 * _stated_matrix(claim, a),
        as_matrix(law.error_covariance(a)),
        detail="the law's own error covariance, symbolic a, d = 4, m = 2",
        falsifier=FALSIFIER,
        parts=("covariance",),
        scope=Scope.INSTANCE,
    )


def enumerated_row(claim: Claim, inner: designs.Atoms, name: str) -> Iterator[Evidence]:
    """Sum over the atoms of a random block of two in dimension four."""
    a, atoms = GRADIENTS[4], designs.padded_block(inner, 2)
    yield check_identity(
        _stated_matrix(claim, [sp.Rational(x) for x in a]),
        as_matrix(designs.error_covariance(atoms, a)),
        detail=f"C summed over the atoms of {name} in a random block, d = 4, m = 2",
        falsifier=FALSIFIER,
        parts=("covariance",),
        scope=Scope.INSTANCE,
    )
    table = designs.error_covariance(atoms, a)
    trace = sum((table[i][i] for i in range(4)), start=Fraction(0)) / designs.dot(a, a)
    yield check_identity(
        [sp.sympify(x).subs({D: 4, M: 2}) for x in (_stated_trace(claim), claim.formulas["nu"] - 1)],
        [trace, trace],
        detail=f"tr C summed over the atoms of {name}, by the stated C and by the stated nu, d = 4, m = 2",
        falsifier=FALSIFIER,
        parts=("trace",),
        scope=Scope.INSTANCE,
    )
    yield check_identity(
        sp.sympify(claim.formulas["nu"]).subs({D: 4, M: 2}),
        designs.energy_product(atoms, a) / designs.scale_of(atoms) ** 2,
        detail=f"nu summed over the atoms of {name} in a random block, d = 4, m = 2",
        falsifier=FALSIFIER,
        parts=("dimension factor",),
        scope=Scope.INSTANCE,
    )


def _stated_trace(claim: Claim) -> sp.Expr:
    """Return tr C / (delta^2 |a|^2) as stated, symbolic d and m."""
    formulas = claim.formulas
    return sp.sympify(M * formulas["block_identity"] + formulas["block_outer"] + formulas["outer"])


def _stated_matrix(claim: Claim, a: Any) -> sp.Matrix:
    """Return C / delta^2 as stated, for d = 4 and m = 2."""
    names = ("block_identity", "block_outer", "outer")
    identity, outer, whole = (sp.sympify(claim.formulas[name]).subs({D: 4, M: 2}) for name in names)
    blocks = BlockCoefficients(Coefficients(identity, outer, 0)).matrix(a, 2)
    return blocks + Coefficients(0, whole, 0).matrix(a)
