"""The store: a folder of results, one folder an experiment, in which finished cells are kept once."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from zotheory.experiment.experiment import Experiment
from zotheory.experiment.faults import MissingResults, StoreError
from zotheory.experiment.files import DEFAULT_STORE, require_folder, require_writable
from zotheory.experiment.packing import aside, pack_records, set_aside, sweep, unfinished
from zotheory.experiment.reading import read
from zotheory.experiment.records import DATA, MANIFEST, Damaged, Record, Vanished, joined, slices
from zotheory.experiment.request import Request
from zotheory.experiment.results import Results

Config = TypeVar("Config")
# Loose cells lie in this folder of the experiment's until they are packed.
LOOSE = "cells"
# A listing is out of date as soon as another process packs; it is made again this often.
ATTEMPTS = 100


@dataclass(frozen=True, eq=False)
class Contents:
    """What the store has of one configuration.

    Attributes:
        records: those of which at least some cells can be read; they have these cells only.
        damaged: what is lost, except cells that are in another record too.
        notes: what is wrong with files although no cell is lost; packing puts it right.
    """

    records: tuple[Record, ...]
    damaged: tuple[Damaged, ...]
    notes: tuple[str, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the finished cells."""
        return frozenset[str]().union(*(record.keys for record in self.records))


class Store:
    """A folder of results.

    Several processes may read and write it at once: files appear at one stroke and are never changed. A
    finished cell goes into two files of its own, which `pack` joins to two files a configuration.

    Args:
        path: the folder; made when the first cell is kept.
    """

    def __init__(self, path: str | Path = DEFAULT_STORE) -> None:
        self.path = Path(path)

    def read(
        self,
        experiment: Experiment[Config],
        config: Config | str = "quick",
        seeds: int | None = None,
    ) -> Results:
        """Return the results of a configuration: all cells, in the order of the grid, seeds 0 to seeds - 1.

        Args:
            experiment: which.
            config: a configuration, or the name of a preset.
            seeds: how many; by default as many as the preset says, or for a configuration as the nearest
                one.

        Raises:
            MissingResults: some are not in the store, or are damaged; the message says the command that
                makes them.
            InvalidArgument: an unknown preset, or a configuration of another experiment.
            StoreError: the system does not let files be read, or columns that do not fit together.
        """
        request = Request.of(experiment, config, seeds)
        contents = self.contents(experiment.name, request.configuration)
        found: dict[str, tuple[Mapping[str, Any], Any]] = {}
        for record in contents.records:
            for cell, rows in slices(record):
                environment = record.environments[cell["environment"]]
                found.setdefault(cell["key"], ({**cell, "environment": environment}, rows))
        wanted = request.keys()
        missing = sum(key not in found for key in wanted)
        if missing:
            damage = "".join(f"; damaged: {item}" for item in contents.damaged)
            raise MissingResults(
                f"{experiment.name}: {missing} of {len(wanted)} cells are not in {self.path}{damage}; "
                f"run: {request.command(self.path)}"
            )
        table = joined([found[key][1] for key in wanted], experiment.name)
        facts = [found[key][0] for key in wanted]
        return Results.of(table, facts)

    def contents(self, experiment: str, configuration: str) -> Contents:
        """Return what there is of a configuration, given by its key; every file is checked.

        Raises:
            StoreError: the system does not let a file be read.
        """
        for _ in range(ATTEMPTS):
            try:
                return _contents([read(path) for path in self.manifests(experiment, configuration)])
            except Vanished:
                continue
        raise StoreError(f"{self.path / experiment} changes faster than it can be read: try again later")

    def manifests(self, experiment: str, configuration: str = "") -> list[Path]:
        """Return the manifests of a configuration, or of all: packed ones first.

        One that is missing is among them, where its Parquet file is there.

        Raises:
            InvalidArgument: the store is a file.
            StoreError: the system does not let a folder be read.
        """
        require_folder(self.path)
        folder = self.path / experiment
        return [*_listed(folder, configuration), *_listed(folder / LOOSE, configuration)]

    def keep(self, experiment: str, key: str, record: Record) -> Path:
        """Keep a finished cell, and return the path of its manifest.

        Raises:
            StoreError: it cannot be written.
        """
        return record.write(self.path / experiment / LOOSE, f"{record.about['configuration']}-{key}")

    def require_writable(self, experiment: str) -> None:
        """Check that cells can be kept.

        Raises:
            InvalidArgument: the store is a file.
            StoreError: they cannot.
        """
        require_folder(self.path)
        require_writable(self.path / experiment / LOOSE)

    def pack(
        self,
        experiment: str,
        configuration: str | None = None,
        *,
        tell_lost: Callable[[str], None] | None = None,
    ) -> list[Path]:
        """Join the cells of a configuration, or of every one, to one record each; return their manifests.

        Nothing is removed before what it holds is on the disk in another record. Records of an older
        format are written anew.

        Args:
            experiment: its name.
            configuration: its key; by default all.
            tell_lost: called with a line for each record of which cells are lost that are nowhere else; its
                files are renamed then, to ``*.damaged``. By default they stay as they are. Records of a
                later version of zotheory always do.

        Raises:
            InvalidArgument: the store is a file.
            StoreError: it cannot be written.
        """
        chosen = self.configurations(experiment) if configuration is None else [configuration]
        folder, packed = self.path / experiment, list[Path]()
        for key in chosen:
            for _ in range(ATTEMPTS):
                try:
                    found = [read(path) for path in self.manifests(experiment, key)]
                    break
                except Vanished:
                    continue
            else:
                raise StoreError(f"{folder} changes faster than it can be packed: try again later")
            packed += pack_records(folder, key, found)
            if tell_lost is not None:
                for item in _lost(found):
                    if not item.foreign and item.path not in packed:
                        tell_lost(f"{item}; its files are kept as {set_aside(item.path)} and beside it")
        sweep(folder)
        sweep(folder / LOOSE)
        return packed

    def leftovers(self, experiment: str) -> list[Path]:
        """Return files that hold no results: set aside as damaged, or left unfinished by killed runs."""
        folders = (self.path / experiment, self.path / experiment / LOOSE)
        return [path for folder in folders for path in (*aside(folder), *unfinished(folder))]

    def configurations(self, experiment: str) -> list[str]:
        """Return the keys of all configurations in the store."""
        return sorted({path.name[:16] for path in self.manifests(experiment)})


def _listed(folder: Path, configuration: str) -> list[Path]:
    """Return the manifests in a folder of a configuration; none where there is no folder.

    Raises:
        StoreError: the system does not let it be read.
    """
    try:
        paths = [Path(entry.name) for entry in os.scandir(folder)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be read ({error.strerror}): make it a folder that can"
        ) from error
    found = {path.with_suffix(MANIFEST) for path in paths if path.suffix in (MANIFEST, DATA)}
    return [folder / path for path in sorted(found) if path.name.startswith(configuration)]


def _contents(found: Iterable[Record | Damaged]) -> Contents:
    items = list(found)
    records = tuple(item for item in items if isinstance(item, Record))
    notes = tuple(f"{item.path} ({item.note})" for item in records if item.note)
    return Contents(records, tuple(_lost(items)), notes)


def _lost(found: Iterable[Record | Damaged]) -> list[Damaged]:
    """Return what is lost of records, except cells that are whole in another one."""
    items = list(found)
    keys = frozenset[str]().union(*(item.keys for item in items if isinstance(item, Record)))
    damages = [item.damage if isinstance(item, Record) else item for item in items]
    return [item for item in damages if item is not None and (not item.keys or item.keys - keys)]
