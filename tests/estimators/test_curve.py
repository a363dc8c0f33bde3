"""Errors at several batch sizes from the same perturbations: each one that of its own batch."""

import math
import tracemalloc

import numpy as np
import pytest

from zotheory.errors import InvalidArgument
from zotheory.estimators import Central, Forward, OnePoint, TwoStage, simulate_mse, simulate_mse_curve
from zotheory.estimators import draws as draws_module
from zotheory.functionals import total_mse
from zotheory.laws import DAP, Gaussian, OrthonormalFrame, Sphere

X = np.array([0.1, -0.3, 1.0, 0.2])
ONE_STAGE = {"forward": Forward, "central": Central, "one-point": OnePoint}
KINDS = {
    **ONE_STAGE,
    "two-stage": lambda law, mu: TwoStage(law, mu, 1, 1, "average"),
    "two-stage-gaussian": lambda law, mu: TwoStage(
        law, mu, 1, 1, complement="gaussian", difference="central"
    ),
}


def wavy(points):
    return (points**2).sum(axis=1) + np.cos(points[:, 0])


def difference(kind, mu, v):
    if kind == "central":
        return (wavy(X + mu * v) - wavy(X - mu * v)) / (2 * mu)
    return (wavy(X + mu * v) - (wavy(X[None]) if kind == "forward" else 0)) / mu


@pytest.mark.parametrize("kind", ONE_STAGE)
@pytest.mark.parametrize("block", [20, 2**17])  # a trial in slices of five rows, or all trials at once
def test_points_are_means_over_prefixes(kind, block, scripted, monkeypatch):
    monkeypatch.setattr(draws_module, "BLOCK_NUMBERS", block)
    batches, trials, a = [1, 2, 5, 6, 10], 3, np.array([1.0, 2.0, 0, -1])
    v = np.random.default_rng(0).standard_normal((trials, 10, 4))
    # A law that hands out the rows of each block from the start: every trial, or every slice, has the same.
    rows = v[0] if block > 20 else v[0, :5]
    law, used = scripted(rows), np.resize(rows, (10, 4))
    found = simulate_mse_curve(
        ONE_STAGE[kind](law, 0.1), wavy, X, a, 0, batches=batches, trials=trials, coordinates=[0, 2]
    )
    for batch, point in zip(batches, found, strict=True):
        head = used[:batch]
        g = sum(difference(kind, 0.1, row[None])[0] * row for row in head) / batch
        error = (g - a)[[0, 2]]
        assert point.mse == pytest.approx(error @ error, rel=1e-10)
        np.testing.assert_allclose(point.mean_error, error, rtol=1e-10)
        assert point.standard_error == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("block", [20, 60, 2**17])
def test_largest_batch_is_the_simulation_alone(kind, block, monkeypatch, a, line):
    monkeypatch.setattr(draws_module, "BLOCK_NUMBERS", block)
    estimator = kind(Sphere(4), 0.1)
    for batches in ([12], [2, 4, 12], [8, 12]):
        found = simulate_mse_curve(estimator, line, X, a, 5, batches=batches, trials=31)
        alone = simulate_mse(estimator.resized(12), line, X, a, 5, trials=31)
        assert found[-1].mse == pytest.approx(alone.mse, rel=1e-12)
        assert found[-1].standard_error == pytest.approx(alone.standard_error, rel=1e-10)
        np.testing.assert_allclose(found[-1].mean_error, alone.mean_error, rtol=1e-9, atol=1e-12)
        for point, batch in zip(found, batches, strict=True):  # the points do not depend on one another
            own = simulate_mse_curve(
                estimator, line, X, a, 5, batches=[batch, 12][: 1 + (batch < 12)], trials=31
            )
            assert own[0].mse == pytest.approx(point.mse, rel=1e-12)


