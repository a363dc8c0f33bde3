"""E2b: a random, delta-unbiased structure chosen blind to the gradient gains nothing on average over directions."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D, M
from proofs_checks._structure import READING, SIZE, circle, masked, outer
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.moments import gaussian_moment
from zotheory.derive.tensor import classical_tensor
from zotheory.functionals import random_subspace_factor, structured_energy
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

# E (tr S)^2 and E tr S^2 of the covariance S = P P^T given P; E S = delta I.
TRACE2, SQUARE = sp.symbols("T2 Q", positive=True)
ENERGY = sp.Symbol("A", positive=True)
CHANCE = sp.Symbol("pi", positive=True)  # of the block that holds the gradient

claim = Claim(
    id="E2b",
    title="Blind random structure gains nothing on average: nu = d at fixed |v|, mean nu >= d + 2 for Gaussian u",
    kind=Kind.EQUALITY,
    plain="Let v = P u with P random, independent of u, and E v v^T = delta I, blind to the gradient. (1) If |v| is "
    "fixed, nu = d whatever the structure. (2) If u is Gaussian, the mean of nu over directions is d + 2 + (Var tr S + 2 "
    "E|S - delta I|_F^2)/(delta^2 d), S = P P^T: at least d + 2, with equality iff S = delta I almost surely. (3) For k "
    "orthonormal columns Q with E Q Q^T = (k/d) I, the mean overlap is k/d for every gradient, and P = sqrt(delta d/k) Q has "
    "nu = d (k + 2)/k for Gaussian u: the smaller stable rank k is lost to the overlap. (4) For one gradient it can gain: in a block of m coordinates "
    "drawn with probability pi and Gaussian u, nu = (m + 2)/pi, below d + 2 iff pi > (m + 2)/(d + 2).",
    latex=r"Let $v=Pu$, $P$ random, independent of $u$ and of the gradient, $E vv^\top=\delta I$, $S=PP^\top$. Fixed $\|v\|$: "
    r"$\nu=d$. Gaussian $u$: the mean of $\nu$ over directions is $d+2+\frac{\operatorname{Var}\operatorname{tr}S+2E\|S-"
    r"\delta I\|_F^2}{\delta^2d}$. For $k$ orthonormal columns, $P=\sqrt{\delta d/k}\,Q$: $E\,o=k/d$ and $\nu=d(k+2)/k$. For a "
    r"gradient in a block of $m$ coordinates drawn with probability $\pi$, $\nu=\frac{m+2}\pi<d+2$ iff $\pi>\frac{m+2}{d+2}$.",
    source="derived here; structures as in arXiv 2501.19099, as summarised, in our reading",
    conditions=(READING, "P is independent of u and chosen blind to the gradient", "mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "fixed": D,
        "excess": ((TRACE2 - DELTA**2 * D**2) + 2 * (SQUARE - DELTA**2 * D)) / (DELTA**2 * D),
        "gaussian": D + 2,
        "overlap": SIZE / D,
        "subspace": D * (SIZE + 2) / SIZE,
        "block": (M + 2) / CHANCE,
        "threshold": (M + 2) / (D + 2),  # of the block's probability
    },
    parts=("fixed length", "gaussian", "equality", "overlap", "subspace", "one gradient"),
)

FALSIFIER = "a random structure with another mean energy, or one below the unstructured law's"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # n = delta d: E[(v.a)^2 n] = delta d a^T E[v v^T] a.
    yield check_identity(
        claim.formulas["fixed"],
        (DELTA * D) * (DELTA * ENERGY) / (DELTA**2 * ENERGY),
        detail="E[(v.a)^2 n] with n constant needs only the second moment",
        falsifier=FALSIFIER,
        parts=("fixed length",),
    )
    # Over directions E s = n/d, so the mean of nu is E n^2/(delta^2 d); given S with eigenvalues l_i,
    # n = sum l_i z_i^2 and E n^2 = m22 (tr S)^2 + (m4 - m22) tr S^2.
    m4, m22 = gaussian_moment((4, 0)), gaussian_moment((2, 2))
    mean = (m22 * TRACE2 + (m4 - m22) * SQUARE) / (DELTA**2 * D)
    yield check_identity(
        claim.formulas["gaussian"] + claim.formulas["excess"],
        mean,
        detail="E n^2/(delta^2 d) of a Gaussian with random covariance, symbolic d",
        falsifier=FALSIFIER,
        parts=("gaussian",),
    )
    # Var tr S = E(tr S)^2 - (delta d)^2, and E|S - delta I|_F^2 = E tr S^2 - 2 delta E tr S + delta^2 d with
    # E tr S = delta d; both are means of squares, zero iff S = delta I almost surely.
    variance, distance = sp.symbols("W F", nonnegative=True)
    moments = {
        TRACE2: variance + (DELTA * D) ** 2,
        SQUARE: distance + 2 * DELTA * (DELTA * D) - DELTA**2 * D,
    }
    yield check_nonnegative(
        claim.formulas["excess"].subs(moments),
        [Term(1 / (DELTA**2 * D), 1, (variance,)), Term(2 / (DELTA**2 * D), 1, (distance,))],
        detail="the excess is (Var tr S + 2 E|S - delta I|_F^2)/(delta^2 d)",
        falsifier=FALSIFIER,
        parts=("gaussian", "equality"),
    )
    # Given Q: o = a^T Q Q^T a/|a|^2, |S a|^2 and a^T S a tr S with S = (delta d/k) Q Q^T.
    overlap = sp.Symbol("o", nonnegative=True)
    scale = DELTA * D / SIZE
    energy = scale**2 * (SIZE + 2) * overlap
    share = sp.Symbol("share", positive=True)
    yield check_identity(
        [claim.formulas["overlap"]],
        sp.solve(share * D - SIZE, share),
        detail="a^T E[Q Q^T] a/|a|^2 = share, E[Q Q^T] = share I, and tr Q Q^T = k",
        falsifier=FALSIFIER,
        parts=("overlap",),
    )
    yield check_identity(
        claim.formulas["subspace"],
        (energy / DELTA**2).subs(overlap, claim.formulas["overlap"]),
        detail="E|g|^2 given Q is (delta d/k)^2 (k + 2) o |a|^2; its mean over Q",
        falsifier=FALSIFIER,
        parts=("subspace",),
    )
    # Scale delta/pi inside the block, and nothing along the gradient elsewhere.
    inside = CHANCE * classical_tensor("gaussian", M, DELTA / CHANCE).trace(M) / DELTA**2
    yield check_identity(
        [claim.formulas["block"], D + 2 - claim.formulas["block"]],
        [sp.cancel(inside), (D + 2) / CHANCE * (CHANCE - claim.formulas["threshold"])],
        detail="nu of a Gaussian block for a gradient in it, and where it is below d + 2",
        falsifier=FALSIFIER,
        parts=("one gradient",),
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Random structures with rational atoms: E[s n] for several gradients, and its mean over the axes."""
    signs, three = designs.sign_vectors, designs.three_point_product
    fixed = {
        "signs on a random pair of four coordinates": masked(signs(2), 4),
        "a random block, the circle inside": designs.padded_block(circle(), 2),
        "a product u w^T of signs": outer(signs(2), signs(2)),
        "a random axis of a rotated basis of R^3": designs.rotated(
            designs.coordinate_vectors(3), designs.ROTATION[3]
        ),
    }
    for name, atoms in fixed.items():
        size = len(atoms[0][1])
        for a in (tuple(map(Fraction, (1, -2, 3, 1)[:size])), tuple(map(Fraction, (1, 0, 0, 0)[:size]))):
            yield check_identity(
                claim.formulas["fixed"].subs(D, size),
                designs.energy_product(atoms, a) / designs.scale_of(atoms) ** 2,
                detail=f"nu of {name}, summed over {len(atoms)} atoms",
                falsifier=FALSIFIER,
                parts=("fixed length",),
                scope=Scope.INSTANCE,
            )
    # Gaussian u: S is the table of a structure with its probability; atoms of z with E z z^T = I/3.
    random_covariances = {
        "a mask of two of three": [(Fraction(1, 3), [3 * (i != j) for i in range(3)]) for j in range(3)],
        "two scales": [(Fraction(1, 2), [2, 2, 2]), (Fraction(1, 2), [4, 4, 4])],
        "rare axes": [(Fraction(3, 4), [1, 1, 4]), (Fraction(1, 4), [9, 9, 0])],
        "no structure": [(Fraction(1), [9, 9, 9])],
    }
    for name, cases in random_covariances.items():
        traces = [(w, sum(values), sum(x * x for x in values)) for w, values in cases]
        scale = sum((w * t for w, t, _ in traces), start=Fraction(0)) / 3
        # |v|^2 = sum l_i z_i^2 with E z_i^2 = 1/3: E n^2, times 9 for the scale of z.
        square = sum(
            (
                w
                * designs.expectation(
                    three(3),
                    lambda z, values=values: (
                        sum((x * y * y for x, y in zip(values, z, strict=True)), start=Fraction(0)) ** 2
                    ),
                )
                for w, values in cases
            ),
            start=Fraction(0),
        )
        mean = 9 * square / (3 * scale**2)
        numbers = {
            D: 3,
            DELTA: sp.Rational(scale),
            TRACE2: sp.Rational(sum((w * t * t for w, t, _ in traces), start=Fraction(0))),
            SQUARE: sp.Rational(sum((w * q for w, _, q in traces), start=Fraction(0))),
        }
        yield check_identity(
            (claim.formulas["gaussian"] + claim.formulas["excess"]).subs(numbers),
            mean,
            detail=f"mean of nu over directions, {name}, summed over atoms",
            falsifier=FALSIFIER,
            parts=("gaussian",),
            scope=Scope.INSTANCE,
        )
        yield check_relation(
            mean,
            "==" if name == "no structure" else ">",
            claim.formulas["gaussian"].subs(D, 3),
            detail=f"against the unstructured Gaussian's d + 2, {name}",
            falsifier=FALSIFIER,
            parts=("equality",),
        )
    # Two axes with probabilities 144/169 > 3/4 and 25/169: lengths 13/12 and 13/5 make E v v^T = I/3.
    atoms = [
        (chance * w, tuple(length * z * (i == axis) for i in range(2)))
        for axis, (chance, length) in enumerate(
            ((Fraction(144, 169), Fraction(13, 12)), (Fraction(25, 169), Fraction(13, 5)))
        )
        for w, (z,) in three(1)
    ]
    for axis, chance, relation in ((0, sp.Rational(144, 169), "<"), (1, sp.Rational(25, 169), ">")):
        gradient = tuple(Fraction(i == axis) for i in range(2))
        nu = designs.energy_product(atoms, gradient) / designs.scale_of(atoms) ** 2
        numbers = {M: 1, D: 2, CHANCE: chance}
        yield check_identity(
            claim.formulas["block"].subs(numbers),
            nu,
            detail=f"nu of a random axis of R^2 along the one of probability {chance}",
            falsifier=FALSIFIER,
            parts=("one gradient",),
            scope=Scope.INSTANCE,
        )
        yield check_relation(
            nu,
            relation,
            claim.formulas["gaussian"].subs(D, 2),
            detail=f"the same against d + 2, probability {chance} against {claim.formulas['threshold'].subs(numbers)}",
            falsifier=FALSIFIER,
            parts=("one gradient",),
        )
    # Random coordinate planes in R^4: overlap and nu.
    a = tuple(map(Fraction, (1, -2, 3, 1)))
    pairs = masked([(Fraction(1), (Fraction(1), Fraction(1)))], 4)  # the chosen set's indicator
    seen = designs.expectation(
        pairs, lambda v: sum((x * y * y for x, y in zip(v, a, strict=True)), start=Fraction(0))
    )
    atoms = masked(three(2), 4)
    yield check_identity(
        [claim.formulas[name].subs({D: 4, SIZE: 2}) for name in ("overlap", "subspace")],
        [seen / designs.dot(a, a), designs.energy_product(atoms, a) / designs.scale_of(atoms) ** 2],
        detail="overlap and nu of random coordinate planes in R^4",
        falsifier=FALSIFIER,
        parts=("overlap", "subspace"),
        scope=Scope.INSTANCE,
    )


