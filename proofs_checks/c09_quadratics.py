"""C9: finite mu on quadratics: central two-stage estimates are exact at every mu, forward ones unbiased."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D
from proofs_checks._smooth import MU, quadratic, slope
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.moments import sphere_moment
from zotheory.estimators import Forward, TwoStage
from zotheory.laws import Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

Y, Q = sp.symbols("y q", real=True)  # a.v and v^T H v
TRACE, SQUARE = sp.symbols("t t2", real=True)  # tr H and tr H^2

claim = Claim(
    id="C9",
    title="Quadratics: central differences exact at every mu, forward ones unbiased with an error that is known",
    kind=Kind.EQUALITY,
    plain="On a quadratic with gradient a and Hessian H at the point, the central difference along v is a.v for every mu: "
    "all that is said for mu -> 0 holds at every mu, for two-stage estimates too. The forward difference is "
    "a.v + mu v^T H v/2; if v and -v have the same law (given stage 1), as for the sphere and aligned draws with a fair "
    "sign and a symmetric complement, the estimate stays unbiased for delta a and E|g|^2 grows by mu^2/4 E[(v^T H v)^2 n]: "
    "for the sphere mu^2 delta^3 d^2 (t^2 + 2 t2)/(4 (d+2)), t = tr H, t2 = tr H^2.",
    latex=r"On a quadratic with gradient $a$ and Hessian $H$ the central difference along $v$ is $a\cdot v$ for every $\mu$, "
    r"so everything said for $\mu\to0$ holds, for two-stage estimates too. The forward difference is "
    r"$a\cdot v+\tfrac\mu2v^\top Hv$; if $v$ and $-v$ have the same law, the estimate stays unbiased for $\delta a$ and "
    r"$E\|g\|^2$ grows by $\frac{\mu^2}4E[(v^\top Hv)^2\|v\|^2]$: for the sphere "
    r"$\frac{\mu^2\delta^3d^2((\operatorname{tr}H)^2+2\operatorname{tr}H^2)}{4(d+2)}$.",
    source="derived here",
    conditions=(
        "f is a quadratic",
        "exact arithmetic",
        "forward: v and -v have the same law given stage 1",
    ),
    expected=Verdict.PROVED,
    formulas={
        "central": Y,
        "forward": Y + MU * Q / 2,
        "growth": MU**2 / 4 * Q**2,  # times n
        "sphere growth": MU**2 * DELTA**3 * D**2 * (TRACE**2 + 2 * SQUARE) / (4 * (D + 2)),
    },
    parts=("central", "forward", "unbiased", "growth", "sphere"),
)

FALSIFIER = "a quadratic, a step and a direction with another difference quotient, or another error"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # f(x + s v) = f(x) + s a.v + s^2 v^T H v/2 along the line: only y = a.v and q = v^T H v enter.
    value, s = sp.symbols("f0 s", real=True)
    line = value + s * Y + s**2 * Q / 2
    forward = (line.subs(s, MU) - line.subs(s, 0)) / MU
    central = (line.subs(s, MU) - line.subs(s, -MU)) / (2 * MU)
    for part, quotient in (("central", central), ("forward", forward)):
        yield check_identity(
            claim.formulas[part],
            quotient,
            detail=f"{part} difference of a quadratic along a line, any mu",
            falsifier=FALSIFIER,
            parts=(part,),
        )
    # Average over v and -v: y is odd, q even; g = slope v, an entry v_j of v is odd.
    stated = claim.formulas["forward"]
    mirrored = stated.subs(Y, -Y)
    entry = sp.Symbol("v_j", real=True)
    yield check_identity(
        Y * entry,
        (stated * entry + mirrored * -entry) / 2,
        detail="mean of an entry of g over v and -v is that of (a.v) v, whose mean is delta a",
        falsifier=FALSIFIER,
        parts=("unbiased",),
    )
    yield check_identity(
        claim.formulas["growth"],
        sp.expand((stated**2 + mirrored**2) / 2 - Y**2),
        detail="mean of slope^2 over v and -v minus (a.v)^2",
        falsifier=FALSIFIER,
        parts=("growth",),
    )
    # Sphere: n = delta d; in the eigenbasis of H, E[(sum h_i v_i^2)^2] = m22 t^2 + (m4 - m22) t2.
    m4, m22 = (sphere_moment(p, D, DELTA * D) for p in ((4, 0), (2, 2)))
    mean = m22 * (TRACE**2 - SQUARE) + m4 * SQUARE
    yield check_identity(
        claim.formulas["sphere growth"],
        sp.cancel(sp.expand(claim.formulas["growth"]).coeff(Q, 2) * mean * DELTA * D),
        detail="growth for the sphere from its fourth moments, symbolic d",
        falsifier=FALSIFIER,
        parts=("sphere",),
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Function values of a quadratic at rational points: slopes, means and the growth on the 24-cell's moments."""
    f = quadratic([[1, Fraction(1, 2)], [Fraction(1, 2), -1]], [3, 4], 5)
    signs = designs.aligned(designs.sign_vectors(1))
    for mu in (Fraction(1, 10), Fraction(7)):
        worst = max(abs(slope(f, v, mu, True) - designs.dot(f.a, v)) for _, v in signs)
        yield check_relation(
            worst,
            "==",
            0,
            detail=f"central slope minus a.v over an aligned law, mu = {mu}",
            falsifier=FALSIFIER,
            parts=("central",),
        )
        for v in (
            (Fraction(2), Fraction(-3)),
            (Fraction(1, 2), Fraction(5)),
            (Fraction(-7, 3), Fraction(0)),
        ):
            curvature = v[0] ** 2 + v[0] * v[1] - v[1] ** 2
            numbers = {Y: designs.dot(f.a, v), Q: curvature, MU: mu}
            yield check_identity(
                claim.formulas["forward"].subs({s: sp.Rational(x) for s, x in numbers.items()}),
                slope(f, v, mu, False),
                detail=f"forward slope from function values, v = ({v[0]}, {v[1]}), mu = {mu}",
                falsifier=FALSIFIER,
                parts=("forward",),
                scope=Scope.INSTANCE,
            )
        mean = [
            designs.expectation(signs, lambda v, j=j, mu=mu: slope(f, v, mu, False) * v[j]) for j in (0, 1)
        ]
        yield check_identity(
            [sp.Rational(x) for x in f.a],
            mean,
            detail=f"mean of forward estimates over an aligned law (delta = 1), mu = {mu}",
            falsifier=FALSIFIER,
            parts=("unbiased",),
            scope=Scope.INSTANCE,
        )
    # H = diag(1, 2, 0, -1) on 24 points with the sphere's moments to order five: (v^T H v)^2 n, n = 4.
    h, a = (
        (Fraction(1), Fraction(2), Fraction(0), Fraction(-1)),
        (Fraction(1), Fraction(-2), Fraction(0), Fraction(1)),
    )
    mu = Fraction(2, 3)

    def square(v: tuple[Fraction, ...], step: Fraction) -> Fraction:
        q = sum((x * y * y for x, y in zip(h, v, strict=True)), start=Fraction(0))
        return (designs.dot(a, v) + step * q / 2) ** 2 * designs.dot(v, v)

    atoms = designs.four_sphere_design()
    growth = designs.expectation(atoms, lambda v: square(v, mu)) - designs.expectation(
        atoms, lambda v: square(v, Fraction(0))
    )
    numbers = {D: 4, DELTA: 1, TRACE: 2, SQUARE: 6, MU: sp.Rational(mu)}
    yield check_identity(
        claim.formulas["sphere growth"].subs(numbers),
        growth,
        detail="growth of E|g|^2 over the 24-cell, H = diag(1, 2, 0, -1), mu = 2/3",
        falsifier=FALSIFIER,
        parts=("sphere",),
        scope=Scope.INSTANCE,
    )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    """The package's estimators on a quadratic at mu = 2: central two-stage error, forward growth."""
    dim, mu = 4, 2.0
    a, h = np.array([2.0, -1.0, 0.5, 0.0]), np.array([1.0, 2.0, 0.0, -1.0])

    def objective(x: np.ndarray) -> np.ndarray:
        return x @ a + (x**2) @ h / 2

    central = TwoStage(Sphere(dim), mu, 2, 3, "average", difference="central")
    claimed = (dim - 1) / 5 * float(a @ a)

    def miss(n: int, rng: np.random.Generator) -> np.ndarray:
        return ((central.estimate(objective, np.zeros(dim), rng, trials=n).gradients - a) ** 2).sum(axis=1)

    yield check_mean(
        miss,
        claimed,
        resolvable=0.05 * claimed,
        rng=stream(2024, claim.id, "central"),
        detail="error of central two-stage estimates on a quadratic, mu = 2, against (d-1)|a|^2/b",
        parts=("central",),
    )
    forward = Forward(Sphere(dim), mu)
    growth = claim.formulas["sphere growth"].subs({D: dim, DELTA: 1, TRACE: 2, SQUARE: 6, MU: 2})
    total = dim * float(a @ a) + float(growth)

    def energy(n: int, rng: np.random.Generator) -> np.ndarray:
        return (forward.estimate(objective, np.zeros(dim), rng, trials=n).gradients ** 2).sum(axis=1)

    yield check_mean(
        energy,
        total,
        resolvable=0.05 * total,
        rng=stream(2024, claim.id, "forward"),
        detail="E|g|^2 of forward estimates on a quadratic, mu = 2",
        parts=("growth", "sphere"),
    )
