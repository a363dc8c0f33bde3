"""Reading numbers and priors exactly, once, where they enter a program."""

import math
from collections import Counter
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.types import FloatArray
from zotheory.validation import LARGEST, is_number, is_symbolic

# Eigenvalues of a float matrix closer than this (the trace is one) are taken to be the same, and
# smaller ones to be zero: an eigensolver gives them no more accurately.
EIGENVALUE_ACCURACY = 1e-12
# Numbers written with a larger power of ten, up or down, are refused before they are expanded, and
# so are fractions with more binary digits than this.
LARGEST_EXPONENT, LARGEST_BITS = 300, 4000
# Up to this dimension a basis of R^d is stored, to put eigenvalues into descending order.
LARGEST_BASIS = 4096


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
    if max(number.numerator.bit_length(), number.denominator.bit_length()) > LARGEST_BITS:
        raise InvalidArgument(name, "a fraction of huge integers", "round it to at most 1000 digits")
    return number


def is_rounded(value: Any) -> bool:
    """Return whether a number comes from floating-point arithmetic, so that its last digits are noise."""
    exact = isinstance(value, (str, int, np.integer, Fraction, Decimal))
    return not (exact or getattr(value, "is_Rational", False))


def _exactly(value: Any, name: str) -> Fraction:
    try:
        if isinstance(value, str):
            return _from_text(value)
        if isinstance(value, Decimal):
            return _from_decimal(value)
        if is_symbolic(value) or not is_number(value) or not math.isfinite(float(value)):
            raise ValueError
        if hasattr(value, "is_Rational") and not value.is_Float:  # sympy
            return _from_sympy(value, name)
        if isinstance(value, (int, np.integer)):
            return Fraction(int(value))
        return value if isinstance(value, Fraction) else Fraction(repr(float(value)))
    except InvalidArgument:
        raise
    except (ValueError, ZeroDivisionError, OverflowError, TypeError, InvalidOperation):
        raise InvalidArgument(name, value, "give a finite number, such as 2, 0.5 or '1/3'") from None


def _from_text(text: str) -> Fraction:
    return Fraction(text) if "/" in text else _from_decimal(Decimal(text))


def _from_decimal(decimal: Decimal) -> Fraction:
    # A decimal keeps its exponent as it is, where a fraction would write out a billion digits.
    if decimal and abs(decimal.adjusted()) > LARGEST_EXPONENT:
        raise ValueError
    return Fraction(decimal) if decimal else Fraction(0)


def _from_sympy(value: Any, name: str) -> Fraction:
    if not value.is_Rational:
        value = value.simplify()
    if not value.is_Rational:
        raise InvalidArgument(name, value, "it is not rational: choose the rounding, as in float(x)")
    return Fraction(int(value.p), int(value.q))


class Prior(NamedTuple):
    """Eigenvalues of A, descending, and an orthonormal basis; None stands for the coordinate axes."""

    values: tuple[Fraction, ...]
    basis: FloatArray | None


def read_prior(prior: Any, dim: int) -> Prior:
    """Return the eigenvalues of A (descending, summing to one exactly) and an orthonormal basis.

    Args:
        prior: dim eigenvalues, or a symmetric (dim, dim) matrix. The entries of a diagonal matrix are
            its eigenvalues if they are exact; of any other, floats are found.
        dim: dimension.

    Raises:
        InvalidArgument: wrong shape, not symmetric, a negative eigenvalue, or trace other than one.
    """
    if isinstance(prior, Prior) and len(prior.values) == dim:
        return prior
    try:
        entries = np.asarray(prior, dtype=object)
    except ValueError:  # rows of different lengths
        entries = np.zeros((0, 0, 0), dtype=object)
    basis = None
    if entries.shape == (dim,) or entries.shape == (1, 1) == (dim, dim):
        exact = _read_entries(entries.reshape(-1))
    elif entries.shape == (dim, dim):
        exact, basis = _diagonalise(entries, prior)
    else:
        raise InvalidArgument(
            "prior", prior, f"give {dim} eigenvalues or a ({dim}, {dim}) matrix, to match dim"
        )
    # Equal entries are one object, so that work on a million of them is done once.
    distinct = {id(value): value for value in exact}
    least = float(min(distinct.values()))
    if least < 0:
        raise InvalidArgument(
            "prior", prior, f"it has the eigenvalue {least:.6g}: A must be positive semidefinite"
        )
    trace = sum((distinct[key] * n for key, n in Counter(map(id, exact)).items()), Fraction(0))
    if abs(trace - 1) > Fraction(1, 10**9):
        raise InvalidArgument(
            "prior", prior, f"its trace is {float(trace):.12g}: divide A by that, the trace must be one"
        )
    normalised = {key: value / trace for key, value in distinct.items()}
    if all(x is y or x >= y for x, y in pairwise(exact)):
        return Prior(tuple(normalised[id(value)] for value in exact), basis)
    if dim > LARGEST_BASIS:
        raise InvalidArgument(
            "prior", prior, f"above dimension {LARGEST_BASIS} give the eigenvalues in descending order"
        )
    order = sorted(range(dim), key=lambda i: -exact[i])
    return Prior(tuple(normalised[id(exact[i])] for i in order), np.eye(dim)[:, order])


def group_eigenvalues(prior: Prior) -> tuple[tuple[Fraction, ...], tuple[int, ...], FloatArray | None]:
    """Return distinct eigenvalues, their multiplicities, and the basis."""
    values, basis = prior
    runs: list[list[Any]] = []
    for _, same in groupby(values, key=id):
        run = list(same)
        if runs and runs[-1][0] == run[0]:
            runs[-1][1] += len(run)
        else:
            runs.append([run[0], len(run)])
    return tuple(value for value, _ in runs), tuple(size for _, size in runs), basis


def _read_entries(entries: Any) -> list[Fraction]:
    # Each distinct entry is read once: a million equal ones are as quick as one.
    known: dict[Any, Fraction] = {}
    exact: list[Fraction] = []
    last = None
    for entry in entries.tolist():
        if exact and entry is last:
            exact.append(exact[-1])
            continue
        hashable = isinstance(entry, (int, float, str, Fraction))
        key = (type(entry), entry) if hashable else None
        if key is None or key not in known:
            known[key] = read_number(entry, "prior")
        exact.append(known[key])
        last = entry
    return exact


def _diagonalise(entries: Any, prior: Any) -> tuple[list[Fraction], FloatArray | None]:
    off_diagonal = entries[~np.eye(len(entries), dtype=bool)]
    if not any(is_rounded(x) for x in entries.flat) and all(x == 0 for x in _read_entries(off_diagonal)):
        return _read_entries(entries.diagonal()), None
    matrix = np.array([float(x) for x in _read_entries(entries.reshape(-1))]).reshape(entries.shape)
    if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-12):
        raise InvalidArgument("prior", prior, "give a symmetric matrix")
    found, basis = np.linalg.eigh((matrix + matrix.T) / 2)
    return _merge_close(found[::-1]), basis[:, ::-1]


def _merge_close(eigenvalues: FloatArray) -> list[Fraction]:
    # Descending eigenvalues; runs closer than the accuracy get their common mean, exactly.
    runs: list[list[float]] = []
    for value in eigenvalues.tolist():
        value = 0.0 if abs(value) < EIGENVALUE_ACCURACY else value
        if runs and runs[-1][-1] - value < EIGENVALUE_ACCURACY:
            runs[-1].append(value)
        else:
            runs.append([value])
    return [mean for run in runs for mean in [Fraction(sum(run) / len(run))] * len(run)]
