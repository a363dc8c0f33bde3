"""Optimizers by name, and descent at an exact number of function values; see `_tuning` for their steps."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from experiments._guided_es import GuidedES
from zotheory.errors import InvalidArgument
from zotheory.optim import (
    DAPSGD,
    ZOSGD,
    GuidedSGD,
    LossError,
    MeZO,
    MeZOBCD,
    Perturbation,
    RAdaZO,
    ZerothOrderOptimizer,
    ZOAdaMM,
    ZOSignSGD,
)
from zotheory.validation import check_count

# Laws over all parameters jointly. "low-rank" is "rademacher" unless a parameter has two dimensions, and
# "block" is so unless there are several parameters or a `zotheory.optim.Block` of a size is given.
LAWS = ("sphere", "gaussian", "rademacher", "coordinate", "block", "low-rank")
# A run is given up where its loss is above the start by more than this many times the start's size.
DIVERGED = 1e3


@dataclass(frozen=True)
class Method:
    """An optimizer with options fixed.

    Attributes:
        kind: its class.
        options: beyond params, lr and what `make` is given.
        needs_model: whether a `torch.nn.Module` must be given, whose modules make its blocks.
        source: arXiv number, as summarised.
    """

    kind: type[ZerothOrderOptimizer]
    options: Mapping[str, Any] = field(default_factory=dict)
    needs_model: bool = False
    source: str = ""

    @property
    def two_stage(self) -> bool:
        """Whether the law is that of the first half of the perturbations only."""
        return self.kind is DAPSGD


def _bcd(order: str) -> Method:
    return Method(MeZOBCD, {"order": order}, needs_model=True, source="2501.19099")


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "zo-sgd": Method(ZOSGD),
        "momentum-sgd": Method(ZOSGD, {"momentum": 0.9}),
        "zo-signsgd": Method(ZOSignSGD),
        "zo-adamm": Method(ZOAdaMM, source="1910.06513"),
        "r-adazo": Method(RAdaZO, {"form": "paper"}, source="2502.01014"),
        "r-adazo-code": Method(RAdaZO, {"form": "code"}, source="2502.01014"),
        "dap": Method(DAPSGD, {"combination": "average"}, source="2510.19975"),
        "dap-published": Method(DAPSGD, {"combination": "second"}, source="2510.19975"),
        "guided": Method(GuidedSGD),
        "guided-es": Method(GuidedES, source="1806.10230"),
        "mezo": Method(MeZO, {"difference": "central"}, source="2305.17333"),
        "mezo-bcd-cyclic": _bcd("cyclic"),
        "mezo-bcd-uniform": _bcd("uniform"),
        "mezo-bcd-size": _bcd("size"),
        "mezo-bcd-importance": _bcd("importance"),
    }
)


def make(
    method: str,
    law: str | Perturbation,
    params: Iterable[Any],
    lr: float,
    *,
    mu: float,
    seed: int,
    queries: int,
    difference: Literal["forward", "central"] = "forward",
    model: torch.nn.Module | None = None,
    **options: Any,
) -> ZerothOrderOptimizer:
    """Return an optimizer; delta = 1 unless ``options`` say otherwise.

    Args:
        method: a name in `METHODS`; "mezo" takes central differences whatever ``difference`` is.
        law: of the perturbations; with two stages, of the first; "guided": of steps without a guide.
        params: parameters.
        lr: learning rate.
        mu: smoothing distance, for E[v v^T] = I.
        seed: of all its random numbers.
        queries: perturbations a step; two stages halve them (at least two).
        difference: "forward" takes queries + 1 function values a step (with two stages too), "central"
            2 queries.
        model: for layerwise evaluation, and for blocks.
        **options: of the optimizer, overriding those of the method.

    Raises:
        InvalidArgument: no such method, fewer than two queries for two stages, or as the optimizer does.
    """
    if method not in METHODS:
        raise InvalidArgument("method", method, f"give one of {', '.join(METHODS)}")
    chosen = METHODS[method]
    count: dict[str, int] = {"queries": check_count(queries, "queries")}
    if chosen.two_stage:
        if queries < 2:
            raise InvalidArgument("queries", queries, f"{method} has two stages: give at least 2")
        count = {"first": queries // 2, "second": queries - queries // 2}
    given: dict[str, Any] = {"law": law, "mu": mu, "seed": seed, "difference": difference, "model": model}
    return chosen.kind(params, lr, **{**given, **count, **chosen.options, **options})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Run:
    """One run of an optimizer.

    Attributes:
        queries: the numbers of function values at which losses are kept, shape (records,).
        losses: the loss of the last state that took no more of them than that; inf once diverged.
        seconds: time that the steps up to there took, without recording; shape (records,).
        extra: what ``watch`` returned at each record, shape (records,) each, NaN once diverged.
        spent: function values that were evaluated.
        steps: steps done.
        diverged: whether a loss, recorded or told by a step, was not finite or too large, see `DIVERGED`.
        last_finite: the last recorded finite loss.
        state: the parameters then, copies.
    """

    queries: NDArray[np.int64]
    losses: NDArray[np.float64]
    seconds: NDArray[np.float64]
    extra: Mapping[str, NDArray[np.float64]]
    spent: int
    steps: int
    diverged: bool
    last_finite: float
    state: tuple[torch.Tensor, ...]

    @property
    def final(self) -> float:
        """The last loss, inf if it diverged."""
        return float(self.losses[-1])


def descend(
    optimizer: ZerothOrderOptimizer,
    closure: Callable[[], Any],
    *,
    budget: int,
    records: Sequence[int],
    loss: Callable[[], Any] | None = None,
    begin_step: Callable[[int], None] | None = None,
    watch: Callable[[], Mapping[str, float]] | None = None,
    after_step: Callable[[], None] | None = None,
) -> Run:
    """Take steps as long as the next one stays within the budget of function values.

    They are counted as the optimizer evaluates them; a step is taken to cost what the dearest one before
    did. A record at q is of the last state that can be reached with q of them. Recording is not charged.
    Divergence ends a run and raises nothing.

    Args:
        optimizer: new, or a run that goes on.
        closure: returns the loss that steps see, the same throughout one step.
        budget: function values, enough for one step.
        records: 0 and increasing numbers up to the budget.
        loss: what is recorded, the closure's by default.
        begin_step: called with the number of each step before it, to choose a mini-batch.
        watch: called at each record, returns numbers by name.
        after_step: called after each step.

    Raises:
        InvalidArgument: records that do not begin with 0 or do not increase up to the budget, or a budget
            below the first step's cost.
    """
    marks = np.asarray(records, dtype=np.int64)
    if not marks.size or marks[0] != 0 or marks[-1] > budget or (np.diff(marks) <= 0).any():
        raise InvalidArgument("records", list(records), f"give 0 and increasing numbers up to {budget}")
    measure = closure if loss is None else loss
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    losses, seconds = np.full(marks.size, math.inf), np.full(marks.size, math.nan)
    seen: list[Mapping[str, float]] = []
    start_queries, cost, steps, elapsed, place, diverged = optimizer.queries, 0, 0, 0.0, 0, False
    with torch.no_grad():
        first = last = float(measure())
    ceiling, told_ceiling = _ceiling(first), math.nan  # steps may tell another loss than is recorded
    state = _copies(parameters)
    while True:
        spent = optimizer.queries - start_queries
        # Of the cost of the first step nothing is known: it is at least one.
        if not diverged and place < marks.size and marks[place] < spent + max(cost, 1):
            optimizer.settle()
            with torch.no_grad():
                now = float(measure()) if steps else first
            diverged = not (math.isfinite(now) and now <= ceiling)
            if not diverged:
                last, state = now, _copies(parameters)
                numbers = {} if watch is None else dict(watch())
                while place < marks.size and marks[place] < spent + max(cost, 1):
                    losses[place], seconds[place] = now, elapsed
                    seen.append(numbers)
                    place += 1
        if diverged or spent + cost > budget or place == marks.size:
            break
        if begin_step is not None:
            begin_step(steps)
        began = time.perf_counter()
        try:
            told = optimizer.step(closure)
        except LossError:
            diverged = True
        else:
            told_ceiling = told_ceiling if steps else _ceiling(told)
            diverged = told > told_ceiling
        elapsed += time.perf_counter() - began
        cost = max(cost, optimizer.queries - start_queries - spent)
        if cost > budget:
            raise InvalidArgument("budget", budget, f"a step takes {cost} function values: give as many")
        if after_step is not None and not diverged:
            after_step()
        if not steps:
            # Records below the first step's cost are of the start.
            while place < marks.size and marks[place] < cost:
                losses[place], seconds[place] = first, 0.0
                seen.append(seen[0])
                place += 1
        steps += 1
    names = seen[0] if seen else {}
    extra = {name: _padded([float(row[name]) for row in seen], marks.size) for name in names}
    spent = optimizer.queries - start_queries
    return Run(marks, losses, seconds, extra, spent, steps, diverged, last, state)


def _ceiling(start: float) -> float:
    return start + DIVERGED * abs(start) if start else math.inf


def _copies(parameters: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    return tuple(p.detach().clone() for p in parameters)


def _padded(values: list[float], size: int) -> NDArray[np.float64]:
    return np.array(values + [math.nan] * (size - len(values)))


def queries_to_reach(run: Run, target: float) -> float:
    """Return the first recorded number of function values with a loss at or below ``target``, or inf."""
    reached = run.losses <= target
    return float(run.queries[reached.argmax()]) if reached.any() else math.inf
