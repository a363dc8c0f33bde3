"""A8b: importance blocks: their V, its comparison with delta^2 d, and minimax optimality."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._programs import optimum
from proofs_checks._shared import DELTA, simulated_factor
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative
from zotheory.derive.constructions import importance_block_tensor
from zotheory.laws import Empirical, ImportanceBlocks
from zotheory.ledger.claim import Claim, Kind, Verdict

M1, M2 = sp.symbols("m1 m2", integer=True, positive=True)
E1, E2 = sp.symbols("e1 e2", positive=True)
# Roots of m_b e_b.
ROOT1, ROOT2 = sp.sqrt(M1 * E1), sp.sqrt(M2 * E2)

claim = Claim(
    id="A8b",
    title="importance blocks: V = delta^2 (sum sqrt(m_b e_b))^2 <= delta^2 d, minimax for the energies",
    kind=Kind.EQUALITY,
    plain="Blocks of sizes m_b with energies e_b > 0 (shares of |a|^2). Pick block b with probability "
    "proportional to sqrt(m_b e_b) and draw on the sphere inside it, |v|^2 = delta m_b/p_b: "
    "V = delta^2 (sum_b sqrt(m_b e_b))^2 for every gradient with these energies, at most delta^2 d, "
    "with equality iff e_b = m_b/d. It is minimax over all A with these block energies.",
    latex=r"Blocks of sizes $m_b$, energies $e_b>0$; block $b$ with $p_b\propto\sqrt{m_be_b}$, uniform on "
    r"the sphere $\|v\|^2=\delta m_b/p_b$ inside it: $V=\delta^2(\sum_b\sqrt{m_be_b})^2\le\delta^2d$, equality "
    r"iff $e_b=m_b/d$; minimax over all $A$ with these block energies.",
    source="derived here",
    conditions=("e_b > 0, sum e_b = 1", "sum m_b = d"),
    expected=Verdict.PROVED,
    formulas={
        "V": DELTA**2 * (ROOT1 + ROOT2) ** 2,
        "p": ROOT1 / (ROOT1 + ROOT2),
        "level": DELTA**2 * (M1 + M2),
    },
    parts=("value", "bound", "minimax"),
    depends=("A8",),
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """Two blocks stand for any number: every sum below runs over blocks or over pairs of them."""
    p = claim.formulas["p"]
    # Inside block b: E[(a_b.v)^2 |v|^2] = |a_b|^2 n_b^2 / m_b.
    value = sum(q * e * (DELTA * m / q) ** 2 / m for q, e, m in ((p, E1, M1), (1 - p, E2, M2)))
    yield check_identity(
        claim.formulas["V"],
        value,
        detail="V summed over the blocks at p_b proportional to sqrt(m_b e_b)",
        falsifier="another V",
        parts=("value",),
    )
    # (sum m)(sum e) - (sum sqrt(m e))^2 is a sum over pairs of (sqrt(m_i e_j) - sqrt(m_j e_i))^2.
    spread = sp.sqrt(M1 * E2) - sp.sqrt(M2 * E1)
    yield check_nonnegative(
        claim.formulas["level"] * (E1 + E2) - claim.formulas["V"],
        [Term(coefficient=DELTA**2, square=spread)],
        (),
        detail="delta^2 d - V with sum e = 1; zero iff e_i/m_i is the same in all blocks",
        falsifier="energies with V above delta^2 d",
        parts=("bound",),
    )
    # The law's objective depends on A through the block energies only, so its worst case is V; for
    # the block-isotropic A, with eigenvalue e_b/m_b, V is the minimum over all laws by A8.
    trace = M1 * sp.sqrt(E1 / M1) + M2 * sp.sqrt(E2 / M2)
    yield check_identity(
        claim.formulas["V"],
        (DELTA * trace) ** 2,
        detail="V against A8's minimum at the block-isotropic A: a saddle point of the game",
        falsifier="another minimum at that A",
        parts=("minimax",),
    )


@claim.check("tensor")
def tensor(claim) -> Evidence:
    """The trace of T4 inside each block, from the moments of the sphere."""
    p, total = claim.formulas["p"], sp.Integer(0)
    for q, e, m in ((p, E1, M1), (1 - p, E2, M2)):
        total += e * importance_block_tensor(m, q, DELTA).trace(m)
    return check_identity(
        claim.formulas["V"],
        total,
        detail="sum over blocks of e_b tr T4, symbolic sizes",
        falsifier="another V",
        parts=("value",),
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Blocks of one and two coordinates with rational probabilities; signs and axes enumerated."""
    # m = (1, 2), e = (1/3, 2/3): sqrt(1/3) and sqrt(4/3), p = (1/3, 2/3), n = (3, 3) delta.
    # m = (1, 2), e = (8/9, 1/9): sqrt(8/9), sqrt(2/9), p = (2/3, 1/3), n = (3/2, 6) delta.
    for energies, p, delta in (((1, 2, 3), Fraction(1, 3), 3), ((8, 1, 9), Fraction(2, 3), 6)):
        e1, e2 = Fraction(energies[0], energies[2]), Fraction(energies[1], energies[2])
        near, far = delta / p, 2 * delta / (1 - p)
        points = [[sp.sqrt(near) * sign, 0, 0] for sign in (1, -1)]
        points += [[0, sp.sqrt(far) * sign, 0] for sign in (1, -1)]
        points += [[0, 0, sp.sqrt(far) * sign] for sign in (1, -1)]
        weights = [p / 2] * 2 + [(1 - p) / 4] * 4
        law = Empirical(points, [sp.Rational(w) for w in weights])
        a = [sp.sqrt(sp.Rational(e1)), sp.sqrt(sp.Rational(e2)), 0]
        numbers = {M1: 1, M2: 2, E1: sp.Rational(e1), E2: sp.Rational(e2), DELTA: delta}
        yield check_identity(
            [claim.formulas["V"].subs(numbers), claim.formulas["p"].subs(numbers)],
            [sp.simplify(law.dimension_factor(a) * law.delta**2), sp.Rational(p)],
            detail=f"six atoms, energies {e1} and {e2}, delta = {delta}",
            falsifier="another V",
            parts=("value",),
            scope=Scope.INSTANCE,
        )


@claim.check("program")
def program(claim) -> Iterator[Evidence]:
    """The block-isotropic prior, solved: no law does better there."""
    for (m1, e1), (m2, e2) in (((1, "1/2"), (2, "1/2")), ((3, "9/10"), (7, "1/10"))):
        numbers = {M1: m1, M2: m2, E1: sp.Rational(e1), E2: sp.Rational(e2), DELTA: 1}
        prior = [Fraction(e1) / m1] * m1 + [Fraction(e2) / m2] * m2
        options = {"dim": m1 + m2, "prior": prior}
        yield optimum(claim.formulas["V"].subs(numbers), options, parts=("minimax",))


@claim.check("simulation")
def simulation(claim) -> Evidence:
    law = ImportanceBlocks([2, 3], [0.8, 0.2], 1.3)
    a = [1.2, 1.6, 0.6, -0.8, 0.0]
    numbers = {M1: 2, M2: 3, E1: sp.Rational(4, 5), E2: sp.Rational(1, 5), DELTA: 1}
    return simulated_factor(law, a, claim.formulas["V"].subs(numbers), claim.id, "value")
