"""Laws with finitely many atoms given as vectors."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.arithmetic import largest, power, settled
from zotheory.laws.base import Law, check_norm_moment_order, require_unbiased
from zotheory.laws.freezing import frozen
from zotheory.laws.gradient import check_direction
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Matrix, Scalar, VectorLike
from zotheory.validation import (
    LARGEST,
    check_array,
    check_count,
    check_positive,
    check_symmetric,
    check_weights,
    is_symbolic,
    quotient,
    to_float,
)


@dataclass(frozen=True, eq=False)
class Empirical(Law):
    """v = points[i] with probability weights[i].

    Every moment is a finite sum, exact for exact points and weights: an independent route to the
    formulas of the other laws. delta is tr E[v v^T] / d.

    Args:
        points: shape (m, dim), floats or exact numbers.
        weights: shape (m,), non-negative, summing to one; equal if not given.

    Raises:
        InvalidArgument: not a table of finite numbers, or bad weights.
        NotUnbiased: E[v v^T] is not a multiple of the identity.
    """

    points: Any
    weights: Any = None

    def __post_init__(self) -> None:
        points = check_array(self.points, "points", "give a table of shape (m, dim)")
        if points.ndim != 2 or points.size == 0:
            raise InvalidArgument("points", self.points, "give a table of shape (m, dim)")
        if not np.any(points != 0):
            raise InvalidArgument("points", self.points, "at least one entry must be non-zero")
        if any(not is_symbolic(x) and abs(x) > LARGEST for x in points.flat):
            raise InvalidArgument("points", self.points, "keep entries below 1e40: rescale v and delta")
        weights = self.weights
        if weights is None:
            weights = [quotient(1, len(points))] * len(points)
            weights = weights if points.dtype == object else np.array(weights, dtype=float)
        object.__setattr__(self, "points", frozen(points))
        object.__setattr__(self, "weights", frozen(check_weights(weights, "weights", len(points))))
        if not any(w != 0 and np.any(point != 0) for w, point in zip(self.weights, points, strict=True)):
            raise InvalidArgument("points", self.points, "one of positive weight must be non-zero")
        check_positive(self.delta, "delta")
        require_unbiased(self)

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Length of the points."""
        return self.points.shape[1]

    @property
    def delta(self) -> Scalar:  # type: ignore[override]
        """tr E[v v^T] / d."""
        return quotient(self.norm_moment(1), self.dim)

    def second_moment(self) -> Matrix:
        """Return sum_i w_i v_i v_i^T."""
        return settled((self.weights[:, None] * self.points).T @ self.points)

    def fourth_moment(self, matrix: Matrix) -> Matrix:
        """Return sum_i w_i (v_i^T B v_i) v_i v_i^T."""
        matrix = check_symmetric(matrix, "matrix", self.dim)
        forms = ((self.points @ matrix) * self.points).sum(axis=1)
        return settled(((self.weights * forms)[:, None] * self.points).T @ self.points)

    def dimension_factor(self, a: VectorLike = None) -> Scalar:
        """Return sum_i w_i (a.v_i)^2 |v_i|^2 / (delta^2 |a|^2)."""
        if a is None:
            raise InvalidArgument("a", a, "this law is not isotropic: give the gradient")
        a = check_direction(a, "a", self.dim)
        norms = (self.points**2).sum(axis=1)
        value = (self.weights * (self.points @ a) ** 2 * norms).sum()
        return quotient(value, self.delta**2 * (a @ a))

    def directional_fourth_moment(self, a: VectorLike) -> Scalar:
        """Return sum_i w_i (a.v_i)^4 / |a|^4."""
        a = check_direction(a, "a", self.dim)
        return quotient((self.weights * (self.points @ a) ** 4).sum(), (a @ a) ** 2)

    def norm_moment(self, k: Scalar) -> Scalar:
        """Return sum_i w_i |v_i|^{2k}."""
        order = check_norm_moment_order(k)
        norms = (self.points**2).sum(axis=1)
        return sum(w * power(n, order) for w, n in zip(self.weights, norms, strict=True))

    def norm_bound(self) -> Scalar:
        """Return the largest |v_i|^2 of positive weight."""
        norms = (self.points**2).sum(axis=1)
        return largest([n for w, n in zip(self.weights, norms, strict=True) if w != 0])

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        weights = np.array([to_float(w, "weights") for w in self.weights])
        points = np.array([to_float(x, "points") for x in self.points.flat]).reshape(self.points.shape)
        chosen = as_generator(rng).choice(len(weights), size=check_count(n, "n"), p=weights / weights.sum())
        return points[chosen]
