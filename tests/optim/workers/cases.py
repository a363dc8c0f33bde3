"""What ranks do in the tests of shared steps; also run by one process alone, for comparison."""

import copy
import math
from contextlib import contextmanager

import torch
import torch.distributed as dist

from zotheory.errors import ZotheoryError
from zotheory.optim import (
    DAPSGD,
    ZOSGD,
    DataParallel,
    GuidedSGD,
    MeZO,
    MeZOBCD,
    QueryParallel,
    RAdaZO,
    ZOAdaMM,
    ZOSignSGD,
)

MU = 2.0**-5
KINDS = {
    "central": lambda x, q, **o: ZOSGD(x, lr=0.05, mu=MU, law="gaussian", queries=q, momentum=0.5, **o),
    "forward": lambda x, q, **o: ZOSGD(x, lr=0.02, mu=MU, difference="forward", queries=q, **o),
    "adamm": lambda x, q, **o: ZOAdaMM(x, lr=0.05, mu=MU, queries=q, **o),
    "radazo": lambda x, q, **o: RAdaZO(x, lr=0.002, mu=MU, queries=q, **o),
    "sign": lambda x, q, **o: ZOSignSGD(x, lr=0.01, mu=MU, queries=q, **o),
    "mezo": lambda x, q, **o: MeZO(x, lr=0.02, mu=MU, queries=q, **o),
    "guided": lambda x, q, **o: GuidedSGD(x, lr=0.02, mu=MU, queries=q, **o),
    "blocks": lambda x, q, **o: MeZOBCD(x, lr=0.02, mu=MU, queries=q, order="importance", **o),
    "aligned": lambda x, q, **o: DAPSGD(x, lr=0.05, mu=MU, first=q - 1, second=q, **o),
    "aligned forward": lambda x, q, **o: DAPSGD(
        x, lr=0.05, mu=MU, first=q, second=q - 1, difference="forward", **o
    ),
}
# Samples of eight numbers, one for each parameter entry.
SAMPLES = torch.arange(64, dtype=torch.float64).reshape(8, 8).sin()


def rank():
    return dist.get_rank() if dist.is_initialized() else 0


def sample_loss(x, sample):
    # Rounded to multiples of 2^-20, so that sums over samples are exact however they are grouped.
    value = float(torch.cat([p.double().reshape(-1) for p in x]).sub(sample).square().sum())
    return round(value * 2**20) / 2**20


def start(dtype=torch.float32):
    return [torch.nn.Parameter(torch.linspace(-1, 1, 6, dtype=dtype).reshape(2, 3)),
            torch.nn.Parameter(torch.linspace(0, 1, 2, dtype=dtype))]  # fmt: skip


def bits(tensors):
    widths = {2: torch.int16, 4: torch.int32, 8: torch.int64}
    return [p.detach().clone().view(widths[p.element_size()]).tolist() for p in tensors]


def found(optimizer, x, losses):
    """All that must be the same on every rank, and how often this one's closure ran."""
    return {
        "bits": bits(x),
        "losses": losses,
        "coefficients": optimizer.coefficients,
        "counters": (optimizer.steps, optimizer.skipped, optimizer.queries),
        "moments": [bits(optimizer.state[p].values()) for p in x],
    }


def trajectory(kind, queries, parallel=None, split=(8,), weighted=False, steps=8, state=None):
    """Steps on the mean over this rank's samples, ``split`` among the ranks."""
    x = start()
    low = sum(split[: rank()]) if len(split) > 1 else 0
    mine = SAMPLES[low : low + split[rank() if len(split) > 1 else 0]]
    if weighted:
        parallel = DataParallel(weight=lambda: len(mine))
    optimizer = KINDS[kind](x, queries, seed=3, parallel=parallel)
    if state is not None:
        with torch.no_grad():
            for p, value in zip(x, state[0], strict=True):
                p.copy_(value)
        optimizer.load_state_dict(state[1])
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        return sum(sample_loss(x, sample) for sample in mine) / len(mine)

    losses = [optimizer.step(closure) for _ in range(steps)]
    kept = [p.detach().clone() for p in x], optimizer.state_dict()
    return {"same": found(optimizer, x, losses), "calls": calls, "state": kept}


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(5, 12), torch.nn.Tanh(), torch.nn.Linear(12, 1))


