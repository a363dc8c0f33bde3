"""A step that does not move leaves every bit, in every type and mode, whatever the closure does."""

import itertools

import pytest
import torch

from zotheory.optim import ZOSGD, MeZO, ZOSignSGD
from zotheory.optim.perturbations import LAWS

TYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
# Numbers that arithmetic would not give back: signed zeros, subnormals, infinities, NaN.
ODD = [0.0, -0.0, 6e-8, -6e-8, 1e-40, float("inf"), -float("inf"), float("nan"), 1.0, -3.5]


class Flat(torch.nn.Module):
    """A module that reads its parameters, but whose output does not depend on them."""

    def __init__(self, dtype):
        super().__init__()
        self.odd = torch.nn.Parameter(torch.tensor(ODD).to(dtype))
        self.plain = torch.nn.Parameter(torch.linspace(-2, 2, 60).reshape(5, 12).to(dtype))
        self.frozen = torch.nn.Parameter(torch.ones(3, dtype=dtype), requires_grad=False)

    def forward(self):
        return self.odd.sum(), self.plain.sum(), self.frozen.sum()


class Stop(Exception):
    pass


@pytest.fixture(params=TYPES, ids=lambda dtype: str(dtype).split(".")[1])
def model(request):
    return Flat(request.param)


@pytest.mark.parametrize("difference", ["central", "forward"])
@pytest.mark.parametrize("layerwise", [False, True])
@pytest.mark.parametrize("law", list(LAWS))
def test_learning_rate_zero(model, bits, law, layerwise, difference):
    before, numbers = bits(model.parameters()), itertools.count()
    optimizer = ZOSGD(model.parameters(), lr=0.0, law=law, mu=0.05, queries=2, difference=difference,
                      momentum=0.5, weight_decay=0.5, model=model if layerwise else None)  # fmt: skip
    moved = []

    def closure():
        model()
        with torch._C.DisableTorchFunction():  # layerwise evaluation forbids looking at parameters here
            moved.append(bits(model.parameters()) != before)
        return float(next(numbers) ** 2)

    for _ in range(3):
        optimizer.step(closure)
    assert bits(model.parameters()) == before
    # The closure looks after the forward: layerwise parameters are withheld then.
    assert any(moved)
    assert optimizer.coefficients[0] != 0


@pytest.mark.parametrize("when", [0, 1, 2, 3])
@pytest.mark.parametrize("layerwise", [False, True])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("kind", [ZOSGD, MeZO, ZOSignSGD])
def test_closure_raises(model, bits, kind, layerwise, inside, when):
    before, calls = bits(model.parameters()), itertools.count()
    seen = []

    def fail_here(module, inputs, output=None):
        if inside and next(calls) == when:
            seen.append(bits(model.parameters()))
            raise Stop

    def closure():
        model()
        if not inside and next(calls) == when:
            raise Stop
        return 1.0

    model.register_forward_pre_hook(fail_here)
    optimizer = kind(model.parameters(), lr=0.1, mu=0.05, queries=2, model=model if layerwise else None)
    with pytest.raises(Stop):
        optimizer.step(closure)
    assert bits(model.parameters()) == before
    assert all(found != before for found in seen)  # displaced when the failure inside came
    assert (optimizer.queries, optimizer.steps) == (when, 0)
    assert not model._forward_hooks
    assert len(model._forward_pre_hooks) == 1
    optimizer.step(closure)
    assert (optimizer.queries, optimizer.steps) == (when + 4, 1)


@pytest.mark.parametrize("layerwise", [False, True])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("when", [0, 1])
def test_skipped_steps(model, bits, layerwise, bad, when):
    before, calls = bits(model.parameters()), itertools.count()

    def closure():
        model()
        return bad if next(calls) % 2 == when else 1.0

    options = {"lr": 0.1, "mu": 0.05, "model": model if layerwise else None}
    optimizer = ZOSGD(model.parameters(), on_bad_loss="skip", **options)
    assert str(optimizer.step(closure)) == str(bad)
    assert bits(model.parameters()) == before
    assert (optimizer.skipped, optimizer.steps, optimizer.queries) == (1, 1, when + 1)
    assert optimizer.coefficients == ()


def test_draws_after_a_failure_are_those_of_a_clean_run(bits):
    found = []
    for failing in (False, True):
        x = torch.nn.Parameter(torch.linspace(-1, 1, 20))
        optimizer = ZOSGD([x], lr=0.01, seed=4)
        for t in range(6):
            if failing and t == 3:
                with pytest.raises(ZeroDivisionError):
                    optimizer.step(lambda: 1 / 0)
            optimizer.step(lambda x=x: (x**2).sum())
        found.append(bits([x]))
    assert found[0] == found[1]


def test_frozen_parameters_are_left_alone(bits):
    first, frozen, last = (torch.nn.Parameter(torch.full((4,), k + 1.0)) for k in range(3))
    frozen.requires_grad_(False)
    optimizer = ZOSGD([first, frozen, last], lr=0.1, weight_decay=0.1)
    seen = []

    def closure():
        seen.append(bits([frozen]))
        return first.sum() + frozen.sum() * last.sum()

    before = bits([first]), bits([frozen]), bits([last])
    optimizer.step(closure)
    assert seen == [before[1]] * 2
    assert bits([frozen]) == before[1]
    assert (bits([first]), bits([last])) != (before[0], before[2])
    # The flat index runs over trainable entries alone: the same as without the frozen one.
    others = [torch.nn.Parameter(torch.full((4,), k)) for k in (1.0, 3.0)]
    other = ZOSGD(others, lr=0.1, weight_decay=0.1)
    other.step(lambda: others[0].sum() + 8 * others[1].sum())
    assert bits(others) == bits([first, last])
    # Freezing in the middle of a run counts from the next step.
    first.requires_grad_(False)
    held = bits([first])
    optimizer.step(closure)
    assert bits([first]) == held


def test_a_closure_that_spoils_parameters_is_undone(bits):
    x = torch.nn.Parameter(torch.arange(5.0))
    before = bits([x])

    def closure():
        x.data.mul_(0)
        return 1.0

    ZOSGD([x], lr=0.0).step(closure)
    assert bits([x]) == before


@pytest.mark.parametrize("difference", ["central", "forward"])
def test_a_parameter_that_cannot_be_restored_leaves_no_other_displaced(bits, difference):
    held = [torch.nn.Parameter(torch.linspace(-1, 1, size)) for size in (4, 3, 5)]
    before = bits(held)
    optimizer = ZOSGD(held, lr=0.1, mu=0.05, difference=difference)
    moved = []

    def closure():
        loss = sum((p**2).sum() for p in held)
        moved.append(bits(held[2:]) != before[2:])
        if moved[-1]:
            held[0].data = torch.zeros(7)
            raise Stop
        return loss

    with pytest.raises(RuntimeError, match="size of tensor"):
        optimizer.step(closure)
    assert moved[-1]
    assert bits(held[1:]) == before[1:]
