"""Two-stage descent against dense vectors, its expectation and error, and what it keeps in memory."""

import io
import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

from zotheory.checks import check_mean
from zotheory.errors import InvalidArgument
from zotheory.estimators import TwoStage, simulate_mse
from zotheory.laws import Rademacher, Sphere
from zotheory.optim import DAPSGD, Combination, Gaussian, LossError, Stream, layout
from zotheory.optim.axes import unit
from zotheory.optim.stream import normal_table

MU, STEPS = 2.0**-8, 6


def perturbation(e, z):
    """xi e + w for a normal row z, from stored vectors in float64, with |w|^2 = d - 1."""
    z = z.astype(float)
    across = z - (z @ e) * e
    across -= (across @ e) * e
    return np.copysign(1.0, z @ e) * e + math.sqrt(e.size - 1) * across / np.linalg.norm(across)


def reference(dense, x, *, law, first, second, weight, difference, delta, rate, decay):
    """x_0, ..., x_STEPS with every vector stored."""
    dtype, found, length = x.dtype, [x], math.sqrt(delta)
    wide = np.float64 if dtype == np.float64 else np.float32

    def slope(x, u):
        u = u.astype(np.float32).astype(wide)
        ahead, behind = (
            dense.objective((x.astype(wide) + u * wide(s * MU * length)).astype(dtype)) for s in (1, -1)
        )
        if difference == "forward":
            return (ahead - dense.objective(x)) / MU * length
        return (ahead - behind) / (2 * MU) * length

    for t in range(STEPS):
        rough = np.zeros(dense.DIM)
        for k in range(first):
            u = dense.draw(law, t, k).astype(float)
            rough += slope(x, u) * u / first
        e, fine = rough / np.linalg.norm(rough), np.zeros(dense.DIM)
        for k in range(second):
            z = Stream(dense.SEED, "gaussian").normals(t, first + k, 0, dense.DIM).numpy()
            u = perturbation(e, z)
            fine += slope(x, u) * u / second
        g = weight * rough + (1 - weight) * fine
        x = (x.astype(float) * (1 - rate * decay) - rate * g).astype(dtype)
        found.append(x)
    return found


@pytest.fixture
def compare(dense, parameters, joined):
    """Run beside the reference; every iterate must agree to the rounding of the arithmetic."""

    def run(dtype=torch.float32, *, law="sphere", first=2, second=3, combination="average", weight=0.4,
            difference="central", delta=1.0, decay=0.0):  # fmt: skip
        x = parameters(np.random.default_rng(0).normal(size=dense.DIM), dtype)
        options = {"law": law, "first": first, "second": second, "difference": difference, "delta": delta}
        optimizer = DAPSGD(
            x, 0.01, combination=combination, mu=MU, weight_decay=decay, seed=dense.SEED, **options
        )
        expected = reference(dense, joined(x).copy(), weight=weight, rate=0.01, decay=decay, **options)
        # float32 parameters are rounded once more or less a step. For float64 ones nothing but float64
        # arithmetic differs: entries of v are rounded to float32 in both.
        allowed = 2e-6 if dtype == torch.float32 else 1e-11
        for t in range(STEPS):
            optimizer.step(lambda: dense.objective(joined(x)))
            np.testing.assert_allclose(joined(x), expected[t + 1], rtol=0, atol=allowed)
        assert np.abs(expected[-1] - expected[0]).max() > 1e-2
        both = first + second
        assert optimizer.queries == STEPS * (2 * both if difference == "central" else both + 1)
        assert len(optimizer.coefficients) == both

    return run


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("difference", ["central", "forward"])
@pytest.mark.parametrize("law", ["sphere", "gaussian", "rademacher", "coordinate", "low-rank"])
def test_steps(compare, dtype, law, difference):
    compare(dtype, law=law, difference=difference)


