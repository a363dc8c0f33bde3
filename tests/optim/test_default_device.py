"""Steps do not depend on the device that torch makes new tensors on."""

import pytest
import torch

from zotheory.optim import ZOSGD, MeZO, RAdaZO, ZOAdaMM
from zotheory.optim.workspace import scalar

KINDS = {
    "momentum": lambda params: ZOSGD(params, lr=0.03, momentum=0.7, weight_decay=0.1, law="sphere"),
    "normal": lambda params: MeZO(params, lr=0.03, queries=2),
    "largest": lambda params: ZOAdaMM(params, lr=0.03, bias_correction=True),
    "adaptive": lambda params: RAdaZO(params, lr=0.003),
}


def run(make, where):
    table = torch.linspace(-1, 1, 12, dtype=torch.float64).view(3, 4)
    # Two columns of a table: what entries they share is looked for place by place.
    held = [torch.nn.Parameter(table[:, 0]), torch.nn.Parameter(table[:, 2])]
    held.append(torch.nn.Parameter(torch.linspace(0, 1, 5000)))
    with torch.device(where):
        optimizer = make(held)
        losses = [optimizer.step(lambda: sum((p.double() ** 2).sum() for p in held)) for _ in range(2)]
    # What was kept from these steps serves others later.
    losses.append(optimizer.step(lambda: sum((p.double() ** 2).sum() for p in held)))
    return losses, [p.tolist() for p in held]


@pytest.mark.parametrize("kind", KINDS)
def test_steps_under_another_default_device(kind):
    scalar.cache_clear()
    elsewhere = run(KINDS[kind], "meta")
    scalar.cache_clear()
    assert run(KINDS[kind], "cpu") == elsewhere
