"""Vectors, matrices and tables that are none: always InvalidArgument, with the argument's name."""

import decimal
import math
from fractions import Fraction as Q

import numpy as np
import pytest
import sympy as sp

from zotheory.laws import (
    DAP,
    Alignment,
    Empirical,
    Gaussian,
    Guided,
    ImportanceBlocks,
    Mixture,
    Shells,
    Sphere,
    TwoAtom,
)
from zotheory.laws.partition import Axis, Contiguous, Eigenspaces, Whole

x = sp.Symbol("x")
BELOW = sp.Symbol("w", negative=True)
BAD_VECTORS = [
    *(3, "abc", ["1", "2"], [], [0, 0], [0.0, -0.0], [Q(0), 0], [math.nan, 1], [math.inf, 1], [1, None]),
    *([1, "2"], [1j, 2], [True, False], [[1, 2]], [[1], [2]], [[1, 2], [3]], [1, [2, 3]], np.ones((2, 2))),
    *([sp.oo, 1], [sp.nan, 1], [sp.I, 1], [np.float32("inf"), 1], {1: 2}, {1, 2}, object(), [object(), 1]),
    *((i for i in (1, 2)), np.array(["a", "b"]), np.array([1, 2], dtype="m8[s]"), sp.Matrix([0, 0])),
    *(sp.eye(2), lambda: 1, [decimal.Decimal(1), 2], np.array([[1, 2]], dtype=object)),
]
WRONG_LENGTH = [[1], [1, 2, 3], np.ones(3), [x, 1, 1]]
BAD_MATRICES = [
    *(
        None,
        1,
        "ab",
        [[1, 2]],
        np.eye(3),
        np.ones(2),
        [[1, 2], [3, 4]],
        [[1.0, 2.0], [2.1, 1.0]],
        [[1, 2], [2]],
    ),
    *([["1", "0"], ["0", "1"]], [[math.nan, 0], [0, 1]], [[math.inf, 0], [0, 1]], np.eye(2) * 1j),
    *(np.eye(2, dtype=bool), [[0, x], [1, 0]], [[Q(1), Q(2)], [Q(3), Q(1)]], [[None, None], [None, None]]),
    sp.zoo * sp.eye(2),
]
BAD_WEIGHTS = [
    *(
        1,
        "ab",
        [],
        [1],
        [0.5, 0.5, 0],
        [0.5, 0.6],
        [0.5, 0.5 + 1e-9],
        [-0.5, 1.5],
        [math.nan, 1],
        [math.inf, 0],
    ),
    *(
        ["0.5", "0.5"],
        [None, 1],
        [[0.5, 0.5]],
        [0.5, 0.5j],
        [Q(1, 2), Q(1, 3)],
        [True, False],
        [1, 1],
        [0, 0],
    ),
    *({0.5: 0.5}, [x, sp.Symbol("y")], [sp.Rational(1, 2), sp.Rational(1, 3)], [BELOW, 1 - BELOW]),
    *(
        [sp.I, 1 - sp.I],
        [Q(1, 2), Q(1, 2) + Q(1, 10**15)],
        [sp.Rational(1, 2), sp.Rational(1, 2) + Q(1, 10**15)],
    ),
]
BAD_POINTS = [
    *(
        None,
        1,
        "ab",
        [],
        [[]],
        [1, 2],
        [[1, 2], [3]],
        [[math.nan, 1]],
        [[math.inf, 1]],
        [["a", "b"]],
        [[0, 0]],
    ),
    *([[1j, 0]], np.ones((2, 2, 2)), [[None, 1]], [[True, False]], [[1e41, 0], [0, 1e41]]),
    *([[1e-30, 0], [0, 1e-30]], [[10**400, 0], [0, 10**400]]),
]
BAD_ENERGIES = [
    *(None, 1, "ab", [], [[]], [1, 2], [[1, 2]], [[-1], [2]], [[math.nan], [1]], [[math.inf], [1]]),
    *([["1"], ["2"]], [[0], [0]], [[1e100], [1]], [[BELOW], [1]], [[1], [2, 3]]),
]
BAD_BASES = [
    *(None, 1, "ab", np.eye(3), np.ones((2, 2)), [[1, 0], [0]], np.eye(2) * math.nan, [[1, 1e-6], [0, 1]]),
    *(np.eye(2) * 1j, [[x, 0], [0, 1]]),
]


def kind(value):
    return type(value).__name__


