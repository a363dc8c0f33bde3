"""Each bad argument is one clear error, before anything is done."""

import itertools
import re

import numpy as np
import pytest
import torch
from torch import nn

from zotheory.errors import InvalidArgument
from zotheory.optim import ZOSGD, Block, LossError, MeZO, ZOSignSGD


def vector(*values):
    return nn.Parameter(torch.tensor(values or (1.0, -2.0)))


NAN, INF = float("nan"), float("inf")
OPTIONS = [
    ("lr", [-0.1, NAN, INF, "0.1", None, True, torch.tensor(0.1)]),
    ("weight_decay", [-1, NAN, None]),
    ("momentum", [-0.1, 1, 1.5, NAN, None]),
    ("mu", [0, -1e-3, NAN, INF, 1e-50, "1", None]),
    ("queries", [0, -1, 1.0, None, True]),
    ("delta", [0, -1, NAN]),
    ("seed", [-1, 2**64, 0.5, None]),
    ("difference", ["backward", None, 1]),
    ("on_bad_loss", ["ignore", None]),
    ("law", ["normal", None, 3, Block]),
    ("model", ["model", nn.Linear]),
]


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in OPTIONS for v in values], ids=str)
def test_options(name, value):
    with pytest.raises(InvalidArgument, match=rf"^{name} = "):
        ZOSGD([vector()], **{"lr": 0.1, name: value})


@pytest.mark.parametrize("size", [0, -1, 2.0])
def test_block_size(size):
    with pytest.raises(InvalidArgument, match="size"):
        Block(size)


def test_group_options():
    for name in ("lr", "momentum", "weight_decay"):
        with pytest.raises(InvalidArgument, match=rf"^{name} = -1"):
            ZOSGD([{"params": [vector()], name: -1}], lr=0.1)
        optimizer = ZOSGD([vector()], lr=0.1)
        with pytest.raises(InvalidArgument, match=rf"^{name} = -1"):
            optimizer.add_param_group({"params": [vector()], name: -1})
        assert len(optimizer.param_groups) == 1


def twice():
    x = vector()
    return [x, x]


def in_two_groups():
    x = vector()
    return [{"params": [x]}, {"params": [x]}]


def overlapping():
    memory = torch.ones(6)
    return [nn.Parameter(memory[:4]), nn.Parameter(memory[3:])]


def transposed():
    memory = torch.ones(2, 3)
    return [nn.Parameter(memory), nn.Parameter(memory.t())]


def interleaved():
    table = torch.ones(4, 3)
    return [nn.Parameter(table[:, :2]), nn.Parameter(table[:, 1:])]


def part_of_a_column():
    table = torch.ones(5, 2)
    return [nn.Parameter(table[:, 0]), nn.Parameter(table[2, 1:]), nn.Parameter(table.view(-1)[8:9])]


def made_under_inference_mode():
    with torch.inference_mode():
        return [nn.Parameter(torch.ones(2))]


PARAMETERS = {
    "none": (list, "empty"),
    "frozen": (lambda: [nn.Parameter(torch.ones(2), requires_grad=False)], "no parameter is trainable"),
    "no entries": (lambda: [nn.Parameter(torch.ones(0))], "no parameter is trainable"),
    "twice": (twice, "given twice"),
    "in two groups": (in_two_groups, "given twice"),
    "overlapping": (overlapping, "share memory"),
    "transposed": (transposed, "share memory"),
    "interleaved": (interleaved, "share memory"),
    "part of a column": (part_of_a_column, "share memory"),
    "expanded": (lambda: [nn.Parameter(torch.ones(1).expand(4))], "share memory"),
    "sparse": (lambda: [torch.eye(2).to_sparse().requires_grad_()], "sparse"),
    "complex": (lambda: [nn.Parameter(torch.ones(2, dtype=torch.complex64))], "float16"),
    "integers": (lambda: [torch.ones(2, dtype=torch.int64)], "float16"),
    "meta": (lambda: [nn.Parameter(torch.ones(2, device="meta"))], "meta"),
    "inference": (made_under_inference_mode, "inference_mode"),
    "array": (lambda: [np.ones(2)], "give tensors"),
    "tensor": (vector, "iterable"),
}


