"""The Triton kernel: run by its interpreter where Triton is installed; what comes without it."""

import os
import subprocess
import sys
import warnings
from importlib.util import find_spec

import pytest
import torch

from zotheory.optim import kernels
from zotheory.optim.stream import Stream

# Run in a process of its own, as Triton asks for its interpreter when it is imported.
INTERPRETED = """
import torch
from zotheory.optim.kernels import Entries, launch
from zotheory.optim.stream import Stream

stream, cuts = Stream(2**63 + 5, "kernel"), [(0, 1), (0, 777), (1, 8), (7, 9), (63, 66), (255, 855), (5, 6)]
cuts += [(256, 512), (2**40 + 1, 2**40 + 1500), (0, 20_000)]
for kind in ("signs", "normals"):
    for step, query, (low, high) in [(6, 7, cut) for cut in cuts] + [(2**63 + 1, 2**64 - 1, (3, 700))]:
        expected = getattr(stream, f"portable_{kind}")(step, query, low, high, "cpu")
        out = torch.full((high - low + 2,), 9.0)
        launch(out[1:-1], Entries(stream, kind, step, query, low), 1.0, None)
        assert torch.equal(out[1:-1], expected) and out[0] == out[-1] == 9, (kind, step, low, high)
        launch(out[1:-1], Entries(stream, kind, step, query, low, 1.1), 0.7, None)
        assert torch.equal(out[1:-1], expected.mul(1.1).mul(0.7)), (kind, step, low, high)
        # The interpreter cuts off what does not fit bfloat16: not compared here, but before the first use.
        for dtype in (torch.float32, torch.float16):
            x = torch.linspace(-3, 3, high - low).to(dtype)
            summed = x.float().add(expected.mul(1.1).mul(0.7)).to(dtype)
            launch(x, Entries(stream, kind, step, query, low, 1.1), 0.7, x)
            assert torch.equal(x, summed), (kind, dtype, low, high)
print("kernel agrees")
"""


# Compiled for compute capability 9.0, which takes no GPU.
COMPILED = """
import re
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from zotheory.optim import kernels

for normal in (False, True):
    for add in (False, True):
        for kind in ("*fp32", "*fp16", "*bf16"):
            names = [parameter.name for parameter in kernels._write.params]
            types = {p.name: p.annotation_type for p in kernels._write.params if p.annotation_type}
            pointers = {"out": kind, "source": kind, "table": "*fp32" if normal else kind}
            fixed = {"NORMAL": normal, "ADD": add, "BLOCKS": 64 if normal else 32}
            signature = {**pointers, **types, **dict.fromkeys(fixed, "constexpr")}
            source = ASTSource(kernels._write, {name: signature[name] for name in names}, fixed)
            options = {"enable_fp_fusion": False}
            text = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options).asm["ptx"]
            assert re.search("mul.*f32", text) and not re.search("fma", text)
print("kernel compiles")
"""


@pytest.mark.parametrize(
    ("script", "said", "options"),
    [(INTERPRETED, "kernel agrees", {"TRITON_INTERPRET": "1"}), (COMPILED, "kernel compiles", {})],
    ids=["interpreted", "compiled"],
)
def test_the_kernel(capsys, script, said, options):
    if find_spec("triton") is None:
        with capsys.disabled():
            print(f"\nnot run, Triton is not installed: whether the {said}", end="")
        return
    environment = {**os.environ, **options}
    command = [sys.executable, "-c", script]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert found.stdout == f"{said}\n", found.stderr


def interpreted(out, entries, factor, source):
    """The same by torch."""
    draw = getattr(entries.stream, f"portable_{entries.kind}")
    low, high = entries.low, entries.low + out.numel()
    value = draw(entries.step, entries.query, low, high, "cpu").mul(entries.inner).mul(factor)
    out.copy_(value if source is None else source.float().add(value))


@pytest.fixture
def fresh(monkeypatch):
    monkeypatch.setattr(kernels, "_serves", {})
    monkeypatch.setattr(kernels, "triton", object())
    return monkeypatch


class Elsewhere(torch.Tensor):
    """A tensor that says it is on another device."""

    @property
    def device(self):
        return torch.device("cuda")


def row(size, dtype=torch.float32):
    return torch.zeros(size, dtype=dtype).as_subclass(Elsewhere)


@pytest.mark.parametrize("kind", ["signs", "normals"])
def test_what_agrees_is_used(fresh, kind):
    fresh.setattr(kernels, "launch", interpreted)
    fresh.setattr(
        kernels, "_agrees", lambda entries, device: kernels._compare(entries, torch.device("cpu"))
    )
    stream = Stream(3, "kernel")
    out = row(100)
    assert kernels.write(out, kernels.Entries(stream, kind, 1, 2, 5), 0.5)
    expected = getattr(stream, kind)(1, 2, 5, 105) * 0.5
    assert torch.equal(out.as_subclass(torch.Tensor), expected)
    assert not kernels.write(row(3, torch.float64), kernels.Entries(stream, kind, 1, 2, 5))
    assert not kernels.write(torch.zeros(3), kernels.Entries(stream, kind, 1, 2, 5))


def fused(out, entries, factor, source):
    """A product and a sum that are rounded once, as a compiler might make them."""
    wide = torch.empty(out.numel(), dtype=torch.float64)
    interpreted(wide, entries, 1.0, None)
    out.copy_(source.double().add(wide.mul_(float(torch.tensor(factor)))))


def shifted(out, entries, factor, source):
    interpreted(
        out, kernels.Entries(entries.stream, entries.kind, 0, 0, entries.low, entries.inner), factor, source
    )


def broken(out, entries, factor, source):
    raise RuntimeError("does not compile")


@pytest.mark.parametrize("launch", [fused, shifted, broken])
def test_what_does_not_agree_is_not_used(fresh, launch):
    fresh.setattr(kernels, "launch", launch)
    compare = kernels._compare
    fresh.setattr(kernels, "_compare", lambda entries, device: compare(entries, torch.device("cpu")))
    entries = kernels.Entries(Stream(3, "kernel"), "normals", 1, 2, 5)
    out = row(100)
    with pytest.warns(UserWarning, match=r"no Triton kernel for random normals on cuda.*torch is used"):
        assert not kernels.write(out, entries)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # once is enough
        assert not kernels.write(out, entries)
    assert not out.as_subclass(torch.Tensor).any()


def test_without_triton(fresh):
    fresh.setattr(kernels, "triton", None)
    with pytest.warns(UserWarning, match="no Triton kernel for random signs"):
        assert not kernels.write(row(10), kernels.Entries(Stream(3, "kernel"), "signs", 1, 2, 5))
