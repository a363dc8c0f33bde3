"""Large tables made chunk by chunk: the same losses as from a copy, and torch's behaviour at the edges.

Weights, inputs and displacements are multiples of small powers of two, so that sums of products are exact
in any order and losses can be compared bit for bit.
"""

import pytest
import torch
from torch import nn
from torch.nn import functional

from zotheory.optim import ZOSGD, streaming

TYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
ROWS, WIDTH = 23, 6
MU = 2.0**-3


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(streaming, "LARGE", 50)
    monkeypatch.setattr(streaming, "CHUNK", 30)  # of five rows; the last one has three


@pytest.fixture
def made(monkeypatch):
    """First entries of the chunks that are made."""
    from zotheory.optim import layerwise

    firsts, plain = [], streaming.forward_of

    def forward_of(module, slot, displace):
        def noted(slot, target, first=0):
            firsts.append(first)
            displace(slot, target, first)

        return plain(module, slot, noted)

    monkeypatch.setattr(layerwise, "forward_of", forward_of)
    return firsts


@pytest.fixture(autouse=True)
def poisoned():
    # New memory is NaN, or the largest integer, as far as nobody writes to it.
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(before)


def dyadic(*shape, dtype, most=2):
    generator = torch.Generator().manual_seed(len(shape) + sum(shape))
    return (torch.randint(-8 * most, 8 * most + 1, shape, generator=generator) / 8).to(dtype)


def filled(module, dtype):
    module = module.to(dtype)
    for p in module.parameters():
        p.data = dyadic(*p.shape, dtype=dtype)
    return module


def losses(make, closure, dtype, engine, steps=3, **options):
    """Of steps that do not move the parameters, and their coefficients."""
    model = filled(make(), dtype)
    placed = {} if engine is None else {"model": model, "engine": engine}
    optimizer = ZOSGD(model.parameters(), lr=0.0, mu=MU, **placed, **options)
    found = []
    for _ in range(steps):
        found += [optimizer.step(lambda: closure(model)), *optimizer.coefficients]
    return found


def compare(make, closure, dtype, made, **options):
    expected = losses(make, closure, dtype, None, **options)
    assert not made
    for engine in ("plain", "reuse", "lockstep"):
        assert losses(make, closure, dtype, engine, **options) == expected, engine
        assert made, engine
        made.clear()
    assert len(set(expected)) > 1


def weighted(out):
    weights = torch.arange(out.numel(), dtype=torch.float64).reshape(out.shape) % 7 - 2
    return (weights * out.double()).sum()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(), (3,), (2, 4), (2, 1, 3)], ids=str)
def test_linear(made, shape, bias, dtype):
    x = dyadic(*shape, WIDTH, dtype=dtype, most=1)

    def closure(model):
        out = model(x)
        assert out.shape == (*shape, ROWS)
        assert out.dtype == dtype
        return weighted(out)

    compare(lambda: nn.Linear(WIDTH, ROWS, bias=bias), closure, dtype, made)


def test_linear_of_an_empty_batch(made):
    def closure(model):
        out = model(torch.zeros(2, 0, WIDTH))
        assert out.shape == (2, 0, ROWS)
        return 1.0

    model = filled(nn.Linear(WIDTH, ROWS), torch.float32)
    for _ in range(3):
        assert ZOSGD(model.parameters(), lr=0.1, model=model).step(lambda: closure(model)) == 1.0
    assert made


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("whole", [torch.int32, torch.int64])
@pytest.mark.parametrize("padding", [None, 3, -1])
@pytest.mark.parametrize(
    "ids",
    [torch.tensor(7), torch.tensor([ROWS - 1]), torch.tensor([0, 4, 5, 4, 3, ROWS - 1]),
     torch.tensor([[3, 9], [14, 15]]), torch.arange(ROWS).reshape(1, ROWS, 1)],
    ids=lambda ids: str(tuple(ids.shape)),
)  # fmt: skip
def test_embedding(made, ids, padding, whole, dtype):
    def closure(model):
        out = model(ids.to(whole))
        assert out.shape == (*ids.shape, WIDTH)
        assert out.dtype == dtype
        return weighted(out)

    compare(lambda: nn.Embedding(ROWS, WIDTH, padding_idx=padding), closure, dtype, made)


