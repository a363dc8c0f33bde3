"""Coupled runs of zeroth-order SGD in exact arithmetic: every sequence of indices and perturbations."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np
import sympy as sp

from proofs_checks._designs import Atoms, Point, dot
from zotheory.checks.statistical import Sampler
from zotheory.laws import Law

# Step size, curvatures c <= L, bound on gradients, V = max E[(a.v)^2 n], E[n^3], step of the difference.
ETA, L, G, V, M6 = sp.symbols("eta L G V m", positive=True)
C = sp.Symbol("c", real=True)
MU = sp.Symbol("mu", nonnegative=True)
# Samples and steps.
SAMPLES, STEPS = sp.symbols("N T", integer=True, positive=True)

_DIGITS = 10**15


@dataclass(frozen=True)
class Sample:
    """l(x) = h(b.x - y) + ridge |x|^2/2 with |b| = 1: curvature of l in ridge + that of h, |h'| <= 1."""

    b: Point
    y: Fraction
    h: Callable[[Fraction], Fraction]
    ridge: Fraction = Fraction(0)

    def value(self, x: Sequence[Fraction]) -> Fraction:
        """Return l(x)."""
        return self.h(dot(self.b, x) - self.y) + self.ridge * dot(x, x) / 2

    def gradient(self, x: Sequence[Fraction], slope: Callable[[Fraction], Fraction]) -> Point:
        """Return the gradient of l at x, given the slope of h."""
        k = slope(dot(self.b, x) - self.y)
        return tuple(k * p + self.ridge * q for p, q in zip(self.b, x, strict=True))


def huber(s: Fraction) -> Fraction:
    """Return s^2/2 for |s| <= 1, else |s| - 1/2: convex, curvature in [0, 1], slope in [-1, 1]."""
    return s * s / 2 if abs(s) <= 1 else abs(s) - Fraction(1, 2)


def huber_slope(s: Fraction) -> Fraction:
    """Return the derivative of `huber`."""
    return max(Fraction(-1), min(Fraction(1), s))


def wave_slope(s: Fraction) -> Fraction:
    """Return the triangle wave of period 4 through 0, slope 1 there: its values lie in [-1, 1]."""
    s = (s + 1) % 4 - 1
    return s if s <= 1 else 2 - s


def wave(s: Fraction) -> Fraction:
    """Return the integral of `wave_slope` from 0: values in [0, 1], curvature 1 and -1 in turn."""
    s = (s + 1) % 4 - 1
    return s * s / 2 if s <= 1 else 1 - (s - 2) ** 2 / 2


