"""Updates that wait until a parameter is displaced: the same run, bit for bit."""

import copy
import io
import itertools
import pickle

import pytest
import torch
from torch import nn

from zotheory.errors import InvalidArgument
from zotheory.optim import DAPSGD, ZOSGD, GuidedSGD, LossError, MeZO, MeZOBCD, RAdaZO, streaming

TOKENS = torch.arange(12).reshape(3, 4)


class Language(nn.Module):
    """An embedding that is the head too, and layers."""

    def __init__(self, dtype):
        super().__init__()
        self.embed = nn.Embedding(30, 6, dtype=dtype)
        self.layers = nn.ModuleList(nn.Linear(6, 6, dtype=dtype) for _ in range(3))
        self.head = nn.Linear(6, 30, bias=False, dtype=dtype)
        self.head.weight = self.embed.weight

    def forward(self, tokens):
        x = self.embed(tokens)
        for layer in self.layers:
            x = x + torch.tanh(layer(x))
        return self.head(x).float().logsumexp(-1).mean()


def language(dtype=torch.float32):
    torch.manual_seed(1)
    return Language(dtype)


KINDS = {
    "mezo": lambda m, **o: MeZO(m.parameters(), 0.02, model=m, weight_decay=0.1, mu=0.03, **o),
    "forward": lambda m, **o: ZOSGD(
        m.parameters(), 0.02, model=m, difference="forward", queries=2, mu=0.03, **o
    ),
    "aligned": lambda m, **o: DAPSGD(m.parameters(), 0.02, model=m, mu=0.03, **o),
    "blocks": lambda m, **o: MeZOBCD(m.parameters(), 0.02, model=m, mu=0.03, steps_per_block=3, **o),
}


def run(model, optimizer, steps=9):
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.7)
    losses = []
    for _ in range(steps):
        losses.append(optimizer.step(lambda: model(TOKENS)))
        scheduler.step()
    return losses


@pytest.mark.parametrize("large", [100, 2**22])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("engine", ["plain", "reuse", "lockstep"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_run_is_the_same(monkeypatch, bits, kind, engine, dtype, large):
    monkeypatch.setattr(streaming, "LARGE", large)
    found = []
    for delayed in (False, True):
        model = language(dtype)
        optimizer = KINDS[kind](model, engine=engine, delayed=delayed)
        losses = run(model, optimizer)
        early = bits(model.parameters())
        optimizer.settle()
        found.append((losses, bits(model.parameters())))
        # The last update did wait.
        assert (early != bits(model.parameters())) == delayed
    assert found[0] == found[1]


@pytest.mark.parametrize("take", ["state_dict", "deepcopy"])
def test_a_state_holds_no_update_that_waits(bits, take):
    model = language()
    optimizer = KINDS["mezo"](model, delayed=True)
    run(model, optimizer, 3)
    early = bits(model.parameters())
    if take == "state_dict":
        state, weights = optimizer.state_dict(), copy.deepcopy(model.state_dict())
        twin = language()
        other = KINDS["mezo"](twin, delayed=True)
        run(twin, other, 1)
        twin.load_state_dict(weights)
        other.load_state_dict(state)
    else:
        other = copy.deepcopy(optimizer)
        twin = other.model
    assert bits(model.parameters()) != early
    assert bits(twin.parameters()) == bits(model.parameters())
    assert run(twin, other, 3) == run(model, optimizer, 3)


def pickled(both):
    return pickle.loads(pickle.dumps(both))


def saved(both):
    file = io.BytesIO()
    torch.save(both, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled, saved])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("order", ["model first", "optimizer first"])
def test_copies_of_both_at_once(bits, order, dtype, copied):
    model = language(dtype)
    optimizer = KINDS["mezo"](model, delayed=True)
    run(model, optimizer, 3)
    early = bits(model.parameters())
    if order == "model first":
        twin, other = copied((model, optimizer))
    else:
        other, twin = copied((optimizer, model))
    assert other.model is twin
    assert type(other) is type(optimizer)
    assert bits(model.parameters()) != early
    assert bits(twin.parameters()) == bits(model.parameters())
    assert run(twin, other, 3) == run(model, optimizer, 3)
    optimizer.settle()
    other.settle()
    assert bits(twin.parameters()) == bits(model.parameters())


def test_a_step_that_is_refused_leaves_the_update_of_the_one_before(bits):
    found = []
    for delayed in (False, True):
        model = language()
        optimizer = KINDS["mezo"](model, delayed=delayed)
        optimizer.step(lambda model=model: model(TOKENS))
        for stop in range(2):
            calls = itertools.count()

            def closure(calls=calls, stop=stop, model=model):
                return model(TOKENS) * (float("nan") if next(calls) == stop else 1.0)

            with pytest.raises(LossError):
                optimizer.step(closure)
        optimizer.settle()
        found.append(bits(model.parameters()))
    assert found[0] == found[1]


def test_bad_input():
    model = language()
    with pytest.raises(InvalidArgument, match=r"delayed.*model"):
        ZOSGD(model.parameters(), 0.1, delayed=True)
    with pytest.raises(InvalidArgument, match="delayed"):
        ZOSGD(model.parameters(), 0.1, model=model, delayed=1)
    with pytest.raises(InvalidArgument, match=r"delayed.*momentum"):
        ZOSGD(model.parameters(), 0.1, model=model, momentum=0.9, delayed=True)
    for kind in (GuidedSGD, RAdaZO):
        with pytest.raises(InvalidArgument, match="cannot wait"):
            kind(model.parameters(), 0.1, model=model, delayed=True)
