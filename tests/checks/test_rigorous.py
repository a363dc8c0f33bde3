from fractions import Fraction

import pytest
from flint import arb

from zotheory.checks.evidence import Grade, Outcome
from zotheory.checks.rigorous import certify_nonnegative
from zotheory.errors import InvalidArgument

UNIT = [(0, 1), (0, 1)]


def test_a_positive_function_is_certified():
    evidence = certify_nonnegative(
        lambda x, y: x**2 - x * y + y**2 + arb("0.1"), UNIT, strict=True, detail="test"
    )
    assert evidence.outcome is Outcome.HOLDS
    assert evidence.grade is Grade.RIGOROUS


def test_a_touching_minimum_needs_a_tolerance():
    def square(x):
        return (x - arb(1) / 3) ** 2

    strict = certify_nonnegative(square, [(0, 1)], strict=True, max_boxes=200, detail="test")
    assert strict.outcome is Outcome.INCONCLUSIVE
    assert "undecided after 200 boxes" in strict.detail

    def expanded(x):
        return x**2 - 2 * x / 3 + arb(1) / 9

    tolerated = certify_nonnegative(expanded, [(0, 1)], tolerance=Fraction(1, 1000), detail="test")
    assert tolerated.outcome is Outcome.HOLDS
    assert ">= -1/1000" in tolerated.detail


def test_a_negative_point_is_an_exact_witness():
    evidence = certify_nonnegative(lambda x: x**2 - arb(1) / 5, [(-1, 1)], detail="test")
    assert evidence.outcome is Outcome.FAILS
    assert evidence.witness is not None
    (x,) = map(Fraction, evidence.witness.data["point"])
    assert x**2 - Fraction(1, 5) < 0


def test_a_barely_negative_function_is_not_certified():
    evidence = certify_nonnegative(lambda x: x**2 - arb(2) ** -40, [(-1, 1)], detail="test")
    assert evidence.outcome is Outcome.FAILS


def test_only_the_region_matters():
    def difference(s, t):
        return s - t

    whole = certify_nonnegative(difference, UNIT, detail="test")
    assert whole.outcome is Outcome.FAILS
    region = [lambda s, t: s - t - arb(1) / 10]
    part = certify_nonnegative(difference, UNIT, region=region, strict=True, detail="test")
    assert part.outcome is Outcome.HOLDS


@pytest.mark.parametrize("gap", [1, arb(1) / 10**6])
def test_an_empty_region_proves_nothing(gap):
    region = [lambda s, t: s - t - gap, lambda s, t: t - s]
    evidence = certify_nonnegative(
        lambda s, t: -s - t - 1, UNIT, region=region, max_boxes=300, detail="test"
    )
    assert evidence.outcome is Outcome.INCONCLUSIVE
    positive = certify_nonnegative(
        lambda s, t: s + t + 1, UNIT, region=region, max_boxes=300, detail="test"
    )
    assert positive.outcome is Outcome.INCONCLUSIVE
    assert "no point of the region" in positive.detail


def test_a_small_region_away_from_the_centre_is_found():
    region = [lambda s, t: s - arb(9) / 10, lambda s, t: arb(1) / 10 - t]
    evidence = certify_nonnegative(lambda s, t: s + t + 1, UNIT, region=region, detail="test")
    assert evidence.outcome is Outcome.HOLDS


def test_a_box_of_points_is_decided_or_given_up():
    assert certify_nonnegative(lambda x: x, [(1, 1)], detail="test").outcome is Outcome.HOLDS
    stuck = certify_nonnegative(lambda x: x.sqrt() ** 2 - 2, [(2, 2)], detail="test")
    assert stuck.outcome is Outcome.INCONCLUSIVE


def test_undefined_values_are_never_certified():
    evidence = certify_nonnegative(lambda x: 1 / x, [(0, 1)], max_boxes=100, detail="test")
    assert evidence.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("box", "options"),
    [
        ([], {}),
        ([(0.0, 1)], {}),
        ([(1, 0)], {}),
        ([(0, 1)], {"tolerance": -1}),
        ([(0, 1)], {"tolerance": 0.1}),
        ([(0, 1)], {"max_boxes": 0}),
    ],
)
def test_bad_arguments_are_refused(box, options):
    with pytest.raises(InvalidArgument):
        certify_nonnegative(lambda x: x, box, detail="test", **options)
