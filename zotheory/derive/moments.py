"""Mixed moments of the classical laws from first principles: densities, pairings, enumeration."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import sympy
from sympy import Expr, Rational, Symbol

from zotheory.errors import InvalidArgument

ONE = Rational(1)


def gaussian_moment(exponents: Sequence[int], variance: Any = 1) -> Expr:
    """Return E[prod x_i^k_i] of independent N(0, variance) entries, by integrating the density.

    Args:
        exponents: non-negative integers k_i.
        variance: positive number or symbol.

    Raises:
        InvalidArgument: a negative exponent.
    """
    _check_exponents(exponents)
    # x = sqrt(variance) z scales the moment by variance^{k/2}; odd moments vanish by symmetry.
    if any(k % 2 for k in exponents):
        return sympy.Integer(0)
    scale = sympy.sympify(variance) ** (sum(exponents) // 2)
    return scale * sympy.Mul(*(_standard_normal_moment(k) for k in exponents))


@lru_cache
def _standard_normal_moment(k: int) -> Expr:
    # 2 int_0^oo x^k exp(-x^2/2) dx / sqrt(2 pi).
    x = Symbol("x", positive=True)
    half = sympy.integrate(x**k * sympy.exp(-(x**2) / 2), (x, 0, sympy.oo))
    return sympy.simplify(2 * half / sympy.sqrt(2 * sympy.pi))


def isserlis(indices: Sequence[int], covariance: Callable[[int, int], Any]) -> Expr:
    """Return E[prod x_i] over ``indices`` of a centred Gaussian vector, as a sum over pairings.

    Args:
        indices: the factors, repetitions included.
        covariance: function of two indices.
    """
    if len(indices) % 2:
        return sympy.Integer(0)
    if not indices:
        return ONE
    first, rest = indices[0], list(indices[1:])
    return sympy.Add(
        *(
            covariance(first, rest[j]) * isserlis(rest[:j] + rest[j + 1 :], covariance)
            for j in range(len(rest))
        )
    )


def sphere_moment(exponents: Sequence[int], dim: Any, radius2: Any = 1) -> Expr:
    """Return E[prod x_i^k_i] for x uniform on the sphere |x|^2 = radius2 in R^dim.

    Args:
        exponents: at most dim non-negative integers k_i.
        dim: integer of at least 1, or a symbol.
        radius2: squared radius, non-negative.

    Raises:
        InvalidArgument: a negative exponent, or more exponents than dimensions.
    """
    _check_exponents(exponents)
    dim = sympy.sympify(dim)
    if dim.is_Integer and len(exponents) > dim:
        raise InvalidArgument("exponents", exponents, f"give at most {dim}, the dimension")
    if any(k % 2 for k in exponents):
        return sympy.Integer(0)
    total, value = sum(exponents) // 2, ONE
    # Peel one coordinate at a time. On the unit sphere of R^m, x_1 has density proportional to
    # (1 - x^2)^{(m-3)/2}, so y = x_1^2 has the Beta(1/2, (m-1)/2) law; the other coordinates are
    # sqrt(1 - x_1^2) times a uniform point of the unit sphere of R^{m-1}.
    remaining = total
    for index, k in enumerate(exponents):
        left = dim - index
        remaining -= k // 2
        value *= _beta_moment(k // 2, remaining, left)
    return sympy.factor(value) * sympy.sympify(radius2) ** total


def _beta_moment(power: int, other: int, dim: Expr) -> Expr:
    """Return E[y^power (1 - y)^other], y of the Beta(1/2, (dim - 1)/2) law (y = 1 if dim is 1)."""
    if dim == 1:
        return sympy.Integer(other == 0)
    a, b = Rational(1, 2), (dim - 1) / 2
    # B(a + k, b + l) / B(a, b) with B(a, b) = Gamma(a) Gamma(b) / Gamma(a + b) and
    # Gamma(z + k) / Gamma(z) = z (z + 1) ... (z + k - 1).
    top = sympy.Mul(*(a + j for j in range(power)), *(b + j for j in range(other)))
    return top / sympy.Mul(*(a + b + j for j in range(power + other)))


def enumerated_moment(exponents: Sequence[int], atoms: Sequence[tuple[Any, Sequence[Any]]]) -> Expr:
    """Return E[prod x_i^k_i] of a law with finitely many atoms.

    Args:
        exponents: non-negative integers, one for each entry.
        atoms: pairs (probability, entries).
    """
    _check_exponents(exponents)
    return sympy.Add(
        *(
            weight * sympy.Mul(*(sympy.sympify(x) ** k for x, k in zip(point, exponents, strict=True)))
            for weight, point in atoms
        )
    )


def rademacher_atoms(count: int, delta: Any = 1) -> list[tuple[Expr, tuple[Any, ...]]]:
    """Return the joint law of ``count`` entries of a Rademacher vector: all sign patterns."""
    radius = sympy.sqrt(delta)
    signs = list(product((radius, -radius), repeat=count))
    return [(Rational(1, len(signs)), pattern) for pattern in signs]


def coordinate_atoms(count: int, dim: Any, delta: Any = 1) -> list[tuple[Expr, tuple[Any, ...]]]:
    """Return the joint law of the first ``count`` of dim entries of a random coordinate vector."""
    dim, radius = sympy.sympify(dim), sympy.sqrt(delta * dim)
    atoms: list[tuple[Expr, tuple[Any, ...]]] = [
        (1 - count / dim, (sympy.Integer(0),) * count)
    ]  # the chosen entry is a later one
    for index, sign in product(range(count), (1, -1)):
        entry = tuple(sign * radius if i == index else sympy.Integer(0) for i in range(count))
        atoms.append((1 / (2 * dim), entry))
    return atoms


def paired_moments(kind: str, dim: Any, delta: Any = 1) -> tuple[Expr, Expr]:
    """Return (E[v_1^4], E[v_1^2 v_2^2]) of a classical law with E[v v^T] = delta I.

    Args:
        kind: "gaussian", "sphere", "rademacher" or "coordinate".
        dim: integer of at least 2, or a symbol.
        delta: positive number or symbol.

    Raises:
        InvalidArgument: another kind.
    """
    dim, delta = sympy.sympify(dim), sympy.sympify(delta)
    patterns = ((4, 0), (2, 2))
    if kind == "gaussian":
        moments = [gaussian_moment(pattern, delta) for pattern in patterns]
    elif kind == "sphere":
        moments = [sphere_moment(pattern, dim, delta * dim) for pattern in patterns]
    elif kind == "rademacher":
        moments = [enumerated_moment(pattern, rademacher_atoms(2, delta)) for pattern in patterns]
    elif kind == "coordinate":
        moments = [enumerated_moment(pattern, coordinate_atoms(2, dim, delta)) for pattern in patterns]
    else:
        raise InvalidArgument("kind", kind, "give gaussian, sphere, rademacher or coordinate")
    return moments[0], moments[1]


def _check_exponents(exponents: Sequence[int]) -> None:
    if any(k < 0 for k in exponents):
        raise InvalidArgument("exponents", exponents, "give non-negative integers")
