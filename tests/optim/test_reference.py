"""Every optimizer, law and difference step by step against the dense reference."""

import numpy as np
import pytest
import torch

from zotheory.optim import ZOSGD, Block, MeZO, ZOSignSGD, layout

LAWS = ["rademacher", "gaussian", "sphere", "coordinate", "block", "low-rank", "block5"]
MU, STEPS = 2.0**-8, 6


@pytest.fixture
def compare(dense, parameters, joined):
    """Run an optimizer beside the reference; all iterates must be the same, bit for bit but for |z|."""
    start = np.random.default_rng(0).normal(size=dense.DIM)

    def run(kind, law, *, dtype=torch.float32, difference="central", queries=1, rate=0.01, steps=STEPS,
            regroup=None, after=None, reference=None, **options):  # fmt: skip
        x = parameters(start, dtype)
        ours = Block(5) if law == "block5" else law
        if kind is not MeZO:
            options["difference"] = difference
        groups = x if regroup is None else regroup(x)
        optimizer = kind(groups, lr=rate, law=ours, mu=MU, queries=queries, seed=dense.SEED, **options)
        follow = after(optimizer) if after else lambda: None
        settings = {"lr": rate, "decay": options.get("weight_decay", 0.0),
                    "momentum": options.get("momentum", 0.0), "sign": kind is ZOSignSGD}  # fmt: skip
        expected = dense.iterates(
            joined(x).copy(), steps, law=law, difference=difference, queries=queries, mu=MU,
            **{**settings, **(reference or {})},
        )  # fmt: skip
        for t in range(steps):
            optimizer.step(lambda: dense.objective(joined(x)))
            follow()
            if law == "sphere":  # |z| is rounded once more or less
                np.testing.assert_allclose(joined(x), expected[t + 1], rtol=0, atol=3e-6)
            else:
                np.testing.assert_array_equal(joined(x), expected[t + 1])
        assert np.abs(expected[-1].astype(float) - expected[0]).max() > 1e-3
        evaluations = 2 * queries if difference == "central" else queries + 1
        assert optimizer.queries == steps * evaluations
        return x, optimizer

    return run


@pytest.mark.parametrize("queries", [1, 3])
@pytest.mark.parametrize("difference", ["central", "forward"])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", [ZOSGD, ZOSignSGD])
def test_steps(compare, kind, law, difference, queries):
    compare(kind, law, difference=difference, queries=queries)


@pytest.mark.parametrize("queries", [1, 3])
@pytest.mark.parametrize("law", LAWS)
def test_mezo(compare, law, queries):
    compare(MeZO, law, queries=queries, weight_decay=0.1)


@pytest.mark.parametrize("kind", [ZOSGD, ZOSignSGD])
@pytest.mark.parametrize("law", ["rademacher", "coordinate"])
def test_momentum_and_decay(compare, kind, law):
    compare(kind, law, queries=2, momentum=0.75, weight_decay=0.25)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
@pytest.mark.parametrize("kind", [ZOSGD, ZOSignSGD])
def test_other_types(compare, kind, dtype):
    x, _ = compare(kind, "rademacher", dtype=dtype, momentum=0.5)
    assert x[0].dtype == dtype


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("law", LAWS)
def test_pieces_change_nothing(compare, monkeypatch, law, size):
    monkeypatch.setattr(layout, "CHUNK", size)
    compare(ZOSGD, law, queries=2, momentum=0.5)


def test_two_groups(compare, dense):
    rates = np.repeat([0.02, 0.005], [dense.STARTS[2], dense.DIM - dense.STARTS[2]])
    decays = np.repeat([0.0, 0.5], [dense.STARTS[2], dense.DIM - dense.STARTS[2]])
    compare(
        ZOSGD,
        "gaussian",
        regroup=lambda x: [{"params": x[:2], "lr": 0.02}, {"params": x[2:], "weight_decay": 0.5}],
        rate=0.005,
        reference={"lr": rates, "decay": decays},
    )


def test_order_of_groups_is_the_order_of_entries(compare):
    # All in one group and one group each, named or not: the same flat index.
    compare(ZOSGD, "sphere", regroup=lambda x: [{"params": [p]} for p in x])
    compare(ZOSGD, "low-rank", regroup=lambda x: [(f"p{k}", p) for k, p in enumerate(x)])


def test_scheduler(compare):
    def scheduled(optimizer):
        return torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5).step

    compare(ZOSGD, "rademacher", after=scheduled, reference={"lr": lambda t: 0.01 * 0.5 ** (t // 2)})


def test_parameters_in_other_orders_of_memory(dense, parameters, joined):
    # Entries count row by row whatever the strides.
    start = np.random.default_rng(3).normal(size=dense.DIM)
    plain, strided = parameters(start), parameters(start)
    strided[0] = torch.nn.Parameter(plain[0].detach().t().contiguous().t())
    assert not strided[0].is_contiguous()
    for x in (plain, strided):
        optimizer = ZOSGD(x, lr=0.01, momentum=0.5, seed=1)
        for _ in range(4):
            optimizer.step(lambda x=x: dense.objective(joined(x)))
    np.testing.assert_array_equal(joined(plain), joined(strided))
    assert not strided[0].is_contiguous()


@pytest.mark.parametrize("c", [0.5, 2.0, 8.0])
def test_gauge(dense, parameters, joined, c):
    # (v, delta, mu, lr) -> (c v, c^2 delta, mu / c, lr / c^2): exact for powers of two.
    found = []
    for scale in (1.0, c):
        x = parameters(np.linspace(-1, 1, dense.DIM))
        optimizer = ZOSGD(x, lr=0.01 / scale**2, mu=MU / scale, delta=scale**2, law="gaussian", queries=2)
        losses = [optimizer.step(lambda x=x: dense.objective(joined(x))) for _ in range(5)]
        found.append((losses, joined(x)))
    assert found[0][0] == found[1][0]
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_loss_and_coefficients(dense, parameters, joined):
    x = parameters(np.linspace(-1, 1, dense.DIM))
    before, seen = joined(x).copy(), []

    def closure():
        seen.append(dense.objective(joined(x)))
        return seen[-1]

    forward = ZOSGD(x, lr=0.0, mu=MU, difference="forward", queries=2)
    assert forward.step(closure) == seen[0] == dense.objective(before)
    assert forward.coefficients == tuple((f - seen[0]) / MU / 2 for f in seen[1:])
    seen.clear()
    central = ZOSGD(x, lr=0.0, mu=MU, queries=2)
    assert central.step(closure) == pytest.approx(sum(seen) / 4, rel=1e-15)
    slopes = [(seen[0] - seen[1]) / (2 * MU), (seen[2] - seen[3]) / (2 * MU)]
    assert central.coefficients == tuple(slope / 2 for slope in slopes)