def train(kind, parallel, layerwise=False, wrapped=False, steps=20, inference=False):
    """A float32 network on other data for every rank; queries divided: on the same data."""
    model = network()
    run = torch.nn.parallel.DistributedDataParallel(model) if wrapped else model
    part = rank() if parallel == "data" else 0
    inputs = torch.randn(16, 5, generator=torch.Generator().manual_seed(part))
    target = inputs.sum(1, keepdim=True).sin()
    own = model if layerwise or kind == "blocks" else None
    optimizer = KINDS[kind](model.parameters(), 4, parallel=parallel, model=own, seed=1)
    before = bits(model.parameters())
    with torch.inference_mode(inference):
        losses = [optimizer.step(lambda: (run(inputs) - target).square().mean()) for _ in range(steps)]
    if parallel is not None:
        optimizer.check_replicas()
    return {
        **found(optimizer, list(model.parameters()), losses),
        "moved": bits(model.parameters()) != before,
    }


@contextmanager
def counted():
    """Count what is gathered, and refuse every other way of exchanging tensors."""
    sizes = []
    plain = {name: getattr(dist, name) for name in ("all_gather", *_OTHERS)}

    def gather(tensors, tensor, **options):
        sizes.append(tensor.numel() * tensor.element_size())
        return plain["all_gather"](tensors, tensor, **options)

    def refuse(*args, **options):
        raise AssertionError("not a gathering of scalars")

    try:
        dist.all_gather = gather
        for name in _OTHERS:
            setattr(dist, name, refuse)
        yield sizes
    finally:
        for name, function in plain.items():
            setattr(dist, name, function)


_OTHERS = (
    "all_gather_into_tensor", "all_gather_object", "all_reduce", "all_to_all", "all_to_all_single",
    "barrier", "broadcast", "broadcast_object_list", "gather", "gather_object", "irecv", "isend", "recv",
    "reduce", "reduce_scatter", "reduce_scatter_tensor", "scatter", "scatter_object_list", "send",
)  # fmt: skip


def traffic(kind, queries, parallel):
    """Bytes of every exchange: of the construction, of each of three steps, of a check."""
    x = [torch.nn.Parameter(torch.linspace(-1, 1, 100_000))]
    with counted() as sizes:
        optimizer = KINDS[kind](x, queries, parallel=parallel)
        found, seen = [list(sizes)], len(sizes)
        for action in [lambda: optimizer.step(lambda: x[0].square().mean())] * 3 + [
            optimizer.check_replicas
        ]:
            action()
            found.append(sizes[seen:])
            seen = len(sizes)
    return found


def bad_loss(parallel, policy, bad, at=1):
    """A loss that is not finite on rank 1 alone, in the evaluation number ``at`` of the second step."""
    x = start()
    optimizer = ZOSGD(x, lr=0.01, mu=MU, queries=4, parallel=parallel, on_bad_loss=policy)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        spoiled = rank() == 1 and optimizer.steps == 1 and calls == at + 1
        return bad if spoiled else sample_loss(x, SAMPLES[0])

    optimizer.step(closure)
    calls, before, errors = 0, bits(x), []
    try:
        loss = optimizer.step(closure)
    except ZotheoryError as error:
        loss = None
        errors.append((type(error).__name__, str(error)))
    kept = bits(x) == before
    calls = 0
    optimizer.steps += policy == "raise"  # or the same evaluation would be spoiled again
    after = optimizer.step(closure)
    optimizer.check_replicas()
    return {"errors": errors, "loss": str(loss), "kept": kept, **found(optimizer, x, [after])}


def closure_raises(parallel, who):
    """The closure raises on the ranks ``who``; the step is then tried again and succeeds."""
    x = start()
    optimizer = ZOSGD(x, lr=0.01, mu=MU, queries=4, difference="forward", parallel=parallel)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        if rank() in who and calls == 2:
            raise OSError(f"no data on rank {rank()}")
        return sample_loss(x, SAMPLES[0])

    before = bits(x)
    try:
        optimizer.step(closure)
        error = None
    except (OSError, ZotheoryError) as caught:
        error = type(caught).__name__, str(caught)
    kept, calls = bits(x) == before and optimizer.steps == 0, 10
    losses = [optimizer.step(closure)]
    optimizer.check_replicas()
    return {"error": error, "kept": kept, "same": found(optimizer, x, losses)}


def caught(act):
    try:
        act()
    except ZotheoryError as error:
        return type(error).__name__, str(error)
    return None


