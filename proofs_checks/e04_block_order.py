"""E4: a sweep over blocks on a fixed gradient: equally likely, by importance, or each once."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._structure import READING, circle, independent_sum
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import ImportanceBlocks, RandomBlock, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

# A block's size, share of |a|^2 and probability; the number of blocks; sum sqrt(e_b).
SIZE, ENERGY, CHANCE = sp.symbols("m e pi", positive=True)
BLOCKS = sp.Symbol("B", integer=True, positive=True)
ROOTS = sp.Symbol("s", positive=True)
# sum_b m_b e_b, and sum_b sqrt(m_b e_b).
MEAN, WEIGHTED = sp.symbols("mbar w", positive=True)

claim = Claim(
    id="E4",
    title="A sweep over B blocks: each once removes the variance between them; when importance does more",
    kind=Kind.EQUALITY,
    plain="Blocks of sizes m_b with shares e_b of |a|^2, fixed length inside, B draws on one gradient a (small steps); "
    "errors of the sweep's estimate of a in units of |a|^2. Each block once, in any order: sum m_b e_b - 1. B draws of "
    "equally likely blocks, mean: larger by exactly 1 - 1/B, the variance between blocks. By importance (probabilities "
    "proportional to sqrt(m_b e_b)): ((sum sqrt(m_b e_b))^2 - 1)/B, more than each once iff B (sum m_b e_b - 1) < (sum "
    "sqrt(m_b e_b))^2 - 1. For equal sizes m these are m - 1, m - 1/B and "
    "(m s^2 - 1)/B, s = sum sqrt(e_b) in [1, sqrt(B)]: for m = 1 each block once is never worse than importance, "
    "and it is better iff s^2 > B - (B - 1)/m.",
    latex=r"Blocks of sizes $m_b$ with shares $e_b$ of $\|a\|^2$, fixed length inside, $B$ draws on one gradient $a$. Error of "
    r"the estimate, in units of $\|a\|^2$: each block once $\sum m_be_b-1$; equally likely blocks $\sum m_be_b-\frac1B$; "
    r"importance $\frac1B((\sum\sqrt{m_be_b})^2-1)$. For equal sizes $m$, $s=\sum\sqrt{e_b}$: each once beats importance iff "
    r"$s^2>B-\frac{B-1}m$.",
    source="derived here; structures as in arXiv 2501.19099, as summarised, in our reading",
    conditions=(
        READING,
        "the gradient is the same for the whole sweep: the limit of small steps",
        "mu -> 0, as many queries for each; delta = 1",
        "importance: e_b > 0 known",
    ),
    expected=Verdict.PROVED,
    formulas={
        "once": MEAN - 1,
        "equally likely": MEAN - 1 / BLOCKS,
        "importance": (WEIGHTED**2 - 1) / BLOCKS,
        "removed": 1 - 1 / BLOCKS,
        "equal sizes": {
            "once": SIZE - 1,
            "equally likely": SIZE - 1 / BLOCKS,
            "importance": (SIZE * ROOTS**2 - 1) / BLOCKS,
        },
        "threshold": BLOCKS - (BLOCKS - 1) / SIZE,  # of s^2
    },
    parts=("once", "equally likely", "importance", "equal sizes", "threshold"),
)

FALSIFIER = "blocks and a gradient with another error, or another order of the errors"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """Errors add up over blocks, so one block's part decides any number of blocks; sum e_b = 1."""
    inside = sp.cancel(classical_tensor("sphere", SIZE).trace(SIZE))  # E|g_b|^2/|a_b|^2
    # Each once: independent blocks without bias, (inside - 1) e_b each.
    total = sp.expand((inside - 1) * ENERGY)
    yield check_identity(
        claim.formulas["once"],
        total.coeff(SIZE, 1) / ENERGY * MEAN + total.coeff(SIZE, 0) / ENERGY,
        detail="sum over blocks of the error inside, sum m_b e_b = mbar and sum e_b = 1",
        falsifier=FALSIFIER,
        parts=("once",),
    )
    # One draw: g_b/pi_b with probability pi_b, so E|g|^2 = sum inside e_b/pi_b; less |a|^2, over B draws.
    drawn = CHANCE * inside * ENERGY / CHANCE**2
    equal = sp.cancel(drawn.subs(CHANCE, 1 / BLOCKS))
    yield check_identity(
        [claim.formulas["equally likely"], claim.formulas["removed"]],
        [
            (equal / (SIZE * ENERGY) * MEAN - 1) / BLOCKS,
            claim.formulas["equally likely"] - claim.formulas["once"],
        ],
        detail="mean of B draws at pi_b = 1/B, and its difference to each once",
        falsifier=FALSIFIER,
        parts=("equally likely",),
    )
    # The same number as a variance: between blocks sum pi_b |a_b/pi_b|^2 - |a|^2 = B - 1, over B draws.
    between = (CHANCE * ENERGY / CHANCE**2).subs(CHANCE, 1 / BLOCKS) / ENERGY - 1
    yield check_identity(
        claim.formulas["removed"],
        sp.cancel(between / BLOCKS),
        detail="variance between equally likely blocks over B draws",
        falsifier=FALSIFIER,
        parts=("equally likely",),
    )
    root = sp.sqrt(SIZE * ENERGY)
    part = sp.simplify(drawn.subs(CHANCE, root / WEIGHTED) / root)  # times sum sqrt(m_b e_b)
    yield check_identity(
        claim.formulas["importance"],
        (part * WEIGHTED - 1) / BLOCKS,
        detail="mean of B draws at pi_b = sqrt(m_b e_b)/w",
        falsifier=FALSIFIER,
        parts=("importance",),
    )
    sizes = claim.formulas["equal sizes"]
    yield check_identity(
        [sizes["once"], sizes["equally likely"], sizes["importance"]],
        [
            claim.formulas["once"].subs(MEAN, SIZE),
            claim.formulas["equally likely"].subs(MEAN, SIZE),
            claim.formulas["importance"].subs(WEIGHTED, sp.sqrt(SIZE) * ROOTS),
        ],
        detail="equal sizes: sum m_b e_b = m, sum sqrt(m_b e_b) = sqrt(m) s",
        falsifier=FALSIFIER,
        parts=("equal sizes",),
    )
    yield check_identity(
        sizes["importance"] - sizes["once"],
        SIZE / BLOCKS * (ROOTS**2 - claim.formulas["threshold"]),
        detail="importance minus each once: a positive multiple of s^2 minus the threshold",
        falsifier=FALSIFIER,
        parts=("threshold",),
    )
    # s^2 = 1 + 2 sum of roots of products >= 1 = the threshold at m = 1; and B sum e - s^2 >= 0 pair by pair.
    other = sp.Symbol("e2", positive=True)
    cross = sp.sqrt(ENERGY * other)
    yield check_nonnegative(
        (sp.sqrt(ENERGY) + sp.sqrt(other)) ** 2
        - (ENERGY + other) * claim.formulas["threshold"].subs(SIZE, 1),
        [Term(2 * cross)],
        detail="s^2 - 1 is a sum over pairs of 2 sqrt(e_b e_c)",
        falsifier=FALSIFIER,
        parts=("threshold",),
    )
    yield check_nonnegative(
        2 * (ENERGY + other) - (sp.sqrt(ENERGY) + sp.sqrt(other)) ** 2,
        [Term(1, sp.sqrt(ENERGY) - sp.sqrt(other))],
        detail="B sum e_b - s^2 is a sum over pairs of (sqrt(e_b) - sqrt(e_c))^2",
        falsifier=FALSIFIER,
        parts=("equal sizes",),
    )


