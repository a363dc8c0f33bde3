"""Exact signs: polynomials built from known roots, so that the answer is known without computing it."""

from fractions import Fraction as F
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zotheory.programs.polynomial import nonnegative_on

HUGE, TINY = F(10) ** 60, F(1, 10**60)


def product(*factors):
    total = [F(1)]
    for factor in factors:
        total = [
            sum(total[i] * factor[k - i] for i in range(len(total)) if 0 <= k - i < len(factor))
            for k in range(len(total) + len(factor) - 1)
        ]
    return total


def root(x, times=1):
    return product(*[[F(1), -F(x)]] * times)


@pytest.mark.parametrize(
    ("coefficients", "low", "high", "expected"),
    [
        ([F(0)], 0, None, True),
        ([F(0), F(0), F(0), F(0)], 0, 1, True),
        ([F(3)], 0, None, True),
        ([F(-3)], 0, None, False),
        ([F(0), F(0), F(-1)], 0, 1, False),
        ([F(1), F(0)], 0, None, True),  # x on x >= 0: a root at the end
        ([F(-1), F(0)], 0, None, False),
        ([F(-1), F(1)], 0, 1, True),  # 1 - x on [0, 1]: a root at the right end
        ([F(-1), F(1)], 0, 1 + TINY, False),
        (root(1, 2), 0, None, True),  # a double root inside
        (root(1, 2), 0, 1, True),  # at the right end
        (root(0, 2), 0, 1, True),  # at the left end
        (root(-5, 2), 0, 1, True),  # outside
        ([-c for c in root(1, 2)], 0, 2, False),
        ([-c for c in root(1, 2)], 1, 1, True),  # an interval that is one point, a root
        ([F(1), F(-2), 1 - TINY], 0, None, False),  # below zero on an interval 2e-30 wide
        ([F(1), F(-2), 1 + TINY], 0, None, True),
        (product(root(1), root(1 + TINY)), 0, 1, True),  # dips just to the right of the interval
        (product(root(1), root(1 + TINY)), 0, 2, False),
        (product(root(1), root(1 + TINY)), 1 + TINY, None, True),
        (product(root(1), root(1 + TINY)), 1, 1 + TINY, False),  # negative between both ends
        (root(1, 3), 0, 2, False),  # changes sign at a triple root
        (root(1, 3), 1, 2, True),
        (root(1, 4), -2, 2, True),
        ([-c for c in root(1, 3)], 0, 1, True),
        (product(root(0), root(1)), 0, 1, False),  # roots exactly at both ends, negative between
        (product(root(0), root(1), [F(-1)]), 0, 1, True),
        ([F(1), F(0), F(-2)], 0, 1, False),  # an irrational root outside: negative throughout
        ([F(1), F(0), F(-2)], F(3, 2), None, True),
        ([F(1), F(0), F(-2)], F(7, 5), None, False),
        (product([F(1), F(0), F(-2)], [F(1), F(0), F(-2)]), 0, 2, True),  # an irrational double root
        ([F(1), F(0), F(1)], -5, 5, True),  # no real root
        ([F(-1), F(0), F(-1)], -5, 5, False),
        ([F(0), F(0), F(1), F(-1)], 1, None, True),  # leading zeros: the degree drops
        ([F(0), F(0), F(1), F(-1)], 0, None, False),
        ([TINY, F(0), F(0), -HUGE], 0, None, False),
        ([TINY, F(0), F(0), -HUGE], HUGE, None, True),
        ([-TINY, F(0), F(0), HUGE], 0, None, False),  # falls below zero far out only
        ([-TINY, F(0), F(0), HUGE], 0, HUGE / 10**21, True),
        (root(5), 3, 2, True),  # an empty interval
        (root(5), 5, 5, True),
        (root(5), 4, 4, False),
    ],
)
def test_known_signs(coefficients, low, high, expected):
    limits = F(low), None if high is None else F(high)
    assert nonnegative_on(coefficients, *limits) is expected


rationals = st.fractions(min_value=-4, max_value=4, max_denominator=6)


def expected_sign(roots, scale, low, high):
    """Sign by evaluating at the roots' neighbours and the ends, which decides it for linear factors."""
    if scale == 0:
        return True
    inside = sorted({low, high, *(r for r in roots if low < r < high)})
    middles = [(a + b) / 2 for a, b in pairwise(inside)] or [low]

    def value(x):
        total = scale
        for r in roots:
            total *= x - r
        return total

    return all(value(x) >= 0 for x in [*middles, low, high])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(rationals, max_size=5), rationals, rationals, rationals)
def test_products_of_linear_factors(roots, scale, low, high):
    low, high = min(low, high), max(low, high)
    coefficients = [F(0), F(0), *product([scale], *(root(r) for r in roots))]
    assert nonnegative_on(coefficients, low, high) is expected_sign(roots, scale, low, high)
    far = F(10)  # beyond every root
    assert nonnegative_on(coefficients, low, None) is expected_sign(roots, scale, low, far)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(rationals, min_size=1, max_size=4), rationals, rationals)
def test_random_coefficients_against_brute_force(coefficients, low, high):
    low, high = float(min(low, high)), float(max(low, high))
    grid = np.polyval([float(c) for c in coefficients], np.linspace(low, high, 4001))
    if nonnegative_on(coefficients, F(low), F(high)):
        assert grid.min() >= -1e-12
    else:  # p < 0 somewhere: on a grid of mesh h its minimum is below max |p''| h^2 / 8 < 1e-3
        assert grid.min() < 1e-3
