"""Records: finished cells as a Parquet file of their rows, and a JSON manifest that says what they are.

The manifest is written last, and both files are named by its checksum, in which that of the data is: a
record counts as a whole or not at all, and two writers of the same cells never mix theirs.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zotheory.experiment.canonical import digest, spelled
from zotheory.experiment.faults import StoreError
from zotheory.experiment.files import remove, write_atomically

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1
MANIFEST, DATA = ".json", ".parquet"


class Vanished(Exception):
    """A record that another process removed after it was listed; its cells are in another one."""


@dataclass(frozen=True)
class Damaged:
    """A record that cannot be used.

    Attributes:
        path: its manifest.
        reason: what is wrong.
        keys: of the cells that were in it; empty where the manifest cannot be read.
        foreign: whether another version of zotheory wrote it, which can read it.
    """

    path: Path
    reason: str
    keys: frozenset[str] = frozenset()
    foreign: bool = False

    def __str__(self) -> str:
        return f"{self.path} ({self.reason})"


@dataclass(frozen=True, eq=False)
class Record:
    """Cells of one configuration with their rows.

    Attributes:
        about: experiment, version, configuration (its key) and config (its plain values).
        cells: for each cell its key, cell, seed, rows, queries, seconds, peak_memory, finished, and the
            place of its environment in the list of them.
        environments: versions, commit and code of the measurements.
        data: Parquet, the rows of the cells one after another.
        path: its manifest, once it has one.
    """

    about: Mapping[str, Any]
    cells: Sequence[Mapping[str, Any]]
    environments: Sequence[Mapping[str, Any]]
    data: bytes
    path: Path | None = None

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its cells."""
        return frozenset(cell["key"] for cell in self.cells)

    @cached_property
    def table(self) -> "pa.Table":
        """Its rows."""
        return decoded(self.data)

    def write(self, folder: Path, stem: str) -> Path:
        """Write the record into a folder, and return the path of its manifest.

        Raises:
            StoreError: it cannot be written.
        """
        content = {
            "format": FORMAT,
            **self.about,
            "cells": list(self.cells),
            "environments": list(self.environments),
            "sha256": hashlib.sha256(self.data).hexdigest(),
        }
        checksum = digest(content)
        manifest = folder / f"{stem}.{checksum[:12]}{MANIFEST}"
        text = json.dumps({"checksum": checksum, "content": content}, indent=1)
        write_atomically(manifest.with_suffix(DATA), self.data)
        write_atomically(manifest, f"{text}\n".encode("ascii"))
        return manifest


def read(path: Path) -> Record | Damaged:
    """Read a record and check it against its checksums.

    Raises:
        Vanished: it is no longer there.
        StoreError: the system does not let it be read.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise Vanished from None
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}): correct its permissions") from error
    try:
        entry = json.loads(text)
        content = entry["content"]
        if entry["checksum"] != digest(content):
            return Damaged(path, "the checksum of the manifest differs")
        if content.pop("format") != FORMAT:
            return Damaged(path, "it is of another version of zotheory", foreign=True)
        cells, environments, checksum = (content.pop(name) for name in ("cells", "environments", "sha256"))
        keys = frozenset(cell["key"] for cell in cells)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Damaged(path, "the manifest is cut short or damaged")
    file = path.with_suffix(DATA)
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        if not path.exists():
            raise Vanished from None
        return Damaged(path, f"{file.name} is missing", keys)
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror}): correct its permissions") from error
    if hashlib.sha256(data).hexdigest() != checksum:
        return Damaged(path, f"the checksum of {file.name} differs", keys)
    return Record(content, cells, environments, data, path)


def delete(path: Path) -> None:
    """Delete a record: the manifest first, so that no reader finds a manifest without data."""
    remove(path)
    remove(path.with_suffix(DATA))


def merged(records: Sequence[Record]) -> Record:
    """Return one record of the cells of several of one configuration, each cell once, seed by seed.

    Raises:
        StoreError: tables that do not fit together.
    """
    import pyarrow as pa

    environments: dict[str, Mapping[str, Any]] = {}
    found: dict[str, tuple[Mapping[str, Any], pa.Table]] = {}
    for record in records:
        names = [spelled(item) for item in record.environments]
        environments.update(zip(names, record.environments, strict=True))
        for cell, rows in slices(record):
            found.setdefault(cell["key"], ({**cell, "environment": names[cell["environment"]]}, rows))
    order = sorted(found.values(), key=lambda item: (item[0]["seed"], spelled(item[0]["cell"])))
    places = {name: place for place, name in enumerate(sorted(environments))}
    cells = [{**cell, "environment": places[cell["environment"]]} for cell, _ in order]
    table = joined([rows for _, rows in order], records[0].about["experiment"])
    return Record(
        records[0].about, cells, [environments[name] for name in sorted(environments)], encoded(table)
    )


def slices(record: Record) -> list[tuple[Mapping[str, Any], "pa.Table"]]:
    """Return each cell of a record with its rows."""
    found, start = [], 0
    for cell in record.cells:
        found.append((cell, record.table.slice(start, cell["rows"])))
        start += cell["rows"]
    return found


def joined(tables: Sequence["pa.Table"], experiment: str) -> "pa.Table":
    """Return tables one after another; integers become floats where others are floats.

    Raises:
        StoreError: columns of different names, or of types that do not fit.
    """
    import pyarrow as pa

    names = tables[0].column_names
    odd = next((table.column_names for table in tables if table.column_names != names), None)
    if odd is not None:
        raise StoreError(
            f"{experiment}: cells with columns {names} and with {odd}: give all cells the same"
        )
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise StoreError(f"{experiment}: columns of different types: {error}") from error


def encoded(table: "pa.Table") -> bytes:
    """Return a table as Parquet: the same bytes for the same table and version of pyarrow."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def decoded(data: bytes) -> "pa.Table":
    """Return the table that Parquet bytes hold."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.read_table(pa.BufferReader(data))
