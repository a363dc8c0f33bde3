"""Guided descent against stored vectors, the closed forms of its error, and what its alignment finds.

What a wrong formula would do: lengths without 1 / sqrt(p) miss the reference, the lengths and the mean; a
wrong p misses the reference and the smallest second moment, which is sought on a grid.
"""

import copy
import io
import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

from zotheory.checks import check_mean
from zotheory.errors import InvalidArgument
from zotheory.optim import ZOSGD, GuidedSGD, LossError, Stream, layout
from zotheory.optim.guided import RootMean
from zotheory.optim.stored import Stored, stored

MU, STEPS, RATE = 2.0**-8, 30, 0.003


def second_moment(square, p, dim):
    """E|slope v|^2 / (delta^2 |a|^2) at an alignment rho^2."""
    return square / p + (1 - square) * (dim - 1) / (1 - p)


def reference(
    dense, x, *, law, queries, difference, delta, decay, momentum, guide_decay, allocation, bounds
):
    """x_0, ..., x_STEPS, every p, and the energies measured, with every vector stored."""
    dtype, found, d = x.dtype, [x], dense.DIM
    wide = np.float64 if dtype == np.float64 else np.float32
    guide, m, ps = np.zeros(d, wide), np.zeros(d, wide), []
    energies, number, length = {True: [], False: []}, 0, math.sqrt(delta)
    for t in range(STEPS):
        g, e = np.zeros(d, wide), guide.astype(np.float32).astype(float)
        ps.append(0.0)
        if e.any():
            e /= np.linalg.norm(e)
            p = 1 / d
            if all(energies.values()):  # averages weighed by the age in steps with a guide
                mean = {
                    kind: np.average(list(zip(*seen, strict=True))[1],
                                     weights=[guide_decay ** (seen[-1][0] - s) for s, _ in seen])
                    for kind, seen in energies.items()
                }  # fmt: skip
                square = mean[True] / (mean[True] + mean[False])
                p = math.sqrt(square) / (math.sqrt(square) + math.sqrt((1 - square) * (d - 1)))
            p = min(max(p, bounds[0]), bounds[1]) if allocation == "mixture" else 1 / queries
            ps[-1] = p
            number += 1
        for k in range(queries):
            choice = Stream(dense.SEED, "guided choice").integer(t, k, 2**53) / 2**53
            along = choice < ps[-1] if allocation == "mixture" else k == 0
            if not e.any():
                u = dense.draw(law, t, k)
            elif along:
                u = e / math.sqrt(p) * (2 * Stream(dense.SEED, "guided sign").integer(t, k, 2) - 1)
            else:
                z = Stream(dense.SEED, "gaussian").normals(t, k, 0, d).numpy().astype(float)
                z -= (z @ e) * e
                u = math.sqrt((d - 1) / (1 - p)) * z / np.linalg.norm(z)
            u = u.astype(np.float32).astype(wide)
            ahead, behind = ((x.astype(wide) + s * u * wide(MU * length)).astype(dtype) for s in (1, -1))
            f = dense.objective
            slope = (f(ahead) - f(behind)) / (2 * MU) if difference == "central" else (f(ahead) - f(x)) / MU
            if e.any():
                share = p if along else 1 - p
                energies[bool(along)].append((number, slope**2 * share / delta))
            g = g + u * wide(slope * length / queries)
        guide = wide(guide_decay) * guide + g
        m = wide(momentum) * m + g
        x = (x.astype(wide) * wide(1 - RATE * decay) - wide(RATE) * m).astype(dtype)
        found.append(x)
    return found, ps, energies


