"""Two-stage estimates in simulation and by enumeration: a rough estimate, then draws aligned with it."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import NamedTuple

import numpy as np

from proofs_checks import _designs as designs
from zotheory.types import FloatArray


class Stages(NamedTuple):
    """Means of both stages for n trials, each (n, d), and the directions, (n, d); delta = 1, |a| = 1."""

    first: FloatArray
    second: FloatArray
    direction: FloatArray


def simulate(
    dim: int, first: int, second: int, n: int, rng: np.random.Generator, weighting: str = "gaussian"
) -> Stages:
    """Draw two-stage estimates of a = e_1 (mu -> 0) with a spherical complement.

    Stage 1 averages the sphere estimates d u (u.a) along u_i = z_i/|z_i|. The direction is that of
    sum z_i (z_i.a) ("gaussian") or of sum u_i (u_i.a) ("sphere").
    """
    z = rng.standard_normal((n, first, dim))
    u = z / np.linalg.norm(z, axis=2, keepdims=True)
    rough = u * u[:, :, :1]
    weighted = z * z[:, :, :1] if weighting == "gaussian" else rough
    e = weighted.sum(axis=1)
    e /= np.linalg.norm(e, axis=1, keepdims=True)
    return Stages(dim * rough.mean(axis=1), aligned_mean(e, second, rng), e)


def aligned_mean(e: FloatArray, second: int, rng: np.random.Generator) -> FloatArray:
    """Return the mean of ``second`` estimates of a = e_1 along each row of e, spherical complement."""
    n, dim = e.shape
    w = rng.standard_normal((n, second, dim))
    w -= (w @ e[:, :, None]) * e[:, None, :]
    w *= np.sqrt(dim - 1) / np.linalg.norm(w, axis=2, keepdims=True)
    v = w + rng.choice([-1.0, 1.0], size=(n, second, 1)) * e[:, None, :]
    return (v * v[:, :, :1]).mean(axis=1)


class PlaneTrial(NamedTuple):
    """One outcome of a two-stage estimate in the plane: weight, mean of either stage, direction."""

    weight: Fraction
    first: tuple[Fraction, Fraction]
    second: tuple[Fraction, Fraction]
    direction: tuple[Fraction, Fraction]


def plane_trials(
    law: designs.Atoms, a: tuple[Fraction, Fraction], first: int, second: int
) -> Iterator[PlaneTrial]:
    """Yield every outcome in d = 2 with stage-1 draws from finitely many atoms, both stages with the law's delta.

    With G the sum of stage 1 and H orthogonal to it, |H| = |G|, the aligned draw v = sqrt(delta)
    (xi G + omega H)/|G| has v v^T = delta (I + xi omega (G H^T + H G^T)/|G|^2): rational.
    """
    delta = designs.scale_of(law)
    for draws in product(law, repeat=first):
        weight = Fraction(1)
        sums = [Fraction(0), Fraction(0)]
        for w, v in draws:
            weight *= w
            along = designs.dot(v, a)
            sums = [s + along * x for s, x in zip(sums, v, strict=True)]
        g = (sums[0], sums[1]) if any(sums) else (Fraction(1), Fraction(0))
        h = (-g[1], g[0])
        length2, ga, ha = designs.dot(g, g), designs.dot(g, a), designs.dot(h, a)
        mixed = [(p * ha + q * ga) / length2 for p, q in zip(g, h, strict=True)]
        for signs in product((1, -1), repeat=second):
            mean = Fraction(sum(signs), second)
            estimate = [delta * (x + mean * y) for x, y in zip(a, mixed, strict=True)]
            yield PlaneTrial(
                weight / 2**second,
                (sums[0] / first, sums[1] / first),
                (estimate[0], estimate[1]),
                g,
            )
