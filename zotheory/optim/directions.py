"""Directions v in the space of all trainable parameters, made slice by slice when asked for."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch

from zotheory.optim.layout import Layout, Slot
from zotheory.optim.workspace import borrowed, scalar

_NOTHING = nullcontext()


class Direction(ABC):
    """A vector of d entries that is never stored."""

    @abstractmethod
    def fill(self, out: torch.Tensor, low: int) -> bool:
        """Write entries low, ..., low + out.numel() - 1; return False, and leave anything, if all are zero.

        They must be the same however a range is cut into slices, and on every device.

        Args:
            out: float32, one-dimensional and contiguous.
            low: flat index of its first entry.
        """

    @property
    def largest(self) -> float:
        """Bound of the size of every entry, up to their rounding; infinity where none is known."""
        return math.inf

    def fill_scaled(self, out: torch.Tensor, low: int, factor: float) -> bool:
        """Write ``factor`` times the slice, each product rounded once; else as `fill`."""
        found = self.fill(out, low)
        if found:
            out.mul_(factor)
        return found

    def fill_moved(self, out: torch.Tensor, low: int, factor: float, source: torch.Tensor) -> bool:
        """Write ``source`` plus ``factor`` times the slice in one go; return False if that cannot be had.

        Args:
            out: one-dimensional, contiguous, of any type; sums are in float32, rounded once to it.
            low: flat index of its first entry.
            factor: a number.
            source: of the same type and length; it may be ``out``.
        """
        return False

    def values(self, low: int, high: int, device: torch.device | str) -> torch.Tensor | None:
        """Return entries low, ..., high - 1 as a new float32 tensor; None if all are zero."""
        out = torch.empty(high - low, dtype=torch.float32, device=device)
        return out if self.fill(out, low) else None


class Kept(Direction):
    """A direction whose entries are made once, for problems so small that a chunk holds them all."""

    def __init__(self, direction: Direction, dim: int) -> None:
        self.direction, self.dim = direction, dim
        self._rows: dict[torch.device, torch.Tensor | None] = {}

    @property
    def largest(self) -> float:
        """That of the direction."""
        return self.direction.largest

    def fill(self, out: torch.Tensor, low: int) -> bool:
        """Write the slice."""
        row = self._row(out.device)
        if row is None:
            return False
        out.copy_(row[low : low + out.numel()])
        return True

    def fill_scaled(self, out: torch.Tensor, low: int, factor: float) -> bool:
        """Write ``factor`` times the slice."""
        row = self._row(out.device)
        if row is None:
            return False
        size = out.numel()
        torch.mul(row if size == self.dim else row[low : low + size], factor, out=out)
        return True

    def product(self, slot: Slot, factor: float) -> torch.Tensor | None:
        """Return ``factor`` times the entries of a parameter, in its shape and the type of its arithmetic.

        Returns:
            None if they are zero.
        """
        row = self._row(slot.parameter.device)
        if row is None:
            return None
        mine = row if slot.size == self.dim else row[slot.start : slot.stop]
        wide = mine if slot.dtype == torch.float32 else mine.to(slot.dtype)
        return wide.mul(scalar(factor, slot.dtype)).view(slot.parameter.shape)

    def _row(self, device: torch.device) -> torch.Tensor | None:
        if device not in self._rows:
            # Made under inference mode it could not be used outside.
            with torch.inference_mode(False) if torch.is_inference_mode_enabled() else _NOTHING:
                self._rows[device] = self.direction.values(0, self.dim, device)
        return self._rows[device]


def keeper(layout: Layout, count: int) -> Callable[[Direction], Direction]:
    """Return what makes directions `Kept` where a chunk holds ``count`` of them, else leaves them alone."""
    if not layout.fits(count):
        return lambda direction: direction
    return lambda direction: Kept(direction, layout.dim)


@dataclass(frozen=True, eq=False)
class Combination(Direction):
    """The sum of coefficients times directions, added in order."""

    terms: Sequence[tuple[float, Direction]]

    @property
    def largest(self) -> float:
        """By the triangle inequality."""
        return sum(abs(coefficient) * direction.largest for coefficient, direction in self.terms)

    def fill(self, out: torch.Tensor, low: int) -> bool:
        """Write the slice, products and sums rounded to float32."""
        return self.add_up(out, low)

    def add_up(self, out: torch.Tensor, low: int) -> bool:
        """Write the slice as `fill` does, products and sums rounded to the type of ``out``."""
        found = False
        for coefficient, direction in self.terms:
            if not found:
                found = scaled(direction, coefficient, out, low)
                continue
            with borrowed(out.numel(), out.dtype, out.device) as part:
                if scaled(direction, coefficient, part, low):
                    out.add_(part)
        return found


def scaled(direction: Direction, factor: float, out: torch.Tensor, low: int) -> bool:
    """Write ``factor`` times a slice of a direction, rounded to the type of ``out``; see `fill`."""
    # The product is rounded apart from the sum that follows: a fused operation would round differently on
    # some devices.
    if out.dtype == torch.float32:
        return direction.fill_scaled(out, low, factor)
    with borrowed(out.numel(), torch.float32, out.device) as narrow:
        found = direction.fill(narrow, low)
        if found:
            out.copy_(narrow)
            out.mul_(factor)
    return found
