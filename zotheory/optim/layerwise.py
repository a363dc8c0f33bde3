"""Displacing each module's parameters only while its forward runs: extra memory of one layer."""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from zotheory.errors import InvalidArgument
from zotheory.optim.directions import Direction
from zotheory.optim.evaluation import Closure, displace
from zotheory.optim.layout import Layout, Slot
from zotheory.optim.loss import read_loss
from zotheory.optim.streaming import forward_of, streamed

_REMEDY = (
    "layerwise evaluation perturbs a parameter only while the forward of a module that owns it runs: "
    "use model=None, or freeze it"
)


class Layerwise:
    """Lets parameters point to displaced copies during the forward of the modules that own them.

    The parameters' own memory is never written to, and is theirs again when the evaluation ends, however it
    ends. A parameter that is used elsewhere, or not at all, would miss its displacement. The second is
    noticed by counting; against the first, parameters are NaN outside those forwards, and torch's functions
    are watched in the first evaluations and in those whose loss is NaN.

    Args:
        layout: the parameters.
        model: the module that the closure runs.
        watched: number of evaluations in which torch's functions are watched.

    Raises:
        InvalidArgument: a trainable parameter that no module of the model owns.
    """

    def __init__(self, layout: Layout, model: torch.nn.Module, watched: int = 0) -> None:
        self.layout, self.watched = layout, watched
        slots = {id(slot.parameter): slot for slot in layout.slots}
        self.owners: list[tuple[torch.nn.Module, list[Slot]]] = []
        owned: set[int] = set()
        for module in model.modules():
            mine = {id(p) for p in module.parameters(recurse=False) if id(p) in slots}
            if mine:
                self.owners.append((module, sorted((slots[key] for key in mine), key=_start)))
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
        self.watched -= watch
        found = self._loss(closure, direction, scale, watch)
        if not math.isfinite(found) and not watch:
            found = self._loss(closure, direction, scale, watch=True)
        return found

    def _loss(self, closure: Closure, direction: Direction, scale: float, watch: bool) -> float:
        with Run(self.layout, direction, scale) as run, ExitStack() as stack:
            for module, slots in self.owners:
                run.attach(module, slots, stack)
            if watch:
                stack.enter_context(Watch(run))
            found = read_loss(closure())
        for slot in self.layout.slots:
            if id(slot.parameter) not in run.reached:
                raise InvalidArgument("model", slot.name, f"no forward reached this parameter; {_REMEDY}")
        return found


class Run:
    """One evaluation.

    Attributes:
        reached: identities of the parameters that were displaced so far.
        busy: whether torch's functions are called by this engine and not by the model.
    """

    def __init__(self, layout: Layout, direction: Direction, scale: float) -> None:
        self.layout, self.direction, self.scale = layout, direction, scale
        self.originals = {id(slot.parameter): slot.parameter.data for slot in layout.slots}
        self.reached: set[int] = set()
        self.busy = False
        self._depth: dict[int, int] = {}
        self._spare: list[torch.Tensor] = []

    def __enter__(self) -> "Run":
        for slot in self.layout.slots:
            self._withhold(slot)
        return self

    def __exit__(self, *error: object) -> None:
        for slot in self.layout.slots:
            slot.parameter.data = self.originals[id(slot.parameter)]

    def attach(self, module: torch.nn.Module, slots: list[Slot], stack: ExitStack) -> None:
        """Hook the forward of a module that owns parameters until the stack unwinds."""
        whole = [slot for slot in slots if not streamed(module, slot)]
        for slot in slots:
            if slot not in whole:
                module.forward = forward_of(module, slot, self.displace)
                stack.callback(module.__dict__.pop, "forward")
        if whole:
            # Before other hooks, which may compute with the parameters, as weight_norm's does.
            before = module.register_forward_pre_hook(self._each(self._enter, whole), prepend=True)
            stack.callback(before.remove)
            stack.callback(module.register_forward_hook(self._each(self._leave, whole)).remove)

    def displaced(self, slot: Slot) -> bool:
        """Return whether the parameter points to a displaced copy."""
        return bool(self._depth.get(id(slot.parameter)))

    def displace(self, slot: Slot, target: torch.Tensor, first: int = 0) -> None:
        """Write entries of the displaced parameter, from ``first`` on, to a row of memory."""
        key, before = id(slot.parameter), self.busy
        self.busy = True
        source = self.originals[key].reshape(-1)  # a copy where memory is not in order
        displace(slot, source, self.direction, self.scale, target, first)
        self.busy = before
        self.reached.add(key)

    def _each(self, action: Callable[[Slot], None], slots: list[Slot]) -> Callable[..., None]:
        def hook(*call: Any) -> None:
            self.busy = True
            for slot in slots:
                action(slot)
            self.busy = False

        return hook

    def _enter(self, slot: Slot) -> None:
        # A forward may run inside another one that owns the same parameter: it is displaced once.
        key, parameter = id(slot.parameter), slot.parameter
        self._depth[key] = self._depth.get(key, 0) + 1
        if self._depth[key] == 1:
            copy = self._memory(parameter)
            self.displace(slot, copy)
            parameter.data = copy.view(parameter.shape)

    def _leave(self, slot: Slot) -> None:
        key = id(slot.parameter)
        self._depth[key] -= 1
        if self._depth[key] == 0:
            self._spare.append(slot.parameter.data.view(-1))
            self._withhold(slot)

    def _withhold(self, slot: Slot) -> None:
        parameter = slot.parameter
        with torch.inference_mode(False):
            nothing = torch.full((), math.nan, dtype=parameter.dtype, device=parameter.device)
            parameter.data = nothing.expand(parameter.shape)

    def _memory(self, like: torch.Tensor) -> torch.Tensor:
        # That of an earlier layer, if it has the size: fresh pages are slow.
        for place, copy in enumerate(self._spare):
            if copy.numel() == like.numel() and copy.dtype == like.dtype and copy.device == like.device:
                return self._spare.pop(place)
        self._spare.clear()
        # Made under inference mode, parameters could not point to it outside.
        with torch.inference_mode(False):
            return torch.empty(like.numel(), dtype=like.dtype, device=like.device)


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
        if self.run.busy:
            return result
        # Its shape or type may be asked for anywhere: what returns no tensor is no use of the values.
        if not isinstance(result, torch.Tensor) and not any(
            isinstance(leaf, torch.Tensor) for leaf in tree_leaves(result)
        ):
            return result
        for leaf in _leaves(args, kwargs):
            if isinstance(leaf, torch.Tensor) and leaf.layout == torch.strided:
                slot = self.slots.get(id(leaf))
                if slot is None or self.run.displaced(slot):
                    slot = self.aliases.get(leaf.untyped_storage().data_ptr())
                if slot is not None:
                    remedy = f"it is used outside the forward of its module; {_REMEDY}"
                    raise InvalidArgument("model", slot.name, remedy)
        return result


def _leaves(args: Any, kwargs: dict[str, Any]) -> Iterator[Any]:
    for value in (*args, *kwargs.values()):
        if isinstance(value, (list, tuple, dict)):
            yield from tree_leaves(value)
        else:
            yield value


def _start(slot: Slot) -> int:
    return slot.start
