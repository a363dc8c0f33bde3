"""A9b: a DAP along a guide never gets below delta^2 d on average, whatever its complement."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.derive.constructions import aligned_tensor
from zotheory.laws import DAP, Alignment, FirstAxis
from zotheory.ledger.claim import Claim, Kind, Verdict

RHO2 = sp.Symbol("rho2", nonnegative=True)
# Mean and variance of W = |w|^2, the squared length of the complement.
VARIANCE = sp.Symbol("var_w", nonnegative=True)
RHO = sp.Symbol("rho", positive=True)

claim = Claim(
    id="A9b",
    title="a DAP along a guide, averaged over an isotropic rest, has V >= delta^2 d for every alignment",
    kind=Kind.LOWER_BOUND,
    plain="Let v = xi sqrt(delta) e + w, w orthogonal to the guide e with any complement law of the right "
    "covariance, and let the gradient have alignment rho with e and an isotropic rest. Then "
    "V = delta^2 d + (1-rho^2)/(d-1) Var|w|^2 >= delta^2 d; a spherical complement has delta^2 d for "
    "every rho, a Gaussian one delta^2 (d + 2(1-rho^2)).",
    latex=r"For $v=\xi\sqrt\delta e+w$, $w\perp e$ with the right covariance, and a gradient of alignment "
    r"$\rho$ with an isotropic rest: $V=\delta^2d+\frac{1-\rho^2}{d-1}\operatorname{Var}\|w\|^2\ge\delta^2d$; "
    r"spherical complement: $\delta^2d$; Gaussian: $\delta^2(d+2(1-\rho^2))$.",
    source="derived here; about directionally aligned perturbations, arXiv 2510.19975",
    conditions=("d >= 2", "E[w w^T] = delta (I - e e^T)", "xi a fair sign independent of w"),
    expected=Verdict.PROVED,
    formulas={
        "V": DELTA**2 * D + (1 - RHO2) / (D - 1) * VARIANCE,
        "sphere": DELTA**2 * D,
        "gaussian": DELTA**2 * (D + 2 * (1 - RHO2)),
    },
    parts=("average", "bound", "complements"),
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """E[(rho^2 delta + g W)(delta + W)] with g = (1-rho^2)/(d-1), E W = delta (d-1)."""
    g, mean = (1 - RHO2) / (D - 1), DELTA * (D - 1)
    square = VARIANCE + mean**2
    value = RHO2 * DELTA**2 + (RHO2 * DELTA + g * DELTA) * mean + g * square
    yield check_identity(
        claim.formulas["V"],
        value,
        detail="V for an arbitrary complement law, through the mean and variance of |w|^2",
        falsifier="another average",
        parts=("average",),
    )
    m, across = sp.symbols("m across", positive=True)
    # across = 1 - rho^2 >= 0.
    excess = (value - DELTA**2 * D).subs({RHO2: 1 - across}).subs(D, m + 1)
    claimed = (claim.formulas["V"] - claim.formulas["sphere"]).subs({RHO2: 1 - across}).subs(D, m + 1)
    yield check_nonnegative(
        claimed,
        [Term(coefficient=across / m, generators=(VARIANCE,))],
        (VARIANCE,),
        detail="V - delta^2 d with 1 - rho^2 = across and d = m + 1",
        falsifier="a complement law with V below delta^2 d",
        parts=("bound",),
    )
    yield check_identity(
        claimed,
        excess,
        detail="the same difference from the derivation",
        falsifier="another difference",
        parts=("bound",),
    )
    # Variance of |w|^2: none on the sphere, 2 delta^2 (d - 1) for delta times chi-squared.
    for name, variance in (("sphere", 0), ("gaussian", 2 * DELTA**2 * (D - 1))):
        yield check_identity(
            claim.formulas[name],
            value.subs(VARIANCE, variance),
            detail=f"{name} complement",
            falsifier="another V",
            parts=("complements",),
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Rational atoms around e_1, d = 3, the gradient's rest along +-e_2 or +-e_3 with equal chance."""
    share, rest = Fraction(9, 25), Fraction(4, 5)
    for name, complement in designs.complements(2).items():
        atoms = designs.aligned(complement)
        length2 = [(w, designs.n_of(v[1:])) for w, v in atoms]
        mean = sum((w * x for w, x in length2), start=Fraction(0))
        variance = sum((w * (x - mean) ** 2 for w, x in length2), start=Fraction(0))
        gradients = [
            (Fraction(3, 5), *(sign * rest * (j == i) for j in range(2)))
            for i in range(2)
            for sign in (1, -1)
        ]
        value = sum((designs.energy_product(atoms, a) / 4 for a in gradients), start=Fraction(0))
        numbers = {D: 3, DELTA: 1, RHO2: sp.Rational(share), VARIANCE: sp.Rational(variance)}
        yield check_identity(
            claim.formulas["V"].subs(numbers),
            value,
            detail=f"V over the atoms, averaged over the rest, complement: {name}, rho = 3/5",
            falsifier="another average",
            parts=("average",),
            scope=Scope.INSTANCE,
        )
        yield check_relation(
            value,
            ">" if variance else "==",
            claim.formulas["sphere"].subs(numbers),
            detail=f"that V against delta^2 d, complement: {name}, Var|w|^2 = {variance}",
            falsifier="a complement law with V below delta^2 d",
            parts=("bound",),
        )


@claim.check("tensor")
def tensor(claim) -> Iterator[Evidence]:
    """T4 of the construction for a fixed gradient of alignment rho, and the law's own factor."""
    for name in ("sphere", "gaussian"):
        yield check_identity(
            claim.formulas[name],
            aligned_tensor(D, DELTA, name).trace(D, rho2=RHO2),
            detail=f"trace of T4 in symbolic d, {name} complement",
            falsifier="another V",
            parts=("complements",),
        )
        law = DAP(FirstAxis(D), DELTA, name)  # type: ignore[arg-type]
        yield check_identity(
            (claim.formulas[name] / DELTA**2).subs(RHO2, RHO**2),
            law.dimension_factor(Alignment(RHO)),
            detail=f"the law's dimension factor, {name} complement",
            falsifier="another factor",
            parts=("complements",),
            scope=Scope.INSTANCE,
        )
