"""Steps of SGD on quadratics in exact arithmetic: enumeration of draws, and a recursion with given coefficients."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from zotheory.derive.constructions import aligned_tensor, two_atom_tensor
from zotheory.derive.tensor import Coefficients, classical_tensor

ETA = sp.Symbol("eta", positive=True)
P = sp.Symbol("p", positive=True)
ALONG = Fraction(4, 5)  # p of the two-atom law that is enumerated

# Estimates at a point: weights and vectors g.
Estimates = list[tuple[Fraction, Any]]


def derived(name: str, dim: Any, delta: Any, p: Any = P) -> Coefficients:
    """Return T4[a a^T] derived from the moments of a law; the last two follow the gradient a."""
    if name == "aligned":
        return aligned_tensor(dim, delta, "gaussian").aligned()
    if name == "two atoms":
        return two_atom_tensor(dim, p, delta).aligned()
    return classical_tensor(name, dim, delta)


def fixed_laws() -> dict[str, designs.Atoms]:
    """Return rational atoms in the plane with the laws' moments to order five."""
    return {
        "gaussian": designs.three_point_product(2),
        "sphere": designs.circle_design(),
        "rademacher": designs.sign_vectors(2),
        "coordinate": designs.coordinate_vectors(2),
    }


def turning_laws() -> dict[str, designs.Atoms]:
    """Return atoms (x, y) of v = x e + y e' in the plane, e along the gradient; delta = 1 and 4/5."""
    across = (1 - ALONG) / 2
    two = [(ALONG / 2, (s, Fraction(0))) for s in (Fraction(1), Fraction(-1))]
    two += [(across, (Fraction(0), 2 * s)) for s in (Fraction(1), Fraction(-1))]
    return {"aligned": designs.sign_vectors(2), "two atoms": two}


def differenced(
    h: Any, atoms: designs.Atoms, mu: Fraction, central: bool = True
) -> Callable[[Any], Estimates]:
    """Return the estimates at x from function values of x^T H x / 2."""

    def f(x: Any) -> Any:
        return x @ h @ x / 2

    def estimates(x: Any) -> Estimates:
        found = []
        for weight, point in atoms:
            v = np.array(point)
            slope = (f(x + mu * v) - f(x - mu * v)) / (2 * mu) if central else (f(x + mu * v) - f(x)) / mu
            found.append((weight, slope * v))
        return found

    return estimates


def turning(h: Any, atoms: designs.Atoms) -> Callable[[Any], Estimates]:
    """Return the estimates v (v.a) at x with v in the frame of a = H x, in the plane.

    With e = a/|a| and e' = a_perp/|a|: v.a = x |a|, so g = x (x a + y a_perp), and no root is left.
    """

    def estimates(x: Any) -> Estimates:
        a = h @ x
        turned = np.array([-a[1], a[0]])
        return [(w, s * (s * a + t * turned)) for w, (s, t) in atoms]

    return estimates


def averaged(estimates: Callable[[Any], Estimates], batch: int) -> Callable[[Any], Estimates]:
    """Return the mean of ``batch`` independent estimates."""

    def mean(x: Any) -> Estimates:
        one = estimates(x)
        found = []
        for draws in product(one, repeat=batch):
            weight = Fraction(1)
            for w, _ in draws:
                weight *= w
            found.append((weight, sum(g for _, g in draws) * Fraction(1, batch)))
        return found

    return mean


def enumerated(
    estimates: Callable[[Any], Estimates], eta: Fraction, start: Sequence[Fraction], steps: int
) -> tuple[Any, Any]:
    """Return E[x x^T] and E[x] after some steps, summed over every sequence of draws."""
    states: Mapping[tuple[Fraction, ...], Fraction] = {tuple(start): Fraction(1)}
    for _ in range(steps):
        after: dict[tuple[Fraction, ...], Fraction] = {}
        for point, weight in states.items():
            x = np.array(point)
            for w, g in estimates(x):
                key = tuple(x - eta * g)
                after[key] = after.get(key, Fraction(0)) + weight * w
        states = after
    points = [(w, np.array(x)) for x, w in states.items()]
    return sum(w * np.outer(x, x) for w, x in points), sum(w * x for w, x in points)


def recursed(
    h: Any,
    coefficients: Sequence[Any],
    delta: Fraction,
    eta: Fraction,
    start: Sequence[Fraction],
    steps: int,
) -> sp.Matrix:
    """Return M after some steps of M+ = M - eta delta (HM + MH) + eta^2 (alpha tr(S) I + beta S + gamma diag S)."""
    alpha, beta, gamma = coefficients
    hessian, x = rational(h), rational([[value] for value in start])
    moment, size = x * x.T, len(start)
    step, scale = sp.Rational(eta), sp.Rational(delta)
    for _ in range(steps):
        s = hessian * moment * hessian
        diagonal = sp.diag(*(s[i, i] for i in range(size)))
        second = alpha * s.trace() * sp.eye(size) + beta * s + gamma * diagonal
        moment = moment - step * scale * (hessian * moment + moment * hessian) + step**2 * second
    return sp.Matrix(moment)


def rational(table: Any) -> sp.Matrix:
    """Return a table of fractions as a sympy matrix."""
    return sp.Matrix([[sp.Rational(Fraction(x)) for x in row] for row in table])


def seven_points() -> designs.Atoms:
    """Return independent entries 0, +-1, +-2, +-3 in the plane with the moments of N(0, I) to order seven.

    The weights solve 2 p1 + 8 p2 + 18 p3 = 1, 2 p1 + 32 p2 + 162 p3 = 3 and 2 p1 + 128 p2 + 1458 p3 = 15.
    """
    weights = [Fraction(7, 18), Fraction(1, 4), Fraction(1, 20), Fraction(1, 180)]
    entry = [(weights[abs(k)], Fraction(k)) for k in range(-3, 4)]
    return [(w * u, (x, y)) for w, x in entry for u, y in entry]
