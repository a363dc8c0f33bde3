"""Draws of the laws: directions whose entries are made from streams whenever they are asked for."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from zotheory.optim.directions import Direction
from zotheory.optim.layout import Layout
from zotheory.optim.stream import LARGEST_NORMAL, Stream
from zotheory.optim.workspace import borrowed


@dataclass(frozen=True)
class Entries(Direction):
    """Entries of a stream times a factor."""

    stream: Stream
    kind: Literal["signs", "normals"]
    step: int
    query: int
    factor: float = 1.0

    @property
    def largest(self) -> float:
        """Bound of the entries' size."""
        return abs(self.factor) * (1.0 if self.kind == "signs" else LARGEST_NORMAL)

    def fill(self, out: torch.Tensor, low: int) -> bool:
        """Write the slice."""
        draw = self.stream.fill_signs if self.kind == "signs" else self.stream.fill_normals
        draw(out, self.step, self.query, low)
        if self.factor != 1.0:
            out.mul_(self.factor)
        return True

    def fill_scaled(self, out: torch.Tensor, low: int, factor: float) -> bool:
        """Write ``factor`` times the slice."""
        if self.kind == "signs" and self.factor == 1.0:
            self.stream.fill_signs(out, self.step, self.query, low, factor)
            return True
        return super().fill_scaled(out, low, factor)

    def fill_moved(self, out: torch.Tensor, low: int, factor: float, source: torch.Tensor) -> bool:
        """Write ``source`` plus ``factor`` times the slice, if a kernel can."""
        return self.stream.write(out, self.kind, self.step, self.query, low, factor, source, self.factor)


@dataclass(frozen=True)
class SignBlock(Direction):
    """Signs times a factor at start, ..., stop - 1, zero elsewhere."""

    start: int
    stop: int
    factor: float
    stream: Stream
    step: int
    query: int

    @property
    def largest(self) -> float:
        """Bound of the entries' size."""
        return self.factor

    def fill(self, out: torch.Tensor, low: int) -> bool:
        """Write the slice."""
        first, last = max(low, self.start), min(low + out.numel(), self.stop)
        if first >= last:
            return False
        inside = out[first - low : last - low]
        if inside.numel() < out.numel():
            out.zero_()
        self.stream.fill_signs(inside, self.step, self.query, first, self.factor)
        return True


class Normalized(Direction):
    """The draw of `Sphere`."""

    def __init__(self, seed: int, layout: Layout, step: int, query: int) -> None:
        self.seed, self.layout, self.step, self.query = seed, layout, step, query
        self.stream = Stream(seed, "sphere")
        self._found: Direction | None = None

    @property
    def largest(self) -> float:
        """Bound of the entries' size."""
        return 1.001 * math.sqrt(self.layout.dim)  # its length, and room for rounding

    def fill(self, out: torch.Tensor, low: int) -> bool:
        """Write the slice."""
        if self._found is None and out.numel() == self.layout.dim:  # all entries at once: one pass will do
            self.stream.fill_normals(out, self.step, self.query, low)
            self._found = self._scaled(_square(out))
            if isinstance(self._found, Entries):
                out.mul_(self._found.factor)
                return True
        return self._scaled_once().fill(out, low)

    def fill_scaled(self, out: torch.Tensor, low: int, factor: float) -> bool:
        """Write ``factor`` times the slice."""
        return self._scaled_once().fill_scaled(out, low, factor)

    def fill_moved(self, out: torch.Tensor, low: int, factor: float, source: torch.Tensor) -> bool:
        """Write ``source`` plus ``factor`` times the slice, if a kernel can."""
        return self._scaled_once().fill_moved(out, low, factor, source)

    def _scaled_once(self) -> Direction:
        if self._found is None:
            total = 0
            for low, high, device in self.layout.windows():
                with borrowed(high - low, torch.float32, device) as z:
                    self.stream.fill_normals(z, self.step, self.query, low)
                    total += _square(z)
            self._found = self._scaled(total)
        return self._found

    def _scaled(self, square: int) -> Direction:
        dim = self.layout.dim
        if square == 0:
            signs = Stream(self.seed, "sphere sign")
            return SignBlock(0, 1, math.sqrt(dim), signs, self.step, self.query)
        factor = math.sqrt(dim / square) * 2**20
        return Entries(self.stream, "normals", self.step, self.query, factor)


def _square(z: torch.Tensor) -> int:
    # |z|^2 2^40 exactly. Entries are multiples of 2^-20 below 2^3: squares of z 2^20 are below 2^46, and
    # 2^17 of them fit int64.
    if z.device.type == "cpu":  # numpy's integers take half as long
        whole = np.multiply(z.numpy(), 2.0**20).astype(np.int64)
        parts = (whole[low : low + 2**17] for low in range(0, len(whole), 2**17))
        return sum(int(np.dot(part, part)) for part in parts)
    squares = z.mul(2**20).to(torch.int64).square_()
    return sum(int(part.sum()) for part in squares.split(2**17))


@dataclass(frozen=True)
class Products(Direction):
    """The draw of `LowRank`.

    Factors of the parameter at `start` are entries start, start + 1, ... of the two streams, so that
    parameters never share signs: it has at least as many entries as rows, or columns.
    """

    streams: tuple[Stream, Stream]
    layout: Layout
    step: int
    query: int

    @property
    def largest(self) -> float:
        """Bound of the entries' size."""
        return 1.0

    def fill(self, out: torch.Tensor, low: int) -> bool:
        """Write the slice."""
        high = low + out.numel()
        for slot in self.layout.slots:
            if slot.start < high and low < slot.stop:
                first, last = max(low, slot.start), min(high, slot.stop)
                out[first - low : last - low] = self._within(
                    slot.start, slot.parameter.shape, first, last, out.device
                )
        return True

    def _within(
        self, start: int, shape: torch.Size, low: int, high: int, device: torch.device
    ) -> torch.Tensor:
        rows, columns = self.streams
        if len(shape) < 2:
            return rows.signs(self.step, self.query, low, high, device)
        width = math.prod(shape[1:])
        low, high = low - start, high - start
        first, last = low // width, (high - 1) // width + 1
        left = rows.signs(self.step, self.query, start + first, start + last, device)
        if high - low >= 2 * width:
            right = columns.signs(self.step, self.query, start, start + width, device)
            skipped = low - first * width
            return torch.outer(left, right).reshape(-1)[skipped : skipped + high - low]
        parts = []  # of at most three long rows, of which only what is asked for is made
        for row in range(first, last):
            begin, end = max(low - row * width, 0), min(high - row * width, width)
            part = columns.signs(self.step, self.query, start + begin, start + end, device)
            parts.append(part.mul_(left[row - first]))
        return torch.cat(parts)
