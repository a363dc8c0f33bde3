"""What a zeroth-order step costs on a language model, in time and in memory, against its forward passes.

    pip install transformers
    python tests/benchmarks/optim_language_model.py [--model FOLDER] [--threads 2] [--rounds 5] [--every 1]
        [--only A,B]

Without a folder the model has the shapes of SmolLM2-135M (30 blocks, 134.5 million parameters, tied head)
and random weights: that changes neither times nor memory. Every method is timed in turn, round by round, so
that whatever else the machine does hits them alike; the least time of each is compared. Float32, all
parameters trained, batch 16 of 35 tokens; logits at all positions, or with --logits last at the last one
alone, which is all that a classifier's loss needs: forwards are then a quarter cheaper, and the rest of a
step weighs more.

"published" and "lean" are MeZO as it is usually written, in this file: torch.normal from a seed, once a
pass; parameters shifted by +mu, -2 mu, +mu and updated, in temporaries (p = p + c * z * mu) or in place.
A step of MeZOBCD is the mean over one round of all blocks, or with --every 8 of the middle one of every 8,
as times are all but linear in the depth. "kept" stays 8 steps with a block and the batch (engine="keep").

Memory is measured in a process of its own for each method: the largest resident memory during three steps
(nine for MeZOBCD, three a block) less that before the model was made, so weights count and the interpreter
does not. glibc is told to return large pieces at once (MALLOC_MMAP_THRESHOLD_): left alone it keeps what is
freed, up to a third more than is ever in use here, and what it keeps depends on the order of requests.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from zotheory.optim import DAPSGD, ZOSGD, MeZO, MeZOBCD

BATCH, LENGTH, MU, LR = 16, 35, 1e-3, 1e-9
STAY = 8  # steps a block of "kept"


class Some(MeZOBCD):
    """Visits the middle one of every so many blocks, in order; its attribute `every` says how many."""

    every = 1

    def _turn(self) -> tuple[int, tuple[float, ...]]:
        count = len(self.blocks)
        turn = self.steps // self.steps_per_block % (count // self.every)
        return turn * self.every + self.every // 2, (1 / count,) * count

    @property
    def round(self) -> int:
        """Steps until all blocks of the round have been visited."""
        return len(self.blocks) // self.every * self.steps_per_block


def language_model(folder: str | None) -> torch.nn.Module:
    """Return the model, in float32 and evaluation mode."""
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

    if folder:
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    config = LlamaConfig(
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        vocab_size=49152,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config).eval()


def classical(model: torch.nn.Module, closure: Callable, *, in_place: bool) -> Callable[[], None]:
    """MeZO with torch's generator, the baseline."""
    parameters, counter = list(model.parameters()), iter(range(10**9))

    @torch.no_grad()
    def step() -> None:
        seed = next(counter)

        def shift(scale: float) -> None:
            generator = torch.Generator().manual_seed(seed)
            for p in parameters:
                z = torch.normal(0.0, 1.0, p.shape, generator=generator)
                if in_place:
                    p.add_(z, alpha=scale * MU)
                else:
                    p.data = p.data + scale * z * MU

        shift(1)
        ahead = float(closure())
        shift(-2)
        slope = (ahead - float(closure())) / (2 * MU)
        shift(1)
        shift(-LR * slope / MU)

    return step


def methods(
    model: torch.nn.Module, closure: Callable, every: int, steps_per_block: int
) -> dict[str, Callable[[], object]]:
    """Return one step of each method; MeZOBCD's is the next block's."""
    Some.every = every

    @torch.no_grad()
    def forwards() -> None:
        closure()
        closure()

    made = {
        "MeZO signs": lambda: MeZO(model.parameters(), LR, law="rademacher", model=model),
        "MeZO signs delayed": lambda: MeZO(
            model.parameters(), LR, law="rademacher", model=model, delayed=True
        ),
        "MeZO signs lockstep": lambda: MeZO(
            model.parameters(), LR, law="rademacher", model=model, engine="lockstep"
        ),
        "MeZO signs abreast": lambda: MeZO(
            model.parameters(), LR, law="rademacher", model=model, abreast=True
        ),
        "MeZO normal": lambda: MeZO(model.parameters(), LR, model=model),
        "MeZO normal lockstep": lambda: MeZO(model.parameters(), LR, model=model, engine="lockstep"),
        "ZOSGD sphere": lambda: ZOSGD(model.parameters(), LR, law="sphere", model=model),
        "DAPSGD": lambda: DAPSGD(model.parameters(), LR, model=model),
        "MeZOBCD": lambda: Some(model.parameters(), LR, model=model, steps_per_block=steps_per_block),
        "MeZOBCD abreast": lambda: Some(
            model.parameters(), LR, model=model, steps_per_block=steps_per_block, abreast=True
        ),
        "MeZOBCD kept": lambda: Some(
            model.parameters(), LR, model=model, steps_per_block=STAY, engine="keep"
        ),
        "MeZOBCD kept abreast": lambda: Some(
            model.parameters(), LR, model=model, steps_per_block=STAY, engine="keep", abreast=True
        ),
    }
    found: dict[str, Callable[[], object]] = {
        "two forwards": forwards,
        "MeZO published": classical(model, closure, in_place=False),
        "MeZO lean": classical(model, closure, in_place=True),
    }

    def stepping(make: Callable) -> Callable[[], object]:
        kept = []

        def step() -> object:
            kept.extend([] if kept else [make()])
            return kept[0].step(closure)

        step.optimizer = lambda: kept[0]  # type: ignore[attr-defined]
        return step

    return found | {name: stepping(make) for name, make in made.items()}


