"""Are the ranks that share an optimizer's steps replicas of each other?"""

import hashlib
from collections.abc import Iterator
from typing import Any

import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.distributed import QueryParallel, Ranks, kind_of
from zotheory.optim.state import run_of


def ranks_of(optimizer: Any) -> Ranks | None:
    """Return the ranks that share an optimizer's next step; None where it is not parallel.

    Raises:
        InvalidArgument: as `Ranks`.
    """
    if optimizer.parallel is None:
        return None
    device = next(p.device for group in optimizer.param_groups for p in group["params"])
    return Ranks(optimizer.parallel, device, dict(_settings(optimizer)), optimizer.steps)


def check_start(optimizer: Any) -> None:
    """Check a new optimizer: enough perturbations, and the same settings and parameters on all ranks.

    Raises:
        InvalidArgument: as `Ranks`, or fewer perturbations than ranks that share them.
        ReplicaError: something differs between ranks.
    """
    ranks = ranks_of(optimizer)
    if ranks is None:
        return
    ranks.agree({**ranks.settings, **dict(_tensors(optimizer))})
    if isinstance(ranks.parallel, QueryParallel):
        for name, number in optimizer.portions().items():
            if number < ranks.size:
                remedy = (
                    f'{ranks.size} ranks would share them: give at least {ranks.size}, or parallel="data"'
                )
                raise InvalidArgument(name, number, remedy)


def check_replicas(optimizer: Any, run: dict[str, Any]) -> None:
    """Check that parameters, moments, counters and options are the same on all ranks.

    Args:
        optimizer: not yet checked.
        run: what its state_dict has besides what torch keeps.

    Raises:
        InvalidArgument: it is not parallel; as `Ranks`.
        ReplicaError: something differs between ranks.
    """
    ranks = ranks_of(optimizer)
    if ranks is None:
        raise InvalidArgument(
            "parallel", None, 'it has no replicas: construct it with parallel="data" or "query"'
        )
    ranks.agree({**ranks.settings, **run, **dict(_tensors(optimizer))})


def _settings(optimizer: Any) -> Iterator[tuple[str, Any]]:
    yield from run_of(optimizer).items()
    yield "perturbations by stage", optimizer.portions()
    yield "on_bad_loss", optimizer.on_bad_loss
    yield "parallel", kind_of(optimizer.parallel)
    for number, group in enumerate(optimizer.param_groups):
        for name, value in group.items():
            if name not in ("params", "param_names"):
                yield f"{name} of group {number}", value


def _tensors(optimizer: Any) -> Iterator[tuple[str, str]]:
    for number, group in enumerate(optimizer.param_groups):
        for place, parameter in enumerate(group["params"]):
            name = f"parameter {place} of group {number}"
            yield name, f"{_shown(parameter)}, requires_grad {parameter.requires_grad}"
            for key, value in optimizer.state.get(parameter, {}).items():
                shown = _shown(value) if isinstance(value, torch.Tensor) else value
                yield f"{key} of {name}", shown


def _shown(tensor: torch.Tensor) -> str:
    digest = hashlib.sha256()
    for part in tensor.detach().reshape(-1).split(2**20):
        digest.update(part.contiguous().view(torch.uint8).cpu().numpy().tobytes())
    return f"{tensor.dtype} of shape {tuple(tensor.shape)} with sha256 {digest.hexdigest()[:16]}"