@pytest.fixture
def compare(dense, parameters, joined):
    def run(dtype=torch.float64, *, law="gaussian", queries=2, difference="central", delta=1.0, decay=0.0,
            momentum=0.0, guide_decay=0.9, allocation="mixture", bounds=(0.06, 0.9)):  # fmt: skip
        x = parameters(np.random.default_rng(0).normal(size=dense.DIM), dtype)
        options = {"law": law, "queries": queries, "difference": difference, "delta": delta,
                   "momentum": momentum, "guide_decay": guide_decay, "allocation": allocation}  # fmt: skip
        optimizer = GuidedSGD(
            x, RATE, mu=MU, weight_decay=decay, seed=dense.SEED, p_min=bounds[0], p_max=bounds[1], **options
        )
        expected, ps, energies = reference(dense, joined(x).copy(), decay=decay, bounds=bounds, **options)
        found = []
        for t in range(STEPS):
            optimizer.step(lambda: dense.objective(joined(x)))
            # Rounded to float32 in other places, slopes differ by as much over mu, and the guide with them.
            allowed = 3e-5 if dtype == torch.float32 else 1e-10
            np.testing.assert_allclose(joined(x), expected[t + 1], rtol=0, atol=allowed)
            found.append(optimizer.probability)
        assert np.abs(expected[-1] - expected[0]).max() > 1e-2
        np.testing.assert_allclose(found, ps, rtol=1e-3)
        assert bounds[0] == bounds[1] or any(bounds[0] < p < bounds[1] for p in ps)
        assert all(energies.values())  # both kinds were drawn
        assert optimizer.queries == STEPS * (queries + 1 if difference == "forward" else 2 * queries)
        assert len(optimizer.coefficients) == queries
        names = {frozenset(state) for state in optimizer.state.values()}
        both = {"momentum", "guide"} if momentum else {"guide"}
        assert names == {frozenset({"momentum"} if 0 < momentum == guide_decay else both)}

    return run


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("difference", ["central", "forward"])
@pytest.mark.parametrize("allocation", ["mixture", "stratified"])
def test_steps(compare, dtype, difference, allocation):
    compare(dtype, difference=difference, allocation=allocation)


@pytest.mark.parametrize(
    "options",
    [
        {"queries": 1},
        {"queries": 3, "allocation": "stratified", "law": "rademacher"},
        {"delta": 0.25, "decay": 0.5, "law": "sphere"},
        {"delta": 4.0, "difference": "forward"},
        {"momentum": 0.5},
        {"momentum": 0.9},
        {"guide_decay": 0.0},
        {"guide_decay": 0.99, "bounds": (0.3, 0.3)},
        {"guide_decay": 0.5, "bounds": (0.1, 0.2)},
    ],
    ids=str,
)
def test_options(compare, options):
    compare(**options)


@pytest.mark.parametrize("size", [1, 7])
def test_pieces_change_nothing(bits, parameters, dense, joined, monkeypatch, size):
    found = []
    for cut in (False, True):
        if cut:
            monkeypatch.setattr(layout, "CHUNK", size)
        x = parameters(np.linspace(-1, 1, dense.DIM))
        optimizer = GuidedSGD(x, 0.01, queries=3, p_min=0.3)
        for _ in range(8):
            optimizer.step(lambda x=x: dense.objective(joined(x)))
        found.append((optimizer.coefficients, optimizer.alignment, bits(x)))
    assert found[0] == found[1]


def guided(guide, gradient, delta=1.0, seed=0, **options):
    """Function of a number of steps: estimates at one guide, f linear and mu = 1, and the v seen."""
    x = nn.Parameter(torch.zeros(len(guide), dtype=torch.float64))
    optimizer = GuidedSGD([x], 1.0, mu=1.0, delta=delta, seed=seed, **options)

    def steps(n):
        estimates, seen = [], []

        def closure():
            seen.append(x.detach().numpy().copy())
            return float(gradient @ seen[-1])

        for _ in range(n):
            with torch.no_grad():
                x.zero_()
            optimizer.state[x]["guide"] = torch.from_numpy(np.array(guide, dtype=float))
            optimizer.step(closure)
            estimates.append(-x.detach().numpy())
        return np.array(estimates), np.array(seen[::2])

    return optimizer, steps


@pytest.mark.parametrize("delta", [1.0, 4.0])
@pytest.mark.parametrize("dim", [2, 3, 40, 3000])
def test_lengths(dim, delta):
    guide, p = np.cos(np.arange(dim)) * 1e20, 0.3
    e = guide / np.linalg.norm(guide)
    _, steps = guided(guide, np.ones(dim), delta, p_min=p, p_max=p, queries=2)
    _, seen = steps(40)
    inner = seen @ e
    along = np.abs(inner) > 1e-3
    np.testing.assert_allclose(inner[along] ** 2, delta / p, rtol=1e-6)
    np.testing.assert_allclose((seen[along] ** 2).sum(axis=1), delta / p, rtol=1e-6)
    np.testing.assert_allclose((seen[~along] ** 2).sum(axis=1), delta * (dim - 1) / (1 - p), rtol=1e-6)
    np.testing.assert_allclose(inner[~along], 0, atol=1e-5)
    assert {bool(s > 0) for s in inner[along]} == {False, True}
    # 80 draws: further than 5 standard deviations from 80 p at a rate below 1e-5.
    assert abs(along.sum() - 80 * p) < 5 * math.sqrt(80 * p * (1 - p))


