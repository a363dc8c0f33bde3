import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments._training import METHODS as TRAINED
from experiments.tournament import EXPERIMENT, Config, area, cells, one_run, run, tuned
from experiments.tournament.methods import FIRST_STEP, METHODS, first_rates, optimizer
from experiments.tournament.problems import LARGE_DIM, LEAST_AREA, LONGER, PROBLEMS, RADIUS, Sizes, problem
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed

SIZES = Sizes(dim=12, condition=10.0, bands=3, batch=8, epochs=1)
TINY = Config(problems=("log-uniform",), dim=12, bands=3, budget=100, records=5, tuning_seeds=1, epochs=1)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_is_the_same_whole_and_in_blocks(name):
    whole, parts = (problem(name, SIZES, 3, blocks=blocks) for blocks in (False, True))
    assert whole.dim == parts.dim
    assert whole.best == parts.best
    assert len(parts.parameters) > 1
    with torch.no_grad():
        assert math.isclose(float(whole.loss()), float(parts.loss()), rel_tol=1e-9)
        assert float(whole.loss()) > whole.best
        joined = torch.cat([p.flatten() for p in parts.parameters])
        assert torch.equal(joined, torch.cat([p.flatten() for p in whole.parameters]))
    assert math.isclose(whole.slope(), parts.slope(), rel_tol=1e-6)
    again, other = (problem(name, SIZES, seed, blocks=False) for seed in (3, 4))
    with torch.no_grad():
        assert float(again.loss()) == float(whole.loss()) != float(other.loss())


@pytest.mark.parametrize("name", ["rosenbrock", "log-uniform", "network", "mesh"])
def test_the_slope_is_that_of_differences(name):
    used = problem(name, SIZES, 1, blocks=True)
    if name == "network":
        used.begin_step = None
    total, h = 0.0, 1e-3 if name == "network" else 1e-6
    with torch.no_grad():
        for p in used.parameters:
            entries = p.view(-1)
            stride = 1 if name != "network" else entries.numel()  # one entry a parameter
            for i in range(0, entries.numel(), stride):
                kept = float(entries[i])
                values = []
                for sign in (1, -1):
                    entries[i] = kept + sign * h
                    values.append(float(used.loss()))
                entries[i] = kept
                total += ((values[0] - values[1]) / (2 * h)) ** 2
    found = used.slope()
    if name == "network":  # a part of all entries
        assert 0 < total < found**2 * 1.01
    else:
        assert math.isclose(math.sqrt(total), found, rel_tol=1e-5)


def test_quadratics_have_the_stated_losses():
    used = problem("spiked", SIZES, 2, blocks=False)
    x = torch.cat([p.detach().flatten() for p in used.parameters]).numpy()
    h = np.array([1.0] + [0.1] * 11)
    with torch.no_grad():
        loss = float(used.loss())
    assert math.isclose(loss, sum(h[i] * x[i] ** 2 for i in range(12)) / 2, rel_tol=1e-12)
    assert math.isclose(used.slope(), math.sqrt(sum((h[i] * x[i]) ** 2 for i in range(12))), rel_tol=1e-12)


def test_large_and_longer_problems():
    assert problem("levy-large", SIZES, 1, blocks=False).dim == LARGE_DIM == 10_000
    assert problem("mnist", SIZES, 1, blocks=False).dim == 784 * 32 + 32 + 33 * 16 + 17 * 10
    config = Config(budget=100, records=5)
    for name in PROBLEMS:
        assert config.values(name) == config.marks(name)[-1] == 100 * LONGER.get(name, 1)
        assert len(config.marks(name)) == 5


@pytest.mark.parametrize("blocks", [False, True])
def test_a_step_that_would_invert_a_triangle_is_undone(blocks):
    used = problem("mesh", SIZES, 2, blocks=blocks)
    assert used.dim == 198  # 2 of 81 inner vertices, 1 of 36 on the sides
    kept, start = [p.detach().clone() for p in used.parameters], float(used.loss())
    with torch.no_grad():
        for p in used.parameters:
            p.add_(0.01)  # sound: kept
    moved = float(used.loss())
    used.after_step()
    assert float(used.loss()) == moved != start
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in used.parameters:
            p.add_(torch.randn(p.shape, generator=rng, dtype=p.dtype))
    assert not math.isfinite(float(used.loss()))
    used.after_step()
    assert float(used.loss()) == moved
    for p, before in zip(used.parameters, kept, strict=True):
        assert torch.equal(p.detach(), before + 0.01)
    assert 0 < LEAST_AREA < 1


def test_an_attack_stays_within_its_radius_and_above_the_least_margin():
    used = problem("attack", SIZES, 5, blocks=False)
    assert used.best < float(used.loss())
    with torch.no_grad():
        used.parameters[0].add_(1.0)
    used.after_step()
    assert float(used.parameters[0].detach().norm()) <= RADIUS * 1.0001
    rng = torch.Generator().manual_seed(0)
    for _ in range(50):
        with torch.no_grad():
            used.parameters[0].copy_(torch.randn(28, 28, generator=rng))
        used.after_step()
        assert float(used.loss()) >= used.best


