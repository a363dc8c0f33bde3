"""Time of a fine-tuning step against its two forward passes."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import threadpoolctl
import torch

from experiments._language_models import load_model, load_tokenizer
from experiments.language_model.methods import check_method, maker
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.rng import stream
from zotheory.validation import check_count

# MeZO with torch.normal from a seed, four passes over the weights in place.
USUAL = "mezo-as-usual"
METHODS = (
    USUAL,
    "mezo/gaussian",
    "mezo/rademacher",
    "mezo-bcd-cyclic/gaussian",
    "mezo-bcd-cyclic/rademacher",
)
MU, LR = 1e-3, 1e-9


@dataclass(frozen=True)
class Config:
    """All parameters of a language model tuned on one batch of random words, float32, on the CPU.

    Attributes:
        model: smollm2-135m, opt-tiny, a name on the hub or a folder.
        methods: mezo-as-usual, or as for language-model.
        batch: sentences of a step.
        length: tokens of each, at least 2.
        steps: timed, at least 2; of block descent one for each block.
        threads: of torch.
    """

    model: str = "smollm2-135m"
    methods: tuple[str, ...] = METHODS
    batch: int = 16
    length: int = 35
    steps: int = 3
    threads: int = 2

    def __post_init__(self) -> None:
        for name in ("batch", "threads"):
            check_count(getattr(self, name), name)
        for name in ("length", "steps"):
            if check_count(getattr(self, name), name) < 2:
                raise InvalidArgument(name, getattr(self, name), "give at least 2")
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise InvalidArgument("methods", self.methods, "give at least one, each once")
        for method in self.methods:
            if method != USUAL:
                check_method(method)


def cells(config: Config) -> list[Cell]:
    """Return a cell for each method."""
    return [{"method": method} for method in config.methods]


def ready(config: Config) -> None:
    """Check that the model is here and takes sentences of this length."""
    _, limit = load_tokenizer(config.model)
    if config.length > limit:
        remedy = f"{config.model} takes {limit} tokens: give at most that"
        raise InvalidArgument("length", config.length, remedy)


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Time a method; steps in which buffers are made and reuse is checked come first and do not count.

    Columns, a row for each timed step:
        step: its number.
        blocks: of block descent, else 1.
        seconds, cpu_seconds: of the step; the latter of all threads of this process.
        forward_seconds, forward_cpu_seconds: of two forward passes just before; NaN for most steps of block
            descent where it takes more than ``steps``.
    """
    before = torch.get_num_threads()
    with threadpoolctl.threadpool_limits(limits=config.threads):
        torch.set_num_threads(config.threads)
        try:
            return _timed(config, cell["method"], seed.index)
        finally:
            torch.set_num_threads(before)


def _timed(config: Config, method: str, seed: int) -> Table:
    model, _ = load_model(config.model)
    rng = stream(seed, "step-time")
    size = config.batch, config.length
    tokens = torch.as_tensor(rng.integers(10, model.config.vocab_size, size))
    words = torch.as_tensor(rng.choice(model.config.vocab_size, 2, replace=False))
    labels = torch.as_tensor(rng.integers(0, 2, config.batch))
    model.requires_grad_(True)

    def closure() -> torch.Tensor:
        found = model(input_ids=tokens, logits_to_keep=1, use_cache=False).logits[:, -1, words]
        return torch.nn.functional.cross_entropy(found, labels)

    step, blocks = stepping(model, method, closure, seed)
    for _ in range(2 * blocks if blocks > 1 else 2):
        step()
    rows: list[dict[str, float]] = []
    every = max(blocks // config.steps, 1)
    for number in range(max(config.steps, blocks)):
        two = (math.nan, math.nan) if number % every else seconds(lambda: forwards(closure))
        one = seconds(step)
        row = {"step": number, "blocks": blocks, "seconds": one[0], "cpu_seconds": one[1]}
        rows.append(row | {"forward_seconds": two[0], "forward_cpu_seconds": two[1]})
    return Table({name: [row[name] for row in rows] for name in rows[0]}, queries=0)


def seconds(call: Callable[[], Any]) -> tuple[float, float]:
    """Return how long a call takes, and how much of the processors' time."""
    start, busy = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start, time.process_time() - busy


@torch.no_grad()
def forwards(closure: Callable[[], torch.Tensor]) -> None:
    """Take two forward passes."""
    closure()
    closure()


def stepping(
    model: Any, method: str, closure: Callable[[], torch.Tensor], seed: int
) -> tuple[Callable[[], Any], int]:
    """Return what takes a step, and the number of blocks that steps go through."""
    if method == USUAL:
        return as_usual(list(model.parameters()), closure), 1
    make = maker(
        method, LR, mu=MU, queries=2 if method.startswith("dap") else 1, difference="central", seed=seed
    )
    optimizer: Any = make(list(model.named_parameters()), model)
    if method != "adamw":
        return lambda: optimizer.step(closure), len(getattr(optimizer, "blocks", [0]))

    def first_order() -> None:
        optimizer.zero_grad()
        closure().backward()
        optimizer.step()

    return first_order, 1


def as_usual(
    parameters: list[torch.Tensor], closure: Callable[[], torch.Tensor], lr: float = LR
) -> Callable[[], None]:
    """Return MeZO's step as it is usually written: the same normal numbers made four times from a seed."""
    count = iter(range(10**9))

    @torch.no_grad()
    def step() -> None:
        seed = next(count)

        def shift(scale: float) -> None:
            generator = torch.Generator().manual_seed(seed)
            for p in parameters:
                p.add_(torch.normal(0.0, 1.0, p.shape, generator=generator), alpha=scale)

        shift(MU)
        ahead = float(closure())
        shift(-2 * MU)
        slope = (ahead - float(closure())) / (2 * MU)
        shift(MU)
        shift(-lr * slope)

    return step


EXPERIMENT = Experiment(
    title="time of fine-tuning steps against two forward passes",
    presets={
        "quick": Preset(Config("opt-tiny", steps=8, threads=1), seeds=12),
        "evidence": Preset(Config(), seeds=1),
    },
    cells=cells,
    run=run,
    source="arXiv 2501.19099 and 2305.17333, as summarised",
    packages=("torch", "transformers"),
    ready=ready,
)
