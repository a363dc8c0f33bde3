"""Layers below everything that is displaced are run once a step: their output is handed out again."""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

from zotheory.optim.blank import Blank, Touched
from zotheory.optim.module_state import Buffers, ModuleState, comparable, same_bits

# Values of these types must be equal for an output to be handed out again; of others only the type is.
_PLAIN = (bool, int, float, str, bytes, range, type(None), torch.dtype, torch.device, torch.Size)
# Arguments of which nothing is left unseen, in tuples, lists and dictionaries.
_LASTING = frozenset((*_PLAIN, torch.Tensor, torch.nn.Parameter))


class Stale(BaseException):
    """The layers were given something else than before; not an Exception, so that no model catches it."""


class Reached(BaseException):
    """The first displaced module begins: ends an evaluation of which only the layers below are of use."""


@dataclass(frozen=True)
class _From:
    # A tensor by where it comes from: place in what the first layer was given, or the layer before gave.
    before: bool
    place: int


@dataclass(frozen=True)
class _Kind:
    # An object that is neither a tensor nor plain: held itself, a cache of keys and values would stay.
    kind: type


@dataclass(frozen=True)
class _Like:
    # A tensor that is not kept; of what it was like there is a tensor without memory.
    tensor: torch.Tensor


@dataclass(frozen=True)
class _Values:
    # A copy of a tensor, and how the tensor lay in memory.
    tensor: torch.Tensor
    stride: tuple[int, ...] | None


@dataclass
class _Record:
    # What each of the first layers was given, see `_sources` and `_structure`, and gave: of the last one a
    # copy, of the others descriptions. Then their states, and the modes in which the first one ran.
    given: list[tuple[list[Any], Any]] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    states: list[ModuleState] = field(default_factory=list)
    modes: list[Any] = field(default_factory=list)
    # Whether it may be used in later steps: all that each layer was given, and holds, can be seen.
    lasting: list[bool] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return len(self.outputs)


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
        self._record: _Record | None = None
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
        self, evaluate: Callable[[AbstractContextManager[None]], float], record: _Record
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
        record = _Record()
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
                record.modes = _modes()
            elif _versions(first, last) != written:  # by something that may write something else later
                kept = False
                return
            sources = _sources(leaves, first, last) if number else [_remembered(leaf) for leaf in leaves]
            # Where a layer is given something else than what the one before gave, that is not kept, nor
            # where it is given what cannot be compared.
            follows = number == 0 or any(isinstance(s, _From) and s.before for s in sources)
            if follows and all(comparable(s.tensor) for s in sources if isinstance(s, _Values)):
                kinds: set[type] = set()
                record.given.append((sources, _structure((args, kwargs), kinds)))
                record.states.append(self._state(number, own))
                record.lasting.append(kinds <= _LASTING and record.states[-1].open)
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
                    record.outputs[-1] = tree_map(_like, record.outputs[-1])
                record.outputs.append(tree_map(_copied, output))
                last.extend(tree_leaves(output))
                written[:] = _versions(first, last)

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
    def _skipping(self, record: _Record, side: Callable[[], int] | None = None) -> Iterator[None]:
        # One evaluation, or two at once, of which side() says whose the calling thread is.
        skips = [_Skip(record) for _ in range(1 if side is None else 2)]

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


class _Skip:
    # An evaluation that is handed what the layers gave before.

    def __init__(self, record: _Record) -> None:
        self.record, self.done = record, 0
        self.touched: list[Any] = []
        self._first: list[Any] = []
        self._last: list[Any] = []
        self._written: list[int] = []

    def output(self, number: int, own: Any, args: Any, kwargs: Any) -> Any:
        """Return a layer's output, if it is given the same as before."""
        record, first, last = self.record, self._first, self._last
        leaves = tree_leaves((args, kwargs))
        if number == 0:
            first.extend(leaves)
        elif _versions(first, last) != self._written:
            raise Stale
        if number != self.done:
            raise Stale
        given, structure = record.given[number]
        if structure != _structure((args, kwargs), set()) or not _same(given, leaves, first, last):
            raise Stale
        if not record.states[number].holds(own) or (number == 0 and record.modes != _modes()):
            raise Stale
        self.done += 1
        output = tree_map(lambda value: _handed_out(value, self.touched), record.outputs[number])
        last[:] = tree_leaves(output)
        self._written[:] = _versions(first, last)
        return output


