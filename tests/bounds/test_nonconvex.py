from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest
import sympy as sp

from zotheory.bounds import Descent, LawMoments, NonconvexBound, best_step, worst_case
from zotheory.checks.evidence import Outcome
from zotheory.checks.statistical import check_bound
from zotheory.errors import InvalidArgument
from zotheory.laws import Coordinate, Gaussian, Guided, Rademacher, Sphere

MU, SIGMA = F(1, 5), F(1, 2)
LAWS = [Gaussian(3), Sphere(3, 2), Rademacher(3), Coordinate(3, F(1, 3)), Guided([1, 1, 0], 0.5)]


def descents():
    for law in LAWS:
        for mu, sigma in ((0, 0), (MU, 0), (F(1), SIGMA)):
            yield Descent(LawMoments.of(law), smoothness=2, mu=mu, sigma=sigma)


@pytest.mark.parametrize("scheme", ["forward", "central"])
@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
@pytest.mark.parametrize(("mu", "sigma"), [(1e-6, 0.0), (0.5, 0.7)])
def test_never_violated_on_a_wave(law, scheme, mu, sigma):
    # f = sum (1 - cos x_i): L = 1, inf f = 0; noise z.x with |z| = sigma.
    descent = Descent(LawMoments.of(law), 1, mu, sigma, scheme=scheme)
    start, steps = np.array([2.5, -1.0, 0.5]), 12
    bound = NonconvexBound.at_best_step(descent, float((1 - np.cos(start)).sum()), steps)
    eta = float(bound.step)

    def value(x, z):
        return (1 - np.cos(x)).sum(axis=1) + (x * z).sum(axis=1)

    def sample(n, rng):
        x, total = np.tile(start, (n, 1)), np.zeros(n)
        for _ in range(steps):
            total += (np.sin(x) ** 2).sum(axis=1) / steps
            z = rng.standard_normal((n, 3))
            z *= sigma / np.linalg.norm(z, axis=1)[:, None]
            v = law.sample(n, rng)
            ahead = value(x + mu * v, z)
            rise = ahead - value(x, z) if scheme == "forward" else (ahead - value(x - mu * v, z)) / 2
            x = x - eta * (rise / mu)[:, None] * v
        return total

    total = float(bound.total)
    found = check_bound(sample, total, resolvable=0.1 * total, rng=7, max_samples=100_000, support=(0, 3))
    assert found.outcome is Outcome.HOLDS, found.detail


def test_reached_within_a_factor_where_nothing_is_lost():
    # x^2/2 in one dimension, signs, mu = 0: one step at any eta is an equality.
    descent = Descent(LawMoments.of(Rademacher(1)), 1)
    for eta in (F(1, 2), F(1), F(3, 2)):
        # gap falls from 1/2 to (1 - eta)^2/2: the bound with that gap is |f'(1)|^2 = 1 exactly.
        bound = NonconvexBound(descent, F(1, 2) - (1 - eta) ** 2 / 2, eta, 1)
        assert bound.total == 1


def test_every_path_of_signs_in_fractions():
    # x^2 right of zero, x^2/2 left of it: L = 2, two coordinates, three steps, all 4^3 paths.
    def h(x):
        return x * x if x >= 0 else x * x / 2

    def slope(x):
        return 2 * x if x >= 0 else x

    mu, start, draws = F(1, 3), (F(1), F(-2)), list(product((1, -1), repeat=2))
    descent = Descent(LawMoments.of(Rademacher(2)), 2, mu)
    eta = descent.fastest_step
    total, here = F(0), [start]
    for _ in range(3):
        total += sum(slope(x) ** 2 + slope(y) ** 2 for x, y in here) / F(3 * len(here))
        there = []
        for x, y in here:
            for v, w in draws:
                g = (h(x + mu * v) + h(y + mu * w) - h(x) - h(y)) / mu
                there.append((x - eta * g * v, y - eta * g * w))
        here = there
    bound = NonconvexBound(descent, h(start[0]) + h(start[1]), eta, 3)
    assert total <= bound.total
    assert total <= bound.sharpest().total <= float(bound.total)


@pytest.mark.parametrize(
    "descent", list(descents()), ids=lambda d: f"{type(d.moments.V).__name__}-{d.mu}-{d.sigma}"
)
def test_the_best_step_beats_a_grid(descent):
    for gap, steps in ((1, 3), (F(1, 7), 1000)):
        best = NonconvexBound.at_best_step(descent, gap, steps)
        limit = float(descent.step_limit)
        grid = [NonconvexBound(descent, gap, limit * k / 200, steps).total for k in range(1, 200)]
        assert float(best.total) <= float(min(grid)) * (1 + 1e-12)
        assert best.step == best_step(descent, gap, steps)
        assert 0 < best.step <= descent.fastest_step


