"""What a module's forward depends on besides its arguments, to see later whether it is still the same."""

from itertools import chain
from operator import attrgetter, is_
from types import ModuleType
from typing import Any

import torch

# Their own value, and nothing in them that could change.
_CONSTANT = frozenset(
    (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device, torch.Size)
)

_version, _description = attrgetter("_version"), attrgetter("dtype", "shape")


class Buffers:
    """A model's buffers, such as running means, at the time of the call.

    Evaluations that only check something are to leave them as they were.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        buffers = [b for b in model.buffers() if b.layout == torch.strided and not b.is_meta]
        self._copies = [(buffer, buffer.detach().clone()) for buffer in buffers]

    @torch.no_grad()
    def restore(self) -> None:
        """Put back those that are different now."""
        # Torch does not count all writes, as those of batch norm, and to write to others would be counted.
        for buffer, copy in self._copies:
            if not torch.equal(buffer, copy):
                buffer.copy_(copy)


class ModuleState:
    """The state of a module and of all modules below it at the time of the call.

    That is every module's class and attributes (parameters, buffers, modules and hooks among them), what is
    in lists, sets and dictionaries among those, the attributes of other objects among those, and of
    every tensor where its memory is, how it lies there and its version, which torch raises at each write
    other than through ``.data``. All are compared by identity, and held so that no other object takes it.

    Args:
        module: the module.
        forward: the module's own attribute ``forward``, for which another one may stand in at the moment.
    """

    def __init__(self, module: torch.nn.Module, forward: Any) -> None:
        self.module, self.forward = module, forward
        self._modules: list[torch.nn.Module] = []
        self._types: list[type] = []
        self._dicts: list[dict[Any, Any]] = []
        self._keys: list[Any] = []
        self._values: list[Any] = []
        self._others: list[Any] = []
        self._items: list[Any] = []
        self._empty: list[Any] = []
        self._tensors: list[torch.Tensor] = []
        self._walk()
        self._sizes = list(map(len, self._dicts)), list(map(len, self._others))
        # Torch counts no writes to tensors made in inference mode; sparse ones are not at one address.
        self._tracked = [t for t in self._tensors if not t.is_inference()]
        self._strided = [t for t in self._tensors if t.layout == torch.strided and not t.is_nested]
        self._memory = self._tensors_now()

    def holds(self, forward: Any) -> bool:
        """Return whether all is as it was; ``forward`` as for the constructor."""
        # One pass over everything: this is done at every evaluation.
        return (
            forward is self.forward
            and not any(self._empty)
            and list(map(len, self._dicts)) == self._sizes[0]
            and list(map(len, self._others)) == self._sizes[1]
            and all(map(is_, map(type, self._modules), self._types))
            and all(map(is_, chain.from_iterable(map(dict.values, self._dicts)), self._values))
            and all(map(is_, chain.from_iterable(self._dicts), self._keys))
            and all(map(is_, chain.from_iterable(self._others), self._items))
            and self._own() == self._named
            and self._tensors_now() == self._memory
        )

    def _tensors_now(self) -> list[Any]:
        return [
            list(map(_version, self._tracked)),
            list(map(_description, self._tensors)),
            list(map(torch.Tensor.data_ptr, self._strided)),
            list(map(torch.Tensor.stride, self._strided)),
        ]

    def _own(self) -> list[tuple[str, int]]:
        return [(name, id(value)) for name, value in vars(self.module).items() if name != "forward"]

    def _walk(self) -> None:
        registered = {id(module) for module in self.module.modules()}
        own = {name: value for name, value in vars(self.module).items() if name != "forward"}
        self._held, self._named = own, self._own()  # held, as identities are compared
        self._modules.append(self.module)
        self._types.append(type(self.module))
        seen: set[int] = {id(self.module)}
        pending: list[Any] = [*own.values(), self.forward]
        while pending:
            value = pending.pop()
            if type(value) in _CONSTANT or id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, torch.Tensor):
                self._tensors.append(value)
            elif isinstance(value, torch.nn.Module):
                # One that the layer is part of changes for reasons of its own.
                if id(value) in registered or self.module not in value.modules():
                    self._modules.append(value)
                    self._types.append(type(value))
                    self._remember(vars(value), pending)
            elif isinstance(value, dict):
                self._remember(value, pending)
            elif isinstance(value, tuple):
                pending.extend(value)
            elif isinstance(value, (list, set)):
                items = list(value)
                if items:
                    self._others.append(value)
                    self._items.extend(items)
                    pending.extend(items)
                else:
                    self._empty.append(value)
            elif not isinstance(value, (type, ModuleType)):
                attributes = getattr(value, "__dict__", None)
                if isinstance(attributes, dict):
                    self._remember(attributes, [])

    def _remember(self, found: dict[Any, Any], pending: list[Any]) -> None:
        if found:
            values = list(dict.values(found))
            self._dicts.append(found)
            self._keys.extend(found)
            self._values.extend(values)
            pending.extend(values)
        else:
            self._empty.append(found)
