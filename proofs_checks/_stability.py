"""Coupled runs of zeroth-order SGD in exact arithmetic: every sequence of indices and perturbations."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Any

import sympy as sp

from proofs_checks._designs import Atoms, Point, dot

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


def rational(numbers: dict[Any, Fraction | int]) -> dict[Any, Any]:
    """Return the numbers as sympy's."""
    return {symbol: sp.Rational(value) for symbol, value in numbers.items()}
