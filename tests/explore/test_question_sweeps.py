"""Sweeps of questions: against closed forms and enumeration, and what has no answer."""

import itertools
from fractions import Fraction

import pytest

from zotheory.errors import InvalidArgument
from zotheory.explore import conjectures, sweep_questions
from zotheory.programs.question import Moment, Question, in_the_plane, plane_symbols

S, T = plane_symbols()


def capped(d, cap):
    return in_the_plane(int(d), S * (S + T), nonnegative=[cap - S - T])


def test_bounds_enclose_the_closed_form_and_what_does_not_exist_is_recorded():
    points = sweep_questions(capped, {"d": [3, 4], "cap": "2:6:2"})
    assert [(p.parameters["d"], p.parameters["cap"]) for p in points] == list(
        itertools.product((3, 4), (2, 4, 6))
    )
    for point in points:
        d, cap = point.parameters["d"], point.parameters["cap"]
        if cap < d:
            assert (point.status, point.lower) == ("infeasible", None)
            assert "no law" in point.reason
            continue
        least = cap / (cap - d + 1)  # 1/(1 - (d - 1)/R^2)
        assert point.certified
        assert point.lower <= least
        assert point.value == pytest.approx(float(least), abs=1e-6)
        assert "optimal if and only if" in point.contact


def test_exact_answers_can_be_fitted():
    """Entries in {-1, 0, 1}: E[x^2 (x^2 + y^2)] is E[x^2] + P(x and y are not 0)."""

    def ternary(delta):
        x, y = plane_symbols()
        corners = list(itertools.product((-1, 0, 1), repeat=2))
        second = [Moment(x**2, "==", delta), Moment(y**2, "==", delta), Moment(x * y, "==", 0)]
        return Question((x, y), x**2 * (x**2 + y**2), moments=second, points=corners)

    points = sweep_questions(ternary, {"delta": "1/2,3/5,2/3,3/4,4/5,5/6,7/8,9/10"})
    assert [point.lower for point in points] == [point.upper for point in points]
    # P(both) >= P(x) + P(y) - 1 = 2 delta - 1, which is reached for delta >= 1/2.
    assert [point.value for point in points] == [float(3 * p.parameters["delta"] - 1) for p in points]
    found = [item for item in conjectures(points) if item.formula == "V = 3*delta - 1"]
    assert found


def test_an_unbounded_question_is_a_point():
    bounded = lambda sign: in_the_plane(3, sign * S * T, nonnegative=())  # noqa: E731
    low, high = sweep_questions(bounded, {"sign": "-1,1"})
    assert (low.status, high.certified) == ("unbounded", True)


def test_parameters_that_the_function_refuses_are_points():
    points = sweep_questions(capped, {"d": "0,3", "cap": "6"})
    assert [point.status for point in points] == ["infeasible", "certified"]


def test_an_error_of_the_function_at_one_point_loses_no_other():
    inverse = lambda d: capped(3, 6 / Fraction(d))  # noqa: E731
    wrong, right = sweep_questions(inverse, {"d": "0,1"})
    assert (wrong.status, right.certified) == ("failed", True)
    assert wrong.reason.startswith("question_at raised ZeroDivisionError")


def test_an_error_of_the_function_at_every_point_is_told():
    with pytest.raises(InvalidArgument, match=r"question_at.*TypeError.*unexpected keyword.*every point"):
        sweep_questions(capped, {"dim": "2:4", "cap": "6"})


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({}, "at least one"),
        ({"d": "5:2"}, "empty"),
        ({"d": "2:inf"}, "end"),
        ({"d": "1:1e3", "e": "1:1e3"}, "100000"),
    ],
)
def test_bad_ranges_are_refused_before_anything_is_asked(values, word):
    with pytest.raises(InvalidArgument, match=word):
        sweep_questions(lambda **_: pytest.fail("asked"), values)
