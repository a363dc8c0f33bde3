"""The circumstances of a measurement: versions, commit, peak memory."""

import contextlib
import importlib.metadata
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from zotheory.experiment.records import DATA

PACKAGES = ("numpy", "scipy", "pyarrow", "joblib")


@lru_cache(maxsize=16)
def versions(packages: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Return the versions of Python, zotheory and the packages in this process, by name."""
    import zotheory

    found = {"python": platform.python_version(), "platform": platform.platform()}
    found["zotheory"] = zotheory.__version__
    for name in (*PACKAGES, *packages):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def commit(folder: Path) -> str | None:
    """Return the git commit of a folder, with "+changes" if tracked files differ; None without git."""
    try:
        changed = git(folder, "status", "--porcelain", "--untracked-files=no")
        return git(folder, "rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


def committed(manifests: Sequence[Path]) -> bool:
    """Return whether records are, with their data, as the last commit of their folder has them."""
    if not manifests:
        return False
    files = [str(path.resolve()) for item in manifests for path in (item, item.with_suffix(DATA))]
    try:
        git(manifests[0].parent, "ls-files", "--error-unmatch", "--", *files)
        return not git(manifests[0].parent, "status", "--porcelain", "--", *files)
    except (OSError, subprocess.SubprocessError):
        return False


def git(folder: Path, *arguments: str) -> str:
    """Return what a git command prints in a folder; raises OSError or SubprocessError if it cannot."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()


# The largest of the stretches before the last reset that was made within a measurement.
_earlier = 0


def reset_peak_memory(*, within: bool = False) -> bool:
    """Begin to measure the peak anew; return whether the system allows it (Linux).

    Args:
        within: whether a measurement goes on, of which a stretch begins that `stretch_peak` tells:
            `peak_memory` still tells the peak of the whole.
    """
    global _earlier
    before = max(_earlier, stretch_peak()) if within else 0
    try:
        # "5" sets the kernel's maximum to what is resident now (Linux 4.0).
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    _earlier = before
    return True


def stretch_peak() -> int:
    """Return the most memory that this process held since the last reset, in bytes; 0 if it is unknown."""
    return resident_memory("VmHWM")


def resident_memory(key: str = "VmRSS") -> int:
    """Return the memory that this process holds, in bytes; 0 where there is no /proc.

    Args:
        key: "VmRSS", now, or "VmHWM", the kernel's maximum.
    """
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(key)).split()[1]) * 1024
    return 0


def peak_memory() -> int | None:
    """Return the most memory that this process held, in bytes: since the reset, or else since its start."""
    found = stretch_peak()
    if found:
        return max(found, _earlier)
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