def test_rows_drawn_again_are_of_no_other_query(monkeypatch):
    # With nearly half of all rows refused, no two queries, nor steps, look along one line.
    monkeypatch.setattr("zotheory.optim.guided.CLOSEST", 5.0)
    dim, queries = 6, 4
    _, steps = guided(np.ones(dim), np.ones(dim), p_min=1e-9, p_max=1e-9, queries=queries)
    _, seen = steps(60)
    units = seen / np.linalg.norm(seen, axis=1)[:, None]
    cosines = np.abs(units @ units.T) - np.eye(len(units))
    # Of 240 lines in five dimensions: E[number of pairs closer than c] = 28680 P(|cos| > c), about
    # 28680 * 3/4 * (1 - c)^2 * 2, is below 1e-6 at 1 - c = 1e-6.
    assert cosines.max() < 1 - 1e-6


GUIDE, GRADIENT = np.array([1.0, 2.0, 0.0, -1.0]), np.array([1.0, 0.5, -1.5, 0.25])
SQUARE = (GUIDE @ GRADIENT) ** 2 / (GUIDE @ GUIDE) / (GRADIENT @ GRADIENT)


def numpy_draws(n, p, dim, rng):
    """Perturbations of the law in numpy, delta = 1, for the variances that a test plans with."""
    e = GUIDE / np.linalg.norm(GUIDE)
    z = rng.normal(size=(n, dim))
    z -= (z @ e)[:, None] * e
    z *= math.sqrt((dim - 1) / (1 - p)) / np.linalg.norm(z, axis=1)[:, None]
    return np.where(rng.random((n, 1)) < p, e / math.sqrt(p), z)


@pytest.mark.parametrize("p", [0.05, 0.25, 0.6])
def test_mean_and_second_moment(p):
    # Given the guide: E g = delta a and E|g|^2 by the closed form, for any p; false alarms below 1e-6.
    delta = 2.0
    v = numpy_draws(20_000, p, 4, np.random.default_rng(0))
    g = delta * (v @ GRADIENT)[:, None] * v
    spread = 2 * np.column_stack([g, (g**2).sum(axis=1)]).var(axis=0)

    def sample(n, rng):
        _, steps = guided(GUIDE, GRADIENT, delta, seed=int(rng.integers(2**63)), p_min=p, p_max=p)
        found, _ = steps(n)
        return np.column_stack([found, (found**2).sum(axis=1)])

    size = GRADIENT @ GRADIENT
    claimed = [*(delta * GRADIENT), delta**2 * second_moment(SQUARE, p, 4) * size]
    evidence = check_mean(
        sample, claimed, resolvable=np.sqrt(spread) / 6, variance=spread, rng=1, false_alarm=1e-6
    )
    assert evidence.outcome.value == "holds", evidence


@pytest.mark.parametrize("queries", [2, 3, 5])
def test_error_of_stratified_estimates(queries):
    dim, delta, size = 4, 2.0, GRADIENT @ GRADIENT
    error = delta**2 * (1 - SQUARE) * (dim - 2) / (queries - 1) * size
    # Slopes times directions are bounded, and so is the error: by that of one perturbation.
    most = (delta * math.sqrt(size) * dim) ** 2

    def sample(n, rng):
        _, steps = guided(GUIDE, GRADIENT, delta, int(rng.integers(2**63)), queries=queries,
                          allocation="stratified")  # fmt: skip
        found, seen = steps(n)
        # One in every step along the guide, whose part of the estimate is exact.
        np.testing.assert_allclose(found @ GUIDE, delta * GRADIENT @ GUIDE, rtol=1e-5)
        assert (np.abs(seen.reshape(n, queries, dim)[:, 0] @ GUIDE) > 1).all()
        squares = ((found - delta * GRADIENT) ** 2).sum(axis=1)
        assert squares.max() < most
        return np.column_stack([found - delta * GRADIENT, squares])

    evidence = check_mean(sample, [0.0] * dim + [error], resolvable=[0.3] * dim + [0.1 * error],
                          variance=[error] * dim + [error**2], rng=1, false_alarm=1e-6)  # fmt: skip
    assert evidence.outcome.value == "holds", evidence


def test_which_allocation():
    # As the docstring has it: at small rho the mixture is better unless q is near d; where the best p is
    # 1/q, stratified estimates are.
    for dim, queries in itertools.product([5, 20, 1000], [2, 4, 10]):
        root = np.linspace(0, 1, 2001)
        square, other = root**2, np.sqrt((1 - root**2) * (dim - 1))
        mixture = ((root + other) ** 2 - 1) / queries
        stratified = (1 - square) * (dim - 2) / (queries - 1)
        if queries < dim - 1:
            assert stratified[0] > (dim - 1) / queries >= mixture.max() - 1e-9
        even = np.argmin(np.abs(root * (queries - 1) - other))
        assert stratified[even] < mixture[even]
        pays = stratified < (dim - 1) / queries
        assert square[pays].min() == pytest.approx(
            max(0, (dim - 1 - queries) / queries / (dim - 2)), abs=1e-3
        )


