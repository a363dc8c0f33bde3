"""Memory that is used again: fresh pages cost several times the arithmetic done on them."""

import threading
from functools import lru_cache

import torch


class _Store(threading.local):
    # One a thread: evaluations in lockstep never share a piece.
    def __init__(self) -> None:
        self.free: dict[tuple[torch.dtype, torch.device], list[torch.Tensor]] = {}


_store = _Store()


class borrowed:
    """``with borrowed(size, dtype, device) as row``: uninitialised entries, a chunk or so.

    The thread keeps the memory for later.
    """

    __slots__ = ("_free", "_row", "_size")

    def __init__(self, size: int, dtype: torch.dtype, device: torch.device | str) -> None:
        key = dtype, torch.device(device)
        self._free = _store.free.get(key) or _store.free.setdefault(key, [])
        self._size = size
        row = self._free.pop() if self._free else None
        if row is None or row.numel() < size:
            # Made under inference mode it could not be written to outside.
            with torch.inference_mode(False):
                row = torch.empty(size, dtype=dtype, device=device)
        self._row = row

    def __enter__(self) -> torch.Tensor:
        return self._row if self._row.numel() == self._size else self._row[: self._size]

    def __exit__(self, *error: object) -> None:
        self._free.append(self._row)


@lru_cache(maxsize=64)
def scalar(value: float, dtype: torch.dtype) -> torch.Tensor:
    """Return a number that is used every step as a tensor without dimensions, not to be written to.

    On a small tensor, arithmetic with it takes half the time that it takes with Python's number, from which
    torch makes such a tensor every time. The results are the same. It is on the CPU,
    whatever torch's default device: next to a tensor of any device it counts as a number.
    """
    with torch.inference_mode(False):
        return torch.tensor(value, dtype=dtype, device="cpu")


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


def held_once(row: torch.Tensor) -> bool:
    """Return whether no other tensor, or anything else, uses the memory of a tensor."""
    return _holders(row) == _ONE


def _holders(row: torch.Tensor) -> int:
    # Torch's own count: of views, of what autograd saved, wherever they are. It is no public function;
    # where there is none memory is not used again.
    count = getattr(torch._C, "_storage_Use_Count", None)
    return -1 if count is None else count(row.untyped_storage()._cdata)


_ONE = max(_holders(torch.empty(1, device="cpu")), 0)
