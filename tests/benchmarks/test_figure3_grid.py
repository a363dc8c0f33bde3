"""The benchmark script in small: right cells, loops that agree with them, bounded memory."""

import importlib.util
import math
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("figure3_grid.py")
# |z| > 4.8916 has probability 1e-6 for a normal mean.
Z = 4.8916


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("figure3_grid", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["figure3_grid"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["figure3_grid"]


def test_cells_agree_with_the_formulas(script):
    values, timing = script.run_grid([1, 4, 16], 4000)
    for (method, batch), found in values.items():
        limit = script.exact(method, batch)
        if limit is not None:
            assert abs(found.mse - limit) <= Z * found.standard_error + 1e-6
    assert set(values) == {(m, b) for m in script.METHODS for b in (1, 4, 16)} - {("two-stage", 1)}
    assert timing.samples == {"aligned": 84_000, "sphere": 84_000, "gaussian": 84_000, "two-stage": 80_000}
    again, _ = script.run_grid([1, 4, 16], 4000, workers=2)
    assert all(again[cell].mse == values[cell].mse for cell in values)


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


def test_memory_is_bounded(script):
    # A million samples, whose perturbations alone would take 128 MB; --memory runs ten million.
    for trials, batch in ((1_000_000, 1), (1, 1_000_000)):
        peak, _ = script.peak_memory(trials, batch)
        assert 5 < peak < 120


def test_command_line():
    run = subprocess.run([sys.executable, SCRIPT, "--help"], capture_output=True, text=True, check=True)
    assert "--memory" in run.stdout