@pytest.mark.parametrize(
    ("first", "second", "combination", "weight"),
    [
        (1, 1, "average", 0.5),
        (3, 1, "average", 0.75),
        (1, 4, "second", 0.0),
        (2, 2, 0.3, 0.3),
        (2, 1, 1, 1.0),
    ],
)
def test_combinations(compare, first, second, combination, weight):
    compare(torch.float64, first=first, second=second, combination=combination, weight=weight)


@pytest.mark.parametrize("difference", ["central", "forward"])
def test_scale_and_decay(compare, difference):
    compare(torch.float64, delta=0.25, decay=0.5, difference=difference)


@pytest.mark.parametrize("size", [1, 7])
def test_pieces_change_nothing(bits, parameters, dense, joined, monkeypatch, size):
    found = []
    for cut in (False, True):
        if cut:
            monkeypatch.setattr(layout, "CHUNK", size)
        x = parameters(np.linspace(-1, 1, dense.DIM))
        optimizer = DAPSGD(x, 0.01, first=3, second=2)
        for _ in range(4):
            optimizer.step(lambda x=x: dense.objective(joined(x)))
        found.append((optimizer.coefficients, bits(x)))
    assert found[0] == found[1]


@pytest.mark.parametrize("delta", [1.0, 4.0])
@pytest.mark.parametrize("dim", [2, 3, 40, 5000])
def test_lengths(dim, delta):
    # At x = 0 with mu = 1 the closure sees v itself.
    x, a = nn.Parameter(torch.zeros(dim, dtype=torch.float64)), np.cos(np.arange(dim)) + 0.2
    seen = []

    def closure():
        seen.append(x.detach().numpy().copy())
        return float(a @ seen[-1])

    optimizer = DAPSGD([x], 0.0, first=2, second=3, mu=1.0, delta=delta, seed=3)
    signs = set()
    for _ in range(40):
        seen.clear()
        optimizer.step(closure)
        rough = sum((a @ v) * v for v in seen[:4:2])
        e = rough / np.linalg.norm(rough)
        for v, back in zip(seen[4::2], seen[5::2], strict=True):
            np.testing.assert_array_equal(back, -v)
            assert (v @ e) ** 2 == pytest.approx(delta, rel=3e-6)
            assert v @ v == pytest.approx(delta * dim, rel=1e-6)
            signs.add(bool(v @ e > 0))
    assert signs == {False, True}


@pytest.mark.parametrize("size", [1e-300, 1.0, 1e300])
@pytest.mark.parametrize("rest", [1.0, 1e-9])
def test_unit_vectors(rest, size):
    # Coefficients of any size, also where what they add up to is far smaller.
    lay = DAPSGD([nn.Parameter(torch.zeros(20))], 0.1).layout()
    u = Gaussian().draw(0, lay, 0, 0)
    terms = unit(lay, [(size, u), (size * (rest - 1), u)])
    assert terms is not None
    found = torch.empty(20, dtype=torch.float64)
    assert Combination(terms).add_up(found, 0)
    entries = Stream(0, "gaussian").normals(0, 0, 0, 20).numpy().astype(float)
    np.testing.assert_allclose(found, entries / np.linalg.norm(entries), rtol=0, atol=1e-6)
    assert unit(lay, [(size, u), (-size, u)]) is None


@pytest.mark.parametrize("second", [1, 2])
def test_no_rough_direction(second):
    # Zero differences in stage 1: e is random, and stage 2 moves all the same.
    x, losses = nn.Parameter(torch.zeros(30, dtype=torch.float64)), [1.0] * 4
    seen = []

    def closure():
        seen.append(x.detach().numpy().copy())
        return losses[len(seen) - 1] if len(seen) <= 4 else float(seen[-1].sum())

    optimizer = DAPSGD([x], 1.0, first=2, second=second, mu=1.0, combination="second")
    optimizer.step(closure)
    fine = seen[4::2]
    assert len(fine) == second
    for v in fine:
        assert v @ v == pytest.approx(30, rel=1e-6)
    g = sum(v.sum() * v for v in fine) / second
    assert np.abs(g).max() > 1e-2
    np.testing.assert_allclose(-x.detach().numpy(), g, rtol=1e-5, atol=1e-5)
    assert len(optimizer.coefficients) == 2 + 1 + second
    # Nothing but zeros: not a step, and no error.
    before = x.detach().clone()
    optimizer.step(lambda: 1.0)
    assert torch.equal(x, before)


