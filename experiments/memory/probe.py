"""One measurement in a process of its own: the most memory that steps of a method hold."""

import contextlib
import ctypes
import gc
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate, repeat
from typing import Any

import torch

from experiments._classifiers import Classifier, classifier
from experiments._language_models import load_model
from experiments._memory import Peak
from experiments._prompts import PROMPTS, word_tokens
from experiments.language_model.methods import maker
from zotheory.errors import ZotheoryError
from zotheory.experiment.environment import resident_memory
from zotheory.experiment.shipping import packed
from zotheory.optim import MeZOBCD, ZerothOrderOptimizer
from zotheory.rng import stream

INFERENCE, SGD = "inference", "sgd"
# Methods that language-model does not have.
OWN = (INFERENCE, SGD)
RATE = 1e-9
# glibc gives pieces of a megabyte or more back at once. Left alone it keeps what is freed, up to a third
# more than is ever in use here, and how much depends on the order of requests.
_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "1000000", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_CHILD = (
    "import sys, json, cloudpickle; f, a = cloudpickle.load(sys.stdin.buffer); print(json.dumps(f(*a)))"
)


class ProbeError(ZotheoryError):
    """A process that was to measure something ended without an answer."""


def measured(model: str, method: str, batch: int, length: int, steps: int, seed: int) -> dict[str, float]:
    """Return what `watched` finds in a fresh process.

    Raises:
        ProbeError: that process ends without an answer.
    """
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] == "experiments"]
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=packed((watched, (model, method, batch, length, steps, seed)), modules),
        env={**os.environ, **_ENVIRONMENT},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or [""])[-1]
        raise ProbeError(f"{model}, {method}: the process ended with status {done.returncode}: {last}")
    return json.loads(done.stdout.decode().splitlines()[-1])


def watched(model: str, method: str, batch: int, length: int, steps: int, seed: int) -> dict[str, float]:
    """Return what a process holds, in kB.

    Returns:
        weights: of the model.
        resident_peak: the largest resident memory during steps, less that of the libraries, which is what
            is resident with the model loaded less its weights.
        allocated_peak: the largest sum of what torch had asked its allocator for and not given back during
            a second run, weights included; NaN but for seed 0, as it is the same for all.
    """
    torch.set_num_threads(1)
    made = _classifier(model)
    tensors = [*made.module.parameters(), *made.module.buffers()]
    weights = sum({t.data_ptr(): t.untyped_storage().nbytes() for t in tensors}.values()) / 1024
    with torch.no_grad():  # what libraries load and keep at the first pass is theirs
        made.logits([torch.zeros(2, dtype=torch.long)])
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # what loading has left, too, is given back
    peak, libraries = Peak(), resident_memory() / 1024 - weights
    peak.start()
    for step in _steps(made, method, batch, length, steps, seed):
        step()
    resident = peak.largest - libraries
    return {
        "weights": weights,
        "resident_peak": resident,
        "allocated_peak": math.nan if seed else weights + _allocated(made, method, batch, length, steps),
    }


def _allocated(made: Classifier, method: str, batch: int, length: int, steps: int) -> float:
    from torch.profiler import ProfilerActivity, profile

    for parameter in made.module.parameters():
        parameter.grad = None
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        for step in _steps(made, method, batch, length, steps, seed=0):
            step()
    kineto: Any = recorded.profiler
    events = kineto.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    return max(accumulate(change for _, change in changes)) / 1024


def _classifier(name: str) -> Classifier:
    model, tokenizer = load_model(name)
    # Pages of a file count as resident only once they are read: the weights get memory of their own.
    for parameter in model.parameters():
        parameter.data = parameter.data.clone()
    return classifier(model, word_tokens(tokenizer, PROMPTS["it-was"]), "full")


def _steps(
    made: Classifier, method: str, batch: int, length: int, steps: int, seed: int
) -> Iterator[Callable[[], Any]]:
    rng, vocabulary = stream(seed, "memory"), made.lower.config.vocab_size
    inputs = [torch.as_tensor(row) for row in rng.integers(8, vocabulary, (batch, length))]
    labels = torch.as_tensor(rng.integers(0, 2, batch))

    def loss() -> torch.Tensor:
        return torch.nn.functional.cross_entropy(made.logits(inputs).float(), labels)

    if method == INFERENCE:
        yield from repeat(torch.no_grad()(loss), steps)
        return
    queries = 2 if method.startswith("dap") else 1
    make = maker(method, RATE, mu=1e-3, queries=queries, difference="central", seed=seed)
    optimizer: Any
    if method == SGD:
        optimizer = torch.optim.SGD([p for _, p in made.tuned], RATE)
    else:
        optimizer = make(made.tuned, made.module)

    def first_order() -> None:
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    zeroth = isinstance(optimizer, ZerothOrderOptimizer)
    yield from repeat(partial(optimizer.step, loss) if zeroth else first_order, steps)
    if isinstance(optimizer, MeZOBCD):
        sizes = [block.size for block in optimizer.blocks]
        while not optimizer.visits[sizes.index(max(sizes))]:
            yield partial(optimizer.step, loss)
