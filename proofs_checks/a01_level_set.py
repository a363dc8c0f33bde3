"""A1: V = delta^2 d + Cov(s, n), so V = delta^2 d exactly when s and n are uncorrelated."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.derive.tensor import classical_tensor
from zotheory.kernel import CoqProof
from zotheory.ledger.claim import Claim, Kind, Verdict

COV = sp.Symbol("c", real=True)

claim = Claim(
    id="A1",
    title="V = delta^2 d + Cov(s, n)",
    kind=Kind.IFF,
    plain="For every delta-unbiased law with a finite fourth moment, V = E[s n] = delta^2 d + Cov(s, n). "
    "Hence V = delta^2 d iff s and n are uncorrelated.",
    latex=r"For every $\delta$-unbiased law with $E\|v\|^4<\infty$: "
    r"$V=E[sn]=\delta^2d+\operatorname{Cov}(s,n)$; "
    r"hence $V=\delta^2d$ iff $s$ and $n$ are uncorrelated.",
    source="derived here; it answers a question left open by arXiv 2510.19975, as summarised: which "
    "conditions "
    "are necessary and sufficient for V = delta^2 d",
    conditions=("E[v v^T] = delta I", "a is not zero", "E|v|^4 is finite"),
    expected=Verdict.PROVED,
    formulas={"V": DELTA**2 * D + COV, "level": DELTA**2 * D},
    parts=("identity", "iff"),
    coq=CoqProof(
        file="a01_level_set.v",
        formulas={"V": "d delta c", "level": "d delta"},
        theorems={"identity": ("identity",), "identity_for_all_laws": ("identity",), "level": ("iff",)},
        library=("axis", "expectation"),
        detail="the identity for every law on R^d, every d, delta and unit vector; where the level is reached for laws "
        "with finitely many atoms",
    ),
)

FALSIFIER = "a delta-unbiased law with E[s n] - Cov(s, n) other than delta^2 d"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    i = sp.Symbol("i", integer=True)
    # E[n] = sum_i E[v_i^2] and E[s] = sum_ij u_i u_j E[v_i v_j] with u = a/|a|, E[v_i v_j] = delta 1{i=j}.
    mean_n = sp.summation(DELTA, (i, 1, D))
    mean_s = DELTA  # times sum_i u_i^2 = 1
    yield check_identity(
        claim.formulas["V"],
        COV + mean_s * mean_n,
        detail="E[s n] = Cov(s, n) + E[s] E[n], symbolic d",
        falsifier=FALSIFIER,
        parts=("identity",),
    )
    roots = sp.solve(sp.Eq(claim.formulas["V"], claim.formulas["level"]), COV)
    yield check_identity(
        roots,
        [0],
        detail="V is at the level exactly for Cov(s, n) = 0",
        falsifier="another covariance at the level, or none",
        parts=("iff",),
        scope=Scope.GENERAL,
    )


@claim.check("known laws")
def known_laws(claim) -> Iterator[Evidence]:
    """Cov(s, n) from E[s v_i^2] for the classical laws in symbolic dimension, a along the first axis."""
    for kind in ("gaussian", "sphere", "rademacher", "coordinate"):
        tensor = classical_tensor(kind, D, DELTA)
        # a = e_1: s = v_1^2; T4 has the entries E[v_1^2 v_i^2] on its diagonal.
        first = tensor.identity + tensor.outer + tensor.diagonal
        other = tensor.identity
        covariance = (first - DELTA**2) + (D - 1) * (other - DELTA**2)
        yield check_identity(
            claim.formulas["V"].subs(COV, covariance),
            tensor.trace(D),
            detail=f"V against the sum of Cov(v_1^2, v_i^2), {kind}, symbolic d",
            falsifier=FALSIFIER,
            parts=("identity",),
            scope=Scope.INSTANCE,
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Rational laws with positive, negative and no correlation between s and n."""
    a = (Fraction(2), Fraction(-1), Fraction(1))
    s, frame = designs.s_of(a), designs.ROTATION[3]
    one = designs.mixture(designs.three_point_product(3), designs.sign_vectors(3), Fraction(2, 5))
    laws = {
        "three-point and sign vectors": designs.rotated(one, frame),
        "sign vectors": designs.rotated(designs.sign_vectors(3), frame),
        "unequal axes": designs.unequal_axes(frame),
        "aligned and signs": designs.mixture(
            designs.aligned(designs.complements(2)["varying length"]),
            designs.sign_vectors(3),
            Fraction(1, 3),
        ),
    }
    for name, atoms in laws.items():
        delta = designs.scale_of(atoms)
        mean_s, mean_n = designs.expectation(atoms, s), designs.expectation(atoms, designs.n_of)
        covariance = designs.expectation(
            atoms, lambda v, m=mean_s, k=mean_n: (s(v) - m) * (designs.n_of(v) - k)
        )
        numbers = {D: 3, DELTA: sp.Rational(delta), COV: sp.Rational(covariance)}
        value = designs.energy_product(atoms, a)
        yield check_identity(
            claim.formulas["V"].subs(numbers),
            value,
            detail=f"V over the atoms of {name}, Cov(s, n) = {covariance}",
            falsifier=FALSIFIER,
            parts=("identity",),
            scope=Scope.INSTANCE,
        )
        level = claim.formulas["level"].subs(numbers)
        yield check_relation(
            value,
            "==" if covariance == 0 else "!=",
            level,
            detail=f"V is {'at' if covariance == 0 else 'off'} the level for {name}",
            falsifier=FALSIFIER,
            parts=("iff",),
        )
