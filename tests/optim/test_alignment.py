"""Aligned descent with the momentum or a given direction: against dense vectors, and its law."""

import io
import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from zotheory.checks import check_mean
from zotheory.errors import InvalidArgument
from zotheory.optim import DAPSGD, Stream, layout

MU, STEPS, RATE, MOMENTUM = 2.0**-8, 6, 0.01, 0.75


def reference(dense, x, *, law, first, second, difference, delta, decay, given=None):
    """x_0, ..., x_STEPS with every vector stored; e is ``given``, or that of the momentum."""
    found, length, d, m = [x], math.sqrt(delta), dense.DIM, np.zeros(dense.DIM)
    weight, f = first / (first + second), dense.objective
    for t in range(STEPS):

        def slope(u, x=x):
            u = u.astype(np.float32).astype(float)
            ahead, behind = (f(x + s * MU * length * u) for s in (1, -1))
            return ((ahead - behind) / 2 if difference == "central" else ahead - f(x)) / MU * length

        rough = np.zeros(d)
        for k in range(first):
            u = dense.draw(law, t, k).astype(float)
            rough += slope(u) * u / first
        e = m.astype(np.float32).astype(float) if given is None else given
        if not e.any():
            e = Stream(dense.SEED, "gaussian").normals(t, first + second, 0, d).numpy().astype(float)
            e = rough if first and given is None else e
        e, fine = e / np.linalg.norm(e), np.zeros(d)
        for k in range(second):
            z = Stream(dense.SEED, "gaussian").normals(t, first + k, 0, d).numpy().astype(float)
            across = z - (z @ e) * e
            across -= (across @ e) * e
            u = np.copysign(1.0, z @ e) * e + math.sqrt(d - 1) * across / np.linalg.norm(across)
            fine += slope(u) * u / second
        m = MOMENTUM * m + weight * rough + (1 - weight) * fine
        x = x * (1 - RATE * decay) - RATE * m
        found.append(x)
    return found


@pytest.mark.parametrize("difference", ["central", "forward"])
@pytest.mark.parametrize(
    ("first", "second", "law"), [(0, 1, "sphere"), (0, 3, "sphere"), (2, 1, "gaussian")]
)
@pytest.mark.parametrize("kind", ["momentum", "given", "zero"])
def test_steps(dense, parameters, joined, kind, first, second, law, difference):
    x = parameters(np.random.default_rng(0).normal(size=dense.DIM), torch.float64)
    options = {"law": law, "first": first, "second": second, "difference": difference, "delta": 0.5}
    given = {"momentum": None, "zero": np.zeros(dense.DIM)}.get(kind, np.linspace(-2, 1, dense.DIM) ** 3)
    if given is not None:
        given = given.astype(np.float32).astype(float)
        parts = [torch.as_tensor(p).reshape(s) for p, s in zip(
            np.split(given, dense.STARTS[1:-1]), dense.SHAPES, strict=True)]  # fmt: skip
    alignment = "momentum" if given is None else lambda: parts
    optimizer = DAPSGD(x, RATE, alignment=alignment, mu=MU, seed=dense.SEED, momentum=MOMENTUM,
                       weight_decay=0.5, **options)  # fmt: skip
    expected = reference(dense, joined(x).copy(), decay=0.5, given=given, **options)
    for t in range(STEPS):
        optimizer.step(lambda: dense.objective(joined(x)))
        np.testing.assert_allclose(joined(x), expected[t + 1], rtol=0, atol=1e-11)
    assert np.abs(expected[-1] - expected[0]).max() > 1e-2
    both = first + second
    assert optimizer.queries == STEPS * (2 * both if difference == "central" else both + 1)
    assert len(optimizer.coefficients) == first + 1 + second
    assert {frozenset(state) for state in optimizer.state.values()} == {frozenset({"momentum"})}