@pytest.mark.parametrize(
    "descent", [d for d in descents() if d.mu != 0], ids=lambda d: f"{d.moments.V}-{d.mu}"
)
def test_the_best_weights_beat_a_grid(descent):
    bound = NonconvexBound(descent, 2, descent.step_limit / 4, 20)
    best = bound.sharpest().total
    assert best <= float(bound.total) * (1 + 1e-12)
    for omega in np.linspace(0.02, 0.98, 25):
        for theta in np.geomspace(1e-3, 1e2, 25):
            other = Descent(descent.moments, 2, descent.mu, descent.sigma, float(omega), float(theta))
            if bound.step < other.step_limit:
                total = NonconvexBound(other, 2, bound.step, 20).total
                assert best <= float(total) * (1 + 1e-9)


def test_symbols_and_numbers_agree_and_fractions_stay_exact():
    L, mu, sigma, gap, eta, delta = sp.symbols("L mu sigma Delta eta delta", positive=True)
    d, T = sp.symbols("d T", positive=True, integer=True)
    symbolic = NonconvexBound(Descent(LawMoments.of(Gaussian(d, delta)), L, mu, sigma), gap, eta, T)
    values = {L: 2, mu: F(1, 5), sigma: F(1, 2), gap: 3, eta: F(1, 40), delta: F(3, 2), d: 4, T: 11}
    numbers = NonconvexBound(
        Descent(LawMoments.of(Gaussian(4, F(3, 2))), 2, F(1, 5), F(1, 2)), 3, F(1, 40), 11
    )
    for name, term in symbolic.terms.as_dict().items():
        exact = numbers.terms.as_dict()[name]
        assert isinstance(exact, F)
        assert (
            sp.simplify(term.subs({k: sp.Rational(v) for k, v in values.items()}) - sp.Rational(exact)) == 0
        )


def test_monotonic_in_every_argument():
    def total(**changes):
        options = {"L": 2, "mu": F(1, 5), "sigma": F(1, 2), "gap": 3, "T": 50} | changes
        descent = Descent(LawMoments.of(Sphere(4)), options["L"], options["mu"], options["sigma"])
        return NonconvexBound(descent, options["gap"], F(1, 100), options["T"]).total

    base = total()
    for name, value in {"L": 3, "mu": F(1, 4), "sigma": 1, "gap": 4, "T": 49}.items():
        assert total(**{name: value}) > base
    # The gauge (v, delta, mu, eta) -> (c v, c^2 delta, mu/c, eta/c^2) changes nothing.
    for c in (2, F(1, 3)):
        descent = Descent(LawMoments.of(Sphere(4, c**2)), 2, F(1, 5) / c, F(1, 2))
        assert NonconvexBound(descent, 3, F(1, 100) / c**2, 50).total == base


def test_no_smoothing_needs_only_v():
    descent = Descent(LawMoments(1, 4), 2)
    assert NonconvexBound(descent, 1, F(1, 8), 10).terms.sixth_moment == 0
    assert descent.step_limit == F(1, 4)


@pytest.mark.parametrize("law", [Coordinate(2), Rademacher(3)])
@pytest.mark.parametrize(
    ("ratio", "weights"),
    [(F(1, 4), {}), (F(1), {}), (F(7, 4), {}), (F(1), {"omega": F(1, 5), "theta": F(1, 3)})],
)
def test_the_sharp_bound_is_the_worst_case_that_performance_estimation_finds(law, ratio, weights):
    descent = Descent(LawMoments.of(law), smoothness=2, **weights)
    bound = NonconvexBound(descent, gap=1, step=descent.fastest_step * ratio, iterations=2)
    found = worst_case(law, smoothness=2, step=float(bound.step), steps=2, functions="smooth")
    assert float(bound.sharp) == pytest.approx(found.bound, rel=1e-5)
    assert bound.sharp < bound.total


@pytest.mark.parametrize("name", ["mu", "sigma"])
def test_the_sharp_bound_is_refused_with_noise_or_a_distance(name):
    descent = Descent(LawMoments.of(Coordinate(2)), smoothness=2, **{name: F(1, 10)})
    bound = NonconvexBound(descent, gap=1, step=F(1, 100), iterations=2)
    with pytest.raises(InvalidArgument, match=f"^{name}"):
        _ = bound.sharp
