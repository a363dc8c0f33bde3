"""A2: the published minimum in its global reading, refuted by a two-atom law."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._shared import DELTA, D
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.checks.exact import check_identity, check_relation
from zotheory.derive.constructions import AxisTensor, two_atom_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.kernel import CoqProof
from zotheory.laws import DAP, Alignment, Empirical, FirstAxis, Sphere, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.programs import Program, solve

claim = Claim(
    id="A2",
    title="published: fixed length and DAP minimise V among all delta-unbiased laws",
    kind=Kind.PUBLISHED,
    plain="Among all delta-unbiased laws the smallest V = E[s n] is delta^2 d, reached by fixed-length "
    "laws "
    "and by directionally aligned perturbations.",
    latex=r"Among all $\delta$-unbiased laws $\min E[sn]=\delta^2d$, reached by fixed-length laws and by "
    r"directionally aligned perturbations.",
    source="arXiv 2510.19975, Theorem 2.2 as summarised, in its global reading (no further condition on "
    "the law); A4, A5 and A6 are the statements that hold",
    conditions=("E[v v^T] = delta I", "d >= 2", "the law may depend on the gradient"),
    expected=Verdict.REFUTED,
    # "bound" is said of every law, "reached" of the two classes.
    formulas={"bound": DELTA**2 * D, "reached": DELTA**2 * D},
    parts=("bound", "reached"),
    coq=CoqProof(
        file="a02_published_minimum.v",
        formulas={"bound": "d delta", "reached": "d delta"},
        theorems={
            "bound_fails": ("bound",),
            "fixed_length_reaches": ("reached",),
            "aligned_reaches": ("reached",),
        },
        refuting=("bound_fails",),
        detail="in every dimension d >= 2 and for every delta > 0 a law with 2 d atoms has a smaller V; every law "
        "with finitely many atoms of fixed length, or aligned with the gradient, has the level",
    ),
)


def atoms() -> tuple[list[list[int]], list[Fraction]]:
    """Return a law with V below delta^2 d: +-e_1 or +-2 e_j, each half of the time; d = 5, delta = 1/2."""
    axes = [[sign if j == 0 else 0 for j in range(5)] for sign in (1, -1)]
    rest = [[2 * sign if j == i else 0 for j in range(5)] for i in range(1, 5) for sign in (1, -1)]
    return axes + rest, [Fraction(1, 4)] * 2 + [Fraction(1, 16)] * 8


@claim.check("enumeration")
def enumeration(claim) -> Evidence:
    """The moments of the witness, atom by atom, in exact arithmetic."""
    points, weights = atoms()
    second = [
        [sum(w * v[i] * v[j] for w, v in zip(weights, points, strict=True)) for j in range(5)]
        for i in range(5)
    ]
    assert second == [[Fraction(1, 2) if i == j else 0 for j in range(5)] for i in range(5)]
    value = sum(w * v[0] ** 2 * sum(x * x for x in v) for w, v in zip(weights, points, strict=True))
    law = Empirical(points, weights)
    assert value == law.dimension_factor([1, 0, 0, 0, 0]) * law.delta**2
    claimed = claim.formulas["bound"].subs({D: 5, DELTA: sp.Rational(1, 2)})
    found = check_relation(
        value,
        ">=",
        claimed,
        detail="V of a delta-unbiased law with ten atoms, gradient e_1, d = 5, delta = 1/2",
        falsifier="V of the witness at or above the published minimum",
        parts=("bound",),
    )
    if found.outcome is not Outcome.FAILS:
        return found
    data = {
        "dim": 5,
        "gradient": "e_1",
        "delta": "1/2",
        "atoms": [[str(x) for x in v] for v in points],
        "masses": [str(w) for w in weights],
        "E[v v^T]": "1/2 I",
        "V": str(value),
        "published minimum": str(claimed),
    }
    text = (
        "v = +-e_1 with probability 1/4 each, +-2 e_j (j = 2..5) with probability 1/16 each: "
        f"E[v v^T] = I/2 and V = {value} < {claimed}; sum the ten atoms to re-check"
    )
    return Evidence(
        Outcome.FAILS,
        Grade.EXACT,
        Scope.INSTANCE,
        text,
        found.falsifier,
        value=str(value),
        parts=("bound",),
        witness=Witness(text, data),
    )


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """V of the two-atom law, from the integrals over its atoms, for every d >= 2."""
    m = sp.Symbol("m", integer=True, positive=True)
    half = two_atom_tensor(m + 1, sp.Rational(2, 3), DELTA).trace(m + 1, rho2=1)
    yield check_relation(
        half,
        ">=",
        claim.formulas["bound"].subs(D, m + 1),
        detail="V of the two-atom law with p = 2/3, in dimension d = m + 1",
        falsifier="V of the two-atom law at or above the published minimum in every dimension",
        parts=("bound",),
    )


@claim.check("program")
def program(claim) -> Iterator[Evidence]:
    """The plain program: its certified infimum, and the law that the solver approaches it with."""
    for dim in (2, 16):
        solution = solve(Program(dim=dim))
        assert solution.certificate.verify()
        yield check_relation(
            solution.upper,
            ">=",
            claim.formulas["bound"].subs({D: dim, DELTA: 1}),
            detail=f"certified infimum of the plain program, d = {dim}, delta = 1",
            falsifier="an infimum at or above the published minimum",
            parts=("bound",),
        )
    law, _ = solve(Program(dim=16)).minimising_law(Fraction(1, 2))
    two = TwoAtom([1] + [0] * 15, p=Fraction(1, 2), delta=Fraction(1))
    value = two.dimension_factor([1] + [0] * 15)
    assert value == law.dimension_factor([1] + [0] * 15)
    yield check_relation(
        value,
        ">=",
        claim.formulas["bound"].subs({D: 16, DELTA: 1}),
        detail="V of the minimising law at epsilon = 1/2, d = 16, is that of the two-atom law with p = 1/2",
        falsifier="a minimising law at or above the published minimum",
        parts=("bound",),
    )


@claim.check("the two classes")
def classes(claim) -> Iterator[Evidence]:
    """The half that is true: V of the sphere and of an aligned law, from their fourth moments."""
    # The complement's own fourth moment is left unspecified and must drop out.
    aligned = AxisTensor(DELTA**2, DELTA * DELTA, sp.Symbol("w22", positive=True))
    for name, value in (
        ("sphere", classical_tensor("sphere", D, DELTA).trace(D)),
        ("DAP", aligned.trace(D, 1)),
    ):
        yield check_identity(
            claim.formulas["reached"],
            value,
            detail=f"V of the {name} against the level said to be reached, symbolic d",
            falsifier="a member of the two classes with another V",
            parts=("reached",),
        )


@claim.check("the laws' formulas")
def formulas(claim) -> Iterator[Evidence]:
    for name, factor in (
        ("sphere", Sphere(D, DELTA).dimension_factor()),
        ("DAP", DAP(FirstAxis(D), DELTA, "gaussian").dimension_factor(Alignment(1))),
    ):
        yield check_identity(
            claim.formulas["reached"],
            DELTA**2 * factor,
            detail=f"V by the law's own formula, {name}, symbolic d",
            falsifier="a member of the two classes with another V",
            parts=("reached",),
        )
