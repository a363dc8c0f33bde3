"""Laws that answer a question: a linear program over atoms where the residual is smallest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zotheory.errors import SolverFailure
from zotheory.programs.question.columns import DEEPEST, Columns
from zotheory.programs.question.question import Question
from zotheory.programs.question.squares import SquaresCertificate
from zotheory.programs.solvers import LinearProgram, solve_linear
from zotheory.types import FloatArray

# How many rounds of columns are added.
ROUNDS = 12
# Price of a missing moment, in units of the objective at typical points: never paid by an answer.
PENALTY = 1e4
TOLERANCE = 1e-8
# The residual of a contact point, in units; multipliers are no more accurate.
TOUCHING = 1e-6


@dataclass(frozen=True)
class Law:
    """Atoms with masses: points in the question's variables, the region of each, and what is missing.

    Attributes:
        points: shape (m, k).
        regions: index of each point's region, shape (m,).
        weights: masses, shape (m,).
        value: E[objective].
        residual: largest violation of a moment constraint, relative to the size of its terms.
    """

    points: FloatArray
    regions: np.ndarray
    weights: FloatArray
    value: float
    residual: float


def best_law(question: Question, certificate: SquaresCertificate) -> tuple[Law, FloatArray, np.ndarray]:
    """Return a law near the optimum, and points (with regions) where the certified residual vanishes."""
    columns = Columns(question)
    duals = np.array([float(certificate.constant), *(float(y) for y in certificate.multipliers)])
    duals = duals / columns.unit * np.array([1.0, *columns.sizes])
    seeds = [columns.start(region) for region in range(len(question.pieces))]
    if not any(map(len, seeds)):
        regions = "; ".join(
            ", ".join(f"{h} >= 0" for h in region.nonnegative) for region in question.regions
        )
        raise SolverFailure(
            f"no point of the support was found ({regions}): it may be empty; where it is not, shift and "
            "scale the variables so that it is around the origin"
        )
    found, pools = [], []
    for region, start in enumerate(seeds):
        points, depth = columns.deepest(region, duals, start) if len(start) else (start, np.zeros(0))
        found.append((points, depth))
        pools.append(np.vstack([points, start[:: max(1, len(start) // 400)]]))
    law = _search(columns, pools, seeds, float(certificate.lower))
    # The residual has mean upper - lower under this law, and more than that at a light atom.
    gap = max(law.value - float(certificate.lower), 0.0) / columns.unit
    touching = min(max(TOUCHING, 20 * gap), 100 * TOUCHING)
    contact = [_distinct(points[depth <= touching]) for points, depth in found]
    regions = np.repeat(np.arange(len(contact)), [len(points) for points in contact])
    return law, np.vstack(contact) * columns.scales, regions


def _search(columns: Columns, pools: list[FloatArray], seeds: list[FloatArray], lower: float) -> Law:
    law, last = _law(columns, pools), np.inf
    for _ in range(ROUNDS):
        found, duals = law
        close = abs(found.value - lower) <= TOLERANCE * max(abs(lower), columns.unit)
        if (close and found.residual <= TOLERANCE) or (
            found.value >= last - 1e-12 and found.residual <= TOLERANCE
        ):
            break
        last = found.value if found.residual <= TOLERANCE else np.inf
        for region, pool in enumerate(pools):
            if not len(seeds[region]):
                continue
            points, depth = columns.deepest(region, duals, np.vstack([seeds[region], pool[-DEEPEST:]]))
            pools[region] = np.vstack([pool, points[depth < -TOLERANCE]])
        law = _law(columns, pools)
    return law[0]


def _law(columns: Columns, pools: Sequence[FloatArray]) -> tuple[Law, FloatArray]:
    """Solve the linear program over the points so far; return the law and its multipliers."""
    rows = [columns.rows(region, points) for region, points in enumerate(pools)]
    cost, table = np.concatenate([c for c, _ in rows]), np.hstack([t for _, t in rows])
    points = np.vstack(pools)
    regions = np.repeat(np.arange(len(pools)), [len(points) for points in pools])
    moments = columns.question.moments
    values = np.array([float(m.value) / size for m, size in zip(moments, columns.sizes, strict=True)])
    equal = np.array([m.relation == "==" for m in moments], dtype=bool)
    sign = np.array([-1.0 if m.relation == ">=" else 1.0 for m in moments])
    count, missing = len(cost), int(equal.sum())
    eye = np.eye(missing)
    equalities = np.vstack([np.ones(count), table[equal]])
    elastic = np.vstack([np.zeros((1, 2 * missing)), np.hstack([eye, -eye])])
    limits = sign * values
    inequalities = (sign[:, None] * table)[~equal]
    over = np.hstack([np.zeros((len(inequalities), 2 * missing)), -np.eye(len(inequalities))])
    program = LinearProgram(
        np.concatenate([cost, np.full(2 * missing + len(inequalities), PENALTY)]),
        np.hstack([equalities, elastic, np.zeros((missing + 1, len(inequalities)))]),
        np.concatenate([[1.0], values[equal]]),
        np.hstack([inequalities, over]),
        limits[~equal],
    )
    answer = solve_linear(program, "highs")
    weights = answer.weights[:count]
    keep = weights > 1e-12
    weights = weights[keep] / weights[keep].sum()
    duals = np.zeros(1 + len(values))
    duals[0] = answer.equality_duals[0]
    duals[1:][equal] = answer.equality_duals[1:]
    duals[1:][~equal] = -sign[~equal] * answer.inequality_duals
    reached = table[:, keep] @ weights
    off = np.where(equal, np.abs(reached - values), np.maximum(sign * (reached - values), 0.0))
    value = float(cost[keep] @ weights) * columns.unit
    law = Law(points[keep] * columns.scales, regions[keep], weights, value, float(off.max(initial=0.0)))
    return law, duals


def _distinct(points: FloatArray) -> FloatArray:
    kept: list[FloatArray] = []
    for point in points:
        if all(np.abs(point - other).max() > 1e-3 * (1 + np.abs(other).max()) for other in kept):
            kept.append(point)
    return np.array(kept).reshape(len(kept), points.shape[1])
