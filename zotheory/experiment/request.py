"""What is asked for: an experiment, a configuration, a number of seeds; and the command that runs it."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from zotheory.errors import InvalidArgument
from zotheory.experiment.canonical import cell_key, configuration_key
from zotheory.experiment.experiment import Experiment
from zotheory.experiment.files import DEFAULT_STORE
from zotheory.experiment.settings import written
from zotheory.validation import check_count

Config = TypeVar("Config")
# Every cell at every seed has an entry in the plan of a run and in a manifest: more would fill the memory.
MOST_SEEDS = 10_000


@dataclass(frozen=True)
class Request(Generic[Config]):
    """Cells to run or to read; see `Request.of`.

    Attributes:
        experiment: which.
        config: its configuration.
        seeds: how many, numbered from 0.
        preset: name of the preset that is nearest to the configuration.
        plain: the configuration as plain values.
        configuration: its key.
    """

    experiment: Experiment[Config]
    config: Config
    seeds: int
    preset: str
    plain: dict[str, Any]
    configuration: str

    @classmethod
    def of(
        cls, experiment: Experiment[Config], config: Config | str, seeds: int | None = None
    ) -> "Request[Config]":
        """Return the request for a configuration or the name of a preset.

        Args:
            experiment: which.
            config: the configuration, or the preset.
            seeds: how many; by default as many as the preset, or the one nearest to the configuration, has.

        Raises:
            InvalidArgument: an experiment that was imported, not loaded; an unknown preset; a configuration
                of another experiment; seeds below 1 or above 10000.
        """
        if not experiment.name:
            raise InvalidArgument("experiment", experiment.title, "take it from zotheory.experiment.load")
        chosen = experiment.preset(config).config if isinstance(config, str) else config
        plain = experiment.plain(chosen)
        if isinstance(config, str):
            preset = config
        else:
            preset = min(experiment.presets, key=lambda name: len(_changes(experiment, name, plain)))
        number = check_count(experiment.presets[preset].seeds if seeds is None else seeds, "seeds")
        if number > MOST_SEEDS:
            remedy = (
                f"give at most {MOST_SEEDS}; for more samples a cell raise a count in the configuration"
            )
            raise InvalidArgument("seeds", number, remedy)
        key = configuration_key(experiment.name, experiment.version, plain)
        return cls(experiment, chosen, number, preset, plain, key)

    def tasks(self) -> list[tuple[str, dict[str, Any], int]]:
        """Return (key, cell, seed) of every cell: the first seed of all cells first."""
        grid = self.experiment.grid(self.config)
        return [
            (cell_key(self.configuration, cell, seed), cell, seed)
            for seed in range(self.seeds)
            for cell in grid
        ]

    def keys(self) -> list[str]:
        """Return the key of every cell, in the order in which results are read: cell by cell."""
        grid = self.experiment.grid(self.config)
        return [cell_key(self.configuration, cell, seed) for cell in grid for seed in range(self.seeds)]

    def command(self, store: Path | None = None, **options: object) -> str:
        """Return the command that runs it, with further options where they are not None."""
        words = ["zotheory", "experiment", "run", self.experiment.name, "--preset", self.preset]
        for name, value in _changes(self.experiment, self.preset, self.plain).items():
            words += ["--set", f"{name}={written(value)}"]
        words += ["--seeds", str(self.seeds)]
        if store is not None and store != DEFAULT_STORE:
            words += ["--store", str(store)]
        for name, value in options.items():
            words += [f"--{name}", str(value)] if value is not None else []
        return shlex.join(words)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 seed", "3 seeds"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _changes(experiment: Experiment[Any], preset: str, plain: dict[str, Any]) -> dict[str, Any]:
    usual = experiment.plain(experiment.presets[preset].config)
    return {name: value for name, value in plain.items() if value != usual[name]}