@claim.check("functionals")
def functionals(claim) -> Iterator[Evidence]:
    """The package's second moments given P, averaged over three rational planes of R^3."""
    rows = designs.ROTATION[3]
    a = [Fraction(x) for x in (1, -2, 5)]
    total = Fraction(0)
    for k in range(3):
        plane = np.array([[rows[i][j] for i in range(3) if i != k] for j in range(3)], dtype=object)
        total += structured_energy(plane, a) / 3
    ratio = Fraction(3, 2) ** 2 * total / designs.dot(a, a)
    yield check_identity(
        claim.formulas["subspace"].subs({D: 3, SIZE: 2}),
        ratio,
        detail="E|g|^2/|a|^2 averaged over the three planes of an orthonormal basis, delta = 1",
        falsifier=FALSIFIER,
        parts=("subspace",),
        scope=Scope.INSTANCE,
    )
    yield check_identity(
        claim.formulas["subspace"],
        random_subspace_factor(D, SIZE),
        detail="the package's nu of a random subspace, symbolic d and k",
        falsifier=FALSIFIER,
        parts=("subspace",),
    )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """Overlap with uniformly random planes of R^5."""
    a = np.array([3.0, 0.0, 4.0, 0.0, 0.0]) / 5

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        frames, _ = np.linalg.qr(rng.standard_normal((n, 5, 2)))
        return ((a @ frames) ** 2).sum(axis=1)

    claimed = float(claim.formulas["overlap"].subs({D: 5, SIZE: 2}))
    return check_mean(
        sample,
        claimed,
        resolvable=0.02 * claimed,
        support=(0, 1),
        rng=stream(2024, claim.id),
        detail="overlap of a gradient of R^5 with uniformly random planes",
        parts=("overlap",),
    )
