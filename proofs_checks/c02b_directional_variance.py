"""C2b: the variance along the gradient of a perturbation aligned with an estimated direction."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._c_designs import ABOVE_ONE, R, aligned_cases, alignment_of, normal_like
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative
from zotheory.checks.statistical import check_mean
from zotheory.derive.alignment import aligned_directional_moment, complement_fourth
from zotheory.derive.constructions import aligned_tensor
from zotheory.laws import DAP
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

claim = Claim(
    id="C2b",
    title="Estimated direction: variance along the gradient",
    kind=Kind.EQUALITY,
    plain="For a direction of alignment rho with the gradient, Var(g.a/|a|) in units of delta^2 |a|^2 is "
    "2 (1 - rho^4) with a Gaussian complement and 2 (1 - rho^2)((d+4) rho^2 + d - 2)/(d+1) with a spherical one, "
    "which is smaller by 6 (1 - rho^2)^2/(d+1). The largest value of the spherical one is 2 (d+1)/(d+4), at "
    "rho^2 = 3/(d+4).",
    latex=r"For a direction of alignment $\rho$, $\operatorname{Var}(g\cdot\hat a)/(\delta^2\|a\|^2)$ is "
    r"$2(1-\rho^4)$ with a Gaussian complement and $\frac{2(1-\rho^2)((d+4)\rho^2+d-2)}{d+1}$ with a spherical "
    r"one, smaller by $\frac{6(1-\rho^2)^2}{d+1}$ and at most $\frac{2(d+1)}{d+4}$, at $\rho^2=\frac3{d+4}$.",
    source="derived here",
    conditions=(
        "d >= 2",
        "one draw, mu -> 0",
        "the direction is independent of the sign and the complement",
    ),
    expected=Verdict.PROVED,
    formulas={
        "gaussian": 2 * (1 - R**2),
        "sphere": 2 * (1 - R) * ((D + 4) * R + D - 2) / (D + 1),
        "difference": 6 * (1 - R) ** 2 / (D + 1),
        "worst": 2 * (D + 1) / (D + 4),
        "worst alignment": 3 / (D + 4),
    },
    parts=("gaussian", "sphere", "difference", "worst"),
)

FALSIFIER = "an alignment with another directional variance, or one above the stated maximum"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """E[s^2] - 1 with a/|a| = rho e + sqrt(1 - rho^2) u, from the moments of the two components."""
    for name in ("gaussian", "sphere"):
        yield check_identity(
            claim.formulas[name],
            aligned_directional_moment(R, complement_fourth(D, name)) - 1,
            detail=f"binomial expansion with the complement's fourth moment, symbolic d, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
            constraints=[1 - R],
        )
    yield check_identity(
        claim.formulas["gaussian"] - claim.formulas["sphere"],
        claim.formulas["difference"],
        detail="Gaussian minus spherical complement",
        falsifier=FALSIFIER,
        parts=("difference",),
    )
    # worst - variance = 2 (d+4)/(d+1) (rho^2 - 3/(d+4))^2, a square.
    d = ABOVE_ONE + 1
    worst, at = (claim.formulas[name].subs(D, d) for name in ("worst", "worst alignment"))
    yield check_nonnegative(
        worst - claim.formulas["sphere"].subs(D, d),
        [Term(2 * (d + 4) / (d + 1), R - at)],
        detail="maximum minus variance is a square that vanishes at rho^2 = 3/(d+4), d = c + 1",
        falsifier=FALSIFIER,
        parts=("worst",),
    )


@claim.check("tensor")
def tensor(claim) -> Iterator[Evidence]:
    """a^T T4[a a^T] a / |a|^4 - 1 from the matrix of the construction, a = (x, y, 0)."""
    x, y = sp.symbols("x y", positive=True)
    for name in ("gaussian", "sphere"):
        a = sp.Matrix([x, y, 0])
        matrix = aligned_tensor(3, 1, name).matrix(x, (y, 0))
        derived = (a.T * matrix * a)[0, 0] / (x**2 + y**2) ** 2 - 1
        yield check_identity(
            claim.formulas[name].subs({R: x**2 / (x**2 + y**2), D: 3}),
            derived,
            detail=f"quadratic form of the fourth-moment matrix, d = 3, {name} complement",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.INSTANCE,
        )
        law = DAP([1, 0, 0], 1, name)
        yield check_identity(
            claim.formulas[name].subs({R: x**2 / (x**2 + y**2), D: 3}),
            sp.sympify(law.directional_fourth_moment(np.array([x, y, 0], dtype=object))) - 1,
            detail=f"the law's own E[s^2], d = 3, {name} complement",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.INSTANCE,
        )


def variance(atoms: designs.Atoms, a: tuple[Fraction, ...]) -> Fraction:
    """Return E[(s - 1)^2] over atoms with delta = 1."""
    s = designs.s_of(a)
    return designs.expectation(atoms, lambda v: (s(v) - 1) ** 2)


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    for name, atoms, a in aligned_cases():
        yield check_identity(
            claim.formulas[name].subs({R: alignment_of(a), D: len(a)}),
            variance(atoms, a),
            detail=f"Var s over rational atoms, d = {len(a)}, rho^2 = {alignment_of(a)}, {name} complement",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.INSTANCE,
        )
    # Both complements at the same gradient; and a grid of gradients that holds the worst alignment,
    # rho^2 = 3/(d+4): 9/18 for (3, 3), 9/27 for (3, 4, 1, 1, 0).
    worst = {2: (3, 3), 5: (3, 4, 1, 1, 0)}
    sphere = {
        2: designs.aligned(designs.sign_vectors(1)),
        5: designs.aligned(designs.four_sphere_design()),
    }
    for dim, at in worst.items():
        normal = designs.aligned(normal_like(dim - 1))
        for a in (tuple(map(Fraction, at)), tuple(Fraction(j + 1) for j in range(dim))):
            yield check_identity(
                claim.formulas["difference"].subs({R: alignment_of(a), D: dim}),
                variance(normal, a) - variance(sphere[dim], a),
                detail=f"Var s over rational atoms, Gaussian minus spherical, d = {dim}, rho^2 = {alignment_of(a)}",
                falsifier=FALSIFIER,
                parts=("difference",),
                scope=Scope.INSTANCE,
            )
        grid = [tuple(map(Fraction, (j, *at[1:]))) for j in range(13)]
        values = {alignment_of(a): variance(sphere[dim], a) for a in grid}
        largest = max(values, key=lambda rho2, table=values: table[rho2])
        yield check_identity(
            [claim.formulas["worst"].subs(D, dim), claim.formulas["worst alignment"].subs(D, dim)],
            [values[largest], largest],
            detail=f"largest Var s over {len(grid)} rational gradients and where it is, d = {dim}",
            falsifier=FALSIFIER,
            parts=("worst",),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    dim, rho2 = 6, sp.Rational(9, 25)
    a = np.array([0.6, 0.8] + [0.0] * (dim - 2))
    for name in ("gaussian", "sphere"):
        law = DAP([1.0] + [0.0] * (dim - 1), 1.0, name)
        claimed = float(claim.formulas[name].subs({R: rho2, D: dim}))

        def sample(n: int, rng: np.random.Generator, law: DAP = law) -> np.ndarray:
            return ((law.sample(n, rng) @ a) ** 2 - 1) ** 2

        yield check_mean(
            sample,
            claimed,
            resolvable=0.05 * claimed,
            rng=stream(2024, claim.id, name),
            detail=f"Var s, d = {dim}, rho^2 = {rho2}, {name} complement",
            parts=(name,),
        )
