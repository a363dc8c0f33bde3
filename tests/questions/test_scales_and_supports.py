"""Questions of every size, contradictory constraints, and supports away from the origin."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from zotheory.errors import SolverFailure
from zotheory.programs.question import Infeasible, Moment, Question, Region, ask, of_vectors, vector_symbols

X, F = sp.symbols("x F", real=True)
INSIDE = (Region([X, 4 - X]),)


@pytest.mark.parametrize("power", [-8, -4, 0, 8])
def test_an_optimum_scales_with_delta(power):
    """f = (x^2 + y^2)^2 + x^2 y^2, so that E f >= (E |v|^2)^2 = 4 delta^2, reached with x y = 0."""
    x, y = vector_symbols(2)
    delta = Fraction(10) ** power
    answer = ask(of_vectors(2, x**4 + y**4 + 3 * x**2 * y**2, delta=delta))
    assert answer.status == "certified"
    assert answer.lower <= 4 * delta**2
    assert answer.value == pytest.approx(float(4 * delta**2), rel=1e-5)
    assert answer.gap == pytest.approx(float(answer.upper - answer.lower) / answer.value)
    root = float(delta) ** 0.5
    good = [[s * 2**0.5 * root * (k == i) for k in (0, 1)] for i in (0, 1) for s in (1, -1)]
    assert answer.membership(good, [0.25] * 4)
    far = [[10 * root, 0], [0, 10 * root], [0, 0]]
    assert "exceeds" in answer.membership(far, [0.01, 0.01, 0.98]).reasons[0]


def test_a_small_moment_sets_the_scale():
    """Jensen: E x^4 >= (E x^2)^2."""
    answer = ask(Question((X,), X**4, [Moment(X**2, "==", "1e-4")]))
    assert answer.status == "certified"
    assert answer.value == pytest.approx(1e-8, rel=1e-5)
    assert not answer.membership([[0], [0.1]], [0.99, 0.01])
    assert "is broken" in answer.membership([[0]], [1]).reasons[0]


@pytest.mark.parametrize(
    ("objective", "regions", "zeros"),
    [
        ((X - 1) ** 2 * (X - 20) ** 2, (Region(),), {1.0, 20.0}),
        (X * (4 - X), INSIDE, {0.0, 4.0}),
        (F, (Region([X, 2 - X], {F: (X - 1) ** 2}), Region([X - 45, 47 - X], {F: X - 45})), {1.0, 45.0}),
    ],
)
def test_an_optimum_of_exactly_zero(objective, regions, zeros):
    answer = ask(Question((X,), objective, regions=regions))
    assert (answer.status, answer.lower, answer.upper) == ("certified", 0, 0)
    # Not every zero need be found, and the answer does not say so.
    assert set() < {float(x) for (x,) in answer.contact_points} <= zeros
    assert answer.points[0, 0] in zeros
    assert "the objective vanishes" in answer.describe()


def test_a_zero_that_is_not_shown_exactly_is_not_certified():
    """E x^2 = 0 leaves x = 0 alone; -x is no square, and the bound is below 0."""
    answer = ask(Question((X,), -X, [Moment(X**2, "==", 0)]))
    assert answer.status == "numeric"
    assert answer.lower < 0


@pytest.mark.parametrize(
    "moments",
    [
        [Moment(X, "==", 1), Moment(X, "==", "1.000000001")],
        [Moment(X, "<=", 1), Moment(X, ">=", "1.000000001")],
        [Moment(2 * X, "<=", 2), Moment(-X, "<=", "-1.000000001")],
        [Moment(X**2 + X, "==", 2), Moment(X**2, "==", 1), Moment(X + 1, "==", "2.000000001")],
        [Moment(X**2 + X, "<=", 2), Moment(X**2, "==", 1), Moment(X, ">=", "1.000000001")],
    ],
)
def test_contradictory_moments_are_refused(moments):
    with pytest.raises(Infeasible, match="no law has these moments"):
        ask(Question((X,), X**2, moments, INSIDE))


def test_moments_that_agree_or_leave_room_are_answered():
    same = [Moment(X, "==", 1), Moment(2 * X, "==", 2), Moment(X, "<=", 1), Moment(X, ">=", "0.5")]
    answer = ask(Question((X,), X**2, same, INSIDE))
    assert answer.status == "certified"
    assert answer.value == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize(("square", "status"), [("0.999", None), ("0.9999999", "certified")])
def test_a_variance_below_zero_is_told(square, status):
    """No law has E x = 1 and E x^2 < 1: what is said holds for moments near those, and says how near."""
    question = Question((X,), -X, [Moment(X, "==", 1), Moment(X**2, "==", square)], INSIDE)
    if status is None:
        with pytest.raises(Infeasible):
            ask(question)
        return
    answer = ask(question)
    assert answer.status == status
    assert answer.violation > 0
    assert f"ertified for moments within {answer.violation:.1g}" in answer.describe()


@pytest.mark.parametrize(
    ("region", "least"),
    [
        (Region([X - 1, 1 - X]), 1),
        (Region([X - Fraction(3, 10), Fraction(3, 10) - X]), 0.3),
        (Region([X - 100, 101 - X]), 100),
        (Region([-(X - 60) * (X - 61)]), 60),
    ],
)
def test_supports_away_from_the_origin(region, least):
    answer = ask(Question((X,), X, regions=[region]))
    assert answer.status == "certified"
    assert answer.value == pytest.approx(least, rel=1e-5)
    assert np.abs(answer.contact_points - least).min() < 1e-3 * least
    assert "Among the points found" in answer.describe()


def test_an_empty_support_is_named():
    # A bound holds on no points, but no law does: either route may say so, none may answer.
    with pytest.raises((Infeasible, SolverFailure)) as caught:
        ask(Question((X,), X, regions=[Region([X - 2, 1 - X])]))
    assert "support" in str(caught.value)
