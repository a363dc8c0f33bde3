"""The audit: the published draws, the theory of each setting, and what the switches do."""

import math

import numpy as np
import pytest

from experiments._mesh_loss import Interpolated
from experiments._mesh_retriangulated import Retriangulated
from experiments.replication_audit import EXPERIMENT, Config, cells, run, theory
from experiments.replication_audit.comparison import Comparison, advantage
from experiments.replication_audit.laws import by_rows, realigned, scaled
from experiments.replication_audit.matrix import Matrix
from experiments.replication_audit.mesh import Jumping, Mesh
from experiments.replication_audit.settings import ADDED, LAST, PROBLEMS, SWITCHES, Setting, settings
from experiments.replication_audit.synthetic import product_point, quadratic_point
from zotheory.derive.alignment import aligned_directional_moment, averaged, complement_fourth
from zotheory.derive.probe_enclosure import alignment_enclosure
from zotheory.derive.tensor import classical_tensor
from zotheory.errors import InvalidArgument
from zotheory.estimators import TwoStage, simulate_mse
from zotheory.experiment import Seed
from zotheory.laws import Sphere


def moment(v):
    """Return E[v v^T] and its largest standard error."""
    products = v[:, :, None] * v[:, None, :]
    return products.mean(axis=0), products.std(axis=0).max() / len(v) ** 0.5


def test_uniform_by_rows_has_delta_rows():
    v = by_rows(20_000, 3, 4, np.random.default_rng(0))
    assert np.sum(v.reshape(-1, 3, 4) ** 2, axis=2) == pytest.approx(np.full((20_000, 3), 12.0))
    found, error = moment(v)
    assert np.abs(found - 3 * np.eye(12)).max() < 6 * error
    assert np.abs(found - np.eye(12)).max() > 6 * error


@pytest.mark.parametrize("name", ["gaussian", "rademacher", "coordinate"])
def test_other_laws_have_their_delta(name):
    found, error = moment(scaled(20_000, name, 6, 2.5, np.random.default_rng(1)))
    assert np.abs(found - 2.5 * np.eye(6)).max() < 6 * error + 1e-9


@pytest.mark.parametrize(("length", "unbiased"), [(math.sqrt(3), True), (1.0, False)])
def test_the_aligned_component_must_have_the_length_of_the_rest(length, unbiased):
    rng = np.random.default_rng(2)
    rough = rng.standard_normal(12)
    v = by_rows(40_000, 3, 4, rng).reshape(1, 40_000, 12)
    v = realigned(v, rough[None], length, rng)[0]
    e = rough / np.linalg.norm(rough)
    assert np.abs(v @ e) == pytest.approx(np.full(40_000, length))
    found, error = moment(v)
    assert (np.abs(found - 3 * np.eye(12)).max() < 6 * error) == unbiased
    wanted = 3 * np.eye(12) + (length**2 - 3) * np.outer(e, e)
    assert np.abs(found - wanted).max() < 6 * error


@pytest.mark.parametrize(("dim", "probes"), [(8, 2), (8, 8), (16, 8)])
def test_alignments_lie_in_their_rigorous_enclosure(dim, probes):
    low, high = alignment_enclosure(dim, probes)
    assert float(low) * 0.99 < theory.alignment_moments(dim, probes)[0] < float(high) * 1.01


@pytest.mark.parametrize(("averaged", "combination"), [(False, "second"), (True, "average")])
@pytest.mark.parametrize(
    ("chosen", "first", "second"), [([0], 4, 4), ([2, 3], 2, 6), ([0, 1, 2, 3, 4, 5], 5, 3)]
)
def test_the_error_of_two_stages_is_the_simulated_one(chosen, first, second, averaged, combination):
    a = np.array([3.0, 1.0, 0.5, 0.0, 0.0, 0.0])
    found = simulate_mse(
        TwoStage(Sphere(6), 1e-3, first, second, combination),
        lambda x: x @ a,
        np.zeros(6),
        a,
        3,
        trials=40_000,
        coordinates=chosen,
    )
    wanted = theory.two_stage_error(a, chosen, first, second, averaged) * (a @ a)
    assert abs(found.mse - wanted) < 5 * found.standard_error + 0.01 * wanted
    other = theory.two_stage_error(a, chosen, first, second, not averaged) * (a @ a)
    assert abs(found.mse - other) > 5 * found.standard_error + 0.01 * wanted


