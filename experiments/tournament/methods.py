"""The methods of the tournament: the same perturbations a step, forward differences, delta = 1."""

import math
from dataclasses import dataclass, field
from typing import Any

from experiments._training import make
from experiments.tournament.problems import Problem
from zotheory.optim import Block, ZerothOrderOptimizer

# Guides average about so many times as many probes as there are dimensions.
WINDOW = 2.0
# First steps to try, root mean square over coordinates, guessed: of plain descent, and of sign descent.
FIRST_STEP = {
    "cubic": (0.32, 0.04),
    "levy": (0.2, 0.1),
    "rosenbrock": (0.24, 0.06),
    "ackley": (0.07, 0.02),
    "rastrigin": (0.03, 0.02),
    "log-uniform": (0.2, 0.05),
    "spiked": (0.2, 0.05),
    "log-uniform-long": (0.4, 0.1),
    "levy-large": (0.04, 0.04),
    "logistic": (0.16, 0.08),
    "network": (0.02, 0.02),
    "mnist": (0.01, 0.01),
    "attack": (0.01, 0.01),
    "mesh": (0.04, 0.02),
}


@dataclass(frozen=True)
class Method:
    """How a method is made.

    Attributes:
        name: in `experiments._training`.
        law: over all parameters, over the step's block, or of the first stage.
        own: whether it is one of the package's, not published before.
        scale: of first learning rates, relative to those of plain or of sign descent.
        unit: whether the learning rate is the length of a step in each coordinate.
        options: of the optimizer.
    """

    name: str
    law: str = "sphere"
    own: bool = False
    scale: float = 1.0
    unit: bool = False
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def blocks(self) -> bool:
        """Whether a step perturbs one block of the model's."""
        return self.name.startswith("mezo-bcd")


METHODS = {
    "sphere": Method("zo-sgd"),
    "gaussian": Method("zo-sgd", "gaussian"),
    "rademacher": Method("zo-sgd", "rademacher"),
    "coordinate": Method("zo-sgd", "coordinate"),
    "block": Method("zo-sgd", "block"),
    "low-rank": Method("zo-sgd", "low-rank"),
    "momentum": Method("momentum-sgd", scale=1 / 8),
    "zo-signsgd": Method("zo-signsgd", unit=True),
    "zo-adamm": Method("zo-adamm", unit=True, scale=1 / 4),
    "r-adazo": Method("r-adazo", unit=True, scale=1 / 16),
    "dap": Method("dap"),
    "dap-published": Method("dap-published", scale=1 / 2),
    "guided-es": Method("guided-es", "gaussian"),
    "bcd-cyclic": Method("mezo-bcd-cyclic", "rademacher"),
    "bcd-uniform": Method("mezo-bcd-uniform", "rademacher"),
    "guided": Method("guided", own=True),
    "importance": Method("mezo-bcd-importance", "rademacher", own=True),
}


def optimizer(
    method: str, used: Problem, lr: float, seed: int, perturbations: int, bands: int
) -> ZerothOrderOptimizer:
    """Return an optimizer; the law "block" moves one of ``bands`` runs of entries."""
    chosen, law = METHODS[method], METHODS[method].law
    options = dict(chosen.options)
    if chosen.blocks:
        # Such small models are run without the reuse of layers, and restored from a copy.
        options |= {"model": used.model, "blocks": used.blocks, "engine": "plain", "restore": "block"}
    if method in ("guided", "guided-es"):
        options["guide_decay"] = max(0.0, 1 - perturbations / (WINDOW * used.dim))
    shared = {"mu": used.mu, "seed": seed, "queries": perturbations}
    law = Block(-(-used.dim // bands)) if law == "block" else law
    return make(chosen.name, law, used.parameters, lr, **shared, **options)


def first_rates(name: str, method: str, used: Problem, perturbations: int, count: int) -> list[float]:
    """Return learning rates in the ratio 2: by the length of an estimate at the start, |a|^2 (d/b + 1)."""
    chosen = METHODS[method]
    step = FIRST_STEP[name][chosen.unit] * chosen.scale
    if not chosen.unit:
        length = used.slope() * math.sqrt(used.dim / perturbations + 1)
        step *= math.sqrt(used.dim) / length
    if method == "bcd-cyclic" and used.model is not None:  # without the factor 1/p of a block
        step *= 4
    return [step * 2.0 ** (k - count // 2) for k in range(count)]
