"""The benchmark script in small: right cells, loops that agree with them, bounded memory."""

import importlib
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

METHODS = ("aligned", "two-stage", "sphere", "gaussian")
SCRIPT = Path(__file__).with_name("figure3_grid.py")
# |z| > 4.8916 has probability 1e-6 for a normal mean.
Z = 4.8916


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPT.parent)  # as when it is run as a script
        yield importlib.import_module("figure3_grid")
    for name in ("figure3_grid", "figure3_cells"):
        del sys.modules[name]


CELLS = {(m, b) for m in METHODS for b in (1, 4, 16)} - {("two-stage", 1)}


@pytest.mark.parametrize("draws", ["independent", "shared"])
def test_cells_agree_with_the_formulas(script, draws):
    run = script.GRIDS[draws]
    values, timing = run([1, 4, 16], 4000)
    assert set(values) == CELLS
    for (method, batch), found in values.items():
        limit = script.exact(method, batch)
        assert (limit is None) == (method == "two-stage")
        if limit is not None:
            assert abs(found.mse - limit) <= Z * found.standard_error + 1e-6
    assert timing.samples == {"aligned": 84_000, "sphere": 84_000, "gaussian": 84_000, "two-stage": 80_000}
    assert all(seconds > 0 for seconds in timing.seconds.values())
    again, _ = run([1, 4, 16], 4000, workers=2)
    assert all(again[cell].mse == values[cell].mse for cell in values)


def test_shared_draws_change_no_cell(script):
    # Two stages included, for which no formula is at hand: two independent simulations.
    one, two = (run([4, 32], 4000)[0] for run in script.GRIDS.values())
    for cell, found in one.items():
        spread = math.hypot(found.standard_error, two[cell].standard_error)
        assert abs(found.mse - two[cell].mse) <= Z * spread + 1e-12


@pytest.mark.parametrize("loop", ["law.sample(1)", "written out"])
def test_loops_simulate_the_same_thing(script, loop):
    grid, fast = script.run_grid([4], 4000)
    slow_values, slow = script.run_loop(loop, [(4, 300)])
    for cell, mse in slow_values.items():
        # 300 trials have a standard error sqrt(4000 / 300) times as large; the two are independent.
        spread = grid[cell].standard_error * math.sqrt(1 + 4000 / 300)
        assert abs(grid[cell].mse - mse) <= Z * spread + 1e-6
    # How much faster depends on the machine and its load; that it is much faster does not.
    assert script.ratios(fast, slow)["whole grid"] > 3


def test_best_times(script):
    one, two = script.Timing(), script.Timing()
    for method, first, second in zip(
        script.METHODS, (1.0, 4.0, 2.0, 3.0), (2.0, 3.0, 2.0, 1.0), strict=True
    ):
        one.samples[method], one.seconds[method], two.seconds[method] = 2, first, second
    assert [one.best(two).per_sample(method) for method in script.METHODS] == [0.5, 1.5, 1.0, 0.5]


def test_comparison_is_printed(script, monkeypatch, capsys):
    monkeypatch.setattr(script, "TRIALS", 20)
    script.compare([(2, 5)])
    printed = capsys.readouterr().out
    for text in (
        "independent draws",
        "shared draws",
        "floor: ",
        "law.sample(1)",
        "written out",
        "whole grid",
    ):
        assert text in printed
    # Two loops against two grids, with one worker and, where there are more cores, with all of them.
    rows = printed.split("how many times faster")[1].splitlines()[1:]
    assert len(rows) == 4 * len({1, os.cpu_count()})
    assert all(row.count("x") == len(script.METHODS) + 1 for row in rows)


def test_memory_is_bounded(script):
    # A million samples, whose perturbations alone would take 128 MB; --memory runs ten million.
    for trials, batch in ((1_000_000, 1), (1, 1_000_000)):
        peak, _ = script.peak_memory(trials, batch)
        assert 5 < peak < 120


def test_command_line():
    run = subprocess.run([sys.executable, SCRIPT, "--help"], capture_output=True, text=True, check=True)
    assert "--memory" in run.stdout
