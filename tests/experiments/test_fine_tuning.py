"""Runs of fine-tuning: what a GPU has no memory for, what is logged, and runs that are killed."""

import math
import multiprocessing
import os
import signal
import time
from itertools import pairwise

import numpy as np
import pytest
import torch

from experiments._classifiers import Classifier
from experiments._fine_tuning import Examples, Plan, fine_tune, score
from experiments._memory import in_parts
from experiments.language_model.methods import maker
from zotheory.errors import InvalidArgument
from zotheory.optim import DAPSGD, ZOSGD, GuidedSGD
from zotheory.optim.distributed import RankError

MEASURED = ("seconds", "cpu_seconds", "memory")


class Killed(Exception):
    pass


class Linear(torch.nn.Module):
    """Two logits, of so many sentences at a time at most; the last of those given is the longest."""

    def __init__(
        self, room: int = 100, backward_room: int = 100, delay: float = 0.0, lives: float = math.inf
    ):
        super().__init__()
        self.lives = lives
        self.weight = torch.nn.Parameter(torch.tensor([0.1, -0.2, 0.3]))
        self.room, self.backward_room, self.delay, self.sizes = room, backward_room, delay, []

    def forward(self, inputs, mask):
        time.sleep(self.delay)
        self.sizes.append(tuple(inputs.shape))
        if len(self.sizes) > self.lives:
            raise Killed
        room = self.backward_room if torch.is_grad_enabled() and self.weight.requires_grad else self.room
        if len(inputs) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        slope = (inputs[:, -3:].float() @ self.weight)[:, None]
        return torch.cat([-slope, slope], dim=1)


