"""Records: finished cells as a Parquet file of their rows, and a JSON manifest that says what they are.

Each of the two files has the manifest, and the rows have checksums block by block (see `blocks`): where one
is damaged, or the manifest is gone, the cells that are whole still count (see `reading`). Both are named by
the checksum of the manifest, in which those of the rows are: two writers of the same cells never mix them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zotheory.experiment.blocks import Layout, decoded, encoded
from zotheory.experiment.canonical import digest, spelled
from zotheory.experiment.faults import StoreError
from zotheory.experiment.files import remove, write_atomically

if TYPE_CHECKING:
    import pyarrow as pa

# Format 1 had one checksum for all rows, and no manifest in the Parquet file.
FORMAT = 2
MANIFEST, DATA = ".json", ".parquet"


class Vanished(Exception):
    """A record that another process removed after it was listed; its cells are in another one."""


@dataclass(frozen=True)
class Damaged:
    """A record of which cells cannot be read.

    Attributes:
        path: its manifest.
        reason: what is wrong, and how much is lost.
        keys: of the cells that are lost; empty where nobody knows them.
        foreign: whether a later version of zotheory wrote it, which can read it.
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
        layout: of the data, where parts of it may be damaged.
        whole: for each block of the layout, whether it can be read; the cells are those of these blocks.
        note: what is wrong with its files although no cell is lost; empty if nothing is.
        current: whether both files are as they would be written now.
        damage: what is lost; None if nothing is.
    """

    about: Mapping[str, Any]
    cells: Sequence[Mapping[str, Any]]
    environments: Sequence[Mapping[str, Any]]
    data: bytes
    path: Path | None = None
    layout: Layout | None = None
    whole: Sequence[bool] = ()
    note: str = ""
    current: bool = True
    damage: Damaged | None = None

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its cells."""
        return frozenset(cell["key"] for cell in self.cells)

    @cached_property
    def table(self) -> "pa.Table":
        """Its rows."""
        return decoded(self.data) if self.layout is None else self.layout.table(self.data, self.whole)

    def write(self, folder: Path, stem: str) -> Path:
        """Write the record into a folder, and return the path of its manifest.

        Raises:
            StoreError: it cannot be written.
        """
        rows = [cell["rows"] for cell in self.cells]
        layout = Layout.of(self.table, rows)
        content = {
            "format": FORMAT,
            **self.about,
            "environments": list(self.environments),
            **layout.content(),
            "cells": list(self.cells),
        }
        checksum = digest(content)
        manifest = folder / f"{stem}.{checksum[:12]}{MANIFEST}"
        data = layout.file(self.table, rows, content)
        write_atomically(manifest.with_suffix(DATA), data)
        write_atomically(manifest, _spread(checksum, hashlib.sha256(data).hexdigest(), content))
        return manifest


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


def _spread(checksum: str, data: str, content: Mapping[str, Any]) -> bytes:
    """Return a manifest as JSON with a line for each cell."""
    entry = {"checksum": checksum, "sha256": data, "content": {**content, "cells": []}}
    start, end = json.dumps(entry, indent=1).rsplit("[]", 1)  # the cells are last
    cells = ",\n".join(f"   {spelled(cell)}" for cell in content["cells"])
    return f"{start}[\n{cells}\n  ]{end}\n".encode("ascii")
