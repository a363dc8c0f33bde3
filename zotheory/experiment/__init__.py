"""Experiments: grids of (configuration, seed) cells, run in parallel, each kept once in a store.

An experiment is a folder of `experiments/` whose `__init__.py` defines `EXPERIMENT = Experiment(...)`, and
`zotheory experiment run NAME` runs it. Figures and claims read what it measured:

    from zotheory.experiment import Store, load

    results = Store("results").read(load("smoothing"), "quick")
    results["total"], results.where(format="float32")["mu"]
"""

from zotheory.experiment.discovery import find, load
from zotheory.experiment.experiment import Cell, Experiment, Preset
from zotheory.experiment.faults import ExperimentError, MissingResults, ScheduleError, StoreError
from zotheory.experiment.recorded import recorded
from zotheory.experiment.results import Results
from zotheory.experiment.runner import Report, run
from zotheory.experiment.seeds import Seed
from zotheory.experiment.store import Store
from zotheory.experiment.table import Table

__all__ = [
    "Cell",
    "Experiment",
    "ExperimentError",
    "MissingResults",
    "Preset",
    "Report",
    "Results",
    "ScheduleError",
    "Seed",
    "Store",
    "StoreError",
    "Table",
    "find",
    "load",
    "recorded",
    "run",
]
