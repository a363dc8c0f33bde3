"""A10e: the program with a smoothing penalty: two atoms that run from A2 to fixed length."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import sympy as sp

from proofs_checks._programs import optimum
from proofs_checks._shared import DELTA, D
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.programs import Program, solve

THETA, P = sp.symbols("theta p", positive=True)
S = sp.Symbol("s", nonnegative=True)
N, S0, T0 = sp.symbols("n s0 t0", positive=True)

claim = Claim(
    id="A10e",
    title="smoothing penalty theta E[n^3]: two atoms, from zero variance to fixed length",
    kind=Kind.EQUALITY,
    plain="Among delta-unbiased laws, d >= 2, the minimum of E[s n] + theta E[n^3], theta > 0, is the minimum "
    "over p in (0, 1) of delta^2/p + theta delta^3 (1/p^2 + (d-1)^3/(1-p)^2), reached by two atoms: "
    "s = delta/p along the gradient and t = delta (d-1)/(1-p) orthogonal to it. The optimal p runs from "
    "1 (theta -> 0, the plain infimum) to 1/d (theta -> infinity, both lengths delta d).",
    latex=r"For $\theta>0$, $d\ge2$: $\min E[sn]+\theta E[n^3]=\min_{0<p<1}\ \delta^2/p+\theta\delta^3"
    r"\bigl(p^{-2}+(d-1)^3(1-p)^{-2}\bigr)$, two atoms; the optimal $p$ runs from $1$ ($\theta\to0$) to $1/d$ "
    r"($\theta\to\infty$).",
    source="derived here",
    conditions=("|a| = 1", "d >= 2", "theta > 0"),
    expected=Verdict.PROVED,
    formulas={
        "objective": DELTA**2 / P + THETA * DELTA**3 * (1 / P**2 + (D - 1) ** 3 / (1 - P) ** 2),
        # Both rays share l = 2 theta n^3 + w n^2, w = 1 along the gradient and 0 across it.
        "along": 2 * THETA * S0**3 + S0**2,
        "across": 2 * THETA * T0**3,
        "long smoothing limit": 1 / D,
    },
    parts=("bound", "attained", "limits"),
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    f = claim.formulas
    # The objective of the two atoms, and its derivative against the difference of the two levels.
    near, far = DELTA / P, DELTA * (D - 1) / (1 - P)
    primal = P * (near**2 + THETA * near**3) + (1 - P) * THETA * far**3
    yield check_identity(
        f["objective"],
        primal,
        detail="E[s n] + theta E[n^3] of the two-atom law",
        falsifier="another objective",
        parts=("attained",),
    )
    yield check_identity(
        sp.diff(f["objective"], P),
        f["across"].subs(T0, far) - f["along"].subs(S0, near),
        detail="the derivative in p vanishes where both rays share the multiplier of the mass",
        falsifier="a stationary p at which the rays disagree",
        parts=("bound",),
    )
    # Both rays are needed, E s = delta and E t = delta (d - 1) being positive; and the dual form
    # lambda_1 s + lambda_2 t - l has the mean of the objective (l as the mean of both levels).
    yield check_identity(
        [P * near, (1 - P) * far],
        [DELTA, DELTA * (D - 1)],
        detail="E s from the ray along the gradient alone, E t from the ray across it alone",
        falsifier="a mean energy that the other ray supplies",
        parts=("attained",),
    )
    along, across = (3 * THETA * x**2 + 2 * w * x for w, x in ((1, S0), (0, T0)))
    mean = (along * S0 - f["along"]).subs(S0, near) * P + (across * T0 - f["across"]).subs(T0, far) * (
        1 - P
    )
    yield check_identity(
        f["objective"],
        mean,
        detail="mean of the dual form: the dual value is the objective of the two atoms",
        falsifier="a gap between both",
        parts=("bound",),
    )
    shared = sp.Symbol("l", real=True)
    yield check_identity(
        N * (S * N + THETA * N**3 - (along * S + across * (N - S) - shared)),
        S * (THETA * N**3 + N**2 - along * N + shared) + (N - S) * (THETA * N**3 - across * N + shared),
        detail="n times the residual is s times one cubic in n plus n - s times another",
        falsifier="a residual that does not split along the rays",
        parts=("bound",),
    )
    # n r = s (n - s0)^2 (theta n + 1 + 2 theta s0) + (n - s)(n - t0)^2 (theta n + 2 theta t0), given
    # that l is shared; written for each ray with its own l, whose difference is checked above.
    for weight, length, level, share in ((1, S0, f["along"], S), (0, T0, f["across"], N - S)):
        slope = 3 * THETA * length**2 + 2 * weight * length
        cubic = THETA * N**3 + weight * N**2 - slope * N + level
        yield check_nonnegative(
            share * cubic,
            [Term(THETA * N + weight + 2 * THETA * length, N - length, (share,))],
            (S, N - S),
            detail=f"the residual on the ray of weight {weight}: a double root times a positive factor",
            falsifier="a negative residual",
            parts=("bound",),
        )
    second = sp.diff(f["objective"], P, 2)
    m, q = sp.symbols("m q", positive=True)
    yield check_relation(
        second.subs({1 - P: q}).subs(D, m + 1),
        ">",
        0,
        detail="the objective is convex in p (q = 1 - p, d = m + 1): one stationary point, the minimum",
        falsifier="a second stationary point",
        parts=("attained",),
        scope=Scope.GENERAL,
    )
    # theta -> infinity: the penalty alone decides; theta -> 0: the derivative is -delta^2/p^2 < 0 for
    # every fixed p < 1, so the minimiser leaves every [0, 1 - eps].
    penalty = sp.diff((1 / P**2 + (D - 1) ** 3 / (1 - P) ** 2), P).subs(P, f["long smoothing limit"])
    yield check_identity(
        sp.simplify(penalty),
        0,
        detail="stationary point of the penalty alone",
        falsifier="another limit",
        parts=("limits",),
    )
    lengths = [x.subs(P, f["long smoothing limit"]) for x in (near, far)]
    yield check_identity(
        lengths,
        [DELTA * D, DELTA * D],
        detail="both lengths there: fixed length",
        falsifier="different lengths",
        parts=("limits",),
    )
    yield check_relation(
        sp.diff(f["objective"], P).subs(THETA, 0),
        "<",
        0,
        detail="slope in p without smoothing",
        falsifier="a minimiser away from p = 1 as theta -> 0",
        parts=("limits",),
        scope=Scope.GENERAL,
    )


@claim.check("program")
def program(claim) -> Iterator[Evidence]:
    """The solved program against a minimisation over p alone, to sixty digits."""
    slope = sp.numer(sp.together(sp.diff(claim.formulas["objective"], P)))
    for dim, theta in ((2, "1/10"), (3, "7/3"), (16, "1/1000"), (1000, "1/1000000")):
        numbers = {D: dim, DELTA: 1, THETA: sp.Rational(theta)}
        roots: list[Any] = sp.Poly(slope.subs(numbers), P).real_roots()
        best = next(root for root in roots if 0 < root < 1)
        value = claim.formulas["objective"].subs(numbers).subs(P, sp.N(best, 150))
        yield optimum(value, {"dim": dim, "smoothing": theta}, parts=("bound", "attained"))


@claim.check("limits")
def limits(claim) -> Iterator[Evidence]:
    """The atoms of solved programs as theta falls and rises over twelve orders of magnitude."""
    masses = []
    for exponent in (-6, -3, 0, 3, 6):
        solution = solve(Program(dim=4, smoothing=Fraction(10) ** exponent))
        masses.append(next(a.mass for a in solution.atoms if a.energies[0]))
    falls = all(x > y for x, y in pairwise(masses))
    limit = Fraction(str(claim.formulas["long smoothing limit"].subs(D, 4)))
    near = abs(masses[-1] - limit) < Fraction(1, 10**4) and masses[0] > Fraction(9, 10)
    yield Evidence(
        Outcome.HOLDS if falls and near else Outcome.FAILS,
        Grade.CERTIFICATE,
        Scope.INSTANCE,
        f"d = 4: mass along the gradient {', '.join(f'{float(x):.6f}' for x in masses)}",
        "masses that do not fall from near 1 to 1/d",
        parts=("limits",),
    )
