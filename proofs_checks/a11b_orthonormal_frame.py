"""A11b: a uniformly random orthonormal frame of b directions has error delta^2 (d/b - 1) |a|^2."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

import numpy as np
import sympy as sp

from proofs_checks._designs import ROTATION, dot
from proofs_checks._shared import DELTA, D, as_matrix, symbolic_vector
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.moments import sphere_moment
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import OrthonormalFrame, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

B = sp.Symbol("b", integer=True, positive=True)

claim = Claim(
    id="A11b",
    title="Orthonormal frame: error delta^2 (d/b - 1) |a|^2",
    kind=Kind.EQUALITY,
    plain="For b <= d orthonormal directions u_j, uniformly rotated, and v_j = sqrt(delta d) u_j, the "
    "mean of the "
    "estimates has mean squared error delta^2 (d/b - 1) |a|^2: zero at b = d, and below the error "
    "delta^2 (d - 1) |a|^2 / b of independent sphere draws for every b > 1.",
    latex=r"For $b\le d$ orthonormal directions $u_j$, uniformly rotated, and $v_j=\sqrt{\delta "
    r"d}\,u_j$, the mean "
    r"estimate has mean squared error $\delta^2(\tfrac db-1)\|a\|^2$: zero at $b=d$, and below the error "
    r"$\delta^2(d-1)\|a\|^2/b$ of independent sphere draws for every $b>1$.",
    source="derived here; classical for orthogonal directions",
    conditions=("1 <= b <= d", "the frame is uniform (Haar)", "mu -> 0"),
    expected=Verdict.PROVED,
    formulas={"mse": DELTA**2 * (D / B - 1), "independent": DELTA**2 * (D - 1) / B},
    parts=("error", "zero at b = d", "below independent draws"),
)

FALSIFIER = "a frame with another error"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # The mean estimate is (delta d/b) Q a, Q = sum_j u_j u_j^T a projector: |Q a|^2 = sum_j (u_j.a)^2, and
    # each u_j is uniform on the sphere, so E|Q a|^2 = b E[u_1^2] |a|^2; E[Q a] = E|Q a|^2/|a|^2 a.
    projected = B * sphere_moment((2,), D)
    scale = DELTA * D / B
    # |scale Q a - delta a|^2 = scale^2 |Qa|^2 - 2 scale delta |Qa|^2 + delta^2 |a|^2 because a.Qa = |Qa|^2.
    error = (scale**2 - 2 * scale * DELTA) * projected + DELTA**2
    values = {D: [4, 3, 7], B: [1, 2, 3]}
    yield check_identity(
        claim.formulas["mse"],
        error,
        detail="E|(delta d/b) Q a - delta a|^2 from the Beta moment of a uniform direction",
        falsifier=FALSIFIER,
        parts=("error",),
        domain=values,
    )
    yield check_identity(
        claim.formulas["mse"].subs(B, D),
        0,
        detail="a full frame recovers the gradient exactly",
        falsifier=FALSIFIER,
        parts=("zero at b = d",),
        scope=Scope.GENERAL,
    )
    # A fixed-length law has nu = d, and the mean of b independent draws divides nu - 1 by b.
    yield check_identity(
        claim.formulas["independent"],
        (classical_tensor("sphere", D, DELTA).trace(D) - DELTA**2) / B,
        detail="(V - delta^2)/b of b independent sphere draws, V from its fourth moments, symbolic d",
        falsifier="another error of independent draws",
        parts=("below independent draws",),
        domain=values,
    )
    # With b = 1 + k: the difference is delta^2 (b - 1)/b.
    extra = sp.Symbol("k", integer=True, positive=True)
    difference = (claim.formulas["independent"] - claim.formulas["mse"]).subs(B, 1 + extra)
    yield check_relation(
        sp.factor(difference),
        ">",
        0,
        detail="independent minus frame for b = 1 + k, k >= 1",
        falsifier="a batch size above one without gain",
        parts=("below independent draws",),
        scope=Scope.GENERAL,
    )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    for size, batch in ((2, 1), (2, 2), (3, 2), (4, 3)):
        a = symbolic_vector(size)
        trace = as_matrix(OrthonormalFrame(size, batch, DELTA).batch_error_covariance(a)).trace()
        yield check_identity(
            claim.formulas["mse"].subs({D: size, B: batch}) * sum(x**2 for x in a),
            trace,
            detail=f"trace of the law's batch error covariance, d = {size}, b = {batch}",
            falsifier=FALSIFIER,
            parts=("error", "zero at b = d") if batch == size else ("error",),
            scope=Scope.INSTANCE,
        )
        single = as_matrix(Sphere(size, DELTA).batch_error_covariance(a, batch)).trace()
        yield check_identity(
            claim.formulas["independent"].subs({D: size, B: batch}) * sum(x**2 for x in a),
            single,
            detail=f"trace of the sphere's batch error covariance, d = {size}, b = {batch}",
            falsifier="another error of independent draws",
            parts=("below independent draws",),
            scope=Scope.INSTANCE,
        )
        yield check_relation(
            sp.cancel((single - trace) / (DELTA**2 * sum(x**2 for x in a))),
            ">" if batch > 1 else "==",
            0,
            detail=f"independent minus frame by the laws' formulas, d = {size}, b = {batch}",
            falsifier="a batch size above one without gain, or a gain at one",
            parts=("below independent draws",),
        )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """A random b-subset of a fixed basis: not uniform, but E[Q] = (b/d) I, all that the trace uses."""
    a = (Fraction(2), Fraction(-1), Fraction(3))
    for batch in (1, 2, 3):
        subsets = list(combinations(ROTATION[3], batch))
        total = Fraction(0)
        for frame in subsets:
            estimate = [
                Fraction(3, batch) * sum((dot(u, a) * u[i] for u in frame), start=Fraction(0)) - a[i]
                for i in range(3)
            ]
            total += dot(estimate, estimate) / len(subsets)
        yield check_identity(
            claim.formulas["mse"].subs({D: 3, B: batch, DELTA: 1}),
            total / dot(a, a),
            detail=f"error over all {batch}-subsets of a rotated basis of R^3",
            falsifier=FALSIFIER,
            parts=("error",) if batch < 3 else ("error", "zero at b = d"),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    size, batch = 6, 4
    frames = OrthonormalFrame(size, batch, 0.5)
    a = np.ones(size) / np.sqrt(size)

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        v = frames.sample(n * batch, rng).reshape(n, batch, size)
        mean = np.einsum("nbi,nb->ni", v, v @ a) / batch
        return np.sum((mean - 0.5 * a) ** 2, axis=1)

    claimed = float(claim.formulas["mse"].subs({D: size, B: batch, DELTA: sp.Rational(1, 2)}))
    return check_mean(
        sample,
        claimed,
        resolvable=0.05 * abs(claimed),
        rng=stream(2024, claim.id),
        detail="error of uniformly random frames of 4 in dimension 6",
        parts=("error",),
    )
