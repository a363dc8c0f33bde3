"""Displacing each module's parameters only while its forward runs: extra memory of one layer."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from zotheory.errors import InvalidArgument
from zotheory.optim.directions import Direction
from zotheory.optim.evaluation import displace
from zotheory.optim.layout import Layout, Slot

_REMEDY = (
    "layerwise evaluation perturbs a parameter only while the forward of a module that owns it runs: "
    "use model=None, or freeze it"
)


class Layerwise:
    """Displaces parameters by hooks around the forward of the modules that own them.

    A parameter that is used elsewhere, or not at all, would silently miss its displacement: the first is
    noticed by watching torch's functions, the second by counting.

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
                self.owners.append((module, [slots[key] for key in sorted(mine, key=_start(slots))]))
                owned |= mine
        for key, slot in slots.items():
            if key not in owned:
                remedy = f"it does not own {slot.name}: give the module that is optimized, or model=None"
                raise InvalidArgument("model", type(model).__name__, remedy)

    @contextmanager
    def displaced(self, direction: Direction, scale: float) -> Iterator[None]:
        """Let every forward of an owning module within the block see its parameters plus scale v."""
        run = _Run(direction, scale)
        try:
            with ExitStack() as stack:
                for module, slots in self.owners:
                    # Before other hooks, which may compute with the parameters, as weight_norm's does.
                    before = module.register_forward_pre_hook(_entering(run, slots), prepend=True)
                    stack.callback(before.remove)
                    stack.callback(module.register_forward_hook(_leaving(run, slots)).remove)
                stack.enter_context(_Watch(run, {id(slot.parameter): slot for slot in self.layout.slots}))
                yield
        finally:
            run.restore_all()  # whatever an exception left displaced
        for slot in self.layout.slots:
            if id(slot.parameter) not in run.reached:
                raise InvalidArgument("model", slot.name, f"no forward reached this parameter; {_REMEDY}")


class _Run:
    """The parameters displaced at the moment, with copies to restore them from."""

    def __init__(self, direction: Direction, scale: float) -> None:
        self.direction, self.scale = direction, scale
        self.copies: dict[int, torch.Tensor] = {}
        self.slots: dict[int, Slot] = {}
        self.depth: dict[int, int] = {}
        self.reached: set[int] = set()

    def enter(self, slot: Slot) -> None:
        # A forward may run inside another one that owns the same parameter: it is displaced once.
        key = id(slot.parameter)
        self.depth[key] = self.depth.get(key, 0) + 1
        if self.depth[key] == 1:
            self.slots[key] = slot
            self.copies[key] = slot.parameter.detach().clone()
            displace(slot, self.direction, self.scale)
            self.reached.add(key)

    def leave(self, slot: Slot) -> None:
        key = id(slot.parameter)
        if self.depth[key] == 1:
            slot.parameter.detach().copy_(self.copies.pop(key))
        self.depth[key] -= 1

    def restore_all(self) -> None:
        for key, copy in self.copies.items():
            self.slots[key].parameter.detach().copy_(copy)
        self.copies.clear()


class _Watch(TorchFunctionMode):
    """Refuses to compute with a trainable parameter that is not displaced at the moment."""

    def __init__(self, run: _Run, slots: dict[int, Slot]) -> None:
        super().__init__()
        self.run, self.slots = run, slots

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        # Its shape or type may be asked for anywhere: what returns no tensor is no use of the values.
        if not any(isinstance(leaf, torch.Tensor) for leaf in tree_leaves(result)):
            return result
        for leaf in tree_leaves((args, kwargs)):
            slot = self.slots.get(id(leaf)) if isinstance(leaf, torch.Tensor) else None
            if slot is not None and not self.run.depth.get(id(leaf)):
                remedy = f"it is used outside the forward of its module; {_REMEDY}"
                raise InvalidArgument("model", slot.name, remedy)
        return result


def _start(slots: dict[int, Slot]):
    return lambda key: slots[key].start


def _entering(run: _Run, slots: list[Slot]):
    def hook(module: torch.nn.Module, inputs: Any) -> None:
        with torch.no_grad():
            for slot in slots:
                run.enter(slot)

    return hook


def _leaving(run: _Run, slots: list[Slot]):
    def hook(module: torch.nn.Module, inputs: Any, output: Any) -> None:
        with torch.no_grad():
            for slot in slots:
                run.leave(slot)

    return hook
