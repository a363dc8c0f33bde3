"""Layers below everything that is displaced are run once: their output is kept and handed out again."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

# Values of these types must be equal for an output to be handed out again; of others only the type is.
_PLAIN = (bool, int, float, str, type(None), torch.dtype, torch.device)


class Stale(BaseException):
    """The layers were given something else than before; not an Exception, so that no model catches it."""


@dataclass(frozen=True)
class _Record:
    # Of the first `depth` layers: what the first was given, what the last gave, their tensors as they were.
    depth: int
    given: list[Any]
    output: Any
    versions: list[tuple[int, int]]


class Prefix:
    """The output of the layers below whatever a set of parameters can change.

    Which layers those are is seen in an evaluation: those of the chain that have run, in order, when the
    first displaced module begins. Their output serves again while the first layer is given the same values
    and no parameter or buffer of theirs has changed (other than through ``.data``, which torch does not
    count). The first time for a set of parameters the loss is evaluated both ways; if a bit differs, for
    example because a later layer uses what an earlier one gave, nothing is reused from then on.

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
        if self._set == parameters and self._record and self._record.versions == self._versions(self.depth):
            try:
                return evaluate(self._skipping(self._record))
            except Stale:
                pass
        self._record, self._set = None, parameters
        found = evaluate(self._recording(displacing))
        if self._record is not None and parameters not in self._checked:
            again = evaluate(self._skipping(self._record))
            self._checked.add(parameters)
            if found != again and (found == found or again == again):
                self.active, self._record = False, None
                what = f"{found!r} in full and {again!r} with the lower layers' output used again"
                warnings.warn(f"the loss is {what}: nothing is reused in this run", stacklevel=2)
        return found

    def _versions(self, depth: int) -> list[tuple[int, int]]:
        layers = self.chain[:depth]
        tensors = (t for layer in layers for t in (*layer.parameters(), *layer.buffers()))
        return [(id(t), 0 if t.is_inference() else t._version) for t in tensors]

    @contextmanager
    def _recording(self, displacing: Callable[[], bool]) -> Iterator[None]:
        given: list[Any] = []
        found: tuple[int, Any] | None = None
        done = 0

        def before(module: torch.nn.Module, args: Any, kwargs: Any) -> None:
            if module is self.chain[0] and not given:
                given.extend(_copied(leaf) for leaf in tree_leaves((args, kwargs)))

        def after(number: int) -> Callable[..., None]:
            def hook(module: torch.nn.Module, args: Any, output: Any) -> None:
                nonlocal done, found
                done = done + 1 if number == done else len(self.chain) + 1  # never again in order
                if done <= len(self.chain) and not displacing():
                    found = done, tree_map(_copied, output)

            return hook

        with ExitStack() as stack:
            stack.callback(self.chain[0].register_forward_pre_hook(before, with_kwargs=True).remove)
            for number, layer in enumerate(self.chain):
                stack.callback(layer.register_forward_hook(after(number)).remove)
            yield
        if found is not None and done == len(self.chain):
            depth, output = found
            self._record = _Record(depth, given, output, self._versions(depth))

    @contextmanager
    def _skipping(self, record: _Record) -> Iterator[None]:
        def instead(number: int) -> Callable[..., Any]:
            def forward(*args: Any, **kwargs: Any) -> Any:
                if number == 0 and not _same(record.given, tree_leaves((args, kwargs))):
                    raise Stale
                return tree_map(_copied, record.output) if number == record.depth - 1 else record.output

            return forward

        with ExitStack() as stack:
            for number, layer in enumerate(self.chain[: record.depth]):
                stack.enter_context(replaced_forward(layer, instead(number)))
            yield


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


def _copied(value: Any) -> Any:
    # Models may write to what they are given.
    return value.clone() if isinstance(value, torch.Tensor) else value


def _same(given: list[Any], found: list[Any]) -> bool:
    return len(given) == len(found) and all(_equal(a, b) for a, b in zip(given, found, strict=True))


def _equal(given: Any, found: Any) -> bool:
    if isinstance(given, torch.Tensor):
        like = isinstance(found, torch.Tensor) and (given.dtype, given.shape) == (found.dtype, found.shape)
        return like and given.device == found.device and torch.equal(given, found)
    return type(given) is type(found) and (not isinstance(given, _PLAIN) or given == found)
