"""What a GPU must reproduce bit for bit: run by test_cuda.py where there is one, listed elsewhere."""

import itertools
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from zotheory.errors import InvalidArgument
from zotheory.optim import DAPSGD, ZOSGD, GuidedSGD, MeZO, MeZOBCD, RAdaZO, Stream, ZOAdaMM, ZOSignSGD
from zotheory.optim.perturbations import LAWS

KINDS = {
    "sgd": lambda x, law: ZOSGD(x, lr=0.01, mu=0.05, law=law, queries=2, momentum=0.9, weight_decay=0.1),
    "forward": lambda x, law: ZOSGD(x, lr=0.01, mu=0.05, law=law, difference="forward"),
    "mezo": lambda x, law: MeZO(x, lr=0.01, mu=0.05, law=law),
    "sign": lambda x, law: ZOSignSGD(x, lr=0.01, mu=0.05, law=law, queries=3),
    "aligned": lambda x, law: DAPSGD(x, lr=0.01, mu=0.05, law=law, first=2, second=2),
    "guided": lambda x, law: GuidedSGD(x, lr=0.01, mu=0.05, law=law, queries=2, p_min=0.3),
    "adamm": lambda x, law: ZOAdaMM(x, lr=0.01, mu=0.05, law=law, bias_correction=True),
    "radazo": lambda x, law: RAdaZO(x, lr=0.01, mu=0.05, law=law, form="code"),
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


def chain(device, dtype):
    torch.manual_seed(0)
    layers = [torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.Tanh()) for _ in range(4)]
    return torch.nn.Sequential(*layers).to(device, dtype)


def case_engines_are_one(device):
    # Beside each other on the device: matrix products need not be those of the CPU.
    inputs = torch.linspace(-1, 1, 30).reshape(5, 6)
    for dtype, kind, cast in itertools.product(TYPES, (ZOSGD, MeZOBCD), (False, True)):
        if cast and dtype != torch.float32:
            continue
        found = []
        for engine in (None, "plain", "lockstep", "reuse"):
            model, x = chain(device, dtype), inputs.to(device, dtype)
            placed = {"model": model, "engine": engine} if engine else {}
            if kind is MeZOBCD and engine is None:
                placed = {"model": model, "restore": "block"}
            if kind is ZOSGD:
                model[:2].requires_grad_(False)
            optimizer = kind(model.parameters(), lr=0.01, mu=0.05, queries=2, **placed)

            def closure(model=model, x=x, cast=cast):
                with torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=cast):
                    return model(x).float().square().mean()

            found.append(([optimizer.step(closure) for _ in range(12)], bits(model.parameters())))
        assert found == [found[0]] * 4, (dtype, kind, cast)


def case_blocks_are_those_of_the_cpu(device):
    for dtype, order in itertools.product(TYPES, ("cyclic", "importance")):
        found = []
        for place in ("cpu", device):
            model = chain("cpu", dtype).to(place)  # the same numbers
            optimizer = MeZOBCD(
                model.parameters(), lr=0.01, mu=0.05, order=order, model=model, restore="block"
            )
            for _ in range(12):
                optimizer.step(lambda model=model: on_the_host(list(model.parameters())))
            found.append((bits(model.parameters()), optimizer.energies))
        assert found[0] == found[1], (dtype, order)


def case_moved_between_steps(device):
    for name, make in KINDS.items():
        found = []
        for place in ("cpu", device):
            x = parameters(torch.float32, ["cpu"] * 3)
            optimizer = make(x, "rademacher")
            for number in range(6):
                if number == 3:
                    for p in x:
                        p.data = p.data.to(place)
                    kept = any(
                        torch.is_tensor(v) for state in optimizer.state.values() for v in state.values()
                    )
                    if kept and torch.device(place).type != "cpu":
                        before = bits(x)
                        with pytest.raises(InvalidArgument, match="load_state_dict"):
                            optimizer.step(lambda x=x: on_the_host(x))
                        assert bits(x) == before
                    optimizer.load_state_dict(optimizer.state_dict())
                optimizer.step(lambda x=x: on_the_host(x))
            found.append(bits(x))
        assert found[0] == found[1], name


def case_the_kernel_gives_torch_s_values(device):
    stream = Stream(5, "kernel")
    cuts = [(0, 1), (7, 9), (63, 777), (0, 2**20 + 3), (2**40 + 1, 2**40 + 5000)]
    for dtype, kind, (low, high) in itertools.product(TYPES, ("signs", "normals"), cuts):
        x = torch.linspace(-3, 3, high - low, device=device).to(dtype)
        drawn = getattr(stream, f"portable_{kind}")(1, 2, low, high, device)
        expected = x.float().add(drawn.mul(1.1).mul(0.7)).to(dtype)
        served = stream.write(x, kind, 1, 2, low, 0.7, x, 1.1)
        # Without Triton, or for float64, it says so.
        usual = torch.device(device).type == "cuda" and dtype != torch.float64
        assert served == (usual and find_spec("triton") is not None), (dtype, kind)
        assert not served or torch.equal(x, expected), (dtype, kind, low, high)


CASES = {name: case for name, case in sorted(globals().items()) if name.startswith("case_")}
