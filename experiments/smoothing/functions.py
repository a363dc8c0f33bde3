"""Two sums over coordinates, f(x) = sum_i h_i phi(x_i), with everything that theory needs of them."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.smoothing.formats import Format

# Terms of the series below; for |t| <= 1 what is left out is below 2^-53 relative.
TERMS = 20


@dataclass(frozen=True)
class Separable(ABC):
    """f(x) = sum_i h_i phi(x_i) at a point.

    Attributes:
        weights: h, shape (dim,).
        point: x, shape (dim,).
    """

    weights: NDArray[np.float64]
    point: NDArray[np.float64]

    @property
    @abstractmethod
    def terms(self) -> NDArray[np.float64]:
        """h_i phi(x_i)."""

    @property
    @abstractmethod
    def gradient(self) -> NDArray[np.float64]:
        """h_i phi'(x_i)."""

    @property
    @abstractmethod
    def curvature(self) -> NDArray[np.float64]:
        """h_i phi''(x_i)."""

    @property
    @abstractmethod
    def third(self) -> NDArray[np.float64]:
        """h_i phi'''(x_i)."""

    @abstractmethod
    def remainder(self, steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return f(x + t) - f(x) - grad f(x).t for t of shape (n, dim), |t_i| <= 1, uncancelled."""

    @abstractmethod
    def rounded_terms(self, format: Format, points: NDArray[Any]) -> NDArray[Any]:
        """Return h_i phi(z_i) with every operation rounded, for points z of the format."""


class Quadratic(Separable):
    """phi(s) = s^2 / 2."""

    @property
    def terms(self) -> NDArray[np.float64]:
        """h_i x_i^2 / 2."""
        return self.weights * self.point**2 / 2

    @property
    def gradient(self) -> NDArray[np.float64]:
        """h_i x_i."""
        return self.weights * self.point

    @property
    def curvature(self) -> NDArray[np.float64]:
        """h_i."""
        return self.weights

    @property
    def third(self) -> NDArray[np.float64]:
        """Zero."""
        return np.zeros_like(self.weights)

    def remainder(self, steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return sum_i h_i t_i^2 / 2."""
        return steps**2 @ self.weights / 2

    def rounded_terms(self, format: Format, points: NDArray[Any]) -> NDArray[Any]:
        """Return (h_i z_i) z_i / 2; halving is exact."""
        scaled = format.round(format.round(self.weights) * points)
        return format.round(scaled * points) / 2


class Exponential(Separable):
    """phi(s) = exp(s)."""

    @property
    def terms(self) -> NDArray[np.float64]:
        """h_i exp(x_i)."""
        return self.weights * np.exp(self.point)

    # Every derivative of exp is exp.
    @property
    def gradient(self) -> NDArray[np.float64]:
        """The terms."""
        return self.terms

    @property
    def curvature(self) -> NDArray[np.float64]:
        """The terms."""
        return self.terms

    @property
    def third(self) -> NDArray[np.float64]:
        """The terms."""
        return self.terms

    def remainder(self, steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return sum_i h_i exp(x_i) (exp(t_i) - 1 - t_i), the series of which starts at t^2 / 2."""
        series = np.zeros_like(steps)
        for k in range(TERMS, 1, -1):
            series = (series + 1 / math.factorial(k)) * steps
        return series * steps @ self.terms

    def rounded_terms(self, format: Format, points: NDArray[Any]) -> NDArray[Any]:
        """Return h_i exp(z_i)."""
        return format.round(format.round(self.weights) * format.round(np.exp(points)))


FUNCTIONS = {"quadratic": Quadratic, "exponential": Exponential}