@pytest.mark.parametrize("kind", ["two-stage", "two-stage-gaussian"])
@pytest.mark.parametrize("block", [20, 2**17])
def test_two_stages_with_prefixes_of_the_same_rows(kind, block, monkeypatch, a):
    # Written out: stage 1 is a prefix; stage 2 projects a prefix of the same normal rows.
    monkeypatch.setattr(draws_module, "BLOCK_NUMBERS", block)
    seen = {}

    def kept(self, batch_rows, key):
        seen.setdefault(key, []).append(batch_rows)
        return batch_rows

    fetched = draws_module.Draws._fetched
    monkeypatch.setattr(
        draws_module.Draws,
        "_fetched",
        lambda self, block: kept(self, fetched(self, block), (self._name, block)),
    )
    found = simulate_mse_curve(KINDS[kind](Gaussian(4), 0.1), wavy, X, a, 5, batches=[2, 8, 14], trials=1)
    law, normal = (
        np.concatenate([seen[key][0] for key in sorted(seen) if key[0] == name])
        for name in ("law", "aligned")
    )
    assert law.shape == normal.shape == (7, 4)
    central = kind == "two-stage-gaussian"

    def mean(rows):
        return np.mean(
            [difference("central" if central else "forward", 0.1, v[None])[0] * v for v in rows], axis=0
        )

    for half, point in zip([1, 4, 7], found, strict=True):
        one = mean(law[:half])
        e = one / math.sqrt(one @ one)
        rows = []
        for z in normal[:half]:
            w = z - (z @ e) * e
            w = w if central else w * math.sqrt(3 / (w @ w))
            rows.append(np.sign(z @ e) * e + w)
        g = mean(rows) if central else (one + mean(rows)) / 2
        assert point.mse == pytest.approx((g - a) @ (g - a), rel=1e-9)


@pytest.mark.parametrize("law", [Sphere(4), Gaussian(4), DAP([1.0, 0, 0, 0])], ids=str)
def test_statistics_of_one_stage(law, agrees, a, line):
    # (nu - 1) |a|^2 / b for linear f, at every point of the curve.
    batches = [1, 2, 4, 8, 64]
    found = simulate_mse_curve(Central(law, 1), line, np.zeros(4), a, 6, batches=batches, trials=20_000)
    for batch, point in zip(batches, found, strict=True):
        agrees(point.mse, point.standard_error, float(total_mse(law, a)) / batch)
        for mean in point.mean_error:
            agrees(mean, math.sqrt(point.mse / 20_000), 0)


def test_statistics_of_frames(agrees, a, line):
    # Whole frames of 2 in dimension 4: |a|^2 (4 / 2 - 1) / (frames).
    found = simulate_mse_curve(
        Central(OrthonormalFrame(4, 2), 1, 2), line, np.zeros(4), a, 6, batches=[2, 4, 10], trials=20_000
    )
    for frames, point in zip([1, 2, 5], found, strict=True):
        agrees(point.mse, point.standard_error, (a @ a) / frames)


def test_statistics_of_two_stages(agrees, a, line):
    # Each stage 2 has the error (d - 1) |a|^2 / m whatever its direction.
    estimator = TwoStage(Sphere(4), 1, 1, 3)
    found = simulate_mse_curve(estimator, line, np.zeros(4), a, 6, batches=[4, 8, 40], trials=20_000)
    for second, point in zip([3, 6, 30], found, strict=True):
        agrees(point.mse, point.standard_error, 3 * (a @ a) / second)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("block", [20, 60, 2**17])
def test_chunks_and_workers_leave_the_curve_alone(kind, block, monkeypatch, a):
    monkeypatch.setattr(draws_module, "BLOCK_NUMBERS", block)
    estimator, batches = kind(Sphere(4), 0.1), [2, 6, 12]
    whole = simulate_mse_curve(estimator, wavy, X, a, 3, batches=batches, trials=31)
    for chunk, workers in ((1, 1), (7, 1), (31, 1), (None, 3), (5, 2)):
        found = simulate_mse_curve(
            estimator, wavy, X, a, 3, batches=batches, trials=31, chunk=chunk, workers=workers
        )
        assert [p.mse for p in found] == pytest.approx([p.mse for p in whole], rel=1e-12)
        assert [p.ledger.queries for p in found] == [p.ledger.queries for p in whole]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("chunk", [None, 1, 7])
