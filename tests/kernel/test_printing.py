"""Expressions as Coq terms: read back, they are the same expressions."""

import re

import pytest
import sympy as sp

from zotheory.errors import InvalidArgument
from zotheory.kernel.printing import coq_definition, coq_name, coq_term

A, B, C = sp.symbols("a b c", positive=True)


def read_back(term):
    """Read a term by sympy's own parser, after Coq's prefix reciprocal and square root."""
    text = re.sub(r"sqrt (\w+)", r"sqrt(\1)", term.replace("(/ ", "(1/ ").replace("^", "**"))
    return sp.sympify(text, locals={"a": A, "b": B, "c": C})


@pytest.mark.parametrize(
    "expression",
    [
        sp.Rational(-3, 7),
        A - B - C,
        A / (B / C),
        -(A**2) / B**3,
        2 * A / 3 - sp.Rational(1, 2),
        A * (B + C) ** 2 / (1 - A * (B - 1) / C),
        sp.sqrt(A * B) - sp.sqrt(C),
        A / sp.sqrt((A * B - B + 2) ** 2 - 4 * A),
        (A + B) ** sp.Rational(-3, 2),
        -A * -B,
        A - (B - (C - 1)),
    ],
    ids=str,
)
def test_reading_a_term_back_gives_the_expression(expression):
    assert sp.simplify(read_back(coq_term(expression, "abc")) - expression) == 0


def test_tuples_become_tuples():
    assert coq_term((0, A), ["a"]) == "(0, a)"


def test_definitions_take_their_arguments_in_order():
    assert coq_definition("claimed_x", A - B, ["b", "a"]).startswith("Definition claimed_x (b a : R) := ")
    assert coq_definition("claimed_one", sp.Integer(1), []) == "Definition claimed_one := 1."


def test_powers_of_beta_are_names():
    assert coq_term(sp.Symbol("beta1^t"), ["beta1^t"]) == "beta1_t"


@pytest.mark.parametrize(
    "expression",
    [sp.Float(0.5), A**B, sp.exp(A), A ** sp.Rational(1, 3), sp.pi, sp.oo, sp.Eq(A, B)],
    ids=str,
)
def test_what_is_not_algebra_is_refused(expression):
    with pytest.raises(InvalidArgument, match=r"integer powers and square roots"):
        coq_term(expression, "ab")


def test_a_symbol_that_is_not_an_argument_is_named():
    with pytest.raises(InvalidArgument, match="the formula also has b"):
        coq_term(A + B, ["a"])


@pytest.mark.parametrize("name", ["", "1a", "ρ", "a'"])
def test_names_that_coq_would_not_take(name):
    with pytest.raises(InvalidArgument, match="a letter first"):
        coq_name(name)