def different(name, values):
    """Construct with another value on every rank; what the error says."""
    x = start()
    if name == "parameters":
        with torch.no_grad():
            x[1][1] += values[rank()]
        return caught(lambda: ZOSGD(x, lr=0.1, parallel="data"))
    if name == "number":
        return caught(lambda: ZOSGD(x[: values[rank()]], lr=0.1, parallel="data"))
    if name == "parallel":
        return caught(lambda: ZOSGD(x, lr=0.1, queries=2, parallel=values[rank()]))
    if name == "alignment":
        given = values[rank()] if values[rank()] != "function" else lambda: x
        return caught(lambda: DAPSGD(x, 0.1, momentum=0.5, alignment=given, parallel="data"))
    if name == "order":
        model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
        order = values[rank()]
        return caught(
            lambda: MeZOBCD(
                model.parameters(), 0.1, model=model, order=order, scaling="block", parallel="data"
            )
        )
    options = {"lr": 0.1, "parallel": "data", name: values[rank()]}
    return caught(lambda: ZOSGD(x, **options))


def drift(what):
    """Ranks agree at first; then something changes on rank 1 alone, and is noticed."""
    x = start()
    optimizer = ZOSGD(x, lr=0.1, momentum=0.5, mu=MU, parallel="data", seed=2)
    closure = lambda: sample_loss(x, SAMPLES[0])  # noqa: E731
    optimizer.step(closure)
    optimizer.check_replicas()
    if rank() == 1:
        if what == "parameter":
            x[0].detach().view(torch.int32)[1, 2] ^= 1
        elif what == "moment":
            optimizer.state[x[1]]["momentum"].view(torch.int32)[0] ^= 1
        elif what == "lr":
            optimizer.param_groups[0]["lr"] = 0.05
        else:
            optimizer.steps += 1
    before = bits(x)
    checked = caught(optimizer.check_replicas)
    stepped = caught(lambda: optimizer.step(closure)) if what in ("lr", "steps") else None
    return {"check": checked, "step": stepped, "kept": bits(x) == before}


def load(name):
    """Load a state that is another one on rank 1."""
    x = start()
    optimizer = ZOSGD(x, lr=0.1, momentum=0.5, mu=MU, parallel="data")
    optimizer.step(lambda: sample_loss(x, SAMPLES[0]))
    state = copy.deepcopy(optimizer.state_dict())
    if rank() == 1:
        if name == "momentum":
            state["state"][0]["momentum"] += 1
        else:
            state["zeroth_order"][name] += 1
    return caught(lambda: optimizer.load_state_dict(state))


def refused():
    """Errors of arguments; every rank gets the same."""
    x = start()
    alone = dist.new_group([0])
    errors = {
        "queries": caught(lambda: ZOSGD(x, lr=0.1, queries=1, parallel="query")),
        "first": caught(lambda: DAPSGD(x, lr=0.1, first=1, second=2, parallel="query")),
        "second": caught(lambda: DAPSGD(x, lr=0.1, first=2, second=1, parallel="query")),
    }
    if rank() == 1:
        errors["group"] = caught(lambda: ZOSGD(x, lr=0.1, parallel=DataParallel(alone)))
    return errors


def groups():
    """A group of one rank shares with nobody; a group of two is kept when the optimizer is copied."""
    x = start()
    alone, both = [dist.new_group([k]) for k in range(2)][rank()], dist.new_group([0, 1])
    optimizer = ZOSGD(x, lr=0.1, mu=MU, seed=rank(), parallel=QueryParallel(alone))
    optimizer.step(lambda: sample_loss(x, SAMPLES[rank()]))
    y = start()
    twin = copy.deepcopy(ZOSGD(y, lr=0.1, mu=MU, parallel=DataParallel(both)))
    z = twin.param_groups[0]["params"]
    loss = twin.step(lambda: sample_loss(z, SAMPLES[rank()]))
    return {"alone": bits(x), "queries": optimizer.queries, "copy": bits(z), "loss": loss}


def weights():
    """A weight's function that fails on rank 1, or returns what is no weight."""
    x = start()
    errors = []
    for bad in (lambda: 1 / 0, lambda: math.nan, lambda: 0):
        give = bad if rank() == 1 else lambda: 2
        optimizer = ZOSGD(x, lr=0.1, mu=MU, parallel=DataParallel(weight=give))
        try:
            optimizer.step(lambda: sample_loss(x, SAMPLES[0]))
        except (ZeroDivisionError, ZotheoryError) as error:
            errors.append((type(error).__name__, str(error)))
    return errors
