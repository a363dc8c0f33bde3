"""E2: a fixed structure v = P u: second moments, the descent of a step, and when the structure helps."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import D
from proofs_checks._structure import KINDS, READING, SIZE, circle, form, grid, mapped
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.derive.tensor import classical_tensor
from zotheory.functionals import structured_curvature
from zotheory.ledger.claim import Claim, Kind, Verdict

# With S = P P^T: a^T S a, tr(H S), a^T S H S a; and |P|_2^2, |H|_2, |a|^2.
SEEN, TOP, STEEP, ENERGY = sp.symbols("y tau L A", positive=True)
TRACE, ALONG = sp.symbols("t z", real=True)
AXES = sp.Symbol("w", real=True)  # sum_i b_i^2 K_ii of b = P^T a and K = P^T H P: depends on the axes of u
OVERLAP, STABLE, INTRINSIC, FLAT = sp.symbols("o sr ir rho", positive=True)  # FLAT = min(sr, ir)

claim = Claim(
    id="E2",
    title="A fixed structure v = P u replaces d by at most c (min(sr(P), tr H/|H|) + 2)/o: it helps by its overlap",
    kind=Kind.EQUALITY,
    plain="For v = P u, P with k columns, u Gaussian (c = 1) or uniform on the sphere |u|^2 = k (c = k/(k + 2)), E u u^T = I, "
    "S = P P^T: E[g^T H g] = c (a^T S a tr(HS) + 2 a^T S H S a). Fixed length alone is not enough: for Rademacher u it is a^T "
    "S a tr(HS) + 2 a^T S H S a - 2 sum_i b_i^2 K_ii, b = P^T a, K = P^T H P. For the first two, with sr = |P|_F^2/|P|_2^2, o = |P^T "
    "a|^2/(|P|_2^2 |a|^2), ir = tr H/|H|_2 and H >= 0 this is at most c |P|_2^4 |H|_2 |a|^2 o (min(sr, ir) + 2). So the best step decreases the bound "
    "f - eta a^T S a + eta^2/2 E[g^T H g] by at least |a|^2/(2 |H|_2 D), D = c (min(sr, ir) + 2)/o. For orthonormal columns "
    "and H = L I, D = (k + 2)/o, or k/o on the sphere, is exact; against D = d of the sphere on the whole space the "
    "gain is d o/k, above 1 iff o > k/d.",
    latex=r"For $v=Pu$, $P$ with $k$ columns, $u$ Gaussian ($c=1$) or uniform on $\|u\|^2=k$ ($c=\frac k{k+2}$), $S=PP^\top$: "
    r"$E[g^\top Hg]=c(a^\top Sa\operatorname{tr}(HS)+2a^\top SHSa)\le c\|P\|_2^4\|H\|_2\|a\|^2o(\min(sr,ir)+2)$ for $H\succeq0$, "
    r"$sr=\|P\|_F^2/\|P\|_2^2$, $o=\|P^\top a\|^2/(\|P\|_2^2\|a\|^2)$, $ir=\operatorname{tr}H/\|H\|_2$. The best step gains at "
    r"least $\|a\|^2/(2\|H\|_2D)$, $D=c(\min(sr,ir)+2)/o$; for orthonormal columns, $H=LI$ and the sphere $D=k/o$ exactly, "
    r"below $d$ iff $o>k/d$. For Rademacher $u$, $E[g^\top Hg]=a^\top Sa\operatorname{tr}(HS)+2a^\top SHSa-2\sum_ib_i^2K_{ii}$, "
    r"$b=P^\top a$, $K=P^\top HP$.",
    source="derived here; structures as in arXiv 2501.19099, as summarised, in our reading",
    conditions=(
        READING,
        "P does not depend on u",
        "at fixed length u is uniform in direction",
        "f has Hessian at most H everywhere, or is a quadratic with Hessian H (then equality); mu -> 0",
        "the same number of queries a step",
    ),
    expected=Verdict.PROVED,
    formulas={
        "gaussian": SEEN * TRACE + 2 * ALONG,
        "sphere": SIZE / (SIZE + 2) * (SEEN * TRACE + 2 * ALONG),
        "rademacher": SEEN * TRACE + 2 * ALONG - 2 * AXES,
        "trace bound": TOP * STEEP * FLAT,
        "along bound": TOP * STEEP * SEEN,
        "replaced": (FLAT + 2) / OVERLAP,  # times c
        "columns": {"gaussian": (SIZE + 2) / OVERLAP, "sphere": SIZE / OVERLAP},
        "gain": D * OVERLAP / SIZE,
        "threshold": SIZE / D,
    },
    parts=("gaussian", "sphere", "rademacher", "bound", "step", "columns", "threshold"),
)

FALSIFIER = "a structure, a curvature and a gradient with another second-order term or a better decrease"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # (b.u)^2 u^T K u with b = P^T a and K = P^T H P; |b|^2 = a^T S a, tr K = tr(HS), b^T K b = a^T S H S a.
    for kind in (*KINDS, "rademacher"):
        tensor = classical_tensor(kind, SIZE)
        yield check_identity(
            claim.formulas[kind],
            tensor.identity * SEEN * TRACE + tensor.outer * ALONG + tensor.diagonal * AXES,
            detail=f"tr(K T4[b b^T]) of u in R^k, symbolic k, {kind}",
            falsifier=FALSIFIER,
            parts=(kind,),
        )
    # In singular vectors p_i of P with singular values s_i: tr(HS) = sum s_i^2 h_i with 0 <= h_i =
    # p_i^T H p_i <= |H|, s_i^2 <= |P|_2^2. Term by term both bounds on tr(HS) are visible:
    # sum s_i^2 |H| = |P|_2^2 |H| sr and |P|_2^2 sum h_i <= |P|_2^2 tr H = |P|_2^2 |H| ir.
    h, below, square, short = sp.symbols("h below s2 short", nonnegative=True)
    for name, bound, slack in (
        ("sr", square * (h + below), Term(1, 1, (square, below))),
        ("ir", (square + short) * h, Term(1, 1, (short, h))),
    ):
        yield check_nonnegative(
            bound - square * h,
            [slack],
            detail=f"one singular vector's part of tr(HS) against its part of the bound by {name}",
            falsifier=FALSIFIER,
            parts=("bound",),
        )
    # The parts add up to the stated bound at FLAT = sr and at FLAT = ir.
    total_s, total_h = sp.symbols("F T", positive=True)  # |P|_F^2 and tr H
    yield check_identity(
        [
            claim.formulas["trace bound"].subs(FLAT, total_s / TOP),
            claim.formulas["trace bound"].subs(FLAT, total_h / STEEP),
        ],
        [total_s * STEEP, TOP * total_h],
        detail="|P|_2^2 |H|_2 sr = |P|_F^2 |H|_2 and |P|_2^2 |H|_2 ir = |P|_2^2 tr H",
        falsifier=FALSIFIER,
        parts=("bound",),
    )
    # a^T S H S a <= |H| |S a|^2, and |S a|^2 = sum s_i^2 (s_i^2 a_i^2) <= |P|_2^2 a^T S a, a_i = a.p_i.
    part = sp.Symbol("a_i", real=True)
    yield check_nonnegative(
        claim.formulas["along bound"].subs({TOP: square + short, SEEN: square * part**2})
        - STEEP * square**2 * part**2,
        [Term(STEEP, part, (short, square))],
        detail="one singular vector's part of |H| |S a|^2 against its part of the bound",
        falsifier=FALSIFIER,
        parts=("bound",),
    )
    yield from steps(claim)


def steps(claim: Claim) -> Iterator[Evidence]:
    """The best step on a parabola, with the bounds put in; orthonormal columns; the threshold."""
    eta, curvature, length = sp.symbols("eta w c", positive=True)
    parabola = eta * SEEN - eta**2 / 2 * curvature
    best = parabola.subs(eta, sp.solve(sp.diff(parabola, eta), eta)[0])
    worst = length * SEEN * (claim.formulas["trace bound"] + 2 * claim.formulas["along bound"] / SEEN)
    yield check_identity(
        ENERGY / (2 * STEEP * length * claim.formulas["replaced"]),
        sp.cancel(best.subs(curvature, worst).subs(SEEN, OVERLAP * TOP * ENERGY)),
        detail="best decrease with the bound on E[g^T H g] put in, a^T S a = o |P|_2^2 |a|^2",
        falsifier=FALSIFIER,
        parts=("step",),
    )
    # Orthonormal columns, H = L I: S a has energy a^T S a, tr(HS) = L k, a^T S H S a = L a^T S a.
    for kind in KINDS:
        value = claim.formulas[kind].subs({TRACE: STEEP * SIZE, ALONG: STEEP * SEEN})
        exact = best.subs(curvature, value).subs(SEEN, OVERLAP * ENERGY)
        yield check_identity(
            claim.formulas["columns"][kind],
            sp.cancel(ENERGY / (2 * STEEP * exact)),
            detail=f"D of k orthonormal columns at H = L I, symbolic k, {kind}",
            falsifier=FALSIFIER,
            parts=("columns",),
        )
    whole = claim.formulas["columns"]["sphere"].subs({SIZE: D, OVERLAP: 1})
    yield check_identity(
        [claim.formulas["gain"], 1, claim.formulas["gain"] - 1],
        [
            whole / claim.formulas["columns"]["sphere"],
            claim.formulas["gain"].subs(OVERLAP, claim.formulas["threshold"]),
            D / SIZE * (OVERLAP - claim.formulas["threshold"]),
        ],
        detail="d over k/o, 1 at the threshold, and above 1 exactly above it",
        falsifier=FALSIFIER,
        parts=("threshold",),
    )


ROTATION = designs.ROTATION[3]
# P u = 2 u_1 r_1 + u_2 r_2 with orthonormal r: |P|_2^2 = 4, sr = 5/4.
STRUCTURE = [[2 * ROTATION[0][i], ROTATION[1][i]] for i in range(3)]
CURVATURES = {
    "a full H": [[2, 1, 0], [1, 3, 1], [0, 1, 2]],
    "an indefinite H": [[2, 1, 0], [1, -1, 3], [0, 3, 1]],
}


def unit_laws() -> dict[str, designs.Atoms]:
    """Return laws of u in R^2 up to scale: E u u^T is I/3, I/2 on the unit circle, and I for signs."""
    return {
        "gaussian": designs.three_point_product(2),
        "sphere": circle(),
        "rademacher": designs.sign_vectors(2),
    }


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """E[g^T H g] and best steps over rational atoms of P u, P fixed, against S computed from P."""
    a = (Fraction(3), Fraction(-1), Fraction(2))
    for kind, inner in unit_laws().items():
        delta = designs.scale_of(inner)  # E u u^T = delta I: divide by delta^2
        atoms = mapped(inner, STRUCTURE)
        b = [designs.dot(a, column) for column in zip(*STRUCTURE, strict=True)]
        for name, rows in CURVATURES.items():
            h = [[Fraction(x) for x in row] for row in rows]
            columns = [list(column) for column in zip(*STRUCTURE, strict=True)]
            trace = sum((form(h, column) for column in columns), start=Fraction(0))
            seen = [sum((b[j] * columns[j][i] for j in range(2)), start=Fraction(0)) for i in range(3)]
            axes = sum((x * x * form(h, column) for x, column in zip(b, columns, strict=True)), Fraction(0))
            numbers = {SEEN: designs.dot(b, b), TRACE: trace, ALONG: form(h, seen), AXES: axes, SIZE: 2}
            value = designs.expectation(atoms, lambda v, h=h: designs.dot(a, v) ** 2 * form(h, v))
            yield check_identity(
                claim.formulas[kind].subs({s: sp.Rational(x) for s, x in numbers.items()}),
                value / delta**2,
                detail=f"E[g^T H g] over the atoms of P u, P of shape (3, 2), {name}, {kind}",
                falsifier=FALSIFIER,
                parts=(kind,),
                scope=Scope.INSTANCE,
            )
    # P = I and a = e_1, H = e_1 e_1^T, |u|^2 = 2: E u_1^4 is 1 for signs, 3/2 on the circle.
    numbers = {SEEN: 1, TRACE: 1, ALONG: 1, AXES: 1, SIZE: 2}
    for kind in ("sphere", "rademacher"):
        inner = unit_laws()[kind]
        yield check_identity(
            claim.formulas[kind].subs(numbers),
            designs.expectation(inner, lambda u: u[0] ** 4) / designs.scale_of(inner) ** 2,
            detail=f"E u_1^4 of two laws with |u|^2 = 2 in R^2, {kind}",
            falsifier=FALSIFIER,
            parts=(kind,),
            scope=Scope.INSTANCE,
        )


@claim.check("exhaustion")
def exhaustion(claim) -> Iterator[Evidence]:
    """Bound and best step at every gradient of a grid, diagonal H and P = diag(2, 1, 0), over atoms."""
    columns = [[Fraction(2), Fraction(0)], [Fraction(0), Fraction(1)], [Fraction(0), Fraction(0)]]
    bad = {"bound": 0, "step": 0}
    tried = 0
    trace_bound, along_bound, replaced = (
        sp.lambdify((TOP, STEEP, FLAT, SEEN, OVERLAP), claim.formulas[name], modules=[{}])
        for name in ("trace bound", "along bound", "replaced")
    )
    for kind in KINDS:
        inner = unit_laws()[kind]
        c = Fraction(1) if kind == "gaussian" else Fraction(2, 4)
        delta, atoms = designs.scale_of(inner), mapped(inner, columns)
        for diagonal in grid((0, 1, 3), 3):
            steep = max(diagonal)
            flat = min(Fraction(5, 4), sum(diagonal, start=Fraction(0)) / steep)
            for a in grid((-2, 0, 1), 3):
                seen = 4 * a[0] ** 2 + a[1] ** 2
                overlap = seen / (4 * designs.dot(a, a))
                if not seen:
                    continue
                tried += 1
                value = (
                    designs.expectation(
                        atoms,
                        lambda v, a=a, h=diagonal: (
                            designs.dot(a, v) ** 2
                            * sum((x * y * y for x, y in zip(h, v, strict=True)), start=Fraction(0))
                        ),
                    )
                    / delta**2
                )
                arguments = (Fraction(4), steep, flat, seen, overlap)
                bad["bound"] += value > c * seen * (
                    trace_bound(*arguments) + 2 * along_bound(*arguments) / seen
                )
                promised = designs.dot(a, a) / (2 * steep * c * replaced(*arguments))
                # Best decrease seen^2/(2 value); any decrease is possible without curvature.
                bad["step"] += value > 0 and seen**2 / (2 * value) < promised
    for part, count in bad.items():
        yield check_identity(
            0,
            count,
            detail=f"cases that break it among {tried} curvatures and gradients, {part}",
            falsifier=FALSIFIER,
            parts=(part,),
            scope=Scope.INSTANCE,
        )


@claim.check("descent")
def descent(claim) -> Iterator[Evidence]:
    """A quadratic L|x|^2/2 in R^4: E f after the best step in a plane and in the whole space, over atoms."""
    steep, dim, size = Fraction(3), 4, 2
    plane = [[Fraction(i == j) for j in range(2)] for i in range(4)]
    # E u u^T of these is I/2 on the circle and I on the 24 points: a step eta/delta matches the scales.
    inside, whole = mapped(circle(), plane), designs.four_sphere_design()
    for x in ((2, 1, 0, 1), (1, 0, 0, 1), (1, 1, 2, 1), (0, 3, 4, 0)):
        a = tuple(steep * Fraction(y) for y in x)
        overlap = (a[0] ** 2 + a[1] ** 2) / designs.dot(a, a)
        gains = []
        for atoms, scale in ((inside, Fraction(1, 2)), (whole, Fraction(1))):
            slope = designs.expectation(atoms, lambda v, a=a: designs.dot(a, v) ** 2) / scale
            second = designs.expectation(
                atoms, lambda v, a=a: designs.dot(a, v) ** 2 * designs.dot(v, v)
            ) * steep / scale**2  # fmt: skip
            eta = slope / second
            after = designs.expectation(
                atoms,
                lambda v, a=a, x=x, e=eta / scale: (
                    steep
                    / 2
                    * sum((Fraction(y) - e * designs.dot(a, v) * z) ** 2 for y, z in zip(x, v, strict=True))
                ),
            )
            gains.append(steep / 2 * designs.dot(x, x) - after)
        claimed = claim.formulas["columns"]["sphere"].subs({SIZE: size, OVERLAP: sp.Rational(overlap)})
        yield check_identity(
            claimed,
            designs.dot(a, a) / (2 * steep * gains[0]),
            detail=f"|a|^2/(2 L times the decrease of E f) in a plane of R^4, o = {overlap}",
            falsifier=FALSIFIER,
            parts=("columns",),
            scope=Scope.INSTANCE,
        )
        threshold = claim.formulas["threshold"].subs({SIZE: size, D: dim})
        relation = ">" if overlap > threshold else "<" if overlap < threshold else "=="
        yield check_relation(
            gains[0] / gains[1],
            relation,
            1,
            detail=f"decrease in the plane over that in the whole space, o = {overlap} against the threshold",
            falsifier=FALSIFIER,
            parts=("threshold",),
        )


@claim.check("functionals")
def functionals(claim) -> Iterator[Evidence]:
    """The package's own second moment at symbolic P, a and H."""
    entries, x = sp.symbols("p1:7", real=True), sp.symbols("x1:4", real=True)
    p = np.array(entries, dtype=object).reshape(3, 2)
    h = np.array([[2, 1, 0], [1, -1, 3], [0, 3, 5]], dtype=object)
    s, a = p @ p.T, np.array(x, dtype=object)
    numbers = {SEEN: a @ s @ a, TRACE: (h @ s).trace(), ALONG: a @ s @ h @ s @ a, SIZE: 2}
    for kind in KINDS:
        yield check_identity(
            claim.formulas[kind].subs(numbers, simultaneous=True),
            structured_curvature(p, x, h, kind),
            detail=f"the package's E[g^T H g] at symbolic P and a, shape (3, 2), {kind}",
            falsifier=FALSIFIER,
            parts=(kind,),
            scope=Scope.INSTANCE,
        )
