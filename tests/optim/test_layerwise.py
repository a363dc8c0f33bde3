"""Layerwise evaluation: the numbers of a copy of everything, or a clear error; one layer of memory."""

import tracemalloc
from contextlib import nullcontext

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from zotheory.errors import InvalidArgument
from zotheory.optim import ZOSGD, MeZO, layout


class Tied(nn.Module):
    """Embedding and head are one parameter; the block inside owns it once more and runs within the head."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.mix = nn.Linear(4, 4)
        self.head = nn.Linear(4, 7, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens):
        hidden = self.mix(torch.tanh(self.mix(self.embedding(tokens))))
        return self.head(hidden)


class Outer(nn.Module):
    """Owns a parameter that a module inside its forward owns too."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)
        self.weight = self.inner.weight

    def forward(self, x):
        return self.inner(functional.linear(x, self.weight)) @ self.weight


class Old(nn.Module):
    def __init__(self, wrap):
        super().__init__()
        self.layer = wrap(nn.Linear(4, 3))

    def forward(self, x):
        return self.layer(x)


TOKENS = torch.tensor([[0, 3, 6], [1, 1, 5]])
VECTORS = torch.linspace(-1, 1, 12).reshape(3, 4)


def normalised(layer):
    return nn.utils.parametrizations.weight_norm(layer)


MODELS = {
    "tied": (Tied, TOKENS),
    "nested": (Outer, VECTORS),
    "parametrized": (lambda: Old(normalised), VECTORS),
    "spectral": (lambda: Old(lambda layer: nn.utils.spectral_norm(layer).eval()), VECTORS),
    "convolution": (lambda: nn.Sequential(nn.Conv1d(3, 2, 2), nn.BatchNorm1d(2).eval()), VECTORS[None]),
}


@pytest.mark.parametrize("inference", [False, True])
@pytest.mark.parametrize("law", ["rademacher", "sphere", "block"])
@pytest.mark.parametrize("name", MODELS)
def test_both_modes_are_one(bits, name, law, inference):
    make, inputs = MODELS[name]
    found = []
    for layerwise in (False, True):
        torch.manual_seed(0)
        model = make()

        def closure(model=model):
            with torch.inference_mode(inference):
                return model(inputs).square().mean()

        optimizer = ZOSGD(model.parameters(), lr=1e-3, law=law, queries=2, momentum=0.5,
                          model=model if layerwise else None)  # fmt: skip
        losses = [optimizer.step(closure) for _ in range(4)]
        found.append((losses, bits(model.parameters())))
    assert found[0] == found[1]
    assert len(set(found[0][0])) > 1


def test_a_closure_made_as_a_whole_under_inference_mode():
    model = nn.Linear(4, 1)

    @torch.inference_mode()
    def closure():
        return model(VECTORS).square().mean()

    for mode in (None, model):
        before = float(closure())
        optimizer = MeZO(model.parameters(), lr=0.02, model=mode)
        for _ in range(60):
            optimizer.step(closure)
        assert float(closure()) < before


@pytest.mark.parametrize("layerwise", [False, True])
def test_tied_weights_are_perturbed_once(layerwise):
    torch.manual_seed(0)
    model, mu, seen = Tied(), 0.25, []
    before = model.embedding.weight.detach().clone()
    assert len(list(model.parameters())) == 3

    def look(module, inputs, output):
        seen.append(module.weight.detach().clone())

    for module in (model.embedding, model.head):
        module.register_forward_hook(look)
    ZOSGD(model.parameters(), lr=0.0, mu=mu, model=model if layerwise else None).step(
        lambda: model(TOKENS).square().mean()
    )
    assert len(seen) == 4
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[2], seen[3])
    for weight in seen:
        torch.testing.assert_close((weight - before).abs(), torch.full_like(before, mu), rtol=0, atol=1e-6)
    torch.testing.assert_close(seen[0] + seen[2], 2 * before, rtol=0, atol=1e-6)


