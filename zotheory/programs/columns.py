"""Column generation: a linear program over few atoms, refined where its dual is violated."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from zotheory.programs.pricing import FARTHEST, FloatDuals, candidates, residual
from zotheory.programs.scaled import Scaled
from zotheory.programs.solvers import Answer, LinearProgram, solve_linear
from zotheory.types import FloatArray

# The start: so many energies along each ray, spread geometrically about the mean length d.
START_POINTS, START_DECADES = 17, 2.0
FEW_BLOCKS, STILL = 8, 1e-12
MAXIMUM_ROUNDS, TOLERANCE = 60, 1e-11
# A cap or budget nearer to its least value than this (relative) is moved out to there, where floating
# point can tell them apart; multipliers are refined, and the certificate made, for the true limits.
RESOLUTION = Fraction(1, 10**9)


@dataclass(frozen=True)
class Columns:
    """Result of column generation, in units of delta = 1.

    Attributes:
        energies: atoms with positive weight, shape (m, k).
        weights: their masses.
        duals: multipliers of the last linear program.
        value: its value.
        violation: how far below zero the residual reaches, relative to the value, on the continuum.
        primal_residual: largest violation of a constraint, relative.
        rounds: number of linear programs solved.
        accurate: whether the solver called its last answer accurate.
    """

    energies: FloatArray
    weights: FloatArray
    duals: FloatDuals
    value: float
    violation: float
    primal_residual: float
    rounds: int
    accurate: bool


def generate(scaled: Scaled, solver: str) -> Columns:
    """Solve the reduced program by column generation.

    Near degenerate programs floating point may leave a violation: it is reported, and the certificate,
    which is exact, decides what the multipliers are worth.

    Raises:
        SolverFailure: the solver failed.
    """
    scaled = _resolved(scaled)
    mean = np.array([float(m) for m in scaled.sizes])
    atoms = np.vstack([mean[None, :], _rays(scaled)])
    reach = 1e3 * float(scaled.dim)
    # Unit of cost: that of the mean atom at first, then the value found, which may be far smaller.
    unit = scaled.dim + float(scaled.theta) * float(scaled.dim) ** 3
    rounds, values = 0, []
    while True:
        answer, program, column_scale = _master(scaled, atoms, solver, unit)
        duals = _duals(scaled, answer, unit)
        rounds += 1
        points = candidates(scaled, duals, reach)
        # p_i may have its minimum far out, where a large |r| is small relative to the cost there.
        depth = -residual(scaled, points, duals) / (unit * (1 + points.sum(axis=1) / scaled.dim))
        deep = points[depth > TOLERANCE]
        norms = atoms.sum(axis=1)
        new = deep[[not _is_known(atoms, norms, point) for point in deep]]
        values.append(answer.value * unit)
        # With many blocks the multipliers of a linear program are not unique, and new columns may go on
        # turning them without moving the value; the refinement that follows needs no more.
        still = rounds > 2 and abs(values[-3] - values[-1]) <= STILL * abs(values[-1])
        still = still and len(scaled.sizes) > FEW_BLOCKS
        if not len(new) or rounds == MAXIMUM_ROUNDS or still:
            break
        atoms = np.vstack([atoms, new])
        unit = min(unit, max(answer.value * unit, float(np.finfo(float).tiny)))
    used = answer.weights[: len(atoms)] / column_scale[: len(atoms)]
    slack = program.equalities @ answer.weights - program.equality_values
    excess = program.inequalities @ answer.weights - program.limits
    return Columns(
        energies=atoms[used > 0],
        weights=used[used > 0],
        duals=duals,
        value=answer.value * unit,
        violation=float(max(depth.max(), 0.0)),
        primal_residual=float(max(np.abs(slack).max(), excess.max(initial=0.0))),
        rounds=rounds,
        accurate=answer.accurate,
    )


def _resolved(scaled: Scaled) -> Scaled:
    cap, budget, nearest = scaled.cap, scaled.budget, 1 + RESOLUTION
    if cap is not None and cap != scaled.dim:
        cap = max(cap, scaled.dim * nearest)
    if budget is not None:
        budget = max(budget, scaled.dim**2 * nearest)
    return replace(scaled, cap=cap, budget=budget)


def _is_known(atoms: FloatArray, norms: FloatArray, point: FloatArray) -> bool:
    n = point.sum()
    close = atoms[np.abs(norms - n) <= 1e-12 * n]
    return bool(np.any(np.abs(close - point).max(axis=1, initial=0.0) <= 1e-13 * n))


def _rays(scaled: Scaled) -> FloatArray:
    if scaled.cap == scaled.dim:  # n <= d and E n = d: no other length can carry mass
        return float(scaled.dim) * np.eye(len(scaled.sizes))
    top = np.inf if scaled.cap is None else float(scaled.cap)
    size = len(scaled.sizes)
    points = START_POINTS if size <= FEW_BLOCKS else 5
    lengths = scaled.dim * np.geomspace(10**-START_DECADES, 10**START_DECADES, points)
    # The lengths without any constraint or smoothing, tr sqrt(A) / sqrt(w_i): with many blocks a start
    # from the geometric grid alone takes many rounds.
    roots = np.sqrt([float(w) for w in scaled.weights])
    trace = float(roots @ [float(m) for m in scaled.sizes])
    free = np.divide(trace, roots, out=np.full(size, float(scaled.dim)), where=roots > 0)
    unlimited = scaled.budget is None and scaled.theta == 0
    free = np.minimum(free, scaled.dim * (FARTHEST if unlimited else 10**START_DECADES))
    rays = [np.unique(np.minimum(np.append(lengths, free[i]), top)) for i in range(size)]
    return np.vstack([n * np.eye(1, size, i) for i, ray in enumerate(rays) for n in ray])


def _master(
    scaled: Scaled, atoms: FloatArray, solver: str, unit: float
) -> tuple[Answer, LinearProgram, FloatArray]:
    # Each column is divided by its largest relative energy and each row by its right-hand side, so
    # that d = 10^6 looks to the solver like d = 2.
    sizes = np.array([float(m) for m in scaled.sizes])
    n = atoms.sum(axis=1)
    weights = np.array([float(w) for w in scaled.weights])
    column_scale = np.maximum(1.0, (atoms / sizes).max(axis=1))
    cost = (atoms @ weights + float(scaled.theta) * n**2) * n / unit
    equalities = np.vstack([np.ones(len(atoms)), (atoms / sizes).T])
    rows, limits = [], []
    if scaled.budget is not None:
        rows.append(n**2 / float(scaled.budget))
        limits.append(1.0)
    if scaled.covariance:
        rows.append(-atoms[:, 0] * atoms[:, 1] / sizes[1])
        limits.append(-1.0)
    inequalities = np.array(rows).reshape(len(rows), len(atoms))
    cost, equalities, inequalities = (x / column_scale for x in (cost, equalities, inequalities))
    # Directions in which atoms run to infinity with vanishing mass: they carry energy but no mass.
    for free_mean, free_covariance, price in _recession(scaled, unit):
        column = np.concatenate([[0.0], free_mean])
        equalities = np.column_stack([equalities, column])
        inequalities = np.column_stack([inequalities, np.full(len(rows), -free_covariance)])
        cost = np.append(cost, price)
    program = LinearProgram(
        cost, equalities, np.ones(len(sizes) + 1), inequalities, np.array(limits, dtype=float)
    )
    return solve_linear(program, solver), program, column_scale


def _recession(scaled: Scaled, unit: float) -> list[tuple[FloatArray, float, float]]:
    # Block i with weight 0: q = (0, .., N, .., 0) with mass m_i / N costs nothing. Under the
    # covariance constraint also s -> infinity with s / t -> 0: covariance at its own price.
    size = len(scaled.sizes)
    rays = [(np.eye(size)[i], 0.0, 0.0) for i in scaled.escaping]
    if scaled.covariance and scaled.escaping:
        rays.append((np.zeros(size), 1.0, float(scaled.sizes[1]) / unit))
    return rays


def _duals(scaled: Scaled, answer: Answer, unit: float) -> FloatDuals:
    y = answer.equality_duals * unit
    z = list(answer.inequality_duals * unit)
    budget = z.pop(0) / float(scaled.budget) if scaled.budget is not None else 0.0
    covariance = z.pop(0) / float(scaled.sizes[1]) if scaled.covariance else 0.0
    means = tuple(float(y[i + 1]) / m for i, m in enumerate(scaled.sizes))
    return FloatDuals(float(y[0]), means, float(budget), float(covariance))