@pytest.mark.parametrize(("dim", "first", "second"), [(6, 4, 4), (16, 8, 8), (5, 2, 7)])
def test_the_mean_of_both_stages_has_the_error_of_fixed_length_and_no_weights_do_better(dim, first, second):
    a, whole = np.arange(1.0, dim + 1), list(range(dim))
    together = theory.two_stage_error(a, whole, first, second, averaged=True)
    assert together == pytest.approx((dim - 1) / (first + second))
    assert TwoStage(Sphere(dim), 1e-3, first, second, "optimal").weight == pytest.approx(
        float(TwoStage(Sphere(dim), 1e-3, first, second, "average").weight)
    )


def test_the_directional_moment_is_the_derived_one():
    import sympy

    rho2 = sympy.Symbol("rho2")
    two, four = theory.alignment_moments(5, 3)
    moment4 = averaged(aligned_directional_moment(rho2, complement_fourth(5)), rho2, (two, four))
    a = np.array([0.0, 1.0, 0.0, 0.0, 0.0])
    assert theory.two_stage_error(a, [1], 3, 1) == pytest.approx(float(moment4) - 1)
    sphere = float(classical_tensor("sphere", 5).along_gradient()) - 1
    assert theory.two_stage_error(a, [1], 3, 1, averaged=True) == pytest.approx(
        (3 * sphere + float(moment4) - 1) / 16
    )


@pytest.mark.parametrize("name", ["gaussian", "rademacher", "uniform"])
@pytest.mark.parametrize("batch", [1, 3])
def test_moments_of_a_batch_are_the_simulated_ones(name, batch):
    """Both moments at isotropic x; a wrong delta is far outside."""
    rng, rows, columns, count = np.random.default_rng(4), 4, 8, 40_000
    x = rng.standard_normal((count, 32))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    delta = 4.0
    v = by_rows(count * batch, rows, columns, rng)
    if name != "uniform":
        v = scaled(count * batch, name, 32, delta, rng)
    v = v.reshape(count, batch, 32)
    g = np.einsum("nb,nbd->nd", np.einsum("nbd,nd->nb", v, x), v) / batch
    fourth = delta**2 * (34 if name == "gaussian" else 32)
    for samples, wanted in zip(
        (np.sum(x * g, axis=1), np.sum(g**2, axis=1)),
        theory.batch_moments(delta, fourth, batch),
        strict=True,
    ):
        assert abs(samples.mean() - wanted) < 5 * samples.std() / count**0.5
        assert abs(samples.mean() - wanted / 1.2) > 5 * samples.std() / count**0.5


@pytest.mark.parametrize("first", [1, 4])
@pytest.mark.parametrize("length", [1.0, 2.0])
@pytest.mark.parametrize("together", [False, True])
def test_moments_of_two_stages_are_the_simulated_ones(first, length, together):
    """To the stated order 1/d: d = 32."""
    rng, rows, columns, count = np.random.default_rng(5), 4, 8, 40_000
    x = rng.standard_normal((count, 32))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    v1 = by_rows(count * first, rows, columns, rng).reshape(count, first, 32)
    one = np.einsum("nb,nbd->nd", np.einsum("nbd,nd->nb", v1, x), v1) / first
    v2 = realigned(by_rows(count, rows, columns, rng)[:, None], one, length, rng)[:, 0]
    g = np.sum(v2 * x, axis=1)[:, None] * v2
    if together:
        g = (first * one + g) / (first + 1)
    for samples, wanted in zip(
        (np.sum(x * g, axis=1), np.sum(g**2, axis=1)),
        theory.staged_moments(4.0, 32, first, length, averaged=together),
        strict=True,
    ):
        assert abs(samples.mean() - wanted) < 5 * samples.std() / count**0.5 + 0.3 / 32 * wanted


