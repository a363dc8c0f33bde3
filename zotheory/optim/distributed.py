"""Steps shared by processes of `torch.distributed`: they exchange losses, never parameters.

An estimate is a few scalars and the seed of its perturbations. Ranks that start from the same parameters
and read the same losses therefore do the same update, bit for bit, on their own. Give ``parallel`` to any
optimizer, on every rank, after the process group is initialised:

- "data": each rank's closure takes its own part of the batch; every loss becomes the mean over ranks.
- "query": each rank's closure takes the whole batch; the perturbations of a step are divided among ranks.

A script for ``torchrun --nproc_per_node 2 script.py``, and for ``accelerate launch --num_processes 2``,
with ``--multi_gpu`` also where there is no GPU (without it accelerate starts one process):

    import torch
    from zotheory.optim import ZOSGD

    torch.distributed.init_process_group("gloo")
    rank, size = torch.distributed.get_rank(), torch.distributed.get_world_size()
    torch.manual_seed(0)  # the same parameters on every rank
    model = torch.nn.Linear(8, 1)
    inputs = torch.arange(64.0).reshape(8, 8).sin()[rank::size]  # other data on every rank
    optimizer = ZOSGD(model.parameters(), lr=0.01, model=model, parallel="data")
    for _ in range(50):
        loss = optimizer.step(lambda: (model(inputs) - 1).square().mean())
    optimizer.check_replicas()
    if rank == 0:
        print(f"loss {loss:.4f} after {optimizer.queries} losses of the whole batch")
    torch.distributed.destroy_process_group()

Every rank must construct the optimizer, call `step`, `load_state_dict` and `check_replicas` as often as the
others: they wait for each other there. The optimizer returned by accelerate's ``prepare`` works too, but
its ``step`` returns nothing; unprepared, it works just as well. A model in DistributedDataParallel works;
with "query" and a model that has buffers give ``broadcast_buffers=False``, since ranks may run it unequally
often. What the model's forward draws at random (dropout) must be off, or with "query" alike on all ranks.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

import torch
import torch.distributed as dist

from zotheory.errors import InvalidArgument, ZotheoryError
from zotheory.optim.arguments import check_number

# A few losses that one rank evaluates, one after the other.
Task = Callable[[], Iterable[float]]
# Numbers that go ahead of the losses: failed, fingerprint of the settings, losses evaluated, weight.
_HEAD = 4


@dataclass(frozen=True)
class DataParallel:
    """Every loss is the mean of those that the ranks' closures return, added in the order of ranks.

    With ranks' losses that are means over equally many samples, this is the loss of the whole batch.

    Attributes:
        group: process group, None for all processes.
        weight: for parts of unequal size: this rank's number of samples, or a function that returns it,
            called once an exchange; the mean is weighted by it.
    """

    group: Any = None
    weight: float | Callable[[], float] = 1.0

    def __deepcopy__(self, memo: Any) -> "DataParallel":
        return self  # a group cannot be copied


@dataclass(frozen=True)
class QueryParallel:
    """The losses of a step are divided among the ranks: rank r evaluates perturbations r, r + size, ...

    With forward differences f(x) is one of them, evaluated on rank 0 alone. `DAPSGD` divides each stage.

    Attributes:
        group: process group, None for all processes.
    """

    group: Any = None

    def __deepcopy__(self, memo: Any) -> "QueryParallel":
        return self


Parallel = DataParallel | QueryParallel
ParallelOption = Literal["data", "query"] | Parallel | None


class RankError(ZotheoryError, RuntimeError):
    """Another rank failed in a step; the parameters are as before it, on all ranks."""

    def __init__(self, ranks: list[int], step: int) -> None:
        super().__init__(ranks, step)
        self.ranks, self.step = ranks, step

    def __str__(self) -> str:
        return f"{_named(self.ranks)} raised an error in step {self.step}: see the traceback there"


class ReplicaError(ZotheoryError, RuntimeError):
    """Something differs between ranks that must be the same."""

    def __init__(self, name: str, value: object, ranks: list[int], rank: int) -> None:
        super().__init__(name, value, ranks, rank)
        self.name, self.value, self.ranks, self.rank = name, value, ranks, rank

    def __str__(self) -> str:
        return (
            f"{self.name} on {_named(self.ranks)} is not that of rank 0; on this rank, {self.rank}, it is "
            f"{self.value}: make it the same on all ranks (for parameters, seed their initialisation or "
            "torch.distributed.broadcast them)"
        )


def as_parallel(parallel: Any) -> Parallel | None:
    """Return the option ``parallel`` in its long form.

    Raises:
        InvalidArgument: an unknown value, or a weight that is neither a number above 0 nor a function.
    """
    if isinstance(parallel, str) and parallel in ("data", "query"):
        return DataParallel() if parallel == "data" else QueryParallel()
    if parallel is not None and not isinstance(parallel, Parallel):
        remedy = 'give "data", "query", a DataParallel or a QueryParallel, or None'
        raise InvalidArgument("parallel", parallel, remedy)
    if isinstance(parallel, DataParallel) and not callable(parallel.weight):
        check_number(parallel.weight, "weight")
    return parallel


def kind_of(parallel: Parallel) -> str:
    """Return the short form of an option ``parallel``."""
    return "data" if isinstance(parallel, DataParallel) else "query"


class Ranks:
    """This process and those it shares a step with.

    Args:
        parallel: how the step is shared.
        device: where the parameters are.
        settings: what must be the same on all ranks, by name.
        step: for messages.

    Raises:
        InvalidArgument: no process group, one that this process is not in, or one whose backend does not
            work where the parameters are.
    """

    def __init__(
        self, parallel: Parallel, device: torch.device, settings: dict[str, Any], step: int
    ) -> None:
        self.parallel, self.group, self.settings, self.step = parallel, parallel.group, settings, step
        if not (dist.is_available() and dist.is_initialized()):
            remedy = (
                "there is no process group: start the script by torchrun or accelerate launch and call "
                "torch.distributed.init_process_group() first"
            )
            raise InvalidArgument("parallel", kind_of(parallel), remedy)
        self.rank, self.size = dist.get_rank(self.group), dist.get_world_size(self.group)
        if self.rank < 0:
            raise InvalidArgument("parallel", kind_of(parallel), "this process is not in its group")
        backend = dist.get_backend_config(self.group)
        kinds = {pair.partition(":")[0] for pair in backend.split(",")}
        self.device = torch.device("cpu") if "cpu" in kinds else device
        if self.device.type not in kinds:
            remedy = f"its backend {backend} has no {device.type} tensors: put the parameters elsewhere"
            raise InvalidArgument("parallel", kind_of(parallel), f"{remedy}, or use gloo")

    def gather(self, values: Sequence[float]) -> list[list[float]]:
        """Return the equally many numbers of every rank, bit for bit."""
        mine = torch.tensor(values, dtype=torch.float64, device=self.device)
        found = [torch.empty_like(mine) for _ in range(self.size)]
        dist.all_gather(found, mine, group=self.group)
        return torch.stack(found).tolist()

    def share(self, tasks: Sequence[Task], width: int) -> tuple[list[float], int, Exception | None]:
        """Do this rank's tasks, in one exchange with the others, and return what is the same on all ranks.

        Args:
            tasks: give ``width`` losses each.
            width: losses of a task.

        Returns:
            The losses in order; how many were evaluated, by all ranks together (those of one rank, if all
            evaluate the same); an error to raise.

        Raises:
            ReplicaError: the ranks' settings differ.
        """
        data = isinstance(self.parallel, DataParallel)
        mine = tasks if data else tasks[self.rank :: self.size]
        losses, count, failure = evaluate(mine)
        try:
            weight = self._weight()
        except Exception as error:
            weight, failure = math.nan, failure or error
        room = width * (len(tasks) if data else math.ceil(len(tasks) / self.size))
        padding = [math.nan] * (room - len(losses))
        head = [float(failure is not None), fingerprint(self.settings), float(count), weight]
        everyone = self.gather([*head, *losses, *padding])
        failed, prints, counts, weights = zip(*(row[:_HEAD] for row in everyone), strict=True)
        count = int(max(counts) if data else sum(counts))
        if any(failed):
            others = RankError([rank for rank, flag in enumerate(failed) if flag], self.step)
            return [], count, failure or others
        if len(set(prints)) > 1:
            self.agree(self.settings)
        rows = [row[_HEAD:] for row in everyone]
        if data:
            # sum_r w_r f_r / sum_r w_r, in the order of ranks.
            total = sum(weights)
            means = (sum(w * f for w, f in zip(weights, fs, strict=True)) for fs in zip(*rows, strict=True))
            return [mean / total for mean in means], count, None
        numbers = range(len(tasks))
        starts = [(rows[k % self.size], width * (k // self.size)) for k in numbers]
        return [loss for row, start in starts for loss in row[start : start + width]], count, None

    def _weight(self) -> float:
        given = self.parallel.weight if isinstance(self.parallel, DataParallel) else 1.0
        return check_number(given(), "weight()") if callable(given) else float(given)

    def agree(self, items: dict[str, Any]) -> None:
        """Check that all ranks have the same.

        Raises:
            ReplicaError: naming the first item that differs.
        """
        heads = self.gather([fingerprint(items), len(items)])
        if all(head == heads[0] for head in heads):
            return
        others = [rank for rank, head in enumerate(heads) if head[1] != heads[0][1]]
        if others:
            raise ReplicaError("number of parameters, moments and options", len(items), others, self.rank)
        columns = zip(*self.gather([fingerprint(item) for item in items.items()]), strict=True)
        for (name, value), column in zip(items.items(), columns, strict=True):
            others = [rank for rank, found in enumerate(column) if found != column[0]]
            if others:
                raise ReplicaError(name, value, others, self.rank)


def evaluate(tasks: Sequence[Task]) -> tuple[list[float], int, Exception | None]:
    """Do tasks up to the first loss that is not finite, or the first error.

    Returns:
        The losses, how many were evaluated, and the error.
    """
    losses: list[float] = []
    try:
        for loss in chain.from_iterable(task() for task in tasks):
            losses.append(loss)
            if not math.isfinite(loss):
                break
    except Exception as error:
        return losses, len(losses), error
    return losses, len(losses), None


def fingerprint(value: object) -> float:
    """Return 52 bits of a hash of a value as it is shown, without addresses of objects."""
    shown = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
    return float(int.from_bytes(hashlib.sha256(shown.encode()).digest()[:8], "little") >> 12)


def _named(ranks: list[int]) -> str:
    return ("rank " if len(ranks) == 1 else "ranks ") + ", ".join(map(str, ranks))
