"""C4b: the variance along the gradient of a two-stage estimate; it beats the sphere iff k > 3."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._c_designs import ABOVE_ONE, SECOND, K, R
from proofs_checks._c_two_stage import simulate
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.alignment import (
    aligned_directional_moment,
    averaged,
    complement_fourth,
    gaussian_probe_alignment,
)
from zotheory.derive.tensor import classical_tensor
from zotheory.estimators import TwoStage
from zotheory.laws import Gaussian
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

B = K + SECOND

claim = Claim(
    id="C4b",
    title="Two stages beat the sphere along the gradient iff k > 3, in every dimension",
    kind=Kind.IFF,
    plain="Let z_1, ..., z_k be Gaussian, stage 1 the mean of the sphere estimates along z_i/|z_i|, and stage 2 the "
    "mean of m draws aligned with sum_i z_i (z_i.a), spherical complement. In units of delta^2 |a|^2, a draw of "
    "stage 2 has on average a directional variance smaller than the sphere's 2(d-1)/(d+2) by "
    "G = 2 (d-1)(k-1)(k-3)/((d+2)(k+d-1)(k+d+1)): zero at k = 1 and 3, negative at k = 2, positive for k > 3, "
    "for every d. The mean of all b = k + m draws has (2(d-1)/(d+2) - (m/b) G)/b: less than b sphere draws iff k > 3.",
    latex=r"With Gaussian $z_1,\dots,z_k$, stage 1 the mean of the sphere estimates along $z_i/\|z_i\|$ and stage 2 "
    r"the mean of $m$ draws aligned with $\sum_iz_i(z_i\cdot a)$ (spherical complement), a stage-2 draw has a mean "
    r"directional variance below the sphere's $\frac{2(d-1)}{d+2}$ by "
    r"$G=\frac{2(d-1)(k-1)(k-3)}{(d+2)(k+d-1)(k+d+1)}$ (units $\delta^2\|a\|^2$), and the mean of all $b=k+m$ draws "
    r"has $\frac1b\bigl(\frac{2(d-1)}{d+2}-\frac mbG\bigr)$: below $b$ sphere draws iff $k>3$.",
    source="derived here",
    conditions=(
        "d >= 2, k >= 1, m >= 1, mu -> 0",
        "averaged over stage 1",
        "draws of both stages weigh the same",
    ),
    expected=Verdict.PROVED,
    formulas={
        "G": 2 * (D - 1) * (K - 1) * (K - 3) / ((D + 2) * (K + D - 1) * (K + D + 1)),
        "sphere": 2 * (D - 1) / (D + 2),
        "zeros": (1, 3),
    },
    parts=("gain", "average of both stages", "iff"),
    depends=("C2b", "C3", "C4"),
)

FALSIFIER = "a dimension or number of draws in which the gain has another value or sign"


def averaged_variance(formulas) -> sp.Expr:
    """Return the stated directional variance of the mean of all draws."""
    return (formulas["sphere"] - SECOND / B * formulas["G"]) / B


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    gain = claim.formulas["G"]
    moments = tuple(gaussian_probe_alignment(D, K, power) for power in (1, 2))
    sphere = classical_tensor("sphere", D).along_gradient() - 1
    variance = averaged(aligned_directional_moment(R, complement_fourth(D)) - 1, R, moments)
    yield check_identity(
        [gain, claim.formulas["sphere"]],
        [sphere - variance, sphere],
        detail="directional variance averaged with the Beta moments of the alignment, symbolic d and k",
        falsifier=FALSIFIER,
        parts=("gain",),
    )
    # Both stages: uncorrelated, weights k/b and m/b.
    both = (K / B) ** 2 * sphere / K + (SECOND / B) ** 2 * variance / SECOND
    yield check_identity(
        averaged_variance(claim.formulas),
        both,
        detail="directional variance of the mean of all k + m draws",
        falsifier=FALSIFIER,
        parts=("average of both stages",),
    )
    yield check_identity(
        sphere / B - averaged_variance(claim.formulas),
        SECOND / B**2 * gain,
        detail="the advantage over b sphere draws is (m/b^2) G, of the sign of G",
        falsifier=FALSIFIER,
        parts=("iff",),
    )
    # Signs at k = 1, 2, 3 and k = 3 + j, j >= 1, for d = c + 1 >= 2.
    later = sp.Symbol("j", integer=True, positive=True)
    for zero in claim.formulas["zeros"]:
        yield check_identity(
            0,
            gain.subs(K, zero),
            detail=f"no gain at k = {zero}, any d",
            falsifier=FALSIFIER,
            parts=("iff",),
        )
    for k, relation in ((sp.Integer(2), "<"), (3 + later, ">")):
        yield check_relation(
            sp.factor(gain.subs({K: k, D: ABOVE_ONE + 1})),
            relation,
            0,
            detail=f"sign of the gain at k = {k}, d = c + 1",
            falsifier=FALSIFIER,
            parts=("iff",),
            scope=Scope.GENERAL,
        )


@claim.check("quadrature")
def quadrature(claim) -> Iterator[Evidence]:
    """The gain integrated against the density of rho^2, in concrete dimensions."""
    x = sp.Symbol("x", positive=True)
    for dim, k in ((3, 2), (3, 4), (5, 4), (5, 6), (7, 8)):
        # Beta(k/2, (d-1)/2) with integer parameters: a polynomial density.
        first, second = sp.Rational(k, 2), sp.Rational(dim - 1, 2)
        density = x ** (first - 1) * (1 - x) ** (second - 1)
        variance = 2 * (1 - x) * ((dim + 4) * x + dim - 2) / (dim + 1)
        mass, mean = (sp.integrate(sp.expand(density * f), (x, 0, 1)) for f in (sp.Integer(1), variance))
        yield check_identity(
            claim.formulas["G"].subs({D: dim, K: k}),
            sp.Rational(2 * (dim - 1), dim + 2) - mean / mass,
            detail=f"integral over the density of rho^2, d = {dim}, k = {k}",
            falsifier=FALSIFIER,
            parts=("gain",),
            scope=Scope.INSTANCE,
        )


@claim.check("density")
def density(claim) -> Iterator[Evidence]:
    """Signs of the gain, integrated against the density of rho^2: d = 3 and 5, k = 1, ..., 6."""
    x = sp.Symbol("x", positive=True)
    low, high = claim.formulas["zeros"]
    for dim in (3, 5):
        for k in range(1, 7):
            weight = x ** (sp.Rational(k, 2) - 1) * (1 - x) ** sp.Rational(dim - 3, 2)
            variance = 2 * (1 - x) * ((dim + 4) * x + dim - 2) / (dim + 1)
            mass, mean = (sp.integrate(sp.expand(weight * f), (x, 0, 1)) for f in (sp.Integer(1), variance))
            yield check_relation(
                sp.Rational(2 * (dim - 1), dim + 2) - mean / mass,
                "==" if k in (low, high) else ">" if k > high else "<",
                0,
                detail=f"sign of the sphere's directional variance minus the integral, d = {dim}, k = {k}",
                falsifier=FALSIFIER,
                parts=("iff",),
            )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    for dim, first, second in ((3, 6, 2), (6, 2, 2)):
        claimed = float(averaged_variance(claim.formulas).subs({D: dim, K: first, SECOND: second}))

        def sample(
            n: int, rng: np.random.Generator, dim: int = dim, first: int = first, second: int = second
        ) -> np.ndarray:
            stages = simulate(dim, first, second, n, rng)
            mean = (first * stages.first + second * stages.second) / (first + second)
            return (mean[:, 0] - 1) ** 2

        yield check_mean(
            sample,
            claimed,
            resolvable=0.05 * claimed,
            rng=stream(2024, claim.id, dim, first),
            detail=f"directional variance of the mean of all draws, d = {dim}, k = {first}, m = {second}",
            parts=("average of both stages",),
        )


@claim.check("estimator")
def estimator(claim) -> Evidence:
    """Stage 2 alone of the package's estimator with Gaussian probes, d = 3, k = 12."""
    dim, first = 3, 12
    two = TwoStage(Gaussian(dim), 0.1, first, 1, "second")
    formulas = claim.formulas
    claimed = float((formulas["sphere"] - formulas["G"]).subs({D: dim, K: first}))

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        g = two.estimate(lambda x: x[:, 0], np.zeros(dim), rng, trials=n).gradients
        return (g[:, 0] - 1) ** 2

    return check_mean(
        sample,
        claimed,
        resolvable=0.06 * claimed,
        rng=stream(2024, claim.id, "estimator"),
        detail=f"directional variance of a stage-2 draw of the two-stage estimator, d = {dim}, k = {first}",
        parts=("gain",),
    )
