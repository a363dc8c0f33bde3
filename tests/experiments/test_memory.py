"""What a run's memory is said to be: known sizes, in the process and in a run's log."""

import time

import numpy as np
import pytest
import torch

from experiments import _memory
from experiments._classifiers import Classifier
from experiments._fine_tuning import Examples, Plan, fine_tune
from experiments._memory import Peak, resident
from experiments.language_model.methods import maker

MIB = 1024  # in kB
BATCH = 8
linux = pytest.mark.skipif(not _memory._STATUS.is_file(), reason="no /proc")


def held(mebibytes: int) -> torch.Tensor:
    return torch.ones(mebibytes * 2**20, dtype=torch.uint8)


@linux
@pytest.mark.parametrize("sampled", [False, True])
def test_a_known_size_is_seen_and_forgotten(sampled):
    peak = Peak(sampled=sampled)
    assert peak.kind == ("sampled" if sampled else "kernel")
    peak.start()
    before = resident()
    tensor = held(100)
    time.sleep(0.05 if sampled else 0)
    del tensor
    assert peak.largest - before == pytest.approx(100 * MIB, abs=4 * MIB)
    peak.start()
    assert peak.largest - resident() == pytest.approx(0, abs=4 * MIB)
    peak.close()


def test_without_a_maximum_that_can_be_reset_it_is_sampled(monkeypatch, tmp_path):
    monkeypatch.setattr(_memory, "_RESET", tmp_path / "no" / "file")
    assert Peak().kind == "sampled"
    monkeypatch.setattr(_memory, "_STATUS", tmp_path / "nothing")
    peak = Peak()
    peak.start()
    assert peak.kind == "none"
    assert peak.largest != peak.largest  # NaN


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
