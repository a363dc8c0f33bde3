"""Estimation error: targets, closed forms by other routes, and measurements that agree with them."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from experiments._batch_groups import groups
from experiments._measurements import KINDS, errors, large_coordinates, measured, predicted
from experiments._methods import Knowledge, estimator, guide
from experiments._predictions import error_covariance
from experiments._targets import target
from experiments.estimation_error import METHODS, Config, cells, run
from zotheory.errors import InvalidArgument, Unsupported
from zotheory.estimators import Forward, TwoStage
from zotheory.experiment import Seed
from zotheory.laws import Gaussian, OrthonormalFrame, Rademacher, Sphere

TOLD = Knowledge(alignment=0.8, probability=0.9, block_size=2, mixing=0.1)
SMALL = Config(quadratic_dim=4, product_dim=4, batches=(2, 12, 24), trials=1500, mus=(0.0,))
# Normal means leave five standard errors once in two million; some hundred are looked at, at fixed seeds.
LIMIT = 5.0


def seed(name: str, index: int = 0) -> Seed:
    return Seed(index, "estimation-error", name)


def gradient(dim: int) -> np.ndarray:
    return np.random.default_rng(7).standard_normal(dim)


@pytest.mark.parametrize("name", ["indefinite", "definite", "product"])
def test_gradients_are_those_of_central_differences(name):
    at = target(name, 6, np.random.default_rng(3))
    steps = 1e-6 * np.eye(6)
    slopes = (at.objective(at.point + steps) - at.objective(at.point - steps)) / 2e-6
    assert slopes == pytest.approx(at.gradient, abs=1e-8)
    assert np.count_nonzero(at.gradient) == (1 if name == "product" else 3)
    assert at.linearised().objective(np.eye(6)) == pytest.approx(at.gradient)


def test_the_sign_of_the_curvature_leaves_the_size_of_the_gradient():
    both = [target(name, 8, np.random.default_rng(1)) for name in ("indefinite", "definite")]
    assert (np.abs(both[0].gradient) == np.abs(both[1].gradient)).all()
    assert (both[0].gradient != both[1].gradient).any()


def enumerated(points: np.ndarray, weights: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return E[(g - a)(g - a)^T] of g = v (v.a) over finitely many v."""
    g = points * (points @ a)[:, None] - a
    return np.einsum("n,ni,nj->ij", weights, g, g)


def test_classical_laws_against_all_their_points_and_the_moments_of_the_sphere():
    d, b = 4, 6
    a = gradient(d)
    square, outer = a @ a, np.outer(a, a)
    signs = np.array(list(product((-1.0, 1.0), repeat=d)))
    axes = 2 * np.vstack([np.eye(d), -np.eye(d)])
    by_hand = {
        "rademacher": enumerated(signs, np.full(16, 1 / 16), a),
        "coordinate": enumerated(axes, np.full(8, 1 / 8), a),
        # E v_i v_j v_k v_l = c (three pairings), c = 1 (Gaussian) or d/(d + 2).
        "gaussian": square * np.eye(d) + 2 * outer - outer,
        "sphere": d / (d + 2) * (square * np.eye(d) + 2 * outer) - outer,
        "dap-exact": square * np.eye(d) - outer,
    }
    for name, covariance in by_hand.items():
        made = estimator(name, a, b, 1.0, "forward", TOLD, np.random.default_rng(0))
        assert error_covariance(made, a) == pytest.approx(covariance / b), name


def test_guided_and_importance_against_their_definitions():
    d = 6
    a = gradient(d)
    rng = np.random.default_rng
    e = guide(a, 0.8, rng(2))
    assert e @ e == pytest.approx(1)
    assert e @ a == pytest.approx(0.8 * np.linalg.norm(a))
    # Two-atom law: a point along e, and a spherical design of the complement: +-sqrt(m) of an orthonormal
    # basis has the fourth moments of its total, not of its entries, so totals are compared.
    root = np.sqrt(0.36 * (d - 1))
    p = 0.8 / (0.8 + root)
    across = np.linalg.svd(e[None])[2][1:] * np.sqrt((d - 1) / (1 - p))
    points = np.vstack([e / np.sqrt(p), across])
    weights = np.r_[p, np.full(d - 1, (1 - p) / (d - 1))]
    made = estimator("guided", a, 2, 1.0, "forward", TOLD, rng(2))
    total = np.trace(enumerated(points, weights, a)) / 2
    assert np.trace(error_covariance(made, a)) == pytest.approx(total)
    assert total / (a @ a) == pytest.approx(((0.8 + root) ** 2 - 1) / 2)
    # Importance over coordinates: sqrt(1/p_i) e_i with probability p_i ~ sqrt(energy_i).
    energies = 0.9 * a**2 / (a @ a) + 0.1 / d
    p_i = np.sqrt(energies) / np.sqrt(energies).sum()
    covariance = enumerated(np.diag(p_i**-0.5), p_i, a)
    made = estimator("importance-coordinates", a, 1, 1.0, "forward", TOLD, rng(2))
    assert error_covariance(made, a) == pytest.approx(covariance)


