"""Perturbations with entries in {-1, 0, 1}: what do they cost, and how often must they be 0?

The support is finite, so that the answer is exact: a rational optimum, a rational law, and all points on
which an optimal law may live.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import sympy as sp

from zotheory.programs.question import Answer, ask, of_vectors, vector_symbols


def least_variance(gradient: Sequence[int], delta: Fraction | str) -> Answer:
    """Return the least V |a|^2 = E[(a.v)^2 |v|^2] over ternary v with E[v v^T] = delta I.

    Args:
        gradient: a, integers.
        delta: at most 1, as E[v_i^2] is the probability of a non-zero entry.
    """
    dim = len(gradient)
    v = vector_symbols(dim)
    along = sp.Add(*(a * x for a, x in zip(gradient, v, strict=True)))
    square = sp.Add(*(x**2 for x in v))
    return ask(of_vectors(dim, along**2 * square, delta=delta, points=product((-1, 0, 1), repeat=dim)))


def main() -> None:
    """Print the dimension factor V / delta^2 against delta, for sparse and dense gradients."""
    for gradient in ((1, 0, 0, 0), (1, 1, 1, 1), (2, 1, 1, 0)):
        size = sum(a * a for a in gradient)
        for delta in map(Fraction, ("1/8", "1/4", "1/2", "3/4", "1")):
            answer = least_variance(gradient, delta)
            factor = answer.lower / size / delta**2
            print(
                f"a = {gradient}, delta = {delta}: V/delta^2 = {factor} = {float(factor):.4f},",
                answer.status,
            )


if __name__ == "__main__":
    main()
