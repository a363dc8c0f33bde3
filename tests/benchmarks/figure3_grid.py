"""The tau-MSE grid of arXiv 2510.19975, Figure 3, timed against plain per-sample Python loops.

    python tests/benchmarks/figure3_grid.py            # grid, and the loops on a part of it
    python tests/benchmarks/figure3_grid.py --full     # the loops on the whole grid, some minutes
    python tests/benchmarks/figure3_grid.py --memory   # peak memory of a run of ten million samples

The grid and the loops are described in figure3_cells.py. The grid is computed in two ways: with
"independent" draws, a simulation for each cell, as the loops do it; and with "shared" draws, one simulation
for all cells: smaller batches are prefixes of the largest, and all methods are made of the same normal
numbers. Each shared cell is as accurate, but cells depend on each other, and comparisons between methods
gain by that. Sharing is part of the speed: of the 1 + 2 + 4 + ... + 512 = 1023 perturbations a trial and
method of the loops it draws 512, once for four methods; a loop that shared would gain a factor of two to
three too. Times are those of the whole grid, the best of some repetitions.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from figure3_cells import (
    BATCHES,
    DIM,
    GRADIENT,
    LOOPS,
    METHODS,
    MU,
    SEED,
    TRIALS,
    ZERO,
    X,
    estimator,
    exact,
    nested,
    product,
)

from zotheory.estimators import Forward, SimulatedError, simulate_mse, simulate_mse_curves
from zotheory.laws import Sphere
from zotheory.rng import stream

# The part of the grid on which the loops are timed unless --full: (batch, trials).
PART = [(2, 500), (16, 100), (128, 12)]

REPETITIONS = 3


class Timing:
    """Samples drawn and seconds taken, by method."""

    def __init__(self) -> None:
        self.samples: dict[str, int] = dict.fromkeys(METHODS, 0)
        self.seconds: dict[str, float] = dict.fromkeys(METHODS, 0.0)

    def per_sample(self, method: str) -> float:
        """Seconds a sample."""
        return self.seconds[method] / self.samples[method]

    def best(self, other: "Timing") -> "Timing":
        """This timing with the shorter of the two times for each method."""
        for method in METHODS:
            self.seconds[method] = min(self.seconds[method], other.seconds[method])
        return self


def run_grid(
    batches: list[int], trials: int, workers: int = 1
) -> tuple[dict[tuple[str, int], SimulatedError], Timing]:
    """tau-MSE of every cell, and the time it took."""
    values, timing = {}, Timing()
    for method in METHODS:
        start = time.perf_counter()
        for batch in batches:
            made = estimator(method, batch)
            if made is not None:
                rng = stream(SEED, method, batch)
                values[method, batch] = simulate_mse(
                    made, product, X, GRADIENT, rng, trials=trials, coordinates=[ZERO], workers=workers
                )
                timing.samples[method] += batch * trials
        timing.seconds[method] = time.perf_counter() - start
    return values, timing


def run_shared(
    batches: list[int], trials: int, workers: int = 1
) -> tuple[dict[tuple[str, int], SimulatedError], Timing]:
    """The same grid from one simulation; its time is put down to the methods in equal parts."""
    made = {method: nested(method) for method in METHODS}
    chosen = {method: [b for b in batches if b in possible] for method, (_, possible) in made.items()}
    timing, start = Timing(), time.perf_counter()
    curves = simulate_mse_curves(
        {method: estimator for method, (estimator, _) in made.items()},
        product,
        X,
        GRADIENT,
        stream(SEED, "shared"),
        batches=chosen,
        trials=trials,
        coordinates=[ZERO],
        workers=workers,
    )
    seconds = time.perf_counter() - start
    for method in METHODS:
        timing.seconds[method] = seconds / len(METHODS)
        timing.samples[method] = sum(chosen[method]) * trials
    return {
        (method, batch): found
        for method in METHODS
        for batch, found in zip(chosen[method], curves[method], strict=True)
    }, timing


GRIDS = {"independent": run_grid, "shared": run_shared}


def run_loop(loop: str, cells: list[tuple[int, int]]) -> tuple[dict[tuple[str, int], float], Timing]:
    """The same with a loop, for cells (batch, trials)."""
    values, timing = {}, Timing()
    for method in METHODS:
        start = time.perf_counter()
        for batch, trials in cells:
            if method == "two-stage" and batch == 1:
                continue
            rng, total = stream(SEED, loop, method, batch), 0.0
            for _ in range(trials):
                total += (LOOPS[loop](method, batch, rng)[ZERO] - GRADIENT[ZERO]) ** 2
            values[method, batch] = total / trials
            timing.samples[method] += batch * trials
        timing.seconds[method] = time.perf_counter() - start
    return values, timing


def normals_alone() -> float:
    """Seconds a sample of drawing its normal numbers and nothing else, in blocks that stay in the cache."""
    rng, block = stream(SEED, "floor"), np.empty((4096, DIM))
    start = time.perf_counter()
    for _ in range(50):
        rng.standard_normal(out=block)
    return (time.perf_counter() - start) / (50 * len(block))


def ratios(grid: Timing, loop: Timing) -> dict[str, float]:
    """How much faster the grid is, a sample for a sample: by method, and over the whole grid."""
    out = {method: loop.per_sample(method) / grid.per_sample(method) for method in METHODS}
    whole = sum(loop.per_sample(method) * grid.samples[method] for method in METHODS)
    out["whole grid"] = whole / sum(grid.seconds.values())
    return out


def peak_memory(trials: int, batch: int) -> tuple[float, float]:
    """Peak resident megabytes of a fresh process that simulates trials * batch samples, and its seconds."""
    command = [sys.executable, __file__, "--memory-child", str(trials), str(batch)]
    start = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(run.stdout), time.perf_counter() - start


def memory_child(trials: int, batch: int) -> float:
    """Simulate, and return the peak resident megabytes of this process."""
    simulate_mse(Forward(Sphere(DIM), MU, batch), product, X, GRADIENT, SEED, trials=trials)
    # On Linux getrusage also counts the parent from which the process was forked.
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    if found:
        return int(found[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, kilobytes elsewhere


def print_table(values: dict[tuple[str, int], SimulatedError]) -> None:
    """Print every cell with its standard error, and in brackets the limit mu -> 0 where it is known."""
    print("batch " + "".join(f"{method:>30}" for method in METHODS))
    for batch in BATCHES:
        cells = []
        for method in METHODS:
            found, limit = values.get((method, batch)), exact(method, batch)
            known = "" if limit is None else f" ({limit:.4g})"
            cells.append(f"{found.mse:.4g} ± {found.standard_error:.1g}{known}" if found else "-")
        print(f"{batch:>5} " + "".join(f"{cell:>30}" for cell in cells))


def main() -> None:
    """Run what the command line asks for and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--full", action="store_true", help="time the loops on the whole grid")
    parser.add_argument("--memory", action="store_true", help="measure the memory of 10^7 samples only")
    parser.add_argument("--memory-child", nargs=2, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_child:
        print(memory_child(*arguments.memory_child))
        return
    if arguments.memory:
        for trials, batch in ((10**7, 1), (10**4, 10**3), (1, 10**7)):
            peak, seconds = peak_memory(trials, batch)
            print(f"{trials:>9,} trials x {batch:>10,} samples: peak {peak:.0f} MB, {seconds:.1f} s")
        return
    compare([(batch, TRIALS) for batch in BATCHES] if arguments.full else PART)


def compare(part: list[tuple[int, int]]) -> None:
    """Time the grids, and the loops on a part of the cells, and print how they compare."""
    cores = os.cpu_count() or 1
    grids: dict[tuple[str, int], Timing] = {}
    for draws, run in GRIDS.items():
        for workers in sorted({1, cores}):
            values, timing = run(BATCHES, TRIALS, workers)
            for _ in range(REPETITIONS - 1):
                timing.best(run(BATCHES, TRIALS, workers)[1])
            grids[draws, workers] = timing
        print(f"tau-MSE with {draws} draws, d = {DIM}, mu = {MU:g}, {TRIALS} trials; in brackets the limit")
        print_table(values)
    whole = len(part) == len(BATCHES)
    where = "the whole grid" if whole else f"(batch, trials) in {part}, and extrapolated per sample"
    print(f"floor: {normals_alone() * 1e6:.3f} microseconds for the {DIM} normal numbers of one draw")
    print(f"loops timed on {where}")
    print(f"{'microseconds a sample':>30}" + "".join(f"{method:>11}" for method in METHODS) + " whole grid")
    loops = {}
    for loop in LOOPS:
        timing = run_loop(loop, part)[1]
        for _ in range(0 if whole else REPETITIONS - 1):
            timing.best(run_loop(loop, part)[1])
        loops[loop] = timing
        print_times(f"loop {loop!r}", timing)
    for (draws, workers), grid in grids.items():
        print_times(f"{draws} draws, workers={workers}", grid, f"{sum(grid.seconds.values()):9.2f} s")
    print("how many times faster, a sample for a sample")
    for loop, timing in loops.items():
        for (draws, workers), grid in grids.items():
            times = "".join(f"{factor:10.0f}x" for factor in ratios(grid, timing).values())
            print(f"{f'{draws}, {workers} / {loop}':>30}{times}")


def print_times(name: str, timing: Timing, total: str = "") -> None:
    """Print microseconds a sample."""
    print(f"{name:>30}" + "".join(f"{timing.per_sample(m) * 1e6:11.3f}" for m in METHODS) + total)


if __name__ == "__main__":
    main()
