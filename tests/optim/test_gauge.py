"""Scales that mean nothing: (v, delta, mu, lr) -> (c v, c^2 delta, mu / c, lr / c^2) and its like.

With c a power of two every product is exact, and the iterates must be the same bit for bit. What multiplies
the estimate g, here c^2, has to be undone where an optimizer uses it: lr / c^2 where the step is linear in
g, lr where it is a sign or m / sqrt(v) (with zeta c^4, a square of g). Decay shrinks by lr weight_decay, so
weight_decay c^2 goes with lr / c^2.
"""

import numpy as np
import pytest
import torch
from torch import nn

from zotheory.optim import DAPSGD, ZOSGD, GuidedSGD, MeZO, MeZOBCD, RAdaZO, ZOAdaMM, ZOSignSGD
from zotheory.optim.perturbations import LAWS

STEPS, MU, RATE, DECAY, ZETA = 8, 2.0**-6, 0.01, 0.25, 2.0**-10
SCALES = [0.5, 2.0, 8.0]


def linear(scale):
    """How lr and what goes with it change where the step is linear in g."""
    return {"lr": RATE / scale**2, "weight_decay": DECAY * scale**2}


def adaptive(scale):
    return {"lr": RATE, "weight_decay": DECAY, "zeta": ZETA * scale**4}


def bare(scale):
    return {"lr": RATE, "weight_decay": DECAY}


KINDS = {
    "sgd": (ZOSGD, linear, {}),
    "momentum": (ZOSGD, linear, {"momentum": 0.75}),
    "mezo": (MeZO, linear, {}),
    "sign": (ZOSignSGD, bare, {"queries": 3}),
    "sign with momentum": (ZOSignSGD, bare, {"queries": 3, "momentum": 0.75}),
    "dap": (DAPSGD, linear, {"first": 2, "second": 2}),
    "dap, second stage": (DAPSGD, linear, {"combination": "second"}),
    "guided": (GuidedSGD, linear, {"p_min": 0.2, "queries": 2}),
    "stratified": (GuidedSGD, linear, {"allocation": "stratified", "queries": 3, "momentum": 0.5}),
    "adamm": (ZOAdaMM, adaptive, {}),
    "adamm corrected": (ZOAdaMM, adaptive, {"bias_correction": True}),
    "radazo": (RAdaZO, adaptive, {}),
    "radazo code": (RAdaZO, adaptive, {"form": "code"}),
}


def run(dense, x, kind, scale, transform, **options):
    optimizer = kind(x, **{"mu": MU / scale, "delta": scale**2, "seed": 3, **options, **transform(scale)})
    losses = []
    for _ in range(STEPS):
        losses.append(
            optimizer.step(lambda: dense.objective(np.concatenate([np.ravel(p.detach()) for p in x])))
        )
    return losses, optimizer


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("difference", ["central", "forward"])
@pytest.mark.parametrize("name", KINDS)
def test_scale(dense, parameters, bits, name, difference, scale):
    kind, transform, options = KINDS[name]
    found = []
    for c in (1.0, scale):
        x = parameters(np.linspace(-1, 1, dense.DIM))
        losses, _ = run(dense, x, kind, c, transform, difference=difference, **options)
        found.append((losses, bits(x)))
    assert found[0] == found[1]
    assert len(set(found[0][0])) == STEPS


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_laws_and_types(dense, parameters, bits, law, dtype):
    found = []
    for c in (1.0, 4.0):
        x = parameters(np.linspace(-1, 1, dense.DIM), dtype)
        if dtype in (torch.float16, torch.bfloat16):
            dense_of = [p.detach().float() for p in x]
            assert all(p.isfinite().all() for p in dense_of)
        optimizer = ZOSGD(
            x, mu=2.0**-4 / c, delta=c**2, law=law, queries=2, seed=3, momentum=0.5, **linear(c)
        )
        losses = [
            optimizer.step(
                lambda x=x: dense.objective(np.concatenate([p.detach().double().ravel() for p in x]))
            )
            for _ in range(STEPS)
        ]
        found.append((losses, bits(x)))
    assert found[0] == found[1]
    assert len(set(found[0][0])) > STEPS / 2


@pytest.mark.parametrize("engine", ["plain", "lockstep", "reuse"])
@pytest.mark.parametrize("scaling", ["block", "joint"])
@pytest.mark.parametrize("order", ["cyclic", "importance"])
def test_blocks(bits, order, scaling, engine):
    inputs, found = torch.linspace(-1, 1, 24).reshape(4, 6), []
    for c in (1.0, 4.0):
        torch.manual_seed(0)
        model = nn.Sequential(*[nn.Sequential(nn.Linear(6, 6), nn.Tanh()) for _ in range(3)])
        optimizer = MeZOBCD(model.parameters(), mu=MU / c, delta=c**2, order=order, scaling=scaling,
                            model=model, engine=engine, momentum=0.5, **linear(c))  # fmt: skip
        losses = [
            optimizer.step(lambda model=model: model(inputs).square().mean()) for _ in range(3 * STEPS)
        ]
        found.append((losses, bits(model.parameters()), optimizer.energies, optimizer.probabilities))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("sgd", {"mu": MU}),
        ("sgd", {"lr": RATE}),
        ("sgd", {"lr": RATE / 2}),
        ("sgd", {"delta": 2.0}),
        ("momentum", {"weight_decay": DECAY}),
        ("dap", {"delta": 1.0}),
        ("guided", {"lr": RATE / 2}),
        ("sign", {"mu": MU}),
        ("sign", {"lr": RATE / 4}),
        ("adamm", {"lr": RATE / 4}),
        ("adamm", {"zeta": ZETA}),
        ("adamm corrected", {"zeta": 4 * ZETA}),
        ("radazo", {"zeta": ZETA}),
        ("radazo", {"lr": RATE / 4}),
    ],
)
def test_every_part_of_it_matters(dense, parameters, bits, name, wrong):
    # With c = 2 each of these is one part of the transformation done otherwise.
    kind, transform, options = KINDS[name]
    found = []
    for c, changed in ((1.0, {}), (2.0, wrong)):
        x = parameters(np.linspace(-1, 1, dense.DIM))
        losses, _ = run(dense, x, kind, 1.0, lambda _, c=c, w=changed: {
            "mu": MU / c, "delta": c**2, **transform(c), **w}, **options)  # fmt: skip
        found.append((losses, bits(x)))
    assert found[0] != found[1]


@pytest.mark.parametrize("name", ["sgd", "momentum", "dap", "guided", "stratified", "adamm", "radazo"])
@pytest.mark.parametrize("factor", [0.5, 4.0])
def test_scale_of_the_loss(dense, parameters, bits, name, factor):
    # f -> factor f makes g larger by the factor: lr goes with it where the step is linear, zeta elsewhere.
    kind, transform, options = KINDS[name]
    found = []
    for k in (1.0, factor):
        x = parameters(np.linspace(-1, 1, dense.DIM))
        given = {**transform(1.0), "mu": MU, "delta": 1.0}
        given |= (
            {"lr": RATE / k, "weight_decay": DECAY * k} if transform is linear else {"zeta": ZETA * k**2}
        )
        optimizer = kind(x, seed=3, **options, **given)
        for _ in range(STEPS):
            optimizer.step(
                lambda x=x, k=k: k * dense.objective(np.concatenate([np.ravel(p.detach()) for p in x]))
            )
        found.append(bits(x))
    assert found[0] == found[1]
