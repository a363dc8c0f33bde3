"""Perturbations along a rough direction e of the gradient a: moments over its alignment, and samples.

rho = |e.a| / (|e| |a|); s = (v.a)^2 / |a|^2 and n = |v|^2, with E[v v^T] = I given e. Every function below
holds for a random e too, through r1 = E rho^2 and r2 = E rho^4.
"""

import math

import numpy as np
from numpy.typing import NDArray

from zotheory.laws.aligned_rows import aligned
from zotheory.types import FloatArray


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
