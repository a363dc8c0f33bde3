"""Rounding of new weights to half precision, up or down at random so that the mean is kept."""

import torch

from zotheory.optim.stream import Stream
from zotheory.optim.workspace import borrowed

HALF = (torch.float16, torch.bfloat16)


class StochasticRounding:
    """Rounds a number to one of its two neighbours, with the probability that makes the mean exact.

    A number beyond the largest finite one becomes what rounding to nearest gives.

    Args:
        stream: random numbers of this purpose.
        step: which step's.
    """

    def __init__(self, stream: Stream, step: int) -> None:
        self.stream, self.step = stream, step

    def write(self, target: torch.Tensor, values: torch.Tensor, low: int) -> None:
        """Write float32 values to a float16 or bfloat16 row whose first flat index is ``low``."""
        # r is the nearest number of the type, e = x - r is exact in float32. The other neighbour is one
        # step of the integer that the bits of r spell, away from zero if e has the sign of r, else
        # towards it. It is taken with probability |e| / |other - r|.
        nearest = values.to(target.dtype)
        wide = nearest.to(torch.float32)
        error = values - wide
        away = (error > 0) == (wide > 0)
        bits = nearest.view(torch.int16)
        other = torch.where(away, bits + 1, bits - 1)
        smallest = torch.where(error > 0, 1, -(2**15) + 1).to(torch.int16)
        other = torch.where(wide == 0, smallest, other).view(target.dtype)
        gap = (other.to(torch.float32) - wide).abs_()
        with borrowed(values.numel(), torch.float32, values.device) as uniform:
            self.stream.fill_uniforms(uniform, self.step, 0, low)
            take = (uniform * gap < error.abs()) & torch.isfinite(gap) & (error != 0)
        target.copy_(torch.where(take, other, nearest))
