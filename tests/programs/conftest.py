"""Optimal values by routes that share nothing with the package."""

import math
import time
from fractions import Fraction

import mpmath
import pytest

from zotheory.programs import Program, solve


def to_mpf(x):
    return mpmath.inf if x == math.inf else mpmath.mpf(Fraction(x).numerator) / Fraction(x).denominator


def two_rays(dim, along, across, *, cap=math.inf, kappa=math.inf, theta=0.0):
    """Least E[(v^T A v) n] + theta E[n^3] of laws that probe either along an axis or across it.

    delta = 1, A = along e e^T + across (I - e e^T). With probability p, n = 1/p along the axis; else
    n = (d - 1) / (1 - p) across it. Everything is a convex function of p, minimised numerically.
    """
    with mpmath.workdps(40):
        d, along, across, cap, kappa, theta = map(to_mpf, (dim, along, across, cap, kappa, theta))

        def value(p):
            n, far = 1 / p, (d - 1) / (1 - p)
            return p * (along * n**2 + theta * n**3) + (1 - p) * (across * far**2 + theta * far**3)

        def allowed(p):
            n, far = 1 / p, (d - 1) / (1 - p)
            return max(n, far) <= cap and p * n**2 + (1 - p) * far**2 <= kappa * d**2

        def boundary(inside, outside):
            for _ in range(140):
                middle = (inside + outside) / 2
                inside, outside = (middle, outside) if allowed(middle) else (inside, middle)
            return inside

        # Logits: p may be 1e-6 or 1 - 1e-6. p = 1/d, fixed length, is always allowed.
        centre = 1 / d
        low, high = boundary(centre, mpmath.mpf(10) ** -30), boundary(centre, 1 - mpmath.mpf(10) ** -30)
        logit = lambda p: mpmath.log(p) - mpmath.log1p(-p)  # noqa: E731
        f = lambda x: value(1 / (1 + mpmath.exp(-x)))  # noqa: E731
        a, b = logit(low), logit(high)
        ratio = (mpmath.sqrt(5) - 1) / 2
        for _ in range(110):  # golden section: unimodal, since convex in p
            left, right = b - ratio * (b - a), a + ratio * (b - a)
            a, b = (a, right) if f(left) <= f(right) else (left, b)
        return float(min(f((a + b) / 2), value(low), value(high)))


@pytest.fixture(scope="session")
def least_on_two_rays():
    return two_rays


@pytest.fixture
def solved(record_property):
    """Solve, check what every solution must satisfy, and record the time."""

    def run(program=None, solver="highs", **options):
        program = Program(**options) if program is None else program
        started = time.perf_counter()
        solution = solve(program, solver)
        record_property("seconds", time.perf_counter() - started)
        assert solution.status in ("certified", "infimum")
        assert (solution.status == "infimum") is not solution.contact_set.attained
        assert 0 <= solution.gap <= 1e-8
        assert solution.certificate.verify()
        assert solution.lower <= solution.upper
        assert float(solution.upper) == solution.value
        return solution

    return run
