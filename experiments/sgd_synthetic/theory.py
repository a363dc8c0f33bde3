"""Bounds and, on quadratics, exact expectations of what descent measures."""

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from experiments.sgd_synthetic.methods import TWO_ATOM, TWO_STAGES, Method
from experiments.sgd_synthetic.problems import Problem
from zotheory.bounds import (
    Descent,
    Following,
    LawMoments,
    NonconvexBound,
    PolyakBound,
    QuadraticDynamics,
    largest_stable_step,
)
from zotheory.laws import DAP, FirstAxis, Law, Sphere, TwoAtom

Array = NDArray[np.float64]
# Young's weights of the bounds with mu > 0: the smoothing terms are tiny, and pay for small weights.
WEIGHT = 0.01


def moments(method: Method) -> LawMoments:
    """Return the moments of a step's estimate: V = E|g|^2 / |a|^2 at its largest, as mu -> 0.

    Of two stages: given stage 1, stage 2 is unbiased, so V - 1 = w^2 M1 + (1-w)^2 M2, and M2 = (d-1)/m
    of aligned draws, whatever their direction is. Guided draws have at
    most M2 = (max(1/p, (d-1)/(1-p)) - 1)/m, whatever their direction is.
    """
    d, b, m = method.dim, method.batch, method.batch - method.first
    if method.law is not None:
        return LawMoments.of(method.law, batch=b)
    sphere, guided = Sphere(d), TwoAtom(FirstAxis(d), method.guide_probability)
    if method.name == "guided":
        w, (one, _) = method.first_weight, method.stage_errors()
        two = (float(guided.norm_bound()) - 1) / m
        laws: list[Law] = [sphere, guided]
        return _of(laws, 1 + w**2 * one[0] + (1 - w) ** 2 * two, b, every_direction=True)
    if method.name == "two-atom-exact":
        own: list[Law] = [TwoAtom(FirstAxis(d), TWO_ATOM)]
        return _of(own, 1 + (1 / TWO_ATOM - 1) / b, b, every_direction=False)
    if method.name in TWO_STAGES:
        w = method.first_weight
        V = 1 + (d - 1) * (w**2 / method.first + (1 - w) ** 2 / m)
        return _of([sphere], V, b if w else m, every_direction=True)
    return _of([sphere], 1 + (d - 1) / b, b, every_direction=False)


def _of(laws: list[Law], V: float, batch: int, every_direction: bool) -> LawMoments:
    m3, m4, m6 = (max(float(law.norm_moment(k)) for law in laws) for k in (Fraction(3, 2), 2, 3))
    return LawMoments(1.0, V, m3, m4, m6, every_direction=every_direction, batch=batch)


def descent(problem: Problem, method: Method, mu: float) -> Descent:
    """Return the one-step inequality; central differences of a quadratic are exact, as at mu = 0."""
    if problem.spectrum is not None:
        return Descent(moments(method), problem.smoothness, scheme="central")
    return Descent(moments(method), problem.smoothness, mu, omega=WEIGHT, theta=WEIGHT, scheme="central")


def bounds(problem: Problem, step_of: Descent, step: float, times: list[int]) -> tuple[Array, Array]:
    """Return bounds on (1/T) sum_{t<T} E|grad f(x_t)|^2 and on E f(x_T) - f*, for each T; nan for none.

    None holds for a step at or above the limit, and the second one needs a Polyak-Lojasiewicz constant.
    """
    nothing = np.full(len(times), math.nan)
    if not step < step_of.step_limit:
        return nothing, nothing
    slopes = [NonconvexBound(step_of, problem.gap, step, t) for t in times]
    first = np.array([float(one.sharp if step_of.mu == 0 else one.total) for one in slopes])
    if problem.pl is None:
        return first, nothing
    pl = problem.pl
    return first, np.array([float(PolyakBound(step_of, problem.gap, pl, step, t).total) for t in times])


