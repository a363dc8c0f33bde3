"""C7b: dense gradients: on the large coordinates alignment never loses, and what it gains there others lose."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

import numpy as np
import sympy as sp

from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.functionals import coordinate_mse
from zotheory.laws import DAP, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

SIZE = sp.Symbol("T", integer=True, positive=True)  # |T|
REST = sp.Symbol("r", integer=True, positive=True)  # d - |T|
ANISOTROPY = sp.Symbol("A", nonnegative=True)

claim = Claim(
    id="C7b",
    title="Dense gradients: never worse than the sphere on {|a_i| >= tau}, at most 2(A-1)/d better, worse on the rest",
    kind=Kind.IFF,
    plain="Let T = {i : |a_i| >= tau} be neither empty nor everything and A = (d/|T|)|a_T|^2/|a|^2. Then A > 1, and "
    "draws aligned with the exact gradient have a smaller error on T than the sphere: the relative gain is "
    "2d(A-1)/(d^2+(d-2)A) <= 2(A-1)/d, at most 2/d for A <= 2. On the other coordinates they lose in absolute terms "
    "what they gain on T. For a flat gradient A = 1 on every set, and neither is better. Alignment loses exactly on "
    "sets with A < 1.",
    latex=r"Let $T=\{i:|a_i|\ge\tau\}$, $\emptyset\ne T\ne\{1,\dots,d\}$, and "
    r"$A=\frac d{|T|}\frac{\|a_T\|^2}{\|a\|^2}$. Then $A>1$, and alignment with the exact gradient gains on $T$ "
    r"the fraction $\frac{2d(A-1)}{d^2+(d-2)A}\le\frac{2(A-1)}d$ of the sphere's error and loses on the other coordinates "
    r"what it gains on $T$. For a flat gradient $A=1$ on every set, and neither is better. It loses exactly on sets "
    r"with $A<1$.",
    source="derived here; answers in numbers whether aligned perturbations lose on dense gradients, a question that "
    "arXiv 2510.19975, as summarised, leaves open",
    conditions=(
        "d >= 2, a is not zero",
        "alignment with the exact gradient",
        "equal numbers of draws, mu -> 0",
    ),
    expected=Verdict.PROVED,
    formulas={
        "gain": 2 * D * (ANISOTROPY - 1) / (D**2 + (D - 2) * ANISOTROPY),
        "bound": 2 * (ANISOTROPY - 1) / D,
        "absolute": 2 / (D + 2) * SIZE * (ANISOTROPY - 1),
    },
    parts=("large coordinates", "never loses", "bound", "flat", "the rest", "region"),
    depends=("B9", "C7"),
)

FALSIFIER = "a gradient and a threshold with A <= 1, or a gain of another sign or size"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # With x >= tau^2 the mean of a_i^2 on T and y < tau^2 that on the rest (r coordinates):
    # |a|^2 = |T| x + r y, A = (|T| + r) x/(|T| x + r y) and A - 1 = r (x - y)/(|T| x + r y).
    # Off T every a_i^2 < tau^2, so y < tau^2 <= x; and r >= 1.
    low, step = sp.Symbol("y", nonnegative=True), sp.Symbol("x_minus_y", positive=True)
    high = low + step
    energy = SIZE * high + REST * low
    yield check_relation(
        sp.factor(sp.cancel((SIZE + REST) * high / energy - 1)),
        ">",
        0,
        detail="A - 1 = r (x - y)/|a|^2, x >= tau^2 > y the mean squares on T and off it",
        falsifier=FALSIFIER,
        parts=("large coordinates",),
        scope=Scope.GENERAL,
    )
    # The gain has the sign of A - 1: its denominator is positive for d >= 2.
    c = sp.Symbol("c", integer=True, nonnegative=True)
    gain = claim.formulas["gain"]
    above = sp.Symbol("x", positive=True)
    below = sp.Symbol("z", nonnegative=True)  # A = z/(z + x) covers 0 <= A < 1
    for value, relation, part in (
        (1 + above, ">", "never loses"),
        (below / (below + above), "<", "region"),
    ):
        yield check_relation(
            sp.factor(gain.subs({D: c + 2, ANISOTROPY: value})),
            relation,
            0,
            detail=f"sign of the gain at A = {value}, d = c + 2",
            falsifier=FALSIFIER,
            parts=(part, "region"),
            scope=Scope.GENERAL,
        )
    yield check_identity(
        0,
        gain.subs(ANISOTROPY, 1),
        detail="A = 1 on every set of a flat gradient: no gain",
        falsifier=FALSIFIER,
        parts=("flat", "never loses"),
        scope=Scope.GENERAL,  # d is a symbol until it cancels
    )
    excess = (claim.formulas["bound"] - gain).subs({D: c + 2, ANISOTROPY: 1 + below})
    yield check_relation(
        sp.factor(excess),
        ">=",
        0,
        detail="2 (A-1)/d minus the gain at A >= 1, d = c + 2",
        falsifier=FALSIFIER,
        parts=("bound",),
        scope=Scope.GENERAL,
    )
    # Off T: |T'| = r and A' = (d - |T| A)/r, so |T'| (A' - 1) = -|T| (A - 1).
    absolute = claim.formulas["absolute"]
    other = ((SIZE + REST) - SIZE * ANISOTROPY) / REST
    yield check_identity(
        -absolute,
        absolute.subs({SIZE: REST, ANISOTROPY: other}, simultaneous=True),
        detail="absolute gain on the rest is minus that on T",
        falsifier=FALSIFIER,
        parts=("the rest",),
    )
    # Relative and absolute gain belong together: the sphere's error on T is gain-free |T| (d^2+(d-2)A)/(d(d+2)).
    sphere = D / (D + 2) * (SIZE + 2 * ANISOTROPY * SIZE / D) - ANISOTROPY * SIZE / D
    yield check_identity(
        absolute,
        gain * sphere,
        detail="absolute gain = relative gain times the sphere's error on T",
        falsifier=FALSIFIER,
        parts=("the rest", "region"),
    )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    """Every threshold of dense and sparse gradients, by the laws' own covariances in exact arithmetic."""
    for a in ((5, 4, 3, 2, 1), (3, 3, 3, 2), (1, 1, 1, 1), (7, 1, 1, 1, 1, 1), (4, 0, 0, 1)):
        size, energy = len(a), sum(x * x for x in a)
        for tau in sorted(set(a) - {0}):
            chosen = [i for i, x in enumerate(a) if abs(x) >= tau]
            anisotropy = Fraction(size * sum(a[i] ** 2 for i in chosen), len(chosen) * energy)
            numbers = {D: size, SIZE: len(chosen), ANISOTROPY: sp.Rational(anisotropy)}
            difference = coordinate_mse(Sphere(size), a, chosen) - coordinate_mse(DAP(a), a, chosen)
            yield check_identity(
                claim.formulas["absolute"].subs(numbers) * energy,
                difference,
                detail=f"absolute gain, a = {a}, tau = {tau}, A = {anisotropy}",
                falsifier=FALSIFIER,
                parts=("region",),
                scope=Scope.INSTANCE,
            )
            yield check_relation(
                difference,
                ">=" if len(chosen) == size else ">",
                0,
                detail=f"no loss on the large coordinates, a = {a}, tau = {tau}",
                falsifier=FALSIFIER,
                parts=("never loses",),
            )
            if len(chosen) == size:
                continue
            others = [i for i in range(size) if i not in chosen]
            lost = coordinate_mse(Sphere(size), a, others) - coordinate_mse(DAP(a), a, others)
            yield check_identity(
                -difference,
                lost,
                detail=f"gain on the other coordinates is minus that on T, a = {a}, tau = {tau}",
                falsifier=FALSIFIER,
                parts=("the rest",),
                scope=Scope.INSTANCE,
            )
            yield check_relation(
                anisotropy,
                ">",
                1,
                detail=f"A of the large coordinates, a = {a}, tau = {tau}",
                falsifier=FALSIFIER,
                parts=("large coordinates",),
            )
            yield check_relation(
                Fraction(str(difference)) / Fraction(str(coordinate_mse(Sphere(size), a, chosen))),
                "<=",
                claim.formulas["bound"].subs(numbers),
                detail=f"the laws' relative gain against 2 (A-1)/d, a = {a}, tau = {tau}",
                falsifier=FALSIFIER,
                parts=("bound",),
            )
    for a in ((1, 1, 1, 1), (2, -2, 2)):
        size = len(a)
        for count in range(1, size + 1):
            for chosen in combinations(range(size), count):
                share = Fraction(sum(a[i] ** 2 for i in chosen), sum(x * x for x in a))
                yield check_identity(
                    [coordinate_mse(Sphere(size), a, chosen), 1],
                    [coordinate_mse(DAP(a), a, chosen), Fraction(size, count) * share],
                    detail=f"both laws' errors of the flat gradient {a}, and A = 1, on coordinates {chosen}",
                    falsifier=FALSIFIER,
                    parts=("flat",),
                    scope=Scope.INSTANCE,
                )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """The dense gradient (2, 1, 1, 1, 1, 1), T = {1}: A = 24/9; paired difference of the errors on T."""
    a = np.array([2.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    numbers = {D: 6, SIZE: 1, ANISOTROPY: sp.Rational(24, 9)}
    claimed = float(claim.formulas["absolute"].subs(numbers)) * 9.0
    aligned, sphere = DAP(a), Sphere(6)

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        errors = []
        for law in (sphere, aligned):
            v = law.sample(n, rng)
            errors.append(((v @ a) * v[:, 0] - a[0]) ** 2)
        return errors[0] - errors[1]

    return check_mean(
        sample,
        claimed,
        resolvable=0.1 * claimed,
        rng=stream(2024, claim.id),
        detail="difference of the errors on the largest coordinate of a dense gradient, d = 6",
        parts=("region",),
    )
