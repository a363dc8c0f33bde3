"""Exact algebra for the checks: entries of tables, zero and sign tests, rational points to try."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import sympy
from sympy import Expr, Rational, Symbol
from sympy.polys.fields import sfield

from zotheory.checks.evidence import Witness
from zotheory.errors import InvalidArgument
from zotheory.rng import stream

Point: TypeAlias = Mapping[Any, Any]

# Small numbers first: a witness should be readable.
_TRIED = "1 2 3 1/2 0 -1 4 1/3 3/2 -2 2/3 5 1/4 -1/2 7/3 10 1/10 -3 20 1/50 -7/3 100 1/400"
_CANDIDATES = tuple(map(Rational, _TRIED.split()))
_DRAWS = 400


def exact(value: Any) -> Expr:
    """Return a number or expression as an exact sympy expression.

    Raises:
        InvalidArgument: a float, or an expression with one inside; rounding has no place here.
    """
    if isinstance(value, Fraction):
        return Rational(value.numerator, value.denominator)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer, sympy.Basic)):
        raise InvalidArgument("value", value, "give an integer, a Fraction or a sympy expression")
    expression = sympy.sympify(int(value) if isinstance(value, np.integer) else value)
    if not isinstance(expression, Expr) or expression.has(sympy.Float):
        raise InvalidArgument("value", value, "give an exact expression without floats")
    return expression


def entries(value: Any) -> dict[str, Expr]:
    """Return the exact entries of a scalar, matrix, array, sequence or mapping, by position or key.

    Raises:
        InvalidArgument: an entry that is not exact.
    """
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, (sympy.MatrixBase, sympy.NDimArray)):
        items = [(str(index), item) for index, item in enumerate(value.tolist())]
    elif isinstance(value, (list, tuple, np.ndarray)):
        items = [(str(index), item) for index, item in enumerate(value)]
    else:
        return {"": exact(value)}
    found: dict[str, Expr] = {}
    for key, item in items:
        for rest, entry in entries(item).items():
            found[f"{key}, {rest}" if rest else key] = entry
    return found


def is_zero(expression: Expr) -> bool | None:
    """Return whether an expression vanishes identically; None if that was not decided.

    Decides every rational function; for others it knows only what simplification shows.
    """
    symbols = expression.free_symbols
    if symbols and expression.is_rational_function(*symbols):
        # Arithmetic in a field of rational functions is canonical. Generators that are not symbols
        # (roots of numbers) may depend on each other: then only zero is certain.
        try:
            field, element = sfield(expression)
        except ZeroDivisionError:  # a denominator that vanishes identically
            return None
        if element == 0 or all(sympy.sympify(generator).is_Symbol for generator in field.symbols):
            return element == 0
    numerator = sympy.expand(sympy.fraction(sympy.together(expression))[0])
    if numerator == 0:
        return True
    if numerator.is_number and numerator.is_zero is not None:
        return numerator.is_zero
    return True if sympy.simplify(sympy.gammasimp(expression)) == 0 else None


def sign_known(expression: Any, sign: str) -> bool:
    """Return whether "positive" or "nonnegative" follows from the assumptions on the symbols."""
    forms = (expression, sympy.factor(expression), sympy.expand(expression), sympy.together(expression))
    return any(getattr(form, f"is_{sign}") is True for form in forms)


def substitute(expression: Any, point: Point) -> Any:
    """Return the expression or relation with the symbols replaced by the point's numbers."""
    return expression.subs(list(point.items()))


def value_at(expression: Expr, point: Point) -> Expr | None:
    """Return the finite real number that the expression is at a point, or None."""
    value = substitute(expression, point)
    if value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo) or not value.is_number:
        return None
    value = value if value.is_Rational else sympy.simplify(value)
    return value if value.is_real else None


def points(
    symbols: Iterable[Any],
    domain: Mapping[Symbol, Sequence[Any]] | None = None,
    constraints: Sequence[Any] = (),
) -> Iterator[Point]:
    """Yield rational points that respect the assumptions on the symbols, simple ones first.

    Args:
        symbols: the symbols to give values; anything else among them is ignored.
        domain: the values to try for a symbol, instead of the standard ones.
        constraints: expressions that must be non-negative at the point, or sympy relations.
    """
    ordered = sorted((symbol for symbol in symbols if isinstance(symbol, Symbol)), key=str)
    choices = [_choices(symbol, domain or {}) for symbol in ordered]
    if not all(choices):
        return
    generator = stream(0, "rational points")
    seen: set[tuple[int, ...]] = set()
    for indices in islice(_index_draws([len(c) for c in choices], generator), _DRAWS):
        if indices in seen:
            continue
        seen.add(indices)
        point = {s: c[i] for s, c, i in zip(ordered, choices, indices, strict=True)}
        if all(_satisfied(constraint, point) for constraint in constraints):
            yield point


def show(point: Point) -> str:
    """Return a point as "at a = 1, b = 2/3: ", or nothing if there are no symbols."""
    shown = ", ".join(f"{symbol} = {value}" for symbol, value in point.items())
    return f"at {shown}: " if shown else ""


def _index_draws(sizes: Sequence[int], generator: np.random.Generator) -> Iterator[tuple[int, ...]]:
    # The first draws stay among the simplest values; later ones may use all of them.
    draw = 0
    while True:
        reach = [min(size, 2 + draw // 12) for size in sizes]
        yield tuple(int(generator.integers(limit)) for limit in reach)
        draw += 1


def _choices(symbol: Symbol, domain: Mapping[Symbol, Sequence[Any]]) -> list[Expr]:
    if symbol in domain:
        return [exact(value) for value in domain[symbol]]
    wanted = symbol.assumptions0
    return [
        number
        for number in _CANDIDATES
        if all(getattr(number, f"is_{key}", value) in (value, None) for key, value in wanted.items())
    ]


def _satisfied(constraint: Any, point: Point) -> bool:
    value = substitute(constraint, point)
    # A symbol counts as a Boolean in sympy; here it is a number.
    logical = isinstance(constraint, (sympy.logic.boolalg.Boolean, bool))
    if logical and not isinstance(constraint, Expr):
        return value is sympy.true or value is True
    return value.is_nonnegative is True


def witness_at(point: Point, text: str, **values: Any) -> Witness:
    """Return the witness that consists of a point, a sentence and the values found there."""
    substitution = {str(symbol): str(value) for symbol, value in point.items()}
    data = {name: str(value) for name, value in values.items()}
    return Witness(show(point) + text, {"substitution": substitution, **data})
