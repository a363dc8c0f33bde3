"""A direction read from buffers that an optimizer keeps anyway."""

import math
from bisect import bisect_right
from typing import Any

import torch

from zotheory.optim.directions import Direction
from zotheory.optim.layout import Layout


class Stored(Direction):
    """A stored vector, as it is whenever it is read, times a power of two.

    Args:
        layout: the parameters.
        buffers: for each of its parameters a contiguous tensor of the same shape, or None for zeros.
        exponent: of the factor 2^exponent. Entries are rounded to float32 after it.
        largest: upper bound of the entries' size, for as long as they are read.
    """

    def __init__(
        self,
        layout: Layout,
        buffers: list[torch.Tensor | None],
        exponent: int = 0,
        largest: float = math.inf,
    ) -> None:
        self._largest = largest
        self.starts = [slot.start for slot in layout.slots]
        self.rows = [None if buffer is None else buffer.view(-1) for buffer in buffers]
        self.factor = math.ldexp(1.0, exponent)

    @property
    def largest(self) -> float:
        """As given."""
        return self._largest

    def fill(self, out: torch.Tensor, low: int) -> bool:
        """Write the slice; False only if no parameter in it has a buffer."""
        high, found = low + out.numel(), False
        for number in range(bisect_right(self.starts, low) - 1, len(self.starts)):
            start, row = self.starts[number], self.rows[number]
            if start >= high:
                break
            if row is None:
                continue
            first, last = max(low, start), min(high, start + row.numel())
            if not found and last - first < out.numel():
                out.zero_()
            # In the buffer's type, then rounded.
            torch.mul(row[first - start : last - start], self.factor, out=out[first - low : last - low])
            found = True
        return found


def stored(layout: Layout, buffers: list[torch.Tensor | None]) -> Stored | None:
    """Return a stored vector divided by a power of two so that its largest entry is in [1/2, 1).

    Returns:
        None where it is zero, below the smallest normal number of its type, or not finite.
    """
    ends: list[Any] = [end for buffer in buffers if buffer is not None for end in buffer.aminmax()]
    sizes = [abs(float(end)) for end in ends]
    # What divides a subnormal number by its size may overflow.
    tiny = max((torch.finfo(buffer.dtype).tiny for buffer in buffers if buffer is not None), default=0.0)
    if not all(math.isfinite(size) for size in sizes) or max(sizes, default=0.0) < tiny or not any(sizes):
        return None
    # An update reads an entry before it changes it.
    return Stored(layout, buffers, -math.frexp(max(sizes))[1], largest=1.0)
