"""Turning what claims carry (sympy, numpy, fractions, functions) into data that JSON can hold."""

import inspect
import math
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zotheory.checks.evidence import Evidence


def plain(value: Any) -> Any:
    """Return the value with nothing in it but dicts, lists, strings, numbers, booleans and None.

    Exact numbers become strings such as "3/2" and lose nothing; so do infinities and nan, which
    JSON lacks; numpy arrays become lists. Anything else becomes its `str`.
    """
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    # numpy is recognised by what it offers, so that nothing heavy is imported here.
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


def plain_evidence(evidence: Evidence) -> Evidence:
    """Return the evidence with plain data in its value and its witness."""
    value = plain(evidence.value)
    if not (value is None or isinstance(value, (int, float, str))):
        value = str(value)
    witness = evidence.witness
    if witness is not None:
        witness = replace(witness, data=plain(dict(witness.data)))
    return replace(evidence, value=value, witness=witness, parts=tuple(evidence.parts))


def formula_text(formula: Any) -> str:
    """Return a formula as text: an expression as its `str`, a function as its source."""
    if inspect.isroutine(formula):
        try:
            return textwrap.dedent(inspect.getsource(formula)).strip()
        except (OSError, TypeError):
            return getattr(formula, "__qualname__", repr(formula))
    return str(formula)
