"""Points of a question's regions: where atoms may lie, and those at which a residual is smallest."""

import itertools
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zotheory.programs.question.polynomials import (
    Compiled,
    Exponents,
    at_points,
    combined,
    degree,
    largest,
    rescaled,
)
from zotheory.programs.question.question import Question
from zotheory.programs.question.squares import supporting
from zotheory.types import FloatArray

# First points of each region: directions times lengths, in units of the scales.
DIRECTIONS, LENGTHS = 256, np.geomspace(0.05, 40.0, 28)
# The deepest points that are refined.
DEEPEST = 10
# Of each of so many shells of lengths the deepest few are refined too, more of them for each dimension
# above two: a law on a sphere of contact points needs many of them.
SHELLS, PER_SHELL, PER_DIMENSION = 10, 4, 4
# They are this far apart at least, relative to their size.
APART = 0.1
# How far below zero a polynomial of the support, of size one, may be at a point of it.
SLACK = 1e-10


class Columns:
    """Points of the regions with the objective and the moments there, all in scaled units."""

    def __init__(self, question: Question) -> None:
        self.question = question
        scales, pieces = question.scales, question.pieces
        self.scales = np.array([float(x) for x in scales])
        self.support = [supporting(piece, scales) for piece in pieces]
        self.objectives = [rescaled(piece.objective, scales) for piece in pieces]
        self.unit = float(max(map(largest, self.objectives)))
        self.moments = [[rescaled(g, scales) for g in piece.moments] for piece in pieces]
        # Where rays to the points of a region start from.
        self.anchors = [np.zeros(len(scales)) for _ in pieces]
        count = len(question.moments)
        self.sizes = [float(max(largest(gs[j]) for gs in self.moments)) for j in range(count)]

    def start(self, region: int) -> FloatArray:
        """Return points of a region, shape (m, k), scaled."""
        from scipy.stats import norm, qmc

        size = len(self.scales)
        uniform = qmc.Sobol(size, scramble=True, rng=20250101).random(DIRECTIONS)
        z = norm.ppf(np.clip(uniform, 1e-9, 1 - 1e-9))
        units = z / np.linalg.norm(z, axis=1, keepdims=True)
        # Faces too: each coordinate alone, and each left out.
        faces = [units * (np.arange(size) != i) for i in range(size)] if size > 1 else []
        axes = [sign * np.eye(size) for sign in (1.0, -1.0)]
        units = np.vstack([units, *faces, *axes])
        # Where coordinates are non-negative their reflections serve.
        units = np.unique(np.vstack([units, np.abs(units)]), axis=0)
        points = (LENGTHS[:, None, None] * units[None]).reshape(-1, size)
        points = np.vstack([points, self._ends(region, units), np.zeros((1, size))])
        points = self.inside(region, points)
        own = self._own(region)
        if not len(own):
            return points
        # A region of its own: rays from a point of it too.
        self.anchors[region] = points[-1] if len(points) and not points[-1].any() else own[0]
        around = own[0] + LENGTHS[:, None, None] * units[None]
        return np.vstack([points, own, self.inside(region, around.reshape(-1, size))])

    def _own(self, region: int) -> FloatArray:
        """Return points of a region found from its polynomials: corners and inner points of its box.

        The box encloses the linear polynomials' region; the first point satisfies all of them, if a few
        descents from points of the box find one.
        """
        from scipy.optimize import linprog, minimize
        from scipy.stats import qmc

        size, support = len(self.scales), self.support[region]
        flat = [h for h in support if degree(h) <= 1]
        left = [[-float(h.get(tuple(map(int, row)), 0)) for row in np.eye(size)] for h in flat]
        right = [float(h.get((0,) * size, 0)) for h in flat]
        box = np.tile([-LENGTHS[-1], LENGTHS[-1]], (size, 1))
        for i, sign in itertools.product(range(size), (0, 1)) if flat else ():
            cost = np.eye(size)[i] * (1 - 2 * sign)
            found = linprog(cost, A_ub=left, b_ub=right, bounds=[(None, None)] * size, method="highs")
            if found.status == 2:
                return np.zeros((0, size))
            if found.status == 0:
                box[i, sign] = found.x[i]
            elif sign and not -LENGTHS[-1] <= box[i, 0] < LENGTHS[-1]:
                box[i, 1] = box[i, 0] + LENGTHS[-1]
        box = np.sort(box, axis=1)
        low, wide = box[:, 0], box[:, 1] - box[:, 0]
        corners = np.array(list(itertools.product((0.0, 1.0), repeat=size)))
        inner = qmc.Sobol(size, scramble=True, rng=20250102).random(64)
        points = low + np.vstack([np.full((1, size), 0.5), corners, inner]) * wide
        good = self.inside(region, points)
        if len(good):
            return good
        bounds = [Compiled(h, size) for h in support]
        constraints = [{"type": "ineq", "fun": bound.value, "jac": bound.slope} for bound in bounds]
        for start in points[:8]:
            tried = minimize(lambda x, at=start: ((x - at) ** 2).sum(), start, method="SLSQP",
                             constraints=constraints, options={"ftol": 1e-15})  # fmt: skip
            good = self.inside(region, tried.x[None])
            if len(good):
                return good
        return np.zeros((0, size))

    def _ends(self, region: int, units: FloatArray) -> FloatArray:
        """Return where rays from the origin leave a region, about: an optimal law often lives there."""
        return self._last_inside(region, units, 0.0, LENGTHS[-1])[:, None] * units

    def _taken_back(self, region: int, points: FloatArray) -> FloatArray:
        outside = ~self._is_inside(region, points, SLACK)
        anchor = self.anchors[region]
        rays = points[outside] - anchor
        points[outside] = anchor + self._last_inside(region, rays, 1 - 1e-4, 1.0, anchor)[:, None] * rays
        return points

    def _last_inside(
        self, region: int, rays: FloatArray, first: float, last: float, anchor: Any = 0.0
    ) -> FloatArray:
        """Return the largest factors, between two, at which multiples of rays from a point are inside."""
        low, high = np.full(len(rays), first), np.full(len(rays), last)
        for _ in range(50):
            middle = (low + high) / 2
            good = self._is_inside(region, anchor + middle[:, None] * rays, SLACK)
            low, high = np.where(good, middle, low), np.where(good, high, middle)
        return low

    def inside(self, region: int, points: FloatArray, slack: float = SLACK) -> FloatArray:
        """Return the points that lie in a region."""
        return points[self._is_inside(region, points, slack)]

    def _is_inside(self, region: int, points: FloatArray, slack: float) -> NDArray[np.bool_]:
        good = np.ones(len(points), dtype=bool)
        for h in self.support[region]:
            good &= at_points(h, points) >= -slack
        return good

    def deepest(self, region: int, duals: FloatArray, seeds: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return local minimisers of the residual on a region, and the residual there (in units)."""
        from scipy.optimize import minimize

        residual = self._residual(region, duals)
        compiled = Compiled(residual, seeds.shape[1])
        values = at_points(residual, seeds) / (1 + (seeds**2).sum(axis=1))
        bounds = [Compiled(h, seeds.shape[1]) for h in self.support[region]]
        found = []
        order = np.argsort(values)
        for x in _spread(seeds[order], at_points(residual, seeds[order])):
            result = minimize(
                compiled.value,
                x,
                jac=compiled.slope,
                method="SLSQP",
                constraints=[{"type": "ineq", "fun": bound.value, "jac": bound.slope} for bound in bounds],
                options={"maxiter": 80, "ftol": 1e-15},
            )
            if np.all(np.isfinite(result.x)):
                found.append(result.x)
        # A step across the boundary is taken back along the ray, where the region allows that.
        points = self._taken_back(region, np.array(found).reshape(-1, seeds.shape[1]))
        points = self.inside(region, points)
        return points, at_points(residual, points)

    def _residual(self, region: int, duals: FloatArray) -> dict[Exponents, Fraction]:
        """Return f - y_0 - sum_j y_j g_j in units, for multipliers in floating point."""
        one = {(0,) * len(self.scales): Fraction(1)}
        parts = [
            (Fraction(1) / Fraction(self.unit), self.objectives[region]),
            (-Fraction(float(duals[0])), one),
        ]
        for y, g, size in zip(duals[1:], self.moments[region], self.sizes, strict=True):
            parts.append((-Fraction(float(y)) / Fraction(size), g))
        return combined(parts)

    def rows(self, region: int, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the objective (in units) and the moments (shape (j, m), each in its size) at points."""
        cost = at_points(self.objectives[region], points) / self.unit
        sizes = zip(self.moments[region], self.sizes, strict=True)
        table = np.array([at_points(g, points) / size for g, size in sizes])
        return cost, table.reshape(len(self.sizes), len(points))


def _spread(points: FloatArray, values: FloatArray) -> list[FloatArray]:
    """Return the deepest of some points that are not close to each other, and the deepest at each length.

    One wide valley must not hide a narrow one at another length.
    """
    norms = np.sqrt((points**2).sum(axis=1))
    chosen = _apart(points, DEEPEST)
    few = PER_SHELL + PER_DIMENSION * max(points.shape[1] - 2, 0)
    edges = np.geomspace(LENGTHS[0], LENGTHS[-1] * 2, SHELLS + 1)
    for low, high in pairwise(edges):
        shell = (norms >= low) & (norms < high)
        chosen += _apart(points[shell][np.argsort(values[shell])], few)
    return _apart(np.array(chosen).reshape(-1, points.shape[1]), len(chosen))


def _apart(points: FloatArray, most: int) -> list[FloatArray]:
    kept: list[FloatArray] = []
    while len(points) and len(kept) < most:
        first = points[0]
        kept.append(first)
        points = points[np.abs(points - first).max(axis=1) > APART * (1 + np.abs(first).max())]
    return kept
