"""D3c: the largest stable step of each law on a convex quadratic, and their order."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._dynamics import (
    ALONG,
    ETA,
    Estimates,
    P,
    derived,
    differenced,
    fixed_laws,
    turning,
    turning_laws,
)
from proofs_checks._shared import DELTA, D
from zotheory.bounds.dynamics.largest_step import largest_stable_step
from zotheory.bounds.dynamics.quadratic import Following
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative
from zotheory.laws import DAP, Coordinate, FirstAxis, Rademacher, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict

X = sp.Symbol("x", positive=True)  # eta delta h
H = sp.Symbol("h", positive=True)
U = sp.Symbol("u", nonnegative=True)
TRACE, TOP = sp.symbols("t m", positive=True)  # tr H and h_max

claim = Claim(
    id="D3c",
    title="Largest stable step: aligned = Rademacher >= sphere >= coordinates, the sphere within 3d/(d+2)",
    kind=Kind.EQUALITY,
    plain="On f = x^T H x/2, H >= 0 not zero with eigenvalues h_i, E f tends to 0 from every start iff eta < eta*, "
    "where the map M -> M+ on the directions with curvature has spectral radius 1. With x_i = eta delta h_i: "
    "sum x_i/(2 - 2 x_i) = 1 at eta* for the Gaussian law; the sphere's is (d+2)/d times as large; "
    "eta* = 2/(delta tr H) for draws aligned with the exact gradient, and for Rademacher signs if H is diagonal; "
    "2/(delta d h_max) for random coordinates, H diagonal; 2p/(delta h_max) for the two-atom law along the gradient, "
    "above the aligned one iff p > h_max/tr H. coordinates <= sphere <= aligned <= 3d/(d+2) sphere; the first two are "
    "equal iff H = h I, and so are the next; the last iff H has rank one.",
    latex=r"On $f=\frac12x^\top Hx$, $0\ne H\succeq0$, $E f\to0$ from every start iff $\eta<\eta^*$: with $x_i=\eta\delta h_i$, "
    r"$\sum\frac{x_i}{2-2x_i}=1$ at $\eta^*$ (Gaussian), $\frac{d+2}d$ times that (sphere), "
    r"$\frac2{\delta\operatorname{tr}H}$ (aligned with the gradient; Rademacher, $H$ diagonal), "
    r"$\frac2{\delta dh_{\max}}$ (coordinates, $H$ diagonal), $\frac{2p}{\delta h_{\max}}$ (two atoms along the gradient). "
    r"coordinates $\le$ sphere $\le$ aligned $\le\frac{3d}{d+2}$ sphere, with equality iff $H=hI$, $H=hI$, "
    r"$\operatorname{rank}H=1$.",
    source="derived here",
    conditions=("central differences or mu -> 0", "directions without curvature are left out", "d >= 2"),
    expected=Verdict.PROVED,
    formulas={
        # The limit solves sum over i of this = 1.
        "gaussian": X / (2 - 2 * X),
        "sphere": D * X / (2 * (D + 2) - 2 * D * X),
        "aligned": X / 2,
        "rademacher": X / 2,
        # The limit itself.
        "aligned step": 2 / (DELTA * TRACE),
        "coordinate": 2 / (DELTA * D * TOP),
        "two atoms": 2 * P / (DELTA * TOP),
        "ratio": 3 * D / (D + 2),  # of aligned to sphere at most
    },
    parts=(
        "criterion",
        "gaussian",
        "sphere",
        "aligned",
        "rademacher",
        "coordinate",
        "two atoms",
        "order",
        "equality",
    ),
    depends=("D3",),
)

FALSIFIER = "a spectrum and a step on the wrong side of the stated limit"
SECULAR = ("gaussian", "sphere", "aligned", "rademacher")


def kappa(name: str) -> tuple[sp.Expr, sp.Expr]:
    """Return alpha and beta + gamma of the law's T4, from its derived tensor."""
    tensor = derived(name, D, DELTA)
    return sp.sympify(tensor.identity), sp.sympify(tensor.outer + tensor.diagonal)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # The diagonal of M in the eigenbasis: M_i+ = c_i M_i + eta^2 alpha sum_j h_j^2 M_j with
    # c_i = 1 - 2 eta delta h_i + eta^2 k h_i^2, k = beta + gamma: a matrix P_eta with entries >= 0 (squares go to
    # squares). (1) If sum_i alpha eta h_i/(2 delta - eta k h_i) = 1, then M_i = 1/(h_i (2 delta - eta k h_i)) > 0
    # is left as it is, so the spectral radius is 1 (Perron). (2) P_eta M - M = eta (eta C - A) M with C, A >= 0
    # linear in M: where some positive M shrinks, it shrinks for each smaller eta; above, it grows.
    alpha, k, eta = sp.symbols("alpha k eta", positive=True)
    c = 1 - 2 * eta * DELTA * H + eta**2 * k * H**2
    fixed = 1 / (H * (2 * DELTA - eta * k * H))
    source = eta**2 * alpha * (1 / (eta * alpha))  # eta^2 alpha sum_j h_j^2 M_j, by the condition
    yield check_identity(
        fixed,
        sp.cancel(c * fixed + source),
        detail="a positive diagonal that a step leaves as it is, for each curvature, any d",
        falsifier=FALSIFIER,
        parts=("criterion",),
    )
    yield check_identity(
        alpha * eta * H / (2 * DELTA - eta * k * H) / (eta * alpha),
        H**2 * fixed,
        detail="h^2 M of that diagonal, whose sum the condition prescribes",
        falsifier=FALSIFIER,
        parts=("criterion",),
    )
    loss, gain = 2 * DELTA * H, k * H**2  # A and C on one entry; alpha only adds to C
    yield check_identity(
        c - 1,
        sp.expand(-eta * (loss - eta * gain)),
        detail="(P_eta - 1)/eta = eta C - A: smaller steps shrink what a step shrinks",
        falsifier=FALSIFIER,
        parts=("criterion",),
    )
    for name in SECULAR:
        weight, own = kappa(name)
        yield check_identity(
            claim.formulas[name],
            sp.cancel((weight * ETA * H / (2 * DELTA - ETA * own * H)).subs(ETA, X / (DELTA * H))),
            detail=f"the summand of the limit from the derived tensor, symbolic d, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
        )
    yield check_identity(
        1,
        claim.formulas["aligned"].subs(X, claim.formulas["aligned step"] * DELTA * TRACE),
        detail="a linear summand: its sum is that of the trace",
        falsifier=FALSIFIER,
        parts=("aligned", "rademacher"),
    )
    for name in ("coordinate", "two atoms"):
        weight, own = kappa(name)
        slack = sp.factor(1 - (1 - 2 * ETA * DELTA * H + ETA**2 * own * H**2))
        limit = claim.formulas[name].subs(TOP, H)
        yield check_identity(
            [weight, sp.cancel(slack / (ETA * H * (limit - ETA)))],
            [0, own * H],
            detail=f"each curvature by itself: 1 - c_i has the sign of the limit at h_i less eta, {name}",
            falsifier=FALSIFIER,
            parts=(name,),
        )


