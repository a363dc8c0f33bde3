"""Fine-tuning of language models as classifiers of sentences, with forward passes only."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from experiments._classifiers import check_subset, has_blocks
from experiments._fine_tuning import Log, Make, Plan, Score, check_share
from experiments._package_files import cache_folder
from experiments._tuning import Tuned
from experiments.language_model.methods import BLOCKS, PUBLISHED, SWITCHES, check_method, maker
from experiments.language_model.task import Request, Task, digest, prepared, read, stamp, tuned
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.validation import check_count

METHODS = (
    "zo-sgd/gaussian",
    "zo-sgd/sphere",
    "zo-sgd/rademacher",
    "mezo/gaussian",
    "dap/sphere",
    "dap-published/sphere",
    "guided/sphere",
    "zo-adamm/sphere",
    "r-adazo/sphere",
    "adamw",
)
BLOCK_METHODS = ("mezo-bcd-cyclic/gaussian", "mezo-bcd-importance/gaussian")


@dataclass(frozen=True)
class Config:
    """Pretrained models, sentences with two classes, what is tuned, and the methods compared.

    Attributes:
        tasks: MODEL/SUBSET; MODEL: smollm2-135m, opt-tiny, a name on the hub or a folder; SUBSET: full,
            norms, final-norm, verbalizers, head, last-K, prompt or lora.
        data: movie-snippets (for opt-tiny those that it was not trained on), movie-snippets-N,
            stanfordnlp/sst2 or a folder, see `load_data`.
        prompt: it-was, review, quoted-review or sentiment-is.
        methods: METHOD/LAW; published/gaussian, .../uniform, .../rademacher, .../dap; adamw. Block descent
            is run on the tasks that tune more than one block.
        corrected: of the published methods: delta, one-probe, passes, dead-branch; none of them: none.
        train: sentences to train on, even.
        dev: sentences to tune and stop by, even.
        test: sentences to score the end with, even; 0: all there are.
        batch: sentences a step.
        micro: sentences at a time, at most the batch.
        queries: perturbations a step, at least 1; methods with two stages take at least 2, MeZO and its
            block descent always 1.
        difference: forward or central.
        mu: smoothing distance, above 0.
        passes: forward passes of a batch in a run, one number a task or one for all; 3 are a step of adamw.
        records: how often a run is looked at.
        lr: learning rate, one a task or one for all; where it is tuned, the middle of the first grid.
        tuning_passes: of each tuning run, one a task or one for all; 0 takes lr as it is.
        tuning_seeds: tuning runs at each learning rate, of which the median counts.
        tuning_ratio: of neighbours on the grid, which grows until the best is inside.
        probes: of the published DAP where one-probe is corrected.
        patience: records without progress before a run ends; 0: never.
        dtype: float32, bfloat16 or float16.
        device: cpu or cuda.
    """

    tasks: tuple[str, ...] = ("smollm2-135m/final-norm",)
    data: str = "movie-snippets"
    prompt: Literal["it-was", "review", "quoted-review", "sentiment-is"] = "it-was"
    methods: tuple[str, ...] = METHODS
    corrected: tuple[Literal["none", "delta", "one-probe", "passes", "dead-branch"], ...] = ("none",)
    train: int = 1000
    dev: int = 500
    test: int = 0
    batch: int = 16
    micro: int = 16
    queries: int = 1
    difference: Literal["forward", "central"] = "central"
    mu: float = 1e-3
    passes: tuple[int, ...] = (8000,)
    records: int = 10
    lr: tuple[float, ...] = (1e-2,)
    tuning_passes: tuple[int, ...] = (2000,)
    tuning_seeds: int = 1
    tuning_ratio: float = 4.0
    probes: int = 8
    patience: int = 0
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name in ("train", "dev", "batch", "micro", "queries", "records", "probes", "tuning_seeds"):
            check_count(getattr(self, name), name)
        for name in ("tasks", "methods"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise InvalidArgument(name, values, "give at least one, each once")
        for task in self.tasks:
            model, _, subset = task.rpartition("/")
            if not model:
                raise InvalidArgument("tasks", task, "give MODEL/SUBSET, such as opt-tiny/full")
            check_subset(subset)
        for method in self.methods:
            check_method(method)
            if all(method not in self.of_task(task) for task in self.tasks):
                remedy = f"{', '.join(self.tasks)} tune one block: leave it out, or tune more"
                raise InvalidArgument("methods", method, remedy)
        if "none" in self.corrected and len(self.corrected) > 1:
            raise InvalidArgument("corrected", self.corrected, "give none alone, or the others without it")
        for name, least, remedy in (
            ("passes", 1, "give numbers from 1 on"),
            ("lr", 1e-300, "give numbers above 0"),
            ("tuning_passes", 0, "give numbers from 0 on"),
        ):
            values = getattr(self, name)
            if len(values) not in (1, len(self.tasks)):
                raise InvalidArgument(
                    name, values, f"give one, or one for each of the {len(self.tasks)} in tasks"
                )
            if not all(least <= value < math.inf for value in values):
                raise InvalidArgument(name, values, remedy)
        for name in ("patience", "test"):
            if getattr(self, name) < 0:
                raise InvalidArgument(name, getattr(self, name), "give 0 or more")
        if not 1 < self.tuning_ratio < math.inf:
            raise InvalidArgument("tuning_ratio", self.tuning_ratio, "give a number above 1")
        if not 0 < self.mu < math.inf:
            raise InvalidArgument("mu", self.mu, "give a number above 0")
        if self.batch > self.train:
            raise InvalidArgument("batch", self.batch, f"train = {self.train}: give at most that")

    def of(self, task: str, name: Literal["passes", "lr", "tuning_passes"]) -> Any:
        """Return a task's own number."""
        values = getattr(self, name)
        return values[self.tasks.index(task) % len(values)]

    def of_task(self, task: str) -> list[str]:
        """Return the methods that are run on a task."""
        several = has_blocks(task.rpartition("/")[2])
        return [method for method in self.methods if several or not method.startswith(BLOCKS)]

    def request(self, task: str) -> Request:
        """Return what a task is made of."""
        model, _, subset = task.rpartition("/")
        sizes = self.train, self.dev, self.test
        return Request(model, subset, self.data, self.prompt, *sizes, self.dtype, self.device)

    def plan(self, passes: int, seed: int, method: str) -> Plan:
        """Return how a run goes."""
        if method == "published/dap" and "passes" not in self.corrected:
            # Equal steps, as published, are more passes for a law that takes more of them a step.
            passes = passes * (2 + (self.probes if "one-probe" in self.corrected else 1)) // 2
        micro = min(self.micro, self.batch)
        return Plan(passes, self.records, self.batch, micro, seed, self.patience)

    def maker(self, method: str, lr: float, seed: int, **options: Any) -> Make:
        """Return what makes a run's optimizer."""
        queries = self.queries
        if method.startswith(("dap/", "dap-published/")):
            queries = max(queries, 2)
        elif method.startswith("mezo"):
            queries = 1
        return maker(
            method,
            lr,
            mu=self.mu,
            queries=queries,
            difference=self.difference,
            seed=seed,
            corrected=self.corrected,
            probes=self.probes,
            **options,
        )


