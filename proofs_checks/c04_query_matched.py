"""C4: at equal numbers of draws a two-stage estimate has at best the error of one stage."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._c_designs import SECOND, K, R
from proofs_checks._c_two_stage import PlaneTrial, plane_trials, simulate
from proofs_checks._shared import DELTA, D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.constructions import aligned_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.estimators import TwoStage
from zotheory.kernel import CoqProof
from zotheory.laws import Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

WEIGHT = sp.Symbol("w", real=True)  # of stage 1; 1 - w of stage 2
B = K + SECOND

claim = Claim(
    id="C4",
    title="Query-matched: two stages have at best the error delta^2 (d-1) |a|^2 / b of one",
    kind=Kind.EQUALITY,
    plain="Stage 1 averages k independent draws of a fixed-length law; stage 2 averages m draws, independent given "
    "stage 1, aligned with any direction that it determines, with spherical complement; b = k + m. Stage 2 is unbiased "
    "given stage 1, its error delta^2 (d-1) |a|^2/m does not depend on the alignment, and w (stage 1) + (1-w) "
    "(stage 2) has error delta^2 (d-1) |a|^2 (w^2/k + (1-w)^2/m): at least delta^2 (d-1) |a|^2/b, reached at w = k/b "
    "only. Stage 2 alone is worse by the factor b/m.",
    latex=r"Stage 1: the mean of $k$ independent fixed-length draws. Stage 2: the mean of $m$ draws, independent given "
    r"stage 1, aligned with any direction that it determines, spherical complement; $b=k+m$. Stage 2 is "
    r"unbiased given stage 1, with error $\delta^2(d-1)\|a\|^2/m$ for every alignment; weights $w,1-w$ give "
    r"$\delta^2(d-1)\|a\|^2(\tfrac{w^2}{k}+\tfrac{(1-w)^2}{m})\ge\delta^2(d-1)\|a\|^2/b$, equality iff $w=k/b$; "
    r"stage 2 alone is worse by $b/m$.",
    source="derived here; two stages as in Algorithm 2 of arXiv 2510.19975, as summarised",
    conditions=(
        "d >= 2, mu -> 0, both stages with the same delta",
        "the draws of stage 1 are mutually independent, and so are those of stage 2 given stage 1 (orthonormal frames "
        "go below the bound: C4e)",
        "weights are constants that sum to one (the combination stays delta-unbiased)",
        "cost is counted in draws",
    ),
    expected=Verdict.PROVED,
    formulas={
        "first": (D - 1) / K,
        "second": (D - 1) / SECOND,
        "combined": (D - 1) * (WEIGHT**2 / K + (1 - WEIGHT) ** 2 / SECOND),
        "best weight": K / B,
        "best": (D - 1) / B,
        "loss": B / SECOND,
    },
    parts=("unbiased given stage 1", "independent of alignment", "combination", "optimal", "second alone"),
    depends=("C1", "C2"),
    coq=CoqProof(
        file="c04_query_matched.v",
        formulas={
            "first": "d k",
            "second": "d m",
            "combined": "d k m w",
            "best weight": "k m",
            "best": "d k m",
            "loss": "k m",
        },
        theorems={
            "aligned": ("independent of alignment",),
            "unbiased_given_first": ("unbiased given stage 1",),
            "first_stage": ("combination",),
            "second_stage": ("independent of alignment",),
            "combined": ("combination",),
            "optimal": ("optimal",),
            "second_alone": ("second alone",),
        },
        without_formulas=("aligned", "unbiased_given_first"),
        library=("axis", "draws"),
        detail="for all laws of fixed length with finitely many atoms in R^d; that of stage 2 may depend in any way "
        "on the draws of stage 1, and aligned laws with a spherical complement are among them",
    ),
)

FALSIFIER = "a combination with a smaller error, or a stage-2 error that depends on the alignment"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # E[v v^T] of the aligned law: delta along e and delta across, whatever unit vector e is.
    along, across = DELTA, DELTA
    x = sp.Symbol("x", real=True)
    yield check_identity(
        [DELTA * x, DELTA * (1 - x)],
        [along * x, across * (1 - x)],
        detail="E[v v^T] a given the direction is delta a, along the direction and across it",
        falsifier=FALSIFIER,
        parts=("unbiased given stage 1",),
    )
    # nu does not contain rho^2; the mean of m conditionally independent draws divides nu - 1 by m.
    aligned = sp.cancel(aligned_tensor(D, DELTA).trace(D, rho2=R) / DELTA**2) - 1
    yield check_identity(
        claim.formulas["second"],
        aligned / SECOND,
        detail="error of stage 2 given the direction, any alignment rho^2, symbolic d",
        falsifier=FALSIFIER,
        parts=("independent of alignment",),
    )
    sphere = classical_tensor("sphere", D).trace(D) - 1
    yield check_identity(
        claim.formulas["first"],
        sphere / K,
        detail="error of stage 1",
        falsifier=FALSIFIER,
        parts=("combination",),
    )
    # With errors E1 and E2, E|w E1 + (1-w) E2|^2 has the mixed term 2 w (1-w) E[E1 . E[E2 | stage 1]] = 0.
    given_first = sp.Integer(0)
    mixed = 2 * WEIGHT * (1 - WEIGHT) * given_first
    yield check_identity(
        claim.formulas["combined"],
        WEIGHT**2 * sphere / K + mixed + (1 - WEIGHT) ** 2 * aligned / SECOND,
        detail="error of the combination, the stages being uncorrelated because stage 2 is unbiased given stage 1",
        falsifier=FALSIFIER,
        parts=("combination",),
    )
    yield check_nonnegative(
        claim.formulas["combined"] - claim.formulas["best"],
        [Term((D - 1) * B / (K * SECOND), WEIGHT - claim.formulas["best weight"])],
        (),
        detail="error minus (d-1)/b is a positive multiple of (w - k/b)^2, for d >= 1",
        falsifier=FALSIFIER,
        parts=("optimal",),
    )
    yield check_identity(
        [claim.formulas["best"] * claim.formulas["loss"], claim.formulas["best"]],
        [
            claim.formulas["combined"].subs(WEIGHT, 0),
            claim.formulas["combined"].subs(WEIGHT, claim.formulas["best weight"]),
        ],
        detail="w = 0 is worse than the best by b/m; w = k/b reaches the best",
        falsifier=FALSIFIER,
        parts=("second alone", "optimal"),
    )


def errors(
    trials: list[PlaneTrial], a: tuple[Fraction, Fraction], w: Fraction, delta: Fraction
) -> Fraction:
    """Return E|w first + (1 - w) second - delta a|^2 / (delta^2 |a|^2)."""
    total = Fraction(0)
    for trial in trials:
        miss = [
            w * x + (1 - w) * y - delta * z for x, y, z in zip(trial.first, trial.second, a, strict=True)
        ]
        total += trial.weight * designs.dot(miss, miss)
    return total / (delta**2 * designs.dot(a, a))


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Every outcome in the plane, stage 1 from twelve points of the circle, in fractions."""
    law, a = designs.circle_design(), (Fraction(2), Fraction(-1))
    delta = designs.scale_of(law)
    for first, second in ((1, 1), (2, 1), (1, 3), (2, 2)):
        trials = list(plane_trials(law, a, first, second))
        sizes = {D: 2, K: first, SECOND: second}
        for w in (Fraction(0), Fraction(1, 3), Fraction(first, first + second)):
            part = "second alone" if w == 0 else "combination"
            yield check_identity(
                claim.formulas["combined"].subs(sizes).subs(WEIGHT, sp.Rational(w)),
                errors(trials, a, w, delta),
                detail=f"error over all outcomes, d = 2, k = {first}, m = {second}, w = {w}",
                falsifier=FALSIFIER,
                parts=(part,),
                scope=Scope.INSTANCE,
            )
        # Unbiased given stage 1: the mean of stage 2 in each class of equal stage 1.
        classes: dict[tuple, list[Fraction]] = {}
        for trial in trials:
            entry = classes.setdefault((trial.first, trial.direction), [Fraction(0)] * 3)
            entry[0] += trial.weight
            entry[1] += trial.weight * trial.second[0]
            entry[2] += trial.weight * trial.second[1]
        means = {(x / w, y / w) for w, x, y in classes.values()}
        yield check_relation(
            int(means == {(delta * a[0], delta * a[1])}),
            "==",
            1,
            detail=f"conditional mean of stage 2 is delta a for each of {len(classes)} outcomes of stage 1",
            falsifier=FALSIFIER,
            parts=("unbiased given stage 1",),
        )