@pytest.mark.parametrize("delta", [1.0, 4.0])
@pytest.mark.parametrize("dim", [2, 3, 40, 5000])
def test_exact_alignment(dim, delta):
    # With e = a / |a|: (v.e)^2 = delta, |slope| = sqrt(delta) |a|, |v|^2 = delta d, and so
    # |slope v|^2 = delta^2 d |a|^2, in every draw. mu = 1, x = 0: the closure sees v.
    x, a, seen = nn.Parameter(torch.zeros(dim, dtype=torch.float64)), np.cos(np.arange(dim)) + 0.2, []
    size = np.linalg.norm(a)

    def closure():
        seen.append(x.detach().numpy().copy())
        return float(a @ seen[-1])

    options = {"first": 0, "mu": 1.0, "delta": delta, "seed": 3}
    optimizer = DAPSGD([x], 1.0, alignment=lambda: [torch.as_tensor(a)], **options)
    signs = set()
    for _ in range(30):
        seen.clear()
        with torch.no_grad():
            x.zero_()
        optimizer.step(closure)
        v, back = seen
        np.testing.assert_array_equal(back, -v)
        assert (v @ a / size) ** 2 == pytest.approx(delta, rel=3e-6)
        assert v @ v == pytest.approx(delta * dim, rel=1e-6)
        slope = (float(a @ v) - float(a @ back)) / 2
        assert abs(slope) == pytest.approx(math.sqrt(delta) * size, rel=2e-6)
        g = -x.detach().numpy()
        np.testing.assert_allclose(g, slope * v, rtol=0, atol=1e-5 * size * delta)
        assert g @ g == pytest.approx(delta**2 * dim * size**2, rel=1e-5)
        signs.add(slope > 0)
    assert signs == {False, True}


def drawn(options, momentum=None):
    """Function (n, generator): n draws of v in three dimensions, and of slope v, at one past."""
    a = np.array([1.0, -0.5, 2.0])

    def sample(n, rng):
        x, seen, rows = nn.Parameter(torch.zeros(3, dtype=torch.float64)), [], []
        optimizer = DAPSGD([x], 0.0, mu=1.0, seed=int(rng.integers(2**63)), first=0, **options)

        def closure():
            seen.append(x.detach().numpy().copy())
            return float(a @ seen[-1])

        for _ in range(n):
            seen.clear()
            if momentum is not None:
                optimizer.state[x]["momentum"] = torch.tensor(momentum, dtype=torch.float64)
            optimizer.step(closure)
            v = seen[0]
            rows.append([*np.outer(v, v)[np.triu_indices(3)], *((a @ v) * v)])
        return np.array(rows)

    return sample, a


@pytest.mark.parametrize("kind", ["momentum", "exact", "other"])
def test_unbiased_given_the_past(kind):
    delta, e = 2.0, {"exact": [1.0, -0.5, 2.0]}.get(kind, [0.3, 2.0, -1.0])
    if kind == "momentum":
        sample, a = drawn({"alignment": "momentum", "momentum": 0.5, "delta": delta}, e)
    else:
        sample, a = drawn({"alignment": lambda: [torch.tensor(e)], "delta": delta})
    claimed = [*(delta * np.eye(3))[np.triu_indices(3)], *(delta * a)]
    # |v|^2 = 3 delta bounds v_i v_j and |slope v| <= 3 delta |a|, and so their variances.
    evidence = check_mean(
        sample,
        claimed,
        resolvable=[0.4] * 6 + [0.9] * 3,
        variance=np.array([9.0] * 6 + [30.0] * 3),
        rng=1,
        false_alarm=1e-7,
    )
    assert evidence.outcome.value == "holds", evidence


