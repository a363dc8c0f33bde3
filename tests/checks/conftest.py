from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom

from zotheory.rng import stream

# Every count of repetitions below is judged by an exact binomial bound that chance breaks once in 10^6.
CHANCE = 1e-6


class Calibration:
    """Repeats a check over many seeds and judges how often it came out how."""

    def outcomes(self, check, repetitions, name="calibration"):
        return Counter(check(stream(7, name, i)).outcome.value for i in range(repetitions))

    def at_most(self, rate, repetitions):
        return binom.isf(CHANCE, repetitions, rate)

    def at_least(self, rate, repetitions):
        return binom.ppf(CHANCE, repetitions, rate)


@pytest.fixture(scope="session")
def calibration():
    return Calibration()


class Counted:
    """A sampler that counts what was drawn of it (which changes none of its draws)."""

    def __init__(self, sampler):
        self.sampler, self.total = sampler, 0

    def __call__(self, n, rng):
        self.total += n
        return self.sampler(n, rng)


@pytest.fixture
def counted():
    return Counted


@pytest.fixture
def normal():
    def make(mean=0.0, *shape):
        return lambda n, rng: mean + rng.standard_normal((n, *shape))

    return make


@pytest.fixture
def student():
    """Vectors with independent entries of t distributions, covariance the identity if it exists."""

    def make(freedom, dim):
        scale = np.sqrt((freedom - 2) / freedom)
        return lambda n, rng: scale * rng.standard_t(freedom, (n, dim))

    return make
