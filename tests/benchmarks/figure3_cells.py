"""The tau-MSE grid of arXiv 2510.19975, Figure 3: its cells, and plain per-sample loops for them.

The objective is f(x) = x_1 ... x_16 at a point with one coordinate zero, where the gradient has one
non-zero entry; tau-MSE is the error there. Four methods, batches of 1, 2, 4, ..., 512 perturbations,
1000 trials each: 4 million samples. "aligned" knows the gradient; "two-stage" spends half of its batch
on finding it (so it starts at 2).

Two loops draw, evaluate and add up one sample at a time: one takes each sample from the package's law
with `law.sample(1, rng)`; the other is written for this purpose alone, inlining the sampler in numpy.
"""

import math
from collections.abc import Callable

import numpy as np

from zotheory.estimators import Estimator, Forward, TwoStage
from zotheory.functionals import coordinate_mse
from zotheory.laws import DAP, Gaussian, Law, Sphere

DIM, MU, TRIALS, SEED = 16, 1e-6, 1000, 3
BATCHES = [2**i for i in range(10)]
ZERO = 4  # the coordinate of x that is zero
X = np.linspace(0.8, 1.25, DIM)
X[ZERO] = 0
GRADIENT = np.zeros(DIM)
GRADIENT[ZERO] = np.prod(np.delete(X, ZERO))
METHODS = ("aligned", "two-stage", "sphere", "gaussian")
LAWS = {"aligned": DAP(GRADIENT), "sphere": Sphere(DIM), "gaussian": Gaussian(DIM)}


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


def nested(method: str) -> tuple[Estimator, list[int]]:
    """The estimator and the batches of a method's curve."""
    if method == "two-stage":
        return TwoStage(Sphere(DIM), MU, 1, 1), BATCHES[1:]
    return Forward(LAWS[method], MU), BATCHES


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
