"""Ctrl-C at every moment of a run: one line, exit status 130, and no finished cell lost."""

import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from tests.experiment.conftest import manifests
from zotheory.cli import app
from zotheory.experiment import Store, run
from zotheory.experiment.backends import LocalBackend, delayed, end_workers, started
from zotheory.experiment.stopping import Stop, interrupts_held, stop_requested


@pytest.fixture(autouse=True)
def usual_handler():
    """Have Ctrl-C as in a terminal: where the tests run in the background it is ignored."""
    kept = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, kept)


def press():
    signal.raise_signal(signal.SIGINT)


@pytest.fixture
def zotheory(folder, store):
    def call(*words):
        words = [*map(str, words), "--folder", str(folder), "--store", str(store.path), "--jobs", "1"]
        return CliRunner().invoke(app, ["experiment", "run", "toy-grid", *words])

    return call


def before(monkeypatch, method, presses):
    """Have Ctrl-C come, each time once, before a method of the store works."""
    honest, left = getattr(Store, method), list(range(presses))

    def pressed(self, *args, **options):
        while left:
            left.pop()
            press()
        return honest(self, *args, **options)

    monkeypatch.setattr(Store, method, pressed)


def told(result):
    assert result.exit_code == 130, result.output
    assert "Traceback" not in result.output
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("interrupted: "))
    return line


def test_the_first_one_is_noted_and_the_second_one_raises():
    lines = []
    with stop_requested(lines.append) as stop:
        assert not stop.requested
        press()
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            press()
    assert lines == ["stopping: cells under way are finished first; Ctrl-C again stops at once"]


@pytest.mark.parametrize(
    ("first", "inside", "raises"), [(0, 1, False), (1, 1, True), (0, 2, True), (0, 0, False)]
)
def test_what_is_shielded_comes_to_its_end(first, inside, raises):
    stop, ended = Stop(lambda line: None), []

    def work():
        with stop.shielded():
            for _ in range(inside):
                stop.request()
            ended.append(True)

    for _ in range(first):
        stop.request()
    if raises:
        with pytest.raises(KeyboardInterrupt):
            work()
    else:
        work()
    assert ended == [True]
    assert stop.requested is (first + inside > 0)


@pytest.mark.parametrize(("times", "kept"), [(1, 10), (2, 9)])
def test_in_a_cell_the_first_one_lets_it_finish_and_the_second_does_not(
    zotheory, toy, store, monkeypatch, log, times, kept
):
    with monkeypatch.context() as patch:
        for name, value in {"ACTION": "interrupt 9", "JOBS": "1", "TIMES": str(times)}.items():
            patch.setenv(f"TOY_{name}", value)
        result = zotheory("--set", "size=12")
    assert told(result).endswith(
        f"go on with: zotheory experiment run toy-grid --preset quick --set size=12 --seeds 2 "
        f"--store {store.path} --jobs 1"
    )
    assert f"{kept} cells run, 0 found, 24 in all" in result.stdout
    assert log() == list(range(10))
    report = run(toy, type(toy.presets["quick"].config)(size=12), store=store, jobs=1)
    assert (report.found, report.complete) == (kept, True)
    assert len(log()) == 24 - kept


def test_ctrl_c_while_results_are_packed_is_told_of(zotheory, store, monkeypatch):
    before(monkeypatch, "pack", 1)
    result = zotheory()
    assert told(result) == "interrupted: all cells were finished before, and are kept"
    assert "8 cells run, 0 found, 8 in all" in result.stdout
    assert len(manifests(store)) == 1


def test_twice_while_results_are_packed_leaves_them_loose(zotheory, toy, store, monkeypatch):
    with monkeypatch.context() as patch:
        before(patch, "pack", 2)
        told(zotheory())
    assert len(manifests(store)) == 8
    assert run(toy, store=store, jobs=1).found == 8
    assert len(manifests(store)) == 1


def test_while_the_store_is_searched_nothing_runs(zotheory, monkeypatch, log):
    before(monkeypatch, "contents", 1)
    assert "go on with: zotheory experiment run toy-grid" in told(zotheory())
    assert log() == []


def test_twice_while_a_cell_is_written_keeps_it(zotheory, toy, store, monkeypatch):
    with monkeypatch.context() as patch:
        before(patch, "keep", 2)
        told(zotheory())
    assert len(manifests(store)) == 1
    assert run(toy, store=store, jobs=1).found == 1


@pytest.mark.parametrize("place", ["_request", "summary"])
def test_before_and_after_the_run(zotheory, monkeypatch, place):
    monkeypatch.setattr(f"zotheory.cli.experiment.{place}", lambda *args: press())
    line = told(zotheory())
    assert line == "interrupted: finished cells are kept; run the same command again to go on"


def test_workers_never_see_it():
    """Not even those that are just starting: one that died of it would end the run as an error."""

    def held():
        return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.getsignal(
            signal.SIGINT
        )

    end_workers()
    found = list(started((delayed(held)() for _ in range(2)), LocalBackend(), 2))
    assert found == [(True, signal.SIG_IGN)] * 2
    end_workers()


def test_what_is_held_back_comes_afterwards():
    code = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with interrupts_held():
        child = subprocess.run(
            [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True
        )
    assert child.stdout == "True\n"
    after = []

    def hold():
        with interrupts_held():
            press()
            after.append(True)

    with pytest.raises(KeyboardInterrupt):
        hold()
    assert after == [True]
