"""C2: the total error of a perturbation that is aligned with an estimated direction."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._c_designs import R, aligned_cases, alignment_of, normal_like
from proofs_checks._shared import DELTA, D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.checks.statistical import check_mean
from zotheory.derive.constructions import aligned_tensor
from zotheory.laws import DAP
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

claim = Claim(
    id="C2",
    title="Estimated direction: nu = d for a spherical complement, d + 2 (1 - rho^2) for a Gaussian one",
    kind=Kind.EQUALITY,
    plain="A perturbation aligned with a direction of alignment rho to the gradient has nu = d for every rho if "
    "its complement is spherical (its length is then fixed), and nu = d + 2 (1 - rho^2) if it is Gaussian. The "
    "same holds on average if the direction is random and independent of the perturbation, with E[rho^2].",
    latex=r"A perturbation aligned with a direction of alignment $\rho$ to the gradient has $\nu=d$ for every "
    r"$\rho$ if its complement is spherical, $\nu=d+2(1-\rho^2)$ if it is Gaussian; for a random independent "
    r"direction put $E\rho^2$.",
    source="derived here; perturbations aligned with an estimate are those of arXiv 2510.19975, Algorithm 2, "
    "as summarised",
    conditions=(
        "d >= 2",
        "one draw, mu -> 0",
        "the direction is independent of the sign and the complement",
    ),
    expected=Verdict.PROVED,
    formulas={"sphere": D, "gaussian": D + 2 * (1 - R), "length": DELTA * D},
    parts=("sphere", "gaussian", "random direction"),
)

FALSIFIER = "a dimension factor that differs from the stated one"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    for name in ("sphere", "gaussian"):
        derived = sp.cancel(aligned_tensor(D, DELTA, name).trace(D, rho2=R) / DELTA**2)
        yield check_identity(
            claim.formulas[name],
            derived,
            detail=f"trace of the fourth-moment tensor, symbolic d, {name} complement",
            falsifier=FALSIFIER,
            parts=(name,),
        )
        # E over a random direction: a factor that commutes with every mixture of two alignments is affine
        # in rho^2, and then only E[rho^2] enters.
        share, one, other = sp.symbols("p r1 r2", nonnegative=True)
        stated, factor = sp.sympify(claim.formulas[name]), sp.sympify(derived)
        yield check_identity(
            stated.subs(R, share * one + (1 - share) * other),
            sp.expand(share * factor.subs(R, one) + (1 - share) * factor.subs(R, other)),
            detail=f"mixture of any two alignments: the factor at the mean rho^2, {name} complement",
            falsifier=FALSIFIER,
            parts=("random direction",),
        )
    # Fixed length delta + delta (d - 1), so E[s n] = delta d E[s], whatever the alignment.
    yield check_identity(
        [claim.formulas["length"], claim.formulas["sphere"]],
        [DELTA + DELTA * (D - 1), sp.cancel(claim.formulas["length"] * DELTA / DELTA**2)],
        detail="spherical complement: |v|^2 is constant and nu = |v|^2 E[s] / delta^2",
        falsifier=FALSIFIER,
        parts=("sphere",),
    )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    x, y = sp.symbols("x y", positive=True)
    for name in ("sphere", "gaussian"):
        for size in (2, 4):
            a = np.array([x, y] + [0] * (size - 2), dtype=object)
            one = DAP([1] + [0] * (size - 1), DELTA, name)
            yield check_identity(
                claim.formulas[name].subs({R: x**2 / (x**2 + y**2), D: size}),
                one.dimension_factor(a),
                detail=f"the law's own factor for a = (x, y, 0, ...), d = {size}, {name} complement",
                falsifier=FALSIFIER,
                parts=(name,),
                scope=Scope.INSTANCE,
            )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    for name, atoms, a in aligned_cases():
        yield check_identity(
            sp.sympify(claim.formulas[name]).subs({R: alignment_of(a), D: len(a)}),
            designs.energy_product(atoms, a) / designs.scale_of(atoms) ** 2,
            detail=f"nu over rational atoms, d = {len(a)}, rho^2 = {alignment_of(a)}, {name} complement",
            falsifier=FALSIFIER,
            parts=(name,),
            scope=Scope.INSTANCE,
        )
    # A random direction: the first axis with probability 1/3, else the first row of a rotation.
    rows, a, share = designs.ROTATION[3], (Fraction(1), Fraction(-2), Fraction(5)), Fraction(1, 3)
    atoms = designs.aligned(normal_like(2))
    random = designs.mixture(atoms, designs.rotated(atoms, rows), share)
    squares = [(share, a[0] ** 2), (1 - share, designs.dot(rows[0], a) ** 2)]
    mean = sum((p * x for p, x in squares), start=Fraction(0)) / designs.dot(a, a)
    yield check_identity(
        claim.formulas["gaussian"].subs({R: sp.Rational(mean), D: 3}),
        designs.energy_product(random, a) / designs.scale_of(random) ** 2,
        detail=f"nu over rational atoms with one of two directions, mean rho^2 = {mean}, gaussian complement",
        falsifier=FALSIFIER,
        parts=("random direction",),
        scope=Scope.INSTANCE,
    )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    """The direction is drawn anew: (rho, sqrt(1 - rho^2)) with rho^2 uniform on [0, 1], d = 5."""
    dim = 5
    for name in ("sphere", "gaussian"):
        law = DAP([1.0] + [0.0] * (dim - 1), 1.0, name)
        claimed = float(sp.sympify(claim.formulas[name]).subs({D: dim, R: sp.Rational(1, 2)}))

        def sample(n: int, rng: np.random.Generator, law: DAP = law) -> np.ndarray:
            v, rho2 = law.sample(n, rng), rng.random(n)
            s = (np.sqrt(rho2) * v[:, 0] + np.sqrt(1 - rho2) * v[:, 1]) ** 2
            return s * (v**2).sum(axis=1)

        yield check_mean(
            sample,
            claimed,
            resolvable=0.03 * claimed,
            rng=stream(2024, claim.id, name),
            detail=f"E[s n] with rho^2 uniform on [0, 1], d = 5, {name} complement",
            parts=("random direction", name),
        )
