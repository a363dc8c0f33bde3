"""An optimizer that is saved, loaded, copied or pickled, and goes on as if nothing had happened."""

from copy import deepcopy
from typing import Any, Self

import torch

from zotheory.optim.estimation import Estimating
from zotheory.optim.replicas import check_replicas
from zotheory.optim.state import KEY, check_moments, check_run, restore_moments, run_of

# Name of parameters that waited for an update when the optimizer was pickled, and their values after it.
_LATE = "late_parameters"


class Resumable(Estimating):
    """The part of `ZerothOrderOptimizer` that outlives a process."""

    def state_dict(self) -> dict[str, Any]:
        """Return what torch's optimizers do, and under "zeroth_order" the counters, the seed and mu."""
        self.settle()
        return {**super().state_dict(), KEY: run_of(self)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up a run where `state_dict` left it: the next steps are the same bit for bit.

        Seed, mu and the groups' options become those of the state.

        Raises:
            InvalidArgument: the state of another class, law, difference, delta or number of queries, or
                of other options in `plan`.
            ReplicaError: ``parallel``, and ranks do not go on from the same.
        """
        run = check_run(self, state_dict)
        check_moments(self, state_dict)
        with torch.inference_mode(False):
            super().load_state_dict(state_dict)
            self.pending = None
            restore_moments(self, state_dict)
        vars(self).update(run)
        if self.parallel is not None:
            check_replicas(self, state_dict[KEY])

    def check_replicas(self) -> None:
        """Check that parameters, moments, counters and options are the same on all ranks, bit for bit.

        Every rank must call it. It takes a hash of all parameters; what is exchanged are a few numbers.

        Raises:
            InvalidArgument: the optimizer is not parallel.
            ReplicaError: naming what differs first, and on which ranks.
        """
        check_replicas(self, self.state_dict()[KEY])

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # Parameters that were copied before, as with their model, lack an update that waits.
        late = self.pending.waiting() if self.pending is not None else []
        self.settle()
        with torch.no_grad():
            for parameter in late:
                if id(parameter) in memo:
                    memo[id(parameter)].copy_(parameter)
        copied = memo[id(self)] = type(self).__new__(type(self))
        copied.__setstate__(deepcopy(self.__getstate__(), memo))
        return copied

    def __getstate__(self) -> dict[str, Any]:
        # torch keeps three attributes when an optimizer is copied or pickled; ours go with them. A learning
        # rate scheduler's wrapper of `step` belongs to this object alone.
        late = self.pending.waiting() if self.pending is not None else []
        self.settle()
        own = {k: value for k, value in vars(self).items() if not k.startswith("_") and k != "step"}
        # Parameters that were pickled before, as with their model, lack the update: it goes with them.
        own[_LATE] = [(parameter, parameter.detach().clone()) for parameter in late]
        return {**super().__getstate__(), **own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        late = state.pop(_LATE, [])
        super().__setstate__(state)
        with torch.no_grad():
            for parameter, value in late:
                parameter.copy_(value)
