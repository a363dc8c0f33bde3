"""D3b: what forward differences add to the recursion, and why the law must be symmetric for it."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._dynamics import ETA, differenced, enumerated, fixed_laws, rational, seven_points
from proofs_checks._shared import DELTA, D
from proofs_checks._smooth import MU
from zotheory.bounds.dynamics.quadratic import QuadraticDynamics
from zotheory.bounds.dynamics.sixth_moment import sixth_moment
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.derive.moments import (
    coordinate_atoms,
    enumerated_moment,
    gaussian_moment,
    rademacher_atoms,
    sphere_moment,
)
from zotheory.laws import Coordinate, Empirical, Gaussian, Rademacher, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

Y, Q = sp.symbols("y q", real=True)  # a.v and v^T H v
CURVE, TRACE, SQUARE = sp.symbols("h t t2", real=True)  # h_i, tr H, tr H^2
LAWS = ("gaussian", "sphere", "rademacher", "coordinate")

claim = Claim(
    id="D3b",
    title="Forward differences add eta^2 mu^2/4 E[(v^T H v)^2 v v^T] a step if v and -v have one law; "
    "if not, the mean moves and may enter too",
    kind=Kind.EQUALITY,
    plain="If v and -v have the same law, forward differences on f = x^T H x/2 leave the mean as it is and add "
    "eta^2 mu^2/4 T6 to M+, T6 = E[(v^T H v)^2 v v^T]. In the eigenbasis of H (coordinates, for the tied laws) T6 is "
    "diagonal with entries delta^3 (t^2 + 2 t2 + 4 t h_i + 8 h_i^2) for the Gaussian law, d^2/((d+2)(d+4)) times that "
    "for the sphere, delta^3 t^2 for Rademacher signs and delta^3 d^2 h_i^2 for random coordinates, t = tr H, "
    "t2 = tr H^2. If not, what is added to x+ and x+ x+^T has further terms, -eta mu/2 q v and eta^2 mu q y v v^T with "
    "q = v^T H v and y = v.Hx: E[x+] moves by -eta mu/2 E[q v], and M+ may depend on E[x].",
    latex=r"If $v$ and $-v$ have the same law, forward differences on $f=\frac12x^\top Hx$ leave the mean as it is and "
    r"add $\frac{\eta^2\mu^2}4T_6$ to $M^+$, $T_6=E[(v^\top Hv)^2vv^\top]$, diagonal in the eigenbasis of $H$ "
    r"(coordinates, for the tied laws) with entries $\delta^3(t^2+2t_2+4th_i+8h_i^2)$ (Gaussian), "
    r"$\frac{d^2}{(d+2)(d+4)}$ times that (sphere), $\delta^3t^2$ (Rademacher), $\delta^3d^2h_i^2$ (coordinates). If not, "
    r"$E[x^+]$ moves by $-\frac{\eta\mu}2E[(v^\top Hv)v]$.",
    source="derived here",
    conditions=("f is quadratic with its minimum at 0", "mu > 0", "tied laws: H diagonal"),
    expected=Verdict.PROVED,
    formulas={
        "growth": ETA**2 * MU**2 / 4 * Q**2,  # of v v^T
        "gaussian": DELTA**3 * (TRACE**2 + 2 * SQUARE + 4 * TRACE * CURVE + 8 * CURVE**2),
        "sphere": DELTA**3
        * D**2
        / ((D + 2) * (D + 4))
        * (TRACE**2 + 2 * SQUARE + 4 * TRACE * CURVE + 8 * CURVE**2),
        "rademacher": DELTA**3 * TRACE**2,
        "coordinate": DELTA**3 * D**2 * CURVE**2,
        "drift": -ETA * MU / 2 * Q,  # of v
        "coupling": ETA**2 * MU * Q * Y,  # of v v^T
    },
    parts=("growth", *LAWS, "skewed"),
    depends=("D3",),
)

FALSIFIER = "a law, a quadratic and a mu with another growth of E[x x^T]"


def moments_of(name: str) -> list[sp.Expr]:
    """Return E[v_1^6], E[v_1^4 v_2^2] and E[v_1^2 v_2^2 v_3^2]."""
    found = []
    for exponents in ((6, 0, 0), (4, 2, 0), (2, 2, 2)):
        if name == "gaussian":
            found.append(gaussian_moment(exponents, DELTA))
        elif name == "sphere":
            found.append(sphere_moment(exponents, D, DELTA * D))
        else:
            atoms = rademacher_atoms(3, DELTA) if name == "rademacher" else coordinate_atoms(3, D, DELTA)
            found.append(enumerated_moment(exponents, atoms))
    return found


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # g = (y + mu q/2) v; under v -> -v, y changes its sign, q does not. M+ - M has -eta (x g^T + g x^T) and g g^T.
    slope, mirrored = Y + MU * Q / 2, -Y + MU * Q / 2
    yield check_identity(
        [claim.formulas["growth"], 0],
        [sp.expand(ETA**2 * ((slope**2 + mirrored**2) / 2 - Y**2)), sp.expand((slope - mirrored) / 2 - Y)],
        detail="means over v and -v of eta^2 g g^T (a multiple of v v^T) and of g (of v), less those at mu = 0",
        falsifier=FALSIFIER,
        parts=("growth",),
    )
    yield check_identity(
        [claim.formulas["drift"], claim.formulas["coupling"]],
        [sp.expand(-ETA * (slope - Y)), sp.expand(ETA**2 * slope**2).coeff(MU, 1) * MU],
        detail="what one v adds to x+ and to its square in first order of mu",
        falsifier=FALSIFIER,
        parts=("skewed",),
    )
    # T6_ii = sum_jk h_j h_k E[v_i^2 v_j^2 v_k^2]; signs remove the entries beside the diagonal.
    others = TRACE - CURVE
    squares = SQUARE - CURVE**2
    sums = [CURVE**2, 2 * CURVE * others + squares, others**2 - squares]
    for name in LAWS:
        total = sum((m * s for m, s in zip(moments_of(name), sums, strict=True)), start=sp.Integer(0))
        yield check_identity(
            claim.formulas[name],
            sp.cancel(sp.expand(total)),
            detail=f"entries of T6 from the law's moments of order six, symbolic d and spectrum, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.GENERAL,
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """One step from function values, forward less central, over points with the laws' moments to order six."""
    laws = {**fixed_laws(), "gaussian": seven_points()}
    h, start = (Fraction(3), Fraction(1, 2)), (Fraction(1), Fraction(-2))
    mu, eta = Fraction(2, 3), Fraction(1, 5)
    for name in LAWS:
        atoms = laws[name]
        found = [
            enumerated(differenced(np.diag(np.array(h)), atoms, mu, central), eta, start, 1)
            for central in (False, True)
        ]
        growth = rational(found[0][0] - found[1][0])
        numbers = {DELTA: sp.Rational(designs.scale_of(atoms)), D: 2, TRACE: sp.Rational(7, 2)}
        stated = [
            claim.formulas[name].subs({**numbers, SQUARE: sp.Rational(37, 4), CURVE: sp.Rational(x)})
            for x in h
        ]
        factor = claim.formulas["growth"].subs({Q: 1, ETA: sp.Rational(eta), MU: sp.Rational(mu)})
        yield check_identity(
            factor * sp.diag(*stated),
            growth,
            detail=f"E[x x^T] after a forward step less that of a central one, {name}",
            falsifier=FALSIFIER,
            parts=("growth", name),
            scope=Scope.INSTANCE,
        )
        yield check_identity(
            sp.zeros(2, 1),
            sp.Matrix((found[0][1] - found[1][1]).tolist()),
            detail=f"E[x] after a forward step less that of a central one, {name}",
            falsifier=FALSIFIER,
            parts=("growth",),
            scope=Scope.INSTANCE,
        )


