"""Updates that take weights beyond the largest number of their type are refused, and only those."""

import math

import pytest
import torch
from torch import nn

from zotheory.optim import (
    DAPSGD,
    ZOSGD,
    GuidedSGD,
    LossError,
    MeZO,
    MeZOBCD,
    RAdaZO,
    ZOAdaMM,
    ZOSignSGD,
    overflow,
    perturbations,
)
from zotheory.optim.directions import Combination, Kept
from zotheory.optim.layout import lay_out

TOP = {
    torch.float16: 65504.0,
    torch.bfloat16: float(torch.finfo(torch.bfloat16).max),
    torch.float32: 3.4e38,
}


def closure_of(x, slope):
    """A linear loss with slopes of about `slope`, no combination of which cancels."""
    weights = 1.5 ** torch.arange(x.numel(), dtype=torch.float64)
    return lambda: slope * float((x.detach().double() * weights).sum())


@pytest.mark.parametrize("on_bad_loss", ["raise", "skip"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("dtype", TOP, ids=str)
def test_a_weight_beyond_its_type(bits, dtype, momentum, on_bad_loss):
    # Weights of size 1 and one at the edge of the type. Every move has size lr |coefficient|: a quarter of
    # the largest number takes that one beyond it in one direction, and the others nowhere.
    x = nn.Parameter(torch.tensor([1.0, -1.0, 0.99 * TOP[dtype], 0.5]).to(dtype))
    optimizer = ZOSGD([x], 1.0, mu=1e-2 * TOP[dtype], momentum=momentum, on_bad_loss=on_bad_loss)
    optimizer.param_groups[0]["lr"] = 1.0
    outcomes = set()
    for _ in range(24):
        slope, before, steps = TOP[dtype] / 4, bits([x]), optimizer.steps
        kept = bits([state["momentum"] for state in optimizer.state.values()]) if momentum else []
        losses = iter([2 * optimizer.mu * slope, 0.0])
        u = optimizer.law.draw(optimizer.seed, optimizer.layout(), optimizer.steps, 0).values(0, 4, "cpu")
        old = optimizer.state[x]["momentum"].double() if optimizer.state.get(x) else 0.0
        step = old * momentum + u.double() * slope if momentum else u.double() * slope
        refused = not bool((x.detach().double() - step).to(torch.float32).to(dtype).isfinite().all())
        outcomes.add(refused)
        if refused and on_bad_loss == "raise":
            with pytest.raises(LossError, match=r"^new weight = inf in step .* wider type") as caught:
                optimizer.step(lambda losses=losses: next(losses))
            assert caught.value.what == "new weight"
            assert optimizer.steps == steps
            optimizer.steps += 1  # other draws
        else:
            loss = optimizer.step(lambda losses=losses: next(losses))
            assert loss == optimizer.mu * slope
        if refused:
            assert bits([x]) == before
            assert not momentum or not kept or kept == bits([optimizer.state[x]["momentum"]])
            assert optimizer.coefficients == () or on_bad_loss == "raise"
        else:
            assert bits([x]) != before
        with torch.no_grad():
            x.copy_(torch.tensor([1.0, -1.0, 0.99 * TOP[dtype], 0.5]).to(dtype))
            for state in optimizer.state.values():
                state["momentum"].mul_(0.1)
    assert outcomes == {True, False}
    assert optimizer.skipped == 0 or on_bad_loss == "skip"


METHODS = {
    "sgd": lambda p, **o: ZOSGD(p, 1e5, **o),
    "sign": lambda p, **o: ZOSignSGD(p, 1e5, **o),
    "adamm": lambda p, **o: ZOAdaMM(p, 1e5, bias_correction=True, **o),
    "radazo": lambda p, **o: RAdaZO(p, 1e5, **o),
    "dap": lambda p, **o: DAPSGD(p, 1e5, first=2, second=2, momentum=0.5, **o),
    "guided": lambda p, **o: GuidedSGD(p, 1e5, queries=2, **o),
}


@pytest.mark.parametrize("name", METHODS)
def test_every_optimizer_in_half_precision(bits, name):
    x = nn.Parameter(torch.linspace(-2, 2, 6).half())
    optimizer = METHODS[name]([x], mu=0.1)
    before = bits([x])
    with pytest.raises(LossError, match=r"^new weight"):
        optimizer.step(closure_of(x, 100.0))
    assert bits([x]) == before
    moments = [row for state in optimizer.state.values() for row in state.values()]
    assert not any(bool(row.any()) for row in moments)
    optimizer.param_groups[0]["lr"] = 1e-3
    optimizer.step(closure_of(x, 100.0))
    assert bits([x]) != before
    assert bool(x.isfinite().all())


def test_a_delayed_update_is_refused_when_it_is_found(bits):
    model = nn.Linear(3, 1).half()
    before = bits(model.parameters())
    optimizer = MeZO(model.parameters(), 1e6, model=model, mu=0.1, delayed=True)
    with pytest.raises(LossError, match=r"^new weight"):
        optimizer.step(lambda: model(torch.ones(1, 3).half()).float().sum() * 100)
    optimizer.settle()
    assert bits(model.parameters()) == before


def test_blocks_learn_nothing_from_it(bits):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)).half()
    optimizer = MeZOBCD(model.parameters(), 1e6, model=model, mu=0.1, on_bad_loss="skip")
    before = bits(model.parameters())
    for _ in range(4):
        optimizer.step(lambda: 1e4 * model(torch.ones(1, 2).half()).float().sum())
    assert (optimizer.skipped, optimizer.visits, optimizer.energies) == (4, [0, 0], [0.0, 0.0])
    assert bits(model.parameters()) == before