def estimates(atoms: designs.Atoms, a: tuple[Fraction, ...], scale: Fraction) -> designs.Atoms:
    """Return the law of scale u u^T a."""
    return [(w, tuple(scale * designs.dot(a, u) * x for x in u)) for w, u in atoms]


def sweep_errors(
    a: tuple[Fraction, ...], sizes: tuple[int, ...], chances: dict[str, list[Fraction]]
) -> dict:
    """Return the errors over |a|^2 of each block once and of means of B draws, summed over all atoms."""
    units = {1: [(Fraction(1), (Fraction(1),))], 2: circle()}
    starts = [sum(sizes[:b]) for b in range(len(sizes))]
    inside = []
    for start, m in zip(starts, sizes, strict=True):
        before, after = (Fraction(0),) * start, (Fraction(0),) * (len(a) - start - m)
        rows = estimates(units[m], a[start : start + m], Fraction(m))
        inside.append([(w, before + v + after) for w, v in rows])
    zero: designs.Point = (Fraction(0),) * len(a)

    def error(atoms: designs.Atoms) -> Fraction:
        return designs.expectation(
            atoms, lambda g: sum(((x - y) ** 2 for x, y in zip(g, a, strict=True)), start=Fraction(0))
        ) / designs.dot(a, a)

    whole: designs.Atoms = [(Fraction(1), zero)]
    for atoms in inside:
        whole = independent_sum(whole, atoms)
    found = {"once": error(whole)}
    for name, pi in chances.items():
        one = [
            (pi[b] * w, tuple(x / pi[b] / len(sizes) for x in v))
            for b, atoms in enumerate(inside)
            for w, v in atoms
        ]
        mean: designs.Atoms = [(Fraction(1), zero)]
        for _ in sizes:
            mean = independent_sum(mean, one)
        found[name] = error(mean)
    return found


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Whole sweeps over two or three blocks, every outcome enumerated."""
    # sqrt(m_b e_b) rational up to a common factor: |a_b|^2 m_b a square.
    cases = [
        ((3, 4), (1, 1), (3, 4)),
        ((1, 2, 4), (1, 1, 1), (1, 2, 4)),
        ((3, 4, 0, 1), (2, 2), (5, 1)),
        ((1, 1, 3), (2, 1), (2, 3)),
    ]
    for numbers, sizes, roots in cases:
        a = tuple(map(Fraction, numbers))
        count = len(sizes)
        chances = {
            "equally likely": [Fraction(1, count)] * count,
            "importance": [Fraction(r, sum(roots)) for r in roots],
        }
        found = sweep_errors(a, sizes, chances)
        starts = [sum(sizes[:b]) for b in range(count)]
        energies = [
            sum((x * x for x in a[i : i + m]), start=Fraction(0)) / designs.dot(a, a)
            for i, m in zip(starts, sizes, strict=True)
        ]
        mean = sum((m * e for m, e in zip(sizes, energies, strict=True)), start=Fraction(0))
        weighted = sum(sp.sqrt(sp.Rational(m * e)) for m, e in zip(sizes, energies, strict=True))
        values = {MEAN: sp.Rational(mean), WEIGHTED: weighted, BLOCKS: count}
        for part, value in found.items():
            yield check_identity(
                sp.simplify(claim.formulas[part].subs(values)),
                value,
                detail=f"error of a sweep over blocks of {sizes}, a = {numbers}, {part}",
                falsifier=FALSIFIER,
                parts=(part,),
                scope=Scope.INSTANCE,
            )
        if len(set(sizes)) == 1:
            s = sum(sp.sqrt(sp.Rational(e)) for e in energies)
            row = claim.formulas["equal sizes"]
            yield check_identity(
                {
                    part: sp.simplify(row[part].subs({SIZE: sizes[0], BLOCKS: count, ROOTS: s}))
                    for part in found
                },
                found,
                detail=f"errors of sweeps over equal blocks of {sizes}, a = {numbers}",
                falsifier=FALSIFIER,
                parts=("equal sizes",),
                scope=Scope.INSTANCE,
            )


@claim.check("laws")
def laws(claim) -> Iterator[Evidence]:
    """Batches of the package's laws, and the order of the errors over a grid of roots of energies."""
    wrong = tried = 0
    for size, count in ((1, 2), (1, 3), (2, 2), (3, 3), (2, 4)):
        for roots in product((1, 2, 5), repeat=count):
            a = np.array([x for r in roots for x in (r, *(0,) * (size - 1))], dtype=object)
            total = sum(r * r for r in roots)
            law = ImportanceBlocks([size] * count, [Fraction(r * r, total) for r in roots])
            # Sizes of one make every root rational; others scale all of them alike.
            importance = float(law.batch_mse_factor(a, count))
            once = float(sum((Sphere(size).dimension_factor() - 1) * Fraction(r * r, total) for r in roots))
            limit = float(claim.formulas["threshold"].subs({BLOCKS: count, SIZE: size}))
            square = sum(roots) ** 2 / total
            if abs(square - limit) > 1e-9:
                wrong += (once < importance - 1e-12) != (square > limit)
                tried += 1
    yield check_identity(
        0,
        wrong,
        detail=f"gradients among {tried} on the wrong side of the threshold, by the laws' own errors",
        falsifier=FALSIFIER,
        parts=("threshold",),
        scope=Scope.INSTANCE,
    )
    for size, count in ((1, 3), (4, 2)):
        row = claim.formulas["equal sizes"]
        numbers = {SIZE: size, BLOCKS: count}
        yield check_identity(
            [row["equally likely"].subs(numbers), row["once"].subs(numbers)],
            [
                RandomBlock(size * count, size).batch_mse_factor(None, count),
                Sphere(size).batch_mse_factor(),
            ],
            detail=f"the block law's batch of {count} and the sphere's error inside a block of {size}",
            falsifier=FALSIFIER,
            parts=("equal sizes",),
            scope=Scope.INSTANCE,
        )
