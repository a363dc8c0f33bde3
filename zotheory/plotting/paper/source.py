"""Where the numbers of a figure come from: one configuration in the store, with all of its cells."""

from dataclasses import dataclass
from typing import Any

from zotheory.errors import InvalidArgument
from zotheory.experiment.environment import committed
from zotheory.experiment.experiment import Experiment
from zotheory.experiment.request import Request
from zotheory.experiment.results import Results
from zotheory.experiment.settings import configured
from zotheory.experiment.store import Store
from zotheory.experiment.table import SEED

Requested = Request[Any]


@dataclass(frozen=True)
class Source:
    """Results with what they are results of.

    Attributes:
        request: experiment, configuration and seeds.
        results: the rows.
        store: where they were read.
    """

    request: Requested
    results: Results
    store: Store

    @property
    def config(self) -> Any:
        """The configuration."""
        return self.request.config

    @property
    def seeds(self) -> int:
        """The number of seeds."""
        return self.request.seeds

    @property
    def command(self) -> str:
        """The command that makes these results."""
        return self.request.command()

    @property
    def commits(self) -> list[str]:
        """The commits at which the cells were measured, where there was git; shortened."""
        found = {fact["environment"].get("commit") for fact in self.results.facts}
        return sorted(_short(commit) for commit in found if commit)

    @property
    def committed(self) -> bool:
        """Whether the files that hold these results are as the last commit has them."""
        request = self.request
        return committed(self.store.manifests(request.experiment.name, request.configuration))


def best_source(
    experiment: Experiment[Any], store: Store, preset: str | None = None, *, preferred: str = ""
) -> Source:
    """Return results to draw.

    Args:
        experiment: which.
        store: where.
        preset: read this one; by default the configuration in the store that took the most function values,
            with all seeds that are complete.
        preferred: by default this one's, if they are in the store; "" for none.

    Raises:
        MissingResults: there are none; the message says the command that makes them.
        InvalidArgument: an unknown preset.
        StoreError: the system does not let files be read.
    """
    if preset is None:
        complete = _complete(experiment, store)
        wanted = experiment.preset(preferred).config if preferred else None
        chosen = [item for item in complete if item.config == wanted] or complete
        if chosen:
            read = [Source(item, _read(item, store), store) for item in chosen]
            return max(read, key=lambda source: (source.results.queries, source.request.configuration))
    request = Request.of(experiment, "quick" if preset is None else preset)
    return Source(request, _read(request, store), store)


def _read(request: Requested, store: Store) -> Results:
    return store.read(request.experiment, request.config, request.seeds)


def _complete(experiment: Experiment[Any], store: Store) -> list[Requested]:
    """Return a request for each configuration that has at least one seed with all cells."""
    found = []
    base = experiment.preset("quick").config
    for key in store.configurations(experiment.name):
        contents = store.contents(experiment.name, key)
        if not contents.records:
            continue
        try:
            config = configured(base, contents.records[0].about["config"], [])
            request = Request.of(experiment, config, 1)
        except InvalidArgument:  # of an older version, with other fields
            continue
        if request.configuration != key:
            continue
        last = max(cell[SEED] for record in contents.records for cell in record.cells)
        # Tasks come seed by seed.
        tasks = Request.of(experiment, config, last + 1).tasks()
        missing = next((seed for task, _, seed in tasks if task not in contents.keys), last + 1)
        if missing > 0:
            found.append(Request.of(experiment, config, missing))
    return found


def _short(commit: str) -> str:
    name, plus, rest = commit.partition("+")
    return f"{name[:10]}{plus}{rest}"
