"""Lockstep: products of which pieces are zero, and what the second thread takes over."""

import threading

import pytest
import torch
from torch import nn

from zotheory.optim import ZOSGD, Block, layout

INPUTS = torch.linspace(-1, 1, 24).reshape(4, 6)


@pytest.fixture
def poisoned():
    # New memory is NaN, as far as nobody writes to it.
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    assert torch.utils.deterministic.fill_uninitialized_memory
    assert torch.isnan(torch.empty(5)).all()
    yield
    torch.use_deterministic_algorithms(before)


@pytest.mark.usefixtures("poisoned")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("law", ["coordinate", Block(3), Block(11)], ids=str)
def test_pieces_without_an_entry_of_the_perturbation(monkeypatch, bits, law, dtype):
    # Matrices of 36 entries then have 8 pieces, and nothing is kept as a whole.
    monkeypatch.setattr(layout, "CHUNK", 5)
    found = []
    for engine in (None, "lockstep"):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6)).to(dtype)
        placed = {} if engine is None else {"model": model, "engine": engine}
        optimizer = ZOSGD(model.parameters(), lr=0.01, mu=0.05, law=law, on_bad_loss="skip", **placed)
        losses = [
            optimizer.step(lambda model=model: model(INPUTS.to(dtype)).float().square().mean())
            for _ in range(12)
        ]
        assert optimizer.skipped == 0
        found.append((losses, bits(model.parameters())))
    assert found[0] == found[1]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_second_thread_has_as_many_threads_as_the_first(number):
    # New threads begin with the number that any thread has set last.
    model, before, seen = nn.Linear(6, 2), torch.get_num_threads(), {}
    optimizer = ZOSGD(model.parameters(), lr=0.01, model=model, engine="lockstep")

    def closure():
        seen.setdefault(threading.current_thread() is threading.main_thread(), []).append(
            torch.get_num_threads()
        )
        return model(INPUTS).square().mean()

    try:
        torch.set_num_threads(number)
        other = threading.Thread(target=torch.set_num_threads, args=(number + 1,))
        other.start()
        other.join()
        for _ in range(3):
            optimizer.step(closure)
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {True, False}
    assert {*seen[True], *seen[False]} == {number}
