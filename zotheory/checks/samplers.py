"""A user's sampler, held to its contract: n independent finite draws that depend on the generator only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from zotheory.errors import InvalidArgument, ZotheoryError
from zotheory.laws.base import Law
from zotheory.rng import stream
from zotheory.types import FloatArray
from zotheory.validation import is_symbolic

# A law, or a function (n, generator) that returns n draws, one a row.
Sampler: TypeAlias = Law | Callable[[int, np.random.Generator], Any]

_PROBE = 64
# Seeds that must not all give the same draws. Even rare events, once in a probe, fall on the same
# rows under six seeds with a probability below 64^-5.
_SEEDS = 6
# A second run may differ by rounding, as parallel sums do; not by more than this share.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Source:
    """A sampler whose every batch of draws is looked at before it is used.

    Attributes:
        sampler: law or function (n, generator).
        shape: shape of one draw: () for numbers, (dim,) for vectors.
        name: the argument that error messages name.

    Raises:
        InvalidArgument: neither a law nor callable, or a law of another dimension.
    """

    sampler: Sampler
    shape: tuple[int, ...]
    name: str = "sampler"

    def __post_init__(self) -> None:
        if isinstance(self.sampler, Law):
            dim = self.sampler.dim
            if is_symbolic(dim) or self.shape != (int(dim),):
                raise self._refused(
                    f"the law has dimension {dim}, one draw here has shape {self.shape}: make them equal"
                )
        elif isinstance(self.sampler, type) or not callable(self.sampler):
            raise self._refused(
                "give a law (an instance, not its class) or a function (n, generator) that returns n draws"
            )

    def draw(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n draws, shape (n, *shape).

        Raises:
            InvalidArgument: the sampler raised, or returned another shape or an entry that is not a finite
                real number.
        """
        sampler = self.sampler
        wanted = (n, *self.shape)
        try:
            raw = sampler.sample(n, rng) if isinstance(sampler, Law) else sampler(n, rng)
        except (ZotheoryError, MemoryError):
            raise
        except Exception as error:
            what = f"it raised {type(error).__name__}: {error}"
            raise self._refused(
                f"{what}; it is called as sampler(n, generator) and returns shape {wanted}"
            ) from error
        try:
            array = np.asarray(raw)
        except ValueError as error:  # ragged lists
            raise self._refused(f"return an array of shape {wanted}, not ragged lists") from error
        if array.shape != wanted:
            raise self._refused(
                f"it returned shape {array.shape} for n = {n}: return an array of shape {wanted}"
            )
        if array.dtype.kind not in "fiubO":
            raise self._refused(f"it returned {array.dtype} entries: return finite real numbers")
        try:
            array = array.astype(float, copy=False)
        except (TypeError, ValueError) as error:
            raise self._refused("return finite real numbers") from error
        if not np.all(np.isfinite(array)):
            bad = int(np.size(array) - np.count_nonzero(np.isfinite(array)))
            raise self._refused(f"{bad} of {array.size} entries are NaN or infinite: return finite numbers")
        return array

    def probe(self) -> None:
        """Check that the draws depend on the generator handed over, and on nothing else.

        A sampler whose draws are all one constant passes here: a constant may be what is claimed.

        Raises:
            InvalidArgument: two runs with one seed differ, or runs with different seeds do not.
        """
        first, again = (self.draw(_PROBE, stream(0, "probe", 0)).copy() for _ in range(2))
        scale = float(np.abs(first).max(initial=0.0))
        if np.abs(first - again).max(initial=0.0) > _ROUNDING * scale:
            raise self._refused(
                "it depends on hidden state: two calls with generators of one seed gave different draws; "
                "take every random number from the generator it is given, not from a global or stored one"
            )
        if np.all(first == first[0]):
            return
        for seed in range(1, _SEEDS):
            if not np.array_equal(first, self.draw(_PROBE, stream(0, "probe", seed))):
                return
        raise self._refused(
            f"it ignores the generator: {_SEEDS} seeds gave the same {_PROBE} draws; take every random "
            "number from the generator it is given"
        )

    def _refused(self, remedy: str) -> InvalidArgument:
        return InvalidArgument(self.name, self.sampler, remedy)
