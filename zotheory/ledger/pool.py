"""Examining claims side by side in worker processes, and surviving workers that die."""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import Any

from zotheory.ledger.claim import Claim
from zotheory.ledger.examine import Findings, Stopped, examine, examine_file, inconclusive
from zotheory.ledger.faults import name_and_message

# Seconds that interrupted workers have for saying what they had found.
PATIENCE = 3.0
# One claim a processor: threads inside the linear algebra would only fight for the same cores.
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "RAYON")
} | {"VECLIB_MAXIMUM_THREADS": "1"}


def gather(claims: Sequence[Claim], jobs: int) -> Iterator[tuple[Claim, Findings]]:
    """Examine claims, and yield each as soon as it is done.

    Args:
        claims: the claims. Those that no file defines cannot be sent to a worker, and run here.
        jobs: how many worker processes; 1 runs everything in this process.

    Yields:
        Each claim with its findings, in the order in which they finish; after Ctrl-C also what the
        claims under way had found, and then the interrupt goes on.
    """
    remote = [claim for claim in claims if claim.file] if jobs > 1 else []
    if remote:
        lost: list[Claim] = []
        yield from _gather_remote(remote, min(jobs, len(remote)), lost)
        # A dead worker takes down its whole pool and does not say which claim it was at: those
        # that were cut short run again one by one, and only the guilty one dies again.
        for claim in lost:
            again: list[Claim] = []
            yield from _gather_remote([claim], 1, again)
            if again:
                detail = "its process died (out of memory, or a crash inside a library)"
                yield claim, Findings((inconclusive("process", detail),), 0.0)
    for claim in claims:
        if claim not in remote:
            try:
                found = examine(claim)
            except Stopped as stop:
                yield claim, stop.findings
                raise
            yield claim, found


def _gather_remote(
    claims: Sequence[Claim], workers: int, lost: list[Claim]
) -> Iterator[tuple[Claim, Findings]]:
    # loky, not concurrent.futures: its workers do not run the caller's main module again, their
    # environment can be set before numpy loads, and they can be killed on an interrupt.
    from joblib.externals.loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(workers, env=ONE_THREAD, initializer=_prepare_worker)
    finished = False
    try:
        # Absolute paths, should a check in this process ever have changed folder.
        files = [str(Path(claim.file).absolute()) for claim in claims]
        waiting: dict[Future[Findings], Claim] = {}
        for file, claim in zip(files, claims, strict=True):
            try:
                waiting[executor.submit(examine_file, file)] = claim
            except BrokenProcessPool:  # a worker died before the last claim was handed out
                lost.append(claim)
        seen: set[Future[Findings]] = set()
        try:
            for future in as_completed(waiting):
                seen.add(future)
                claim = waiting[future]
                try:
                    yield claim, future.result()
                except BrokenProcessPool:
                    lost.append(claim)
                except Exception as error:  # findings that could not be sent back, say
                    detail = f"its worker failed: {name_and_message(error)}"
                    yield claim, Findings((inconclusive("process", detail),), 0.0)
        except KeyboardInterrupt:
            yield from _last_words(executor, waiting, seen)
            raise
        finished = True
    finally:
        executor.shutdown(wait=True, kill_workers=not finished)


def _last_words(
    executor: Any, waiting: Mapping[Future[Findings], Claim], seen: set[Future[Findings]]
) -> Iterator[tuple[Claim, Findings]]:
    """Interrupt the workers, and yield what they had found if they say so soon."""
    left = [future for future in waiting if future not in seen and not future.cancel()]
    for worker in list(executor._processes or ()):
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGINT)
    for future in wait(left, PATIENCE).done:
        if not future.cancelled() and future.exception() is None:
            yield waiting[future], future.result()


def _prepare_worker() -> None:
    """Keep what a worker prints out of the report, and Ctrl-C out of the workers."""
    # A library that writes from C goes past sys.stdout, so the descriptor itself is turned over.
    os.dup2(2, 1)
    # Ctrl-C reaches every process of the terminal; a worker listens only while it examines a claim.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
