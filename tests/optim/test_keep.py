"""What may change from step to step without being seen: nothing of it is used again beyond a step."""

import collections
import dataclasses
import types
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef

from zotheory.optim import ZOSGD
from zotheory.optim.module_state import ModuleState, same_bits

WIDTH = 6
INPUTS = np.linspace(-1, 1, 5 * WIDTH).reshape(5, WIDTH).astype(np.float32)
FACTOR = [1.0]  # a global that a forward reads


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        return torch.tanh(self.inner(x))


class First(Layer):
    """Makes a tensor of what it is given."""

    def __init__(self, read):
        super().__init__()
        self.read = read

    def forward(self, given):
        return super().forward(self.read(given))


@dataclasses.dataclass
class Batch:
    rows: torch.Tensor


def scaled(number):
    return torch.tensor(INPUTS) * number


# What the first layer is given, as a function of a number, and how it makes a tensor of it.
INPUT_KINDS = {
    "array": (lambda k: INPUTS * k, torch.tensor),
    "array in place": (lambda k: INPUTS * k, torch.from_numpy),
    "user dict": (lambda k: collections.UserDict(x=scaled(k)), lambda d: d["x"]),
    "dataclass": (lambda k: Batch(scaled(k)), lambda b: b.rows),
    "bytes": (lambda k: bytes([k] * 5), lambda b: scaled(1) * b[0]),
    "range": (lambda k: range(k), lambda r: scaled(1) * len(r)),
    "set": (lambda k: {k}, lambda s: scaled(1) * sum(s)),
    "complex": (lambda k: complex(k), lambda c: scaled(1) * c.real),
    "zero's sign": (lambda k: 0.0 if k % 2 else -0.0, lambda z: scaled(1) * np.copysign(1.0, z)),
    "zeros' signs": (
        lambda k: torch.zeros(5, 1).copysign(torch.tensor((-1.0) ** k)),
        lambda z: scaled(1) * torch.copysign(torch.ones(()), z),
    ),
    "containers": (lambda k: (scaled(1), [None, None]) if k % 2 else (scaled(1), [None], None),
                   lambda t: t[0] * len(t)),
    "strides": (lambda k: scaled(1) if k % 2 else scaled(1).t().contiguous().t(),
                lambda t: t * t.stride(0)),
    "sparse": (lambda k: scaled(k).to_sparse(), torch.Tensor.to_dense),
    "csr": (lambda k: scaled(k).to_sparse_csr(), torch.Tensor.to_dense),
    "nested": (
        lambda k: torch.nested.nested_tensor(list(scaled(k)), layout=torch.jagged),
        lambda n: torch.stack(n.unbind()),
    ),
    "nested, strided": (
        lambda k: torch._nested_tensor_from_tensor_list(list(scaled(k))),
        lambda n: torch.stack(n.unbind()),
    ),
    "list of objects": (lambda k: [types.SimpleNamespace(k=k)], lambda found: scaled(1) * found[0].k),
}  # fmt: skip


def network(make):
    torch.manual_seed(0)
    return nn.Sequential(make(), Layer(), Layer(), Layer()).requires_grad_(False)


def losses_of(engine, first, given, change=lambda model, step: None, steps=8):
    """Losses with the last layer trained, on what `given` makes of the number of the step."""
    model = network(first)
    model[3].requires_grad_(True)
    placed = {} if engine is None else {"model": model, "engine": engine}
    optimizer = ZOSGD(model[3].parameters(), 0.01, mu=0.05, **placed)
    losses = []
    for step in range(steps):
        inputs = given(step)
        losses.append(optimizer.step(lambda inputs=inputs: model(inputs).square().mean()))
        change(model, step)
    return losses, optimizer


@pytest.mark.filterwarnings("ignore:.*CSR.*:UserWarning", "ignore:.*nested.*:UserWarning")
@pytest.mark.filterwarnings("ignore:The given NumPy:UserWarning")
@pytest.mark.parametrize("name", INPUT_KINDS)
def test_inputs_of_many_kinds(name):
    make, read = INPUT_KINDS[name]
    expected, _ = losses_of(None, lambda: First(read), lambda step: make(step + 1))
    assert len(set(expected)) == 8
    for engine in ("plain", "lockstep", "reuse", "keep"):
        found, optimizer = losses_of(engine, lambda: First(read), lambda step: make(step + 1))
        assert found == expected, engine
        assert engine not in ("reuse", "keep") or optimizer.prefix.active
        # Another loss on the first data than on the last: it would be seen.
        same, _ = losses_of(engine, lambda: First(read), lambda step: make(1))
        assert same[0] == found[0]
        assert same[3] != found[3]


@pytest.mark.parametrize("name", ["array", "user dict", "dataclass", "set", "list of objects"])
def test_what_is_not_seen_whole_is_not_kept(name):
    make, read = INPUT_KINDS[name]
    _, optimizer = losses_of("keep", lambda: First(read), lambda step: make(1))
    assert optimizer.prefix.depth == 0
    _, optimizer = losses_of("keep", Layer, lambda step: scaled(1))
    assert optimizer.prefix.depth == 3


class Helper:
    def __init__(self):
        self.tensor = torch.ones(())


class Holding(Layer):
    """Multiplies by what a test changes, held in many ways."""

    def __init__(self):
        super().__init__()
        self.helper, self.config = Helper(), types.SimpleNamespace(scales={"one": 1.0}, zero=0.0)
        self.array, self.pair = np.ones(1), collections.deque([1.0])

    def forward(self, x):
        factor = self.helper.tensor * self.config.scales["one"] * float(self.array[0]) * self.pair[0]
        return super().forward(x) * factor * np.copysign(1.0, self.config.zero) * FACTOR[0]