def test_rows_near_the_direction_are_drawn_again(dense):
    # In the plane a row's part across e is short often enough to see: none below 1/64 is used.
    x, seed, again = nn.Parameter(torch.zeros(2, dtype=torch.float64)), 5, 0
    seen = []

    def closure():
        seen.append(x.detach().numpy().copy())
        return float(seen[-1] @ [1.0, 3.0])

    optimizer = DAPSGD([x], 0.0, mu=1.0, law="rademacher", seed=seed)
    for t in range(300):
        seen.clear()
        optimizer.step(closure)
        e = seen[0] * np.sign(seen[0] @ [1.0, 3.0]) / math.sqrt(2)
        rows = [Stream(seed, "gaussian").normals(t, 1 + 2 * k, 0, 2).numpy() for k in range(4)]
        z = next(z for z in rows if np.linalg.norm(z - (z @ e) * e) >= 1 / 64)
        again += z is not rows[0]
        np.testing.assert_allclose(seen[2], perturbation(e, z), rtol=0, atol=1e-6)
    assert again > 0


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
        if fail and next(numbers) == 13:
            raise ZeroDivisionError
        return float(next(numbers) ** 2)

    optimizer = DAPSGD(model.parameters(), 0.0, first=2, second=2, mu=0.05, weight_decay=0.5,
                       difference=difference, model=model if layerwise else None)  # fmt: skip
    for _ in range(2):
        optimizer.step(closure)
    assert all(optimizer.coefficients)
    assert bits(model.parameters()) == before
    optimizer.param_groups[0]["lr"], numbers = 0.1, itertools.count(5)
    fail.append(True)  # in the second stage, in whatever mode
    with pytest.raises(ZeroDivisionError):
        optimizer.step(closure)
    assert bits(model.parameters()) == before
    assert optimizer.steps == 2


def test_both_modes_are_one(bits):
    found = []
    for layerwise in (False, True):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))
        optimizer = DAPSGD(
            model.parameters(), 0.01, first=2, second=2, model=model if layerwise else None, seed=1
        )
        losses = [
            optimizer.step(lambda model=model: model(torch.ones(3, 4)).square().mean()) for _ in range(4)
        ]
        found.append((losses, bits(model.parameters())))
    assert found[0] == found[1]
    assert len(set(found[0][0])) > 1


@pytest.mark.parametrize("when", range(8))
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_losses_that_are_not_finite(bits, when, bad):
    x = nn.Parameter(torch.linspace(-1, 1, 6))
    before, calls = bits([x]), itertools.count()

    def closure():
        return bad if next(calls) == when else float(x.detach().square().sum())

    with pytest.raises(LossError):
        DAPSGD([x], 0.1, first=2, second=2).step(closure)
    assert bits([x]) == before
    calls = itertools.count()
    optimizer = DAPSGD([x], 0.1, first=2, second=2, on_bad_loss="skip")
    optimizer.step(closure)
    assert bits([x]) == before
    assert (optimizer.skipped, optimizer.steps, optimizer.queries) == (1, 1, when + 1)


