"""How long a random sign and a normal number take, against torch.randint and torch.normal.

    python tests/benchmarks/optim_streams.py

Each time is the least of several runs, in nanoseconds an entry, on one thread.
"""

import time
from collections.abc import Callable

import torch

from zotheory.optim.stream import CHUNK, Stream

RUNS, REPEATS = 15, 20


def nanoseconds(draw: Callable[[], object]) -> float:
    """Least time of a run, by the number of entries drawn."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        for _ in range(REPEATS):
            draw()
        times.append(time.perf_counter() - start)
    return min(times) / REPEATS / CHUNK * 1e9


def main() -> None:
    """Print the times and their ratios."""
    torch.set_num_threads(1)
    stream = Stream(0, "benchmark")
    generator = torch.Generator().manual_seed(0)
    zeros = torch.zeros(CHUNK)
    pairs = {
        "signs": (
            lambda: stream.signs(0, 0, 0, CHUNK),
            "torch.randint",
            lambda: torch.randint(0, 2, (CHUNK,), generator=generator),
        ),
        "normals": (
            lambda: stream.normals(0, 0, 0, CHUNK),
            "torch.normal",
            lambda: torch.normal(zeros, 1.0, generator=generator),
        ),
    }
    for name, (ours, other, theirs) in pairs.items():
        mine, reference = nanoseconds(ours), nanoseconds(theirs)
        print(f"{name:8} {mine:6.2f} ns   {other:14} {reference:6.2f} ns   ratio {mine / reference:.2f}")


if __name__ == "__main__":
    main()
