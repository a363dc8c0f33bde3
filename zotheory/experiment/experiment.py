"""An experiment: a typed configuration, a grid of cells, and a function that runs one of them."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from types import MappingProxyType
from typing import Any, Generic, TypeAlias, TypeVar

from zotheory.errors import InvalidArgument
from zotheory.experiment.canonical import plain_cell, spelled
from zotheory.experiment.faults import ExperimentError, choose_from
from zotheory.experiment.seeds import Seed
from zotheory.experiment.settings import check_fields, plain_config
from zotheory.experiment.table import SEED, Table
from zotheory.validation import check_count

Config = TypeVar("Config")
# A point of the grid: plain values (str, int, float, bool, None) by name.
Cell: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Preset(Generic[Config]):
    """A configuration with a name.

    Args:
        config: the configuration.
        seeds: how many seeds, numbered from 0, a run takes unless told otherwise.
    """

    config: Config
    seeds: int = 1

    def __post_init__(self) -> None:
        check_count(self.seeds, "seeds")


@dataclass(frozen=True)
class Experiment(Generic[Config]):
    """An experiment, as a folder of `experiments/` defines it in a variable `EXPERIMENT`.

    The configuration is a frozen dataclass that documents its fields and checks their ranges in
    `__post_init__`. Its fields are int, float, bool, str, a `Literal` of these, None, or tuples of them, so
    that the command line can set them; all of them name the results, so that those of different
    configurations never mix.

    Args:
        title: what is measured, in one line.
        presets: configurations by name, "quick" (under a minute on two cores) among them.
        cells: the grid of a configuration: mappings of plain values, all with the same keys.
        run: (config, cell, seed) -> `Table`, a function of these alone: randomness comes from the streams
            of `seed`. It is sent to worker processes together with the modules beside it, which are
            therefore imported at the top of the file.
        version: raise it when `run` changes what it measures: older results then no longer count.
        source: what is replicated, for example an arXiv number and a figure.
        packages: installed names of packages whose versions matter besides numpy and scipy.
        ready: called with the configuration before the first cell of a local run starts: raises what every
            cell would, such as that a file is not here.

    Raises:
        InvalidArgument: a field of the configuration that the command line cannot set, no preset "quick",
            or presets of different classes.
    """

    title: str
    presets: Mapping[str, Preset[Config]]
    cells: Callable[[Config], Sequence[Cell]]
    run: Callable[[Config, Cell, Seed], Table]
    version: int = 1
    source: str = ""
    packages: Sequence[str] = ()
    ready: Callable[[Config], object] | None = None
    # Set when it is loaded: the name of its folder with "-" for "_", that folder, and a digest of its code.
    name: str = field(default="", kw_only=True)
    folder: str = field(default="", kw_only=True)
    code: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        check_count(self.version, "version")
        if "quick" not in self.presets:
            raise InvalidArgument("presets", list(self.presets), "give a preset named quick")
        for name, preset in self.presets.items():
            kind = type(preset.config)
            if not is_dataclass(kind) or not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
                raise InvalidArgument("presets", name, "its config must be a frozen dataclass")
            if kind is not self.config_class:
                raise InvalidArgument("presets", name, f"its config must be a {self.config_class.__name__}")
        check_fields(self.config_class)
        object.__setattr__(self, "presets", MappingProxyType(dict(self.presets)))

    @property
    def config_class(self) -> type[Config]:
        """The class of its configurations."""
        return type(self.presets["quick"].config)

    @property
    def description(self) -> str:
        """The documentation of its configuration: every field, with its range."""
        return inspect.getdoc(self.config_class) or ""

    def preset(self, name: str) -> Preset[Config]:
        """Return a preset.

        Raises:
            InvalidArgument: there is none of this name; the message offers the nearest ones.
        """
        if name not in self.presets:
            of = f"{self.name}: " if self.name else ""  # none where it is not loaded by its name
            raise InvalidArgument("preset", name, f"{of}{choose_from(name, self.presets)}")
        return self.presets[name]

    def plain(self, config: Config) -> dict[str, Any]:
        """Return a configuration as plain values, equal for equal configurations.

        Raises:
            InvalidArgument: not one of this experiment's, or a value of the wrong type.
        """
        if type(config) is not self.config_class:
            raise InvalidArgument(
                "config", config, f"give a {self.config_class.__name__}, or a preset's name"
            )
        return plain_config(config)

    def grid(self, config: Config) -> list[dict[str, Any]]:
        """Return the cells of a configuration as plain values.

        Raises:
            ExperimentError: no cells, the same one twice, different keys, or values that are not plain.
        """
        cells = [plain_cell(cell) for cell in self.cells(config)]
        if not cells:
            raise ExperimentError(f"{self.name}: no cells at {config}: the grid must not be empty")
        if any(cell.keys() != cells[0].keys() for cell in cells) or SEED in cells[0]:
            raise ExperimentError(f"{self.name}: all cells need the same keys, {SEED!r} not among them")
        spellings = [spelled(cell) for cell in cells]
        if len(set(spellings)) < len(spellings):
            twice = next(text for text in spellings if spellings.count(text) > 1)
            raise ExperimentError(f"{self.name}: the cell {twice} is in the grid twice: leave one out")
        return cells

    def named(self, name: str, folder: str, code: str) -> "Experiment[Config]":
        """Return the experiment with its name, its folder and the digest of its code."""
        return replace(self, name=name, folder=folder, code=code)
