"""Finite differences of concrete smooth functions at the origin, in exact arithmetic."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from proofs_checks._designs import Atoms, Point, dot

# |a|, sqrt(s), n, the smoothness constant and the step of the finite difference.
A, L, MU = sp.symbols("A L mu", positive=True)
SIGMA, N = sp.symbols("sigma n", nonnegative=True)


@dataclass(frozen=True)
class Smooth:
    """f with f(0) = 0, gradient a at the origin and an L-Lipschitz gradient.

    Attributes:
        name: shown in evidence.
        value: x -> f(x).
        a: gradient at the origin, of rational length.
        length: |a|.
        smoothness: a Lipschitz constant of the gradient.
    """

    name: str
    value: Callable[[Sequence[Fraction]], Fraction]
    a: tuple[Fraction, ...]
    length: Fraction
    smoothness: Fraction


def quadratic(rows: Sequence[Sequence[Any]], a: Sequence[int], length: int) -> Smooth:
    """Return f(x) = a.x + x^T H x / 2; the largest absolute row sum bounds the norm of H."""
    table = [[Fraction(x) for x in row] for row in rows]
    gradient = tuple(map(Fraction, a))
    return Smooth(
        "a quadratic",
        lambda x: dot(gradient, x) + dot(x, [dot(row, x) for row in table]) / 2,
        gradient,
        Fraction(length),
        max(sum(map(abs, row), start=Fraction(0)) for row in table),
    )


def odd_kink(curvatures: Sequence[int], a: Sequence[int], length: int) -> Smooth:
    """Return f(x) = a.x + sum_i c_i x_i |x_i| / 2, whose gradient a_i + c_i |x_i| is max|c_i|-Lipschitz."""
    gradient = tuple(map(Fraction, a))
    return Smooth(
        "f(x) = a.x + sum c_i x_i |x_i|/2",
        lambda x: dot(gradient, x) + sum((c * y * abs(y) for c, y in zip(curvatures, x, strict=True))) / 2,
        gradient,
        Fraction(length),
        Fraction(max(map(abs, curvatures))),
    )


FUNCTIONS = (
    odd_kink([2], [3], 3),
    odd_kink([2, -1], [3, -4], 5),
    quadratic([[1, Fraction(1, 2)], [Fraction(1, 2), -1]], [3, 4], 5),
    quadratic([[2, 0], [0, 2]], [-4, 3], 5),
)


def slope(f: Smooth, v: Point, mu: Fraction, central: bool) -> Fraction:
    """Return the difference quotient of f along v at the origin."""
    ahead, behind = ([sign * mu * x for x in v] for sign in (1, -1))
    return (f.value(ahead) - f.value(behind)) / (2 * mu) if central else f.value(ahead) / mu


def mean_square(f: Smooth, atoms: Atoms, mu: Fraction, central: bool) -> Fraction:
    """Return E|g|^2 of the two-point estimate g = slope * v."""
    return sum((w * slope(f, v, mu, central) ** 2 * dot(v, v) for w, v in atoms), start=Fraction(0))


def mean_of(formula: sp.Expr, f: Smooth, atoms: Atoms, mu: Fraction) -> sp.Expr:
    """Return the expectation of a formula in A, sigma, n, L and mu over the atoms."""
    constants = {A: f.length, L: f.smoothness, MU: mu}
    fixed = formula.subs({symbol: sp.Rational(value) for symbol, value in constants.items()})
    return sp.Add(
        *(
            sp.Rational(w)
            * fixed.subs({SIGMA: sp.Rational(abs(dot(f.a, v)) / f.length), N: sp.Rational(dot(v, v))})
            for w, v in atoms
        )
    )
