"""joblib's backend of local processes, so that no result that has arrived is lost. Imports joblib."""

import os
from collections.abc import Iterator
from typing import Any

from joblib import Parallel, delayed, parallel_config
from joblib._parallel_backends import LokyBackend, ParallelBackendBase
from joblib.externals.loky import reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from zotheory.experiment.faults import ScheduleError
from zotheory.experiment.stopping import ignore_interrupts, interrupts_held
from zotheory.experiment.work import Outcome

DIED = "a worker died (out of memory, or a crash inside a library)"


class Arrivals(ParallelBackendBase):
    """A backend that notes results as they arrive: joblib drops those in waiting when it is cut short."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.arrived: list[Outcome] = []

    def retrieve_result_callback(self, out: Any) -> Any:
        """Return the results of a task; joblib calls this as soon as they are there."""
        results: Any = super().retrieve_result_callback(out)
        self.arrived.extend(results)
        return results


class LocalBackend(Arrivals, LokyBackend):
    """Processes of this machine, one thread of linear algebra each; Ctrl-C is their parent's business."""

    def __init__(self) -> None:
        super().__init__(inner_max_num_threads=1, initializer=ignore_interrupts)

    def configure(self, n_jobs: int = 1, *args: Any, **options: Any) -> Any:
        """Return the number of workers, of which those of an earlier run may be started anew."""
        if n_jobs != 1:  # else everything runs in this process
            _start_trackers()
        with interrupts_held():
            return super().configure(n_jobs, *args, **options)

    def submit(self, func: Any, callback: Any = None) -> Any:
        """Send a task to a worker, which is started if need be."""
        with interrupts_held():
            return super().submit(func, callback)

    def retrieve_result_callback(self, out: Any) -> Any:  # type: ignore[override]
        """Return the results of a task.

        Raises:
            ScheduleError: its worker died.
        """
        try:
            return super().retrieve_result_callback(out)
        except TerminatedWorkerError as error:
            raise ScheduleError(f"{DIED}; if it is memory, give fewer --jobs") from error


def end_workers() -> None:
    """End the local processes at once: their results have arrived, and a polite end takes seconds each."""
    executor = reusable_executor._executor
    if executor is not None:
        executor.shutdown(wait=True, kill_workers=True)


def _start_trackers() -> None:
    """Start the processes that clean up behind the workers: their start lets Ctrl-C through again."""
    if os.name == "posix":
        from multiprocessing import resource_tracker

        from joblib.externals.loky.backend import resource_tracker as own

        own.ensure_running()
        resource_tracker.ensure_running()


def started(calls: Iterator[Any], backend: Arrivals, jobs: int) -> Any:
    """Return a generator over the results of delayed calls, in the order in which they end.

    One call a task, and none in advance: what is finished is kept at once, no long cell holds up others,
    and where the calls end early only those under way are waited for.
    """
    with parallel_config(backend=backend, n_jobs=jobs):
        return Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")(calls)  # type: ignore[arg-type]


def all_arrived(running: Iterator[Outcome], backend: Arrivals) -> Iterator[Outcome]:
    """Yield results; where the run is cut short, also those that had arrived, and then the exception."""
    seen = set()
    try:
        for outcome in running:
            seen.add(outcome.key)
            yield outcome
    except (KeyboardInterrupt, ScheduleError):
        yield from [outcome for outcome in backend.arrived if outcome.key not in seen]
        raise


__all__ = ["DIED", "Arrivals", "LocalBackend", "all_arrived", "delayed", "end_workers", "started"]
