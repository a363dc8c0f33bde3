"""Displacing each module's parameters only while its forward runs: extra memory of one layer."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from zotheory.errors import InvalidArgument
from zotheory.optim.directions import Direction
from zotheory.optim.evaluation import Closure, Place, displace
from zotheory.optim.forwards import replaced_forward
from zotheory.optim.layout import Layout, Slot
from zotheory.optim.loss import read_loss
from zotheory.optim.module_state import Buffers
from zotheory.optim.replay import Replay
from zotheory.optim.reuse import Prefix
from zotheory.optim.streaming import forward_of, streamed
from zotheory.optim.workspace import Spare, held_once

_REMEDY = (
    "layerwise evaluation perturbs a parameter only while the forward of a module that owns it runs: "
    "use model=None, or freeze it"
)


class Layerwise(Place):
    """Lets parameters point to displaced copies during the forward of the modules that own them.

    The parameters' own memory is never written to, and is theirs again when the evaluation ends, however it
    ends. A parameter that is used elsewhere, or not at all, would miss its displacement. The second is
    noticed by counting; against the first, parameters are NaN outside those forwards, and torch's functions
    are watched in the first evaluations and in those whose loss is NaN. What is not noticed is a use that
    begins later and lets no NaN through to the loss, such as `nan_to_num` or a comparison.

    Args:
        layout: the parameters.
        model: the module that the closure runs.
        watched: number of evaluations in which torch's functions are watched.
        prefix: keeps the output of layers below all displaced ones, if given.
        pending: an update that is to be done before a parameter is displaced, if given.

    Raises:
        InvalidArgument: a trainable parameter that no module owns, or a module that is compiled.
    """

    def __init__(
        self,
        layout: Layout,
        model: torch.nn.Module,
        watched: int = 0,
        prefix: Prefix | None = None,
        pending: Replay | None = None,
    ) -> None:
        self.layout, self.watched, self.prefix, self.pending = layout, watched, prefix, pending
        self.model = model
        slots = {id(slot.parameter): slot for slot in layout.slots}
        # Modules with the parameters that are displaced whole, and with those in chunks.
        self.owners: list[tuple[torch.nn.Module, list[Slot], list[Slot]]] = []
        owned: set[int] = set()
        for module in model.modules():
            if isinstance(module, torch.jit.ScriptModule) or _compiled(module):
                remedy = "hooks do not reach into what is compiled: give the module as it was, or None"
                raise InvalidArgument("model", type(module).__name__, remedy)
            mine = {id(p) for p in module.parameters(recurse=False) if id(p) in slots}
            if mine:
                ordered = sorted((slots[key] for key in mine), key=_start)
                chunked = [slot for slot in ordered if streamed(module, slot)]
                whole = [slot for slot in ordered if slot not in chunked]
                self.owners.append((module, whole, chunked))
                owned |= mine
        for key, slot in slots.items():
            if key not in owned:
                remedy = f"it does not own {slot.name}: give the module that is optimized, or model=None"
                raise InvalidArgument("model", type(model).__name__, remedy)

    def loss(self, closure: Closure, direction: Direction, scale: float) -> float:
        """Return the loss at x + scale v.

        Raises:
            InvalidArgument: a parameter was used where it was not displaced, or in no forward.
        """
        watch = self.watched > 0
        if watch:
            self.watched -= 1
            return self._loss(closure, self._run(direction, scale), watch=True)
        if self.prefix is not None and self.prefix.active:
            found = self._reusing(self.prefix, closure, direction, scale)
        else:
            found = self._loss(closure, self._run(direction, scale))
        if not math.isfinite(found):
            buffers = Buffers(self.model)
            self._loss(closure, self._run(direction, scale), watch=True)  # it may raise
            buffers.restore()
        return found

    def _run(self, direction: Direction, scale: float) -> "Run":
        return Run(self.layout, direction, scale, pending=self.pending)

    def settle(self) -> None:
        """Do an update that waits."""
        if self.pending is not None:
            self.pending.settle()

    def _reusing(self, prefix: Prefix, closure: Closure, direction: Direction, scale: float) -> float:
        run = self._run(direction, scale)

        def evaluate(around: AbstractContextManager[None]) -> float:
            nonlocal run
            run = self._run(direction, scale)
            return self._loss(closure, run, around)

        parameters = tuple(id(slot.parameter) for slot in self.layout.slots)
        return prefix.loss(parameters, evaluate, lambda: bool(run.reached), lambda: Buffers(self.model))

    def _loss(
        self,
        closure: Closure,
        run: "Run",
        around: AbstractContextManager[None] | None = None,
        watch: bool = False,
    ) -> float:
        with run, ExitStack() as stack:
            for owner in self.owners:
                attach(run, *owner, stack)
            stack.enter_context(Watch(run) if watch else nullcontext())
            stack.enter_context(around or nullcontext())
            found = read_loss(closure())
        self.check_reached(run)
        return found

    def check_reached(self, run: "Run") -> None:
        """Refuse an evaluation in which a parameter kept its value.

        Raises:
            InvalidArgument: no forward of an owning module ran.
        """
        for slot in self.layout.slots:
            if id(slot.parameter) not in run.reached:
                raise InvalidArgument("model", slot.name, f"no forward reached this parameter; {_REMEDY}")


class Run:
    """One evaluation, of which parameters are displaced at the moment.

    Attributes:
        reached: identities of the parameters that were displaced so far.
        busy: whether torch's functions are called by this engine and not by the model.
    """

    def __init__(
        self,
        layout: Layout,
        direction: Direction,
        scale: float,
        spare: Spare | None = None,
        pending: Replay | None = None,
    ) -> None:
        self.layout, self.direction, self.scale, self.pending = layout, direction, scale, pending
        self.originals = {id(slot.parameter): slot.parameter.data for slot in layout.slots}
        self.reached: set[int] = set()
        self.busy = False
        self.spare = spare or Spare()
        self._depth: dict[int, int] = {}

    def __enter__(self) -> "Run":
        for slot in self.layout.slots:
            withhold(slot)
        return self

    def __exit__(self, *error: object) -> None:
        for slot in self.layout.slots:
            slot.parameter.data = self.originals[id(slot.parameter)]

    def displaced(self, slot: Slot) -> bool:
        """Return whether the parameter points to a displaced copy."""
        return bool(self._depth.get(id(slot.parameter)))

    def enter(self, slots: list[Slot]) -> None:
        """Displace parameters, each once: a forward may run inside another one that owns the same."""
        self.busy = True
        for slot in slots:
            key, parameter = id(slot.parameter), slot.parameter
            self._depth[key] = self._depth.get(key, 0) + 1
            if self._depth[key] == 1:
                copy = self.spare.take(slot.size, parameter.dtype, parameter.device)
                self.displace(slot, copy)
                moved = copy.view(parameter.shape)
                if self.originals[key].stride() != moved.stride():  # such as channels_last: forwards differ
                    with torch.inference_mode(False):
                        laid = torch.empty_like(self.originals[key])
                    self.spare.give(copy)
                    moved = laid.copy_(moved)
                parameter.data = moved
        self.busy = False

    def leave(self, slots: list[Slot]) -> None:
        """Undo `enter`; memory of a parameter that the forward left a view of is not used again."""
        self.busy = True
        for slot in slots:
            key = id(slot.parameter)
            self._depth[key] -= 1
            if self._depth[key] == 0:
                copy = slot.parameter.data
                withhold(slot)
                if copy.is_contiguous():
                    copy = copy.view(-1).data  # a view would hold what it is of
                    if held_once(copy):
                        self.spare.give(copy)
        self.busy = False

    def displace(self, slot: Slot, target: torch.Tensor, first: int = 0) -> None:
        """Write entries of the displaced parameter, from ``first`` on, to a row of memory."""
        key, before = id(slot.parameter), self.busy
        self.busy = True
        if self.pending is not None:
            self.pending.settle_one(slot, self.originals[key])
        self.write(slot, self.originals[key].reshape(-1), target, first)
        self.busy = before
        self.reached.add(key)

    def write(self, slot: Slot, source: torch.Tensor, target: torch.Tensor, first: int) -> None:
        """Write entries of the row ``source`` plus scale v to ``target``."""
        displace(slot, source, self.direction, self.scale, target, first)


def attach(
    run: Any, module: torch.nn.Module, whole: list[Slot], chunked: list[Slot], stack: ExitStack
) -> None:
    """Let a run displace a module's parameters around its forward, until the stack unwinds."""
    for slot in chunked:
        stack.enter_context(replaced_forward(module, forward_of(module, slot, run.displace)))
    if whole:
        # Before other hooks, which may compute with the parameters, as weight_norm's does.
        before = module.register_forward_pre_hook(lambda *_: run.enter(whole), prepend=True)
        stack.callback(before.remove)
        after = module.register_forward_hook(lambda module, inputs, output: run.leave(whole))
        stack.callback(after.remove)