@pytest.mark.parametrize("vector", [None, *BAD_VECTORS], ids=kind)
def test_directions(refused, vector):
    refused("direction", DAP, vector)
    refused("direction", TwoAtom, vector, 0.5)
    refused("direction", Guided, vector, 0.5)
    refused("direction", Axis, vector)


@pytest.mark.parametrize("vector", BAD_VECTORS + WRONG_LENGTH, ids=kind)
def test_gradients(refused, planar, vector):
    for name, law in planar.items():
        refused("a", law.dimension_factor, vector)
        refused("a", law.error_covariance, vector)
        refused("a", law.directional_fourth_moment, vector)
        refused("a", law.batch_mse_factor, vector)
        refused("a", law.batch_error_covariance, vector, 2 if name == "frame" else 5)


def test_a_missing_gradient(refused, planar):
    for name, law in planar.items():
        refused("a", law.error_covariance, None)
        if name in ("dap", "dap-first", "two-atom", "importance", "empirical", "mixture", "shells"):
            refused("a", law.dimension_factor)
            refused("a", law.directional_fourth_moment, None)
        if name in ("importance", "empirical", "shells"):
            refused("a", law.dimension_factor, Alignment(0.5))
            refused("a", law.directional_fourth_moment, Alignment(0.5))
        refused("a", law.error_covariance, Alignment(0.5))


def test_laws_whose_factor_needs_no_gradient(planar):
    for name in ("gaussian", "sphere", "rademacher", "coordinate", "frame", "block"):
        law = planar[name]
        assert (
            law.dimension_factor() == law.dimension_factor(Alignment(0.5)) == law.dimension_factor([1, 5])
        )


@pytest.mark.parametrize("matrix", BAD_MATRICES, ids=kind)
def test_matrices(refused, planar, matrix):
    for law in planar.values():
        refused("matrix", law.fourth_moment, matrix)
        refused("matrix", law.weighted_norm_moment, matrix)


def test_rounding_of_a_symmetric_matrix_is_accepted():
    q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6)))
    matrix = q @ np.diag([0, 1, 1e-9, 5, 2, 3.0]) @ q.T
    matrix[0, 1] += 1e-16
    result = Sphere(6).fourth_moment(matrix)
    assert np.array_equal(result, result.T)
    assert np.trace(result) == pytest.approx(6 * np.trace(matrix))


@pytest.mark.parametrize("weights", BAD_WEIGHTS, ids=kind)
def test_weights(refused, weights):
    refused("weights", Mixture, [Sphere(2), Gaussian(2)], weights)
    refused("weights", Shells, Whole(2), [[1], [2]], weights)
    refused("weights", Empirical, [[1, 1], [1, -1]], weights)
    refused("energies", ImportanceBlocks, [1, 1], weights)


@pytest.mark.parametrize("energies", [[0, 1], [0.0, 1.0], [Q(0), Q(1)], [1e-300, 1.0], None])
def test_importance_blocks_need_some_energy_in_each(refused, energies):
    refused("energies", ImportanceBlocks, [1, 1], energies)


@pytest.mark.parametrize("sizes", [None, 3, [], "12", {1: 1}, [sp.Symbol("m")], object(), [[1]]], ids=kind)
def test_sizes(refused, sizes):
    # A symbolic size is refused for the dimension it would give.
    argument = "dim" if isinstance(sizes, list) and sizes and sizes[0] == sp.Symbol("m") else "sizes"
    refused(argument, ImportanceBlocks, sizes, [1.0])
    refused(argument, Contiguous, sizes)
    refused(argument, Eigenspaces, np.eye(1), sizes)


@pytest.mark.parametrize("points", BAD_POINTS, ids=kind)
def test_points(points, refused):
    refused("", Empirical, points)


def test_points_without_weight(refused):
    refused("points", Empirical, [[1, 1], [0, 0]], [0, 1])


@pytest.mark.parametrize("energies", BAD_ENERGIES, ids=kind)
def test_shell_energies(refused, energies):
    refused("energies", Shells, Whole(2), energies, [0.5, 0.5])


@pytest.mark.parametrize("subspaces", [None, 3, (1, 2), np.eye(2), Whole], ids=kind)
def test_shell_subspaces(refused, subspaces):
    refused("subspaces", Shells, subspaces, [[1]], [1])


@pytest.mark.parametrize("basis", BAD_BASES, ids=kind)
def test_bases(refused, basis):
    refused("basis", Eigenspaces, basis, (1, 1))
