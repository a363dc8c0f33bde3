"""The flat index: trainable parameters in the order of the groups, each once, as one long vector."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.stream import CHUNK

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(frozen=True, eq=False)
class Slot:
    """A trainable parameter; row by row its entries are start, ..., start + size - 1 of the flat index."""

    parameter: torch.Tensor
    group: dict[str, Any]
    start: int
    name: str

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.parameter.numel()

    @property
    def stop(self) -> int:
        """Flat index after the last entry."""
        return self.start + self.size

    @property
    def dtype(self) -> torch.dtype:
        """What arithmetic on it is done in: float32, or float64 for float64 parameters."""
        return torch.float64 if self.parameter.dtype == torch.float64 else torch.float32

    def windows(self) -> Iterator[tuple[int, int]]:
        """Yield (low, high) of pieces of at most `CHUNK` entries, counted within the parameter."""
        return pieces(self.size)


@dataclass(frozen=True, eq=False)
class Layout:
    """All trainable parameters of an optimizer at one moment."""

    slots: tuple[Slot, ...]

    @cached_property
    def dim(self) -> int:
        """Number of trainable entries, d."""
        return self.slots[-1].stop

    @cached_property
    def largest(self) -> float:
        """Largest number that arithmetic on every parameter can be done with, see `Slot.dtype`."""
        return min(torch.finfo(dtype).max for dtype in {slot.dtype for slot in self.slots})

    @cached_property
    def groups(self) -> list[tuple[dict[str, Any], list[Slot], float]]:
        """Groups that have trainable parameters, those, and a move that takes none of them too far.

        A move below half a unit in the last place of the largest number w_max of a type, which is w_max
        eps / 4 or a little more, takes no number beyond it.
        """
        found: dict[int, list[Slot]] = {}
        for slot in self.slots:
            found.setdefault(id(slot.group), []).append(slot)
        room = {d: torch.finfo(d).max * torch.finfo(d).eps / 4 for d in DTYPES}
        return [
            (slots[0].group, slots, min(room[slot.parameter.dtype] for slot in slots))
            for slots in found.values()
        ]

    def fits(self, count: int) -> bool:
        """Return whether ``count`` vectors of all entries are no more than a chunk."""
        return self.dim * count <= CHUNK

    def windows(self) -> Iterator[tuple[int, int, torch.device]]:
        """Yield (low, high, device) of consecutive pieces in the flat index, none over two parameters."""
        for slot in self.slots:
            for low, high in slot.windows():
                yield slot.start + low, slot.start + high, slot.parameter.device


def pieces(size: int) -> Iterator[tuple[int, int]]:
    """Yield (low, high) of pieces of a row of ``size`` entries, of at most `CHUNK` each."""
    for low in range(0, size, CHUNK):
        yield low, min(low + CHUNK, size)


def layout_marks(groups: Iterable[dict[str, Any]]) -> list[Any]:
    """Return all that a layout depends on: while it stays equal, and the layout is held, that is valid."""
    return [
        mark
        for group in groups
        for p in group["params"]
        for mark in (id(group), id(p), p.requires_grad, p.shape, p.dtype, p.device)
    ]


def lay_out(groups: Iterable[dict[str, Any]], model: torch.nn.Module | None) -> Layout:
    """Return the layout of the parameters that require a gradient.

    Raises:
        InvalidArgument: there is none.
    """
    names = {} if model is None else {id(p): name for name, p in model.named_parameters()}
    slots, start = [], 0
    for number, group in enumerate(groups):
        for place, parameter in enumerate(group["params"]):
            if parameter.requires_grad and parameter.numel():
                name = names.get(id(parameter), f"parameter {place} of group {number}")
                slots.append(Slot(parameter, group, start, name))
                start += parameter.numel()
    if not slots:
        remedy = "no parameter is trainable: give one with requires_grad=True and at least one entry"
        raise InvalidArgument("params", [], remedy)
    return Layout(tuple(slots))


def check_parameters(parameters: list[torch.Tensor], earlier: list[torch.Tensor]) -> None:
    """Refuse parameters that cannot be perturbed entry by entry.

    Raises:
        InvalidArgument: not a tensor, given twice, sparse, complex or of another type that is not
            supported, made under inference mode, without data, or with entries that share memory, be they
            of one parameter or of two.
    """
    seen = {id(p) for p in earlier}
    for place, parameter in enumerate(parameters):
        name = f"params[{place}]"
        if not isinstance(parameter, torch.Tensor):
            raise InvalidArgument(name, parameter, "give tensors, for example model.parameters()")
        if isinstance(parameter, torch.nn.UninitializedParameter):
            remedy = "it has no shape yet: run the model once before the optimizer is made"
            raise InvalidArgument(name, type(parameter).__name__, remedy)
        shown = f"{str(parameter.dtype).removeprefix('torch.')} tensor of shape {tuple(parameter.shape)}"
        if id(parameter) in seen:
            raise InvalidArgument(name, shown, "it is given twice: give each parameter once")
        seen.add(id(parameter))
        if parameter.layout != torch.strided:
            raise InvalidArgument(name, shown, "sparse parameters are not supported: make it dense")
        if parameter.dtype not in DTYPES:
            raise InvalidArgument(name, shown, "give float16, bfloat16, float32 or float64 parameters")
        if parameter.is_meta:
            raise InvalidArgument(name, shown, "it is on the meta device: give it data first")
        if parameter.is_inference():
            raise InvalidArgument(name, shown, "it was made under inference_mode: make the model outside")
    _check_memory([*earlier, *parameters])


def _check_memory(parameters: list[torch.Tensor]) -> None:
    # Entries in the same memory would be perturbed twice. Spans of memory are joined where they overlap.
    # Parameters with more bytes than their joint span share some; others, as columns of one matrix, may
    # interleave: there every entry marks its place.
    found = [p for p in parameters if p.numel()]
    joined: list[tuple[str, int, int, list[torch.Tensor]]] = []
    for parameter in sorted(found, key=lambda p: (str(p.device), p.data_ptr())):
        device, start = str(parameter.device), parameter.data_ptr()
        end = start + (_last(parameter) + 1) * parameter.element_size()
        if joined and joined[-1][0] == device and start < joined[-1][2]:
            _, first, before, others = joined.pop()
            joined.append((device, first, max(before, end), [*others, parameter]))
        else:
            joined.append((device, start, end, [parameter]))
    for _, start, end, members in joined:
        used = sum(p.numel() * p.element_size() for p in members)
        alone = len(members) == 1 and members[0].is_contiguous()
        if used > end - start or (not alone and _marked(members, start, end) < used):
            remedy = (
                "entries share memory: tie weights by using one Parameter twice, in the forward transposed "
                "or expanded where that is wanted"
            )
            raise InvalidArgument("params", f"{len(parameters)} parameters", remedy)


def _last(parameter: torch.Tensor) -> int:
    # How far the last entry is from the first, in entries.
    return sum((size - 1) * step for size, step in zip(parameter.shape, parameter.stride(), strict=True))


def _marked(parameters: list[torch.Tensor], start: int, end: int) -> int:
    # Number of different bytes that entries take, counted in units of the smallest entry.
    unit = min(p.element_size() for p in parameters)
    marks = torch.zeros((end - start) // unit, dtype=torch.bool, device="cpu")
    for p in parameters:
        width = p.element_size() // unit
        steps = (*(width * step for step in p.stride()), 1)
        marks.as_strided((*p.shape, width), steps, (p.data_ptr() - start) // unit).fill_(True)
    return unit * int(marks.sum())


class flat_view:
    """``with flat_view(p) as row``: entries as one writable row; a copy where needed.

    That is written back at the end, after an error too: what was done until then stays.
    """

    __slots__ = ("_data", "_row")

    def __init__(self, parameter: torch.Tensor) -> None:
        self._data = parameter.detach()
        ordered = self._data.is_contiguous()
        self._row = self._data.view(-1) if ordered else self._data.contiguous().view(-1)

    def __enter__(self) -> torch.Tensor:
        return self._row

    def __exit__(self, *error: object) -> None:
        if not self._data.is_contiguous():
            self._data.copy_(self._row.view_as(self._data))
