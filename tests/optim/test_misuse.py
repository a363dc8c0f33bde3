"""Steps under inference mode, options that change, states that do not fit: never half a step."""

import math

import pytest
import torch
from torch import nn

from zotheory.errors import InvalidArgument
from zotheory.optim import ZOSGD, GuidedSGD, MeZOBCD, RAdaZO, ZOAdaMM, ZOSignSGD

INPUTS = torch.linspace(-1, 1, 12).reshape(3, 4)
KINDS = [
    lambda m: ZOSGD(m.parameters(), lr=0.1, momentum=0.9, weight_decay=0.5),
    lambda m: ZOSignSGD(m.parameters(), lr=0.1, momentum=0.9),
    lambda m: ZOAdaMM(m.parameters(), lr=0.1),
    lambda m: RAdaZO(m.parameters(), lr=0.1),
    lambda m: GuidedSGD(m.parameters(), lr=0.1),
    lambda m: MeZOBCD(m.parameters(), lr=0.1, model=m, momentum=0.9),
]


def network():
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))


@pytest.mark.parametrize("kind", range(len(KINDS)))
@pytest.mark.parametrize("inside", ["step", "load"])
def test_inference_mode_now_and_then(bits, kind, inside):
    found = []
    for mode in (False, True):
        model = network()
        optimizer = KINDS[kind](model)

        def loss(model=model):
            return model(INPUTS).square().mean()

        with torch.inference_mode(mode):
            optimizer.step(loss)
            if inside == "load":
                optimizer.load_state_dict(optimizer.state_dict())
        optimizer.step(loss)
        optimizer.state_dict()
        found.append(bits(model.parameters()))
    assert found[0] == found[1]


@pytest.mark.parametrize("value", ["0.1", math.nan, -1.0, math.inf, None])
@pytest.mark.parametrize("name", ["lr", "weight_decay"])
def test_options_that_were_changed_badly(bits, name, value):
    model = network()
    groups = [{"params": model[0].parameters()}, {"params": model[2].parameters()}]
    optimizer = ZOSGD(groups, lr=0.1)
    before = bits(model.parameters())
    optimizer.param_groups[1][name] = value
    with pytest.raises(InvalidArgument, match=name):
        optimizer.step(lambda: model(INPUTS).square().mean())
    assert bits(model.parameters()) == before
    assert optimizer.queries == 0


def test_states_that_do_not_fit():
    model = network()
    optimizer = ZOSGD(model.parameters(), lr=0.1, momentum=0.9)
    optimizer.step(lambda: model(INPUTS).square().mean())
    good = optimizer.state_dict()

    def refused(change, match):
        state = {**good, "param_groups": [dict(group) for group in good["param_groups"]]}
        state["state"] = {key: dict(value) for key, value in good["state"].items()}
        change(state)
        with pytest.raises(InvalidArgument, match=match):
            optimizer.load_state_dict(state)

    refused(lambda s: s["state"][2].update(momentum=torch.zeros(3, 3)), r"momentum.*\(3, 3\)")
    refused(lambda s: s["param_groups"][0].update(lr=-5.0), "lr")
    refused(lambda s: s["param_groups"][0].pop("momentum"), "momentum")
    refused(lambda s: s["param_groups"].append(s["param_groups"][0]), "groups")
    refused(lambda s: s.pop("state"), "state_dict")
    for wrong in (None, 5):
        with pytest.raises(InvalidArgument, match="state_dict"):
            optimizer.load_state_dict(wrong)
    optimizer.load_state_dict(good)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (None, "params"),
        (5, "params"),
        ([{"lr": 0.1}], "param_group"),
        ([{"params": {nn.Parameter(torch.ones(2))}}], "order"),
        ([{"params": [nn.Parameter(torch.ones(2))], "mu": 99.0}], "mu.*all groups"),
        ([{"params": [nn.Parameter(torch.ones(2))], "law": "sphere"}], "law.*all groups"),
    ],
)
def test_parameters_and_groups(given, match):
    with pytest.raises(InvalidArgument, match=match):
        ZOSGD(given, lr=0.1)


def test_groups_that_are_added_are_checked_as_at_first():
    w = nn.Parameter(torch.randn(3))
    optimizer = ZOSGD([w], lr=0.1, mu=1e-3)
    with pytest.raises(InvalidArgument, match=r"mu.*float16"):
        optimizer.add_param_group({"params": [nn.Parameter(torch.full((3,), 1000.0).half())]})
    model = network()
    other = ZOSGD(model.parameters(), lr=0.1, model=model)
    with pytest.raises(InvalidArgument, match="model"):
        other.add_param_group({"params": [w]})
    assert [len(optimizer.param_groups), len(other.param_groups)] == [1, 1]
    other.step(lambda: model(INPUTS).square().mean())


