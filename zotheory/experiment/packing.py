"""Packing: many records of a configuration become one, for results under version control in few files."""

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from zotheory.experiment.files import TEMPORARY, remove
from zotheory.experiment.records import DATA, MANIFEST, Damaged, Record, delete, merged

# Seconds after which what a killed writer left behind is nobody's any more.
ABANDONED = 24 * 3600


def pack_records(folder: Path, configuration: str, found: Sequence[Record | Damaged]) -> list[Path]:
    """Write one record of all cells into a folder, then delete the others; return its manifest, if any.

    Another process may pack at the same time: each deletes only what its own record holds, so that
    nothing is lost, and at worst two records are left for the next time.

    Raises:
        StoreError: it cannot be written; nothing is deleted then.
    """
    whole = [item for item in found if isinstance(item, Record)]
    if not whole:
        return []
    kept = {path for path in (item.path for item in whole) if path is not None}
    packed = whole[0].path
    if len(kept) > 1 or packed is None or packed.parent != folder:
        packed = merged(whole).write(folder, configuration)
    keys = frozenset[str]().union(*(item.keys for item in whole))
    spent = {item.path for item in found if isinstance(item, Damaged) and item.keys and item.keys <= keys}
    for path in (kept | spent) - {packed}:
        delete(path)
    return [packed]


def sweep(folder: Path) -> None:
    """Remove what killed writers left a day ago: unfinished files, and data without a manifest."""
    limit = time.time() - ABANDONED
    leftovers = [*folder.glob(f".*{TEMPORARY}")]
    leftovers += [path for path in folder.glob(f"*{DATA}") if not path.with_suffix(MANIFEST).exists()]
    for path in leftovers:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < limit:
                remove(path)
