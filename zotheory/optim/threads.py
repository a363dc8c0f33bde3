"""Two evaluations in two threads, and what of the calling thread's settings they share."""

import contextvars
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any

import torch

from zotheory.optim.interrupts import interruptible

# Seconds that the second evaluation has to end once something has failed.
_PATIENCE = 10.0


class Stopped(BaseException):
    """Ends one evaluation when the other has failed; not an Exception, so that no closure catches it."""


def in_two_threads(
    evaluate: Callable[[int], float],
    ended: Callable[[int], None],
    stop: Callable[[], None],
    name: str,
    threads: int,
) -> list[float]:
    """Return ``evaluate(0)``, run by the calling thread, and ``evaluate(1)``, run by a new one.

    Grad, inference and autocast modes and the default device of the calling thread are those of the new
    one, too; other modes are not. What either raises is raised when both have ended, or when the new
    thread has not for ten seconds after it: it may wait for something that the other one has left locked.
    It then ends on its own once it goes on.

    Args:
        evaluate: returns a loss.
        ended: called in each thread when its evaluation has ended, however it did.
        stop: called when one has failed: the other is to raise `Stopped` as soon as it can.
        name: of the new thread.
        threads: torch's threads for each evaluation.
    """
    found: list[float] = [0.0, 0.0]
    failures: list[BaseException] = []
    second_ended = threading.Event()

    def run(number: int, modes: Callable[[], AbstractContextManager[Any]]) -> None:
        try:
            with modes():
                found[number] = evaluate(number)
        except Stopped:
            pass
        except BaseException as failure:
            stop()
            failures.append(failure)
        finally:
            ended(number)

    def second(modes: Callable[[], AbstractContextManager[Any]]) -> None:
        try:
            run(1, modes)
        finally:
            second_ended.set()

    before = torch.get_num_threads()
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(second, _modes(threads)), name=name, daemon=True)
    thread.start()
    try:
        if before != threads:
            torch.set_num_threads(threads)
        run(0, nullcontext)
        while True:
            late = bool(failures)
            # Ctrl-C reaches the main thread alone: the other one then ends at its next layer.
            try:
                if interruptible(lambda: second_ended.wait(_PATIENCE)):
                    thread.join()
                    break
                if late:
                    break
            except BaseException as failure:
                stop()
                failures.append(failure)
    finally:
        if before != threads:
            torch.set_num_threads(before)
    if failures:
        # Whoever pressed Ctrl-C is not to be told of something else.
        raise next((f for f in failures if isinstance(f, KeyboardInterrupt)), failures[0])
    return found


def _modes(threads: int) -> Callable[[], ExitStack]:
    # What the calling thread has set, as a context for another thread.
    grad, inference = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
    devices = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])
    casts = [(d, torch.get_autocast_dtype(d), torch.is_autocast_enabled(d)) for d in devices]
    default = torch.get_default_device()
    current = torch.cuda.current_stream() if torch.cuda.is_available() else None

    def modes() -> ExitStack:
        stack = ExitStack()
        torch.set_num_threads(threads)  # new threads begin with the number at the start of the process
        stack.enter_context(torch.inference_mode(inference))
        stack.enter_context(torch.set_grad_enabled(grad))
        for device, dtype, enabled in casts:
            stack.enter_context(torch.autocast(device, dtype=dtype, enabled=enabled))
        if default != torch.get_default_device():
            stack.enter_context(default)
        if current is not None:
            stack.enter_context(torch.cuda.stream(current))
        return stack

    return modes