def test_gradient_by_autograd():
    # Gradients are enabled in the call, and it sees the parameters of the step.
    x, calls = [nn.Parameter(torch.linspace(-1, 1, 6).reshape(2, 3)), nn.Parameter(torch.ones(()))], []

    def loss():
        return (x[0] * x[1]).square().sum() + x[0].sum()

    def alignment():
        calls.append([p.detach().clone() for p in x])
        return torch.autograd.grad(loss(), x)

    optimizer = DAPSGD(x, 0.01, first=0, second=2, alignment=alignment, mu=1e-2)
    for t in range(3):
        before = [p.detach().clone() for p in x]
        optimizer.step(loss)
        assert all(torch.equal(p, q) for p, q in zip(calls[t], before, strict=True))
    assert len(calls) == 3


@pytest.mark.parametrize("size", [0.0, 1e-40, float("inf"), float("nan")])
@pytest.mark.parametrize("first", [0, 2])
def test_no_momentum_to_align_with(first, size):
    # Zero, too small to be scaled, or overflowed: as before the first step. mu = 1 shows v.
    x, seen = nn.Parameter(torch.zeros(30)), []

    def closure():
        seen.append(x.detach().double().numpy().copy())
        return float(seen[-1].sum())

    found = []
    for momentum in (None, torch.full((30,), size)):
        seen.clear()
        optimizer = DAPSGD([x], 0.0, first=first, alignment="momentum", momentum=0.5, mu=1.0)
        if momentum is not None:
            optimizer.state[x]["momentum"] = momentum
        optimizer.step(closure)
        found.append(np.array(seen))
    np.testing.assert_array_equal(*found)
    assert found[0][-1] @ found[0][-1] == pytest.approx(30, rel=1e-6)
    if first:  # the rough estimate
        rough = sum(v.sum() * v for v in found[0][:4:2])
        assert (found[0][-1] @ rough) ** 2 / (rough @ rough) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("size", [1e-300, 1e-42, 1e30, 1e300])
def test_given_of_any_size(size):
    x, seen = nn.Parameter(torch.zeros(9)), []
    a = torch.linspace(-1, 2, 9, dtype=torch.float64) * size

    def closure():
        seen.append(x.detach().double().numpy().copy())
        return float(seen[-1].sum())

    DAPSGD([x], 0.0, first=0, alignment=lambda: [a], mu=1.0).step(closure)
    e = np.linspace(-1, 2, 9) / np.linalg.norm(np.linspace(-1, 2, 9))
    assert (seen[0] @ e) ** 2 == pytest.approx(1, rel=1e-5)


def test_what_is_given_may_change_after(bits):
    # The step keeps copies: the closure spoils what was returned.
    found = []
    for spoil in (False, True):
        x, a = nn.Parameter(torch.linspace(-1, 1, 12)), torch.ones(12, dtype=torch.float64)

        def closure(x=x, a=a, spoil=spoil):
            if spoil:
                a.fill_(float("nan"))
            return x.detach().square().sum() + x[0] * x[1]

        def alignment(a=a):
            return [a.fill_(1.0)]

        optimizer = DAPSGD([x], 0.05, alignment=alignment, momentum=0.5)
        for _ in range(4):
            optimizer.step(closure)
        found.append(bits([x]))
    assert found[0] == found[1]


@pytest.mark.parametrize("options", [{"engine": "plain"}, {"engine": "lockstep"}, {"delayed": True}, {}])
def test_layerwise(bits, options):
    # All ways are one, with a given direction also where updates wait.
    kinds = ["given"] if "delayed" in options else ["given", "momentum"]
    for kind in kinds:
        found = []
        for layerwise in (False, True):
            torch.manual_seed(0)
            model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))

            def loss(model=model):
                return model(torch.ones(3, 4)).square().mean()

            def gradient(model=model, loss=loss):
                return torch.autograd.grad(loss(), list(model.parameters()))

            given = (
                {"alignment": "momentum", "momentum": 0.5}
                if kind == "momentum"
                else {"alignment": gradient}
            )
            more = {"model": model, **options} if layerwise else {}
            optimizer = DAPSGD(model.parameters(), 0.01, first=0, second=2, seed=1, **given, **more)
            losses = [optimizer.step(loss) for _ in range(5)]
            optimizer.settle()
            found.append((losses, bits(model.parameters())))
        assert found[0] == found[1]
        assert len(set(found[0][0])) > 1