def test_losses_follow_from_the_moments():
    assert theory.loss_after((2.0, 10.0), 0.1, 3) == pytest.approx((1 - 0.4 + 0.1) ** 3)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_settings_correct_one_switch_or_all(problem):
    found = settings(problem)
    every = found["published"].published
    assert every == {name for name, problems in SWITCHES.items() if problem in problems}
    assert found["all"].published == frozenset()
    for switch in LAST:
        assert (f"all-but-{switch}" in found) == (switch in every)
        if switch in every:
            assert found[f"all-but-{switch}"].published == {switch}
    for added, problems in ADDED.items():
        assert (added in found) == (problem in problems)
        assert sum(setting.keeps(added) for setting in found.values()) == (problem in problems)
    assert {name: every - setting.published for name, setting in found.items() if name in SWITCHES} == {
        name: {name} for name in every
    }
    with pytest.raises(KeyError):
        found["all"].keeps("no-such-switch")


def test_points_are_as_published_and_with_their_switches_corrected():
    rng = np.random.default_rng(6)
    published = settings("quadratic")["published"]
    product, quadratic = product_point(published, 16, rng), quadratic_point(published, 8, rng)
    assert np.count_nonzero(product.x == 0) == np.count_nonzero(product.gradient) == 1
    assert np.count_nonzero(quadratic.x == 0) == np.count_nonzero(quadratic.gradient == 0) == 4
    assert (quadratic.weights < 0).any()
    dense = settings("quadratic")["sparse-point"]
    points = [product_point(dense, 16, rng), quadratic_point(dense, 8, rng)]
    assert np.count_nonzero(points[0].gradient) == 16
    assert np.count_nonzero(points[1].gradient) == 8
    definite = quadratic_point(settings("quadratic")["indefinite"], 8, rng)
    assert (definite.weights > 0).all()
    assert np.count_nonzero(definite.x) == 4
    for point in (product, quadratic, definite, *points):
        h = 1e-6 * np.eye(point.x.size)
        differences = (point(point.x + h) - point(point.x - h)) / 2e-6
        assert differences == pytest.approx(point.gradient, abs=1e-8)


@pytest.mark.parametrize(
    ("aligned", "other", "wanted"), [(1, 2, 0.5), (2, 1, -0.5), (3, 3, 0), (1e-17, 0, 0)]
)
def test_advantages_lie_between_minus_one_and_one(aligned, other, wanted):
    assert advantage(aligned, other) == wanted


def test_a_single_point_has_no_standard_error():
    values = {"aligned": np.array([1.0]), "uniform": np.array([4.0])}
    columns = Comparison(values, {"aligned": 3, "uniform": 2}, 5).columns()
    assert math.isnan(columns["aligned_standard_error"][0])
    assert math.isnan(columns["predicted_advantage"][0])
    assert (columns["baseline"], columns["advantage"]) == (["uniform"], [0.75])


@pytest.mark.parametrize("name", settings("matrix"))
def test_descents_end_where_theory_says(name):
    """Means over 60 runs: within five standard errors and the order 1/d of theory; d = 60."""
    matrix, setting = Matrix(5, 12, 60, 0.7 / (25 * 12), 3, 1e-6), settings("matrix")[name]
    found = matrix.comparison(setting, 60, np.random.default_rng(8))
    for law, values in found.measured.items():
        error = values.std(ddof=1) / len(values) ** 0.5
        assert abs(values.mean() - found.predicted[law]) < 5 * error + 0.03 * found.predicted[law], law


def test_a_short_aligned_component_slows_descent_once_the_estimate_is_good():
    """Its length matters as E rho^2 (delta - 1): little with one probe, much with 24 in 12 dimensions."""
    matrix, ends, predicted = Matrix(4, 3, 30, 0.5 / (16 * 3), 24, 1e-6), [], []
    for published in (set(), {"aligned-length"}):
        setting = Setting(frozenset(published | {"second-stage"}))
        found = matrix.comparison(setting, 400, np.random.default_rng(10))
        ends.append(found.measured["aligned"].mean())
        predicted.append(found.predicted["aligned"])
    assert np.log(ends) == pytest.approx(np.log(predicted), rel=0.15)
    assert ends[1] > 1.5 * ends[0]


