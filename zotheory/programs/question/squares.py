"""Exact lower bounds: the Lagrangian residual as sums of squares times the polynomials of the support.

Weak duality: if on every region r(x) = f(x) - y_0 - sum_j y_j g_j(x) >= 0, with y_j <= 0 where
E[g_j] <= b_j and y_j >= 0 where E[g_j] >= b_j, then every feasible law has E[f] >= y_0 + sum_j y_j b_j.
It is proved by
    r = sum_i h_i m_i^T Q_i m_i,
h_i products of at most two polynomials that are non-negative on the region (h_0 = 1), m_i monomials, Q_i
positive semidefinite: an identity of polynomials, and eliminations, both checked in rational arithmetic.
What a solver of semidefinite programs returns is only a proposal (Peyrl, Parrilo 2008): its matrices are
kept a little inside the cone, rounded, and corrected until the identity holds exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Any

from zotheory.programs.matrices import RationalMatrix, is_positive_semidefinite
from zotheory.programs.question.polynomials import (
    Exponents,
    combined,
    degree,
    largest,
    monomials,
    product,
    rescaled,
)
from zotheory.programs.question.question import Piece, Question

Coefficients = dict[Exponents, Fraction]
# Bits after the point of what a solver returns.
BITS = 48


@dataclass(frozen=True)
class Square:
    """A term h m^T Q m: which polynomials are multiplied to h, the monomials m, and the matrix Q."""

    factors: tuple[int, ...]
    basis: tuple[Exponents, ...]
    matrix: RationalMatrix


@dataclass(frozen=True)
class SquaresCertificate:
    """A proved lower bound.

    Attributes:
        question: what was asked.
        constant: y_0.
        multipliers: y_j, one for each moment constraint.
        squares: the terms of each region; variables are divided by the question's scales.
    """

    question: Question
    constant: Fraction
    multipliers: tuple[Fraction, ...]
    squares: tuple[tuple[Square, ...], ...]

    @property
    def lower(self) -> Fraction:
        """y_0 + sum_j y_j b_j."""
        pairs = zip(self.multipliers, self.question.moments, strict=True)
        return self.constant + sum((y * moment.value for y, moment in pairs), Fraction(0))

    def residual(self, piece: Piece) -> Coefficients:
        """Return r on a region, in the question's own variables."""
        one = {(0,) * len(self.question.variables): Fraction(1)}
        parts = [(Fraction(1), piece.objective), (-self.constant, one)]
        parts += [(-y, g) for y, g in zip(self.multipliers, piece.moments, strict=True)]
        return combined(parts)

    def verify(self) -> bool:
        """Check everything again from the stored fractions alone, in exact arithmetic."""
        if not signs_hold(self.question, self.multipliers) or len(self.squares) != len(
            self.question.pieces
        ):
            return False
        return all(
            self._holds(piece, terms)
            for piece, terms in zip(self.question.pieces, self.squares, strict=True)
        )

    def _holds(self, piece: Piece, terms: Sequence[Square]) -> bool:
        support = supporting(piece, self.question.scales)
        total = [(Fraction(1), rescaled(self.residual(piece), self.question.scales))]
        for term in terms:
            if not is_positive_semidefinite(term.matrix) or len(term.matrix) != len(term.basis):
                return False
            if any(not 0 <= i < len(support) for i in term.factors):
                return False
            total.append((Fraction(-1), expanded(term, support)))
        return not combined(total)


def signs_hold(question: Question, multipliers: Sequence[Fraction]) -> bool:
    """Return whether the multipliers of inequalities have the right signs."""
    signs = {"==": 0, "<=": -1, ">=": 1}
    pairs = zip(multipliers, question.moments, strict=True)
    return all(signs[moment.relation] == 0 or y * signs[moment.relation] >= 0 for y, moment in pairs)


def supporting(piece: Piece, scales: Sequence[Fraction]) -> list[Coefficients]:
    """Return the polynomials of a region in scaled variables, of size one."""
    scaled = [rescaled(h, scales) for h in piece.nonnegative]
    return [{powers: c / largest(h) for powers, c in h.items()} for h in scaled]


def expanded(term: Square, support: Sequence[Coefficients]) -> Coefficients:
    """Return h m^T Q m as a polynomial."""
    form: Coefficients = {}
    for beta, row in zip(term.basis, term.matrix, strict=True):
        for gamma, entry in zip(term.basis, row, strict=True):
            powers = plus(beta, gamma)
            form[powers] = form.get(powers, Fraction(0)) + entry
    for index in term.factors:
        form = product(form, support[index])
    return {powers: c for powers, c in form.items() if c}


