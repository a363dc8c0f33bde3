"""A4: the minimum under a cap on the length, with its certificate and all optimal laws."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._intervals import residual_in_plane
from proofs_checks._programs import membership, optimum, rational
from proofs_checks._shared import DELTA, D, simulated_factor
from zotheory.checks.evidence import Evidence
from zotheory.checks.exact import Term, check_identity, check_nonnegative
from zotheory.derive import kkt
from zotheory.kernel import CoqProof
from zotheory.laws import DAP, Sphere, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.programs import Program, solve

S = sp.Symbol("s", nonnegative=True)
N, R2, S0 = sp.symbols("n R2 s0", positive=True)

claim = Claim(
    id="A4",
    title="norm cap: min V = delta^2 / (1 - delta (d-1)/R^2), two atoms",
    kind=Kind.EQUALITY,
    plain="Among delta-unbiased laws with |v|^2 <= R^2 the minimum of V is delta^2/p with "
    "p = 1 - delta (d-1)/R^2. For R^2 > delta d a law is optimal iff it is supported on "
    "{t = 0, s = delta/p} and {s = 0, t = R^2}.",
    latex=r"Among $\delta$-unbiased laws with $\|v\|^2\le R^2$, $\min V=\delta^2/p$ with "
    r"$p=1-\delta(d-1)/R^2$. For $R^2>\delta d$ a law is optimal iff its support lies in "
    r"$\{t=0,\,s=\delta/p\}\cup\{s=0,\,t=R^2\}$.",
    source="derived here",
    conditions=("|a| = 1", "d >= 2", "R^2 >= delta d"),
    expected=Verdict.PROVED,
    formulas={
        "p": 1 - DELTA * (D - 1) / R2,
        "value": DELTA**2 / (1 - DELTA * (D - 1) / R2),
        # dual form lambda_0 + lambda_1 s + lambda_2 (n - s) in terms of s0 = delta / p
        "dual form": -(S0**2) + 2 * S0 * S + S0**2 / R2 * (N - S),
        "contact": {"far": (0, R2), "near": (S0, S0)},
    },
    parts=("bound", "attained", "iff"),
    depends=("A2b",),
    coq=CoqProof(
        file="a04_norm_cap.v",
        formulas={
            "p": "d delta R2",
            "value": "d delta R2",
            "dual form": "s n s0 R2",
            "contact.near": "s0",
            "contact.far": "R2",
        },
        theorems={
            "dual_inequality": ("bound",),
            "bound": ("bound",),
            "bound_for_all_laws": ("bound",),
            "contact": ("iff",),
            "attained": ("attained",),
        },
        library=("axis", "expectation"),
        detail="the dual inequality at every point of the plane; the bound for every law on R^d, every d, delta and "
        "R^2; the contact set for laws with finitely many atoms; the law that attains the bound for a gradient along "
        "the first axis",
    ),
)


@claim.check("optimality conditions")
def conditions(claim) -> Iterator[Evidence]:
    """The conditions solved: mass, multipliers and value of the two atoms."""
    found = kkt.norm_cap(D, DELTA, R2)
    yield check_identity(
        [claim.formulas["p"], claim.formulas["value"]],
        [found.p, found.value],
        detail="p and the dual value from the optimality conditions, general d, delta, R^2",
        falsifier="another solution of the conditions",
        parts=("bound",),
    )
    l0, l1, l2 = found.multipliers
    yield check_identity(
        claim.formulas["dual form"].subs(S0, found.along),
        l0 + l1 * S + l2 * (N - S),
        detail="the multipliers",
        falsifier="other multipliers",
        parts=("bound",),
    )
    # The far atom sits at the cap, the near one at delta/p: V = p (delta/p)^2.
    yield check_identity(
        claim.formulas["value"],
        found.p * found.along**2,
        detail="V of the two-atom law with this p, whose far atom delta (d-1)/(1-p) is R^2",
        falsifier="a primal value off the dual one",
        parts=("attained",),
    )
    yield check_identity(
        DELTA * (D - 1) / (1 - claim.formulas["p"]),
        R2,
        detail="squared length of the far atom",
        falsifier="a far atom off the cap",
        parts=("attained",),
    )


@claim.check("sum of squares")
def certificate(claim) -> Iterator[Evidence]:
    """n R^2 r = R^2 s (n - s0)^2 + s0^2 (n - s)(R^2 - n), each term non-negative for s <= n <= R^2."""
    terms = [Term(R2, N - S0, (S,)), Term(1, S0, (N - S, R2 - N))]
    yield check_nonnegative(
        S * N - claim.formulas["dual form"],
        terms,
        (S, N - S, R2 - N),
        multiplier=N * R2,
        detail="the dual inequality on the whole region 0 <= s <= n <= R^2, n > 0 (at v = 0 it is s0^2)",
        falsifier="a point of the region below the dual form",
        parts=("bound",),
    )
    zeros = sp.solve([S * (N - S0), (N - S) * (R2 - N)], [S, N], dict=True)
    pairs = sorted(((z.get(S, S), z.get(N, N)) for z in zeros), key=str)
    expected = sorted(claim.formulas["contact"].values(), key=str)
    yield check_identity(
        expected,
        [pair for pair in pairs if pair != (0, 0)],
        detail="common zeros of both terms with v != 0, for s0 < R^2",
        falsifier="a contact point that is not one of the two atoms, or an atom off the contact set",
        parts=("iff",),
    )


@claim.check("program")
def program(claim) -> Iterator[Evidence]:
    for dim, delta, cap in (
        (2, Fraction(1), Fraction(5, 2)),
        (3, Fraction(1, 2), Fraction(6)),
        (16, Fraction(1), Fraction(16)),
        (1000, Fraction(3), Fraction(4000)),
        (10**6, Fraction(1), Fraction(3 * 10**6)),
    ):
        numbers = {D: dim, DELTA: rational(delta), R2: rational(cap)}
        options = {"dim": dim, "delta": delta, "norm_cap": cap}
        yield optimum(claim.formulas["value"].subs(numbers), options, parts=("bound", "attained"))
    solution = solve(Program(dim=4, norm_cap=8))
    p = Fraction(str(claim.formulas["p"].subs({D: 4, DELTA: 1, R2: 8})))
    axis = [1, 0, 0, 0]
    yield membership(solution, TwoAtom(axis, p, Fraction(1)), True, "two atoms at p", parts=("iff",))
    wrong = TwoAtom(axis, p + Fraction(1, 10**6), Fraction(1))
    yield membership(solution, wrong, False, "two atoms at p + 1e-6", parts=("iff",))
    yield membership(solution, Sphere(4), False, "sphere", parts=("iff",))
    yield membership(solution, DAP(axis), False, "DAP", parts=("iff",))


@claim.check("intervals")
def intervals(claim) -> Evidence:
    """The dual inequality at d = 3, delta = 1, R^2 = 4 (s0 = 2), in rigorous arithmetic."""
    numbers = {D: 3, DELTA: 1, R2: 4}
    near = 1 / claim.formulas["p"].subs(numbers)
    form = claim.formulas["dual form"].subs({**numbers, S0: near})
    return residual_in_plane(S * N - form, S, N, 4, parts=("bound",))


@claim.check("simulation")
def simulation(claim) -> Evidence:
    law = solve(Program(dim=4, norm_cap=8)).law()
    claimed = claim.formulas["value"].subs({D: 4, DELTA: 1, R2: 8})
    return simulated_factor(law, [1, 0, 0, 0], claimed, claim.id, "attained")
