"""The base of all optimizers here: streams, evaluation, exact restore, update by replay, state."""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from difflib import get_close_matches
from inspect import signature
from operator import attrgetter, is_
from typing import Any, Literal, TypedDict

import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.abreast import Abreast
from zotheory.optim.arguments import check_at_least_zero, check_choice, check_number
from zotheory.optim.directions import Direction, keeper
from zotheory.optim.distributed import ParallelOption, as_parallel
from zotheory.optim.evaluation import BadLoss, Closure, Evaluation, Place, Snapshot
from zotheory.optim.hooks import hooked
from zotheory.optim.interrupts import Held
from zotheory.optim.layerwise import Layerwise
from zotheory.optim.layout import Layout, Slot, check_parameters, lay_out, layout_marks
from zotheory.optim.lockstep import Agreement, Lockstep
from zotheory.optim.loss import LossError
from zotheory.optim.overflow import Largest, overflows
from zotheory.optim.perturbations import Perturbation, as_perturbation
from zotheory.optim.replay import Replay
from zotheory.optim.replicas import check_replicas, check_start, ranks_of
from zotheory.optim.resolution import check_resolution
from zotheory.optim.reuse import Prefix, longest_chain
from zotheory.optim.rounding import StochasticRounding
from zotheory.optim.state import KEY, check_moments, check_run, restore_moments, run_of
from zotheory.optim.stream import Stream, check_seed
from zotheory.validation import check_count

_own = attrgetter("mu", "delta", "perturbations", "difference", "on_bad_loss", "rounding")

# What a step multiplies: coefficients and directions whose sum is the gradient estimate.
Probes = list[tuple[float, Direction]]


class Options(TypedDict, total=False):
    """What every optimizer here takes by keyword, see `ZerothOrderOptimizer`."""

    law: str | Perturbation
    mu: float
    queries: int
    difference: Literal["central", "forward"]
    delta: float
    seed: int
    model: torch.nn.Module | None
    engine: Literal["reuse", "keep", "lockstep", "plain"]
    abreast: bool
    delayed: bool
    rounding: Literal["nearest", "stochastic"]
    on_bad_loss: Literal["raise", "skip"]
    parallel: ParallelOption


