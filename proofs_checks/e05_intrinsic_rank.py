"""E5: the intrinsic rank of the Hessian takes the place of the dimension in one step."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D
from proofs_checks._structure import KINDS, READING, form, grid
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.derive.constructions import aligned_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import Gaussian, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

# tr H, a^T H a/|a|^2, |H|_2, |a|^2, tr H/|H|_2.
TRACE, CURVE = sp.symbols("t h", real=True)
STEEP, ENERGY, INTRINSIC = sp.symbols("L A ir", positive=True)

claim = Claim(
    id="E5",
    title="One step: tr H/|H| + 2 takes the place of d + 2 (Gaussian), d (tr H/|H| + 2)/(d + 2) that of d (sphere)",
    kind=Kind.EQUALITY,
    plain="H >= 0, not zero, ir = tr H/|H|_2. E[g^T H g] is delta^2 (|a|^2 tr H + 2 a^T H a) for the Gaussian, d/(d + 2) of "
    "that for the sphere, delta^2 |a|^2 tr H for a law aligned with a; so at most delta^2 |a|^2 |H|_2 R with R = ir + 2, d "
    "(ir + 2)/(d + 2) and ir, with equality iff H a = |H|_2 a (always for the aligned law). The best step decreases the bound "
    "f - eta delta |a|^2 + eta^2/2 E[g^T H g] by at least |a|^2/(2 |H|_2 R). The bound |H|_2 E|g|^2, which forgets H, has d + "
    "2, d and d there: R is smaller, with equality iff H = |H|_2 I.",
    latex=r"$0\ne H\succeq0$, $ir=\operatorname{tr}H/\|H\|_2$. $E[g^\top Hg]=\delta^2(\|a\|^2\operatorname{tr}H+2a^\top Ha)$ "
    r"for the Gaussian, $\frac d{d+2}$ of it for the sphere, $\delta^2\|a\|^2\operatorname{tr}H$ for an aligned law; at most "
    r"$\delta^2\|a\|^2\|H\|_2R$ with $R=ir+2$, $\frac{d(ir+2)}{d+2}$, $ir$. The best step gains at least "
    r"$\|a\|^2/(2\|H\|_2R)$; $R$ is below $d+2$, $d$, $d$ unless $H=\|H\|_2I$.",
    source="derived here; structures as in arXiv 2501.19099, as summarised, in our reading",
    conditions=(
        READING,
        "f has Hessian at most H everywhere, or is a quadratic with Hessian H (then equality); mu -> 0",
        "d >= 2; the aligned law knows the direction of a",
    ),
    expected=Verdict.PROVED,
    formulas={
        "gaussian": DELTA**2 * ENERGY * (TRACE + 2 * CURVE),
        "sphere": DELTA**2 * ENERGY * D / (D + 2) * (TRACE + 2 * CURVE),
        "aligned": DELTA**2 * ENERGY * TRACE,
        "replaced": {
            "gaussian": INTRINSIC + 2,
            "sphere": D * (INTRINSIC + 2) / (D + 2),
            "aligned": INTRINSIC,
        },
        "forgetful": {"gaussian": D + 2, "sphere": D, "aligned": D},
    },
    parts=("gaussian", "sphere", "aligned", "bound", "step", "comparison"),
    depends=("C5",),
)

FALSIFIER = "a curvature and a gradient with another second-order term, or beyond the bound"


def tensors() -> dict:
    """Return the coefficients of T4[a a^T] of the three laws."""
    found = {kind: classical_tensor(kind, D, DELTA) for kind in KINDS}
    return found | {"aligned": aligned_tensor(D, DELTA).aligned()}


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    for name, tensor in tensors().items():
        yield check_identity(
            [claim.formulas[name], 0],
            [ENERGY * (tensor.identity * TRACE + tensor.outer * CURVE), tensor.diagonal],
            detail=f"tr(H T4[a a^T]) from the derived tensor, symbolic d, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
        )
        # h <= |H|, with equality iff a is an eigenvector of the largest eigenvalue.
        slack = sp.Symbol("slack", nonnegative=True)
        replaced = claim.formulas["replaced"][name]
        bound = DELTA**2 * ENERGY * STEEP * replaced
        own = claim.formulas[name].subs({TRACE: STEEP * INTRINSIC, CURVE: STEEP - slack})
        weight = sp.cancel(sp.diff(claim.formulas[name], CURVE))
        yield check_nonnegative(
            bound - own,
            [Term(weight, 1, (slack,))],
            detail=f"bound minus E[g^T H g] with h = |H| - slack: zero iff slack = 0 or it does not enter, {name}",
            falsifier=FALSIFIER,
            parts=("bound",),
        )
        eta = sp.Symbol("eta", positive=True)
        parabola = eta * DELTA * ENERGY - eta**2 / 2 * bound
        best = parabola.subs(eta, sp.solve(sp.diff(parabola, eta), eta)[0])
        yield check_identity(
            ENERGY / (2 * STEEP * replaced),
            sp.cancel(best),
            detail=f"best decrease with the bound put in, {name}",
            falsifier=FALSIFIER,
            parts=("step",),
        )
        # tr H <= d |H|, with equality iff all eigenvalues agree: ir = d - short.
        short = sp.Symbol("short", nonnegative=True)
        forgetful = claim.formulas["forgetful"][name]
        yield check_nonnegative(
            (forgetful - replaced).subs(INTRINSIC, D - short),
            [Term(sp.cancel(sp.diff(replaced, INTRINSIC)), 1, (short,))],
            detail=f"without H minus with it, ir = d - short: zero iff short = 0, {name}",
            falsifier=FALSIFIER,
            parts=("comparison",),
        )
        yield check_identity(
            forgetful,
            sp.cancel(tensor.trace(D) / DELTA**2),
            detail=f"|H| E|g|^2 over delta^2 |a|^2 |H|, {name}",
            falsifier=FALSIFIER,
            parts=("comparison",),
        )


def laws() -> dict[str, tuple[designs.Atoms, designs.Point]]:
    """Return rational atoms with the fourth moments of the three laws, and a gradient that fits."""
    first = (Fraction(1), Fraction(0), Fraction(0), Fraction(0))
    return {
        "gaussian": (designs.three_point_product(3), (Fraction(2), Fraction(-1), Fraction(2))),
        "sphere": (designs.four_sphere_design(), (Fraction(1), Fraction(-2), Fraction(0), Fraction(2))),
        "aligned": (designs.aligned(designs.sign_vectors(3)), first),
    }


@claim.check("exhaustion")
def exhaustion(claim) -> Iterator[Evidence]:
    """All H = p p^T + q q^T in a grid of p and q, by atoms: the term, the bound, the best step, the comparison."""
    for name, (atoms, a) in laws().items():
        size, energy, unit = len(a), designs.dot(a, a), designs.scale_of(atoms)
        table = [
            [
                designs.expectation(atoms, lambda v, i=i, j=j, a=a: designs.dot(v, a) ** 2 * v[i] * v[j])
                for j in range(size)
            ]
            for i in range(size)
        ]
        symbols = (TRACE, CURVE, ENERGY, DELTA, D)
        stated = sp.lambdify(symbols, claim.formulas[name], modules=[{}])
        replaced = sp.lambdify((INTRINSIC, D), claim.formulas["replaced"][name], modules=[{}])
        forgetful = Fraction(str(sp.sympify(claim.formulas["forgetful"][name]).subs(D, size)))
        wrong = dict.fromkeys((name, "bound", "step", "comparison"), 0)
        points = list(grid((-1, 0, 2), size))
        # Orthogonal p and q: then |H|_2 is the larger of |p|^2 and |q|^2.
        pairs = [(p, q) for p in points for q in points if designs.dot(p, q) == 0]
        for p, q in [(p, (Fraction(0),) * size) for p in points] + pairs:
            squares = designs.dot(p, p), designs.dot(q, q)
            trace, steep = sum(squares), max(squares)
            curve = (designs.dot(p, a) ** 2 + designs.dot(q, a) ** 2) / energy
            value = form(table, p) + form(table, q)
            ceiling = replaced(trace / steep, Fraction(size))
            top = [x for x, s in ((p, squares[0]), (q, squares[1])) if s == steep]
            # H a = |H| a iff a lies in the span of the steepest ones.
            along = sum((designs.dot(x, a) ** 2 for x in top), start=Fraction(0)) / steep == energy
            wrong[name] += value != stated(trace, curve, energy, unit, Fraction(size))
            limit = unit**2 * energy * steep * ceiling
            wrong["bound"] += value > limit or (value == limit) != (along or name == "aligned")
            wrong["step"] += value > 0 and (unit * energy) ** 2 / (2 * value) < energy / (
                2 * steep * ceiling
            )
            wrong["comparison"] += ceiling > forgetful or (ceiling == forgetful) != (trace == size * steep)
        for part, count in wrong.items():
            yield check_identity(
                0,
                count,
                detail=f"curvatures that break it among {len(points) + len(pairs)}, d = {size}, {name}",
                falsifier=FALSIFIER,
                parts=(part,),
                scope=Scope.INSTANCE,
            )
        identity = replaced(Fraction(size), Fraction(size))
        yield check_relation(
            identity,
            "==",
            forgetful,
            detail=f"R at H = I, d = {size}, {name}",
            falsifier=FALSIFIER,
            parts=("comparison",),
        )


@claim.check("laws")
def package(claim) -> Iterator[Evidence]:
    """tr(H T4[a a^T]) of the package's laws at a symbolic gradient, d = 3."""
    a = np.array(sp.symbols("a1:4", real=True), dtype=object)
    h = np.array([[2, 1, 0], [1, 3, 1], [0, 1, 5]], dtype=object)
    numbers = {TRACE: 10, CURVE: (a @ h @ a) / (a @ a), ENERGY: a @ a, D: 3}
    for name, law in (("gaussian", Gaussian(3, DELTA)), ("sphere", Sphere(3, DELTA))):
        yield check_identity(
            claim.formulas[name].subs(numbers),
            (law.fourth_moment(np.outer(a, a)) * h).sum(),
            detail=f"the law's own fourth moment against H, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.INSTANCE,
        )
