"""Uniform units on an axis and in its complement: orthogonal to rounding, the sign fair and independent."""

import numpy as np
import pytest

from zotheory.laws import Axis

# |z| > 4.8916 has probability 1e-6 for a normal mean.
Z = 4.8916


@pytest.mark.parametrize("dim", [1, 2, 3, 7, 8, 9, 40])
def test_orthogonal_and_of_length_one(dim):
    direction = np.linspace(1, 2, dim) * (-1.0) ** np.arange(dim)
    e = direction / np.linalg.norm(direction)
    units = Axis(direction).sample_units(50_000, np.random.default_rng(1))
    assert np.array_equal(np.abs(units[0]), np.broadcast_to(np.abs(e), (50_000, dim)))
    assert len(units) == min(dim, 2)
    for across in units[1:]:
        # From dimension 8 on a complement of less than 1e-2 of the row has probability below 1e-12.
        assert np.abs(across @ e).max() < 1e-13
        np.testing.assert_allclose(np.linalg.norm(across, axis=1), 1, rtol=1e-14)


@pytest.mark.parametrize("dim", [2, 3, 8, 20])
def test_signs_are_fair_and_independent_of_the_complement(dim):
    n, e = 200_000, np.eye(dim)[-1]
    along, across = Axis(e).sample_units(n, np.random.default_rng(2))
    sign = along[:, -1]
    assert set(sign) == {-1.0, 1.0}
    assert abs(sign.mean()) < Z / np.sqrt(n)
    for weights in (np.ones(n), sign):  # moments of the complement, and of its product with the sign
        first, second = weights @ across / n, np.einsum("n,ni,nj->ij", weights, across, across) / n
        np.testing.assert_allclose(first, 0, atol=Z * np.sqrt(1 / (dim - 1) / n))
        uniform = (
            (np.eye(dim) - np.outer(e, e)) / (dim - 1) if weights is not sign else np.zeros((dim, dim))
        )
        np.testing.assert_allclose(second, uniform, atol=Z * np.sqrt(3 / (dim**2 - 1) / n))
