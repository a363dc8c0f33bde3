"""Which optimizer to begin with, by what is known of a problem, and why."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.adaptive import RAdaZO, ZOAdaMM
from zotheory.optim.base import ZerothOrderOptimizer
from zotheory.optim.block_descent import MeZOBCD
from zotheory.optim.guided import GuidedSGD
from zotheory.optim.sgd import ZOSGD
from zotheory.validation import check_count, check_fraction

UNSEEN = "Of the tournament's problems fewer than half showed such a saving in function values (H6)."
WORTH = 0.7  # blocks and guides are for predicted factors of E|g|^2 up to this
MOST, STEPS = 16, 100  # perturbations of a step (more would save less than 6%), least steps of a budget
WIDE = (torch.float32, torch.float64)
# Measured, by the command: median ranks by the area under the loss curve, medians over all problems.
COMMAND = "zotheory experiment run tournament, presets evidence, guided-es and larger"
RANKS = {
    "rademacher": 4.5,
    "guided": 5.5,
    "importance": 9.0,
    "momentum": 9.5,
    "zo-adamm": 9.75,
    "r-adazo": 12.25,
}
BEST, METHODS, PROBLEMS = 4.5, 17, 14


@dataclass(frozen=True)
class ProblemFacts:
    """What is known of a problem before it is begun.

    Args:
        dim: number of trainable parameters, d.
        budget: function values that may be spent, at least 2.
        layered: whether a `torch.nn.Module` of at least two blocks with parameters makes the loss.
        block_factor: expected (sum_b sqrt(m_b e_b))^2 / (d sum_b e_b) of its blocks, in (0, 1]: m_b entries
            with e_b of |gradient|^2. Small where few entries have most of it. None: unknown.
        alignment: expected squared cosine of gradient and average of past estimates, in [0, 1], or None.
        attack: whether an input is changed, by little in each entry, until a model's answer changes.
        noisy: whether function values of one step have errors of their own, such as other batches.
        vectors: how many vectors as long as the parameters may be kept besides them, at least 0.
        dtype: of the parameters.

    Raises:
        InvalidArgument: a value outside its range, or a block_factor without layers.
    """

    dim: int
    budget: int
    layered: bool = False
    block_factor: float | None = None
    alignment: float | None = None
    attack: bool = False
    noisy: bool = False
    vectors: int = 3
    dtype: torch.dtype = torch.float32

    def __post_init__(self) -> None:
        check_count(self.dim, "dim")
        if check_count(self.budget, "budget") < 2:
            raise InvalidArgument("budget", self.budget, "a step takes two values: give at least 2")
        for name in ("layered", "attack", "noisy"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidArgument(name, getattr(self, name), "give True or False")
        if isinstance(self.vectors, bool) or not isinstance(self.vectors, int) or self.vectors < 0:
            raise InvalidArgument("vectors", self.vectors, "give an integer of at least 0")
        for name in ("block_factor", "alignment"):
            if getattr(self, name) is not None:
                check_fraction(getattr(self, name), name, open_interval=False)
        if self.block_factor is not None and not (self.layered and self.block_factor):
            raise InvalidArgument("block_factor", self.block_factor, "give more than 0, with layered=True")
        if not isinstance(self.dtype, torch.dtype) or not self.dtype.is_floating_point:
            raise InvalidArgument("dtype", self.dtype, "give a floating-point type, such as torch.float32")


@dataclass(frozen=True)
class Recommendation:
    """An optimizer to begin with.

    Attributes:
        optimizer: its class.
        options: beyond params and lr.
        reasons: sentences, with the claims of the ledger that they rest on.
    """

    optimizer: type[ZerothOrderOptimizer]
    options: Mapping[str, Any]
    reasons: tuple[str, ...]

    def make(self, params: Iterable[Any], lr: float, **options: Any) -> ZerothOrderOptimizer:
        """Return the optimizer; ``options`` override those recommended.

        Raises:
            InvalidArgument: as the optimizer does: `MeZOBCD` needs ``model``.
        """
        return self.optimizer(params, lr, **{**self.options, **options})  # type: ignore[arg-type]


def recommended(facts: ProblemFacts) -> Recommendation:
    """Return the optimizer to begin with: descent with signs, unless blocks or a guide should save 30%.

    Measurements are of this package's tournament (d = 100 to 25 818, 800 to 3200 function values, tuned
    learning rates), repeated by `COMMAND`. Neither learning rates nor mu are recommended: tune them.

    >>> found = recommended(ProblemFacts(dim=100, budget=5000))
    >>> found.optimizer.__name__, found.options["law"], found.options["queries"]
    ('ZOSGD', 'rademacher', 10)

    Raises:
        InvalidArgument: anything but `ProblemFacts`.
    """
    if not isinstance(facts, ProblemFacts):
        raise InvalidArgument("facts", facts, "give ProblemFacts(dim=..., budget=...)")
    difference, queries, why = _differences(facts)
    options: dict[str, Any] = {"law": "rademacher", "difference": difference, "queries": queries}
    if facts.dtype not in WIDE:
        options["rounding"] = "stochastic"
        why += " Rounding at random keeps the mean of steps below half a unit of the weights' type."
    # A guide makes E|g|^2 (rho + sqrt((1 - rho^2)(d - 1)))^2 / d of what it is: 1 at rho^2 = 1/d.
    rho2 = 1 / facts.dim if facts.alignment is None or facts.dim == 1 else float(facts.alignment)
    guided = (math.sqrt(rho2) + math.sqrt((1 - rho2) * (facts.dim - 1))) ** 2 / facts.dim
    blocks = facts.block_factor or 1.0
    signs = "Signs: of fixed length, with the least worst E|g|^2 (A6) and the largest stable step (D3c)."
    guide = f"A guide: E|g|^2 times {guided:.2g} at best (A9), where the gradient stays (H5)."
    kind, name, reasons = ZOSGD, "rademacher", [signs]
    if blocks <= min(WORTH, guided):
        kind, name, options["order"] = MeZOBCD, "importance", "importance"
        reasons = [
            f"Importance blocks: E|g|^2 times {blocks:.2g} at best (A8b), if curvature lets it (H4b).",
            UNSEEN,
        ]
    elif guided <= WORTH and facts.vectors:
        kind, name, reasons = GuidedSGD, "guided", [guide, UNSEEN]
        options |= {"law": "sphere", "guide_decay": max(0.0, 1 - queries / (2 * facts.dim))}
    elif facts.attack and facts.vectors:
        # Measured on two networks with the sphere, against plain steps; H3e has the laws.
        reasons.append(
            "Attacks in a cube: adaptive steps and momentum take fewer queries, rates tuned (H3, H3d)."
        )
        if facts.vectors >= 3:
            kind, name = ZOAdaMM, "zo-adamm"
            reasons.append("ZO-AdaMM: less than 3/4 of them; in a ball more successes than R-AdaZO.")
        elif facts.vectors == 2:
            kind, name = RAdaZO, "r-adazo"
            reasons.append("R-AdaZO: less than 2/3 of them; in a ball plain steps may succeed more often.")
        else:
            name, options["momentum"] = "momentum", 0.9
            reasons.append(
                "Momentum: less than 17/20 of them; in a ball plain steps may succeed more often."
            )
    else:
        reasons += [f"{guide} But vectors = 0 leaves no room for it."] if guided <= WORTH else []
        reasons.append("Nothing published is ahead of it by 30% over all problems, rates tuned (H6b).")
    rank = f"Tournament: median rank {RANKS[name]:g} of {METHODS}, the best has {BEST:g} ({COMMAND})."
    return Recommendation(kind, options, (*reasons, why, rank))


def _differences(facts: ProblemFacts) -> tuple[str, int, str]:
    # On h |x|^2 / 2 the best step with b perturbations, error (nu - 1)/b, takes b/(b + nu - 1) of E|x|^2
    # (D3d). A function value takes about b/((b + 1)(b + nu - 1)), forward: most at b = sqrt(nu - 1);
    # 1/(2 (b + nu - 1)), central: most at b = 1.
    if facts.noisy or facts.dtype not in WIDE:
        return "central", 1, "Central differences: their floor in noise and rounding is lower (C9c)."
    queries = min(max(1, round(math.sqrt(facts.dim - 1))), MOST, max(1, facts.budget // STEPS - 1))
    if queries == 1:
        return "central", 1, "One central difference costs what one forward difference does (C9)."
    told = f"{queries} forward differences take {queries + 1} function values, central ones {2 * queries}."
    return "forward", queries, told