@claim.check("order")
def order(claim) -> Iterator[Evidence]:
    """Inequalities for one summand that add up to the order: x = (d+2)/d u/(1+u), u >= 0, below the sphere's pole."""
    x = (D + 2) / D * U / (1 + U)
    sphere = sp.cancel(claim.formulas["sphere"].subs(X, x))
    yield check_identity(
        claim.formulas["gaussian"],
        sp.cancel(claim.formulas["sphere"].subs(X, (D + 2) / D * X)),
        detail="the sphere's summand at (d+2)/d times the step is the Gaussian's",
        falsifier=FALSIFIER,
        parts=("gaussian", "sphere"),
    )
    # Sphere <= aligned: the summand lies above its tangent at 2/d, the mean of x at the aligned limit. Summed over
    # all d curvatures at the sphere's limit: 1 >= 1 + slope (sum x - 2), so sum x <= 2, with equality only if every
    # square vanishes: then all x are equal.
    mean = claim.formulas["aligned step"] * DELTA * TRACE / D
    slope = sp.diff(claim.formulas["sphere"], X).subs(X, mean)
    yield check_nonnegative(
        sphere - 1 / D - slope * (x - mean),
        [Term(1 / (2 * D**2), D * U - 2)],
        multiplier=1 + U,
        detail="the sphere's summand above its tangent at 2/d, where it is 1/d",
        falsifier=FALSIFIER,
        parts=("order", "equality"),
    )
    # Aligned <= ratio * sphere: at eta = aligned/ratio sum x = c = 2/ratio, so x <= c (u <= 2), and there the summand
    # is at most x/c: the sum is at most 1, with equality only if each u is 0 or 2, so one x is c.
    yield check_nonnegative(
        x / (mean * D / claim.formulas["ratio"]) - sphere,
        [Term(sp.Rational(1, 2), 1, (U, 2 - U))],
        [2 - U],
        multiplier=1 + U,
        detail="x ratio/2 above the sphere's summand for x <= 2/ratio, with equality at both ends alone",
        falsifier=FALSIFIER,
        parts=("order", "equality"),
    )
    # Coordinates <= sphere: at the coordinates' limit x <= 2/d (u <= 2/d), and there the summand is at most 1/d.
    largest = claim.formulas["coordinate"] * DELTA * TOP
    yield check_nonnegative(
        1 / D - sphere,
        [Term(sp.Rational(1, 2), 1, (2 / D - U,))],
        [2 / D - U],
        detail="1/d above the sphere's summand, with equality at u = 2/d alone",
        falsifier=FALSIFIER,
        parts=("order", "equality"),
    )
    yield check_identity(
        [mean, 2 / D, sp.Rational(2) * (D + 2) / (3 * D)],
        [largest, sp.cancel(x.subs(U, 2 / D)), sp.cancel(x.subs(U, 2))],
        detail="x of h_max at the coordinates' limit, and where u is 2/d and 2",
        falsifier=FALSIFIER,
        parts=("order", "equality"),
    )
    yield check_identity(
        [1, 1],
        [sp.cancel(D * sphere.subs(U, 2 / D)), sphere.subs(U, 2)],
        detail="H = h I: d summands at 2/d make 1; rank one: one summand at 2/ratio does",
        falsifier=FALSIFIER,
        parts=("equality",),
    )
    yield check_identity(
        P * TRACE / TOP,
        sp.cancel(claim.formulas["two atoms"] / claim.formulas["aligned step"]),
        detail="two atoms over aligned: above 1 iff p > h_max/tr H",
        falsifier=FALSIFIER,
        parts=("order",),
    )


