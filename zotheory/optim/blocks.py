"""Blocks of parameters, from the tree of a model's modules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import torch
from torch import nn

from zotheory.errors import InvalidArgument
from zotheory.validation import check_count

_REMEDY = "give None, a number of layers a block, or a list of blocks: modules, names, or lists of them"


@dataclass(frozen=True)
class ModuleBlock:
    """Parameters that are perturbed and moved together.

    Attributes:
        name: what to call it, after the modules it holds.
        parameters: names of its parameters, as the model's ``named_parameters()`` gives them.
        size: number of entries, m_b.
    """

    name: str
    parameters: tuple[str, ...]
    size: int


# One block: a module, a name or beginning of names, a block made before, or several of them.
Member = nn.Module | str | ModuleBlock
Blocks = int | Iterable[Member | Sequence[Member]] | None


def module_blocks(
    model: nn.Module, blocks: Blocks = None, *, params: Iterable[torch.Tensor] | None = None
) -> tuple[ModuleBlock, ...]:
    """Return blocks of which every trainable parameter is in exactly one.

    None and an integer split the `nn.ModuleList` or `nn.Sequential` with the most elements that have
    trainable parameters (of several, the one with the most entries): one block an element, or one for so
    many consecutive ones. So are others that share no parameter with it and have at least half as many
    entries, such as the decoder's besides the encoder's. Parameters outside are one block before each list
    and one after the last, as they are registered. A parameter used twice, such as an embedding that is
    the head too, counts where it is first.

    Args:
        model: the module whose parameters are assigned.
        blocks: None, an integer of at least 1, or an iterable of blocks. Each is a module of the model, a
            name such as "model.layers.0" (all parameters of that name, and those whose names go on with a
            dot), a `ModuleBlock`, or a list of them.
        params: those of the model's parameters to assign; None for all. Those that require no gradient are
            left out.

    Raises:
        InvalidArgument: something that is no part of the model, a trainable parameter in two blocks or in
            none, a block given without any, fewer than two blocks, or no list to split.

    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> [(block.name, block.size) for block in module_blocks(model)]
    [('0', 9), ('2', 4)]
    """
    if not isinstance(model, nn.Module):
        raise InvalidArgument("model", model, "give a torch.nn.Module")
    among = None if params is None else {id(p) for p in params}
    sizes = {
        name: p.numel()
        for name, p in model.named_parameters()
        if p.requires_grad and p.numel() and (among is None or id(p) in among)
    }
    if not sizes:
        raise InvalidArgument("model", type(model).__name__, "it has no trainable parameter: unfreeze some")
    if blocks is None or (isinstance(blocks, (int, np.integer)) and not isinstance(blocks, bool)):
        parts = _split(model, sizes, 1 if blocks is None else check_count(blocks, "blocks"))
    else:
        parts = _collect(model, sizes, blocks)
    if len(parts) < 2:
        remedy = "all parameters are in one block: give at least two, or use MeZO or ZOSGD"
        raise InvalidArgument("blocks", blocks, remedy)
    return tuple(ModuleBlock(name, held, sum(sizes[n] for n in held)) for name, held in parts)


def _split(model: nn.Module, sizes: dict[str, int], together: int) -> list[tuple[str, tuple[str, ...]]]:
    stacks = _stacks(model, sizes)
    if not stacks:
        remedy = "no nn.ModuleList or nn.Sequential has two trainable elements: list the blocks"
        raise InvalidArgument("blocks", None, remedy)
    names = list(sizes)
    inside = {name for stack in stacks.values() for held in stack.values() for name in held}
    starts = {
        prefix: min(names.index(name) for held in stack.values() for name in held)
        for prefix, stack in stacks.items()
    }
    parts: list[tuple[str, tuple[str, ...]]] = []
    begin = 0
    for prefix in sorted(starts, key=starts.__getitem__):
        outside = tuple(name for name in names[begin : starts[prefix]] if name not in inside)
        parts += [(f"before {prefix}", outside)] if outside else []
        begin, elements = starts[prefix], stacks[prefix]
        keys = list(elements)
        for start in range(0, len(keys), together):
            group = keys[start : start + together]
            parts.append((_title(group), tuple(name for key in group for name in elements[key])))
    outside = tuple(name for name in names[begin:] if name not in inside)
    return parts + ([(f"after {max(starts, key=starts.__getitem__)}", outside)] if outside else [])


def _stacks(model: nn.Module, sizes: dict[str, int]) -> dict[str, dict[str, list[str]]]:
    # Lists to split by their names: each element with the names of its parameters.
    found: list[tuple[tuple[int, int], str, dict[str, list[str]]]] = []
    for prefix, module in model.named_modules():
        if isinstance(module, (nn.ModuleList, nn.Sequential)):
            stem = f"{prefix}." if prefix else ""
            keys = [f"{stem}{key}" for key, _ in module.named_children()]
            elements = {key: held for key in keys if (held := _under(key, sizes))}
            if len(elements) > 1:
                entries = sum(sizes[name] for held in elements.values() for name in held)
                found.append(((len(elements), entries), prefix, elements))
    chosen: dict[str, dict[str, list[str]]] = {}
    taken: set[str] = set()
    least = 0.0
    for (_, entries), prefix, elements in sorted(found, key=lambda one: one[0], reverse=True):
        held = {name for names in elements.values() for name in names}
        if entries >= least and not held & taken:
            least = least or entries / 2
            chosen[prefix] = elements
            taken |= held
    return chosen


def _collect(model: nn.Module, sizes: dict[str, int], blocks: Any) -> list[tuple[str, tuple[str, ...]]]:
    if isinstance(blocks, (str, bool, ModuleBlock)) or not isinstance(blocks, Iterable):
        raise InvalidArgument("blocks", blocks, _REMEDY)
    owner: dict[str, int] = {}
    parts = []
    for number, block in enumerate(blocks):
        members = list(block) if isinstance(block, (list, tuple)) else [block]
        found = [_member(model, member, f"blocks[{number}]") for member in members]
        held = {name for _, names in found for name in names if name in sizes}
        if not held:
            shown = [label for label, _ in found]
            raise InvalidArgument(f"blocks[{number}]", shown, "it has no trainable parameter: leave it out")
        for name in (name for name in sizes if name in held):
            if name in owner:
                remedy = f"it is in block {owner[name]} too: put it in one block, and its other uses there"
                raise InvalidArgument(f"blocks[{number}]", name, remedy)
            owner[name] = number
        parts.append((_title([label for label, _ in found]), tuple(name for name in sizes if name in held)))
    left = [name for name in sizes if name not in owner]
    if left:
        others = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
        raise InvalidArgument("blocks", left[0], f"no block holds it{others}: add it to one, or freeze it")
    return parts


def _member(model: nn.Module, member: Any, place: str) -> tuple[str, list[str]]:
    # What to call it, and its parameters by their first names.
    first = {id(p): name for name, p in model.named_parameters()}
    if isinstance(member, nn.Module):
        for label, module in model.named_modules():
            if module is member:
                return label or type(model).__name__, [first[id(p)] for p in member.parameters()]
        raise InvalidArgument(
            place, type(member).__name__, "it is no module of the model: give one of its own"
        )
    if not isinstance(member, (str, ModuleBlock)):
        raise InvalidArgument(place, member, _REMEDY)
    names = {name: first[id(p)] for name, p in model.named_parameters(remove_duplicate=False)}
    found: list[str] = []
    for prefix in [member] if isinstance(member, str) else member.parameters:
        under = [names[name] for name in _under(prefix, names)]
        if not under:
            known = [*dict(model.named_modules()), *names]
            near = get_close_matches(prefix, [name for name in known if name], n=3, cutoff=0.0)
            raise InvalidArgument(place, prefix, f"no parameter is named so; near it: {', '.join(near)}")
        found += under
    return member if isinstance(member, str) else member.name, found


def _under(prefix: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name == prefix or name.startswith(f"{prefix}.")]


def _title(labels: list[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1]}"
