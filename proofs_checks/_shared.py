"""Symbols and small routes that several claims share."""

from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from zotheory.checks.evidence import Evidence
from zotheory.checks.statistical import check_mean
from zotheory.laws import Law
from zotheory.rng import stream
from zotheory.types import Vector

D = sp.Symbol("d", integer=True, positive=True)
M = sp.Symbol("m", integer=True, positive=True)
DELTA = sp.Symbol("delta", positive=True)

# Different squares and signs, so that a wrong coefficient of |a|^2 I, a a^T or diag(a^2) shows.
GRADIENTS = {
    2: (Fraction(3), Fraction(-1)),
    3: (Fraction(2), Fraction(-1), Fraction(1, 2)),
    4: (Fraction(1), Fraction(-2), Fraction(3, 2), Fraction(1, 3)),
}


def symbolic_vector(size: int) -> Vector:
    """Return an array of real symbols a1, ..., a_size."""
    return np.array(sp.symbols(f"a1:{size + 1}", real=True), dtype=object)


def as_matrix(table: Any) -> sp.Matrix:
    """Return an object array of exact entries as a sympy matrix."""
    rows = [[sp.Rational(x) if isinstance(x, Fraction) else sp.sympify(x) for x in row] for row in table]
    return sp.Matrix(rows)


def simulated_factor(
    law: Law, a: Any, claimed: Any, claim_id: str, part: str = "", *, parts: tuple[str, ...] = ()
) -> Evidence:
    """Test E[s n] / delta^2 = claimed for a law with numeric parameters, to 3% of the claimed value.

    ``part`` also separates the random streams of several simulations of one claim.
    """
    direction = np.asarray(a, dtype=float) / np.linalg.norm(a)
    delta, value = float(law.delta), float(claimed)

    def sample(n: int, rng: np.random.Generator) -> Any:
        v = law.sample(n, rng)
        return (v @ direction) ** 2 * np.sum(v**2, axis=1) / delta**2

    return check_mean(
        sample,
        value,
        resolvable=0.03 * abs(value),
        rng=stream(2024, claim_id, type(law).__name__, part),
        detail=f"E[s n]/delta^2 of {type(law).__name__} in dimension {direction.size}",
        parts=parts or ((part,) if part else ()),
    )
