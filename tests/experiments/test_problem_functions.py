"""Synthetic functions: known minima, other spellings, derivatives by differences."""

import math

import mpmath
import numpy as np
import pytest
import torch
from scipy.optimize import minimize, rosen, rosen_der

from experiments._problem_functions import FUNCTIONS, function
from zotheory.errors import InvalidArgument

# At x = (1/2, -3/2, 2), by hand; w of Levy's function is (7/8, 3/8, 5/4).
SINE = math.sin(7 * math.pi / 8 + 1) ** 2, math.sin(3 * math.pi / 8 + 1) ** 2
BY_HAND = {
    "quadratic": (0.25 + 2.25 + 4) / 2,
    "cubic": 0.125 + 3.375 + 8,
    "levy": math.sin(7 * math.pi / 8) ** 2
    + (1 + 10 * SINE[0]) / 64
    + 25 / 64 * (1 + 10 * SINE[1])
    + 2 / 16,
    "rosenbrock": 100 * (1.75**2 + 0.25**2) + 0.25 + 6.25,
    "ackley": 20 - 20 * math.exp(-math.sqrt(6.5 / 3) / 5) + math.e - math.exp(-1 / 3),
    "rastrigin": 30 + 6.5 - 10 * (-1 - 1 + 1),
}


def at(name, x):
    return float(FUNCTIONS[name].value(torch.tensor(x, dtype=torch.float64)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_by_hand(name):
    assert at(name, [0.5, -1.5, 2.0]) == pytest.approx(BY_HAND[name], rel=1e-12)
    assert at(name, [[0.5, -1.5], [2.0, 0.5]]) == pytest.approx(at(name, [0.5, -1.5, 2.0, 0.5]), rel=1e-14)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dim", [2, 5, 1000])
def test_minima(name, dim):
    found, rng = FUNCTIONS[name], np.random.default_rng(dim)
    best = np.full(dim, found.minimizer)
    assert at(name, best) == pytest.approx(0, abs=1e-12 * dim)
    assert all(at(name, best + rng.normal(0, scale, dim)) > 0 for scale in (1e-3, 0.1, 1.0, 10.0))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_descent_from_near_the_minimum_ends_there(name):
    found = FUNCTIONS[name]
    start = found.minimizer + np.array([0.1, -0.08, 0.05])

    def slopes(x):
        return found.gradient(torch.from_numpy(x)).numpy()

    end = minimize(lambda x: at(name, x), start, jac=slopes, method="BFGS", options={"gtol": 1e-9})
    assert end.x == pytest.approx(np.full(3, found.minimizer), abs=1e-2 if name == "cubic" else 1e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_derivatives(name):
    found, rng, h = FUNCTIONS[name], np.random.default_rng(1), 1e-6
    for x in (found.start(6, rng).numpy() for _ in range(3)):
        slopes = [(at(name, x + e) - at(name, x - e)) / (2 * h) for e in h * np.eye(6)]
        assert found.gradient(torch.from_numpy(x)).numpy() == pytest.approx(slopes, rel=1e-6, abs=1e-6)


def test_rosenbrock_is_scipys():
    x = np.random.default_rng(2).uniform(-2, 2, 7)
    assert at("rosenbrock", x) == pytest.approx(rosen(x), rel=1e-13)
    gradient = FUNCTIONS["rosenbrock"].gradient(torch.from_numpy(x)).numpy()
    assert gradient == pytest.approx(rosen_der(x), rel=1e-10)


def test_waves_in_thirty_digits():
    """Levy's, Ackley's and Rastrigin's functions coordinate by coordinate in another arithmetic."""
    x = np.random.default_rng(3).uniform(-5, 5, 4)
    with mpmath.workdps(30):
        z = [mpmath.mpf(float(t)) for t in x]
        w = [(t + 3) / 4 for t in z]
        levy = mpmath.sin(mpmath.pi * w[0]) ** 2 + (w[3] - 1) ** 2 * (
            1 + mpmath.sin(2 * mpmath.pi * w[3]) ** 2
        )
        levy += sum((t - 1) ** 2 * (1 + 10 * mpmath.sin(mpmath.pi * t + 1) ** 2) for t in w[:3])
        norm = mpmath.sqrt(sum(t**2 for t in z))
        waves = [mpmath.cos(2 * mpmath.pi * t) for t in z]
        ackley = 20 + mpmath.e - 20 * mpmath.exp(-norm / 10) - mpmath.exp(sum(waves) / 4)
        rastrigin = 40 + norm**2 - 10 * sum(waves)
    for name, value in {"levy": levy, "ackley": ackley, "rastrigin": rastrigin}.items():
        assert at(name, x) == pytest.approx(float(value), rel=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_starts_are_uniform_from_minus_two_to_two_and_follow_the_generator(name):
    found = FUNCTIONS[name]
    one, two = (found.start(1000, np.random.default_rng(seed)).numpy() for seed in (0, 0))
    assert (one == two).all()
    # The largest of 1000 is in the last hundredth of the box but in one case of 20 000.
    assert 1.98 < np.abs(one).max() <= 2
    # Uniform: means of 1000 within six standard errors.
    assert abs(one.mean()) < 6 * 2 / math.sqrt(3 * 1000)
    assert abs((one**2).mean() - 4 / 3) < 6 * 4 * math.sqrt(4 / 45 / 1000)


@pytest.mark.parametrize(("name", "dim", "argument"), [("sphere", 3, "function"), ("levy", 1, "dim")])
def test_bad_input(name, dim, argument):
    with pytest.raises(InvalidArgument, match=argument):
        function(name, dim)
