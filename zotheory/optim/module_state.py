"""What a module's forward depends on besides its arguments, to see later whether it is still the same."""

from itertools import chain
from operator import attrgetter, is_
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import torch

# Their own value, and nothing in them that could change.
_NUMBERS = bool, int, float, complex, str, bytes, range, type(None)
_DESCRIPTIONS = torch.dtype, torch.device, torch.Size, torch.layout, torch.memory_format
_CONSTANT = frozenset((*_NUMBERS, *_DESCRIPTIONS))
# Values looked at in one layer; what holds more is no part of a layer.
_MOST = 10_000

_version, _description = attrgetter("_version"), attrgetter("dtype", "shape")
_INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def comparable(tensor: torch.Tensor) -> bool:
    """Return whether `same_bits` can tell: not of sparse, nested or quantized ones, nor of meta tensors."""
    plain = tensor.layout == torch.strided and not tensor.is_nested and not tensor.is_meta
    return plain and not tensor.is_quantized and not tensor.is_neg()


def same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Return whether two tensors have the same type, shape and bits; False where that cannot be told."""
    if (a.dtype, a.shape, a.device) != (b.dtype, b.shape, b.device):
        return False
    if not (comparable(a) and comparable(b)) or a.is_conj() != b.is_conj():
        return False
    if a.is_complex():
        a, b = torch.view_as_real(a.resolve_conj()), torch.view_as_real(b.resolve_conj())
    # As integers: -0.0 is not 0.0, and NaN is NaN.
    integers = _INTEGERS.get(a.element_size())
    return integers is not None and torch.equal(a.view(integers), b.view(integers))


class Buffers:
    """A model's buffers, such as running means, at the time of the call.

    Evaluations that only check something are to leave them as they were.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        plain = [b for b in model.buffers() if b.layout == torch.strided and not b.is_nested]
        buffers = [b for b in plain if not b.is_meta]
        self._copies = [(buffer, buffer.detach().clone()) for buffer in buffers]

    @torch.no_grad()
    def restore(self) -> None:
        """Put back those that are different now."""
        # Torch does not count all writes, as those of batch norm, and to write to others would be counted.
        for buffer, copy in self._copies:
            if not same_bits(buffer, copy):
                buffer.copy_(copy)

    def unchanged(self) -> bool:
        """Return whether all are as they were."""
        return all(same_bits(buffer, copy) for buffer, copy in self._copies)


class ModuleState:
    """The state of a module and of all modules below it at the time of the call.

    That is every module's class and attributes (parameters, buffers, modules and hooks among them), what is
    in lists, sets and dictionaries among those, the attributes of objects among those, and so on, and of
    every tensor where its memory is, how it lies there and its version, which torch raises at each write
    other than through ``.data``. All are compared by identity, and held, the memory too, so that nothing
    else takes it.

    Args:
        module: the module.
        forward: the module's own attribute ``forward``, for which another one may stand in at the moment.

    Attributes:
        open: whether all could be looked into. Not so are functions with variables of their own, objects
            that are not written in Python or have slots, such as arrays, tensors whose writes torch does
            not count, and modules that the module is itself a part of.
    """

    def __init__(self, module: torch.nn.Module, forward: Any) -> None:
        self.module, self.forward = module, forward
        self.open = _is_plain(type(module))
        self._objects: list[Any] = []
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
        # An address comes again once its memory is free.
        self._storages = [t.untyped_storage() for t in self._strided if type(t) in _OWN_MEMORY]
        self.open = self.open and len(self._tracked) == len(self._storages) == len(self._tensors)

    def holds(self, forward: Any) -> bool:
        """Return whether all is as it was; ``forward`` as for the constructor."""
        # One pass over everything: this is done at every evaluation.
        return (
            forward is self.forward
            and not any(self._empty)
            and list(map(len, self._dicts)) == self._sizes[0]
            and list(map(len, self._others)) == self._sizes[1]
            and all(map(is_, map(type, self._objects), self._types))
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
        self._objects.append(self.module)
        self._types.append(type(self.module))
        seen: set[int] = {id(self.module)}
        pending: list[Any] = [*own.values(), self.forward]
        while pending:
            value = pending.pop()
            kind = type(value)
            if kind in _CONSTANT or id(value) in seen:
                continue
            seen.add(id(value))
            if len(seen) > _MOST:
                self.open = False
                return
            if isinstance(value, torch.Tensor):
                self._tensors.append(value)
            elif isinstance(value, torch.nn.Module):
                # One that the layer is part of changes for reasons of its own.
                if id(value) in registered or self.module not in value.modules():
                    self._look_into(value, pending)
                else:
                    self.open = False
            elif isinstance(value, dict):
                self._remember(value, pending)
                self._extend(value, pending)
            elif isinstance(value, (tuple, frozenset)):
                pending.extend(value)
                self._extend(value, pending)
            elif isinstance(value, (list, set)):
                items = list(value)
                if items:
                    self._others.append(value)
                    self._items.extend(items)
                    pending.extend(items)
                else:
                    self._empty.append(value)
                self._extend(value, pending)
            elif kind is FunctionType:
                self.open = self.open and value.__closure__ is None
            elif kind is BuiltinFunctionType:  # or a method
                self.open = self.open and isinstance(value.__self__, (ModuleType, type, type(None)))
            elif kind is MethodType:
                pending += (value.__self__, value.__func__)
            elif not isinstance(value, (type, ModuleType)):
                self._look_into(value, pending)

    def _look_into(self, value: Any, pending: list[Any]) -> None:
        attributes = getattr(value, "__dict__", None)
        if isinstance(attributes, dict):
            self._objects.append(value)
            self._types.append(type(value))
            self._remember(attributes, pending)
        # Larger than an object that has attributes alone: it holds something else besides.
        self.open = self.open and isinstance(attributes, dict) and _is_plain(type(value))

    def _extend(self, value: Any, pending: list[Any]) -> None:
        # What objects that are also containers hold as attributes.
        if getattr(value, "__dict__", None):
            self._remember(vars(value), pending)

    def _remember(self, found: dict[Any, Any], pending: list[Any]) -> None:
        if found:
            values = list(dict.values(found))
            self._dicts.append(found)
            self._keys.extend(found)
            self._values.extend(values)
            pending.extend(values)
        else:
            self._empty.append(found)


class _Attributes:
    pass


# Others, such as blanks, may have none.
_OWN_MEMORY = (torch.Tensor, torch.nn.Parameter)


def _is_plain(kind: type) -> bool:
    if kind.__basicsize__ > _Attributes.__basicsize__ or kind.__itemsize__:
        return False
    return not any(vars(base).get("__slots__") for base in kind.__mro__)
