"""Laws, objectives and the comparison of simulated with exact means."""

import math

import numpy as np
import pytest

from zotheory.laws import (
    DAP,
    Coordinate,
    Empirical,
    Gaussian,
    Guided,
    ImportanceBlocks,
    Law,
    Mixture,
    OrthonormalFrame,
    Rademacher,
    RandomBlock,
    Shells,
    Sphere,
    TwoAtom,
)
from zotheory.laws.partition import Contiguous

A = np.array([3.0, -1.0, 0.5, 2.0])
E = np.array([1.0, 2.0, -1.0, 0.5])
CROSS = [[s if i == j else 0 for j in range(4)] for i in range(4) for s in (2, -2)]

# Every family, at a scale delta: the estimators must not care which one they are given.
FAMILIES = {
    "gaussian": lambda delta: Gaussian(4, delta),
    "sphere": lambda delta: Sphere(4, delta),
    "rademacher": lambda delta: Rademacher(4, delta),
    "coordinate": lambda delta: Coordinate(4, delta),
    "dap": lambda delta: DAP(E, delta),
    "dap-gaussian": lambda delta: DAP(E, delta, "gaussian"),
    "two-atom": lambda delta: TwoAtom(E, 0.25, delta),
    "guided": lambda delta: Guided(E, 0.6, delta),
    "block": lambda delta: RandomBlock(4, 2, delta=delta),
    "block-gaussian": lambda delta: RandomBlock(4, 2, Gaussian, delta),
    "importance": lambda delta: ImportanceBlocks([1, 3], [0.5, 0.5], delta),
    "mixture": lambda delta: Mixture([DAP(E, delta), Coordinate(4, delta)], [0.5, 0.5]),
    "empirical": lambda delta: Empirical(math.sqrt(delta) * np.array(CROSS)),
    "shells": lambda delta: Shells(Contiguous((1, 3)), delta * np.array([[2.0, 2], [0, 4]]), [0.5, 0.5]),
    "frame": lambda delta: OrthonormalFrame(4, 1, delta),
}


@pytest.fixture(scope="session", params=FAMILIES.values(), ids=FAMILIES.keys())
def family(request):
    return request.param


@pytest.fixture
def a():
    return A.copy()


def linear(points):
    # Row by row, in one order whatever the number of rows.
    return 1.5 + (points * A).sum(axis=1)


# |z| > 4.8916 has probability 1e-6 for a normal mean: the false-alarm rate of one comparison. The seeds
# are fixed, so a comparison that has passed once passes always.
Z = 4.8916


@pytest.fixture
def agrees():
    """Check that a simulated mean is the exact one, up to chance (rate 1e-6) and rounding."""

    def check(mean, standard_error, exact, rounding=1e-9):
        exact = np.asarray(exact, dtype=float)
        assert np.all(np.abs(mean - exact) <= Z * np.asarray(standard_error) + rounding)

    return check


class Scripted(Law):
    """Stands for a law whose draws are known: hands out its rows in order, over and over."""

    def __init__(self, rows):
        self.rows, self.twin = np.array(rows, dtype=float), Sphere(len(rows[0]))
        self.dim, self.delta = self.twin.dim, self.twin.delta

    def sample(self, n, rng):
        return np.resize(self.rows, (n, self.dim))

    def second_moment(self):
        return self.twin.second_moment()

    def fourth_moment(self, matrix):
        return self.twin.fourth_moment(matrix)

    def dimension_factor(self, a=None):
        return self.twin.dimension_factor(a)

    def norm_moment(self, k):
        return self.twin.norm_moment(k)

    def norm_bound(self):
        return self.twin.norm_bound()


@pytest.fixture
def scripted():
    return Scripted


class Recorder:
    """An objective that counts its calls and keeps every point it was asked at."""

    def __init__(self, function):
        self.function, self.points = function, []

    def __call__(self, points):
        self.points.append(points.copy())
        return self.function(points)

    @property
    def rows(self):
        return sum(map(len, self.points))


@pytest.fixture
def recorder():
    return Recorder


@pytest.fixture
def line():
    return linear
