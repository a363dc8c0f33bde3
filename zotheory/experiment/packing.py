"""Packing: many records of a configuration become one, for results under version control in few files."""

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from zotheory.experiment.files import TEMPORARY, remove, storing
from zotheory.experiment.records import DATA, Damaged, Record, delete, merged

# Seconds after which what a killed writer left behind is nobody's any more; a write takes far less.
ABANDONED = 3600
# What cannot be read goes out of the way under its name with this behind it.
ASIDE = ".damaged"


def pack_records(folder: Path, configuration: str, found: Sequence[Record | Damaged]) -> list[Path]:
    """Write one record of all cells into a folder, then delete the others; return its manifest, if any.

    Another process may pack at the same time: each deletes only what its own record holds, so that
    nothing is lost, and at worst two records are left for the next time. Records of which cells are lost
    stay, unless all that they have lost is in the others.

    Raises:
        StoreError: it cannot be written; nothing is deleted then.
    """
    readable = [item for item in found if isinstance(item, Record)]
    if not readable:
        return []
    keys = frozenset[str]().union(*(item.keys for item in readable))
    packed = readable[0].path
    if len(readable) > 1 or packed is None or packed.parent != folder or not readable[0].current:
        packed = merged(readable).write(folder, configuration)
    for item in found:
        damage = item.damage if isinstance(item, Record) else item
        spent = damage is None or (damage.keys and damage.keys <= keys)
        if spent and item.path is not None and item.path != packed:
            delete(item.path)
    return [packed]


def set_aside(path: Path) -> Path:
    """Give both files of a record names under which nothing looks for them; return that of its manifest.

    Raises:
        StoreError: the folder cannot be written.
    """
    names = (ASIDE, *(f"{ASIDE}-{number}" for number in range(2, 100)))
    free = next(name for name in names if not any(_behind(file, name).exists() for file in _files(path)))
    for file in _files(path):
        with storing(file), contextlib.suppress(FileNotFoundError):
            os.rename(file, _behind(file, free))
    return _behind(path, free)


def aside(folder: Path) -> list[Path]:
    """Return the files of a folder that were set aside."""
    return sorted(folder.glob(f"*{ASIDE}*"))


def unfinished(folder: Path) -> list[Path]:
    """Return the unfinished files of a folder: of writers at work, and of killed ones."""
    return sorted(folder.glob(f".*{TEMPORARY}"))


def sweep(folder: Path) -> None:
    """Remove the unfinished files that killed writers left an hour ago."""
    limit = time.time() - ABANDONED
    for path in unfinished(folder):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < limit:
                remove(path)


def _files(path: Path) -> tuple[Path, Path]:
    return path, path.with_suffix(DATA)


def _behind(path: Path, name: str) -> Path:
    return path.with_name(f"{path.name}{name}")