def test_ledgers_are_those_of_each_batch_alone(kind, chunk, recorder, a):
    estimator, batches = kind(Sphere(4), 0.1), [2, 6, 12]
    seen = recorder(wavy)
    found = simulate_mse_curve(estimator, seen, X, a, 3, batches=batches, trials=20, chunk=chunk)
    for batch, point in zip(batches, found, strict=True):
        own = recorder(wavy)
        alone = simulate_mse(estimator.resized(batch), own, X, a, 3, trials=20, chunk=chunk).ledger
        assert (point.ledger.queries, point.ledger.trials) == (alone.queries, alone.trials)
        assert point.ledger.evaluations == alone.evaluations == own.rows
        assert point.ledger.calls == len(seen.points)
    if not isinstance(estimator, TwoStage):  # the values of the largest batch serve all
        assert seen.rows == found[-1].ledger.evaluations


def test_memory_follows_the_chunk_not_the_trials(a, line):
    tracemalloc.start()
    for batches, trials in (([1, 64, 4096], 250), ([1, 10**6], 1)):
        simulate_mse_curve(Central(Sphere(4), 1), line, np.zeros(4), a, 6, batches=batches, trials=trials)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16e6  # the perturbations of either run alone would take 32 MB


@pytest.mark.parametrize(
    "batches",
    [
        [],
        None,
        4,
        "4",
        "12",
        [0],
        [0, 1],
        [-1],
        [1.0],
        [1, 2.5],
        ["1"],
        [True, 2],
        [1, 1],
        [2, 1],
        [1, 3, 2],
        {1, 2},
    ],
)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_bad_batches(kind, batches, a):
    with pytest.raises(InvalidArgument, match="batches"):
        simulate_mse_curve(kind(Sphere(4), 1), never, X, a, 0, batches=batches, trials=2)


def never(points):
    raise AssertionError("called although an argument is bad")


@pytest.mark.parametrize(
    ("estimator", "batches"),
    [
        (Central(OrthonormalFrame(4, 2), 1, 2), [1, 2]),
        (Central(OrthonormalFrame(4, 2), 1, 2), [2, 5]),
        (TwoStage(OrthonormalFrame(4, 2), 1, 2, 2), [2, 4]),  # half of 2 is no frame
        (TwoStage(Sphere(4), 1, 1, 1), [3]),
        (TwoStage(Sphere(4), 1, 2, 4), [3, 7]),
    ],
)
def test_batches_that_cannot_be_had(estimator, batches, a):
    with pytest.raises(InvalidArgument, match=r"batches.*cannot be had: .*give a multiple of"):
        simulate_mse_curve(estimator, never, X, a, 0, batches=batches, trials=2)


def test_other_bad_arguments(a):
    good = {"estimator": Central(Sphere(4), 1), "objective": never, "x": X, "gradient": a, "rng": 0}
    for name, value in (
        ("estimator", None),
        ("gradient", [1]),
        ("x", [1]),
        ("trials", 0),
        ("chunk", 0),
        ("rng", -1),
    ):
        arguments = {**good, "batches": [1, 2], "trials": 2, name: value}
        with pytest.raises(InvalidArgument, match=name):
            simulate_mse_curve(**arguments)


def test_arrays_and_ranges_of_batches(a, line):
    for batches in (np.array([1, 3]), range(1, 4, 2), (1, 3)):
        found = simulate_mse_curve(Central(Sphere(4), 1), line, X, a, 0, batches=batches, trials=2)
        assert [point.ledger.queries for point in found] == [4, 12]