def cells(config: Config) -> list[Cell]:
    """Return a cell for each task and method."""
    return [{"task": task, "method": method} for task in config.tasks for method in config.of_task(task)]


def ready(config: Config) -> None:
    """Check that models and sentences are here and fit each other."""
    for request in dict.fromkeys(config.request(task) for task in config.tasks):
        read(request)


def rate(config: Config, task: Task, name: str, method: str) -> Tuned:
    """Return the learning rate of a method on a task, tuned if the configuration says so."""
    lr, passes = config.of(name, "lr"), config.of(name, "tuning_passes")
    if not passes:
        return Tuned(lr, False, 0, ())
    short = replace(config, records=4, patience=0)

    def run(lr: float, seed: int) -> Log:
        return task.trained(short.maker(method, lr, seed), short.plan(passes, seed, method))[0]

    others = dict.fromkeys(
        ("tasks", "methods", "passes", "lr", "tuning_passes", "records", "patience", "test")
    )
    ratio = config.tuning_ratio
    contents = {key: value for key, value in task.contents.items() if key != "test sentences"}
    told = [asdict(config) | others, name, method, passes, contents]
    return tuned(told, run, [lr / ratio, lr, lr * ratio], config.tuning_seeds)


# Cells of one task come one after another: its model and sentences are read once, unless files changed.
@lru_cache(maxsize=1)
def _prepared(request: Request, _stamps: tuple[Any, ...]) -> Task:
    return prepared(request)


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Tune a learning rate, fine-tune, and score on the test part.

    The run is kept as it goes among the user's caches, and goes on from there if it was killed.

    Columns, a row for each record:
        passes, steps, seconds, cpu_seconds, memory, tokens, loss, slope, alignment, dev_loss, dev_accuracy,
            dev_calibrated: as `Log`; passes are forward passes of a batch.
        energies: of the blocks, a list in JSON, for block descent.
        lr, at_edge, tuning_passes: as tuned; the latter of all tuning runs together.
        best: whether the parameters of this record are those that are tested.
        diverged: whether the run was.
        test_loss, test_accuracy, test_calibrated, test_positive: as `Score`, of the best record.
        start_loss, start_accuracy, start_calibrated, start_positive: before any step.
    """
    name, method = cell["task"], cell["method"]
    request = config.request(name)
    task = _prepared(request, (stamp(request.model), stamp(request.data)))
    found = rate(config, task, name, method)
    key = digest([asdict(config), dict(cell), seed.index, task.contents])
    plan = config.plan(config.of(name, "passes"), seed.index, method)
    make, checkpoint = (
        config.maker(method, found.lr, seed.index),
        cache_folder() / "checkpoints" / f"{key}.pt",
    )
    log, test = task.trained(make, plan, checkpoint, told={"method": method})
    columns: dict[str, Any] = {key: [row[key] for row in log.rows] for key in log.rows[0]}
    columns |= {"energies": [json.dumps(e) for e in log.energies], "diverged": log.diverged}
    columns |= {"lr": found.lr, "at_edge": found.at_edge, "tuning_passes": found.spent_queries}
    columns["best"] = [n == log.best for n in range(len(log.rows))]
    columns |= _named("test", test) | _named("start", task.start_score())
    return Table(columns, queries=int(log.rows[-1]["passes"]) + found.spent_queries)


def _named(what: str, score: Score) -> dict[str, float]:
    return {f"{what}_{key}": value for key, value in asdict(score).items()}


def first_alone(config: Config, method: str) -> Config:
    """Return the configuration with its first task and one method alone.

    Raises:
        InvalidArgument: an unknown method, or one that is not run on this task.
    """
    name = config.tasks[0]
    own = {key: (config.of(name, key),) for key in ("passes", "lr", "tuning_passes")}
    return replace(config, tasks=(name,), methods=(method,), **own)


def one_run(
    config: Config,
    method: str,
    seed: int,
    checkpoint: Path | None = None,
    share: tuple[int, int] = (0, 1),
    tell: Callable[[Log], None] | None = None,
    leave: bool = False,
    **options: Any,
) -> tuple[Log, Score, Score]:
    """Return how a run of the first task went, without tuning, and its test scores after and before it.

    Args:
        config: what is tuned, and how; of its tasks the first one.
        method: as in `Config.methods`.
        seed: of the order of sentences and of the perturbations.
        checkpoint: file from which a killed run goes on, see `fine_tune`.
        share: (rank, ranks), see `fine_tune`.
        tell: called with the log at each record, see `fine_tune`.
        leave: whether the checkpoint is left at the end.
        **options: of the optimizer.

    Raises:
        InvalidArgument: as the parts do; also a checkpoint of another run.
        NotAvailable: a model or data set that is not here.
    """
    config = first_alone(config, method)
    (name,), (lr,), (passes,) = config.tasks, config.lr, config.passes
    check_share(config.batch, share)
    make, plan = config.maker(method, lr, seed, **options), config.plan(passes, seed, method)
    task = prepared(config.request(name))
    told = {"method": method, **options}
    log, test = task.trained(make, plan, checkpoint, share, told, tell=tell, leave=leave)
    return log, test, task.start_score()


_QUICK = Config(
    tasks=("opt-tiny/final-norm", "opt-tiny/last-1"),
    methods=("zo-sgd/sphere", "guided/sphere", "adamw"),
    train=200,
    dev=100,
    passes=(400, 100),
    records=4,
    lr=(1e-2, 1e-3),
    tuning_passes=(0,),
)
# Two perturbations a step, as two stages need them. Tuned at the length of the runs, at learning rates of
# ratio 2, by the worse of two runs each.
_EVIDENCE = Config(
    tasks=("smollm2-135m/final-norm", "smollm2-135m/verbalizers"),
    queries=2,
    passes=(4000,),
    lr=(2e-2, 5e-4),
    tuning_passes=(4000,),
    tuning_seeds=2,
    tuning_ratio=2.0,
)
# Half a minute on one thread, at the better of two rates in a run of another seed, on the development part.
_LONG = Config(
    tasks=("smollm2-135m/head",),
    methods=("zo-sgd/rademacher",),
    passes=(40000,),
    lr=(1e-4,),
    tuning_passes=(0,),
)
# What derivatives reach there, at their best rate.
_LONG_REFERENCE = replace(_LONG, methods=("adamw",), tuning_passes=(40000,), tuning_seeds=2)
# 1.57 million parameters, 10 to 30 ms a pass of eight sentences, asked by a prompt that the model was not
# trained on: one tuning run at learning rates of ratio 4, as long as the others (shorter ones end before a
# rate that is too large shows).
_FULL = replace(
    _EVIDENCE,
    tasks=("opt-tiny/full",),
    prompt="review",
    methods=METHODS + BLOCK_METHODS,
    dev=200,
    test=500,
    batch=8,
    passes=(160,),
    records=4,
    lr=(1e-3,),
    tuning_passes=(160,),
    tuning_seeds=1,
    tuning_ratio=4.0,
)
# One block of 3.54 million parameters, from what it is given: 20 to 60 ms a pass of four sentences.
_BLOCK = replace(
    _FULL,
    tasks=("smollm2-135m/last-1",),
    prompt="it-was",
    methods=METHODS,
    train=256,
    dev=100,
    test=200,
    batch=4,
    passes=(100,),
    tuning_passes=(100,),
    lr=(1e-3,),
)
# 135 million parameters take 2.5 to 3.5 ms a token: few sentences, few steps.
_NORMS = replace(
    _BLOCK,
    tasks=("smollm2-135m/norms",),
    methods=METHODS + BLOCK_METHODS,
    dev=16,
    test=64,
    batch=2,
    passes=(120,),
    tuning_passes=(120,),
)
# One rate for all: laws of nearly one second moment should be tuned alike, and one run a rate does not.
_NORMS_SAME = replace(_NORMS, methods=METHODS[:7], lr=(2.5e-4,), tuning_passes=(0,))
_VIRTUAL = replace(_NORMS, tasks=("smollm2-135m/prompt",), methods=METHODS, lr=(0.4,))
_PUBLISHED = Config(
    tasks=("smollm2-135m/verbalizers",),
    methods=PUBLISHED,
    difference="forward",
    passes=(4000,),
    lr=(1e-4,),
    tuning_passes=(0,),
)
_CORRECTED = replace(
    _PUBLISHED, corrected=SWITCHES, tuning_passes=(4000,), tuning_seeds=2, tuning_ratio=2.0
)
# delta = rows is 10 here; with delta = 1 and ten times the learning rate fixed lengths take the same steps.
_PROMPT = replace(
    _PUBLISHED,
    tasks=("opt-tiny/prompt",),
    methods=("published/gaussian", "published/uniform", "published/dap"),
    dev=200,
    test=500,
    passes=(200,),
    records=4,
    lr=(0.1,),
)
_PROMPT_DELTA = replace(_PROMPT, corrected=("delta",), lr=(1.0,))
_PROMPT_REFERENCE = replace(_PROMPT, methods=("adamw",), tuning_passes=(200,))
_PAPER = Config(
    tasks=("facebook/opt-1.3b/prompt",),
    data="stanfordnlp/sst2",
    methods=PUBLISHED,
    difference="forward",
    mu=1e-5,
    passes=(40000,),
    records=40,
    lr=(1e-4,),
    tuning_passes=(0,),
    device="cuda",
)
# What derivatives reach on the same split, tuned.
_PAPER_REFERENCE = replace(_PAPER, methods=("adamw",), lr=(1e-3,), tuning_passes=(2000,))
EXPERIMENT = Experiment(
    title="fine-tuning of language models as classifiers, with forward passes only",
    presets={
        "quick": Preset(_QUICK, seeds=1),
        "evidence": Preset(_EVIDENCE, seeds=16),
        "evidence-long": Preset(_LONG, seeds=8),
        "evidence-long-reference": Preset(_LONG_REFERENCE, seeds=8),
        "evidence-full": Preset(_FULL, seeds=5),
        "evidence-block": Preset(_BLOCK, seeds=5),
        "evidence-norms": Preset(_NORMS, seeds=5),
        "evidence-norms-same": Preset(_NORMS_SAME, seeds=5),
        "evidence-prompt": Preset(_VIRTUAL, seeds=5),
        "published": Preset(_PUBLISHED, seeds=16),
        "published-fair": Preset(_CORRECTED, seeds=16),
        "published-prompt": Preset(_PROMPT, seeds=32),
        "published-prompt-delta": Preset(_PROMPT_DELTA, seeds=32),
        "published-prompt-reference": Preset(_PROMPT_REFERENCE, seeds=16),
        "paper-opt-1.3b": Preset(_PAPER, seeds=3),
        "paper-opt-1.3b-fair": Preset(replace(_PAPER, corrected=SWITCHES, tuning_passes=(2000,)), seeds=3),
        "paper-opt-1.3b-reference": Preset(_PAPER_REFERENCE, seeds=3),
    },
    cells=cells,
    run=run,
    source="arXiv 2510.19975, Figure 4; arXiv 2305.17333; both as summarised",
    packages=("torch", "transformers", "peft"),
    ready=ready,
)
