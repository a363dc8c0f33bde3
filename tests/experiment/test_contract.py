"""What an experiment, its cells and its tables must be; how they are named; how they are found."""

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.experiment.conftest import write_toy
from zotheory.errors import InvalidArgument
from zotheory.experiment import Experiment, ExperimentError, Preset, Seed, Store, Table, find, load
from zotheory.experiment.canonical import cell_key, configuration_key, plain_cell, spelled


@dataclass(frozen=True)
class Config:
    size: int = 2


def make(**changes):
    fields = {
        "title": "t",
        "presets": {"quick": Preset(Config())},
        "cells": lambda config: [{"x": x} for x in range(config.size)],
        "run": lambda config, cell, seed: Table({"y": 1}),
    }
    return Experiment(**fields | changes)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "needs columns"),
        ([1, 2], "give a mapping"),
        ({"a": [1, 2], "b": [1]}, "different lengths"),
        ({"a": [[1, 2]]}, r"shape \(1, 2\)"),
        ({"a": [1j]}, "complex"),
        ({"a": [None]}, "object"),
        ({"a": [[1], [1, 2]]}, "'a'"),
        ({"seed": [1]}, "another name"),
        ({3: [1]}, "another name"),
    ],
)
def test_tables_are_columns_of_equal_length(columns, said):
    with pytest.raises(ExperimentError, match=said):
        Table(columns)


@pytest.mark.parametrize("queries", [-1, 1.5, True, None])
def test_queries_are_counted(queries):
    with pytest.raises(ExperimentError, match="queries"):
        Table({"a": 1}, queries=queries)


def test_a_single_value_is_repeated():
    table = Table({"a": [1.5, np.nan, np.inf], "b": "x", "c": True}, queries=np.int64(3))
    assert (table.rows, table.queries) == (3, 3)
    assert table.columns["b"].tolist() == ["x", "x", "x"]
    assert table.columns["c"].tolist() == [True] * 3
    assert Table({"a": [], "b": 1}).columns["b"].size == 0
    assert Table({"a": 2}).rows == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"presets": {"paper": Preset(Config())}}, "preset named quick"),
        ({"presets": {"quick": Preset(3)}}, "frozen dataclass"),
        ({"presets": {"quick": Preset(Config()), "paper": Preset(Preset(Config()))}}, "must be a Config"),
        ({"version": 0}, "version = 0"),
    ],
)
def test_experiments_that_are_none_are_refused(changes, said):
    with pytest.raises(InvalidArgument, match=said):
        make(**changes)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([], "no cells"),
        ([{"x": 1}, {"x": 1}], "twice"),
        ([{"x": 1}, {"y": 1}], "same keys"),
        ([{"seed": 1}], "same keys"),
        ([{"x": [1]}], "finite number, a string"),
        ([{"x": float("nan")}], "finite number"),
        ([3], "mapping"),
        ([{}], "mapping"),
    ],
)
def test_grids_that_are_none_are_refused(cells, said):
    with pytest.raises(ExperimentError, match=said):
        make(cells=lambda config: cells).grid(Config())


def test_a_configuration_of_another_experiment_is_refused():
    with pytest.raises(InvalidArgument, match="give a Config"):
        make().plain(Preset(Config()))


def test_keys_depend_on_everything_and_on_nothing_else():
    config = {"a": 1, "b": [1.0, 2.0]}
    key = configuration_key("e", 1, config)
    assert key == configuration_key("e", 1, {"b": [1.0, 2.0], "a": 1})
    others = [
        configuration_key("f", 1, config),
        configuration_key("e", 2, config),
        configuration_key("e", 1, config | {"a": 2}),
        configuration_key("e", 1, config | {"a": "1"}),
        configuration_key("e", 1, {"a": 1, "b": [2.0, 1.0]}),
        configuration_key("e", 1, {"a": 1}),
    ]
    cells = [
        cell_key(key, {"x": 1}, 0),
        cell_key(key, {"x": 1}, 1),
        cell_key(key, {"x": 2}, 0),
        cell_key(others[0], {"x": 1}, 0),
        cell_key(key, {"x": "1"}, 0),
        cell_key(key, {"x": True}, 0),
    ]
    assert len({key, *others}) == 7
    assert len(set(cells)) == 6
    assert cell_key(key, plain_cell({"x": np.int64(1)}), 0) == cells[0]


