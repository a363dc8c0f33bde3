"""E5b: which structures keep the intrinsic rank: one number, the largest fourth moment, decides."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import D, M
from proofs_checks._structure import (
    COLUMNS,
    KINDS,
    PHI,
    RANK,
    READING,
    ROWS,
    circle,
    factor_moments,
    form,
    grid,
    masked,
    outer,
)
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.derive.constructions import random_block_tensor
from zotheory.derive.moments import paired_moments
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import Coordinate, Gaussian, LowRank, Rademacher, RandomBlock, SparseMask, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

# sum a_i^4/|a|^4, from 1/d to 1; sum_b |a_b|^4/|a|^4 likewise.
FOURTH = sp.Symbol("q4", positive=True)
DIM = ROWS * COLUMNS
X, Y, Z = sp.symbols("x y z", integer=True, nonnegative=True)
RATIO = DIM / ((ROWS + 2) * (COLUMNS + 2))

claim = Claim(
    id="E5b",
    title="The intrinsic rank: masks and blocks of m lose d/m (Gaussian) or (d + 2)/(m + 2) (sphere), low rank at most 3",
    kind=Kind.EQUALITY,
    plain="Let k4 = max_e E(e.v)^4/delta^2 over unit e. For H >= 0 every delta-unbiased law has E[g^T H g] <= k4 delta^2 "
    "|a|^2 tr H, with equality for a = e, H = e e^T at a maximiser e: k4 tr H/|H| takes the place of d in the worst case. k4 "
    "is 3 for the Gaussian, 3 d/(d + 2) for the sphere, 3 - 2/d for signs, d for coordinates; 3 d/m for Gaussian masks and "
    "blocks of m, 3 d/(m + 2) for spherical ones; 3 + 6/r for Gaussian factors of rank r and (9 c + 3 (r - 1))/r, c = pq/((p "
    "+ 2)(q + 2)), for fixed-length ones. Against the whole space's law of the same kind masks and blocks of m lose a factor "
    "d/m (Gaussian) or (d + 2)/(m + 2) (spherical), rank r at most 3: 1 + 2/r (Gaussian), below 3 for fixed lengths.",
    latex=r"Let $k_4=\max_{\|e\|=1}E(e\cdot v)^4/\delta^2$. For $H\succeq0$ every $\delta$-unbiased law has "
    r"$E[g^\top Hg]\le k_4\delta^2\|a\|^2\operatorname{tr}H$, with equality for $a=e$, $H=ee^\top$. $k_4$ is $3$ (Gaussian), "
    r"$\frac{3d}{d+2}$ (sphere), $3-\frac2d$ (signs), $d$ (coordinates), $\frac{3d}m$ and $\frac{3d}{m+2}$ (masks and blocks, "
    r"Gaussian and spherical), $3+\frac6r$ and $\frac{9c+3(r-1)}r$ (rank $r$). Against the whole space's law of the same kind: $\frac dm$, $\frac{d+2}{m+2}$, and at most $3$ for rank $r$.",
    source="derived here; structures as in arXiv 2501.19099, as summarised, in our reading",
    conditions=(READING, "mu -> 0", "d >= 2; the laws as in E1 and E1b"),
    expected=Verdict.PROVED,
    formulas={
        "gaussian": sp.Integer(3),
        "sphere": 3 * D / (D + 2),
        "signs": 3 - 2 / D,
        "coordinate": D,
        "gaussian mask": 3 * D / M,
        "sphere mask": 3 * D / (M + 2),
        "gaussian low rank": 3 + 6 / RANK,
        "sphere low rank": (9 * RATIO + 3 * (RANK - 1)) / RANK,
        "mask loss": {"gaussian": D / M, "sphere": (D + 2) / (M + 2)},
        "low rank loss": {"gaussian": 1 + 2 / RANK, "most": sp.Integer(3)},
        "factor": sp.Integer(1),  # of k4 delta^2 |a|^2 tr H
    },
    parts=("bound", "attained", "values", "losses"),
    depends=("E1", "E1b"),
)

FALSIFIER = "a law, a curvature and a gradient beyond the bound, or another largest fourth moment"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """H = sum l_i h_i h_i^T: pointwise (x y)^2 <= (x^4 + y^4)/2 for x = v.a/|a| and y = v.h_i."""
    x, y = sp.symbols("x y", real=True)
    factor = claim.formulas["factor"]
    yield check_nonnegative(
        factor * (x**4 + y**4) / 2 - x**2 * y**2,
        [Term(sp.Rational(1, 2), x**2 - y**2)],
        detail="(x^4 + y^4)/2 - x^2 y^2, whose means are at most k4 delta^2 and E[(v.a)^2 (v.h)^2]/|a|^2",
        falsifier=FALSIFIER,
        parts=("bound",),
    )
    moment = sp.Symbol("k4", positive=True)
    yield check_identity(
        factor * moment,
        sp.expand((x**2 * y**2).subs(y, x)).coeff(x, 4) * moment,
        detail="a = h = e: E[(v.e)^2 (v.e)^2] = k4 delta^2 and tr H = 1",
        falsifier=FALSIFIER,
        parts=("attained",),
    )
    yield from values(claim)


def values(claim: Claim) -> Iterator[Evidence]:
    """Each law's E s^2/delta^2 from its tensor, and the direction that makes it largest."""
    rest = sp.Symbol("rest", nonnegative=True)  # 1 - q4, or q4 - 1/d for signs
    kinds = {"gaussian": "gaussian", "sphere": "sphere", "signs": "rademacher", "coordinate": "coordinate"}
    for name, kind in kinds.items():
        along = sp.expand(classical_tensor(kind, D).along_gradient(FOURTH))
        end = 1 / D + rest if name == "signs" else 1 - rest
        yield from largest(claim, name, along.subs(FOURTH, end), rest)
    # A block's law on the block has E (e_b.v)^4 = k |a_b|^4; E s^2 is linear in sum |a_b|^4, at most 1. A
    # mask's is 3 m22 + (m4 - 3 m22) q4 with m4 >= 3 m22, at most m4, the same number at m4.
    for kind in KINDS:
        inner = random_block_tensor(kind, D, M).inner.along_gradient()
        yield from largest(claim, f"{kind} mask", inner * (1 - rest), rest)
        m4, m22 = paired_moments(kind, M, D / M)
        one, two = M / D, M * (M - 1) / (D * (D - 1))
        along = 3 * two * m22 + (one * m4 - 3 * two * m22) * (1 - rest)
        more = sp.Symbol("more", integer=True, nonnegative=True)
        least = sp.Symbol("m", integer=True, positive=True)
        yield from largest(claim, f"{kind} mask", along, rest, {D: least + 1 + more, M: least})
    # Low rank: E s^2 grows with phi <= 1.
    for kind in KINDS:
        yield from largest(claim, f"{kind} low rank", rank_moment(kind).subs(PHI, 1 - rest), rest)