@pytest.mark.parametrize("turn", [0.0, 0.3, 1.0])
def test_alignment_converges(turn):
    # One guide, one gradient: rho^2 and p must become what they are. Averages over all steps.
    dim, queries, n = 12, 4, 1500
    e, other = np.eye(dim)[0], np.ones(dim) - np.eye(dim)[0]
    gradient = math.cos(turn) * e + math.sin(turn) * other / np.linalg.norm(other)
    optimizer, steps = guided(5 * e, gradient, queries=queries, guide_decay=1 - 1e-9, p_min=0.1, p_max=0.9)
    assert math.isnan(optimizer.alignment)
    assert optimizer.probability == 0
    steps(n)
    across = math.sin(turn) ** 2
    # What is seen along e is exact. Across it squares s of slopes have E s^2 <= 3 (E s)^2, so a standard
    # error of sqrt(2 / number), and at least a tenth of n perturbations were from there: 5 of them.
    tolerance = 5 * math.sqrt(2 / (0.1 * n * queries))
    assert optimizer.along.root == pytest.approx(abs(math.cos(turn)), rel=1e-6)
    assert optimizer.across.root**2 == pytest.approx(across, rel=tolerance, abs=1e-9)
    assert optimizer.alignment == pytest.approx(1 - across, rel=tolerance)
    grid = np.linspace(0.1, 0.9, 80_001)
    best = grid[np.argmin(second_moment(optimizer.alignment, grid, dim))]
    steps(1)
    assert optimizer.probability == pytest.approx(best, abs=2e-3)


def test_optimum():
    # The least second moment and where it is, on a grid; never above d.
    grid = np.linspace(1e-4, 1 - 1e-4, 200_001)
    for dim, square in itertools.product([2, 10, 500], [0.01, 0.1, 0.5, 0.9]):
        optimizer, _ = guided(np.ones(dim), np.ones(dim), p_min=1e-4, p_max=1 - 1e-4)
        optimizer.along, optimizer.across = (
            RootMean(math.sqrt(square), 1),
            RootMean(math.sqrt(1 - square), 1),
        )
        p, values = optimizer._next_probability(dim), second_moment(square, grid, dim)
        assert p == pytest.approx(grid[np.argmin(values)], abs=2e-5)
        least = (math.sqrt(square) + math.sqrt((1 - square) * (dim - 1))) ** 2
        assert values.min() == pytest.approx(least, rel=1e-6)
        assert second_moment(square, p, dim) <= dim * (1 + 1e-12)
    assert second_moment(1 / dim, 1 / dim, dim) == pytest.approx(dim)
    # The price of a wrong p: linear in rho^2, so it is largest at an end.
    for dim, p in itertools.product([2, 60, 10_000], [0.02, 0.3, 0.5]):
        costs = second_moment(np.linspace(0, 1, 101), p, dim) / dim
        assert costs[0] == pytest.approx((1 - 1 / dim) / (1 - p))
        assert costs.max() == pytest.approx(max(costs[0], 1 / (p * dim)))
        assert p > 0.02 or costs[0] < 1.021


def test_price_of_a_useless_guide():
    # Orthogonal to the gradient: p falls to p_min, and the second moment is that of the docstring.
    dim, n = 10, 3000
    gradient = np.eye(dim)[1]
    optimizer, steps = guided(np.eye(dim)[0], gradient, p_min=0.15)
    steps(200)
    assert optimizer.probability == 0.15
    assert optimizer.alignment < 1e-12
    squares = (steps(n)[0] ** 2).sum(axis=1)
    expected = dim * (1 - 1 / dim) / (1 - 0.15)
    # 6 standard errors: E|g|^4 of the law is at most 3 (d - 1)^2 / (1 - p)^3.
    assert abs(squares.mean() - expected) < 6 * math.sqrt(3 * (dim - 1) ** 2 / 0.85**3 / n)


