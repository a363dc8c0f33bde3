"""What layers were given and gave in an evaluation, to be compared and handed out in later ones."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

from zotheory.optim.blank import Blank
from zotheory.optim.module_state import ModuleState, comparable, same_bits

# Values of these types must be equal for an output to be handed out again; of others only the type is.
_PLAIN = (bool, int, float, str, bytes, range, type(None), torch.dtype, torch.device, torch.Size)
# Arguments of which nothing is left unseen, in tuples, lists and dictionaries.
LASTING = frozenset((*_PLAIN, torch.Tensor, torch.nn.Parameter))


class Stale(BaseException):
    """The layers were given something else than before; not an Exception, so that no model catches it."""


@dataclass(frozen=True)
class _From:
    # A tensor by where it comes from: place in what the first layer was given, or the layer before gave.
    before: bool
    place: int


@dataclass(frozen=True)
class _Kind:
    # An object that is neither a tensor nor plain: held itself, a cache of keys and values would stay.
    kind: type


@dataclass(frozen=True)
class _Like:
    # A tensor that is not kept; of what it was like there is a tensor without memory.
    tensor: torch.Tensor


@dataclass(frozen=True)
class _Values:
    # A copy of a tensor, and how the tensor lay in memory.
    tensor: torch.Tensor
    stride: tuple[int, ...] | None


@dataclass
class Record:
    """What each of the first layers was given, see `sources_of` and `structure_of`, and gave.

    Of the last output it has a copy, of the others descriptions; then their states, and the modes in which
    the first one ran.
    """

    given: list[tuple[list[Any], Any]] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    states: list[ModuleState] = field(default_factory=list)
    modes: list[Any] = field(default_factory=list)
    # Whether it may be used in later steps: all that each layer was given, and holds, can be seen.
    lasting: list[bool] = field(default_factory=list)

    @property
    def depth(self) -> int:
        """Number of layers that gave something."""
        return len(self.outputs)


class Skip:
    """An evaluation that is handed what the layers gave before."""

    def __init__(self, record: Record) -> None:
        self.record, self.done = record, 0
        self.touched: list[Any] = []
        self._first: list[Any] = []
        self._last: list[Any] = []
        self._written: list[int] = []

    def output(self, number: int, own: Any, args: Any, kwargs: Any) -> Any:
        """Return a layer's output, if it is given the same as before."""
        record, first, last = self.record, self._first, self._last
        leaves = tree_leaves((args, kwargs))
        if number == 0:
            first.extend(leaves)
        elif versions_of(first, last) != self._written:
            raise Stale
        if number != self.done:
            raise Stale
        given, structure = record.given[number]
        if structure != structure_of((args, kwargs), set()) or not _same(given, leaves, first, last):
            raise Stale
        if not record.states[number].holds(own) or (number == 0 and record.modes != modes_now()):
            raise Stale
        self.done += 1
        output = tree_map(lambda value: _handed_out(value, self.touched), record.outputs[number])
        last[:] = tree_leaves(output)
        self._written[:] = versions_of(first, last)
        return output


def sources_of(leaves: list[Any], first: list[Any], last: list[Any]) -> list[Any]:
    """Return leaves by where they come from: what the first layer was given, or the one before gave."""
    return [_source(leaf, first, last) for leaf in leaves]


def can_follow(sources: list[Any], number: int) -> bool:
    """Return whether the output of layer ``number``, given this, can be handed out again.

    Not so where it is given something else than what the one before gave, or what cannot be compared.
    """
    follows = number == 0 or any(isinstance(s, _From) and s.before for s in sources)
    return follows and all(comparable(s.tensor) for s in sources if isinstance(s, _Values))


def _source(leaf: Any, first: list[Any], last: list[Any]) -> Any:
    if isinstance(leaf, torch.Tensor):
        for before, known in ((True, last), (False, first)):
            for place, other in enumerate(known):
                if other is leaf:
                    return _From(before, place)
    return remembered(leaf)


def remembered(value: Any) -> Any:
    """Return what a value is compared with later: of a tensor a copy."""
    if isinstance(value, torch.Tensor):
        return _Values(copied(value), _stride(value))
    return value if isinstance(value, _PLAIN) else _Kind(type(value))


def _stride(tensor: torch.Tensor) -> tuple[int, ...] | None:
    return tensor.stride() if tensor.layout == torch.strided and not tensor.is_nested else None


def structure_of(value: Any, kinds: set[type]) -> Any:
    """Return the types of what is in plain containers; those of anything else are added to kinds."""
    kind = type(value)
    if kind is tuple or kind is list:
        return kind, [structure_of(item, kinds) for item in value]
    if kind is dict:
        return kind, [(key, structure_of(item, kinds)) for key, item in value.items()]
    kinds.add(kind)
    return torch.Tensor if kind is Blank else kind


def versions_of(*leaves: list[Any]) -> list[int]:
    """Return how often tensors have been written to."""
    # Torch counts no writes to tensors made in inference mode.
    tensors = [leaf for part in leaves for leaf in part if isinstance(leaf, torch.Tensor)]
    return [0 if tensor.is_inference() else tensor._version for tensor in tensors]


def modes_now() -> list[Any]:
    """Return what autocast does now."""
    kinds = ["cpu", "cuda"]
    return [(torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in kinds]


def copied(value: Any) -> Any:
    """Return a copy of a tensor, other values themselves."""
    # Models may write to what they are given.
    return value.clone() if isinstance(value, torch.Tensor) else value


def described(value: Any) -> Any:
    """Return what takes the place of a value that is not kept."""
    # Of integers, such as counts and masks, models may ask for the entries.
    plain = type(value) is torch.Tensor and value.layout == torch.strided and not value.is_nested
    floating = plain and (value.is_floating_point() or value.is_complex())
    return _Like(Blank.like(value, [])) if floating else value


def _handed_out(value: Any, touched: list[Any]) -> Any:
    return Blank.like(value.tensor, touched) if isinstance(value, _Like) else copied(value)


def _same(given: list[Any], found: list[Any], first: list[Any], last: list[Any]) -> bool:
    return len(given) == len(found) and all(
        (last if a.before else first)[a.place] is b if isinstance(a, _From) else _equal(a, b)
        for a, b in zip(given, found, strict=True)
    )


def _equal(given: Any, found: Any) -> bool:
    if isinstance(given, _Kind):
        return type(found) is given.kind
    if isinstance(given, _Values):
        like = isinstance(found, torch.Tensor) and _stride(found) == given.stride
        return like and same_bits(given.tensor, found)
    if type(given) is not type(found):
        return False
    # As numbers 0.0 is -0.0, and NaN is not NaN.
    return given.hex() == found.hex() if isinstance(given, float) else given == found
