"""Options of an optimizer and of its parameter groups, checked when they are given or changed."""

import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from inspect import signature
from operator import attrgetter, is_
from typing import Any, Literal, TypedDict

import torch

from zotheory.errors import InvalidArgument
from zotheory.optim.arguments import check_at_least_zero, check_choice, check_number
from zotheory.optim.distributed import ParallelOption, as_parallel
from zotheory.optim.forwards import longest_chain
from zotheory.optim.layerwise import Layerwise
from zotheory.optim.layout import Layout, check_parameters, lay_out, layout_marks
from zotheory.optim.lockstep import Agreement
from zotheory.optim.perturbations import Perturbation, as_perturbation
from zotheory.optim.replay import Replay
from zotheory.optim.replicas import check_start
from zotheory.optim.resolution import check_resolution
from zotheory.optim.reuse import Prefix
from zotheory.optim.state import check_places
from zotheory.optim.stream import check_seed
from zotheory.validation import check_count

_own = attrgetter("mu", "delta", "perturbations", "difference", "on_bad_loss", "rounding")


class Options(TypedDict, total=False):
    """What every optimizer here takes by keyword, see `ZerothOrderOptimizer`."""

    law: str | Perturbation
    mu: float
    queries: int
    difference: Literal["central", "forward"]
    delta: float
    seed: int
    model: torch.nn.Module | None
    engine: Literal["reuse", "keep", "lockstep", "plain"]
    abreast: bool
    delayed: bool
    rounding: Literal["nearest", "stochastic"]
    on_bad_loss: Literal["raise", "skip"]
    parallel: ParallelOption


