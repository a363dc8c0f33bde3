"""The largest memory that something holds while it runs: of the process, or of torch on a GPU."""

import contextlib
import math
import threading
from pathlib import Path
from typing import Any

import torch

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
# Seconds between two looks where the system keeps no maximum that can be reset.
_INTERVAL = 0.005


def resident() -> int:
    """Return the resident memory of this process, in kB; 0 where there is no /proc."""
    return _status("VmRSS:")


class Peak:
    """The largest memory since `start`, in kB of 1024 bytes.

    On the CPU it is the resident memory of this process (its weights, inputs and libraries with it): the
    kernel's own maximum, which is exact to some pages a thread, or, where that cannot be reset, the largest
    of samples every 5 ms, which misses what is shorter. Where there is no /proc it is NaN. On a GPU it is
    what torch had allocated there, libraries apart.

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
        elif not _STATUS.is_file():
            self.kind = "none"
        else:
            self.kind = "kernel" if not sampled and _reset() else "sampled"

    def start(self) -> None:
        """Forget the past."""
        if self.kind == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        elif self.kind == "kernel":
            _reset()
        elif self.kind == "sampled":
            self.close()
            self._largest, self._stop = resident(), threading.Event()
            threading.Thread(target=self._watch, args=(self._stop,), daemon=True).start()

    @property
    def largest(self) -> float:
        """The maximum since `start`."""
        if self.kind == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 1024
        if self.kind == "kernel":
            return float(_status("VmHWM:"))
        if self.kind == "sampled":
            self._largest = max(self._largest, resident())
            return float(self._largest)
        return math.nan

    def close(self) -> None:
        """End sampling."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _watch(self, stop: threading.Event) -> None:
        while not stop.wait(_INTERVAL):
            self._largest = max(self._largest, resident())


def _status(key: str) -> int:
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1])
    return 0


def _reset() -> bool:
    # "5" sets the kernel's maximum to what is resident now (Linux 4.0); some containers do not let it.
    try:
        _RESET.write_text("5")
    except OSError:
        return False
    return True
