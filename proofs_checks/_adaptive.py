"""Adaptive methods: what claims read from results, and a program on two functions that shares nothing with those."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from proofs_checks._store import certified, stored
from zotheory.checks.evidence import Evidence
from zotheory.experiment import Results
from zotheory.types import FloatArray

Recursion: TypeAlias = Literal["plain", "refined", "sgd"]
BETA1, BETA2, ZETA, MU = 0.9, 0.999, 1e-8, 1e-4


class Large(NamedTuple):
    """The stored runs in the published dimension whose rates every seed tunes anew."""

    dim: int = 10_000
    queries: int = 9
    budget: int = 4000
    # Seeds from which bounds were set, and how many others must be there.
    pilots: int = 2
    seeds: int = 10


LARGE = Large()


class Descent(NamedTuple):
    """Many runs at once.

    Attributes:
        losses: relative to the start, shape (steps + 1, runs).
        moves: mean squares over coordinates of every step, in units of the rate, shape (steps, runs).
    """

    losses: FloatArray
    moves: FloatArray


def descend(
    kind: Recursion,
    rate: float,
    start: FloatArray,
    steps: int,
    queries: int,
    rng: np.random.Generator,
    *,
    signs: bool = False,
    power: Literal[2, 3] = 2,
    draw: Callable[[tuple[int, int, int]], FloatArray] | None = None,
    zeta: float = ZETA,
) -> Descent:
    """Return runs from the rows of ``start`` with forward differences along uniform directions, or others, delta = 1.

    The function is |x|^2 / 2, or with the power 3 sum |x_i|^3, its slopes then without terms of order mu^2.

    "plain": v averages g^2, and its largest value is used; "refined": v averages m^2. ``draw`` returns directions of
    another law, of shape (queries, runs, d).
    """
    x, (m, v, w) = start.copy(), np.zeros((3, *start.shape))
    count, dim = start.shape
    losses, moves = np.empty((steps + 1, count)), np.empty((steps, count))
    losses[0] = (np.abs(x) ** power).sum(axis=1)
    for t in range(steps):
        if draw is not None:
            u = draw((queries, count, dim))
        else:
            u = _signs(queries * count * dim, rng) if signs else rng.standard_normal(queries * count * dim)
            u = u.reshape(queries, count, dim)
            if not signs:
                u = u * (np.sqrt(dim) / np.linalg.norm(u, axis=2))[:, :, None]
        # Slopes a.u + mu u.H u / 2; |u|^2 = d but for other laws.
        half = dim / 2 if draw is None else (u**2).sum(axis=2) / 2
        gradient, bend = (
            (x, half) if power == 2 else (3 * x * np.abs(x), 3 * (u**2 * np.abs(x)).sum(axis=2))
        )
        g = (((u * gradient).sum(axis=2) + MU * bend)[:, :, None] * u).mean(axis=0)
        if kind == "sgd":
            move = g
        else:
            m = BETA1 * m + (1 - BETA1) * g
            v = BETA2 * v + (1 - BETA2) * (m * m if kind == "refined" else g * g)
            w = v if kind == "refined" else np.maximum(v, w)
            move = m / np.sqrt(w + zeta)
        x = x - rate * move
        losses[t + 1], moves[t] = (np.abs(x) ** power).sum(axis=1), (move**2).mean(axis=1)
    return Descent(losses / losses[0], moves)


def _signs(count: int, rng: np.random.Generator) -> FloatArray:
    bits = np.unpackbits(np.frombuffer(rng.bytes(-(-count // 8)), dtype=np.uint8))[:count]
    return bits.astype(np.float64) * 2.0 - 1.0


def confirming(**config: Any) -> Results:
    """Return the seeds of the stored runs in the published dimension other than those that set bounds."""
    found = stored(
        "adaptive-synthetic",
        seeds=LARGE.pilots + LARGE.seeds,
        rows=100,
        columns=LARGE.dim // 100,
        queries=LARGE.queries,
        budget=LARGE.budget,
        **config,
    )
    return found.where(seed=[int(seed) for seed in np.unique(found["seed"]) if seed >= LARGE.pilots])


def stated_rates(rows: Results, rate: float, longer: float) -> Evidence:
    """Return whether the store has the stated learning rate for both methods, and the matched one for ZO-AdaMM."""
    same = np.unique(rows.where(rule="same", method=["zo-adamm", "r-adazo"])["lr"])
    matched = np.unique(rows.where(rule="matched", method="zo-adamm")["lr"])
    right = np.allclose(same, rate, rtol=1e-12) and np.allclose(matched, rate * longer, rtol=1e-12)
    return certified(right, "matched", f"stored learning rates: {same} for both, {matched} matched")


def closed(behind: FloatArray, ahead: FloatArray, matched: FloatArray) -> FloatArray:
    """Return the share of the gap between logarithms of losses that the matched rate closes."""
    return np.log(behind / matched) / np.log(behind / ahead)


def relative_lengths(rows: Results, queries: int) -> FloatArray:
    """Return root mean square lengths of steps, measured over predicted, for each trial.

    They are over all steps from the eleventh on; a row is of the steps since the one before.
    """
    marks = np.unique(rows["queries"])
    steps = dict(zip(marks[1:].tolist(), np.diff(marks).tolist(), strict=True))
    later = rows.where(queries=[q for q in steps if q - steps[q] >= 10 * (queries + 1)])
    weights = np.array([steps[q] for q in later["queries"].tolist()], dtype=float)
    found = []
    for trial in np.unique(later["trial"]):
        mine = later["trial"] == trial
        measured, predicted = (
            float((weights[mine] * later[column][mine].astype(float) ** 2).sum())
            for column in ("step_length", "predicted_step_length")
        )
        found.append(np.sqrt(measured / predicted))
    return np.array(found)
