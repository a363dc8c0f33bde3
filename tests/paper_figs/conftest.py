"""A store with a tiny configuration of every experiment that a figure shows."""

import functools
import os
from pathlib import Path

import pytest

from tests.experiments.toy_language import save_opt, sentences, write_data
from zotheory.experiment import Store, load, run
from zotheory.experiment.settings import configured
from zotheory.plotting.paper import Source, best_source, find_figures, load_figure
from zotheory.plotting.paper.drawing import draw
from zotheory.plotting.paper.pages import PAGES

ROOT = Path(__file__).parents[2]
FIGURES, EXPERIMENTS = ROOT / "paper_figs", ROOT / "experiments"
# What makes the quick preset of each experiment tiny, and how many seeds.
TINY: dict[str, tuple[list[str], int]] = {
    "smoothing": (["dim=3", "mus_per_decade=2", "smallest_mu=1e-6"], 2),
    "law-geometry": (
        [
            "dim=4",
            "batch=2",
            "block_size=2",
            "samples=30",
            "trials=40",
            "gradients=sparse,dense",
            "laws=dap-exact,gaussian,frame",
            "methods=dap-exact,gaussian,importance",
        ],
        2,
    ),
    "estimation-error": (
        [
            "quadratic_dim=4",
            "product_dim=4",
            "batches=2,4",
            "mus=0,",
            "trials=40",
            "functions=indefinite,product",
            "methods=sphere,gaussian,frame,dap-two-stage,dap-exact,importance",
        ],
        2,
    ),
    "batch-split": (
        ["dim=4", "splits=25,50", "batches=4,8", "trials=40", "functions=indefinite,", "probes=sphere,"],
        2,
    ),
    "dense-vs-sparse": (
        ["dims=8,", "large_dim=0", "supports=2,0", "decays=1,", "budgets=4,", "most_trials=60"],
        2,
    ),
    "alignment-stress": (["dims=3,", "angles=0,60", "signals=0,0.5", "beliefs=0.3,", "trials=100"], 2),
    "replication-audit": (
        [
            "problems=quadratic,matrix",
            "points=2",
            "quadratic_dim=4",
            "batch=4",
            "trials=40",
            "rows=3",
            "columns=4",
            "matrix_steps=10",
        ],
        3,
    ),
    "sgd-synthetic": (
        [
            "problems=flat,",
            "dim=4",
            "batch=2",
            "blocks=2",
            "steps=4",
            "trials=2",
            "tuning_trials=1",
            "grid=2",
            "points=3",
        ],
        2,
    ),
    "adaptive-synthetic": (
        [
            "functions=quadratic,",
            "law_method=r-adazo",
            "methods=zo-adamm,r-adazo",
            "rows=3",
            "columns=4",
            "budget=45",
            "trials=2",
            "tuning_trials=1",
            "grid=2",
            "points=4",
        ],
        2,
    ),
    "guided": (
        [
            "problems=flat-4,",
            "methods=sphere,dap-momentum,guided",
            "perturbations=2",
            "budget=24",
            "records=4",
            "draws=2",
        ],
        2,
    ),
    "subspace": (
        [
            "networks=even,",
            "methods=mezo-signs,importance",
            "steps=8",
            "records=3",
            "draws=4",
            "probes=1",
            "iterations=1",
            "wide=4",
            "timed_steps=4",
        ],
        2,
    ),
    "mesh": (
        [
            "cells=3",
            "reference_cells=4",
            "batch=2",
            "steps=3",
            "step_sizes=0.1,0.2",
            "runs=2",
            "directions=2",
            "tuning_runs=1",
            "methods=sphere,aligned-exact,importance",
        ],
        2,
    ),
    "tournament": (
        [
            "problems=levy,log-uniform",
            "methods=sphere,guided,bcd-uniform,importance,zo-adamm",
            "dim=8",
            "bands=2",
            "budget=20",
            "records=3",
        ],
        2,
    ),
    "black-box-attack": (
        [
            "methods=zo-sgd,r-adazo",
            "laws=coordinate,",
            "norms=linf,l2",
            "images=2",
            "tuning_images=1",
            "budget=40",
            "linf_radius=0.5",
            "l2_radius=6",
            "l2_radius_targeted=6",
            "pictures=3",
            "epochs=1",
        ],
        2,
    ),
    # Each method and seed takes a process, which imports torch.
    "memory": (["models={toy}/opt,", "methods=inference,", "batch=2", "length=4"], 2),
    "best-prompt": (
        [
            "task={toy}/opt/head",
            "data={toy}/data",
            "prompts=it-was,",
            "methods=zo-sgd/sphere,adamw",
            "lr=0.05,0.02",
            "train=40",
            "dev=20",
            "batch=8",
            "passes=24",
            "records=3",
        ],
        2,
    ),
    "language-model": (
        [
            "tasks={toy}/opt/head,{toy}/opt/norms",
            "data={toy}/data",
            "methods=zo-sgd/sphere,dap/sphere,mezo-bcd-cyclic/gaussian,adamw",
            "train=40",
            "dev=20",
            "batch=8",
            "micro=8",
            "queries=2",
            "passes=24,",
            "records=3",
            "lr=0.05,",
            "tuning_passes=8,",
        ],
        2,
    ),
}


def toy_language(folder: Path) -> str:
    """Return a folder with a model and sentences."""
    save_opt(folder / "opt")
    parts = {"train": 60, "dev": 40, "test": 50}
    write_data(folder / "data", **{name: sentences(size, size) for name, size in parts.items()})
    return str(folder)


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Store:
    store = Store(tmp_path_factory.mktemp("store"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        patch.setenv("ZOTHEORY_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        toy = toy_language(tmp_path_factory.mktemp("toy"))
        for name, (settings, seeds) in TINY.items():
            experiment = load(name, EXPERIMENTS)
            given = [setting.replace("{toy}", toy) for setting in settings]
            config = configured(experiment.preset("quick").config, {}, given)
            report = run(experiment, config, seeds=seeds, store=store, jobs=1)
            assert report.complete, (name, report.failures[:1])
    return store


@pytest.fixture(scope="session")
def sources(store) -> dict[str, Source]:
    return {name: best_source(load(name, EXPERIMENTS), store) for name in TINY}


@pytest.fixture(scope="session")
def drawings(figures, sources):
    """Return a function that draws a figure once for each page: its panels, and the drawing."""

    @functools.cache
    def drawing(name: str, style: str):
        figure = figures[name]
        panels = list(figure.panels(sources[figure.experiment]))
        return panels, draw(figure, panels, PAGES[style])

    return drawing


NAMES = list(find_figures(FIGURES))


@pytest.fixture(scope="session")
def figures():
    return {name: load_figure(name, FIGURES) for name in NAMES}
