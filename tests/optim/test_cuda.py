"""The cases for a GPU, run where there is one; everywhere on the CPU, by the code of other devices."""

import pytest
import torch

from zotheory.optim import Stream

NAMES = [
    "case_learning_rate_zero",
    "case_parameters_on_two_devices",
    "case_state_from_the_cpu",
    "case_steps_are_those_of_the_cpu",
    "case_streams",
]


@pytest.fixture
def cases(dense):  # by the path that `dense` sets
    import importlib

    return importlib.import_module("cuda_cases").CASES


@pytest.mark.parametrize("name", NAMES)
def test_on_the_cpu_by_torch_integers(cases, monkeypatch, name):
    plain = {kind: getattr(Stream, kind) for kind in ("signs", "normals")}

    def routed(kind):
        def draw(self, step, query, low, high, device="numpy"):
            if device == "numpy":
                return plain[kind](self, step, query, low, high)
            return getattr(self, f"portable_{kind}")(step, query, low, high, device)

        return draw

    for kind in plain:
        monkeypatch.setattr(Stream, kind, routed(kind))
    cases[name]("cpu")


def test_cases_that_were_not_run_are_listed(cases, capsys):
    assert sorted(cases) == NAMES
    missing = [] if torch.cuda.is_available() else NAMES
    with capsys.disabled():
        for name in missing:
            print(f"\nnot run, there is no GPU: {name}", end="")
    assert missing == NAMES or torch.cuda.device_count() > 0


if torch.cuda.is_available():

    @pytest.mark.parametrize("name", NAMES)
    def test_on_the_gpu(cases, name):
        cases[name]("cuda")
