"""Times of steps: what is timed, the baseline's step, bad input."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments.step_time import Config, as_usual, cells, ready, run
from tests.experiments.toy_language import save_opt
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed


def test_the_baseline_steps_along_its_normal_numbers():
    x = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(3, 4)
    before, slope = x.clone(), torch.arange(12.0, dtype=torch.float64).reshape(3, 4)
    step = as_usual([x], lambda: (x * slope).sum(), lr=0.1)
    for seed in range(2):
        z = torch.normal(0.0, 1.0, (3, 4), generator=torch.Generator().manual_seed(seed))
        before -= 0.1 * float((z * slope).sum()) * z
        step()
        torch.testing.assert_close(x, before, rtol=1e-6, atol=1e-6)


def test_rows_are_steps(tmp_path):
    threads = torch.get_num_threads()
    methods = ("mezo-as-usual", "mezo-bcd-cyclic/gaussian", "adamw")
    config = Config(str(save_opt(tmp_path / "opt")), methods, batch=2, length=4, steps=3, threads=1)
    ready(config)
    for cell in cells(config):
        table = run(config, cell, Seed(0, "step-time", str(cell)))
        rows = {name: np.asarray(values) for name, values in table.columns.items()}
        # Two layers, and what is registered before them, the final norm too.
        blocks = 3 if cell["method"].startswith("mezo-bcd") else 1
        assert rows["blocks"].tolist() == [blocks] * 3
        assert (rows["seconds"] > 0).all()
        assert (rows["cpu_seconds"] > 0).all()
        timed = ~np.isnan(rows["forward_seconds"])
        assert timed[0]
        assert (rows["forward_seconds"][timed] > 0).all()
    assert torch.get_num_threads() == threads
    with pytest.raises(InvalidArgument, match=r"length = 33: .* takes 32 tokens"):
        ready(replace(config, length=33))


@pytest.mark.parametrize(("name", "value"), [("methods", ()), ("steps", 1), ("threads", 0)])
def test_bad_input(name, value):
    with pytest.raises(InvalidArgument, match=name):
        Config(**{name: value})
    with pytest.raises(InvalidArgument, match="METHOD/LAW"):
        Config(methods=("nothing/sphere",))