def plus(first: Exponents, second: Exponents) -> Exponents:
    """Return the exponents of a product of monomials."""
    return tuple(x + y for x, y in zip(first, second, strict=True))


@dataclass(frozen=True)
class Template:
    """One region's terms with unknown matrices.

    Attributes:
        support: polynomials of the region, scaled.
        factors: which of them each term multiplies.
        products: h_i of each term.
        bases: m_i of each term.
    """

    support: list[Coefficients]
    factors: list[tuple[int, ...]]
    products: list[Coefficients]
    bases: list[list[Exponents]]

    @classmethod
    def of(cls, piece: Piece, scales: Sequence[Fraction], half: int) -> "Template":
        """Return the terms of degree at most twice ``half``, without monomials that cannot occur."""
        count, support = len(scales), supporting(piece, scales)
        found = cls(support, [()], [{(0,) * count: Fraction(1)}], [monomials(count, half)])
        indices = range(len(support))
        for chosen in [(i,) for i in indices] + list(combinations_with_replacement(indices, 2)):
            if len(chosen) == 2 and chosen[0] == chosen[1]:
                continue
            h = support[chosen[0]] if len(chosen) == 1 else product(support[chosen[0]], support[chosen[1]])
            room = (2 * half - degree(h)) // 2
            if room >= 0:
                found.factors.append(chosen)
                found.products.append(h)
                found.bases.append(monomials(count, room))
        free = {p for g in (piece.objective, *piece.moments) for p in g} | {(0,) * count}
        found._prune(free)
        return found

    @cached_property
    def entries(self) -> list[tuple[int, int, int, Exponents, Fraction]]:
        """Contributions (term, row, column, monomial, coefficient) of every entry of every matrix."""
        found = []
        for index, (h, basis) in enumerate(zip(self.products, self.bases, strict=True)):
            for i, beta in enumerate(basis):
                for j, gamma in enumerate(basis):
                    square = plus(beta, gamma)
                    found += [(index, i, j, plus(square, powers), c) for powers, c in h.items()]
        return found

    def _prune(self, free: set[Exponents]) -> None:
        # A monomial that r never has, and to which only diagonal entries contribute, all with a positive
        # sign: these entries vanish, and with them their rows.
        while True:
            by_monomial: dict[Exponents, list[tuple[int, int, int, Fraction]]] = {}
            self.__dict__.pop("entries", None)
            for term, i, j, powers, c in self.entries:
                by_monomial.setdefault(powers, []).append((term, i, j, c))
            doomed = {
                (term, i)
                for powers, items in by_monomial.items()
                if powers not in free and all(i == j and c > 0 for _, i, j, c in items)
                for term, i, _, _ in items
            }
            if not doomed:
                return
            for term, basis in enumerate(self.bases):
                self.bases[term] = [m for i, m in enumerate(basis) if (term, i) not in doomed]

    def rounded(
        self, matrices: Sequence[Any], residual: Coefficients, unit: Fraction
    ) -> tuple[Square, ...] | None:
        """Return terms with exact matrices near the given ones, in ``unit``, that add up to r, or None."""
        exact = [_fractions(matrix, unit) for matrix in matrices]
        for own in (False, True):
            error = dict(residual)
            for term, i, j, powers, c in self.entries:
                error[powers] = error.get(powers, Fraction(0)) - c * exact[term][i][j]
            self._correct(exact, {powers: e for powers, e in error.items() if e}, own=own)
        terms = zip(self.factors, self.bases, exact, strict=True)
        return tuple(Square(f, tuple(b), tuple(map(tuple, q))) for f, b, q in terms if b)

    def _correct(self, exact: list[list[list[Fraction]]], error: Coefficients, *, own: bool) -> None:
        # Errors in monomials that the plain square lacks go to terms whose h is a monomial; the rest to it.
        plain = {plus(b, c) for b in self.bases[0] for c in self.bases[0]}
        for powers, e in error.items():
            if (powers in plain) is not own:
                continue
            single = [term for term, h in enumerate(self.products) if len(h) == 1 and (term == 0) is own]
            hits = [x for x in self.entries if x[0] in single and x[3] == powers]
            hits = [x for x in hits if x[0] == hits[0][0]]
            for term, i, j, _, c in hits:
                exact[term][i][j] += e / (c * len(hits))


def _fractions(matrix: Any, unit: Fraction) -> list[list[Fraction]]:
    size = range(len(matrix))
    mean = lambda i, j: (float(matrix[i][j]) + float(matrix[j][i])) / 2  # noqa: E731
    return [[Fraction(round(mean(i, j) * 2**BITS), 2**BITS) * unit for j in size] for i in size]
