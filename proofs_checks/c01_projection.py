"""C1: the projection sampler is aligned, and delta-unbiased iff its sign is uncorrelated with the rest."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.laws import DAP, Rademacher
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

# c = E[xi z_j] for a coordinate j orthogonal to the direction.
CROSS = sp.Symbol("c", real=True)

claim = Claim(
    id="C1",
    title="Projection sampler: aligned, and delta-unbiased iff E[xi z_perp] = 0",
    kind=Kind.IFF,
    plain="Let e be a unit vector, E[z z^T] = delta I and xi = +-1. Then v = z - (z.e) e + xi sqrt(delta) e has "
    "(v.e)^2 = delta always, and E[v v^T] = delta I iff E[xi z_perp] = 0, where z_perp = z - (z.e) e. A fair "
    "sign independent of z does; so does a constant sign if E[z_perp] = 0.",
    latex=r"Let $\|e\|=1$, $E[zz^\top]=\delta I$, $\xi=\pm1$. Then $v=z-(z\cdot e)e+\xi\sqrt\delta\,e$ has "
    r"$(v\cdot e)^2=\delta$ a.s., and $E[vv^\top]=\delta I$ iff $E[\xi z_\perp]=0$, $z_\perp=z-(z\cdot e)e$: "
    r"for a fair sign independent of $z$, or a constant sign if $E[z_\perp]=0$.",
    source="derived here; the sampler is Algorithm 1 of arXiv 2510.19975, as summarised",
    conditions=("E[z z^T] = delta I", "xi takes the values 1 and -1", "e does not depend on z and xi"),
    expected=Verdict.PROVED,
    formulas={"along": DELTA, "square": DELTA, "mixed": sp.sqrt(DELTA) * CROSS},
    parts=("aligned", "sufficient", "necessary"),
)

FALSIFIER = "a sampler with another second moment, or a correlated sign that does no harm"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """Entries of E[v v^T] in an orthonormal basis that begins with e: v = (xi sqrt(delta), z_2, z_3, ...)."""
    xi = sp.Symbol("xi", real=True)
    second = {(i, j): DELTA * int(i == j) for i in (2, 3) for j in (2, 3)}  # E[z_i z_j]
    for value in (1, -1):
        yield check_identity(
            claim.formulas["along"],
            (xi * sp.sqrt(DELTA)).subs(xi, value) ** 2,
            detail=f"(v.e)^2 at xi = {value}",
            falsifier=FALSIFIER,
            parts=("aligned",),
        )
    # The kinds of entries: (e, e), (e, j), (j, j) and (i, j) with i, j orthogonal to e; d = 3 has them all.
    derived = {
        "e, e": DELTA,
        "e, j": sp.sqrt(DELTA) * CROSS,
        "j, j": second[2, 2],
        "i, j": second[2, 3],
    }
    stated = {
        "e, e": claim.formulas["along"],
        "e, j": claim.formulas["mixed"],
        "j, j": claim.formulas["square"],
        "i, j": 0,
    }
    yield check_identity(
        stated,
        derived,
        detail="every kind of entry of E[v v^T], any d",
        falsifier=FALSIFIER,
        parts=("sufficient", "necessary"),
    )
    yield check_identity(
        {key: value.subs(CROSS, 0) if key == "e, j" else value for key, value in stated.items()},
        {"e, e": DELTA, "e, j": 0, "j, j": DELTA, "i, j": 0},
        detail="E[v v^T] = delta I if E[xi z_perp] = 0",
        falsifier=FALSIFIER,
        parts=("sufficient",),
    )
    yield check_relation(
        claim.formulas["mixed"].subs(CROSS, sp.Symbol("c", real=True, nonzero=True)),
        "!=",
        0,
        detail="an entry off the diagonal is non-zero wherever c = E[xi z_j] is",
        falsifier=FALSIFIER,
        parts=("necessary",),
        scope=Scope.GENERAL,
    )


@claim.check("coordinates")
def coordinates(claim) -> Iterator[Evidence]:
    """Every unit vector of R^3 but one, e = (2p, 2q, p^2 + q^2 - 1)/(1 + p^2 + q^2), in fixed coordinates."""
    p, q = sp.symbols("p q", real=True)
    e = sp.Matrix([2 * p, 2 * q, p**2 + q**2 - 1]) / (1 + p**2 + q**2)
    c = sp.Matrix(sp.symbols("c1:4", real=True))  # E[xi z]
    projector = sp.eye(3) - e * e.T
    # E[(P z + xi r e)(P z + xi r e)^T] with r^2 = delta.
    derived = DELTA * projector * projector.T + DELTA * e * e.T
    root = sp.sqrt(DELTA)
    derived += root * (projector * c * e.T + e * (projector * c).T)
    across = projector * c
    factor = claim.formulas["mixed"] / CROSS
    stated = claim.formulas["square"] * sp.eye(3) + factor * (across * e.T + e * across.T)
    yield check_identity(
        stated,
        derived,
        detail="E[v v^T] = delta I + sqrt(delta) (u e^T + e u^T), u = E[xi z_perp], d = 3",
        falsifier=FALSIFIER,
        parts=("sufficient", "necessary"),
        scope=Scope.INSTANCE,
    )


def projected(z: tuple[Fraction, ...], e: tuple[Fraction, ...], xi: int) -> tuple[Fraction, ...]:
    """Return z - (z.e) e + xi e (delta = 1)."""
    along = designs.dot(z, e)
    return tuple(x - along * y + xi * y for x, y in zip(z, e, strict=True))


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Laws of z with rational atoms, oblique e, and three signs: independent, constant, correlated."""
    e = designs.ROTATION[3][0]
    other = designs.ROTATION[3][1]
    one = {DELTA: 1}
    for name, atoms in (
        ("signs", designs.sign_vectors(3)),
        ("unequal axes", designs.unequal_axes(designs.ROTATION[3])),
    ):
        signs = {
            "independent": lambda z: ((Fraction(1, 2), 1), (Fraction(1, 2), -1)),
            "constant": lambda z: ((Fraction(1), 1),),
            "correlated": lambda z: ((Fraction(1), 1 if designs.dot(z, other) >= 0 else -1),),
        }
        for kind, sign in signs.items():
            law = [(w * q, projected(z, e, xi)) for w, z in atoms for q, xi in sign(z)]
            cross = [
                sum(
                    (w * q * xi * designs.dot(z, row) for w, z in atoms for q, xi in sign(z)),
                    start=Fraction(0),
                )
                for row in designs.ROTATION[3][1:]
            ]
            alignment = {designs.dot(v, e) ** 2 for _, v in law}
            yield check_identity(
                [claim.formulas["along"].subs(one)],
                sorted(alignment),
                detail=f"all values of (v.e)^2, z: {name}, sign: {kind}",
                falsifier=FALSIFIER,
                parts=("aligned",),
                scope=Scope.INSTANCE,
            )
            basis = designs.ROTATION[3]
            products = [[(p, q) for q in basis] for p in basis]
            table = [
                [
                    designs.expectation(law, lambda v, p=p, q=q: designs.dot(v, p) * designs.dot(v, q))
                    for p, q in row
                ]
                for row in products
            ]
            mixed = [claim.formulas["mixed"].subs(one).subs(CROSS, sp.Rational(x)) for x in cross]
            square = claim.formulas["square"].subs(one)
            yield check_identity(
                [[claim.formulas["along"].subs(one), *mixed], [mixed[0], square, 0], [mixed[1], 0, square]],
                table,
                detail=f"E[v v^T] in a basis that begins with e, z: {name}, sign: {kind}",
                falsifier=FALSIFIER,
                parts=("necessary",) if kind == "correlated" else ("sufficient",),
                scope=Scope.INSTANCE,
            )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    """The package's aligned law has the stated second moment at a symbolic direction."""
    x, y = sp.symbols("x y", positive=True)
    moment = DAP([x, y], DELTA).second_moment()
    yield check_identity(
        claim.formulas["square"] * sp.eye(2),
        sp.Matrix(moment.tolist()),
        detail="second moment of the package's aligned law, d = 2",
        falsifier=FALSIFIER,
        parts=("sufficient",),
        scope=Scope.INSTANCE,
    )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    """E[(w.v)^2] along an oblique w with a part along e and a part across, delta = 2, d = 6."""
    delta, dim = 2.0, 6
    e = np.arange(1.0, dim + 1) / np.linalg.norm(np.arange(1.0, dim + 1))
    w = np.linspace(1.0, -0.5, dim)
    w /= np.linalg.norm(w)

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        z = Rademacher(dim, delta).sample(n, rng)
        xi = rng.choice([-1.0, 1.0], size=n)
        v = z - np.outer(z @ e, e) + np.sqrt(delta) * np.outer(xi, e)
        return (v @ w) ** 2

    claimed = float(claim.formulas["square"].subs(DELTA, 2))
    yield check_mean(
        sample,
        claimed,
        resolvable=0.03 * claimed,
        rng=stream(2024, claim.id),
        detail="E[(w.v)^2] of the sampler on Rademacher vectors with an independent fair sign, d = 6, delta = 2",
        parts=("sufficient",),
    )
