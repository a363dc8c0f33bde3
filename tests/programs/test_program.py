import dataclasses
import itertools
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from zotheory.errors import InvalidArgument, Unsupported, ZotheoryError
from zotheory.programs import Program
from zotheory.programs.scaled import scale

BAD = {
    "dim": [0, -1, 1.5, "3", None, True, np.nan, sp.Symbol("d"), 2**60, [3]],
    "delta": [0, -1, "0", np.nan, np.inf, "x", None, True, 1e-60, "1e60", sp.Symbol("x"), [1.0]],
    "norm_cap": [2.9, 0, -1, np.nan, np.inf, "x", True, F(3) - F(1, 10**15), 3 * (1 - 1e-11)],
    "fourth_moment": [0.99, 0, -1, np.nan, "x", True, F(1) - F(1, 10**15), 1 - 1e-11],
    "alignment": [-0.1, 1.1, "1.0000000001", np.nan, "x", True, 2, 1j],
    "smoothing": [-1e-9, "-1", np.nan, np.inf, "x", None, True],
    "direction": [[0, 0, 0], [1, 0], [1, np.nan, 0], [[1, 0, 0]], [], "abc", 1.0, [1j, 0, 0]],
    "nonnegative_covariance": [1, 0, "no", None, np.array([True])],
    "blind": [1, 0, "no", None, np.array([True])],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in BAD.items() for value in values],
    ids=lambda x: repr(x)[:25],
)
def test_bad_arguments_are_named(name, value):
    with pytest.raises(InvalidArgument) as caught:
        Program(**{"dim": 3, name: value})
    assert caught.value.argument == name
    assert str(caught.value).count(name) >= 1


def test_feasibility_messages_name_the_remedy():
    with pytest.raises(InvalidArgument, match="at least") as caught:
        Program(3, delta="0.5", norm_cap=1)
    assert "3/2" in str(caught.value)
    with pytest.raises(InvalidArgument, match="kappa of at least 1"):
        Program(3, fourth_moment=0.5)
    with pytest.raises(InvalidArgument, match="dimension one"):
        Program(1, alignment=0.5)


STATES = {"blind": True, "alignment": "1/2", "prior": ["1/2", "1/4", "1/4"]}


@pytest.mark.parametrize("pair", [*itertools.combinations(STATES, 2), tuple(STATES)])
def test_states_of_knowledge_exclude_each_other(pair):
    with pytest.raises(Unsupported) as caught:
        Program(3, **{name: STATES[name] for name in pair})
    assert all(name in str(caught.value) for name in pair)


@pytest.mark.parametrize("name", STATES)
def test_covariance_needs_a_known_gradient(name):
    with pytest.raises(Unsupported, match="nonnegative_covariance"):
        Program(3, **{name: STATES[name]}, nonnegative_covariance=True)


@pytest.mark.parametrize("name", ["blind", "prior"])
def test_direction_needs_an_axis(name):
    with pytest.raises(Unsupported, match="direction"):
        Program(3, **{name: STATES[name]}, direction=[1, 0, 0])


def test_supported_combinations_are_accepted():
    limits = {"norm_cap": 6, "fourth_moment": 2, "smoothing": 1}
    for size in range(4):
        for names in itertools.combinations(limits, size):
            chosen = {name: limits[name] for name in names}
            for state in ({}, *({name: STATES[name]} for name in STATES)):
                Program(3, **chosen, **state)
            Program(3, **chosen, nonnegative_covariance=True)


def test_limits_computed_in_floating_point():
    assert 0.3 * 3 < 0.9 < 0.9000000000000001
    assert Program(3, delta=0.3, norm_cap=0.3 * 3).norm_cap == F(9, 10)  # just below
    assert 0.1 * 3 > 0.3
    assert Program(3, delta=0.1, norm_cap=0.1 * 3).norm_cap == F(3, 10)  # just above
    assert Program(3, fourth_moment=1 - 1e-16).fourth_moment == 1
    assert Program(3, norm_cap=3 * (1 + 1e-13)).norm_cap > 3  # too far to be rounding
    assert Program(3, norm_cap=3 + F(1, 10**16)).norm_cap == 3 + F(1, 10**16)  # exact: as it is
    assert Program(3, norm_cap="3.0000000000000001").norm_cap > 3
    assert Program(3, norm_cap=sp.Rational(10**16 + 1, 10**16) * 3).norm_cap > 3


def test_units_of_delta_one():
    program = Program(3, delta="1/2", norm_cap=4, fourth_moment=2, smoothing=3)
    scaled = scale(program)
    assert (scaled.cap, scaled.budget, scaled.theta) == (8, 18, F(3, 2))
    assert (scaled.weights, scaled.sizes) == ((1, 0), (1, 2))
    tight = scale(Program(3, fourth_moment=1))  # E n^2 = (E n)^2: the length is fixed
    assert (tight.cap, tight.budget) == (3, None)


def test_blocks():
    pairs = lambda program: [(block.weight, block.size) for block in program.blocks]  # noqa: E731
    assert pairs(Program(5)) == [(1, 1), (0, 4)]
    assert pairs(Program(5, blind=True)) == [(F(1, 5), 5)]
    assert pairs(Program(5, alignment="3/5")) == [(F(9, 25), 1), (F(4, 25), 4)]
    assert pairs(Program(4, alignment="1/2")) == [(F(1, 4), 4)]  # rho^2 = 1/d says nothing
    assert pairs(Program(5, alignment=0)) == [(0, 1), (F(1, 4), 4)]
    assert pairs(Program(1)) == pairs(Program(1, alignment=1)) == pairs(Program(1, prior=[1])) == [(1, 1)]


def test_equality_hash_and_replacement():
    matrix = np.array([[0.5, 0.25], [0.25, 0.5]])
    for build in (
        lambda: Program(3, delta=0.5, norm_cap=2),
        lambda: Program(2, direction=[1.0, 2.0]),
        lambda: Program(2, prior=matrix),
    ):
        assert build() == build()
        assert hash(build()) == hash(build())
        assert dataclasses.replace(build(), smoothing=1) != build()
        assert dataclasses.replace(build(), smoothing=0) == build()
    assert Program(2, direction=[1, 2]) != Program(2, direction=[2, 1])
    assert Program(2) != "Program(2)"


def test_programs_cannot_change_under_the_users_hands():
    direction = np.array([1.0, 2.0])
    program = Program(2, direction=direction)
    direction[0] = 5.0
    assert program.axis == pytest.approx(np.array([1, 2]) / np.sqrt(5))
    with pytest.raises(ValueError, match="read-only"):
        program.direction[0] = 3.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        program.dim = 3  # type: ignore[misc]


@pytest.mark.parametrize("kind", [np.int64(3), sp.Integer(3)])
def test_dimensions_of_other_types(kind):
    assert Program(kind) == Program(3)
    assert type(Program(kind).dim) is int


def test_every_error_is_one_of_the_packages():
    assert issubclass(InvalidArgument, ZotheoryError)
    assert issubclass(Unsupported, ZotheoryError)
