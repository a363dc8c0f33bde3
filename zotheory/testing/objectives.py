"""Objectives to test estimators on, vectorised, with gradient and smoothness known."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.testing.rotations import rotation
from zotheory.types import FloatArray


class Objective(ABC):
    """f from R^d to R: f(X) has shape (n,) for X of shape (n, d), and is a number for one point.

    Attributes:
        x0: a point to start from, or to take the gradient at.
    """

    x0: tuple[float, ...]

    @property
    def dim(self) -> int:
        """d."""
        return len(self.x0)

    @property
    @abstractmethod
    def smoothness(self) -> float:
        """L with |grad f(x) - grad f(y)| <= L |x - y|."""

    def __call__(self, x: Any) -> Any:
        """Return the values."""
        return self._values(self._points(x))

    def gradient(self, x: Any) -> FloatArray:
        """Return the gradients, of the shape of ``x``."""
        return self._gradients(self._points(x))

    @abstractmethod
    def _values(self, x: FloatArray) -> Any: ...

    @abstractmethod
    def _gradients(self, x: FloatArray) -> FloatArray: ...

    def _points(self, x: Any) -> FloatArray:
        points = np.asarray(x, dtype=float)
        if points.ndim not in (1, 2) or points.shape[-1] != self.dim:
            raise InvalidArgument("x", x, f"give points of shape (n, {self.dim}) or ({self.dim},)")
        return points


@dataclass(frozen=True)
class Quadratic(Objective):
    """f(x) = x^T H x / 2 with H = Q diag(spectrum) Q^T, Q a product of reflections.

    Attributes:
        spectrum: eigenvalues of H, of any sign.
        reflections: normals of the reflections; none means that H is diagonal.
        x0: a non-zero point.
    """

    spectrum: tuple[float, ...]
    reflections: tuple[tuple[float, ...], ...]
    x0: tuple[float, ...]

    @cached_property
    def hessian(self) -> FloatArray:
        """H, exactly symmetric."""
        basis = rotation(self.reflections, self.dim)
        matrix = (basis * np.array(self.spectrum)) @ basis.T
        return (matrix + matrix.T) / 2

    @property
    def smoothness(self) -> float:
        """The largest |eigenvalue|."""
        return max(abs(value) for value in self.spectrum)

    def _values(self, x: FloatArray) -> Any:
        return ((x @ self.hessian) * x).sum(axis=-1) / 2

    def _gradients(self, x: FloatArray) -> FloatArray:
        return x @ self.hessian


class Link(NamedTuple):
    """A function of one variable, its derivative, and a bound on its second derivative."""

    value: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]
    curvature: float


def _log_cosh(z: FloatArray) -> FloatArray:
    return np.abs(z) + np.log1p(np.exp(-2 * np.abs(z))) - np.log(2)


LINKS = {
    "log-cosh": Link(_log_cosh, np.tanh, 1.0),
    "logistic": Link(lambda z: np.logaddexp(0, z), lambda z: (1 + np.tanh(z / 2)) / 2, 0.25),
    "sine": Link(np.sin, np.cos, 1.0),
}


@dataclass(frozen=True)
class RidgeSum(Objective):
    """f(x) = q(x) + sum_i c_i phi(w_i . x - b_i): log-cosh sums, logistic losses, perturbed quadratics.

    Attributes:
        link: phi, "log-cosh", "logistic" (log(1 + e^z)) or "sine".
        directions: w_i.
        offsets: b_i.
        coefficients: c_i.
        x0: a point.
        quadratic: q, or None for zero.
    """

    link: str
    directions: tuple[tuple[float, ...], ...]
    offsets: tuple[float, ...]
    coefficients: tuple[float, ...]
    x0: tuple[float, ...]
    quadratic: Quadratic | None = None

    @property
    def smoothness(self) -> float:
        """|H|_2 plus the largest eigenvalue of sup |phi''| sum_i |c_i| w_i w_i^T.

        The Hessian is H + sum_i c_i phi''(.) w_i w_i^T, so that its norm is at most this everywhere.
        """
        w = np.array(self.directions)
        bound = (np.abs(self.coefficients)[:, None] * w).T @ w * LINKS[self.link].curvature
        rest = 0.0 if self.quadratic is None else self.quadratic.smoothness
        return rest + float(np.linalg.eigvalsh(bound)[-1])

    def _arguments(self, x: FloatArray) -> FloatArray:
        return x @ np.array(self.directions).T - np.array(self.offsets)

    def _values(self, x: FloatArray) -> Any:
        total = LINKS[self.link].value(self._arguments(x)) @ np.array(self.coefficients)
        return total if self.quadratic is None else total + self.quadratic(x)

    def _gradients(self, x: FloatArray) -> FloatArray:
        slopes = LINKS[self.link].slope(self._arguments(x)) * np.array(self.coefficients)
        total = slopes @ np.array(self.directions)
        return total if self.quadratic is None else total + self.quadratic.gradient(x)
