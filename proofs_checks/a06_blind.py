"""A6: the gradient-blind minimum, and fixed length as its necessary and sufficient condition."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._programs import membership, optimum
from proofs_checks._shared import DELTA, D
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative
from zotheory.laws import DAP, Coordinate, Gaussian, Rademacher, Sphere, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.programs import Program, solve, solve_full

N = sp.Symbol("n", nonnegative=True)

claim = Claim(
    id="A6",
    title="gradient-blind: min over laws of the worst V = delta^2 d, reached exactly by fixed length",
    kind=Kind.IFF,
    plain="If the law may not depend on the gradient, min over delta-unbiased laws of max over |a| = 1 "
    "of "
    "E[(a.v)^2 n] is delta^2 d, reached iff n = delta d almost surely.",
    latex=r"$\min_P\max_{\|a\|=1}E[(a\cdot v)^2n]=\delta^2d$ over $\delta$-unbiased laws, reached iff "
    r"$n=\delta d$ a.s.",
    source="derived here",
    conditions=("E[v v^T] = delta I", "the law does not depend on a"),
    expected=Verdict.PROVED,
    formulas={"value": DELTA**2 * D, "residual": (N - DELTA * D) ** 2 / D},
    parts=("bound", "necessary", "sufficient"),
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """max_a a^T E[n v v^T] a >= tr E[n v v^T] / d = E[n^2] / d, then Jensen by its tangent."""
    f = claim.formulas
    tangent = 2 * DELTA * N - DELTA**2 * D
    yield check_identity(
        f["residual"],
        N**2 / D - tangent,
        detail="n^2 / d minus its tangent at n = delta d",
        falsifier="another residual",
        parts=("bound",),
    )
    yield check_nonnegative(
        N**2 / D - tangent,
        [Term(coefficient=1 / D, square=N - DELTA * D)],
        (N,),
        detail="the dual inequality for all v",
        falsifier="a length below the tangent",
        parts=("bound",),
    )
    yield check_identity(
        f["value"],
        tangent.subs(N, DELTA * D),
        detail="the dual value at E n = delta d",
        falsifier="another dual value",
        parts=("bound",),
    )
    yield check_identity(
        sp.solve(f["residual"], N),
        [DELTA * D],
        detail="zeros of the residual: optimal laws have n = delta d",
        falsifier="another zero",
        parts=("necessary",),
    )
    # n = delta d: E[(a.v)^2 n] = delta d E[(a.v)^2] = delta d * delta for every unit a.
    yield check_identity(
        f["value"],
        DELTA * D * DELTA,
        detail="V of a fixed-length law, for every direction of a",
        falsifier="a fixed-length law with another V",
        parts=("sufficient",),
    )


@claim.check("program")
def program(claim) -> Iterator[Evidence]:
    for dim, delta in ((1, 1), (2, 1), (3, Fraction(5, 2)), (10**6, 1)):
        value = claim.formulas["value"].subs({D: dim, DELTA: sp.Rational(delta)})
        yield optimum(value, {"dim": dim, "delta": delta, "blind": True}, parts=("bound",))
    solution = solve(Program(dim=3, blind=True))
    fixed = {"sphere": Sphere(3), "Rademacher": Rademacher(3), "coordinate": Coordinate(3)}
    for name, law in {**fixed, "DAP": DAP([1, 2, 2])}.items():
        yield membership(solution, law, True, name, parts=("sufficient",))
    other = {"Gaussian": Gaussian(3), "two atoms": TwoAtom([1, 0, 0], 0.5)}
    for name, law in {**other, "DAP, Gaussian": DAP([1, 0, 0], 1, "gaussian")}.items():
        yield membership(solution, law, False, name, parts=("necessary",))


@claim.check("semidefinite program")
def semidefinite(claim) -> Evidence:
    """The worst case over a as a semidefinite program over vectors of R^3, without symmetry."""
    solution = solve_full(Program(dim=3, blind=True))
    claimed = float(claim.formulas["value"].subs({D: 3, DELTA: 1}))
    inside = solution.lower <= claimed <= solution.value * (1 + 1e-9)
    proof = solution.certificate
    assert proof is not None
    assert proof.verify()
    return Evidence(
        Outcome.HOLDS if inside else Outcome.FAILS,
        Grade.CERTIFICATE,
        Scope.INSTANCE,
        f"d = 3: lower bound {solution.lower:.8f} proved over R^3, law found {solution.value:.8f}",
        "a claimed value outside the interval",
        value=solution.gap,
        parts=("bound",),
    )
