"""Large tables, such as embeddings and heads, displaced chunk by chunk within their forward."""

from collections.abc import Callable

import torch
from torch.nn import functional

from zotheory.optim.layout import Slot
from zotheory.optim.stream import CHUNK
from zotheory.optim.workspace import borrowed

# Entries above which a weight is not displaced as a whole.
LARGE = 2**22

# (slot, target, first): writes displaced entries first, first + 1, ... of a parameter to a row of memory.
Displace = Callable[[Slot, torch.Tensor, int], None]


def streamed(module: torch.nn.Module, slot: Slot) -> bool:
    """Return whether `forward_of` may stand in for a module's forward: plain, with a large weight."""
    if type(module) not in (torch.nn.Linear, torch.nn.Embedding) or "forward" in vars(module):
        return False  # the weight of others may be computed when it is asked for, and change them by that
    large = slot.size > LARGE and slot.parameter.is_contiguous()
    return large and module.weight is slot.parameter and getattr(module, "max_norm", None) is None


def forward_of(module: torch.nn.Module, slot: Slot, displace: Displace) -> Callable[..., torch.Tensor]:
    """Return a module's forward with its weight displaced, of which one chunk exists at a time."""
    run = _linear if isinstance(module, torch.nn.Linear) else _embedding

    def forward(input: torch.Tensor) -> torch.Tensor:  # named as in torch
        return run(input, module, slot, displace)

    return forward


def _linear(inputs: torch.Tensor, module: torch.nn.Module, slot: Slot, displace: Displace) -> torch.Tensor:
    out, whole_bias = None, module.get_parameter("bias") if module.bias is not None else None
    rows, width = slot.parameter.shape
    for first in range(0, rows, _rows(width)):
        last = min(first + _rows(width), rows)
        with borrowed((last - first) * width, slot.parameter.dtype, slot.parameter.device) as chunk:
            displace(slot, chunk, first * width)
            bias = None if whole_bias is None else whole_bias[first:last]
            part = functional.linear(inputs, chunk.view(-1, width), bias)
        if out is None:
            out = part.new_empty(*part.shape[:-1], rows)
        out[..., first:last] = part
    assert out is not None
    return out


def _embedding(ids: torch.Tensor, module: torch.nn.Module, slot: Slot, displace: Displace) -> torch.Tensor:
    # Only chunks with a row that is asked for are made; without ids the first: it counts as reached.
    rows, width = slot.parameter.shape
    flat = ids.reshape(-1)
    out = torch.empty(len(flat), width, dtype=slot.parameter.dtype, device=slot.parameter.device)
    functional.embedding(flat[:0], out)  # refuses ids that are no integers
    if flat.numel() and not 0 <= int(flat.min()) <= int(flat.max()) < rows:
        raise IndexError(f"index out of range in self: ids from {flat.min()} to {flat.max()}, rows {rows}")
    number = _rows(width)
    for block in torch.unique(flat // number).tolist() or [0]:
        first, last = block * number, min((block + 1) * number, rows)
        with borrowed((last - first) * width, slot.parameter.dtype, slot.parameter.device) as chunk:
            displace(slot, chunk, first * width)
            asked = (flat >= first) & (flat < last)
            out[asked] = chunk.view(-1, width)[flat[asked] - first]
    return out.view(*ids.shape, width)


def _rows(width: int) -> int:
    return max(1, CHUNK // width)
