"""Real processes: killed, interrupted, with workers that die, and two at once."""

import contextlib
import itertools
import os
import signal

import pytest

from tests.experiment.conftest import manifests
from zotheory.experiment import ScheduleError, others, retrying, run
from zotheory.experiment.blocks import encoded
from zotheory.experiment.others import Others
from zotheory.experiment.records import Record, slices

# Seconds after which a process hangs.
PATIENCE = 60


def test_a_killed_run_goes_on_where_it_was(toy, store, command, log):
    # One process runs the cells in their order; the third kills it.
    killed = command("--jobs", "1", "--seeds", "1", TOY_ACTION="kill 2")
    killed.communicate(timeout=PATIENCE)
    assert killed.returncode == -signal.SIGKILL
    assert log() == [0, 1, 2]
    report = run(toy, store=store, jobs=1, seeds=1)
    assert (report.found, report.done) == (2, 2)
    assert log() == [2, 3]
    assert len(store.read(toy, seeds=1)) == 8


def test_ctrl_c_finishes_the_cells_under_way_and_says_how_to_go_on(toy, store, command, log):
    started = command("--jobs", "2", "--set", "size=30", TOY_ACTION="interrupt 9", TOY_JOBS="2")
    out, err = started.communicate(timeout=PATIENCE)
    assert started.returncode == 130, err
    assert "Traceback" not in err
    assert "stopping: cells under way are finished first" in err
    again = "zotheory experiment run toy-grid --preset quick --set size=30 --seeds 2"
    assert f"interrupted: finished cells are kept; go on with: {again}" in err
    # Every cell that was begun is kept: those up to the tenth, and what the other worker did meanwhile.
    finished = int(out.split()[1])
    assert finished == len(log())
    assert 10 <= finished < 60
    assert len(manifests(store)) == 1
    report = run(toy, type(toy.presets["quick"].config)(size=30), store=store, jobs=1)
    assert (report.done, report.found, report.complete) == (60 - finished, finished, True)
    assert len(log()) == 60 - finished


def test_a_worker_that_dies_costs_no_finished_cell(toy, store, command):
    started = command("--jobs", "2", "--set", "size=12", "--seeds", "1", TOY_ACTION="exit 9")
    out, err = started.communicate(timeout=PATIENCE)
    assert started.returncode == 1, err
    assert "11 cells run, 0 found, 12 in all" in out
    assert "warning: a worker died: the cells that it may have had are run again, one at a time" in err
    assert "failed: x=9, law=odd, seed 0: a worker died (out of memory" in err
    assert "Traceback" not in err
    report = run(toy, type(toy.presets["quick"].config)(size=12), seeds=1, store=store, jobs=1)
    assert (report.found, report.done) == (11, 1)


def test_workers_that_die_at_every_cell_end_the_run(toy, store, monkeypatch):
    rounds = []

    @contextlib.contextmanager
    def dying(job, tasks, jobs, client):
        rounds.append([cell["x"] for _, cell, _ in itertools.islice(tasks, 2)])
        raise ScheduleError("a worker died")
        yield

    monkeypatch.setattr(retrying, "outcomes", dying)
    warnings = []
    with pytest.raises(ScheduleError, match="a worker died"):
        run(toy, seeds=1, store=store, jobs=3, warn=warnings.append)
    # Two were in hand, and cost a worker each; so do the next two, of which the first is the third.
    assert rounds == [[0, 1], [0], [1], [2, 3], [2]]
    assert len(warnings) == 2


def test_two_processes_at_once_lose_nothing(toy, store, command, tmp_path):
    """Both wait for each other in their first cell, and then run and pack the same cells."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    options = ("--jobs", "1", "--seeds", "1", "--set", "size=20")
    both = [
        command(*options, TOY_ACTION="meet 0", TOY_PIPE=str(pipe), TOY_MODE=mode) for mode in ("r", "w")
    ]
    for process in both:
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        assert "damaged" not in err
    config = type(toy.presets["quick"].config)(size=20)
    assert len(store.read(toy, config, seeds=1)) == 40
    report = run(toy, config, seeds=1, store=store, jobs=1)
    assert (report.found, report.done) == (20, 0)
    assert len(manifests(store)) == 1


def test_two_runs_at_once_share_the_cells(toy, store, monkeypatch, log):
    """While the first cell runs, another run finishes all; of these only the one under way is run twice."""
    monkeypatch.setattr(others, "PACE", 0.0)
    honest, config = Others.keep, type(toy.presets["quick"].config)(size=10)

    def meanwhile(self, key, record):
        monkeypatch.setattr(Others, "keep", honest)
        inner.append(run(toy, config, seeds=2, store=store, jobs=1))
        honest(self, key, record)

    inner, warnings = [], []
    monkeypatch.setattr(Others, "keep", meanwhile)
    report = run(toy, config, seeds=2, store=store, jobs=1, warn=warnings.append)
    assert [item.done for item in inner] == [20]
    # joblib takes one task in advance.
    assert report.done <= 2
    assert report.done + report.found == report.total == 20
    assert report.complete
    assert len(log()) == 20 + report.done
    assert warnings == ["another run of this configuration is at work: what it finishes is not run here"]
    assert len(store.read(toy, config, seeds=2)) == 40
    assert len(manifests(store)) == 1


def test_two_runs_side_by_side_part_ways(toy, store, monkeypatch):
    """Of two that take and finish cells in turn each soon goes its own way through them."""
    monkeypatch.setattr(others, "PACE", 0.0)
    run(toy, store=store, jobs=1)
    (key,) = store.configurations("toy-grid")
    (packed,) = store.contents("toy-grid", key).records
    ((cell, rows), *_) = slices(packed)
    tasks = [(f"{x:032x}", {"x": x}, 0) for x in range(60)]
    told = []
    sides = [Others(store, "toy-grid", key, told.append) for _ in range(2)]
    streams, begun = [side.left(tasks) for side in sides], [[], []]
    for turn in range(60):
        taken = [next(stream, None) for stream in streams]
        for place, task in enumerate(taken):
            if task is not None:
                begun[place].append(task[0])
                # Another run measures another time, so that the files have other names.
                facts = {**cell, "key": task[0], "environment": 0, "seconds": turn + place / 2}
                sides[place].keep(task[0], Record(packed.about, [facts], [{}], encoded(rows)))
    assert set(begun[0]) | set(begun[1]) == {key for key, _, _ in tasks}
    # The first one, and then one of those left at each turn: about four. In the same order it is all 60.
    assert len(set(begun[0]) & set(begun[1])) < 20
    assert len(told) == 2
