"""Objectives from the strategies: their gradients, Hessians and smoothness, by other routes."""

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from zotheory.errors import InvalidArgument
from zotheory.rng import stream
from zotheory.testing import Objective, quadratics, smooth_objectives
from zotheory.testing.objectives import Quadratic, RidgeSum

quick = settings(deadline=None, max_examples=50, derandomize=True, database=None)


def central_gradient(f, x, h=1e-6):
    steps = h * np.eye(x.size)
    return (f(x + steps) - f(x - steps)) / (2 * h)


@quick
@given(f=quadratics(3, spectrum=st.lists(st.floats(0, 100), min_size=3, max_size=3)))
def test_a_spectrum_may_be_drawn(f):
    assert f.dim == 3
    assert np.linalg.eigvalsh(f.hessian).min() >= -1e-9
    assert f.smoothness <= 100


@quick
@given(f=quadratics(4, spectrum=[1, 10, 100, -3]))
def test_quadratics_have_the_spectrum_asked_for(f):
    np.testing.assert_allclose(np.linalg.eigvalsh(f.hessian), [-3, 1, 10, 100], atol=1e-10)
    assert f.smoothness == 100
    np.testing.assert_array_equal(f.hessian, f.hessian.T)
    assert np.any(np.array(f.x0) != 0)


@quick
@given(f=quadratics())
def test_quadratics_are_their_own_taylor_series(f):
    x = stream(1, "points").standard_normal((5, f.dim))
    values = [point @ f.hessian @ point / 2 for point in x]
    np.testing.assert_allclose(f(x), values, atol=1e-9)
    np.testing.assert_allclose(f.gradient(x), [f.hessian @ point for point in x], atol=1e-9)
    assert f(x[0]).shape == ()
    assert f.gradient(x[0]).shape == (f.dim,)


def test_spectra_may_depend_on_the_dimension():
    f = find(quadratics(st.integers(2, 5), spectrum=lambda d: np.arange(1, d + 1)), lambda f: f.dim == 3)
    assert f.spectrum == (1.0, 2.0, 3.0)
    assert find(quadratics(spectrum=[4, 2]), lambda f: True).dim == 2


def test_quadratics_rotate():
    f = find(quadratics(2, spectrum=[0, 1]), lambda f: abs(f.hessian[0, 1]) > 0.1)
    assert f.reflections
    assert eval(repr(f)) == f


def test_quadratics_shrink_to_a_diagonal():
    assert find(quadratics(2, spectrum=[1, 2]), lambda f: True) == Quadratic((1.0, 2.0), (), (1.0, 0.0))


@quick
@given(f=smooth_objectives(), seed=st.integers(0, 10**6))
def test_smooth_objectives_keep_their_smoothness_and_gradient(f, seed):
    x, y = 3 * stream(seed, "points").standard_normal((2, 200, f.dim))
    np.testing.assert_allclose(f.gradient(x[0]), central_gradient(f, x[0]), atol=1e-5, rtol=1e-5)
    steps = np.linalg.norm(x - y, axis=1)
    assert np.all(
        np.linalg.norm(f.gradient(x) - f.gradient(y), axis=1) <= f.smoothness * steps * (1 + 1e-9)
    )
    # |f(y) - f(x) - grad f(x).(y - x)| <= L |y - x|^2 / 2, the descent lemma.
    rest = f(y) - f(x) - (f.gradient(x) * (y - x)).sum(axis=1)
    assert np.all(np.abs(rest) <= f.smoothness * steps**2 / 2 * (1 + 1e-9) + 1e-9)


@pytest.mark.parametrize(
    ("link", "curvature", "value"),
    [
        ("log-cosh", 1, np.log(np.cosh(0.7))),
        ("logistic", 0.25, np.log1p(np.exp(0.7))),
        ("sine", 1, np.sin(0.7)),
    ],
)
def test_links(link, curvature, value):
    f = RidgeSum(link, ((1.0, 0.0),), (0.3,), (1.0,), (1.0, 0.0))
    assert f.smoothness == curvature
    assert abs(f([1.0, 5.0]) - value) < 1e-14
    with np.errstate(over="raise", invalid="raise"):
        assert np.all(np.isfinite(f(np.array([[800.0, 0.0], [-800.0, 0.0]]))))


@pytest.mark.parametrize("kind", ["log-cosh", "logistic", "sine"])
def test_each_kind_of_smooth_objective(kind):
    f = find(smooth_objectives(2, kinds=[kind]), lambda f: True)
    assert isinstance(f, Objective)
    assert f.link == kind
    assert f.dim == 2
    assert eval(repr(f)) == f


@pytest.mark.parametrize(
    ("strategy", "arguments", "argument"),
    [
        (quadratics, {"dim": 3, "spectrum": [1, 2]}, "spectrum"),
        (quadratics, {"spectrum": []}, "spectrum"),
        (quadratics, {"spectrum": [1, float("nan")]}, "spectrum"),
        (quadratics, {"spectrum": "flat"}, "spectrum"),
        (quadratics, {"spectrum": 3}, "spectrum"),
        (quadratics, {"dim": 0}, "dim"),
        (smooth_objectives, {"dim": 0}, "dim"),
        (smooth_objectives, {"kinds": ["cubic"]}, "kinds"),
    ],
)
def test_bad_arguments(strategy, arguments, argument):
    with pytest.raises(InvalidArgument) as caught:
        strategy(**arguments)
    assert caught.value.argument == argument


@pytest.mark.parametrize("points", [np.zeros((4, 3)), np.zeros(3), 1.0, np.zeros((1, 1, 2))])
def test_points_of_another_dimension_are_refused(points):
    f = Quadratic((1.0, 2.0), (), (1.0, 0.0))
    for call in (f, f.gradient):
        with pytest.raises(InvalidArgument, match=r"shape \(n, 2\)"):
            call(points)
