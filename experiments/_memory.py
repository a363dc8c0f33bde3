"""The largest memory that something holds while it runs: of the process, or of torch on a GPU."""

import math
import threading
from collections.abc import Callable
from typing import Any

import torch

from zotheory.errors import InvalidArgument
from zotheory.experiment.environment import reset_peak_memory, resident_memory, stretch_peak

# Seconds between two looks where the system keeps no maximum that can be reset.
_INTERVAL = 0.005


class Peak:
    """The largest memory since `start`, in kB of 1024 bytes.

    On the CPU it is the resident memory of this process (its weights, inputs and libraries with it): the
    kernel's own maximum, which is exact to some pages a thread, or, where that cannot be reset, the
    largest of samples every 5 ms, which misses what is shorter. Where neither is told it is NaN. On a GPU
    it is what torch had allocated there, libraries apart.

    Attributes:
        kind: "kernel", "sampled", "cuda" or "none".
    """

    def __init__(self, device: Any = "cpu", *, sampled: bool = False) -> None:
        """Watch a device.

        Args:
            device: "cpu", or a GPU of torch.
            sampled: whether to sample even where the kernel's maximum can be reset.
        """
        self.device = torch.device(device)
        self._largest = 0
        self._stop: threading.Event | None = None
        if self.device.type == "cuda":
            self.kind = "cuda"
        elif not resident_memory():
            self.kind = "none"
        else:
            self.kind = "kernel" if not sampled and reset_peak_memory(within=True) else "sampled"

    def start(self) -> None:
        """Forget the past."""
        if self.kind == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        elif self.kind == "kernel":
            reset_peak_memory(within=True)
        elif self.kind == "sampled":
            self.close()
            self._largest, self._stop = resident_memory(), threading.Event()
            threading.Thread(target=self._watch, args=(self._stop,), daemon=True).start()

    @property
    def largest(self) -> float:
        """The maximum since `start`."""
        if self.kind == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 1024
        if self.kind == "kernel":
            return stretch_peak() / 1024
        if self.kind == "sampled":
            self._largest = max(self._largest, resident_memory())
            return self._largest / 1024
        return math.nan

    def close(self) -> None:
        """End sampling."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _watch(self, stop: threading.Event) -> None:
        while not stop.wait(_INTERVAL):
            self._largest = max(self._largest, resident_memory())


def in_parts(count: int, size: int, work: Callable[[int, int], object]) -> None:
    """Do work(start, end) for ``count`` things, ``size`` at a time or half as many where memory ends.

    Raises:
        InvalidArgument: not even one thing at a time fits the GPU's memory.
    """
    start = 0
    while start < count:
        try:
            work(start, min(start + size, count))
        except torch.OutOfMemoryError:
            pass
        else:
            start += size
            continue
        # Outside of the handler, whose traceback holds what was computed.
        torch.cuda.empty_cache()
        if size == 1:
            remedy = "not even one sentence at a time fits: give dtype bfloat16 or a smaller model"
            raise InvalidArgument("device", "cuda", remedy)
        size //= 2
