"""A2c: the infimum of the plain program is delta^2, and no law attains it."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._programs import membership, optimum
from proofs_checks._shared import DELTA, D, M
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.laws import DAP, Sphere, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.programs import Program, solve

S, T = sp.symbols("s t", nonnegative=True)
P = sp.Symbol("p", positive=True)

claim = Claim(
    id="A2c",
    title="inf V = delta^2 over all delta-unbiased laws, not attained for d >= 2",
    kind=Kind.LOWER_BOUND,
    plain="Over all delta-unbiased laws the infimum of V is delta^2 (zero variance). Two-atom laws "
    "approach "
    "it as p -> 1, and for d >= 2 no law attains it.",
    latex=r"$\inf E[sn]=\delta^2$ over all $\delta$-unbiased laws; two-atom laws approach it as "
    r"$p\to1$, and for "
    r"$d\ge2$ no law attains it.",
    source="derived here",
    conditions=("E[v v^T] = delta I", "d >= 2 for the last part"),
    expected=Verdict.PROVED,
    formulas={"infimum": DELTA**2},
    parts=("bound", "approached", "not attained"),
    depends=("A2b",),
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """Dual certificate s(s+t) - (2 delta s - delta^2) = (s - delta)^2 + s t >= 0, with E s = delta."""
    bound = 2 * DELTA * S - claim.formulas["infimum"]
    yield check_nonnegative(
        S * (S + T) - bound,
        [Term(square=S - DELTA), Term(generators=(S, T))],
        (S, T),
        detail="residual of the plain program",
        falsifier="a point (s, t) where s n lies below the dual form",
        parts=("bound",),
    )
    yield check_identity(
        claim.formulas["infimum"],
        bound.subs(S, DELTA),
        detail="the dual value: the form is linear in s and E s = delta",
        falsifier="another dual value",
        parts=("bound",),
    )
    yield check_identity(
        claim.formulas["infimum"],
        sp.limit(DELTA**2 / P, P, 1, dir="-"),
        detail="limit of V = delta^2/p of the two-atom law as p -> 1",
        falsifier="another limit",
        parts=("approached",),
    )
    # Attained would mean a zero residual almost surely: s = delta and s t = 0. But with s = delta,
    # E[s t] = delta E[t] = delta^2 (d - 1) > 0.
    at_best = sp.expand(((S - DELTA) ** 2 + S * T).subs(S, DELTA)).subs(T, DELTA * (D - 1))
    yield check_relation(
        DELTA**2 + at_best.subs(D, M + 1),
        ">",
        claim.formulas["infimum"],
        detail="V of a law with s = delta almost surely, d = m + 1 >= 2",
        falsifier="a law with s = delta and V = delta^2",
        parts=("not attained",),
        scope=Scope.GENERAL,
    )


@claim.check("program")
def program(claim) -> Iterator[Evidence]:
    """The solved program: value, status and the absence of an optimal law."""
    for dim, delta in ((2, 1), (16, Fraction(3, 7)), (10**6, 1)):
        yield optimum(
            claim.formulas["infimum"].subs(DELTA, sp.Rational(delta)),
            {"dim": dim, "delta": delta},
            parts=("bound", "approached"),
        )
    solution = solve(Program(dim=4))
    axis = [1, 0, 0, 0]
    laws = {
        "sphere": Sphere(4),
        "DAP": DAP(axis),
        "two atoms, p = 99/100": TwoAtom(axis, Fraction(99, 100), Fraction(1)),
    }
    for name, law in laws.items():
        yield membership(solution, law, False, name, parts=("not attained",))


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """V of exact two-atom laws stays above the infimum and approaches it."""
    axis = [1, 0, 0]
    for p in (Fraction(1, 2), Fraction(9, 10), Fraction(999, 1000)):
        law = TwoAtom(axis, p, Fraction(1))
        excess = law.dimension_factor(axis) - sp.Rational(claim.formulas["infimum"].subs(DELTA, 1))
        yield check_relation(
            excess,
            ">",
            0,
            detail=f"V of the two-atom law at p = {p} above the infimum",
            falsifier="V at or below the infimum",
            parts=("bound",),
        )
        yield check_relation(
            excess,
            "<=",
            2 * (1 - sp.Rational(p)),
            detail=f"V of the two-atom law at p = {p} within 2 (1 - p) of the infimum",
            falsifier="V further from the infimum",
            parts=("approached",),
        )
