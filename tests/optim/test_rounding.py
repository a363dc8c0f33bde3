"""Stochastic rounding to half precision: neighbours, means, streams."""

import numpy as np
import pytest
import torch

from zotheory.errors import InvalidArgument
from zotheory.optim import ZOSGD, Stream, layout
from zotheory.optim.rounding import StochasticRounding

HALF = [torch.float16, torch.bfloat16]


def rounded(values, dtype, step, low=0):
    target = torch.empty(len(values), dtype=dtype)
    StochasticRounding(Stream(5, "rounding"), step).write(target, values, low)
    return target


def neighbours(x, dtype):
    """The numbers of the type around x, by exhaustion."""
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype).double()
    every = every[torch.isfinite(every)].unique()
    place = int(torch.searchsorted(every, x))
    return float(every[max(place - 1, 0)]), float(every[min(place, len(every) - 1)])


@pytest.mark.parametrize("dtype", HALF)
def test_neighbours_and_means(dtype):
    rng, draws, rate = np.random.default_rng(0), 20_000, 1e-6
    tiny = float(torch.finfo(dtype).smallest_normal)
    places = [*rng.normal(size=12), *(tiny * rng.normal(size=4)), 1.999, -1.999, tiny / 900, -tiny / 900]
    for number, x in enumerate(np.float32(places)):
        low, high = neighbours(float(x), dtype)
        found = rounded(torch.full((draws,), float(x)), dtype, number).double()
        assert set(found.tolist()) <= {low, high}
        if low == high == x:
            continue
        # A mean of independent numbers in an interval, by Hoeffding's inequality, for 40 means.
        bound = (high - low) * np.sqrt(np.log(2 * 40 / rate) / (2 * draws))
        assert abs(float(found.mean()) - float(x)) < bound
        assert bound < 0.025 * (high - low)  # rounding to nearest, off by up to half of it, would be seen


@pytest.mark.parametrize("dtype", HALF)
def test_numbers_of_the_type_stay_and_the_rest_is_as_to_nearest(dtype):
    largest = torch.finfo(dtype).max
    values = torch.tensor([0.0, -0.0, 1.5, -2.0, largest, -largest, float("inf"), float("nan"), 3e38])
    found, plain = rounded(values, dtype, 1), values.to(dtype)
    assert torch.equal(found.view(torch.int16), plain.view(torch.int16))


def test_slices_of_the_stream():
    stream, whole = Stream(5, "rounding"), torch.empty(1000)
    stream.fill_uniforms(whole, 3, 0, 17)
    for low, high in [(0, 1), (3, 900), (512, 513), (999, 1000)]:
        part = torch.empty(high - low)
        stream.fill_uniforms(part, 3, 0, 17 + low)
        assert torch.equal(part, whole[low:high])
    assert float(whole.min()) > 0
    assert float(whole.max()) < 1
    # Kolmogorov's statistic of 10^6 numbers stays below this in all but 1e-8 of cases.
    many = torch.empty(10**6)
    stream.fill_uniforms(many, 4, 0, 0)
    gaps = np.abs(np.sort(many.numpy().astype(float)) - (np.arange(10**6) + 0.5) / 10**6)
    assert gaps.max() < np.sqrt(np.log(2e8) / 2 / 10**6)


@pytest.mark.parametrize("model", [False, True])
@pytest.mark.parametrize("dtype", HALF)
def test_steps_against_a_dense_reference(monkeypatch, dtype, model):
    # Each step and each entry has its number, and none is that of a perturbation: what is stored is found
    # among all numbers of the type, in float64, for parameters of many pieces.
    monkeypatch.setattr(layout, "CHUNK", 5)
    seed, rate, ups = 3, 2.0**-11, 0
    net = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.Linear(4, 3, bias=False))
    rng = np.random.default_rng(0)
    for p in net.parameters():
        p.data = torch.from_numpy(rng.normal(size=tuple(p.shape))).to(dtype)
    optimizer = ZOSGD(
        net.parameters(), rate, mu=0.25, seed=seed, rounding="stochastic", model=net if model else None
    )
    inputs = torch.linspace(-1, 1, 12).reshape(2, 6).to(dtype)
    dim = sum(p.numel() for p in net.parameters())
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype).double()
    every = every[torch.isfinite(every)].unique().numpy()
    for step in range(12):
        before = torch.cat([p.detach().reshape(-1) for p in net.parameters()])
        optimizer.step(lambda: net(inputs).float().square().sum())
        after = torch.cat([p.detach().reshape(-1) for p in net.parameters()]).double().numpy()
        v = Stream(seed, "rademacher").signs(step, 0, 0, dim)
        new = before.float() - v * np.float32(optimizer.coefficients[0]) * rate
        uniforms = torch.empty(dim)
        Stream(seed, "rounding").fill_uniforms(uniforms, step, 0, 0)
        nearest, exact = new.to(dtype).double().numpy(), new.double().numpy()
        place = np.searchsorted(every, nearest) + np.sign(exact - nearest).astype(int)
        other = every[place]
        taken = uniforms.double().numpy() * np.abs(other - nearest) < np.abs(exact - nearest)
        expected = np.where(taken, other, nearest)
        assert np.array_equal(after, expected), step
        ups += int(taken.sum())
    assert ups > 40


def test_small_steps_are_kept_on_average():
    ends = {}
    for rounding in ("nearest", "stochastic"):
        x = torch.nn.Parameter(torch.full((4000,), 3.0, dtype=torch.bfloat16))
        optimizer = ZOSGD([x], lr=1e-5, mu=0.5, rounding=rounding)
        for _ in range(4000):
            # An entry moves by about 6e-4, a tenth of half a last place, and by 1e-5 on average.
            optimizer.step(lambda x=x: x.double().sum())
        ends[rounding] = float(x.detach().double().mean())
    assert ends["nearest"] == 3.0
    # The standard deviation is 0.001 from the steps and 0.003 from rounding.
    assert abs(ends["stochastic"] - 2.96) < 0.018


def test_bad_input():
    with pytest.raises(InvalidArgument, match="rounding"):
        ZOSGD([torch.nn.Parameter(torch.ones(3))], lr=0.1, rounding="up")
