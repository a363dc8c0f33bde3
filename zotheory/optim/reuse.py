"""Layers below everything that is displaced are run once a step: their output is handed out again."""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

from zotheory.optim.blank import Touched
from zotheory.optim.forwards import replaced_forward
from zotheory.optim.module_state import Buffers, ModuleState
from zotheory.optim.remembered import (
    LASTING,
    Record,
    Skip,
    Stale,
    can_follow,
    copied,
    described,
    modes_now,
    remembered,
    sources_of,
    structure_of,
    versions_of,
)


class Reached(BaseException):
    """The first displaced module begins: ends an evaluation of which only the layers below are of use."""


class Prefix:
    """The output of the layers below whatever a set of parameters can change, for the time of a step.

    Which layers those are is seen in an evaluation: those of the chain that have run, in order, each given
    what the one before gave, when the first displaced module begins. Their output serves again while the
    first layer is given the same values, the others the same besides, in the same order and under the same
    autocast, and nothing of their `ModuleState` has changed. Of arguments that are neither tensors nor
    plain values only the types are compared: that the closure does the same throughout a step is its part.
    Layers whose forward writes to their buffers or attributes are not kept, as it has to run.

    Layers below the last one kept give tensors without entries (`Blank`): where something other than the
    next layer asks for these, the loss is evaluated anew, in full, and nothing is reused from then on.
    The first time for a set of parameters the loss is evaluated both ways; if a bit differs, nothing is
    reused either. A warning tells of both. A copy of this object begins anew.

    With ``keep`` the output serves in later steps, too, if layers are given tensors and plain values
    (numbers, strings, None) in tuples, lists and dictionaries alone, and all that they hold can be looked
    into (`ModuleState.open`). It must then hold besides that

    - their weights and other tensors are changed by torch's own operations or replaced: writes through
      ``.data``, ``detach().numpy()`` or other memory in common are not counted, nor those of some of
      torch's own kernels to running means;
    - their forward reads nothing that changes elsewhere: globals, attributes of classes, files, settings
      of torch other than autocast and the grad mode, what tensors hold as attributes, or hooks that are not
      the module's own.

    Args:
        chain: modules that run one after the other, each on what the one before gave.
        keep: whether outputs serve beyond the step.
    """

    def __init__(self, chain: tuple[torch.nn.Module, ...], keep: bool = False) -> None:
        self.chain, self.keep = chain, keep
        self.active = len(chain) > 1
        self._record: Record | None = None
        self._set: tuple[int, ...] = ()
        self._checked: set[tuple[int, ...]] = set()
        self._bare: set[tuple[int, ...]] = set()  # below these parameters `both` found nothing to keep
        self._states: dict[int, ModuleState] = {}

    def __reduce__(self) -> Any:
        return Prefix, (self.chain, self.keep)  # a copy is of other parameters, and begins anew

    @property
    def depth(self) -> int:
        """Number of layers whose output is kept at the moment."""
        return self._record.depth if self._record else 0

    def end_step(self) -> None:
        """Drop what must not serve in later steps."""
        if self._record is not None and not (self.keep and all(self._record.lasting)):
            self._record = None

    def loss(
        self,
        parameters: tuple[int, ...],
        evaluate: Callable[[AbstractContextManager[None]], float],
        displacing: Callable[[], bool],
        buffers: Callable[[], Buffers],
    ) -> float:
        """Return a loss, reusing what can be reused.

        Args:
            parameters: identities of the displaced parameters.
            evaluate: returns the loss, with the forward inside a context that it is given.
            displacing: whether a displaced module has begun, in the evaluation that runs.
            buffers: returns the model's buffers as they are: what is evaluated to compare starts from those
                of what it is compared with, and leaves those that this gave.
        """
        reused, touched = None, False
        if self._set == parameters and self._record:
            reused, touched = self._reused(evaluate, self._record)
            if reused is not None and math.isfinite(reused):
                return reused
        self._record, self._set = None, parameters
        before = buffers() if parameters not in self._checked else None
        found = evaluate(self._recording(displacing))
        if touched or (reused is not None and math.isfinite(found)):
            self._give_up(found, reused)
        elif self._record is not None and before is not None:
            after = buffers()
            before.restore()
            reused, _ = self._reused(evaluate, self._record)
            after.restore()
            self._checked.add(parameters)
            if reused is None or (found != reused and (found == found or reused == reused)):
                self._give_up(found, reused)
        return found

    def both(
        self,
        parameters: tuple[int, ...],
        evaluate: Callable[[AbstractContextManager[None]], list[float]],
        below: Callable[[AbstractContextManager[None]], None],
        ended: Callable[[], bool],
        side: Callable[[], int],
    ) -> list[float] | None:
        """Return the losses of two evaluations that run at once; None if the output is not theirs to have.

        Args:
            parameters: identities of the displaced parameters.
            evaluate: returns the losses, with both forwards inside a context that it is given.
            below: runs a forward inside a context until the first displaced module begins.
            ended: whether that has been so.
            side: which of the two, 0 or 1, the calling thread runs.
        """
        for kept in (True, False):
            if kept and not (self._set == parameters and self._record):
                continue
            if not kept and parameters not in self._bare:
                self._record, self._set = None, parameters
                with suppress(Reached):
                    below(self._recording(ended))
                if self._record is None:
                    self._bare.add(parameters)
            try:
                return evaluate(self._skipping(self._record, side) if self._record else nullcontext())
            except Stale:
                self._record = None
            except Touched:
                self._record = None
                return None
        return None

    def _give_up(self, found: float, reused: float | None) -> None:
        self.active, self._record, self._states = False, None, {}
        other = "not to be had" if reused is None else repr(reused)
        what = f"{found!r} in full and {other} with the lower layers' output used again"
        warnings.warn(f"the loss is {what}: nothing is reused in this run", stacklevel=2)

    def _reused(
        self, evaluate: Callable[[AbstractContextManager[None]], float], record: Record
    ) -> tuple[float | None, bool]:
        # The loss, if it is to be had, and whether what is not there was asked for.
        try:
            return evaluate(self._skipping(record)), False
        except Stale:
            return None, False
        except Touched:
            return None, True

    def _state(self, number: int, forward: Any) -> ModuleState:
        # Often as when that layer was last kept, and to see so is quicker.
        before, layer = self._states.get(number), self.chain[number]
        return before if before is not None and before.holds(forward) else ModuleState(layer, forward)

    @contextmanager
    def _recording(self, displacing: Callable[[], bool]) -> Iterator[None]:
        record = Record()
        first: list[Any] = []  # leaves that the first layer was given
        last: list[Any] = []  # leaves that the last layer gave
        written: list[int] = []  # versions of both when it had run
        done, kept = 0, True

        def before(number: int, own: Any, args: Any, kwargs: Any) -> None:
            nonlocal kept
            kept = kept and number == len(record.given) == done and not displacing()
            if not kept:
                return
            leaves = tree_leaves((args, kwargs))
            if number == 0:
                first.extend(leaves)
                record.modes = modes_now()
            elif versions_of(first, last) != written:  # by something that may write something else later
                kept = False
                return
            sources = sources_of(leaves, first, last) if number else [remembered(leaf) for leaf in leaves]
            if can_follow(sources, number):
                kinds: set[type] = set()
                record.given.append((sources, structure_of((args, kwargs), kinds)))
                record.states.append(self._state(number, own))
                record.lasting.append(kinds <= LASTING and record.states[-1].open)
            else:
                kept = False

        def after(number: int, own: Any, output: Any) -> None:
            nonlocal done, kept
            done = done + 1 if number == done else len(self.chain) + 1  # never again in order
            kept = kept and number == len(record.outputs) and not displacing()
            kept = kept and record.states[number].holds(own)
            last.clear()
            if kept:
                if number:
                    record.outputs[-1] = tree_map(described, record.outputs[-1])
                record.outputs.append(tree_map(copied, output))
                last.extend(tree_leaves(output))
                written[:] = versions_of(first, last)

        def watched(number: int, own: Any, forward: Callable[..., Any]) -> Callable[..., Any]:
            def run(*args: Any, **kwargs: Any) -> Any:
                before(number, own, args, kwargs)
                output = forward(*args, **kwargs)
                after(number, own, output)
                return output

            return run

        def finish() -> None:
            if record.outputs:
                del record.states[record.depth :], record.lasting[record.depth :]
                self._record, self._states = record, dict(enumerate(record.states))

        try:
            with ExitStack() as stack:
                for number, layer in enumerate(self.chain):
                    run = watched(number, vars(layer).get("forward"), layer.forward)
                    stack.enter_context(replaced_forward(layer, run))
                yield
        except Reached:
            if done <= len(self.chain):
                finish()
            raise
        if done == len(self.chain):
            finish()

    @contextmanager
    def _skipping(self, record: Record, side: Callable[[], int] | None = None) -> Iterator[None]:
        # One evaluation, or two at once, of which side() says whose the calling thread is.
        skips = [Skip(record) for _ in range(1 if side is None else 2)]

        def instead(number: int, own: Any) -> Callable[..., Any]:
            def forward(*args: Any, **kwargs: Any) -> Any:
                return skips[side() if side else 0].output(number, own, args, kwargs)

            return forward

        with ExitStack() as stack:
            for number, layer in enumerate(self.chain[: record.depth]):
                own = vars(layer).get("forward")
                stack.enter_context(replaced_forward(layer, instead(number, own)))
            try:
                yield
            except Exception:
                # It may be because of a blank, if not it is raised again.
                if record.depth > 1 and any(skip.done for skip in skips):
                    raise Touched from None
                raise
        if any(skip.touched for skip in skips):
            raise Touched
        if any(skip.done != record.depth for skip in skips):
            raise Stale
