"""Damage to the store: what is whole still counts, what is lost is told of, nothing is deleted."""

import dataclasses
import hashlib
import json
import os
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.experiment.conftest import manifests, parquets
from zotheory.experiment import MissingResults, Store, StoreError, blocks, files, recorded, run
from zotheory.experiment.canonical import digest, spelled
from zotheory.experiment.packing import ABANDONED
from zotheory.experiment.records import delete, slices

CELLS = 8


def loose(toy, store, **options):
    """Run without packing, as a run that was killed leaves it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "pack", lambda *args, **options: [])
        return run(toy, store=store, jobs=1, **options)


def packed(toy, store, **options):
    return run(toy, store=store, jobs=1, **options)


def cut_end(path):
    path.write_bytes(path.read_bytes()[:-10])


def flip_first(path):
    flip(path, 10)


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def empty(path):
    path.write_bytes(b"")


@pytest.fixture
def small_blocks(monkeypatch):
    """Let every cell have a block of its own, as cells of many rows have."""
    monkeypatch.setattr(blocks, "COST", 1e-6)


def values(results):
    return {
        (x, seed, i): value
        for x, seed, i, value in zip(
            *(results[name].tolist() for name in ("x", "seed", "i", "value")), strict=True
        )
    }


def cells_of(store, name="toy-grid"):
    """Return {(x, seed): values} of what the store can read."""
    found = {}
    for key in store.configurations(name):
        for record in store.contents(name, key).records:
            for cell, rows in slices(record):
                found[cell["cell"]["x"], cell["seed"]] = rows["value"].to_pylist()
    return found


@pytest.mark.parametrize("make", [loose, packed])
@pytest.mark.parametrize("harm", [cut_end, flip_first, empty, os.unlink])
def test_damage_to_a_manifest_loses_nothing(toy, store, log, make, harm):
    make(toy, store)
    whole = values(store.read(toy))
    log()
    before = [path.name for path in manifests(store)]
    harm(manifests(store)[0])
    assert values(store.read(toy)) == whole
    assert values(recorded(store, "toy-grid")) == whole
    warnings = []
    report = run(toy, store=store, jobs=1, warn=warnings.append)
    assert (report.done, log(), warnings) == (0, [], [])
    # It is written anew.
    (mended,) = manifests(store)
    assert json.loads(mended.read_text())["content"]["cells"]
    assert make is loose or [mended.name] == before
    assert values(store.read(toy)) == whole


@pytest.mark.parametrize("make", [loose, packed])
def test_the_end_of_the_rows_file_is_not_needed(toy, store, log, make):
    make(toy, store)
    whole = values(store.read(toy))
    log()
    bad = parquets(store)[0]
    cut_end(bad)
    with pytest.raises(pa.ArrowInvalid):
        pq.read_table(bad)
    assert values(store.read(toy)) == whole
    (note,) = store.contents("toy-grid", store.configurations("toy-grid")[0]).notes
    assert f"the checksum of {bad.name} differs, though not that of any rows" in note
    assert run(toy, store=store, jobs=1).done == 0
    assert log() == []
    (mended,) = parquets(store)
    assert pq.read_table(mended).num_rows == 2 * CELLS


@pytest.mark.parametrize("make", [loose, packed])
@pytest.mark.parametrize("harm", [flip_first, empty, os.unlink])
def test_damaged_rows_are_refused_and_run_again(toy, store, log, make, harm):
    make(toy, store)
    whole = values(store.read(toy))
    log()
    bad = parquets(store)[0]
    harm(bad)
    lost = CELLS if make is packed else 1
    wrong = "is missing" if harm is os.unlink else "differs"
    told = rf"{bad.name} {wrong}; {lost} of {lost} cells? lost, of "
    with pytest.raises(MissingResults, match=rf"{lost} of 8 cells are not in .*damaged: .*{told}"):
        store.read(toy)
    with pytest.raises(MissingResults, match=told):
        recorded(store, "toy-grid")
    warnings = []
    report = run(toy, store=store, jobs=1, warn=warnings.append)
    assert (report.done, len(log()), len(warnings)) == (lost, lost, 1)
    assert values(store.read(toy)) == whole
    # All of its cells are elsewhere now.
    assert (len(parquets(store)), len(manifests(store))) == (1, 1)
    assert not store.leftovers("toy-grid")
    assert run(toy, store=store, jobs=1, warn=warnings.append).done == 0
    assert len(warnings) == 1


def test_one_byte_costs_one_cell_at_most_wherever_it_is(toy, store, small_blocks):
    packed(toy, store)
    whole = cells_of(store)
    assert len(whole) == CELLS
    counts = []
    for path in (*parquets(store), *manifests(store)):
        data = path.read_bytes()
        for place in range(0, len(data), 127):
            flip(path, place)
            found = cells_of(store)
            assert found.items() <= whole.items(), place
            counts.append(CELLS - len(found))
            path.write_bytes(data)
    assert set(counts) == {0, 1}


def test_a_file_cut_short_keeps_the_cells_before_the_cut(toy, store, small_blocks):
    packed(toy, store)
    whole = cells_of(store)
    (path,) = parquets(store)
    data, layout = path.read_bytes(), pq.read_metadata(path)
    assert layout.num_row_groups == CELLS
    ends = []
    for i in range(CELLS):
        columns = [layout.row_group(i).column(j) for j in range(layout.num_columns)]
        starts = [c.dictionary_page_offset or c.data_page_offset for c in columns]
        ends.append(max(s + c.total_compressed_size for s, c in zip(starts, columns, strict=True)))
    for length in range(0, len(data), 101):
        path.write_bytes(data[:length])
        found = cells_of(store)
        assert len(found) == sum(end <= length for end in ends)
        assert found.items() <= whole.items()


def test_only_lost_cells_are_run_again_and_more_seeds_than_asked_for_are_not_forgotten(
    toy, store, small_blocks, log
):
    packed(toy, store, seeds=5)
    whole = cells_of(store)
    log()
    (path,) = parquets(store)
    layout = pq.read_metadata(path)
    assert layout.num_row_groups == 20
    for group in (1, 13):  # cells are in the order of the seeds, four each
        flip(path, layout.row_group(group).column(1).data_page_offset)
    lost = whole.keys() - cells_of(store).keys()
    assert sorted(seed for _, seed in lost) == [0, 3]
    with pytest.raises(MissingResults, match=r"; 2 of 20 cells lost, of 2 seeds from 0 to 3"):
        store.read(toy)
    warnings = []
    report = run(toy, store=store, jobs=1, warn=warnings.append)  # 2 seeds
    assert (report.found, report.done) == (7, 1)
    assert log() == [x for x, seed in lost if seed == 0]
    # The other one is not of this run: what held it is kept, and that it is lost is said.
    assert warnings[0].startswith(f"damaged: {path.with_suffix('.json')} (the checksum of ")
    assert warnings[1].startswith(f"lost: {path.with_suffix('.json')} (the checksum of ")
    assert [item.name for item in store.leftovers("toy-grid")] == [
        f"{path.with_suffix('.json').name}.damaged",
        f"{path.name}.damaged",
    ]
    assert len(cells_of(store)) == 19
    assert run(toy, store=store, jobs=1, seeds=5).done == 1
    assert cells_of(store) == whole


def ruin(store):
    """Damage both copies of the manifest; return them."""
    (manifest,), (data,) = manifests(store), parquets(store)
    cut_end(manifest)
    cut_end(data)
    return manifest, data


def test_what_nobody_can_read_is_set_aside_not_deleted(toy, store):
    packed(toy, store, seeds=3)
    manifest, data = ruin(store)
    kept = {path.name: path.read_bytes() for path in (manifest, data)}
    assert store.pack("toy-grid") == []
    assert manifest.exists()
    lines = []
    assert store.pack("toy-grid", tell_lost=lines.append) == []
    (line,) = lines
    assert f"{manifest} (the manifest is cut short or damaged; at least 12 cells lost, of 3 seeds)" in line
    assert f"{manifest}.damaged" in line
    aside = {path.name.removesuffix(".damaged"): path.read_bytes() for path in store.leftovers("toy-grid")}
    assert aside == kept
    assert store.configurations("toy-grid") == []
    # Once more, with files of the same names: the first ones stay.
    for name, content in kept.items():
        (store.path / "toy-grid" / name).write_bytes(content)
    store.pack("toy-grid", tell_lost=lines.append)
    assert len(store.leftovers("toy-grid")) == 4


def test_it_stays_where_a_run_is_not_complete(toy, store, monkeypatch):
    packed(toy, store)
    manifest, data = ruin(store)
    warnings = []
    monkeypatch.setenv("TOY_ACTION", "raise 2")
    assert not run(toy, store=store, jobs=1, warn=warnings.append).complete
    assert manifest.exists()
    monkeypatch.delenv("TOY_ACTION")
    assert run(toy, store=store, jobs=1, warn=warnings.append).complete
    assert [line.partition(":")[0] for line in warnings] == ["damaged", "damaged", "lost"]
    assert not manifest.exists()
    assert not data.exists()
    assert len(store.leftovers("toy-grid")) == 2
    assert run(toy, store=store, jobs=1, warn=warnings.append).done == 0
    assert len(warnings) == 3


def test_a_store_that_cannot_be_written_keeps_damaged_files(toy, store, monkeypatch):
    packed(toy, store)
    manifest, _ = ruin(store)

    def refuse(*names):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(StoreError, match=r"Permission denied.*make the folder writable"):
        store.pack("toy-grid", tell_lost=lambda line: None)
    assert manifest.exists()


def first_format(store):
    """Write what the store holds as it was written at first, with one checksum for all rows."""
    (path,) = manifests(store)
    entry = json.loads(path.read_text())
    content = {name: value for name, value in entry["content"].items() if name not in ("blocks", "footer")}
    table = pq.read_table(path.with_suffix(".parquet")).replace_schema_metadata(None)
    data = path.with_name("written.parquet")
    pq.write_table(table, data)
    content |= {"format": 1, "sha256": hashlib.sha256(data.read_bytes()).hexdigest()}
    delete(path)
    old = path.with_name(f"{path.name[:16]}.{digest(content)[:12]}.json")
    data.rename(old.with_suffix(".parquet"))
    old.write_text(json.dumps({"checksum": digest(content), "content": content}))
    return old


def test_results_of_the_first_format_are_read_and_packed_anew(toy, store):
    packed(toy, store)
    whole, facts = values(store.read(toy)), store.read(toy).facts
    old = first_format(store)
    assert values(store.read(toy)) == whole
    assert store.read(toy).facts == facts
    (new,) = store.pack("toy-grid")
    assert new != old
    assert manifests(store) == [new]
    assert json.loads(new.read_text())["content"]["format"] == 2
    assert values(store.read(toy)) == whole
    assert store.read(toy).facts == facts


def test_damage_to_the_first_format_is_seen(toy, store):
    packed(toy, store)
    flip_first(first_format(store).with_suffix(".parquet"))
    with pytest.raises(MissingResults, match=r"8 of 8 cells are not in .*; 8 of 8 cells lost, of 2 seeds"):
        store.read(toy)


def test_what_a_later_version_wrote_is_never_touched(toy, store):
    run(toy, store=store, jobs=1)
    (path,) = manifests(store)
    content = json.loads(path.read_text())["content"] | {"format": 99}
    path.write_text(json.dumps({"checksum": digest(content), "content": content}))
    told = []
    store.pack("toy-grid", tell_lost=told.append)
    assert run(toy, store=store, jobs=1).done == CELLS
    assert path.exists()
    assert told == []
    assert store.leftovers("toy-grid") == []


def test_cells_without_rows_have_a_place_too(toy, store, small_blocks):
    loose(toy, store, seeds=1)
    key = store.configurations("toy-grid")[0]
    records = store.contents("toy-grid", key).records
    hollow = dataclasses.replace(records[1], cells=[{**records[1].cells[0], "rows": 0}])
    vars(hollow)["table"] = records[1].table.slice(0, 0)
    assert hollow.write(store.path / "toy-grid" / "cells", key) != records[1].path
    os.unlink(records[1].path)
    os.unlink(records[1].path.with_suffix(".parquet"))
    store.pack("toy-grid")
    found = cells_of(store)
    assert sorted(len(rows) for rows in found.values()) == [0, 2, 2, 2]


def test_what_killed_writers_leave_is_told_of_and_goes_after_an_hour(toy, store):
    loose(toy, store)
    whole = values(store.read(toy))
    # Killed between its two files, a writer leaves a finished cell.
    manifests(store)[0].unlink()
    folder = parquets(store)[0].parent
    old, new = (folder / f".{name}.json.tmp" for name in ("old", "new"))
    for path in (old, new):
        path.write_text("{")
    past = time.time() - ABANDONED - 60
    os.utime(old, (past, past))
    assert store.leftovers("toy-grid") == [new, old]
    assert run(toy, store=store, jobs=1).done == 0
    assert store.leftovers("toy-grid") == [new]
    assert values(store.read(toy)) == whole
    assert len(parquets(store)) == 1


def test_a_full_disk_and_a_forbidden_one_get_different_advice(tmp_path):
    for number, advice in (
        (28, "make room"),
        (13, "make the folder writable"),
        (30, "make the folder writable"),
    ):
        with pytest.raises(StoreError, match=f"{advice} or give another --store"), files.storing(tmp_path):
            raise OSError(number, "text")


def test_the_manifest_in_the_rows_file_is_the_same(toy, store):
    packed(toy, store)
    entry = json.loads(manifests(store)[0].read_text())
    data = parquets(store)[0].read_bytes()
    assert blocks.manifest_within(data) == entry["content"]
    assert hashlib.sha256(spelled(entry["content"]).encode()).hexdigest() == entry["checksum"]
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]


def test_a_manifest_in_the_rows_file_that_differs_from_its_checksum_does_not_count(toy, store):
    packed(toy, store)
    (path,), (data,) = manifests(store), parquets(store)
    checksum = digest(json.loads(path.read_text())["content"]).encode()
    found = data.read_bytes()
    assert found.count(checksum) == 1
    wrong = found.replace(checksum, checksum[::-1])
    assert blocks.manifest_within(found) is not None
    assert blocks.manifest_within(wrong) is None
    data.write_bytes(wrong)
    assert len(cells_of(store)) == CELLS
    path.unlink()
    assert cells_of(store) == {}
