"""E3b: how far the dimension factors of random structures are apart: exact constants, and none in general."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D, M
from proofs_checks._structure import COLUMNS, KINDS, RANK, READING, ROWS, circle
from zotheory.checks.evidence import Evidence, Scope, Witness
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.derive.constructions import importance_block_tensor, random_block_tensor
from zotheory.laws import Empirical, Gaussian, LowRank, Rademacher, RandomBlock, SparseMask
from zotheory.ledger.claim import Claim, Kind, Verdict

DIM = ROWS * COLUMNS
# Sizes written as 1 + something non-negative, for inequalities.
X, Y, Z = sp.symbols("x y z", integer=True, nonnegative=True)
CHANCE = sp.Symbol("pi", positive=True)  # of the block that is visited rarely
CONSTANT = sp.Symbol("C", positive=True)

claim = Claim(
    id="E3b",
    title="Rates of random structures: d at fixed |v|, up to 3 d (blocks, masks) or 9 d (rank one); no constant for all",
    kind=Kind.EQUALITY,
    plain="Delta-unbiased structures, blind to the gradient. Fixed |v|: nu = d, as for masks and equally likely blocks of equal "
    "size with a sphere or signs inside and for rank-one products of fixed-length factors; a block of m coordinates drawn with "
    "probability pi, fixed length inside, has nu = m/pi for a gradient in it, which is d iff pi = m/d. Gaussian inside: d + 2 "
    "<= nu <= 3 d for masks and equally likely blocks of equal size m, nu = d (m + 2)/m, with d + 2 only at m = d and 3 d only at m = 1; d + 2 < nu <= (p + 2)(q + 2) "
    "= (1 + 2/p)(1 + 2/q) d <= 9 d for rank r, decreasing in r to d + 2, 9 d only at p = q = r = 1. Fixed-length factors "
    "of rank r: d <= nu < d + 2. No constant serves all: nu = m/pi is above C d for pi < m/(C d).",
    latex=r"Fixed $\|v\|$: $\nu=d$. Gaussian inside: $d+2\le\nu=d\frac{m+2}m\le3d$ for masks and equally likely blocks of equal size; "
    r"$d+2<\nu\le(1+\frac2p)(1+\frac2q)d\le9d$ for rank $r$, decreasing in $r$ to $d+2$. Fixed-length factors: "
    r"$d\le\nu<d+2$. A block of $m$ coordinates visited with probability $\pi$ has $\nu=m/\pi$: $d$ iff $\pi=\frac md$, above $Cd$ for "
    r"$\pi<\frac m{Cd}$.",
    source="derived here; what holds beside E3, on structures as in arXiv 2501.19099, as summarised",
    conditions=(READING, "P is independent of u and blind to the gradient", "mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "fixed": D,
        "block": D * (M + 2) / M,
        "block least": D + 2,
        "block most": 3 * D,
        "low rank": DIM + 2 + (2 * ROWS + 2 * COLUMNS + 2) / RANK,
        "low rank most": (ROWS + 2) * (COLUMNS + 2),
        "low rank ratio": 9,
        "low rank limit": DIM + 2,
        "factors": DIM + 2 - 2 / RANK,
        "rare": M / CHANCE,
        "even": M / D,  # the probability at which a block has nu = d
    },
    parts=(
        "fixed length",
        "blocks and masks",
        "low rank",
        "fixed factors",
        "unequal blocks",
        "no constant",
    ),
    depends=("E1", "E1b", "E2b"),
)

FALSIFIER = "a structure of the class outside the stated limits"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    yield check_identity(
        claim.formulas["fixed"],
        sp.cancel(random_block_tensor("sphere", D, M).trace(M)),
        detail="trace of the sphere's tensor on a random block, symbolic d and m",
        falsifier=FALSIFIER,
        parts=("fixed length",),
    )
    # d = m + x: nu - (d + 2) = 2 x/m and 3 d - nu = 2 d (m - 1)/m, m = 1 + y.
    block, part = claim.formulas["block"], ("blocks and masks",)
    yield check_identity(
        block,
        sp.cancel(random_block_tensor("gaussian", D, M).trace(M)),
        detail="trace of the Gaussian tensor on a random block, symbolic d and m",
        falsifier=FALSIFIER,
        parts=part,
    )
    yield check_nonnegative(
        (block - claim.formulas["block least"]).subs(D, M + X),
        [Term(2 / M, 1, (X,))],
        detail="nu - (d + 2) with d = m + x: zero only at x = 0",
        falsifier=FALSIFIER,
        parts=part,
    )
    yield check_nonnegative(
        (claim.formulas["block most"] - block).subs(M, 1 + Y),
        [Term(2 * D / (1 + Y), 1, (Y,))],
        detail="3 d - nu with m = 1 + y: zero only at y = 0",
        falsifier=FALSIFIER,
        parts=part,
    )
    rank, part = claim.formulas["low rank"], ("low rank",)
    spread = 2 * ROWS + 2 * COLUMNS + 2
    yield check_nonnegative(
        (claim.formulas["low rank most"] - rank).subs(RANK, 1 + X),
        [Term(spread / (1 + X), 1, (X,))],
        detail="(p + 2)(q + 2) - nu with r = 1 + x: zero only at x = 0",
        falsifier=FALSIFIER,
        parts=part,
    )
    excess = claim.formulas["low rank ratio"] * DIM - claim.formulas["low rank most"]
    yield check_nonnegative(
        excess.subs({ROWS: 1 + Y, COLUMNS: 1 + Z}),
        [Term(8, 1, (Y, Z)), Term(6, 1, (Y,)), Term(6, 1, (Z,))],
        detail="9 d - (p + 2)(q + 2) with p = 1 + y, q = 1 + z: zero only at y = z = 0",
        falsifier=FALSIFIER,
        parts=part,
    )
    step = rank - rank.subs(RANK, RANK + 1)
    for value, detail in (
        (step, "nu at r minus nu at r + 1"),
        (rank - claim.formulas["low rank limit"], "nu - (d + 2)"),
    ):
        yield check_relation(
            sp.factor(value),
            ">",
            0,
            detail=f"{detail}, symbolic p, q, r",
            falsifier=FALSIFIER,
            parts=part,
            scope=Scope.GENERAL,
        )
    yield check_identity(
        claim.formulas["low rank limit"],
        sp.limit(rank, RANK, sp.oo),
        detail="the limit of nu for r -> oo",
        falsifier=FALSIFIER,
        parts=part,
    )
    factors, part = claim.formulas["factors"], ("fixed factors",)
    yield check_nonnegative(
        (factors - DIM).subs(RANK, 1 + X),
        [Term(2 / (1 + X), 1, (X,))],
        detail="nu - d of fixed-length factors, r = 1 + x: zero only at x = 0",
        falsifier=FALSIFIER,
        parts=part,
    )
    yield check_relation(
        factors,
        "<",
        DIM + 2,
        detail="nu of fixed-length factors below d + 2",
        falsifier=FALSIFIER,
        parts=part,
        scope=Scope.GENERAL,
    )
    # On a block with probability pi and |v|^2 = delta m/pi inside, for a gradient in the block.
    rare, part = claim.formulas["rare"], ("no constant",)
    yield check_identity(
        rare,
        sp.cancel(importance_block_tensor(M, CHANCE, DELTA).trace(M) / DELTA**2),
        detail="trace of the sphere's tensor on a block with probability pi",
        falsifier=FALSIFIER,
        parts=part,
    )
    yield check_identity(
        rare - claim.formulas["fixed"],
        D / CHANCE * (claim.formulas["even"] - CHANCE),
        detail="nu - d is a positive multiple of m/d - pi: zero iff pi = m/d",
        falsifier=FALSIFIER,
        parts=("unequal blocks",),
    )
    yield check_identity(
        [CONSTANT * D, -M / CHANCE**2],
        [rare.subs(CHANCE, M / (CONSTANT * D)), sp.diff(rare, CHANCE)],
        detail="nu = C d at pi = m/(C d), and nu falls as pi grows",
        falsifier=FALSIFIER,
        parts=part,
        witness=Witness(
            "a block of m coordinates with probability pi < m/(C d) has nu > C d for a gradient in it"
        ),
    )


@claim.check("laws")
def laws(claim) -> Iterator[Evidence]:
    """The package's own factors in all small sizes: limits, and where they are reached."""
    wrong = dict.fromkeys(claim.parts[:4], 0)
    formulas = claim.formulas
    count = 0
    for d in range(1, 9):
        least, most, fixed = (
            int(sp.sympify(formulas[name]).subs(D, d)) for name in ("block least", "block most", "fixed")
        )
        for m in range(1, d + 1):
            laws = [SparseMask(d, m, "gaussian")] + ([RandomBlock(d, m, Gaussian)] if d % m == 0 else [])
            stated = Fraction(str(formulas["block"].subs({D: d, M: m})))
            for law in laws:
                nu = law.dimension_factor()
                fits = nu == stated and least <= nu <= most
                ends = ((nu == least) == (m == d), (nu == most) == (m == 1))
                wrong["blocks and masks"] += not (fits and all(ends))
            for other in (SparseMask(d, m), SparseMask(d, m, "rademacher")):
                wrong["fixed length"] += other.dimension_factor() != fixed
            if d % m == 0:
                wrong["fixed length"] += RandomBlock(d, m, Rademacher).dimension_factor() != fixed
            count += 1
    for p in range(1, 5):
        for q in range(1, 5):
            numbers = {ROWS: p, COLUMNS: q}
            top, limit = (int(formulas[name].subs(numbers)) for name in ("low rank most", "low rank limit"))
            wrong["fixed length"] += LowRank(p, q).dimension_factor() != formulas["fixed"].subs(D, p * q)
            previous = None
            for r in range(1, 6):
                nu = LowRank(p, q, r, "gaussian").dimension_factor()
                stated = Fraction(str(formulas["low rank"].subs({**numbers, RANK: r})))
                fits = nu == stated and limit < nu <= top and nu <= formulas["low rank ratio"] * p * q
                ends = (nu == formulas["low rank ratio"] * p * q) == (p == q == r == 1)
                falls = previous is None or nu < previous
                wrong["low rank"] += not (fits and ends and falls and (nu == top) == (r == 1))
                previous = nu
                nu = LowRank(p, q, r).dimension_factor()
                stated = Fraction(str(formulas["factors"].subs({**numbers, RANK: r})))
                wrong["fixed factors"] += not (nu == stated and p * q <= nu < p * q + 2)
                count += 1
    for kind in KINDS:
        part, name = ("low rank", "low rank") if kind == "gaussian" else ("fixed factors", "factors")
        yield check_identity(
            formulas[name],
            LowRank(ROWS, COLUMNS, RANK, kind).dimension_factor(),
            detail=f"the law's own nu, symbolic p, q and r, {part}",
            falsifier=FALSIFIER,
            parts=(part,),
        )
    for part, number in wrong.items():
        yield check_identity(
            0,
            number,
            detail=f"laws that break it among those of {count} sizes, {part}",
            falsifier=FALSIFIER,
            parts=(part,),
            scope=Scope.INSTANCE,
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """A rarely visited axis of R^2, at probability 1/N, for several N; and the rarer axis of three."""
    for chance in (Fraction(1, 5), Fraction(1, 100), Fraction(1, 10**6)):
        near, far = (sp.sqrt(sp.Rational(1 / x)) for x in (chance, 1 - chance))
        points = [[near, 0], [-near, 0], [0, far], [0, -far]]
        weights = [sp.Rational(x) / 2 for x in (chance, chance, 1 - chance, 1 - chance)]
        law = Empirical(points, weights)
        assert law.unbiasedness_defect() == 0
        yield check_identity(
            claim.formulas["rare"].subs({M: 1, CHANCE: sp.Rational(chance)}),
            sp.simplify(law.dimension_factor([1, 0])),
            detail=f"nu of four atoms in R^2, gradient along the axis of probability {chance}",
            falsifier=FALSIFIER,
            parts=("no constant",),
            scope=Scope.INSTANCE,
        )
    # Blocks of one and two coordinates of R^3, fixed length inside: |v|^2 = delta m/pi on each.
    for chances in ((Fraction(1, 2), Fraction(1, 2)), (Fraction(1, 3), Fraction(2, 3))):
        for size, chance in enumerate(chances, start=1):
            unit = circle() if size == 2 else designs.sign_vectors(1)
            # E[s n] with the gradient along the block's first axis; elsewhere s = 0.
            inside = designs.expectation(unit, lambda v: v[0] ** 2 * designs.dot(v, v))
            nu = chance * (size / chance) ** 2 * inside
            numbers = {M: size, CHANCE: sp.Rational(chance), D: 3}
            yield check_identity(
                claim.formulas["rare"].subs(numbers),
                nu,
                detail=f"nu in a block of {size} of R^3 with probability {chance}, summed over its atoms",
                falsifier=FALSIFIER,
                parts=("unequal blocks",),
                scope=Scope.INSTANCE,
            )
            yield check_relation(
                nu,
                "==" if claim.formulas["even"].subs(numbers) == sp.Rational(chance) else "!=",
                claim.formulas["fixed"].subs(numbers),
                detail=f"the same against d: equal only for probabilities in proportion to size, {chance}",
                falsifier=FALSIFIER,
                parts=("unequal blocks",),
            )
    atoms = designs.unequal_axes(designs.ROTATION[3])
    yield check_identity(
        claim.formulas["rare"].subs({M: 1, CHANCE: sp.Rational(1, 9)}),
        designs.energy_product(atoms, designs.ROTATION[3][0]) / designs.scale_of(atoms) ** 2,
        detail="nu along the rarer of three axes, probability 1/9",
        falsifier=FALSIFIER,
        parts=("no constant",),
        scope=Scope.INSTANCE,
    )