@pytest.mark.parametrize("kind", [GuidedSGD, MeZOBCD])
def test_the_mu_that_is_said_to_work_does(kind):
    torch.manual_seed(0)
    refused = 0
    for mu in (1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2):
        model = nn.Sequential(nn.Linear(30, 5), nn.Linear(5, 40)).half()
        with torch.no_grad():
            model[1].weight.mul_(50)

        def make(mu, model=model):
            return kind(model.parameters(), lr=0.1, mu=mu, model=model)

        try:
            make(mu)
        except InvalidArgument as error:
            refused += 1
            make(float(str(error).split("mu = ")[2].split(" is enough")[0]) * (1 + 1e-5))
    assert refused > 2


CHANGED = {
    "mu": [0, -1.0, math.nan, math.inf, "1", None],
    "delta": [0, math.inf, None],
    "perturbations": [0, 1.5, None],
    "difference": ["backward", None],
    "on_bad_loss": ["ignore"],
    "rounding": ["down"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in CHANGED.items() for v in values])
@pytest.mark.parametrize("step", [0, 1])
def test_attributes_that_were_changed_badly(bits, name, value, step):
    model = network()
    optimizer = ZOSGD(model.parameters(), lr=0.1)

    def closure():
        return model(INPUTS).square().mean()

    for _ in range(step):
        optimizer.step(closure)
    before, good = bits(model.parameters()), getattr(optimizer, name)
    setattr(optimizer, name, value)
    for _ in range(2):
        with pytest.raises(InvalidArgument, match="queries" if name == "perturbations" else name):
            optimizer.step(closure)
    assert bits(model.parameters()) == before
    setattr(optimizer, name, good)
    optimizer.step(closure)
    assert optimizer.steps == step + 1


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (lambda p: ZOSGD(p, 0.1, momentum=0.9), "momentum", 1.0),
        (lambda p: ZOSGD(p, 0.1), "momentum", None),
        (lambda p: ZOAdaMM(p, 0.1), "betas", (0.9, 1.5)),
        (lambda p: ZOAdaMM(p, 0.1), "betas", 0.9),
        (lambda p: RAdaZO(p, 0.1), "zeta", 0.0),
        (lambda p: RAdaZO(p, 0.1), "form", "note"),
    ],
)
def test_groups_that_were_changed_badly(bits, make, name, value):
    model = network()
    optimizer = make([{"params": model[0].parameters()}, {"params": model[2].parameters()}])
    optimizer.step(lambda: model(INPUTS).square().mean())
    before = bits(model.parameters())
    optimizer.param_groups[1][name] = value
    for _ in range(2):
        with pytest.raises(InvalidArgument, match=name):
            optimizer.step(lambda: model(INPUTS).square().mean())
    assert bits(model.parameters()) == before


def test_momentum_from_some_time_on_cannot_wait():
    model = network()
    optimizer = ZOSGD(model.parameters(), 0.1, model=model, delayed=True)
    optimizer.step(lambda: model(INPUTS).square().mean())
    optimizer.param_groups[0]["momentum"] = 0.5
    with pytest.raises(InvalidArgument, match="delayed"):
        optimizer.step(lambda: model(INPUTS).square().mean())


@pytest.mark.parametrize("placed", [False, True])
def test_a_mu_that_is_lost_by_now(bits, placed):
    model = network()
    optimizer = ZOSGD(model.parameters(), 0.1, mu=1e-3, model=model if placed else None)

    def closure():
        return model(INPUTS).square().mean()

    assert optimizer.step(lambda: 1.0 + 0.0 * closure()) == 1.0  # constant; mu is large enough
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1e5)
    before = bits(model.parameters())
    with pytest.raises(InvalidArgument, match=r"^mu = .* would not move: mu = .* is enough") as caught:
        optimizer.step(closure)
    assert bits(model.parameters()) == before
    assert optimizer.steps == 1
    optimizer.mu = float(str(caught.value).split("would not move: mu = ")[1].split(" is enough")[0])
    optimizer.step(closure)
    assert bits(model.parameters()) != before


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_weights_that_are_no_numbers(number):
    model = network()
    with torch.no_grad():
        model[0].weight.fill_(number)
    with pytest.raises(InvalidArgument, match=r"^params = 'float32 entries': .*not finite"):
        ZOSGD(model.parameters(), 0.1)
    ZOSGD(model[2].parameters(), 0.1)
    # What is finite decides whether mu is lost.
    mixed = nn.Parameter(torch.tensor([number, 1.5, 1.5]))
    with pytest.raises(InvalidArgument, match=r"mu = .* is enough"):
        ZOSGD([mixed], 0.1, mu=2.0**-26)
    ZOSGD([mixed], 0.1, mu=2.0**-22)


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        (MeZOBCD, "steps_per_blok", "MeZOBCD has no option 'steps_per_blok': did you mean steps_per_block"),
        (ZOSGD, "querys", "ZOSGD has no option 'querys': did you mean queries"),
        (ZOSGD, "zzz", "ZOSGD has no option 'zzz': its options are abreast, delayed"),
    ],
)
def test_options_that_a_class_does_not_have(kind, name, said):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    with pytest.raises(TypeError, match=said):
        kind(model.parameters(), lr=0.1, **{"model": model, name: 1})
