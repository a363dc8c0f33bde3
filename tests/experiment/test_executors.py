"""Where cells run makes no difference to what they measure: this process, several, a dask cluster."""

import os
import socket
import threading
from collections import deque

import cloudpickle
import dask
import pytest
from distributed import LocalCluster
from typer.testing import CliRunner

import zotheory
from zotheory.cli import app
from zotheory.errors import InvalidArgument
from zotheory.experiment import ScheduleError, Store, Table, run
from zotheory.experiment.backends import LocalBackend, all_arrived, delayed, started
from zotheory.experiment.work import Job, perform

FREE = {"distributed.scheduler.allowed-failures": 0, "distributed.comm.retry.count": 0}


@pytest.fixture(scope="module")
def scheduler():
    """Address of a scheduler with two worker processes, one thread each."""
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with dask.config.set(FREE), LocalCluster(**options) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def alone(toy, tmp_path):
    store = Store(tmp_path / "alone")
    run(toy, store=store, jobs=1)
    return store.read(toy)


def same(results, others):
    names = [name for name in others.columns if name != "pid"]
    return all(results[name].tolist() == others[name].tolist() for name in names)


def test_the_number_of_processes_does_not_matter(toy, store, alone):
    run(toy, store=store, jobs=2)
    results = store.read(toy)
    assert same(results, alone)
    assert os.getpid() not in results["pid"]
    assert set(alone["pid"].tolist()) == {os.getpid()}


def test_linear_algebra_uses_one_thread(toy, store, alone):
    import threadpoolctl

    before = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    run(toy, store=store, jobs=2)
    assert set(store.read(toy)["threads"].tolist()) == {1}
    assert set(alone["threads"].tolist()) == {1}
    assert [pool["num_threads"] for pool in threadpoolctl.threadpool_info()] == before


def test_a_cluster_gives_the_same(toy, folder, store, alone, scheduler):
    words = ["experiment", "run", "toy-grid", "--folder", str(folder), "--store", str(store.path)]
    result = CliRunner().invoke(app, [*words, "--executor", "dask", "--scheduler", scheduler])
    assert result.exit_code == 0, result.output
    results = store.read(toy)
    assert same(results, alone)
    workers = set(results["pid"].tolist())
    assert len(workers) == 2
    assert os.getpid() not in workers
    assert set(results["threads"].tolist()) == {1}


def test_a_cell_that_raises_on_a_cluster_costs_no_other(toy, store, scheduler, tmp_path):
    (tmp_path / "order").write_text("raise 2")
    config = type(toy.presets["quick"].config)(order=str(tmp_path / "order"))
    report = run(toy, config, seeds=1, store=store, executor="dask", scheduler=scheduler)
    (failure,) = report.failures
    assert (report.done, report.complete) == (3, False)
    assert failure.cell == {"x": 2, "law": "even"}
    assert failure.error.startswith("ValueError: the toy broke (")


def test_a_dead_worker_ends_the_run_and_keeps_the_rest(toy, store, scheduler, tmp_path):
    # The environment of the workers is what it was when they started, so that the order comes in a file.
    (tmp_path / "order").write_text("exit 5")
    config = type(toy.presets["quick"].config)(size=8, order=str(tmp_path / "order"))
    with pytest.raises(ScheduleError, match="a worker died"):
        run(toy, config, seeds=1, store=store, executor="dask", scheduler=scheduler)
    (tmp_path / "order").write_text("")
    report = run(toy, config, seeds=1, store=store, executor="dask", scheduler=scheduler)
    assert report.found >= 3
    assert report.found + report.done == 8
    assert len(store.read(toy, config, seeds=1)) == 16


def unused_address():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{listener.getsockname()[1]}"


def test_an_address_where_nothing_listens_is_refused_at_once(toy, store, log):
    address = unused_address()
    with pytest.raises(ScheduleError, match=rf"answers at {address} .*correct --scheduler"):
        run(toy, store=store, executor="dask", scheduler=address)
    assert log() == []


@pytest.mark.parametrize(
    "address", ["here", "tcp://", "tcp://host", "ftp://host:1", "host:x", "host:99999"]
)
def test_what_is_no_address_is_refused(toy, store, address):
    with pytest.raises(InvalidArgument, match="such as tcp://host:8786"):
        run(toy, store=store, executor="dask", scheduler=address)


def test_a_scheduler_and_its_executor_belong_together(toy, store):
    with pytest.raises(InvalidArgument, match="needs --executor dask"):
        run(toy, store=store, scheduler="tcp://host:1")
    with pytest.raises(InvalidArgument, match="give its address"):
        run(toy, store=store, executor="dask")
    with pytest.raises(InvalidArgument, match="local, dask"):
        run(toy, store=store, executor="slurm")
    with pytest.raises(InvalidArgument, match="jobs = 0"):
        run(toy, store=store, jobs=0)


def test_workers_with_another_version_are_refused(toy, store, scheduler, monkeypatch, log):
    monkeypatch.setattr(zotheory, "__version__", "9.9")
    with pytest.raises(ScheduleError, match=r"worker tcp.*zotheory 0.*this process .*zotheory 9\.9"):
        run(toy, store=store, executor="dask", scheduler=scheduler)
    assert log() == []


class Bell(list):
    """A list that rings once it is as long as it should be."""

    def __init__(self, length):
        super().__init__()
        self.length, self.rung = length, threading.Event()

    def extend(self, items):
        super().extend(items)
        if len(self) == self.length:
            self.rung.set()


def test_results_that_had_arrived_are_kept_when_a_run_is_cut_short():
    job = Job("none", cloudpickle.dumps((lambda config, cell, seed: Table({"x": cell["x"]}), None)), "", ())
    backend = LocalBackend()
    backend.arrived = bell = Bell(6)
    running = started((delayed(perform)(job, str(i), {"x": i}, 0) for i in range(6)), backend, 2)

    def cut_short():
        yield next(running)
        assert bell.rung.wait(60)
        raise KeyboardInterrupt

    kept = deque()
    with pytest.raises(KeyboardInterrupt):
        kept.extend(all_arrived(cut_short(), backend))
    assert sorted(outcome.key for outcome in kept) == list("012345")
    list(running)
