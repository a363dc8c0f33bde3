"""The routes by which every row of the catalogue of error covariances is decided.

A row states nu and the coefficients of C / delta^2 = identity |a|^2 I + outer a a^T + diagonal diag(a^2)
in its formulas; each route derives them in its own way and compares.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, GRADIENTS, D, as_matrix, symbolic_vector
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.derive.tensor import Coefficients
from zotheory.laws import Law
from zotheory.ledger.claim import Claim

PARTS = ("dimension factor", "covariance", "trace")
FALSIFIER = "a coefficient of the derived covariance, or its trace, that differs from the stated one"


def stated(claim: Claim) -> Coefficients:
    """Return the coefficients of C / delta^2 that the claim states."""
    names = ("identity", "outer", "diagonal")
    return Coefficients(*(sp.sympify(claim.formulas[name]) for name in names))


def symbolic_row(claim: Claim, tensor: Coefficients) -> Iterator[Evidence]:
    """Compare with T4[a a^T] derived in symbolic dimension, and take the trace."""
    relative = tensor.in_units(DELTA**2)
    yield check_identity(
        stated(claim).as_dict(),
        relative.error_covariance(1).as_dict(),
        detail="coefficients of C derived by index bookkeeping, symbolic d",
        falsifier=FALSIFIER,
        parts=("covariance",),
        scope=Scope.GENERAL,  # also where the coefficients are free of d
    )
    yield check_identity(
        claim.formulas["nu"],
        relative.trace(D),
        detail="nu = tr T4[a a^T] / (delta^2 |a|^2), symbolic d",
        falsifier=FALSIFIER,
        parts=("dimension factor",),
    )
    yield check_identity(
        stated(claim).trace(D),
        claim.formulas["nu"] - 1,
        detail="tr C = (nu - 1) |a|^2 for the stated formulas, symbolic d",
        falsifier=FALSIFIER,
        parts=("trace",),
    )


def law_row(claim: Claim, laws: Sequence[Law], factor: Any) -> Iterator[Evidence]:
    """Compare with the exact formulas of the package's law, at symbolic a in concrete d.

    Args:
        claim: the row.
        laws: the law in several integer dimensions, with symbolic delta.
        factor: its nu in symbolic dimension.
    """
    yield check_identity(
        claim.formulas["nu"],
        factor,
        detail="the law's own nu, symbolic d",
        falsifier=FALSIFIER,
        parts=("dimension factor",),
    )
    for law in laws:
        a = symbolic_vector(law.dim)
        claimed = DELTA**2 * stated(claim).matrix(a).subs(D, law.dim)
        yield check_identity(
            claimed,
            as_matrix(law.error_covariance(a)),
            detail=f"the law's own error covariance, symbolic a, d = {law.dim}",
            falsifier=FALSIFIER,
            parts=("covariance",),
            scope=Scope.INSTANCE,
        )


def enumerated_row(
    claim: Claim, atoms: designs.Atoms, name: str, gradient: Any = None
) -> Iterator[Evidence]:
    """Compare with sums over rational atoms that share the law's moments up to order four."""
    a = gradient or GRADIENTS[len(atoms[0][1])]
    table = designs.error_covariance(atoms, a)
    yield check_identity(
        stated(claim).matrix([sp.Rational(x) for x in a]).subs(D, len(a)),
        as_matrix(table),
        detail=f"C summed over the atoms of {name}, d = {len(a)}",
        falsifier=FALSIFIER,
        parts=("covariance",),
        scope=Scope.INSTANCE,
    )
    trace = sum((table[i][i] for i in range(len(a))), start=Fraction(0)) / designs.dot(a, a)
    yield check_identity(
        [sp.sympify(x).subs(D, len(a)) for x in (stated(claim).trace(D), claim.formulas["nu"] - 1)],
        [trace, trace],
        detail=f"tr C summed over the atoms of {name}, by the stated C and by the stated nu, d = {len(a)}",
        falsifier=FALSIFIER,
        parts=("trace",),
        scope=Scope.INSTANCE,
    )
    factor: Fraction = designs.energy_product(atoms, a) / designs.scale_of(atoms) ** 2
    yield check_identity(
        sp.sympify(claim.formulas["nu"]).subs(D, len(a)),
        factor,
        detail=f"nu summed over the atoms of {name}, d = {len(a)}",
        falsifier=FALSIFIER,
        parts=("dimension factor",),
        scope=Scope.INSTANCE,
    )
