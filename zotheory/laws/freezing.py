"""Read-only storage: an object's arrays must not change under its user's hands."""

from typing import Any

import numpy as np

from zotheory.types import Vector


def frozen(array: Vector) -> Vector:
    """Return a copy that cannot be written to."""
    array = array.copy()
    array.setflags(write=False)
    return array


class Frozen:
    """Mixin: copies and pickles of an object are as read-only as the object."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        # numpy forgets the flag when it copies or unpickles.
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
        self.__dict__.update(state)
