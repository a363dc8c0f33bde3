"""Directions v in the space of all trainable parameters, made slice by slice when asked for."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch


class Direction(ABC):
    """A vector of d entries that is never stored."""

    @abstractmethod
    def values(self, low: int, high: int, device: torch.device) -> torch.Tensor | None:
        """Return entries low, ..., high - 1 as a new float32 tensor; None if all are zero.

        They must be the same however a range is cut into slices, and on every device.
        """


@dataclass(frozen=True, eq=False)
class Combination(Direction):
    """The sum of coefficients times directions, added in order."""

    terms: Sequence[tuple[float, Direction]]

    def values(self, low: int, high: int, device: torch.device) -> torch.Tensor | None:
        """Return the slice in float32."""
        return self.values_in(torch.float32, low, high, device)

    def values_in(
        self, dtype: torch.dtype, low: int, high: int, device: torch.device
    ) -> torch.Tensor | None:
        """Return the slice, products and sums rounded in ``dtype``."""
        total = None
        for coefficient, direction in self.terms:
            part = direction.values(low, high, device)
            if part is not None:
                # Product and sum apart: a fused operation would round differently on some devices.
                part = part.to(dtype).mul_(coefficient)
                total = part if total is None else total.add_(part)
        return total
