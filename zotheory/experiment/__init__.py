"""Experiments: grids of (configuration, seed) cells, run in parallel, each kept once in a store.

An experiment is a folder of `experiments/` whose `__init__.py` defines `EXPERIMENT = Experiment(...)`;
`zotheory experiment run NAME` runs it. `Store("results").read(EXPERIMENT)` gives its results to figures
and claims.
"""

from zotheory.experiment.experiment import Cell, Experiment, Preset
from zotheory.experiment.faults import ExperimentError, MissingResults, ScheduleError, StoreError
from zotheory.experiment.seeds import Seed
from zotheory.experiment.table import Table

__all__ = [
    "Cell",
    "Experiment",
    "ExperimentError",
    "MissingResults",
    "Preset",
    "ScheduleError",
    "Seed",
    "StoreError",
    "Table",
]