def test_a_wrong_delta_would_be_seen():
    matrix = Matrix(5, 12, 60, 0.7 / (25 * 12), 3, 1e-6)
    both = settings("matrix")
    published = matrix.comparison(both["published"], 60, np.random.default_rng(9))
    corrected = matrix.comparison(both["rows-delta"], 60, np.random.default_rng(9))
    values = published.measured["gaussian"]
    error = values.std(ddof=1) / len(values) ** 0.5
    assert abs(values.mean() - corrected.predicted["gaussian"]) > 20 * error
    assert published.predicted["gaussian"] > 1.5 * corrected.predicted["gaussian"]


@pytest.fixture(scope="module")
def smooth():
    return Interpolated.between(3, 6)


def test_both_stages_on_the_mesh_have_half_the_error_of_the_second(smooth):
    """On a linear function: the mean is delta a, and as many draws in each stage count."""
    rng, a = np.random.default_rng(11), np.linspace(-1.0, 2.0, smooth.dim)
    mesh, found = Mesh(smooth, 8, 1, 0.1, 1e-4), {}
    for name in ("all-but-second-stage", "all"):
        estimates = mesh._two_stages(settings("mesh")[name], 8, rng)
        x = np.zeros((8_000, smooth.dim))
        g = estimates(lambda v: v @ a, x, x) / mesh.rows
        error = g.std(axis=0) / len(g) ** 0.5
        assert np.all(np.abs(g.mean(axis=0) - a) < 5 * error)
        found[name] = np.mean(np.sum((g - a) ** 2, axis=1))
    assert found["all"] / found["all-but-second-stage"] == pytest.approx(0.5, rel=0.1)


def test_the_re_triangulated_loss_jumps_at_the_regular_mesh(smooth):
    jumping, direct = Jumping.of(smooth, 6), Retriangulated.between(smooth, 6)
    moves = 1e-6 * np.random.default_rng(12).standard_normal((6, smooth.dim))
    assert jumping(moves) == pytest.approx(direct(moves), rel=1e-12)
    assert np.abs(jumping(moves) - 1).max() > 1e3 * np.abs(smooth(moves) - 1).max()
    assert jumping.shape is smooth.shape


def test_a_larger_distance_alone_is_on_the_smooth_loss():
    """As the published setting at that distance, draw by draw; at another distance it ends elsewhere."""
    cell, both = {"problem": "mesh", "setting": "jumping-mu"}, ("aligned", "other")
    small = {"mesh_cells": 3, "mesh_steps": 3, "mesh_batch": 2}
    added = run(Config(**small, jumping_mu=0.05), cell, Seed(0, "a", "b")).columns
    cell["setting"] = "published"
    same = run(Config(**small, mesh_mu=0.05), cell, Seed(0, "a", "b")).columns
    less = run(Config(**small, mesh_mu=1e-4), cell, Seed(0, "a", "b")).columns
    for side in both:
        assert added[side] == pytest.approx(same[side], rel=1e-12)
        assert np.abs(added[side] - less[side]).max() > 1e-8
    cell["setting"] = "re-triangulated"
    jumping = run(Config(**small, jumping_mu=0.05), cell, Seed(0, "a", "b")).columns
    assert np.abs(jumping["other"] - added["other"]).max() > 1e-6


def test_no_step_is_taken_on_the_re_triangulated_loss_at_a_small_distance():
    config = Config(mesh_steps=4, jumping_mu=1e-4)
    table = run(config, {"problem": "mesh", "setting": "re-triangulated"}, Seed(0, "a", "b"))
    assert np.all(table.columns["aligned"] == 1)
    assert np.all(table.columns["other"] == 1)
    assert np.all(table.columns["advantage"] == 0)


SMALL = Config(
    points=3,
    trials=200,
    batch=8,
    rows=4,
    columns=10,
    matrix_steps=40,
    mesh_cells=3,
    mesh_steps=6,
    mesh_batch=2,
)


