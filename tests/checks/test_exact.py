from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from zotheory.checks.evidence import Grade, Outcome, Scope, Witness
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.errors import InvalidArgument

d = sp.Symbol("d", integer=True, positive=True)
delta = sp.Symbol("delta", positive=True)
s, t = sp.symbols("s t", nonnegative=True)
cap = sp.Symbol("R", positive=True)


@pytest.mark.parametrize(
    ("claimed", "derived"),
    [
        ((d + 2) * delta, (d**2 - 4) / (d - 2) * delta),
        (sp.gamma(d + 1) / sp.gamma(d), d),
        ((1 + sp.sqrt(2) * s) * (1 - sp.sqrt(2) * s), 1 - 2 * s**2),
        ((s + t) ** 9 / (s + t) ** 8, s + t),
        (Fraction(3, 2), sp.Rational(3, 2)),
        (np.array([1, 2], dtype=object), [1, 2]),
        (sp.Matrix([[d, 0], [0, 1]]), [[d, 0], [0, 1]]),
        ({"identity": 1, "outer": d}, {"outer": d, "identity": 1}),
        (sp.sqrt(s) ** 3, s * sp.sqrt(s)),
        (sp.sqrt(delta) * sp.sqrt(d * delta), delta * sp.sqrt(d)),
    ],
)
def test_true_identities_hold(claimed, derived):
    evidence = check_identity(claimed, derived, detail="test")
    assert evidence.outcome is Outcome.HOLDS
    assert evidence.grade is Grade.EXACT


def test_numbers_alone_are_an_instance_unless_said_otherwise():
    assert check_identity(d + 1, d + 1, detail="test").scope is Scope.GENERAL
    assert check_identity([1, 2], [1, 2], detail="test").scope is Scope.INSTANCE
    assert check_identity([0], [0], detail="test", scope=Scope.GENERAL).scope is Scope.GENERAL
    assert check_nonnegative(sp.Integer(4), [Term(1, 2)], detail="test").scope is Scope.INSTANCE


@pytest.mark.parametrize("empty", [[], {}, (), [[]]])
def test_nothing_to_compare_is_refused(empty):
    with pytest.raises(InvalidArgument, match="at least one entry"):
        check_identity(empty, empty, detail="test")


@pytest.mark.parametrize(
    ("claimed", "derived"),
    [
        (d + 2, d + 3),
        (d * delta, d),
        (sp.sqrt(2), sp.Rational(141421356237, 10**11)),
        ([1, Fraction(1, 3)], [1, Fraction(1, 4)]),
        (sp.gamma(d + 1), d),
        (sp.sqrt(1 + s), 1 + s / 2),
        (sp.sqrt(2) * s, sp.sqrt(3) * s),
    ],
)
def test_false_identities_fail_with_exact_values(claimed, derived):
    evidence = check_identity(claimed, derived, detail="test")
    assert evidence.outcome is Outcome.FAILS
    assert evidence.witness is not None
    data = evidence.witness.data
    assert sp.sympify(data["claimed"]) != sp.sympify(data["derived"])


def test_witness_respects_assumptions_domain_and_constraints():
    evidence = check_identity(d, 2 * d, detail="test", constraints=[d - 3])
    assert evidence.witness is not None
    assert int(evidence.witness.data["substitution"]["d"]) >= 3
    evidence = check_identity(delta, 2 * delta, detail="test", domain={delta: [Fraction(7, 9)]})
    assert evidence.witness is not None
    assert evidence.witness.data["substitution"] == {"delta": "7/9"}


def test_undefined_functions_are_inconclusive_not_false():
    f = sp.Function("f")
    evidence = check_identity(f(s), f(t), detail="test")
    assert evidence.outcome is Outcome.INCONCLUSIVE


def test_a_difference_outside_the_domain_does_not_fail():
    evidence = check_identity(d, sp.Integer(3), detail="test", domain={d: [3]})
    assert evidence.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("value", [0.5, np.float64(1), sp.Float(2), True, "1", [1, 2.0]])
def test_inexact_entries_are_refused(value):
    with pytest.raises(InvalidArgument, match=r"exact|Fraction"):
        check_identity(value, value, detail="test")


def test_different_shapes_are_refused():
    with pytest.raises(InvalidArgument, match="same entries"):
        check_identity([1, 2], [1, 2, 3], detail="test")


def test_witness_is_handed_on_only_if_the_identity_holds():
    witness = Witness("an example")
    assert check_identity(d, d, detail="test", witness=witness).witness is witness
    assert check_identity(d, d + 1, detail="test", witness=witness).witness is not witness


SQUARE = s**2 + s * t - 2 * s * cap + cap**2