def test_differences_that_are_not_finite(bits):
    x, pending = nn.Parameter(torch.ones(3)), iter([1.5e308, -1.5e308])
    before = bits([x])
    with pytest.raises(LossError, match="coefficient = inf"):
        DAPSGD([x], 0.1).step(lambda: next(pending))
    assert bits([x]) == before


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_resume(bits, dtype):
    def make(start, **options):
        return DAPSGD([start], 0.01, **{"first": 2, "second": 2, "mu": 0.05, **options})

    def advance(optimizer, steps):
        (x,) = optimizer.param_groups[0]["params"]
        for _ in range(steps):
            optimizer.step(lambda: x.double().square().sum() + x[0] * x[1])

    whole, parts = (nn.Parameter(torch.linspace(-1, 1, 12).to(dtype)) for _ in range(2))
    straight, one = make(whole, seed=5), make(parts, seed=5)
    advance(straight, 8)
    advance(one, 5)
    file = io.BytesIO()
    torch.save(one.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    two = make(parts, seed=99, mu=0.07)
    two.load_state_dict(state)
    advance(two, 3)
    assert bits([parts]) == bits([whole])
    assert two.queries == straight.queries == 64
    for culprit, options in [("first", {"first": 3, "second": 1}), ("weight", {"combination": "second"}),
                             ("perturbations", {"first": 3}), ("law", {"law": "gaussian"})]:  # fmt: skip
        other = make(parts, **options)
        with pytest.raises(InvalidArgument, match=f"the state's {culprit}"):
            other.load_state_dict(state)
        assert other.steps == 0


H = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, -0.2], [0.0, -0.2, 0.5]])
START, RATE = np.array([1.0, -1.0, 2.0]), 0.2


def updates(loss, start, rate, **options):
    """Function (n, generator): the moves of n steps from one point, each with draws of its own."""

    def sample(n, rng):
        x, rows = nn.Parameter(torch.from_numpy(start.copy())), []
        optimizer = DAPSGD([x], rate, seed=int(rng.integers(2**63)), **options)
        for _ in range(n):
            with torch.no_grad():
                x.copy_(torch.from_numpy(start))
            optimizer.step(lambda: loss(x.detach().numpy()))
            rows.append(start - x.detach().numpy())
        return np.array(rows)

    return sample


@pytest.mark.parametrize("difference", ["central", "forward"])
@pytest.mark.parametrize(("name", "law"), [("sphere", Sphere(3)), ("rademacher", Rademacher(3))])
def test_one_step_is_unbiased(name, law, difference):
    # mu = 1: central differences are exact on quadratics, and the bend of forward ones has mean zero, as v
    # is symmetric given stage 1.
    options = {"first": 2, "second": 2, "difference": difference, "mu": 1.0}
    numpy_twin = TwoStage(law, combination="average", **options)
    twin = numpy_twin.estimate(lambda X: ((X @ H) * X).sum(axis=1) / 2, START, 3, trials=4000)
    sample = updates(lambda x: x @ H @ x / 2, START, RATE, law=name, **options)
    evidence = check_mean(
        sample,
        RATE * H @ START,
        resolvable=[0.1] * 3,
        variance=3 * RATE**2 * twin.gradients.var(axis=0),
        rng=1,
        false_alarm=1e-7,
    )
    assert evidence.outcome.value == "holds", evidence


@pytest.mark.parametrize(("combination", "weight"), [("average", 0.4), ("second", 0.0)])
def test_error(combination, weight):
    # On a linear function stage 1 has the error (d - 1) / first and stage 2, given the first, (d - 1) /
    # second, in units of |a|^2; they are uncorrelated. The numpy estimator must have it too.
    a, dim, first, second = np.array([1.0, -0.5, 0.25, 2.0]), 4, 2, 3
    error = (dim - 1) * (weight**2 / first + (1 - weight) ** 2 / second) * (a @ a)
    options = {"first": first, "second": second, "combination": combination, "mu": 1.0}
    twin = TwoStage(Sphere(dim), difference="central", **options)
    simulated = simulate_mse(twin, lambda X: X @ a, np.zeros(dim), a, 2, trials=40_000)
    assert abs(simulated.mse - error) < 5 * simulated.standard_error
    estimates = twin.estimate(lambda X: X @ a, np.zeros(dim), 4, trials=4000).gradients
    errors = ((estimates - a) ** 2).sum(axis=1)
    moves = updates(lambda x: float(x @ a), np.zeros(dim), 1.0, **options)
    evidence = check_mean(
        lambda n, rng: ((moves(n, rng) - a) ** 2).sum(axis=1),
        error,
        resolvable=0.15 * error,
        variance=2 * errors.var(),
        rng=1,
        false_alarm=1e-7,
    )
    assert evidence.outcome.value == "holds", evidence


