"""What a GPU must reproduce bit for bit: run by test_cuda.py where there is one, listed elsewhere."""

import itertools

import numpy as np
import torch

from zotheory.optim import ZOSGD, MeZO, Stream, ZOSignSGD
from zotheory.optim.perturbations import LAWS

KINDS = {
    "sgd": lambda x, law: ZOSGD(x, lr=0.01, mu=0.05, law=law, queries=2, momentum=0.9, weight_decay=0.1),
    "forward": lambda x, law: ZOSGD(x, lr=0.01, mu=0.05, law=law, difference="forward"),
    "mezo": lambda x, law: MeZO(x, lr=0.01, mu=0.05, law=law),
    "sign": lambda x, law: ZOSignSGD(x, lr=0.01, mu=0.05, law=law, queries=3),
}
TYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def bits(tensors):
    return [p.detach().cpu().contiguous().view(torch.uint8).tolist() for p in tensors]


def parameters(dtype, devices):
    values = torch.linspace(-2, 2, 31).to(dtype)
    shapes = [(3, 4), (5,), (2, 7)]
    pieces = values.split([12, 5, 14])
    return [
        torch.nn.Parameter(p.reshape(s).to(d, copy=True))
        for p, s, d in zip(pieces, shapes, devices, strict=True)
    ]


def on_the_host(x):
    """A loss that does not depend on how a device adds: computed by numpy from the entries."""
    entries = np.concatenate([p.detach().cpu().double().numpy().ravel() for p in x])
    return float(np.sum(np.linspace(1, 2, entries.size) * (entries - 1) ** 2))


def case_streams(device):
    stream = Stream(3, "device")
    for low, high in [(0, 1), (0, 1000), (7, 9), (63, 777), (2**40 + 1, 2**40 + 500)]:
        for draw in (stream.signs, stream.normals):
            assert torch.equal(draw(5, 6, low, high, device).cpu(), draw(5, 6, low, high))


def case_steps_are_those_of_the_cpu(device):
    for dtype, law, (name, make) in itertools.product(TYPES, LAWS, KINDS.items()):
        found = []
        for place in ("cpu", device):
            x = parameters(dtype, [place] * 3)
            optimizer = make(x, law)
            for _ in range(4):
                optimizer.step(lambda x=x: on_the_host(x))
            found.append(bits(x))
        assert found[0] == found[1], (dtype, law, name)


def case_parameters_on_two_devices(device):
    found = []
    for devices in (["cpu"] * 3, [device, "cpu", device]):
        x = parameters(torch.float32, devices)
        optimizer = KINDS["sgd"](x, "sphere")
        for _ in range(4):
            optimizer.step(lambda x=x: on_the_host(x))
        found.append(bits(x))
    assert found[0] == found[1]


def case_learning_rate_zero(device):
    for dtype, law, layerwise in itertools.product(TYPES, LAWS, [False, True]):
        model = torch.nn.Linear(5, 3).to(device, dtype)
        before, inputs = bits(model.parameters()), torch.ones(2, 5, device=device, dtype=dtype)
        optimizer = ZOSGD(
            model.parameters(), lr=0.0, mu=0.05, law=law, momentum=0.5, model=model if layerwise else None
        )
        for _ in range(3):
            optimizer.step(lambda model=model, inputs=inputs: model(inputs).float().square().mean())
        assert bits(model.parameters()) == before, (dtype, law, layerwise)


def case_state_from_the_cpu(device):
    whole, parts = parameters(torch.bfloat16, ["cpu"] * 3), parameters(torch.bfloat16, ["cpu"] * 3)
    straight, first = KINDS["sgd"](whole, "gaussian"), KINDS["sgd"](parts, "gaussian")
    for _ in range(6):
        straight.step(lambda: on_the_host(whole))
    for _ in range(3):
        first.step(lambda: on_the_host(parts))
    moved = [torch.nn.Parameter(p.detach().to(device, copy=True)) for p in parts]
    second = KINDS["sgd"](moved, "gaussian")
    second.load_state_dict(first.state_dict())
    for _ in range(3):
        second.step(lambda: on_the_host(moved))
    assert bits(moved) == bits(whole)


CASES = {name: case for name, case in sorted(globals().items()) if name.startswith("case_")}
