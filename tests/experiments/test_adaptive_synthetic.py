"""adaptive-synthetic: predicted lengths of steps, tables, rules, and its configuration."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments.adaptive_synthetic import EXPERIMENT, run
from experiments.adaptive_synthetic.config import Config, cells
from experiments.adaptive_synthetic.runs import Problem, chosen_rate, grid_shift, trial
from experiments.adaptive_synthetic.theory import squared_lengths
from zotheory.bounds.momentum import expected_denominator, first_step, refined_square, step_length_ratio
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed

TINY = Config(
    functions=("quadratic",),
    laws=("sphere",),
    law_method=None,
    rows=4,
    columns=5,
    budget=150,
    trials=2,
    tuning_trials=1,
    grid=2,
    grid_start=0.01,
    points=8,
)
WIDE = {"dim": 50, "queries": 2, "variance_factor": 50.0, "beta1": 0.9, "beta2": 0.99, "zeta": 0.0}


def of(config=TINY, **cell):
    cell = {"function": "quadratic", "method": "r-adazo", "law": "sphere", "rule": "same", **cell}
    return run(config, cell, Seed(0, "adaptive-synthetic", repr(cell)))


@pytest.mark.parametrize("kind", ["largest-square", "refined"])
def test_a_gradient_that_stays_has_the_closed_forms(kind):
    """Coordinate of size a = 3/sqrt(50), noise a^2 49/2: moments in closed form after t steps."""
    found = squared_lengths(np.full(400, 3.0), kind, **WIDE)
    a2, refined = 9 / 50, kind == "refined"
    for t in (1, 2, 7, 400):
        moved = refined_square(0.9, math.sqrt(a2), a2 * 49 / 2, steps=t)
        below = expected_denominator(0.9, 0.99, math.sqrt(a2), a2 * 49 / 2, steps=t, refined=refined)
        assert found[t - 1] == pytest.approx(moved / below, rel=1e-10)
    assert found[0] == pytest.approx(first_step(0.9, 0.99, refined=refined) ** 2, rel=1e-12)


def test_ratio_of_lengths_in_the_long_run():
    long = np.full(4000, 1.0)
    plain, refined = (squared_lengths(long, kind, **WIDE)[-1] for kind in ("largest-square", "refined"))
    assert math.sqrt(refined / plain) == pytest.approx(step_length_ratio(0.9, 2 / 49), rel=1e-9)


@pytest.mark.parametrize("kind", ["largest-square", "refined"])
def test_enumerated_signs_with_a_falling_gradient(kind):
    """d = 1, nu = 2, K = 1: g = a +- a. All sequences of signs; the maximum is of the mean square."""
    sizes, beta1, beta2, zeta, scale = np.array([4.0, 2.0, 1.0, 0.1, 0.1]), 0.5, 0.75, 0.3, 2.0
    found = squared_lengths(
        sizes, kind, dim=1, queries=1, variance_factor=2.0, beta1=beta1, beta2=beta2, zeta=zeta, scale=scale
    )
    moved, square = np.zeros((2, sizes.size, 2**sizes.size))
    for number, signs in enumerate(itertools.product((-1, 1), repeat=sizes.size)):
        m = v = 0.0
        for t, (a, sign) in enumerate(zip(sizes, signs, strict=True)):
            g = scale * a * (1 + sign)
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * (m * m if kind == "refined" else g * g)
            moved[t, number], square[t, number] = m * m, v
    below = square.mean(axis=1)
    if kind == "largest-square":
        assert (np.diff(below) < 0).any()  # else the maximum would not matter
        below = np.maximum.accumulate(below)
    assert found == pytest.approx(moved.mean(axis=1) / (below + zeta), rel=1e-12)


@pytest.mark.parametrize("method", ["zo-adamm", "r-adazo", "r-adazo-code"])
def test_first_steps_are_as_predicted(method):
    """They do not depend on noise: 1/sqrt(1 - beta2), and a tenth of that where v averages g^2.

    Zeta shortens those of coordinates where g is near zero: where g is divided by d, by 0.25 in all.
    """
    found = of(method=method).columns
    first = found["queries"] == 3
    length = first_step(0.9, 0.999, refined=method != "zo-adamm")
    assert found["step_length"][first] == pytest.approx(length, rel=0.3 if "code" in method else 0.03)
    assert found["step_length"][first].max() <= length * (1 + 1e-6)
    assert found["predicted_step_length"][first] == pytest.approx(length, rel=0.03)


@pytest.mark.parametrize("method", ["zo-adamm", "r-adazo"])
def test_lengths_in_noise_are_near_the_prediction(method):
    """Means over 40 steps and 100 coordinates; a length off by 15% would be seen."""
    config = replace(TINY, rows=10, columns=10, budget=600, beta2=0.99, trials=4, points=10, lr=1e-4)
    columns = of(config, method=method).columns
    last = columns["queries"] >= 300
    ratio = columns["step_length"][last] / columns["predicted_step_length"][last]
    assert abs(ratio.mean() - 1) < 0.1
    assert all(abs(wrong * ratio.mean() - 1) > 0.1 for wrong in (1 / 1.15, 1.15))


@pytest.mark.parametrize("method", ["zo-signsgd", "zo-sgd"])
def test_lengths_of_other_methods(method):
    found = of(method=method).columns
    assert np.isnan(found["predicted_step_length"]).all()
    lengths = found["step_length"][found["queries"] > 0]
    assert (lengths == pytest.approx(1.0, abs=1e-6)) is (method == "zo-signsgd")


def test_matched_is_the_same_rate_times_the_ratio():
    assert of(method="zo-adamm", rule="matched").columns["lr"][0] == pytest.approx(1e-3 * math.sqrt(19))
    assert of(method="zo-adamm").columns["lr"][0] == 1e-3


def test_curves_are_those_of_a_run_by_hand():
    """The recursion of R-AdaZO in numpy, on |x|^2 / 2, from the same directions."""
    seed, steps, lr = 11, 30, 0.01
    problem = Problem.of(TINY, {"function": "quadratic", "method": "r-adazo", "law": "sphere"})
    start = problem.function.start(20, np.random.default_rng(0))
    config = replace(TINY, budget=3 * steps, mu=1e-6)
    found = trial(config, problem, lr, start, seed)
    x, m, v = start.numpy().copy(), np.zeros(20), np.zeros(20)
    sgd = Problem.of(TINY, {"function": "quadratic", "method": "zo-sgd", "law": "sphere"})
    directions = []
    probe = torch.nn.Parameter(torch.zeros(4, 5, dtype=torch.float64))
    spy = sgd.optimizer(config, probe, 0.0, seed)
    for step in range(steps):
        drawn = [spy.law.draw(seed, spy.layout(), step, query) for query in range(2)]
        rows = np.zeros((2, 20))
        for query, direction in enumerate(drawn):
            row = torch.zeros(20)
            direction.fill(row, 0)
            rows[query] = row.numpy()
        directions.append(rows)
    for rows in directions:
        g = np.mean([(row @ x + 1e-6 * (row @ row) / 2) * row for row in rows], axis=0)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * m * m
        x = x - lr * m / np.sqrt(v + 1e-8)
    assert found.run.final == pytest.approx((x @ x) / (start.numpy() @ start.numpy()), rel=1e-5)


def test_tables():
    table = of(rule="tuned")
    columns = table.columns
    assert table.rows == 2 * len(TINY.kept)
    assert set(columns["queries"]) == set(TINY.kept)
    assert (columns["loss"][columns["queries"] == 0] == 1).all()
    assert table.queries == columns["tuning_queries"][0] + 2 * 150
    assert columns["tuning_queries"][0] % 150 == 0
    assert not columns["at_grid_end"].any()
    for name in (0, 1):
        rows = columns["trial"] == name
        reached, losses = columns["queries_to_0.5"][rows][0], columns["loss"][rows]
        seen = columns["queries"][rows][losses <= 0.5]
        assert reached == math.inf if not seen.size else reached <= seen[0]


def test_grids_of_seeds_cover_the_ratio():
    """Nothing is shifted at seed 0; with n seeds no gap between shifts is above 2 / n."""
    assert grid_shift(0) == 0
    for n in (2, 5, 16):
        shifts = np.sort([grid_shift(index) for index in range(n)])
        assert 0 <= shifts[0] <= shifts[-1] < 1
        assert np.diff([*shifts, 1.0]).max() < 2 / n
    cell = {"function": "quadratic", "method": "zo-signsgd", "law": "sphere", "rule": "tuned"}
    found = [chosen_rate(TINY, cell, Seed(index, "adaptive-synthetic", repr(cell))) for index in (0, 3)]
    for index, tuned in zip((0, 3), found, strict=True):
        steps = math.log2(tuned.lr / TINY.grid_start) - grid_shift(index)
        assert steps == pytest.approx(round(steps), abs=1e-9)


def test_diverged_runs_are_kept():
    config = replace(TINY, lr=1.0)
    columns = of(config, method="zo-sgd").columns
    assert columns["diverged"].all()
    assert np.isinf(columns["loss"][columns["queries"] == 150]).all()
    assert np.isfinite(columns["last_finite"]).all()


def test_starts_are_shared_and_draws_are_not():
    one, two = (of(method="zo-sgd", law=law).columns for law in ("sphere", "gaussian"))
    begin = one["queries"] == 0
    assert (one["gradient"][begin] == two["gradient"][begin]).all()
    assert (one["loss"][~begin] != two["loss"][~begin]).any()


def test_grid_of_cells():
    found = cells(Config())
    pairs = {(c["method"], c["law"]) for c in found if c["rule"] == "tuned"}
    assert len(pairs) == 5 * 2 + 4
    assert all(c["method"] == "zo-adamm" for c in found if c["rule"] == "matched")
    assert len(found) == len({tuple(c.values()) for c in found}) == 6 * (14 + 5 + 1)
    assert EXPERIMENT.presets["paper"].config.dim == 10**4
    everything = EXPERIMENT.presets["evidence-laws"].config
    assert everything.dim == 10**4
    tuned = {(c["function"], c["method"], c["law"]) for c in cells(everything) if c["rule"] == "tuned"}
    assert len(tuned) == 6 * 5 * 6
    same = EXPERIMENT.presets["evidence-laws-same"].config
    assert {c["law"] for c in cells(same) if c["rule"] == "matched"} == set(everything.laws)
    assert len(cells(same)) == 6 * 6 * (5 + 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("functions", ()),
        ("rows", 1),
        ("rows", 2000),
        ("queries", 0),
        ("budget", 2),
        ("mu", 0.5),
        ("lr", math.nan),
        ("lr", 2.0),
        ("beta1", 1.0),
        ("beta2", -0.1),
        ("grid_ratio", 1.0),
        ("grid", 1),
        ("targets", (0.5, 0.5)),
        ("targets", ()),
        ("targets", (1.0,)),
        ("points", 1),
    ],
)
def test_bad_configurations(field, value):
    columns = {"columns": 1000} if value == 2000 else {}
    with pytest.raises(InvalidArgument, match=field):
        replace(TINY, **{field: value, **columns})
