"""Atoms of the full route: vectors of R^d, where the residual is smallest among them, no symmetry used."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from zotheory.programs.scaled import Scaled
from zotheory.types import FloatArray, Matrix

SCAN = 160


@dataclass(frozen=True)
class VectorProblem:
    """The program in units of delta = 1, in floating point.

    Attributes:
        prior: A, shape (d, d); None in the blind case.
        axis: unit gradient, for the covariance constraint.
        theta: smoothing penalty.
        cap: bound on n, infinite if there is none.
        budget: bound on E[n^2], infinite if there is none.
        covariance: whether Cov(s, t) >= 0 is required.
    """

    dim: int
    prior: Matrix | None
    axis: FloatArray
    theta: float
    cap: float
    budget: float
    covariance: bool


@dataclass(frozen=True)
class VectorDuals:
    """Multipliers; ``prior`` is A itself, or the dual matrix of the worst case."""

    prior: Matrix
    mass: float
    second_moment: Matrix
    budget: float
    covariance: float


def search_reach(scaled: Scaled) -> float:
    """Return how far out, in |v|^2 and units of delta = 1, atoms are searched for.

    Each constraint bounds the longest atom of an optimal law by itself: the cap; E[n^2] <= budget with
    energy of at least one in the atom; the price 2 theta n^3 of length; for a non-singular A its longest
    atom tr sqrt(A) over the smallest root. Too short a reach would cost the certificate, not its truth.
    """
    d, bounds = float(scaled.dim), []
    if scaled.cap is not None:
        bounds.append(float(scaled.cap))
    if scaled.budget is not None:
        bounds.append(2 * float(scaled.budget))
    if scaled.theta > 0:
        bounds.append(4 * d * (1 + float(scaled.theta) ** (-1 / 3)))
    roots = [float(weight) ** 0.5 for weight in scaled.weights]
    if min(roots) > 0:
        trace = sum(root * size for root, size in zip(roots, scaled.sizes, strict=True))
        bounds.append(2 * trace / min(roots))
    return max(64 * d, min(bounds))


def cost(problem: VectorProblem, prior: Matrix | None, v: FloatArray) -> FloatArray:
    """Return (v^T A v) n + theta n^3 for rows v; A = 0 if it is None."""
    n = (v**2).sum(axis=1)
    form = 0.0 if prior is None else ((v @ prior) * v).sum(axis=1)
    return (form + problem.theta * n**2) * n


def covariance_form(problem: VectorProblem, v: FloatArray) -> FloatArray:
    """Return s t = s n - s^2 for rows v."""
    s = (v @ problem.axis) ** 2
    return s * ((v**2).sum(axis=1) - s)


def residual(problem: VectorProblem, duals: VectorDuals, v: FloatArray) -> FloatArray:
    """Return r(v) for rows v."""
    n = (v**2).sum(axis=1)
    value = cost(problem, duals.prior, v) + duals.budget * n**2 - duals.mass
    value = value - ((v @ duals.second_moment) * v).sum(axis=1)
    return value - duals.covariance * covariance_form(problem, v) if problem.covariance else value


def directions(dim: int, count: int) -> FloatArray:
    """Return ``count`` well-spread unit vectors of R^dim, deterministic, up to sign."""
    if dim == 1:
        return np.ones((1, 1))
    if dim == 2:
        angles = np.pi * (np.arange(count) + 0.5) / count
        return np.column_stack([np.cos(angles), np.sin(angles)])
    from scipy.stats import norm, qmc

    uniform = qmc.Sobol(dim, scramble=True, rng=20250101).random(count)
    z = norm.ppf(np.clip(uniform, 1e-12, 1 - 1e-12))
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def start(problem: VectorProblem, count: int, reach: float) -> FloatArray:
    """Return the first atoms: directions times lengths up to ``reach``."""
    top = min(problem.cap, reach)
    if problem.cap <= problem.dim * (1 + 1e-12):  # only |v|^2 = d can carry mass
        lengths = np.array([float(problem.dim)])
    else:
        lengths = np.unique(np.append(np.geomspace(0.05 * problem.dim, top, 12), float(problem.dim)))
    units = directions(problem.dim, count)
    return (np.sqrt(lengths)[:, None, None] * units[None]).reshape(-1, problem.dim)


def minimisers(problem: VectorProblem, duals: VectorDuals, reach: float) -> tuple[FloatArray, float]:
    """Return vectors where the residual is smallest, shape (m, d), and its minimum over |v|^2 <= reach.

    For fixed n the residual is u^T M(n) u over unit vectors u (see `full_certificate`), so the smallest
    eigenvalue of M(n) is its minimum over directions: only n is searched, by a scan and a refinement.
    """
    from scipy.optimize import minimize_scalar

    top = min(problem.cap, reach)
    if problem.cap <= problem.dim * (1 + 1e-12):
        lengths = np.array([problem.cap])
    else:
        lengths = np.unique(np.append(np.geomspace(1e-3 * problem.dim, top, SCAN), float(problem.dim)))
    values = np.array([smallest(problem, duals, n)[0][0] for n in lengths])
    padded = np.concatenate([[np.inf], values, [np.inf]])
    found, lowest = [], float(values.min())
    for i in np.flatnonzero((values <= padded[:-2]) & (values <= padded[2:])):
        n = float(lengths[i])
        if 0 < i < len(lengths) - 1:
            bounds = (float(lengths[i - 1]), float(lengths[i + 1]))
            at = lambda x: float(smallest(problem, duals, x)[0][0])  # noqa: E731
            result = minimize_scalar(at, bounds=bounds, method="bounded", options={"xatol": 1e-9 * n})
            n = float(result.x) if result.fun < values[i] else n  # type: ignore[attr-defined]
        eigenvalues, vectors = smallest(problem, duals, n)
        lowest = min(lowest, float(eigenvalues[0]))
        # All negative eigenvalues: a repeated one needs every direction of its eigenspace.
        units = [vectors[:, j] for j in range(problem.dim) if eigenvalues[j] < 0 or j == 0]
        if problem.covariance:
            units = _descend(problem, duals, n, units)
        found += [np.sqrt(n) * u for u in units]
    return np.array(found), lowest


def smallest(problem: VectorProblem, duals: VectorDuals, n: float) -> tuple[FloatArray, FloatArray]:
    """Return eigenvalues (ascending) and eigenvectors of M(n), with the sigma that lifts them most."""
    gamma = duals.covariance if problem.covariance else 0.0
    outer = np.outer(problem.axis, problem.axis)
    identity = np.eye(problem.dim)
    constant = problem.theta * n**3 + duals.budget * n**2 - duals.mass
    matrix = n**2 * (duals.prior - gamma * outer) - n * duals.second_moment + constant * identity
    low, high = 0.0, n
    # max over sigma of the smallest eigenvalue: concave, narrowed sixteenfold a pass.
    for _ in range(7 if gamma > 0 else 0):
        sigma = np.linspace(low, high, 33)
        twisted = matrix + gamma * (
            2 * n * sigma[:, None, None] * outer - sigma[:, None, None] ** 2 * identity
        )
        best = int(np.argmax(np.linalg.eigvalsh(twisted)[:, 0]))
        low, high = sigma[max(best - 1, 0)], sigma[min(best + 1, 32)]
    if gamma > 0:
        middle = (low + high) / 2
        matrix = matrix + gamma * (2 * n * middle * outer - middle**2 * identity)
    eigenvalues, vectors = np.linalg.eigh(matrix)
    return eigenvalues, vectors


def _descend(
    problem: VectorProblem, duals: VectorDuals, n: float, units: list[FloatArray]
) -> list[FloatArray]:
    # With the covariance multiplier u^T M(n) u only bounds the residual from below, and eigenvectors
    # are starts, not minimisers: where sigma lifts two eigenvalues to one, the minimiser lies between.
    from scipy.optimize import minimize

    def at(u: FloatArray) -> float:
        return float(residual(problem, duals, (np.sqrt(n) * u / np.linalg.norm(u))[None])[0])

    starts = units + [u + sign * w for u, w in combinations(units, 2) for sign in (1, -1)]
    ends = [minimize(at, u, method="BFGS").x for u in starts]
    return [u / np.linalg.norm(u) for u in ends]