def test_weights_that_are_infinite_already_stay(bits):
    x = nn.Parameter(torch.tensor([math.inf, 1.0]).half())
    optimizer = ZOSGD([x], 100.0, mu=0.1)
    optimizer.step(lambda: float(x.detach()[1]) * 10)
    assert x.detach()[0] == math.inf
    assert x.detach()[1] != 1.0


def test_weight_decay_that_blows_up(bits):
    x = nn.Parameter(torch.tensor([1e38, 1.0]))
    before = bits([x])
    optimizer = ZOSGD([x], 1.0, weight_decay=10.0, mu=1e37)
    with pytest.raises(LossError, match=r"^new weight"):
        optimizer.step(lambda: 0.0)
    assert bits([x]) == before


def test_nothing_is_done_twice_where_a_bound_excludes_it(monkeypatch):
    monkeypatch.setattr(overflow.Replay, "overflows", lambda *_: pytest.fail("done on copies"))
    x = nn.Parameter(torch.linspace(-2, 2, 6))
    for make in METHODS.values():
        optimizer = make([x], mu=0.1)
        for law in ("rademacher", "gaussian", "sphere", "coordinate", "block", "low-rank"):
            optimizer.law = perturbations.as_perturbation(law)
            optimizer.param_groups[0]["lr"] = 0.1
            for _ in range(3):
                optimizer.step(closure_of(x, 100.0))


@pytest.mark.parametrize("law", ["rademacher", "gaussian", "sphere", "coordinate", "block", "low-rank"])
def test_bounds_of_directions(law):
    layout = lay_out([{"params": [nn.Parameter(torch.zeros(s)) for s in ((2, 3), (5,), (1,))]}], None)
    largest = 0.0
    for step in range(200):
        u = perturbations.as_perturbation(law).draw(1, layout, step, 0)
        for direction in (u, Kept(u, 12), Combination([(-2.0, u), (0.5, u)])):
            values = direction.values(0, 12, "cpu")
            assert values is not None
            ratio = float(values.abs().max()) / direction.largest
            assert ratio <= 1 + 1e-6
            largest = max(largest, ratio)
    assert largest > 0.3  # not far above


@pytest.mark.parametrize("kind", [ZOSGD, ZOSignSGD])
@pytest.mark.parametrize("rate", [0.0, 1e-30])
def test_moments_of_weights_that_hardly_move(bits, kind, rate):
    # Slopes are just below the largest number, and the same each time: the second sum is beyond it.
    x, y = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(2))
    groups = [{"params": [x], "lr": rate}, {"params": [y], "lr": 1e-30, "momentum": 0.0}]
    optimizer = kind(groups, 1e-30, momentum=0.9, law="coordinate", mu=0.5, on_bad_loss="skip")
    slope = 3e38 / 5**0.5  # times the length of a coordinate's step
    calls = []

    def closure():
        calls.append(1)
        return slope / 2 if len(calls) % 2 else -slope / 2

    refused = 0
    for _ in range(40):
        before = bits([x, y, *(state["momentum"] for state in optimizer.state.values() if state)])
        skipped = optimizer.skipped
        optimizer.step(closure)
        if optimizer.skipped > skipped:
            refused += 1
            assert bits([x, y, *(s["momentum"] for s in optimizer.state.values() if s)]) == before
        moments = [state["momentum"] for state in optimizer.state.values() if state]
        assert all(bool(row.isfinite().all()) for row in moments)
    assert 0 < refused < 40


def test_averages_of_squares_may_overflow():
    # Said in the docstring of ZOAdaMM: that entry moves no more.
    for rate in (0.0, 0.1):
        x = nn.Parameter(torch.ones(3))
        optimizer = ZOAdaMM([x], rate, mu=0.5)
        losses = iter([1e20, -1e20] * 3)
        for _ in range(3):
            optimizer.step(lambda losses=losses: next(losses))
        assert bool(optimizer.state[x]["second_moment"].isinf().all())
        assert bool((x == 1).all())
