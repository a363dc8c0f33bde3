"""Quadratics of several spectra, as parameters and closures."""

from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from zotheory.errors import InvalidArgument
from zotheory.rng import stream
from zotheory.validation import check_count

Spectrum = Literal["flat", "log-uniform", "spiked"]


def spectrum(name: Spectrum, dim: int, condition: float) -> NDArray[np.float64]:
    """Return curvatures, decreasing from 1: all equal, log-uniform, or one large among small ones.

    Args:
        name: "flat" (all 1), "log-uniform" (from 1 to 1 / condition) or "spiked" (1, then 1 / condition).
        dim: how many, at least 2.
        condition: the largest over the smallest, at least 1.

    Raises:
        InvalidArgument: another name, or a number outside its range.
    """
    if name not in get_args(Spectrum):
        raise InvalidArgument("name", name, f"give one of {', '.join(get_args(Spectrum))}")
    if check_count(dim, "dim") < 2:
        raise InvalidArgument("dim", dim, "give at least 2")
    if not 1 <= condition < np.inf:
        raise InvalidArgument("condition", condition, "give a finite number of at least 1")
    if name == "flat":
        return np.ones(dim)
    if name == "log-uniform":
        return np.geomspace(1, 1 / condition, dim)
    return np.r_[1.0, np.full(dim - 1, 1 / condition)]


class QuadraticProblem:
    """f(x) = sum_i h_i x_i^2 / 2 from a random start of normal numbers, f* = 0, in float64.

    Args:
        name: of the spectrum, see `spectrum`.
        dim: number of entries.
        condition: of the spectrum.
        seed: of the start.

    Attributes:
        curvatures: h, shape (dim,).
        x: the parameter.
        parameters: [x].

    Raises:
        InvalidArgument: as `spectrum`.
    """

    def __init__(self, name: Spectrum, dim: int, condition: float, seed: int) -> None:
        self.curvatures = torch.tensor(spectrum(name, dim, condition))
        start = stream(seed, "quadratic", "start").standard_normal(dim)
        self.x = torch.nn.Parameter(torch.tensor(start))
        self.parameters, self.dim = [self.x], dim

    def closure(self) -> torch.Tensor:
        """Return f(x)."""
        return (self.curvatures * self.x * self.x).sum() / 2

    loss = closure

    def begin_step(self, step: int) -> None:
        """Do nothing: a step sees all of f."""

    def gradient(self) -> list[torch.Tensor]:
        """Return the gradient, h x."""
        return [(self.curvatures * self.x).detach()]


class ValleyProblem:
    """Rosenbrock's function of pairs, sum of 100 (y - x^2)^2 + (1 - x)^2, in float64; f* = 0.

    It starts at x = -1.2, y = 1, plus normal numbers of standard deviation 0.1.

    Args:
        dim: number of entries, even.
        seed: of the start.

    Attributes:
        x: the parameter.
        parameters: [x].

    Raises:
        InvalidArgument: an odd dimension.
    """

    def __init__(self, dim: int, seed: int) -> None:
        if check_count(dim, "dim") % 2:
            raise InvalidArgument("dim", dim, "give an even number: its variables come in pairs")
        noise = stream(seed, "valley", "start").standard_normal(dim) / 10
        self.x = torch.nn.Parameter(torch.tensor(np.tile([-1.2, 1.0], dim // 2) + noise))
        self.parameters, self.dim = [self.x], dim

    def closure(self) -> torch.Tensor:
        """Return f(x)."""
        one, two = self.x[::2], self.x[1::2]
        return (100 * (two - one * one) ** 2 + (1 - one) ** 2).sum()

    loss = closure

    def begin_step(self, step: int) -> None:
        """Do nothing: a step sees all of f."""

    def gradient(self) -> list[torch.Tensor]:
        """Return the exact gradient."""
        one, two = self.x.detach()[::2], self.x.detach()[1::2]
        out, gap = torch.empty_like(self.x.detach()), two - one * one
        out[::2], out[1::2] = -400 * one * gap - 2 * (1 - one), 200 * gap
        return [out]
