"""Where cells run: in processes of this machine, or on a cluster, both through joblib."""

import contextlib
import os
import platform
import socket
import warnings
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from zotheory.errors import InvalidArgument
from zotheory.experiment.faults import ScheduleError, choose_from
from zotheory.experiment.work import Job, Outcome, perform, threads_restored
from zotheory.validation import check_count

if TYPE_CHECKING:
    from distributed import Client

# Seconds in which a scheduler must answer, and have a worker.
PATIENCE = 5.0
# Each process takes memory and a few seconds to start: more are a slip of the keys.
MOST_JOBS = 256


class Executor(StrEnum):
    """Where cells run."""

    LOCAL = "local"
    DASK = "dask"


@contextlib.contextmanager
def outcomes(
    job: Job, tasks: Iterable[tuple[str, Any, int]], jobs: int, client: "Client | None" = None
) -> Iterator[Iterator[Outcome]]:
    """Give an iterator over what becomes of the tasks, in the order in which they end.

    Args:
        job: what the tasks have in common.
        tasks: (key, cell, seed) of each; asked for as workers become free.
        jobs: how many processes; 1 runs everything in this one. On a cluster its workers decide.
        client: of a cluster; None for processes of this machine.

    Raises:
        ScheduleError: workers died.
    """
    from zotheory.experiment.backends import LocalBackend, all_arrived, delayed, started

    if client is None:
        backend = LocalBackend()
    else:
        from zotheory.experiment.cluster import ClusterBackend

        backend, jobs = ClusterBackend(client=client), -1
    with threads_restored():
        running = started((delayed(perform)(job, *task) for task in tasks), backend, jobs)
        try:
            yield all_arrived(running, backend)
        finally:
            with warnings.catch_warnings():  # of tasks cut short, which is what is wanted then
                warnings.simplefilter("ignore")
                running.close()


def check_jobs(jobs: int | None) -> int:
    """Return the number of processes, by default one for each processor.

    Raises:
        InvalidArgument: below 1 or above 256.
    """
    number = (os.cpu_count() or 1) if jobs is None else check_count(jobs, "jobs")
    if jobs is not None and number > MOST_JOBS:
        here = os.cpu_count() or 1
        raise InvalidArgument(
            "jobs", number, f"give at most {MOST_JOBS}; this machine has {here} processors"
        )
    return number


def check_place(executor: str, scheduler: str | None) -> None:
    """Check that an executor exists, and has an address if it needs one.

    Raises:
        InvalidArgument: an unknown executor, or a scheduler without the executor "dask" or the reverse.
    """
    if executor not in tuple(Executor):
        raise InvalidArgument("executor", executor, choose_from(executor, Executor))
    if executor == Executor.LOCAL and scheduler is not None:
        raise InvalidArgument("scheduler", scheduler, "it needs --executor dask")
    if executor == Executor.DASK:
        if scheduler is None:
            raise InvalidArgument("scheduler", scheduler, "give its address, such as tcp://host:8786")
        _address(scheduler)


@contextlib.contextmanager
def connected(executor: str, scheduler: str | None) -> Iterator["Client | None"]:
    """Connect to a scheduler, if there is one, and check that its workers can do the work.

    Raises:
        InvalidArgument: an unknown executor, a scheduler without the executor "dask" or the reverse, or
            dask is not installed.
        ScheduleError: no answer from the address, no workers, or workers with other versions.
    """
    check_place(executor, scheduler)
    if scheduler is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        remedy = "it needs dask: pip install 'zotheory[cluster]'"
        raise InvalidArgument("executor", executor, remedy) from error
    from zotheory.experiment.cluster import quiet_logs

    wrong = f"no dask scheduler answers at {scheduler}"
    host, port = _address(scheduler)
    with quiet_logs():
        try:
            # Refused at once where nothing listens; dask would try again for a while.
            socket.create_connection((host, port), timeout=PATIENCE).close()
            client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
        except OSError as error:  # a TimeoutError too
            raise ScheduleError(f"{wrong} ({error}): correct --scheduler, or start it") from error
    with client:
        _require_workers(client, scheduler)
        yield client


def _address(scheduler: str) -> tuple[str, int]:
    """Return host and port of an address such as tcp://host:8786, [::1]:8786 or host:8786.

    Raises:
        InvalidArgument: it is none.
    """
    scheme, _, rest = scheduler.rpartition("://")
    host, _, port = rest.rpartition(":")
    known = scheme in ("", "tcp", "tls", "ws", "wss")
    if not known or not host or not port.isdecimal() or int(port) > 65535:
        raise InvalidArgument("scheduler", scheduler, "give its address, such as tcp://host:8786")
    return host.strip("[]"), int(port)


def _require_workers(client: "Client", scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        remedy = f"start some with `dask worker {scheduler}`"
        raise ScheduleError(f"{scheduler} has no workers: {remedy}") from error
    here = _python_and_zotheory()
    try:
        found: Any = client.run(_python_and_zotheory)
    except Exception as error:  # whatever the worker raises on unpickling what it does not have
        raise ScheduleError(
            f"a worker of {scheduler} cannot import zotheory ({error}): install zotheory[cluster] there"
        ) from error
    for worker, versions in found.items():
        if versions != here:
            raise ScheduleError(
                f"worker {worker} has {' and '.join(versions)}, this process {' and '.join(here)}: "
                "install the same versions"
            )


def _python_and_zotheory() -> tuple[str, str]:
    import zotheory

    python = ".".join(platform.python_version_tuple()[:2])
    return f"Python {python}", f"zotheory {zotheory.__version__}"
