"""What a worker does: one cell at one seed, from bytes to bytes, with errors as text."""

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from zotheory.errors import ZotheoryError
from zotheory.experiment.blocks import encoded
from zotheory.experiment.canonical import spelled
from zotheory.experiment.environment import peak_memory, reset_peak_memory, versions
from zotheory.experiment.faults import ExperimentError
from zotheory.experiment.seeds import Seed
from zotheory.experiment.table import Table
from zotheory.ledger.faults import name_and_message
from zotheory.ledger.pool import ONE_THREAD


@dataclass(frozen=True)
class Job:
    """What all cells of a run have in common.

    Attributes:
        experiment: its name.
        code: the pickled (run, config), with the modules of the experiment by value, so that a worker
            needs neither its files nor a shared disk.
        folder: where the experiment's files are on the machine that sends them; for messages.
        packages: whose versions matter.
    """

    experiment: str
    code: bytes
    folder: str
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a cell.

    Attributes:
        key: of the cell.
        cell: the cell.
        seed: its number.
        data: the rows as Parquet; empty if it failed.
        facts: rows, queries, seconds, peak_memory and finished.
        versions: in the worker.
        error: what it raised, on one line; empty if it succeeded.
    """

    key: str
    cell: Mapping[str, Any]
    seed: int
    data: bytes = b""
    facts: Mapping[str, Any] | None = None
    versions: Mapping[str, str] | None = None
    error: str = ""


def perform(job: Job, key: str, cell: Mapping[str, Any], seed: int) -> Outcome:
    """Run one cell. Exceptions come back as text, for they may not be known where the run is."""
    one_thread()
    try:
        # What a run prints must not get into the report on standard output.
        with contextlib.redirect_stdout(sys.stderr):
            run, config = _loaded(job.code)
            reset_peak_memory()
            start = time.perf_counter()
            table = run(config, dict(cell), Seed(seed, job.experiment, spelled(cell)))
            seconds = time.perf_counter() - start
        if not isinstance(table, Table):
            raise ExperimentError(f"run returned a {type(table).__name__}: return a Table")
        data = _encoded(table)
    except (Exception, SystemExit) as error:
        where = _place(error, job.folder) if not isinstance(error, ZotheoryError) else ""
        return Outcome(key, cell, seed, error=f"{name_and_message(error)}{where}")
    facts = {
        "rows": table.rows,
        "queries": table.queries,
        "seconds": round(seconds, 6),
        "peak_memory": peak_memory(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Outcome(key, cell, seed, data, facts, versions(job.packages))


def one_thread() -> None:
    """Let linear algebra use one thread in this process, so that sums do not depend on the number of jobs.

    Libraries that are loaded already are told so; those loaded later read it from the environment.
    """
    import threadpoolctl

    os.environ.update(ONE_THREAD)
    threadpoolctl.threadpool_limits(limits=1)


@contextlib.contextmanager
def threads_restored() -> Any:
    """Put the threads of this process back afterwards."""
    import threadpoolctl

    kept = {name: os.environ.get(name) for name in ONE_THREAD}
    try:
        with threadpoolctl.threadpool_limits(limits=None):
            yield
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@lru_cache(maxsize=4)
def _loaded(code: bytes) -> tuple[Callable[..., Any], Any]:
    import cloudpickle

    return cloudpickle.loads(code)


def _encoded(table: Table) -> bytes:
    import pyarrow as pa

    return encoded(pa.table({name: pa.array(column) for name, column in table.columns.items()}))


def _place(error: BaseException, folder: str) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(folder)]
    return f" ({own[-1].filename} line {own[-1].lineno})" if own else ""
