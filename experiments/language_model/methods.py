"""Optimizers of a fine-tuning run by name: the package's, the published comparison's, first order."""

from collections.abc import Sequence
from typing import Any

import torch

from experiments._fine_tuning import Make
from experiments._training import LAWS, METHODS, make
from zotheory.errors import InvalidArgument

FIRST_ORDER = ("adamw",)
# Beginnings of the names of those that move one block of layers a step.
BLOCKS = ("mezo-bcd-",)
# The comparison of arXiv 2510.19975 as its code runs it (as summarised), see `published`.
PUBLISHED = ("published/gaussian", "published/uniform", "published/rademacher", "published/dap")
SWITCHES = ("delta", "one-probe", "passes", "dead-branch")
NAMES = (
    f"METHOD/LAW, METHOD one of {', '.join(METHODS)}, LAW one of {', '.join(LAWS)}; "
    f"or one of {', '.join(PUBLISHED + FIRST_ORDER)}"
)


def check_method(name: str) -> str:
    """Return a method's name: "zo-sgd/sphere" and the like, one of `PUBLISHED`, or "adamw".

    Raises:
        InvalidArgument: no such method or law.
    """
    kind, _, law = name.partition("/")
    if name in FIRST_ORDER or name in PUBLISHED or (kind in METHODS and law in LAWS):
        return name
    raise InvalidArgument("methods", name, f"give {NAMES}")


def maker(
    name: str,
    lr: float,
    *,
    mu: float,
    queries: int,
    difference: Any,
    seed: int,
    corrected: Sequence[str] = (),
    probes: int = 1,
    **options: Any,
) -> Make:
    """Return what makes the optimizer of a run.

    Args:
        name: as `check_method` takes it.
        lr: learning rate.
        mu: smoothing distance for E[v v^T] = I.
        queries: perturbations a step.
        difference: "forward" or "central".
        seed: of the perturbations.
        corrected: switches of the published comparison that are set right.
        probes: of the published DAP's first stage where "one-probe" is corrected.
        **options: of the optimizer.

    Raises:
        InvalidArgument: as `check_method`, or first order with options such as ``parallel``.
    """
    check_method(name)
    if name in FIRST_ORDER and options:
        remedy = f"first order runs in one process and takes no {', '.join(options)}: start it alone"
        raise InvalidArgument("method", name, remedy)

    def made(
        named: Sequence[tuple[str, torch.nn.Parameter]], module: torch.nn.Module
    ) -> torch.optim.Optimizer:
        parameters = [p for _, p in named]
        if name in FIRST_ORDER:
            return torch.optim.AdamW(parameters, lr=lr, weight_decay=0.0)
        if name in PUBLISHED:
            return published(name, parameters, lr, mu, seed, corrected, probes, module, **options)
        method, law = name.split("/")
        return make(
            method,
            law,
            parameters,
            lr,
            mu=mu,
            seed=seed,
            queries=queries,
            difference=difference,
            model=module,
            **options,
        )

    return made


def published(
    name: str,
    parameters: Sequence[torch.nn.Parameter],
    lr: float,
    mu: float,
    seed: int,
    corrected: Sequence[str],
    probes: int,
    module: torch.nn.Module,
    **options: Any,
) -> torch.optim.Optimizer:
    """Return an optimizer of the published comparison, each of its confounds as published or corrected.

    - "delta": every law but the Gaussian is scaled by the root of the number of entries in each row, which
      is delta = rows (10 for a prompt of 10 tokens). Corrected: delta = 1 for all. Here the sphere is over
      all entries jointly, where the published one is over each row: |v|^2 = delta d in both. Displacements
      are mu v: longer, by the root of delta, where that is larger.
    - "one-probe": DAP aligns with one random direction. Corrected: ``probes`` of them. The published code's
      component along it has length 1 where that across has scale delta, so that its law is not
      delta-unbiased; here both have delta, corrected or not.
    - "dead-branch": what is called Rademacher runs the uniform law. Corrected: it runs signs.
    - "passes": DAP takes three forward passes a step, the others two, at equal steps. Corrected by the
      caller, who counts passes.
    """
    rows = sum(p.shape[0] if p.ndim > 1 else 1 for p in parameters)
    delta = 1.0 if "delta" in corrected else float(rows)
    law = name.partition("/")[2]
    common: dict[str, Any] = {"mu": mu, "seed": seed, "difference": "forward", "model": module, **options}
    if law == "gaussian":
        return make("zo-sgd", "gaussian", parameters, lr, queries=1, **common)
    if law == "dap":
        first = probes if "one-probe" in corrected else 1
        return make(
            "dap-published",
            "sphere",
            parameters,
            lr,
            queries=2,
            first=first,
            second=1,
            delta=delta,
            **common,
        )
    signs = law == "rademacher" and "dead-branch" in corrected
    return make(
        "zo-sgd", "rademacher" if signs else "sphere", parameters, lr, queries=1, delta=delta, **common
    )
