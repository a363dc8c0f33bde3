"""The symbol that stands for each parameter of a family in a formula."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from zotheory.errors import InvalidArgument
from zotheory.explore.family import Parameters

# Name of the symbol, and the assumptions under which formulas are simplified.
SPELLED: Mapping[str, tuple[str, dict[str, bool]]] = {
    "dim": ("d", {"integer": True, "positive": True}),
    "delta": ("delta", {"positive": True}),
    "norm_cap": ("R2", {"positive": True}),
    "cap_ratio": ("c", {"positive": True}),
    "kappa": ("kappa", {"positive": True}),
    "rho": ("rho", {"positive": True}),
    "mu": ("mu", {"positive": True}),
    "smoothing": ("theta", {"positive": True}),
    "geometric": ("q", {"positive": True}),
}
# Functions that a formula may use besides the parameters' symbols.
FUNCTIONS = ("sqrt", "Rational")


@lru_cache(maxsize=1)
def all_symbols() -> Mapping[str, Any]:
    """Return the symbols by the name of the parameter."""
    import sympy

    return {name: sympy.Symbol(short, **options) for name, (short, options) in SPELLED.items()}


def read_formula(text: str) -> Any:
    """Return a formula such as "d*(kappa*d - d + 2)/2" in the symbols of the parameters.

    Raises:
        InvalidArgument: it is not an exact expression in these symbols.
    """
    import ast

    import sympy

    names = {str(symbol): symbol for symbol in all_symbols().values()}
    remedy = f"write an exact expression in {', '.join(names)} with + - * /, powers up to 20 and sqrt"
    try:
        tree = ast.parse(text.replace("^", "**"), mode="eval")
        value = _read(tree.body, names)
    except (SyntaxError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidArgument("conjecture", text, remedy) from error
    if value.has(sympy.zoo, sympy.nan, sympy.oo) or value.is_real is False:
        raise InvalidArgument("conjecture", text, "it is not a finite real number: correct it")
    return value


def substituted(expression: Any, point: Parameters) -> Any:
    """Return an expression with the numbers of a point put in for the parameters' symbols."""
    import sympy

    numbers = {
        symbol: sympy.Rational(str(point[name])) for name, symbol in all_symbols().items() if name in point
    }
    return sympy.sympify(expression).subs(numbers)


def _read(node: Any, names: Mapping[str, Any]) -> Any:
    # A tree of arithmetic and nothing else: text from a command line is never evaluated.
    import ast

    import sympy

    if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
        return sympy.Integer(node.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return sympy.Rational(repr(node.value))
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _read(node.operand, names)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        arguments = [_read(argument, names) for argument in node.args]
        return getattr(sympy, node.func.id)(*arguments)
    if isinstance(node, ast.BinOp):
        left, right = _read(node.left, names), _read(node.right, names)
        if isinstance(node.op, ast.Pow) and not (right.is_Rational and abs(right) <= 20):
            raise ValueError
        pairs = {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right}
        if type(node.op) in pairs:
            return pairs[type(node.op)]
        if isinstance(node.op, ast.Div):
            return left / right
        if isinstance(node.op, ast.Pow):
            return left**right
    raise ValueError
