"""Synthetic functions of d variables with the least value 0, and starts drawn from a box.

x has entries x_1, ..., x_d. Ackley's, Levy's, Rastrigin's and Rosenbrock's functions are in the form of
Surjanovic and Bingham, Virtual Library of Simulation Experiments, which cites their origins. How papers
define "quadratic" and "cubic" was not at hand; those here are the plain ones.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch

from zotheory.errors import InvalidArgument
from zotheory.validation import check_count


@dataclass(frozen=True)
class Function:
    """A function on R^d, for every d from ``least_dim``.

    Attributes:
        value: of a tensor of any shape, whose entries in order are x: a tensor of no dimensions.
        minimizer: every coordinate of the point where it is 0, its least value.
        source: where the definition is from.
        least_dim: smallest d.
        box: starts are uniform in [-box, box]^d.
    """

    value: Callable[[torch.Tensor], torch.Tensor]
    minimizer: float
    source: str
    least_dim: int = 1
    box: float = 2.0

    def start(self, dim: int, rng: np.random.Generator) -> torch.Tensor:
        """Return a start, float64 of shape (dim,)."""
        return torch.from_numpy(rng.uniform(-self.box, self.box, dim))

    def gradient(self, x: torch.Tensor) -> torch.Tensor:
        """Return the exact gradient, of the shape of x."""
        with torch.enable_grad():
            point = x.detach().clone().requires_grad_()
            (gradient,) = torch.autograd.grad(self.value(point), point)
        return gradient


def quadratic(x: torch.Tensor) -> torch.Tensor:
    """sum x_i^2 / 2."""
    return x.square().sum() / 2


def cubic(x: torch.Tensor) -> torch.Tensor:
    """sum |x_i|^3: convex, with curvature that vanishes at the minimum and grows without bound."""
    return x.abs().pow(3).sum()


def levy(x: torch.Tensor) -> torch.Tensor:
    """sin^2(pi w_1) + sum_(i<d) (w_i - 1)^2 (1 + 10 sin^2(pi w_i + 1)) + (w_d - 1)^2 (1 + sin^2(2 pi w_d)).

    w_i = 1 + (x_i - 1) / 4.
    """
    w = 1 + (x.reshape(-1) - 1) / 4
    inner = (w[:-1] - 1).square() * (1 + 10 * torch.sin(math.pi * w[:-1] + 1).square())
    last = (w[-1] - 1).square() * (1 + torch.sin(2 * math.pi * w[-1]).square())
    return torch.sin(math.pi * w[0]).square() + inner.sum() + last


def rosenbrock(x: torch.Tensor) -> torch.Tensor:
    """sum_(i<d) 100 (x_(i+1) - x_i^2)^2 + (1 - x_i)^2."""
    x = x.reshape(-1)
    return (100 * (x[1:] - x[:-1].square()).square() + (1 - x[:-1]).square()).sum()


def ackley(x: torch.Tensor) -> torch.Tensor:
    """20 - 20 exp(-sqrt(mean x_i^2) / 5) + e - exp(mean cos(2 pi x_i))."""
    root = x.square().mean().sqrt()
    waves = torch.cos(2 * math.pi * x).mean()
    return 20 - 20 * torch.exp(-root / 5) + math.e - torch.exp(waves)


def rastrigin(x: torch.Tensor) -> torch.Tensor:
    """10 d + sum x_i^2 - 10 cos(2 pi x_i)."""
    return (x.square() + 10 * (1 - torch.cos(2 * math.pi * x))).sum()


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "quadratic": Function(quadratic, 0.0, "named in arXiv 2502.01014; this form here"),
        "cubic": Function(cubic, 0.0, "this form here"),
        "levy": Function(
            levy, 1.0, "Levy and Montalvo 1985; in this form Laguna and Marti 2005", least_dim=2
        ),
        "rosenbrock": Function(rosenbrock, 1.0, "Rosenbrock 1960; chain of all coordinates", least_dim=2),
        "ackley": Function(ackley, 0.0, "Ackley 1987, a = 20, b = 1/5, c = 2 pi"),
        "rastrigin": Function(rastrigin, 0.0, "Rastrigin 1974; Muehlenbein et al. 1991 for all d, A = 10"),
    }
)


def function(name: str, dim: int) -> Function:
    """Return a function by name.

    Raises:
        InvalidArgument: no such function, or too few dimensions for it.
    """
    if name not in FUNCTIONS:
        raise InvalidArgument("function", name, f"give one of {', '.join(FUNCTIONS)}")
    found = FUNCTIONS[name]
    if check_count(dim, "dim") < found.least_dim:
        raise InvalidArgument("dim", dim, f"{name} needs at least {found.least_dim}")
    return found
