"""The store: what is kept comes back, damage is found, configurations do not mix, nothing is lost."""

import dataclasses
import errno
import json
import os
import shlex

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.experiment.conftest import manifests, parquets, write_toy
from zotheory.cli import app
from zotheory.errors import InvalidArgument
from zotheory.experiment import MissingResults, Seed, Store, StoreError, files, load, packing, run
from zotheory.experiment.canonical import spelled


def config(toy, **changes):
    return dataclasses.replace(toy.presets["quick"].config, **changes)


def test_what_is_read_is_what_run_returns(toy, store):
    run(toy, store=store, jobs=1)
    results = store.read(toy)
    rows = []
    for cell in toy.grid(config(toy)):
        for seed in range(2):
            table = toy.run(config(toy), cell, Seed(seed, "toy-grid", spelled(cell)))
            columns = table.columns
            rows += [
                (cell["x"], cell["law"], seed, columns["i"][i], columns["value"][i], columns["common"][i])
                for i in range(2)
            ]
    names = ("x", "law", "seed", "i", "value", "common")
    assert list(zip(*(results[name].tolist() for name in names), strict=True)) == rows
    assert results.queries == 2 * sum(10 + x for x in range(4))
    assert [fact["cell"]["x"] for fact in results.facts] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_streams_are_a_cell_s_own_and_shared_ones_are_not(toy, store):
    run(toy, store=store, jobs=1)
    drawn = store.read(toy).where(i=1)
    assert len(set(drawn["value"].tolist())) == 8
    assert len(set(drawn["common"].tolist())) == 2
    assert all(len(set(drawn.where(seed=seed)["common"].tolist())) == 1 for seed in range(2))


def test_rows_are_chosen_by_value(toy, store):
    run(toy, store=store, jobs=1)
    results = store.read(toy)
    assert results.where(law="odd", seed=1)["x"].tolist() == [1, 1, 3, 3]
    assert results.where(x=[0, 3], i=0)["value"].tolist() == [0.0, 0.0, 9.0, 9.0]
    with pytest.raises(InvalidArgument, match="nearest: law"):
        results.where(lew="odd")
    with pytest.raises(InvalidArgument, match="no such row: there are"):
        results.where(law="prime")


def test_a_manifest_says_how_a_cell_was_made(toy, store):
    run(toy, store=store, jobs=1, seeds=1)
    (path,) = manifests(store)
    content = json.loads(path.read_text())["content"]
    assert content["config"] == {
        "size": 4,
        "scale": 1.0,
        "kinds": ["sum", "square"],
        "limit": None,
        "draw": True,
        "order": "",
    }
    cell = content["cells"][3]
    assert (cell["cell"], cell["seed"], cell["rows"], cell["queries"]) == ({"x": 3, "law": "odd"}, 0, 2, 13)
    assert cell["seconds"] > 0
    assert cell["peak_memory"] > 1e6
    (environment,) = content["environments"]
    assert environment["numpy"] == np.__version__
    assert {"python", "zotheory", "scipy", "commit", "code"} <= environment.keys()


def test_a_cell_s_peak_memory_is_measured(toy, store, monkeypatch):
    monkeypatch.setenv("TOY_ACTION", "grow 2")  # 2^26 floats are 512 MiB
    run(toy, store=store, jobs=1, seeds=1)
    peaks = [fact["peak_memory"] for fact in store.read(toy, seeds=1).facts]
    assert peaks[2] > peaks[0] + 2**28
    assert peaks[2] >= 2**29
    if os.access("/proc/self/clear_refs", os.W_OK):  # each cell has a peak of its own there
        assert peaks[3] < peaks[2] - 2**28


def test_the_second_run_finds_everything(toy, store, log):
    assert run(toy, store=store, jobs=1).done == 8
    assert log() == [0, 0, 1, 1, 2, 2, 3, 3]
    report = run(toy, store=store, jobs=1)
    assert (report.found, report.done, report.complete) == (8, 0, True)
    assert log() == []


