"""C3d: the alignment of k sphere estimates for every k and d: bounds that converge, and their values."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np
import sympy as sp
from flint import arb, ctx, fmpq

from proofs_checks import _designs as designs
from proofs_checks._c_designs import ABOVE_ONE, K
from proofs_checks._c_two_stage import simulate
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.rigorous import certify_nonnegative
from zotheory.checks.statistical import check_mean
from zotheory.derive.probe_enclosure import alignment_bounds, alignment_enclosure
from zotheory.derive.probe_ratios import probe_ratio_moments
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

S, T = sp.symbols("S T", positive=True)  # S <= T = |G|^2/S
F = sp.Symbol("f", real=True)
N = sp.Symbol("n", integer=True, nonnegative=True)  # degree of f
ORDER, STEP, ANGLE = sp.symbols("r h theta", positive=True)

claim = Claim(
    id="C3d",
    title="k sphere probes: bounds on E rho^2 that converge for every k and d; within 0.1% for the listed pairs",
    kind=Kind.EQUALITY,
    plain="Let G = sum of u_i (u_i.a), u_1..u_k uniform on the sphere of R^d, |a| = 1, S = G.a and T = |G|^2/S, so "
    "rho^2 = S/T. For every f of T, E[S (2f - T f^2)] <= E rho^2 <= 1 - E[(T - S)(2f - T f^2)]. Let low_n and high_n "
    "be the best such bounds by polynomials f of degree n. For all d >= 3, k >= 1 and n, high_n - low_n <= "
    "E(1 - T/k)^{2n+2} <= ((d-1)k/(4n+4))^{k/2}, so both converge to E rho^2, and every n >= "
    "(d-1)k/4 (1000 (k+d-1)/k)^{2/k} - 1 is enough for 0.1%. They need E[S^{-r} |W|^{2q}], r <= q, for which "
    "h sum_j e^{jhr} exp(-e^{jh} S)/Gamma(r) is S^{-r} up to a relative error of 2 cos(theta)^{-r}/"
    "(e^{2 pi theta/h} - 1), any theta < pi/2. Computed so in intervals, E rho^2 is known within 0.1% for the listed "
    "(d, k), from k = 3 on (k <= 2 and d = 2: exact, C3b).",
    latex=r"Let $G=\sum_{i\le k}u_i(u_i\cdot a)$, $u_i$ uniform on the sphere of $\mathbb R^d$, $\|a\|=1$, $S=G\cdot a$, "
    r"$T=\|G\|^2/S$. For every $f$ of $T$, $E[S(2f-Tf^2)]\le E\rho^2\le1-E[(T-S)(2f-Tf^2)]$. The best bounds by polynomials "
    r"$f$ of degree $n$ differ by at most $E(1-T/k)^{2n+2}\le(\frac{(d-1)k}{4n+4})^{k/2}$ for all $d\ge3$, $k\ge1$: they "
    r"converge, and $n\ge\frac{(d-1)k}4(1000\frac{k+d-1}k)^{2/k}-1$ is enough for $0.1\%$. With moments in rigorous "
    r"intervals, $E\rho^2$ is known within $0.1\%$ for the listed $(d,k)$.",
    source="derived here",
    conditions=("d >= 3, k >= 1", "mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "low": S * (2 * F - T * F**2),
        "high": 1 - (T - S) * (2 * F - T * F**2),
        "f": (1 - (1 - T / K) ** (N + 1)) / T,
        "gap": (1 - T / K) ** (2 * N + 2),
        "rate": ((D - 1) * K / (4 * (N + 1))) ** (K / 2),
        "degree": (D - 1) * K / 4 * (1000 * (K + D - 1) / K) ** (2 / K) - 1,
        "error": 2 * sp.cos(ANGLE) ** (-ORDER) / (sp.exp(2 * sp.pi * ANGLE / STEP) - 1),
        "width": sp.Rational(1, 1000),
        "table": {
            3: (3, 4, 5, 7, 10, 30),
            4: (3, 5, 10),
            5: (3, 4, 7, 30),
            10: (3, 5, 10, 100),
            30: (3, 10, 30),
            100: (3, 7, 30, 100),
            1000: (3,),
        },
    },
    parts=("bounds", "convergence", "moments", "table"),
    depends=("C3b",),
)

FALSIFIER = "a mean of rho^2 outside the bounds, bounds that stay apart, or wider ones"


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
    # |Gamma(r + iw)| <= e^{-theta |w|} int y^{r-1} e^{-y cos theta} dy, the path turned by theta; the trapezoidal sum is
    # the sum over all n of the terms with w = 2 pi n/h, and n = 0 is the integral.
    y, slope, ratio = sp.symbols("y slope q", positive=True)
    turned = sp.integrate(y ** (ORDER - 1) * sp.exp(-slope * y), (y, 0, sp.oo), conds="none") / sp.gamma(
        ORDER
    )
    geometric = ratio / (1 - ratio)  # sum of ratio^n, n >= 1
    yield check_identity(
        claim.formulas["error"],
        2 * turned.subs(slope, sp.cos(ANGLE)) * geometric.subs(ratio, sp.exp(-2 * sp.pi * ANGLE / STEP)),
        detail="relative error of the trapezoidal sum, both sides of n = 0",
        falsifier=FALSIFIER,
        parts=("moments",),
        domain={ORDER: [1, 2], STEP: [1, 2], ANGLE: [sp.pi / 4, sp.pi / 3]},
    )


@claim.check("intervals")
def intervals(claim) -> Iterator[Evidence]:
    """The trapezoidal sum itself, at h = 2: times S^r it has period h in log S, so [1, e^2] covers all S > 0."""
    step = 2
    functions = {"cos": lambda x: x.cos(), "exp": lambda x: x.exp(), "pi": arb.pi()}
    error = sp.lambdify((ORDER, STEP, ANGLE), claim.formulas["error"], modules=[functions])
    for order, angle in ((1, Fraction(5, 4)), (2, Fraction(1)), (3, Fraction(4, 5))):
        limit = error(order, arb(step), arb(fmpq(angle.numerator, angle.denominator)))

        def slack(s: arb, order: int = order, limit: arb = limit) -> arb:
            total = arb(0)
            for j in range(-14, 4):
                node = arb(step * j).exp()
                total += (node * s) ** order * (-node * s).exp()
            # Nodes below: at most a geometric series. Nodes above: y^r e^{-y} halves, and more, with every node.
            low, high = arb(-15 * step).exp() * s, arb(4 * step).exp() * s
            total += arb(0).union(low**order / (1 - arb(-step * order).exp()))
            total += arb(0).union(2 * high**order * (-high).exp())
            value = step * total / arb(order).gamma() - 1
            return limit - abs(value)

        yield certify_nonnegative(
            slack,
            [(1, Fraction(739, 100))],
            detail=f"relative error of the trapezoidal sum for S^-{order} at h = {step}, all S > 0",
            falsifier=FALSIFIER,
            parts=("moments",),
            scope=Scope.INSTANCE,
        )
    for (dim, k), value in alignment_table(claim.formulas["table"]).items():
        low, high = value
        yield check_relation(
            high - low,
            "<=",
            claim.formulas["width"] * low,
            detail=f"d = {dim}, k = {k}: {float(low):.6f} <= E rho^2 <= {float(high):.6f}",
            falsifier=FALSIFIER,
            parts=("table",),
            scope=Scope.GENERAL,
        )


def alignment_table(table: dict[int, tuple[int, ...]]) -> dict[tuple[int, int], tuple[Fraction, Fraction]]:
    """Return the enclosure of E rho^2 for every listed (d, k)."""
    return {(dim, k): alignment_enclosure(dim, k) for dim, draws in table.items() for k in draws}


@claim.check("exact values")
def exact_values(claim) -> Iterator[Evidence]:
    """One estimate has Beta moments, and k = 2 the exact mean of C3b: the enclosures must contain them."""
    for dim in (3, 8):
        half, m = sp.Rational(1, 2), sp.Rational(dim - 1, 2)
        moments = probe_ratio_moments(dim, 1, 3, 48)
        for p, q in ((-1, 1), (-1, 2), (-2, 2), (-3, 3)):
            # S = c, |W|^2 = c (1 - c), c of the Beta(1/2, m/2) law.
            beta = sp.rf(half, p + q) * sp.rf(m, q) / sp.rf(half + m, p + 2 * q)
            with ctx.workprec(256):
                inside = moments[p, q].contains(fmpq(*Fraction(str(beta)).as_integer_ratio()))
            yield check_relation(
                int(inside and moments[p, q].rel_accuracy_bits() > 40),
                "==",
                1,
                detail=f"E[S^{p} |W|^{2 * q}] of one estimate, d = {dim}: {beta} in an interval of 40 bits",
                falsifier=FALSIFIER,
                parts=("moments",),
            )
    for dim in (3, 4, 10, 300):
        exact = Fraction(2 * dim - 1, dim**2)
        bounds = [alignment_bounds(dim, 2, degree) for degree in (1, 4)]
        for low, high in bounds:
            yield check_relation(
                int(low <= exact <= high),
                "==",
                1,
                detail=f"the exact value lies between the bounds, d = {dim}, k = 2",
                falsifier=FALSIFIER,
                parts=("bounds", "moments"),
            )
        yield check_relation(
            bounds[1][1] - bounds[1][0],
            "<",
            (bounds[0][1] - bounds[0][0]) / 4,
            detail=f"degree 4 is more than four times as tight as degree 1, d = {dim}, k = 2",
            falsifier=FALSIFIER,
            parts=("convergence",),
        )


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
    for dim, k in ((3, 3), (5, 4), (30, 10)):
        low, high = alignment_enclosure(dim, k)

        def sample(n: int, rng: np.random.Generator, dim: int = dim, k: int = k) -> np.ndarray:
            return simulate(dim, k, 1, n, rng, "sphere").direction[:, 0] ** 2

        yield check_mean(
            sample,
            float(low + high) / 2,
            resolvable=0.01,
            support=(0, 1),
            rng=stream(2024, claim.id, dim, k),
            detail=f"E rho^2 of the mean of {k} sphere estimates, d = {dim}, against the middle of its enclosure",
            parts=("table",),
        )