def rank_moment(kind: str) -> sp.Expr:
    """Return E (e.v)^4/delta^2 of r products u w^T at a unit matrix e, from the moments of the factors.

    In the singular bases of e one product gives x = sum_i sigma_i u_i w_i with sum sigma_i^2 = 1 and
    sum sigma_i^4 = phi: E x^4 = E u_1^4 E w_1^4 phi + 3 E u_1^2 u_2^2 E w_1^2 w_2^2 (1 - phi) and E x^2 = 1.
    E (e.v)^4 is r^-2 times E (x_1 + ... + x_r)^4 = r E x^4 + 3 r (r - 1) (E x^2)^2.
    """
    (m4, m22), (o4, o22) = (factor_moments(kind, size) for size in (ROWS, COLUMNS))
    one = m4 * o4 * PHI + 3 * m22 * o22 * (1 - PHI)
    return sp.cancel((RANK * one + 3 * RANK * (RANK - 1)) / RANK**2)


@claim.check("losses")
def losses(claim) -> Iterator[Evidence]:
    """Largest fourth moments over those of the whole space's law, from tensors and factor moments alone."""
    stated = claim.formulas["low rank loss"]
    for kind in KINDS:
        whole = classical_tensor(kind, D).along_gradient()
        yield check_identity(
            claim.formulas["mask loss"][kind],
            sp.cancel(random_block_tensor(kind, D, M).inner.along_gradient() / whole),
            detail=f"a block's moment at a gradient inside it over the whole space's, {kind}",
            falsifier=FALSIFIER,
            parts=("losses",),
        )
        loss = rank_moment(kind).subs(PHI, 1) / whole.subs(D, DIM)
        if kind == "gaussian":
            yield check_identity(
                stated["gaussian"],
                sp.cancel(loss),
                detail="rank r at phi = 1 over the whole space's, Gaussian factors",
                falsifier=FALSIFIER,
                parts=("losses",),
            )
            yield check_nonnegative(
                (stated["most"] - loss).subs(RANK, 1 + X),
                [Term(2 / (1 + X), 1, (X,))],
                detail="3 minus the loss at r = 1 + x, Gaussian factors: zero only at x = 0",
                falsifier=FALSIFIER,
                parts=("losses",),
            )
            continue
        # p = 1 + y and q = 1 + z: 3 - loss is a positive number and a multiple of x (d - 1).
        p, q, r = 1 + Y, 1 + Z, 1 + X
        positive, more = 6 * (p + q + 1) / (r * (p + 2) * (q + 2)), 2 / (r * p * q)
        yield check_nonnegative(
            (stated["most"] - loss).subs({ROWS: p, COLUMNS: q, RANK: r}),
            [Term(positive), Term(more, 1, (X, Y)), Term(more, 1, (X, Z)), Term(more, 1, (X, Y, Z))],
            detail="3 minus the loss of rank r = 1 + x, fixed-length factors: never zero",
            falsifier=FALSIFIER,
            parts=("losses",),
        )