def test_pieces_change_nothing(bits, parameters, dense, joined, monkeypatch):
    # The update changes the momentum piece by piece, and so must it be read.
    found = []
    for cut in (False, True):
        if cut:
            monkeypatch.setattr(layout, "CHUNK", 3)
        x = parameters(np.linspace(-1, 1, dense.DIM))
        optimizer = DAPSGD(x, 0.01, first=0, second=2, alignment="momentum", momentum=0.5)
        for _ in range(5):
            optimizer.step(lambda x=x: dense.objective(joined(x)))
        found.append(
            (optimizer.coefficients, bits(x), bits(s["momentum"] for s in optimizer.state.values()))
        )
    assert found[0] == found[1]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["momentum", "given"])
def test_resume(bits, dtype, kind):
    def make(start, **options):
        given = {"alignment": "momentum" if kind == "momentum" else lambda: [start.detach().cos()]}
        given |= {"first": 0, "second": 2, "momentum": 0.5, "mu": 0.05}
        return DAPSGD([start], 0.01, **{**given, **options})

    def advance(optimizer, steps):
        (x,) = optimizer.param_groups[0]["params"]
        for _ in range(steps):
            optimizer.step(lambda: x.double().square().sum() + x[0] * x[1])

    whole, parts = (nn.Parameter(torch.linspace(-1, 1, 12).to(dtype)) for _ in range(2))
    straight, one = make(whole, seed=5), make(parts, seed=5)
    advance(straight, 8)
    advance(one, 5)
    file = io.BytesIO()
    torch.save(one.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    assert state["zeroth_order"]["alignment"] == ("momentum" if kind == "momentum" else "function")
    two = make(parts, seed=99)
    two.load_state_dict(state)
    advance(two, 3)
    assert bits([parts]) == bits([whole])
    assert bits([two.state[parts]["momentum"]]) == bits([straight.state[whole]["momentum"]])
    other = make(parts, alignment="momentum" if kind == "given" else lambda: [parts.detach()])
    with pytest.raises(InvalidArgument, match="the state's alignment"):
        other.load_state_dict(state)
    assert other.steps == 0


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ({"alignment": "exact"}, "alignment"),
        ({"alignment": None}, "alignment"),
        ({"first": 0}, "first"),
        ({"first": -1, "alignment": "momentum", "momentum": 0.5}, "first"),
        ({"first": False, "alignment": "momentum", "momentum": 0.5}, "first"),
        ({"first": 0.0, "alignment": "momentum", "momentum": 0.5}, "first"),
        ({"alignment": "momentum"}, "momentum"),
        ({"momentum": 1.0}, "momentum"),
        ({"first": 0, "combination": 0.5, "alignment": list}, "combination"),
    ],
)
def test_bad_arguments(options, culprit):
    with pytest.raises(InvalidArgument, match=f"^{culprit} = "):
        DAPSGD([nn.Parameter(torch.ones(3))], **{"lr": 0.1, **options})


def test_momentum_cannot_wait_or_be_left_out_in_a_group():
    model = nn.Linear(2, 2)
    with pytest.raises(InvalidArgument, match=r"^delayed = "):
        DAPSGD(model.parameters(), 0.1, model=model, delayed=True, alignment="momentum", momentum=0.5)
    groups = [{"params": [model.weight]}, {"params": [model.bias], "momentum": 0.0}]
    with pytest.raises(InvalidArgument, match=r"^momentum = 0\.0"):
        DAPSGD(groups, 0.1, alignment="momentum", momentum=0.5)


GOOD = torch.ones(2, 3)


