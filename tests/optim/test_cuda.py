"""The cases for a GPU, run where there is one; everywhere on the CPU, by the code of other devices."""

import pytest
import torch

from zotheory.optim import Stream

NAMES = [
    "case_blocks_are_those_of_the_cpu",
    "case_engines_are_one",
    "case_learning_rate_zero",
    "case_moved_between_steps",
    "case_parameters_on_two_devices",
    "case_state_from_the_cpu",
    "case_steps_are_those_of_the_cpu",
    "case_streams",
    "case_the_kernel_gives_torch_s_values",
]


@pytest.fixture
def cases(dense):  # by the path that `dense` sets
    import importlib

    return importlib.import_module("cuda_cases").CASES


@pytest.mark.parametrize("name", NAMES)
def test_on_the_cpu_by_torch_integers(cases, monkeypatch, name):
    # Every second piece by the one way, the others by the other: what a case compares has both in it.
    plain = {kind: getattr(Stream, f"fill_{kind}") for kind in ("signs", "normals")}
    used = []

    def routed(kind):
        def fill(self, out, step, query, low, factor=1.0):
            used.append(kind)
            if len(used) % 2 or out.device.type != "cpu":
                draw = getattr(self, f"portable_{kind}")
                out.copy_(draw(step, query, low, low + out.numel(), out.device)).mul_(factor)
            else:
                plain[kind](self, out, step, query, low, *([factor] if kind == "signs" else []))

        return fill

    for kind in plain:
        monkeypatch.setattr(Stream, f"fill_{kind}", routed(kind))
    cases[name]("cpu")
    assert used or "kernel" in name


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
