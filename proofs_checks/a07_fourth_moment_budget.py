"""A7: the minimum under a budget on E[n^2], in closed form."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._intervals import residual_in_plane
from proofs_checks._programs import membership, optimum, rational
from proofs_checks._shared import DELTA, D, M, simulated_factor
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.derive import kkt
from zotheory.kernel import CoqProof
from zotheory.laws import DAP, Sphere, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.programs import Program, solve

KAPPA = sp.Symbol("kappa", positive=True)
S = sp.Symbol("s", nonnegative=True)
N, S0, H, X = sp.symbols("n s0 h x", positive=True)
ROOT = sp.sqrt((KAPPA * D - D + 2) ** 2 - 4 * KAPPA)

claim = Claim(
    id="A7",
    title="fourth-moment budget: min V in closed form, two atoms",
    kind=Kind.EQUALITY,
    plain="Among delta-unbiased laws with E[n^2] <= kappa delta^2 d^2, kappa >= 1, the minimum of V is "
    "delta^2 d/2 (kappa d - d + 2 - sqrt((kappa d - d + 2)^2 - 4 kappa)). For kappa > 1 a law is optimal "
    "iff it uses the budget up and is supported on {t = 0, s = delta/p} and "
    "{s = 0, t = delta (d-1)/(1-p)}, p = delta^2/min V; at kappa = 1 iff n = delta d.",
    latex=r"Among $\delta$-unbiased laws with $E[n^2]\le\kappa\delta^2d^2$, $\kappa\ge1$: "
    r"$\min V=\tfrac{\delta^2d}{2}\bigl(\kappa d-d+2-\sqrt{(\kappa d-d+2)^2-4\kappa}\bigr)$. For "
    r"$\kappa>1$ a law is optimal iff it uses the budget up and is supported on "
    r"$\{t=0,s=\delta/p\}\cup\{s=0,t=\delta(d-1)/(1-p)\}$, $p=\delta^2/\min V$; at $\kappa=1$ iff "
    r"$n=\delta d$ a.s.",
    source="derived here",
    conditions=("|a| = 1", "d >= 2", "kappa >= 1"),
    expected=Verdict.PROVED,
    formulas={
        "value": DELTA**2 * D / 2 * (KAPPA * D - D + 2 - ROOT),
        "at one": DELTA**2 * D,
        # lambda_0 = -(1 + beta) s0^2 = -beta t0^2 with t0 = s0 + h
        # E[n^2] - delta^2 d^2 is the mean of this, as E n = delta d
        "slack": (N - DELTA * D) ** 2,
        "beta": S0**2 / ((S0 + H) ** 2 - S0**2),
    },
    parts=("bound", "attained", "iff", "kappa = 1"),
    depends=("A2b",),
    coq=CoqProof(
        file="a07_fourth_moment_budget.v",
        formulas={
            "value": "d delta kappa",
            "at one": "d delta",
            "slack": "n delta d",
            "beta": "s0 h",
        },
        theorems={
            "dual_inequality": ("bound",),
            "bound": ("bound",),
            "bound_for_all_laws": ("bound",),
            "contact": ("iff",),
            "attained": ("attained",),
            "at_one": ("kappa = 1",),
        },
        library=("axis", "expectation"),
        detail="the dual inequality at every point of the plane; the bound for every law on R^d, every d >= 2, delta "
        "and kappa; the contact set for laws with finitely many atoms; the law that attains the bound for a gradient "
        "along the first axis",
    ),
)


@claim.check("optimality conditions")
def conditions(claim) -> Iterator[Evidence]:
    found = kkt.fourth_moment(D, DELTA, KAPPA)
    yield check_identity(
        claim.formulas["value"],
        found.value,
        detail="dual value of the solved conditions, general d, delta, kappa",
        falsifier="another solution of the conditions",
        parts=("bound",),
    )
    yield check_identity(
        claim.formulas["value"],
        DELTA**2 / found.p,
        detail="V = delta^2/p of the two-atom law that uses the budget up",
        falsifier="a primal value off the dual one",
        parts=("attained",),
    )
    # The budget of that law, with p from the claimed value: kappa = (1/p + (d-1)^2/(1-p)) / d^2.
    p = DELTA**2 / claim.formulas["value"]
    yield check_identity(
        KAPPA * D**2,
        sp.radsimp(1 / p + (D - 1) ** 2 / (1 - p)),
        detail="E[n^2]/delta^2 of the two-atom law at the claimed p",
        falsifier="a law that breaks the budget or leaves some of it",
        parts=("attained",),
    )
    yield check_identity(
        [claim.formulas["value"].subs(KAPPA, 1), claim.formulas["at one"]],
        [DELTA**2 * D, DELTA * D * DELTA],
        detail="kappa = 1: (E n)^2 = E[n^2] forces n = delta d, whose V is delta d E[s]",
        falsifier="another value at kappa = 1",
        parts=("kappa = 1",),
    )
    # At kappa = 1 the budget asks E[n^2] <= delta^2 d^2, so the mean of the square is at most zero.
    square = sp.Symbol("E n^2", positive=True)
    slack = sp.Poly(claim.formulas["slack"], N)
    mean = slack.coeff_monomial(N**2) * square + slack.coeff_monomial(N) * DELTA * D
    yield check_identity(
        [mean + slack.coeff_monomial(1), *sp.solve(claim.formulas["slack"], N)],
        [square - (DELTA * D) ** 2, DELTA * D],
        detail="E[(n - delta d)^2] = E[n^2] - delta^2 d^2, so kappa = 1 iff n = delta d almost surely",
        falsifier="a law at kappa = 1 of varying length",
        parts=("kappa = 1",),
    )


@claim.check("sum of squares")
def certificate(claim) -> Iterator[Evidence]:
    """n r = (1 + beta) s (n - s0)^2 + beta (n - s)(n - t0)^2 with beta >= 0."""
    beta, far = claim.formulas["beta"], S0 + H
    level = -(1 + beta) * S0**2
    form = level + 2 * (1 + beta) * S0 * S + 2 * beta * far * (N - S)
    yield check_identity(
        level,
        -beta * far**2,
        detail="both rays share the multiplier of the mass",
        falsifier="two different multipliers",
        parts=("bound",),
    )
    yield check_nonnegative(
        S * N + beta * N**2 - form,
        [Term(1 + beta, N - S0, (S,)), Term(beta, N - far, (N - S,))],
        (S, N - S),
        multiplier=N,
        detail="the dual inequality on 0 <= s <= n, n > 0 (at v = 0 it is -lambda_0 > 0)",
        falsifier="a point below the dual form",
        parts=("bound",),
    )
    # V = dual value + E r + beta (budget - E[n^2]), all non-negative: with beta > 0 an optimal law
    # leaves nothing of the budget.
    yield check_relation(
        sp.factor(sp.expand(beta)),
        ">",
        0,
        detail="the multiplier of the budget for t0 > s0: complementary slackness",
        falsifier="an optimal law that leaves some of the budget",
        parts=("iff",),
        scope=Scope.GENERAL,
    )
    # t0 > s0 is needed for beta > 0: (d-1)/(1-p) > 1/p iff p > 1/d, and V(1/d) = delta^2 d.
    gap = claim.formulas["at one"] - claim.formulas["value"]
    at = {D: M + 1, KAPPA: 1 + X}
    inside = (X * (M + 1) + 2) ** 2 - 4 * (1 + X)
    yield check_relation(
        sp.expand(inside - (X * (M + 1)) ** 2),
        ">",
        0,
        detail="(kappa d - d + 2)^2 - 4 kappa exceeds (kappa d - d)^2 for kappa = 1 + x, d = m + 1",
        falsifier="a budget for which the optimum is not below delta^2 d",
        parts=("iff",),
        scope=Scope.GENERAL,
    )
    root = sp.sqrt(inside)
    yield check_identity(
        gap.subs(at),
        DELTA**2 * (M + 1) / 2 * (root - X * (M + 1)),
        detail="delta^2 d - min V = delta^2 d/2 (root - (kappa d - d)), so p > 1/d and beta > 0",
        falsifier="another difference",
        parts=("iff",),
    )
    zeros = sp.solve([S * (N - S0), (N - S) * (N - far)], [S, N], dict=True)
    pairs = sorted(((z.get(S, S), z.get(N, N)) for z in zeros), key=str)
    yield check_identity(
        [pair for pair in pairs if pair != (0, 0)],
        sorted([(0, far), (S0, S0)], key=str),
        detail="common zeros of both terms with v != 0 and h > 0",
        falsifier="another contact point",
        parts=("iff",),
    )


@claim.check("program")
def program(claim) -> Iterator[Evidence]:
    for dim, delta, kappa in (
        (2, Fraction(1), Fraction(3, 2)),
        (3, Fraction(1, 2), Fraction(5)),
        (16, Fraction(1), Fraction(1)),
        (1000, Fraction(2), Fraction(101, 100)),
        (10**6, Fraction(1), Fraction(2)),
    ):
        numbers = {D: dim, DELTA: rational(delta), KAPPA: rational(kappa)}
        options = {"dim": dim, "delta": delta, "fourth_moment": kappa}
        part = "kappa = 1" if kappa == 1 else "bound"
        yield optimum(claim.formulas["value"].subs(numbers), options, parts=(part,))
    solution = solve(Program(dim=4, fourth_moment=2))
    p = 1 / float(claim.formulas["value"].subs({D: 4, DELTA: 1, KAPPA: 2}))
    axis = [1, 0, 0, 0]
    yield membership(solution, TwoAtom(axis, p), True, "two atoms at p", parts=("iff",))
    for name, law in {
        "two atoms that leave budget": TwoAtom(axis, p - 1e-3),
        "two atoms that break it": TwoAtom(axis, p + 1e-3),
        "sphere": Sphere(4),
        "DAP": DAP(axis),
    }.items():
        yield membership(solution, law, False, name, parts=("iff",))


@claim.check("intervals")
def intervals(claim) -> Evidence:
    """The dual inequality at s0 = 2, t0 = 4 up to n = 12, in rigorous arithmetic."""
    beta = claim.formulas["beta"].subs({S0: 2, H: 2})
    form = -(1 + beta) * 4 + 4 * (1 + beta) * S + 8 * beta * (N - S)
    return residual_in_plane(S * N + beta * N**2 - form, S, N, 12, parts=("bound",))


@claim.check("simulation")
def simulation(claim) -> Evidence:
    law = solve(Program(dim=3, fourth_moment="1.5")).law()
    claimed = claim.formulas["value"].subs({D: 3, DELTA: 1, KAPPA: sp.Rational(3, 2)})
    return simulated_factor(law, [1, 0, 0], claimed, claim.id, "attained")
