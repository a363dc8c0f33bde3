"""A given law under a program: its objective, and the constraints that it violates.

Moments of exact laws are kept and compared exactly; those of float laws to a relative tolerance.
"""

from fractions import Fraction

import numpy as np

from zotheory.errors import InvalidArgument, Unsupported
from zotheory.laws.base import Law
from zotheory.laws.partition import FirstAxis
from zotheory.programs.program import Program
from zotheory.types import Matrix, Scalar, Vector
from zotheory.validation import is_expression, is_symbolic, quotient

# Up to this dimension matrices are formed freely, of fractions where everything is exact.
LARGEST_MATRIX = 256
# Relative rounding error of float moments, in units of the accuracy that is asked of the objective.
ROUNDING = 1e-16 / 1e-10


def objective(program: Program, law: Law) -> Fraction | float:
    """Return E[(v^T A v) n] + smoothing E[n^3] of a law, worst case over the gradient if blind.

    A fraction if the law's moments are exact, otherwise a float.

    Raises:
        InvalidArgument: a law with symbols.
        Unsupported: a guide in high dimension, and float moments too large to be subtracted.
    """
    delta = number(law.delta, law)
    small = program.dim <= LARGEST_MATRIX
    if program.knowledge == "blind":
        value = _worst_case(law)
    elif program.knowledge == "prior" or (program.knowledge == "alignment" and small):
        value = number(law.weighted_norm_moment(_gradient_moment(program, delta)), law)
    else:
        # tr(A T4[I]) with A = rho^2 e e^T + across (I - e e^T), tr T4[I] = E[n^2].
        value = along = number(law.dimension_factor(_direction(program)), law) * delta**2
        if program.knowledge == "alignment":
            square = program.alignment**2
            total = number(law.norm_moment(2), law)
            across = quotient(total - along, program.dim - 1)
            value = _like(square, along) * along + _like(1 - square, along) * across
            if not _is_exact(value) and float(total) * ROUNDING > value * (program.dim - 1):
                raise Unsupported(
                    "E[n^2] exceeds the objective so far that it cannot be found in floating point: "
                    "give the law exact numbers"
                )
    if program.smoothing:
        moment = number(law.norm_moment(3), law)
        value = value + _like(program.smoothing, moment) * moment
    return value


def infeasibilities(program: Program, law: Law, tolerance: float) -> list[str]:
    """Return in words the constraints that a law violates."""
    found = []
    delta = number(law.delta, law)
    off = abs(quotient(delta, _like(program.delta, delta)) - 1)
    if off > (0 if _is_exact(off) else tolerance):
        found.append(
            f"its delta is {float(delta):.6g}, the program's {float(program.delta):.6g} "
            f"(relative difference {float(off):.3g}): rescale v"
        )
    cap, kappa = program.norm_cap, program.fourth_moment
    if cap is not None:
        bound = number(law.norm_bound(), law)
        if _above(bound, cap, tolerance):
            found.append(f"|v|^2 reaches {float(bound):.6g}, above the cap {float(cap):.6g}")
    if kappa is not None:
        used = quotient(number(law.norm_moment(2), law), _like(program.delta**2, delta) * program.dim**2)
        if _above(used, kappa, tolerance):
            found.append(f"E[n^2] is {float(used):.6g} delta^2 d^2, above the budget {float(kappa):.6g}")
    if program.nonnegative_covariance:
        # Cov(s, t) = E[s n] - E[s^2] - delta^2 (d - 1), in units of delta^2.
        e = _direction(program)
        square = quotient(number(law.directional_fourth_moment(e), law), delta**2)
        covariance = number(law.dimension_factor(e), law) - square - (program.dim - 1)
        if covariance < (0 if _is_exact(covariance) else -tolerance * program.dim):
            found.append(f"Cov(s, t) is {float(covariance):.6g} delta^2, below zero")
    return found


def number(value: Scalar, law: Law) -> Fraction | float:
    """Return a moment as a fraction if it is exact, otherwise as a float.

    Raises:
        InvalidArgument: it depends on a symbol.
    """
    if is_symbolic(value):
        raise InvalidArgument("law", law, "its moments depend on symbols: give numbers")
    if is_expression(value):
        return Fraction(int(value.p), int(value.q)) if value.is_Rational else float(value)
    return Fraction(value) if _is_exact(value) else float(value)


def _is_exact(value: Scalar) -> bool:
    return isinstance(value, (int, Fraction))


def _above(value: Fraction | float, limit: Fraction, tolerance: float) -> bool:
    return value > limit if _is_exact(value) else value > float(limit) * (1 + tolerance)


def _like(exact: Fraction, value: Scalar) -> Scalar:
    return exact if _is_exact(value) else float(exact)


def _direction(program: Program) -> Vector:
    # The first axis with integer entries: an exact law then has exact moments along it.
    return FirstAxis(program.dim).vector() if program.direction is None else program.direction


def _gradient_moment(program: Program, delta: Fraction | float) -> Matrix:
    # Exact for an exact law where the projectors onto the eigenspaces are.
    if _is_exact(delta) and program.dim <= LARGEST_MATRIX:
        projectors = [np.asarray(p) for p in program.partition.projectors()]
        projectors = [
            p.astype(int).astype(object) if np.all((p == 0) | (p == 1)) else p for p in projectors
        ]
        if all(p.dtype == object for p in projectors):
            parts = zip(program.blocks, projectors, strict=True)
            return np.sum([block.weight * p for block, p in parts], axis=0)
    return program.gradient_moment


def _worst_case(law: Law) -> Fraction | float:
    # max over unit a of a^T E[n v v^T] a, the largest eigenvalue of M = T4[I].
    try:
        return number(law.dimension_factor(None), law) * number(law.delta, law) ** 2
    except InvalidArgument:
        matrix = np.asarray(law.fourth_moment(np.eye(law.dim, dtype=int)))
    size = len(matrix)
    entries = [number(x, law) for x in matrix.flat]
    floats = np.array([float(x) for x in entries]).reshape(size, size)
    largest = float(np.linalg.eigvalsh(floats)[-1])
    exact = [x for x in entries if isinstance(x, Fraction)]
    if len(exact) < len(entries) or size > LARGEST_MATRIX:
        return largest
    # Exactly: at least the mean eigenvalue E[n^2] / d, which alone tells a varying length from a fixed
    # one, where M is a multiple of I.
    mean = sum(exact[:: size + 1], Fraction(0)) / size
    fixed = all(x == (mean if i % (size + 1) == 0 else 0) for i, x in enumerate(exact))
    return mean if fixed else max(mean, Fraction(largest))
