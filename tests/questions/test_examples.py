"""The examples of `examples/`, each against a route that shares nothing with the package."""

import itertools
import math
import runpy
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from examples import l1_budget, ternary_perturbations, third_order_bias

FOLDER = Path(l1_budget.__file__).parent


def polar_grid(most, angles=361, lengths=120):
    """Points of a disc of R^2 of squared radius ``most``, its rim among them, and of half the angles."""
    angle = np.pi * np.arange(angles) / angles
    radius = np.sqrt(most * np.arange(1, lengths + 1) / lengths)
    return np.array([(r * math.cos(a), r * math.sin(a)) for a in angle for r in radius])


def least_on(points, cost, limited=None, limit=None):
    """The least mean of a cost over laws on points with E[v v^T] = I: an upper bound on the optimum."""
    x, y = points.T
    rows = np.vstack([np.ones(len(points)), x * x, y * y, x * y])
    more = {} if limited is None else {"A_ub": limited[None], "b_ub": [limit]}
    return linprog(cost, A_eq=rows, b_eq=[1, 1, 1, 0], method="highs", **more).fun


class TestBudgetOnTheLengthOfEntries:
    def test_at_the_least_budget_only_coordinates_are_left(self):
        """|v|_1 = |v| iff one entry is non-zero: V = sum a_i^2 / p_i >= (sum |a_i|)^2, at p_i ~ |a_i|."""
        answer = l1_budget.least_variance(2)
        assert answer.status == "certified"
        assert answer.value == pytest.approx((3 / 5 + 4 / 5) ** 2, rel=1e-6)
        lengths = sorted({round(float(np.abs(p).sum() ** 2), 3) for p in answer.contact_points})
        assert lengths == [round((7 / 5) / (4 / 5), 3), round((7 / 5) / (3 / 5), 3)]

    def test_a_budget_that_the_two_atom_law_keeps_costs_nothing(self):
        """Its atoms lie along a and across it; both have |.|_1 = 7/5, so that E|v|_1^2 = 2 (7/5)^2."""
        answer = l1_budget.least_variance(Fraction(98, 25))
        assert answer.value == pytest.approx(4 / 3, rel=1e-6)
        assert answer.tight == ()

    def test_in_between_against_a_linear_program_on_a_grid(self):
        points = polar_grid(4)
        along, square = points @ [3 / 5, 4 / 5], (points**2).sum(axis=1)
        brute = least_on(points, along**2 * square, np.abs(points).sum(axis=1) ** 2, 3.0)
        answer = l1_budget.least_variance(3)
        assert answer.status == "certified"
        assert float(answer.lower) <= brute <= answer.value * (1 + 1e-3)
        assert answer.tight == ("the budget",)
        # Every atom of the law is near a contact point that was found.
        for atom, mass in zip(answer.points, answer.weights, strict=True):
            distance = np.abs(answer.contact_points - atom).max(axis=1).min()
            assert distance < 2e-3 or mass < 1e-3


class TestTernaryPerturbations:
    @pytest.mark.parametrize("delta", ["1/4", "1/2", "3/4", "9/10", "1"])
    @pytest.mark.parametrize("dim", [2, 4])
    def test_along_an_axis_in_closed_form(self, dim, delta):
        """V = E[n; v_1 != 0]. The other entries fill the 1 - delta of mass with v_1 = 0 first."""
        delta = Fraction(delta)
        answer = ternary_perturbations.least_variance([1] + [0] * (dim - 1), delta)
        value = delta + (dim - 1) * max(Fraction(0), 2 * delta - 1)
        assert answer.lower == answer.upper == value

    def test_a_general_gradient_against_another_enumeration(self):
        gradient, delta = (2, 1, 1, 0), 0.75
        points = np.array(list(itertools.product((-1, 0, 1), repeat=4)), dtype=float)
        cost = (points @ gradient) ** 2 * (points**2).sum(axis=1)
        pairs = list(itertools.combinations_with_replacement(range(4), 2))
        rows = [np.ones(81), *(points[:, i] * points[:, j] for i, j in pairs)]
        targets = [1.0, *(delta * (i == j) for i, j in pairs)]
        brute = linprog(cost, A_eq=np.array(rows), b_eq=targets, method="highs-ipm").fun
        answer = ternary_perturbations.least_variance(gradient, "3/4")
        assert answer.lower == answer.upper
        assert float(answer.lower) == pytest.approx(brute, rel=1e-9)

    def test_the_contact_set_is_exact(self):
        """At delta = 1 only full vectors are left; along an axis all of them are optimal."""
        answer = ternary_perturbations.least_variance([1, 0], 1)
        signs = [(x, y) for x in (-1, 1) for y in (-1, 1)]
        assert answer.membership(signs, [0.25] * 4)
        assert not answer.membership([(1, 0), (-1, 0), (0, 1), (0, -1)], [0.25] * 4)


class TestThirdOrderBias:
    @pytest.mark.parametrize("sign", [1, -1])
    def test_at_fixed_length_in_closed_form(self, sign):
        """v = sqrt(2)(cos p, sin p): the bias is the mean of (3 + sqrt(2) cos(4p - pi/4))/2.

        Terms in cos 2p and sin 2p have mean zero, as E[v v^T] = I.
        """
        answer = third_order_bias.least_bias(2, sign)
        assert answer.status == "certified"
        assert answer.value == pytest.approx(sign * (3 - sign * math.sqrt(2)) / 2, abs=2e-6)

    def test_against_a_linear_program_on_a_grid(self):
        points = polar_grid(4)
        brute = least_on(points, points[:, 0] ** 3 * points.sum(axis=1))
        answer = third_order_bias.least_bias(4)
        assert answer.status == "certified"
        assert float(answer.lower) <= brute <= answer.value + 1e-3


@pytest.mark.parametrize("example", [l1_budget, third_order_bias])
def test_an_example_prints_its_answers(example, capsys):
    """Answers are kept, so that those of the tests above are not found again."""
    example.main()
    printed = capsys.readouterr().out
    assert printed.count("A feasible law is optimal if and only if") == printed.count("proved") >= 2


def test_an_example_runs_as_a_script(capsys):
    runpy.run_path(str(FOLDER / "ternary_perturbations.py"), run_name="__main__")
    assert "certified" in capsys.readouterr().out
