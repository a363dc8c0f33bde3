"""C6: aligned draws without storing the rough estimate: regenerate its random vectors from their keys."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

C = sp.Symbol("c", real=True)  # coefficient of the next vector
DOT, SQUARE, MIXED, NEXT, LAST = sp.symbols("zG GG Gz zz_next zz_last", real=True)

claim = Claim(
    id="C6",
    title="Aligned draws at the memory of k coefficients: projections from regenerated streams",
    kind=Kind.EQUALITY,
    plain="Let G = sum c_i z_i (i = 1..k) be the rough estimate, with c_i stored and z_i regenerated from its key. Then "
    "z.G = sum c_i (z.z_i), |G|^2 is updated by 2 c (G.z_i) + c^2 |z_i|^2 with each vector, and the aligned draw "
    "v = z - (z.G/|G|^2) G + xi sqrt(delta) G/|G| is formed coordinate by coordinate: v, its products and the mean of m "
    "estimates, a combination of the k + m random vectors, are exactly those of a stored G. A pass over the coordinates "
    "regenerates k streams.",
    latex=r"Let $G=\sum_{i\le k}c_iz_i$, $c_i$ stored and $z_i$ regenerated from its key. Then "
    r"$z\cdot G=\sum c_i(z\cdot z_i)$, $\|G+cz_i\|^2=\|G\|^2+2c\,G\cdot z_i+c^2\|z_i\|^2$, and "
    r"$v=z-\frac{z\cdot G}{\|G\|^2}G+\xi\sqrt\delta\frac G{\|G\|}$ is formed coordinate by coordinate; it and the mean of $m$ "
    r"estimates, a combination of the $k+m$ random vectors, are exactly those of a stored $G$.",
    source="derived here; answers a question about sampling aligned perturbations without storing a gradient estimate "
    "that arXiv 2510.19975, as summarised, leaves open",
    conditions=("exact arithmetic", "a stream is a function of its key", "G is not zero"),
    expected=Verdict.PROVED,
    formulas={
        "projection": DOT + C * NEXT,
        "square": SQUARE + 2 * C * MIXED + C**2 * LAST,
    },
    parts=("projection", "square", "draw", "combination"),
    depends=("C1",),
)

FALSIFIER = "a projection, length or draw that differs from that of the stored vector"
SEED = 2024


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """One more vector: what each coordinate contributes; sums over coordinates and induction over k do the rest."""
    z, g, new = sp.symbols("z_x G_x n_x", real=True)  # coordinate x of z, G and the next vector
    per = {DOT: z * g, SQUARE: g**2, MIXED: g * new, NEXT: z * new, LAST: new**2}
    for part, value in (("projection", z * (g + C * new)), ("square", (g + C * new) ** 2)):
        yield check_identity(
            claim.formulas[part].subs(per),
            value,
            detail=f"contribution of a coordinate to the {part} after G -> G + c z_i (linear in the products)",
            falsifier=FALSIFIER,
            parts=(part,),
        )
    # The draw needs of G only its coordinate and two numbers, and is linear in the random vectors.
    along, length2 = sp.symbols("zG GG", positive=True)
    xi, delta, value = sp.symbols("xi delta alpha", positive=True)
    coefficients = sp.symbols("c1:4", real=True)
    parts = sp.symbols("n1:4", real=True)
    total = sum((c * n for c, n in zip(coefficients, parts, strict=True)), start=sp.Integer(0))
    slope = xi * sp.sqrt(delta / length2) - along / length2
    draw = z - along / length2 * g + xi * sp.sqrt(delta) * g / sp.sqrt(length2)
    yield check_identity(
        z + slope * g,
        draw,
        detail="a coordinate of v from those of z and G and the numbers z.G, |G|^2",
        falsifier=FALSIFIER,
        parts=("draw",),
    )
    yield check_identity(
        value * z
        + sum(
            (value * slope * c * n for c, n in zip(coefficients, parts, strict=True)), start=sp.Integer(0)
        ),
        value * draw.subs(g, total),
        detail="alpha v as a combination of z and the k regenerated vectors (k = 3; linear in each), alpha the quotient",
        falsifier=FALSIFIER,
        parts=("combination",),
    )


def vector(key: int, size: int) -> tuple[Fraction, ...]:
    """Return the vector of a key: the doubles of its stream, which are fractions."""
    return tuple(map(Fraction, stream(SEED, "C6", key).standard_normal(size).tolist()))


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Streams of the package, in fractions: stored against regenerated, every coordinate."""
    size, k = 5, 4
    coefficients = [Fraction(x) for x in (1, -2, Fraction(1, 3), 5)]
    stored = [sum(c * vector(i, size)[x] for i, c in enumerate(coefficients)) for x in range(size)]
    z = vector(99, size)
    projection, square = Fraction(0), Fraction(0)
    partial = [Fraction(0)] * size
    # Replay: after each vector the two numbers follow from products with it alone.
    for i, c in enumerate(coefficients):
        one = vector(i, size)
        numbers = {
            DOT: projection,
            SQUARE: square,
            MIXED: designs.dot(partial, one),
            NEXT: designs.dot(z, one),
            LAST: designs.dot(one, one),
            C: c,
        }
        exact = {symbol: sp.Rational(value) for symbol, value in numbers.items()}
        projection, square = (
            Fraction(str(claim.formulas[name].subs(exact))) for name in ("projection", "square")
        )
        partial = [p + c * y for p, y in zip(partial, one, strict=True)]
    yield check_identity(
        [projection, square],
        [designs.dot(z, stored), designs.dot(stored, stored)],
        detail=f"z.G and |G|^2 from k = {k} regenerated streams against the stored vector, in fractions",
        falsifier=FALSIFIER,
        parts=("projection", "square"),
        scope=Scope.INSTANCE,
    )
    across = [
        x - projection / square * sum(c * vector(i, size)[j] for i, c in enumerate(coefficients))
        for j, x in enumerate(z)
    ]
    yield check_identity(
        [
            x - designs.dot(z, stored) / designs.dot(stored, stored) * y
            for x, y in zip(z, stored, strict=True)
        ],
        across,
        detail="z - (z.G/|G|^2) G coordinate by coordinate, regenerated against stored",
        falsifier=FALSIFIER,
        parts=("draw",),
        scope=Scope.INSTANCE,
    )


