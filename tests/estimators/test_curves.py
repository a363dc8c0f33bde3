"""Curves of several estimators from shared normal rows."""

import numpy as np
import pytest

from zotheory.errors import InvalidArgument
from zotheory.estimators import Central, Forward, TwoStage, simulate_mse, simulate_mse_curves
from zotheory.functionals import total_mse
from zotheory.laws import DAP, Gaussian, OrthonormalFrame, Rademacher, Sphere

A = np.array([1.0, -2.0, 0.5, 0.0])
X = np.zeros(4)


def linear(points):
    return points @ A


MADE = {
    "sphere": Forward(Sphere(4), 1e-3),
    "gaussian": Central(Gaussian(4), 1e-3),
    "aligned": Forward(DAP(A), 1e-3),
    "signs": Forward(Rademacher(4), 1e-3),
    "two-stage": TwoStage(Gaussian(4), 1e-3, 1, 1, combination="average"),
}
BATCHES = {name: [2, 4, 8] for name in MADE}


def test_each_curve_is_what_its_estimator_has():
    found = simulate_mse_curves(MADE, linear, X, A, 1, batches=[2, 4, 8], trials=20_000)
    assert list(found) == list(MADE)
    for name, curve in found.items():
        for batch, point in zip([2, 4, 8], curve, strict=True):
            alone = simulate_mse(MADE[name].resized(batch), linear, X, A, 7 + batch, trials=20_000)
            spread = np.hypot(point.standard_error, alone.standard_error)
            assert abs(point.mse - alone.mse) < 4.9 * spread
            assert point.ledger.queries == alone.ledger.queries
            assert point.ledger.evaluations == alone.ledger.evaluations
            assert np.all(np.abs(point.mean_error) < 4.9 * np.sqrt(point.mse / 20_000) + 1e-9)
    for name in ("sphere", "gaussian", "aligned", "signs"):
        exact = float(total_mse(MADE[name].law, A))
        assert abs(found[name][0].mse - exact / 2) < 4.9 * found[name][0].standard_error


def test_laws_made_of_normals_share_them():
    """The same estimator under two names has the same errors; one that draws for itself has others."""
    twice = {"one": MADE["sphere"], "two": MADE["sphere"], "signs": MADE["signs"], "again": MADE["signs"]}
    found = simulate_mse_curves(twice, linear, X, A, 5, batches=[4], trials=50)
    assert found["one"][0].mse == found["two"][0].mse
    assert found["signs"][0].mse != found["again"][0].mse


def test_stages_take_different_rows():
    """With zero weight on stage 1 and a fixed first stage the second stage is a DAP on rows of its own."""
    both = {"two": TwoStage(Sphere(4), 1e-3, 4, 4), "one": Forward(Sphere(4), 1e-3)}
    found = simulate_mse_curves(both, linear, X, A, 2, batches=[8], trials=40_000)
    # Given stage 1 the second stage is unbiased with the sphere's error at 4 draws, whatever stage 1 is.
    exact = float(total_mse(Sphere(4), A)) / 4
    assert abs(found["two"][0].mse - exact) < 4.9 * found["two"][0].standard_error


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_and_batches_by_name_change_nothing(workers):
    by_name = BATCHES | {"sphere": [1, 8]}
    one = simulate_mse_curves(MADE, linear, X, A, 3, batches=by_name, trials=500)
    two = simulate_mse_curves(MADE, linear, X, A, 3, batches=by_name, trials=500, workers=workers)
    assert {name: [p.mse for p in curve] for name, curve in one.items()} == {
        name: [p.mse for p in curve] for name, curve in two.items()
    }
    assert len(one["sphere"]) == 2


def test_trials_too_large_for_a_block_draw_for_themselves():
    from zotheory.estimators import draws

    most = 2 * draws.block_rows(4)
    found = simulate_mse_curves({"one": MADE["sphere"]}, linear, X, A, 4, batches=[2, most], trials=2)
    assert found["one"][1].mse < 1e-2


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"estimators": {}}, "estimators"),
        ({"estimators": [MADE["sphere"]]}, "estimators"),
        ({"estimators": {"a": 3}}, "estimator"),
        ({"estimators": {"a": MADE["sphere"], "b": Forward(Sphere(3), 1e-3)}}, "gradient"),
        ({"batches": {"sphere": [1]}}, "batches"),
        ({"batches": [2, 1]}, "batches"),
        ({"batches": [1, 2]}, "batches"),  # not to be split in two stages
        ({"trials": 0}, "trials"),
        ({"workers": 0}, "workers"),
        ({"estimators": {"f": Central(OrthonormalFrame(4, 2), 1, batch=2)}, "batches": [3]}, "batches"),
    ],
)
def test_bad_input(change, name):
    arguments = {"estimators": MADE, "batches": [2], "trials": 3, "workers": 1} | change
    with pytest.raises(InvalidArgument, match=f"^{name} "):
        simulate_mse_curves(arguments.pop("estimators"), linear, X, A, 0, **arguments)