class Configured(torch.optim.Optimizer):
    """What `ZerothOrderOptimizer` is given, and the parameters that it changes."""

    # Options as they were when they were last checked, and the layout with what it was made from; copies
    # begin anew.
    _checked: Sequence[Any] = ()
    _layout: tuple[list[Any], Layout] | None = None

    def __init__(
        self,
        params: Iterable[Any],
        defaults: dict[str, Any],
        *,
        law: str | Perturbation = "rademacher",
        mu: float = 1e-3,
        queries: int = 1,
        difference: Literal["central", "forward"] = "central",
        delta: float = 1.0,
        seed: int = 0,
        model: torch.nn.Module | None = None,
        engine: Literal["reuse", "keep", "lockstep", "plain"] = "reuse",
        abreast: bool = False,
        delayed: bool = False,
        rounding: Literal["nearest", "stochastic"] = "nearest",
        on_bad_loss: Literal["raise", "skip"] = "raise",
        parallel: ParallelOption = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise TypeError(_unknown(type(self), next(iter(unknown))))
        self.law = as_perturbation(law)
        self.mu, self.delta = check_number(mu, "mu"), check_number(delta, "delta")
        self.perturbations = check_count(queries, "queries")
        self.difference = check_choice(difference, "difference", ("central", "forward"))
        self.on_bad_loss = check_choice(on_bad_loss, "on_bad_loss", ("raise", "skip"))
        self.seed, self.parallel = check_seed(seed), as_parallel(parallel)
        if model is not None and not isinstance(model, torch.nn.Module):
            raise InvalidArgument("model", model, "give the torch.nn.Module that the closure runs, or None")
        self.model = model
        if not isinstance(delayed, bool) or (delayed and model is None):
            raise InvalidArgument("delayed", delayed, "give True, together with a model, or False")
        self.delayed = delayed
        self.rounding = check_choice(rounding, "rounding", ("nearest", "stochastic"))
        self.pending: Replay | None = None
        self.engine = check_choice(engine, "engine", ("reuse", "keep", "lockstep", "plain"))
        if not isinstance(abreast, bool) or (abreast and (model is None or engine == "lockstep")):
            remedy = 'give True, together with a model and another engine than "lockstep", or False'
            raise InvalidArgument("abreast", abreast, remedy)
        self.abreast = abreast
        self.prefix: Prefix | None = None
        if model is not None and self.engine in ("reuse", "keep"):
            self.prefix = Prefix(longest_chain(model), keep=self.engine == "keep")
        self.agreement = Agreement()
        self.steps: int = 0
        self.skipped: int = 0
        self.queries: int = 0
        self.coefficients: tuple[float, ...] = ()
        if isinstance(params, torch.Tensor) or not isinstance(params, Iterable):
            shown = "a tensor" if isinstance(params, torch.Tensor) else params
            raise InvalidArgument("params", shown, "give an iterable of tensors, such as [x]")
        params = list(params)
        if not params:
            raise InvalidArgument("params", params, "it is empty: give at least one trainable parameter")
        self.constructed = False
        super().__init__(params, defaults)
        self._check_layout()
        self.constructed = True
        check_start(self)

    def _check_layout(self) -> None:
        layout = self.layout()
        if self.model is not None:
            Layerwise(layout, self.model)  # whether it owns all parameters
        check_resolution(self.mu, self.entry_sizes())

    def entry_sizes(self) -> list[tuple[Layout, float]]:
        """Return parameters and the size of typical entries of v there, to tell whether mu is lost."""
        layout = self.layout()
        return [(layout, math.sqrt(self.delta) * self.law.entry_size(layout))]

    def layout(self) -> Layout:
        """Return the trainable parameters in the order of the flat index.

        Raises:
            InvalidArgument: there is none, or one has another shape than its moments, or is on another
                device.
        """
        marks = self.layout_marks()
        if self._layout is None or marks != self._layout[0]:
            found = lay_out(self.param_groups, self.model)
            check_places(self.state, found)
            self._layout = marks, found
        return self._layout[1]

    def layout_marks(self) -> list[Any]:
        """Return all that `layout` depends on: what was found holds while it stays equal."""
        return layout_marks(self.param_groups)

    def buffers(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of the moments kept for every parameter of a group; they begin at zero."""
        return ()

    def check_group(self, group: dict[str, Any]) -> None:
        """Check the options of a new group.

        Raises:
            InvalidArgument: one is outside its range.
        """
        group["lr"] = check_at_least_zero(group["lr"], "lr")
        group["weight_decay"] = check_at_least_zero(group["weight_decay"], "weight_decay")

    def portions(self) -> dict[str, int]:
        """Return how many directions each call of `slopes` in a step is given, by name of the option."""
        return {"queries": self.perturbations}

    def plan(self) -> dict[str, Any]:
        """Return a subclass's own options that ranks, and a state that is loaded, must have the same."""
        return {}

    def _check_options(self) -> None:
        # Those that are other objects than when they were last looked at; lr and weight_decay always.
        now = self._options()
        if len(now) != len(self._checked) or not all(map(is_, now, self._checked)):
            self.mu, self.delta = check_number(self.mu, "mu"), check_number(self.delta, "delta")
            self.perturbations = check_count(self.perturbations, "queries")
            check_choice(self.difference, "difference", ("central", "forward"))
            check_choice(self.on_bad_loss, "on_bad_loss", ("raise", "skip"))
            check_choice(self.rounding, "rounding", ("nearest", "stochastic"))
            for group in self.param_groups:
                self.check_group(group)
                self._check_waiting(group)
            self._checked = self._options()
        for group in self.param_groups:
            if not _usable(group["lr"]) or not _usable(group["weight_decay"]):
                self.check_group(group)  # says what is wrong

    def _options(self) -> list[Any]:
        found = [*_own(self)]
        for group in self.param_groups:
            for name in self.defaults:
                if name != "lr" and name != "weight_decay":
                    found.append(group.get(name))
        return found

    def _check_waiting(self, group: dict[str, Any]) -> None:
        if self.delayed and self.buffers(group):
            remedy = f"updates that keep {', '.join(self.buffers(group))} cannot wait: leave it out"
            raise InvalidArgument("delayed", self.delayed, remedy)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group; its parameters follow those before in the flat index.

        Raises:
            InvalidArgument: as the constructor.
        """
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise InvalidArgument("param_group", param_group, 'give a dict with "params" and options')
        given = param_group["params"]
        if isinstance(given, (set, frozenset)) or not isinstance(given, Iterable):
            raise InvalidArgument("params", given, "give a list: its order is that of the random entries")
        for name in Options.__annotations__.keys() & param_group.keys():
            remedy = "it is an option of the optimizer, the same for all groups: give it by keyword"
            raise InvalidArgument(name, param_group[name], remedy)
        given = [given] if isinstance(given, torch.Tensor) else list(given)
        plain: list[Any] = [e[1] if isinstance(e, tuple) and len(e) == 2 else e for e in given]
        check_parameters(plain, [p for group in self.param_groups for p in group["params"]])
        group = {**self.defaults, **param_group, "params": given}
        self.check_group(group)
        self._check_waiting(group)
        super().add_param_group(group)
        if self.constructed:
            try:
                self._check_layout()
            except InvalidArgument:
                self.param_groups.pop()
                raise


def _usable(number: Any) -> bool:
    return isinstance(number, (int, float)) and 0 <= number < math.inf


def _unknown(kind: type, name: str) -> str:
    # Options of subclasses come here, too, and the base's name would be no help.
    own = [p.name for p in signature(kind).parameters.values() if p.kind is p.KEYWORD_ONLY]
    known = sorted({*own, *Options.__annotations__})
    near = get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"its options are {', '.join(known)}"
    return f"{kind.__name__} has no option {name!r}: {hint}"
