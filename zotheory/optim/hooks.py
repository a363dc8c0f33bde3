"""Torch's hooks around an optimizer's step, left out where nobody listens."""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import torch

_torch_optimizer = import_module("torch.optim.optimizer")

# Torch marks every step for profilers and asks for hooks: on a small problem that takes a sixth of a step.
# These names are torch's own; where one is gone its wrapper runs always.
_OF_ALL = ("_global_optimizer_pre_hooks", "_global_optimizer_post_hooks")
_OF_ONE = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")
# A profiler of this thread; one of any thread, that may take part in all.
_PROFILING: Callable[[], bool] = getattr(torch.autograd, "_profiler_enabled", lambda: True)
_profiler = torch.autograd.profiler


def hooked(step: Callable[..., Any], watched: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that is ``watched`` while there is a hook or a profiler, else ``step`` itself.

    A hook for the end of the step may come while it runs. Not seen are listeners of other kinds: an
    `ExecutionTraceObserver` without a profiler finds the step's operations, but no mark around them.

    Args:
        step: of an optimizer.
        watched: the same with torch's hooks and its mark for profilers.
    """
    for_all = [getattr(_torch_optimizer, name, None) for name in _OF_ALL]

    @wraps(watched)
    def chosen(self: Any, *args: Any, **kwargs: Any) -> Any:
        for hooks in for_all:
            if hooks is None or hooks:
                return watched(self, *args, **kwargs)
        own = vars(self)
        for name in _OF_ONE:
            if name not in own or own[name]:
                return watched(self, *args, **kwargs)
        if _PROFILING() or getattr(_profiler, "_is_profiler_enabled", True):
            return watched(self, *args, **kwargs)
        found = step(self, *args, **kwargs)
        # As torch does after a step: the optimizer's own hooks first.
        for hooks in (own[_OF_ONE[1]], for_all[1]):
            if hooks:
                for hook in hooks.values():
                    hook(self, (self, *args), kwargs)
        return found

    return chosen
