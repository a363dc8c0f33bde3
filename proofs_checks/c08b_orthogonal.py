"""C8b: break condition: a rough estimate orthogonal to the gradient, and the worst alignment there is."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._c_designs import ABOVE_ONE, R, normal_like
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.alignment import aligned_directional_moment, complement_fourth
from zotheory.derive.constructions import aligned_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import DAP
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

claim = Claim(
    id="C8b",
    title="Orthogonal rough estimate: no loss with a spherical complement; any direction costs at most 12/((d+2)(d+4))",
    kind=Kind.UPPER_BOUND,
    plain="Draws aligned with a direction orthogonal to the gradient have, with a spherical complement, nu = d and a "
    "directional variance of 2(d-2)/(d+1), below the sphere's 2(d-1)/(d+2) by 6/((d+1)(d+2)) (units delta^2 |a|^2); with "
    "a Gaussian complement nu = d + 2 and directional variance 2, as for a Gaussian law. No direction at all costs more "
    "than 12/((d+2)(d+4)) above the sphere's directional variance (spherical complement), reached at rho^2 = 3/(d+4).",
    latex=r"Draws aligned with a direction orthogonal to $a$: with a spherical complement $\nu=d$ and directional variance "
    r"$\frac{2(d-2)}{d+1}$, below the sphere's $\frac{2(d-1)}{d+2}$ by $\frac6{(d+1)(d+2)}$ (units $\delta^2\|a\|^2$); with "
    r"a Gaussian complement $\nu=d+2$ and $2$, as for a Gaussian law. No direction costs more than $\frac{12}{(d+2)(d+4)}$ "
    r"above the sphere (spherical complement), reached at $\rho^2=\frac3{d+4}$.",
    source="derived here",
    conditions=("d >= 2", "one draw, mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "orthogonal": 2 * (D - 2) / (D + 1),
        "saved": 6 / ((D + 1) * (D + 2)),
        "gaussian": sp.Integer(2),
        "factors": (D, D + 2),
        "worst cost": 12 / ((D + 2) * (D + 4)),
        "worst alignment": 3 / (D + 4),
    },
    parts=("orthogonal", "gaussian complement", "worst case"),
    depends=("C2", "C2b", "C2c"),
)

FALSIFIER = "an alignment that costs more, or another variance at alignment zero"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    sphere = classical_tensor("sphere", D).along_gradient() - 1
    aligned = {
        name: aligned_directional_moment(R, complement_fourth(D, name)) - 1
        for name in ("sphere", "gaussian")
    }
    at_zero = aligned["sphere"].subs(R, 0)
    factors = claim.formulas["factors"]
    yield check_identity(
        [claim.formulas["orthogonal"], claim.formulas["saved"], factors[0]],
        [at_zero, sphere - at_zero, aligned_tensor(D).trace(D, rho2=0)],
        detail="directional variance at alignment zero, what it saves, and nu, spherical complement",
        falsifier=FALSIFIER,
        parts=("orthogonal",),
    )
    gaussian = classical_tensor("gaussian", D)
    yield check_identity(
        [claim.formulas["gaussian"], factors[1]] * 2,
        [
            aligned["gaussian"].subs(R, 0),
            aligned_tensor(D, 1, "gaussian").trace(D, rho2=0),
            gaussian.along_gradient() - 1,
            gaussian.trace(D),
        ],
        detail="directional variance and nu at alignment zero with a Gaussian complement, and those of a Gaussian law",
        falsifier=FALSIFIER,
        parts=("gaussian complement",),
    )
    d = ABOVE_ONE + 1
    cost = (aligned["sphere"] - sphere).subs(D, d)
    yield check_nonnegative(
        claim.formulas["worst cost"].subs(D, d) - cost,
        [Term(2 * (d + 4) / (d + 1), R - claim.formulas["worst alignment"].subs(D, d))],
        detail="12/((d+2)(d+4)) minus the cost is a square that vanishes at the worst alignment, d = c + 1",
        falsifier=FALSIFIER,
        parts=("worst case",),
    )
    yield check_relation(
        sp.factor(sp.numer(sp.together((1 - claim.formulas["worst alignment"]).subs(D, d)))),
        ">",
        0,
        detail="the worst alignment is below one",
        falsifier=FALSIFIER,
        parts=("worst case",),
        scope=Scope.GENERAL,
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Rational atoms, the gradient orthogonal to the direction: d = 5 by the 24-cell, d = 3 for a Gaussian one."""
    cases = [
        ("orthogonal", designs.aligned(designs.four_sphere_design()), claim.formulas["orthogonal"], 0),
        ("gaussian complement", designs.aligned(normal_like(2)), claim.formulas["gaussian"], 1),
    ]
    for part, atoms, variance, index in cases:
        size = len(atoms[0][1])
        a = (Fraction(0), Fraction(3), Fraction(-1), *(Fraction(2),) * (size - 3))
        s = designs.s_of(a)
        yield check_identity(
            [variance.subs(D, size), claim.formulas["factors"][index].subs(D, size)],
            [
                designs.expectation(atoms, lambda v, s=s: (s(v) - 1) ** 2),
                designs.energy_product(atoms, a),
            ],
            detail=f"Var s and E[s n] over rational atoms, direction orthogonal to the gradient, d = {size}",
            falsifier=FALSIFIER,
            parts=(part,),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    dim = 6
    worst = claim.formulas["worst alignment"].subs(D, dim)
    law = DAP([1.0] + [0.0] * (dim - 1))
    sphere = sp.Rational(2 * (dim - 1), dim + 2)
    cases = (
        ("orthogonal", 0.0, float(claim.formulas["orthogonal"].subs(D, dim))),
        ("worst case", float(worst), float(sphere + claim.formulas["worst cost"].subs(D, dim))),
    )
    for part, rho2, claimed in cases:
        a = np.array([np.sqrt(rho2), np.sqrt(1 - rho2)] + [0.0] * (dim - 2))

        def sample(n: int, rng: np.random.Generator, a: np.ndarray = a) -> np.ndarray:
            return ((law.sample(n, rng) @ a) ** 2 - 1) ** 2

        yield check_mean(
            sample,
            claimed,
            resolvable=0.05 * claimed,
            rng=stream(2024, claim.id, part),
            detail=f"Var s at rho^2 = {rho2:.3g}, d = {dim}",
            parts=(part,),
        )