def test_several_frames_simulated_by_hand():
    rng, a, n = np.random.default_rng(4), gradient(4), 20_000
    q = np.linalg.qr(rng.standard_normal((n, 3, 4, 2)))[0]  # three frames of two directions
    g = 2 * np.einsum("nfik,nfjk,j->nfi", q, q, a).mean(axis=1)
    made = Forward(OrthonormalFrame(4, 2), 1.0, 6)
    found, theory = measured(g - a, a, 0.5), predicted(error_covariance(made, a), a, 0.5)
    for kind in KINDS:
        assert abs(found[kind].value - theory[kind]) < LIMIT * found[kind].standard_error, kind


def test_two_stages_in_the_plane_by_quadrature():
    """Stage 1 over a grid of the angles of its probes; v = +-e +-e' then has s = 1 +- sin 2 phi."""
    a, k, m, n = np.array([1.0, 0.0]), 3, 4, 60
    angles = 2 * np.pi * np.arange(n) / n
    grid = np.stack(np.meshgrid(angles, angles, angles, indexing="ij"), axis=-1).reshape(-1, k)
    rough = np.stack([np.cos(grid) ** 2, np.cos(grid) * np.sin(grid)]).sum(axis=-1)
    phi = np.arctan2(rough[1], rough[0])
    first = np.array([1 / 2, 1 / 2]) / k  # sphere, d = 2: E (2 cos^2 - 1)^2, E (2 cos sin)^2
    second = np.array([np.mean(np.sin(2 * phi) ** 2), np.mean(np.cos(2 * phi) ** 2)]) / m
    for weight in (0.0, 0.3):
        made = TwoStage(Sphere(2), 1.0, k, m, weight or "second")
        exact = weight**2 * first + (1 - weight) ** 2 * second
        assert np.diagonal(error_covariance(made, a)) == pytest.approx(exact, rel=1e-3)


def test_two_stages_simulated_by_hand():
    d, k, m, n = 5, 7, 3, 20_000
    rng, a = np.random.default_rng(11), np.array([2.0, -1.0, 0.5, 0.0, 1.0])
    u = rng.standard_normal((n, k, d))
    u *= np.sqrt(d) / np.linalg.norm(u, axis=2, keepdims=True)
    one = (u * (u @ a)[:, :, None]).mean(axis=1)
    e = (one / np.linalg.norm(one, axis=1, keepdims=True))[:, None]
    z = rng.standard_normal((n, m, d))
    z -= (z * e).sum(axis=2, keepdims=True) * e
    z *= np.sqrt(d - 1) / np.linalg.norm(z, axis=2, keepdims=True)
    v = z + rng.choice([-1.0, 1.0], (n, m, 1)) * e
    two = (v * (v @ a)[:, :, None]).mean(axis=1)
    for combination, g in (("second", two), ("average", (k * one + m * two) / (k + m))):
        made = TwoStage(Sphere(d), 1.0, k, m, combination)
        found, theory = measured(g - a, a, 0.5), predicted(error_covariance(made, a), a, 0.5)
        for kind in KINDS:
            assert abs(found[kind].value - theory[kind]) < LIMIT * found[kind].standard_error, kind


def test_only_isotropic_probes_have_a_closed_form():
    with pytest.raises(Unsupported, match="Rademacher"):
        error_covariance(TwoStage(Rademacher(3), 1.0, 2, 2), np.ones(3))