@claim.check("package")
def package(claim) -> Iterator[Evidence]:
    """The package's sixth moments at symbolic H and delta, three dimensions."""
    h = sp.symbols("h1:4", real=True)
    trace, square = sum(h), sum(x**2 for x in h)
    laws = {
        "gaussian": Gaussian(3, DELTA),
        "sphere": Sphere(3, DELTA),
        "rademacher": Rademacher(3, DELTA),
        "coordinate": Coordinate(3, DELTA),
    }
    for name, law in laws.items():
        stated = [claim.formulas[name].subs({D: 3, TRACE: trace, SQUARE: square, CURVE: x}) for x in h]
        matrix = sixth_moment(law, np.array(sp.diag(*h).tolist(), dtype=object))
        yield check_identity(
            sp.diag(*stated),
            sp.Matrix(matrix.tolist()),
            detail=f"the package's sixth moment, d = 3, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.INSTANCE,
        )


@claim.check("skewed law")
def skewed_law(claim) -> Iterator[Evidence]:
    """An asymmetric law in the plane: a step from function values, the sums of the claim, and the package."""
    atoms: designs.Atoms = [
        (Fraction(1, 8), tuple(map(Fraction, v))) for v in ((4, 0), (-2, 2), (-2, -2), (0, 4))
    ] + [(Fraction(1, 2), (Fraction(0), Fraction(0)))]
    h = np.array([[Fraction(2), Fraction(1, 2)], [Fraction(1, 2), Fraction(1)]])
    start, mu, eta = (Fraction(1), Fraction(-2)), Fraction(1, 3), Fraction(1, 20)
    forward, central = (
        enumerated(differenced(h, atoms, mu, side), eta, start, 1) for side in (False, True)
    )
    x = np.array(start)
    at = {ETA: sp.Rational(eta), MU: sp.Rational(mu)}
    shift, second = sp.zeros(2, 1), sp.zeros(2, 2)
    for weight, point in atoms:
        v = np.array(point)
        numbers = {**at, Q: sp.Rational(v @ h @ v), Y: sp.Rational(v @ h @ x)}
        drift, coupling, growth = (
            claim.formulas[key].subs(numbers) for key in ("drift", "coupling", "growth")
        )
        column, origin = sp.Matrix([sp.Rational(c) for c in v]), sp.Matrix([sp.Rational(c) for c in x])
        shift += sp.Rational(weight) * drift * column
        outer = column * column.T
        second += sp.Rational(weight) * (
            (coupling + growth) * outer + drift * (origin * column.T + column * origin.T)
        )
    yield check_identity(
        [shift, second],
        [rational([[c] for c in forward[1] - central[1]]), rational(forward[0] - central[0])],
        detail="E[x] and E[x x^T] after a forward step less those of a central one, v and -v not of one law",
        falsifier=FALSIFIER,
        parts=("skewed",),
        scope=Scope.INSTANCE,
    )
    yield check_relation(
        sum(abs(c) for c in shift),
        ">",
        0,
        detail="the mean does move",
        falsifier="an asymmetric law whose mean never moves would leave the condition idle",
        parts=("skewed",),
    )
    law = Empirical([v for _, v in atoms], [w for w, _ in atoms])
    dynamics = QuadraticDynamics(h, law, eta, mu=mu, difference="forward", digits="exact")
    several = enumerated(differenced(h, atoms, mu, False), eta, start, 3)
    run = dynamics.run(start, 3)
    yield check_identity(
        [rational(several[0]), rational([[c] for c in several[1]])],
        [rational(run.moments[-1]), rational([[c] for c in np.asarray(run.mean)])],
        detail="three forward steps: every sequence of draws against the package's coupled recursion",
        falsifier=FALSIFIER,
        parts=("skewed",),
        scope=Scope.INSTANCE,
    )