@pytest.fixture(scope="module")
def tables():
    return {
        (cell["problem"], cell["setting"]): run(SMALL, cell, Seed(0, "replication-audit", str(cell)))
        for cell in cells(SMALL)
    }


def test_the_experiment_agrees_with_its_theory(tables):
    for (problem, setting), table in tables.items():
        columns = table.columns
        assert columns["baseline"].tolist() == ["uniform", "gaussian", "rademacher", "coordinate"]
        several = setting.startswith("all") or setting == "one-point"
        assert columns["points"][0] == (3 if several else 1)
        assert table.queries > 0
        if problem in ("product", "quadratic"):
            # Coordinate draws have heavy tails: 200 trials settle their error to a third.
            for side in ("aligned", "other"):
                wanted = columns[f"predicted_{side}"]
                assert np.all(np.abs(columns[side] - wanted) <= 0.35 * wanted + 1e-9), (
                    problem,
                    setting,
                    side,
                )
        if problem == "mesh":
            assert np.all(np.isnan(columns["predicted_advantage"]))
            assert np.all(columns["aligned"] < 1) or setting == "re-triangulated"


def test_what_the_switches_do(tables):
    def column(problem, setting, name):
        return tables[problem, setting].columns[name]

    # The exact gradient has no error where one coordinate counts; an estimated one loses to Rademacher.
    assert column("product", "published", "advantage")[0] == pytest.approx(1.0)
    assert column("product", "exact-gradient", "advantage")[2] == pytest.approx(-1.0)
    # The second stage alone loses to the sphere, both together do not.
    for problem in ("product", "quadratic"):
        assert column(problem, "all-but-second-stage", "predicted_advantage")[0] < -0.2
        assert abs(column(problem, "all", "predicted_advantage")[0]) < 0.1
    # Queries: three against two, and as many.
    counted = {
        ("matrix", "published"): (3, 2),
        ("matrix", "more-queries"): (3, 3),
        ("matrix", "one-probe"): (6, 2),
        ("matrix", "all"): (6, 6),
        ("mesh", "published"): (8, 4),
        ("mesh", "all"): (4, 4),
    }
    for key, queries in counted.items():
        assert (column(*key, "aligned_queries")[0], column(*key, "other_queries")[0]) == queries
    # The Gaussian law is slow only because its delta is 1.
    for problem in ("matrix", "mesh"):
        before, after = (column(problem, name, "advantage")[1] for name in ("published", "rows-delta"))
        assert before > after + 0.05


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"problems": ()}, "problems"),
        ({"problems": ("mesh", "mesh")}, "problems"),
        ({"points": 1}, "points"),
        ({"batch": 7}, "batch"),
        ({"trials": 0}, "trials"),
        ({"rows": 1}, "rows"),
        ({"probes": 1}, "probes"),
        ({"mesh_cells": 21}, "mesh_cells"),
        ({"matrix_steps": 0}, "matrix_steps"),
        ({"synthetic_mu": 0.0}, "synthetic_mu"),
        ({"larger_mu": 0.2}, "larger_mu"),
        ({"jumping_mu": 1.1}, "jumping_mu"),
        ({"matrix_mu": 1.0}, "matrix_mu"),
        ({"mesh_mu": 1.0}, "mesh_mu"),
        ({"aligned_threshold": 0.0}, "aligned_threshold"),
        ({"other_threshold": 1.1}, "other_threshold"),
        ({"matrix_step": 2.0}, "matrix_step"),
        ({"mesh_step": 0.0}, "mesh_step"),
    ],
)
def test_bad_configurations_are_refused(changes, name):
    with pytest.raises(InvalidArgument, match=f"^{name} = .*: "):
        Config(**changes)


def test_presets():
    for preset in EXPERIMENT.presets.values():
        assert (preset.config.product_dim, preset.config.quadratic_dim) == (16, 8)
        assert len(EXPERIMENT.grid(preset.config)) == sum(len(settings(problem)) for problem in PROBLEMS)
