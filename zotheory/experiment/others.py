"""Other runs of the same configuration at the same time: what they finish need not be run here too."""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from zotheory.experiment.faults import StoreError
from zotheory.experiment.reading import read
from zotheory.experiment.records import Record, Vanished
from zotheory.experiment.store import Store

# Seconds between two looks into the store: a look costs little beside them.
PACE = 1.0


class Others:
    """What other runs put into the store while this one goes on.

    Args:
        store: the store.
        experiment: name of the experiment.
        configuration: key of the configuration.
        warn: called with a line when there is another run for the first time.

    Attributes:
        skipped: keys of the cells that were not run here because of others.
    """

    def __init__(
        self, store: Store, experiment: str, configuration: str, warn: Callable[[str], None]
    ) -> None:
        self._store, self._experiment, self._configuration = store, experiment, configuration
        self._warn = warn
        self._known = set(store.manifests(experiment, configuration))
        self._looked = time.monotonic()
        self._finished: set[str] = set()
        # Tasks are asked for in another thread than the one that keeps what is finished.
        self._lock = threading.Lock()
        self.skipped: set[str] = set()

    def keep(self, key: str, record: Record) -> None:
        """Keep a cell that was finished here.

        Raises:
            StoreError: it cannot be written.
        """
        with self._lock:
            self._known.add(self._store.keep(self._experiment, key, record))

    def left(self, tasks: Sequence[tuple[str, Any, int]]) -> Iterator[tuple[str, Any, int]]:
        """Yield the tasks that no other run has finished by the time that they are asked for.

        As soon as there is another run, those of a seed come in random order: two that go through them side
        by side would run all of them twice.
        """
        waiting = list(tasks)
        while waiting:
            self._look()
            same = [i for i, task in enumerate(waiting) if task[2] == waiting[0][2]]
            task = waiting.pop(random.SystemRandom().choice(same) if self._finished else 0)
            if task[0] in self._finished:
                self.skipped.add(task[0])
            else:
                yield task

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < PACE:
            return
        self._looked = now
        before = bool(self._finished)
        with self._lock, contextlib.suppress(StoreError):  # which others tell of, and with more right
            listed = set(self._store.manifests(self._experiment, self._configuration))
            for path in listed - self._known:
                with contextlib.suppress(Vanished):
                    item = read(path)
                    self._finished |= item.keys if isinstance(item, Record) else set()
            self._known |= listed
        if self._finished and not before:
            self._warn("another run of this configuration is at work: what it finishes is not run here")
