"""From a solver's multipliers to those of the exact optimum, to sixty digits.

Without the covariance constraint each ray's cubic p_i is convex, so an optimal law has one atom a
block, q = n_i e_i with mass m_i / n_i, and the optimality conditions are, with l = -lambda_0,
    2 theta n_i^3 + (w_i + beta) n_i^2 = l     or   n_i = cap, whichever is smaller,
    sum_i m_i / n_i = 1                        (mass one),
    sum_i m_i n_i = budget or beta = 0         (complementary slackness).
The first defines n_i(l, beta), the second l(beta) and the third beta, each by a monotone equation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath

from zotheory.programs.pricing import FloatDuals
from zotheory.programs.scaled import Scaled

DIGITS = 70
# A value is read as a rational when one of at most this denominator agrees with it this well; a
# random number is never that close to one, and the certificate is checked exactly afterwards.
DENOMINATOR, AGREEMENT = 10**22, Fraction(1, 10**56)


@dataclass(frozen=True)
class Optimum:
    """Multipliers l = -lambda_0 and beta, and the length n_i of each block's atom (None: escaping)."""

    level: Fraction
    budget: Fraction
    lengths: tuple[Fraction | None, ...]


def polish(scaled: Scaled, start: FloatDuals) -> Optimum:
    """Solve the optimality conditions to sixty digits, from the multipliers of a linear program."""
    with mpmath.workdps(DIGITS):
        if scaled.cap == scaled.dim:
            return _fixed_length(scaled)
        beta = _budget_multiplier(scaled, start)
        level = _level(scaled, beta, start)
        lengths = [_length(scaled, i, level, beta) for i in scaled.blocks]
        return Optimum(
            _rational(level),
            _rational(beta),
            tuple(None if n is None else _rational(n) for n in lengths),
        )


def _fixed_length(scaled: Scaled) -> Optimum:
    # n <= d and E n = d leave only n = d; any level that keeps every p_i falling up to n = d is dual
    # optimal, because the level cancels in the dual value.
    n = Fraction(scaled.dim)
    level = max(2 * scaled.theta * n**3 + w * n**2 for w in scaled.weights)
    return Optimum(level, Fraction(0), (n,) * len(scaled.sizes))


def _length(scaled: Scaled, block: int, level: Any, beta: Any) -> Any:
    theta, curvature = _mpf(scaled.theta), _mpf(scaled.weights[block]) + beta
    cap = None if scaled.cap is None else _mpf(scaled.cap)
    if theta == 0 and curvature == 0:
        return cap
    if theta == 0:
        n = mpmath.sqrt(level / curvature)
    else:
        # Newton from above on an increasing convex function falls monotonically to the root.
        n = mpmath.cbrt(level / (2 * theta))
        if curvature > 0:
            n = min(n, mpmath.sqrt(level / curvature))
        for _ in range(400):
            excess = (2 * theta * n + curvature) * n**2 - level
            step = excess / ((6 * theta * n + 2 * curvature) * n)
            n -= step
            if abs(step) <= n * mpmath.mpf(10) ** (5 - DIGITS):
                break
    return n if cap is None else min(n, cap)


def _level(scaled: Scaled, beta: Any, start: FloatDuals) -> Any:
    def excess_mass(level: Any) -> Any:
        lengths = [_length(scaled, i, level, beta) for i in scaled.blocks]
        pairs = zip(scaled.sizes, lengths, strict=True)
        return sum((m / n for m, n in pairs if n is not None), mpmath.mpf(0)) - 1

    return _decreasing_root(excess_mass, mpmath.mpf(max(-start.constant, 1e-300)))


def _budget_multiplier(scaled: Scaled, start: FloatDuals) -> Any:
    if scaled.budget is None:
        return mpmath.mpf(0)
    budget = _mpf(scaled.budget)

    def excess(beta: Any) -> Any:
        level = _level(scaled, beta, start)
        lengths = [_length(scaled, i, level, beta) for i in scaled.blocks]
        if any(n is None for n in lengths):
            return mpmath.inf
        return sum(m * n for m, n in zip(scaled.sizes, lengths, strict=True)) / budget - 1

    if excess(mpmath.mpf(0)) <= 0:
        return mpmath.mpf(0)
    # Each value of the excess comes from a level that is itself known to a few digits less than all.
    return _decreasing_root(excess, mpmath.mpf(max(start.budget, 1e-300)), lost_digits=10)


def _decreasing_root(f: Callable[[Any], Any], start: Any, lost_digits: int = 6) -> Any:
    """Return the root of a decreasing function of x > 0: bracketing, then Ridder's method on log x."""
    low = high = start
    f_low = f_high = f(start)
    while f_low < 0:
        low, f_low = low / 16, f(low / 16)
    while f_high > 0:
        high, f_high = high * 16, f(high * 16)
    # The budget is exceeded without bound as beta -> 0: any large number will do.
    f_low = f_low if mpmath.isfinite(f_low) else mpmath.mpf(10) ** 40
    ends = [(mpmath.log(low), f_low), (mpmath.log(high), f_high)]
    accuracy = mpmath.mpf(10) ** (lost_digits - DIGITS)
    while True:
        (a, fa), (b, fb) = ends
        best, value = min(ends, key=lambda end: abs(end[1]))
        if abs(value) <= accuracy or b - a <= accuracy:
            return mpmath.exp(best)
        # Fit an exponential through the ends and the middle: converges quadratically, and the bracket
        # is at least halved in each round.
        c = (a + b) / 2
        fc = f(mpmath.exp(c))
        x = c + (c - a) * fc / mpmath.sqrt(fc**2 - fa * fb)
        points = sorted([*ends, (c, fc), (x, f(mpmath.exp(x)))])
        ends = [max(p for p in points if p[1] >= 0), min(p for p in points if p[1] < 0)]


def _mpf(x: Fraction) -> Any:
    return mpmath.mpf(x.numerator) / x.denominator


def _rational(x: Any) -> Fraction:
    sign, mantissa, exponent, _ = x._mpf_
    exact = Fraction(-mantissa if sign else mantissa) * Fraction(2) ** exponent
    simple = exact.limit_denominator(DENOMINATOR)
    return simple if abs(simple - exact) <= AGREEMENT * abs(exact) else exact