def test_all_methods_take_the_same_function_values():
    for name in METHODS:
        used = problem("levy", SIZES, 1, blocks=METHODS[name].blocks)
        made = optimizer(name, used, 1e-3, 7, perturbations=4, bands=3)
        for _ in range(2):
            made.step(used.closure)
        assert made.queries == 10, name
        assert METHODS[name].name in TRAINED


def test_blocks_by_importance_are_unbiased_and_cyclic_ones_as_published():
    used = problem("levy", SIZES, 1, blocks=True)
    found = {
        name: optimizer(name, used, 1e-3, 7, perturbations=2, bands=3).scaling
        for name in ("bcd-cyclic", "bcd-uniform", "importance")
    }
    assert found == {"bcd-cyclic": "block", "bcd-uniform": "joint", "importance": "joint"}


def test_first_rates_make_steps_of_the_guessed_length():
    used = problem("rastrigin", SIZES, 1, blocks=False)
    (rate,) = first_rates("rastrigin", "sphere", used, 4, 1)
    squares = []
    for seed in range(300):
        here = problem("rastrigin", SIZES, 1, blocks=False)
        before = here.parameters[0].detach().clone()
        optimizer("sphere", here, rate, seed, perturbations=4, bands=3).step(here.closure)
        squares.append(float((here.parameters[0].detach() - before).square().mean()))
    # E|g|^2 = (1 + (d - 1) / b) |a|^2 on the sphere; d / b + 1 is close to it.
    expected = FIRST_STEP["rastrigin"][0] ** 2 * (1 + 11 / 4) / (1 + 12 / 4)
    error = np.std(squares) / math.sqrt(len(squares))
    assert abs(np.mean(squares) - expected) < 5 * error + 0.02 * expected


def test_the_area_is_the_mean_of_logarithms():
    assert math.isclose(area(np.array([1.0, 0.1, 0.01])), -1.0)
    assert math.isclose(area(np.array([1.0, math.inf, math.nan])), 2 / 3)
    assert math.isclose(area(np.array([0.0, -1.0])), -4.0)
    assert area(np.array([1.0, 0.1, 0.1])) > area(np.array([1.0, 0.1, 0.01]))


def test_a_table_holds_the_run_and_what_tuning_took():
    cell = {"problem": "log-uniform", "method": "sphere"}
    table = run(TINY, cell, Seed(0, "tournament", "x"))
    assert table.queries == 100
    columns = table.columns
    assert columns["queries_spent"].tolist() == [0, 25, 50, 75, 100]
    assert columns["loss"][0] == 1.0
    chosen = tuned(TINY, "log-uniform", "sphere")
    assert set(columns["tuning_queries"]) == {100 * len(chosen.table)}
    assert not columns["at_grid_end"].any()
    rates = [rate for rate, _ in chosen.table]
    assert min(rates) < chosen.lr < max(rates)
    assert math.isclose(columns["area"][0], area(columns["loss"].astype(float)), rel_tol=1e-6)
    first = columns["queries_spent"][columns["loss"] <= 0.5]
    assert columns["queries_to_0.5"][0] == (first[0] if first.size else math.inf)


def test_methods_share_starts_and_reported_seeds_are_not_those_of_tuning():
    tables = [
        run(TINY, {"problem": "log-uniform", "method": method}, Seed(1, "tournament", method))
        for method in ("sphere", "rademacher")
    ]
    assert (tables[0].columns["loss"] != tables[1].columns["loss"])[1:].all()
    starts = int(Seed(1, "tournament", "a").shared("problem", "log-uniform").integers(2**31))
    assert starts == int(Seed(1, "tournament", "b").shared("problem", "log-uniform").integers(2**31))
    assert starts not in range(10**6, 10**6 + 100)


def test_divergence_is_recorded():
    cell = {"problem": "rosenbrock", "method": "sphere"}
    found = one_run(TINY, cell, 1e3, 0, 0, TINY.marks("rosenbrock"))
    assert found.diverged
    assert math.isfinite(found.last_finite)
    assert area(found.losses) > 0.5


def test_cells_are_all_pairs():
    assert len(cells(Config(problems=PROBLEMS))) == len(PROBLEMS) * len(METHODS)


def test_the_presets_of_the_evidence_have_each_pair_once():
    found = []
    for name in ("evidence", "guided-es", "larger"):
        config = EXPERIMENT.presets[name].config
        found += [tuple(cell.values()) for cell in cells(config)]
        assert replace(config, problems=PROBLEMS, methods=tuple(METHODS)) == Config(problems=PROBLEMS)
    assert len(found) == len(set(found)) == len(PROBLEMS) * len(METHODS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("problems", ()),
        ("problems", ("sphere",)),
        ("methods", ("adam",)),
        ("dim", 7),
        ("bands", 1),
        ("condition", 0.5),
        ("batch", 1501),
        ("perturbations", 3),
        ("budget", 19),
        ("records", 1),
        ("targets", (0.1, 0.5)),
        ("targets", ()),
        ("tuning_seeds", 0),
        ("epochs", 0),
    ],
)
def test_bad_input_is_named(name, value):
    with pytest.raises(InvalidArgument, match=name):
        replace(Config(), **{name: value})


def test_no_such_problem():
    with pytest.raises(InvalidArgument, match="problems"):
        problem("quadratic", SIZES, 0, blocks=False)
