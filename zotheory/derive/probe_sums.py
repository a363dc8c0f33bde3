"""Sums of sphere estimates u (u.a): exact moments along and across a.

For u_1, ..., u_k uniform on the unit sphere of R^d and |a| = 1 write t_i = u_i.a and
    G = sum_i t_i u_i,   S = G.a = sum_i t_i^2,   W = G - S a,   rho^2 = S^2/|G|^2,   |G|^2 = S^2 + |W|^2.
"""

from fractions import Fraction
from math import comb, factorial
from typing import Any

import sympy
from flint import fmpq, fmpq_poly

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
    if isinstance(dim, int) and isinstance(probes, int):
        excess[0][0] += 1
        total = _rational_power(excess, probes)
        return [[total[p][q] * scale(p, q) for q in range(squares + 1)] for p in range(powers + 1)]
    power, total = None, [[0 * half] * (squares + 1) for _ in range(powers + 1)]
    total[0][0] += 1
    for j in range(1, powers + squares + 1):
        power = excess if power is None else _product(power, excess)
        weight = _binomial(probes, j)
        total = [
            [x + weight * y for x, y in zip(*rows, strict=True)] for rows in zip(total, power, strict=True)
        ]
    return [[total[p][q] * scale(p, q) for q in range(squares + 1)] for p in range(powers + 1)]


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


def _rational_power(series: Table, exponent: int) -> list[list[Fraction]]:
    """Return a truncated series in x and y to a power, by repeated squaring.

    Products of polynomials of degree below ``rows`` in x have degree below 2 rows: with y = x^{2 rows} they
    are products in one variable, which are fast.
    """
    rows, columns = len(series), len(series[0])
    stride = 2 * rows

    def truncated(product: fmpq_poly) -> fmpq_poly:
        entries = product.coeffs()[: stride * columns]
        return fmpq_poly([x if i % stride < rows else fmpq(0) for i, x in enumerate(entries)])

    flat = [fmpq(0)] * (stride * columns)
    for p in range(rows):
        for q in range(columns):
            flat[p + stride * q] = fmpq(series[p][q].numerator, series[p][q].denominator)
    base, result = fmpq_poly(flat), fmpq_poly([1])
    while exponent:
        if exponent % 2:
            result = truncated(result * base)
        exponent //= 2
        if exponent:
            base = truncated(base * base)
    entries = [Fraction(int(x.p), int(x.q)) for x in result.coeffs()]
    entries += [Fraction(0)] * (stride * columns - len(entries))
    return [[entries[p + stride * q] for q in range(columns)] for p in range(rows)]


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
