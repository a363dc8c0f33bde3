"""Exact sympy expressions as terms of Coq over the reals."""

import re
from collections.abc import Sequence
from typing import Any

import sympy as sp

from zotheory.errors import InvalidArgument

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def coq_name(text: str) -> str:
    """Return a formula's name as an identifier of Coq: "dual form" and "contact.near" with underscores.

    Raises:
        InvalidArgument: it is none even then.
    """
    name = re.sub(r"[ .^-]+", "_", text)
    if not _NAME.fullmatch(name):
        raise InvalidArgument("name", text, "use letters, digits and underscores, a letter first")
    return name


def coq_definition(name: str, formula: Any, arguments: Sequence[str]) -> str:
    """Return the definition of a formula as a function of real numbers.

    Args:
        name: an identifier of Coq.
        formula: an exact expression, or a tuple of them, which becomes a tuple of Coq.
        arguments: names of the symbols, in the order in which the function takes them.

    Raises:
        InvalidArgument: a symbol that is not among the arguments, or what `coq_term` refuses.
    """
    names = [coq_name(argument) for argument in arguments]
    binder = f" ({' '.join(names)} : R)" if names else ""
    return f"Definition {name}{binder} := {coq_term(formula, arguments)}."


def coq_term(formula: Any, arguments: Sequence[str]) -> str:
    """Return an exact expression as a term of Coq, in which every operation has its parentheses.

    Coq's division and square root are total: a theorem's conditions keep them off 0 and negative numbers.

    Args:
        formula: built from integers, fractions and symbols by + - * /, integer powers and square roots, or
            a tuple of such.
        arguments: names of the symbols that may occur.

    Raises:
        InvalidArgument: anything else, such as a float.
    """
    if isinstance(formula, (tuple, list, sp.Tuple)):
        return f"({', '.join(coq_term(item, arguments) for item in formula)})"
    expression = sp.sympify(formula)
    unknown = {symbol.name for symbol in expression.free_symbols} - set(arguments)
    if unknown:
        raise InvalidArgument(
            "arguments", list(arguments), f"the formula also has {', '.join(sorted(unknown))}"
        )
    return _term(expression)


def _term(expression: Any) -> str:
    match expression:
        case sp.Integer():
            return str(expression) if expression >= 0 else f"(- {-expression})"
        case sp.Rational():
            return f"({_term(sp.Integer(expression.p))} / {expression.q})"
        case sp.Symbol():
            return coq_name(expression.name)
        case sp.Add():
            return f"({' + '.join(map(_term, expression.args))})"
        case sp.Mul():
            return f"({' * '.join(map(_term, expression.args))})"
        case sp.Pow():
            return _power(*expression.args)
    raise InvalidArgument(
        "formula", expression, "only + - * /, integer powers and square roots are printed"
    )


def _power(base: Any, exponent: Any) -> str:
    if exponent.is_negative:
        return f"(/ {_power(base, -exponent)})"
    if exponent.is_Integer:
        return f"({_term(base)} ^ {exponent})"
    if (2 * exponent).is_Integer:
        return f"(sqrt {_term(base)} ^ {2 * exponent})"
    raise InvalidArgument("formula", base**exponent, "only integer powers and square roots are printed")