@claim.check("floating point")
def floating_point(claim) -> Iterator[Evidence]:
    """In double precision, block by block: the same operations in the same order give the same bits."""
    size, k, block = 1000, 6, 64
    coefficients = np.linspace(-1.0, 2.0, k)
    stored = np.zeros(size)
    for i, c in enumerate(coefficients):
        stored += c * stream(SEED, "C6", i).standard_normal(size)
    streams = [stream(SEED, "C6", i) for i in range(k)]
    other = stream(SEED, "C6", "draw")
    z = stream(SEED, "C6", "draw").standard_normal(size)
    different, projection, reference = 0, 0.0, 0.0
    for start in range(0, size, block):
        width = min(block, size - start)
        piece = np.zeros(width)
        for c, generator in zip(coefficients, streams, strict=True):
            piece += c * generator.standard_normal(width)
        different += int(np.count_nonzero(piece != stored[start : start + width]))
        projection += float(piece @ other.standard_normal(width))
        reference += float(stored[start : start + width] @ z[start : start + width])
    yield check_relation(
        different,
        "==",
        0,
        detail=f"coordinates of G that differ in any bit, blocks of {block} against {size} at once",
        falsifier=FALSIFIER,
        parts=("draw",),
    )
    yield check_relation(
        int(projection != reference),
        "==",
        0,
        detail="z.G summed block by block: the same bits from regenerated and stored vectors",
        falsifier=FALSIFIER,
        parts=("projection",),
    )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """Second moment of draws formed by replay: E[(w.v)^2] = delta along an oblique w, delta = 1."""
    size, k = 5, 3
    vectors = np.array([stream(SEED, "C6", i).standard_normal(size) for i in range(k)])
    coefficients = np.array([1.0, -0.5, 2.0])
    w = np.array([0.1, 0.7, -0.1, 0.5, 0.5])
    w /= np.linalg.norm(w)
    square = coefficients @ (vectors @ vectors.T) @ coefficients

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        z = rng.standard_normal((n, size))
        slope = rng.choice([-1.0, 1.0], size=n) / np.sqrt(square) - (z @ vectors.T) @ coefficients / square
        v = z + (slope[:, None] * coefficients) @ vectors
        return (v @ w) ** 2

    return check_mean(
        sample,
        1.0,
        resolvable=0.03,
        rng=stream(2024, claim.id),
        detail="E[(w.v)^2] of draws that combine z and k regenerated vectors, d = 5, k = 3",
        parts=("combination",),
    )
