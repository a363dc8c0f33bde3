"""Ctrl-C at any moment of a step: parameters are as before it, or as after it."""

import signal
import threading
from itertools import count
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from zotheory.optim import ZOSGD, layerwise, lockstep, replay
from zotheory.optim.directions import Kept
from zotheory.optim.interrupts import Held
from zotheory.optim.stream import CHUNK
from zotheory.optim.workspace import held_once


def model_and_optimizer(**options):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
    return model, ZOSGD(model.parameters(), 0.1, momentum=0.5, **options)


@pytest.mark.parametrize("engine", [None, "plain", "reuse", "lockstep", "abreast"])
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
    plain, stop, calls = getattr(place, name), [], [0]
    numbers = [count(1)]  # also of two threads at once

    def interrupted(*args, **kwargs):
        calls[0] = number = next(numbers[0])
        if stop and number == stop[0]:
            signal.raise_signal(signal.SIGINT)
        return plain(*args, **kwargs)

    monkeypatch.setattr(place, name, interrupted)

    def run(at):
        stop[:], numbers[0] = [], count(1)
        model, optimizer = model_and_optimizer()
        if engine:
            model, optimizer = model_and_optimizer()
            placed = {"abreast": True} if engine == "abreast" else {"engine": engine}
            optimizer = ZOSGD(model.parameters(), 0.1, momentum=0.5, model=model, **placed)
        states = [bits(model.parameters())]

        def step():
            optimizer.step(lambda: model(torch.ones(3, 4)).square().mean())
            states.append(bits(model.parameters()))

        step()
        numbers[0] = count(1)
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
    total = calls[0]
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


class Failing(ZOSGD):
    """The update of one piece fails, before it has begun."""

    calls, fails = 0, -1

    def update(self, *args):
        self.calls += 1
        if self.calls == self.fails:
            raise MemoryError
        return super().update(*args)


# The second piece of the first parameter; the other parameter.
@pytest.mark.parametrize("fails", [2, 3])
@pytest.mark.parametrize(("dtype", "turned"), [(torch.float32, False), (torch.bfloat16, True)])
def test_no_piece_is_updated_twice(fails, dtype, turned):
    def run(fails):
        start = torch.linspace(-1, 1, CHUNK + 10, dtype=dtype).view(-1, 2)
        held = [nn.Parameter(start.t() if turned else start), nn.Parameter(torch.ones(5))]
        optimizer = Failing(held, 0.1, momentum=0.5)

        def step():
            optimizer.step(lambda: sum(p.detach().flatten()[-9:].double().square().sum() for p in held))

        step()  # there is a momentum then
        optimizer.calls, optimizer.fails = 0, fails
        if fails > 0:
            with pytest.raises(MemoryError):
                step()
            optimizer.settle()
        else:
            step()
        assert (optimizer.steps, optimizer.calls) == (2, 3 + (fails > 0))
        return [*held, *(optimizer.state[p]["momentum"] for p in held)]

    assert all(map(torch.equal, run(fails), run(-1)))


class Prompts(nn.Module):
    """Uses views of parameters after the forwards that made them, layer by layer."""

    def __init__(self, way):
        super().__init__()
        self.made = nn.ModuleList(Prompt(way) for _ in range(3))

    def forward(self, x):
        given = [prompt(len(x)) for prompt in self.made]
        for prompt, one in zip(self.made, given, strict=True):
            view = {"given": one, "in an object": getattr(one, "view", None), "saved": prompt.saved}
            x = torch.tanh(x * view[prompt.way])
        return x


class Prompt(nn.Module):
    def __init__(self, way):
        super().__init__()
        self.weight, self.way, self.saved = nn.Parameter(torch.randn(1, 5)), way, None

    def forward(self, count):
        view = self.weight.expand(count, -1)
        if self.way == "given":
            return view
        if self.way == "in an object":
            return SimpleNamespace(view=view)
        self.saved = self.weight.view(5)
        return view.sin()


WAYS = [(e, w) for e in ("plain", "reuse", "keep") for w in ("given", "in an object", "saved")]


# In lockstep nothing may be saved in a module.
@pytest.mark.parametrize(("engine", "way"), [*WAYS, ("lockstep", "given"), ("lockstep", "in an object")])
def test_views_of_parameters_outlive_the_forward(engine, way):
    torch.manual_seed(0)
    model = Prompts(way)
    optimizer = ZOSGD(model.parameters(), 0.1, model=model, engine=engine)
    losses = [optimizer.step(lambda: model(torch.ones(2, 5)).square().mean()) for _ in range(6)]
    torch.manual_seed(0)
    twin = Prompts(way)
    plain = ZOSGD(twin.parameters(), 0.1)
    assert losses == [plain.step(lambda: twin(torch.ones(2, 5)).square().mean()) for _ in range(6)]


def test_memory_of_layers_that_are_done_is_used_again():
    addresses = []

    class Noted(nn.Linear):
        def forward(self, x):
            addresses.append(self.weight.data_ptr())
            return super().forward(x)

    model = nn.Sequential(*[Noted(16, 16) for _ in range(8)])
    optimizer = ZOSGD(model.parameters(), 0.1, model=model, engine="plain")
    optimizer.step(lambda: model(torch.ones(2, 16)).square().mean())
    assert [len(set(addresses[:8])), len(set(addresses[8:]))] == [1, 1]


def test_who_holds_memory():
    row = torch.empty(4)
    assert held_once(row)
    for make in (lambda: row.view(2, 2), lambda: row[:2], lambda: row.detach(), lambda: row.data.t()):
        other = make()
        assert not held_once(row)
        del other
        assert held_once(row)
    leaf = torch.ones(4, requires_grad=True)
    product = leaf[:2] * row[:2]  # of which autograd holds the factors
    assert not held_once(row)
    del product
    assert held_once(row)