def test_more_seeds_run_only_the_new_ones(toy, store, log):
    run(toy, store=store, jobs=1, seeds=1)
    before = store.read(toy, seeds=1)
    log()
    run(toy, store=store, jobs=1, seeds=3)
    assert log() == [0, 0, 1, 1, 2, 2, 3, 3]
    after = store.read(toy, seeds=3).where(seed=0)
    assert after["value"].tolist() == before["value"].tolist()


@pytest.mark.parametrize(
    "change", [{"scale": 2.0}, {"limit": 3}, {"draw": False}, {"kinds": ("sum",)}, {"size": 3}]
)
def test_another_configuration_has_results_of_its_own(toy, store, change):
    run(toy, store=store, jobs=1)
    before = store.read(toy)
    other = config(toy, **change)
    with pytest.raises(MissingResults):
        store.read(toy, other)
    run(toy, other, store=store, jobs=1)
    scale = change.get("scale", 1.0)
    values = store.read(toy, other).where(i=0)
    assert values["value"].tolist() == [scale * x * x for x in values["x"]]
    assert store.read(toy)["value"].tolist() == before["value"].tolist()
    assert len(store.configurations("toy-grid")) == 2


def test_another_version_has_results_of_its_own(tmp_path, toy, store):
    run(toy, store=store, jobs=1)
    newer = load("toy-grid", write_toy(tmp_path / "newer", version=2))
    with pytest.raises(MissingResults, match="8 of 8 cells"):
        store.read(newer)


def test_equal_configurations_share_results(toy, store):
    run(toy, config(toy, scale=2), store=store, jobs=1)
    assert len(store.read(toy, config(toy, scale=2.0))) == 16


def test_missing_results_say_a_command_that_makes_them(toy, folder, store, monkeypatch, tmp_path):
    wanted = config(toy, scale=0.5, kinds=("sum",), limit=7, draw=False)
    with pytest.raises(MissingResults, match="10 of 10 cells are not in") as caught:
        store.read(toy, dataclasses.replace(wanted, size=5))
    words = shlex.split(str(caught.value).partition("run: ")[2])
    assert words[:4] == ["zotheory", "experiment", "run", "toy-grid"]
    result = CliRunner().invoke(app, [*words[1:], "--folder", str(folder), "--jobs", "1"])
    assert result.exit_code == 0, result.output
    assert len(store.read(toy, dataclasses.replace(wanted, size=5))) == 20


def loose(toy, store, **options):
    """Run without packing, as a run that was killed leaves it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "pack", lambda *args, **options: [])
        return run(toy, store=store, jobs=1, **options)


def test_damage_to_a_copy_of_cells_that_are_elsewhere_is_no_matter(toy, store):
    loose(toy, store)
    copies = {path: path.read_bytes() for path in [*manifests(store)[:1], *parquets(store)[:1]]}
    store.pack("toy-grid")
    for path, data in copies.items():
        path.write_bytes(data)
    data = next(path for path in copies if path.suffix == ".parquet")
    data.write_bytes(data.read_bytes()[:10])
    warnings = []
    report = run(toy, store=store, jobs=1, warn=warnings.append)
    assert (report.done, warnings) == (0, [])
    assert len(store.read(toy)) == 16
    assert len(manifests(store)) == 1


def test_packing_leaves_two_files_and_the_same_results(toy, store):
    loose(toy, store)
    loose(toy, store, config=config(toy, scale=3.0))
    before = [store.read(toy), store.read(toy, config(toy, scale=3.0))]
    assert len(parquets(store)) == 16
    assert len(store.pack("toy-grid")) == 2
    assert (len(parquets(store)), len(manifests(store))) == (2, 2)
    after = [store.read(toy), store.read(toy, config(toy, scale=3.0))]
    for old, new in zip(before, after, strict=True):
        assert {name: list(new[name]) for name in new.columns} == {n: list(old[n]) for n in old.columns}
        assert new.facts == old.facts
    stamps = [path.stat().st_mtime_ns for path in parquets(store)]
    assert len(store.pack("toy-grid")) == 2
    assert [path.stat().st_mtime_ns for path in parquets(store)] == stamps


def test_two_that_pack_at_once_lose_nothing(toy, store, monkeypatch):
    """Another process packs between this one's reading and its writing."""
    loose(toy, store, seeds=1)
    honest = packing.merged

    def meanwhile(records):
        monkeypatch.setattr(packing, "merged", honest)
        loose(toy, store, seeds=2)
        store.pack("toy-grid")
        return honest(records)

    monkeypatch.setattr(packing, "merged", meanwhile)
    store.pack("toy-grid")
    assert len(store.read(toy, seeds=2)) == 16
    store.pack("toy-grid")
    assert len(manifests(store)) == 1
    assert len(store.read(toy, seeds=2)) == 16


