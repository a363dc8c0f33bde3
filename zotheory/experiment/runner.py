"""Running an experiment: the cells that are not in the store yet, each kept as soon as it is finished."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from zotheory.experiment.discovery import modules_below
from zotheory.experiment.environment import commit
from zotheory.experiment.executors import Executor, check_jobs, check_place, connected
from zotheory.experiment.experiment import Experiment
from zotheory.experiment.faults import StoreError
from zotheory.experiment.others import Others
from zotheory.experiment.records import Record
from zotheory.experiment.request import Request
from zotheory.experiment.retrying import settled
from zotheory.experiment.shipping import packed
from zotheory.experiment.stopping import stop_requested
from zotheory.experiment.store import Store
from zotheory.experiment.work import Job, Outcome

Config = TypeVar("Config")


@dataclass
class Report:
    """How a run went.

    Attributes:
        request: what was asked for.
        total: cells, counted once for each seed.
        found: how many of them were in the store before, or put there by another run meanwhile.
        done: how many were finished now.
        failures: those that raised.
        interrupted: whether it was stopped by Ctrl-C.
        seconds: how long it took.
        packed: manifests of what the cells were packed into.
    """

    request: Request[Any]
    total: int
    found: int
    done: int = 0
    failures: list[Outcome] = field(default_factory=list)
    interrupted: bool = False
    seconds: float = 0.0
    packed: list[Path] = field(default_factory=list)

    @property
    def settled(self) -> int:
        """How many cells are in the store or have failed."""
        return self.found + self.done + len(self.failures)

    @property
    def complete(self) -> bool:
        """Whether all cells are in the store."""
        return self.found + self.done == self.total


def run(
    experiment: Experiment[Config],
    config: Config | str = "quick",
    *,
    seeds: int | None = None,
    store: Store | None = None,
    jobs: int | None = None,
    executor: str = Executor.LOCAL,
    scheduler: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Report:
    """Run what is missing of an experiment; finished cells are kept whatever happens to the others.

    Several runs of the same configuration may go on at once; they share the cells, more or less.

    Args:
        experiment: as `discovery.load` returns it.
        config: a configuration, or the name of a preset.
        seeds: how many, numbered from 0; by default as many as the preset has.
        store: where results are kept; by default the folder "results".
        jobs: how many processes, at most 256; by default one for each processor, and 1 runs everything in
            this one.
        executor: "local", or "dask" for the cluster of a scheduler.
        scheduler: address of the scheduler, such as "tcp://host:8786".
        progress: called with the number of cells finished and of all, first with those found.
        warn: called with a line for each damaged file, the cells of which are computed again, after Ctrl-C
            and when a worker has died.

    Returns:
        What was done. Cells that raised, or at which a worker died, are in it; so is whether Ctrl-C ended
        the run: the first one lets the cells under way finish, the second one does not.

    Raises:
        InvalidArgument: a bad argument; nothing has run.
        ZotheoryError: as the experiment's `ready`; nothing has run.
        ExperimentError: a bad grid; nothing has run.
        StoreError: the store cannot be read or written, or has become full; what is in it is kept.
        ScheduleError: the scheduler does not answer, or workers die whatever they run; what is finished
            is kept.
    """
    request = Request.of(experiment, config, seeds)
    store = Store() if store is None else store
    jobs = check_jobs(jobs)
    check_place(executor, scheduler)
    warn = (lambda line: None) if warn is None else warn
    tasks = request.tasks()
    start = time.perf_counter()
    report = Report(request, len(tasks), 0)
    # Ctrl-C during the search and the packing, which are brief, waits for their end too.
    with stop_requested(warn) as stop:
        try:
            with connected(executor, scheduler) as client:
                contents = store.contents(experiment.name, request.configuration)
                todo = [task for task in tasks if task[0] not in contents.keys]
                report.found = len(tasks) - len(todo)
                if todo:
                    store.require_writable(experiment.name)
                for item in contents.damaged:
                    warn(f"damaged: {item}; what this run needs of it is run again")
                if progress is not None:
                    progress(report.found, report.total)
                if todo and client is None and experiment.ready is not None:
                    experiment.ready(request.config)
                if todo:
                    others = Others(store, experiment.name, request.configuration, warn)
                    keep, found = _keeper(others, report), report.found
                    job = _job(request)
                    with closing(settled(job, todo, jobs, client, stop, warn, others)) as finished:
                        for outcome in finished:
                            with stop.shielded():
                                keep(outcome)
                            report.found = found + len(others.skipped)
                            if progress is not None:
                                progress(report.settled, report.total)
                    report.found = found + len(others.skipped)
            report.packed = _packed(store, report, warn)
        except KeyboardInterrupt:
            report.interrupted = True
    report.interrupted |= stop.requested
    report.seconds = time.perf_counter() - start
    return report


def _keeper(others: Others, report: Report) -> Callable[[Outcome], None]:
    """Return what keeps a finished cell in the store, and counts it in the report."""
    about, facts = _about(report.request), _facts(report.request.experiment)

    def keep(outcome: Outcome) -> None:
        if outcome.error:
            report.failures.append(outcome)
            return
        assert outcome.facts is not None
        assert outcome.versions is not None
        cell = {"key": outcome.key, "cell": dict(outcome.cell), "seed": outcome.seed, "environment": 0}
        environment = dict(outcome.versions) | facts
        record = Record(about, [cell | dict(outcome.facts)], [environment], outcome.data)
        others.keep(outcome.key, record)
        report.done += 1

    return keep


def _packed(store: Store, report: Report, warn: Callable[[str], None]) -> list[Path]:
    """Pack what a run has finished; damaged files go out of the way if it is complete.

    Raises:
        StoreError: the store cannot be written, and something was to be kept in it.
    """
    request = report.request
    tell_lost = (lambda line: warn(f"lost: {line}")) if report.complete else None
    try:
        return store.pack(request.experiment.name, request.configuration, tell_lost=tell_lost)
    except StoreError as error:
        if report.done:
            raise
        warn(f"not packed: {error}")
        return []


def _about(request: Request[Any]) -> dict[str, Any]:
    return {
        "experiment": request.experiment.name,
        "version": request.experiment.version,
        "configuration": request.configuration,
        "config": request.plain,
    }


def _facts(experiment: Experiment[Any]) -> dict[str, Any]:
    return {"commit": commit(Path(experiment.folder)), "code": experiment.code}


def _job(request: Request[Any]) -> Job:
    """Pickle an experiment with its modules by value: workers need not have its files."""
    experiment = request.experiment
    folder = Path(experiment.folder)
    code = packed((experiment.run, request.config), modules_below(folder.parent))
    return Job(experiment.name, code, str(folder), tuple(experiment.packages))
