"""Every moment of every law against the sum over the points of its finite twin."""

import math
from fractions import Fraction as Q

import numpy as np
import pytest

from zotheory.laws import require_unbiased


def gradients(dim):
    yield [(-1) ** i * (i + 2) for i in range(dim)]
    yield [1] + [0] * (dim - 1)
    yield [Q(1, i + 1) for i in range(dim)]


def matrices(dim):
    yield [[int(i == j) for j in range(dim)] for i in range(dim)]
    yield [[(i * j + i + j) % 5 - Q(1, 2) for j in range(dim)] for i in range(dim)]


def dot(x, y):
    return sum(p * q for p, q in zip(x, y, strict=True))


def mean(twin, value):
    return sum(w * value(v) for v, w in twin)


def mean_matrix(twin, value):
    size = range(len(twin[0][0]))
    return [[mean(twin, lambda v, i=i, j=j: value(v) * v[i] * v[j]) for j in size] for i in size]


def quadratic(matrix, v):
    return sum(matrix[i][j] * v[i] * v[j] for i in range(len(v)) for j in range(len(v)))


def moments(law, twin):
    """Pairs (law's answer, sum over the points) for everything of degree at most four."""
    dim = len(twin[0][0])
    delta = mean(twin, lambda v: dot(v, v)) / dim
    pairs = [(law.dim, dim), (law.delta, delta), (law.norm_moment(1), delta * dim)]
    pairs.append((law.norm_moment(2), mean(twin, lambda v: dot(v, v) ** 2)))
    pairs.append((law.second_moment(), mean_matrix(twin, lambda _: 1)))
    for matrix in matrices(dim):
        b = np.array(matrix, dtype=object)
        pairs.append((law.fourth_moment(b), mean_matrix(twin, lambda v, m=matrix: quadratic(m, v))))
        expected = mean(twin, lambda v, m=matrix: quadratic(m, v) * dot(v, v))
        pairs.append((law.weighted_norm_moment(b), expected))
    for a in gradients(dim):
        square = dot(a, a)
        second = mean(twin, lambda v, a=a: dot(a, v) ** 2 * dot(v, v)) / square
        pairs.append((law.dimension_factor(a), second / delta**2))
        fourth = mean(twin, lambda v, a=a: dot(a, v) ** 4) / Q(square) ** 2
        pairs.append((law.directional_fourth_moment(a), fourth))
        outer = mean_matrix(twin, lambda v, a=a: dot(a, v) ** 2)
        covariance = [
            [x - delta**2 * p * q for x, q in zip(row, a, strict=True)]
            for row, p in zip(outer, a, strict=True)
        ]
        pairs.append((law.error_covariance(a), covariance))
    return pairs


def test_exact_moments_equal_the_sums_over_points(exact_twin):
    law, twin = exact_twin
    require_unbiased(law)
    assert law.unbiasedness_defect() == 0
    for got, expected in moments(law, twin):
        got = np.asarray(got)
        assert got.shape == np.shape(expected)
        assert np.all(got == np.array(expected, dtype=object))
        assert all(isinstance(x, (int, np.integer, Q)) for x in got.flat)


def test_float_moments_equal_the_sums_over_points(float_twin):
    law, twin = float_twin
    require_unbiased(law)
    for got, expected in moments(law, twin):
        expected = np.array(expected, dtype=float)
        got = np.asarray(got).astype(float)
        np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize("k", [1, Q(3, 2), 2, 3, 1.5])
def test_norm_moments_of_bounded_laws(k, bounded_twin):
    law, twin = bounded_twin
    expected = sum(float(w) * float(dot(v, v)) ** float(k) for v, w in twin)
    assert float(law.norm_moment(k)) == pytest.approx(expected, rel=1e-12)


def test_norm_bound_is_the_largest_point(bounded_twin):
    law, twin = bounded_twin
    expected = max(float(dot(v, v)) for v, w in twin if w > 0)
    assert float(law.norm_bound()) == pytest.approx(expected, rel=1e-14)


def test_exact_norm_moments_are_exact(exact_twin):
    law, twin = exact_twin
    if not math.isinf(law.norm_bound()):
        for k in (1, 2, 3):
            assert law.norm_moment(k) == mean(twin, lambda v, k=k: dot(v, v) ** k)
