"""Forward, central and one-point estimates: their formulas, their means and their errors."""

import math

import numpy as np
import pytest

from zotheory.estimators import Central, Forward, OnePoint, simulate_mse
from zotheory.functionals import total_mse
from zotheory.laws import Empirical, Gaussian, Mixture, OrthonormalFrame, RandomBlock, Sphere

H = np.array([[2.0, 0.5, 0, 0], [0.5, 1, 0, -1], [0, 0, -3, 0], [0, -1, 0, 1]])
X0 = np.array([0.3, -1.0, 2.0, 0.1])


def quadratic(points):
    return ((points @ H) * points).sum(axis=1) / 2 + points[:, 0]


def smooth(points):
    return np.log(np.cosh(points)).sum(axis=1) + points[:, 0] * points[:, 3]


ROWS = np.array(
    [[1.0, -2, 0.5, 1], [0, 1, 1, -1], [2, 0, 0, 0.25], [-1, 1, -1, 3], [0.5, 0, 0, 0], [1, 1, 1, 1]]
)


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize(
    ("kind", "difference"),
    [
        (Forward, lambda f, x, mu, v: (f(x + mu * v) - f(x)) / mu),
        (Central, lambda f, x, mu, v: (f(x + mu * v) - f(x - mu * v)) / (2 * mu)),
        (OnePoint, lambda f, x, mu, v: f(x + mu * v) / mu),
    ],
)
def test_formulas_one_sample_at_a_time(scripted, kind, difference, batch):
    trials = len(ROWS) // batch
    found = kind(scripted(ROWS), 0.1, batch).estimate(smooth, X0, 0, trials)
    for trial in range(trials):
        expected = np.zeros(4)
        for v in ROWS[trial * batch : (trial + 1) * batch]:
            expected += difference(lambda p: float(smooth(p[None])[0]), X0, 0.1, v) * v / batch
        np.testing.assert_allclose(found.gradients[trial], expected, rtol=1e-12)


