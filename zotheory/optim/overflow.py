"""Would an update take weights or moments beyond their type's numbers? Found before they are written."""

from collections.abc import Callable
from typing import Any

import torch

from zotheory.optim.directions import Direction
from zotheory.optim.layout import Layout
from zotheory.optim.replay import Replay

# (name) -> the largest size of an entry of that moment in a group.
Largest = Callable[[str], float]
# An upper bound of the size of what an update adds to an entry, from the group, such a bound for the
# gradient estimate, and those of the moments; see `ZerothOrderOptimizer.longest_move`.
LongestMove = Callable[[dict[str, Any], float, Largest], float]

# Bounds are in float64, moves in float32: room for rounding.
_ROOM = 1.01


def overflows(
    layout: Layout,
    probes: list[tuple[float, Direction]],
    replay: Replay,
    longest_move: LongestMove,
    unbounded: tuple[str, ...] = (),
) -> bool:
    """Return whether a new weight or moment would not be finite that is finite now.

    A bound of the moves nearly always tells that there is none; else the update is done in copies.

    Args:
        layout: the parameters, up to date.
        probes: coefficients and directions whose sum is the gradient estimate.
        replay: the update, not begun.
        longest_move: bounds the move of an entry.
        unbounded: moments that may overflow.
    """
    # |g_i| <= sum_k |c_k| max_i |u_k,i|. With g and the moments a factor of four below the largest number
    # of the arithmetic, sums of two of them are numbers too.
    bound = _ROOM * sum(abs(c) * u.largest for c, u in probes)
    if not bound <= layout.largest / 4:
        return replay.overflows(unbounded)

    for group, slots, room in layout.groups:
        if group["lr"] == 0:
            # Nothing moves, but moments do: by sums of them, their factor below one, and the estimate.
            rows = [r for s in slots for name, r in replay.moments(s).items() if name not in unbounded]
            if all(_size(row) <= layout.largest / 4 for row in rows):
                continue
            return replay.overflows(unbounded)
        if not group["lr"] * group["weight_decay"] <= 2:  # |1 - lr weight_decay| above 1
            return replay.overflows(unbounded)

        def largest(name: str) -> float:
            rows = [replay.moments(slot)[name] for slot in slots]  # noqa: B023
            found = max(_size(row) for row in rows)
            return found if found <= layout.largest / 4 else float("inf")

        if not _ROOM * longest_move(group, bound, largest) <= room:
            return replay.overflows(unbounded)
    return False


def _size(row: torch.Tensor) -> float:
    low, high = row.aminmax()
    return max(-float(low), float(high))
