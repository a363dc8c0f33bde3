"""Is the smoothing distance large enough to move the parameters at all?"""

from collections.abc import Iterable

import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.layout import Layout, flat_view


def check_resolution(mu: float, parts: Iterable[tuple[Layout, float]]) -> None:
    """Refuse a mu that most entries of some floating-point type would not notice.

    An entry w is lost if w + mu length and w - mu length both round to w, that is if mu length is below
    half a unit in its last place.

    Args:
        mu: smoothing distance.
        parts: parameters with the size of a typical entry of v there; all must be large enough.

    Raises:
        InvalidArgument: more than half of the entries of a type are lost; it says which mu would do. Or
            more than half are not finite.
    """
    enough, names = mu, []
    for layout, length in parts:
        for dtype in dict.fromkeys(slot.parameter.dtype for slot in layout.slots):
            name = str(dtype).removeprefix("torch.")
            lost, infinite = _lost(layout, dtype, mu * length)
            if infinite > 0.5:
                remedy = "more than half of them are not finite: load or initialise them first"
                raise InvalidArgument("params", f"{name} entries", remedy)
            if lost > 0.5:
                names.append(name)
            # By doubling, until half of the entries or more move.
            while _lost(layout, dtype, enough * length)[0] > 0.5:
                enough *= 2
    if names:
        kinds = ", ".join(dict.fromkeys(names))
        remedy = f"more than half of the {kinds} entries would not move: mu = {enough:.6g} is enough"
        raise InvalidArgument("mu", mu, f"{remedy}, or keep the parameters in a wider type")


def _lost(layout: Layout, dtype: torch.dtype, step: float) -> tuple[float, float]:
    # The share of the finite entries that are lost, and of all that are not finite.
    lost = finite = total = 0
    for slot in layout.slots:
        if slot.parameter.dtype != dtype:
            continue
        with flat_view(slot.parameter) as entries:
            for low, high in slot.windows():
                stored = entries[low:high]
                wide = stored.to(slot.dtype)
                same = ((wide + step).to(dtype) == stored) & ((wide - step).to(dtype) == stored)
                numbers = stored.isfinite()
                lost += int((same & numbers).sum())
                finite += int(numbers.sum())
        total += slot.size
    return lost / max(finite, 1), 1 - finite / total
