"""Stochastic gradient descent on a zeroth-order estimate, and its relatives."""

import math
from collections.abc import Iterable
from typing import Any, Unpack

import torch

from zotheory.optim.arguments import check_below_one
from zotheory.optim.base import ZerothOrderOptimizer
from zotheory.optim.options import Options
from zotheory.optim.overflow import Largest
from zotheory.optim.workspace import scalar


class ZOSGD(ZerothOrderOptimizer):
    """x <- (1 - lr weight_decay) x - lr g, with g the mean of slopes times perturbations.

    With momentum, m <- momentum m + g, and m takes the place of g: that keeps one vector as long as the
    parameters, in float32 (float64 for float64 parameters). Without, none is kept.

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate, at least 0. The error of g grows with the number of parameters, and so lr must be
            far below a first-order method's.
        momentum: in [0, 1).
        weight_decay: decoupled, at least 0.
        **options: law, mu, queries, difference, delta, seed, model, engine, abreast, delayed, rounding,
            on_bad_loss and parallel, see `ZerothOrderOptimizer`.

    Raises:
        InvalidArgument: as `ZerothOrderOptimizer`.

    >>> x = torch.nn.Parameter(torch.tensor([3.0, -2.0]))
    >>> optimizer = ZOSGD([x], lr=0.1)
    >>> for _ in range(200):
    ...     loss = optimizer.step(lambda: (x**2).sum())
    >>> bool(x.abs().max() < 1e-3), optimizer.queries
    (True, 400)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        **options: Unpack[Options],
    ) -> None:
        group = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(params, group, **options)

    def check_group(self, group: dict[str, Any]) -> None:
        """Check lr, weight_decay and momentum."""
        super().check_group(group)
        group["momentum"] = check_below_one(group["momentum"], "momentum")

    def buffers(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the momentum, if there is any."""
        return ("momentum",) if group["momentum"] else ()

    def longest_move(self, group: dict[str, Any], gradient: float, moment: Largest) -> float:
        """Return lr times the bound of the gradient, or of the momentum."""
        if group["momentum"]:
            gradient = group["momentum"] * moment("momentum") + gradient
        return group["lr"] * gradient

    def update(
        self,
        group: dict[str, Any],
        weights: torch.Tensor,
        gradient: torch.Tensor,
        buffers: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        """Return weights - lr times the gradient, or times the momentum."""
        if "momentum" in buffers:
            decay = scalar(group["momentum"], gradient.dtype)
            gradient = buffers["momentum"].mul_(decay).add_(gradient).clone()
        return weights.sub_(gradient.mul_(scalar(group["lr"], gradient.dtype)))


class MeZO(ZOSGD):
    """Central differences along Gaussian perturbations, parameters changed in place, draws made again.

    What a step keeps is one scalar a perturbation (`coefficients`). Other than in the published algorithm
    the parameters come back bit for bit after each evaluation: from a copy, or with ``model`` layer by
    layer, at the memory of inference plus one layer. Source: arXiv 2305.17333, as summarised; any other law
    may be given.

    Args and errors as `ZOSGD`, without momentum.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        weight_decay: float = 0.0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(params, lr, weight_decay=weight_decay, **{"law": "gaussian", **options})


class ZOSignSGD(ZOSGD):
    """x <- (1 - lr weight_decay) x - lr sign(g), entry by entry, sign(0) = 0; with momentum sign(m).

    With one perturbation of signs every entry moves by lr, its sign that of slope times perturbation:
    average several (``queries``) for a direction.

    Args and errors as `ZOSGD`.
    """

    def longest_move(self, group: dict[str, Any], gradient: float, moment: Largest) -> float:
        """Return lr, if the momentum is a number."""
        return group["lr"] if super().longest_move(group, gradient, moment) < math.inf else math.inf

    def update(
        self,
        group: dict[str, Any],
        weights: torch.Tensor,
        gradient: torch.Tensor,
        buffers: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        """Return weights - lr times the signs."""
        if "momentum" in buffers:
            gradient = buffers["momentum"].mul_(group["momentum"]).add_(gradient)
        return weights.sub_(torch.sign(gradient).mul_(group["lr"]))
