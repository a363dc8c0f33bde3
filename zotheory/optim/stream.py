"""Random signs, normal numbers and integers: entry i is a function of (seed, tag, step, query, i).

Any slice of a stream can be made without the rest. It does not depend on how the stream is cut into
slices, on the number of threads, or on the device: all arithmetic is exact.
"""

import hashlib
import sys
from functools import cache
from typing import Any, Literal

import numpy as np
import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.philox import raw_words, words
from zotheory.optim.workspace import borrowed

# Entries made at a time by those who walk over a whole vector.
CHUNK = 2**18
# Entries of the table of normal quantiles, and the grid on which they lie.
_QUANTILES, _GRID = 2**16, 2**20
# Up to as many entries numpy's calls, which take less time to begin, are quicker than torch's.
_SMALL = 2**12
# Above every entry of `Stream.normals`.
LARGEST_NORMAL = 6.12
LARGEST_SEED = 2**64 - 1


class Stream:
    """The random numbers of one purpose in one run.

    Args:
        seed: the run, an integer from 0 to 2^64 - 1.
        tag: the purpose; different tags give different streams (up to collisions of a 64-bit hash).

    Raises:
        InvalidArgument: a seed outside its range.
    """

    def __init__(self, seed: int, tag: str) -> None:
        self.key = check_seed(seed), _tag_key(tag)

    def signs(
        self, step: int, query: int, low: int, high: int, device: torch.device | str = "cpu"
    ) -> torch.Tensor:
        """Return the fair signs low, ..., high - 1 as a float32 tensor of +1 and -1: bit i is sign i."""
        out = torch.empty(high - low, dtype=torch.float32, device=device)
        self.fill_signs(out, step, query, low)
        return out

    def fill_signs(self, out: torch.Tensor, step: int, query: int, low: int, factor: float = 1.0) -> None:
        """Write ``factor`` times the signs low, low + 1, ... to ``out``, float32 and contiguous."""
        high = low + out.numel()
        if out.device.type != "cpu":
            if not self.write(out, "signs", step, query, low, factor):
                out.copy_(self.portable_signs(step, query, low, high, out.device)).mul_(factor)
            return
        start, skipped = divmod(low, 8)
        octets = self._pieces("<u1", step, query, start, -(-high // 8) - start)
        # Whole rows of the table go where they belong, those at the ends by a copy.
        first, last = (low + 7) // 8 - start, high // 8 - start
        entries, table = out.numpy(), _sign_table()
        if factor != 1.0:
            table = table * np.float32(factor)
        if first > last:  # all within one octet
            entries[:] = table[octets[0]][skipped : skipped + out.numel()]
            return
        if skipped:
            entries[: 8 - skipped] = table[octets[0]][skipped:]
        begin, end = 8 * (start + first) - low, 8 * (start + last) - low
        if end > begin:
            table.take(octets[first:last], axis=0, out=entries[begin:end].reshape(-1, 8), mode="clip")
        if end < out.numel():
            entries[end:] = table[octets[last]][: out.numel() - end]

    def portable_signs(
        self, step: int, query: int, low: int, high: int, device: torch.device | str
    ) -> torch.Tensor:
        """Return the same by torch integers, as on devices other than the CPU."""
        start, skipped = divmod(low, 64)
        found = words(self.key, step, query, start, -(-high // 64) - start, device)
        bits = (found[:, None] >> torch.arange(64, device=device)) & 1
        return (2 * bits.reshape(-1)[skipped : skipped + high - low] - 1).to(torch.float32)

    def normals(
        self, step: int, query: int, low: int, high: int, device: torch.device | str = "cpu"
    ) -> torch.Tensor:
        """Return the normal numbers low, ..., high - 1, float32, each a multiple of 2^-20.

        z = t[a] + t[b], where a and b are the two halves of 32 random bits and t holds the 65,536 normal
        quantiles at the midpoints of equal parts, over sqrt(2), rounded to the grid. Exactly symmetric;
        mean 0; variance 1 to within 1e-8; E z^4 = 2.9996; |z| < 6.12.
        """
        out = torch.empty(high - low, dtype=torch.float32, device=device)
        self.fill_normals(out, step, query, low)
        return out

    def fill_normals(self, out: torch.Tensor, step: int, query: int, low: int) -> None:
        """Write the normal numbers low, low + 1, ... to ``out``, float32 and contiguous."""
        if out.device.type != "cpu":
            if not self.write(out, "normals", step, query, low):
                out.copy_(self.portable_normals(step, query, low, low + out.numel(), out.device))
            return
        if out.numel() <= _SMALL:
            # Few calls, more memory than below.
            halves = self._pieces("<u2", step, query, 2 * low, 2 * out.numel())
            found = _normal_quantiles().take(halves.astype(np.intp), mode="clip")
            np.add(found[::2], found[1::2], out=out.numpy())
            return
        pairs = self._pieces("<u4", step, query, low, out.numel())
        with (
            borrowed(out.numel(), torch.int32, "cpu") as index,
            borrowed(out.numel(), torch.float32, "cpu") as others,
        ):
            half = index.numpy().view(np.uint32)
            np.bitwise_and(pairs, 0xFFFF, out=half)
            torch.index_select(normal_table(), 0, index, out=out)
            np.right_shift(pairs, 16, out=half)
            torch.index_select(normal_table(), 0, index, out=others)
            out.add_(others)

    def portable_normals(
        self, step: int, query: int, low: int, high: int, device: torch.device | str
    ) -> torch.Tensor:
        """Return the same by torch integers, as on devices other than the CPU."""
        start, skipped = divmod(low, 2)
        found = words(self.key, step, query, start, -(-high // 2) - start, device)
        parts = (found[:, None] >> torch.tensor([0, 16, 32, 48], device=device)) & 0xFFFF
        halves = table_on(str(device))[parts].reshape(-1, 2)[skipped : skipped + high - low]
        return halves[:, 0] + halves[:, 1]

    def fill_uniforms(self, out: torch.Tensor, step: int, query: int, low: int) -> None:
        """Write (k + 1/2) 2^-23, k from 0 to 2^23 - 1 the upper bits of 32 random ones an entry.

        ``out`` is float32; entries and their slices are as those of `fill_normals`.
        """
        if out.device.type == "cpu":
            pairs = torch.from_numpy(self._pieces("<u4", step, query, low, out.numel()).astype(np.int64))
        else:
            start, skipped = divmod(low, 2)
            found = words(self.key, step, query, start, -(-(low + out.numel()) // 2) - start, out.device)
            halves = (found[:, None] >> torch.tensor([0, 32], device=out.device)) & 0xFFFFFFFF
            pairs = halves.reshape(-1)[skipped : skipped + out.numel()]
        # 2 k + 1 < 2^24 is exact in float32.
        out.copy_((pairs >> 9) * 2 + 1).mul_(2.0**-24)

    def write(
        self,
        out: torch.Tensor,
        kind: Literal["signs", "normals"],
        step: int,
        query: int,
        low: int,
        factor: float = 1.0,
        source: torch.Tensor | None = None,
        inner: float = 1.0,
    ) -> bool:
        """Write ``factor`` times ``inner`` times entries, plus ``source``, in one go if a kernel can.

        See `zotheory.optim.kernels.write`, also for what is rounded when; without a kernel return False.
        """
        if out.device.type != "cuda":
            return False
        from zotheory.optim import kernels  # imports Triton

        return kernels.write(out, kernels.Entries(self, kind, step, query, low, inner), factor, source)

    def integer(self, step: int, query: int, bound: int, index: int = 0) -> int:
        """Return a uniform integer from 0 to bound - 1, from word ``index``: floor(word bound / 2^64).

        No value's probability is off by more than 2^-64.
        """
        word = int(words(self.key, step, query, index, 1)) % 2**64
        return word * bound >> 64

    def _pieces(self, kind: str, step: int, query: int, first: int, count: int) -> np.ndarray:
        # Little-endian pieces of the words, so that piece 0 holds the lowest bits of word 0.
        size = 8 // int(kind[-1])
        start, skipped = divmod(first, size)
        found = raw_words(self.key, step, query, start, -(-(first + count) // size) - start)
        if sys.byteorder == "big":
            found = found.byteswap()
        return found.view(kind)[skipped : skipped + count]


@cache
def _tag_key(tag: str) -> int:
    return int.from_bytes(hashlib.sha256(tag.encode()).digest()[:8], "little")


def check_seed(seed: Any) -> int:
    """Return a seed as an integer.

    Raises:
        InvalidArgument: anything but an integer from 0 to 2^64 - 1.
    """
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not whole or not 0 <= int(seed) <= LARGEST_SEED:
        raise InvalidArgument("seed", seed, "give an integer from 0 to 2**64 - 1")
    return int(seed)


@cache
def normal_table() -> torch.Tensor:
    """Return t, float32, shape (65536,): symmetric, of variance 1/2, every entry a multiple of 2^-20."""
    from scipy.special import ndtri

    # Midpoint quantiles lose a little variance in the tails, 6e-5 of it: divided out. Sums of two entries
    # stay below 2^3, so on a grid of 2^-20 float32 holds them and their sums exactly.
    upper = ndtri((np.arange(_QUANTILES // 2) + 0.5) / _QUANTILES + 0.5)
    upper *= np.sqrt(0.5 / np.mean(upper**2))
    half = np.rint(upper * _GRID) / _GRID
    return torch.from_numpy(np.concatenate([-half[::-1], half]).astype(np.float32))


@cache
def _normal_quantiles() -> np.ndarray:
    return normal_table().numpy()


@cache
def table_on(device: str) -> torch.Tensor:
    """Return `normal_table` on a device."""
    return normal_table().to(device)


@cache
def _sign_table() -> np.ndarray:
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    return (2 * bits - 1).astype(np.float32)
