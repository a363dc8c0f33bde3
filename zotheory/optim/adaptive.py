"""Adaptive optimizers: steps m / sqrt(v + zeta), entry by entry, on zeroth-order estimates."""

import math
from collections.abc import Iterable
from typing import Any, Literal, Unpack

import numpy as np
import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.arguments import check_below_one, check_choice
from zotheory.optim.base import ZerothOrderOptimizer
from zotheory.optim.estimation import Probes
from zotheory.optim.evaluation import Evaluation
from zotheory.optim.layout import Layout
from zotheory.optim.options import Options
from zotheory.optim.overflow import Largest
from zotheory.optim.workspace import scalar
from zotheory.validation import as_real, is_symbolic

# Added to squares in float32, zeta must be a normal number there: so 0 / sqrt(0 + zeta) is 0, never NaN.
SMALLEST_ZETA, LARGEST_ZETA = 1e-37, 1e37


class _Adaptive(ZerothOrderOptimizer):
    # What both have in common: moments and the options betas and zeta.

    @property
    def unbounded(self) -> tuple[str, ...]:
        """The averages of squares: where one is infinite the entry moves no more."""
        return ("second_moment", "largest_second_moment")

    def check_group(self, group: dict[str, Any]) -> None:
        """Check lr, weight_decay, betas and zeta."""
        super().check_group(group)
        betas = group["betas"]
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise InvalidArgument("betas", betas, "give two numbers, such as (0.9, 0.999)")
        group["betas"] = tuple(check_below_one(beta, f"betas[{k}]") for k, beta in enumerate(betas))
        zeta = as_real(group["zeta"])
        if zeta is None or is_symbolic(zeta) or not SMALLEST_ZETA <= zeta <= LARGEST_ZETA:
            remedy = f"give a number from {SMALLEST_ZETA} to {LARGEST_ZETA}; it is added under the root"
            raise InvalidArgument("zeta", group["zeta"], remedy)
        group["zeta"] = float(zeta)

    def buffers(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of the two moments."""
        return ("first_moment", "second_moment")

    def longest_move(self, group: dict[str, Any], gradient: float, moment: Largest) -> float:
        """Return a bound from |m| alone: the root is at least that of zeta."""
        # With bias correction m is divided by 1 - beta1^t >= 1 - beta1, and w by 1 - beta2^t <= 1.
        first = group["betas"][0]
        size = first * moment("first_moment") + (1 - first) * gradient
        corrected = size / (1 - first) if group.get("bias_correction") else size
        ratio = corrected / math.sqrt(group["zeta"])
        return group["lr"] * ratio if ratio <= torch.finfo(torch.float32).max / 4 else math.inf


class ZOAdaMM(_Adaptive):
    """Adam with the largest second moment so far, on a zeroth-order estimate g.

    m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,  w <- max(w, v), all zero at the start,
    and x <- (1 - lr weight_decay) x - lr m / sqrt(w + zeta), entry by entry. Zeta stands under the root,
    other than in Adam, as in `RAdaZO`: their steps differ in the denominators alone.

    Three vectors as long as the parameters are kept, in float32 (float64 for float64 parameters). In
    float32 g^2 overflows beyond |g| = 1.8e19: w is then infinite, and the entry moves no more.

    Source: arXiv 1910.06513, as summarised; zeta and the bias correction are options from elsewhere.

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate, at least 0; where m^2 is near w every entry moves by about lr.
        betas: (beta1, beta2), each in [0, 1).
        zeta: from 1e-37 to 1e37, in units of g^2.
        bias_correction: use m / (1 - beta1^t) and w / (1 - beta2^t) in the step, t the number of updates
            that the optimizer has done; the maximum is over v as it is. Parameters that join a run later
            share its t, and so are corrected too little at first.
        weight_decay: decoupled, at least 0.
        **options: law, mu, queries, difference, delta, seed, model, engine, abreast, delayed, rounding,
            on_bad_loss and parallel, see `ZerothOrderOptimizer`;
            a skipped step leaves the moments as they are.

    Raises:
        InvalidArgument: as `ZerothOrderOptimizer`.

    >>> x = torch.nn.Parameter(torch.tensor([3.0, -2.0]))
    >>> optimizer = ZOAdaMM([x], lr=0.1)
    >>> for _ in range(300):
    ...     loss = optimizer.step(lambda: (x**2).sum())
    >>> bool(x.abs().max() < 1e-2), optimizer.queries
    (True, 600)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        zeta: float = 1e-8,
        bias_correction: bool = False,
        weight_decay: float = 0.0,
        **options: Unpack[Options],
    ) -> None:
        moments = {"betas": betas, "zeta": zeta, "bias_correction": bias_correction}
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, **moments}, **options)

    def check_group(self, group: dict[str, Any]) -> None:
        """Check lr, weight_decay, betas, zeta and bias_correction."""
        super().check_group(group)
        if not isinstance(group["bias_correction"], bool):
            raise InvalidArgument("bias_correction", group["bias_correction"], "give True or False")

    def buffers(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of the moments and of the maximum."""
        return (*super().buffers(group), "largest_second_moment")

    def update(
        self,
        group: dict[str, Any],
        weights: torch.Tensor,
        gradient: torch.Tensor,
        buffers: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        """Return weights - lr m / sqrt(w + zeta)."""
        beta1, beta2 = group["betas"]
        second = _average(buffers["second_moment"], gradient.square(), beta2)
        first = _average(buffers["first_moment"], gradient, beta1)
        largest = buffers["largest_second_moment"]
        torch.maximum(largest, second, out=largest)
        if group["bias_correction"]:
            # This update is not counted yet; skipped steps did not touch the moments.
            updates = self.steps - self.skipped + 1
            first, largest = first / (1 - beta1**updates), largest / (1 - beta2**updates)
        return _moved(group, weights, first, largest)


class RAdaZO(_Adaptive):
    """Adaptive steps whose second moment averages squares of the first moment, not of the estimate g.

    m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) m^2, zero at the start, and x <- (1 - lr
    weight_decay) x - lr m / sqrt(v + zeta), entry by entry: no bias correction, no maximum.

    At one lr its steps are longer than those of `ZOAdaMM`: the first one 1 / (1 - beta1) times, those in
    noise, with beta2 near 1, about sqrt((1 + beta1) / (1 - beta1)) times, and more as the maximum there
    grows (`zotheory.bounds.momentum`). Tune lr for each before they are compared.

    Two vectors as long as the parameters are kept, in float32 (float64 for float64 parameters).

    Source: arXiv 2502.01014, as summarised.

    Args:
        params: parameters, named parameters, or groups of them.
        lr: learning rate, at least 0. The first step moves every entry by lr / sqrt(1 - beta2) if zeta is
            negligible: 32 lr with the default.
        betas: (beta1, beta2), each in [0, 1).
        zeta: from 1e-37 to 1e37, in units of g^2.
        form: "paper": g with the factor d, for which E[v v^T] = delta I. "code": g / d, the published
            code's mean of slopes times directions of unit length; its steps are those of "paper" with zeta
            d^2. d counts the trainable entries of all groups. Mind that mu is along v, of length sqrt(d)
            on average at delta = 1: a smoothing distance along directions of unit length is sqrt(d) mu.
        weight_decay: decoupled, at least 0.
        **options: as `ZOAdaMM`; by default law is "sphere" and queries 2.

    Attributes:
        dim: d at the last estimate, 0 before the first.

    Raises:
        InvalidArgument: as `ZerothOrderOptimizer`.

    >>> x = torch.nn.Parameter(torch.tensor([3.0, -2.0]))
    >>> optimizer = RAdaZO([x], lr=0.01)
    >>> for _ in range(300):
    ...     loss = optimizer.step(lambda: (x**2).sum())
    >>> bool(x.abs().max() < 1e-1), optimizer.queries
    (True, 1200)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        zeta: float = 1e-8,
        form: Literal["paper", "code"] = "paper",
        weight_decay: float = 0.0,
        **options: Unpack[Options],
    ) -> None:
        moments = {"betas": betas, "zeta": zeta, "form": form}
        group = {"lr": lr, "weight_decay": weight_decay, **moments}
        super().__init__(params, group, **{"law": "sphere", "queries": 2, **options})

    def check_group(self, group: dict[str, Any]) -> None:
        """Check lr, weight_decay, betas, zeta and form."""
        super().check_group(group)
        group["form"] = check_choice(group["form"], "form", ("paper", "code"))

    def estimate(self, layout: Layout, evaluation: Evaluation) -> tuple[Probes, float]:
        """Return the estimate of "paper"; `update` divides it by d where a group's form is "code"."""
        self.dim = layout.dim
        return super().estimate(layout, evaluation)

    def update(
        self,
        group: dict[str, Any],
        weights: torch.Tensor,
        gradient: torch.Tensor,
        buffers: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        """Return weights - lr m / sqrt(v + zeta)."""
        beta1, beta2 = group["betas"]
        if group["form"] == "code":
            gradient = gradient.div_(self.dim)
        first = _average(buffers["first_moment"], gradient, beta1)
        second = _average(buffers["second_moment"], first.square(), beta2)
        return _moved(group, weights, first, second)


def _average(average: torch.Tensor, new: torch.Tensor, beta: float) -> torch.Tensor:
    # Product and sum apart: a fused operation would round differently on some devices.
    kind = average.dtype
    return average.mul_(scalar(beta, kind)).add_(new.mul_(scalar(1 - beta, kind)))


def _moved(
    group: dict[str, Any], weights: torch.Tensor, first: torch.Tensor, square: torch.Tensor
) -> torch.Tensor:
    root = _root(square + scalar(group["zeta"], square.dtype))
    move = torch.div(first, root, out=root)
    return weights.sub_(move.mul_(scalar(group["lr"], move.dtype)))


def _root(square: torch.Tensor) -> torch.Tensor:
    # CUDA rounds roots correctly, but the vector library that torch uses on CPUs may miss by one unit
    # in the last place (seen for one number in six, torch 2.13). numpy's is correct.
    if square.device.type == "cpu":
        row = square.numpy()
        np.sqrt(row, out=row)
        return square
    return square.sqrt_()
