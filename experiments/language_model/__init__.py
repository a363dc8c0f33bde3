"""Fine-tuning of a language model as a classifier of sentences, with forward passes only."""

import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch

from experiments._classifiers import Classifier, classifier
from experiments._fine_tuning import Examples, Log, Plan, Score, fine_tune, score
from experiments._language_models import load_model
from experiments._package_files import cache_folder
from experiments._prompts import PROMPTS, encoded, word_tokens
from experiments._text_data import load_data
from experiments._tuning import Tuned, tune
from experiments.language_model.methods import PUBLISHED, SWITCHES, check_method, maker
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.validation import check_count

METHODS = (
    "zo-sgd/gaussian",
    "zo-sgd/sphere",
    "zo-sgd/rademacher",
    "dap/sphere",
    "dap-published/sphere",
    "guided/sphere",
    "zo-adamm/rademacher",
    "r-adazo/rademacher",
    "adamw",
)
# Seeds of tuning runs are none of those that are reported.
_TUNING_SEED = 1_000_000


@dataclass(frozen=True)
class Config:
    """A pretrained model, sentences with two classes, what is tuned, and the methods compared.

    Attributes:
        model: smollm2-135m, opt-tiny, a name on the hub or a folder.
        data: movie-snippets, movie-snippets-unseen (for opt-tiny), stanfordnlp/sst2 or a folder.
        prompt: it-was or review.
        subset: full, norms, final-norm, verbalizers, head, last-K, prompt or lora.
        methods: METHOD/LAW; published/gaussian, .../uniform, .../rademacher, .../dap; adamw.
        corrected: of the published methods: delta, one-probe, passes, dead-branch; none of them: none.
        train: sentences to train on, even.
        dev: sentences to tune and stop by, even.
        batch: sentences a step.
        micro: sentences at a time, at most the batch.
        queries: perturbations a step, at least 1; methods with two stages take at least 2.
        difference: forward or central.
        mu: smoothing distance, above 0.
        passes: forward passes of a batch in a run; 3 of them are a step of adamw.
        records: how often a run is looked at.
        lr: learning rate; where it is tuned, the middle of the first grid.
        tuning_passes: of each tuning run; 0 takes lr as it is.
        probes: of the published DAP where one-probe is corrected.
        patience: records without progress before a run ends; 0: never.
        dtype: float32, bfloat16 or float16.
        device: cpu or cuda.
    """

    model: str = "smollm2-135m"
    data: str = "movie-snippets"
    prompt: Literal["it-was", "review"] = "it-was"
    subset: str = "final-norm"
    methods: tuple[str, ...] = METHODS
    corrected: tuple[Literal["none", "delta", "one-probe", "passes", "dead-branch"], ...] = ("none",)
    train: int = 1000
    dev: int = 500
    batch: int = 16
    micro: int = 16
    queries: int = 1
    difference: Literal["forward", "central"] = "central"
    mu: float = 1e-3
    passes: int = 8000
    records: int = 10
    lr: float = 1e-2
    tuning_passes: int = 2000
    probes: int = 8
    patience: int = 0
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name in ("train", "dev", "batch", "micro", "queries", "passes", "records", "probes"):
            check_count(getattr(self, name), name)
        for name in ("tuning_passes", "patience"):
            if getattr(self, name) < 0:
                raise InvalidArgument(name, getattr(self, name), "give 0 or more")
        for name in ("mu", "lr"):
            if not 0 < getattr(self, name) < float("inf"):
                raise InvalidArgument(name, getattr(self, name), "give a number above 0")
        if self.batch > self.train:
            raise InvalidArgument("batch", self.batch, f"train = {self.train}: give at most that")
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise InvalidArgument("methods", self.methods, "give at least one, each once")
        for name in self.methods:
            check_method(name)

    @property
    def right(self) -> tuple[str, ...]:
        """The switches of the published comparison that are set right."""
        return tuple(name for name in self.corrected if name != "none")


def cells(config: Config) -> list[Cell]:
    """Return a cell for each method."""
    return [{"method": method} for method in config.methods]


