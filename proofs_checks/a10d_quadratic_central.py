"""A10d: central differences on a quadratic have no finite-step error at all."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._smooth import MU, SIGMA, A, N, mean_of, mean_square, quadratic, slope
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.ledger.claim import Claim, Kind, Verdict

Y = sp.Symbol("y", real=True)  # a.v

claim = Claim(
    id="A10d",
    title="Central differences on a quadratic are exact for every step",
    kind=Kind.EQUALITY,
    plain="For f quadratic, every v and every mu the central difference quotient is a.v, so "
    "E|g|^2 = V |a|^2 for every law.",
    latex=r"For $f$ quadratic, every $v$ and every $\mu$ the central difference quotient is $a\cdot v$, "
    r"so "
    r"$E\|\hat g\|^2=V\|a\|^2$ for every law.",
    source="derived here; classical",
    conditions=("f(x) = c + b.x + x^T H x/2", "exact function values"),
    expected=Verdict.PROVED,
    formulas={"slope": Y, "second moment": A**2 * SIGMA**2 * N},
    parts=("slope", "second moment"),
)

FALSIFIER = "a quadratic whose central difference quotient is not a.v"


@claim.check("expansion")
def expansion(claim) -> Iterator[Evidence]:
    """f(x +- mu v) = f(x) +- mu a.v + mu^2 v^T H v/2, in any dimension."""
    value, q = sp.symbols("f q", real=True)
    ahead, behind = (value + sign * MU * Y + MU**2 * q / 2 for sign in (1, -1))
    quotient = (ahead - behind) / (2 * MU)
    yield check_identity(
        claim.formulas["slope"],
        quotient,
        detail="central difference quotient, any dimension",
        falsifier=FALSIFIER,
        parts=("slope",),
    )
    yield check_identity(
        claim.formulas["second moment"],
        (quotient**2 * N).subs(Y, A * SIGMA),
        detail="|g|^2 for each v with |a.v| = A sigma",
        falsifier=FALSIFIER,
        parts=("second moment",),
    )


@claim.check("written out")
def written_out(claim) -> Iterator[Evidence]:
    """The general quadratic in two and three variables, all entries symbols."""
    for size in (2, 3):
        x, v, b = (sp.Matrix(sp.symbols(f"{letter}1:{size + 1}", real=True)) for letter in "xvb")
        entries = iter(sp.symbols(f"h1:{size * (size + 1) // 2 + 1}", real=True))
        hessian = sp.zeros(size, size)
        for i in range(size):
            for j in range(i, size):
                hessian[i, j] = hessian[j, i] = next(entries)
        values = [b.dot(z) + (z.T * hessian * z)[0, 0] / 2 for z in (x + MU * v, x - MU * v)]
        yield check_identity(
            claim.formulas["slope"].subs(Y, (b + hessian * x).dot(v)),
            (values[0] - values[1]) / (2 * MU),
            detail=f"central difference quotient of the general quadratic, d = {size}",
            falsifier=FALSIFIER,
            parts=("slope",),
            scope=Scope.INSTANCE,
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    f = quadratic([[1, Fraction(1, 2)], [Fraction(1, 2), -1]], [3, 4], 5)
    laws = {
        "three-point": designs.three_point_product(2),
        "skewed": designs.rotated(designs.complements(2)["skewed"], designs.ROTATION[2]),
    }
    for name, atoms in laws.items():
        for mu in (Fraction(1, 100), Fraction(7, 2)):
            yield check_identity(
                mean_of(claim.formulas["second moment"], f, atoms, mu),
                mean_square(f, atoms, mu, central=True),
                detail=f"E|g|^2 over rational atoms, {name} law, mu = {mu}",
                falsifier=FALSIFIER,
                parts=("second moment",),
                scope=Scope.INSTANCE,
            )
            point = atoms[0][1]
            yield check_relation(
                slope(f, point, mu, central=True),
                "==",
                claim.formulas["slope"].subs(Y, sp.Rational(designs.dot(f.a, point))),
                detail=f"quotient along one atom of the {name} law, mu = {mu}",
                falsifier=FALSIFIER,
                parts=("slope",),
            )
