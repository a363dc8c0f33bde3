"""The fourth-moment contraction T4[a a^T] = E[(a.v)^2 v v^T], derived by index bookkeeping.

A sign-symmetric exchangeable law has E[v_i v_j v_k v_l] = m22 if the indices form two different
pairs, m4 if all four agree, and 0 otherwise. Written with Kronecker deltas and contracted with
a_k a_l this leaves three matrices: |a|^2 I, a a^T and diag(a_i^2).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Any

import sympy
from sympy import Expr, Matrix

from zotheory.derive.moments import paired_moments


@dataclass(frozen=True)
class Coefficients:
    """The matrix identity |a|^2 I + outer a a^T + diagonal diag(a_i^2).

    Attributes:
        identity: coefficient of |a|^2 I.
        outer: coefficient of a a^T.
        diagonal: coefficient of diag(a_i^2).
    """

    identity: Any = 0
    outer: Any = 0
    diagonal: Any = 0

    def matrix(self, a: Iterable[Any]) -> Matrix:
        """Return the matrix for the entries ``a``, which may be symbols."""
        a = list(a)
        column, squares = Matrix(a), [x**2 for x in a]
        return (
            self.identity * column.dot(column) * sympy.eye(len(column))
            + self.outer * column * column.T
            + self.diagonal * sympy.diag(*squares)
        )

    def trace(self, dim: Any) -> Expr:
        """Return the trace in units of |a|^2: d identity + outer + diagonal."""
        return sympy.expand(dim * self.identity + self.outer + self.diagonal)

    def along_gradient(self, fourth: Any = 0) -> Expr:
        """Return a^T M a / |a|^4; ``fourth`` is sum a_i^4 / |a|^4, used if diagonal is not zero."""
        return self.identity + self.outer + self.diagonal * fourth

    def on_set(self, size: Any, energy: Any) -> Expr:
        """Return the trace over a set of ``size`` coordinates with share ``energy`` of |a|^2."""
        return self.identity * size + (self.outer + self.diagonal) * energy

    def error_covariance(self, delta: Any = 1) -> "Coefficients":
        """Return the coefficients of T4[a a^T] - delta^2 a a^T."""
        return Coefficients(self.identity, self.outer - delta**2, self.diagonal)

    def in_units(self, unit: Any) -> "Coefficients":
        """Return the coefficients divided by ``unit``."""
        return Coefficients(
            *(sympy.cancel(sympy.sympify(getattr(self, field.name)) / unit) for field in fields(self))
        )

    def as_dict(self) -> dict[str, Any]:
        """Return {"identity": ..., "outer": ..., "diagonal": ...}."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def exchangeable_tensor(m4: Any, m22: Any) -> Coefficients:
    """Return T4[a a^T] of a sign-symmetric exchangeable law.

    Args:
        m4: E[v_1^4].
        m22: E[v_1^2 v_2^2].
    """
    total: dict[str, Expr] = {field.name: sympy.Integer(0) for field in fields(Coefficients)}
    for pattern in set_partitions(("i", "j", "k", "l")):
        # Signs: an index value that occurs an odd number of times makes the moment vanish.
        if any(len(block) % 2 for block in pattern):
            continue
        value = m4 if len(pattern) == 1 else m22
        for deltas, multiplicity in _exactly(pattern):
            total[_contracted(deltas)] += value * multiplicity
    return Coefficients(**total)


def classical_tensor(kind: str, dim: Any, delta: Any = 1) -> Coefficients:
    """Return T4[a a^T] of "gaussian", "sphere", "rademacher" or "coordinate" from its moments.

    Raises:
        InvalidArgument: another kind.
    """
    tensor = exchangeable_tensor(*paired_moments(kind, dim, delta))
    return Coefficients(*(sympy.cancel(value) for value in tensor.as_dict().values()))


def enumerated_tensor(moment: Callable[[Sequence[int]], Any], a: Sequence[Any]) -> Matrix:
    """Return T4[a a^T] by summing E[v_i v_j v_k v_l] a_k a_l over all k and l.

    Args:
        moment: function of the exponents (k_1, ..., k_d) that returns E[prod v_i^k_i].
        a: entries of the gradient, numbers or symbols.
    """
    size = len(a)

    def entry(i: int, j: int) -> Expr:
        indices = product(range(size), repeat=2)
        terms = (moment(exponents_of((i, j, k, m), size)) * a[k] * a[m] for k, m in indices)
        return sympy.expand(sympy.Add(*terms))

    return Matrix(size, size, entry)


def exponents_of(indices: Sequence[int], size: int) -> tuple[int, ...]:
    """Return how often each of 0, ..., size - 1 occurs among the indices."""
    return tuple(sum(index == i for index in indices) for i in range(size))


def set_partitions(items: Sequence[str]) -> Iterator[tuple[frozenset[str], ...]]:
    """Yield every partition of the items into non-empty blocks."""
    if not items:
        yield ()
        return
    first, rest = items[0], items[1:]
    for partition in set_partitions(rest):
        yield (frozenset({first}), *partition)
        for index, block in enumerate(partition):
            yield (*partition[:index], block | {first}, *partition[index + 1 :])


def _exactly(pattern: tuple[frozenset[str], ...]) -> list[tuple[tuple[frozenset[str], ...], int]]:
    """Write "equal exactly within the blocks" as a sum of products of Kronecker deltas.

    One block: a single delta. Two blocks: both deltas, less the case that all four agree.
    """
    if len(pattern) == 1:
        return [(pattern, 1)]
    everything = (frozenset().union(*pattern),)
    return [(pattern, 1), (everything, -1)]


def _contracted(deltas: tuple[frozenset[str], ...]) -> str:
    """Return which matrix the deltas become when multiplied by a_k a_l and summed over k and l."""
    if len(deltas) == 1:
        return "diagonal"  # delta_ijkl a_k a_l = delta_ij a_i^2
    together = frozenset({"i", "j"}) in deltas
    return "identity" if together else "outer"  # delta_ij a_k a_k, or a_i a_j
