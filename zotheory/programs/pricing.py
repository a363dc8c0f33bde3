"""Where the Lagrangian residual is smallest: exact global minimisers, no grid.

Write q = n w with w in the simplex. Without the covariance constraint the residual
    r(q) = n^2 (weights.w) + theta n^3 + beta n^2 - lambda_0 - n (lambda.w)
is linear in w for fixed n, so its minimum lies on a ray q = n e_i, where it is the cubic
    p_i(n) = theta n^3 + (w_i + beta) n^2 - lambda_i n - lambda_0,
convex on n >= 0. With the covariance multiplier gamma (two blocks, weights 1 and 0) it is, in s = q_0,
    r = gamma s^2 + ((1 - gamma) n - D) s + g(n),   D = lambda_0' - lambda_1',
a convex parabola in s on [0, n].
"""

import math
from dataclasses import dataclass

import numpy as np

from zotheory.programs.scaled import Scaled

# Atoms farther out than this (relative to the mean length) are not given to a solver: the cube of
# their length leaves floating point.
FARTHEST = 1e40


@dataclass(frozen=True)
class FloatDuals:
    """Multipliers in floating point, as a solver returns them."""

    constant: float
    means: tuple[float, ...]
    budget: float
    covariance: float


def ray_minimiser(scaled: Scaled, block: int, duals: FloatDuals) -> float:
    """Return the n in [0, cap] where p_i is smallest; `math.inf` if it falls without bound."""
    theta, slope = float(scaled.theta), duals.means[block]
    curvature = float(scaled.weights[block]) + duals.budget
    cap = math.inf if scaled.cap is None else float(scaled.cap)
    if slope <= 0:
        return 0.0
    if theta == 0 and curvature == 0:
        return cap
    # Positive root of 3 theta n^2 + 2 curvature n = slope, without cancellation.
    return min(slope / (curvature + math.sqrt(curvature**2 + 3 * theta * slope)), cap)


def residual(scaled: Scaled, q: np.ndarray, duals: FloatDuals) -> np.ndarray:
    """Return r(q) in floating point for rows q, shape (m, k)."""
    n = q.sum(axis=1)
    weights = np.array([float(w) for w in scaled.weights])
    value = (q @ weights + float(scaled.theta) * n**2 + duals.budget * n) * n
    value = value - duals.constant - q @ np.array(duals.means)
    return value - duals.covariance * q[:, 0] * q[:, 1] if scaled.covariance else value


def candidates(scaled: Scaled, duals: FloatDuals, reach: float) -> np.ndarray:
    """Return points among which the global minimiser of the residual lies, shape (m, k).

    Args:
        scaled: the program.
        duals: multipliers.
        reach: how far out to look where the residual falls without bound, and along its valleys.
    """
    size = len(scaled.sizes)
    # n <= d and E n = d leave only n = d: nothing shorter can carry mass.
    only = float(scaled.dim) if scaled.cap == scaled.dim else None
    points = []
    for i in scaled.blocks:
        point = np.zeros(size)
        point[i] = only or ray_minimiser(scaled, i, duals)
        if point[i] == math.inf:  # an atom n e_i of mass m_i / n uses m_i n of the budget
            point[i] = reach if scaled.budget is None else float(scaled.budget / scaled.sizes[i])
        point[i] = min(point[i], FARTHEST * scaled.dim)
        points.append(point)
    if scaled.covariance and duals.covariance > 0:
        points += [p for p in _interior_candidates(scaled, duals, reach) if only in (None, p.sum())]
    return np.array(points)


def _interior_candidates(scaled: Scaled, duals: FloatDuals, reach: float) -> list[np.ndarray]:
    # Stationary n of the parabola's minimum g(n) - ((1 - gamma) n - D)^2 / (4 gamma), with
    # g(n) = theta n^3 + beta n^2 - lambda_1 n - lambda_0, and the ends of the range of n.
    gamma, beta, theta = duals.covariance, duals.budget, float(scaled.theta)
    difference = duals.means[0] - duals.means[1]
    top = reach if scaled.cap is None else min(float(scaled.cap), reach)
    derivative = [
        3 * theta,
        2 * beta - (1 - gamma) ** 2 / (2 * gamma),
        -duals.means[1] + (1 - gamma) * difference / (2 * gamma),
    ]
    roots = np.roots(np.trim_zeros(derivative, "f")) if any(derivative) else np.array([])
    stationary = [float(x.real) for x in roots if abs(x.imag) <= 1e-9 * (1 + abs(x))]
    found = []
    for n in [*stationary, top, float(scaled.dim)]:
        n = min(max(n, 0.0), top)
        s = min(max((difference - (1 - gamma) * n) / (2 * gamma), 0.0), n)
        found.append(np.array([s, n - s]))
    return found