def largest(claim: Claim, name: str, along: Any, rest: sp.Symbol, sizes: Any = None) -> Iterator[Evidence]:
    """Show that E s^2 is the stated value less a non-negative multiple of ``rest``, zero at rest = 0."""
    along = sp.cancel(sp.sympify(along).subs(sizes or {}))
    stated = claim.formulas[name].subs(sizes or {})
    slope = sp.factor(-sp.diff(along, rest))
    yield check_nonnegative(
        stated - along,
        [Term(slope, 1, (rest,))],
        detail=f"k4 minus E s^2/delta^2 at any direction, {name}",
        falsifier=FALSIFIER,
        parts=("values",),
    )
    yield check_identity(
        stated,
        along.subs(rest, 0),
        detail=f"E s^2/delta^2 at the maximiser, {name}",
        falsifier=FALSIFIER,
        parts=("values",),
    )


def structures() -> dict[str, tuple[designs.Atoms, dict]]:
    """Return rational atoms with the moments of some of the laws, and their sizes."""
    three, signs = designs.three_point_product, designs.sign_vectors
    return {
        "gaussian": (three(2), {D: 2}),
        "sphere": (circle(), {D: 2}),
        "signs": (signs(3), {D: 3}),
        "coordinate": (designs.coordinate_vectors(3), {D: 3}),
        "gaussian mask": (masked(three(2), 3), {D: 3, M: 2}),
        "sphere mask": (masked(circle(), 3), {D: 3, M: 2}),
        "gaussian low rank": (outer(three(2), three(2)), {RANK: 1}),
        "sphere low rank": (outer(circle(), circle()), {ROWS: 2, COLUMNS: 2, RANK: 1}),
    }


