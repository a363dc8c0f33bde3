"""Results read by name, for readers without the experiment: it may need packages they do not have."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zotheory.errors import InvalidArgument
from zotheory.experiment.canonical import spelled
from zotheory.experiment.faults import MissingResults
from zotheory.experiment.files import DEFAULT_STORE
from zotheory.experiment.records import Record, joined, merged, slices
from zotheory.experiment.request import counted
from zotheory.experiment.results import Results
from zotheory.experiment.store import Store


def recorded(
    store: Store | str | Path,
    experiment: str,
    *,
    seeds: int = 1,
    where: Mapping[str, Any] | None = None,
    **config: Any,
) -> Results:
    """Return what a store has of an experiment: of the one configuration with these values.

    Of several versions of the experiment the newest counts. Cells come seed by seed. Seeds of which a
    cell is missing that others have, as in a run that goes on, are left out; cells that no seed has are not
    missed here: `Store.read` knows of them, and needs the experiment.

    Args:
        store: the store, or its folder.
        experiment: its name, such as "law-geometry".
        seeds: how many there must be, at least.
        where: values of cells, one or any of a list: wanted are those that have them; by default all.
        **config: values of the configuration, as many as are needed to tell it from others in the store.

    Raises:
        MissingResults: nothing of it is in the store, fewer seeds have all cells, or files are damaged;
            the message says the command that makes them.
        InvalidArgument: several configurations have these values; the message says what tells them apart.
            No cell has those of ``where``.
        StoreError: the system does not let files be read.
    """
    store = store if isinstance(store, Store) else Store(store)
    wanted = {name: list(x) if isinstance(x, tuple) else x for name, x in config.items()}
    found: dict[str, Sequence[Record]] = {}
    damaged: list[str] = []
    for key in store.configurations(experiment):
        contents = store.contents(experiment, key)
        damaged += map(str, contents.damaged)
        if contents.records and _agrees(contents.records[0].about["config"], wanted):
            found[key] = contents.records
    told = f" with {', '.join(f'{name} = {value}' for name, value in config.items())}" if config else ""
    command = f"run: zotheory experiment run {experiment}"
    if seeds > 1:
        command += f" --seeds {seeds}"
    if store.path.absolute() != DEFAULT_STORE.absolute():
        command += f" --store {store.path}"
    if not found:
        damage = "".join(f"; damaged: {item}" for item in damaged)
        raise MissingResults(f"{experiment}: no results{told} in {store.path}{damage}; {command}")
    newest = max(records[0].about["version"] for records in found.values())
    chosen = [records for records in found.values() if records[0].about["version"] == newest]
    if len(chosen) > 1:
        names = _differing([records[0].about["config"] for records in chosen])
        remedy = f"{len(chosen)} configurations are in {store.path}: give a value of {' or '.join(names)}"
        raise InvalidArgument("config", config, remedy)
    record = chosen[0][0] if len(chosen[0]) == 1 else merged(chosen[0])
    if damaged:
        damage = "; ".join(damaged)
        raise MissingResults(f"{experiment}: damaged in {store.path}: {damage}; {command}")
    numbers: dict[str, set[int]] = {}
    only = {} if where is None else dict(where)
    if not any(_is_one(cell["cell"], only) for cell in record.cells):
        raise InvalidArgument(
            "where", only, f"no cell has these values: there are {record.cells[0]['cell']}"
        )
    for cell in record.cells:
        if not _is_one(cell["cell"], only):
            continue
        numbers.setdefault(spelled(cell["cell"]), set()).add(cell["seed"])
    whole = set.intersection(*numbers.values())
    if len(whole) < seeds:
        has = "has" if len(whole) == 1 else "have"
        which = f"{len(numbers)} cells" + "".join(f", {name} = {value}" for name, value in only.items())
        told = f"{counted(len(whole), 'seed')} in {store.path} {has} all {which}, not {seeds}"
        raise MissingResults(f"{experiment}: {told}; {command}")
    kept = [
        (cell, rows)
        for cell, rows in slices(record)
        if cell["seed"] in whole and _is_one(cell["cell"], only)
    ]
    facts = [{**cell, "environment": record.environments[cell["environment"]]} for cell, _ in kept]
    return Results.of(joined([rows for _, rows in kept], experiment), facts)


def _agrees(config: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(name in config and config[name] == value for name, value in wanted.items())


def _is_one(cell: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    lists = {name: x if isinstance(x, (list, tuple)) else [x] for name, x in wanted.items()}
    return all(name in cell and cell[name] in values for name, values in lists.items())


def _differing(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    names = sorted({name for config in configs for name in config})
    return [name for name in names if len({spelled(config.get(name)) for config in configs}) > 1]