def exact(problem: Problem, method: Method, step: float, times: list[int]) -> tuple[Array, Array]:
    """Return the same two expectations on a quadratic, without Monte Carlo noise; nan elsewhere.

    An estimate that is isotropic about a has E[g g^T] = a a^T + alpha |a|^2 I + beta a a^T, which keeps the
    diagonal of E[x x^T] in the eigenbasis of H to itself.
    """
    if problem.spectrum is None:
        return np.full(len(times), math.nan), np.full(len(times), math.nan)
    h, steps = problem.spectrum, max(times)
    if _shares_directions(method):
        states = isotropic_states(h, problem.start, *coefficients(method), step, steps)
    else:
        known = tuple(h.tolist()), tuple(problem.start.tolist())
        states = _diagonals(*known, turning(method), step, method.batch, steps)
    squares, losses = states @ h**2, states @ h / 2
    means = np.cumsum(squares)[:-1] / np.arange(1, steps + 1)
    return means[np.array(times) - 1], losses[times]


# Seeds share cells: block laws take a second each.
@lru_cache(maxsize=64)
def _diagonals(
    h: tuple[float, ...],
    start: tuple[float, ...],
    law: Law | Following,
    step: float,
    batch: int,
    steps: int,
) -> Array:
    kept = QuadraticDynamics(np.array(h), law, step, batch=batch).run(np.array(start), steps, keep=True)
    # Only the diagonal is needed: f and |grad f|^2 see no more of it where H is diagonal.
    return kept.moments if kept.moments.ndim == 2 else np.diagonal(kept.moments, axis1=1, axis2=2)


@lru_cache(maxsize=64)
def _largest(h: tuple[float, ...], law: Law | Following, batch: int) -> float:
    return float(largest_stable_step(np.array(h), law, batch=batch))


def turning(method: Method) -> Law | Following:
    """Return the law of a method with independent draws, fixed or following the gradient."""
    axis = FirstAxis(method.dim)
    return method.law or Following(DAP(axis) if method.name == "aligned-exact" else TwoAtom(axis, TWO_ATOM))


def stable_step(problem: Problem, method: Method) -> float:
    """Return the step below which E f contracts on a quadratic; nan elsewhere.

    With coefficients alpha and beta the spectral radius is 1 where sum_i step^2 alpha h_i^2 / (1 - D_i) is,
    1 - D_i = 2 step h_i - step^2 (1 + beta) h_i^2, and the sum rises with the step.
    """
    if problem.spectrum is None:
        return math.nan
    h = problem.spectrum
    if not _shares_directions(method):
        return _largest(tuple(h.tolist()), turning(method), method.batch)
    alpha, beta = coefficients(method)
    low, high = 0.0, 2 / ((1 + beta) * h.max())
    while low < (middle := (low + high) / 2) < high:
        if (middle * alpha * h / (2 - middle * (1 + beta) * h)).sum() < 1:
            low = middle
        else:
            high = middle
    return low


def _shares_directions(method: Method) -> bool:
    # The draws of a batch depend on each other.
    return method.name in TWO_STAGES or method.name == "frame"


def coefficients(method: Method) -> tuple[float, float]:
    """Return alpha and beta of the mean squared error alpha |a|^2 I + beta a a^T of a step's estimate."""
    d, b = method.dim, method.batch
    if method.name == "frame":
        total, along = d / b - 1, d * (b + 2) / (b * (d + 2)) - 1
    else:
        w, (one, two) = method.first_weight, method.stage_errors()
        total, along = (w**2 * x + (1 - w) ** 2 * y for x, y in zip(one, two, strict=True))
    alpha = (total - along) / (d - 1)
    return alpha, along - alpha


def isotropic_states(h: Array, start: Array, alpha: float, beta: float, step: float, steps: int) -> Array:
    """Return the diagonals of E[x_t x_t^T], t = 0, ..., steps: M+ = D M + step^2 alpha sum_j h_j^2 M_j.

    D_i = (1 - step h_i)^2 + step^2 beta h_i^2.
    """
    states, decay = [start**2], (1 - step * h) ** 2 + step**2 * beta * h**2
    for _ in range(steps):
        states.append(decay * states[-1] + step**2 * alpha * (h**2 @ states[-1]))
    return np.array(states)