class ZerothOrderOptimizer(torch.optim.Optimizer):
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
            `settle` before parameters are used, copied, saved or pickled outside `step`, also together
            with the optimizer, as what is pickled before it lacks the update. `state_dict` and copies of
            the optimizer do it themselves; `load_state_dict` drops an update that waits: the parameters
            come from elsewhere.
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

    # Options as they were when they were last checked, and the layout with what it was made from; copies
    # begin anew.
    _checked: Sequence[Any] = ()
    _layout: tuple[list[Any], Layout] | None = None

    def __init__(
        self,
        params: Iterable[Any],
        defaults: dict[str, Any],
        *,
        law: str | Perturbation = "rademacher",
        mu: float = 1e-3,
        queries: int = 1,
        difference: Literal["central", "forward"] = "central",
        delta: float = 1.0,
        seed: int = 0,
        model: torch.nn.Module | None = None,
        engine: Literal["reuse", "keep", "lockstep", "plain"] = "reuse",
        abreast: bool = False,
        delayed: bool = False,
        rounding: Literal["nearest", "stochastic"] = "nearest",
        on_bad_loss: Literal["raise", "skip"] = "raise",
        parallel: ParallelOption = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise TypeError(_unknown(type(self), next(iter(unknown))))
        self.law = as_perturbation(law)
        self.mu, self.delta = check_number(mu, "mu"), check_number(delta, "delta")
        self.perturbations = check_count(queries, "queries")
        self.difference = check_choice(difference, "difference", ("central", "forward"))
        self.on_bad_loss = check_choice(on_bad_loss, "on_bad_loss", ("raise", "skip"))
        self.seed, self.parallel = check_seed(seed), as_parallel(parallel)
        if model is not None and not isinstance(model, torch.nn.Module):
            raise InvalidArgument("model", model, "give the torch.nn.Module that the closure runs, or None")
        self.model = model
        if not isinstance(delayed, bool) or (delayed and model is None):
            raise InvalidArgument("delayed", delayed, "give True, together with a model, or False")
        self.delayed = delayed
        self.rounding = check_choice(rounding, "rounding", ("nearest", "stochastic"))
        self.pending: Replay | None = None
        self.engine = check_choice(engine, "engine", ("reuse", "keep", "lockstep", "plain"))
        if not isinstance(abreast, bool) or (abreast and (model is None or engine == "lockstep")):
            remedy = 'give True, together with a model and another engine than "lockstep", or False'
            raise InvalidArgument("abreast", abreast, remedy)
        self.abreast = abreast
        self.prefix: Prefix | None = None
        if model is not None and self.engine in ("reuse", "keep"):
            self.prefix = Prefix(longest_chain(model), keep=self.engine == "keep")
        self.agreement = Agreement()
        self.steps = self.skipped = self.queries = 0
        self.coefficients: tuple[float, ...] = ()
        if isinstance(params, torch.Tensor) or not isinstance(params, Iterable):
            shown = "a tensor" if isinstance(params, torch.Tensor) else params
            raise InvalidArgument("params", shown, "give an iterable of tensors, such as [x]")
        params = list(params)
        if not params:
            raise InvalidArgument("params", params, "it is empty: give at least one trainable parameter")
        self.constructed = False
        super().__init__(params, defaults)
        self._check_layout()
        self.constructed = True
        check_start(self)

    def _check_layout(self) -> None:
        layout = self.layout()
        if self.model is not None:
            Layerwise(layout, self.model)  # whether it owns all parameters
        check_resolution(self.mu, self.entry_sizes())

    def entry_sizes(self) -> list[tuple[Layout, float]]:
        """Return parameters and the size of typical entries of v there, to tell whether mu is lost."""
        layout = self.layout()
        return [(layout, math.sqrt(self.delta) * self.law.entry_size(layout))]

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

    def buffers(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of the moments kept for every parameter of a group; they begin at zero."""
        return ()

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

    def check_group(self, group: dict[str, Any]) -> None:
        """Check the options of a new group.

        Raises:
            InvalidArgument: one is outside its range.
        """
        group["lr"] = check_at_least_zero(group["lr"], "lr")
        group["weight_decay"] = check_at_least_zero(group["weight_decay"], "weight_decay")

    def estimate(self, layout: Layout, evaluation: Evaluation) -> tuple[Probes, float]:
        """Return the gradient estimate, as coefficients and directions, and the loss to report.

        Args:
            layout: the parameters.
            evaluation: gives the losses at x and around it.
        """
        # The mean of slope times v.
        queries = range(self.perturbations)
        keep = keeper(layout, self.perturbations)
        directions = [keep(self.law.draw(self.seed, layout, self.steps, query)) for query in queries]
        slopes, losses = self.slopes(evaluation, directions)
        probes = [(s / self.perturbations, u) for s, u in zip(slopes, directions, strict=True)]
        return probes, sum(losses) / len(losses)

    def slopes(
        self, evaluation: Evaluation, directions: Sequence[Direction]
    ) -> tuple[list[float], list[float]]:
        """Return sqrt(delta) times the slopes along v = sqrt(delta) u, and losses whose mean is to report.

        Slope times v is then a number returned times u. Ranks that share the step divide what is asked for
        in one call.

        Args:
            evaluation: gives the losses at x and around it.
            directions: u, E[u u^T] = I.
        """
        # (f(x + mu v) - f(x - mu v)) / (2 mu)   or   (f(x + mu v) - f(x)) / mu
        length = math.sqrt(self.delta)
        forward = self.difference == "forward"
        pairs = evaluation.pairs(directions, self.mu * length, forward=forward)
        if forward:
            return [(ahead - here) / self.mu * length for ahead, here in pairs], [pairs[0][1]]
        slopes = [(ahead - behind) / (2 * self.mu) * length for ahead, behind in pairs]
        return slopes, [(ahead + behind) / 2 for ahead, behind in pairs]

    def portions(self) -> dict[str, int]:
        """Return how many directions each call of `slopes` in a step is given, by name of the option."""
        return {"queries": self.perturbations}

    def plan(self) -> dict[str, Any]:
        """Return a subclass's own options that ranks, and a state that is loaded, must have the same."""
        return {}

    def step(self, closure: Closure | None = None) -> float:  # type: ignore[override]
        """Do one step and return the loss: f(x) with forward differences, else the mean of all evaluations.

        Whatever the closure raises, Ctrl-C included, parameters are as before the step, which may be tried
        again. Between evaluations Ctrl-C waits. Should the update itself fail, as without memory, the rest
        of it is done by the next step or by `settle`.

        Raises:
            InvalidArgument: no closure, or one that does not return one real number; a model whose
                parameters are not all reached by its hooks; an option that was changed to what the
                constructor would refuse; losses all the same, and a mu that is lost by now in the rounding
                of the parameters.
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

    def _check_options(self) -> None:
        # Those that are other objects than when they were last looked at; lr and weight_decay always.
        now = self._options()
        if len(now) != len(self._checked) or not all(map(is_, now, self._checked)):
            self.mu, self.delta = check_number(self.mu, "mu"), check_number(self.delta, "delta")
            self.perturbations = check_count(self.perturbations, "queries")
            check_choice(self.difference, "difference", ("central", "forward"))
            check_choice(self.on_bad_loss, "on_bad_loss", ("raise", "skip"))
            check_choice(self.rounding, "rounding", ("nearest", "stochastic"))
            for group in self.param_groups:
                self.check_group(group)
                self._check_waiting(group)
            self._checked = self._options()
        for group in self.param_groups:
            if not _usable(group["lr"]) or not _usable(group["weight_decay"]):
                self.check_group(group)  # says what is wrong

    def _options(self) -> list[Any]:
        found = [*_own(self)]
        for group in self.param_groups:
            for name in self.defaults:
                if name != "lr" and name != "weight_decay":
                    found.append(group.get(name))
        return found

    def _check_waiting(self, group: dict[str, Any]) -> None:
        if self.delayed and self.buffers(group):
            remedy = f"updates that keep {', '.join(self.buffers(group))} cannot wait: leave it out"
            raise InvalidArgument("delayed", self.delayed, remedy)

    def layout(self) -> Layout:
        """Return the trainable parameters in the order of the flat index.

        Raises:
            InvalidArgument: there is none.
        """
        marks = layout_marks(self.param_groups)
        if self._layout is None or marks != self._layout[0]:
            self._layout = marks, lay_out(self.param_groups, self.model)
        return self._layout[1]

    def place(self, layout: Layout) -> Place:
        """Return the way in which parameters are displaced and restored."""
        # Torch's functions are watched until a step has been seen whole.
        return self.layerwise(layout, watched=0 if self.coefficients else 2) or self.snapshot(layout)

    def snapshot(self, layout: Layout) -> Snapshot:
        """Return evaluation from a copy of the parameters, brought up to date."""
        self._settle()
        return Snapshot(layout)

    def layerwise(self, layout: Layout, watched: int) -> Layerwise | None:
        """Return layerwise evaluation, as the options say, if there is a model; see `Layerwise`."""
        if self.model is None:
            return None
        if self.engine == "lockstep":
            return Lockstep(layout, self.model, self.agreement, watched, self.pending)
        if self.abreast:
            return Abreast(layout, self.model, self.agreement, watched, self.prefix, self.pending)
        return Layerwise(layout, self.model, watched, self.prefix, self.pending)

    def _probe(self, layout: Layout, closure: Closure, held: Held) -> tuple[Probes, float]:
        evaluation = Evaluation(self.place(layout), lambda: held.call(closure), ranks_of(self))
        try:
            probes, loss = self.estimate(layout, evaluation)
        finally:
            self.queries += evaluation.count
            if self.prefix is not None:
                self.prefix.end_step()
        return probes, loss

    def _rounding(self) -> StochasticRounding | None:
        if self.rounding == "nearest":
            return None
        return StochasticRounding(Stream(self.seed, "rounding"), self.steps)

    def settle(self) -> None:
        """Do the last step's update where it waits (``delayed``): call this before using parameters."""
        with Held(), torch.no_grad():
            self._settle()

    def _settle(self) -> None:
        if self.pending is not None:
            self.pending.settle()
            self.pending = None

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

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group; its parameters follow those before in the flat index.

        Raises:
            InvalidArgument: as the constructor.
        """
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise InvalidArgument("param_group", param_group, 'give a dict with "params" and options')
        given = param_group["params"]
        if isinstance(given, (set, frozenset)) or not isinstance(given, Iterable):
            raise InvalidArgument("params", given, "give a list: its order is that of the random entries")
        for name in Options.__annotations__.keys() & param_group.keys():
            remedy = "it is an option of the optimizer, the same for all groups: give it by keyword"
            raise InvalidArgument(name, param_group[name], remedy)
        given = [given] if isinstance(given, torch.Tensor) else list(given)
        plain: list[Any] = [e[1] if isinstance(e, tuple) and len(e) == 2 else e for e in given]
        check_parameters(plain, [p for group in self.param_groups for p in group["params"]])
        group = {**self.defaults, **param_group, "params": given}
        self.check_group(group)
        self._check_waiting(group)
        super().add_param_group(group)
        if self.constructed:
            try:
                self._check_layout()
            except InvalidArgument:
                self.param_groups.pop()
                raise

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

    def __deepcopy__(self, memo: dict[int, Any]) -> "ZerothOrderOptimizer":
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
        self.settle()
        own = {k: value for k, value in vars(self).items() if not k.startswith("_") and k != "step"}
        return {**super().__getstate__(), **own}


def _usable(number: Any) -> bool:
    return isinstance(number, (int, float)) and 0 <= number < math.inf


def _unknown(kind: type, name: str) -> str:
    # Options of subclasses come here, too, and the base's name would be no help.
    own = [p.name for p in signature(kind).parameters.values() if p.kind is p.KEYWORD_ONLY]
    known = sorted({*own, *Options.__annotations__})
    near = get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"its options are {', '.join(known)}"
    return f"{kind.__name__} has no option {name!r}: {hint}"
