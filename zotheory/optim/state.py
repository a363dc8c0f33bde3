"""What a run needs to be taken up again, besides what torch keeps."""

from collections.abc import Mapping
from typing import Any

import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.layout import Layout

KEY = "zeroth_order"
# Attributes that a state carries over, and those that must be the same already.
CARRIED = ("seed", "mu", "steps", "skipped", "queries")
FIXED = ("difference", "delta", "perturbations", "rounding")


def run_of(optimizer: Any) -> dict[str, Any]:
    """Return counters, seed and mu, and what kind of optimizer they belong to."""
    return {**{name: getattr(optimizer, name) for name in CARRIED}, **_kind(optimizer)}


def check_run(optimizer: Any, state: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes to carry over.

    Raises:
        InvalidArgument: not a state from here, or of another kind of optimizer.
    """
    run = state.get(KEY) if isinstance(state, dict) else None
    if not isinstance(run, dict) or not {"state", "param_groups"} <= state.keys():
        shown = sorted(map(str, state)) if isinstance(state, dict) else state
        raise InvalidArgument("state_dict", shown, "give that of a zotheory.optim optimizer")
    for name, mine in _kind(optimizer).items():
        if run.get(name) != mine:
            remedy = f"the state's {name}, but the optimizer has {mine!r}: make them equal"
            raise InvalidArgument("state_dict", run.get(name), remedy)
    return {name: run[name] for name in CARRIED}


def check_moments(optimizer: Any, state: dict[str, Any]) -> None:
    """Refuse a state whose groups or moments do not fit the optimizer's parameters.

    Raises:
        InvalidArgument: another number of groups or parameters, options outside their range, or a moment of
            another shape.
    """
    mine, theirs = optimizer.param_groups, state["param_groups"]
    if [len(group["params"]) for group in mine] != [len(group["params"]) for group in theirs]:
        shown = f"groups of {[len(group['params']) for group in theirs]} parameters"
        remedy = f"the optimizer has {[len(group['params']) for group in mine]}: make the groups equal"
        raise InvalidArgument("state_dict", shown, remedy)
    for ours, group in zip(mine, theirs, strict=True):
        missing = sorted(optimizer.defaults.keys() - group.keys())
        if missing:
            raise InvalidArgument("state_dict", missing, "options that a group of the state lacks")
        optimizer.check_group(dict(group))
        for parameter, key in zip(ours["params"], group["params"], strict=True):
            for name, value in state["state"].get(key, {}).items():
                if isinstance(value, torch.Tensor) and value.shape != parameter.shape:
                    shown = f"{name} of shape {tuple(value.shape)}"
                    remedy = f"its parameter has shape {tuple(parameter.shape)}: load the run of this model"
                    raise InvalidArgument("state_dict", shown, remedy)


def check_places(moments: Mapping[torch.Tensor, dict[str, Any]], layout: Layout) -> None:
    """Refuse parameters whose shape or device is not that of their moments.

    Raises:
        InvalidArgument: one was given another shape, or moved to another device, since it was updated.
    """
    for slot in layout.slots:
        for name, value in moments.get(slot.parameter, {}).items():
            if isinstance(value, torch.Tensor) and value.shape != slot.parameter.shape:
                shown = f"{slot.name} of shape {tuple(slot.parameter.shape)}"
                remedy = (
                    f"its {name} has shape {tuple(value.shape)}: give it that shape again, or let its "
                    "moments begin anew with optimizer.state.pop(parameter)"
                )
                raise InvalidArgument("params", shown, remedy)
            if isinstance(value, torch.Tensor) and value.device != slot.parameter.device:
                shown = f"{slot.name} on {slot.parameter.device}"
                remedy = (
                    f"its {name} is on {value.device}: optimizer.load_state_dict(optimizer.state_dict()) "
                    "moves what an optimizer keeps to where its parameters are"
                )
                raise InvalidArgument("params", shown, remedy)


def restore_moments(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Put back the moments as saved: torch's loading casts them to the type of their parameter."""
    keys = [key for group in state["param_groups"] for key in group["params"]]
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for key, parameter in zip(keys, parameters, strict=True):
        for name, value in state["state"].get(key, {}).items():
            if isinstance(value, torch.Tensor):
                optimizer.state[parameter][name] = value.to(parameter.device, copy=True)


def _kind(optimizer: Any) -> dict[str, Any]:
    fixed = {name: getattr(optimizer, name) for name in FIXED}
    return {"class": type(optimizer).__name__, "law": repr(optimizer.law), **fixed, **optimizer.plan()}
