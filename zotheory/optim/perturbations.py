"""Random perturbations of all trainable parameters jointly, E[v v^T] = I, entry by entry from streams."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.directions import Direction
from zotheory.optim.layout import Layout
from zotheory.optim.stream import LARGEST_NORMAL, Stream
from zotheory.optim.workspace import borrowed
from zotheory.validation import check_count


class Perturbation(ABC):
    """A law on R^d, d = layout.dim, with E[v v^T] = I."""

    @abstractmethod
    def draw(self, seed: int, layout: Layout, step: int, query: int) -> Direction:
        """Return the draw of a query in a step: the same arguments give the same direction."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def entry_size(self, layout: Layout) -> float:
        """Return the size of a typical non-zero entry, to tell whether mu is lost in rounding."""
        return 1.0


@dataclass(frozen=True)
class _Entries(Direction):
    # Entries of a stream times a factor.
    stream: Stream
    kind: Literal["signs", "normals"]
    step: int
    query: int
    factor: float = 1.0

    @property
    def largest(self) -> float:
        return abs(self.factor) * (1.0 if self.kind == "signs" else LARGEST_NORMAL)

    def fill(self, out: torch.Tensor, low: int) -> bool:
        draw = self.stream.fill_signs if self.kind == "signs" else self.stream.fill_normals
        draw(out, self.step, self.query, low)
        if self.factor != 1.0:
            out.mul_(self.factor)
        return True

    def fill_scaled(self, out: torch.Tensor, low: int, factor: float) -> bool:
        if self.kind == "signs" and self.factor == 1.0:
            self.stream.fill_signs(out, self.step, self.query, low, factor)
            return True
        return super().fill_scaled(out, low, factor)

    def fill_moved(self, out: torch.Tensor, low: int, factor: float, source: torch.Tensor) -> bool:
        return self.stream.write(out, self.kind, self.step, self.query, low, factor, source, self.factor)


@dataclass(frozen=True)
class Rademacher(Perturbation):
    """Independent fair signs; |v|^2 = d, so nu = d."""

    def draw(self, seed: int, layout: Layout, step: int, query: int) -> Direction:
        """Return the signs."""
        return _Entries(Stream(seed, "rademacher"), "signs", step, query)


@dataclass(frozen=True)
class Gaussian(Perturbation):
    """Independent normal entries (see `Stream.normals`), nu = d + 2."""

    def draw(self, seed: int, layout: Layout, step: int, query: int) -> Direction:
        """Return the normal numbers."""
        return _Entries(Stream(seed, "gaussian"), "normals", step, query)


@dataclass(frozen=True)
class Sphere(Perturbation):
    """v = sqrt(d) z / |z|, |z| over all parameters jointly; |v|^2 = d up to rounding, so nu = d.

    |z| takes a pass over the stream of its own when the direction is first used. It is summed exactly, in
    integers, so that it does not depend on the device. z = 0, of probability 2^-16 at d = 1 and at most
    2^-32 above, is replaced by the first axis with a fair sign.
    """

    def draw(self, seed: int, layout: Layout, step: int, query: int) -> Direction:
        """Return the normal numbers, scaled."""
        return _Normalized(seed, layout, step, query)


class _Normalized(Direction):
    # The draw of `Sphere`.

    def __init__(self, seed: int, layout: Layout, step: int, query: int) -> None:
        self.seed, self.layout, self.step, self.query = seed, layout, step, query
        self.stream = Stream(seed, "sphere")
        self._found: Direction | None = None

    @property
    def largest(self) -> float:
        return 1.001 * math.sqrt(self.layout.dim)  # its length, and room for rounding

    def fill(self, out: torch.Tensor, low: int) -> bool:
        if self._found is None and out.numel() == self.layout.dim:  # all entries at once: one pass will do
            self.stream.fill_normals(out, self.step, self.query, low)
            self._found = self._scaled(_square(out))
            if isinstance(self._found, _Entries):
                out.mul_(self._found.factor)
                return True
        return self._scaled_once().fill(out, low)

    def fill_scaled(self, out: torch.Tensor, low: int, factor: float) -> bool:
        return self._scaled_once().fill_scaled(out, low, factor)

    def fill_moved(self, out: torch.Tensor, low: int, factor: float, source: torch.Tensor) -> bool:
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
            return _Block(0, 1, math.sqrt(dim), signs, self.step, self.query)
        factor = math.sqrt(dim / square) * 2**20
        return _Entries(self.stream, "normals", self.step, self.query, factor)


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
class _Block(Direction):
    # `factor` times signs at start, ..., stop - 1, zero elsewhere.
    start: int
    stop: int
    factor: float
    stream: Stream
    step: int
    query: int

    @property
    def largest(self) -> float:
        return self.factor

    def fill(self, out: torch.Tensor, low: int) -> bool:
        first, last = max(low, self.start), min(low + out.numel(), self.stop)
        if first >= last:
            return False
        inside = out[first - low : last - low]
        if inside.numel() < out.numel():
            out.zero_()
        self.stream.fill_signs(inside, self.step, self.query, first, self.factor)
        return True


