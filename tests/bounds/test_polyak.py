from fractions import Fraction as F
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp

from zotheory.bounds import DecreasingSteps, Descent, LawMoments, PolyakBound
from zotheory.checks.evidence import Outcome
from zotheory.checks.statistical import check_bound
from zotheory.laws import Coordinate, Gaussian, Guided, Rademacher, Sphere

LAWS = [Gaussian(3), Sphere(3, 2), Rademacher(3), Coordinate(3), Guided([1, 1, 0], 0.5)]
CURVATURES = np.array([2.0, 1.0, 0.5])


def quadratic_gaps(law, mu, noise, steps):
    """E f(x_t) of f = sum h_i x_i^2 / 2 + forward differences, by M+ = E[x+ x+^T] with exact moments.

    With symmetric v, g = v v^T (H x + z) + mu v (v^T H v)/2, so that
    M+ = M - eta delta (H M + M H) + eta^2 (T4[H M H + Z] + mu^2/4 E[(v^T H v)^2 v v^T]).
    """
    h, m, gaps = np.diag(CURVATURES), np.outer([1.0, -1.0, 2.0], [1.0, -1.0, 2.0]), []
    v = law.sample(400_000, 3)
    sixth = np.einsum("n,ni,nj->ij", (v**2 @ CURVATURES) ** 2, v, v) / len(v)
    for eta in [*steps, None]:
        gaps.append(np.trace(h @ m) / 2)
        if eta is not None:
            inner = h @ m @ h + noise**2 / 3 * np.eye(3)
            fourth = np.asarray(law.fourth_moment(inner), dtype=float)
            m = m - eta * float(law.delta) * (h @ m + m @ h) + eta**2 * (fourth + mu**2 / 4 * sixth)
    return gaps


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
@pytest.mark.parametrize(("mu", "noise"), [(0.0, 0.0), (0.3, 0.0), (0.2, 0.5)])
def test_never_violated_on_a_quadratic(law, mu, noise):
    descent = Descent(LawMoments.of(law), 2.0, mu, noise)
    start = 0.5 * float(CURVATURES @ np.array([1.0, 1.0, 4.0]))
    step = float(descent.fastest_step)
    for size in (step, step / 10):
        for t, gap in enumerate(quadratic_gaps(law, mu, noise, [size] * 60)):
            assert gap <= float(PolyakBound(descent, start, 0.5, size, t).total) * (1 + 1e-9)
    steps = DecreasingSteps(descent, start, 0.5)
    sizes = [float(steps.step(t)) for t in range(80)]
    assert all(later < earlier for earlier, later in pairwise(sizes))
    for t, gap in enumerate(quadratic_gaps(law, mu, noise, sizes)):
        assert gap <= float(steps.total(t)) * (1 + 1e-9)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_never_violated_on_a_function_that_is_not_convex(law):
    # x^2 + 3 sin^2 x: f'' = 2 + 6 cos 2x, |f''| <= 8; its PL constant on a fine grid, times 0.99.
    grid = np.linspace(-20, 20, 400_001)
    grid = grid[np.abs(grid) > 1e-3]
    slope, value = 2 * grid + 3 * np.sin(2 * grid), grid**2 + 3 * np.sin(grid) ** 2
    pl = 0.99 * float((slope**2 / (2 * value)).min())
    assert 0 < pl < 8
    mu, steps, start = 0.1, 30, np.array([1.5, -2.0, 1.0])

    def f(x):
        return (x**2 + 3 * np.sin(x) ** 2).sum(axis=1)

    descent = Descent(LawMoments.of(law), 8.0, mu)
    bound = PolyakBound(descent, float(f(start[None])[0]), pl, float(descent.fastest_step), steps)

    def sample(n, rng):
        x = np.tile(start, (n, 1))
        for _ in range(steps):
            v = law.sample(n, rng)
            x = x - bound.step * ((f(x + mu * v) - f(x)) / mu)[:, None] * v
        return f(x)

    total = float(bound.total)
    found = check_bound(sample, total, resolvable=0.1 * total, rng=3, max_samples=100_000)
    assert found.outcome is Outcome.HOLDS, found.detail


def test_the_terms_solve_the_recursion_and_tend_to_the_floor():
    descent = Descent(LawMoments.of(Sphere(4)), 2, F(1, 10), F(1, 2))
    gap, step = F(3), descent.fastest_step / 3
    value = gap
    for t in range(6):
        assert PolyakBound(descent, gap, F(1, 2), step, t).total == value
        rate = descent.drift - descent.brake * step
        value = (
            value
            - step * rate * 2 * F(1, 2) * value
            + step * (descent.bias + step * (descent.sixth + descent.noise))
        )
    far = PolyakBound(descent, gap, F(1, 2), step, 100_000)
    assert far.total == pytest.approx(float(far.floor), rel=1e-12)
    assert far.contraction < 1


def test_exact_descent_where_nothing_is_lost():
    # c x^2/2 with signs in one dimension and mu = 0 is gradient descent: (1 - c eta)^2 per step.
    descent = Descent(LawMoments.of(Rademacher(1)), 3)
    assert PolyakBound(descent, 1, 3, F(1, 3), 1).total == 0
    assert PolyakBound(descent, 1, 3, F(1, 6), 4).total == F(1, 2) ** 8


def test_symbols_and_numbers_agree():
    L, mu, gap, eta, c, delta = sp.symbols("L mu Delta eta c delta", positive=True)
    d = sp.Symbol("d", positive=True, integer=True)
    symbolic = PolyakBound(Descent(LawMoments.of(Gaussian(d, delta)), L, mu), gap, c, eta, 3)
    point = {L: 2, mu: F(1, 5), gap: 3, eta: F(1, 40), c: F(1, 2), delta: F(3, 2), d: 4}
    numbers = PolyakBound(Descent(LawMoments.of(Gaussian(4, F(3, 2))), 2, F(1, 5)), 3, F(1, 2), F(1, 40), 3)
    exact = {k: sp.Rational(v) for k, v in point.items()}
    assert sp.simplify(symbolic.total.subs(exact) - sp.Rational(numbers.total)) == 0
    steps = DecreasingSteps(Descent(LawMoments.of(Gaussian(d, delta)), L, mu), gap, c)
    same = DecreasingSteps(Descent(LawMoments.of(Gaussian(4, F(3, 2))), 2, F(1, 5)), 3, F(1, 2))
    assert sp.simplify(steps.total(7).subs(exact) - sp.Rational(same.total(7))) == 0