def examples(count: int, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    rows = [torch.as_tensor(rng.normal(size=3 + n % 4)) for n in range(count)]
    return Examples(rows, np.array([int(row[-1] > 0) for row in rows]))


def tuned(
    module,
    method,
    *,
    micro=16,
    checkpoint=None,
    passes=60,
    lr=0.05,
    patience=0,
    queries=1,
    mu=1e-3,
    share=(0, 1),
    told=None,
    tell=None,
    leave=False,
    difference="central",
    **options,
):
    make = maker(method, lr, mu=mu, queries=queries, difference=difference, seed=3, **options)
    plan = Plan(passes=passes, records=6, batch=16, micro=micro, patience=patience)
    train, dev, made = examples(48, 0), examples(20, 1), Classifier(module, None, None)
    given = {"checkpoint": checkpoint, "share": share, "told": told, "tell": tell, "leave": leave}
    return fine_tune(made, train, dev, make, plan, **given)


@pytest.mark.parametrize(
    ("method", "room", "backward_room", "fits"),
    [
        ("zo-sgd/sphere", 5, 0, 4),
        ("guided/sphere", 1, 0, 1),
        ("adamw", 9, 3, 2),
        ("zo-adamm/sphere", 7, 0, 4),
    ],
)
def test_what_a_gpu_has_room_for_is_tried(method, room, backward_room, fits):
    module = Linear(room, backward_room)
    before = module.weight.detach().clone()
    with pytest.raises(
        InvalidArgument, match=rf"micro = 16: .*{fits} at a time fit, so give micro = {fits}"
    ):
        tuned(module, method)
    assert torch.equal(module.weight, before)
    # The longest sentences were tried, and what is told to fit does.
    assert (fits, 6) in module.sizes
    log = tuned(Linear(room, backward_room), method, micro=fits)
    assert not log.diverged
    assert log.rows[-1]["steps"] == 60 // (3 if method == "adamw" else 2)


def test_where_one_sentence_is_too_much():
    with pytest.raises(InvalidArgument, match="even one at a time: tune fewer layers"):
        tuned(Linear(16, 0), "adamw")
    with pytest.raises(InvalidArgument, match="not even one sentence at a time fits: give dtype bfloat16"):
        tuned(Linear(0), "zo-sgd/sphere")


def test_scoring_takes_as_many_as_fit():
    whole, parts = (score(Classifier(Linear(room), None, None), examples(50, 2)) for room in (100, 7))
    assert parts.loss == pytest.approx(whole.loss, rel=1e-6)
    assert (parts.accuracy, parts.calibrated, parts.positive) == (
        whole.accuracy,
        whole.calibrated,
        whole.positive,
    )
    seen = []

    def work(start, end):
        if end - start > 3:
            raise torch.OutOfMemoryError
        seen.extend(range(start, end))

    in_parts(11, 8, work)
    assert seen == list(range(11))


@pytest.mark.parametrize("method", ["adamw", "zo-sgd/gaussian"])
def test_parts_of_a_batch_sum_to_its_gradient(method):
    whole, parts = Linear(), Linear()
    for module, micro in ((whole, 16), (parts, 5)):
        tuned(module, method, micro=micro)
    torch.testing.assert_close(parts.weight, whole.weight, rtol=1e-4, atol=1e-5)


def test_a_run_without_progress_stops_early():
    # So small a rate moves nothing, and so large a one makes it worse.
    for lr in (1e-30, 100.0):
        module = Linear()
        before = module.weight.detach().clone()
        log = tuned(module, "adamw", lr=lr, patience=2)
        assert [row["passes"] for row in log.rows] == [0, 12, 21]
        assert log.best == 0
        assert torch.equal(module.weight, before)
    assert len(tuned(Linear(), "adamw", patience=2).rows) == 7


def _run(checkpoint, results, delay):
    torch.set_num_threads(1)
    module = Linear(delay=delay)
    log = tuned(module, "r-adazo/sphere", checkpoint=checkpoint, passes=240)
    results.put((log.rows, log.best, module.weight.detach().tolist()))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_process_that_was_killed_goes_on_as_it_would_have(tmp_path):
    context, file = multiprocessing.get_context("fork"), tmp_path / "run.pt"
    results = context.Queue()

    def started(checkpoint, delay):
        process = context.Process(target=_run, args=(checkpoint, results, delay))
        process.start()
        return process

    first = started(file, 0.004)
    # Killed in the middle, after its second record at least.
    late = time.monotonic() + 60
    while not file.exists() or torch.load(file, weights_only=False)["progress"]["steps"] < 40:
        assert time.monotonic() < late
        assert first.is_alive()
        time.sleep(0.005)
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    first.join()
    assert first.exitcode == -signal.SIGKILL
    done = torch.load(file, weights_only=False)["progress"]["steps"]
    assert 40 <= done < 120
    found = {}
    for name, checkpoint in (("resumed", file), ("whole", None)):
        process = started(checkpoint, 0.0)
        found[name] = results.get(timeout=60)
        process.join()
    assert not file.exists()
    (rows, *rest), (whole_rows, *whole) = found["resumed"], found["whole"]
    assert rest == whole
    assert len(rows) == len(whole_rows) == 7
    for row, other in zip(rows, whole_rows, strict=True):
        for name in row.keys() - set(MEASURED):
            assert row[name] == other[name] or (math.isnan(row[name]) and math.isnan(other[name])), name


def test_the_alignment_of_two_stages_is_logged(monkeypatch):
    seen = []
    step = DAPSGD.step

    def watched(self, closure):
        loss = step(self, closure)
        seen.append(self.axis_slopes)
        return loss

    monkeypatch.setattr(DAPSGD, "step", watched)
    log = tuned(Linear(64), "dap/sphere", queries=2, passes=96)
    assert math.isnan(log.rows[0]["alignment"])
    start = 0
    for before, row in pairwise(log.rows):
        rows = seen[start : start + int(row["steps"] - before["steps"])]
        start += len(rows)
        slopes = np.concatenate(rows)
        assert row["slope"] == pytest.approx(math.sqrt((slopes**2).mean()))
        assert row["alignment"] == pytest.approx(slopes.mean() / row["slope"])
    assert start == len(seen) > 6


def test_the_alignment_of_a_guide_is_logged(monkeypatch):
    seen = []
    step = GuidedSGD.step

    def watched(self, closure):
        loss = step(self, closure)
        seen.append(self.alignment)
        return loss

    monkeypatch.setattr(GuidedSGD, "step", watched)
    log = tuned(Linear(), "guided/sphere", passes=120)
    assert math.isnan(log.rows[0]["alignment"])
    # The optimizer tells the square of rho.
    for row in log.rows[2:]:
        assert row["alignment"] == pytest.approx(math.sqrt(seen[int(row["steps"]) - 1]))
    # Here the slope along the guide is not that across it: the one is not mistaken for the other.
    assert abs(log.rows[-1]["alignment"] ** 2 - 0.5) > 0.05


@pytest.mark.parametrize("delta", [1.0, 4.0])
def test_slopes_are_those_of_the_losses(monkeypatch, delta):
    """The losses that the closure returned tell them, not the optimizer's coefficients."""
    seen = []
    step = ZOSGD.step

    def watched(self, closure):
        losses = []

        def told():
            loss = closure()
            losses.append(float(loss))
            return loss

        found = step(self, told)
        assert len(losses) == 6
        # sqrt(delta) (f(x + mu v) - f(x - mu v)) / (2 mu), E[v v^T] = delta I
        ahead, behind = np.array(losses).reshape(3, 2).T
        seen.append(math.sqrt(delta) * (ahead - behind) / 2e-3)
        return found

    monkeypatch.setattr(ZOSGD, "step", watched)
    log = tuned(Linear(), "zo-sgd/sphere", queries=3, passes=96, delta=delta)
    assert math.isnan(log.rows[0]["slope"])
    for before, row in pairwise(log.rows):
        slopes = np.concatenate(seen[int(before["steps"]) : int(row["steps"])])
        assert row["slope"] == pytest.approx(math.sqrt((slopes**2).mean()), rel=1e-9)
    assert log.rows[-1]["steps"] == len(seen) == 16


@pytest.mark.parametrize(
    ("method", "queries", "passes"),
    [("zo-sgd/sphere", 1, 2), ("zo-sgd/sphere", 3, 6), ("dap/sphere", 2, 4), ("adamw", 1, 3)],
)
def test_tokens_are_those_of_all_passes(method, queries, passes):
    log = tuned(Linear(), method, queries=queries, passes=3 * passes)
    # Three steps of 16 of 48 sentences: each of them once, whatever the padding.
    assert log.rows[-1]["steps"] == 3
    assert log.rows[-1]["tokens"] == passes * sum(map(len, examples(48, 0).inputs))
    assert log.rows[0]["tokens"] == 0
    if method != "adamw":
        # A process that takes half of each batch counts those of all processes.
        half = tuned(Linear(), method, queries=queries, passes=3 * passes, share=(1, 2))
        assert [row["tokens"] for row in half.rows] == [row["tokens"] for row in log.rows]


@pytest.mark.parametrize(
    ("method", "queries", "difference", "passes"),
    [
        ("zo-sgd/sphere", 3, "forward", 4),
        ("guided/sphere", 2, "central", 4),
        ("dap/sphere", 3, "forward", 4),
        ("dap/sphere", 3, "central", 6),
        ("published/uniform", 5, "central", 2),
        ("published/dap", 1, "central", 3),
        ("adamw", 1, "central", 3),
    ],
)
def test_passes_for_less_than_a_step_are_refused(method, queries, difference, passes):
    module, given = Linear(), {"queries": queries, "difference": difference}
    with pytest.raises(InvalidArgument, match=f"passes = {passes - 1}: a step takes {passes}: give"):
        tuned(module, method, passes=passes - 1, **given)
    assert not module.sizes
    log = tuned(module, method, passes=passes, **given)
    assert (log.rows[-1]["passes"], log.rows[-1]["steps"]) == (passes, 1)


def test_parts_of_a_batch_are_equal():
    module = Linear()
    with pytest.raises(InvalidArgument, match="batch = 16: 3 processes take equal parts of it"):
        tuned(module, "zo-sgd/sphere", share=(2, 3))
    assert not module.sizes


@pytest.mark.parametrize("method", ["zo-sgd/sphere", "dap/sphere", "zo-adamm/sphere", "published/uniform"])
def test_a_rate_that_is_too_large_is_divergence(method):
    module = Linear()
    log = tuned(module, method, queries=2, lr=1e10)
    assert log.diverged
    assert torch.equal(module.weight, Linear().weight)
    # A smoothing distance that moves nothing at the start is what it is called.
    with pytest.raises(InvalidArgument, match="mu = 1e-12: more than half"):
        tuned(Linear(), method, queries=2, mu=1e-12)


def test_records_are_told_as_they_go(tmp_path):
    file, told = tmp_path / "run.pt", []
    with pytest.raises(Killed):
        tuned(
            Linear(lives=40), "zo-sgd/sphere", checkpoint=file, tell=lambda log: told.append(len(log.rows))
        )
    assert told == list(range(1, told[-1] + 1))
    again = []
    log = tuned(
        Linear(),
        "zo-sgd/sphere",
        checkpoint=file,
        tell=lambda log: again.append([row["passes"] for row in log.rows]),
        leave=True,
    )
    # What was told before it was killed is there from the beginning, and the checkpoint is the caller's.
    assert [len(rows) for rows in again] == list(range(told[-1] + 1, 8))
    assert all(rows == again[-1][: len(rows)] for rows in again)
    assert again[-1] == [row["passes"] for row in log.rows]
    assert file.exists()


def _share(rank, store, checkpoint, lives, results):
    torch.set_num_threads(1)
    group = {"rank": rank, "world_size": 2, "init_method": f"file://{store}"}
    torch.distributed.init_process_group("gloo", **group)
    module = Linear(lives=lives)
    try:
        given = {"checkpoint": checkpoint, "share": (rank, 2), "parallel": "data"}
        log = tuned(module, "published/dap", passes=61, corrected=("passes",), **given)
        results.put(
            (rank, [row["dev_loss"] for row in log.rows], module.weight.tolist(), len(module.sizes))
        )
    except (Killed, RankError):
        results.put((rank, [], [], len(module.sizes)))
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_processes_share_a_run_that_was_killed(tmp_path):
    context, file = multiprocessing.get_context("fork"), tmp_path / "run.pt"

    def shared(name, checkpoint, lives=math.inf):
        results = context.Queue()
        given = [
            (rank, tmp_path / name, checkpoint, lives if rank else math.inf, results) for rank in (0, 1)
        ]
        processes = [context.Process(target=_share, args=each) for each in given]
        for process in processes:
            process.start()
        found = sorted(results.get(timeout=60) for _ in processes)
        for process in processes:
            process.join()
        return found

    whole = shared("whole", None)
    # Both ranks are the same model, that of one process up to rounding.
    assert whole[0][1:3] == whole[1][1:3]

    alone = tuned(Linear(), "published/dap", passes=61, corrected=("passes",))
    assert whole[0][1] == pytest.approx([row["dev_loss"] for row in alone.rows], rel=1e-3)
    assert whole[0][1][-1] != whole[0][1][0]
    # Rank 1 dies; what rank 0 wrote alone is there.
    assert [rows for _, rows, _, _ in shared("killed", file, lives=40)] == [[], []]
    assert [path.name for path in tmp_path.glob("*.pt")] == ["run.pt"]
    resumed = shared("resumed", file)
    assert [found[:3] for found in resumed] == [found[:3] for found in whole]
    assert all(again[3] < once[3] for again, once in zip(resumed, whole, strict=True))
    assert not file.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr": 1e-6}, r"another run \(optimizer's lr = \[0\.05\], not \[1e-06\]\): delete it, or name"),
        ({"method": "adamw"}, "another run .*optimizer's class = 'ZOSGD', not 'AdamW'"),
        ({"method": "r-adazo/gaussian"}, "another run .*optimizer's class = 'ZOSGD', not 'RAdaZO'"),
        ({"told": {"sentences": "other"}}, r"another run \(sentences = 'these', not 'other'\)"),
        ({"told": None}, r"another run \(sentences = 'these', not None\)"),
        ({"mu": 1e-2}, r"another run \(optimizer's mu = 0\.001, not 0\.01\)"),
        ({"queries": 2}, r"another run \(optimizer's perturbations = 1, not 2\)"),
        ({"share": (1, 2)}, r"another run \(processes = 1, not 2\)"),
        ({"passes": 80, "micro": 4, "patience": 1, "lr": 1.0}, r"passes = 60, not 80; .*; and 1 more\)"),
    ],
)
def test_what_another_run_kept_is_refused(tmp_path, changes, message):
    file = tmp_path / "run.pt"
    given = {"method": "zo-sgd/gaussian", "checkpoint": file, "told": {"sentences": "these"}}
    with pytest.raises(Killed):
        tuned(Linear(lives=40), **given)
    kept, module = file.read_bytes(), Linear()
    with pytest.raises(InvalidArgument, match=message):
        tuned(module, **(given | changes))
    # Nothing was done, and the run that it is of goes on.
    assert not module.sizes
    assert torch.equal(module.weight, Linear().weight)
    assert file.read_bytes() == kept
    resumed, whole = Linear(), Linear()
    tuned(resumed, **given)
    tuned(whole, "zo-sgd/gaussian")
    assert torch.equal(resumed.weight, whole.weight)
    assert len(resumed.sizes) < len(whole.sizes)
    assert not file.exists()


def test_what_is_no_checkpoint_is_told(tmp_path):
    file = tmp_path / "run.pt"
    for write in (
        lambda: file.write_bytes(b"something else"),
        lambda: file.write_bytes(b""),
        lambda: torch.save({"plan": {"passes": 60}}, file),
        lambda: torch.save([1.0], file),
    ):
        write()
        kept = file.read_bytes()
        with pytest.raises(InvalidArgument, match=r"run\.pt'?: it cannot be read, .*: delete it, or name"):
            tuned(Linear(), "zo-sgd/sphere", checkpoint=file)
        assert file.read_bytes() == kept
