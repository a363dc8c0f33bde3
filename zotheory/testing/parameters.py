"""What the strategies share: arguments that are constants or strategies, and vectors of small entries."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from zotheory.errors import InvalidArgument
from zotheory.types import Scalar

T = TypeVar("T")

# Dimensions that a strategy draws unless told otherwise: small enough to read a counterexample.
SMALL_DIMENSIONS = st.integers(1, 8)


def strategy_of(given: Any, default: SearchStrategy[Any], check: Callable[[Any], T]) -> SearchStrategy[T]:
    """Return a strategy for an argument that is a constant, a strategy or None for the default.

    A constant is checked at once, what a strategy draws when it is drawn.
    """
    if given is None:
        return default
    if isinstance(given, SearchStrategy):
        return given.map(check)
    return st.just(check(given))


def some_of(chosen: Iterable[Any] | None, known: Sequence[str], argument: str) -> tuple[str, ...]:
    """Return the chosen names (of classes too) in the order of the known ones; all of them for None.

    Raises:
        InvalidArgument: an unknown name, or none at all.
    """
    if chosen is None:
        return tuple(known)
    remedy = f"give one or more of {', '.join(map(repr, known))}"
    if not isinstance(chosen, Iterable):
        raise InvalidArgument(argument, chosen, remedy)
    names = [chosen] if isinstance(chosen, str) else [getattr(x, "__name__", x) for x in chosen]
    if not names or any(name not in known for name in names):
        raise InvalidArgument(argument, chosen, remedy)
    return tuple(name for name in known if name in names)


def scales() -> SearchStrategy[Scalar]:
    """Return a strategy of positive numbers: 1, small fractions and floats."""
    fractions = st.fractions(Fraction(1, 8), 8, max_denominator=8)
    return st.one_of(st.just(1), fractions, st.floats(0.125, 8.0))


def shares(largest: int = 16) -> SearchStrategy[Scalar]:
    """Return a strategy of numbers in (0, 1), fractions and floats."""
    least = Fraction(1, largest)
    fractions = st.fractions(least, 1 - least, max_denominator=largest)
    return st.one_of(st.just(Fraction(1, 2)), fractions, st.floats(0.05, 0.95))


def integer_vector(draw: DrawFn, dim: int) -> list[int]:
    """Draw a non-zero vector of small integers; it shrinks to the first axis."""
    entries = draw(st.lists(st.integers(-3, 3), min_size=dim, max_size=dim))
    if not any(entries):
        entries[0] = 1
    return entries


def weights_of(draw: DrawFn, count: int) -> list[Fraction]:
    """Draw exact positive weights that sum to one."""
    parts = draw(st.lists(st.integers(1, 5), min_size=count, max_size=count))
    return [Fraction(part, sum(parts)) for part in parts]


def composition(draw: DrawFn, total: int) -> tuple[int, ...]:
    """Draw positive integers that sum to ``total``; it shrinks to one part."""
    cuts = draw(st.sets(st.integers(1, total - 1), max_size=3)) if total > 1 else set()
    edges = [0, *sorted(cuts), total]
    return tuple(j - i for i, j in pairwise(edges))


def divisor(draw: DrawFn, number: int) -> int:
    """Draw a divisor; it shrinks to 1."""
    return draw(st.sampled_from([m for m in range(1, number + 1) if number % m == 0]))
