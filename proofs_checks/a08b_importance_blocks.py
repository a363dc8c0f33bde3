"""A8b: importance blocks: their V, its comparison with delta^2 d, and minimax optimality."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

import sympy as sp

from proofs_checks._programs import optimum
from proofs_checks._shared import DELTA, simulated_factor
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.derive.constructions import importance_block_tensor
from zotheory.laws import Empirical, ImportanceBlocks
from zotheory.ledger.claim import Claim, Kind, Verdict

M1, M2 = sp.symbols("m1 m2", integer=True, positive=True)
E1, E2 = sp.symbols("e1 e2", positive=True)
TOTAL = sp.Symbol("total", positive=True)
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
        # With any number of blocks: one block's part of V, total = sum_b sqrt(m_b e_b), and what a pair
        # of blocks adds to d - V/delta^2.
        "share": DELTA**2 * TOTAL * ROOT1,
        "pair": (sp.sqrt(M1 * E2) - sp.sqrt(M2 * E1)) ** 2,
    },
    parts=("value", "bound", "minimax"),
    depends=("A8",),
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """Every sum runs over blocks or over pairs of them, so one block and one pair decide any number."""
    p = claim.formulas["p"]
    # One of any number of blocks, p_b = sqrt(m_b e_b)/total; the shares add up to delta^2 total^2.
    one = ROOT1 / TOTAL
    yield check_identity(
        claim.formulas["share"],
        one * E1 * (DELTA * M1 / one) ** 2 / M1,
        detail="one block's part of V among any number of blocks",
        falsifier="another share",
        parts=("value",),
    )
    shares = claim.formulas["share"] + claim.formulas["share"].subs({M1: M2, E1: E2}, simultaneous=True)
    yield check_identity(
        claim.formulas["V"],
        shares.subs(TOTAL, ROOT1 + ROOT2),
        detail="V is the sum of the shares",
        falsifier="shares with another sum",
        parts=("value",),
    )
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
    yield from any_number(claim)
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


def any_number(claim: Claim) -> Iterator[Evidence]:
    """(sum m)(sum e) - (sum sqrt(m e))^2 is the sum of the stated pair terms; when all of them vanish.

    The difference is bilinear in the blocks' data, so it has one kind of term for a block with itself
    (zero) and one for two blocks; three and four blocks confirm it.
    """
    pair = claim.formulas["pair"]
    yield check_identity(
        [M1 * E1 - ROOT1**2, sp.expand(pair)],
        [0, M1 * E2 + M2 * E1 - 2 * ROOT1 * ROOT2],
        detail="a block with itself and with another one in (sum m)(sum e) - (sum sqrt(m e))^2",
        falsifier="another kind of term",
        parts=("bound",),
    )
    for count in (3, 4):
        sizes = sp.symbols(f"m1:{count + 1}", integer=True, positive=True)
        energies = sp.symbols(f"e1:{count + 1}", positive=True)
        roots = [sp.sqrt(m * e) for m, e in zip(sizes, energies, strict=True)]
        pairs = [
            pair.subs({M1: sizes[i], E1: energies[i], M2: sizes[j], E2: energies[j]}, simultaneous=True)
            for i, j in combinations(range(count), 2)
        ]
        yield check_identity(
            sp.expand(sum(pairs)),
            sp.expand(sum(sizes) * sum(energies) - sum(roots) ** 2),
            detail=f"the sum of the pair terms, {count} blocks, symbolic sizes and energies",
            falsifier="another remainder of Cauchy-Schwarz",
            parts=("bound",),
            scope=Scope.INSTANCE,
        )
    # A pair's term vanishes iff e_2 = m_2 e_1/m_1; with every block in the place of the second,
    # 1 = sum e = (e_1/m_1) sum m = e_1 d/m_1, so e_1 = m_1/d, and likewise for each block.
    ratio = sp.solve(pair, E2)
    yield check_identity(
        ratio,
        [M2 * E1 / M1],
        detail="a pair's term vanishes exactly where e_2/m_2 = e_1/m_1",
        falsifier="another zero of a pair's term",
        parts=("bound",),
    )
    size = sp.Symbol("d", integer=True, positive=True)
    yield check_identity(
        [sp.solve(sp.Eq(E1 / M1 * size, 1), E1), [pair.subs({E1: M1 / size, E2: M2 / size})]],
        [[M1 / size], [0]],
        detail="so equality holds iff e_b = m_b/d for every block",
        falsifier="other energies at the level",
        parts=("bound",),
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
        yield check_relation(
            sp.simplify(law.dimension_factor(a)),
            "==" if e1 == Fraction(1, 3) else "<",
            sp.sympify(claim.formulas["level"] / DELTA**2).subs(numbers),
            detail=f"V/delta^2 of the atoms against d, energies {e1} and {e2} of blocks of 1 and 2",
            falsifier="energies on the wrong side of delta^2 d",
            parts=("bound",),
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
