"""C2c: the alignment from which a perturbation aligned with an estimate beats the sphere along the gradient."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._c_designs import ABOVE_ONE, R
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.alignment import aligned_directional_moment, beta_moment, complement_fourth
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import DAP, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

ROOT = sp.sqrt(6 * (D + 1) / (D + 2))
GAP = sp.Symbol("g", positive=True)

claim = Claim(
    id="C2c",
    title="Beats the sphere along the gradient iff rho^2 > (3 + sqrt(6(d+1)/(d+2)))/(d+4), or very small",
    kind=Kind.IFF,
    plain="Variance along the gradient of the sphere minus that of a perturbation aligned with a direction of "
    "alignment rho (spherical complement) is 2 ((d+2)(d+4) rho^4 - 6 (d+2) rho^2 + 3)/((d+1)(d+2)) in units of "
    "delta^2 |a|^2: positive iff rho^2 > r+ or rho^2 < r-, r+- = (3 +- sqrt(6(d+1)/(d+2)))/(d+4), both in (0, 1). "
    "Its mean over a uniformly random direction is zero.",
    latex=r"Variance along the gradient of the sphere minus that of a perturbation aligned with a direction of "
    r"alignment $\rho$ (spherical complement): "
    r"$\frac{2((d+2)(d+4)\rho^4-6(d+2)\rho^2+3)}{(d+1)(d+2)}\delta^2\|a\|^2$, positive iff $\rho^2>r_+$ or "
    r"$\rho^2<r_-$, $r_\pm=\frac{3\pm\sqrt{6(d+1)/(d+2)}}{d+4}\in(0,1)$; zero on average over a uniform direction.",
    source="derived here",
    conditions=("d >= 2", "spherical complement", "one draw, mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "gain": 2 * ((D + 2) * (D + 4) * R**2 - 6 * (D + 2) * R + 3) / ((D + 1) * (D + 2)),
        "upper": (3 + ROOT) / (D + 4),
        "lower": (3 - ROOT) / (D + 4),
    },
    parts=("gain", "above", "below", "between", "inside", "uniform direction"),
    depends=("C2b",),
)

FALSIFIER = "an alignment at which the gain has another value or sign"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    gain = claim.formulas["gain"]
    # Var s of the sphere is (a^T T4[a a^T] a)/|a|^4 - 1.
    sphere = classical_tensor("sphere", D).along_gradient() - 1
    aligned = aligned_directional_moment(R, complement_fourth(D)) - 1
    yield check_identity(
        gain,
        sphere - aligned,
        detail="difference of the derived directional variances, symbolic d",
        falsifier=FALSIFIER,
        parts=("gain",),
    )
    # Factorised: a positive constant times (rho^2 - r-)(rho^2 - r+), with r- < r+.
    upper, lower = claim.formulas["upper"], claim.formulas["lower"]
    yield check_identity(
        gain,
        2 * (D + 4) / (D + 1) * (R - lower) * (R - upper),
        detail="the gain as a product over its two roots",
        falsifier=FALSIFIER,
        parts=("above", "below", "between"),
    )
    d = ABOVE_ONE + 1
    yield check_relation(
        sp.simplify((upper - lower).subs(D, d)),
        ">",
        0,
        detail="r+ - r-, d = c + 1",
        falsifier=FALSIFIER,
        parts=("between",),
        scope=Scope.GENERAL,
    )
    # With r+ = r- + w, w > 0, every rho^2 off the roots is one of these, g and h > 0.
    low, width, share = sp.symbols("r_minus w h", positive=True)
    product = 2 * (d + 4) / (d + 1) * (R - low) * (R - low - width)
    places = {
        "above": (low + width + GAP, ">"),
        "below": (low - GAP, ">"),
        "between": (low + width * GAP / (GAP + share), "<"),
    }
    for part, (place, relation) in places.items():
        yield check_relation(
            sp.factor(product.subs(R, place)),
            relation,
            0,
            detail=f"sign of the product at rho^2 = {place}",
            falsifier=FALSIFIER,
            parts=(part,),
            scope=Scope.GENERAL,
        )
    # 0 < r-: 9 > 6 (d+1)/(d+2). r+ < 1: (d+1)^2 > 6 (d+1)/(d+2), both sides of sqrt(...) < d + 1 squared.
    square = ((D + 4) * upper - 3) ** 2
    for bound, name in ((9, "r- > 0"), ((d + 1) ** 2, "r+ < 1")):
        yield check_relation(
            sp.expand(sp.numer(sp.together(bound - square.subs(D, d)))),
            ">",
            0,
            detail=f"{name}, squared and cleared of the denominator d + 2 > 0, d = c + 1",
            falsifier=FALSIFIER,
            parts=("inside",),
            scope=Scope.GENERAL,
        )


@claim.check("beta moments")
def beta_moments(claim) -> Iterator[Evidence]:
    """A uniform direction has rho^2 of the Beta(1/2, (d-1)/2) law; the aligned law is then the sphere's."""
    half = sp.Rational(1, 2)
    means = {power: beta_moment(half, (D - 1) / 2, power) for power in (1, 2)}
    gain = sp.Poly(sp.expand(claim.formulas["gain"]), R)
    mean = sp.Add(*(c * means.get(j, 1) for (j,), c in gain.terms()))
    yield check_identity(
        0,
        mean,
        detail="mean of the gain over a uniformly random direction, symbolic d",
        falsifier=FALSIFIER,
        parts=("uniform direction", "gain"),
    )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    """Laws in rational arithmetic on both sides of the thresholds."""
    for dim, a in (
        (3, (1, 0, 0)),
        (3, (0, 1, 0)),
        (4, (2, 1, 1, 1)),
        (5, (3, 2, 2, 2, 2)),
        (9, (1, *(1,) * 8)),
    ):
        rho2 = sp.Rational(a[0] ** 2, sum(x * x for x in a))
        gain = Sphere(dim).directional_fourth_moment(a) - DAP(
            [1] + [0] * (dim - 1)
        ).directional_fourth_moment(a)
        here = {D: dim, R: rho2}
        yield check_identity(
            claim.formulas["gain"].subs(here),
            gain,
            detail=f"difference of the laws' own E[s^2], d = {dim}, rho^2 = {rho2}",
            falsifier=FALSIFIER,
            parts=("gain",),
            scope=Scope.INSTANCE,
        )
        wins = bool(rho2 > claim.formulas["upper"].subs(here)) or bool(
            rho2 < claim.formulas["lower"].subs(here)
        )
        yield check_relation(
            gain,
            ">" if wins else "<",
            0,
            detail=f"sign of the laws' difference, d = {dim}, rho^2 = {rho2}",
            falsifier=FALSIFIER,
            parts=(
                "between"
                if not wins
                else "above"
                if rho2 > claim.formulas["upper"].subs(here)
                else "below",
            ),
        )
    # A gain at rho^2 = 0 and at 1 and a loss at the least one, 3/(d+4): both roots lie inside.
    for worst in ((3, 3), (3, 4, 1, 1, 0)):
        dim = len(worst)
        first = [1] + [0] * (dim - 1)
        for a, relation in ((first[::-1], ">"), (worst, "<"), (first, ">")):
            gain = Sphere(dim).directional_fourth_moment(a) - DAP(first).directional_fourth_moment(a)
            yield check_relation(
                gain,
                relation,
                0,
                detail=f"sign of the laws' difference for a = {tuple(a)}",
                falsifier=FALSIFIER,
                parts=("inside",),
            )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """The gain has degree four in the direction: its mean over points with the sphere's moments to order five."""
    for atoms in (designs.circle_design(), designs.four_sphere_design()):
        dim = len(atoms[0][1])
        first = [1] + [0] * (dim - 1)

        def gain(a: tuple[Fraction, ...], dim: int = dim, first: list[int] = first) -> Fraction:
            laws = (Sphere(dim), DAP(first))
            values = [Fraction(str(one.directional_fourth_moment(a))) for one in laws]
            return values[0] - values[1]

        yield check_identity(
            0,
            designs.expectation(atoms, gain),
            detail=f"mean of the laws' difference over {len(atoms)} directions, d = {dim}",
            falsifier=FALSIFIER,
            parts=("uniform direction",),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """Paired difference at alignment 0.9, d = 6."""
    dim, rho2 = 6, 0.81
    aligned, sphere = DAP([1.0] + [0.0] * (dim - 1)), Sphere(dim)
    a = np.array([np.sqrt(rho2), np.sqrt(1 - rho2)] + [0.0] * (dim - 2))
    claimed = float(claim.formulas["gain"].subs({D: dim, R: sp.Rational(81, 100)}))

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        return (sphere.sample(n, rng) @ a) ** 4 - (aligned.sample(n, rng) @ a) ** 4

    return check_mean(
        sample,
        claimed,
        resolvable=0.05 * abs(claimed),
        rng=stream(2024, claim.id),
        detail=f"difference of E[s^2], d = {dim}, rho = 0.9",
        parts=("gain", "above"),
    )
