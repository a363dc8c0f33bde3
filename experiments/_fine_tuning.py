"""Fine-tuning of a classifier: passes counted, everything logged, and resumed exactly where it stopped."""

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from experiments._classifiers import Classifier
from experiments._memory import Peak, in_parts
from zotheory.errors import InvalidArgument
from zotheory.optim import DAPSGD, LossError, ZerothOrderOptimizer
from zotheory.optim.state import run_of
from zotheory.rng import stream

# A forward and a backward pass, in forward passes.
BACKWARD_COST = 3
# What to do about a checkpoint that is refused.
OTHER = "delete it, or name another file"
Make = Callable[[Sequence[tuple[str, torch.nn.Parameter]], torch.nn.Module], torch.optim.Optimizer]


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs of a classifier, see `Classifier.inputs`, with labels 0 or 1, shape (n,)."""

    inputs: Sequence[torch.Tensor]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Score:
    """How well a classifier does on some examples.

    Attributes:
        loss: mean cross-entropy.
        accuracy: of the larger logit.
        calibrated: accuracy with the threshold at the median difference of the logits, over these very
            examples without their labels: what is left when the bias towards one word is removed.
        positive: part that is predicted to be of class 1.
    """

    loss: float
    accuracy: float
    calibrated: float
    positive: float


def score(classifier: Classifier, examples: Examples, batch: int = 64) -> Score:
    """Return how well a classifier does, so many sentences at a time; not counted as training."""
    logits = _logits(classifier, examples, batch)
    labels = torch.as_tensor(examples.labels)
    loss = float(torch.nn.functional.cross_entropy(logits, labels))
    difference = (logits[:, 1] - logits[:, 0]).numpy()
    truth = examples.labels == 1
    right = float(np.mean((difference > 0) == truth))
    calibrated = float(np.mean((difference > np.median(difference)) == truth))
    return Score(loss, right, calibrated, float(np.mean(difference > 0)))


def margins(classifier: Classifier, examples: Examples, batch: int = 64) -> torch.Tensor:
    """Return the logit of class 1 less that of class 0 of each example, shape (n,)."""
    logits = _logits(classifier, examples, batch)
    return logits[:, 1] - logits[:, 0]


def _logits(classifier: Classifier, examples: Examples, batch: int) -> torch.Tensor:
    order = sorted(range(len(examples)), key=lambda i: len(examples.inputs[i]))
    logits = torch.empty(len(examples), 2)

    @torch.inference_mode()
    def work(start: int, end: int) -> None:
        part = order[start:end]
        logits[part] = classifier.logits([examples.inputs[i] for i in part]).float().cpu()

    in_parts(len(order), batch, work)
    return logits


@dataclass(frozen=True)
class Plan:
    """How a run goes.

    Attributes:
        passes: forward passes of a batch, a budget that is not exceeded.
        records: how often the development set is looked at, evenly spaced, besides the start.
        batch: sentences of a step; all its evaluations see the same ones.
        micro: sentences at a time in an evaluation, at most the batch; their losses are averaged.
        seed: of the order of sentences.
        patience: a run stops after so many records without a smaller development loss; 0: never.
        restore_best: whether the parameters of the smallest development loss are taken at the end.
    """

    passes: int
    records: int
    batch: int = 16
    micro: int = 16
    seed: int = 0
    patience: int = 0
    restore_best: bool = True


@dataclass
class Log:
    """What a run was like at each record; the first one is before any step.

    Attributes:
        rows: passes, steps, seconds and cpu_seconds (of steps; the latter of all threads of this process),
            tokens (see below), loss (mean over the steps since the last record), slope (see below), memory
            (the largest during the steps since then, in kB, see `Peak`; at the start what is held before
            any step), alignment (GuidedSGD's estimate; DAPSGD's mean slope along its axes since the last
            record over the root mean square of stage 2's slopes, right to about one over the root of their
            number), dev_loss, dev_accuracy, dev_calibrated.
        energies: of each record the block energies, for block descent, else empty.
        diverged: whether a loss was not finite, or a step left parameters that mu no longer moves; those of
            the best record are then taken.
        best: number of the record with the smallest development loss.

    Tokens are the positions of the inputs that all passes so far were given, in all processes together:
    those of the whole batch times the passes of the step, without padding and without virtual tokens, and
    one a sentence where the input is the cached features of its last position (final-norm, verbalizers,
    head).

    Slope is the root mean square since the last record of sqrt(delta) times the slopes that are measured
    along v, E[v v^T] = delta I. That is delta times the projected gradient along u = v / sqrt(delta),
    E[u u^T] = I: the projected gradient itself where delta is 1. Of DAPSGD it is that of stage 2; for block
    descent u is in the block; NaN for first order.
    """

    rows: list[dict[str, float]] = field(default_factory=list)
    energies: list[list[float]] = field(default_factory=list)
    diverged: bool = False
    best: int = 0


def fine_tune(
    classifier: Classifier,
    train: Examples,
    dev: Examples,
    make: Make,
    plan: Plan,
    *,
    checkpoint: Path | None = None,
    share: tuple[int, int] = (0, 1),
    told: Mapping[str, Any] | None = None,
    tell: Callable[[Log], None] | None = None,
    leave: bool = False,
) -> Log:
    """Tune a classifier in place.

    Args:
        classifier: what is tuned.
        train: examples for steps; each epoch in a new order, a function of (seed, epoch).
        dev: examples that are only looked at.
        make: (named parameters, module) -> an optimizer; one of torch runs with gradients, at
            `BACKWARD_COST` passes a step.
        plan: how.
        checkpoint: file that is written at each record and read at the start, if it is there: the run goes
            on and ends as it would have; removed at the end. Processes that share a run are given the same
            one, which all read and rank 0 writes.
        share: (rank, ranks): which part of each batch this process takes, as large as the others.
        told: plain values by name that the run depends on besides the plan and the optimizer's options,
            such as digests of model and examples; kept in the checkpoint, which is of this run only where
            they are the same.
        tell: called with the log after each record and at the end.
        leave: whether the checkpoint is left at the end, for the caller to remove.

    Raises:
        InvalidArgument: a batch larger than the training set, or one that its processes cannot divide into
            equal parts, passes that are not enough for one step, or so many sentences at a time that a
            GPU's memory ends (the message says how many fit, by trial; the parameters are then the best
            ones), or a checkpoint that cannot be read or is of another run (the message says what differs;
            it is left as it is).
    """
    if not 1 <= plan.batch <= len(train):
        raise InvalidArgument("batch", plan.batch, f"give 1 to {len(train)}, the sentences to train on")
    check_share(plan.batch, share)
    parameters = [p for _, p in classifier.tuned]
    # Shared optimizers wait for each other where they are made: rank 0 writes when all have read.
    kept = None if checkpoint is None or not checkpoint.is_file() else _read(checkpoint)
    optimizer = make(classifier.tuned, classifier.module)
    progress = _Progress(len(train), plan, cost=_cost(optimizer))
    if progress.cost > plan.passes:
        remedy = f"a step takes {progress.cost}: give as many at least, in tuning_passes too"
        raise InvalidArgument("passes", plan.passes, remedy)
    log, marks = Log(), np.unique(np.linspace(0, plan.passes, plan.records + 1).astype(int))
    peak = Peak(parameters[0].device)
    best = _copies(parameters)
    about = _about(classifier, optimizer, plan, share, told or {})
    if checkpoint is not None and kept is not None:
        best = _resumed(checkpoint, kept, about, parameters, optimizer, progress, log)
    peak.start()
    while not log.diverged:
        done = progress.passes + progress.cost > plan.passes
        if progress.passes >= marks[min(len(log.rows), len(marks) - 1)] or done:
            found = _record(log, progress, optimizer, classifier, dev, peak)
            if log.best == len(log.rows) - 1:
                best = _copies(parameters)
            waited = len(log.rows) - 1 - log.best
            if done or not math.isfinite(found.loss) or (plan.patience and waited >= plan.patience):
                log.diverged = not math.isfinite(found.loss)
                break
            if tell is not None:
                tell(log)
            if checkpoint is not None and _is_first():
                _keep(checkpoint, about, parameters, optimizer, progress, log, best)
            peak.start()
        try:
            _step(classifier, train, optimizer, plan, progress, log, share)
        except InvalidArgument:
            _restore(parameters, best)
            raise
    peak.close()
    if plan.restore_best or log.diverged:
        _restore(parameters, best)
    if tell is not None:
        tell(log)
    if checkpoint is not None and _is_first() and not leave:
        checkpoint.unlink(missing_ok=True)
    return log


def check_share(batch: int, share: tuple[int, int]) -> None:
    """Check that processes can take equal parts of a batch, whose losses they average.

    Raises:
        InvalidArgument: they cannot.
    """
    if batch % share[1]:
        remedy = f"{share[1]} processes take equal parts of it: give a multiple of {share[1]}"
        raise InvalidArgument("batch", batch, remedy)


def _is_first() -> bool:
    distributed = torch.distributed
    return not (distributed.is_available() and distributed.is_initialized()) or distributed.get_rank() == 0


def _cost(optimizer: torch.optim.Optimizer) -> int:
    # Of a step: f(x) once with forward differences, also for both stages of two.
    if not isinstance(optimizer, ZerothOrderOptimizer):
        return BACKWARD_COST
    perturbations = sum(optimizer.portions().values())
    return perturbations + 1 if optimizer.difference == "forward" else 2 * perturbations


@dataclass
class _Progress:
    size: int
    plan: Plan
    passes: int = 0
    steps: int = 0
    cost: int = 0  # passes of the dearest step
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    tokens: int = 0
    losses: list[float] = field(default_factory=list)
    slopes: list[float] = field(default_factory=list)
    axis_slopes: list[float] = field(default_factory=list)

    def rows(self) -> NDArray[np.int64]:
        """Return the sentences of the next step."""
        first = self.steps * self.plan.batch
        places = np.arange(first, first + self.plan.batch)
        return np.array(
            [_order(self.plan.seed, int(p) // self.size, self.size)[p % self.size] for p in places]
        )


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, size: int) -> NDArray[np.int64]:
    return stream(seed, "order", epoch).permutation(size)


def _step(
    classifier: Classifier,
    train: Examples,
    optimizer: torch.optim.Optimizer,
    plan: Plan,
    progress: _Progress,
    log: Log,
    share: tuple[int, int],
) -> None:
    rows = progress.rows()
    batches = _parts(train, rows[share[0] :: share[1]], plan.micro)
    before = getattr(optimizer, "queries", 0)
    start, busy = time.perf_counter(), time.process_time()
    try:
        loss = _taken(classifier, optimizer, batches)
    except LossError:
        log.diverged = True
        return
    except InvalidArgument as error:
        # Of the start these are said; a step that is too long may leave parameters that nothing moves.
        if error.argument not in ("mu", "params") or not progress.steps:
            raise
        log.diverged = True
        return
    except torch.OutOfMemoryError:
        loss = None
    if loss is None:
        raise InvalidArgument("micro", plan.micro, _fitting(classifier, optimizer, train, plan.micro))
    if isinstance(optimizer, ZerothOrderOptimizer):
        taken = optimizer.queries - before
        if isinstance(optimizer, DAPSGD):
            progress.axis_slopes += optimizer.axis_slopes
            progress.slopes += optimizer.axis_slopes
        else:
            progress.slopes += [c * len(optimizer.coefficients) for c in optimizer.coefficients]
    else:
        taken = BACKWARD_COST
        log.diverged = not math.isfinite(loss)
    progress.seconds += time.perf_counter() - start
    progress.cpu_seconds += time.process_time() - busy
    progress.steps += 1
    progress.passes += taken
    progress.cost = max(progress.cost, taken)
    progress.tokens += taken * sum(len(train.inputs[i]) for i in rows)
    progress.losses.append(loss)


def _parts(
    train: Examples, rows: Sequence[int] | NDArray[np.int64], micro: int
) -> list[tuple[list[torch.Tensor], torch.Tensor]]:
    parts = [rows[start : start + micro] for start in range(0, len(rows), micro)]
    return [([train.inputs[i] for i in part], torch.as_tensor(train.labels[part])) for part in parts]


def _taken(
    classifier: Classifier,
    optimizer: torch.optim.Optimizer,
    batches: Sequence[tuple[list[torch.Tensor], torch.Tensor]],
) -> float:
    """Take a step and return the loss; gradients are summed part by part."""
    count = sum(len(inputs) for inputs, _ in batches)

    def share(inputs: list[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        logits = classifier.logits(inputs).float()
        mean = torch.nn.functional.cross_entropy(logits, labels.to(logits.device))
        return mean.cpu() * (len(inputs) / count)

    if isinstance(optimizer, ZerothOrderOptimizer):
        return float(optimizer.step(lambda: torch.stack([share(*part) for part in batches]).sum()))
    optimizer.zero_grad()
    total = 0.0
    for part in batches:
        loss = share(*part)
        loss.backward()
        total += float(loss.detach())
    optimizer.step()
    return total


def _fitting(classifier: Classifier, optimizer: torch.optim.Optimizer, train: Examples, micro: int) -> str:
    """Return a remedy: how many of the longest sentences at a time a step has memory for, by trial."""
    longest = sorted(range(len(train)), key=lambda i: -len(train.inputs[i]))[:micro]
    while micro > 1:
        micro //= 2
        optimizer.zero_grad()
        torch.cuda.empty_cache()
        try:
            _taken(classifier, optimizer, _parts(train, np.array(longest), micro))
        except torch.OutOfMemoryError:
            continue
        return f"too much for the GPU's memory; tried: {micro} at a time fit, so give micro = {micro}"
    return "too much for the GPU's memory, even one at a time: tune fewer layers, or give dtype bfloat16"


def _record(
    log: Log,
    progress: _Progress,
    optimizer: torch.optim.Optimizer,
    classifier: Classifier,
    dev: Examples,
    peak: Peak,
) -> Score:
    if isinstance(optimizer, ZerothOrderOptimizer):
        optimizer.settle()
    memory = peak.largest
    found = score(classifier, dev)
    slopes = np.square(progress.slopes)
    log.rows.append(
        {
            "passes": progress.passes,
            "steps": progress.steps,
            "seconds": progress.seconds,
            "cpu_seconds": progress.cpu_seconds,
            "memory": memory,
            "tokens": progress.tokens,
            "loss": float(np.mean(progress.losses)) if progress.losses else math.nan,
            "slope": float(np.sqrt(slopes.mean())) if slopes.size else math.nan,
            "alignment": _alignment(optimizer, progress),
            "dev_loss": found.loss,
            "dev_accuracy": found.accuracy,
            "dev_calibrated": found.calibrated,
        }
    )
    log.energies.append([float(e) for e in getattr(optimizer, "energies", [])])
    if found.loss < log.rows[log.best]["dev_loss"]:
        log.best = len(log.rows) - 1
    progress.losses, progress.slopes, progress.axis_slopes = [], [], []
    return found


def _alignment(optimizer: torch.optim.Optimizer, progress: _Progress) -> float:
    if progress.axis_slopes:
        # With E[x] = delta a.e and E[x^2] = (delta |a|)^2: how far the mean slope along e is from |a|.
        along = np.array(progress.axis_slopes)
        size = float(np.sqrt(np.square(along).mean()))
        return float(along.mean()) / size if size else math.nan
    along, across = getattr(optimizer, "along", None), getattr(optimizer, "across", None)
    if along is None or across is None or not (along.weight and across.weight):
        return math.nan
    # Root mean squares of the slope along the guide and of the part of the gradient across it.
    size = math.hypot(along.root, across.root)
    return along.root / size if size else math.nan


def _copies(parameters: Sequence[torch.nn.Parameter]) -> list[torch.Tensor]:
    return [p.detach().clone() for p in parameters]


@torch.no_grad()
def _restore(parameters: Sequence[torch.nn.Parameter], values: Sequence[torch.Tensor]) -> None:
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)


def _about(
    classifier: Classifier,
    optimizer: torch.optim.Optimizer,
    plan: Plan,
    share: tuple[int, int],
    told: Mapping[str, Any],
) -> dict[str, Any]:
    """Return plain values that say which run this is; the optimizer is new."""
    options = {name for group in optimizer.param_groups for name in group} - {"params", "param_names"}
    own: dict[str, Any] = {"class": type(optimizer).__name__}
    own |= {name: [group.get(name) for group in optimizer.param_groups] for name in sorted(options)}
    if isinstance(optimizer, ZerothOrderOptimizer):
        own |= run_of(optimizer)
    shapes = [(name, tuple(p.shape)) for name, p in classifier.tuned]
    optimizers = {f"optimizer's {name}": value for name, value in own.items()}
    return {**told, **optimizers, **vars(plan), "processes": share[1], "tuned parameters": shapes}


def _keep(
    path: Path,
    about: dict[str, Any],
    parameters: Sequence[torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    progress: _Progress,
    log: Log,
    best: list[torch.Tensor],
) -> None:
    state = {
        "about": about,
        "parameters": _copies(parameters),
        "optimizer": optimizer.state_dict(),
        "progress": {k: v for k, v in vars(progress).items() if k not in ("plan", "size")},
        "log": vars(log),
        "best": best,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}")
    torch.save(state, scratch)
    os.replace(scratch, path)


def _read(path: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=False)
        return {**state, "about": dict(state["about"])}
    except Exception as error:  # whatever unpickling makes of such a file
        why = f"it cannot be read, or is of an earlier version ({type(error).__name__}): {OTHER}"
        raise InvalidArgument("checkpoint", str(path), why) from error


def _resumed(
    path: Path,
    state: dict[str, Any],
    about: dict[str, Any],
    parameters: Sequence[torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    progress: _Progress,
    log: Log,
) -> list[torch.Tensor]:
    was = state["about"]
    differing = [name for name in {**about, **was} if was.get(name) != about.get(name)]
    if differing:
        shown = [f"{name} = {was.get(name)!r:.60}, not {about.get(name)!r:.60}" for name in differing[:3]]
        more = f"; and {len(differing) - 3} more" if len(differing) > 3 else ""
        raise InvalidArgument(
            "checkpoint", str(path), f"it is of another run ({'; '.join(shown)}{more}): {OTHER}"
        )
    _restore(parameters, state["parameters"])
    optimizer.load_state_dict(state["optimizer"])
    for name, value in state["progress"].items():
        setattr(progress, name, value)
    for name, value in state["log"].items():
        setattr(log, name, value)
    return state["best"]