@pytest.mark.parametrize("method", METHODS)
def test_measured_errors_agree_with_theory(method):
    for function in ("indefinite", "product"):
        found = run(SMALL, {"function": function, "mu": 0.0, "method": method}, seed(method))
        assert found.rows == 3
        for kind in KINDS:
            names = (kind, f"{kind}_standard_error", f"predicted_{kind}")
            value, error, exact = (found.columns[name] for name in names)
            assert (np.abs(value - exact) <= LIMIT * error + 1e-12).all(), (function, kind)
        if method == "frame" and function == "product":  # whole frames
            assert found.columns["predicted_total"][1:].tolist() == [0, 0]
        if method == "dap-exact":
            assert found.columns["predicted_directional"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("law", [Sphere(6, delta=1.3), Gaussian(6, delta=1.0)])
def test_another_scale_or_law_is_noticed(law):
    """Planted: draws of the wrong law or delta, against the theory of the sphere with delta = 1."""
    at = target("product", 6, np.random.default_rng(0)).linearised()
    found = errors(Forward(law, 1.0, 8), at, [8], 4000, np.random.default_rng(1))
    total = measured(found.values[0], at.gradient, 0.5)["total"]
    exact = predicted(error_covariance(Forward(Sphere(6), 1.0, 8), at.gradient), at.gradient, 0.5)["total"]
    assert abs(total.value - exact) > LIMIT * total.standard_error


def test_steps_of_finite_length_shift_forward_differences_as_computed():
    """On a quadratic the forward difference has the extra term mu/2 v^T H v: exact over all signs."""
    at, mu = target("definite", 4, np.random.default_rng(5)), 0.5
    v = np.array(list(product((-1.0, 1.0), repeat=4)))
    slopes = (at.objective(at.point + mu * v) - at.objective(at.point[None])) / mu
    g = v * slopes[:, None] - at.gradient
    exact = np.mean((g**2).sum(axis=1)) / (at.gradient @ at.gradient)
    found = errors(Forward(Rademacher(4), mu, 1), at, [1], 20_000, np.random.default_rng(2))
    total = measured(found.values[0], at.gradient, 0.5)["total"]
    limit = predicted(error_covariance(Forward(Rademacher(4), mu, 1), at.gradient), at.gradient, 0.5)
    assert abs(total.value - exact) < LIMIT * total.standard_error
    assert abs(total.value - limit["total"]) > LIMIT * total.standard_error


def test_only_a_positive_mu_sees_the_curvature():
    """Whole frames have no error in the limit, and one of order mu where the function is not linear."""
    totals = [
        run(SMALL, {"function": "product", "mu": mu, "method": "frame"}, seed("frame")).columns["total"][-1]
        for mu in (0.0, 1e-3)
    ]
    assert totals[0] < 1e-25
    assert 1e-9 < totals[1] < 1e-3


def test_small_batches_have_the_trials_that_their_draws_make():
    assert groups((2, 4, 16, 32, 96), 5, 16) == [((2, 4, 16), 30), ((32, 96), 5)]
    assert groups((2, 4), 5, 16) == [((2, 4), 5)]
    assert groups((32, 64), 5, 16) == [((32, 64), 5)]


def test_all_methods_share_the_point_the_threshold_and_the_queries():
    config = replace(SMALL, trials=2, functions=("indefinite",))
    tables = [run(config, cell, seed(str(cell))) for cell in cells(config)]
    assert len(tables) == len(METHODS)
    for name in ("large_share", "large_coordinates", "queries_per_estimate", "dimension"):
        assert len({tuple(table.columns[name].tolist()) for table in tables}) == 1, name
    for method, table in zip(METHODS, tables, strict=True):
        # Batches up to 16 have as many more trials as the largest batch's draws make; frames have not.
        trials = [2, 2, 2] if method == "frame" else [4, 4, 2]
        assert table.columns["trials"].tolist() == trials
        assert table.queries == np.dot(trials, [3, 13, 25])
    shares = [
        run(config, cells(config)[0], seed("x", index)).columns["large_share"][0] for index in range(2)
    ]
    assert shares[0] != shares[1]


def test_large_coordinates():
    assert large_coordinates(np.array([-2.0, 1.0, 0.9, 0.0]), 0.5).tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("changes", "name", "remedy"),
    [
        ({"product_dim": 1}, "product_dim", "at least 2"),
        ({"trials": 1}, "trials", "at least 2"),
        ({"batches": (2, 3)}, "batches", "even"),
        ({"batches": (4, 2)}, "batches", "increasing"),
        ({"batches": ()}, "batches", "increasing"),
        ({"batches": (2, 20)}, "batches", "multiples"),
        ({"mus": (-1.0,)}, "mus", "1e-12 to 1"),
        ({"threshold": 0.0}, "threshold", "above 0"),
        ({"alignment": 1.0}, "alignment", "between 0 and 1"),
        ({"probability": 0.0}, "probability", "between 0 and 1"),
        ({"mixing": 0.0}, "mixing", "above 0"),
        ({"block_size": 3}, "block_size", "divisor"),
    ],
)
def test_bad_fields_are_named_with_a_remedy(changes, name, remedy):
    with pytest.raises(InvalidArgument, match=remedy) as caught:
        Config(**changes)
    assert caught.value.argument == name