@dataclass(frozen=True, eq=False)
class Task:
    """A classifier's inputs and labels, with the words' tokens."""

    model: Any
    words: list[int]
    train: Examples
    dev: Examples
    test: Examples


def prepared(config: Config, data_seed: int = 0) -> Task:
    """Return the task; the lower layers' output is computed once and kept in the cache.

    Raises:
        InvalidArgument: as the parts do.
        NotAvailable: a model or data set that is not here.
    """
    data = load_data(config.data, train=config.train, dev=config.dev, seed=data_seed)
    model, tokenizer = load_model(config.model, dtype=config.dtype, device=config.device)
    prompt = PROMPTS[config.prompt]
    words = word_tokens(tokenizer, prompt)
    limit = getattr(model.config, "max_position_embeddings", 2**30)
    parts = {"train": data.train, "dev": data.dev, "test": data.test}
    tokens = {name: encoded(tokenizer, prompt, part.texts, limit) for name, part in parts.items()}
    made = classifier(model, words, config.subset)
    inputs = _kept(config, made, tokens, data_seed) if made.first is not None else tokens
    made.release()
    examples = {name: Examples(inputs[name], parts[name].labels) for name in parts}
    return Task(model, words, **examples)


def _kept(
    config: Config, made: Classifier, tokens: dict[str, list[torch.Tensor]], data_seed: int
) -> dict[str, list[torch.Tensor]]:
    told = [config.model, config.data, config.prompt, config.dtype, config.train, config.dev]
    name = hashlib.sha256(json.dumps([*told, data_seed, made.first]).encode()).hexdigest()[:16]
    file = cache_folder() / "features" / f"{name}.pt"
    if file.is_file():
        found = torch.load(file)
        if {part: len(rows) for part, rows in found.items()} == {
            p: len(rows) for p, rows in tokens.items()
        }:
            return found
    found = {part: made.inputs(rows) for part, rows in tokens.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(f".{id(found)}")
    torch.save(found, scratch)
    scratch.replace(file)
    return found


def trained(
    config: Config,
    task: Task,
    method: str,
    lr: float,
    passes: int,
    seed: int,
    checkpoint: Path | None = None,
    share: tuple[int, int] = (0, 1),
    **options: Any,
) -> tuple[Log, Score]:
    """Return how one run went, and its score on the test part; the task's model is left as it was."""
    model = task.model
    made = classifier(model, task.words, config.subset)
    before = [p.detach().clone() for _, p in made.tuned]
    queries = max(config.queries, 2) if method.startswith(("dap/", "dap-published/")) else config.queries
    make = maker(
        method,
        lr,
        mu=config.mu,
        queries=queries,
        difference=config.difference,
        seed=seed,
        corrected=config.right,
        probes=config.probes,
        **options,
    )
    # Equal steps, as published, are more passes for a law that takes three of them a step.
    if method == "published/dap" and "passes" not in config.right:
        passes = passes * (2 + (config.probes if "one-probe" in config.right else 1)) // 2
    plan = Plan(
        passes, config.records, config.batch, min(config.micro, config.batch), seed, config.patience
    )
    try:
        log = fine_tune(made, task.train, task.dev, make, plan, checkpoint=checkpoint, share=share)
        return log, score(made, task.test)
    finally:
        with torch.no_grad():
            for (_, parameter), value in zip(made.tuned, before, strict=True):
                parameter.copy_(value)
        made.release()


def tuned(config: Config, task: Task, method: str) -> Tuned:
    """Return a method's learning rate: the least development loss of a short run.

    It is the same for all seeds, and kept in the cache so that it is found once.
    """
    if not config.tuning_passes:
        return Tuned(config.lr, False, 0, ())
    # What a tuning run does not depend on.
    others = {"methods": None, "passes": None, "records": None, "patience": None}
    told = json.dumps([asdict(config) | others, method], sort_keys=True)
    file = cache_folder() / "tuned" / f"{hashlib.sha256(told.encode()).hexdigest()[:16]}.json"
    if file.is_file():
        lr, at_edge, spent, table = json.loads(file.read_text())
        return Tuned(lr, at_edge, spent, tuple((a, b) for a, b in table))

    def scored(lr: float, seed: int) -> tuple[float, int]:
        log, _ = trained(
            replace(config, records=4, patience=0), task, method, lr, config.tuning_passes, seed
        )
        return log.rows[log.best]["dev_loss"] if not log.diverged else math.inf, int(log.rows[-1]["passes"])

    found = tune(scored, [config.lr / 4, config.lr, config.lr * 4], [_TUNING_SEED])
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(f".{os.getpid()}")
    scratch.write_text(json.dumps([found.lr, found.at_edge, found.spent_queries, found.table]))
    scratch.replace(file)
    return found


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Tune a learning rate, fine-tune, and score on the test part.

    The run is kept as it goes among the user's caches, and goes on from there if it was killed.

    Columns, a row for each record:
        passes, steps, seconds, tokens, loss, slope, alignment, dev_loss, dev_accuracy, dev_calibrated: as
            `Log`; passes are forward passes of a batch.
        energies: of the blocks, a list in JSON, for block descent.
        lr, at_edge, tuning_passes: as tuned.
        best: whether the parameters of this record are those that are tested.
        diverged: whether the run was.
        test_loss, test_accuracy, test_calibrated, test_positive: as `Score`, of the best record.
        start_loss, start_accuracy, start_calibrated: of the model before.
    """
    method = cell["method"]
    task = prepared(config)
    found = tuned(config, task, method)
    told = json.dumps([asdict(config), method, seed.index], sort_keys=True)
    name = hashlib.sha256(told.encode()).hexdigest()[:16]
    checkpoint = cache_folder() / "checkpoints" / f"{name}.pt"
    log, test = trained(config, task, method, found.lr, config.passes, seed.index, checkpoint)
    start = start_score(config, task)
    columns: dict[str, Any] = {key: [row[key] for row in log.rows] for key in log.rows[0]}
    columns |= {"energies": [json.dumps(e) for e in log.energies], "diverged": log.diverged}
    columns |= {"lr": found.lr, "at_edge": found.at_edge, "tuning_passes": found.spent_queries}
    columns["best"] = [n == log.best for n in range(len(log.rows))]
    columns |= {f"test_{key}": value for key, value in asdict(test).items()}
    columns |= {f"start_{key}": value for key, value in asdict(start).items()}
    return Table(columns, queries=int(log.rows[-1]["passes"]) + found.spent_queries)


def start_score(config: Config, task: Task) -> Score:
    """Return the score on the test part before any step."""
    # A new adapter changes nothing; virtual tokens do, and with them the model begins.
    made = classifier(task.model, task.words, config.subset)
    found = score(made, task.test)
    made.release()
    return found


_PAPER = Config(
    model="facebook/opt-1.3b",
    data="stanfordnlp/sst2",
    subset="prompt",
    methods=PUBLISHED,
    queries=1,
    difference="forward",
    mu=1e-5,
    passes=40000,
    records=40,
    lr=1e-4,
    tuning_passes=0,
    device="cuda",
)
EXPERIMENT = Experiment(
    title="fine-tuning of a language model as a classifier, with forward passes only",
    presets={
        "quick": Preset(
            Config(
                model="opt-tiny", data="movie-snippets-unseen", subset="last-1", passes=200, tuning_passes=0
            ),
            seeds=1,
        ),
        "final-norm": Preset(Config(), seeds=5),
        "verbalizers": Preset(Config(subset="verbalizers", lr=1e-3), seeds=5),
        "head": Preset(Config(subset="head", lr=1e-3), seeds=5),
        "paper-opt-1.3b": Preset(_PAPER, seeds=3),
        "paper-opt-1.3b-fair": Preset(replace(_PAPER, corrected=SWITCHES, tuning_passes=2000), seeds=3),
    },
    cells=cells,
    run=run,
    source="arXiv 2510.19975, Figure 4; arXiv 2305.17333; both as summarised",
    packages=("torch", "transformers", "peft"),
)
