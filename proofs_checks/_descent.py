"""SGD with two-point estimates on concrete functions, in exact arithmetic: every path is followed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._designs import Atoms, Point, dot
from proofs_checks._shared import DELTA

# |a|, the Lipschitz constant, the smoothing distance, the step, the moments E[s n], E[n^2], E[n^3], a bound
# on E[sqrt(s) n], E|noise|^2, Young's weights, f(x_0) - f*, the number of steps, the PL constant, accuracy.
A, L, MU, ETA, V, M4, M6 = sp.symbols("A L mu eta V m4 m6", positive=True)
BETA, NOISE = sp.symbols("beta sigma2", nonnegative=True)
THETA, GAP, C, EPS = sp.symbols("theta Delta c epsilon", positive=True)
# omega = r/(1 + r) runs through (0, 1) as r runs through the positive numbers.
RATIO = sp.Symbol("r", positive=True)
OMEGA = RATIO / (1 + RATIO)
T = sp.Symbol("T", integer=True, positive=True)
# The coefficients of the one-step inequality as numbers of their own.
DRIFT, BRAKE = sp.symbols("k0 k1", positive=True)
BIAS, SPREAD = sp.symbols("b e", nonnegative=True)

Value = Callable[[Point], Fraction]


@dataclass(frozen=True)
class Function:
    """A separable function: its value, its gradient and the constants that are known of it.

    Attributes:
        name: shown in evidence.
        part: x -> (h(x), h'(x)) of each coordinate; f is their sum and min h = 0.
        smoothness: Lipschitz constant of h'.
        pl: c with h'^2 >= 2 c h, or 0 where there is none; sums inherit it.
    """

    name: str
    part: Callable[[Fraction], tuple[Fraction, Fraction]]
    smoothness: Fraction
    pl: Fraction = Fraction(0)

    def value(self, x: Point) -> Fraction:
        """Return f(x); its minimum is 0."""
        return sum((self.part(y)[0] for y in x), start=Fraction(0))

    def gradient(self, x: Point) -> Point:
        """Return the gradient at x."""
        return tuple(self.part(y)[1] for y in x)

    def square(self, x: Point) -> Fraction:
        """Return |grad f(x)|^2."""
        return dot(self.gradient(x), self.gradient(x))


def _wave(x: Fraction) -> tuple[Fraction, Fraction]:
    # Arcs of parabolas instead of a cosine: curvature 1 on [-1, 1], -1 on [1, 3], period 4.
    u = (x + 1) % 4 - 1
    return (u * u / 2, u) if u <= 1 else (1 - (u - 2) ** 2 / 2, 2 - u)


def _lopsided(x: Fraction) -> tuple[Fraction, Fraction]:
    # Curvature 2 to the right, 1 to the left.
    return (x * x, 2 * x) if x >= 0 else (x * x / 2, x)


def _dented(x: Fraction) -> tuple[Fraction, Fraction]:
    # Curvature 1, but -1/2 on 1 < |x| < 2. h'^2/(2h) is least at |x| = 2: (1/2)^2 / (5/2) = 1/10.
    u, sign = abs(x), (1 if x >= 0 else -1)
    if u <= 1:
        return u * u / 2, x
    if u <= 2:
        return Fraction(1, 2) + (u - 1) - (u - 1) ** 2 / 4, sign * (1 - (u - 1) / 2)
    return Fraction(5, 4) + ((u - Fraction(3, 2)) ** 2 - Fraction(1, 4)) / 2, sign * (u - Fraction(3, 2))


WAVE = Function("a wave of parabolas", _wave, Fraction(1))
LOPSIDED = Function("x^2 and x^2/2 joined at 0", _lopsided, Fraction(2), Fraction(1))
DENTED = Function("a parabola with a dent, not convex", _dented, Fraction(1), Fraction(1, 10))

LAWS: dict[str, Atoms] = {
    "a sign": designs.sign_vectors(1),
    "skewed": designs.complements(1)["skewed"],
    "three points": designs.three_point_product(2),
    "coordinates": designs.scaled(designs.coordinate_vectors(2), Fraction(2)),
}


def moments(atoms: Atoms) -> dict[Any, Any]:
    """Return delta, the worst V, E[n^2], E[n^3] of atoms whose E[n v v^T] is diagonal.

    Raises:
        AssertionError: it is not diagonal, and the largest entry on it would be too small.
    """
    size = len(atoms[0][1])
    table = [
        [designs.expectation(atoms, lambda v, i=i, j=j: dot(v, v) * v[i] * v[j]) for j in range(size)]
        for i in range(size)
    ]
    assert all(table[i][j] == 0 for i in range(size) for j in range(size) if i != j)
    powers = {M4: 2, M6: 3}
    found = {k: designs.expectation(atoms, lambda v, p=p: dot(v, v) ** p) for k, p in powers.items()}
    found |= {DELTA: designs.scale_of(atoms)}
    found |= {V: max(table[i][i] for i in range(size))}
    return {symbol: sp.Rational(value) for symbol, value in found.items()}


@dataclass(frozen=True)
class Run:
    """SGD on f with noisy data: F(x) = f(x) + z.x, where z = +-noise in every coordinate together.

    Attributes:
        f: the function.
        atoms: the perturbation law.
        mu: smoothing distance.
        noise: size of z in each coordinate.
        central: central or forward differences.
    """

    f: Function
    atoms: Atoms
    mu: Fraction
    noise: Fraction = Fraction(0)
    central: bool = False

    @property
    def variance(self) -> Fraction:
        """E|z|^2."""
        return len(self.atoms[0][1]) * self.noise**2

    def draws(self, x: Point) -> Iterator[tuple[Fraction, Point]]:
        """Yield every estimate at x with its probability."""
        for sign in (1, -1) if self.noise else (1,):
            z = tuple(sign * self.noise for _ in x)

            def sample(y: Point, z: Point = z) -> Fraction:
                return self.f.value(y) + dot(z, y)

            for w, v in self.atoms:
                ahead = tuple(p + self.mu * q for p, q in zip(x, v, strict=True))
                behind = tuple(p - self.mu * q for p, q in zip(x, v, strict=True))
                rise = sample(ahead) - sample(behind) if self.central else sample(ahead) - sample(x)
                slope = rise / (2 * self.mu if self.central else self.mu)
                yield w / (2 if self.noise else 1), tuple(slope * q for q in v)

    def mean(self, x: Point, function: Value) -> Fraction:
        """Return E function(g) over the estimates g at x."""
        return sum((w * function(g) for w, g in self.draws(x)), start=Fraction(0))

    def after(self, x: Point, eta: Fraction) -> Fraction:
        """Return E f(x - eta g)."""
        return self.mean(x, lambda g: self.f.value(tuple(p - eta * q for p, q in zip(x, g, strict=True))))

    def path(self, x: Point, steps: Sequence[Fraction]) -> Iterator[dict[Point, Fraction]]:
        """Yield the law of x_0, x_1, ...: every point with its probability."""
        here = {x: Fraction(1)}
        yield here
        for eta in steps:
            there: dict[Point, Fraction] = {}
            for point, weight in here.items():
                for w, g in self.draws(point):
                    new = tuple(p - eta * q for p, q in zip(point, g, strict=True))
                    there[new] = there.get(new, Fraction(0)) + weight * w
            here = there
            yield here


def cases() -> Iterator[tuple[str, Run, Point]]:
    """Yield runs that differ in function, law, scheme, noise and smoothing, with a point for each."""
    starts = {1: [(Fraction(3, 2),), (Fraction(-1, 3),)], 2: [(Fraction(5, 3), Fraction(-1, 2))]}
    for f in (WAVE, LOPSIDED, DENTED):
        for law, atoms in LAWS.items():
            for mu, noise, central in (
                (Fraction(1, 5), Fraction(0), False),
                (Fraction(1), Fraction(1, 2), False),
                (Fraction(1), Fraction(1, 3), True),
            ):
                run = Run(f, atoms, mu, noise, central)
                for x in starts[len(atoms[0][1])]:
                    words = (
                        f"{f.name}, {law}, mu = {mu}, noise {noise}, {'central' if central else 'forward'}"
                    )
                    yield words, run, x


def numbers(run: Run, extra: dict[Any, Any] | None = None) -> dict[Any, Any]:
    """Return what the formulas need to know of a run, except for the bound on E[sqrt(s) n]."""
    found = {L: run.f.smoothness, MU: run.mu, NOISE: run.variance, **(extra or {})}
    return moments(run.atoms) | {symbol: sp.Rational(value) for symbol, value in found.items()}
