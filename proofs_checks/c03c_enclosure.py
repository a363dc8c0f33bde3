"""C3c: closed bounds on the alignment of k sphere estimates for all k and d, tight for many probes."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._c_designs import K
from proofs_checks._c_two_stage import simulate
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_bound
from zotheory.derive.probe_sums import probe_sum_moments
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

claim = Claim(
    id="C3c",
    title="k sphere probes: closed bounds on E rho^2, within 0.1% for k >= 30 d; k (1 - E rho^2) -> d(d-1)/(d+2)",
    kind=Kind.EQUALITY,
    plain="Let rho be the alignment with a of the mean of k sphere estimates, |a| = 1, S the component along a of the sum "
    "of the u_i (u_i.a), W the rest and |G|^2 = S^2 + |W|^2. For every f of S and |W|^2, "
    "E[2 S f - |G|^2 f^2] <= E rho^2 <= 1 - E[|W|^2 (2f - |G|^2 f^2)]; f affine in S below and constant above give the "
    "closed bounds low(k,d) <= E rho^2 <= high(k,d) of the formulas. They differ by at most 0.1% of low for all "
    "k >= 30 d and all k >= d + 3000 (for fewer probes see C3d, pair by pair). "
    "And k (1 - E rho^2) -> d(d-1)/(d+2) as k grows (d - 1 for Gaussian probes).",
    latex=r"Let $S=G\cdot a$, $W=G-Sa$, $G=\sum_{i\le k}u_i(u_i\cdot a)$, $\|a\|=1$, $u_i$ uniform on the sphere. For every "
    r"$f$ of $S,\|W\|^2$: $E[2Sf-\|G\|^2f^2]\le E\rho^2\le1-E[\|W\|^2(2f-\|G\|^2f^2)]$. With $f$ affine in $S$ below and "
    r"constant above these are rational in $k,d$, differ by at most $0.1\%$ for all $k\ge30d$ and all $k\ge d+3000$, and "
    r"give $k(1-E\rho^2)\to\frac{d(d-1)}{d+2}$.",
    source="derived here",
    conditions=("d >= 2, k >= 1", "mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "low": K
        * (
            D**3 * (K + 2)
            + D**2 * (K - 1) * (K + 12)
            + 2 * D * (K - 1) * (3 * K + 1)
            + 8 * (K - 1) * (K - 3)
        )
        / (
            D**4 * (K + 2)
            + 2 * D**3 * (K - 1) * (K + 7)
            + D**2 * (K - 1) * (K**2 + 15 * K - 8)
            + 2 * D * (K - 1) * (3 * K**2 - K - 10)
            + 8 * (K - 1) ** 2 * (K - 2)
        ),
        "mean of |W|^2": K * (D - 1) / (D * (D + 2)),
        "high": 1
        - K
        * (D - 1)
        * D
        * (D + 4)
        / (
            D**3 * (K + 2)
            + D**2 * (K**2 + 11 * K - 6)
            + 2 * D * (K - 1) * (3 * K + 8)
            + 8 * (K - 1) * (K - 2)
        ),
        "rate": D * (D - 1) / (D + 2),
        "width": sp.Rational(1, 1000),
        # Least k for which the width is claimed, at every d.
        "from": (30 * D, D + 3000),
    },
    parts=("variational", "closed bounds", "width", "rate"),
    depends=("C3b",),
)

FALSIFIER = "a mean of rho^2 outside the bounds, or wider bounds"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # Multiplied by |G|^2 > 0: S^2 - (2 S f - |G|^2 f^2) |G|^2 = (S - |G|^2 f)^2, and the same with |W|^2.
    along, across = sp.symbols("S W2", positive=True)
    f = sp.Symbol("f", real=True)
    square = along**2 + across
    yield check_nonnegative(
        along**2 / square - (2 * along * f - square * f**2),
        [Term(1 / square, along - square * f)],
        detail="rho^2 minus the lower bound's integrand is a square",
        falsifier=FALSIFIER,
        parts=("variational",),
    )
    yield check_nonnegative(
        across / square - across * (2 * f - square * f**2),
        [Term(across / square, 1 - square * f)],
        detail="1 - rho^2 minus the upper bound's integrand is |W|^2 times a square",
        falsifier=FALSIFIER,
        parts=("variational",),
    )
    moment = probe_sum_moments(D, K, 4, 2)
    first = [sp.cancel(moment[p][0]) for p in (1, 2)]  # E[S f] for f = 1, S
    gram = [sp.cancel(moment[2 + p][0] + moment[p][1]) for p in (0, 1, 2)]  # E[|G|^2 S^p]
    # f = x + y S with the gram matrix ((g0, g1), (g1, g2)): best value b.A^{-1} b = adjugate form / det.
    det = gram[0] * gram[2] - gram[1] ** 2
    form = first[0] ** 2 * gram[2] - 2 * first[0] * first[1] * gram[1] + first[1] ** 2 * gram[0]
    yield check_identity(
        sp.together(claim.formulas["low"]) * det,
        form,
        detail="lower bound from f affine in S, times the determinant of its exact moments, symbolic d and k",
        falsifier=FALSIFIER,
        parts=("closed bounds",),
        domain={D: [2, 3, 5], K: [2, 3, 4]},
    )
    mean, weight = (sp.cancel(x) for x in (moment[0][1], moment[2][1] + moment[0][2]))
    yield check_identity(
        [claim.formulas["mean of |W|^2"], (1 - claim.formulas["high"]) * weight],
        [mean, mean**2],
        detail="upper bound 1 - (E|W|^2)^2/E[|G|^2 |W|^2], symbolic d and k",
        falsifier=FALSIFIER,
        parts=("closed bounds",),
        domain={D: [2, 3, 5], K: [2, 3, 4]},
    )
    for name in ("low", "high"):
        yield check_identity(
            claim.formulas["rate"],
            leading(claim.formulas[name]),
            detail=f"limit of k (1 - bound) as k grows, {name}",
            falsifier=FALSIFIER,
            parts=("rate",),
        )


@claim.check("positive coefficients")
def positive_coefficients(claim) -> Iterator[Evidence]:
    """width * low - (high - low) over a common denominator, at d = 2 + j and k = least + i."""
    i, j = sp.symbols("i j", integer=True, nonnegative=True)
    low, high = claim.formulas["low"], claim.formulas["high"]
    fraction = sp.fraction(sp.cancel(claim.formulas["width"] * low - (high - low)))
    for least in claim.formulas["from"]:
        top, bottom = (sp.expand(x.subs(K, least + i).subs(D, 2 + j)) for x in fraction)
        sign = sp.sign(bottom.subs({i: 0, j: 0}))
        for polynomial, name in ((top, "numerator"), (bottom, "denominator")):
            yield check_relation(
                sign * polynomial,
                ">=",
                0,
                detail=f"coefficients of the {name} of width * low - (high - low), k = {least} + i, d = 2 + j",
                falsifier=FALSIFIER,
                parts=("width",),
                scope=Scope.GENERAL,
            )


@claim.check("values")
def values(claim) -> Iterator[Evidence]:
    """The width at single pairs, in fractions, from moments of the sums computed for these k and d."""
    for least in claim.formulas["from"]:
        for dim in (2, 3, 10, 100, 1000, 10**5):
            k = int(least.subs(D, dim))
            moment = probe_sum_moments(dim, k, 4, 2)
            gram = [moment[2 + p][0] + moment[p][1] for p in (0, 1, 2)]
            first, second = moment[1][0], moment[2][0]
            # The best f = x + y S from its 2 x 2 normal equations.
            det = gram[0] * gram[2] - gram[1] ** 2
            x, y = (
                (first * gram[2] - second * gram[1]) / det,
                (second * gram[0] - first * gram[1]) / det,
            )
            low = 2 * (x * first + y * second) - (x * x * gram[0] + 2 * x * y * gram[1] + y * y * gram[2])
            high = 1 - moment[0][1] ** 2 / (moment[2][1] + moment[0][2])
            numbers = {D: dim, K: k}
            yield check_identity(
                [claim.formulas["low"].subs(numbers), claim.formulas["high"].subs(numbers)],
                [sp.Rational(low), sp.Rational(high)],
                detail=f"both bounds from moments at d = {dim}, k = {k}",
                falsifier=FALSIFIER,
                parts=("closed bounds",),
            )
            yield check_relation(
                high - low,
                "<=",
                claim.formulas["width"] * low,
                detail=f"width at d = {dim}, k = {k}: {float((high - low) / low):.2e}",
                falsifier=FALSIFIER,
                parts=("width",),
            )


def leading(bound: sp.Expr) -> sp.Expr:
    """Return the limit of k (1 - bound) for k -> infinity, by the leading coefficients in k."""
    top, bottom = sp.fraction(sp.cancel(K * (1 - bound)))
    numerator, denominator = sp.Poly(top, K), sp.Poly(bottom, K)
    assert numerator.degree() == denominator.degree()
    return sp.cancel(numerator.LC() / denominator.LC())


@claim.check("exact values")
def exact_values(claim) -> Iterator[Evidence]:
    """The closed bounds around the exact values of C3b: k = 1, k = 2 and d = 2."""
    for dim, k in ((5, 1), (2, 2), (3, 2), (10, 2), (2, 3), (2, 10)):
        exact = (
            1 - Fraction(1, 2 * k)
            if dim == 2
            else Fraction(2 * dim - 1, dim**2)
            if k == 2
            else Fraction(1, dim)
        )
        for name, relation in (("low", "<="), ("high", ">=")):
            yield check_relation(
                claim.formulas[name].subs({D: dim, K: k}),
                relation,
                exact,
                detail=f"{name} bound against the exact value, d = {dim}, k = {k}",
                falsifier=FALSIFIER,
                parts=("closed bounds",),
            )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """The variational bounds outcome by outcome over sums of points of the circle and the 24-cell."""
    for atoms, a in (
        (designs.circle_design(), (Fraction(3, 5), Fraction(4, 5))),
        (designs.four_sphere_design(), (Fraction(1), Fraction(0), Fraction(0), Fraction(0))),
    ):
        dim = len(a)
        for f in (
            (Fraction(1, 2), Fraction(0)),
            (Fraction(1, 3), Fraction(1, 5)),
            (Fraction(2), Fraction(-1)),
        ):
            low = high = exact = Fraction(0)
            for (p, u), (q, v) in product(atoms, repeat=2):
                x, y = designs.dot(u, a), designs.dot(v, a)
                total = [x * s + y * t for s, t in zip(u, v, strict=True)]
                along, square = designs.dot(total, a), designs.dot(total, total)
                across, value = square - along**2, f[0] + f[1] * along
                low += p * q * (2 * along * value - square * value**2)
                high += p * q * (1 - across * (2 * value - square * value**2))
                exact += p * q * (along**2 / square if square else Fraction(1, dim))
            for left, right, name in ((low, exact, "lower"), (exact, high, "upper")):
                yield check_relation(
                    left,
                    "<=",
                    right,
                    detail=f"{name} bound with f = {f[0]} + {f[1]} S over pairs of {len(atoms)} points, d = {dim}",
                    falsifier=FALSIFIER,
                    parts=("variational",),
                )


@claim.check("many probes")
def many_probes(claim) -> Iterator[Evidence]:
    """k (1 - bound) at k = 10^8, in fractions."""
    for dim in (2, 3, 10):
        limit = claim.formulas["rate"].subs(D, dim)
        for name in ("low", "high"):
            value = 10**8 * (1 - claim.formulas[name].subs({D: dim, K: 10**8}))
            yield check_relation(
                sp.Abs(value - limit),
                "<",
                sp.Rational(1, 10**4),
                detail=f"distance of k (1 - bound) from the limit at k = 10^8, d = {dim}, {name}",
                falsifier=FALSIFIER,
                parts=("rate",),
            )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    """rho^2 of simulated sums against both closed bounds, one-sided."""
    for dim, k in ((3, 10), (5, 4), (4, 120)):
        bounds = {name: float(claim.formulas[name].subs({D: dim, K: k})) for name in ("low", "high")}

        def sample(n: int, rng: np.random.Generator, dim: int = dim, k: int = k) -> np.ndarray:
            square = simulate(dim, k, 1, n, rng, "sphere").direction[:, 0] ** 2
            return np.column_stack([-square, square])

        yield check_bound(
            sample,
            [-bounds["low"], bounds["high"]],
            resolvable=0.01,
            support=((-1, 0), (0, 1)),
            rng=stream(2024, claim.id, dim, k),
            detail=f"E rho^2 of {k} sphere probes in dimension {dim}, between the closed bounds",
            parts=("closed bounds",),
        )