def test_price_of_guides_that_forget():
    # A fresh gradient in every step: the guide knows nothing. E|g|^2 stays within 4% of a fixed length.
    dim, n, rng = 60, 4000, np.random.default_rng(4)
    x = nn.Parameter(torch.zeros(dim, dtype=torch.float64))
    optimizer, squares, chosen = GuidedSGD([x], 1.0, mu=1.0), [], []
    for _ in range(n):
        with torch.no_grad():
            x.zero_()
        gradient = rng.normal(size=dim)
        gradient /= np.linalg.norm(gradient)
        optimizer.step(lambda gradient=gradient: float(gradient @ x.detach().numpy()))
        squares.append(float((x.detach() ** 2).sum()))
        chosen.append(optimizer.probability)
    error = np.std(squares) / math.sqrt(n)
    assert error < 0.04 * dim
    assert np.mean(squares) < 1.04 * dim + 5 * error
    assert np.mean(chosen) < 0.1


def test_better_than_a_fixed_length():
    # A quadratic with one dominant direction, at equal queries: errors of the estimates along both runs.
    dim, steps = 40, 1500
    hessian = np.full(dim, 0.01)
    hessian[7] = 1.0
    found = {}
    for kind, options in ((GuidedSGD, {"guide_decay": 0.98}), (ZOSGD, {"law": "sphere"})):
        x = nn.Parameter(torch.full((dim,), 3.0, dtype=torch.float64))
        optimizer, errors = kind([x], 1e-3, seed=1, **options), []
        for _ in range(steps):
            before = x.detach().numpy().copy()
            optimizer.step(lambda x=x: float(hessian @ x.detach().numpy() ** 2) / 2)
            estimate, gradient = (before - x.detach().numpy()) / 1e-3, hessian * before
            errors.append(((estimate - gradient) ** 2).sum() / (gradient @ gradient))
        found[kind] = (
            optimizer.queries,
            np.mean(errors[200:]),
            np.std(errors[200:]) / math.sqrt(steps - 200),
        )
    (queries, mine, noise), (others, plain, spread) = found[GuidedSGD], found[ZOSGD]
    assert queries == others == 2 * steps
    assert plain == pytest.approx(dim - 1, rel=0.1)
    assert mine + 5 * noise + 5 * spread < plain


@pytest.mark.parametrize("decay", [0.9, 0.98])
def test_alignment_of_an_average(decay):
    # As the docstring has it: rho^2 near n / (n + d) for guides that are averages of n estimates.
    dim, n = 400, (1 + decay) / (1 - decay)
    x, a = nn.Parameter(torch.zeros(dim, dtype=torch.float64)), np.cos(np.arange(dim))
    optimizer, squares = GuidedSGD([x], 0.0, guide_decay=decay, mu=1.0, p_min=1e-3, p_max=2e-3), []
    for _ in range(600):
        optimizer.step(lambda: float(a @ x.detach().numpy()))
        guide = optimizer.state[x]["guide"].numpy()
        squares.append((guide @ a) ** 2 / (guide @ guide) / (a @ a))
    assert np.mean(squares[100:]) == pytest.approx(n / (n + dim), rel=0.3)


@pytest.mark.parametrize(
    "options", [{}, {"momentum": 0.5}, {"momentum": 0.9}, {"allocation": "stratified"}]
)
@pytest.mark.parametrize("c", [0.5, 4.0])
def test_gauge(dense, parameters, joined, c, options):
    # (delta, mu, lr) -> (c^2 delta, mu / c, lr / c^2): exact for powers of two. Energies stay as they are.
    found = []
    for scale in (1.0, c):
        x = parameters(np.linspace(-1, 1, dense.DIM))
        optimizer = GuidedSGD(x, 0.01 / scale**2, mu=MU / scale, delta=scale**2, queries=2, guide_decay=0.9,
                              p_min=0.2, **options)  # fmt: skip
        losses = [optimizer.step(lambda x=x: dense.objective(joined(x))) for _ in range(12)]
        found.append((losses, joined(x).tolist(), optimizer.along, optimizer.across, optimizer.probability))
    assert found[0] == found[1]
    assert found[0][2].weight > 0


# Numbers that arithmetic would not give back: signed zeros, subnormals, infinities, NaN.
ODD = [0.0, -0.0, 6e-8, 1e-40, float("inf"), -float("inf"), float("nan"), 1.0, -3.5, 0.3, 0.7, 0.1]


