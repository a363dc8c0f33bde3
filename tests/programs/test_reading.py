from decimal import Decimal
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from zotheory.errors import InvalidArgument
from zotheory.programs.program import Program, parse_prior
from zotheory.programs.reading import group_eigenvalues, read_number, read_prior


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0.1, F(1, 10)),
        (0.3, F(3, 10)),
        (1e-7, F(1, 10**7)),
        (3, F(3)),
        (F(1, 3), F(1, 3)),
        ("1/3", F(1, 3)),
        (" 0.1 ", F(1, 10)),
        ("-2e-3", F(-1, 500)),
        ("0e999999999", F(0)),
        (Decimal("0.1"), F(1, 10)),
        (np.float64(0.1), F(1, 10)),
        (np.float32(0.5), F(1, 2)),
        (np.int64(7), F(7)),
        (np.uint8(7), F(7)),
        (sp.Rational(2, 7), F(2, 7)),
        (sp.Integer(5), F(5)),
        (sp.Float(0.1), F(1, 10)),
        ((sp.sqrt(2) - 1) * (sp.sqrt(2) + 1), F(1)),
    ],
)
def test_numbers_are_read_exactly(given, expected):
    value = read_number(given, "x")
    assert value == expected
    assert type(value) is F


BAD_NUMBERS = [
    *(float("nan"), float("inf"), -float("inf"), "nan", "inf", "one", "", "1/0", "1e999999999", "1e-99999"),
    *(None, True, np.bool_(True), 1j, [1], np.array([1.0]), object(), 10**400, 1e300, F(1, 7**2000)),
    *(sp.Symbol("x"), sp.sqrt(2), sp.pi, sp.I, sp.oo, sp.nan, Decimal("NaN"), Decimal("Infinity")),
    *(np.float64("nan"), "9" * 5000, "0." + "1" * 3000),
]


@pytest.mark.parametrize("given", BAD_NUMBERS, ids=lambda x: repr(x)[:20])
def test_everything_else_is_refused_by_name(given):
    with pytest.raises(InvalidArgument) as caught:
        read_number(given, "alignment")
    assert caught.value.argument == "alignment"
    assert len(str(caught.value)) < 300


def grouped(prior, dim):
    values, sizes, _ = group_eigenvalues(read_prior(prior, dim))
    return dict(zip(values, sizes, strict=True))


def test_eigenvalues_are_sorted_and_sum_to_one():
    assert grouped([F(1, 4), F(1, 2), F(1, 4)], 3) == {F(1, 2): 1, F(1, 4): 2}
    assert grouped([0.1] * 10, 10) == {F(1, 10): 10}
    assert grouped([1 / 3, 1 / 3, 1 / 3], 3) == {F(1, 3): 3}  # sums to one after normalisation only
    assert grouped(["1/2", Decimal("0.5")], 2) == {F(1, 2): 2}
    assert grouped([1, 0, 0], 3) == {F(1): 1, F(0): 2}
    assert grouped([1], 1) == grouped([[1]], 1) == {F(1): 1}
    assert grouped([1, 0.0], 2) == grouped(np.array([1.0, 0.0]), 2) == {F(1): 1, F(0): 1}


def test_order_of_eigenvalues_is_that_of_the_axes():
    program = Program(3, prior=["1/4", "1/2", "1/4"])
    assert np.array_equal(program.gradient_moment, np.diag([0.25, 0.5, 0.25]))
    first, rest = program.partition.projectors()
    assert np.array_equal(first, np.diag([0, 1, 0]))
    assert np.array_equal(rest, np.diag([1, 0, 1]))


def test_order_cannot_be_lost_in_high_dimension():
    ascending = [F(1, 3 * 10**4)] * 5000 + [F(1, 6 * 10**3)] * 5000
    with pytest.raises(InvalidArgument, match="descending"):
        Program(10**4, prior=ascending)
    assert [b.size for b in Program(10**4, prior=ascending[::-1]).blocks] == [5000, 5000]


def rotation(dim, seed):
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))
    return q * np.sign(np.diag(r))


