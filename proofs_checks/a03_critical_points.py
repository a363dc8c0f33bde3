"""A3: fixed length and DAP are critical points of the plain program only where they coincide."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D, M
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.laws import DAP, Coordinate, Rademacher
from zotheory.ledger.claim import Claim, Kind, Verdict

S, N, H, C = sp.symbols("s n h c", positive=True)

claim = Claim(
    id="A3",
    title="fixed length and DAP satisfy complementary slackness, but are stationary only together: saddles",
    kind=Kind.IFF,
    plain="In the plain program, fixed-length laws satisfy complementary slackness with the dual form "
    "delta d s, DAPs with delta n, both of dual value delta^2 d; but the dual inequality fails off the "
    "support. A law of either class is first-order stationary iff it is in both (s = delta and "
    "n = delta d); its residual is (s - delta)(n - delta d), a saddle.",
    latex=r"Fixed-length laws satisfy complementary slackness with the dual form $\delta d\,s$, DAPs "
    r"with "
    r"$\delta n$, both of dual value $\delta^2d$; the dual inequality fails off the support. A law of "
    r"either class is first-order stationary iff $s=\delta$ and $n=\delta d$ a.s.; the residual is then "
    r"$(s-\delta)(n-\delta d)$, a saddle.",
    source="derived here; about the two classes of arXiv 2510.19975, Theorem 2.2",
    conditions=("|a| = 1", "d >= 2", "stationary: zero residual and zero gradient of it on the support"),
    expected=Verdict.PROVED,
    formulas={
        "fixed length form": DELTA * D * S,
        "aligned form": DELTA * N,
        "residual": (S - DELTA) * (N - DELTA * D),
        "value": DELTA**2 * D,
    },
    parts=("slackness", "inequality fails", "necessary", "sufficient", "saddle"),
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    f = claim.formulas
    mean = {S: DELTA, N: DELTA * D}
    for name, support in (("fixed length form", {N: DELTA * D}), ("aligned form", {S: DELTA})):
        yield check_identity(
            [(S * N - f[name]).subs(support), f[name].subs(mean)],
            [0, f["value"]],
            detail=f"{name}: zero residual on the support, and its dual value",
            falsifier="a non-zero residual on the support, or another dual value",
            parts=("slackness",),
        )
    low = {S: DELTA / 2, N: DELTA * (M + 1) / 2, D: M + 1}
    for name in ("fixed length form", "aligned form"):
        yield check_relation(
            (S * N - f[name]).subs(low),
            "<",
            0,
            detail=f"{name}: the residual at half of both means, d = m + 1",
            falsifier="a non-negative residual off the support",
            parts=("inequality fails",),
            scope=Scope.GENERAL,
        )
    # v.grad of a form of degree k is k times it (Euler): s n has degree 4, v^T Lambda v degree 2.
    form, mass = sp.symbols("form mass", real=True)
    radial = sp.diff(C**2 * S * C**2 * N - C**2 * form - mass, C).subs(C, 1)
    constant = sp.solve([radial, S * N - form - mass], [form, mass], dict=True)[0][mass]
    yield check_identity(
        constant,
        -S * N,
        detail="zero residual and zero radial derivative: s n = -lambda_0, a constant on the support",
        falsifier="a stationary law on which s n varies",
        parts=("necessary",),
    )
    # With s n = V almost surely: n = delta d makes s constant, so s = E s; s = delta makes n constant.
    value = sp.Symbol("V", positive=True)
    for known, other, average in ((N, S, DELTA), (S, N, DELTA * D)):
        fixed = mean[known]
        constant = sp.solve(sp.Eq(other * fixed, value), other)[0]
        level = sp.solve(sp.Eq(constant, average), value)[0]
        yield check_identity(
            [level, constant.subs(value, level)],
            [f["value"], average],
            detail=f"{known} = {fixed} almost surely and s n = V: then {other} = {average} and V = value",
            falsifier="a stationary law of one class that is not in the other",
            parts=("necessary",),
        )
    residual = f["residual"]
    yield check_identity(
        residual,
        S * N - DELTA * D * S - DELTA * N + f["value"],
        detail="the residual is s n minus a constant and a quadratic form in v",
        falsifier="a residual of another shape",
        parts=("sufficient",),
    )
    yield check_identity(
        [x.subs(mean) for x in (residual, sp.diff(residual, S), sp.diff(residual, N))],
        [0, 0, 0],
        detail="residual and both partial derivatives at s = delta, n = delta d",
        falsifier="a non-zero derivative there",
        parts=("sufficient",),
    )
    for sign, relation in ((1, ">"), (-1, "<")):
        point = {S: DELTA * (1 + H), N: DELTA * D * (1 + sign * H)}
        yield check_relation(
            residual.subs(point),
            relation,
            0,
            detail=f"residual at s = delta (1 + h), n = delta d (1 {'+' if sign > 0 else '-'} h)",
            falsifier="one sign only around the point",
            parts=("saddle",),
            scope=Scope.GENERAL,
        )


@claim.check("vectors")
def vectors(claim) -> Iterator[Evidence]:
    """Random coordinates in R^3: stationary multipliers solved for, atom by atom."""
    # v = +-sqrt(3) e_j, delta = 1: grad (s n) = 2 x n a + 2 s v = 2 Lambda v fixes Lambda column by
    # column, and s n - v^T Lambda v = lambda_0 asks for the same s at every atom.
    for a in ((Fraction(2, 3), Fraction(2, 3), Fraction(1, 3)), (sp.sqrt(3) / 3,) * 3):
        a = [sp.nsimplify(x) if not isinstance(x, Fraction) else sp.Rational(x) for x in a]
        n = sp.Integer(3)
        table = sp.Matrix(3, 3, lambda i, j, a=a, n=n: n * a[i] * a[j] + (n * a[j] ** 2 if i == j else 0))
        levels = [n * a[j] ** 2 * n - n * table[j, j] for j in range(3)]
        aligned = all(sp.simplify(n * x**2 - 1) == 0 for x in a)
        yield check_relation(
            sum((x - levels[0]) ** 2 for x in levels),
            "==" if aligned else ">",
            0,
            detail=f"random coordinates, a = {a}: spread of lambda_0 over the atoms"
            f" ({'aligned' if aligned else 'not aligned'})",
            falsifier="a fixed-length law that is stationary without being aligned, or the reverse",
            parts=("necessary",) if not aligned else ("sufficient",),
        )


@claim.check("second derivatives")
def second_derivatives(claim) -> Evidence:
    """The Hessian of the residual in (s, n): eigenvalues of both signs, so the zero is a saddle."""
    return check_relation(
        sp.hessian(claim.formulas["residual"], (S, N)).det(),
        "<",
        0,
        detail="determinant of the residual's second derivatives",
        falsifier="a determinant that is not negative",
        parts=("saddle",),
        scope=Scope.GENERAL,
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Rational atoms in R^3: complementary slackness atom by atom, and both signs of the residual."""
    frame, mean = designs.ROTATION[3], {D: 3, DELTA: 1}
    a = (Fraction(2), Fraction(-1), Fraction(1))
    cases = (
        ("fixed length form", designs.rotated(designs.sign_vectors(3), frame), a),
        (
            "aligned form",
            designs.rotated(designs.aligned(designs.complements(2)["varying length"]), frame),
            frame[0],
        ),
    )
    for name, atoms, gradient in cases:
        s = designs.s_of(gradient)
        form = claim.formulas[name].subs(mean)
        pairs = [(w, {S: sp.Rational(s(v)), N: sp.Rational(designs.n_of(v))}) for w, v in atoms]
        yield check_identity(
            [at[S] * at[N] - form.subs(at) for _, at in pairs],
            [0] * len(pairs),
            detail=f"{name}: residual on each of {len(pairs)} atoms of a law of its class",
            falsifier="an atom with a non-zero residual",
            parts=("slackness",),
            scope=Scope.INSTANCE,
        )
        yield check_identity(
            claim.formulas["value"].subs(mean),
            sum((sp.Rational(w) * form.subs(at) for w, at in pairs), start=sp.Integer(0)),
            detail=f"{name}: its mean over the atoms, the dual value",
            falsifier="another dual value",
            parts=("slackness",),
            scope=Scope.INSTANCE,
        )
    # E[(s - delta)(n - delta d)] = Cov(s, n), which has either sign among delta-unbiased laws.
    residual = claim.formulas["residual"].subs(mean)
    for row, relation in ((0, ">"), (1, "<")):
        atoms, s = designs.unequal_axes(frame), designs.s_of(frame[row])
        value = sum(
            (
                sp.Rational(w) * residual.subs({S: sp.Rational(s(v)), N: sp.Rational(designs.n_of(v))})
                for w, v in atoms
            ),
            start=sp.Integer(0),
        )
        yield check_relation(
            value,
            relation,
            0,
            detail=f"mean residual of unequal axes, gradient along axis {row + 1}",
            falsifier="a residual of one sign",
            parts=("saddle",),
        )


@claim.check("laws")
def laws(claim) -> Iterator[Evidence]:
    """Fixed-length laws that are aligned have no variance in s; others do."""
    axis = [1, 0, 0, 0]
    cases = {"Rademacher, a = e_1": Rademacher(4), "DAP on the sphere": DAP(axis)}
    for name, law in cases.items():
        yield check_identity(
            [law.directional_fourth_moment(axis) - 1, law.norm_moment(2) - 16],
            [0, 0],
            detail=f"{name}: Var s and Var n, delta = 1",
            falsifier="a member of both classes with a random s or n",
            parts=("sufficient",),
            scope=Scope.INSTANCE,
        )
    yield check_relation(
        Coordinate(4).directional_fourth_moment(axis) - 1,
        ">",
        0,
        detail="random coordinates, a = e_1: of fixed length and not aligned, Var s",
        falsifier="zero variance",
        parts=("inequality fails",),
    )
