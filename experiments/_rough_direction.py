"""Perturbations along a rough direction e of the gradient a: moments over its alignment, and samples.

rho = |e.a| / (|e| |a|); s = (v.a)^2 / |a|^2 and n = |v|^2, with E[v v^T] = I given e. Every function below
holds for a random e too, through r1 = E rho^2 and r2 = E rho^4.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from zotheory.laws.aligned_rows import aligned, unit_rows
from zotheory.types import FloatArray

# Difference quotients along v, shape (c, b), for v of shape (c, b, dim).
Slopes = Callable[[FloatArray], FloatArray]


def probe_moments(dim: int, probes: int) -> tuple[float, float]:
    """Return (r1, r2) of the mean of ``probes`` estimates z (z.a), z standard normal.

    rho^2 has the Beta(k/2, (d-1)/2) law.
    """
    total = probes + dim - 1
    return probes / total, probes * (probes + 2) / (total * (total + 2))


def aligned_moments(dim: int, r1: float, r2: float, complement: str = "sphere") -> tuple[float, float]:
    """Return (E[s n], E[s^2]) of v = xi e + w, xi a fair sign.

    With a/|a| = rho e + sqrt(1 - rho^2) u: E[s^2] = rho^4 + 6 rho^2 (1 - rho^2) + (1 - rho^2)^2 k4, where
    k4 = E[(u.w)^4] is 3 (d-1)/(d+1) for |w|^2 = d - 1, and 3 for normal w. For |w|^2 = d - 1 the length is
    fixed, E[s n] = d; a normal w has E[(u.w)^2 |w|^2] = d + 1 instead of d - 1.
    """
    if complement == "sphere":
        product, fourth = float(dim), 3 * (dim - 1) / (dim + 1)
    else:
        product, fourth = dim + 2 * (1 - r1), 3.0
    return product, r2 + 6 * (r1 - r2) + fourth * (1 - 2 * r1 + r2)


def guided_moments(dim: int, r1: float, r2: float, p: float) -> tuple[float, float]:
    """Return (E[s n], E[s^2]) of v = +-e / sqrt(p) with probability p, else v orthogonal to e.

    Orthogonal to e, v is uniform at |v|^2 = t = (d-1)/(1-p): E[(u.v)^2] = t/(d-1), E[(u.v)^4] = 3 t^2/
    (d^2-1), so that E[s n] = r1/p + (1 - r1) (d-1)/(1-p).
    """
    product = r1 / p + (1 - r1) * (dim - 1) / (1 - p)
    return product, r2 / p + (1 - 2 * r1 + r2) * 3 * (dim - 1) / ((dim + 1) * (1 - p))


def guide_probability(dim: int, alignment: float) -> float:
    """Return p = rho / (rho + sqrt((1 - rho^2)(d - 1))), the best one if the alignment is rho."""
    rest = math.sqrt((1 - alignment**2) * (dim - 1))
    return alignment / (alignment + rest)


def guided_rows(z: FloatArray, directions: FloatArray, p: float, rng: np.random.Generator) -> FloatArray:
    """Return draws of the guided law, shape (c, b, dim) like the standard normal rows ``z``.

    A draw xi e + w of the aligned law, |w|^2 = d - 1, is cut in two: xi e / sqrt(p) or w / sqrt(1 - p).

    Args:
        z: standard normal rows, shape (c, b, dim).
        directions: unit vectors e, one for each of the c trials, shape (c, dim).
        p: probability of probing along e, in (0, 1).
        rng: chooses between the two.
    """
    v = aligned(z, directions, 1.0, "sphere")
    along = (v @ directions[:, :, None]) * directions[:, None, :]
    chosen = rng.random((*z.shape[:2], 1)) < p
    return np.where(chosen, along / math.sqrt(p), (v - along) / math.sqrt(1 - p))


def set_error(
    dim: int, product: float, fourth: float, sizes: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return E|(g - a)_T|^2 / |a|^2 of g = v (v.a), for sets T of ``sizes`` coordinates.

    If the law, over e as well, is isotropic about a, the error has the covariance alpha |a|^2 I + beta a
    a^T, d alpha + beta = E[s n] - 1 and alpha + beta = E[s^2] - 1. With ``shares`` |a_T|^2 / |a|^2 the
    trace over T is alpha |T| + beta share.
    """
    along = fourth - 1
    alpha = (product - 1 - along) / (dim - 1)
    return alpha * sizes + (along - alpha) * shares


def directions(rows: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return unit vectors along the rows; where a row is zero, a uniform one."""
    units, zero = unit_rows(rows)
    if zero.any():
        units[zero] = unit_rows(rng.standard_normal((int(zero.sum()), rows.shape[1])))[0]
    return units


def mean_estimates(slopes: FloatArray, v: FloatArray) -> FloatArray:
    """Return the mean of v (slope along v) over the draws, shape (c, dim)."""
    return np.einsum("nb,nbd->nd", slopes, v) / v.shape[1]


def stages(
    slopes: Slopes, z: FloatArray, first: int, p: float | None, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return the estimates of both stages, shape (c, dim): of sphere draws, of draws along a direction.

    The direction is that of sum z (z.a) = sum u (u.a) |z|^2 / d, of Gaussian estimates, whose alignment is
    known (`probe_moments`); the first estimate is the mean of u (u.a), |u|^2 = d.

    Args:
        slopes: difference quotients.
        z: standard normal rows, shape (c, b, dim), the first ``first`` for stage 1.
        first: draws of stage 1.
        p: probability of probing along the direction, for guided draws; None for aligned ones.
        rng: for what else is random.
    """
    one, lengths = z[:, :first], np.linalg.norm(z[:, :first], axis=2)
    u = one * (math.sqrt(z.shape[2]) / lengths)[:, :, None]
    found = slopes(u)
    along = directions(mean_estimates(found * lengths**2 / z.shape[2], u), rng)
    rest = z[:, first:]
    v = aligned(rest, along, 1.0, "sphere") if p is None else guided_rows(rest, along, p, rng)
    return mean_estimates(found, u), mean_estimates(slopes(v), v)


def stage_errors(
    dim: int, first: int, second: int, p: float | None
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return (total, along the gradient) of the mean squared errors of both of `stages`, unit |a|^2."""
    r1, r2 = probe_moments(dim, first)
    product, fourth = aligned_moments(dim, r1, r2) if p is None else guided_moments(dim, r1, r2, p)
    sphere = dim - 1, 3 * dim / (dim + 2) - 1
    return (sphere[0] / first, sphere[1] / first), ((product - 1) / second, (fourth - 1) / second)
