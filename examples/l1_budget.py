"""How much variance does a budget on E|v|_1^2 cost? Not a program of the package: a question of your own.

|v|_1 is a polynomial on each quadrant. As v and -v count the same, two quadrants are the whole plane; on
each, the symbol `length` stands for what |v|_1 is there. Everything else is stated once.
"""

from fractions import Fraction
from functools import cache

import sympy as sp

from zotheory.programs.question import Answer, Moment, Region, ask, of_vectors, vector_symbols

GRADIENT = (Fraction(3, 5), Fraction(4, 5))
CAP = 4


@cache
def least_variance(budget: Fraction | int) -> Answer:
    """Return the least V = E[(a.v)^2 |v|^2] over laws with E[v v^T] = I, |v|^2 <= 4, E|v|_1^2 <= budget."""
    x, y = vector_symbols(2)
    length = sp.Symbol("length")
    square = x**2 + y**2
    along = sum(sp.Rational(str(a)) * v for a, v in zip(GRADIENT, (x, y), strict=True))
    quadrants = [
        Region([x, y, CAP - square], {length: x + y}),
        Region([x, -y, CAP - square], {length: x - y}),
    ]
    return ask(
        of_vectors(
            2, along**2 * square, moments=[Moment(length**2, "<=", budget, "the budget")], regions=quadrants
        )
    )


def main() -> None:
    """Print the least variance for three budgets; below 2 there is no law, as |v|_1 >= |v|."""
    for budget in (2, 3, Fraction(98, 25)):
        answer = least_variance(budget)
        print(f"E|v|_1^2 <= {budget}: V = {answer.value:.6f}, proved above {float(answer.lower):.6f}")
        print(f"  {answer.describe()}")


if __name__ == "__main__":
    main()