@dataclass(frozen=True)
class Coordinate(Perturbation):
    """v = sqrt(d) e_J with a fair sign, J uniform over the flat index; nu = d.

    Without the sign, forward differences would have a bias of order mu even on quadratics.
    """

    def draw(self, seed: int, layout: Layout, step: int, query: int) -> Direction:
        """Return the axis."""
        chosen = Stream(seed, "coordinate").integer(step, query, layout.dim)
        signs = Stream(seed, "coordinate sign")
        return _Block(chosen, chosen + 1, math.sqrt(layout.dim), signs, step, query)

    def entry_size(self, layout: Layout) -> float:
        """Return sqrt(d)."""
        return math.sqrt(layout.dim)


@dataclass(frozen=True)
class Block(Perturbation):
    """sqrt(d / m_b) times signs on block b of size m_b, drawn with probability m_b / d; zero elsewhere.

    |v|^2 = d whatever the block, so nu = d also for blocks of different sizes.

    Args:
        size: m, consecutive entries of the flat index (the last block may be shorter); None for one block
            a parameter.
    """

    size: int | None = None

    def __post_init__(self) -> None:
        if self.size is not None:
            check_count(self.size, "size")

    def draw(self, seed: int, layout: Layout, step: int, query: int) -> Direction:
        """Return the signs on the block that holds a uniform coordinate: so its probability is m_b / d."""
        chosen = Stream(seed, "block choice").integer(step, query, layout.dim)
        if self.size is None:
            slot = next(slot for slot in layout.slots if chosen < slot.stop)
            start, stop = slot.start, slot.stop
        else:
            start = chosen - chosen % self.size
            stop = min(start + self.size, layout.dim)
        factor = math.sqrt(layout.dim / (stop - start))
        return _Block(start, stop, factor, Stream(seed, "block"), step, query)

    def entry_size(self, layout: Layout) -> float:
        """Return sqrt(d / m) for the largest block."""
        largest = max(slot.size for slot in layout.slots) if self.size is None else self.size
        return math.sqrt(layout.dim / min(largest, layout.dim))


@dataclass(frozen=True)
class LowRank(Perturbation):
    """In each parameter of two dimensions or more u w^T, u and w independent fair signs; else fair signs.

    Rows are the first dimension. All entries are +-1 and uncorrelated, E[u_i w_j u_k w_l] = 0 unless i = k
    and j = l, so E[v v^T] = I jointly and |v|^2 = d: nu = d.
    """

    def draw(self, seed: int, layout: Layout, step: int, query: int) -> Direction:
        """Return the products."""
        streams = Stream(seed, "low-rank rows"), Stream(seed, "low-rank columns")
        return _Products(streams, layout, step, query)


@dataclass(frozen=True)
class _Products(Direction):
    # Factors of the parameter at `start` are entries start, start + 1, ... of the two streams, so that
    # parameters never share signs: it has at least as many entries as rows, or columns.
    streams: tuple[Stream, Stream]
    layout: Layout
    step: int
    query: int

    @property
    def largest(self) -> float:
        return 1.0

    def fill(self, out: torch.Tensor, low: int) -> bool:
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


LAWS: dict[str, type[Perturbation]] = {
    "rademacher": Rademacher,
    "gaussian": Gaussian,
    "sphere": Sphere,
    "coordinate": Coordinate,
    "block": Block,
    "low-rank": LowRank,
}


def as_perturbation(law: Any) -> Perturbation:
    """Return a law itself, or the one of that name.

    Raises:
        InvalidArgument: neither a `Perturbation` nor a known name.
    """
    if isinstance(law, Perturbation):
        return law
    if isinstance(law, str) and law in LAWS:
        return LAWS[law]()
    raise InvalidArgument("law", law, f"give one of {', '.join(LAWS)}, or a zotheory.optim.Perturbation")