@pytest.mark.parametrize(
    "eigenvalues",
    [[0.5, 0.3, 0.2], [0.5, 0.25, 0.25], [1 / 3] * 3, [1, 0, 0], [0.5, 0.5, 0, 0], [0.4] + [0.06] * 10],
)
def test_matrices_are_diagonalised(eigenvalues):
    dim = len(eigenvalues)
    for seed in range(3):
        q = rotation(dim, seed)
        noise = 1e-16 * np.random.default_rng(seed).normal(size=(dim, dim))
        matrix = q @ np.diag(eigenvalues) @ q.T + noise + noise.T
        program = Program(dim, prior=matrix)
        assert [b.size for b in program.blocks] == [
            eigenvalues.count(x) for x in dict.fromkeys(eigenvalues)
        ]
        assert sum(b.weight * b.size for b in program.blocks) == 1
        for block, value in zip(program.blocks, dict.fromkeys(eigenvalues), strict=True):
            assert float(block.weight) == pytest.approx(value, abs=1e-14)
            assert block.weight != 0 or value == 0
        assert np.allclose(program.gradient_moment, matrix, rtol=0, atol=1e-14)


def test_exact_diagonal_matrices_stay_exact():
    matrix = [["1/3", 0, 0], [0, "2/3", 0], [0, 0, 0]]
    assert grouped(matrix, 3) == {F(2, 3): 1, F(1, 3): 1, F(0): 1}
    assert np.allclose(Program(3, prior=matrix).gradient_moment, np.diag([1 / 3, 2 / 3, 0]))
    assert grouped(sp.diag(sp.Rational(1, 3), sp.Rational(2, 3)), 2) == {F(2, 3): 1, F(1, 3): 1}


BAD_PRIORS = {
    "wrong length": ([0.5, 0.5], "match dim"),
    "one by one": ([[1.0]], "match dim"),
    "wrong matrix": (np.eye(2) / 2, "match dim"),
    "three axes": (np.ones((3, 3, 3)), "match dim"),
    "ragged": ([[1, 0, 0], [0, 0], [0]], "prior"),
    "a number": (1.0, "match dim"),
    "a word": ("abc", "match dim"),
    "empty": ([], "match dim"),
    "negative": ([0.6, 0.6, -0.2], "positive semidefinite"),
    "indefinite": (np.array([[1 / 3, 0.5, 0], [0.5, 1 / 3, 0], [0, 0, 1 / 3]]), "positive semidefinite"),
    "trace two": ([1, 0.5, 0.5], "trace is 2"),
    "trace of a matrix": (np.eye(3), "trace is 3"),
    "zero": ([0, 0, 0], "trace is 0"),
    "asymmetric": (np.array([[1, 0.1, 0], [0, 0, 0], [0, 0, 0]]), "symmetric"),
    "NaN": ([0.5, 0.5, float("nan")], "finite"),
    "NaN in a matrix": (np.diag([0.5, 0.5, np.nan]), "finite"),
    "infinite": (np.diag([0.5, np.inf, 0.5]), "finite"),
    "complex": (np.eye(3) * (1 / 3 + 0j), "finite"),
    "words": ([["a"] * 3] * 3, "finite"),
    "booleans": ([True, False, False], "finite"),
    "symbols": ([sp.Symbol("x"), 0, 0], "finite"),
}


@pytest.mark.parametrize(("prior", "message"), BAD_PRIORS.values(), ids=BAD_PRIORS)
def test_bad_priors(prior, message):
    with pytest.raises(InvalidArgument, match=message) as caught:
        Program(3, prior=prior)
    assert caught.value.argument == "prior"


@pytest.mark.parametrize(
    "text", ["", "a", "0.5,", "0.5*", "0.5*-2", "0.5*1.5", "0.5*a", "1*²", "1/2*99999999999", "*3", "nan"]
)
def test_bad_prior_texts(text):
    with pytest.raises(InvalidArgument) as caught:
        parse_prior(text)
    assert caught.value.argument == "prior"


def test_prior_texts():
    assert parse_prior("0.5, 0.1 * 5") == [F(1, 2), *[F(1, 10)] * 5]
    assert parse_prior("1/3*3") == [F(1, 3)] * 3
