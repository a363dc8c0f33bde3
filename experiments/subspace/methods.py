"""MeZO and block coordinate descent: one central difference a step, delta = 1."""

from dataclasses import dataclass
from typing import Any

from experiments._problem_network import NetworkProblem
from experiments._training import make
from experiments.subspace.theory import Inner
from zotheory.optim import ZerothOrderOptimizer


@dataclass(frozen=True)
class Method:
    """How a method is made.

    Attributes:
        name: in `experiments._training`.
        law: over all parameters, or over those of the step's block.
        options: of the optimizer.
    """

    name: str
    law: str
    options: dict[str, Any]

    @property
    def blocks(self) -> bool:
        """Whether a step perturbs one block."""
        return self.name.startswith("mezo-bcd")

    @property
    def inner(self) -> Inner:
        """Whether |u|^2 is fixed."""
        return "gaussian" if self.law == "gaussian" else "fixed"


METHODS = {
    "mezo": Method("mezo", "gaussian", {}),
    "mezo-signs": Method("mezo", "rademacher", {}),
    "cyclic": Method("mezo-bcd-cyclic", "rademacher", {}),
    "uniform": Method("mezo-bcd-uniform", "rademacher", {}),
    "size": Method("mezo-bcd-size", "rademacher", {}),
    "importance": Method("mezo-bcd-importance", "rademacher", {"energy_decay": 0.98}),
}


def optimizer(
    method: str, problem: NetworkProblem, lr: float, mu: float, seed: int, restore: str
) -> ZerothOrderOptimizer:
    """Return an optimizer; cyclic ones take the published scaling, without the factor 1/p of a block."""
    chosen = METHODS[method]
    given = {**chosen.options, **({"restore": restore} if chosen.blocks else {})}
    model = problem.model if chosen.blocks else None
    shared = {"mu": mu, "seed": seed, "queries": 1, "difference": "central", "model": model}
    return make(chosen.name, chosen.law, problem.parameters, lr, **shared, **given)
