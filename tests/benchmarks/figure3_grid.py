"""The tau-MSE grid of arXiv 2510.19975, Figure 3, timed against plain per-sample Python loops.

    python tests/benchmarks/figure3_grid.py            # grid, and the loops on a part of it
    python tests/benchmarks/figure3_grid.py --full     # the loops on the whole grid, some minutes
    python tests/benchmarks/figure3_grid.py --memory   # peak memory of a run of ten million samples

The objective is f(x) = x_1 ... x_16 at a point with one coordinate zero, where the gradient has one
non-zero entry; tau-MSE is the error there. Four methods, batches of 1, 2, 4, ..., 512 perturbations,
1000 trials each: 4 million samples. "aligned" knows the gradient; "two-stage" spends half of its batch
on finding it (so it starts at 2).

Two loops draw, evaluate and add up one sample at a time: one takes each sample from the package's law
with `law.sample(1, rng)`; the other is written for this purpose alone, inlining the sampler in numpy.
"""

import argparse
import math
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from zotheory.estimators import Estimator, Forward, SimulatedError, TwoStage, simulate_mse
from zotheory.functionals import coordinate_mse
from zotheory.laws import DAP, Gaussian, Law, Sphere
from zotheory.rng import stream

DIM, MU, TRIALS, SEED = 16, 1e-6, 1000, 3
BATCHES = [2**i for i in range(10)]
ZERO = 4  # the coordinate of x that is zero
X = np.linspace(0.8, 1.25, DIM)
X[ZERO] = 0
GRADIENT = np.zeros(DIM)
GRADIENT[ZERO] = np.prod(np.delete(X, ZERO))
METHODS = ("aligned", "two-stage", "sphere", "gaussian")
LAWS = {"aligned": DAP(GRADIENT), "sphere": Sphere(DIM), "gaussian": Gaussian(DIM)}
# The part of the grid on which the loops are timed unless --full: (batch, trials).
PART = [(2, 500), (16, 100), (128, 12)]


def product(points: np.ndarray) -> np.ndarray:
    """The objective, vectorised over points."""
    return np.prod(points, axis=1)


def estimator(method: str, batch: int) -> Estimator | None:
    """The package's estimator of a cell of the grid; None where there is none."""
    if method == "two-stage":
        return TwoStage(Sphere(DIM), MU, batch // 2, batch // 2) if batch > 1 else None
    return Forward(LAWS[method], MU, batch)


def exact(method: str, batch: int) -> float | None:
    """tau-MSE as mu -> 0, where a formula for it is at hand."""
    if method == "two-stage":
        return None
    # Zero for "aligned", but for the rounding of the formula.
    return max(float(coordinate_mse(LAWS[method], GRADIENT, [ZERO])), 0.0) / batch


def mean_by_library(law: Law, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Mean estimate with one draw of the law a sample."""
    total, base = np.zeros(DIM), np.prod(X)
    for _ in range(batch):
        v = law.sample(1, rng)[0]
        total += (np.prod(X + MU * v) - base) / MU * v
    return total / batch


def mean_by_hand(method: str, e: np.ndarray, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Mean estimate with samplers written out in numpy."""
    total, base = np.zeros(DIM), np.prod(X)
    for _ in range(batch):
        v = rng.standard_normal(DIM)
        if method == "sphere":
            v *= math.sqrt(DIM) / np.linalg.norm(v)
        elif method == "aligned":
            inner = v @ e
            v -= inner * e
            v *= math.sqrt(DIM - 1) / np.linalg.norm(v)
            v += math.copysign(1, inner) * e
        total += (np.prod(X + MU * v) - base) / MU * v
    return total / batch


def library_loop(method: str, batch: int, rng: np.random.Generator) -> np.ndarray:
    """One estimate, a sample of the package's law at a time."""
    if method != "two-stage":
        return mean_by_library(LAWS[method], batch, rng)
    rough = mean_by_library(LAWS["sphere"], batch // 2, rng)
    return mean_by_library(DAP(rough), batch // 2, rng)


def hand_loop(method: str, batch: int, rng: np.random.Generator) -> np.ndarray:
    """One estimate, a sample at a time, written out."""
    axis = np.eye(DIM)[ZERO]
    if method != "two-stage":
        return mean_by_hand(method, axis, batch, rng)
    rough = mean_by_hand("sphere", axis, batch // 2, rng)
    return mean_by_hand("aligned", rough / np.linalg.norm(rough), batch // 2, rng)


LOOPS: dict[str, Callable[[str, int, np.random.Generator], np.ndarray]] = {
    "law.sample(1)": library_loop,
    "written out": hand_loop,
}


class Timing:
    """Samples drawn and seconds taken, by method."""

    def __init__(self) -> None:
        self.samples: dict[str, int] = dict.fromkeys(METHODS, 0)
        self.seconds: dict[str, float] = dict.fromkeys(METHODS, 0.0)

    def per_sample(self, method: str) -> float:
        """Seconds a sample."""
        return self.seconds[method] / self.samples[method]


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
    """Print every cell with its standard error, and the limit mu -> 0 where it is known."""
    print(f"tau-MSE, d = {DIM}, mu = {MU:g}, {TRIALS} trials; in brackets the limit mu -> 0 where known")
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
    cores = os.cpu_count() or 1
    values, alone = run_grid(BATCHES, TRIALS)
    grids = {1: alone} if cores == 1 else {1: alone, cores: run_grid(BATCHES, TRIALS, cores)[1]}
    print_table(values)
    for workers, grid in grids.items():
        seconds = sum(grid.seconds.values())
        print(f"grid with workers={workers}: {sum(grid.samples.values()):,} samples in {seconds:.2f} s")
    part = [(batch, TRIALS) for batch in BATCHES] if arguments.full else PART
    where = (
        "the whole grid" if arguments.full else f"(batch, trials) in {part}, and extrapolated per sample"
    )
    print(f"floor: {normals_alone() * 1e6:.3f} microseconds a sample for its {DIM} normal numbers alone")
    print(f"loops timed on {where}")
    for loop in LOOPS:
        _, timing = run_loop(loop, part)
        print(f"loop {loop!r}: microseconds a sample, and how many times those of the grid")
        for method in (*METHODS, "whole grid"):
            own = f"{timing.per_sample(method) * 1e6:8.2f}" if method in METHODS else " " * 8
            times = [f"{ratios(grid, timing)[method]:5.0f} x (workers={n})" for n, grid in grids.items()]
            print(f"  {method:>10}: {own} {', '.join(times)}")


if __name__ == "__main__":
    main()
