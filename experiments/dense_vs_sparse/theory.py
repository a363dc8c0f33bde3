"""Closed forms of the error of b draws on a set T of coordinates, in units of |a|^2, without matrices.

For b independent draws the error is that of one over b; t = |T|, share = |a_T|^2 / |a|^2 = A t / d.
"""

import math

import numpy as np
from numpy.typing import NDArray

from experiments import _rough_direction as rough
from experiments.dense_vs_sparse.estimates import two_stage_parts
from experiments.dense_vs_sparse.gradients import Gradient

Sets = tuple[NDArray[np.float64], NDArray[np.float64]]  # sizes t and shares


def sizes_and_shares(gradient: Gradient) -> Sets:
    """Return t and the share for each set of a gradient."""
    squares = gradient.vector**2
    parts = [squares[chosen] for chosen in gradient.sets.values()]
    return np.array([float(len(part)) for part in parts]), np.array([math.fsum(part) for part in parts])


def exact_gain(gradient: Gradient) -> NDArray[np.float64]:
    """Return by which fraction an aligned draw has less error than a sphere draw, for each set.

    2 d (A - 1) / (d^2 + (d - 2) A): positive iff A > 1, and near 1 only for A near d.
    """
    sizes, shares = sizes_and_shares(gradient)
    d, anisotropy = gradient.dim, gradient.dim * shares / sizes
    return 2 * d * (anisotropy - 1) / (d**2 + (d - 2) * anisotropy)


def independent(law: str, gradient: Gradient, p: float, spread: float) -> NDArray[np.float64]:
    """Return the errors of one draw on the sets, from the error covariance of the law.

    Gaussian |a|^2 I + a a^T; sphere d/(d+2) (|a|^2 I + 2 a a^T) - a a^T; Rademacher |a|^2 I + a a^T - 2
    diag(a^2); coordinate d diag(a^2) - a a^T; aligned with a |a|^2 I - a a^T; two atoms (1/p - 1) a a^T.
    """
    d, (t, share) = gradient.dim, sizes_and_shares(gradient)
    if law == "importance":
        return _importance(gradient, spread) - share
    return {
        "gaussian": t + share,
        "sphere": d / (d + 2) * (t + 2 * share) - share,
        "rademacher": t - share,
        "coordinate": (d - 1) * share,
        "aligned-exact": t - share,
        "two-atom-exact": (1 / p - 1) * share,
    }[law]


def seldom_met(law: str, gradient: Gradient, spread: float, least: float) -> float:
    """Return the share of E|(v v.a)_T|^2 in blocks of less than this probability: the largest over T.

    Of random coordinates and of importance, which meet one block at a draw; 0 for the others.
    """
    m, squares = np.array(gradient.blocks, dtype=float), gradient.vector**2
    if law == "coordinate":
        chances, moments = m / gradient.dim, squares
    elif law == "importance":
        chances = np.sqrt(m * np.array(gradient.block_energies(spread)))
        chances, moments = chances / chances.sum(), _importance_moments(gradient, spread)
    else:
        return 0.0
    seldom = np.repeat(chances < least, gradient.blocks)
    sums = [(moments[part][seldom[part]].sum(), moments[part].sum()) for part in gradient.sets.values()]
    return max((float(some / all_) for some, all_ in sums if all_ > 0), default=0.0)


def _importance(gradient: Gradient, spread: float) -> NDArray[np.float64]:
    moments = _importance_moments(gradient, spread)
    return np.array([math.fsum(moments[chosen]) for chosen in gradient.sets.values()])


def _importance_moments(gradient: Gradient, spread: float) -> NDArray[np.float64]:
    # In block b, drawn with probability p_b, v is uniform on the sphere with |v|^2 = m_b / p_b:
    # E[v v^T a a^T v v^T] = m_b / (p_b (m_b + 2)) (|a_b|^2 I + 2 a_b a_b^T).
    m, squares = np.array(gradient.blocks, dtype=float), gradient.vector**2
    edges = np.cumsum([0, *gradient.blocks])
    weights = np.sqrt(m * np.array(gradient.block_energies(spread)))
    scale = m * weights.sum() / (weights * (m + 2))
    energies = np.add.reduceat(squares, edges[:-1])
    which = np.repeat(np.arange(len(m)), gradient.blocks)
    return scale[which] * (energies[which] + 2 * squares)


def frame(gradient: Gradient, budget: int) -> NDArray[np.float64]:
    """Return the errors of a frame of b <= d orthonormal directions, g = (d/b) Q a, Q a random projector.

    E|Q a|^2 = b/d and E[(a.Q a)^2] = b (b+2)/(d (d+2)), so that E|g|^2 = d/b and E[(g.a)^2] =
    d (b+2)/(b (d+2)).
    """
    d = gradient.dim
    along = d * (budget + 2) / (budget * (d + 2))
    return rough.set_error(d, d / budget, along, *sizes_and_shares(gradient))


def two_stages(gradient: Gradient, budget: int, law: str) -> NDArray[np.float64]:
    """Return the errors of draws along a direction from sphere estimates, these being used or not.

    Given stage 1, stage 2 is unbiased: the errors of both are uncorrelated, and those of the weighted sum
    are w^2 and (1 - w)^2 times theirs. "two-stage-refined" is stage 2 alone.
    """
    first, p, weight = two_stage_parts(law, gradient.dim, budget)
    one, two = rough.stage_errors(gradient.dim, first, budget - first, p)
    total, along = (weight**2 * x + (1 - weight) ** 2 * y for x, y in zip(one, two, strict=True))
    return rough.set_error(gradient.dim, total + 1, along + 1, *sizes_and_shares(gradient))