def test_streams_depend_on_experiment_cell_seed_and_keys():
    first = Seed(0, "e", spelled({"x": 1}))
    another = spelled({"x": 2})
    others = [replace(first, index=1), replace(first, experiment="f"), replace(first, cell=another)]
    draws = [seed.stream("a").random() for seed in (first, *others)] + [first.stream("b").random()]
    assert len(set(draws)) == 5
    assert first.stream("a").random() == draws[0]
    shared = [seed.shared("a").random() for seed in (first, *others)]
    assert shared[0] == shared[3]
    assert len(set(shared)) == 3
    assert shared[0] not in draws


def test_experiments_are_folders(tmp_path):
    folder = write_toy(tmp_path / "trials")
    write_toy(folder, "other")
    write_toy(folder, "_draft")
    (folder / "data").mkdir()
    assert list(find(folder)) == ["other", "toy-grid"]
    assert load("toy-grid", folder).name == "toy-grid"


def test_a_folder_need_not_be_a_package(tmp_path):
    assert load("toy-grid", write_toy(tmp_path / "plain", package=False)).title == "a toy"


def test_folders_of_the_same_name_do_not_mix(tmp_path):
    one = load("toy-grid", write_toy(tmp_path / "a" / "trials", version=1))
    two = load("toy-grid", write_toy(tmp_path / "b" / "trials", version=2))
    assert (one.version, two.version) == (1, 2)
    assert one.code != two.code


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0\n", r"line 1: ZeroDivisionError: division by zero; correct the file"),
        ("import nowhere_at_all\n", "line 1: ModuleNotFoundError"),
        ("x = (\n", "SyntaxError"),
        ("x = 1\n", "defines no EXPERIMENT"),
        ("EXPERIMENT = 3\n", "defines no EXPERIMENT"),
        ("raise SystemExit\n", "SystemExit"),
    ],
)
def test_a_file_that_does_not_load_is_named(tmp_path, text, said):
    folder = write_toy(tmp_path / "broken")
    (folder / "bad").mkdir()
    (folder / "bad" / "__init__.py").write_text(text)
    with pytest.raises(ExperimentError, match=said) as caught:
        load("bad", folder)
    assert "bad/__init__.py" in str(caught.value)


def test_the_digest_of_the_code_sees_what_is_imported_and_nothing_else(tmp_path):
    codes = []
    for number, (name, text) in enumerate(
        [
            ("_other.py", ""),
            ("_other.py", "x = 1\n"),
            ("_shared.py", "from trials._deep import square\n"),
            ("toy_grid/more.py", "x = 1\n"),
        ]
    ):
        folder = write_toy(tmp_path / str(number) / "trials")
        (folder / "_deep.py").write_text("def square(x):\n    return x * x\n")
        (folder / name).write_text(text)
        codes.append(load("toy-grid", folder).code)
    (folder / "toy_grid" / "more.py").unlink()
    (folder / "_shared.py").write_text("from trials._deep import square\n")
    (folder / "_deep.py").write_text("def square(x):\n    return x**2\n")
    codes.append(load("toy-grid", folder).code)
    assert codes[0] == codes[1]
    assert len(set(codes)) == 4


def test_an_experiment_that_was_only_imported_has_no_results(tmp_path):
    with pytest.raises(InvalidArgument, match=r"zotheory\.experiment\.load"):
        Store(tmp_path).read(make())


def test_importing_the_package_is_light():
    script = "import sys, zotheory.experiment; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = {"pyarrow", "joblib", "distributed", "scipy", "sympy", "pandas", "torch", "cloudpickle"}
    assert not heavy & set(result.stdout.split())


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_rows_are_read_without_threads_that_could_outlive_the_interpreter():
    # A process of its own, as other tests may have started such threads.
    script = """
import os
import pyarrow
from zotheory.experiment.blocks import Layout, decoded, encoded
table = pyarrow.table({"x": [0.5] * 4000, "y": list(range(4000))})
layout = Layout.of(table, [1] * 4000)
data = layout.file(table, [1] * 4000, {})
before = set(os.listdir("/proc/self/task"))
assert layout.table(data, [True] * len(layout.blocks)).equals(table)
assert decoded(encoded(table)).equals(table)
print(len(set(os.listdir("/proc/self/task")) - before))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
