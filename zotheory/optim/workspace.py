"""Memory that is used again: fresh pages cost several times the arithmetic done on them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# One store a thread: evaluations in lockstep never share a piece.
_local = threading.local()


@contextmanager
def borrowed(size: int, dtype: torch.dtype, device: torch.device | str) -> Iterator[torch.Tensor]:
    """Lend ``size`` uninitialised entries, at most a few chunks; the thread keeps the memory for later."""
    kept: dict[tuple[torch.dtype, torch.device], list[torch.Tensor]] = _local.__dict__.setdefault(
        "kept", {}
    )
    free = kept.setdefault((dtype, torch.device(device)), [])
    found = free.pop() if free else None
    if found is None or found.numel() < size:
        # Made under inference mode it could not be written to outside.
        with torch.inference_mode(False):
            found = torch.empty(size, dtype=dtype, device=device)
    try:
        yield found[:size]
    finally:
        free.append(found)


class Spare:
    """Memory of layers that are done, for layers to come of the same size."""

    def __init__(self) -> None:
        self._rows: list[torch.Tensor] = []

    def take(self, size: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        """Return a row of ``size`` uninitialised entries; what does not fit is given up."""
        for place, row in enumerate(self._rows):
            if row.numel() == size and row.dtype == dtype and row.device == device:
                return self._rows.pop(place)
        self._rows.clear()
        # Made under inference mode, parameters could not point to it outside.
        with torch.inference_mode(False):
            return torch.empty(size, dtype=dtype, device=device)

    def give(self, row: torch.Tensor) -> None:
        """Take a row back."""
        self._rows.append(row)
