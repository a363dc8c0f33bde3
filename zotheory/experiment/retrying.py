"""Cells go to workers; where one of them dies, the cells that it may have had go again, one at a time."""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from zotheory.experiment.executors import outcomes
from zotheory.experiment.faults import ScheduleError
from zotheory.experiment.stopping import Stop
from zotheory.experiment.work import Job, Outcome

if TYPE_CHECKING:
    from distributed import Client

    from zotheory.experiment.others import Others

Task: TypeAlias = tuple[str, Any, int]
# Where so many cells cost a worker of their own each, and none has ended, something else is wrong.
MOST_DEATHS = 3


def settled(
    job: Job,
    tasks: Iterable[Task],
    jobs: int,
    client: "Client | None",
    stop: Stop,
    warn: Callable[[str], None],
    others: "Others",
) -> Generator[Outcome, None, None]:
    """Yield what becomes of the tasks, in the order in which they end, until a stop is requested.

    A cell at which its worker dies (out of memory, a crash inside a library) has failed; no other has.

    Args:
        job: what the tasks have in common.
        tasks: (key, cell, seed) of each.
        jobs: how many processes; 1 runs everything in this one, which then dies with a cell.
        client: of a cluster; None for processes of this machine.
        stop: looked at before each task goes out.
        warn: called with a line when a worker has died.
        others: tell which cells another run has finished meanwhile; these are not run.

    Raises:
        ScheduleError: workers of a cluster died, or those of this machine whatever they run.
    """
    left = {task[0]: task for task in tasks}
    suspects: list[str] = []
    deaths, ended = 0, 0
    while left and not stop.requested:
        suspect = next((key for key in suspects if key in left), None)
        batch = list(left.values()) if suspect is None else [left[suspect]]
        handed: list[str] = []
        # Of two processes one is a worker.
        width = min(jobs, len(batch)) if suspect is None else 2
        try:
            with outcomes(job, _hand_out(others.left(batch), handed, stop), width, client) as arriving:
                for outcome in arriving:
                    del left[outcome.key]
                    ended += 1
                    yield outcome
            for key in others.skipped & left.keys():
                del left[key]
        except ScheduleError as error:
            lost = [key for key in handed if key in left]
            deaths += suspect is not None
            if client is not None or not lost or (deaths == MOST_DEATHS and not ended):
                raise
            if suspect is None:
                warn("a worker died: the cells that it may have had are run again, one at a time")
                suspects = lost
            else:
                key, cell, seed = left.pop(suspect)
                yield Outcome(key, cell, seed, error=str(error))


def _hand_out(batch: Iterable[Task], handed: list[str], stop: Stop) -> Iterator[Task]:
    """Yield tasks until a stop is requested, and note the keys of those that are out."""
    for task in batch:
        if stop.requested:
            return
        handed.append(task[0])
        yield task
