"""A11a: the mean of b independent estimates has error (V - delta^2) |a|^2 / b."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D, as_matrix, symbolic_vector
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.checks.statistical import check_mean
from zotheory.laws import Gaussian, Rademacher, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

B = sp.Symbol("b", integer=True, positive=True)
V = sp.Symbol("V", positive=True)

claim = Claim(
    id="A11a",
    title="Independent batch: error (V - delta^2) |a|^2 / b",
    kind=Kind.EQUALITY,
    plain="For b independent draws of a delta-unbiased law, the mean of the estimates v v^T a has mean "
    "squared "
    "error (V - delta^2) |a|^2 / b about delta a.",
    latex=r"For $b$ independent draws of a $\delta$-unbiased law, $\frac1b\sum_iv_iv_i^\top a$ has mean "
    r"squared "
    r"error $(V-\delta^2)\|a\|^2/b$ about $\delta a$.",
    source="derived here; classical",
    conditions=("independent draws", "E[v v^T] = delta I", "mu -> 0"),
    expected=Verdict.PROVED,
    formulas={"mse": (V - DELTA**2) / B},
)

FALSIFIER = "a batch of independent draws with another error"


@claim.check("symbolic")
def symbolic(claim) -> Evidence:
    """|mean|^2 has b diagonal terms of mean V |a|^2 and b (b - 1) others of mean delta^2 |a|^2."""
    second_moment = (B * V + B * (B - 1) * DELTA**2) / B**2
    return check_identity(
        claim.formulas["mse"],
        second_moment - DELTA**2,
        detail="E|mean|^2 - delta^2 |a|^2 by counting pairs, symbolic b",
        falsifier=FALSIFIER,
    )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    a = symbolic_vector(3)
    length2 = sum(x**2 for x in a)
    for family in (Gaussian, Sphere, Rademacher):
        one = family(3, DELTA)
        for batch in (1, 2, 5):
            trace = as_matrix(one.batch_error_covariance(a, batch)).trace()
            factor = DELTA**2 * sp.sympify(family(D, DELTA).dimension_factor()).subs(D, 3)
            yield check_identity(
                claim.formulas["mse"].subs({V: factor, B: batch}) * length2,
                trace,
                detail=f"trace of the law's batch error covariance, {family.__name__}, b = {batch}",
                falsifier=FALSIFIER,
                scope=Scope.INSTANCE,
            )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Every combination of b atoms of a rational law with V != delta^2 d."""
    atoms, a = designs.unequal_axes(designs.ROTATION[3]), (Fraction(2), Fraction(-1), Fraction(1))
    delta, value = designs.scale_of(atoms), designs.energy_product(atoms, a)
    for batch in (1, 2, 3):
        total = Fraction(0)
        for draws in product(atoms, repeat=batch):
            weight = Fraction(1)
            mean = [-delta * x for x in a]
            for w, v in draws:
                weight *= w
                mean = [m + designs.dot(a, v) * x / batch for m, x in zip(mean, v, strict=True)]
            total += weight * designs.dot(mean, mean)
        numbers = {V: sp.Rational(value), DELTA: sp.Rational(delta), B: batch}
        yield check_identity(
            claim.formulas["mse"].subs(numbers),
            total / designs.dot(a, a),
            detail=f"error over all combinations of {batch} draws",
            falsifier=FALSIFIER,
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    size, batch, one = 5, 4, Sphere(5, 2.0)
    a = np.arange(1.0, size + 1) / np.linalg.norm(np.arange(1.0, size + 1))

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        v = one.sample(n * batch, rng).reshape(n, batch, size)
        mean = np.einsum("nbi,nb->ni", v, v @ a) / batch
        return np.sum((mean - 2.0 * a) ** 2, axis=1)

    claimed = float(claim.formulas["mse"].subs({V: 4 * size, DELTA: 2, B: batch}))
    return check_mean(
        sample,
        claimed,
        resolvable=0.03 * abs(claimed),
        rng=stream(2024, claim.id),
        detail="error of the mean of 4 sphere estimates, d = 5",
    )