@pytest.mark.parametrize("kind", [ZOSGD, MeZO, ZOSignSGD])
@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(kind, name):
    make, text = PARAMETERS[name]
    with pytest.raises(InvalidArgument, match=rf"^params.*{text}"):
        kind(make(), lr=0.1)


def test_parts_of_one_memory_are_fine():
    memory = torch.ones(6)
    ZOSGD([nn.Parameter(memory[:3]), nn.Parameter(memory[3:])], lr=0.1)
    table = torch.ones(4, 2)
    ZOSGD([nn.Parameter(table[:, 0]), nn.Parameter(table[:, 1])], lr=0.1)


def test_memory_is_shared_where_an_address_is_taken_twice():
    # Against the addresses of all entries, for random pieces of one memory, of two types.
    rng, seen = np.random.default_rng(0), {True: 0, False: 0}
    memory = torch.ones(64)
    for _ in range(400):
        parameters, addresses = [], []
        for dtype in rng.choice([torch.float32, torch.float16, torch.float64], size=rng.integers(1, 4)):
            row = memory.view(dtype)
            shape, steps = rng.integers(1, 4, size=2), rng.integers(1, 9, size=2)
            start = int(rng.integers(0, len(row) - (shape - 1) @ steps))
            view = row.as_strided(shape.tolist(), steps.tolist(), start)
            parameters.append(nn.Parameter(view))
            for at in np.ndindex(*shape):
                first = (start + int(steps @ at)) * row.element_size()
                addresses += range(first, first + row.element_size())
        shared = len(set(addresses)) < len(addresses)
        seen[shared] += 1
        if shared:
            with pytest.raises(InvalidArgument, match="share memory"):
                ZOSGD(parameters, lr=0.1)
        else:
            ZOSGD(parameters, lr=0.1)
    assert min(seen.values()) > 100, seen


@pytest.mark.parametrize("layerwise", [False, True])
@pytest.mark.parametrize("difference", ["central", "forward"])
@pytest.mark.parametrize(
    "loss",
    [None, "1", 1j, True, [1.0], torch.ones(2), torch.ones(0), torch.tensor(1j), torch.tensor(True),
     np.ones(3), np.bool_(True), np.array([False]), np.str_("1"), np.array("1.0"), np.array(["1"]), b"1",
     bytearray(b"1"), np.array(b"1"), np.array("1", dtype=object), np.datetime64(1, "ns"), np.array([1j])],
    ids=str,
)  # fmt: skip
def test_losses_that_are_no_number(bits, layerwise, difference, loss):
    model = nn.Linear(2, 2)
    optimizer = ZOSGD(model.parameters(), lr=0.1, difference=difference, model=model if layerwise else None)
    before = bits(model.parameters())
    with pytest.raises(InvalidArgument, match=r"^closure\(\) = "):
        optimizer.step(lambda: (model(torch.ones(2)), loss)[1])
    assert bits(model.parameters()) == before
    assert (optimizer.steps, optimizer.queries) == (0, 0)


@pytest.mark.parametrize("loss", [1, 1.5, np.float32(2), np.array([3.0]), torch.tensor(1.0),
                                  torch.tensor([[2.0]]), torch.tensor(3)], ids=str)  # fmt: skip
def test_losses_of_all_kinds(loss):
    x = vector()
    assert ZOSGD([x], lr=0.1).step(lambda: loss) == np.asarray(loss).item()


@pytest.mark.parametrize("bad", [NAN, INF, -INF, torch.tensor(NAN), torch.tensor(INF)])
@pytest.mark.parametrize("when", [0, 1, 2])
def test_losses_that_are_not_finite(bits, bad, when):
    x, losses = vector(), [1.0, 1.0, 1.0, 1.0]
    losses[when] = bad
    before, pending = bits([x]), iter(losses)
    optimizer = ZOSGD([x], lr=0.1, queries=2)
    with pytest.raises(LossError, match=r"in step 0: parameters are as before .*on_bad_loss") as caught:
        optimizer.step(lambda: next(pending))
    assert str(caught.value.loss) == str(float(bad))
    assert bits([x]) == before
    assert (optimizer.steps, optimizer.skipped, optimizer.queries) == (0, 0, when + 1)


def test_differences_that_are_not_finite(bits):
    x, pending = vector(), iter([1.5e308, -1.5e308])
    before = bits([x])
    with pytest.raises(LossError, match=r"^coefficient = inf in step 0: .*raise mu"):
        ZOSGD([x], lr=0.1).step(lambda: next(pending))
    assert bits([x]) == before


