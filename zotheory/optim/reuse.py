"""Layers below everything that is displaced are run once: their output is kept and handed out again."""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

# Values of these types must be equal for an output to be handed out again; of others only the type is.
_PLAIN = (bool, int, float, str, type(None), torch.dtype, torch.device)


class Stale(BaseException):
    """The layers were given something else than before; not an Exception, so that no model catches it."""


@dataclass(frozen=True)
class _From:
    # A tensor by where it comes from: place in what the first layer was given, or the layer before gave.
    before: bool
    place: int


@dataclass(frozen=True)
class _Blank:
    # A tensor that is not kept.
    shape: torch.Size
    dtype: torch.dtype
    device: torch.device


@dataclass
class _Record:
    # What each of the first layers was given, see `_sources`, and gave: of the last one a copy, of the
    # others blanks. Then their states, and the modes in which the first one ran.
    given: list[list[Any]] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)
    modes: list[Any] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return len(self.outputs)


class Prefix:
    """The output of the layers below whatever a set of parameters can change.

    Which layers those are is seen in an evaluation: those of the chain that have run, in order, each given
    what the one before gave, when the first displaced module begins. Their output serves again while the
    first layer is given the same values, the others the same besides, in the same order and under the same
    autocast, and no parameter or buffer of theirs has changed (other than through ``.data``, which torch
    does not count), nor any ``training``. Layers that write to their own buffers are not kept.

    Layers below the last one kept give NaN instead: a loss that this makes NaN is evaluated anew, in full.
    The first time for a set of parameters the loss is evaluated both ways; if a bit differs, for example
    because a later layer uses what an earlier one gave, nothing is reused from then on.

    Args:
        chain: modules that run one after the other, each on what the one before gave.
    """

    def __init__(self, chain: tuple[torch.nn.Module, ...]) -> None:
        self.chain = chain
        self.active = len(chain) > 1
        self._record: _Record | None = None
        self._set: tuple[int, ...] = ()
        self._checked: set[tuple[int, ...]] = set()

    def __reduce__(self) -> Any:
        return Prefix, (self.chain,)  # a copy is of other parameters, and begins anew

    @property
    def depth(self) -> int:
        """Number of layers whose output is kept at the moment."""
        return self._record.depth if self._record else 0

    def loss(
        self,
        parameters: tuple[int, ...],
        evaluate: Callable[[AbstractContextManager[None]], float],
        displacing: Callable[[], bool],
    ) -> float:
        """Return a loss, reusing what can be reused.

        Args:
            parameters: identities of the displaced parameters.
            evaluate: returns the loss, with the forward inside a context that it is given.
            displacing: whether a displaced module has begun, in the evaluation that runs.
        """
        reused = None
        if self._set == parameters and self._record and self._unchanged(self._record):
            reused = self._reused(evaluate, self._record)
            if reused is not None and math.isfinite(reused):
                return reused
        self._record, self._set = None, parameters
        found = evaluate(self._recording(displacing))
        if reused is not None and math.isfinite(found):
            self._give_up(found, reused)
        elif self._record is not None and parameters not in self._checked:
            reused = self._reused(evaluate, self._record)
            self._checked.add(parameters)
            if reused is None or (found != reused and (found == found or reused == reused)):
                self._give_up(found, reused)
        return found

    def _give_up(self, found: float, reused: float | None) -> None:
        self.active, self._record = False, None
        other = "not to be had" if reused is None else repr(reused)
        what = f"{found!r} in full and {other} with the lower layers' output used again"
        warnings.warn(f"the loss is {what}: nothing is reused in this run", stacklevel=2)

    def _reused(
        self, evaluate: Callable[[AbstractContextManager[None]], float], record: _Record
    ) -> float | None:
        try:
            return evaluate(self._skipping(record))
        except Stale:
            return None

    def _unchanged(self, record: _Record) -> bool:
        layers = zip(self.chain, record.states, strict=False)
        return all(state == _state(layer) for layer, state in layers)

    @contextmanager
    def _recording(self, displacing: Callable[[], bool]) -> Iterator[None]:
        record = _Record()
        first: list[Any] = []  # leaves that the first layer was given
        last: list[Any] = []  # leaves that the last layer gave
        done, kept = 0, True

        def before(number: int) -> Callable[..., None]:
            def hook(module: torch.nn.Module, args: Any, kwargs: Any) -> None:
                nonlocal kept
                kept = kept and number == len(record.given) == done and not displacing()
                if not kept:
                    return
                leaves = tree_leaves((args, kwargs))
                if number == 0:
                    first.extend(leaves)
                    record.modes = _modes()
                sources = _sources(leaves, first, last) if number else [_copied(leaf) for leaf in leaves]
                # Where a layer is given something else than what the one before gave, that is not kept.
                if number == 0 or any(isinstance(s, _From) and s.before for s in sources):
                    record.given.append(sources)
                    record.states.append(_state(module))
                else:
                    kept = False

            return hook

        def after(number: int) -> Callable[..., None]:
            def hook(module: torch.nn.Module, args: Any, output: Any) -> None:
                nonlocal done, kept
                done = done + 1 if number == done else len(self.chain) + 1  # never again in order
                kept = kept and number == len(record.outputs) and not displacing()
                # One that writes to its buffers has to run.
                kept = kept and record.states[number] == _state(module)
                last.clear()
                if kept:
                    if number:
                        record.outputs[-1] = tree_map(_blank, record.outputs[-1])
                    record.outputs.append(tree_map(_copied, output))
                    last.extend(tree_leaves(output))

            return hook

        with ExitStack() as stack:
            for number, layer in enumerate(self.chain):
                stack.callback(layer.register_forward_pre_hook(before(number), with_kwargs=True).remove)
                stack.callback(layer.register_forward_hook(after(number)).remove)
            yield
        if record.outputs and done == len(self.chain):
            del record.states[record.depth :]
            self._record = record

    @contextmanager
    def _skipping(self, record: _Record) -> Iterator[None]:
        first: list[Any] = []
        last: list[Any] = []
        done = 0

        def instead(number: int) -> Callable[..., Any]:
            def forward(*args: Any, **kwargs: Any) -> Any:
                nonlocal done
                leaves = tree_leaves((args, kwargs))
                if number == 0:
                    first.extend(leaves)
                if number != done or not _same(record.given[number], leaves, first, last):
                    raise Stale
                if number == 0 and record.modes != _modes():
                    raise Stale
                done += 1
                output = tree_map(_handed_out, record.outputs[number])
                last[:] = tree_leaves(output)
                return output

            return forward

        with ExitStack() as stack:
            for number, layer in enumerate(self.chain[: record.depth]):
                stack.enter_context(replaced_forward(layer, instead(number)))
            try:
                yield
            except Exception:
                if 0 < done < record.depth:  # the model computed with NaN
                    raise Stale from None
                raise
        if done != record.depth:
            raise Stale