@claim.check("exhaustion")
def exhaustion(claim) -> Iterator[Evidence]:
    """The largest fourth moment over a grid of directions that holds a maximiser, and every H = h h^T there."""
    for name, (atoms, numbers) in structures().items():
        size, unit = len(atoms[0][1]), designs.scale_of(atoms) ** 2
        stated = Fraction(str(sp.sympify(claim.formulas[name]).subs(numbers)))
        points = list(grid((-1, 0, 1), size))
        best, beyond = Fraction(0), 0
        for a in points:
            energy = designs.dot(a, a)
            weights = [(w * designs.dot(v, a) ** 2, v) for w, v in atoms]
            table = [
                [
                    sum((w * v[i] * v[j] for w, v in weights), start=Fraction(0)) / energy / unit
                    for j in range(size)
                ]
                for i in range(size)
            ]
            best = max(best, form(table, a) / energy)
            limit = Fraction(str(claim.formulas["factor"])) * stated
            beyond += sum(form(table, h) > limit * designs.dot(h, h) for h in points)
        yield check_identity(
            [stated, 0],
            [best, beyond],
            detail=f"largest E s^2/delta^2 and rank-one curvatures beyond it among {len(points)} directions, {name}",
            falsifier=FALSIFIER,
            parts=("values", "bound", "attained"),
            scope=Scope.INSTANCE,
        )


@claim.check("laws")
def laws(claim) -> Iterator[Evidence]:
    """The package's fourth moments at the maximisers."""
    axis, ones, product = [1, 0, 0, 0, 0, 0], [1] * 6, [1, 2, 3, 2, 4, 6]
    cases = [
        ("gaussian", Gaussian(6), ones, {}),
        ("sphere", Sphere(6), axis, {D: 6}),
        ("signs", Rademacher(6), ones, {D: 6}),
        ("coordinate", Coordinate(6), axis, {D: 6}),
        ("gaussian mask", SparseMask(6, 4, "gaussian"), axis, {D: 6, M: 4}),
        ("sphere mask", SparseMask(6, 4), axis, {D: 6, M: 4}),
        ("gaussian mask", RandomBlock(6, 3, Gaussian), [1, 2, 0, 0, 0, 0], {D: 6, M: 3}),
        ("sphere mask", RandomBlock(6, 3), [0, 0, 0, 1, 1, -1], {D: 6, M: 3}),
        ("gaussian low rank", LowRank(2, 3, 2, "gaussian"), product, {RANK: 2}),
        ("sphere low rank", LowRank(2, 3, 2), product, {ROWS: 2, COLUMNS: 3, RANK: 2}),
    ]
    for name, law, e, numbers in cases:
        moment = law.directional_fourth_moment(np.array(e, dtype=object))
        outer_product = np.outer(np.array(e, dtype=object), np.array(e, dtype=object))
        second = (law.fourth_moment(outer_product) * outer_product).sum() / Fraction(
            sum(x * x for x in e)
        ) ** 2
        stated = sp.sympify(claim.formulas[name]).subs(numbers)
        yield check_identity(
            [stated, claim.formulas["factor"] * stated],
            [moment, second],
            detail=f"the law's own E s^2 and E[g^T H g] at a = e, H = e e^T, {name}",
            falsifier=FALSIFIER,
            parts=("values", "attained"),
            scope=Scope.INSTANCE,
        )
        kind, _, structure = name.partition(" ")
        if structure == "mask":
            lost, relation = claim.formulas["mask loss"][kind].subs(numbers), "=="
        elif structure:
            key, relation = ("gaussian", "==") if kind == "gaussian" else ("most", "<")
            lost = claim.formulas["low rank loss"][key].subs(numbers)
        else:
            continue
        whole = (Gaussian if kind == "gaussian" else Sphere)(6).directional_fourth_moment(axis)
        yield check_relation(
            sp.Rational(str(moment)) / sp.Rational(str(whole)),
            relation,
            lost,
            detail=f"the law's own E s^2 over that of the whole space's, d = 6, {name}",
            falsifier=FALSIFIER,
            parts=("losses",),
        )
