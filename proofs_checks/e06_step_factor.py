"""E6: by how much one zeroth-order step with common randomness spreads two runs, in mean square."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA
from proofs_checks._stability import (
    ETA,
    C,
    L,
    Sample,
    V,
    huber,
    huber_slope,
    largest_energy,
    rational,
    wave,
    wave_slope,
)
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.laws import Gaussian
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream


def factor(k: sp.Expr) -> sp.Expr:
    return 1 - 2 * ETA * DELTA * k + ETA**2 * V * k**2


claim = Claim(
    id="E6",
    title="A coupled zeroth-order step is non-expansive in mean square iff eta <= 2 delta/(L V)",
    kind=Kind.IFF,
    plain="Two runs take one step of eta v v^T grad l with the same loss l and the same v, l of curvature in "
    "[c, L]. Their squared distance grows in the mean at most by the larger of 1 - 2 eta delta k + eta^2 V k^2 at "
    "k = c and k = L, V = max over unit a of E[(a.v)^2 n]; quadratics attain it. Hence no convex L-smooth loss spreads "
    "them in mean square iff eta <= 2 delta/(L V), which is nu = V/delta^2 times less than first-order steps allow.",
    latex=r"Two runs take one step of $\eta vv^\top\nabla l$ with the same $v$ and the same $l$, of curvature in $[c,L]$. "
    r"Their squared distance grows in the mean at most by "
    r"$\max_{k\in\{c,L\}}(1-2\eta\delta k+\eta^2Vk^2)$, $V=\max_{\|a\|=1}E[(a\cdot v)^2\|v\|^2]$; quadratics attain "
    r"it. No convex $L$-smooth loss spreads them in mean square iff $\eta\le2\delta/(LV)$.",
    source="derived here; the first-order model is Hardt, Recht and Singer's, as summarised",
    conditions=(
        "v is delta-unbiased, independent of both points, with V finite; mu -> 0",
        "l - c|x|^2/2 and L|x|^2/2 - l are convex, c <= L: then h = l - c|x|^2/2 is co-coercive, "
        "|grad h(x) - grad h(x')|^2 <= (L - c) (grad h(x) - grad h(x')).(x - x')",
    ),
    expected=Verdict.PROVED,
    formulas={"factor at c": factor(C), "factor at L": factor(L), "largest step": 2 * DELTA / (L * V)},
    parts=("bound", "attained", "iff"),
)

FALSIFIER = "a loss, a law and two points that spread more, or a factor or a range that is not sharp"
# |d|^2, d.D, |D|^2 and D^T E[n v v^T] D, with d = x - x' and D the difference of the gradients.
SQUARE, PRODUCT, CHANGE, ENERGY = sp.symbols("dd dD DD DMD", real=True)
WIDTH = sp.Symbol("w", positive=True)  # L - c


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    top = C + WIDTH
    low, high = (claim.formulas[name].subs(L, top) for name in ("factor at c", "factor at L"))
    # h = l - c|x|^2/2 has the difference of gradients D - c d.
    coercive = WIDTH * (PRODUCT - C * SQUARE) - (CHANGE - 2 * C * PRODUCT + C**2 * SQUARE)
    interpolation = (top + C) * PRODUCT - top * C * SQUARE - CHANGE
    yield check_identity(
        interpolation,
        coercive,
        detail="|D|^2 <= (L + c) d.D - L c |d|^2 is the co-coercivity of l - c|x|^2/2",
        falsifier=FALSIFIER,
        parts=("bound",),
    )
    # E|d - eta v v^T D|^2 = |d|^2 - 2 eta delta d.D + eta^2 D^T M D, M <= V I. At given d.D the bound on it is
    # linear in d.D, so it lies below the larger of its values at d.D = c |d|^2 and L |d|^2.
    larger = sp.Symbol("K", real=True)
    ends = (top * SQUARE - PRODUCT, PRODUCT - C * SQUARE)
    slacks = (interpolation, V * CHANGE - ENERGY, *ends, larger - low, larger - high)
    yield check_nonnegative(
        larger * SQUARE - (SQUARE - 2 * ETA * DELTA * PRODUCT + ETA**2 * ENERGY),
        [
            Term(ETA**2 * V, 1, (slacks[0],)),
            Term(ETA**2, 1, (slacks[1],)),
            Term(1 / WIDTH, 1, (ends[0], larger - low)),
            Term(1 / WIDTH, 1, (ends[1], larger - high)),
        ],
        slacks,
        detail="K |d|^2 dominates the mean square for every K at least both factors",
        falsifier=FALSIFIER,
        parts=("bound",),
        values={
            larger: [1, 2, 5, 10, 30, 100],
            SQUARE: [1, 2],
            PRODUCT: [1, 2, 0],
            CHANGE: [0, 1, 2, 4],
            ENERGY: [0, 1],
        },
    )
    # l = k|x|^2/2 and d the unit vector of the largest eigenvalue V: D = k d.
    k = sp.Symbol("k", real=True)
    for name, at in (("factor at c", C), ("factor at L", L)):
        mean = (SQUARE - 2 * ETA * DELTA * PRODUCT + ETA**2 * ENERGY).subs(
            {ENERGY: V * k**2, PRODUCT: k, SQUARE: 1}
        )
        yield check_identity(
            claim.formulas[name],
            mean.subs(k, at),
            detail=f"attained by a quadratic along the eigenvector of V, {name}",
            falsifier=FALSIFIER,
            parts=("attained",),
        )
    step, flat = claim.formulas["largest step"], sp.Symbol("c", nonnegative=True)
    margin, rest = step - ETA, L - flat
    yield check_nonnegative(
        1 - claim.formulas["factor at L"],
        [Term(ETA * L**2 * V, 1, (margin,))],
        (margin,),
        detail="eta up to the largest step: the factor at L is at most 1",
        falsifier=FALSIFIER,
        parts=("iff",),
    )
    yield check_nonnegative(
        1 - claim.formulas["factor at c"].subs(C, flat),
        [Term(ETA * flat * V * L, 1, (margin,)), Term(ETA**2 * flat * V, 1, (rest,))],
        (margin, rest),
        detail="eta up to the largest step: the factor at every c from 0 to L is at most 1",
        falsifier=FALSIFIER,
        parts=("iff",),
    )
    beyond = sp.Symbol("s", positive=True)
    yield check_relation(
        claim.formulas["factor at L"].subs(ETA, step + beyond),
        ">",
        1,
        detail="any larger step expands the quadratic of curvature L along the eigenvector of V",
        falsifier=FALSIFIER,
        parts=("iff",),
        scope=Scope.GENERAL,
    )


LAWS = {
    "signs": (designs.sign_vectors(2), (1, 0)),
    "coordinates": (designs.coordinate_vectors(2), (1, 0)),
    "three points": (designs.three_point_product(2), (1, 0)),
    # E[n v v^T] is not a multiple of I: the first axis is probed rarely, with long steps.
    "unequal axes": (
        designs.unequal_axes(tuple(tuple(Fraction(i == j) for j in range(3)) for i in range(3))),
        (1, 0, 0),
    ),
}


def spread(atoms: designs.Atoms, d: designs.Point, change: designs.Point, eta: Fraction) -> Fraction:
    """Return E|d - eta v (v.D)|^2."""

    def square(v: designs.Point) -> Fraction:
        y = eta * designs.dot(v, change)
        return sum(((p - y * q) ** 2 for p, q in zip(d, v, strict=True)), start=Fraction(0))

    return designs.expectation(atoms, square)


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Huber and wave losses with a ridge at a grid of pairs of points, over rational laws."""
    unit = (Fraction(3, 5), Fraction(4, 5))
    for name, (atoms, axis) in LAWS.items():
        delta, energy = designs.scale_of(atoms), largest_energy(atoms)
        b = unit if len(axis) == 2 else tuple(map(Fraction, axis))
        values = [Fraction(-3, 2), Fraction(1, 3), Fraction(2), Fraction(0)][: 6 - len(axis)]
        grid = list(product(values, repeat=len(axis)))
        for ridge, h, slope, least in (
            (Fraction(0), huber, huber_slope, Fraction(0)),
            (Fraction(1, 4), huber, huber_slope, Fraction(1, 4)),
            (Fraction(0), wave, wave_slope, Fraction(-1)),
        ):
            sample, top = Sample(b, Fraction(0), h, ridge), 1 + ridge
            step = claim.formulas["largest step"].subs(rational({DELTA: delta, V: energy, L: top}))
            eta = Fraction(int(step.p), int(step.q))
            numbers = rational({DELTA: delta, V: energy, L: top, C: least, ETA: eta})
            stated = max(claim.formulas[f"factor at {end}"].subs(numbers) for end in "cL")
            worst = Fraction(0)
            for x, y in product(grid, grid[: 2 * len(grid) // 3]):
                d = tuple(p - q for p, q in zip(x, y, strict=True))
                if any(d):
                    pairs = zip(sample.gradient(x, slope), sample.gradient(y, slope), strict=True)
                    ratio = spread(atoms, d, tuple(p - q for p, q in pairs), eta) / designs.dot(d, d)
                    worst = max(worst, ratio)
            where = f"{h.__name__} with ridge {ridge}, law {name}, eta = {eta}"
            yield check_relation(
                worst,
                "<=",
                stated,
                detail=f"largest spread of a grid of pairs against the stated factor: {where}",
                falsifier=FALSIFIER,
                parts=("bound",),
            )
            if least >= 0:
                yield check_relation(
                    worst,
                    "<=",
                    1,
                    detail=f"no pair is spread at the largest step: {where}",
                    falsifier=FALSIFIER,
                    parts=("iff",),
                )
        d = tuple(map(Fraction, axis))
        for k, end in ((Fraction(-1), "c"), (Fraction(2), "L")):
            for eta in (Fraction(1, 7), Fraction(1)):
                numbers = rational({DELTA: delta, V: energy, L: Fraction(2), C: Fraction(-1), ETA: eta})
                yield check_identity(
                    claim.formulas[f"factor at {end}"].subs(numbers),
                    spread(atoms, d, tuple(k * p for p in d), eta),
                    detail=f"attained along the eigenvector, law {name}, k = {k}, eta = {eta}",
                    falsifier=FALSIFIER,
                    parts=("attained",),
                    scope=Scope.INSTANCE,
                )
        step = claim.formulas["largest step"].subs(rational({DELTA: delta, V: energy, L: 2}))
        eta = Fraction(int(step.p), int(step.q))
        for change, relation in ((Fraction(1), "=="), (Fraction(101, 100), ">")):
            yield check_relation(
                spread(atoms, d, tuple(2 * p for p in d), change * eta),
                relation,
                1,
                detail=f"the quadratic of curvature L at {change} times the largest step, law {name}",
                falsifier=FALSIFIER,
                parts=("iff",),
            )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    """A Gaussian law and a quadratic of curvature k along one axis: V = (d + 2) delta^2."""
    dim, delta, eta = 4, Fraction(1, 2), Fraction(1, 4)
    law, axis = Gaussian(dim, delta), np.eye(dim)[0]
    for k in (Fraction(-1, 2), Fraction(3)):
        numbers = rational({DELTA: delta, V: (dim + 2) * delta**2, L: 3, C: Fraction(-1, 2), ETA: eta})
        stated = float(claim.formulas["factor at c" if k < 0 else "factor at L"].subs(numbers))

        def sample(n: int, rng: np.random.Generator, k: Fraction = k) -> np.ndarray:
            v = law.sample(n, rng)
            return np.sum((axis - float(eta * k) * (v @ axis)[:, None] * v) ** 2, axis=1)

        yield check_mean(
            sample,
            stated,
            resolvable=0.05 * stated,
            rng=stream(2024, claim.id, str(k)),
            detail=f"E|d - eta v v^T k d|^2/|d|^2, Gaussian law, k = {k}",
            parts=("attained",),
        )