@pytest.mark.parametrize(
    ("returned", "culprit"),
    [
        (None, r"alignment\(\)"),
        (GOOD, r"alignment\(\)"),
        ([GOOD], r"alignment\(\)"),
        (iter([GOOD, torch.ones(4)]), r"alignment\(\)"),
        ([GOOD, None], r"alignment\(\)\[1\]"),
        ([GOOD.T, torch.ones(4)], r"alignment\(\)\[0\]"),
        ([GOOD, torch.ones(1)], r"alignment\(\)\[1\]"),
        ([GOOD.long(), torch.ones(4)], r"alignment\(\)\[0\]"),
        ([GOOD.cfloat(), torch.ones(4)], r"alignment\(\)\[0\]"),
        ([GOOD, torch.tensor([0, 1, 2, math.nan])], r"alignment\(\)\[1\]"),
        ([GOOD * math.inf, torch.ones(4)], r"alignment\(\)\[0\]"),
    ],
)
def test_bad_directions(bits, returned, culprit):
    # Before any evaluation, and the step may be tried again.
    x, calls = [nn.Parameter(torch.ones(2, 3)), nn.Parameter(torch.ones(4))], itertools.count()
    before, answers = bits(x), iter([returned, [GOOD, torch.ones(4)]])
    optimizer = DAPSGD(x, 0.1, alignment=lambda: next(answers))
    with pytest.raises(InvalidArgument, match=f"^{culprit} = "):
        optimizer.step(lambda: float(next(calls)))
    assert (bits(x), next(calls), optimizer.steps, optimizer.queries) == (before, 0, 0, 0)
    optimizer.step(lambda: float(next(calls)))
    assert bits(x) != before


SHARED = """
import os, sys
import torch, torch.distributed as dist
from zotheory.optim import DAPSGD
from zotheory.optim.distributed import RankError, ReplicaError

rank, meeting = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)


def run(parallel, alignment, first):
    x = torch.nn.Parameter(torch.linspace(-1, 1, 8))
    given = {"alignment": "momentum" if alignment == "momentum" else lambda: [x.detach().cos()]}
    optimizer = DAPSGD([x], 0.05, first=first, second=3, momentum=0.5, parallel=parallel, **given)
    for _ in range(5):
        optimizer.step(lambda: x.double().square().sum() + x[0] * x[1])
    if parallel:
        optimizer.check_replicas()
    return x.detach().clone()


for alignment in ("momentum", "given"):
    for first in (0, 2):
        assert torch.equal(run("query", alignment, first), run(None, alignment, first))


def error(alignment):
    x = torch.nn.Parameter(torch.ones(4))
    try:
        DAPSGD([x], 0.1, first=0, second=2, momentum=0.5, parallel="query", alignment=alignment).step(
            lambda: x.square().sum())
    except Exception as found:
        return type(found), str(found)


def broken():
    if rank == 1:
        raise KeyError("here")
    return [torch.ones(4)]


kind, text = error(broken)
assert kind is (KeyError if rank == 1 else RankError), text
kind, text = error(lambda: [torch.arange(4.0) + rank])
assert kind is ReplicaError and text.startswith("alignment()[0] on rank 1"), text
try:
    alignment = "momentum" if rank else "rough"
    x = [torch.nn.Parameter(torch.ones(4))]
    DAPSGD(x, 0.1, first=2, second=2, momentum=0.5, parallel="data", alignment=alignment).check_replicas()
    raise AssertionError("ranks differ")
except ReplicaError as found:
    assert str(found).startswith("alignment on rank 1"), found
dist.destroy_process_group()
# A process of torch 2.13 with gloo now and then aborts while its interpreter ends.
os._exit(0)
"""


def test_shared_steps(tmp_path):
    command = [sys.executable, "-c", SHARED]
    processes = [
        subprocess.Popen(
            [*command, str(rank), str(tmp_path / "meeting")], stderr=subprocess.PIPE, text=True
        )
        for rank in range(2)
    ]
    try:
        for rank, process in enumerate(processes):
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 0, f"rank {rank}: {errors}"
    finally:
        for process in processes:
            process.kill()