@pytest.mark.parametrize("mu", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("delta", [0.25, 4.0])
def test_full_frames_give_delta_times_the_gradient(mu, delta, a, line):
    frame = OrthonormalFrame(4, 4, delta)
    for kind in (Forward, Central):
        found = kind(frame, mu, 4).estimate(line, X0, 1, 20).gradients
        np.testing.assert_allclose(found, np.tile(delta * a, (20, 1)), rtol=1e-9, atol=1e-9)
    # Central differences are exact on quadratics too, at any mu.
    gradient = H @ X0 + np.eye(4)[0]
    found = Central(frame, mu, 4).estimate(quadratic, X0, 1, 20).gradients
    np.testing.assert_allclose(found, np.tile(delta * gradient, (20, 1)), rtol=1e-9, atol=1e-9)


def test_forward_differences_on_a_quadratic_add_half_mu_the_curvature(scripted):
    mu, gradient = 0.2, H @ X0 + np.eye(4)[0]
    found = Forward(scripted(ROWS), mu).estimate(quadratic, X0, 0, len(ROWS)).gradients
    expected = [(v @ gradient + mu / 2 * v @ H @ v) * v for v in ROWS]
    np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize("kind", [Forward, Central, OnePoint])
def test_mean_is_delta_times_the_gradient(family, kind, agrees, a, line):
    # 4 comparisons for each of 15 laws and 3 kinds, each with false-alarm rate 1e-6.
    estimator = kind(family(0.5), 2.0, 3)
    assert estimator.delta == pytest.approx(0.5)
    gradients = estimator.estimate(line, np.zeros(4), 11, 4000).gradients
    agrees(gradients.mean(axis=0), gradients.std(axis=0) / math.sqrt(4000), 0.5 * a)


@pytest.mark.parametrize("kind", [Forward, Central])
@pytest.mark.parametrize("batch", [1, 4])
def test_error_of_a_batch_is_that_of_the_law(family, kind, batch, agrees, a, line):
    # (V - delta^2) |a|^2 / batch; one comparison for each of 60 cases, false-alarm rate 1e-6 each.
    law = family(0.5)
    found = simulate_mse(kind(law, 0.1, batch), line, np.zeros(4), a, 12, trials=20_000)
    agrees(found.mse, found.standard_error, (law.dimension_factor(a) - 1) * 0.25 * (a @ a) / batch)


def test_error_of_central_differences_on_a_quadratic_at_any_mu(family, agrees):
    law, gradient = family(0.5), H @ X0 + np.eye(4)[0]
    found = simulate_mse(Central(law, 3.0, 2), quadratic, X0, gradient, 13, trials=20_000)
    exact = (law.dimension_factor(gradient) - 1) * 0.25 * (gradient @ gradient) / 2
    agrees(found.mse, found.standard_error, exact)


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 8])
def test_error_of_frames(batch, agrees, a, line):
    # (d/b - 1) delta^2 |a|^2 for b <= d orthonormal directions; 8 directions are two full frames.
    size = min(batch, 4)
    frame = OrthonormalFrame(4, size, 0.5)
    found = simulate_mse(Central(frame, 0.1, batch), line, np.zeros(4), a, 14, trials=20_000)
    assert total_mse(frame, a) == pytest.approx((4 / size - 1) * 0.25 * (a @ a))
    agrees(found.mse, found.standard_error, (4 / size - 1) * 0.25 * (a @ a) / (batch // size))
    if size == 4:
        assert found.mse < 1e-24 * (a @ a)


def test_one_point_pays_for_the_value_itself(agrees, a):
    # On f = c + a.x at x = 0: g = (c / mu + a.v) v, whose square has mean c^2/mu^2 E n + E[(a.v)^2 n],
    # the cross term being odd. For the sphere E n = n = delta d.
    c, mu, delta = 3.0, 0.5, 0.25
    found = simulate_mse(
        OnePoint(Sphere(4, delta), mu), lambda points: c + points @ a, np.zeros(4), a, 15, trials=40_000
    )
    n = delta * 4
    exact = (c / mu) ** 2 * n + n * delta * (a @ a) - delta**2 * (a @ a)
    agrees(found.mse, found.standard_error, exact)


def test_smoothed_gradient_of_a_cubic(agrees):
    # E g = delta grad f_mu: for f = x_0^3 and v ~ N(0, delta I) f_mu = x_0^3 + 3 mu^2 delta x_0, and the
    # central difference is exact about f_mu.
    mu, delta, x = 0.7, 0.5, np.array([1.0, 0.0])
    found = Central(Gaussian(2, delta), mu, 4).estimate(lambda p: p[:, 0] ** 3, x, 16, 40_000).gradients
    exact = [delta * (3 + 3 * mu**2 * delta), 0]
    agrees(found.mean(axis=0), found.std(axis=0) / 200, exact)


LOPSIDED = Empirical([[2, 0], [-1, 3**0.5], [-1, -(3**0.5)]])
# E v v^T = 2 I with mean 0 above; below E v v^T = I with mean (1/2, 1/2) sqrt(2).
SKEWED = Empirical([[2**0.5, 0], [0, 2**0.5]])


def test_one_point_needs_mean_zero():
    from zotheory.errors import InvalidArgument

    assert OnePoint(LOPSIDED, 1).queries == 1
    for law in (
        SKEWED,
        Mixture([SKEWED, Sphere(2)], [0.5, 0.5]),
        RandomBlock(4, 2, lambda m, delta: Empirical((2 * delta) ** 0.5 * np.eye(m)), 1),
    ):
        assert Forward(law, 1).delta == pytest.approx(1)
        with pytest.raises(InvalidArgument, match="mean is not zero"):
            OnePoint(law, 1)
    mirrored = Mixture([SKEWED, Empirical([[-(2**0.5), 0], [0, -(2**0.5)]])], [0.5, 0.5])
    assert OnePoint(mirrored, 1).queries == 1