@pytest.mark.parametrize("difference", ["central", "forward"])
@pytest.mark.parametrize("layerwise", [False, True])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_learning_rate_zero(bits, dtype, layerwise, difference):
    model = nn.Linear(4, 3).to(dtype)
    with torch.no_grad():
        model.weight.copy_(torch.tensor(ODD).reshape(3, 4))
    before, numbers, fail = bits(model.parameters()), itertools.count(), []

    def closure():
        model(torch.ones(4, dtype=dtype))
        if fail and next(numbers) == 7:
            raise ZeroDivisionError
        return float(next(numbers) ** 2)

    optimizer = GuidedSGD(model.parameters(), 0.0, queries=2, mu=0.05, weight_decay=0.5, p_min=0.3,
                          difference=difference, model=model if layerwise else None)  # fmt: skip
    for _ in range(6):
        optimizer.step(closure)
    assert all(optimizer.coefficients)
    assert optimizer.probability >= 0.3
    assert bits(model.parameters()) == before
    optimizer.param_groups[0]["lr"], numbers = 0.1, itertools.count(5)
    state = copy.deepcopy(optimizer.state_dict()["zeroth_order"])
    fail.append(True)
    with pytest.raises(ZeroDivisionError):
        optimizer.step(closure)
    assert bits(model.parameters()) == before
    after = optimizer.state_dict()["zeroth_order"]
    assert {**after, "queries": 0} == {**state, "queries": 0}


def test_both_modes_are_one(bits):
    found = []
    for layerwise in (False, True):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))
        optimizer = GuidedSGD(model.parameters(), 0.01, queries=2, p_min=0.3, seed=1,
                              model=model if layerwise else None)  # fmt: skip
        losses = [
            optimizer.step(lambda model=model: model(torch.ones(3, 4)).square().mean()) for _ in range(8)
        ]
        found.append((losses, bits(model.parameters()), optimizer.along, optimizer.across))
    assert found[0] == found[1]
    assert found[0][2].weight > 0 < found[0][3].weight


@pytest.mark.parametrize("when", range(4))
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1.7e308, 1e37])
def test_losses_that_are_not_finite(bits, when, bad):
    x = nn.Parameter(torch.linspace(-1, 1, 6))
    calls, start = itertools.count(), [-99]

    def closure():
        number = next(calls) - start[0]
        if number in (when, when ^ 1) and 1e37 <= bad <= 1.7e308:
            # Finite, but the difference is not, or over 2 mu it is beyond float32.
            return bad if number % 2 else -bad
        return bad if number == when else float(x.detach().square().sum())

    optimizer = GuidedSGD([x], 0.1, queries=2, p_min=0.3)
    for _ in range(4):
        optimizer.step(closure)

    def now():
        state = optimizer.state_dict()
        kept = {k: v for k, v in state["zeroth_order"].items() if k not in ("queries", "steps", "skipped")}
        return bits([x]), bits([optimizer.state[x]["guide"]]), kept

    before, start[0] = now(), 16
    with pytest.raises(LossError):
        optimizer.step(closure)
    assert now() == before
    assert optimizer.steps == 4
    optimizer.on_bad_loss, start[0] = "skip", optimizer.queries
    optimizer.step(closure)
    assert now() == before
    assert (optimizer.skipped, optimizer.steps) == (1, 5)


def fresh(dtype):
    return [nn.Parameter(torch.linspace(-1, 1, 12).reshape(3, 4).to(dtype)),
            nn.Parameter(torch.linspace(0, 1, 5).to(dtype))]  # fmt: skip


def advance(optimizer, steps):
    x = [p for group in optimizer.param_groups for p in group["params"]]
    for _ in range(steps):
        optimizer.step(lambda: sum(p.double().square().sum() for p in x) + x[0][0, 0] * x[1][1])


@pytest.mark.parametrize(
    "options", [{}, {"momentum": 0.5}, {"momentum": 0.9}, {"allocation": "stratified"}]
)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_resume(bits, dtype, options):
    given = {"queries": 2, "mu": 0.05, "guide_decay": 0.9, **options}
    whole, parts = fresh(dtype), fresh(dtype)
    straight, first = (GuidedSGD(x, 0.01, seed=5, **given) for x in (whole, parts))
    advance(straight, 30)
    advance(first, 17)
    twin = copy.deepcopy(first)
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    second = GuidedSGD(parts, 0.5, seed=99, **{**given, "mu": 0.07})
    second.load_state_dict(state)
    assert (second.alignment, second.probability) == (first.alignment, first.probability)
    advance(second, 13)
    advance(twin, 13)
    assert bits(parts) == bits(whole) == bits(twin.param_groups[0]["params"])
    assert (second.along, second.across) == (straight.along, straight.across)
    assert second.along.weight > 0
    for p, q in zip(parts, whole, strict=True):
        assert bits(second.state[p].values()) == bits(straight.state[q].values())


