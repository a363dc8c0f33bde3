"""Displacing each module's parameters only while its forward runs: extra memory of one layer."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from zotheory.errors import InvalidArgument
from zotheory.optim.directions import Direction
from zotheory.optim.evaluation import displace
from zotheory.optim.layout import Layout, Slot
from zotheory.optim.streaming import forward_of, streamed

_REMEDY = (
    "layerwise evaluation perturbs a parameter only while the forward of a module that owns it runs: "
    "use model=None, or freeze it"
)


class Layerwise:
    """Lets parameters point to displaced copies during the forward of the modules that own them.

    The parameters' own memory is never written to, and is theirs again when the forward ends, however it
    ends. A parameter that is used elsewhere, or not at all, would silently miss its displacement: the first
    is noticed by watching torch's functions, the second by counting.

    Raises:
        InvalidArgument: a trainable parameter that no module of the model owns.
    """

    def __init__(self, layout: Layout, model: torch.nn.Module) -> None:
        self.layout = layout
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

    @contextmanager
    def displaced(self, direction: Direction, scale: float) -> Iterator[None]:
        """Let every forward of an owning module within the block see its parameters plus scale v."""
        run = Run(direction, scale)
        with run, ExitStack() as stack:
            for module, slots in self.owners:
                run.attach(module, slots, stack)
            stack.enter_context(Watch(run, self.layout))
            yield
        self.check_reached(run)

    def check_reached(self, run: "Run") -> None:
        """Refuse an evaluation in which a parameter kept its value.

        Raises:
            InvalidArgument: no forward of an owning module ran.
        """
        for slot in self.layout.slots:
            if id(slot.parameter) not in run.reached:
                raise InvalidArgument("model", slot.name, f"no forward reached this parameter; {_REMEDY}")


class Run:
    """One evaluation: the parameters that point to copies at the moment.

    Attributes:
        reached: identities of the parameters that were displaced so far.
        busy: whether torch's functions are called by this engine and not by the model.
    """

    def __init__(self, direction: Direction, scale: float) -> None:
        self.direction, self.scale = direction, scale
        self.reached: set[int] = set()
        self.busy = False
        self._depth: dict[int, int] = {}
        self._moved: dict[int, tuple[Slot, torch.Tensor]] = {}
        self._spare: list[torch.Tensor] = []

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *error: object) -> None:
        for slot, original in self._moved.values():  # whatever an exception left displaced
            slot.parameter.data = original
        self._moved.clear()

    def attach(self, module: torch.nn.Module, slots: list[Slot], stack: ExitStack) -> None:
        """Hook the forward of a module that owns parameters until the stack unwinds."""
        whole = [slot for slot in slots if not streamed(module, slot)]
        for slot in slots:
            if slot not in whole:
                module.forward = forward_of(module, slot, self.displace)
                stack.callback(module.__dict__.pop, "forward")
        if whole:
            # Before other hooks, which may compute with the parameters, as weight_norm's does.
            before = module.register_forward_pre_hook(self._entering(whole), prepend=True)
            stack.callback(before.remove)
            stack.callback(module.register_forward_hook(self._leaving(whole)).remove)

    def displace(self, slot: Slot, target: torch.Tensor, first: int = 0) -> None:
        """Write entries of the displaced parameter, from ``first`` on, to a row of memory."""
        with self._working():
            displace(slot, self.direction, self.scale, target, first)
        self.reached.add(id(slot.parameter))

    def _entering(self, slots: list[Slot]) -> Callable[..., None]:
        def hook(module: torch.nn.Module, inputs: Any) -> None:
            with self._working():
                for slot in slots:
                    self._enter(slot)

        return hook

    def _leaving(self, slots: list[Slot]) -> Callable[..., None]:
        def hook(module: torch.nn.Module, inputs: Any, output: Any) -> None:
            with self._working():
                for slot in slots:
                    self._leave(slot)

        return hook

    @contextmanager
    def _working(self) -> Iterator[None]:
        before, self.busy = self.busy, True
        try:
            with torch.no_grad():
                yield
        finally:
            self.busy = before

    def _enter(self, slot: Slot) -> None:
        # A forward may run inside another one that owns the same parameter: it is displaced once.
        key, parameter = id(slot.parameter), slot.parameter
        self._depth[key] = self._depth.get(key, 0) + 1
        if self._depth[key] == 1:
            copy = self._memory(parameter)
            self.displace(slot, copy)
            self._moved[key] = slot, parameter.data
            parameter.data = copy.view(parameter.shape)

    def _leave(self, slot: Slot) -> None:
        key = id(slot.parameter)
        self._depth[key] -= 1
        if self._depth[key] == 0:
            self._spare.append(slot.parameter.data.view(-1))
            slot.parameter.data = self._moved.pop(key)[1]

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

    def __init__(self, run: Run, layout: Layout) -> None:
        super().__init__()
        self.run = run
        # A displaced parameter is in other memory.
        self.names = {slot.parameter.untyped_storage().data_ptr(): slot.name for slot in layout.slots}

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
                name = self.names.get(leaf.untyped_storage().data_ptr())
                if name is not None:
                    remedy = f"it is used outside the forward of its module; {_REMEDY}"
                    raise InvalidArgument("model", name, remedy)
        return result


def _leaves(args: Any, kwargs: dict[str, Any]) -> Iterator[Any]:
    for value in (*args, *kwargs.values()):
        if isinstance(value, (list, tuple, dict)):
            yield from tree_leaves(value)
        else:
            yield value


def _start(slot: Slot) -> int:
    return slot.start
