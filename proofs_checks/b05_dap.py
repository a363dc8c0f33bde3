"""B5: nu = d and C = |a|^2 I - a a^T for every directionally aligned perturbation."""

import numpy as np
import sympy as sp

from proofs_checks._catalogue import PARTS, enumerated_row, law_row, stated, symbolic_row
from proofs_checks._designs import ROTATION, aligned, complements, rotated
from proofs_checks._shared import DELTA, D, simulated_factor, symbolic_vector
from zotheory.checks.exact import check_identity
from zotheory.derive.constructions import AxisTensor
from zotheory.laws import DAP, Alignment, FirstAxis
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="B5",
    title="Aligned perturbations: nu = d whatever the complement law",
    kind=Kind.EQUALITY,
    plain="For v = xi sqrt(delta) a/|a| + w with xi a fair sign, w orthogonal to a, E[xi w] = 0 and E[w "
    "w^T] = "
    "delta (I - a a^T/|a|^2), of any law: nu = d and C = delta^2 (|a|^2 I - a a^T).",
    latex=r"For $v=\xi\sqrt\delta\,\hat a+w$ with $\xi$ a fair sign, $w\perp a$, $E[\xi w]=0$,"
    r" $E[ww^\top]=\delta(I-\hat a\hat a^\top)$ and any law of $w$: $\nu=d$ and "
    r"$C=\delta^2(\|a\|^2I-aa^\top)$.",
    source="derived here; directionally aligned perturbations are from arXiv 2510.19975, as summarised",
    conditions=("a is the exact gradient", "E[w w^T | xi] need not be constant: only E[xi w] = 0 is used"),
    expected=Verdict.PROVED,
    formulas={"nu": D, "identity": 1, "outer": -1, "diagonal": 0},
    parts=PARTS,
)


@claim.check("symbolic")
def symbolic(claim):
    # x^2 = delta always, so E[x^4] = delta^2 and E[x^2 w_1^2] = delta E[w_1^2] = delta^2. The fourth
    # moment of w is left unspecified; it must not appear in the result.
    fourth = sp.Symbol("w22", positive=True)
    return symbolic_row(claim, AxisTensor(DELTA**2, DELTA * DELTA, fourth).aligned())


@claim.check("conditions only")
def conditions_only(claim):
    """Entry by entry in the basis (a/|a|, ...): only the stated second moments are used.

    (a.v)^2 = |a|^2 x^2 with x = xi sqrt(delta), so E[(a.v)^2 v v^T] = |a|^2 delta E[v v^T]: the diagonal
    and off-diagonal entries in and outside the first row are all there is, hence d = 3 shows every d.
    """
    size = 3
    length = sp.Symbol("|a|", positive=True)
    a = (length, *(sp.Integer(0),) * (size - 1))
    second = {(i, j): DELTA * int(i == j) for i in range(size) for j in range(size)}
    derived = sp.Matrix(size, size, lambda i, j: length**2 * DELTA * second[i, j])
    derived -= DELTA**2 * sp.Matrix(a) * sp.Matrix(a).T
    yield check_identity(
        (DELTA**2 * stated(claim).matrix(a)).subs(D, size),
        derived,
        detail="each kind of entry of E[g g^T] - delta^2 a a^T from (a.v)^2 = delta |a|^2",
        falsifier="an entry that needs more than the stated second moments, or differs",
        parts=("covariance",),
    )


@claim.check("law")
def law(claim):
    laws = [DAP(symbolic_vector(2), DELTA, "sphere"), DAP(symbolic_vector(3), DELTA, "gaussian")]
    general = DAP(FirstAxis(D), DELTA, "gaussian")
    return law_row(claim, laws, general.dimension_factor(Alignment(1)))


@claim.check("enumeration")
def enumeration(claim):
    for size in (2, 3):
        rows = ROTATION[size]
        for name, complement in complements(size - 1).items():
            atoms = rotated(aligned(complement), rows)
            yield from enumerated_row(claim, atoms, f"an aligned law, complement: {name}", rows[0])


@claim.check("simulation")
def simulation(claim):
    a = np.arange(1.0, 7.0)
    return simulated_factor(
        DAP(a, 2.0, "gaussian"), a, claim.formulas["nu"].subs(D, 6), claim.id, parts=PARTS[:1]
    )