def test_only_chunks_that_are_asked_for(made):
    model = filled(nn.Embedding(ROWS, WIDTH), torch.float32)
    optimizer = ZOSGD(model.parameters(), lr=0.0, mu=MU, model=model, engine="plain")
    optimizer.step(lambda: weighted(model(torch.tensor([6, 22, 7]))))
    assert made == [30, 120] * 2


class Tied(nn.Module):
    """A table that is read and written to words, with or without a bias of the head."""

    def __init__(self, bias):
        super().__init__()
        self.table, self.head = nn.Embedding(ROWS, WIDTH), nn.Linear(WIDTH, ROWS, bias=bias)
        self.head.weight = self.table.weight

    def forward(self, ids):
        return self.head(self.table(ids))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("bias", [True, False])
def test_tied(made, bias, dtype):
    ids = torch.tensor([[0, 3, 22], [5, 14, 3]])
    compare(lambda: Tied(bias), lambda model: weighted(model(ids)), dtype, made)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_runs_that_move(bits, made, dtype):
    found = []
    for engine in (None, "plain", "lockstep"):
        model = filled(nn.Sequential(nn.Embedding(ROWS, WIDTH), nn.Linear(WIDTH, ROWS)), dtype)
        placed = {} if engine is None else {"model": model, "engine": engine}
        optimizer = ZOSGD(model.parameters(), lr=2.0**-12, mu=MU, **placed)
        ids, values = torch.tensor([[0, 3, 22], [5, 14, 3]]), []
        for _ in range(5):
            values.append(optimizer.step(lambda m=model, ids=ids: m(ids).square().mean()))
        found.append((values, [p.detach().clone() for p in model.parameters()]))
    for values, weights in found[1:]:
        assert values == pytest.approx(found[0][0], rel=1e-5)
        for p, q in zip(weights, found[0][1], strict=True):
            torch.testing.assert_close(p, q, rtol=1e-3, atol=1e-4)
    assert made


BAD = [
    [ROWS], [0, ROWS], [-1], [ROWS + 7], [3, -ROWS], [2**40], [-(2**40)], [24],
]  # fmt: skip


@pytest.mark.parametrize("engine", ["plain", "reuse", "lockstep"])
@pytest.mark.parametrize("ids", BAD, ids=str)
def test_ids_out_of_range(bits, engine, ids):
    model = filled(nn.Embedding(ROWS, WIDTH), torch.float32)
    optimizer = ZOSGD(model.parameters(), lr=0.1, mu=MU, model=model, engine=engine)
    for _ in range(3):
        optimizer.step(lambda: weighted(model(torch.tensor([1, 2]))))
    before = bits(model.parameters())
    with pytest.raises(IndexError, match="index out of range in self"):
        functional.embedding(torch.tensor(ids), model.weight)
    with pytest.raises(IndexError, match="index out of range in self"):
        optimizer.step(lambda: weighted(model(torch.tensor(ids))))
    assert bits(model.parameters()) == before
    assert optimizer.steps == 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.bool, torch.int16, torch.uint8])
@pytest.mark.parametrize("values", [[1], [], [1000]], ids=str)
def test_ids_that_are_no_integers_of_torch(dtype, values):
    model, ids = filled(nn.Embedding(ROWS, WIDTH), torch.float32), torch.tensor(values).float().to(dtype)
    with pytest.raises(RuntimeError, match="scalar types: Long, Int"):
        functional.embedding(ids, model.weight)
    with pytest.raises(RuntimeError, match="scalar types: Long, Int"):
        ZOSGD(model.parameters(), lr=0.1, mu=MU, model=model).step(lambda: weighted(model(ids)))


@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.parametrize("engine", ["plain", "reuse", "lockstep"])
@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)], ids=str)
def test_batches_without_ids(bits, shape, engine, delayed):
    # The table is displaced, though nothing reads it: the run goes on as one from a copy.
    found = []
    for options in ({}, {"engine": engine, "delayed": delayed}):
        model = filled(nn.Embedding(ROWS, WIDTH), torch.float32)
        optimizer = ZOSGD(
            model.parameters(), lr=2.0**-12, mu=MU, **options, **({"model": model} if options else {})
        )
        values = []
        for step in range(6):
            ids = torch.zeros(shape, dtype=torch.int64) if step % 2 else torch.tensor([2, 7])

            def closure(model=model, ids=ids):
                out = model(ids)
                assert out.shape == (*ids.shape, WIDTH)
                return 1 + weighted(out)

            values.append(optimizer.step(closure))
        optimizer.settle()
        found.append((values, bits(model.parameters())))
    assert found[0] == found[1]
