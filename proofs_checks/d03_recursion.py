"""D3: the exact recursion of E[x x^T] on a quadratic, law by law."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from proofs_checks._dynamics import (
    ALONG,
    ETA,
    P,
    averaged,
    derived,
    differenced,
    enumerated,
    fixed_laws,
    recursed,
    turning,
    turning_laws,
)
from proofs_checks._shared import DELTA, D
from zotheory.bounds.dynamics.quadratic import Following, QuadraticDynamics
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.laws import DAP, Coordinate, FirstAxis, Gaussian, Rademacher, Sphere, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict

B = sp.Symbol("b", integer=True, positive=True)
CURVE = sp.Symbol("h", real=True)
LAWS = ("gaussian", "sphere", "rademacher", "coordinate", "aligned", "two atoms")

claim = Claim(
    id="D3",
    title="Exact dynamics on quadratics: E[x x^T] obeys a linear recursion, in closed form for six laws",
    kind=Kind.EQUALITY,
    plain="For f = x^T H x/2, x+ = x - eta g and central differences of any mu, E[x+] = (I - eta delta H) E[x] and "
    "M = E[x x^T] obeys M+ = M - eta delta (HM + MH) + eta^2 T[HMH] with T[S] = alpha tr(S) I + beta S + gamma diag(S); "
    "in units of delta^2, (alpha, beta, gamma) is (1, 2, 0) for the Gaussian law, d/(d+2) times that for the sphere, "
    "(1, 2, -2) for Rademacher signs, (0, 0, d) for random coordinates, (1, 0, 0) for perturbations aligned with the "
    "exact gradient and (0, 1/p, 0) for the two-atom law along it. The mean of b independent draws has "
    "T/b + (1 - 1/b) delta^2 S.",
    latex=r"For $f=\frac12x^\top Hx$, $x^+=x-\eta g$ and central differences of any $\mu$, "
    r"$E[x^+]=(I-\eta\delta H)E[x]$ and $M=E[xx^\top]$ obeys $M^+=M-\eta\delta(HM+MH)+\eta^2T[HMH]$, "
    r"$T[S]=\alpha\operatorname{tr}(S)I+\beta S+\gamma\operatorname{diag}S$; in units of $\delta^2$, "
    r"$(\alpha,\beta,\gamma)$ is $(1,2,0)$ (Gaussian), $\frac d{d+2}(1,2,0)$ (sphere), $(1,2,-2)$ (Rademacher), "
    r"$(0,0,d)$ (coordinates), $(1,0,0)$ (aligned with the gradient), $(0,\frac1p,0)$ (two atoms along it). The mean of "
    r"$b$ draws has $\frac1bT+(1-\frac1b)\delta^2S$.",
    source="derived here",
    conditions=(
        "f is quadratic with its minimum at 0",
        "the draws of different steps are independent",
        "aligned, two atoms: the direction is the exact gradient of each point; any complement",
    ),
    expected=Verdict.PROVED,
    formulas={
        "gaussian": (1, 2, 0),
        "sphere": (D / (D + 2), 2 * D / (D + 2), 0),
        "rademacher": (1, 2, -2),
        "coordinate": (0, 0, D),
        "aligned": (1, 0, 0),
        "two atoms": (0, 1 / P, 0),
        "mean": 1 - ETA * DELTA * CURVE,  # factor of E[x] along an eigenvector of curvature h
        "batch": (1 / B, 1 - 1 / B),  # of T and of delta^2 S
    },
    parts=(*LAWS, "mean", "batch"),
)

FALSIFIER = "a law, a quadratic and a start whose second moments leave the recursion"
H = np.array([[Fraction(2), Fraction(1, 2)], [Fraction(1, 2), Fraction(1)]])
START, STEP = (Fraction(1), Fraction(-2)), Fraction(1, 5)


def numbers(claim: Claim, name: str, dim: int, delta: Any, p: Fraction = ALONG) -> list[sp.Expr]:
    """Return the stated coefficients at a dimension and a scale."""
    values = {D: dim, P: sp.Rational(p)}
    return [sp.Rational(delta) ** 2 * sp.sympify(x).subs(values) for x in claim.formulas[name]]


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # x+ x+^T = x x^T - eta (x g^T + g x^T) + eta^2 g g^T with g = v v^T a, a = Hx. Given x, E[g] = delta a, and
    # E[g g^T] = T4[a a^T]; both are linear in x and x x^T, whose mean is M, and the matrices a a^T span.
    for name in LAWS:
        tensor = derived(name, D, DELTA).in_units(DELTA**2)
        yield check_identity(
            claim.formulas[name],
            [tensor.identity, tensor.outer, tensor.diagonal],
            detail=f"coefficients of |a|^2 I, a a^T and diag(a^2) in T4[a a^T], symbolic d, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.GENERAL,
        )
    # Along a unit eigenvector, one coordinate of an eigenbasis: x_1+ = x_1 - eta v_1 sum_j v_j h_j x_j.
    x1, x2, h2 = sp.symbols("x1 x2 h2", real=True)
    same, mixed = sp.symbols("v11 v12", real=True)  # v_1^2 and v_1 v_2
    moved = x1 - ETA * (same * CURVE * x1 + mixed * h2 * x2)
    yield check_identity(
        claim.formulas["mean"] * x1,
        moved.subs({same: DELTA, mixed: 0}),
        detail="E[x+] along an eigenvector, E[v_1^2] = delta and E[v_1 v_j] = 0 for each other j",
        falsifier=FALSIFIER,
        parts=("mean",),
    )
    # Of the b^2 products of two draws b are of a draw with itself.
    same, cross = sp.symbols("T S", real=True)
    share, rest = claim.formulas["batch"]
    yield check_identity(
        share * same + rest * cross,
        sp.expand((B * same + B * (B - 1) * cross) / B**2),
        detail="mean of the b^2 products g_i g_j^T, T4 for i = j and delta^2 a a^T for i != j",
        falsifier=FALSIFIER,
        parts=("batch",),
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """E[x x^T] over every sequence of rational draws, from function values where the law stays fixed."""
    cases = {}
    for name, atoms in fixed_laws().items():
        delta = sum((w * v[0] ** 2 for w, v in atoms), start=Fraction(0))
        cases[name] = (delta, differenced(H, atoms, Fraction(2, 3)))
    for name, atoms in turning_laws().items():
        delta = sum((w * v[0] ** 2 for w, v in atoms), start=Fraction(0))
        cases[name] = (delta, turning(H, atoms))
    for name, (delta, estimates) in cases.items():
        found, mean = enumerated(estimates, STEP, START, 2)
        yield check_identity(
            recursed(H, numbers(claim, name, 2, delta), delta, STEP, START, 2),
            sp.Matrix(found.tolist()),
            detail=f"E[x x^T] after two steps over every sequence of draws, mu = 2/3, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.INSTANCE,
        )
        # The stated factor is linear in the curvature: H in its place.
        slope = (
            sp.diff(claim.formulas["mean"], CURVE)
            .subs(ETA, sp.Rational(STEP))
            .subs(DELTA, sp.Rational(delta))
        )
        matrix = claim.formulas["mean"].subs(CURVE, 0) * sp.eye(2) + slope * sp.Matrix(H.tolist())
        yield check_identity(
            matrix**2 * sp.Matrix(START),
            sp.Matrix(mean.tolist()),
            detail=f"E[x] after two steps over every sequence of draws, {name}",
            falsifier=FALSIFIER,
            parts=("mean",),
            scope=Scope.INSTANCE,
        )
    for name in ("rademacher", "aligned"):
        delta, estimates = cases[name]
        share, rest = (sp.Rational(x.subs(B, 3)) for x in claim.formulas["batch"])
        one = numbers(claim, name, 2, delta)
        several = [share * x + rest * sp.Rational(delta) ** 2 * int(k == 1) for k, x in enumerate(one)]
        found, _ = enumerated(averaged(estimates, 3), STEP, START, 1)
        yield check_identity(
            recursed(H, several, delta, STEP, START, 1),
            sp.Matrix(found.tolist()),
            detail=f"E[x x^T] after a step with the mean of three draws, {name}",
            falsifier=FALSIFIER,
            parts=("batch",),
            scope=Scope.INSTANCE,
        )


@claim.check("package")
def package(claim) -> Iterator[Evidence]:
    """The package's own dynamics in fractions, four dimensions, three steps, the whole matrix followed."""
    size, delta, p = 4, Fraction(3, 2), Fraction(1, 3)
    h = [[Fraction(2 * (i == j)) + Fraction(1, 1 + i + j) for j in range(size)] for i in range(size)]
    start = (Fraction(1), Fraction(-1), Fraction(2), Fraction(1, 2))
    laws = {
        "gaussian": Gaussian(size, delta),
        "sphere": Sphere(size, delta),
        "rademacher": Rademacher(size, delta),
        "coordinate": Coordinate(size, delta),
        "aligned": Following(DAP(FirstAxis(size), delta)),
        "two atoms": Following(TwoAtom(FirstAxis(size), p, delta)),
    }
    for name, law in laws.items():
        dynamics = QuadraticDynamics(h, law, Fraction(1, 7), digits="exact")
        yield check_identity(
            recursed(h, numbers(claim, name, size, delta, p), delta, Fraction(1, 7), start, 3),
            sp.Matrix(dynamics.run(start, 3).moments[-1].tolist()),
            detail=f"E[x x^T] after three steps in R^4 by the package's recursion, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.INSTANCE,
        )