def test_no_tensor_as_long_as_the_parameters(monkeypatch):
    # Layerwise, no operation of a whole step may return more entries than the largest parameter has.
    monkeypatch.setattr(layout, "CHUNK", 500)
    width, depth = 40, 6
    model = nn.Sequential(*[nn.Linear(width, width) for _ in range(depth)])
    sizes = []

    class Sizes(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            found = function(*args, **(kwargs or {}))
            sizes.extend(
                t.numel()
                for t in torch.utils._pytree.tree_leaves(found)
                if torch.is_tensor(t) and t.data_ptr() != normal_table().data_ptr()
            )
            return found

    optimizer = DAPSGD(model.parameters(), 1e-4, first=3, second=2, model=model)
    optimizer.step(lambda: model(torch.ones(2, width)).square().mean())  # tables are made
    with Sizes():
        optimizer.step(lambda: model(torch.ones(2, width)).square().mean())
    assert max(sizes) == width * width
    assert sum(p.numel() for p in model.parameters()) > 5 * width * width
    assert not optimizer.state


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ({"first": 0}, "first"),
        ({"first": 1.5}, "first"),
        ({"second": 0}, "second"),
        ({"second": True}, "second"),
        ({"combination": -0.1}, "combination"),
        ({"combination": 1.1}, "combination"),
        ({"combination": float("nan")}, "combination"),
        ({"combination": "optimal"}, "combination"),
        ({"combination": None}, "combination"),
        ({"law": "cauchy"}, "law"),
        ({"difference": "backward"}, "difference"),
        ({"delta": 0.0}, "delta"),
        ({"mu": -1.0}, "mu"),
        ({"lr": -0.1}, "lr"),
    ],
)
def test_bad_arguments(options, culprit):
    with pytest.raises(InvalidArgument, match=f"^{culprit} = "):
        DAPSGD([nn.Parameter(torch.ones(3))], **{"lr": 0.1, **options})


def test_one_entry():
    with pytest.raises(InvalidArgument, match=r"^params = .*at least two trainable entries, or use ZOSGD"):
        DAPSGD([nn.Parameter(torch.ones(1))], 0.1)
    x = [nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(3))]
    optimizer, calls = DAPSGD(x, 0.1), []
    x[1].requires_grad_(False)
    with pytest.raises(InvalidArgument, match="at least two trainable entries"):
        optimizer.step(lambda: float(len(calls.append(1) or calls)))
    assert not calls


@pytest.mark.parametrize("delta", [1.0, 0.25])
def test_axis_slopes_estimate_the_slope_along_the_axis(delta):
    dim, second = 12, 1500
    rng = np.random.default_rng(5)
    a, e = rng.standard_normal(dim), rng.standard_normal(dim)
    e /= np.linalg.norm(e)
    a += 2 * e  # so that a.e is far from 0
    x = nn.Parameter(torch.zeros(dim, dtype=torch.float64))
    given = [torch.tensor(e)]
    made = DAPSGD(
        [x], lr=0.0, mu=2.0**-10, first=0, second=second, alignment=lambda: given, delta=delta, seed=3
    )
    made.step(lambda: torch.tensor(a) @ x)
    found = np.array(made.axis_slopes)
    # On a linear function each is delta (a.e + xi a.w), made here of stored rows.
    for k in range(20):
        z = Stream(3, "gaussian").normals(0, k, 0, dim).numpy().astype(float)
        u = perturbation(e, z)
        assert found[k] == pytest.approx(delta * np.sign(z @ e) * (a @ u), rel=1e-4)

    def deviation(sample, wanted):
        return abs(sample.mean() - wanted) * math.sqrt(second) / sample.std()

    # 5 standard errors: a false alarm in two million.
    assert deviation(found, delta * (a @ e)) < 5
    assert deviation(found**2, delta**2 * (a @ a)) < 5
    assert deviation(found, 1.3 * delta * (a @ e)) > 5
