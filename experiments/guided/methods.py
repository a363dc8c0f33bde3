"""The optimizers that are compared: the same perturbations a step, central differences, delta = 1."""

import math

import torch

from experiments._training import make
from zotheory.optim import GuidedSGD, ZerothOrderOptimizer

METHODS = (
    "sphere",
    "momentum",
    "dap",
    "dap-published",
    "dap-momentum",
    "guided",
    "guided-momentum",
    "guided-es",
)
# Names in `experiments._training` and options.
_MADE = {
    "sphere": ("zo-sgd", {}),
    "momentum": ("momentum-sgd", {}),
    "dap": ("dap", {}),
    "dap-published": ("dap-published", {}),
    "dap-momentum": ("dap", {"alignment": "momentum", "momentum": 0.9}),
    "guided": ("guided", {}),
    "guided-momentum": ("guided", {"momentum": 0.9}),
    "guided-es": ("guided-es", {}),
}
MOMENTUM = ("momentum", "dap-momentum", "guided-momentum")
WITH_GUIDE = ("guided", "guided-momentum", "guided-es")


def optimizer(
    method: str,
    parameters: list[torch.nn.Parameter],
    lr: float,
    *,
    mu: float,
    seed: int,
    perturbations: int,
    window: float,
) -> ZerothOrderOptimizer:
    """Return an optimizer; guides average about ``window`` times as many probes as there are dimensions."""
    dim = sum(p.numel() for p in parameters)
    decay = max(0.0, 1 - perturbations / (window * dim))
    name, options = _MADE[method]
    given = {**options, **({"guide_decay": decay} if method in WITH_GUIDE else {})}
    shared = {"mu": mu, "seed": seed, "queries": perturbations}
    law = "gaussian" if method == "guided-es" else "sphere"
    return make(name, law, parameters, lr, difference="central", **shared, **given)


def guide(used: ZerothOrderOptimizer, method: str) -> list[torch.Tensor] | None:
    """Return the vector that the next step probes along, None if there is none or it is zero."""
    if method not in WITH_GUIDE and method != "dap-momentum":
        return None
    kept = [used.state.get(p, {}) for group in used.param_groups for p in group["params"]]
    # The momentum is the guide where both decay alike.
    rows = [state.get("guide", state.get("momentum")) for state in kept]
    found = [row for row in rows if row is not None]
    return found if len(found) == len(rows) and any(bool(row.any()) for row in found) else None


def squared_cosine(one: list[torch.Tensor], two: list[torch.Tensor]) -> float:
    """Return the squared cosine of the angle between two vectors."""
    a, b = (torch.cat([row.flatten() for row in rows]).double() for rows in (one, two))
    a, b = a / a.abs().max(), b / b.abs().max()
    return float((a @ b) ** 2 / ((a @ a) * (b @ b))) if math.isfinite(float(a @ b)) else math.nan


def next_probability(used: ZerothOrderOptimizer) -> float:
    """Return the probability of the next step's probes along the guide, 0 for methods without."""
    if not isinstance(used, GuidedSGD):
        return 0.0
    along, across = used.along.root, used.across.root
    dim = used.layout().dim
    known = used.along.weight and used.across.weight and (along or across)
    best = along / (along + across * math.sqrt(dim - 1)) if known else 1 / dim
    return min(max(best, used.p_min), used.p_max)
