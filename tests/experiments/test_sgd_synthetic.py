"""sgd-synthetic: constants of problems, moments of methods, expectations, bounds and measurements."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from experiments.sgd_synthetic import (
    EXPERIMENT,
    Config,
    cells,
    matched_step,
    methods,
    problems,
    raised_step,
    run,
    theory,
)
from experiments.sgd_synthetic.descent import descend
from experiments.sgd_synthetic.methods import LAWS, Method, method
from experiments.sgd_synthetic.problems import problem
from zotheory.bounds import QuadraticDynamics, largest_stable_step
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed
from zotheory.laws import OrthonormalFrame, Sphere

DIM, BATCH = 6, 4
# |z| of a standard normal variable exceeds this with probability 6e-7.
LARGEST_Z = 5.0
SMALL = Config(
    problems=("log-uniform",), dim=DIM, batch=BATCH, blocks=3, steps=6, trials=2000, points=3, grid=2
)


def made(name: str, gradient=None) -> Method:
    return method(name, DIM, BATCH, 3, np.arange(1.0, DIM + 1) if gradient is None else gradient)


def at(name: str):
    return problem(name, DIM, 20.0, 2.0, 0.01)


def of(cell, config=SMALL, index=0):
    return run(config, cell, Seed(index, "sgd-synthetic", repr(cell))).columns


@pytest.mark.parametrize("name", ["flat", "log-uniform", "spiked", "rosenbrock", "logistic"])
def test_gradients_are_derivatives(name):
    chosen, rng = at(name), np.random.default_rng(0)
    dim = chosen.start.size
    for x in chosen.start + rng.normal(0, 0.3, (3, dim)):
        steps = 1e-5 * np.eye(dim)
        slopes = (chosen.values(x + steps) - chosen.values(x - steps)) / 2e-5
        assert chosen.gradients(x[None])[0] == pytest.approx(slopes, rel=1e-6, abs=1e-6)


def test_smoothness_of_rosenbrock_is_the_largest_curvature_in_the_box():
    grid = np.linspace(-2, 2, 41)
    sizes = []
    for x in grid:
        for y in grid:
            block = [[1200 * x**2 - 400 * y + 2, -400 * x], [-400 * x, 200]]
            sizes.append(np.abs(np.linalg.eigvalsh(block)).max())
    assert at("rosenbrock").smoothness == pytest.approx(max(sizes), rel=1e-12)
    assert at("rosenbrock").values(np.ones((1, DIM))) == pytest.approx([0])


def test_constants_of_logistic_regression():
    chosen, (features, labels) = at("logistic"), problems.breast_cancer()
    assert features.shape == (569, 30)
    assert set(labels) == {-1, 1}

    def loss(w):
        return np.logaddexp(0, -labels * (features @ w)).mean() + 0.005 * w @ w

    found = minimize(loss, np.zeros(30), tol=1e-12)
    assert chosen.gap == pytest.approx(math.log(2) - found.fun, abs=1e-8)
    rng = np.random.default_rng(1)
    for w in np.array([np.zeros(30), *rng.normal(0, 0.5, (3, 30))]):
        steps = 1e-5 * np.eye(30)
        hessian = (chosen.gradients(w + steps) - chosen.gradients(w - steps)) / 2e-5
        curvatures = np.linalg.eigvalsh((hessian + hessian.T) / 2)
        assert curvatures[0] >= 0.01 - 1e-6
        assert curvatures[-1] <= chosen.smoothness * (1 + 1e-6)
    # D = I/4 at w = 0: there the bound on the curvature is reached.
    hessian = features.T @ features / (4 * 569) + 0.01 * np.eye(30)
    assert chosen.smoothness == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-10)


@pytest.mark.parametrize("name", LAWS)
def test_estimates_are_unbiased_with_the_stated_error_and_number_of_slopes(name):
    used, n, a = made(name), 40_000, np.array([1.0, -2.0, 0.5, 0.0, 3.0, 1.0])
    asked = []

    def slopes(v):
        asked.append(v.shape[:2])
        return v @ a

    g = used.estimate(slopes, np.tile(a, (n, 1)), np.random.default_rng(3))
    assert sum(count * batch for count, batch in asked) == n * BATCH
    z = (g.mean(axis=0) - a) / (g.std(axis=0) / math.sqrt(n) + 1e-12)
    assert np.abs(z).max() < LARGEST_Z
    size, moments = a @ a, theory.moments(used)
    squares = (g**2).sum(axis=1) / size
    error = squares.std() / math.sqrt(n)
    assert squares.mean() - float(moments.V) < LARGEST_Z * error
    if name in methods.TWO_STAGES or name == "frame":
        alpha, beta = theory.coefficients(used)
        for values, wanted in (
            (squares - 1, DIM * alpha + beta),
            ((g @ a / size - 1) ** 2, alpha + beta),
        ):
            spread = values.std() / math.sqrt(n)
            assert abs(values.mean() - wanted) < LARGEST_Z * spread + (
                2 * spread if values is squares else 0
            )
    elif name not in ("random-block", "importance"):
        assert abs(squares.mean() - float(moments.V)) < LARGEST_Z * error


def test_directional_error_of_two_stages_is_the_proved_one():
    # Claim C4b: (2(d-1)/(d+2) - (m/b) G) / b.
    for d, batch in ((6, 4), (30, 16)):
        k = m = batch // 2
        gain = 2 * (d - 1) * (k - 1) * (k - 3) / ((d + 2) * (k + d - 1) * (k + d + 1))
        alpha, beta = theory.coefficients(method("two-stage-combined", d, batch, 1, np.ones(d)))
        wanted = (2 * (d - 1) / (d + 2) - m / batch * gain) / batch
        assert alpha + beta == pytest.approx(wanted, rel=1e-12)
        assert d * alpha + beta == pytest.approx((d - 1) / batch, rel=1e-12)
        # Stage 2 alone: m draws, none of the sphere's.
        alpha, beta = theory.coefficients(method("two-stage-refined", d, batch, 1, np.ones(d)))
        assert alpha + beta == pytest.approx((2 * (d - 1) / (d + 2) - gain) / m, rel=1e-12)
        assert d * alpha + beta == pytest.approx((d - 1) / m, rel=1e-12)


def test_error_of_frames_is_that_of_the_law():
    alpha, beta = theory.coefficients(made("frame"))
    a = np.arange(1.0, DIM + 1)
    wanted = OrthonormalFrame(DIM, batch=BATCH).batch_error_covariance(a)
    assert alpha * (a @ a) * np.eye(DIM) + beta * np.outer(a, a) == pytest.approx(wanted, rel=1e-10)


def test_the_recursion_and_its_stable_step_are_those_of_the_package():
    h, start, step = np.geomspace(1, 0.1, DIM), np.ones(DIM), 0.3
    total, along = (DIM - 1) / BATCH, (3 * DIM / (DIM + 2) - 1) / BATCH
    alpha = (total - along) / (DIM - 1)
    states = theory.isotropic_states(h, start, alpha, along - alpha, step, 20)
    kept = QuadraticDynamics(h, Sphere(DIM), step, batch=BATCH).run(start, 20, keep=True)
    assert states == pytest.approx(kept.moments, rel=1e-12)
    chosen = problems.quadratic(h)
    sphere = largest_stable_step(h, Sphere(DIM), batch=BATCH)
    assert theory.stable_step(chosen, made("sphere")) == pytest.approx(sphere, rel=1e-9)
    for name in ("frame", "two-stage-combined", "two-stage-refined", "guided"):
        alpha, beta = theory.coefficients(made(name))
        step = theory.stable_step(chosen, made(name))
        linear = np.diag((1 - step * h) ** 2 + step**2 * beta * h**2) + step**2 * alpha * np.tile(
            h**2, (DIM, 1)
        )
        assert np.abs(np.linalg.eigvals(linear)).max() == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("shape", ["flat", "log-uniform", "spiked"])
def test_expectations_are_inside_the_bounds(name, shape):
    chosen, used, times = at(shape), made(name), [1, 2, 5, 20, 100]
    one_step = theory.descent(chosen, used, 1e-4)
    for share in (0.1, 0.5, 0.99):
        step = share * float(one_step.step_limit)
        bounds = theory.bounds(chosen, one_step, step, times)
        for found, bound in zip(theory.exact(chosen, used, step, times), bounds, strict=True):
            assert np.all(found <= bound * (1 + 1e-12))
    assert np.isnan(theory.bounds(chosen, one_step, 1.01 * float(one_step.step_limit), times)).all()


def scores(index: int = 0) -> np.ndarray:
    found = []
    for cell in cells(SMALL):
        if cell["step_rule"] == "matched":
            columns = of(cell, index=index)
            for name in ("loss", "slope"):
                spread = columns[f"{name}_standard_error"] + 1e-12
                found.append((columns[name] - columns[f"exact_{name}"]) / spread)
    return np.concatenate(found)


def test_measured_curves_agree_with_the_expectations():
    found = scores()
    assert found.size == 2 * 3 * len(LAWS)
    assert np.abs(found).max() < LARGEST_Z


def test_estimates_of_another_scale_would_be_seen(monkeypatch):
    right = Method.estimate
    monkeypatch.setattr(Method, "estimate", lambda *arguments: 1.1 * right(*arguments))
    assert np.abs(scores()).max() > 2 * LARGEST_Z


@pytest.mark.parametrize("name", ["rosenbrock", "logistic"])
@pytest.mark.parametrize("law", ["sphere", "guided", "two-atom-exact"])
def test_measured_curves_are_inside_the_bounds(name, law):
    config = Config(problems=(name,), steps=8, trials=8, points=4)
    columns = of({"problem": name, "law": law, "step_rule": "matched"}, config)
    assert np.all(columns["inside"] == 1)
    assert np.all(columns["slope"] - 4 * columns["slope_standard_error"] < columns["slope_bound"])
    if name == "logistic":
        assert np.all(columns["loss"] - 4 * columns["loss_standard_error"] < columns["loss_bound"])
    else:
        assert np.isnan(columns["loss_bound"]).all()


def test_tuning_chooses_the_best_step_and_is_counted():
    config = Config(problems=("spiked",), dim=6, batch=2, blocks=3, steps=30, trials=4, grid=9)
    cell = {"problem": "spiked", "law": "sphere", "step_rule": "tuned"}
    seed = Seed(0, "sgd-synthetic", "x")
    table = run(config, cell, seed)
    assert table.queries == (9 * config.tuning_trials + 4) * 30 * 4
    assert table.columns["tuning_queries"][0] == 9 * config.tuning_trials * 30 * 4
    # The same runs by hand, and the step they prefer.
    chosen, used, finals = problem("spiked", 6, 20.0, 2.0, 0.01), method("sphere", 6, 2, 3, np.ones(6)), {}
    for j in range(9):
        step = matched_step(config, chosen) * 2.0 ** (j - 3)
        tried = descend(chosen, used, step, 30, config.tuning_trials, config.mu, seed.stream("tuning", j))
        finals[step] = tried.losses[-1].mean()
    assert table.columns["step"][0] == min(finals, key=lambda step: finals[step])
    assert table.columns["loss"][-1] != min(finals.values())


def test_runs_that_diverge_or_leave_the_box_are_marked():
    flat = at("flat")
    wild = descend(flat, made("sphere"), 50.0, 30, 5, 1e-4, np.random.default_rng(0))
    assert np.isinf(wild.losses[-1]).all()
    assert not wild.inside.any()
    assert np.isfinite(wild.losses[0]).all()
    valley = problems.rosenbrock(DIM, 1.5)
    still = descend(valley, made("sphere"), 1e-7, 5, 3, 1e-4, np.random.default_rng(0))
    assert still.inside.all()
    far = descend(valley, made("sphere"), 2e-3, 5, 50, 1e-4, np.random.default_rng(0))
    assert not far.inside.all()


@pytest.mark.parametrize("name", ["spiked", "rosenbrock", "logistic"])
def test_the_raised_step_is_a_share_of_the_sphere_s_stable_step(name):
    config, chosen = Config(problems=(name,), dim=6, batch=2, blocks=3, raised_share=0.25), at(name)
    steps = 1e-4 * np.eye(chosen.start.size)
    # The Hessian by differences of values.
    hessian = np.array(
        [
            [
                sum(
                    i * j * chosen.values((chosen.start + i * one + j * two)[None])[0]
                    for i in (1, -1)
                    for j in (1, -1)
                )
                / 4e-8
                for one in steps
            ]
            for two in steps
        ]
    )
    h = np.linalg.eigvalsh(hessian)
    assert h[0] > 0
    stable = largest_stable_step(h, Sphere(h.size), batch=2)
    assert raised_step(config, chosen) == pytest.approx(0.25 * stable, rel=1e-4)


def test_at_the_raised_step_stage_2_alone_is_slower_than_both_stages():
    config = Config(problems=("log-uniform",), steps=40, trials=200, points=3)
    ends = {}
    for law in ("sphere", "two-stage-combined", "two-stage-refined"):
        columns = of({"problem": "log-uniform", "law": law, "step_rule": "raised"}, config)
        error = abs(columns["slope"] - columns["exact_slope"])
        assert np.all(error < LARGEST_Z * columns["slope_standard_error"] + 1e-9)
        ends[law] = columns["slope"][-1]
    assert ends["two-stage-combined"] == pytest.approx(ends["sphere"], rel=0.1)
    assert ends["two-stage-refined"] > 2 * ends["sphere"]


def test_grid_and_queries():
    quick = EXPERIMENT.presets["quick"].config
    assert len(cells(quick)) == 5 * len(LAWS) * 3
    table = run(
        SMALL, {"problem": "log-uniform", "law": "importance", "step_rule": "matched"}, Seed(0, "x", "")
    )
    # The energies of the blocks cost two values a coordinate.
    assert table.queries == 2 * DIM + 2000 * 6 * 2 * BATCH
    assert table.columns["queries_spent"].tolist() == [2 * DIM + 2 * BATCH * t for t in SMALL.times]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dim": 7}, "dim = 7: give an even number from 4 to 60"),
        ({"batch": 3}, "batch = 3: give an even number from 2 to 30"),
        ({"blocks": 4}, "blocks = 4: give a divisor of [30]"),
        ({"condition": 0.5}, "condition = 0.5: give a number from 1 to"),
        ({"box": 1.0}, "box = 1.0: give a number from 1.5 to 10"),
        ({"mu": 1.0}, "mu = 1.0: give a number from 1e-06 to 0.01"),
        ({"trials": 1}, "trials = 1: give at least 2"),
        ({"raised_share": 1.0}, "raised_share = 1.0: give a number from 0.01 to 0.95"),
        ({"steps": 0}, "steps = 0: give an integer of at least 1"),
        ({"problems": ()}, "problems = (): give at least one"),
    ],
)
def test_bad_configurations(changes, message):
    with pytest.raises(InvalidArgument) as caught:
        Config(**changes)
    assert str(caught.value).startswith(message)