def test_complete_decomposition_proves():
    evidence = check_nonnegative(SQUARE, [Term(1, s - cap), Term(1, 1, (s, t))], detail="test")
    assert evidence.outcome is Outcome.HOLDS
    assert evidence.scope is Scope.GENERAL


def test_multiplier_clears_a_denominator():
    x = sp.Symbol("x", real=True)
    evidence = check_nonnegative((x**2 - 2 * x + 1) / cap, [Term(1, x - 1)], multiplier=cap, detail="test")
    assert evidence.outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("terms", "gap"),
    [
        ([Term(1, s - cap)], "do not add up"),
        ([Term(-1, s - cap), Term(2, s - cap), Term(1, 1, (s, t))], "coefficient -1"),
        ([Term(1, s - cap), Term(1, 1, (s - t, t)), Term(1, t)], "not declared non-negative"),
        ([Term(1, s - cap), Term(1, sp.sqrt(s - t)), Term(1, 1, (s, t)), Term(1, 1, (t - s,))], "real"),
    ],
)
def test_gaps_are_named_and_prove_nothing(terms, gap):
    evidence = check_nonnegative(SQUARE, terms, detail="test")
    assert evidence.outcome is Outcome.INCONCLUSIVE
    assert gap in evidence.detail


def test_multiplier_of_unknown_sign_proves_nothing():
    x = sp.Symbol("x", real=True)
    evidence = check_nonnegative(x, [Term(1, x)], multiplier=x, values={x: [1, 2]}, detail="test")
    assert evidence.outcome is Outcome.INCONCLUSIVE
    assert "multiplier" in evidence.detail


def test_generators_must_be_declared():
    expression = cap - s - t
    declared = check_nonnegative(expression, [Term(1, 1, (cap - s - t,))], [cap - t - s], detail="test")
    assert declared.outcome is Outcome.HOLDS
    undeclared = check_nonnegative(expression, [Term(1, 1, (cap - s - t,))], detail="test")
    assert undeclared.outcome is Outcome.FAILS


def test_negative_point_of_the_domain_is_a_witness():
    evidence = check_nonnegative(SQUARE - cap**2 / 2, [], [cap - s - t], detail="test")
    assert evidence.outcome is Outcome.FAILS
    assert evidence.witness is not None
    point = {k: sp.Rational(v) for k, v in evidence.witness.data["substitution"].items()}
    assert point["R"] - point["s"] - point["t"] >= 0
    assert sp.Rational(evidence.witness.data["value"]) < 0


@pytest.mark.parametrize("domain", [[-1 - s], [sp.Integer(-1)], [s - 1, -s]])
def test_an_empty_domain_proves_nothing(domain):
    terms = [Term(1, 1, (domain[0],))]
    evidence = check_nonnegative(domain[0], terms, domain, detail="test")
    assert evidence.outcome is Outcome.INCONCLUSIVE
    assert "no point of the domain" in evidence.detail


def test_a_bare_symbol_is_a_constraint_like_any_other():
    x = sp.Symbol("x", real=True)
    evidence = check_nonnegative(x - 1, [], [x], detail="test")
    assert evidence.outcome is Outcome.FAILS


def test_points_outside_the_domain_are_no_witness():
    evidence = check_nonnegative(s - t, [], [s - t], detail="test")
    assert evidence.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("left", "relation", "right", "outcome"),
    [
        (1, "==", 1, Outcome.HOLDS),
        (1, "!=", 1, Outcome.FAILS),
        (1, "==", 2, Outcome.FAILS),
        (Fraction(1, 3), "<", Fraction(1, 2), Outcome.HOLDS),
        (1, "<", 1, Outcome.FAILS),
        (1, "<=", 1, Outcome.HOLDS),
        (sp.sqrt(2), ">", Fraction(3, 2), Outcome.FAILS),
        (sp.sqrt(2), "<=", Fraction(3, 2), Outcome.HOLDS),
        (d, "<", d + 2, Outcome.HOLDS),
        (d, ">=", 1, Outcome.HOLDS),
        (d, ">", 1, Outcome.FAILS),
        (d, "!=", d + 1, Outcome.HOLDS),
        (d, "==", d + 1, Outcome.FAILS),
        (s, "<", t, Outcome.FAILS),
    ],
)
def test_relations(left, relation, right, outcome):
    evidence = check_relation(left, relation, right, detail="test")
    assert evidence.outcome is outcome
    assert (evidence.witness is not None) == (outcome is Outcome.FAILS)


def test_relation_true_but_beyond_the_assumptions_is_inconclusive():

    x, y = sp.symbols("x y", real=True)
    evidence = check_relation(x**2 + x * y + y**2, ">=", 0, detail="test")
    assert evidence.outcome is Outcome.INCONCLUSIVE


def test_unknown_relation_is_refused():
    with pytest.raises(InvalidArgument, match="relation"):
        check_relation(1, "=", 1, detail="test")
