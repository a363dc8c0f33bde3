"""Results read by name: the same as with the experiment, and nothing but one whole configuration."""

import dataclasses
import json
import shutil

import pytest

from tests.experiment.conftest import manifests, parquets, write_toy
from zotheory.errors import InvalidArgument
from zotheory.experiment import MissingResults, Store, load, recorded, run
from zotheory.experiment.records import delete


def config(toy, **changes):
    return dataclasses.replace(toy.presets["quick"].config, **changes)


def rows(results):
    return sorted(zip(*(results[name].tolist() for name in sorted(results.columns)), strict=True))


@pytest.mark.parametrize("packed", [False, True])
def test_it_is_what_the_store_reads_with_the_experiment(toy, folder, store, monkeypatch, packed):
    with monkeypatch.context() as patch:
        if not packed:
            patch.setattr(Store, "pack", lambda *args, **options: [])
        run(toy, store=store, jobs=1)
    wanted = store.read(toy)
    shutil.rmtree(folder)  # its files are not needed
    found = recorded(store.path, "toy-grid")
    assert rows(found) == rows(wanted)
    assert found.queries == wanted.queries
    assert found.facts[0]["environment"] == wanted.facts[0]["environment"]


def test_values_choose_the_configuration(toy, store):
    for scale in (1.0, 2.0):
        run(toy, config(toy, scale=scale, kinds=("sum",), size=2), store=store, jobs=1)
    for scale in (1.0, 2.0):
        wanted = store.read(toy, config(toy, scale=scale, kinds=("sum",), size=2), 2)
        assert rows(recorded(store, "toy-grid", scale=scale)) == rows(wanted)
    with pytest.raises(InvalidArgument, match=r"2 configurations .* give a value of scale"):
        recorded(store, "toy-grid", kinds=("sum",))
    with pytest.raises(
        MissingResults, match=r"no results with scale = 3 .* run: zotheory experiment run toy-grid"
    ):
        recorded(store, "toy-grid", scale=3)
    with pytest.raises(MissingResults, match=r"no results with scales = 2"):
        recorded(store, "toy-grid", scales=2)


def test_the_newest_version_counts(tmp_path, toy, store):
    run(toy, store=store, jobs=1)
    newer = load("toy-grid", write_toy(tmp_path / "again", version=10))
    run(newer, config(newer, scale=7.0), store=store, jobs=1)
    assert len(store.configurations("toy-grid")) == 2
    assert rows(recorded(store, "toy-grid")) == rows(store.read(newer, config(newer, scale=7.0), 2))


def test_seeds_that_lack_a_cell_are_left_out(toy, store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Store, "pack", lambda *args, **options: [])
        run(toy, store=store, jobs=1)
    places = {}
    for path in manifests(store):
        (cell,) = json.loads(path.read_text())["content"]["cells"]
        places[cell["cell"]["x"], cell["seed"]] = path
    delete(places[2, 0])
    found = recorded(store, "toy-grid")
    assert set(found["seed"].tolist()) == {1}
    assert len(found) == 8
    with pytest.raises(
        MissingResults, match=r"1 seed in .* has all 4 cells, not 2; run: zotheory .* --seeds 2 --store"
    ):
        recorded(store, "toy-grid", seeds=2)
    # Cells that are not asked for are not missed.
    alone = recorded(store, "toy-grid", seeds=2, where={"x": 3})
    assert {(fact["seed"], fact["cell"]["x"]) for fact in alone.facts} == {(0, 3), (1, 3)}
    assert rows(alone.where(seed=1)) == rows(found.where(x=3))
    with pytest.raises(MissingResults, match=r"1 seed in .* has all \d cells?, x = 2, not 2; run: "):
        recorded(store, "toy-grid", seeds=2, where={"x": 2})
    several = recorded(store, "toy-grid", seeds=2, where={"x": (3, 9)})
    assert rows(several) == rows(alone)
    with pytest.raises(InvalidArgument, match=r"where = {'x': 9}: no cell has these values"):
        recorded(store, "toy-grid", where={"x": 9})
    delete(places[3, 1])
    with pytest.raises(MissingResults, match=r"0 seeds in .* have all 4 cells, not 1; run: "):
        recorded(store, "toy-grid")


def test_damage_is_told(toy, store):
    run(toy, store=store, jobs=1)
    (file,) = parquets(store)
    file.write_bytes(file.read_bytes()[:10])
    with pytest.raises(MissingResults, match=r"the checksum of .* differs"):
        recorded(store, "toy-grid")


def test_nothing_at_all(tmp_path):
    with pytest.raises(MissingResults, match=r"run: zotheory experiment run toy-grid --store"):
        recorded(tmp_path / "absent", "toy-grid")
    with pytest.raises(MissingResults, match=r"run: zotheory experiment run toy-grid$"):
        recorded("results", "toy-grid")
