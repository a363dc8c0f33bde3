"""Both points evaluated at once: what overlaps, what is reused, and where it is given up."""

import os
import signal
import threading
import warnings
from functools import partial

import pytest
import torch
from torch import nn

from zotheory.errors import InvalidArgument
from zotheory.optim import ZOSGD, MeZOBCD
from zotheory.optim import abreast as abreast_module
from zotheory.optim import threads as threads_module

INPUTS = torch.linspace(-1, 1, 24).reshape(4, 6)
NAME = "zotheory abreast"


@pytest.fixture(autouse=True)
def some_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    assert torch.get_num_threads() == 4
    assert NAME not in [thread.name for thread in threading.enumerate()]
    torch.set_num_threads(before)


def chain(depth=4):
    torch.manual_seed(0)
    return nn.Sequential(*[nn.Sequential(nn.Linear(6, 6), nn.Tanh()) for _ in range(depth)])


def here():
    return int(threading.current_thread().name == NAME)


def steps(model, optimizer, number, inputs=lambda step: INPUTS):
    def loss(step):
        return model(inputs(step)).square().mean()

    return [optimizer.step(partial(loss, step)) for step in range(number)]


@pytest.mark.parametrize("kind", [ZOSGD, MeZOBCD])
@pytest.mark.parametrize(
    "options", [{}, {"engine": "keep"}, {"engine": "plain"}, {"delayed": True}], ids=str
)
@pytest.mark.parametrize("changing", [False, True])
def test_runs_are_those_of_plain_evaluation(bits, kind, options, changing):
    # Over blocks that change, and stay; over batches that change within what is kept, and stay.
    def inputs(step):
        return INPUTS + (step // 3 if changing else 0)

    found = []
    for given in ({"engine": "plain"}, {**options, "abreast": True}):
        model = chain()
        extra = {"steps_per_block": 2} if kind is MeZOBCD else {"queries": 2}
        optimizer = kind(model.parameters(), lr=0.1, mu=0.05, model=model, **extra, **given)
        losses = steps(model, optimizer, 24, inputs)
        optimizer.settle()
        found.append((losses, optimizer.queries, bits(model.parameters())))
    assert found[0] == found[1]
    assert len(set(found[0][0])) == 24
    assert optimizer.agreement.active


def test_two_runs_of_the_closure_overlap_on_half_of_the_threads():
    model, seen = chain(), []
    optimizer = ZOSGD(model.parameters(), lr=0.01, model=model, abreast=True)
    steps(model, optimizer, 2)
    both = threading.Barrier(2, timeout=10)  # passed only by two that are there at once

    def closure():
        loss = model(INPUTS).square().mean()
        both.wait()
        seen.append((here(), torch.get_num_threads()))
        return loss

    optimizer.step(closure)
    assert sorted(seen) == [(0, 2), (1, 2)]


def test_one_at_a_time_has_a_displaced_layer():
    model, inside, most, runs = chain(2), [0], [0], []
    first, second = model[0][0], model[1][0]
    optimizer = ZOSGD(model.parameters(), lr=0.01, model=model, abreast=True)
    steps(model, optimizer, 2)
    plain, lock = first.forward, threading.Lock()

    def forward(x):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        runs.append((here(), first.weight.detach().clone()))
        threading.Event().wait(0.05)
        with lock:
            inside[0] -= 1
        return plain(x)

    before = first.weight.detach().clone()
    first.forward = forward
    optimizer.param_groups[0]["lr"] = 0.0
    steps(model, optimizer, 1)
    assert most == [1]
    (one, weight), (other, opposite) = runs
    assert {one, other} == {0, 1}
    assert not torch.equal(weight, opposite)
    assert torch.allclose((weight + opposite) / 2, before, atol=1e-6)
    assert torch.equal(first.weight, before)
    assert torch.isfinite(second.weight).all()


@pytest.mark.parametrize(("engine", "each_step"), [("reuse", 1), ("keep", 0), ("plain", 2)])
def test_layers_below_run_as_often_as_the_engine_says(engine, each_step):
    model, ran = chain(), []
    for layer in model[:3]:
        layer.requires_grad_(False)
    optimizer = ZOSGD(model.parameters(), lr=0.01, model=model, engine=engine, abreast=True)
    steps(model, optimizer, 3)
    plain = nn.Linear.forward
    with pytest.MonkeyPatch.context() as patch:

        def counted(self, x):
            ran.append(self)
            return plain(self, x)

        patch.setattr(nn.Linear, "forward", counted)
        steps(model, optimizer, 4)
    layers = [layer[0] for layer in model]
    assert [ran.count(layer) for layer in layers] == [4 * each_step] * 3 + [8]
    assert optimizer.queries == 14


class Writing(nn.Module):
    """Writes a buffer."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(6, 6)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        self.seen += 1
        return self.layer(x)


class Counting(nn.Module):
    """Depends on the number of threads."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(6, 6)

    def forward(self, x):
        return self.layer(x) * torch.get_num_threads()


class Alone(nn.Module):
    """Cannot be run twice at once."""

    def __init__(self):
        super().__init__()
        self.layer, self.busy = nn.Linear(6, 6), False

    def forward(self, x):
        if self.busy:
            raise RuntimeError("I run already")
        self.busy = True
        try:
            threading.Event().wait(0.05 if here() else 0.1)
            return self.layer(x)
        finally:
            self.busy = False


class Threaded(nn.Module):
    """Runs a layer in a thread of its own."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(6, 6)

    def forward(self, x):
        found = []
        thread = threading.Thread(target=lambda: found.append(self._safe(x)))
        thread.start()
        thread.join()
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def _safe(self, x):
        try:
            with torch.no_grad():
                return self.layer(x)
        except InvalidArgument as error:
            return error


class Keeping(nn.Module):
    """Keeps a part of the loss as an attribute, for so short that two threads seldom pass one another."""

    def __init__(self):
        super().__init__()
        self.layer, self.last = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x):
        hidden = self.layer(x)
        self.kept = hidden.square().mean()
        return self.last(hidden) + self.kept


class Hooked(nn.Module):
    """Has a layer whose hook keeps the output elsewhere, and that alone is used."""

    def __init__(self):
        super().__init__()
        self.layer, seen = nn.Linear(6, 6), {}
        self.layer.register_forward_hook(lambda module, inputs, output: seen.update(output=output))
        self.seen = seen

    def forward(self, x):
        return self.layer(x) * 0 + self.seen["output"]


class Drawing(nn.Module):
    """Drops numbers at random."""

    def __init__(self, seed=None):
        super().__init__()
        self.layer, self.drop, self.seed = nn.Linear(6, 6), nn.Dropout(0.5), seed

    def forward(self, x):
        if self.seed is not None:
            torch.manual_seed(self.seed)
        return self.drop(self.layer(x))


class Locked(nn.Module):
    """Lets one in at a time."""

    def __init__(self):
        super().__init__()
        self.layer, self.lock = nn.Linear(6, 6), threading.Lock()

    def forward(self, x):
        with self.lock:
            return self.layer(x)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Writing, "buffers"),
        (Counting, "at once and"),
        (Alone, "I run already"),
        (Threaded, "threads of its own"),
        (Keeping, "at once and"),
        (Hooked, "at once and"),
        (Drawing, "at once and"),
        (partial(Drawing, 7), "at once and"),
        (Locked, "or a lock"),
    ],
)
def test_what_cannot_overlap_is_run_one_after_the_other(bits, monkeypatch, make, said):
    monkeypatch.setattr(abreast_module, "_PATIENCE", 0.3)  # that of the locked one is tried
    found = []
    for abreast in (False, True):
        torch.manual_seed(0)
        model = make()
        optimizer = ZOSGD(model.parameters(), lr=0.1, mu=0.05, model=model, engine="plain", abreast=abreast)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            losses = steps(model, optimizer, 5)
        assert [said in str(warning.message) for warning in caught] == [True] * abreast
        found.append((losses, bits([*model.parameters(), *model.buffers()])))
    assert found[0] == found[1]
    assert not optimizer.agreement.active


def test_another_training_mode_is_compared_again(bits):
    found = []
    for options in ({"engine": "plain"}, {"abreast": True}):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Linear(6, 6)).eval()
        optimizer = ZOSGD(model.parameters(), lr=0.1, mu=0.05, model=model, **options)
        losses = steps(model, optimizer, 4)
        assert optimizer.agreement.active
        model.train()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            losses += steps(model, optimizer, 4)
        assert len(caught) == ("abreast" in options)
        found.append((losses, bits(model.parameters())))
    assert found[0] == found[1]
    assert not optimizer.agreement.active


def test_a_lock_left_by_one_that_failed_does_not_keep_the_step(bits, monkeypatch):
    monkeypatch.setattr(threads_module, "_PATIENCE", 0.2)
    model, lock, taken = chain(), threading.Lock(), threading.Event()
    optimizer = ZOSGD(model.parameters(), lr=0.1, model=model, abreast=True)
    steps(model, optimizer, 2)
    before = bits(model.parameters())
    stuck: list[threading.Thread] = []

    def closure():
        if here():
            stuck.append(threading.current_thread())
            taken.wait()
            lock.acquire()
            return model(INPUTS).square().mean()
        lock.acquire()
        taken.set()
        raise ValueError("left locked")

    with pytest.raises(ValueError, match="left locked"):
        optimizer.step(closure)
    assert bits(model.parameters()) == before
    assert stuck[0].is_alive()
    lock.release()
    stuck[0].join(10)
    assert not stuck[0].is_alive()
    assert bits(model.parameters()) == before
    assert steps(model, optimizer, 1)[0] > 0


def test_a_lock_of_the_models_that_crosses_a_parameter_is_given_up(bits, monkeypatch):
    monkeypatch.setattr(abreast_module, "_PATIENCE", 0.2)
    model, lock, meet = chain(), threading.Lock(), threading.Barrier(2, timeout=10)
    optimizer = ZOSGD(model.parameters(), lr=0.0, model=model, abreast=True)
    steps(model, optimizer, 2)
    before = bits(model.parameters())

    def locks(module, inputs):  # has the layer, and wants the lock
        if not here() and optimizer.agreement.active:
            meet.wait()
            with lock:
                pass

    def closure():  # has the lock, and wants the layer
        if not here():
            return model(INPUTS).square().mean()
        with lock:
            meet.wait()
            return model(INPUTS).square().mean()

    hook = model[0][0].register_forward_pre_hook(locks)
    with pytest.warns(UserWarning, match="or a lock"):
        loss = optimizer.step(closure)
    hook.remove()
    assert loss > 0
    assert bits(model.parameters()) == before


@pytest.mark.parametrize("compared", [False, True])
def test_ctrl_c_while_only_the_second_runs(bits, compared):
    model, ended = chain(), threading.Event()
    optimizer = ZOSGD(model.parameters(), lr=0.1, model=model, abreast=True)
    steps(model, optimizer, 1 + compared)
    before = bits(model.parameters())

    def closure():
        loss = model(INPUTS).square().mean()
        if not here():
            ended.set()
            return loss
        ended.wait()
        threading.Event().wait(0.1)
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(500):  # ends at a layer
            threading.Event().wait(0.02)
            model(INPUTS)
        return loss * float("nan")

    with pytest.raises(KeyboardInterrupt):
        optimizer.step(closure)
    assert bits(model.parameters()) == before
    assert optimizer.agreement.active


class Crossed(nn.Module):
    """Two layers inside one another in both orders, each with a parameter that both displace."""

    class Outer(nn.Module):
        def __init__(self, weight):
            super().__init__()
            self.weight, self.meet = nn.Parameter(weight), None

        def forward(self, x, inner=None):
            if inner is not None and self.meet is not None:
                self.meet.wait()
            return inner(x * self.weight) if inner is not None else x * self.weight

    def __init__(self):
        super().__init__()
        self.one, self.two = self.Outer(torch.ones(6)), self.Outer(torch.full((6,), 2.0))

    def forward(self, x):
        pair = (self.two, self.one) if self.one.meet and here() else (self.one, self.two)
        return pair[0](x, pair[1])


def test_evaluations_that_wait_for_one_another_are_given_up(bits):
    # All products are exact, so that their order does not matter.
    model, ones = Crossed(), torch.ones(6)
    optimizer = ZOSGD(model.parameters(), lr=0.0, mu=2**-4, model=model, abreast=True)

    def closure():
        if not optimizer.agreement.active:
            model.one.meet = model.two.meet = None
        return model(ones).sum()

    for _ in range(2):
        optimizer.step(closure)
    before, model.one.meet = bits(model.parameters()), threading.Barrier(2, timeout=10)
    model.two.meet = model.one.meet
    with pytest.warns(UserWarning, match="waits for a parameter"):
        loss = optimizer.step(closure)
    # The mean of 6 products (1 +- mu) (2 +- mu) at both points: 12 and 6 products of two signs times mu^2.
    assert (loss - 12) * 2**8 in {-6, -4, -2, 0, 2, 4, 6}
    assert bits(model.parameters()) == before


@pytest.mark.parametrize("failing", [0, 1])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_errors_of_either_end_both(bits, failing, error):
    model = chain()
    optimizer = ZOSGD(model.parameters(), lr=0.1, model=model, abreast=True)
    steps(model, optimizer, 2)
    before = bits(model.parameters())

    def fails(module, inputs):
        if here() == failing:
            raise error("no")

    hook = model[2].register_forward_pre_hook(fails)
    with pytest.raises(error, match="no"):
        steps(model, optimizer, 1)
    hook.remove()
    assert bits(model.parameters()) == before
    assert steps(model, optimizer, 1)[0] > 0
    assert optimizer.agreement.active


def test_a_loss_that_is_nan_at_one_point(bits):
    model = chain()
    optimizer = ZOSGD(model.parameters(), lr=0.1, model=model, abreast=True, on_bad_loss="skip")
    steps(model, optimizer, 2)
    before, calls = bits(model.parameters()), []

    def closure():
        calls.append(here())
        loss = model(INPUTS).square().mean()
        return loss * float("nan") if here() else loss

    optimizer.step(closure)  # the pair is evaluated plainly then, where nothing is NaN
    assert calls.count(1) == 1
    assert optimizer.skipped == 0
    assert bits(model.parameters()) != before


@pytest.mark.parametrize(
    "options",
    [{"abreast": 1}, {"abreast": True}, {"abreast": True, "engine": "lockstep", "model": chain()}],
)
def test_bad_input(options):
    model = options.get("model", chain())
    with pytest.raises(InvalidArgument, match=r"abreast = .*model"):
        ZOSGD(model.parameters(), lr=0.1, **options)