@pytest.mark.parametrize(
    ("culprit", "options"),
    [("guide_decay", {"guide_decay": 0.5}), ("p_min", {"p_min": 0.1}), ("p_max", {"p_max": 0.6}),
     ("allocation", {"allocation": "stratified"}), ("law", {"law": "gaussian"})],
)  # fmt: skip
def test_states_of_other_options(culprit, options):
    x = fresh(torch.float32)
    optimizer = GuidedSGD(x, 0.01, queries=2)
    advance(optimizer, 2)
    other = GuidedSGD(x, 0.01, **{"queries": 2, **options})
    with pytest.raises(InvalidArgument, match=f"the state's {culprit}"):
        other.load_state_dict(optimizer.state_dict())
    assert other.steps == 0
    with pytest.raises(InvalidArgument, match="the state's class"):
        other.load_state_dict(ZOSGD(x, 0.01, law="sphere", queries=2).state_dict())


def test_groups():
    # The guide of a group is its momentum where both decay alike, else a vector of its own. At lr = 0 all
    # see the same losses, and must make the same estimates and guides.
    x, y = fresh(torch.float32), fresh(torch.float32)
    groups = [{"params": x[:1], "momentum": 0.9}, {"params": x[1:], "momentum": 0.5}]
    mixed = GuidedSGD(groups, 0.0, guide_decay=0.9, queries=2, p_min=0.3)
    plain = GuidedSGD(y, 0.0, guide_decay=0.9, queries=2, p_min=0.3)
    for _ in range(8):
        advance(mixed, 1)
        advance(plain, 1)
        assert mixed.coefficients == plain.coefficients
    assert [list(mixed.state[p]) for p in x] == [["momentum"], ["momentum", "guide"]]
    assert [list(plain.state[p]) for p in y] == [["guide"], ["guide"]]
    assert torch.equal(mixed.state[x[0]]["momentum"], plain.state[y[0]]["guide"])
    assert torch.equal(mixed.state[x[1]]["guide"], plain.state[y[1]]["guide"])
    assert not torch.equal(mixed.state[x[1]]["momentum"], plain.state[y[1]]["guide"])


def test_new_and_frozen_parameters():
    # Parameters without a buffer, or without a place in the layout, are no part of the guide.
    x, late = fresh(torch.float64), nn.Parameter(torch.ones(3, dtype=torch.float64))
    optimizer = GuidedSGD(x, 0.01, queries=2, p_min=0.9, p_max=0.9)
    advance(optimizer, 3)
    optimizer.add_param_group({"params": [late]})
    x[0].requires_grad_(False)
    before, seen = [p.detach().clone() for p in (*x, late)], []

    def closure():
        seen.append([p.detach().clone() for p in (*x, late)])
        return float(x[1].square().sum() + late.sum())

    guide = optimizer.state[x[1]]["guide"].clone()
    optimizer.step(closure)
    assert optimizer.probability == 0.9
    assert all(torch.equal(now[0], before[0]) for now in seen)
    along = [now for now in seen if torch.equal(now[2], before[2])]
    assert along
    for now in along:
        v = (now[1] - before[1]) / 1e-3
        torch.testing.assert_close(
            v.abs(), guide.abs() / guide.norm() / math.sqrt(0.9), rtol=1e-5, atol=1e-9
        )
    assert set(optimizer.state[late]) == {"guide"}


def test_stored_vectors():
    x = [nn.Parameter(torch.zeros(size, dtype=dtype)) for size, dtype in
         [(4, torch.float32), (3, torch.float64), (2, torch.float32), (5, torch.float64)]]  # fmt: skip
    lay = GuidedSGD(x, 0.1).layout()
    rows = [torch.arange(1.0, 5), None, torch.tensor([-6.0, 0.0]), torch.arange(1.0, 6).double() / 3]
    dense = torch.cat([torch.zeros(3) if row is None else row.float() for row in rows])
    for low, high in itertools.combinations(range(15), 2):
        found = Stored(lay, rows, 3).values(low, high, "cpu")
        assert (found is None) == (low >= 4 and high <= 7)
        torch.testing.assert_close(torch.zeros(high - low) if found is None else found, 8 * dense[low:high])
    # By powers of two, far outside of float32 too.
    for factor in (1e-300, 1.0, 1e300):
        entries = [None, None, None, factor * torch.tensor([0.1, -1.5, 0.0, 1.0, 0.7], dtype=torch.float64)]
        guide = stored(lay, entries)
        assert guide is not None
        values = guide.values(9, 14, "cpu")
        assert values is not None
        assert 0.5 <= values.abs().max() < 1
        torch.testing.assert_close(values / values[3], torch.tensor([0.1, -1.5, 0.0, 1.0, 0.7]))
    for bad in (0.0, float("nan"), float("inf")):
        assert stored(lay, [None, None, torch.tensor([0.0, bad]), None]) is None
    assert stored(lay, [None] * 4) is None


