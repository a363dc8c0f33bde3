"""Adaptive optimizers against a dense reference, torch's own Adam and the theory of their steps."""

import copy
import io
import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch

from zotheory.bounds.momentum import first_step
from zotheory.errors import InvalidArgument
from zotheory.optim import ZOSGD, RAdaZO, ZOAdaMM, adaptive, layout

LAWS = ["rademacher", "gaussian", "sphere", "coordinate", "block", "low-rank"]
KINDS = [(ZOAdaMM, {}), (ZOAdaMM, {"bias_correction": True}), (RAdaZO, {}), (RAdaZO, {"form": "code"})]
NAMES = ["adamm", "adamm-corrected", "paper", "code"]
MU, STEPS, BETAS, ZETA = 2.0**-8, 8, (0.8, 0.95), 1e-6


def reference(dense, x, law, *, refined, difference, queries=2, lr=0.01, betas=BETAS, zeta=ZETA, decay=0.0,
              bias_correction=False, form="paper"):  # fmt: skip
    """The iterates, with every vector stored, in the parameters' type or float32, whichever is wider."""
    dtype = x.dtype
    real = np.float64 if dtype == np.float64 else np.float32
    b1, b2 = betas
    m = v = top = np.zeros(dense.DIM, dtype=real)
    for t in range(STEPS):
        g = np.zeros(dense.DIM, dtype=real)
        for k in range(queries):
            u = dense.draw(law, t, k).astype(real)
            ahead, behind = ((x.astype(real) + s * u * real(MU)).astype(dtype) for s in (1, -1))
            f = dense.objective
            slope = (f(ahead) - f(behind)) / (2 * MU) if difference == "central" else (f(ahead) - f(x)) / MU
            g = g + u * real(slope / queries)
        g = g / real(dense.DIM) if form == "code" else g
        m = real(b1) * m + real(1 - b1) * g
        v = real(b2) * v + real(1 - b2) * (m * m if refined else g * g)
        top = v if refined else np.maximum(top, v)
        small, large = (1 - b1 ** (t + 1), 1 - b2 ** (t + 1)) if bias_correction else (1, 1)
        move = (m / real(small)) / np.sqrt(top / real(large) + real(zeta))
        x = (x.astype(real) * real(1 - lr * decay) - real(lr) * move).astype(dtype)
        yield x


@pytest.fixture
def compare(dense, parameters, joined):
    def run(kind, options, law, *, dtype=torch.float32, difference="central", **more):
        x = parameters(np.random.default_rng(0).normal(size=dense.DIM), dtype)
        start = joined(x).copy()
        optimizer = kind(x, lr=0.01, law=law, mu=MU, seed=dense.SEED, difference=difference, betas=BETAS,
                         zeta=ZETA, **{"queries": 2, **options, **more})  # fmt: skip
        more["decay"] = more.pop("weight_decay", 0.0)
        x_t, expected = start, reference(dense, start, law, refined=kind is RAdaZO, difference=difference,
                                         **options, **more)  # fmt: skip
        for x_t in expected:
            optimizer.step(lambda: dense.objective(joined(x)))
            if law == "sphere":
                # |z| is rounded once more or less: v by 1e-7, which the slopes enlarge by |f|/mu.
                np.testing.assert_allclose(joined(x), x_t, rtol=0, atol=1e-5)
            else:
                np.testing.assert_array_equal(joined(x), x_t)
        assert np.abs(x_t.astype(float) - start).max() > 5e-3
        assert x[0].dtype == dtype
        return optimizer

    return run


@pytest.mark.parametrize("difference", ["central", "forward"])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(("kind", "options"), KINDS, ids=NAMES)
def test_steps(compare, kind, options, law, difference):
    compare(kind, options, law, difference=difference)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
@pytest.mark.parametrize(("kind", "options"), KINDS, ids=NAMES)
def test_other_types_and_decay(compare, kind, options, dtype):
    optimizer = compare(kind, options, "rademacher", dtype=dtype, weight_decay=0.5, queries=1)
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    assert {b.dtype for state in optimizer.state.values() for b in state.values()} == {wide}


@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.parametrize(("kind", "options"), KINDS, ids=NAMES)
def test_pieces_change_nothing(compare, monkeypatch, kind, options, size):
    monkeypatch.setattr(layout, "CHUNK", size)
    compare(kind, options, "gaussian")


