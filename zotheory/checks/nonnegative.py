"""Proofs of expression >= 0 on a domain, by decomposition into visibly non-negative terms."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Expr, Symbol

from zotheory.checks.algebra import exact, is_zero, points, sign_known, value_at, witness_at
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.finding import Finding


@dataclass(frozen=True)
class Term:
    """coefficient * square^2 * product of generators, a visibly non-negative term.

    Attributes:
        coefficient: must be non-negative by the assumptions on its symbols.
        square: real expression that enters squared.
        generators: each one of the expressions declared non-negative on the domain.
    """

    coefficient: Any = 1
    square: Any = 1
    generators: tuple[Any, ...] = ()

    @property
    def expression(self) -> Expr:
        """The term as an expression."""
        return sympy.Mul(
            exact(self.coefficient), exact(self.square) ** 2, *(exact(g) for g in self.generators)
        )


def check_nonnegative(
    expression: Any,
    terms: Sequence[Term],
    domain: Sequence[Any] = (),
    *,
    detail: str,
    falsifier: str = "a point of the domain where the expression is negative",
    multiplier: Any = 1,
    parts: Sequence[str] = (),
    scope: Scope | None = None,
    values: Mapping[Symbol, Sequence[Any]] | None = None,
) -> Evidence:
    """Check expression >= 0 on a domain by a decomposition into non-negative terms.

    The proof is the identity expression * multiplier = sum of the terms, verified exactly; every
    coefficient must be non-negative and the multiplier positive by the symbols' assumptions, every
    square real, every generator one of ``domain`` or non-negative by assumption.

    Args:
        expression: what is claimed to be non-negative.
        terms: the decomposition.
        domain: expressions that are non-negative where the statement is made, such as R2 - s - t.
        detail: what was proved, in words.
        falsifier: what would have falsified the statement.
        multiplier: a positive factor, to clear denominators.
        parts: the parts of the claim it speaks about.
        scope: whether this covers the statement for all its parameters; by default it does if the
            expression or the domain has a symbol in it.
        values: values to try for symbols in the search for a counterexample.

    Returns:
        Evidence: holds if the proof is complete; fails with a witness if the expression is negative
        at a rational point of the domain; inconclusive otherwise, and if no point of the domain can
        be found: then nothing shows that the statement is not empty.

    Raises:
        InvalidArgument: an inexact entry.
    """
    claimed, scale = exact(expression), exact(multiplier)
    generators = [exact(generator) for generator in domain]
    gaps = _gaps(claimed * scale, scale, terms, generators)
    symbols = set().union(claimed.free_symbols, *(g.free_symbols for g in generators))
    say = Finding(detail, falsifier, parts, scope or scope_of(symbols))
    if not gaps:
        if generators and next(points(symbols, values, generators), None) is None:
            return say.inconclusive("no point of the domain was found, so it may be empty")
        return say.holds()
    for point in points(symbols, values, generators):
        value = value_at(claimed, point)
        if value is not None and value.is_negative:
            return say.fails(witness_at(point, f"the expression is {value} < 0", value=value))
    return say.inconclusive(f"the proof has gaps: {'; '.join(gaps)}")


def scope_of(symbols: Collection[Any]) -> Scope:
    """Return the scope of a comparison by the symbols left in it: numbers alone are an instance."""
    return Scope.GENERAL if symbols else Scope.INSTANCE


def _gaps(product: Expr, scale: Expr, terms: Sequence[Term], generators: Sequence[Expr]) -> list[str]:
    """Return everything that the decomposition leaves unproved."""
    gaps = [] if sign_known(scale, "positive") else [f"the multiplier {scale} is not provably positive"]
    for term in terms:
        if not sign_known(exact(term.coefficient), "nonnegative"):
            gaps.append(f"the coefficient {term.coefficient} is not provably non-negative")
        if exact(term.square).is_real is not True:
            gaps.append(f"{term.square} is not provably real")
        for generator in map(exact, term.generators):
            declared = any(is_zero(generator - known) is True for known in generators)
            if not declared and not sign_known(generator, "nonnegative"):
                gaps.append(f"{generator} is not declared non-negative on the domain")
    if is_zero(product - sympy.Add(*(term.expression for term in terms))) is not True:
        gaps.append("the terms do not add up to the expression")
    return gaps
