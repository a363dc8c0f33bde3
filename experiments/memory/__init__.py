"""Memory of fine-tuning steps: forward passes only, with gradients, and of inference alone."""

from dataclasses import dataclass

from experiments._language_models import load_tokenizer
from experiments.language_model.methods import check_method
from experiments.memory.probe import INFERENCE, OWN, SGD, measured
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.validation import check_count

METHODS = (
    INFERENCE,
    "zo-sgd/rademacher",
    "dap/sphere",
    "mezo-bcd-cyclic/rademacher",
    "guided/sphere",
    "zo-adamm/rademacher",
    "r-adazo/rademacher",
    SGD,
    "adamw",
)


@dataclass(frozen=True)
class Config:
    """All parameters of a language model tuned on one batch, float32, on the CPU.

    Attributes:
        models: smollm2-135m, opt-tiny, a name on the hub or a folder.
        methods: inference, sgd, adamw, or METHOD/LAW as for language-model.
        batch: sentences of a step.
        length: tokens of each, at least 2.
        steps: in a process, at least 2: the first of an optimizer is unlike the others; block descent goes
            on until its largest block has had a turn.
    """

    models: tuple[str, ...] = ("smollm2-135m",)
    methods: tuple[str, ...] = METHODS
    batch: int = 16
    length: int = 35
    steps: int = 2

    def __post_init__(self) -> None:
        check_count(self.batch, "batch")
        for name in ("length", "steps"):
            if check_count(getattr(self, name), name) < 2:
                raise InvalidArgument(name, getattr(self, name), "give at least 2")
        for name in ("models", "methods"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise InvalidArgument(name, values, "give at least one, each once")
        for method in self.methods:
            if method not in OWN:
                check_method(method)


def cells(config: Config) -> list[Cell]:
    """Return a cell for each model and method."""
    return [{"model": model, "method": method} for model in config.models for method in config.methods]


def ready(config: Config) -> None:
    """Check that the models are here and take sentences of this length."""
    for model in config.models:
        _, limit = load_tokenizer(model)
        if config.length > limit:
            raise InvalidArgument(
                "length", config.length, f"{model} takes {limit} tokens: give at most that"
            )


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Measure a method in a process of its own.

    Columns, one row, in kB: weights, resident_peak, allocated_peak, as `probe.watched`.
    """
    model, method = cell["model"], cell["method"]
    found = measured(model, method, config.batch, config.length, config.steps, seed.index)
    return Table({name: [value] for name, value in found.items()}, queries=0)


EXPERIMENT = Experiment(
    title="memory of fine-tuning steps against that of inference",
    presets={
        "quick": Preset(Config(models=("opt-tiny",)), seeds=1),
        "evidence": Preset(Config(), seeds=3),
    },
    cells=cells,
    run=run,
    source="arXiv 2305.17333, as summarised",
    packages=("torch", "transformers"),
    ready=ready,
)
