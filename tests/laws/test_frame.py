"""Batches of orthonormal directions against exact averages over subspaces and simulation."""

import itertools
from fractions import Fraction as Q

import numpy as np
import pytest
import sympy as sp

from zotheory.errors import InvalidArgument
from zotheory.laws import OrthonormalFrame, Sphere

PAIRS = [[s if i == j else 0 for j in range(4)] for i in range(4) for s in (1, -1)]
CELL24 = np.array(
    PAIRS + [[Q(s, 2) for s in signs] for signs in itertools.product((1, -1), repeat=4)], dtype=object
)


def hyperplane_covariance(units, a, delta):
    """E[m m^T] - delta^2 a a^T for m = delta d / b Q a, Q = I - u u^T the projector on d - 1 dimensions."""
    d = len(a)
    scale = delta * Q(d, d - 1) if isinstance(delta, (int, Q)) else delta * d / (d - 1)
    means = [scale * (a - (u @ a) * u) for u in units]
    return sum(np.outer(m, m) for m in means) / Q(len(means)) - delta**2 * np.outer(a, a)


def test_frames_of_three_in_four_dimensions_exactly():
    # E over u of a polynomial of degree four, which the 24-cell averages exactly.
    a = np.array([1, -2, 3, 5], dtype=object)
    for delta in (1, Q(3, 2)):
        covariance = OrthonormalFrame(4, 3, delta).batch_error_covariance(a, 3)
        assert np.all(covariance == hyperplane_covariance(CELL24, a, delta))


def test_frames_of_two_in_three_dimensions():
    golden = (1 + 5**0.5) / 2
    vertices = [np.roll([0, s, t * golden], k) for k in range(3) for s in (1, -1) for t in (1, -1)]
    units = np.array(vertices) / np.hypot(1, golden)
    a = np.array([1.0, -2.0, 0.5])
    d = 3
    means = [0.7 * d / 2 * (a - (u @ a) * u) for u in units]
    expected = sum(np.outer(m, m) for m in means) / len(means) - 0.49 * np.outer(a, a)
    np.testing.assert_allclose(OrthonormalFrame(3, 2, 0.7).batch_error_covariance(a), expected, rtol=1e-12)


@pytest.mark.parametrize("dim", [1, 2, 3, 8])
def test_a_full_frame_makes_no_error(dim):
    a = list(range(1, dim + 1))
    law = OrthonormalFrame(dim, dim, Q(2, 3))
    assert np.all(law.batch_error_covariance(a) == 0)
    assert law.batch_mse_factor() == law.batch_mse_factor(a, dim) == 0


def test_a_frame_of_one_is_a_sphere():
    a = [Q(1, 2), 3, -1]
    expected = Sphere(3, 5).error_covariance(a)
    assert np.all(OrthonormalFrame(3, 1, 5).batch_error_covariance(a, 1) == expected)


@pytest.mark.parametrize(("dim", "batch"), [(2, 1), (4, 2), (5, 4), (7, 3)])
def test_trace_is_the_scalar_factor(dim, batch):
    law, a = OrthonormalFrame(dim, batch, Q(1, 3)), np.arange(1, dim + 1)
    trace = law.batch_error_covariance(a).trace()
    assert (
        trace == (Q(dim, batch) - 1) * Q(1, 9) * int(a @ a) == law.batch_mse_factor() * Q(1, 9) * int(a @ a)
    )


def test_frames_of_two_in_four_dimensions_by_simulation():
    # 20000 frames; each entry's mean within 6 standard errors: below 2e-9 false alarm an entry.
    law, a = OrthonormalFrame(4, 2, 0.5), np.array([1.0, 2.0, 0.0, -1.0])
    v = law.sample(40_000, 8)
    means = (v * (v @ a)[:, None]).reshape(-1, 2, 4).mean(axis=1) - 0.5 * a
    products = means[:, :, None] * means[:, None, :]
    error = np.abs(products.mean(axis=0) - law.batch_error_covariance(a))
    assert np.all(error < 6 * products.std(axis=0) / len(means) ** 0.5)


def test_symbolic_gradient_and_large_one():
    x, y = sp.symbols("x y", real=True)
    assert (
        sp.expand(OrthonormalFrame(2, 1, 3).batch_error_covariance([x, y]).trace() - 9 * (x**2 + y**2)) == 0
    )
    with pytest.raises(InvalidArgument, match="pass a"):
        OrthonormalFrame(2, 1).batch_error_covariance([1e200, 1.0])


@pytest.mark.parametrize("batch", [0, 5, -1, 1.5, True, "2", None])
def test_bad_batches(batch):
    with pytest.raises(InvalidArgument, match="batch"):
        OrthonormalFrame(4, batch)


def test_another_batch_than_the_frame_s():
    law = OrthonormalFrame(4, 2)
    for batch in (1, 3, 4, 0, "2"):
        with pytest.raises(InvalidArgument, match="frame's own batch, 2"):
            law.batch_error_covariance([1, 0, 0, 0], batch)
        with pytest.raises(InvalidArgument, match="frame's own batch, 2"):
            law.batch_mse_factor(None, batch)