def withhold(slot: Slot) -> None:
    """Make a parameter NaN, with its shape and type but without memory of its own."""
    parameter = slot.parameter
    with torch.inference_mode(False):
        nothing = torch.full((), math.nan, dtype=parameter.dtype, device=parameter.device)
        parameter.data = nothing.expand(parameter.shape)


class Watch(TorchFunctionMode):
    """Refuses to compute with a trainable parameter, or its memory, where it is not displaced."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.slots = {id(slot.parameter): slot for slot in run.layout.slots}
        self.aliases = {
            run.originals[key].untyped_storage().data_ptr(): slot for key, slot in self.slots.items()
        }

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        # Its shape or type may be asked for anywhere: what returns no tensor is no use of the values.
        if self.run.busy or not any(isinstance(leaf, torch.Tensor) for leaf in _leaves((result,))):
            return result
        for leaf in _leaves((*args, *kwargs.values())):
            if _strided(leaf):
                slot = self.slots.get(id(leaf))
                if slot is None or self.run.displaced(slot):
                    slot = self.aliases.get(leaf.untyped_storage().data_ptr())
                if slot is not None:
                    remedy = f"it is used outside the forward of its module; {_REMEDY}"
                    raise InvalidArgument("model", slot.name, remedy)
        return result


def _leaves(values: tuple[Any, ...]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        else:
            yield from tree_leaves(value)


def _compiled(module: torch.nn.Module) -> bool:
    by_call = getattr(module, "_compiled_call_impl", None) is not None
    return by_call or type(module).__name__ == "OptimizedModule"


def _strided(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.layout == torch.strided and not value.is_nested


def _start(slot: Slot) -> int:
    return slot.start