def stated_step(claim: Claim, name: str, spectrum: list[Fraction], delta: Fraction) -> sp.Poly:
    """Return a polynomial in eta whose smallest positive root is the stated limit."""
    values = {DELTA: sp.Rational(delta), D: len(spectrum), P: sp.Rational(ALONG)}
    if name in SECULAR:
        x = [sp.Rational(delta) * sp.Rational(h) * ETA for h in spectrum]
        total = sp.Add(*(claim.formulas[name].subs(values).subs(X, one) for one in x)) - 1
        return sp.Poly(sp.numer(sp.together(total)), ETA)
    return sp.Poly(ETA - claim.formulas[name].subs({**values, TOP: sp.Rational(max(spectrum))}), ETA)


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """The map x x^T -> E[x+ x+^T] over rational atoms in the plane, H = diag(3, 1): where 1 - P is first singular."""
    spectrum = [Fraction(3), Fraction(1)]
    h = np.diag(np.array(spectrum, dtype=object))
    laws = {name: (atoms, differenced(h, atoms, Fraction(1))) for name, atoms in fixed_laws().items()}
    laws |= {name: (atoms, turning(h, atoms)) for name, atoms in turning_laws().items()}
    for name, (atoms, estimates) in laws.items():
        delta = designs.expectation(atoms, lambda v: v[0] ** 2)
        singular = sp.Poly((sp.eye(3) - step_map(estimates)).det(), ETA)
        stated = stated_step(claim, name, spectrum, delta)
        low, high = first_root(stated)
        common: Any = sp.gcd(singular, stated)
        # eta = 0 is a root of ``singular``: nothing moves. Left out by starting above it.
        floor = low / 1000
        yield check_identity(
            [0, 1],
            [singular.count_roots(floor, low), common.count_roots(low, high)],
            detail=f"roots of det(1 - P) below the stated limit, and common to both there, {name}",
            falsifier=FALSIFIER,
            parts=("criterion", name),
            scope=Scope.INSTANCE,
        )