@contextmanager
def replaced_forward(module: torch.nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """Let a module run another forward within the block."""
    own = vars(module)
    before = own.get("forward")
    module.forward = forward
    try:
        yield
    finally:
        # Unless the closure has put another one there for good.
        if own.get("forward") is forward:
            if before is None:
                del own["forward"]
            else:
                module.forward = before


def longest_chain(model: torch.nn.Module) -> tuple[torch.nn.Module, ...]:
    """Return the members of the longest ModuleList or Sequential of a model; empty if there is none."""
    lists = [m for m in model.modules() if isinstance(m, (torch.nn.ModuleList, torch.nn.Sequential))]
    return tuple(max(lists, key=len, default=()))


def _sources(leaves: list[Any], first: list[Any], last: list[Any]) -> list[Any]:
    return [_source(leaf, first, last) for leaf in leaves]


def _source(leaf: Any, first: list[Any], last: list[Any]) -> Any:
    if isinstance(leaf, torch.Tensor):
        for before, known in ((True, last), (False, first)):
            for place, other in enumerate(known):
                if other is leaf:
                    return _From(before, place)
    return _remembered(leaf)


def _remembered(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return _Values(_copied(value), _stride(value))
    return value if isinstance(value, _PLAIN) else _Kind(type(value))


def _stride(tensor: torch.Tensor) -> tuple[int, ...] | None:
    return tensor.stride() if tensor.layout == torch.strided and not tensor.is_nested else None


def _structure(value: Any, kinds: set[type]) -> Any:
    # The types of what is in plain containers; those that are no such container are added to kinds.
    kind = type(value)
    if kind is tuple or kind is list:
        return kind, [_structure(item, kinds) for item in value]
    if kind is dict:
        return kind, [(key, _structure(item, kinds)) for key, item in value.items()]
    kinds.add(kind)
    return torch.Tensor if kind is Blank else kind


def _versions(*leaves: list[Any]) -> list[int]:
    # Torch counts no writes to tensors made in inference mode.
    tensors = [leaf for part in leaves for leaf in part if isinstance(leaf, torch.Tensor)]
    return [0 if tensor.is_inference() else tensor._version for tensor in tensors]


def _modes() -> list[Any]:
    kinds = ["cpu", "cuda"]
    return [(torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in kinds]


def _copied(value: Any) -> Any:
    # Models may write to what they are given.
    return value.clone() if isinstance(value, torch.Tensor) else value


def _like(value: Any) -> Any:
    # Of integers, such as counts and masks, models may ask for the entries.
    plain = type(value) is torch.Tensor and value.layout == torch.strided and not value.is_nested
    floating = plain and (value.is_floating_point() or value.is_complex())
    return _Like(Blank.like(value, [])) if floating else value


def _handed_out(value: Any, touched: list[Any]) -> Any:
    return Blank.like(value.tensor, touched) if isinstance(value, _Like) else _copied(value)


def _same(given: list[Any], found: list[Any], first: list[Any], last: list[Any]) -> bool:
    return len(given) == len(found) and all(
        (last if a.before else first)[a.place] is b if isinstance(a, _From) else _equal(a, b)
        for a, b in zip(given, found, strict=True)
    )


def _equal(given: Any, found: Any) -> bool:
    if isinstance(given, _Kind):
        return type(found) is given.kind
    if isinstance(given, _Values):
        like = isinstance(found, torch.Tensor) and _stride(found) == given.stride
        return like and same_bits(given.tensor, found)
    if type(given) is not type(found):
        return False
    # As numbers 0.0 is -0.0, and NaN is not NaN.
    return given.hex() == found.hex() if isinstance(given, float) else given == found
