"""Frames inside other laws: their draws become independent, as the batch formulas assume."""

import numpy as np
import pytest

from zotheory.laws import Mixture, OrthonormalFrame, RandomBlock
from zotheory.rng import stream


@pytest.mark.parametrize(
    "law",
    [
        Mixture([OrthonormalFrame(4, 4)], [1.0]),
        RandomBlock(4, 4, lambda m, delta: OrthonormalFrame(m, 4, delta)),
    ],
    ids=["mixture", "block"],
)
def test_consecutive_draws_of_a_law_that_holds_a_frame_are_independent(law):
    a = np.array([1.0, -2.0, 0.5, 0.3])
    trials = 20_000
    v = law.sample(4 * trials, stream(3, "frames")).reshape(trials, 4, 4)
    errors = ((v @ a)[..., None] * v).mean(axis=1) - a
    squares = (errors**2).sum(axis=1) / (a @ a)
    expected = (law.dimension_factor(a) - 1) / 4
    assert law.batch_mse_factor(a, 4) == pytest.approx(expected, rel=1e-12)
    # False-alarm rate 1e-6 under the normal approximation.
    assert abs(squares.mean() - expected) < 4.9 * squares.std() / np.sqrt(trials)


def test_a_frame_alone_still_draws_frames():
    law = OrthonormalFrame(4, 4)
    v = law.sample(4, 1)
    assert np.allclose(v @ v.T, 4 * np.eye(4))
    w = law.sample_independent(4, 1)
    assert not np.allclose(w @ w.T, 4 * np.eye(4))