def test_defaults(dense, parameters):
    for kind, law, queries in ((ZOAdaMM, "Rademacher()", 1), (RAdaZO, "Sphere()", 2)):
        optimizer = kind(parameters(np.zeros(dense.DIM)), lr=0.1)
        group = optimizer.param_groups[0]
        assert (group["betas"], group["zeta"], group["weight_decay"]) == ((0.9, 0.999), 1e-8, 0)
        assert (repr(optimizer.law), optimizer.perturbations) == (law, queries)
    assert group["form"] == "paper"


def gradient(optimizer, dense, law):
    """g of the last step, in float64."""
    draws = [dense.draw(law, optimizer.steps - 1, k) for k in range(optimizer.perturbations)]
    return np.array(optimizer.coefficients) @ np.array(draws, dtype=float)


def test_corrected_maximum_is_that_of_torch(dense, parameters, joined):
    # torch's Adam divides by sqrt(w / (1 - beta2^t)) + eps: the same where neither constant counts.
    start = np.random.default_rng(1).normal(size=dense.DIM)
    ours, theirs = parameters(start, torch.float64), torch.tensor(start, requires_grad=True)
    optimizer = ZOAdaMM(ours, lr=0.01, betas=BETAS, zeta=1e-37, bias_correction=True, law="gaussian",
                        weight_decay=0.1, seed=dense.SEED)  # fmt: skip
    adam = torch.optim.AdamW([theirs], lr=0.01, betas=BETAS, eps=0.0, amsgrad=True, weight_decay=0.1)
    for _ in range(20):
        optimizer.step(lambda: dense.objective(joined(ours)))
        theirs.grad = torch.as_tensor(gradient(optimizer, dense, "gaussian"))
        adam.step()
        np.testing.assert_allclose(joined(ours), theirs.detach().numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("zeta", [1e-37, 0.5])
@pytest.mark.parametrize(("kind", "form"), [(ZOAdaMM, None), (RAdaZO, "paper"), (RAdaZO, "code")])
def test_first_step(dense, parameters, joined, kind, form, zeta):
    x = parameters(np.linspace(-1, 1, dense.DIM), torch.float64)
    before, options = joined(x).copy(), {"form": form} if form else {}
    optimizer = kind(x, lr=0.01, betas=BETAS, zeta=zeta, law="gaussian", queries=2, seed=dense.SEED,
                     **options)  # fmt: skip
    optimizer.step(lambda: dense.objective(joined(x)))
    g = gradient(optimizer, dense, "gaussian")
    if form == "code":
        g = g / dense.DIM
    lengths = np.array(
        [first_step(*BETAS, estimate=e, zeta=zeta, refined=kind is RAdaZO) for e in g.tolist()], dtype=float
    )
    np.testing.assert_allclose(before - joined(x), 0.01 * np.sign(g) * lengths, rtol=0, atol=1e-14)
    assert np.min(np.abs(g)) > 0


@pytest.mark.parametrize("dim", [32, 26])
def test_forms_are_one_with_another_zeta(dim):
    # Without the factor d, zeta acts as zeta d^2; bit for bit where d is a power of two.
    found = {}
    for name, zeta in (("code", 0.25), ("paper", 0.25 * dim**2), ("same zeta", 0.25)):
        x = torch.nn.Parameter(torch.linspace(-2, 2, dim))
        optimizer = RAdaZO([x], lr=0.02, zeta=zeta, form="code" if name == "code" else "paper", mu=0.05)
        for _ in range(10):
            optimizer.step(lambda x=x: (x.double() ** 4).sum() + x[0] * x[-1])
        found[name] = x.detach()
        assert optimizer.dim == dim
    moved = (found["code"] - torch.linspace(-2, 2, dim)).abs().max()
    assert moved > 0.01
    if dim == 32:
        assert torch.equal(found["code"], found["paper"])
    assert torch.allclose(found["code"], found["paper"], rtol=0, atol=1e-5)
    assert not torch.allclose(found["code"], found["same zeta"], rtol=0, atol=1e-2)


def test_forms_count_all_groups_and_no_frozen_parameter():
    sizes = (4, 3, 5)
    x = [torch.nn.Parameter(torch.ones(n)) for n in sizes]
    x[1].requires_grad_(False)
    optimizer = RAdaZO([{"params": x[:2], "form": "code"}, {"params": x[2:]}], lr=0.1, law="rademacher",
                       queries=1, betas=(0.5, 0.5))  # fmt: skip
    optimizer.step(lambda: sum((p**2).sum() for p in x))
    assert optimizer.dim == 9
    slope = abs(optimizer.coefficients[0])
    assert slope > 0
    for p, factor in ((x[0], 9), (x[2], 1)):
        expected = torch.full_like(p, slope / factor / 2)
        torch.testing.assert_close(optimizer.state[p]["first_moment"].abs(), expected)
    assert x[1] not in optimizer.state
    assert torch.equal(x[1], torch.ones(3))


def test_the_maximum_stays_and_refined_squares_fade():
    # A large estimate once, then none: w keeps it, squares of m decay.
    x = torch.nn.Parameter(torch.zeros(6))
    largest, fading = [], []
    for kind, found, name in (
        (ZOAdaMM, largest, "largest_second_moment"),
        (RAdaZO, fading, "second_moment"),
    ):
        optimizer = kind([x], lr=0.0, betas=(0.5, 0.5), law="rademacher", queries=1)
        for t in range(12):
            optimizer.step(lambda t=t: (1 + t) * x[0] if t < 1 else 0.0)
            found.append(optimizer.state[x][name][0].item())
    # Slope of x_0 along signs is +-1: v_1 = 1/2, and v_1 = (1/2)^3.
    assert largest == pytest.approx([0.5] * 12)
    assert fading[0] == pytest.approx(0.125)
    assert fading[-1] < 1e-3


def fresh(dtype):
    return [torch.nn.Parameter(torch.linspace(-1, 1, 12).reshape(3, 4).to(dtype)),
            torch.nn.Parameter(torch.linspace(0, 1, 5).to(dtype))]  # fmt: skip


def advance(optimizer, steps):
    x = optimizer.param_groups[0]["params"]
    for _ in range(steps):
        optimizer.step(lambda: sum(p.double().square().sum() for p in x) + x[0][0, 0] * x[1][1])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize(("kind", "options"), KINDS, ids=NAMES)
def test_resume(bits, kind, options, dtype):
    whole, parts = fresh(dtype), fresh(dtype)
    straight, first = (kind(x, lr=0.01, mu=0.05, seed=5, zeta=1e-3, **options) for x in (whole, parts))
    advance(straight, 9)
    advance(first, 5)
    twin = copy.deepcopy(first)
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    # Other options: those of the state count.
    second = kind(parts, lr=0.5, mu=0.07, betas=(0.1, 0.2))
    second.load_state_dict(torch.load(file, weights_only=True))
    assert second.param_groups[0]["zeta"] == 1e-3
    advance(second, 4)
    advance(twin, 4)
    assert bits(parts) == bits(whole) == bits(twin.param_groups[0]["params"])
    for p, q in zip(parts, whole, strict=True):
        assert second.state[p].keys() == straight.state[q].keys()
        assert bits(second.state[p].values()) == bits(straight.state[q].values())


@pytest.mark.parametrize(("kind", "options"), KINDS, ids=NAMES)
def test_learning_rate_zero_leaves_every_bit(bits, kind, options):
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        odd = torch.tensor([0.0, -0.0, 6e-8, 1e-40, float("inf"), float("nan"), -3.5]).to(dtype)
        x = torch.nn.Parameter(odd)
        before = bits([x])
        optimizer = kind([x], lr=0.0, mu=0.05, weight_decay=0.5, **options)
        calls = itertools.count()
        for _ in range(6):
            optimizer.step(lambda calls=calls: float(next(calls) % 3))
        assert bits([x]) == before
        assert optimizer.state[x]["second_moment"].max() > 0


@pytest.mark.parametrize(("kind", "options"), KINDS, ids=NAMES)
def test_skipped_steps_do_not_count(kind, options):
    # Moments and t stand still: the step after two skipped ones is a first step in length.
    x = torch.nn.Parameter(torch.linspace(-1, 1, 8, dtype=torch.float64))
    before = x.detach().clone()
    optimizer = kind([x], lr=0.01, betas=BETAS, zeta=1e-37, law="rademacher", on_bad_loss="skip", **options)
    for loss in (float("nan"), float("inf")):
        optimizer.step(lambda loss=loss: loss)
    assert torch.equal(x.detach(), before)
    assert optimizer.skipped == 2
    assert not optimizer.state
    optimizer.step(lambda: (x**2).sum())
    expected = first_step(*BETAS, refined=kind is RAdaZO)
    if options.get("bias_correction"):
        expected = 1.0  # m and w are then g and g^2
    moved = (x.detach() - before).abs()
    if kind is RAdaZO:  # two perturbations by default: they may cancel in some entries
        moved = moved[moved > 0]
    np.testing.assert_allclose(moved, 0.01 * expected, rtol=0, atol=1e-12)


def test_entries_without_an_estimate_stay():
    # 0 / sqrt(0 + zeta) is 0 at the smallest zeta too, in every type.
    for kind in (ZOAdaMM, RAdaZO):
        for dtype in (torch.float16, torch.float32, torch.float64):
            x = torch.nn.Parameter(torch.ones(50, dtype=dtype))
            optimizer = kind([x], lr=0.1, zeta=1e-37, law="coordinate", queries=1, mu=0.05)
            optimizer.step(lambda x=x: x.double().square().sum())
            assert (x != 1).sum() == 1
            assert torch.isfinite(x).all()


def test_roots_are_correctly_rounded():
    # In exact fractions: the number lies between the squares of the root plus or minus half a unit.
    numbers = np.random.default_rng(2).lognormal(sigma=20, size=300).astype(np.float32)
    assert np.isfinite(numbers).all()
    roots = adaptive._root(torch.tensor(numbers)).numpy()
    for square, root in zip(numbers, roots, strict=True):
        below, above = (np.nextafter(root, np.float32(end)) for end in (0, np.inf))
        low, high = ((Fraction(float(root)) + Fraction(float(other))) / 2 for other in (below, above))
        assert low**2 <= Fraction(float(square)) <= high**2


NAN = float("nan")
BAD = [
    ("betas", "betas", [None, 0.9, (0.9,), (0.9, 0.99, 0.999), "ab"[:1]]),
    ("betas", r"betas\[0\]", [(-0.1, 0.9), (1, 0.9), (NAN, 0.9), (None, 0.9), ("0.9", 0.9)]),
    ("betas", r"betas\[1\]", [(0.9, -0.1), (0.9, 1.0), (0.9, NAN), (0.9, True)]),
    ("zeta", "zeta", [0, -1e-8, 1e-38, 1e38, NAN, float("inf"), "1", None, True]),
    ("lr", "lr", [-1, NAN]),
    ("weight_decay", "weight_decay", [-1]),
]


@pytest.mark.parametrize("kind", [ZOAdaMM, RAdaZO])
@pytest.mark.parametrize(("key", "name", "value"), [(k, n, v) for k, n, vs in BAD for v in vs], ids=str)
def test_bad_options(kind, key, name, value):
    x = torch.nn.Parameter(torch.ones(2))
    with pytest.raises(InvalidArgument, match=rf"^{name} = "):
        kind([x], **{"lr": 0.1, key: value})
    with pytest.raises(InvalidArgument, match=rf"^{name} = "):
        kind([{"params": [x], key: value}], lr=0.1)


@pytest.mark.parametrize("value", ["g/d", None, 1, "Paper"])
def test_bad_form(value):
    with pytest.raises(InvalidArgument, match=r'^form = .*"paper" or "code"'):
        RAdaZO([torch.nn.Parameter(torch.ones(2))], lr=0.1, form=value)


@pytest.mark.parametrize("value", [None, 1, "yes"])
def test_bad_correction(value):
    with pytest.raises(InvalidArgument, match=r"^bias_correction = .*True or False"):
        ZOAdaMM([torch.nn.Parameter(torch.ones(2))], lr=0.1, bias_correction=value)


def test_states_of_another_optimizer():
    x = fresh(torch.float32)
    state = ZOSGD(x, lr=0.1, law="rademacher").state_dict()
    with pytest.raises(InvalidArgument, match="the state's class"):
        ZOAdaMM(x, lr=0.1).load_state_dict(state)
