"""C7c: Rademacher signs have, coordinate by coordinate, the error of an exactly aligned perturbation."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._c_designs import SECOND, K, R
from proofs_checks._c_two_stage import simulate
from proofs_checks._shared import DELTA, GRADIENTS, D, as_matrix, symbolic_vector
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.alignment import (
    aligned_directional_moment,
    averaged,
    complement_fourth,
    gaussian_probe_alignment,
)
from zotheory.derive.constructions import aligned_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.laws import DAP, Rademacher
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

B = K + SECOND
SHARE = sp.Symbol("s", nonnegative=True)  # a_i^2/|a|^2, or |a_T|^2/|a|^2 on a set
SIZE = sp.Symbol("T", integer=True, positive=True)

claim = Claim(
    id="C7c",
    title="Rademacher signs have the coordinate errors of an exact DAP, without knowing the gradient",
    kind=Kind.EQUALITY,
    plain="For every gradient and every coordinate i the error of a Rademacher draw is delta^2 (|a|^2 - a_i^2), that of "
    "a draw aligned with the exact gradient; so is their error on every set of coordinates. Hence on a set with "
    "|a_T|^2/|a|^2 > |T|/d the mean of b = k + m draws in two stages (stage 1 on the sphere, direction from k Gaussian "
    "probes, any split) has a larger error than b Rademacher draws.",
    latex=r"For every $a$ and $i$ the error of a Rademacher draw on coordinate $i$ is $\delta^2(\|a\|^2-a_i^2)$, that of a "
    r"draw aligned with the exact gradient, and so on every set of coordinates. Hence where $\|a_T\|^2/\|a\|^2>|T|/d$ "
    r"the mean of $b=k+m$ draws in two stages (stage 1 on the sphere, direction from $k$ Gaussian probes) has a larger "
    r"error on $T$ than $b$ Rademacher draws, for every split.",
    source="derived here; about the tau-MSE of arXiv 2510.19975, as summarised",
    conditions=("d >= 2, mu -> 0", "coordinates are those in which the signs are drawn", "k >= 1, m >= 1"),
    expected=Verdict.PROVED,
    formulas={
        "coordinate": 1 - SHARE,
        "set": SIZE - SHARE,
        "fraction": SECOND / B * (K - 1) * (K - 3) / ((K + D - 1) * (K + D + 1)),
    },
    parts=("Rademacher", "aligned", "two stages"),
    depends=("B3", "B5", "C7"),
)

FALSIFIER = "a gradient and a coordinate on which the two errors differ, or a split that does better"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    tensors = {
        "Rademacher": classical_tensor("rademacher", D, DELTA),
        "aligned": aligned_tensor(D, DELTA).aligned(),
    }
    for part, tensor in tensors.items():
        covariance = tensor.error_covariance(DELTA).in_units(DELTA**2)
        yield check_identity(
            [claim.formulas["coordinate"], claim.formulas["set"]],
            [covariance.on_set(1, SHARE), covariance.on_set(SIZE, SHARE)],
            detail=f"diagonal entry and partial trace of the derived covariance, symbolic d, {part}",
            falsifier=FALSIFIER,
            parts=(part,),
        )
    # Two stages: the sphere's error less phi times the advantage of an exact direction, phi < 1.
    sphere = classical_tensor("sphere", D).error_covariance(1).on_set(SIZE, SHARE)
    fraction = claim.formulas["fraction"]
    # An exact direction leaves no variance along the gradient; m of b draws save what alignment saves on average.
    variance = classical_tensor("sphere", D).along_gradient() - 1
    moments = tuple(gaussian_probe_alignment(D, K, power) for power in (1, 2))
    left = averaged(aligned_directional_moment(R, complement_fourth(D)) - 1, R, moments)
    yield check_identity(
        fraction,
        SECOND / B * (variance - left) / variance,
        detail="phi from the moments of the alignment, symbolic d, k and m",
        falsifier=FALSIFIER,
        parts=("two stages",),
    )
    excess = (sphere - claim.formulas["set"]) * (1 - fraction)
    above = sp.Symbol("x", positive=True)
    yield check_identity(
        excess.subs(SHARE, SIZE / D + above),
        2 * D / (D + 2) * above * (1 - fraction),
        detail="two stages minus Rademacher, times b, at |a_T|^2/|a|^2 = |T|/d + x",
        falsifier=FALSIFIER,
        parts=("two stages",),
    )
    # 1 - phi > 0: (k + d - 1)(k + d + 1) b - m (k - 1)(k - 3) has positive coefficients but for -3m; d >= 1.
    extra, more = sp.symbols("c j", integer=True, nonnegative=True)
    numerator = sp.numer(sp.together(1 - fraction))
    yield check_relation(
        sp.expand(numerator.subs({D: extra + 2, K: more + 1})),
        ">",
        0,
        detail="1 - phi > 0, numerator at d = c + 2 and k = j + 1",
        falsifier=FALSIFIER,
        parts=("two stages",),
        scope=Scope.GENERAL,
    )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    for size in (2, 3):
        a = symbolic_vector(size)
        signs = as_matrix(Rademacher(size, DELTA).error_covariance(a))
        aligned = as_matrix(DAP(a, DELTA).error_covariance(a))
        length2 = sum(x**2 for x in a)
        for i in range(size):
            yield check_identity(
                [DELTA**2 * length2 * claim.formulas["coordinate"].subs(SHARE, a[i] ** 2 / length2)] * 2,
                [signs[i, i], aligned[i, i]],
                detail=f"diagonal entry {i} of the laws' own covariances, symbolic a, d = {size}",
                falsifier=FALSIFIER,
                parts=("Rademacher", "aligned"),
                scope=Scope.INSTANCE,
            )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    for size in (2, 3, 4):
        a = GRADIENTS[size]
        table = designs.error_covariance(designs.sign_vectors(size), a)
        energy: Fraction = designs.dot(a, a)
        yield check_identity(
            [claim.formulas["coordinate"].subs(SHARE, sp.Rational(x**2 / energy)) for x in a],
            [table[i][i] / energy for i in range(size)],
            detail=f"errors of each coordinate over all sign vectors, d = {size}",
            falsifier=FALSIFIER,
            parts=("Rademacher",),
            scope=Scope.INSTANCE,
        )


@claim.check("quadrature")
def quadrature(claim) -> Iterator[Evidence]:
    """phi by integrals over the density of rho^2, Beta(k/2, (d-1)/2), in concrete dimensions.

    At rho^2 = x the square of v.a/|a| is (sqrt(x) xi + sqrt(1-x) w)^2, E w^2 = 1 and E w^4 = 3 (d-1)/(d+1).
    """
    x = sp.Symbol("x", positive=True)
    for dim, k, m in ((3, 2, 1), (3, 4, 3), (5, 4, 2), (5, 1, 4), (7, 6, 5)):
        density = x ** sp.Rational(k - 2, 2) * (1 - x) ** sp.Rational(dim - 3, 2)
        fourth = sp.Rational(3 * (dim - 1), dim + 1)
        directional = x**2 + 6 * x * (1 - x) + fourth * (1 - x) ** 2 - 1
        mass, left = (sp.integrate(sp.expand(density * f), (x, 0, 1)) for f in (sp.Integer(1), directional))
        yield check_identity(
            claim.formulas["fraction"].subs({D: dim, K: k, SECOND: m}),
            sp.Rational(m, k + m) * (1 - left / mass / sp.Rational(2 * (dim - 1), dim + 2)),
            detail=f"integral over the density of rho^2, d = {dim}, k = {k}, m = {m}",
            falsifier=FALSIFIER,
            parts=("two stages",),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    a = np.array([2.0, 1.0, -1.0, 0.5, 0.0])
    share = sp.Rational(4) / sp.Rational(25, 4)
    for part, law in (("Rademacher", Rademacher(5)), ("aligned", DAP(a))):
        claimed = float(claim.formulas["coordinate"].subs(SHARE, share)) * float(a @ a)

        def sample(n: int, rng: np.random.Generator, law: Rademacher | DAP = law) -> np.ndarray:
            v = law.sample(n, rng)
            return ((v @ a) * v[:, 0] - a[0]) ** 2

        yield check_mean(
            sample,
            claimed,
            resolvable=0.04 * claimed,
            rng=stream(2024, claim.id, part),
            detail=f"error of the first coordinate, d = 5, {part}",
            parts=(part,),
        )

    # Two stages for a = e_1 on T = {1}, where a Rademacher draw has no error: the excess at x = 1 - 1/d.
    dim, first, second = 4, 8, 4
    fraction = claim.formulas["fraction"].subs({D: dim, K: first, SECOND: second})
    excess = float(sp.Rational(2 * (dim - 1), dim + 2) * (1 - fraction) / (first + second))

    def two_stages(n: int, rng: np.random.Generator) -> np.ndarray:
        stages = simulate(dim, first, second, n, rng)
        return ((first * stages.first[:, 0] + second * stages.second[:, 0]) / (first + second) - 1) ** 2

    yield check_mean(
        two_stages,
        excess,
        resolvable=0.05 * excess,
        rng=stream(2024, claim.id, "two stages"),
        detail=f"error of two stages on T = {{1}}, a = e_1, d = {dim}, k = {first}, m = {second}; Rademacher has none",
        parts=("two stages",),
    )
