"""joblib's dask backend, repaired in one place. Imports dask."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from joblib._dask import DaskDistributedBackend

from zotheory.experiment.backends import DIED, Arrivals
from zotheory.experiment.faults import ScheduleError


@contextlib.contextmanager
def quiet_logs() -> Iterator[None]:
    """Keep what dask logs of failed connections off the terminal; the exception says it."""
    logger = logging.getLogger("distributed")
    kept = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(kept)


class ClusterBackend(Arrivals, DaskDistributedBackend):
    """The dask backend, except that a task whose worker died ends the run.

    joblib learns of a task's end from its callback, which its own class calls for successes only: it would
    wait for a dead worker's task for ever.
    """

    def submit(self, func: Any, callback: Callable[[Any], None] | None = None) -> Any:
        """Send a task to the cluster, and have the callback called whether it ends well or not."""
        future = super().submit(func, callback)

        def end(ended: Future[Any]) -> None:
            error = None if ended.cancelled() else ended.exception()
            if error is not None and callback is not None:
                callback(error)

        future.add_done_callback(end)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        """Return the results of a task.

        Raises:
            ScheduleError: its worker died.
        """
        if isinstance(out, BaseException):
            raise ScheduleError(f"{DIED}: run the same command again to go on") from out
        return super().retrieve_result_callback(out)