def test_steps_without_a_guide(dense, parameters, joined):
    # Until a slope is not zero, and after an overflow, steps are those of ZOSGD with the law.
    found = []
    for kind in (GuidedSGD, ZOSGD):
        x = parameters(np.linspace(-1, 1, dense.DIM))
        optimizer, calls = kind(x, 0.01, law="gaussian"), itertools.count()
        for t in range(6):
            optimizer.step(lambda x=x, calls=calls: 1.0 if next(calls) < 6 else dense.objective(joined(x)))
            if kind is GuidedSGD:
                assert (optimizer.probability, optimizer.along) == (0, RootMean())
                if t > 2:
                    optimizer.state[x[1]]["guide"][0] = float("inf")
        found.append(joined(x))
    np.testing.assert_array_equal(*found)


def test_averages_of_squares():
    # Against plain sums, where squares would overflow and underflow too.
    for size in (1e-300, 1.0, 1e300):
        mean, values = RootMean(), np.random.default_rng(1).normal(size=40)
        for value in values:
            mean = mean.aged(0.9).seeing(size * abs(value))
        weights = 0.9 ** np.arange(39, -1, -1)
        assert mean.root == pytest.approx(
            size * math.sqrt(np.average(values**2, weights=weights)), rel=1e-12
        )
        assert mean.weight == pytest.approx(weights.sum())
    for _ in range(3):
        mean = mean.aged(0.0)
    assert mean.weight > 0  # the last one is remembered until there is a new one
    assert mean.seeing(2.0).root == pytest.approx(2)
    assert RootMean().aged(0.5) == RootMean()


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ({"guide_decay": 1.0}, "guide_decay"),
        ({"guide_decay": -0.1}, "guide_decay"),
        ({"guide_decay": None}, "guide_decay"),
        ({"p_min": 0.0}, "p_min"),
        ({"p_min": 1.0}, "p_min"),
        ({"p_min": float("nan")}, "p_min"),
        ({"p_max": 1.0}, "p_max"),
        ({"p_max": "0.5"}, "p_max"),
        ({"p_min": 0.3, "p_max": 0.2}, "p_max"),
        ({"allocation": "best"}, "allocation"),
        ({"allocation": None}, "allocation"),
        ({"allocation": "stratified"}, "allocation"),
        ({"momentum": 1.0}, "momentum"),
        ({"queries": 0}, "queries"),
        ({"law": "cauchy"}, "law"),
        ({"difference": "backward"}, "difference"),
        ({"delta": 0.0}, "delta"),
        ({"mu": -1.0}, "mu"),
        ({"lr": -0.1}, "lr"),
    ],
    ids=str,
)
def test_bad_arguments(options, culprit):
    with pytest.raises(InvalidArgument, match=f"^{culprit} = "):
        GuidedSGD([nn.Parameter(torch.ones(3))], **{"lr": 0.1, **options})


def test_short_displacements_along_a_guide():
    # Each entry moves by mu / sqrt(p d) if the guide's are of one size; mu is named that would do.
    x, p = nn.Parameter(torch.ones(10_000, dtype=torch.bfloat16)), 0.5
    ZOSGD([x], 0.1, mu=0.05)
    with pytest.raises(InvalidArgument, match=r"^mu = .*bfloat16 entries would not move: mu = ") as caught:
        GuidedSGD([x], 0.1, mu=0.05)
    enough = float(str(caught.value).split("mu = ")[2].split(" ")[0].rstrip(","))
    GuidedSGD([x], 0.1, mu=enough)
    # The next number below 1 is 1 - 2^-8.
    assert enough / math.sqrt(p * 10_000) > 2**-9 > 0.05 / math.sqrt(p * 10_000)
    GuidedSGD([nn.Parameter(torch.ones(10_000))], 0.1, mu=0.05)


def test_one_entry():
    with pytest.raises(InvalidArgument, match=r"^params = .*at least two trainable entries, or use ZOSGD"):
        GuidedSGD([nn.Parameter(torch.ones(1))], 0.1)


@pytest.mark.parametrize("size", [1e-40, 1e-45, 0.0])
def test_a_guide_that_is_too_small_is_none(size):
    x = torch.nn.Parameter(torch.ones(4))
    optimizer = GuidedSGD([x], lr=0.1)
    optimizer.step(lambda: (x**2).sum())
    (state,) = optimizer.state.values()
    (name,) = state
    state[name].fill_(size)
    for _ in range(4):
        optimizer.step(lambda: (x**2).sum())
        assert torch.isfinite(x).all()