def task(arguments: argparse.Namespace, steps_per_block: int = 1) -> dict[str, Callable[[], object]]:
    """Return the methods on a model and a batch."""
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    model = language_model(arguments.model)
    tokens, words = torch.randint(0, 49000, (BATCH, LENGTH)), torch.tensor([1109, 13321])
    labels = torch.randint(0, 2, (BATCH,))

    keep = 0 if arguments.logits == "all" else 1

    def closure() -> torch.Tensor:
        logits = model(tokens, logits_to_keep=keep, use_cache=False).logits[:, -1, words]
        return torch.nn.functional.cross_entropy(logits, labels)

    return methods(model, closure, arguments.every, steps_per_block)


def seconds(step: Callable[[], object], name: str) -> float:
    """Time a step; for block descent the mean over a round, after the blocks' first visits."""
    if not name.startswith("MeZOBCD"):
        start = time.perf_counter()
        step()
        return time.perf_counter() - start
    optimizer = step.optimizer() if hasattr(step, "ready") else None  # type: ignore[attr-defined]
    if optimizer is None:
        step()
        optimizer = step.optimizer()  # type: ignore[attr-defined]
        # The first two visits of a block watch the model and check that reuse is right.
        for _ in range(max(optimizer.round, 2 * optimizer.round // optimizer.steps_per_block) - 1):
            step()
        step.ready = True  # type: ignore[attr-defined]
    start = time.perf_counter()
    for _ in range(optimizer.round):
        step()
    return (time.perf_counter() - start) / optimizer.round


def resident(largest: bool) -> float:
    """Resident memory of this process in megabytes, now or at most since the last reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    key = "VmHWM:" if largest else "VmRSS:"
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(key))


def memory(arguments: argparse.Namespace, name: str) -> None:
    """Print the peak of two steps in a fresh process."""
    import transformers  # noqa: F401

    before = resident(largest=False)
    step = task(arguments, steps_per_block=3)[name]
    Path("/proc/self/clear_refs").write_text("5")
    for _ in range(9 if name.startswith("MeZOBCD") else 3):
        step()
    print(resident(largest=True) - before)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", help="a folder that transformers can load")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--every", type=int, default=1, help="MeZOBCD: one block of so many")
    parser.add_argument("--only", help="names of methods, separated by commas")
    parser.add_argument("--logits", choices=("all", "last"), default="all", help="positions of the head")
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        memory(arguments, arguments.memory_of)
        return
    steps = task(arguments)
    names = list(steps)
    if arguments.only:
        names = ["two forwards", "MeZO published", "MeZO lean", *arguments.only.split(",")]
        names = [name for name in steps if name in names]
    times: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        seconds(steps[name], name)  # the first time tables are made and models watched
    print("timing", flush=True)
    for _ in range(arguments.rounds):
        for name in names:
            times[name].append(seconds(steps[name], name))
    two = min(times["two forwards"])
    published, lean = min(times["MeZO published"]), min(times["MeZO lean"])
    print(f"threads: {arguments.threads}; two forwards: {two:.2f} s; least of {arguments.rounds} rounds")
    print(f"{'step':24}{'seconds':>9}{'/ two forwards':>16}{'published / it':>16}{'lean / it':>11}")
    for name, found in times.items():
        ratios = f"{min(found) / two:16.2f}{published / min(found):16.2f}{lean / min(found):11.2f}"
        print(f"{name:24}{min(found):9.2f}{ratios}")
    if arguments.no_memory:
        return
    print(f"\n{'peak memory':24}{'MB':>9}{'/ inference':>16}")
    inference = 0.0
    for name in names:
        given = [a for a in sys.argv[1:] if a != "--no-memory"]
        command = [sys.executable, __file__, *given, "--memory-of", name]
        environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "1000000"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        peak = float(done.stdout.split()[-1])
        inference = inference or peak
        print(f"{name:24}{peak:9.0f}{peak / inference:16.3f}")


if __name__ == "__main__":
    main()
