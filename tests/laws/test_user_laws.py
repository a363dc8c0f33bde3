"""The contract E[v v^T] = delta I on laws written by users, and where the built-in ones leave it open."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from zotheory.errors import InvalidArgument, NotUnbiased
from zotheory.laws import Empirical, Law, Shells, require_unbiased
from zotheory.laws.partition import Contiguous


class Wrong(Law):
    """A user's law whose second moment is whatever it is given."""

    def __init__(self, moment, dim=2, delta=1):
        self.moment, self.dim, self.delta = moment, dim, delta

    def second_moment(self):
        return self.moment

    def sample(self, n, rng): ...
    def fourth_moment(self, matrix):
        return np.asarray(matrix) * 1.0

    def dimension_factor(self, a=None):
        return 2

    def norm_moment(self, k):
        return 2

    def norm_bound(self):
        return 2


def test_a_user_s_law_that_keeps_the_contract():
    law = Wrong(np.eye(2))
    require_unbiased(law)
    assert law.unbiasedness_defect() == 0
    # The inherited methods rest on fourth_moment alone; here T4[B] = B.
    assert np.array_equal(law.error_covariance([1.0, 2.0]), np.zeros((2, 2)))
    assert law.directional_fourth_moment([1e-200, 2e-200]) == pytest.approx(1)
    assert law.weighted_norm_moment([[1, 2], [2, 4]]) == 5


@pytest.mark.parametrize(
    "moment",
    [
        2 * np.eye(2),
        np.array([[1.0, 1e-6], [1e-6, 1.0]]),
        np.array([[1, 0], [0, 1 + 1e-8]]),
        np.full((2, 2), np.nan),
        np.array([[1.0, np.nan], [0.0, 1.0]]),
        np.array([[1.0, np.inf], [0.0, 1.0]]),
        np.eye(3),
        np.eye(2)[0],
        [[1, 0], [0]],
        [["1", "0"], ["0", "1"]],
        None,
        np.eye(2) * 1j,
    ],
)
def test_a_user_s_law_that_breaks_the_contract(moment):
    with pytest.raises(NotUnbiased):
        require_unbiased(Wrong(moment))


@pytest.mark.parametrize("delta", [0, -1, float("nan"), None, "1"])
def test_a_user_s_law_without_a_scale(delta):
    with pytest.raises(InvalidArgument, match="delta"):
        require_unbiased(Wrong(np.eye(2), delta=delta))


def test_the_contract_is_exact_for_exact_laws():
    tiny = Fraction(1, 10**12)
    for error in (tiny, sp.Rational(1, 10**12), sp.Symbol("h", positive=True)):
        with pytest.raises(NotUnbiased):
            require_unbiased(Wrong(np.array([[1 + error, 0], [0, 1]], dtype=object)))
    require_unbiased(Wrong(np.array([[1.0 + 1e-12, 0], [0, 1]])))


def test_require_unbiased_wants_a_law():
    with pytest.raises(InvalidArgument, match="law"):
        require_unbiased("sphere")  # type: ignore[arg-type]


@pytest.mark.parametrize("points", [[[1, 0], [0, 2]], [[1, 0]], [[1, 1], [1, -1], [1, 1]]])
def test_empirical_laws_are_checked(points):
    with pytest.raises(NotUnbiased):
        Empirical(points)


def test_shells_are_checked_on_request():
    with pytest.raises(NotUnbiased):
        require_unbiased(Shells(Contiguous((1, 1)), [[1, 2]], [1]))
