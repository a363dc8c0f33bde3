"""C3d: the alignment of k sphere estimates: bounds by polynomials that converge for every k and d."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._c_designs import ABOVE_ONE, K
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Grade
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_bound
from zotheory.derive.probe_enclosure import alignment_bounds
from zotheory.laws import Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

S, T = sp.symbols("S T", positive=True)  # S <= T = |G|^2/S
F = sp.Symbol("f", real=True)
N = sp.Symbol("n", integer=True, nonnegative=True)  # degree of f

claim = Claim(
    id="C3d",
    title="k sphere probes: bounds on E rho^2 from polynomials of degree n converge for all k and d >= 3",
    kind=Kind.EQUALITY,
    plain="Let G = sum of u_i (u_i.a), u_1..u_k uniform on the sphere of R^d, |a| = 1, S = G.a and T = |G|^2/S, so "
    "rho^2 = S/T. For every f of T, E[S (2f - T f^2)] <= E rho^2 <= 1 - E[(T - S)(2f - T f^2)]. Let low_n and high_n "
    "be the best such bounds by polynomials f of degree n. For all d >= 3, k >= 1 and n, high_n - low_n <= "
    "E(1 - T/k)^{2n+2} <= ((d-1)k/(4n+4))^{k/2}, so both converge to E rho^2, and every n >= "
    "(d-1)k/4 (1000 (k+d-1)/k)^{2/k} - 1 is enough for 0.1% (far lower ones are: C3e).",
    latex=r"Let $G=\sum_{i\le k}u_i(u_i\cdot a)$, $u_i$ uniform on the sphere of $\mathbb R^d$, $\|a\|=1$, $S=G\cdot a$, "
    r"$T=\|G\|^2/S$. For every $f$ of $T$, $E[S(2f-Tf^2)]\le E\rho^2\le1-E[(T-S)(2f-Tf^2)]$. The best bounds by polynomials "
    r"$f$ of degree $n$ differ by at most $E(1-T/k)^{2n+2}\le(\frac{(d-1)k}{4n+4})^{k/2}$ for all $d\ge3$, $k\ge1$: they "
    r"converge, and $n\ge\frac{(d-1)k}4(1000\frac{k+d-1}k)^{2/k}-1$ is enough for $0.1\%$.",
    source="derived here",
    conditions=(
        "d >= 3, k >= 1",
        "mu -> 0",
        "taken as known: 1 - x <= e^{-x}; means of products of independent variables; (u.a)^2 is Beta(1/2, (d-1)/2); "
        "Cauchy-Schwarz, for T <= k and for Gamma(y + 1/2) <= sqrt(y) Gamma(y)",
    ),
    expected=Verdict.PROVED,
    formulas={
        "low": S * (2 * F - T * F**2),
        "high": 1 - (T - S) * (2 * F - T * F**2),
        "f": (1 - (1 - T / K) ** (N + 1)) / T,
        "gap": (1 - T / K) ** (2 * N + 2),
        "rate": ((D - 1) * K / (4 * (N + 1))) ** (K / 2),
        "width": sp.Rational(1, 1000),
        "degree": (D - 1) * K / 4 * (1000 * (K + D - 1) / K) ** (2 / K) - 1,
    },
    parts=("bounds", "convergence"),
    depends=("C3b",),
)

FALSIFIER = "a mean of rho^2 outside the bounds, or bounds that stay apart"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    x = sp.Symbol("X", nonnegative=True)  # T - S = |W|^2/S
    for name, sign in (("low", 1), ("high", -1)):
        rest = sign * (S / T - claim.formulas[name])
        part = S if name == "low" else x
        yield check_nonnegative(
            rest.subs(T, S + x),
            [Term(part / (S + x), 1 - (S + x) * F)],
            detail=f"the {name} bound's integrand misses rho^2 by a square times {part}/T",
            falsifier=FALSIFIER,
            parts=("bounds",),
        )
    yield check_identity(
        claim.formulas["high"] - claim.formulas["low"],
        (1 - T * F) ** 2,
        detail="the bounds' integrands differ by a square",
        falsifier=FALSIFIER,
        parts=("convergence",),
    )
    yield check_identity(
        claim.formulas["gap"],
        sp.powsimp((1 - T * claim.formulas["f"]) ** 2),
        detail="that square for f = (1 - (1 - T/k)^{n+1})/T, a polynomial of degree n",
        falsifier=FALSIFIER,
        parts=("convergence",),
        domain={N: [0, 1, 2], K: [2, 3], T: [1, sp.Rational(1, 2)]},
    )
    # S <= T since T - S = |W|^2/S. T <= k: with x_i = (u_i.a) u_i, k sum |x_i|^2 - |sum x_i|^2 is the sum of all
    # |x_i - x_j|^2, i < j, and sum |x_i|^2 = S. Coordinate by coordinate:
    for count in (2, 3, 5):
        points = sp.symbols(f"x1:{count + 1}", real=True)
        yield check_nonnegative(
            count * sum(p**2 for p in points) - sum(points) ** 2,
            [Term(1, p - q) for p, q in combinations(points, 2)],
            detail=f"k sum x_i^2 - (sum x_i)^2 is the sum of all (x_i - x_j)^2, k = {count}",
            falsifier=FALSIFIER,
            parts=("convergence",),
        )
    # S <= T <= k give (1 - T/k)^M <= (1 - S/k)^M <= e^{-MS/k}, M = 2n + 2, whose mean is that of e^{-xc} to the
    # k-th power, x = M/k. The density of c is at most c^{-1/2} Gamma(m/2 + 1/2)/(Gamma(m/2) sqrt pi), m = d - 1 >= 2,
    # and Gamma(y + 1/2) <= sqrt(y) Gamma(y), by Cauchy-Schwarz for the integral of sqrt(t^{y-1} t^y) e^{-t}.
    x, c = sp.symbols("x c", positive=True)
    mass = sp.integrate(sp.exp(-x * c) / sp.sqrt(c), (c, 0, sp.oo)) / sp.sqrt(sp.pi)
    single = sp.sqrt((D - 1) / 2) * mass.subs(x, (2 * N + 2) / K)  # bound on one estimate's E e^{-xc}
    yield check_identity(
        claim.formulas["rate"] ** (2 / K),
        sp.cancel(sp.simplify(single.subs(D, ABOVE_ONE + 1) ** 2).subs(ABOVE_ONE, D - 1)),
        detail="the k/2-th root of the rate is the square of one estimate's bound",
        falsifier=FALSIFIER,
        parts=("convergence",),
    )
    least = claim.formulas["rate"].subs(N, claim.formulas["degree"]).subs(D, ABOVE_ONE + 1)
    yield check_identity(
        claim.formulas["width"] * K / (K + ABOVE_ONE),
        sp.powsimp(sp.simplify(least), force=True),
        detail="the rate at the stated degree is 0.1% of k/(k+d-1), which is below E rho^2",
        falsifier=FALSIFIER,
        parts=("convergence",),
    )


@claim.check("exact values")
def exact_values(claim) -> Iterator[Evidence]:
    """k = 2, where C3b has the exact mean: it lies between the bounds, and they are as close as stated."""
    for dim in (3, 4, 10, 300):
        exact = Fraction(2 * dim - 1, dim**2)
        bounds = [alignment_bounds(dim, 2, degree) for degree in (1, 4)]
        for low, high in bounds:
            for left, right, name in ((low, exact, "above the lower"), (exact, high, "below the upper")):
                relation = check_relation(
                    left,
                    "<=",
                    right,
                    detail=f"the exact value lies {name} bound, d = {dim}, k = 2",
                    falsifier=FALSIFIER,
                    parts=("bounds",),
                )
                yield replace(relation, grade=Grade.RIGOROUS)  # the bounds are ends of intervals
        for degree, (low, high) in zip((1, 4), bounds, strict=True):
            relation = check_relation(
                high - low,
                "<=",
                claim.formulas["rate"].subs({D: dim, K: 2, N: degree}),
                detail=f"the gap of the computed bounds against its rate, d = {dim}, k = 2, n = {degree}",
                falsifier=FALSIFIER,
                parts=("convergence",),
            )
            yield replace(relation, grade=Grade.RIGOROUS)


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Sums of points of the 24-cell and the circle: S <= T <= k, the bounds and their gap, outcome by outcome."""
    four, circle = designs.four_sphere_design(), designs.circle_design()
    cases = (
        (four, (Fraction(1, 3), Fraction(2, 3), Fraction(0), Fraction(2, 3)), 2),
        (circle, (Fraction(3, 5), Fraction(4, 5)), 3),
    )
    for atoms, a, k in cases:
        unit = designs.scale_of(atoms) * len(a)  # squared length of the points
        worst = Fraction(0)
        low, high, mean, gap = (Fraction(0) for _ in range(4))
        integrands = [
            sp.lambdify((S, T, F), claim.formulas[name], modules="math") for name in ("low", "high")
        ]
        for draws in product(atoms, repeat=k):
            weight = Fraction(1)
            total = [Fraction(0)] * len(a)
            for p, u in draws:
                weight *= p
                total = [x + designs.dot(u, a) * y / unit for x, y in zip(total, u, strict=True)]
            s = designs.dot(total, a)
            if not s:
                continue
            t = designs.dot(total, total) / s
            worst = max(worst, s - t, t - k)
            rest = 1 - t / k
            f = (1 - rest**2) / t  # degree 1
            low, high = low + weight * integrands[0](s, t, f), high + weight * integrands[1](s, t, f)
            mean, gap = mean + weight * s / t, gap + weight * rest**4
        detail = f"{len(atoms)} points in d = {len(a)}, k = {k}"
        for left, relation, right, part, name in (
            (worst, "<=", 0, "convergence", "S <= T <= k"),
            (low, "<=", mean, "bounds", "lower bound"),
            (mean, "<=", high, "bounds", "upper bound"),
            (high - low, "==", gap, "convergence", "gap"),
        ):
            yield check_relation(
                left, relation, right, detail=f"{name} over {detail}", falsifier=FALSIFIER, parts=(part,)
            )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    """The integrands of both bounds at f of degree 2, and their gap, at simulated sums."""
    dim, k, degree = 4, 3, 2
    f = sp.lambdify(T, claim.formulas["f"].subs({K: k, N: degree}))
    integrands = [sp.lambdify((S, T, F), claim.formulas[name]) for name in ("low", "high")]
    gap = sp.lambdify(T, claim.formulas["gap"].subs({K: k, N: degree}))

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        u = Sphere(dim).sample(n * k, rng).reshape(n, k, dim) / np.sqrt(dim)
        total = (u[:, :, :1] * u).sum(axis=1)
        s = total[:, 0]
        t = (total**2).sum(axis=1) / s
        low, high = (integrand(s, t, f(t)) for integrand in integrands)
        # low <= rho^2 <= high, and high - low against its bound, in the mean.
        return np.column_stack([low - s / t, s / t - high, high - low - gap(t)])

    yield check_bound(
        sample,
        [0, 0, 0],
        resolvable=0.01,
        rng=stream(2024, claim.id),
        detail=f"bounds of degree {degree} around rho^2, and their gap, d = {dim}, k = {k}",
        parts=("bounds", "convergence"),
    )