@contextmanager
def replaced_forward(module: torch.nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """Let a module run another forward within the block."""
    own = vars(module)
    before = own.get("forward")
    module.forward = forward
    try:
        yield
    finally:
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
    return _copied(leaf)


def _state(layer: torch.nn.Module) -> Any:
    versions = [
        (id(t), 0 if t.is_inference() else t._version) for t in (*layer.parameters(), *layer.buffers())
    ]
    return versions, [module.training for module in layer.modules()]


def _modes() -> list[Any]:
    kinds = ["cpu", "cuda"]
    return [(torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in kinds]


def _copied(value: Any) -> Any:
    # Models may write to what they are given.
    return value.clone() if isinstance(value, torch.Tensor) else value


def _blank(value: Any) -> Any:
    floating = isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex())
    return _Blank(value.shape, value.dtype, value.device) if floating else value


def _handed_out(value: Any) -> Any:
    if isinstance(value, _Blank):
        return torch.full(value.shape, math.nan, dtype=value.dtype, device=value.device)
    return _copied(value)


def _same(given: list[Any], found: list[Any], first: list[Any], last: list[Any]) -> bool:
    return len(given) == len(found) and all(
        (last if a.before else first)[a.place] is b if isinstance(a, _From) else _equal(a, b)
        for a, b in zip(given, found, strict=True)
    )


def _equal(given: Any, found: Any) -> bool:
    if isinstance(given, torch.Tensor):
        like = isinstance(found, torch.Tensor) and (given.dtype, given.shape) == (found.dtype, found.shape)
        return like and given.device == found.device and torch.equal(given, found)
    return type(given) is type(found) and (not isinstance(given, _PLAIN) or given == found)
