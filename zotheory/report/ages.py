"""Which results are older than the code that measures them, and which claims read such results."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zotheory.errors import InvalidArgument, ZotheoryError
from zotheory.experiment.discovery import find, load
from zotheory.experiment.experiment import Experiment
from zotheory.experiment.freshness import changed_since
from zotheory.experiment.request import Request
from zotheory.experiment.settings import configured
from zotheory.experiment.store import Contents, Store
from zotheory.ledger.claim import Claim
from zotheory.report.summary import plural


@dataclass(frozen=True)
class OldResults:
    """Results of one configuration of which some cells were measured by earlier code.

    Attributes:
        experiment: its name.
        configuration: in words, by a preset where that is known.
        cells: how many of them other code measured.
        total: how many there are.
        changed: the files that have changed since; where git cannot tell, a sentence.
    """

    experiment: str
    configuration: str
    cells: int
    total: int
    changed: tuple[str, ...]

    def __str__(self) -> str:
        count = f"{self.cells} of {plural(self.total, 'cell')} measured by earlier code"
        return (
            f"{self.experiment}, {self.configuration}: {count} (changed since: {', '.join(self.changed)})"
        )


@dataclass(frozen=True)
class Ages:
    """What is known of the age of results.

    Attributes:
        old: a set of results each, those that are older than the code.
        sets: how many sets were looked at.
        reading: for each claim that reads old results, by id, the experiments that these are of.
        notes: what could not be looked at.
    """

    old: tuple[OldResults, ...] = ()
    sets: int = 0
    reading: Mapping[str, tuple[str, ...]] | None = None
    notes: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """How many experiments and sets of results are concerned; empty if none."""
        if not self.old:
            return ""
        names = {item.experiment for item in self.old}
        sets = f"{len(self.old)} of {plural(self.sets, 'set')}"
        return f"Results of {plural(len(names), 'experiment')} ({sets}) are older than the code"

    def of_claim(self, name: str) -> str:
        """Return what is to be said of a claim; empty if it reads no old results."""
        found = (self.reading or {}).get(name, ())
        return f"Reads results of {' and '.join(found)}, some measured by earlier code" if found else ""

    @property
    def paragraph(self) -> str:
        """All of it in a few sentences; empty if nothing is to be said."""
        said = [f"{note}." for note in self.notes]
        if self.old:
            names = ", ".join(sorted({item.experiment for item in self.old}))
            claims = ", ".join(self.reading or {}) or "no claim of this report"
            said.insert(0, f"{self.headline}: {names}. Such results are read by {claims}.")
        return " ".join(said)


class Changes:
    """What has changed since results were measured; asked of git once for a commit of an experiment."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], list[str]] = {}

    def since(self, experiment: Experiment[Any], environments: Iterable[Mapping[str, Any]]) -> list[str]:
        """Return what `changed_since` does."""
        found: set[str] = set()
        for fact in environments:
            key = experiment.folder, fact.get("commit"), fact.get("code")
            if key not in self._known:
                self._known[key] = changed_since(experiment, [fact])
            found.update(self._known[key])
        return sorted(found)


def ages_of(store: Path, experiments: Path, claims: Sequence[Claim], changes: Changes) -> Ages:
    """Look at all results in a store and at those that claims read, wherever they lie.

    Args:
        store: the folder of results.
        experiments: the folder of experiments.
        claims: with their data: of these the folders of results count.
        changes: what is known so far.
    """
    read = {claim.id: [Path(claim.file).parent / name for name in claim.data] for claim in claims}
    places = {path.resolve() for paths in read.values() for path in paths if path.is_dir()}
    try:
        known = find(experiments)
    except InvalidArgument:
        note = f"Whether results are older than the code is not known: {experiments}/ is not here"
        return Ages(notes=(note,) if places or store.is_dir() else ())
    places |= {(store / name).resolve() for name in known if (store / name).is_dir()}
    old: dict[Path, list[OldResults]] = {}
    notes, sets = list[str](), 0
    for place in sorted(places):
        if place.name not in known:
            continue
        try:
            keys = Store(place.parent).configurations(place.name)
            experiment = load(place.name, experiments) if keys else None
            for key in keys:
                contents = Store(place.parent).contents(place.name, key)
                sets += bool(contents.records)
                if experiment is not None and (found := _old(experiment, key, contents, changes)):
                    old.setdefault(place, []).append(found)
        except (ZotheoryError, ImportError) as error:
            reason = " ".join(str(error).split())
            notes.append(f"Whether results of {place.name} are older than the code is not known: {reason}")
    names = {
        claim: tuple(path.name for path in paths if path.resolve() in old) for claim, paths in read.items()
    }
    reading = {claim: found for claim, found in names.items() if found}
    return Ages(tuple(item for items in old.values() for item in items), sets, reading, tuple(notes))


def _old(experiment: Experiment[Any], key: str, contents: Contents, changes: Changes) -> OldResults | None:
    """Return what is old of a configuration; None if nothing is."""
    # A cell may be in two records.
    facts = {
        cell["key"]: record.environments[cell["environment"]]
        for record in contents.records
        for cell in record.cells
    }
    count = sum(bool(changes.since(experiment, [fact])) for fact in facts.values())
    if not count:
        return None
    changed = tuple(changes.since(experiment, facts.values()))
    name = _in_words(experiment, key, contents.records[0].about["config"])
    return OldResults(experiment.name, name, count, len(facts), changed)


def _in_words(experiment: Experiment[Any], key: str, config: Mapping[str, Any]) -> str:
    """Return a configuration as its preset, with the names of what is set otherwise."""
    try:
        request = Request.of(experiment, configured(experiment.preset("quick").config, config, []), 1)
    except InvalidArgument:  # of an older version, with other fields
        return f"configuration {key}"
    if request.configuration != key:
        return f"configuration {key} of an earlier version"
    usual = experiment.plain(experiment.preset(request.preset).config)
    other = [name for name, value in request.plain.items() if value != usual[name]]
    return f"preset {request.preset}" + (f" but for {', '.join(other)}" if other else "")
