"""D3d: the best contraction of one step on H = h I, which the dimension factor decides alone."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._dynamics import (
    ALONG,
    ETA,
    P,
    averaged,
    derived,
    differenced,
    enumerated,
    fixed_laws,
    turning,
    turning_laws,
)
from proofs_checks._shared import DELTA, D
from zotheory.bounds.dynamics.quadratic import Following, QuadraticDynamics
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative
from zotheory.laws import DAP, Coordinate, FirstAxis, Gaussian, Rademacher, Sphere, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict

X, NU = sp.symbols("x nu", positive=True)  # eta delta h; the dimension factor
B = sp.Symbol("b", integer=True, positive=True)
H = sp.Symbol("h", positive=True)
LAWS = ("gaussian", "sphere", "rademacher", "coordinate", "aligned", "two atoms")

claim = Claim(
    id="D3d",
    title="Best contraction on H = h I: 1 - 1/nu, for every delta-unbiased law",
    kind=Kind.EQUALITY,
    plain="On f = h |x|^2/2, a step with a delta-unbiased law of dimension factor nu (at the gradient's direction) has "
    "E f(x+) = (1 - 2x + nu x^2) f(x), x = eta delta h: it contracts iff x < 2/nu, at best by 1 - 1/nu, at x = 1/nu. "
    "nu is d + 2 for the Gaussian law, d for the sphere, Rademacher signs, coordinates and aligned draws, and 1/p for "
    "the two-atom law along the gradient: at best 1 - p. The mean of b draws has nu_b = 1 + (nu - 1)/b, so b draws in "
    "one step contract at most as much as in b best steps, and exactly as much at b = 1 or nu = 1.",
    latex=r"On $f=\frac h2\|x\|^2$ a step with a $\delta$-unbiased law of dimension factor $\nu$ (at the gradient) has "
    r"$E f(x^+)=(1-2x+\nu x^2)f(x)$, $x=\eta\delta h$: at best $1-\frac1\nu$, at $x=\frac1\nu$; $\nu$ is $d+2$ "
    r"(Gaussian), $d$ (sphere, Rademacher, coordinates, aligned) and $\frac1p$ (two atoms along the gradient). The mean "
    r"of $b$ draws has $\nu_b=1+\frac{\nu-1}b$, and $1-\frac1{\nu_b}\ge(1-\frac1\nu)^b$.",
    source="derived here",
    conditions=("H = h I, h > 0", "central differences, or mu -> 0", "independent draws"),
    expected=Verdict.PROVED,
    formulas={
        "contraction": 1 - 2 * X + NU * X**2,
        "best": 1 - 1 / NU,
        "gaussian": D + 2,
        "sphere": D,
        "rademacher": D,
        "coordinate": D,
        "aligned": D,
        "two atoms": 1 / P,
        "batch": 1 + (NU - 1) / B,
    },
    parts=("contraction", "best", *LAWS, "batch", "steps"),
    depends=("D3",),
)

FALSIFIER = "a law and a step on H = h I with another contraction"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # |x+|^2/|x|^2 = 1 - 2 eta h s + eta^2 h^2 s n with s = (v.x)^2/|x|^2, n = |v|^2; E[s] = delta and
    # E[s n] = nu delta^2.
    s, n = sp.symbols("s n", positive=True)
    square: Any = sp.expand(1 - 2 * ETA * H * s + ETA**2 * H**2 * s * n)
    first: Any = square.coeff(s, 1)
    mean = square.coeff(s, 0) + first.coeff(n, 0) * DELTA + square.coeff(n, 1) / s * NU * DELTA**2
    yield check_identity(
        claim.formulas["contraction"].subs(X, ETA * DELTA * H),
        sp.expand(mean),
        detail="mean of |x - eta h v (v.x)|^2/|x|^2 term by term",
        falsifier=FALSIFIER,
        parts=("contraction",),
    )
    # In two dimensions |x - c v (v.x)|^2 is what was averaged.
    x1, x2, v1, v2, c = sp.symbols("x1 x2 v1 v2 c", real=True)
    point, v = sp.Matrix([x1, x2]), sp.Matrix([v1, v2])
    moved = point - c * v * v.dot(point)
    yield check_identity(
        point.dot(point) - 2 * c * v.dot(point) ** 2 + c**2 * v.dot(point) ** 2 * v.dot(v),
        sp.expand(moved.dot(moved)),
        detail="the square of a step written out",
        falsifier=FALSIFIER,
        parts=("contraction",),
        scope=Scope.INSTANCE,
    )
    yield check_nonnegative(
        claim.formulas["contraction"] - claim.formulas["best"],
        [Term(NU, X - 1 / NU)],
        detail="the contraction less the best one is a square, zero at x = 1/nu alone",
        falsifier=FALSIFIER,
        parts=("best",),
    )
    yield check_identity(
        -NU * X * (2 / NU - X),
        sp.expand(claim.formulas["contraction"] - 1),
        detail="the contraction less 1: negative iff x < 2/nu",
        falsifier=FALSIFIER,
        parts=("contraction",),
    )
    yield check_identity(
        claim.formulas["best"],
        claim.formulas["contraction"].subs(X, 1 / NU),
        detail="the contraction at x = 1/nu",
        falsifier=FALSIFIER,
        parts=("best",),
    )
    for name in LAWS:
        yield check_identity(
            claim.formulas[name],
            sp.cancel(derived(name, D, DELTA).trace(D) / DELTA**2),
            detail=f"nu = tr T4[a a^T]/(delta^2 |a|^2) from the derived tensor, symbolic d, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
        )
    yield check_identity(
        claim.formulas["batch"],
        sp.cancel((B * NU + B * (B - 1)) / B**2),
        detail="of b^2 products of draws b are of a draw with itself",
        falsifier=FALSIFIER,
        parts=("batch",),
    )
    # nu = 1 + w, w >= 0 because E[s n] >= E[s^2] >= delta^2. The rate R_b = 1 - 1/nu_b is at least R_1^b by induction:
    # it is R_1 for b = 1, and R_{b+1} >= R_1 R_b.
    excess = sp.Symbol("w", positive=True)
    rate = sp.cancel(claim.formulas["best"].subs(NU, claim.formulas["batch"]).subs(NU, 1 + excess))
    one = sp.cancel(claim.formulas["best"].subs(NU, 1 + excess))
    yield check_identity(
        one,
        sp.cancel(rate.subs(B, 1)),
        detail="the rate of one draw",
        falsifier=FALSIFIER,
        parts=("steps",),
    )
    yield check_nonnegative(
        rate.subs(B, B + 1) - one * rate,
        [Term(B * excess)],
        multiplier=(B + 1 + excess) * (1 + excess) * (B + excess),
        detail="the rate of b + 1 draws less the product of those of one and of b, nu = 1 + w",
        falsifier=FALSIFIER,
        parts=("steps",),
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """E|x+|^2 over rational draws from function values in the plane, at the best step and at another."""
    curvature, start = Fraction(3), (Fraction(1), Fraction(-2))
    h = np.diag(np.array([curvature, curvature], dtype=object))
    laws = {name: (atoms, differenced(h, atoms, Fraction(1))) for name, atoms in fixed_laws().items()}
    laws |= {name: (atoms, turning(h, atoms)) for name, atoms in turning_laws().items()}
    values = {D: 2, P: sp.Rational(ALONG)}
    for name, (atoms, estimates) in laws.items():
        delta = designs.expectation(atoms, lambda v: v[0] ** 2)
        nu = sp.sympify(claim.formulas[name]).subs(values)
        best = Fraction(str(1 / nu)) / (delta * curvature)
        for step, stated, part in (
            (best, claim.formulas["best"].subs(NU, nu), "best"),
            (
                best / 3,
                claim.formulas["contraction"].subs({NU: nu, X: 1 / (3 * nu)}),
                "contraction",
            ),
        ):
            moment, _ = enumerated(estimates, step, start, 2)
            yield check_identity(
                stated**2,
                Fraction(np.trace(moment)) / designs.dot(start, start),
                detail=f"E|x|^2 after two steps over every sequence of draws, {part} step, {name}",
                falsifier=FALSIFIER,
                parts=(part, name),
                scope=Scope.INSTANCE,
            )
    for name in ("rademacher", "two atoms"):
        atoms, estimates = laws[name]
        delta = designs.expectation(atoms, lambda v: v[0] ** 2)
        nu = claim.formulas["batch"].subs({B: 3, NU: sp.sympify(claim.formulas[name]).subs(values)})
        step = Fraction(str(1 / nu)) / (delta * curvature)
        moment, _ = enumerated(averaged(estimates, 3), step, start, 1)
        yield check_identity(
            1 - 1 / nu,
            Fraction(np.trace(moment)) / designs.dot(start, start),
            detail=f"E|x|^2 after one best step with the mean of three draws, {name}",
            falsifier=FALSIFIER,
            parts=("batch",),
            scope=Scope.INSTANCE,
        )


@claim.check("package")
def package(claim) -> Iterator[Evidence]:
    """The package's dynamics in fractions, five dimensions."""
    size, delta, p, curvature = 5, Fraction(2, 3), Fraction(1, 3), Fraction(3, 2)
    laws = {
        "gaussian": Gaussian(size, delta),
        "sphere": Sphere(size, delta),
        "rademacher": Rademacher(size, delta),
        "coordinate": Coordinate(size, delta),
        "aligned": Following(DAP(FirstAxis(size), delta)),
        "two atoms": Following(TwoAtom(FirstAxis(size), p, delta)),
    }
    start = [Fraction(k + 1) for k in range(size)]
    for name, law in laws.items():
        nu = sp.sympify(claim.formulas[name]).subs({D: size, P: sp.Rational(p)})
        step = Fraction(str(1 / nu)) / (delta * curvature)
        values = QuadraticDynamics([curvature] * size, law, step, digits="exact").run(start, 2).values
        yield check_identity(
            claim.formulas["best"].subs(NU, nu),
            values[2] / values[1],
            detail=f"E f after the second best step over that after the first, d = 5, {name}",
            falsifier=FALSIFIER,
            parts=("best", name),
            scope=Scope.INSTANCE,
        )


@claim.check("exhaustion")
def exhaustion(claim) -> Iterator[Evidence]:
    """One step with the mean of b draws against b steps, both at their best, over a grid of nu and b."""
    wrong = pairs = 0
    for nu in (Fraction(k, 3) for k in range(3, 60)):
        for b in range(1, 9):
            several = Fraction(str(claim.formulas["batch"].subs({NU: sp.Rational(nu), B: b})))
            wrong += 1 - 1 / several < (1 - 1 / nu) ** b
            pairs += 1
    yield check_identity(
        0,
        wrong,
        detail=f"pairs (nu, b) among {pairs} for which one step with b draws contracts more than b steps",
        falsifier=FALSIFIER,
        parts=("steps",),
        scope=Scope.INSTANCE,
    )
