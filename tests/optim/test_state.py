"""A run that is saved, loaded, copied or pickled goes on as if nothing had happened."""

import copy
import io

import pytest
import torch

from zotheory.errors import InvalidArgument
from zotheory.optim import ZOSGD, Block, MeZO, ZOSignSGD

KINDS = {
    "sgd": lambda x, **o: ZOSGD(
        x, lr=0.01, law="gaussian", queries=2, momentum=0.9, weight_decay=0.01, **o
    ),
    "forward": lambda x, **o: ZOSGD(x, lr=0.01, difference="forward", law=Block(3), **o),
    "mezo": lambda x, **o: MeZO(x, lr=0.01, **o),
    "sign": lambda x, **o: ZOSignSGD(x, lr=0.01, queries=3, momentum=0.5, **o),
}
TYPES = [torch.bfloat16, torch.float32, torch.float64]


def fresh(dtype):
    return [torch.nn.Parameter(torch.linspace(-1, 1, 12).reshape(3, 4).to(dtype)),
            torch.nn.Parameter(torch.linspace(0, 1, 5).to(dtype))]  # fmt: skip


def advance(optimizer, steps):
    x = optimizer.param_groups[0]["params"]
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1.0)
    for _ in range(steps):
        optimizer.step(lambda: sum(p.double().square().sum() for p in x) + x[0][0, 0] * x[1][1])
        scheduler.step()


def saved(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", KINDS)
def test_resume(bits, name, dtype):
    whole, parts = fresh(dtype), fresh(dtype)
    straight, first = KINDS[name](whole, seed=5, mu=0.05), KINDS[name](parts, seed=5, mu=0.05)
    advance(straight, 10)
    advance(first, 6)
    # Another seed and mu: those of the state count.
    second = KINDS[name](parts, seed=99, mu=0.07)
    second.load_state_dict(saved(first.state_dict()))
    advance(second, 4)
    assert bits(parts) == bits(whole)
    assert (second.steps, second.queries, second.seed) == (10, straight.queries, 5)
    for p, q in zip(parts, whole, strict=True):
        assert second.state[p].keys() == straight.state[q].keys()
        for key, value in straight.state[q].items():
            assert second.state[p][key].dtype == (
                torch.float64 if dtype == torch.float64 else torch.float32
            )
            assert torch.equal(second.state[p][key], value)


def test_without_the_state_the_run_would_differ(bits):
    whole, parts = fresh(torch.float32), fresh(torch.float32)
    advance(KINDS["mezo"](whole), 10)
    advance(KINDS["mezo"](parts), 6)
    advance(KINDS["mezo"](parts), 4)
    assert bits(parts) != bits(whole)


@pytest.mark.parametrize("name", KINDS)
def test_deepcopy(bits, name):
    optimizer = KINDS[name](fresh(torch.float32), seed=5)
    advance(optimizer, 3)
    twin = copy.deepcopy(optimizer)
    advance(optimizer, 3)
    advance(twin, 3)
    first, second = (o.param_groups[0]["params"] for o in (optimizer, twin))
    assert first[0] is not second[0]
    assert bits(first) == bits(second)
    assert (twin.steps, twin.queries) == (optimizer.steps, optimizer.queries)


def test_a_loaded_state_is_a_copy():
    x = fresh(torch.float32)
    first, second = KINDS["sgd"](x), KINDS["sgd"](x)
    advance(first, 2)
    state = first.state_dict()
    kept = state["state"][0]["momentum"].clone()
    second.load_state_dict(state)
    second.state[x[0]]["momentum"].add_(1)
    assert torch.equal(first.state[x[0]]["momentum"], kept)


@pytest.mark.parametrize(
    ("other", "culprit"),
    [
        (lambda x: MeZO(x, lr=0.1, law="rademacher"), "class"),
        (lambda x: ZOSGD(x, lr=0.1, law="gaussian"), "law"),
        (lambda x: ZOSGD(x, lr=0.1, difference="forward"), "difference"),
        (lambda x: ZOSGD(x, lr=0.1, delta=2.0), "delta"),
        (lambda x: ZOSGD(x, lr=0.1, queries=2), "perturbations"),
        (lambda x: ZOSGD(x, lr=0.1, rounding="stochastic"), "rounding"),
    ],
)
def test_states_of_other_runs(other, culprit):
    x = fresh(torch.float32)
    optimizer = other(x)
    with pytest.raises(InvalidArgument, match=f"the state's {culprit}"):
        optimizer.load_state_dict(ZOSGD(x, lr=0.1).state_dict())
    assert optimizer.steps == 0


def test_a_state_of_torch():
    x = fresh(torch.float32)
    with pytest.raises(InvalidArgument, match=r"state_dict.*zotheory\.optim"):
        ZOSGD(x, lr=0.1).load_state_dict(torch.optim.SGD(x, lr=0.1).state_dict())


def test_block_size_is_part_of_the_law():
    x = fresh(torch.float32)
    with pytest.raises(InvalidArgument, match=r"Block\(size=4\)"):
        ZOSGD(x, lr=0.1, law=Block(4)).load_state_dict(ZOSGD(x, lr=0.1, law=Block(3)).state_dict())
