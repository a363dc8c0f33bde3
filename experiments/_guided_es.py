"""Guided ES: descent whose perturbations are longer along a guide; biased towards it by intent."""

import math
from collections.abc import Iterable
from typing import Any, Unpack

import torch

from zotheory.optim import ZOSGD
from zotheory.optim.axes import axis_along
from zotheory.optim.directions import Combination, Direction
from zotheory.optim.estimation import Probes
from zotheory.optim.layout import Layout, Slot
from zotheory.optim.options import Options
from zotheory.optim.perturbations import Gaussian
from zotheory.optim.stream import Stream


class GuidedES(ZOSGD):
    """x <- x - lr g, g the mean of slopes times v = sqrt(alpha) z + sqrt((1 - alpha) d) zeta e.

    z and zeta are normal, e is the unit vector along the average m <- guide_decay m + g of past estimates,
    so that E[v v^T] = alpha I + (1 - alpha) d e e^T, whose trace is d as that of the laws with delta = 1:
    this is Guided ES's covariance (alpha/d) I + ((1 - alpha)/k) U U^T for a subspace of dimension k = 1,
    times d. E g = alpha a + (1 - alpha) d (e.a) e is not a multiple of the gradient a. Without a guide v =
    z. Source: arXiv 1806.10230, as summarised; that guides are past estimates is our choice, the guide that
    `GuidedSGD` has.

    Args:
        params: parameters.
        lr: learning rate.
        alpha: share of the trace outside the guide's direction, in (0, 1].
        guide_decay: in [0, 1).
        **options: as `ZOSGD`; law is that of steps without a guide.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        alpha: float = 0.5,
        guide_decay: float = 0.99,
        **options: Unpack[Options],
    ) -> None:
        self.alpha, self.guide_decay = alpha, guide_decay
        given: Options = {"law": "gaussian", **options}
        super().__init__(params, lr, **given)

    def buffers(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the guide's name."""
        return ("guide",)

    def update(
        self,
        group: dict[str, Any],
        weights: torch.Tensor,
        gradient: torch.Tensor,
        buffers: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        """Return the new weights, and add the estimate to the guide."""
        buffers["guide"].mul_(self.guide_decay).add_(gradient)
        return super().update(group, weights, gradient, {})

    def directions(self, layout: Layout) -> list[Direction]:
        """Return the perturbations of a step."""

        def guide(slot: Slot) -> torch.Tensor | None:
            return self.state.get(slot.parameter, {}).get("guide")

        axis = axis_along(layout, [guide(slot) for slot in layout.slots])
        return [self._direction(layout, axis, query) for query in range(self.perturbations)]

    def _direction(self, layout: Layout, axis: Probes | None, query: int) -> Direction:
        if axis is None:
            return self.law.draw(self.seed, layout, self.steps, query)
        z = Gaussian().draw(self.seed, layout, self.steps, query)
        normal = Stream(self.seed, "guided es").normals(self.steps, query, 0, 1, "cpu")
        along = math.sqrt((1 - self.alpha) * layout.dim) * float(normal)
        return Combination([(math.sqrt(self.alpha), z), *((along * c, term) for c, term in axis)])
