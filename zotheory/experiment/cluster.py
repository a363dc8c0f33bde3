"""joblib's dask backend, repaired in one place. Imported only where dask is installed."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from distributed import Client
from joblib._dask import DaskDistributedBackend

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


class _Backend(DaskDistributedBackend):
    """The dask backend, except that a task whose worker died ends the run.

    joblib learns of a task's end from its callback, which its own class calls for successes only: it
    would wait for a dead worker's task for ever.
    """

    def submit(self, func: Any, callback: Callable[[Any], None] | None = None) -> Any:
        future = super().submit(func, callback)

        def end(ended: Future[Any]) -> None:
            error = None if ended.cancelled() else ended.exception()
            if error is not None and callback is not None:
                callback(error)

        future.add_done_callback(end)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        if isinstance(out, BaseException):
            raise ScheduleError(
                f"a worker of the cluster died ({type(out).__name__}): run the same command again to go on"
            ) from out
        return super().retrieve_result_callback(out)


def backend_of(client: Client) -> DaskDistributedBackend:
    """Return the backend that runs tasks on the cluster of a client."""
    return _Backend(client=client)
