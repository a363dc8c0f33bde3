"""Reading numbers and priors exactly, once, where they enter a program."""

import math
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.types import FloatArray
from zotheory.validation import LARGEST, is_number, is_symbolic

# Eigenvalues of a float matrix closer than this (the trace is one) are taken to be the same, and
# smaller ones to be zero: an eigensolver gives them no more accurately.
EIGENVALUE_ACCURACY = 1e-12
# Numbers written with a larger power of ten, up or down, are refused before they are expanded.
LARGEST_EXPONENT = 300


def read_number(value: Any, name: str) -> Fraction:
    """Return the exact rational meant by a number or a string such as "0.1" or "1/3".

    A float stands for the shortest decimal that prints as it, so 0.1 is 1/10.

    Raises:
        InvalidArgument: not a finite rational number, or beyond the range of the solvers.
    """
    number = _exactly(value, name)
    if abs(number) > Fraction(repr(LARGEST)):
        raise InvalidArgument(
            name, value, f"give a number of at most {LARGEST} in size: rescale v by c and delta by c^2"
        )
    return number


def _exactly(value: Any, name: str) -> Fraction:
    try:
        if isinstance(value, str):
            return _from_text(value)
        if is_symbolic(value) or not is_number(value) or not math.isfinite(float(value)):
            raise ValueError
        if getattr(value, "is_Rational", False):  # sympy
            return Fraction(int(value.p), int(value.q))
        if isinstance(value, (int, np.integer)):
            return Fraction(int(value))
        return value if isinstance(value, Fraction) else Fraction(repr(float(value)))
    except (ValueError, ZeroDivisionError, OverflowError, TypeError, InvalidOperation):
        raise InvalidArgument(name, value, "give a finite number, such as 2, 0.5 or '1/3'") from None


def _from_text(text: str) -> Fraction:
    if "/" in text:
        return Fraction(text)
    # A decimal keeps its exponent as it is, where a fraction would write out a billion digits.
    decimal = Decimal(text)
    if decimal and abs(decimal.adjusted()) > LARGEST_EXPONENT:
        raise ValueError
    return Fraction(decimal) if decimal else Fraction(0)


def read_prior(prior: Any, dim: int) -> tuple[tuple[Fraction, ...], FloatArray | None]:
    """Return the eigenvalues of A (descending, summing to one exactly) and an orthonormal basis.

    Args:
        prior: dim eigenvalues, or a symmetric (dim, dim) matrix.
        dim: dimension.

    The basis is None for eigenvalues given in order: the coordinate axes.

    Raises:
        InvalidArgument: wrong shape, not symmetric, a negative eigenvalue, or trace other than one.
    """
    shape = np.shape(np.asarray(prior, dtype=object))
    if shape == (dim, dim) and dim > 1:
        matrix = np.asarray(prior, dtype=float)
        if not np.all(np.isfinite(matrix)) or not np.allclose(matrix, matrix.T, rtol=0, atol=1e-12):
            raise InvalidArgument("prior", prior, "give a finite symmetric matrix")
        found, basis = np.linalg.eigh((matrix + matrix.T) / 2)
        exact = _merge_close(found)
    elif shape == (dim,) or shape == (1, 1):
        exact = [read_number(x, "prior") for x in np.asarray(prior, dtype=object).reshape(-1)]
        basis = np.eye(dim) if dim <= 4096 else None
    else:
        raise InvalidArgument(
            "prior", prior, f"give {dim} eigenvalues or a ({dim}, {dim}) matrix, to match dim"
        )
    if min(exact) < 0:
        raise InvalidArgument(
            "prior",
            prior,
            f"it has the eigenvalue {float(min(exact)):.6g}: A must be positive semidefinite",
        )
    trace = sum(exact, Fraction(0))
    if abs(trace - 1) > Fraction(1, 10**9):
        raise InvalidArgument(
            "prior", prior, f"its trace is {float(trace):.12g}: divide A by that, the trace must be one"
        )
    order = sorted(range(dim), key=lambda i: -exact[i])
    values = tuple(exact[i] / trace for i in order)
    if order == list(range(dim)) and shape != (dim, dim):
        return values, None
    return values, None if basis is None else basis[:, order]


def group_eigenvalues(
    prior: tuple[tuple[Fraction, ...], FloatArray | None],
) -> tuple[tuple[Fraction, ...], tuple[int, ...], FloatArray | None]:
    """Return distinct eigenvalues, their multiplicities, and the basis."""
    values, basis = prior
    groups: dict[Fraction, int] = {}
    for value in values:
        groups[value] = groups.get(value, 0) + 1
    return tuple(groups), tuple(groups.values()), basis


def _merge_close(eigenvalues: FloatArray) -> list[Fraction]:
    # Ascending eigenvalues; runs closer than the accuracy get their common mean, exactly.
    runs: list[list[float]] = []
    for value in eigenvalues.tolist():
        value = 0.0 if abs(value) < EIGENVALUE_ACCURACY else value
        if runs and value - runs[-1][-1] < EIGENVALUE_ACCURACY:
            runs[-1].append(value)
        else:
            runs.append([value])
    return [Fraction(sum(run) / len(run)) for run in runs for _ in run]