class Plain(Layer):
    """As above, of what can be looked into."""

    def __init__(self):
        super().__init__()
        self.helper, self.config = Helper(), types.SimpleNamespace(scales={"one": 1.0}, zero=0.0)

    def forward(self, x):
        factor = self.helper.tensor * self.config.scales["one"]
        return super().forward(x) * factor * np.copysign(1.0, self.config.zero)


def helper_tensor(layer):
    layer.helper.tensor.mul_(1.5)


def config_dictionary(layer):
    layer.config.scales["one"] *= 1.5


def sign_of_zero(layer):
    layer.config.zero = -layer.config.zero


def array_in_place(layer):
    layer.array *= 1.5


def queue(layer):
    layer.pair[0] *= 1.5


def read_globally(layer):
    FACTOR[0] *= 1.5


def two_swaps(layer):
    weight = layer.inner.weight
    address = weight.data_ptr()
    values = weight.data * 1.5
    for _ in range(50):  # until the first address comes again, if it is free
        weight.data = values.clone()
        if weight.data_ptr() == address:
            break


def there_and_back(layer):
    layer.inner.weight.data = layer.inner.weight.data * 1.5
    layer.double().float()


def through_data(layer):
    layer.inner.weight.data.mul_(1.5)


def through_numpy(layer):
    array = layer.inner.weight.detach().numpy()
    array *= 1.5


CHANGES = [helper_tensor, config_dictionary, sign_of_zero, two_swaps, there_and_back]
UNSEEN = [array_in_place, queue, read_globally, through_data, through_numpy]


@pytest.mark.parametrize("change", [*CHANGES, *UNSEEN])
def test_changes_between_steps(change):
    found = {}
    for engine in (None, "plain", "lockstep", "reuse", "keep"):
        FACTOR[0] = 1.0

        def now_and_then(model, step):
            if step in (3, 4, 6):
                change(model[0])

        make = Plain if change in CHANGES else Holding
        found[engine], _ = losses_of(engine, make, lambda step: scaled(1), now_and_then)
    FACTOR[0] = 1.0
    assert set(map(tuple, found.values())) == {tuple(found[None])}
    assert abs(found[None][4] - found[None][3]) > 1e-4


@pytest.mark.parametrize("make", [Layer, Plain])
def test_layers_that_can_be_looked_into_are_kept(make):
    _, optimizer = losses_of("keep", make, lambda step: scaled(1))
    assert optimizer.prefix.depth == 3


def bound(layer):
    layer.function = Helper().__init__


def slotted(layer):
    layer.value = type("Slotted", (), {"__slots__": ("a", "__dict__")})()


def with_variables(layer):
    factor = [1.0]
    layer.function = lambda x: x * factor[0]


def generator(layer):
    layer.generator = torch.Generator()


def parent(layer):
    layer.parents = [nn.Sequential(layer)]


def large(layer):
    layer.table = [[number] for number in range(20_000)]


def inference_tensor(layer):
    with torch.inference_mode():
        layer.inner.register_buffer("made", torch.ones(1))


def sparse(layer):
    layer.mask = torch.eye(3).to_sparse()


OPEN = {
    "function": lambda layer: setattr(layer, "function", scaled),
    "builtin": lambda layer: setattr(layer, "function", torch.tanh),
    "method": bound,
    "frozen set": lambda layer: setattr(layer, "names", frozenset(["a"])),
    "named": lambda layer: setattr(layer, "size", torch.Size([1, 2])),
}
CLOSED = {
    "array": lambda layer: setattr(layer, "array", np.ones(2)),
    "queue": lambda layer: setattr(layer, "queue", collections.deque()),
    "slots": slotted,
    "variables": with_variables,
    "generator": generator,
    "method of a list": lambda layer: setattr(layer, "function", [1].index),
    "parent": parent,
    "large": large,
    "inference": inference_tensor,
    "sparse": sparse,
}


@pytest.mark.parametrize("name", [*OPEN, *CLOSED])
def test_what_can_be_looked_into(name):
    layer = Layer()
    assert ModuleState(layer, None).open
    {**OPEN, **CLOSED}[name](layer)
    state = ModuleState(layer, None)
    assert state.holds(None)
    assert state.open == (name in OPEN)


def test_bits_of_tensors():
    nan, zero = torch.tensor([float("nan")]), torch.tensor([0.0])
    assert same_bits(nan, nan.clone())
    assert not same_bits(zero, -zero)
    assert not same_bits(zero, zero.double())
    assert not same_bits(zero, torch.zeros(1, 1))
    for dtype in (torch.bool, torch.int64, torch.float16, torch.complex64, torch.complex128):
        ones = torch.ones(3, dtype=dtype)
        assert same_bits(ones, ones.clone())
        assert not same_bits(ones, torch.tensor([1, 1, 0]).to(dtype))
    z = torch.tensor([1 + 2j])
    assert not same_bits(z, z.conj())
    assert same_bits(torch.ones(2, 3).t(), torch.ones(3, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that such tensors are new, once a process
        rows = torch.eye(2).to_sparse_csr()
    for other in (zero.to_sparse(), rows, zero.to("meta")):
        assert not same_bits(other, other)


def test_addresses_do_not_come_again():
    # Memory that was replaced is not freed, and so not given to anything else, while it is compared with.
    layer = Layer()
    state, memory = ModuleState(layer, None), StorageWeakRef(layer.inner.weight.untyped_storage())
    layer.inner.weight.data = layer.inner.weight.data * 1.5
    assert not memory.expired()
    assert not state.holds(None)
    del state
    assert memory.expired()
