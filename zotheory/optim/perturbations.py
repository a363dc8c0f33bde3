"""Random perturbations of all trainable parameters jointly, E[v v^T] = I, entry by entry from streams."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from zotheory.errors import InvalidArgument
from zotheory.optim.directions import Direction
from zotheory.optim.draws import Entries, Normalized, Products, SignBlock
from zotheory.optim.layout import Layout
from zotheory.optim.stream import Stream
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
class Rademacher(Perturbation):
    """Independent fair signs; |v|^2 = d, so nu = d."""

    def draw(self, seed: int, layout: Layout, step: int, query: int) -> Direction:
        """Return the signs."""
        return Entries(Stream(seed, "rademacher"), "signs", step, query)


@dataclass(frozen=True)
class Gaussian(Perturbation):
    """Independent normal entries (see `Stream.normals`), nu = d + 2."""

    def draw(self, seed: int, layout: Layout, step: int, query: int) -> Direction:
        """Return the normal numbers."""
        return Entries(Stream(seed, "gaussian"), "normals", step, query)


@dataclass(frozen=True)
class Sphere(Perturbation):
    """v = sqrt(d) z / |z|, |z| over all parameters jointly; |v|^2 = d up to rounding, so nu = d.

    |z| takes a pass over the stream of its own when the direction is first used. It is summed exactly, in
    integers, so that it does not depend on the device. z = 0, of probability 2^-16 at d = 1 and at most
    2^-32 above, is replaced by the first axis with a fair sign.
    """

    def draw(self, seed: int, layout: Layout, step: int, query: int) -> Direction:
        """Return the normal numbers, scaled."""
        return Normalized(seed, layout, step, query)


@dataclass(frozen=True)
class Coordinate(Perturbation):
    """v = sqrt(d) e_J with a fair sign, J uniform over the flat index; nu = d.

    Without the sign, forward differences would have a bias of order mu even on quadratics.
    """

    def draw(self, seed: int, layout: Layout, step: int, query: int) -> Direction:
        """Return the axis."""
        chosen = Stream(seed, "coordinate").integer(step, query, layout.dim)
        signs = Stream(seed, "coordinate sign")
        return SignBlock(chosen, chosen + 1, math.sqrt(layout.dim), signs, step, query)

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
        return SignBlock(start, stop, factor, Stream(seed, "block"), step, query)

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
        return Products(streams, layout, step, query)


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