def step_map(estimates: Callable[[Any], Estimates]) -> sp.Matrix:
    """Return P on (M_11, M_12, M_22): E[x+ x+^T] is quadratic in x, so three points determine it."""

    def image(x: tuple[int, int]) -> sp.Matrix:
        point = np.array([Fraction(c) for c in x])
        moved = sp.zeros(2, 2)
        for weight, g in estimates(point):
            after = sp.Matrix(
                [sp.Rational(c) - ETA * sp.Rational(d) for c, d in zip(point, g, strict=True)]
            )
            moved += sp.Rational(weight) * after * after.T
        return sp.Matrix([moved[0, 0], moved[0, 1], moved[1, 1]])

    first, last, both = image((1, 0)), image((0, 1)), image((1, 1))
    return sp.Matrix(sp.Matrix.hstack(first, both - first - last, last).applyfunc(sp.expand))


def first_root(polynomial: sp.Poly) -> tuple[Any, Any]:
    """Return rational bounds, a millionth apart, around the smallest positive root."""
    low: Any = sp.Rational(0)
    high: Any = sp.Rational(1)
    while polynomial.count_roots(low, high) == 0:
        low, high = high, 2 * high
    while high - low > sp.Rational(1, 10**6):
        middle = (low + high) / 2
        low, high = (low, middle) if polynomial.count_roots(low, middle) else (middle, high)
    return low, high


@claim.check("package")
def package(claim) -> Iterator[Evidence]:
    """The package's limits in fractions, four dimensions."""
    spectrum, delta, p = (
        [Fraction(3), Fraction(1), Fraction(1, 2), Fraction(1, 5)],
        Fraction(2, 3),
        Fraction(1, 3),
    )
    values = {
        DELTA: sp.Rational(delta),
        D: 4,
        P: sp.Rational(p),
        TOP: sp.Rational(max(spectrum)),
        TRACE: sp.Rational(sum(spectrum, start=Fraction(0))),
    }
    laws = {
        "aligned": ("aligned step", Following(DAP(FirstAxis(4), delta))),
        "rademacher": ("aligned step", Rademacher(4, delta)),
        "coordinate": ("coordinate", Coordinate(4, delta)),
        "two atoms": ("two atoms", Following(TwoAtom(FirstAxis(4), p, delta))),
    }
    for part, (formula, law) in laws.items():
        yield check_identity(
            claim.formulas[formula].subs(values),
            sp.Rational(largest_stable_step(spectrum, law, digits="exact")),
            detail=f"the package's limit for a spectrum of four, {part}",
            falsifier=FALSIFIER,
            parts=(part,),
            scope=Scope.INSTANCE,
        )


@claim.check("exhaustion")
def exhaustion(claim) -> Iterator[Evidence]:
    """Every spectrum of integers from 0 to 5 in two to four dimensions: the sphere's sum at the other limits."""
    for dim in (2, 3, 4):
        summand = sp.lambdify(X, claim.formulas["sphere"].subs(D, dim))
        steps = {
            name: sp.lambdify((TRACE, TOP), claim.formulas[name].subs({D: dim, DELTA: 1}))
            for name in ("aligned step", "coordinate")
        }
        ratio, pole = Fraction(str(claim.formulas["ratio"].subs(D, dim))), Fraction(dim + 2, dim)

        def total(eta: Fraction, spectrum: tuple[int, ...], summand=summand, pole=pole) -> Fraction | float:
            if any(eta * h >= pole for h in spectrum):
                return np.inf
            return sum((summand(eta * h) for h in spectrum), start=Fraction(0))

        wrong, count = {"order": 0, "equality": 0}, 0
        for spectrum in combinations_with_replacement(range(6), dim):
            if max(spectrum) == 0:
                continue
            trace, top = Fraction(sum(spectrum)), Fraction(max(spectrum))
            aligned, coordinate = (steps[name](trace, top) for name in ("aligned step", "coordinate"))
            sums = total(aligned, spectrum), total(aligned / ratio, spectrum), total(coordinate, spectrum)
            level, single = len(set(spectrum)) == 1, sum(h > 0 for h in spectrum) == 1
            wrong["order"] += not (sums[0] >= 1 and sums[1] <= 1 and sums[2] <= 1)
            wrong["equality"] += [value == 1 for value in sums] != [level, single, level]
            count += 1
        for part, number in wrong.items():
            yield check_identity(
                0,
                number,
                detail=f"spectra among {count} in {dim} dimensions that break the statement, {part}",
                falsifier=FALSIFIER,
                parts=(part,),
                scope=Scope.INSTANCE,
            )
