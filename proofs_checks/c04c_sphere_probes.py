"""C4c: the same gain when the rough estimate itself is made of sphere estimates: few draws, and the plane."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._c_designs import ABOVE_ONE, K, R
from proofs_checks._c_two_stage import simulate
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.alignment import (
    aligned_directional_moment,
    averaged,
    beta_moment,
    circle_alignment,
    circle_harmonics,
    complement_fourth,
    pair_alignment,
)
from zotheory.derive.tensor import classical_tensor
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

claim = Claim(
    id="C4c",
    title="A rough estimate of two sphere draws helps along the gradient iff d < 4; in the plane k >= 2 does",
    kind=Kind.IFF,
    plain="Let the direction be that of the mean of k sphere estimates. In units of delta^2 |a|^2 the directional "
    "variance of a draw aligned with it (spherical complement), averaged over stage 1, is below the sphere's by 0 "
    "for k = 1, by -2 (d-1)(d-4)/(d^2 (d+2)^2) for k = 2 (so two draws help iff d < 4), and by "
    "(k-1)(k^2-3k+3)/(2 k^3) in the plane, positive for every k >= 2.",
    latex=r"For the direction of the mean of $k$ sphere estimates, the mean directional variance of a draw aligned "
    r"with it (spherical complement) is below the sphere's by $0$ for $k=1$, by $-\frac{2(d-1)(d-4)}{d^2(d+2)^2}$ "
    r"for $k=2$ (two draws help iff $d<4$), and by $\frac{(k-1)(k^2-3k+3)}{2k^3}>0$ for $d=2$, $k\ge2$ (units "
    r"$\delta^2\|a\|^2$).",
    source="derived here",
    conditions=("d >= 2, mu -> 0", "averaged over stage 1", "k = 1, k = 2, or d = 2"),
    expected=Verdict.PROVED,
    formulas={
        "one": sp.Integer(0),
        "two": -2 * (D - 1) * (D - 4) / (D**2 * (D + 2) ** 2),
        "plane": (K - 1) * (K**2 - 3 * K + 3) / (2 * K**3),
    },
    parts=("one draw", "two draws", "plane", "iff"),
    depends=("C2b", "C3b"),
)

FALSIFIER = "another gain, or another sign of it"


def gain(dim: sp.Expr, moments: tuple[sp.Expr, sp.Expr]) -> sp.Expr:
    """Return the sphere's directional variance minus the aligned law's, given E[rho^2] and E[rho^4]."""
    difference = classical_tensor("sphere", dim).along_gradient() - aligned_directional_moment(
        R, complement_fourth(dim)
    )
    return averaged(difference, R, moments)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # One draw: the direction is u itself, rho^2 = u_1^2 has the Beta(1/2, (d-1)/2) law.
    half = sp.Rational(1, 2)
    cases = {
        "one": ("one draw", D, [beta_moment(half, (D - 1) / 2, p) for p in (1, 2)]),
        "two": ("two draws", D, [pair_alignment(D, p) for p in (1, 2)]),
        "plane": ("plane", sp.Integer(2), [circle_alignment(K, p) for p in (1, 2)]),
    }
    for name, (part, dim, moments) in cases.items():
        yield check_identity(
            claim.formulas[name],
            gain(dim, (moments[0], moments[1])),
            detail=f"gain from the derived moments of rho^2: {part}",
            falsifier=FALSIFIER,
            parts=(part,),
            scope=Scope.GENERAL,  # d (or k) is a symbol in the derived side, even where it cancels
        )
    two = claim.formulas["two"]
    for dim, relation in ((2, ">"), (3, ">"), (4, "=="), (ABOVE_ONE + 4, "<")):
        yield check_relation(
            sp.factor(two.subs(D, dim)),
            relation,
            0,
            detail=f"sign of the gain of two draws at d = {dim}",
            falsifier=FALSIFIER,
            parts=("iff", "two draws"),
            scope=Scope.GENERAL,
        )
    yield check_relation(
        sp.expand(sp.numer(sp.together(claim.formulas["plane"].subs(K, ABOVE_ONE + 1)))),
        ">",
        0,
        detail="sign of the gain in the plane at k = c + 1, numerator over a positive denominator",
        falsifier=FALSIFIER,
        parts=("plane",),
        scope=Scope.GENERAL,
    )


@claim.check("angle")
def angle(claim) -> Evidence:
    """In the plane s - 1 = cos 2(angle of v) = +-sin 2 phi for an aligned draw: variance (1 - E cos 4 phi)/2."""
    _, quadruple = circle_harmonics(K)
    return check_identity(
        claim.formulas["plane"],
        sp.Rational(1, 2) - (1 - quadruple) / 2,
        detail="1/2 of the sphere minus E[sin^2 2 phi], phi the angle of the rough estimate",
        falsifier=FALSIFIER,
        parts=("plane",),
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """E|w|^2 and E|w|^4 of the mean w of k points of the circle, from a design with its moments, in fractions."""
    for k in (2, 3):
        square = fourth = Fraction(0)
        for weight, total in _sums(designs.circle_design(), k):
            length2 = designs.dot(total, total) / k**2
            square += weight * length2
            fourth += weight * length2**2
        yield check_identity(
            claim.formulas["plane"].subs(K, k),
            (1 - 4 * square + 3 * fourth) / 2,
            detail=f"(1 - 4 E|w|^2 + 3 E|w|^4)/2 over twelve points of the circle, k = {k}",
            falsifier=FALSIFIER,
            parts=("plane",),
            scope=Scope.INSTANCE,
        )


def _sums(atoms: designs.Atoms, k: int) -> Iterator[tuple[Fraction, tuple[Fraction, Fraction]]]:
    if k == 0:
        yield Fraction(1), (Fraction(0), Fraction(0))
        return
    for weight, total in _sums(atoms, k - 1):
        for w, v in atoms:
            yield weight * w, (total[0] + v[0], total[1] + v[1])


@claim.check("quadrature")
def quadrature(claim) -> Iterator[Evidence]:
    """Two draws in d = 3, ..., 7: rho = r cos(arg(1 + c z)), |z| = 1 uniform, c = u_1.u_2, r^2 = |a on their span|^2.

    cos 2 arg(1 + c z) = Re (1 + c z)/(1 + c/z) has the mean 1 - c^2 over z, and cos 4 arg(1 + c z) the mean
    1 - 4 c^2 + 3 c^4: the constant terms of the Laurent series.
    """
    y, x = sp.symbols("y x", positive=True)
    for dim in range(3, 8):
        weight = sp.sin(y) ** (dim - 2)  # density of the angle between the two probes
        mass = sp.integrate(weight, (y, 0, sp.pi))
        c2, c4 = (sp.integrate(weight * sp.cos(y) ** p, (y, 0, sp.pi)) / mass for p in (2, 4))
        # 1 - r^2 = x^2 has the density of the square of a (d-2)-part: x^(d-3) for x.
        r2, r4 = (
            sp.integrate(sp.expand((1 - x**2) ** p * x ** (dim - 3)), (x, 0, 1)) * (dim - 2) for p in (1, 2)
        )
        double, quadruple = 1 - c2, 1 - 4 * c2 + 3 * c4
        rho2, rho4 = r2 * (1 + double) / 2, r4 * (3 + 4 * double + quadruple) / 8
        # 2 (1 - R)((d+4) R + d - 2)/(d+1), averaged.
        variance = 2 * (dim - 2 + 6 * rho2 - (dim + 4) * rho4) / sp.Integer(dim + 1)
        drop = sp.nsimplify(sp.Rational(2 * (dim - 1), dim + 2) - variance)
        yield check_identity(
            claim.formulas["two"].subs(D, dim),
            drop,
            detail=f"gain of two draws by integrals over the angles, d = {dim}",
            falsifier=FALSIFIER,
            parts=("two draws",),
            scope=Scope.INSTANCE,
        )
        yield check_relation(
            drop,
            ">" if dim < 4 else "==" if dim == 4 else "<",
            0,
            detail=f"sign of that gain, d = {dim}",
            falsifier=FALSIFIER,
            parts=("iff",),
        )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    """Directional variance of a stage-2 draw."""
    cases = (
        ("one draw", "one", 5, 1),
        ("two draws", "two", 3, 2),
        ("two draws", "two", 12, 2),
        ("plane", "plane", 2, 4),
    )
    for part, name, dim, k in cases:
        drop = sp.sympify(claim.formulas[name]).subs({D: dim, K: k})
        claimed = float(sp.Rational(2 * (dim - 1), dim + 2) - drop)

        def sample(n: int, rng: np.random.Generator, dim: int = dim, k: int = k) -> np.ndarray:
            return (simulate(dim, k, 1, n, rng, "sphere").second[:, 0] - 1) ** 2

        yield check_mean(
            sample,
            claimed,
            resolvable=0.06 * claimed,
            rng=stream(2024, claim.id, dim, k),
            detail=f"directional variance of a stage-2 draw, d = {dim}, k = {k}",
            parts=(part,),
        )
