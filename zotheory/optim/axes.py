"""Unit vectors along directions that are made again, and lengths and products that any device agrees on."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from zotheory.optim.directions import Combination, Direction
from zotheory.optim.estimation import Probes
from zotheory.optim.layout import Layout
from zotheory.optim.stored import stored
from zotheory.optim.workspace import borrowed

# Products are rounded to a multiple of 2^-40. Those summed here are below 38: 2^17 of them fit int64.
_GRID, _PIECE = 2**40, 2**17
# Normal rows with a smaller squared distance from the line of e are drawn anew. The direction of that part
# is independent of its length, so nothing is biased; |z|^2 - (z.e)^2 then keeps eight digits or more.
CLOSEST = 2.0**-12


class Wide(Combination):
    """A sum in float64, rounded once, so that |v| and v.e are right to the rounding of v's entries."""

    def fill(self, out: torch.Tensor, low: int) -> bool:
        """Write the slice."""
        with borrowed(out.numel(), torch.float64, out.device) as wide:
            found = self.add_up(wide, low)
            if found:
                out.copy_(wide)
        return found


def axis_along(layout: Layout, buffers: list[torch.Tensor | None]) -> Probes | None:
    """Return the unit vector along a stored one, see `stored`; None where that gives none."""
    direction = stored(layout, buffers)
    return unit(layout, [(1.0, direction)]) if direction else None


def unit(layout: Layout, terms: Probes) -> Probes | None:
    """Return a combination of directions divided by its length, or None where it is zero.

    Args:
        layout: the parameters.
        terms: finite coefficients and directions.
    """
    largest = max(abs(coefficient) for coefficient, _ in terms)
    # By powers of two, which cost no digit: coefficients, then entries, at most one in size.
    scaled = [(math.ldexp(c, -math.frexp(largest)[1]), u) for c, u in terms]
    pieces = list(layout.windows())
    top = max(_largest(Combination(scaled), *piece) for piece in pieces)
    if top == 0:
        return None
    scaled = [(math.ldexp(c, -math.frexp(top)[1]), u) for c, u in scaled]
    total = 0
    for piece in pieces:
        with _row(Combination(scaled), *piece) as entries:
            total += 0 if entries is None else _total(entries.square_())
    norm = math.sqrt(total / _GRID)
    return [(c / norm, u) for c, u in scaled]


@contextmanager
def _row(vector: Combination, low: int, high: int, device: torch.device) -> Iterator[torch.Tensor | None]:
    # A slice in float64, None if it is zero.
    with borrowed(high - low, torch.float64, device) as entries:
        yield entries if vector.add_up(entries, low) else None


def _largest(vector: Combination, low: int, high: int, device: torch.device) -> float:
    with _row(vector, low, high, device) as entries:
        return 0.0 if entries is None else float(entries.abs_().max())


def products(layout: Layout, z: Direction, axis: Combination) -> tuple[float, float]:
    """Return z.e and |z|^2."""
    inner = squares = 0
    for piece in layout.windows():
        with _row(Combination([(1.0, z)]), *piece) as row, _row(axis, *piece) as entries:
            if row is not None:
                inner += 0 if entries is None else _total(entries.mul_(row))
                squares += _total(row.square_())
    return inner / _GRID, squares / _GRID


def _total(products: torch.Tensor) -> int:
    whole = products.mul_(_GRID).round_().to(torch.int64)
    return sum(int(part.sum()) for part in whole.split(_PIECE))
