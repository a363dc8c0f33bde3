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
