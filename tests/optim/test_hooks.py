"""Torch's hooks and profiler see the steps, though its wrapper is left out where there is none."""

import pytest
import torch
from torch._C._profiler import _ExperimentalConfig
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.profiler import ProfilerActivity, profile

from zotheory.optim import ZOSGD, hooks


@pytest.fixture
def stepped():
    x = torch.nn.Parameter(torch.ones(3))
    return ZOSGD([x], lr=0.1), lambda: (x * x).sum()


def test_hooks_of_one_optimizer(stepped):
    optimizer, closure = stepped
    seen = []
    first = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append((o is optimizer, o.steps)))
    last = optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(o.steps))
    optimizer.step(closure)
    assert seen == [(True, 0), 1]
    first.remove()
    last.remove()
    optimizer.step(closure)
    assert len(seen) == 2
    assert optimizer.steps == 2


def test_hook_that_changes_the_closure(stepped):
    optimizer, closure = stepped
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 2 * closure()), {}))
    plain = ZOSGD([torch.nn.Parameter(torch.ones(3))], lr=0.1)
    y = plain.param_groups[0]["params"][0]
    assert optimizer.step(closure) == plain.step(lambda: 2 * (y * y).sum())


def test_hooks_of_all_optimizers(stepped):
    optimizer, closure = stepped
    seen = []
    handles = [
        register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("before")),
        register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("after")),
    ]
    try:
        optimizer.step(closure)
    finally:
        for handle in handles:
            handle.remove()
    optimizer.step(closure)
    assert seen == ["before", "after"]


def registered_within(optimizer, step, closure):
    """What a step's hooks, which its closure registers, are given."""
    seen, handles = [], []

    def registering():
        if not handles:
            own = optimizer.register_step_post_hook(lambda *given: seen.append(("own", given)))
            every = register_optimizer_step_post_hook(lambda *given: seen.append(("every", given)))
            handles.extend((own, every))
        return closure()

    try:
        step(registering)
    finally:
        for handle in handles:
            handle.remove()
    return [
        (name, which is optimizer, args[0] is optimizer, args[1:] == (registering,), kwargs)
        for name, (which, args, kwargs) in seen
    ]


def test_hooks_registered_in_the_closure(stepped):
    optimizer, closure = stepped
    found = registered_within(optimizer, optimizer.step, closure)
    assert [name for name, *_ in found] == ["own", "every"]
    first_order = torch.optim.SGD(optimizer.param_groups[0]["params"], lr=0.1)
    assert found == registered_within(first_order, first_order.step, closure)


def test_profiler_of_all_threads(stepped):
    optimizer, closure = stepped
    options = _ExperimentalConfig(profile_all_threads=True)
    with profile(activities=[ProfilerActivity.CPU], experimental_config=options) as found:
        optimizer.step(closure)
    assert sum(event.name == "Optimizer.step#ZOSGD.step" for event in found.events() or ()) == 1


def test_profiler_sees_steps(stepped):
    optimizer, closure = stepped
    optimizer.step(closure)
    with profile(activities=[ProfilerActivity.CPU]) as found:
        optimizer.step(closure)
    assert sum(event.name == "Optimizer.step#ZOSGD.step" for event in found.events() or ()) == 1


@pytest.mark.parametrize("gone", ["_global_optimizer_pre_hooks", "_optimizer_step_post_hooks"])
def test_torch_without_these_names(monkeypatch, gone):
    if gone in hooks._OF_ALL:
        monkeypatch.delattr(hooks._torch_optimizer, gone)
    ran = []
    chosen = hooks.hooked(lambda self: ran.append("step"), lambda self: ran.append("watched"))

    class Holder:
        pass

    holder = Holder()
    for name in hooks._OF_ONE:
        if name != gone:
            setattr(holder, name, {})
    chosen(holder)
    assert ran == ["watched"]
