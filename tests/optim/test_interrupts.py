"""Ctrl-C at any moment of a step: parameters are as before it, or as after it."""

import signal
import threading

import pytest
import torch
from torch import nn

from zotheory.optim import ZOSGD, layerwise, lockstep, replay
from zotheory.optim.directions import Kept
from zotheory.optim.interrupts import Held


def model_and_optimizer(**options):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
    return model, ZOSGD(model.parameters(), 0.1, momentum=0.5, **options)


@pytest.mark.parametrize("engine", [None, "plain", "reuse", "lockstep"])
@pytest.mark.parametrize("moment", ["displacing", "withholding", "updating"])
def test_every_moment(monkeypatch, bits, engine, moment):
    where = {
        "displacing": (layerwise if engine else None, "displace"),
        "withholding": (layerwise if engine else None, "withhold"),
        "updating": (replay.Replay, "settle_one"),
    }
    place, name = where[moment]
    if place is None:
        place, name = Kept, "product"
    if (engine, moment) == ("lockstep", "displacing"):
        place, name = lockstep, "scaled"
    plain, calls, stop = getattr(place, name), [], []

    def interrupted(*args, **kwargs):
        calls.append(1)
        if stop and len(calls) == stop[0]:
            signal.raise_signal(signal.SIGINT)
        return plain(*args, **kwargs)

    monkeypatch.setattr(place, name, interrupted)

    def run(at):
        stop[:], calls[:] = [], []
        model, optimizer = model_and_optimizer()
        if engine:
            model, optimizer = model_and_optimizer()
            optimizer = ZOSGD(model.parameters(), 0.1, momentum=0.5, model=model, engine=engine)
        states = [bits(model.parameters())]

        def step():
            optimizer.step(lambda: model(torch.ones(3, 4)).square().mean())
            states.append(bits(model.parameters()))

        step()
        calls[:] = []
        stop[:] = [at] if at else []
        if at:
            with pytest.raises(KeyboardInterrupt):
                step()
            states.append(bits(model.parameters()))
            assert optimizer.steps in (1, 2)
            assert states[-1] == straight[optimizer.steps]
        else:
            step()
        return states

    straight = run(0)
    total = len(calls)
    assert total > 3
    for at in range(1, total + 1):
        run(at)


def test_held_lets_through_what_waited():
    reached = []

    def body():
        with Held():
            signal.raise_signal(signal.SIGINT)
            reached.append(1)

    with pytest.raises(KeyboardInterrupt):
        body()
    assert reached
    with Held() as held:
        with pytest.raises(KeyboardInterrupt):
            held.call(lambda: signal.raise_signal(signal.SIGINT))
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            held.call(lambda: reached.append(2))
    assert reached == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_have_nothing_to_hold():
    found = []

    def work():
        model, optimizer = model_and_optimizer()
        found.append(optimizer.step(lambda: model(torch.ones(3, 4)).square().mean()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(found) == 1


def test_no_memory_for_moments_changes_nothing(monkeypatch, bits):
    model, optimizer = model_and_optimizer()
    before, plain, calls = bits(model.parameters()), torch.zeros, []

    def zeros(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise MemoryError
        return plain(*args, **kwargs)

    monkeypatch.setattr(torch, "zeros", zeros)
    with pytest.raises(MemoryError):
        optimizer.step(lambda: model(torch.ones(3, 4)).square().mean())
    assert bits(model.parameters()) == before
    assert optimizer.steps == 0
    twin, straight = model_and_optimizer()
    for _ in range(2):
        straight.step(lambda: twin(torch.ones(3, 4)).square().mean())
        optimizer.step(lambda: model(torch.ones(3, 4)).square().mean())  # the first one again
    assert bits(model.parameters()) == bits(twin.parameters())


class Prompts(nn.Module):
    """Gives views of parameters that are used later, layer by layer."""

    def __init__(self):
        super().__init__()
        self.made = nn.ModuleList(Prompt() for _ in range(3))

    def forward(self, x):
        prompts = [prompt(len(x)) for prompt in self.made]
        for prompt in prompts:
            x = torch.tanh(x * prompt)
        return x


class Prompt(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, 5))

    def forward(self, count):
        return self.weight.expand(count, -1)


@pytest.mark.parametrize("engine", [None, "plain", "reuse", "lockstep"])
def test_views_of_parameters_outlive_the_forward(engine):
    torch.manual_seed(0)
    model = Prompts()
    options = {} if engine is None else {"model": model, "engine": engine}
    optimizer = ZOSGD(model.parameters(), 0.1, **options)
    losses = [optimizer.step(lambda: model(torch.ones(2, 5)).square().mean()) for _ in range(4)]
    torch.manual_seed(0)
    twin = Prompts()
    plain = ZOSGD(twin.parameters(), 0.1)
    assert losses == [plain.step(lambda: twin(torch.ones(2, 5)).square().mean()) for _ in range(4)]
