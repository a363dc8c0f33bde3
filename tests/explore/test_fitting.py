"""Fits and minimal polynomials against functions and numbers made by other means."""

import itertools
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zotheory.explore.fitting import fit_rational
from zotheory.explore.minimal import minimal_polynomial

GRID = [(Fraction(x), Fraction(y, 3)) for x, y in itertools.product(range(1, 6), range(1, 5))]
small = st.integers(-4, 4)


@settings(deadline=None, max_examples=6)
@given(st.lists(small, min_size=4, max_size=4), st.lists(st.integers(0, 4), min_size=2, max_size=2))
def test_a_rational_function_is_found_again(top, bottom):
    def f(x, y):
        return (top[0] + top[1] * x + top[2] * y + top[3] * x * y) / (1 + bottom[0] * x + bottom[1] * y)

    found = fit_rational(GRID, [f(*point) for point in GRID])
    assert found is not None
    for point in ((Fraction(17), Fraction(2, 7)), (Fraction(1, 2), Fraction(9))):
        assert found(point) == f(*point)


def test_values_without_a_law_have_no_fit():
    values = [
        Fraction(int((x * 7919 + y * 104729) ** 3 % 1009) + i * i * i % 7) for i, (x, y) in enumerate(GRID)
    ]
    assert fit_rational(GRID, values) is None
    assert fit_rational([], []) is None


@pytest.mark.parametrize(
    ("value", "polynomial"),
    [
        (lambda: mpmath.sqrt(2) / 3, ("1", "0", "-2/9")),
        (lambda: (5 - mpmath.sqrt(7)) / 4, ("1", "-5/2", "9/8")),
        (lambda: mpmath.cbrt(5), ("1", "0", "0", "-5")),
        (lambda: mpmath.pi, None),
    ],
)
def test_minimal_polynomials(value, polynomial):
    with mpmath.workdps(80):
        x = Fraction(mpmath.nstr(value(), 70, strip_zeros=False))
    error = Fraction(1, 10**50)
    found = minimal_polynomial(x - error, x + error)
    assert (None if found is None else tuple(map(str, found))) == polynomial


def test_too_few_digits_give_nothing():
    assert minimal_polynomial(Fraction(141421, 100000), Fraction(141422, 100000)) is None
