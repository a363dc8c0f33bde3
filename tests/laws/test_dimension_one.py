"""In dimension one there is nothing but a sign and a length."""

import numpy as np
import pytest

from zotheory.errors import InvalidArgument
from zotheory.laws import (
    DAP,
    Coordinate,
    Empirical,
    Gaussian,
    Guided,
    ImportanceBlocks,
    Mixture,
    OrthonormalFrame,
    Rademacher,
    RandomBlock,
    Sphere,
    TwoAtom,
)


def test_dimension_one_is_a_sign():
    # s = n, and v = +-sqrt(delta) for every law of fixed length: no error at all.
    laws = [
        Sphere(1, 2), Rademacher(1, 2), Coordinate(1, 2), DAP([-5], 2), DAP([1], 2, "gaussian"),
        OrthonormalFrame(1, 1, 2), RandomBlock(1, 1, delta=2), ImportanceBlocks([1], [1], 2),
        Empirical([[1], [-1]]), Mixture([Sphere(1), Rademacher(1)], [0.5, 0.5]),
    ]  # fmt: skip
    for law in laws:
        assert law.dim == 1
        assert law.dimension_factor([3]) == 1
        assert law.error_covariance([3.0]).item() == pytest.approx(0, abs=1e-12)
        assert np.all(law.sample(9, 0) ** 2 == pytest.approx(law.delta))
    assert Gaussian(1).dimension_factor() == 3
    assert Gaussian(1, 2).error_covariance([3]).item() == 2 * 4 * 9
    for make in (lambda: TwoAtom([1], 0.5), lambda: Guided([1], 0.5)):
        with pytest.raises(InvalidArgument, match="dimension 2"):
            make()
