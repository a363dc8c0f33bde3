"""Rational atoms and symbols for perturbations that are aligned with an estimated direction."""

from fractions import Fraction
from itertools import product

import sympy as sp

from proofs_checks import _designs as designs

# Squared alignment rho^2 = (e.a)^2 / |a|^2 of the direction e with the gradient a.
R = sp.Symbol("rho2", nonnegative=True)
K = sp.Symbol("k", integer=True, positive=True)  # draws of stage 1
SECOND = sp.Symbol("m", integer=True, positive=True)  # draws of stage 2
ABOVE_ONE = sp.Symbol("c", integer=True, positive=True)  # d = c + 1 >= 2


def normal_like(size: int) -> designs.Atoms:
    """Return independent entries 0, +-1, +-2 with the moments of N(0, 1) up to order five.

    P(+-1) = 1/3 and P(+-2) = 1/6 give E[x^2] = 1/3 + 4/6 = 1 and E[x^4] = 1/3 + 16/6 = 3.
    """
    entry = [(Fraction(1, 2), Fraction(0))]
    entry += [(Fraction(1, 6), Fraction(sign)) for sign in (1, -1)]
    entry += [(Fraction(1, 12), Fraction(2 * sign)) for sign in (1, -1)]
    atoms: designs.Atoms = []
    for choice in product(entry, repeat=size):
        weight = Fraction(1)
        for probability, _ in choice:
            weight *= probability
        atoms.append((weight, tuple(value for _, value in choice)))
    return atoms


def aligned_cases() -> list[tuple[str, designs.Atoms, tuple[Fraction, ...]]]:
    """Return (complement, atoms aligned with the first axis, gradient with two parts), delta = 1.

    The 24-cell has the moments up to order five of the sphere |w|^2 = 4 in R^4, so d = 5; in d = 2 the
    sphere is the two signs.
    """
    near, far, zero = Fraction(3, 5), Fraction(4, 5), Fraction(0)
    third = Fraction(1, 3)
    five = designs.aligned(designs.four_sphere_design())
    two = designs.aligned(designs.sign_vectors(1))
    normal = designs.aligned(normal_like(2))
    return [
        ("sphere", five, (near, zero, far, zero, zero)),
        ("sphere", five, (third, 2 * third, zero, -2 * third, zero)),
        ("sphere", two, (far, near)),
        ("gaussian", normal, (near, far, zero)),
        ("gaussian", normal, (2 * third, third, 2 * third)),
    ]


def alignment_of(a: tuple[Fraction, ...]) -> sp.Expr:
    """Return rho^2 of the gradient with the first axis."""
    return sp.sympify(a[0] ** 2 / designs.dot(a, a))
