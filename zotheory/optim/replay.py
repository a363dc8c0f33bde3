"""The update of a step: on each piece of a parameter its directions are made again and added up."""

from collections.abc import Callable
from typing import Any

import torch

from zotheory.optim.directions import Combination, Direction
from zotheory.optim.layout import Layout, Slot, flat_view
from zotheory.optim.rounding import HALF, StochasticRounding
from zotheory.optim.workspace import borrowed

# (group, weights, gradient, buffers) -> new weights, see `ZerothOrderOptimizer.update`.
Update = Callable[[dict[str, Any], torch.Tensor, torch.Tensor, dict[str, torch.Tensor]], torch.Tensor]


class Replay:
    """An update that waits to be done, parameter by parameter.

    Args:
        layout: the parameters.
        probes: coefficients and directions whose sum is the gradient estimate.
        update: gives the new weights of a piece.
        moments: gives a parameter's buffers, by name.
        rounding: of new weights in half precision; None for rounding to nearest.
    """

    def __init__(
        self,
        layout: Layout,
        probes: list[tuple[float, Direction]],
        update: Update,
        moments: Callable[[Slot], dict[str, torch.Tensor]],
        rounding: StochasticRounding | None = None,
    ) -> None:
        self._rounding = rounding
        self._total, self._update, self._moments = Combination(probes), update, moments
        self._rows: dict[int, dict[str, torch.Tensor]] = {}
        # How many entries of a parameter are done, of those that have several pieces.
        self._reached: dict[int, int] = {}
        # Options as they are now: a scheduler may change them before the update is done.
        self._waiting = {id(slot.parameter): (slot, dict(slot.group)) for slot in layout.slots}

    def waits_within(self, layout: Layout) -> bool:
        """Return whether nothing waits beyond the parameters of a layout."""
        return self._waiting.keys() <= {id(slot.parameter) for slot in layout.slots}

    def waiting(self) -> list[torch.Tensor]:
        """Return the parameters that wait."""
        return [slot.parameter for slot, _ in self._waiting.values()]

    def moments(self, slot: Slot) -> dict[str, torch.Tensor]:
        """Return a parameter's buffers, each as one row."""
        rows = self._rows.get(id(slot.parameter))
        if rows is None:
            rows = {name: moment.view(-1) for name, moment in self._moments(slot).items()}
            self._rows[id(slot.parameter)] = rows
        return rows

    def settle(self) -> None:
        """Update all parameters that wait.

        Should that fail, it goes on at the next call with the piece that it failed at. A piece that
        `Update` had begun to write to when it failed, at most `CHUNK` entries, is then shrunk by weight
        decay, or averaged into moments, once more: no copy of pieces is kept for that.
        """
        for slot, _ in self._waiting.values():
            self.moments(slot)  # while nothing has changed, should there be no memory for them
        for slot, _ in list(self._waiting.values()):
            self.settle_one(slot, slot.parameter.detach())

    def settle_one(self, slot: Slot, data: torch.Tensor) -> None:
        """Update a parameter if it waits; ``data`` are its entries, in its shape."""
        # In float32 or wider, rounded once.
        slot, group = self._waiting.get(id(slot.parameter), (slot, None))
        if group is None:
            return
        self._do(slot, group, data)
        del self._waiting[id(slot.parameter)]

    def _do(self, slot: Slot, group: dict[str, Any], data: torch.Tensor) -> None:
        rows = self.moments(slot)
        if group["lr"] == 0 and not rows:
            return
        with flat_view(data) as entries:
            for low, high in slot.windows():
                if high - low == slot.size:
                    self._do_piece(slot, group, low, entries, rows)
                elif low >= self._reached.get(id(slot.parameter), 0):
                    pieces = {name: row[low:high] for name, row in rows.items()}
                    self._do_piece(slot, group, low, entries[low:high], pieces)
                    self._reached[id(slot.parameter)] = high

    def _do_piece(
        self,
        slot: Slot,
        group: dict[str, Any],
        low: int,
        here: torch.Tensor,
        pieces: dict[str, torch.Tensor],
    ) -> None:
        rate, size = group["lr"], here.numel()
        with borrowed(size, slot.dtype, here.device) as gradient:
            self._add_up(gradient, slot.start + low)
            if rate != 0 and here.dtype == slot.dtype:
                self._write(here, self._new(group, here, gradient, pieces), slot.start + low)
                return
            with borrowed(size, slot.dtype, here.device) as copy:
                new = self._new(group, copy.copy_(here), gradient, pieces)
                if rate != 0:
                    self._write(here, new, slot.start + low)

    def overflows(self, unbounded: tuple[str, ...] = ()) -> bool:
        """Return whether a new weight or moment would not be finite that is finite now.

        Nothing is changed.

        Args:
            unbounded: names of moments that may overflow.
        """
        return any(self._overflows(slot, group, unbounded) for slot, group in self._waiting.values())

    def _overflows(self, slot: Slot, group: dict[str, Any], unbounded: tuple[str, ...]) -> bool:
        rows = self.moments(slot)
        if group["lr"] == 0 and rows.keys() <= {*unbounded}:
            return False
        with flat_view(slot.parameter) as entries:
            for low, high in slot.windows():
                here = entries[low:high]
                with (
                    borrowed(high - low, slot.dtype, here.device) as gradient,
                    borrowed(high - low, slot.dtype, here.device) as copy,
                ):
                    self._add_up(gradient, slot.start + low)
                    pieces = {name: row[low:high].clone() for name, row in rows.items()}
                    new = self._new(group, copy.copy_(here), gradient, pieces).to(here.dtype)
                    if group["lr"] != 0 and _leaves_numbers(here, new):
                        return True
                    bounded = rows.keys() - {*unbounded}
                    if any(_leaves_numbers(rows[name][low:high], pieces[name]) for name in bounded):
                        return True
        return False

    def _add_up(self, gradient: torch.Tensor, low: int) -> None:
        if not self._total.add_up(gradient, low):
            gradient.zero_()

    def _new(
        self,
        group: dict[str, Any],
        weights: torch.Tensor,
        gradient: torch.Tensor,
        pieces: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        if group["weight_decay"]:
            weights.mul_(1 - group["lr"] * group["weight_decay"])
        return self._update(group, weights, gradient, pieces)

    def _write(self, here: torch.Tensor, new: torch.Tensor, low: int) -> None:
        if self._rounding is not None and here.dtype in HALF:
            self._rounding.write(here, new, low)
        elif new is not here:
            here.copy_(new)


def _leaves_numbers(before: torch.Tensor, after: torch.Tensor) -> bool:
    return bool((before.isfinite() & ~after.isfinite()).any())