def root_between(x: Fraction) -> tuple[Fraction, Fraction]:
    """Return rationals below and above sqrt(x)."""
    low = Fraction(isqrt(x.numerator * _DIGITS**2 // x.denominator), _DIGITS)
    return low, low + Fraction(1, _DIGITS)


def largest_energy(atoms: Atoms) -> Fraction:
    """Return V of a law whose E[n v v^T] is diagonal: its largest entry.

    Raises:
        ValueError: it is not diagonal.
    """
    size = len(atoms[0][1])
    table = [
        [sum((w * dot(v, v) * v[i] * v[j] for w, v in atoms), start=Fraction(0)) for j in range(size)]
        for i in range(size)
    ]
    if any(table[i][j] for i in range(size) for j in range(size) if i != j):
        raise ValueError("E[n v v^T] is not diagonal")
    return max(table[i][i] for i in range(size))


def sixth_moment(atoms: Atoms) -> Fraction:
    """Return E[n^3]."""
    return sum((w * dot(v, v) ** 3 for w, v in atoms), start=Fraction(0))


@dataclass(frozen=True)
class Run:
    """Two coupled runs: on ``samples``, and with samples[0] replaced by ``other``."""

    samples: tuple[Sample, ...]
    other: Sample
    atoms: Atoms
    eta: Fraction
    mu: Fraction
    start: Point
    central: bool = False

    def ends(self, steps: int) -> dict[tuple[Point, Point], Fraction]:
        """Return the exact law of (x_T, x'_T)."""
        states = {(self.start, self.start): Fraction(1)}
        for _ in range(steps):
            following: dict[tuple[Point, Point], Fraction] = defaultdict(Fraction)
            for (x, y), weight in states.items():
                for index, sample in enumerate(self.samples):
                    beside = sample if index else self.other
                    for w, v in self.atoms:
                        pair = (self.moved(x, sample, v), self.moved(y, beside, v))
                        following[pair] += weight * w / len(self.samples)
            states = following
        return states

    def moved(self, x: Point, sample: Sample, v: Point) -> Point:
        """Return x - eta q v with the difference quotient q of the sample's loss."""
        ahead = sample.value([p + self.mu * q for p, q in zip(x, v, strict=True)])
        if self.central:
            behind = sample.value([p - self.mu * q for p, q in zip(x, v, strict=True)])
            slope = (ahead - behind) / (2 * self.mu)
        else:
            slope = (ahead - sample.value(x)) / self.mu
        return tuple(p - self.eta * slope * q for p, q in zip(x, v, strict=True))


def squared_distance(x: Point, y: Point) -> Fraction:
    """Return |x - y|^2."""
    return sum(((p - q) ** 2 for p, q in zip(x, y, strict=True)), start=Fraction(0))


def mean_distance(states: dict[tuple[Point, Point], Fraction]) -> Fraction:
    """Return E|x - x'|, rounded down by at most 10^-15: bounds on it can be attained."""
    return sum(
        (w * root_between(squared_distance(x, y))[0] for (x, y), w in states.items()), start=Fraction(0)
    )


def loss_change(states: dict[tuple[Point, Point], Fraction], probe: Sample) -> Fraction:
    """Return |E[l(x; z) - l(x'; z)]| at one sample z."""
    return abs(
        sum((w * (probe.value(x) - probe.value(y)) for (x, y), w in states.items()), start=Fraction(0))
    )


def margin_runs(
    link: Callable[[np.ndarray], np.ndarray],
    law: Law,
    data: np.random.Generator,
    *,
    eta: float,
    mu: float,
    samples: int,
    steps: int,
    ridge: float = 0.0,
    radius: float | None = None,
) -> Sampler:
    """Return a sampler of |x_T - x'_T| for l(x) = link(y u.x) + ridge |x|^2/2 with random u, |u| = 1, and y = +-1.

    The second run has the other y in sample 0. With a radius, both are projected on that ball. The runs start
    at 0; ``data`` draws u and y.
    """
    u = data.standard_normal((samples, int(law.dim)))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    labels = np.sign(data.standard_normal(samples))
    other = np.where(np.arange(samples) == 0, -labels, labels)

    def loss(x: np.ndarray, index: np.ndarray, y: np.ndarray) -> np.ndarray:
        return link(y[index] * np.sum(x * u[index], axis=1)) + ridge / 2 * np.sum(x**2, axis=1)

    def step(x: np.ndarray, v: np.ndarray, index: np.ndarray, y: np.ndarray) -> np.ndarray:
        slope = (loss(x + mu * v, index, y) - loss(x, index, y)) / mu
        moved = x - eta * slope[:, None] * v
        if radius is None:
            return moved
        return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True) / radius, 1)

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        x, y = np.zeros((n, int(law.dim))), np.zeros((n, int(law.dim)))
        for _ in range(steps):
            index, v = rng.integers(samples, size=n), law.sample(n, rng)
            x, y = step(x, v, index, labels), step(y, v, index, other)
        return np.linalg.norm(x - y, axis=1)

    return sample


def logistic(s: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(-s)): slope in [-1, 0], curvature in [0, 1/4]."""
    return np.logaddexp(0, -s)


def sigmoid(s: np.ndarray) -> np.ndarray:
    """Return (1 - tanh s)/2: slope at most 1/2 in size, curvature at most 2/(3 sqrt 3) < 2/5."""
    return (1 - np.tanh(s)) / 2


def rational(numbers: dict[Any, Fraction | int]) -> dict[Any, Any]:
    """Return the numbers as sympy's."""
    return {symbol: sp.Rational(value) for symbol, value in numbers.items()}
