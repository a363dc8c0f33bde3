"""Sums of sphere estimates u (u.a): exact moments, and rational bounds on their alignment with a.

For u_1, ..., u_k uniform on the unit sphere of R^d and |a| = 1 write t_i = u_i.a and
    G = sum_i t_i u_i,   S = G.a = sum_i t_i^2,   W = G - S a,   rho^2 = S^2/|G|^2,   |G|^2 = S^2 + |W|^2.
"""

from fractions import Fraction
from math import comb, factorial
from typing import Any

import sympy
from flint import fmpq, fmpq_mat

from zotheory.errors import InvalidArgument

Table = list[list[Any]]


def probe_sum_moments(dim: Any, probes: Any, powers: int, squares: int) -> Table:
    """Return E[S^p |W|^{2q}] for p <= powers and q <= squares, as table[p][q].

    One estimate has c = t^2 of the Beta(1/2, (d-1)/2) law along a, and across a vector of squared length
    c (1 - c) in a uniform direction of R^m, m = d - 1. With J(z) = sum_q (z^2/4)^q/(q! (m/2)_q), the
    mean of exp(z.y) over the sphere |y| = 1 of R^m, the series E[exp(x S) J(|W| s)] of independent
    estimates is the product of theirs, because |W| and the direction of W are independent.

    Args:
        dim: d, at least 2: an integer, or a symbol.
        probes: k, at least 1: an integer, or a symbol.
        powers: largest p.
        squares: largest q.
    """
    half = Fraction(1, 2) if isinstance(dim, int) else sympy.Rational(1, 2)
    m = (dim - 1) * half

    def scale(p: int, q: int) -> Any:
        return factorial(p) * 4**q * factorial(q) * _rising(m, q)

    # N = (series of one estimate) - 1, then (1 + N)^k = sum_j binomial(k, j) N^j; N^j begins at order j.
    excess = [
        [
            _rising(half, p + q) * _rising(m, q) / (_rising(dim * half, p + 2 * q) * scale(p, q))
            if p + q
            else 0 * half
            for q in range(squares + 1)
        ]
        for p in range(powers + 1)
    ]
    power, total = None, [[0 * half] * (squares + 1) for _ in range(powers + 1)]
    total[0][0] += 1
    last = powers + squares if not isinstance(probes, int) else min(powers + squares, probes)
    for j in range(1, last + 1):
        power = excess if power is None else _product(power, excess)
        weight = _binomial(probes, j)
        total = [
            [x + weight * y for x, y in zip(*rows, strict=True)] for rows in zip(total, power, strict=True)
        ]
    return [[total[p][q] * scale(p, q) for q in range(squares + 1)] for p in range(powers + 1)]


def alignment_bounds(dim: int, probes: int, degree: int) -> tuple[Fraction, Fraction]:
    """Return rational numbers low <= E[rho^2] <= high.

    For every function f of S and |W|^2
        rho^2 = S^2/|G|^2 >= 2 S f - |G|^2 f^2,   1 - rho^2 = |W|^2/|G|^2 >= |W|^2 (2 f - |G|^2 f^2),
    both by completing a square. Among polynomials f = sum_i x_i phi_i of total degree ``degree`` in S and
    |W|^2 the best bounds are b.x with A x = b, b and A exact moments.

    Args:
        dim: d, an integer of at least 2.
        probes: k, an integer of at least 1.
        degree: a non-negative integer; higher is tighter.

    Raises:
        InvalidArgument: an argument outside its range.

    >>> low, high = alignment_bounds(2, 20, 2)  # the exact value is 1 - 1/40
    >>> bool(low <= 1 - Fraction(1, 40) <= high), float(high - low) < 1e-3
    (True, True)
    """
    for name, value, least in (("dim", dim, 2), ("probes", probes, 1), ("degree", degree, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InvalidArgument(name, value, f"give an integer of at least {least}")
    top = 2 * degree + 2
    moment = probe_sum_moments(dim, probes, top, top)
    basis = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]

    def best(p: int, q: int, first: int) -> Fraction:
        # b_i = E[S^p |W|^{2q} phi_i], A_ij = E[|G|^2 |W|^{2 first} phi_i phi_j].
        b = [moment[p + i][q + j] for i, j in basis]
        a = [
            [moment[2 + i + k][first + j + n] + moment[i + k][first + 1 + j + n] for k, n in basis]
            for i, j in basis
        ]
        return _quadratic_bound(a, b)

    return best(1, 0, 0), 1 - best(0, 1, 1)


def _quadratic_bound(a: Table, b: list[Fraction]) -> Fraction:
    """Return 2 b.x - x.A x at the solution of A x = b, or at its first entry alone if A is singular."""
    try:
        solution = _rational_matrix(a).solve(_rational_matrix([[value] for value in b]))
    except ZeroDivisionError:
        return b[0] ** 2 / a[0][0]
    x = [Fraction(int(solution[i, 0].p), int(solution[i, 0].q)) for i in range(len(b))]
    return sum((p * q for p, q in zip(b, x, strict=True)), start=Fraction(0))


def _rational_matrix(rows: Table) -> fmpq_mat:
    entries = [fmpq(value.numerator, value.denominator) for row in rows for value in row]
    return fmpq_mat(len(rows), len(rows[0]), entries)


def _rising(value: Any, count: int) -> Any:
    """Return value (value + 1) ... (value + count - 1)."""
    result = 0 * value + 1
    for j in range(count):
        result *= value + j
    return result


def _binomial(k: Any, j: int) -> Any:
    if isinstance(k, int):
        return comb(k, j)
    return sympy.Mul(*(k - i for i in range(j))) / factorial(j)


def _product(first: Table, second: Table) -> Table:
    """Return the product of two truncated series."""
    rows, columns = len(first), len(first[0])
    result = [[0 * first[0][0]] * columns for _ in range(rows)]
    for p in range(rows):
        for q in range(columns):
            if first[p][q] == 0:
                continue
            for i in range(rows - p):
                for j in range(columns - q):
                    result[p + i][q + j] += first[p][q] * second[i][j]
    return result
