"""Which law has the least third-order bias of central differences?

(f(x + mu v) - f(x - mu v)) / (2 mu) v has mean delta grad f + (mu^2 / 6) E[D^3 f(v, v, v) v] + O(mu^4). Its
bias along u is (mu^2 / 6) E[D^3 f(v, v, v) (u.v)]: the mean of a quartic form in v, which no symmetry
reduces. Here D^3 f(v, v, v) = v1^3, a third derivative along the first axis, and u = (1, 1) is oblique.
"""

from fractions import Fraction
from functools import cache

from zotheory.programs.question import Answer, Region, ask, of_vectors, vector_symbols


@cache
def least_bias(cap: Fraction | int, sign: int = 1) -> Answer:
    """Return the least E[v1^3 (v1 + v2)] over laws with E[v v^T] = I and |v|^2 <= cap.

    With sign -1: the largest, negated.
    """
    x, y = vector_symbols(2)
    inside = Region([cap - x**2 - y**2])
    return ask(of_vectors(2, sign * x**3 * (x + y), regions=[inside]))


def main() -> None:
    """Print the least and the largest bias against the cap, and where laws reach the least."""
    for cap in (2, 4):
        low, high = least_bias(cap), least_bias(cap, -1)
        print(f"|v|^2 <= {cap}: from {low.value:.6f} (proved {float(low.lower):.6f}) to {-high.value:.6f}")
        print(f"  {low.describe()}")


if __name__ == "__main__":
    main()
