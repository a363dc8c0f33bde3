"""Optima of exactly zero: laws on which an objective vanishes that is nowhere negative."""

from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from zotheory.errors import ZotheoryError
from zotheory.programs.question.answer import Answer
from zotheory.programs.question.finite import FiniteCertificate, solve_finite
from zotheory.programs.question.polynomials import at_exact
from zotheory.programs.question.question import Question, as_floats
from zotheory.types import FloatArray

# Denominators of atoms that are tried.
SMALL = 1000


@dataclass(frozen=True)
class Zero:
    """A law whose objective is exactly 0 where it is nowhere negative, and points where it vanishes."""

    points: FloatArray
    regions: np.ndarray
    weights: FloatArray
    contact_points: FloatArray
    contact_regions: np.ndarray


def zero_of(answer: Answer) -> Zero | None:
    """Return a law whose objective is exactly 0, if the objective is nowhere negative and there is one.

    It is nowhere negative if on each region it is a constant above 0 times squares and polynomials of the
    region. The law's atoms are points that were found, rounded to small denominators, all in one region;
    everything is decided in exact arithmetic.
    """
    import sympy

    question, laws, touching = answer.question, list[tuple[int, FiniteCertificate]](), []
    points = np.vstack([answer.points, answer.contact_points])
    regions = np.concatenate([answer.regions, answer.contact_regions])
    for index, (region, piece) in enumerate(zip(question.regions, question.pieces, strict=True)):
        put = dict(region.where)
        if not _never_negative(question, index):
            return None
        rows = [
            tuple(Fraction(float(x)).limit_denominator(SMALL) for x in row)
            for row in points[regions == index]
        ]
        rows = [row for row in dict.fromkeys(rows) if all(at_exact(h, row) >= 0 for h in piece.nonnegative)]
        rows = [row for row in rows if at_exact(piece.objective, row) == 0]
        if not rows:
            continue
        touching += [(index, row) for row in rows]
        moments = [replace(m, polynomial=sympy.sympify(m.polynomial).subs(put)) for m in question.moments]
        with suppress(ZotheoryError):
            found = solve_finite(Question(question.variables, Fraction(0), moments, points=rows))
            laws.append((index, found))
    if not laws:
        return None
    index, found = laws[0]
    support = [i for i, _ in found.support]
    return Zero(
        as_floats(found.question.points)[support],
        np.full(len(support), index),
        np.array([float(mass) for _, mass in found.support]),
        as_floats([row for _, row in touching]),
        np.array([i for i, _ in touching]),
    )


def _never_negative(question: Question, index: int) -> bool:
    import sympy

    region = question.regions[index]
    exact = sympy.nsimplify(sympy.sympify(question.objective).subs(dict(region.where)), rational=True)
    factored: Any = sympy.factor_list(exact, *question.variables)
    content, factors = factored
    sides = [sympy.nsimplify(sympy.sympify(h), rational=True) for h in region.nonnegative]
    for factor, power in factors:
        if power % 2 == 0:
            continue
        ratios = [sympy.cancel(factor / h) for h in sides if h != 0]
        constant = [ratio for ratio in ratios if ratio.is_Rational and ratio != 0]
        if not constant:
            return False
        content = content * sympy.sign(constant[0])
    return bool(content >= 0)
