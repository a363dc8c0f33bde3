"""What the comparisons must give, from moments alone."""

import math
from functools import lru_cache

import numpy as np

from zotheory.laws import Sphere
from zotheory.rng import stream
from zotheory.types import FloatArray

# Simulated alignments behind the moments of rho: they settle E rho^2 and E rho^4 to about half a percent.
ALIGNMENTS = 40_000


@lru_cache(maxsize=64)
def alignment_moments(dim: int, probes: int) -> tuple[float, float]:
    """Return (E rho^2, E rho^4), rho the alignment of the mean of k sphere estimates with the gradient.

    By simulation of the directions alone, with its own fixed stream; no function is involved.
    """
    rng = stream(0, "replication-audit", "alignment", dim, probes)
    rows = Sphere(dim).sample(ALIGNMENTS * probes, rng).reshape(ALIGNMENTS, probes, dim)
    means = np.einsum("nb,nbd->nd", rows[:, :, 0], rows)
    squares = means[:, 0] ** 2 / np.sum(means**2, axis=1)
    return float(squares.mean()), float(np.mean(squares**2))


def two_stage_error(
    a: FloatArray, chosen: list[int], first: int, second: int, averaged: bool = False
) -> float:
    """Return E|(g - a)_T|^2 / |a|^2 of two stages: sphere probes, a spherical complement, delta = 1.

    With a/|a| = rho e + sigma u the square of the product is (rho xi + sigma w_u)^2, of second moment
    D = rho^4 + 6 rho^2 sigma^2 + sigma^4 k4, k4 = 3 (d - 1)/(d + 1). Averaged over the first stage, which
    is isotropic about a, the error of one draw is C = alpha |a|^2 I + beta a a^T with the trace d - 1, for
    |v|^2 = d always, and alpha + beta = E D - 1 along a. A draw of the first stage has the sphere's
    C = d/(d + 2) (|a|^2 I + 2 a a^T) - a a^T, of the same trace. Given the first stage the second one is
    unbiased, so their errors are uncorrelated. In the mean over all k + m draws stage 1 has the weight
    k/(k + m), the constant one of least error in all (not on every T, where it may depend on a).

    Args:
        a: the gradient, shape (d,).
        chosen: T.
        first: k.
        second: m.
        averaged: whether g is the mean over all k + m draws, and not the second stage alone.
    """
    d = a.size
    two, four = alignment_moments(d, first)
    k4 = 3 * (d - 1) / (d + 1)
    along = four + 6 * (two - four) + k4 * (1 - 2 * two + four) - 1
    alpha = (d - 1 - along) / (d - 1)
    beta = along - alpha
    share = float(a[chosen] @ a[chosen] / (a @ a))
    refined = alpha * len(chosen) + beta * share
    if not averaged:
        return refined / second
    rough = d / (d + 2) * (len(chosen) + 2 * share) - share
    return (first * rough + second * refined) / (first + second) ** 2


def descent_factor(mean: float, square: float, step: float) -> float:
    """Return E|x+|^2 / |x|^2 of x+ = x - step g, given E[x.g] and E|g|^2 over |x|^2."""
    return 1 - 2 * step * mean + step**2 * square


def batch_moments(delta: float, fourth: float, batch: int) -> tuple[float, float]:
    """Return (E x.g, E|g|^2) / |x|^2 of the mean over a batch, where E|v|^4 / d = fourth.

    E x is averaged isotropically: E[(x.v)^2 |v|^2] = |x|^2 E|v|^4 / d. Different draws give delta^2.
    """
    return delta, fourth / batch + (1 - 1 / batch) * delta**2


def staged_moments(
    delta: float, dim: int, first: int, length: float, averaged: bool
) -> tuple[float, float]:
    """Return (E x.g, E|g|^2) / |x|^2 of a first stage of k draws and one draw aligned with it.

    Given the direction e, with P = e e^T: E[v v^T] = delta (I - P) + length^2 P, and
    |v|^2 = delta d + length^2 - (v0.e)^2, which is delta (d - 1) + length^2 up to a relative O(1/d), as are
    its dependence on (x.v)^2 and E rho^2 = k/(k + d - 1), that of Gaussian probes. The two stages:
    E g1.g2 = E g1.(delta I - (delta - length^2) P) x = length^2 E g1.x, for P g1 = g1.

    Args:
        delta: of the draws before they are aligned, which have |v|^2 = delta d.
        dim: d.
        first: k.
        length: of the aligned component.
        averaged: whether g is the mean over all k + 1 draws, and not the last one alone.
    """
    rho2 = first / (first + dim - 1)
    mean2 = delta - (delta - length**2) * rho2
    square2 = mean2 * (delta * (dim - 1) + length**2)
    if not averaged:
        return mean2, square2
    mean1, square1 = batch_moments(delta, delta**2 * dim, first)
    w = first / (first + 1)
    both = length**2 * delta
    return (
        w * mean1 + (1 - w) * mean2,
        w**2 * square1 + (1 - w) ** 2 * square2 + 2 * w * (1 - w) * both,
    )


def loss_after(moments: tuple[float, float], step: float, steps: int) -> float:
    """Return E|x_T|^2 / |x_0|^2."""
    return math.exp(steps * math.log(descent_factor(*moments, step)))