@pytest.mark.parametrize("on_bad_loss", ["raise", "skip"])
@pytest.mark.parametrize(
    ("types", "slope", "refused"),
    [
        ([torch.float32], 1e39, True),
        ([torch.float32], -3.5e38, True),
        ([torch.float32], -3.3e38, False),
        ([torch.bfloat16], 1e39, True),
        ([torch.float16], 1e30, False),  # the update is computed in float32
        ([torch.float64], 1e39, False),
        ([torch.float64, torch.float32], 1e39, True),
    ],
    ids=str,
)
def test_slopes_beyond_the_type_of_the_update(bits, types, slope, refused, on_bad_loss):
    x = [nn.Parameter(torch.linspace(0.5, 1, 4).to(dtype)) for dtype in types]
    before, calls = bits(x), itertools.count()
    optimizer = ZOSGD(x, lr=1e-39, mu=0.5, on_bad_loss=on_bad_loss)

    def closure():
        return slope / 2 if next(calls) % 2 == 0 else -slope / 2

    if refused and on_bad_loss == "raise":
        shown = re.escape(str(slope))  # over 2 mu, which is 1
        with pytest.raises(LossError, match=rf"^coefficient = {shown} in step 0"):
            optimizer.step(closure)
    else:
        assert optimizer.step(closure) == 0  # the mean, also of a step that is skipped
    assert (bits(x) == before) == (refused or torch.float16 in types)
    assert optimizer.skipped == (refused and on_bad_loss == "skip")
    assert all(torch.isfinite(p).all() for p in x)


def test_integers_beyond_floats():
    with pytest.raises(LossError):
        ZOSGD([vector()], lr=0.1).step(lambda: 10**400)


@pytest.mark.parametrize("closure", [None, 1.0, torch.tensor(1.0)])
def test_no_closure(closure):
    with pytest.raises(InvalidArgument, match=r"^closure = .*function without arguments"):
        ZOSGD([vector()], lr=0.1).step(closure)


# Units in the last place from 1 to 2: 2^-10, 2^-7, 2^-23, 2^-52. What is below half of one is lost at 1.5.
@pytest.mark.parametrize(
    ("dtype", "half"),
    [(torch.float16, 2.0**-11), (torch.bfloat16, 2.0**-8), (torch.float32, 2.0**-24),
     (torch.float64, 2.0**-53)],
)  # fmt: skip
def test_smoothing_distance_below_the_resolution(dtype, half):
    x = [nn.Parameter(torch.full((10,), 1.5, dtype=dtype))]
    x.append(nn.Parameter(torch.full((2,), 1e-3, dtype=dtype)))
    with pytest.raises(InvalidArgument, match=r"^mu = .* would not move: mu = .* is enough") as caught:
        ZOSGD(x, lr=0.1, mu=half * 0.9)
    enough = float(str(caught.value).split("would not move: mu = ")[1].split(" is enough")[0])
    assert half < enough <= 2 * half
    ZOSGD(x, lr=0.1, mu=enough)
    ZOSGD(x, lr=0.1, mu=half * 0.9, delta=4.0)
    ZOSGD(x, lr=0.1, mu=half * 0.9, law="coordinate")
    # A small part of the entries may be lost, such as scales near one among small weights.
    ZOSGD([*x, nn.Parameter(torch.full((30,), 1e-3, dtype=dtype))], lr=0.1, mu=half * 0.9)


def test_what_has_no_shape_or_value_yet(bits):
    lazy = nn.LazyLinear(2)
    with pytest.raises(
        InvalidArgument, match=r"^params\[0\] = 'UninitializedParameter': it has no shape yet: run"
    ):
        ZOSGD(lazy.parameters(), 0.1)
    lazy(torch.ones(1, 3))
    ZOSGD(lazy.parameters(), 0.1)
    x = vector()
    before = bits([x])
    for loss in (torch.zeros((), device="meta"), torch.zeros(1, device="meta")):
        with pytest.raises(
            InvalidArgument, match=r"^closure\(\) = 'tensor on the meta device': it has no value"
        ):
            ZOSGD([x], 0.1).step(lambda loss=loss: loss)
    assert bits([x]) == before