class Elsewhere(nn.Module):
    """Reads the weight of its embedding outside that module's forward."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 4)

    def forward(self, tokens):
        return functional.linear(self.embedding(tokens), self.embedding.weight)


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.spare = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        assert self.spare.weight.dtype == x.dtype  # asking for the type is no use
        return self.used(x)


def attention():
    return nn.MultiheadAttention(4, 2, batch_first=True)


@pytest.mark.parametrize(
    ("make", "run", "culprit"),
    [
        (Elsewhere, lambda m: m(TOKENS), "embedding.weight"),
        (Unused, lambda m: m(VECTORS), "spare.weight"),
        (attention, lambda m: m(*[VECTORS[None]] * 3)[0], "out_proj.weight"),
        (lambda: nn.Linear(4, 4), lambda m: m.forward(VECTORS), "weight"),
        (lambda: nn.Linear(4, 4), lambda m: m(VECTORS) + m.weight.norm(), "weight"),
    ],
)
def test_parameters_out_of_reach(bits, make, run, culprit):
    model = make()
    optimizer = ZOSGD(model.parameters(), lr=0.1, model=model)
    before = bits(model.parameters())
    with pytest.raises(InvalidArgument, match=rf"'{culprit}'.*model=None"):
        optimizer.step(lambda: run(model).mean())
    assert bits(model.parameters()) == before
    assert optimizer.steps == 0
    # With a copy of everything the same closure is no trouble.
    ZOSGD(model.parameters(), lr=0.1).step(lambda: run(model).mean())
    assert bits(model.parameters()) != before


def test_a_model_that_does_not_own_a_parameter():
    model = nn.Linear(2, 2)
    with pytest.raises(InvalidArgument, match="does not own parameter 2 of group 0"):
        ZOSGD([*model.parameters(), nn.Parameter(torch.ones(3))], lr=0.1, model=model)


def test_forward_that_fails_and_is_caught(bits):
    class Careful(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            try:
                self.layer(x[:, :2])
            except RuntimeError:
                return self.layer(x)

    found = []
    for layerwise in (False, True):
        torch.manual_seed(0)
        model = Careful()
        optimizer = ZOSGD(model.parameters(), lr=0.01, model=model if layerwise else None)
        for _ in range(3):
            optimizer.step(lambda model=model: model(VECTORS).square().mean())
        found.append(bits(model.parameters()))
    assert found[0] == found[1]


WIDTH, DEPTH, PIECE = 200, 6, 1000
LAYER = 4 * (WIDTH * WIDTH + WIDTH)


def peak(run):
    """Largest memory held at once beyond that at the start: torch's, and numpy's."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
        run()
    held = most = 0
    events = [e for e in found.profiler.kineto_results.events() if e.name() == "[memory]"]
    for event in sorted(events, key=lambda e: e.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    tracemalloc.start()
    try:
        run()
        return most + tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("law", ["sphere", "low-rank"])
def test_memory(monkeypatch, law):
    monkeypatch.setattr(layout, "CHUNK", PIECE)
    layers = [module for _ in range(DEPTH) for module in (nn.Linear(WIDTH, WIDTH), nn.Tanh())]
    model, inputs = nn.Sequential(*layers), torch.ones(4, WIDTH)

    def closure():
        return model(inputs).square().mean()

    with torch.no_grad():
        inference = peak(closure)
    peaks = {}
    for mode in (None, model):
        optimizer = ZOSGD(model.parameters(), lr=1e-4, law=law, queries=2, model=mode)
        optimizer.step(closure)  # tables are made
        peaks[mode] = peak(lambda optimizer=optimizer: optimizer.step(closure))
    # A piece of float32 entries, a dozen temporaries of it in int64 at most; Python's own objects.
    allowance = 12 * 8 * PIECE + 60_000
    assert inference + LAYER / 2 < peaks[model] < inference + LAYER + allowance < inference + 2.5 * LAYER
    assert DEPTH * LAYER < peaks[None] < inference + DEPTH * LAYER + allowance


class Late(nn.Module):
    """Uses its weight outside the forward of its owner, but not in the first steps."""

    def __init__(self):
        super().__init__()
        self.inner, self.outside = nn.Linear(3, 1), False

    def forward(self, x):
        y = self.inner(x)
        return y + self.inner.weight.sum() if self.outside else y


def test_a_parameter_used_elsewhere_only_later(bits):
    model = Late()
    optimizer = ZOSGD(model.parameters(), lr=0.01, model=model)
    for _ in range(3):
        optimizer.step(lambda: model(torch.ones(2, 3)).square().mean())
    before, model.outside = bits(model.parameters()), True
    with pytest.raises(InvalidArgument, match=r"inner.weight.*outside the forward"):
        optimizer.step(lambda: model(torch.ones(2, 3)).square().mean())
    assert bits(model.parameters()) == before


def test_memory_shared_with_a_parameter_is_noticed(bits):
    model = nn.Linear(3, 1)
    alias = model.weight.detach()
    optimizer = ZOSGD(model.parameters(), lr=0.01, model=model)
    with pytest.raises(InvalidArgument, match="outside the forward"):
        optimizer.step(lambda: (model(torch.ones(2, 3)) + alias.sum()).square().mean())


@pytest.mark.parametrize("law", ["rademacher", "gaussian", "sphere"])
def test_large_tables_in_chunks_give_the_same_losses(monkeypatch, law):
    from zotheory.optim import layerwise, streaming

    calls = []
    plain = streaming.forward_of
    monkeypatch.setattr(layerwise, "forward_of", lambda *given: calls.append(given) or plain(*given))

    def losses(large):
        monkeypatch.setattr(streaming, "LARGE", large)
        torch.manual_seed(0)
        model = nn.Sequential(nn.Embedding(700, 20), nn.Linear(20, 700))
        model[1].weight = model[0].weight  # tied
        ids = torch.randint(0, 700, (5, 4))
        optimizer = ZOSGD(model.parameters(), lr=1e-3, law=law, mu=0.01, model=model)
        found = [optimizer.step(lambda: model(ids).logsumexp(-1).mean()) for _ in range(3)]
        return found, [p.detach().clone() for p in model.parameters()]

    monkeypatch.setattr(streaming, "CHUNK", 1000)
    whole, one = losses(2**22)
    assert not calls
    chunks, two = losses(100)
    assert len(calls) == 3 * 2 * 2  # steps, points, modules
    # Products of pieces of a matrix may be added in another order.
    assert whole == pytest.approx(chunks, rel=1e-5)
    for p, q in zip(one, two, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-3, atol=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_autocast_around_a_step_does_not_keep_displaced_weights():
    torch.manual_seed(0)
    model, x = nn.Linear(4, 3), torch.randn(5, 4)
    optimizer = ZOSGD(model.parameters(), lr=0.0, mu=0.5, model=model)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        before = model(x)
        optimizer.step(lambda: model(x).float().square().mean())
        assert optimizer.coefficients[0] != 0
        assert torch.equal(model(x), before)


@pytest.mark.parametrize("engine", ["plain", "reuse", "lockstep"])
@pytest.mark.parametrize("kernel", [1, 3])
def test_memory_format_is_that_of_the_parameter(bits, engine, kernel):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(4, 5, kernel), nn.Tanh(), nn.Conv2d(5, 3, kernel))
    model = model.to(memory_format=torch.channels_last)
    before, strides, seen = bits(model.parameters()), [p.stride() for p in model.parameters()], []

    def note(module, inputs, output):
        seen.append(
            module.weight.stride() == kept[id(module)] and module.weight.data_ptr() != own[id(module)]
        )

    kept = {id(m): m.weight.stride() for m in (model[0], model[2])}
    own = {id(m): m.weight.data_ptr() for m in (model[0], model[2])}
    for m in (model[0], model[2]):
        m.register_forward_hook(note)
    x = torch.randn(2, 4, 6, 6).to(memory_format=torch.channels_last)
    optimizer = MeZO(model.parameters(), 0.0, model=model, engine=engine, seed=3)
    twin = MeZO(model.parameters(), 0.0, seed=3)
    for _ in range(2):
        found = optimizer.step(lambda: model(x).square().mean())
        assert all(seen)
        assert len(seen) >= 4
        assert found == twin.step(lambda: model(x).square().mean())
        seen.clear()
    assert bits(model.parameters()) == before
    assert [p.stride() for p in model.parameters()] == strides


@pytest.mark.parametrize("engine", ["plain", "reuse", "lockstep"])
@pytest.mark.parametrize("delayed", [False, True])
def test_buffers_are_written_as_often_as_the_closure_runs(bits, engine, delayed):
    # spectral_norm turns a vector whenever the weight is asked for, batch norm moves its means; the first
    # layers are frozen, so that an engine has something to keep. In lockstep the order of writes is
    # another, which is noticed: the plain evaluations that it is compared with count.
    def make():
        torch.manual_seed(0)
        spectral = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4))
        model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), spectral, nn.BatchNorm1d(4), nn.Linear(4, 1))
        model[0].requires_grad_(False)
        return model

    def trained(optimizer, model):
        losses = [optimizer.step(lambda: model(x).square().mean()) for _ in range(3)]
        optimizer.settle()
        return losses, bits(model.parameters()), [b.tolist() for b in model.buffers()]

    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    model, plain = make(), make()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = MeZO(parameters, 0.01, model=model, engine=engine, delayed=delayed)
    twin = MeZO([p for p in plain.parameters() if p.requires_grad], 0.01)
    warned = pytest.warns(UserWarning, match="lockstep") if engine == "lockstep" else nullcontext()
    with warned:
        found = trained(optimizer, model)
    assert found == trained(twin, plain)
    assert optimizer.prefix is None or optimizer.prefix.active
