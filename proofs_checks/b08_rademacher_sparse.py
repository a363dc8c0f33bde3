"""B8: Rademacher signs are an aligned perturbation exactly for gradients with one non-zero entry."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._designs import dot, expectation, s_of, sign_vectors
from proofs_checks._shared import DELTA, symbolic_vector
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.derive.moments import enumerated_moment, rademacher_atoms
from zotheory.derive.tensor import exchangeable_tensor
from zotheory.laws import Rademacher
from zotheory.ledger.claim import Claim, Kind, Verdict

# q2 = sum a_i^2 = |a|^2 and q4 = sum a_i^4; q4 <= q2^2, with equality iff at most one entry is non-zero.
Q2 = sp.Symbol("q2", positive=True)
Q4 = sp.Symbol("q4", positive=True)

claim = Claim(
    id="B8",
    title="Rademacher signs are aligned iff the gradient is 1-sparse",
    kind=Kind.IFF,
    plain="For v with independent entries +-sqrt(delta), s = (a.v)^2/|a|^2 has mean delta and variance "
    "2 delta^2 (1 - sum a_i^4/|a|^4). It vanishes, so that s = delta always, iff a has exactly one "
    "non-zero entry.",
    latex=r"For $v$ with independent entries $\pm\sqrt\delta$, $s=(\hat a\cdot v)^2$ has "
    r"$\operatorname{Var}s=2\delta^2\bigl(1-\sum_ia_i^4/\|a\|^4\bigr)$, zero iff $a\ne0$ is 1-sparse.",
    source="derived here; prompted by the 1-sparse product function of arXiv 2510.19975, as summarised",
    conditions=("a is not zero",),
    expected=Verdict.PROVED,
    formulas={"variance": 2 * DELTA**2 * (1 - Q4 / Q2**2), "aligned value": DELTA},
    parts=("variance", "sufficient", "necessary"),
)

FALSIFIER = "a 1-sparse gradient with s not constant, or another one with s constant"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """Var s = a^T T4[a a^T] a / |a|^4 - delta^2, in any dimension."""
    atoms = rademacher_atoms(2, DELTA)
    tensor = exchangeable_tensor(enumerated_moment((4, 0), atoms), enumerated_moment((2, 2), atoms))
    yield check_identity(
        claim.formulas["variance"],
        tensor.along_gradient(Q4 / Q2**2) - DELTA**2,
        detail="Var s from the fourth moments, any dimension",
        falsifier=FALSIFIER,
        parts=("variance",),
        constraints=[Q2**2 - Q4],
    )
    # One non-zero entry: s = (a_1 v_1)^2 / a_1^2 = v_1^2 for both signs.
    entry = sp.Symbol("a1", nonzero=True)
    for _, (value, _) in atoms:
        yield check_identity(
            claim.formulas["aligned value"],
            (entry * value) ** 2 / entry**2,
            detail="s for a = (a1, 0, ..., 0) and both signs of v_1",
            falsifier=FALSIFIER,
            parts=("sufficient",),
        )
    # Necessity: if a_1 and a_2 are both non-zero and r, u >= 0 are the sums of a_i^2 and a_i^4 over the
    # other entries (u <= r^2), then |a|^4 - sum a_i^4 >= 2 a_1^2 a_2^2 > 0: the variance is positive.
    x, y = sp.symbols("x y", positive=True)
    rest, fourth = sp.symbols("r u", nonnegative=True)
    excess = (x + y + rest) ** 2 - (x**2 + y**2 + fourth)
    yield check_nonnegative(
        excess - 2 * x * y,
        [Term(2, 1, (x, rest)), Term(2, 1, (y, rest)), Term(1, 1, (rest**2 - fourth,))],
        [rest**2 - fourth],
        detail="|a|^4 - sum a_i^4 >= 2 a_1^2 a_2^2 with x = a_1^2, y = a_2^2",
        falsifier=FALSIFIER,
        parts=("necessary",),
    )
    squared = (x + y + rest) ** 2
    bound = claim.formulas["variance"].subs(Q4, squared - 2 * x * y).subs(Q2, x + y + rest)
    yield check_relation(
        sp.factor(bound),
        ">",
        0,
        detail="Var s >= its value at sum a_i^4 = |a|^4 - 2 a_1^2 a_2^2, which is positive",
        falsifier=FALSIFIER,
        parts=("necessary",),
        scope=Scope.GENERAL,
    )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    """The law's own E[s^2] at symbolic a."""
    for size in (2, 3):
        a = symbolic_vector(size)
        powers = {Q2: sum(x**2 for x in a), Q4: sum(x**4 for x in a)}
        yield check_identity(
            claim.formulas["variance"].subs(powers),
            Rademacher(size, DELTA).directional_fourth_moment(a) - DELTA**2,
            detail=f"the law's own E[s^2] - delta^2, symbolic a, d = {size}",
            falsifier=FALSIFIER,
            parts=("variance",),
            scope=Scope.INSTANCE,
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Sums over all sign vectors, delta = 1."""
    gradients = [(3, 0, 0, 0), (0, -2, 0, 0), (1, 1, 0, 0), (3, -1, 2, 0), (1, 1, 1, 1)]
    for a in (tuple(map(Fraction, gradient)) for gradient in gradients):
        s, atoms = s_of(a), sign_vectors(len(a))
        variance = expectation(atoms, lambda v, s=s: (s(v) - 1) ** 2)
        powers = {Q2: sp.Rational(dot(a, a)), Q4: sp.Rational(sum(x**4 for x in a))}
        yield check_identity(
            claim.formulas["variance"].subs(powers).subs(DELTA, 1),
            variance,
            detail=f"Var s over all sign vectors for a = {tuple(map(int, a))}",
            falsifier=FALSIFIER,
            parts=("variance",),
            scope=Scope.INSTANCE,
        )
        sparse = sum(x != 0 for x in a) == 1
        yield check_relation(
            variance,
            "==" if sparse else ">",
            0,
            detail=f"s is {'constant' if sparse else 'not constant'} for a = {tuple(map(int, a))}",
            falsifier=FALSIFIER,
            parts=("sufficient",) if sparse else ("necessary",),
        )
