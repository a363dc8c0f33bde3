"""The layout is kept between steps until something that it depends on has changed."""

import copy

import pytest
import torch

from zotheory.errors import InvalidArgument
from zotheory.optim import ZOSGD, MeZOBCD, ZOAdaMM
from zotheory.optim.layout import layout_marks


def made(parameters, lr=0.1):
    return ZOSGD(
        [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 2 * lr}], lr, mu=0.05, seed=3
    )


def parameters():
    return [torch.nn.Parameter(torch.linspace(-1, 1, size)) for size in (4, 3, 5)]


def freeze(found, optimizer):
    found[1].requires_grad_(False)


def convert(found, optimizer):
    for p in found:
        p.data = p.data.to(torch.bfloat16)


def resize(found, optimizer):
    found[0].data = torch.linspace(0, 1, 6)


def load(found, optimizer):
    optimizer.load_state_dict(optimizer.state_dict())  # its groups are other dictionaries then
    optimizer.param_groups[1]["lr"] = 0.5


def join(found, optimizer):
    found.append(torch.nn.Parameter(torch.ones(2)))
    optimizer.add_param_group({"params": found[-1:], "lr": 0.3})


@pytest.mark.parametrize("change", [freeze, convert, resize, load, join])
def test_a_step_after_a_change_is_that_of_a_new_optimizer(bits, change):
    found = parameters()
    optimizer = made(found)

    def step(which):
        which.step(lambda: sum((p.double() ** 2).sum() for p in found))

    step(optimizer)
    change(found, optimizer)
    before = [p.detach().clone() for p in found]
    step(optimizer)
    after = bits(found)
    for p, value in zip(found, before, strict=True):
        p.data.copy_(value)
    # Made now it has no layout from before; the step's number is that of the draw.
    other = made(found[:3])
    if change is join:
        other.add_param_group({"params": found[3:], "lr": 0.3})
    if change is load:
        other.param_groups[1]["lr"] = 0.5
    other.steps = 1
    step(other)
    assert bits(found) == after
    assert after != bits(before)


class Body(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3))
        self.head = torch.nn.Linear(3, 3)

    def forward(self, x):
        return self.head(self.body(x))


def descend(which):
    return which.step(lambda: which.model(torch.ones(3)).square().sum())


def test_blocks_whose_parameters_are_renamed(bits):
    model = Body()
    optimizer = MeZOBCD(model.parameters(), lr=0.1, model=model)
    descend(optimizer)
    before = bits(model.parameters())
    model.head = torch.nn.Sequential(model.head, torch.nn.Dropout(0.0))
    # A copy lays its parameters out anew; both refuse the same.
    for which in (optimizer, copy.deepcopy(optimizer)):
        with pytest.raises(InvalidArgument, match=r"^params = 'head\.0\.weight': .*in no block"):
            descend(which)
    assert (bits(model.parameters()), optimizer.steps) == (before, 1)
    model.head = model.head[0]
    descend(optimizer)
    assert optimizer.steps == 2


def test_blocks_whose_modules_change_places(bits):
    model = Body()
    optimizer = MeZOBCD(model.parameters(), lr=0.1, model=model)
    descend(optimizer)
    model.head, model.body[0] = model.body[0], model.head
    other = copy.deepcopy(optimizer)
    for _ in range(3):
        assert descend(optimizer) == descend(other)
    assert bits(model.parameters()) == bits(other.model.parameters())


@pytest.mark.parametrize("shape", [(6,), (2, 2), (3,)])
def test_a_parameter_of_another_shape_than_its_moments(bits, shape):
    found = parameters()
    optimizer = ZOAdaMM(found, lr=0.1)
    calls = []

    def closure():
        calls.append(None)
        return sum((p**2).sum() for p in found)

    optimizer.step(closure)
    old = found[0].data
    found[0].data = torch.ones(shape)
    before, calls[:] = bits(found), []
    for _ in range(2):  # again, until it is mended
        with pytest.raises(InvalidArgument, match=r"^params = 'parameter 0 of group 0 of .*: .*state\.pop"):
            optimizer.step(closure)
    assert (bits(found), calls, optimizer.steps) == (before, [], 1)
    moments = [optimizer.state[p]["first_moment"].clone() for p in found]
    found[0].data = old
    optimizer.step(closure)
    assert optimizer.steps == 2
    assert not torch.equal(optimizer.state[found[0]]["first_moment"], moments[0])
    found[0].data = torch.ones(shape)
    del optimizer.state[found[0]]
    optimizer.step(closure)
    assert optimizer.steps == 3
    assert optimizer.state[found[0]]["first_moment"].shape == shape


def test_a_parameter_away_from_its_moments_is_refused():
    # No second device here: the moments are taken to one without memory.
    x = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = ZOSGD([x], lr=0.1, momentum=0.9)
    optimizer.step(lambda: (x**2).sum())
    before = x.detach().clone()
    optimizer.state[x]["momentum"] = optimizer.state[x]["momentum"].to("meta")
    optimizer._layout = None  # as when a parameter is moved, see the next test
    with pytest.raises(InvalidArgument, match=r"on cpu.*momentum is on meta.*load_state_dict"):
        optimizer.step(lambda: (x**2).sum())
    assert torch.equal(x, before)


def test_a_layout_is_of_a_device():
    found = [layout_marks([{"params": [torch.empty(2, device=device)]}])[-1] for device in ("cpu", "meta")]
    assert found == [torch.device("cpu"), torch.device("meta")]