@claim.check("pairs of draws")
def pairs(claim) -> Iterator[Evidence]:
    """Stage 2 in R^5 over all pairs of rational aligned draws, for gradients of different alignment."""
    atoms = designs.aligned(designs.four_sphere_design())
    for a in ((1, 0, 0, 0, 0), (3, 0, 4, 0, 0), (0, 1, -2, 0, 1)):
        vector = tuple(map(Fraction, a))
        along = [(w, v, designs.dot(v, vector)) for w, v in atoms]
        error = Fraction(0)
        for p, v, x in along:
            for q, u, y in along:
                miss = [(x * s + y * t) / 2 - z for s, t, z in zip(v, u, vector, strict=True)]
                error += p * q * designs.dot(miss, miss)
        yield check_identity(
            claim.formulas["second"].subs({D: 5, SECOND: 2}),
            error / designs.dot(vector, vector),
            detail=f"error of the mean of two aligned draws, a = {a}, the direction being the first axis",
            falsifier=FALSIFIER,
            parts=("independent of alignment",),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    """d = 6, k = 3, m = 5, the direction from stage 1 itself."""
    dim, first, second = 6, 3, 5
    a = np.eye(dim)[0]
    sizes = {D: dim, K: first, SECOND: second}
    for name, weight in (("second alone", 0.0), ("optimal", first / (first + second))):
        exact = sp.Rational(first, first + second) if weight else 0
        claimed = float(claim.formulas["combined"].subs(sizes).subs(WEIGHT, exact))

        def sample(n: int, rng: np.random.Generator, weight: float = weight) -> np.ndarray:
            stages = simulate(dim, first, second, n, rng, "sphere")
            miss = weight * stages.first + (1 - weight) * stages.second - a
            return (miss**2).sum(axis=1)

        yield check_mean(
            sample,
            claimed,
            resolvable=0.03 * claimed,
            rng=stream(2024, claim.id, name),
            detail=f"error, d = {dim}, k = {first}, m = {second}, w = {weight:g}",
            parts=(name, "combination"),
        )


@claim.check("estimator")
def estimator(claim) -> Iterator[Evidence]:
    """The package's estimator on a linear objective, where any mu is as good as mu -> 0."""
    dim, first, second = 5, 2, 4
    a = np.arange(1.0, dim + 1)
    for combination in ("second", "average"):
        two = TwoStage(Sphere(dim), 0.1, first, second, combination)
        sizes = {D: dim, K: first, SECOND: second, WEIGHT: sp.Rational(two.weight)}
        claimed = float(claim.formulas["combined"].subs(sizes))

        def sample(n: int, rng: np.random.Generator, two: TwoStage = two) -> np.ndarray:
            miss = two.estimate(lambda x: x @ a, np.zeros(dim), rng, trials=n).gradients - a
            return (miss**2).sum(axis=1) / (a @ a)

        yield check_mean(
            sample,
            claimed,
            resolvable=0.05 * claimed,
            rng=stream(2024, claim.id, "estimator", combination),
            detail=f"error of the two-stage estimator, d = {dim}, k = {first}, m = {second}, {combination}",
            parts=("combination", "second alone" if combination == "second" else "optimal"),
        )
