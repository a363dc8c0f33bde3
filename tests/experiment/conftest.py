"""A folder of experiments with one small one, "toy-grid", that can be told to fail in many ways."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zotheory.experiment import Store, load

ROOT = Path(__file__).parents[2]
# The experiments import each other by the name of their folder.
sys.path.insert(0, str(ROOT))

TOY = '''
import os
import pathlib
import signal
from dataclasses import dataclass
from typing import Literal

import numpy as np
import threadpoolctl

from {package}_shared import square
from zotheory.errors import InvalidArgument
from zotheory.experiment import Experiment, Preset, Table


@dataclass(frozen=True)
class Config:
    """A toy.

    Attributes:
        size: number of cells, at least 1.
        scale: a factor.
        kinds: which columns.
        limit: none, or a number.
        draw: whether to draw.
        order: a file that says what to do, for processes whose environment is fixed.
    """

    size: int = 4
    scale: float = 1.0
    kinds: tuple[Literal["sum", "square"], ...] = ("sum", "square")
    limit: int | None = None
    draw: bool = True
    order: str = ""

    def __post_init__(self):
        if self.size < 1:
            raise InvalidArgument("size", self.size, "give at least 1")


def cells(config):
    return [{{"x": x, "law": "even" if x % 2 == 0 else "odd"}} for x in range(config.size)]


def act(cell, order):
    """Do what the environment tells the cell to do: nothing of it is part of the configuration."""
    if (log := os.environ.get("TOY_LOG")) is not None:
        with open(log, "a") as file:
            file.write(f"{{cell['x']}}\\n")
    text = pathlib.Path(order).read_text() if order else os.environ.get("TOY_ACTION", "")
    action, _, x = text.partition(" ")
    if action and str(cell["x"]) == x:
        if action == "raise":
            raise ValueError("the toy broke")
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if action == "interrupt":
            own = os.environ["TOY_JOBS"] == "1"
            for _ in range(int(os.environ.get("TOY_TIMES", "1"))):
                os.kill(os.getpid() if own else os.getppid(), signal.SIGINT)
        if action == "exit":
            os._exit(3)
        if action == "print":
            print("noise on stdout")
        if action == "return":
            return {{"no": "table"}}
        if action == "meet":  # blocks until another process opens the other end
            open(os.environ["TOY_PIPE"], os.environ["TOY_MODE"]).close()
        if action == "grow":
            np.ones(2**26)
    return None


def run(config, cell, seed):
    if (odd := act(cell, config.order)) is not None:
        return odd
    rng = seed.stream("draws")
    a = rng.standard_normal((128, 128))
    values = [config.scale * square(cell["x"]), float((a @ a).sum())]
    columns = {{"i": [0, 1], "value": values, "common": float(seed.shared().random())}}
    columns["pid"] = os.getpid()
    columns["threads"] = max(pool["num_threads"] for pool in threadpoolctl.threadpool_info())
    return Table(columns, queries=10 + cell["x"])


EXPERIMENT = Experiment(
    title="a toy", presets={{"quick": Preset(Config(), seeds=2), "paper": Preset(Config(size=9), seeds=3)}},
    cells=cells, run=run, version={version},
)
'''


def write_toy(folder: Path, name: str = "toy_grid", version: int = 1, package: bool = True) -> Path:
    (folder / name).mkdir(parents=True, exist_ok=True)
    if package:
        (folder / "__init__.py").write_text("")
    (folder / "_shared.py").write_text("def square(x):\n    return x * x\n")
    prefix = f"{folder.name}." if package else ""
    (folder / name / "__init__.py").write_text(TOY.format(package=prefix, version=version))
    return folder


@pytest.fixture(autouse=True)
def quick_disks(monkeypatch):
    """Do not wait for the disk in this process; one test looks at that."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_toy(tmp_path / "trials")


@pytest.fixture
def toy(folder):
    return load("toy-grid", folder)


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "results")


@pytest.fixture
def command(folder, store):
    """Return a function that starts `zotheory experiment run toy-grid` in a process of its own."""

    def start(*args: str, **environment: str) -> subprocess.Popen[str]:
        code = "from zotheory.cli import main; main()"
        words = ["experiment", "run", "toy-grid", "--folder", str(folder), "--store", str(store.path)]
        return subprocess.Popen(
            [sys.executable, "-c", code, *words, *args],
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Where the tests run in the background Ctrl-C is ignored, and so it would be by the process.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    return start


@pytest.fixture
def log(tmp_path, monkeypatch):
    """Return a function that lists the cells that were run since it was called last."""
    path = tmp_path / "log"
    monkeypatch.setenv("TOY_LOG", str(path))

    def cells() -> list[int]:
        found = [int(line) for line in path.read_text().split()] if path.exists() else []
        path.unlink(missing_ok=True)
        return sorted(found)

    return cells


def parquets(store: Store) -> list[Path]:
    return sorted(store.path.rglob("*.parquet"))


def manifests(store: Store) -> list[Path]:
    return sorted(store.path.rglob("*.json"))
