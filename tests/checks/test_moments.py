import numpy as np
import pytest
from scipy import stats

from zotheory.checks.batches import sums
from zotheory.checks.moments import Moments, Tail
from zotheory.rng import stream


def gathered(batches):
    moments = Moments(np.zeros(batches[0].shape[1]))
    for batch in batches:
        moments.add(sums(batch))
    return moments


@pytest.mark.parametrize("centre", [0.0, 1e4])
def test_merged_batches_have_the_moments_of_the_whole(centre):
    rng = stream(1, "moments")
    y = centre + rng.gamma(2.0, size=(1000, 3)) * [1, 10, 0.1]
    moments = gathered(np.split(y, [1, 8, 400, 401]))
    assert moments.count == 1000
    np.testing.assert_allclose(moments.mean, y.mean(axis=0))
    np.testing.assert_allclose(moments.variance, y.var(axis=0, ddof=1))
    np.testing.assert_allclose(moments.standard_error, stats.sem(y))
    np.testing.assert_allclose(moments.lyapunov, stats.skew(y) / np.sqrt(1000), rtol=1e-6)
    np.testing.assert_allclose(moments.dominance, stats.kurtosis(y, fisher=False) / 1000, rtol=1e-6)


def test_a_constant_has_no_variance_but_for_rounding():
    y = np.full((100, 2), [0.1 * 3, 1e9])
    y[::2, 1] += 1e-7
    moments = gathered([y, y])
    assert not moments.variance.any()
    assert not moments.lyapunov.any()
    np.testing.assert_array_equal(moments.scores(2), [np.inf, np.inf])


def test_scores_are_signed_for_bounds_only():
    moments = gathered([np.array([[-1.0, 0.0], [-3.0, 0.0]])])
    np.testing.assert_allclose(moments.scores(1), [-2, 0])
    np.testing.assert_allclose(moments.scores(2), [2, 0])


def test_snapshots_stay():
    moments = gathered([np.ones((4, 1))])
    kept = moments.snapshot()
    moments.add(sums(np.full((4, 1), 5.0)))
    assert (kept.count, kept.mean[0], kept.calls) == (4, 1.0, 1)
    assert moments.mean[0] == 3.0


@pytest.mark.parametrize("alpha", [1.0, 1.5, 3.0])
def test_tail_index_of_pareto_laws(alpha):
    # Hill's estimator is exact here: k / Gamma(k) times alpha, so within 5 standard errors.
    tail, rng = Tail(), stream(2, "tail")
    for _ in range(10):
        tail.add(1 + rng.pareto(alpha, 5_000))
    index, error = tail.index()
    assert error == pytest.approx(index / np.sqrt(200))
    assert abs(index - alpha) < 5 * error


def test_light_tails_have_a_large_index():
    tail = Tail()
    tail.add(np.abs(stream(3, "tail").standard_normal(100_000)))
    assert tail.index()[0] > 5
    for magnitudes in (np.ones(5000), np.zeros(5000), np.ones(3), np.arange(5000) >= 4990):
        short = Tail()
        short.add(magnitudes.astype(float))
        assert short.index() == (np.inf, 0.0)


def tail_of(magnitudes):
    tail = Tail()
    tail.add(np.asarray(magnitudes, float))
    return tail.index()


def test_lattices_and_clusters_have_no_tail_index():
    # Bounded laws all of them: a power law has no ties, and no gap as wide as theirs.
    rng = stream(5, "tail")
    for rare in (3, 30, 100, 150):
        two = np.concatenate([np.full(rare, 200.0), np.full(50_000 - rare, 1.0)])
        assert tail_of(two) == (np.inf, 0.0)
        assert tail_of(two[: rare + 100] - (two[: rare + 100] == 1)) == (np.inf, 0.0)
        noisy = two + 1e-3 * rng.standard_normal(50_000)
        assert tail_of(noisy)[0] > 10
    sizes = np.repeat([1e6, 1e4, 100.0, 1.0], [2, 20, 60, 50_000])
    assert tail_of(sizes) == (np.inf, 0.0)


def test_heavy_tails_are_seen_on_a_lattice_too_and_above_a_gap():
    rng = stream(6, "tail")
    index, error = tail_of(rng.zipf(2.5, 50_000))  # P(X > t) of about t^-1.5
    assert abs(index - 1.5) < 5 * error
    apart = np.concatenate([1e6 * (1 + rng.pareto(1.5, 100)), rng.random(50_000)])
    index, error = tail_of(apart)
    assert error == pytest.approx(index / 10, rel=0.01)
    assert abs(index - 1.5) < 5 * error


def test_power_laws_hardly_ever_seem_to_have_a_gap():
    rng = stream(7, "tail")
    found = [tail_of(1 + rng.pareto(1.5, 25_000)) for _ in range(300)]
    assert {round(index / error) for index, error in found} == {14}  # all 200 of the largest are used


def test_calls_that_share_something_are_noticed_and_others_are_not():
    rng = stream(4, "calls")
    for _ in range(50):
        assert not gathered([rng.standard_normal((250, 3)) for _ in range(8)]).calls_differ()
        assert not gathered([rng.exponential(size=(250, 1)) for _ in range(40)]).calls_differ()
    shift = [rng.standard_normal((250, 1)) + 0.5 * rng.standard_normal() for _ in range(8)]
    assert gathered(shift).calls_differ()
    frozen = [np.full((250, 1), rng.standard_normal()) for _ in range(200)]
    assert gathered(frozen).calls_differ()
    negatively = [np.repeat([[1.0], [-1.0]], 125, axis=0) for _ in range(8)]
    assert not gathered(negatively).calls_differ()
