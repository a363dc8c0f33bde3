"""The base of all optimizers here: a step from losses, with exact restore and update by replay."""

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.evaluation import BadLoss, Closure
from zotheory.optim.hooks import hooked
from zotheory.optim.interrupts import Held
from zotheory.optim.layout import Slot
from zotheory.optim.loss import LossError
from zotheory.optim.overflow import Largest, overflows
from zotheory.optim.replay import Replay
from zotheory.optim.resolution import check_resolution
from zotheory.optim.resumption import Resumable
from zotheory.optim.rounding import StochasticRounding
from zotheory.optim.stream import Stream


class ZerothOrderOptimizer(Resumable):
    """Optimizer that reads losses only: ``step(closure)`` with a closure that returns the loss.

    The closure runs without gradients. It must give the same loss for the same parameters throughout a step
    (same batch, no dropout). Buffers of the model, such as running means, are its own affair.

    Random numbers are functions of (seed, step, query, flat index). With the estimate's coefficients, which
    are scalars, they are made again for the update, piece by piece: no vector as long as the parameters is
    stored, except the copy that evaluation restores from (``model=None``) and a subclass's `buffers`.

    A subclass gives `update` (new weights from old ones and the gradient estimate, on one piece of a
    parameter), and `buffers` if it has moments; `estimate` if it does not use plain differences.

    Args:
        params: parameters, named parameters, or groups of them, as for every torch optimizer. Those that
            require no gradient when a step begins are left alone.
        defaults: options of the groups: ``lr``, ``weight_decay`` (decoupled: weights shrink by
            lr weight_decay) and the subclass's own.
        law: "rademacher", "gaussian", "sphere", "coordinate", "block", "low-rank", or a `Perturbation`;
            over all trainable parameters jointly.
        mu: smoothing distance, above 0.
        queries: perturbations averaged in a step, at least 1.
        difference: "central", two evaluations a perturbation, or "forward", one and one more a step.
        delta: v is scaled so that E[v v^T] = delta I. (delta, mu, lr) -> (c^2 delta, mu / c, lr / c^2)
            leaves every iterate as it is.
        seed: integer from 0 to 2^64 - 1.
        model: None restores parameters from a copy of them all. The module that the closure runs restores
            them layer by layer as its forward goes: extra memory of one layer. All trainable parameters
            must then be used in the forward of modules that own them, and there only: not so in
            `torch.nn.MultiheadAttention`, nor in what is compiled or scripted. Other uses are refused if
            they are in the first step, or make a loss NaN: outside those forwards parameters are NaN. One
            that begins later, and whose NaN is covered up, as by `nan_to_num`, is not noticed.
        engine: with a model: "reuse" keeps the output of the layers below all that a step displaces until
            the step ends, so that they run once a step; "keep" also from step to step while data and
            layers stay the same, which it is not able to see in all cases: read the conditions in `Prefix`
            before it is given. "lockstep" runs both points of a central difference layer by layer, in two
            threads that take turns, and makes every perturbation once for both (`Lockstep`). "plain" does
            nothing of it. The losses are the same to the bit if the forward is a function of the closure's
            batch, the parameters and what else stays as it is throughout a step; they are compared with
            the plain ones at first, for each set of displaced parameters, and given up with a warning
            where they differ. Give "plain" to models whose forward draws random numbers.
        abreast: with a model whose forwards may overlap, and any engine but "lockstep": both points of a
            central difference are evaluated at once above the layers that are reused, in two threads with
            half of torch's threads each. Faster on a CPU, at the memory of a second evaluation; on
            conditions that are in `Abreast`, compared with plain evaluation at first, like engines.
        delayed: with a model, and without buffers: each parameter is updated when the next step first
            displaces it, in one pass over its memory. Until then it has the value from before: call
            `settle` before parameters are used, copied, saved or pickled outside `step`. `state_dict` and
            copies and pickles of the optimizer do it themselves, also for a model that is copied or pickled
            together with it; `load_state_dict` drops an update that waits: the parameters come from
            elsewhere.
        rounding: of new weights in half precision, computed in float32: "nearest", which loses changes
            below half a unit in the last place, or "stochastic", up or down at random so that the mean is
            kept. No float32 copy of the weights is kept.
        on_bad_loss: "raise" a `LossError` at a loss that is not finite, or "skip" the step.
        parallel: share steps with the other processes of `torch.distributed`: "data" (each takes a part of
            the batch; losses become means over all) or "query" (each takes a part of the perturbations), or
            `DataParallel`, `QueryParallel`; see `zotheory.optim.distributed`.

    Law, model, engine and a subclass's own options are fixed once it is made. Options of groups, mu, delta,
    difference, on_bad_loss and rounding may be changed between steps: the next one checks their ranges.

    Attributes:
        steps: steps done, skipped ones included; it numbers the random draws.
        skipped: steps without an update because of a loss that is not finite.
        queries: losses evaluated so far, by all ranks together; a mean over ranks counts as one, and
            evaluations made only to check an engine are not counted.
        coefficients: the last step's coefficients, one a perturbation: the projected gradients over their
            number.

    Raises:
        InvalidArgument: an argument outside its range, no trainable parameter, parameters that are sparse,
            not real or given twice, a mu lost in the rounding of the parameters' type, no process group for
            ``parallel``, or fewer perturbations than ranks to divide them.
        ReplicaError: ``parallel``, and parameters, seed or options differ between ranks.
        TypeError: an option that the class does not have.
    """

    @abstractmethod
    def update(
        self,
        group: dict[str, Any],
        weights: torch.Tensor,
        gradient: torch.Tensor,
        buffers: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        """Return new weights for a piece of a parameter, all flat tensors of one length.

        Args:
            group: the parameter's group, for its ``lr`` and other options.
            weights: the piece, in float32 (float64 for float64 parameters), already decayed.
            gradient: the estimate, likewise.
            buffers: pieces of the buffers named by `buffers`, to be changed in place.

        All may be overwritten. Where lr is zero the result is thrown away and the buffers are kept.
        """

    @property
    def unbounded(self) -> tuple[str, ...]:
        """Names of `buffers` that may overflow: steps are not refused for that."""
        return ()

    def longest_move(self, group: dict[str, Any], gradient: float, moment: Largest) -> float:
        """Return a bound of the size of what `update` adds to an entry; infinity where none is known.

        Where the bound does not exclude that a weight leaves the range of its type, `update` is done on
        copies first.

        Args:
            group: the parameter's group.
            gradient: bounds the entries of the estimate.
            moment: returns such a bound for the buffer of that name.
        """
        return math.inf

    def accept(self) -> None:
        """Learn from the last `estimate`, where a subclass does: called if the step is not refused."""
        return

    def step(self, closure: Closure | None = None) -> float:  # type: ignore[override]
        """Do one step and return the loss: f(x) with forward differences, else the mean of all evaluations.

        Whatever the closure raises, Ctrl-C included, parameters are as before the step, which may be tried
        again. Between evaluations Ctrl-C waits. Should the update itself fail, as without memory, the rest
        of it is done by the next step or by `settle`; at most one piece of a parameter, of 2^18 entries or
        fewer, may then be shrunk by weight decay or averaged into moments twice.

        Raises:
            InvalidArgument: no closure, or one that does not return one real number; a model whose
                parameters are not all reached by its hooks; an option that was changed to what the
                constructor would refuse; a parameter of another shape, or on another device, than its
                moments; losses all the same, and a mu that is lost by now in the parameters' rounding.
            LossError: a loss or a difference that is not finite, on any rank, a coefficient beyond the
                largest number of the type that the update is computed in, or a new weight or moment beyond
                that of its own, other than `unbounded` ones.
            RankError: the closure raised something on another rank.
            ReplicaError: the ranks' counters or options differ.
        """
        if not callable(closure):
            raise InvalidArgument(
                "closure", closure, "give a function without arguments that returns the loss"
            )
        with Held() as held, torch.no_grad():
            return self._step(closure, held)

    @staticmethod
    def profile_hook_step(func: Callable[..., Any]) -> Callable[..., Any]:  # torch wraps `step` in it
        """Return a step with torch's hooks, left out where there is none."""
        return hooked(func, torch.optim.Optimizer.profile_hook_step(func))

    def _step(self, closure: Closure, held: Held) -> float:
        self._check_options()
        layout = self.layout()
        if self.pending is not None and not (self.delayed and self.pending.waits_within(layout)):
            self._settle()
        loss = math.nan
        try:
            probes, loss = self._probe(layout, closure, held)
            for coefficient, _ in probes:
                if not abs(coefficient) <= layout.largest:  # NaN neither
                    raise BadLoss(coefficient, "coefficient")
            update = Replay(layout, probes, self.update, self._moments, self._rounding())
            self._settle()
            if overflows(layout, probes, update, self.longest_move, self.unbounded):
                raise BadLoss(math.inf, "new weight")
            if not any(coefficient for coefficient, _ in probes):
                # Nothing seems to depend on the parameters. They may have grown until mu is lost in them.
                check_resolution(self.mu, self.entry_sizes())
        except BadLoss as bad:
            if self.on_bad_loss == "raise":
                raise LossError(bad.loss, self.steps, bad.what) from None
            self.coefficients = ()
            self.skipped += 1
            self.steps += 1
            return bad.loss if bad.what == "loss" else loss
        self.accept()
        self.coefficients = tuple(coefficient for coefficient, _ in probes)
        self.pending = update
        try:
            if not self.delayed:
                self._settle()
        finally:
            self.steps += 1
        return loss

    def _rounding(self) -> StochasticRounding | None:
        if self.rounding == "nearest":
            return None
        return StochasticRounding(Stream(self.seed, "rounding"), self.steps)

    def _moments(self, slot: Slot) -> dict[str, torch.Tensor]:
        names = self.buffers(slot.group)
        if not names:
            return {}
        state, parameter = self.state[slot.parameter], slot.parameter
        for name in names:
            if name not in state:
                # Made under inference mode it could not be changed outside.
                with torch.inference_mode(False):
                    state[name] = torch.zeros(parameter.shape, dtype=slot.dtype, device=parameter.device)
        return {name: state[name] for name in names}
