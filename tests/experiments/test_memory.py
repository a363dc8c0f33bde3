"""What a run's memory is said to be: known sizes, in the process and in a run's log."""

import math
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments._classifiers import Classifier
from experiments._fine_tuning import Examples, Plan, fine_tune
from experiments._memory import Peak
from experiments.language_model.methods import maker
from zotheory.experiment import environment
from zotheory.experiment.environment import peak_memory, reset_peak_memory, resident_memory

MIB = 1024  # in kB
BATCH = 8
linux = pytest.mark.skipif(not resident_memory(), reason="no /proc")


def held(mebibytes: int) -> torch.Tensor:
    return torch.ones(mebibytes * 2**20, dtype=torch.uint8)


@linux
@pytest.mark.parametrize("sampled", [False, True])
def test_a_known_size_is_seen_and_forgotten(sampled):
    peak = Peak(sampled=sampled)
    assert peak.kind == ("sampled" if sampled else "kernel")
    peak.start()
    before = resident_memory() / 1024
    tensor = held(100)
    time.sleep(0.05 if sampled else 0)
    del tensor
    assert peak.largest - before == pytest.approx(100 * MIB, abs=4 * MIB)
    peak.start()
    assert peak.largest - resident_memory() / 1024 == pytest.approx(0, abs=4 * MIB)
    peak.close()


@linux
def test_the_peak_of_a_cell_outlasts_what_is_measured_within_it():
    reset_peak_memory()
    before, tensor = resident_memory(), held(100)
    del tensor
    Peak().start()
    assert peak_memory() - before == pytest.approx(100 * 2**20, abs=4 * 2**20)
    reset_peak_memory()
    assert peak_memory() - before == pytest.approx(0, abs=4 * 2**20)


@linux
def test_without_a_maximum_that_can_be_reset_it_is_sampled(monkeypatch):
    def path(name):
        return Path("/proc/no/such/file" if name in gone else name)

    monkeypatch.setattr(environment, "Path", path)
    gone = ["/proc/self/clear_refs"]
    assert Peak().kind == "sampled"
    gone += ["/proc/self/status"]
    peak = Peak()
    peak.start()
    assert peak.kind == "none"
    assert math.isnan(peak.largest)


class Holding(torch.nn.Module):
    """A classifier whose forward pass holds so much while it runs, in training only."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.mebibytes = 0

    def forward(self, inputs, mask):
        taken = held(self.mebibytes if len(inputs) == BATCH else 0)
        logit = self.weight * inputs[:, 0].float() + 0 * taken.numel()
        return torch.stack([-logit, logit], dim=1)


@linux
def test_a_log_tells_what_steps_held_and_what_they_took():
    inputs = [torch.tensor([float(n % 2)]) for n in range(12)]
    examples = Examples(inputs, np.arange(12) % 2)
    module = Holding()
    module.mebibytes = 60
    logs = {}
    for name in ("zo-sgd/rademacher", "adamw"):
        make = maker(name, 0.1, mu=1e-3, queries=1, difference="central", seed=0)
        plan = Plan(passes=12, records=2, batch=BATCH, micro=BATCH)
        logs[name] = fine_tune(Classifier(module, None, None), examples, examples, make, plan).rows
    for rows in logs.values():
        # At the start nothing has run; the development set is no part of it.
        assert all(row["memory"] - rows[0]["memory"] > 58 * MIB for row in rows[1:])
        assert all(row["memory"] - rows[0]["memory"] < 75 * MIB for row in rows[1:])
        assert rows[0]["cpu_seconds"] == 0 < rows[1]["cpu_seconds"] < rows[2]["cpu_seconds"]