def test_a_reader_whose_files_are_packed_away_reads_again(toy, store, monkeypatch):
    loose(toy, store)
    honest, calls = Store.manifests, []

    def slow(self, *args):
        listed = honest(self, *args)
        calls.append(args)
        if len(calls) == 1:
            self.pack("toy-grid")
        return listed

    monkeypatch.setattr(Store, "manifests", slow)
    assert len(store.read(toy)) == 16


def test_a_full_disk_keeps_what_is_finished(toy, store, monkeypatch, log):
    honest, written = files.os.write, []

    def full(descriptor, data):
        written.append(len(data))
        if len(written) > 6:
            honest(descriptor, bytes(data)[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return honest(descriptor, data)

    monkeypatch.setattr(files.os, "write", full)
    with pytest.raises(StoreError, match=r"No space left on device.*make room"):
        run(toy, store=store, jobs=1)
    monkeypatch.undo()
    # Two writes a cell: three cells are whole, and of the fourth there is not even its first file.
    assert len(manifests(store)) == 3
    assert not list(store.path.rglob("*.tmp"))
    report = run(toy, store=store, jobs=1)
    assert (report.found, report.done) == (3, 5)
    assert len(store.read(toy)) == 16


def test_a_file_gets_its_name_once_it_is_on_the_disk(tmp_path, monkeypatch):
    steps = []
    replace = os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: steps.append(os.fstat(descriptor).st_size))
    monkeypatch.setattr(os, "replace", lambda *names: (steps.append("named"), replace(*names)))
    files.write_atomically(tmp_path / "file", b"12345")
    assert steps == [5, "named"]
    assert (tmp_path / "file").read_bytes() == b"12345"


def test_a_full_disk_while_packing_loses_nothing(toy, store, monkeypatch):
    loose(toy, store)

    def full(descriptor, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "write", full)
    with pytest.raises(StoreError, match="No space left"):
        store.pack("toy-grid")
    monkeypatch.undo()
    assert len(store.read(toy)) == 16


def test_a_read_only_store_is_refused_before_anything_runs(toy, store, monkeypatch, log):
    def refuse(*args, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(files.Path, "mkdir", refuse)
    with pytest.raises(StoreError, match=r"Read-only file system.*another --store"):
        run(toy, store=store, jobs=1)
    assert log() == []


@pytest.mark.parametrize("packed", [False, True])
def test_a_read_only_store_with_everything_in_it_is_enough(toy, store, monkeypatch, log, packed):
    (run if packed else loose)(toy, store=store, **({"jobs": 1} if packed else {}))
    log()

    def refuse(*args, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(files.tempfile, "mkstemp", refuse)
    monkeypatch.setattr(files.os, "replace", refuse)
    warnings = []
    report = run(toy, store=store, jobs=1, warn=warnings.append)
    assert (report.found, report.done, report.complete) == (8, 0, True)
    assert [line.startswith("not packed: ") for line in warnings] == ([] if packed else [True])
    with pytest.raises(StoreError, match=r"cells cannot be written \(Read-only file system\)") as caught:
        run(toy, store=store, jobs=1, seeds=3)
    assert "probe" not in str(caught.value)
    assert log() == []


def test_a_store_that_is_a_file_is_refused(toy, tmp_path, log):
    (tmp_path / "taken").write_text("")
    taken = Store(tmp_path / "taken")
    for use in (
        lambda: run(toy, store=taken, jobs=1),
        lambda: taken.read(toy),
        lambda: taken.pack("toy-grid"),
    ):
        with pytest.raises(InvalidArgument, match="taken is a file: give a folder"):
            use()
    assert log() == []
