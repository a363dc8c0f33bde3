"""Shared checks: what they return for exact, symbolic and float arguments, and what they refuse."""

import math
from fractions import Fraction as Q

import mpmath
import numpy as np
import pytest
import sympy as sp

from zotheory.errors import InvalidArgument, ZotheoryError
from zotheory.validation import (
    as_real,
    check_array,
    check_count,
    check_dim,
    check_fraction,
    check_positive,
    check_symmetric,
    check_vector,
    check_weights,
    is_expression,
    is_number,
    is_symbolic,
    numeric_dim,
    quotient,
    to_float,
)

x, y = sp.symbols("x y", positive=True)


def test_errors_are_also_value_errors_and_name_everything():
    error = InvalidArgument("delta", -1, "give a number above 0")
    assert isinstance(error, ZotheoryError)
    assert isinstance(error, ValueError)
    assert str(error) == "delta = -1: give a number above 0"
    assert len(str(InvalidArgument("a", "z" * 10**6, "shorten it"))) < 200
    # Of a long path the end is kept, which says the file.
    assert "/train.csv': b" in str(InvalidArgument("a", f"/{'z' * 200}/train.csv", "b"))


@pytest.mark.parametrize(
    ("top", "bottom", "value"), [(10, 4, Q(5, 2)), (10, 5, 2), (Q(1, 2), 3, Q(1, 6)), (x, 2, x / 2)]
)
def test_quotient_is_exact(top, bottom, value):
    assert quotient(top, bottom) == value
    assert type(quotient(np.int64(6), 3)) is int
    assert type(quotient(np.float64(6), 3)) is float


def test_symbols_and_numbers_are_told_apart():
    for value in (x, x + 1, sp.sqrt(x), sp.Max(x, y)):
        assert is_symbolic(value)
        assert is_expression(value)
        assert as_real(value) is value
    for value in (1, 1.0, Q(1, 2), sp.Integer(1), sp.pi, sp.sqrt(2), np.float32(1), mpmath.mpf(1)):
        assert not is_symbolic(value)
        assert is_number(value)
    for value in (
        True,
        "1",
        None,
        math.nan,
        math.inf,
        sp.oo,
        sp.I,
        sp.true,
        x > 0,
        sp.Matrix([x]),
        sp.Symbol,
        1j,
    ):
        assert not is_symbolic(value)
        assert not is_number(value)


@pytest.mark.parametrize(
    ("value", "kind"), [(np.int8(3), int), (np.float32(3), float), (np.longdouble(3), float), (3, int)]
)
def test_numpy_numbers_become_python_s(value, kind):
    assert type(as_real(value)) is kind
    assert as_real(value) == 3


def test_scalars_pass_unchanged():
    for value in (2, 2.5, Q(5, 2), sp.Rational(5, 2), sp.sqrt(2), x):
        assert check_positive(value, "v") is value
    for value in (Q(1, 2), 0.5, sp.Rational(1, 2), x):
        assert check_fraction(value, "v", open_interval=True) is value
    for value in (0, 1, 0.0, 1.0):
        assert check_fraction(value, "v", open_interval=False) is value
    assert check_dim(x) is x
    assert check_dim(sp.Integer(3)) == numeric_dim(3) == 3
    assert check_count(np.int16(4), "n") == 4
    assert to_float(sp.Rational(1, 2), "v") == 0.5


@pytest.mark.parametrize(
    "call", [lambda: numeric_dim(x), lambda: to_float(x, "v"), lambda: check_count(x, "n")]
)
def test_symbols_where_numbers_are_needed(call):
    with pytest.raises(InvalidArgument):
        call()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], object),
        (np.array([1, 2], dtype=np.int8), object),
        ([1, Q(1, 2)], object),
        ([1, 2.0], float),
        (np.array([1, 2], dtype=np.float32), float),
        (np.array([Q(1, 2), 0.5], dtype=object), float),
        ([mpmath.mpf(1), 2], float),
        ([x, 0.5], object),
        ([sp.sqrt(2), 1], object),
        ([np.float64(1), Q(1)], float),
    ],
)
def test_arrays_are_floats_or_python_objects(values, kind):
    array = check_array(values, "v", "give numbers")
    assert array.dtype == kind
    assert not any(isinstance(entry, np.generic) for entry in array.tolist())


def test_vectors_keep_their_values_and_the_caller_s_array():
    given = np.array([1.0, 2.0])
    assert np.array_equal(check_vector(given, "v", 2), given)
    assert given.flags.writeable
    assert check_vector([2**70, 1], "v")[0] ** 2 == 2**140
    assert check_vector((Q(1, 3), x), "v").tolist() == [Q(1, 3), x]
    assert check_vector([1, 2, 3], "v", x).size == 3  # a symbolic dimension does not say


def test_symmetric_matrices():
    exact = check_symmetric([[1, Q(1, 2)], [Q(1, 2), 0]], "m", 2)
    assert exact.tolist() == [[1, Q(1, 2)], [Q(1, 2), 0]]
    nearly = check_symmetric([[1.0, 1e-13], [0.0, 1.0]], "m", 2)
    assert np.array_equal(nearly, nearly.T)
    assert check_symmetric([[x, y], [y, x]], "m", 2)[0, 1] is y
    assert np.array_equal(check_symmetric(np.zeros((2, 2)), "m", 2), np.zeros((2, 2)))


def test_weights():
    assert check_weights([1, 0], "w", 2).tolist() == [1, 0]
    assert sum(check_weights([0.1] * 10, "w", 10)) == pytest.approx(1)
    assert check_weights([Q(1, 3), Q(2, 3)], "w", 2).tolist() == [Q(1, 3), Q(2, 3)]
    assert check_weights([x, 1 - x], "w", 2).tolist() == [x, 1 - x]
    assert check_weights([sp.sin(x) ** 2, sp.cos(x) ** 2], "w", 2).size == 2
    assert check_weights([sp.sqrt(2) - 1, 2 - sp.sqrt(2)], "w", 2).size == 2
