"""How the draws of a run come about, so that anyone can draw them again."""

from collections.abc import Mapping
from typing import Any

import numpy as np

# Longer states (that of MT19937 has 624 words) are not worth printing.
_LONGEST = 40


class Replay:
    """The seed, or the state of the generator before its first draw, and the sizes of the calls."""

    def __init__(self, rng: np.random.Generator | int) -> None:
        self._origin = _origin(rng)
        self._calls: list[list[int]] = []

    def add(self, n: int) -> None:
        """Take down a call for n draws."""
        if self._calls and self._calls[-1][0] == n:
            self._calls[-1][1] += 1
        else:
            self._calls.append([n, 1])

    def data(self) -> dict[str, Any]:
        """Return the origin, and the calls so far as pairs [draws of a call, number of such calls]."""
        return {**self._origin, "calls": [list(pair) for pair in self._calls]}

    @property
    def known(self) -> bool:
        """Whether the origin suffices to draw again."""
        return "unknown" not in self._origin.values()


def _origin(rng: np.random.Generator | int) -> dict[str, Any]:
    if not isinstance(rng, np.random.Generator):
        return {"seed": int(rng), "generator": f"zotheory.rng.stream({int(rng)})"}
    name = type(rng.bit_generator).__name__
    state = _plain(rng.bit_generator.state)
    return {
        "generator": f"numpy.random.{name}",
        "state": state if _length(state) <= _LONGEST else "unknown",
    }


def _plain(state: Any) -> Any:
    if isinstance(state, Mapping):
        return {str(key): _plain(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, (np.ndarray, np.generic)) else state


def _length(state: Any) -> int:
    if isinstance(state, Mapping):
        return sum(_length(value) for value in state.values())
    return len(state) if isinstance(state, list) else 1
