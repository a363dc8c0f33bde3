"""The same seed gives the same estimates, whatever the chunks; memory follows the chunk."""

import threading
import tracemalloc

import numpy as np
import pytest

from zotheory.errors import InvalidArgument
from zotheory.estimators import Central, Forward, OnePoint, TwoStage, simulate_mse
from zotheory.estimators import draws as draws_module
from zotheory.laws import Gaussian, OrthonormalFrame, Sphere


def rowwise(points):
    # Row by row in one order, so that a value does not depend on the other rows.
    return (points**2).sum(axis=1) + np.cos(points[:, 0])


ESTIMATORS = {
    "forward": lambda law: Forward(law, 0.1, 3),
    "central": lambda law: Central(law, 0.1, 3),
    "one-point": lambda law: OnePoint(law, 0.1, 3),
    "single": lambda law: Central(law, 0.1),
    "two-stage": lambda law: TwoStage(law, 0.1, 3, 2, "average"),
    "two-stage-gaussian": lambda law: TwoStage(law, 0.1, 3, 4, complement="gaussian"),
}


@pytest.mark.parametrize("make", ESTIMATORS.values(), ids=ESTIMATORS.keys())
def test_chunks_leave_the_estimates_alone(family, make, monkeypatch):
    # Blocks of a few trials, so that chunks begin and end inside blocks and span several.
    monkeypatch.setattr(draws_module, "BLOCK_NUMBERS", 60)
    estimator, x = make(family(0.5)), np.array([0.1, -0.3, 1.0, 0.2])
    whole = estimator.estimate(rowwise, x, 3, 31).gradients
    for chunk in (1, 2, 5, 7, 30, 31, 1000):
        assert np.array_equal(whole, estimator.estimate(rowwise, x, 3, 31, chunk).gradients)
    assert np.array_equal(whole, estimator.estimate(rowwise, x, 3, 31).gradients)
    assert not np.array_equal(whole, estimator.estimate(rowwise, x, 4, 31).gradients)
    assert len(np.unique(whole.round(12), axis=0)) > 1


@pytest.mark.parametrize("dim", [1, 2, 17])
@pytest.mark.parametrize("batch", [1, 2, 13])
def test_chunks_in_other_dimensions(dim, batch):
    for estimator in (Central(Sphere(dim), 0.1, batch), TwoStage(Gaussian(dim), 0.1, batch, batch)):
        whole = estimator.estimate(rowwise, np.ones(dim), 3, 50).gradients
        for chunk in (1, 3, 49):
            assert np.array_equal(whole, estimator.estimate(rowwise, np.ones(dim), 3, 50, chunk).gradients)


def test_batches_larger_than_a_block_are_cut_between_frames(monkeypatch, recorder):
    monkeypatch.setattr(draws_module, "BLOCK_NUMBERS", 40)  # ten rows of length 4: three frames of three
    estimator, x = Central(OrthonormalFrame(4, 3), 1, 24), np.zeros(4)
    seen = recorder(rowwise)
    whole = estimator.estimate(seen, x, 3, 5).gradients
    assert max(map(len, seen.points)) == 9
    for call in seen.points[::2]:
        for frame in call.reshape(-1, 3, 4):
            np.testing.assert_allclose(frame @ frame.T, 4 * np.eye(3), atol=1e-12)
    for chunk in (1, 2, 5):
        assert np.array_equal(whole, estimator.estimate(rowwise, x, 3, 5, chunk).gradients)


@pytest.mark.parametrize("combination", ["second", "average"])
def test_large_batches_keep_their_error(monkeypatch, agrees, combination, line, a):
    monkeypatch.setattr(draws_module, "BLOCK_NUMBERS", 40)
    found = simulate_mse(TwoStage(Sphere(4), 1, 24, 24, combination), line, np.zeros(4), a, 5, trials=800)
    agrees(found.mse, found.standard_error, 3 * (a @ a) / (24 if combination == "second" else 48))


@pytest.mark.parametrize("make", ESTIMATORS.values(), ids=ESTIMATORS.keys())
@pytest.mark.parametrize("block", [5, 60])
def test_workers_leave_the_estimates_alone(make, block, monkeypatch):
    # Of 5 numbers: a batch of three rows of length four is sliced. Of 60: five trials a block.
    monkeypatch.setattr(draws_module, "BLOCK_NUMBERS", block)
    estimator, x = make(Gaussian(4)), np.array([0.1, -0.3, 1.0, 0.2])
    alone = estimator.estimate(rowwise, x, 3, 31)
    for workers in (2, 5):
        for chunk in (None, 3, 31):
            found = estimator.estimate(rowwise, x, 3, 31, chunk, workers=workers)
            assert np.array_equal(alone.gradients, found.gradients)
            assert found.ledger.queries == alone.ledger.queries


def test_workers_end_with_the_run(monkeypatch):
    monkeypatch.setattr(draws_module, "BLOCK_NUMBERS", 60)
    before = threading.active_count()
    parts = Central(Sphere(4), 1, 3).stream(rowwise, np.zeros(4), 0, 100, workers=3)
    next(parts)
    assert threading.active_count() > before
    parts.close()  # a reader who stops early
    assert threading.active_count() == before

    def breaks(points):
        raise OSError("gone")

    with pytest.raises(InvalidArgument, match="OSError: gone"):
        Central(Sphere(4), 1, 3).estimate(breaks, np.zeros(4), 0, 100, workers=3)
    assert threading.active_count() == before


def test_generators_move_on_and_integers_do_not():
    estimator, x = Central(Sphere(3), 0.1), np.ones(3)
    generator = np.random.default_rng(5)
    one, two = (estimator.estimate(rowwise, x, generator) for _ in "ab")
    assert not np.array_equal(one.gradients, two.gradients)
    again = estimator.estimate(rowwise, x, np.random.default_rng(5))
    assert np.array_equal(one.gradients, again.gradients)


def test_estimators_with_one_seed_share_their_first_stage():
    # Common random numbers: the same law, seed and batch give the same draws, in either estimator.
    x = np.ones(3)
    one = Forward(Sphere(3), 0.1, 4).estimate(rowwise, x, 1, 10).gradients
    two = TwoStage(Sphere(3), 0.1, 4, 4, 1).estimate(rowwise, x, 1, 10).gradients
    np.testing.assert_allclose(one, two, rtol=1e-12)


def test_a_million_trials_in_little_memory(agrees):
    # All estimates at once would take 64 MB, all perturbations as much again.
    a = np.arange(1.0, 9)
    tracemalloc.start()
    found = simulate_mse(Central(Sphere(8), 1), lambda p: p @ a, np.zeros(8), a, 6, trials=1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16e6
    assert found.ledger.queries == found.ledger.evaluations == 2_000_000
    agrees(found.mse, found.standard_error, 7 * (a @ a))
    assert found.standard_error < 1e-3 * found.mse * 2


def test_one_batch_of_a_million_in_little_memory():
    tracemalloc.start()
    found = TwoStage(Sphere(4), 1, 500_000, 500_000).estimate(lambda p: p[:, 0], np.zeros(4), 7)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16e6
    # Each entry has standard deviation below sqrt(3 / 500000) = 0.0025.
    np.testing.assert_allclose(found.gradients[0], [1, 0, 0, 0], atol=0.0025 * 6)


def test_many_dimensions():
    dim = 10**6
    found = TwoStage(Sphere(dim), 1e-3, 2, 2).estimate(lambda p: p[:, 0] + 1, np.zeros(dim), 8)
    assert found.gradients.shape == (1, dim)
    assert np.isfinite(found.gradients).all()
    assert not found.gradients.flags.writeable
