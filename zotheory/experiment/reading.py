"""Reading records: what of them agrees with its checksums, and how much else is lost."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from zotheory.experiment.blocks import Layout, manifest_within
from zotheory.experiment.canonical import digest
from zotheory.experiment.faults import StoreError
from zotheory.experiment.records import DATA, FORMAT, Damaged, Record, Vanished
from zotheory.experiment.request import counted


def read(path: Path) -> Record | Damaged:
    """Read a record, given the path of its manifest, and check it against its checksums.

    Raises:
        Vanished: it is no longer there.
        StoreError: the system does not let it be read.
    """
    text, data = _bytes(path), _bytes(path.with_suffix(DATA))
    if data is None and (text is None or not path.exists()):
        raise Vanished
    content, checksum, wrong = _parsed(text)
    if content is None and data is not None:
        content = manifest_within(data)
    try:
        if content is None:
            return Damaged(path, f"{wrong}; {_guess(text)}")
        if content["format"] == 1:
            return _read_first_format(path, content, data)
        if content["format"] != FORMAT:
            return Damaged(path, "it is of a later version of zotheory", foreign=True)
        return _read(path, content, data, checksum, wrong if text is not None else "")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Damaged(path, f"the manifest has wrong content ({type(error).__name__} {error})")


def _read(
    path: Path, content: dict[str, Any], data: bytes | None, checksum: str, note: str
) -> Record | Damaged:
    """Return what of a record is whole; ``checksum`` is that of the Parquet file, empty if not known."""
    file, cells, layout = path.with_suffix(DATA), content["cells"], Layout.read(content)
    if data is None:
        return Damaged(path, f"{file.name} is missing; {_told(cells, cells)}", _keys(cells))
    same = hashlib.sha256(data).hexdigest() == checksum
    whole = [same or block.is_whole(data) for block in layout.blocks]
    ends = list(accumulate(block.cells for block in layout.blocks))
    kept, lost = [], []
    for block, end, good in zip(layout.blocks, ends, whole, strict=True):
        (kept if good else lost).extend(cells[end - block.cells : end])
    damage = None
    if lost:
        reason = f"the checksum of {file.name} differs; {_told(lost, cells)}"
        damage = Damaged(path, reason, _keys(lost))
        if not kept:
            return damage
    elif checksum and not same:
        note = f"the checksum of {file.name} differs, though not that of any rows"
    about = {name: content[name] for name in ("experiment", "version", "configuration", "config")}
    environments = content["environments"]
    return Record(about, kept, environments, data, path, layout, whole, note, same, damage)


def _read_first_format(path: Path, content: dict[str, Any], data: bytes | None) -> Record | Damaged:
    about = dict(content)
    del about["format"]
    cells, environments, checksum = (about.pop(name) for name in ("cells", "environments", "sha256"))
    file = path.with_suffix(DATA)
    if data is None or hashlib.sha256(data).hexdigest() != checksum:
        wrong = f"{file.name} is missing" if data is None else f"the checksum of {file.name} differs"
        return Damaged(path, f"{wrong}; {_told(cells, cells)}", _keys(cells))
    return Record(about, cells, environments, data, path, current=False)


def _bytes(path: Path) -> bytes | None:
    """Return the content of a file, or None if it is not there.

    Raises:
        StoreError: the system does not let it be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}): correct its permissions") from error


def _parsed(text: bytes | None) -> tuple[dict[str, Any] | None, str, str]:
    """Return the content of a manifest, the checksum of its Parquet file, and else what is wrong."""
    if text is None:
        return None, "", "the manifest is missing"
    try:
        entry = json.loads(text)
        content, checksum = entry["content"], entry.get("sha256", "")
        if entry["checksum"] != digest(content):
            return None, "", "the checksum of the manifest differs"
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, "", "the manifest is cut short or damaged"
    return content, checksum, ""


def _told(lost: Sequence[Mapping[str, Any]], cells: Sequence[Mapping[str, Any]]) -> str:
    """Return how many cells are lost, of which seeds."""
    seeds = {cell["seed"] for cell in lost}
    which = (
        f"seed {min(seeds)}" if len(seeds) == 1 else f"{len(seeds)} seeds from {min(seeds)} to {max(seeds)}"
    )
    return f"{len(lost)} of {counted(len(cells), 'cell')} lost, of {which}"


def _guess(text: bytes | None) -> str:
    """Return how many cells a damaged manifest still names."""
    seeds = re.findall(rb'"seed": *(\d+)', text or b"")
    if not seeds:
        return "nobody knows how many cells are lost"
    return f"at least {counted(len(seeds), 'cell')} lost, of {counted(len(set(seeds)), 'seed')}"


def _keys(cells: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(cell["key"] for cell in cells)
