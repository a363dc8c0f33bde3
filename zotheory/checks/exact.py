"""Exact checks: identities and relations; with `check_nonnegative` for inequalities on a domain."""

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Expr, Symbol

from zotheory.checks.algebra import (
    entries,
    exact,
    is_zero,
    points,
    sign_known,
    substitute,
    value_at,
    witness_at,
)
from zotheory.checks.evidence import Evidence, Scope, Witness
from zotheory.checks.finding import Finding
from zotheory.checks.nonnegative import Term, check_nonnegative, scope_of
from zotheory.errors import InvalidArgument

__all__ = ["Term", "check_identity", "check_nonnegative", "check_relation"]

_RELATIONS = ("==", "!=", "<", "<=", ">", ">=")


def check_identity(
    claimed: Any,
    derived: Any,
    *,
    detail: str,
    falsifier: str = "an entry in which the two sides differ",
    parts: Sequence[str] = (),
    scope: Scope | None = None,
    domain: Mapping[Symbol, Sequence[Any]] | None = None,
    constraints: Sequence[Any] = (),
    witness: Witness | None = None,
) -> Evidence:
    """Check that two exact objects are equal, entry by entry.

    Args:
        claimed: number, expression, matrix, array, sequence or mapping of these; no floats.
        derived: the same, of the same shape (or a scalar against a scalar).
        detail: what was compared, in words.
        falsifier: what would have falsified the statement.
        parts: the parts of the claim it speaks about.
        scope: whether this covers the statement for all its parameters; by default it does if a
            symbol is left in either side, and is an instance if only numbers are compared.
        domain: values to try for symbols in the search for a counterexample.
        constraints: expressions that must be non-negative (or relations that must hold) there.
        witness: handed on if the identity holds, for claims of existence.

    Returns:
        Evidence: holds if every difference vanishes identically; fails with a witness if some
        rational point makes one non-zero; inconclusive otherwise.

    Raises:
        InvalidArgument: nothing to compare, different shapes or an inexact entry.
    """
    left, right = entries(claimed), entries(derived)
    if left.keys() != right.keys():
        raise InvalidArgument("derived", list(right), f"give the same entries as claimed: {list(left)}")
    if not left:
        raise InvalidArgument("claimed", claimed, "give at least one entry to compare")
    symbols = set().union(*(entry.free_symbols for entry in (*left.values(), *right.values())))
    say = Finding(detail, falsifier, parts, scope or scope_of(symbols))
    undecided: list[str] = []
    for key in left:
        verdict = is_zero(left[key] - right[key])
        if verdict is True:
            continue
        found = _difference(key, left[key], right[key], domain, constraints)
        if found is not None:
            return say.fails(found)
        undecided.append(key or "the difference")
    if undecided:
        return say.inconclusive(f"could not decide whether the sides agree in {'; '.join(undecided)}")
    return say.holds(witness)


def check_relation(
    left: Any,
    relation: str,
    right: Any,
    *,
    detail: str,
    falsifier: str = "the opposite relation",
    parts: Sequence[str] = (),
    scope: Scope = Scope.INSTANCE,
    domain: Mapping[Symbol, Sequence[Any]] | None = None,
    constraints: Sequence[Any] = (),
    witness: Witness | None = None,
) -> Evidence:
    """Check a relation such as "<" between two exact numbers, or expressions of provable sign.

    Args:
        left: exact number or expression.
        relation: one of ==, !=, <, <=, >, >=.
        right: exact number or expression.
        detail: what was compared, in words.
        falsifier: what would have falsified the statement.
        parts: the parts of the claim it speaks about.
        scope: whether this covers the statement for all its parameters.
        domain: values to try for symbols in the search for a counterexample.
        constraints: expressions that must be non-negative (or relations that must hold) there; they
            are not used in the proof.
        witness: handed on if the relation holds, for claims of existence.

    Returns:
        Evidence: holds if the sign follows from arithmetic or from the symbols' assumptions; fails
        with a witness if a rational point breaks the relation; inconclusive otherwise.

    Raises:
        InvalidArgument: an unknown relation or an inexact side.
    """
    if relation not in _RELATIONS:
        raise InvalidArgument("relation", relation, f"give one of {', '.join(_RELATIONS)}")
    low, high = exact(left), exact(right)
    difference = high - low
    say = Finding(detail, falsifier, parts, scope)
    if _follows(difference, relation):
        return say.holds(witness)
    for point in points(low.free_symbols | high.free_symbols, domain, constraints):
        value = value_at(difference, point)
        if value is not None and _follows(value, relation) is False:
            sides = {"left": str(substitute(low, point)), "right": str(substitute(high, point))}
            text = f"{sides['left']} {relation} {sides['right']} is false"
            return say.fails(witness_at(point, text, **sides))
    return say.inconclusive(f"could not decide {low} {relation} {high}")


def _difference(
    key: str,
    left: Expr,
    right: Expr,
    domain: Mapping[Symbol, Sequence[Any]] | None,
    constraints: Sequence[Any],
) -> Witness | None:
    where = f"entry ({key}): " if key else ""
    for point in points(left.free_symbols | right.free_symbols, domain, constraints):
        claimed, derived = value_at(left, point), value_at(right, point)
        if claimed is None or derived is None:
            continue
        if is_zero(claimed - derived) is False:
            text = f"{where}claimed {claimed}, derived {derived}"
            return witness_at(point, text, claimed=claimed, derived=derived)
    return None


def _follows(difference: Expr, relation: str) -> bool | None:
    """Return whether left relation right is true, given right - left; None if undecided."""
    zero = is_zero(difference)
    if relation in ("==", "!="):
        known = difference.is_zero if zero is None or difference.free_symbols else zero
        known = True if zero else known
        return known if known is None or relation == "==" else not known
    signed = difference if relation.startswith("<") else -difference
    if sign_known(signed, "nonnegative" if relation.endswith("=") else "positive"):
        return True
    opposite = "positive" if relation.endswith("=") else "nonnegative"
    return False if sign_known(-signed, opposite) else None
