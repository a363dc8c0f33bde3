"""The integer polynomial of least degree that a certified value is a root of, found by PSLQ."""

from collections.abc import Sequence
from fractions import Fraction

# A relation is believed if its coefficients have this many digits fewer, all together, than the value.
SPARE_DIGITS = 12
MOST_DEGREE = 4


def minimal_polynomial(
    lower: Fraction, upper: Fraction, most_degree: int = MOST_DEGREE
) -> tuple[Fraction, ...] | None:
    """Return the monic polynomial, highest degree first, of the number that an interval encloses, or None.

    The interval decides how many digits are known, and the polynomial must change its sign on it or vanish
    there, which is checked exactly. A relation between integers of so few digits is no accident, but it is
    a guess all the same: nothing is proved by it.

    >>> [str(x) for x in minimal_polynomial(Fraction(3, 7), Fraction(3, 7))]
    ['1', '-3/7']
    """
    import mpmath

    if lower == upper:
        return Fraction(1), -lower
    middle = (lower + upper) / 2
    digits = int(-mpmath.log10(mpmath.mpf((upper - lower).numerator) / (upper - lower).denominator)) - 2
    digits += int(mpmath.ceil(mpmath.log10(abs(float(middle)) or 1)))
    if digits < 2 * SPARE_DIGITS:
        return None
    with mpmath.workdps(digits):
        x = mpmath.mpf(middle.numerator) / middle.denominator
        for degree in range(1, most_degree + 1):
            most = 10 ** ((digits - SPARE_DIGITS) // (degree + 1))
            tolerance = mpmath.mpf(10) ** (4 - digits) * max(1, abs(x)) ** degree
            found = mpmath.findpoly(x, degree, maxcoeff=most, tol=tolerance)
            if found and found[0]:
                monic = tuple(Fraction(int(c), int(found[0])) for c in found)
                if encloses_root(monic, lower, upper):
                    return monic
    return None


def encloses_root(polynomial: Sequence[Fraction], lower: Fraction, upper: Fraction) -> bool:
    """Return whether a polynomial vanishes at an end of an interval or changes its sign on it."""
    return value_at(polynomial, lower) * value_at(polynomial, upper) <= 0


def value_at(polynomial: Sequence[Fraction], x: Fraction) -> Fraction:
    """Return the value of a polynomial, highest degree first."""
    total = Fraction(0)
    for coefficient in polynomial:
        total = total * x + coefficient
    return total
