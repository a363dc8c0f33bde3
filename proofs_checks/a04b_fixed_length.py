"""A4b: where fixed length is the answer: the smallest cap forces it."""

from collections.abc import Iterator

import sympy as sp

from proofs_checks._programs import membership, optimum
from proofs_checks._shared import DELTA, D
from zotheory.checks.evidence import Evidence
from zotheory.checks.exact import Term, check_identity, check_nonnegative
from zotheory.laws import DAP, Coordinate, Gaussian, Rademacher, Sphere, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.programs import Program, solve

S = sp.Symbol("s", nonnegative=True)
N, R2 = sp.symbols("n R2", positive=True)

claim = Claim(
    id="A4b",
    title="at the cap R^2 = delta d exactly the fixed-length laws are feasible, and all are optimal",
    kind=Kind.IFF,
    plain="With |v|^2 <= R^2 = delta d a delta-unbiased law is feasible iff n = delta d almost surely, "
    "and "
    "every such law has V = delta^2 d, the minimum.",
    latex=r"With $\|v\|^2\le R^2=\delta d$ a $\delta$-unbiased law is feasible iff $n=\delta d$ a.s., "
    r"and every "
    r"such law has $V=\delta^2d$, the minimum.",
    source="derived here; the setting in which the fixed-length half of arXiv 2510.19975, Theorem 2.2 "
    "holds",
    conditions=("E[v v^T] = delta I", "|v|^2 <= delta d"),
    expected=Verdict.PROVED,
    formulas={"cap": DELTA * D, "value": DELTA**2 * D},
    parts=("feasible iff", "value"),
    depends=("A4",),
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # E[R^2 - n] = R^2 - delta d = 0 for a non-negative variable: it vanishes almost surely.
    cap = claim.formulas["cap"]
    yield check_identity(
        cap,
        DELTA * D,
        detail="E[R^2 - n] with E n = delta d; R^2 - n >= 0 on the support",
        falsifier="a positive mean slack, which leaves room for a random length",
        parts=("feasible iff",),
    )
    yield check_identity(
        claim.formulas["value"],
        (DELTA * N).subs(N, cap),
        detail="V = E[s n] = n E[s] for n = R^2",
        falsifier="another V",
        parts=("value",),
    )
    yield check_nonnegative(
        S * N - (-(cap**2) + 2 * cap * S + cap * (N - S)),
        [Term(generators=(cap - S, cap - N))],
        (S, N - S, cap - N, cap - S),
        detail="A4's residual at this cap is (R^2 - s)(R^2 - n), zero on every fixed length",
        falsifier="a fixed-length law off the contact set",
        parts=("value",),
    )


@claim.check("program")
def program(claim) -> Iterator[Evidence]:
    for dim in (2, 3, 1000):
        value, cap = (claim.formulas[name].subs({D: dim, DELTA: 1}) for name in ("value", "cap"))
        yield optimum(value, {"dim": dim, "norm_cap": int(cap)}, parts=("value",))
    solution = solve(Program(dim=4, norm_cap=int(claim.formulas["cap"].subs({D: 4, DELTA: 1}))))
    axis = [1, 0, 0, 0]
    fixed = {
        "sphere": Sphere(4),
        "Rademacher": Rademacher(4),
        "coordinate": Coordinate(4),
        "DAP": DAP(axis),
    }
    for name, law in fixed.items():
        yield membership(solution, law, True, name, parts=("feasible iff",))
    other = {
        "Gaussian": Gaussian(4),
        "DAP, Gaussian complement": DAP(axis, 1, "gaussian"),
        "two atoms": TwoAtom(axis, 0.5),
    }
    for name, law in other.items():
        yield membership(solution, law, False, name, parts=("feasible iff",))
