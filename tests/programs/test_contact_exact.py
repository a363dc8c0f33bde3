"""Membership in the contact set: exactness, tolerances, and what is refused."""

import functools
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from zotheory.errors import InvalidArgument, NotUnbiased
from zotheory.laws import (
    DAP,
    Empirical,
    FirstAxis,
    Guided,
    Shells,
    Sphere,
    TwoAtom,
)
from zotheory.laws.base import Law
from zotheory.laws.partition import Whole
from zotheory.programs import Program, solve
from zotheory.programs.evaluation import infeasibilities, objective

E1 = [1, 0, 0, 0]
DENSE = [1, -1, 1, 1]
EPSILON = F(1, 10**12)


@functools.cache
def contact_set(program):
    return solve(program).contact_set


def test_exact_laws_are_decided_exactly():
    contact = contact_set(Program(4, norm_cap=9))
    assert contact.certificate.exact
    for p in (F(2, 3) - EPSILON, F(2, 3) + EPSILON):  # above the optimum; above the cap
        assert not contact.contains(TwoAtom(E1, p))
        assert contact.contains(TwoAtom(E1, float(p)))  # a float is only known to 1e-16
    # The excess is of second order in the error of the support: (1e-12)^2 is still seen.
    aligned = solve(Program(4, nonnegative_covariance=True)).contact_set
    near = [(1 + EPSILON, 3 - EPSILON), (1 - EPSILON, 3 + EPSILON)]
    answer = aligned.contains(shells(near, [F(1, 2), F(1, 2)]))
    assert not answer
    blind = contact_set(Program(4, blind=True))
    assert not blind.contains(Shells(Whole(4), [[4 + EPSILON], [4 - EPSILON]], [F(1, 2), F(1, 2)]))
    assert blind.contains(Shells(Whole(4), [[4], [4]], [F(1, 2), F(1, 2)]))
    # Constraints are compared exactly too.
    assert not contact.contains(TwoAtom(E1, F(2, 3), 1 + EPSILON))
    assert not solve(Program(4, delta=1 + EPSILON)).contact_set.contains(Sphere(4))


def shells(energies, weights, direction=None):
    from zotheory.laws.partition import Axis

    axis = Axis(FirstAxis(4) if direction is None else direction)
    return Shells(axis, np.array(energies, dtype=object), np.array(weights, dtype=object))


def test_worst_case_over_gradients_is_exact():
    # A law whose E[n v v^T] is off a multiple of I by 1e-12 in one entry: n = 4 +- epsilon on two axes.
    contact = contact_set(Program(4, blind=True))
    p = F(1, 4) + EPSILON
    assert not contact.contains(TwoAtom(E1, p))
    assert contact.contains(TwoAtom(E1, float(p)))


def test_fixed_length_is_exact_in_every_direction():
    # The largest eigenvalue of an exact multiple of I is that multiple, not its floating-point value.
    blind = Program(4, delta="1/3", blind=True)
    for direction in ([1, 2, 3, 7], [3, -1, 1, 5], [1, 1, 1, 0], [9, 7, 1, 1]):
        law = DAP(direction, F(1, 3))
        assert objective(blind, law) == F(4, 9)
        assert solve(blind).contact_set.contains(law)


def test_constraints_are_compared_exactly():
    above = TwoAtom(E1, F(2, 3) + EPSILON)  # |v|^2 = 9 / (1 - 3 epsilon)
    (reason,) = infeasibilities(Program(4, norm_cap=9), above, 1e-9)
    assert "above the cap" in reason
    kappa = TwoAtom(E1, F(2, 3)).norm_moment(2) / F(16)
    (reason,) = infeasibilities(Program(4, fourth_moment=kappa), above, 1e-9)
    assert "above the budget" in reason
    negative = shells([(1 + EPSILON, 3 - EPSILON), (1 - EPSILON, 3 + EPSILON)], [F(1, 2), F(1, 2)])
    (reason,) = infeasibilities(Program(4, nonnegative_covariance=True), negative, 1e-9)
    assert "Cov(s, t)" in reason
    (reason,) = infeasibilities(Program(4), Sphere(4, 1 + EPSILON), 1e-9)
    assert "delta" in reason
    for program in (Program(4, norm_cap=9), Program(4, fourth_moment=kappa)):
        assert not infeasibilities(program, TwoAtom(E1, F(2, 3)), 1e-9)


def test_worst_cases_of_exact_laws():
    # A law along one axis or across it: E[n v v^T] is diagonal, with the entries 1/p and 3/(1 - p).
    blind = Program(4, blind=True)
    for p in (F(1, 5), F(1, 4), F(2, 3)):
        assert float(objective(blind, TwoAtom(E1, p))) == max(1 / p, 3 / (1 - p))
    # Off the diagonal: along (1, 1, 1, 1) instead.
    assert float(objective(blind, TwoAtom([1] * 4, F(1, 5)))) == pytest.approx(5, rel=1e-12)


def test_exact_priors_are_decided_exactly():
    # Weights 4/5 = 4 (1/5) on sizes 1 and 1: probabilities 2/3 and 1/3, n = 3/2 and 3.
    contact = solve(Program(2, prior=["1/5", "4/5"])).contact_set
    assert contact.certificate.gap < 1e-40
    right = Empirical([[0, 1], [1, 0], [0, 1], [1, 0]], [F(1, 4)] * 4)
    assert not contact.contains(right)  # fixed length
    law = TwoAtom([0, 1], F(2, 3))
    assert contact.contains(law)
    assert contact.contains(law).excess == 0
    assert not contact.contains(TwoAtom([0, 1], F(2, 3) + EPSILON))
    assert not contact.contains(TwoAtom([1, 0], F(2, 3)))
    guide = solve(Program(5, alignment="3/5", direction=[0, 0, 1, 0, 0])).contact_set
    exact = TwoAtom([0, 0, 1, 0, 0], F(3, 11))  # (3/5) / (3/5 + 8/5)
    assert guide.contains(exact)
    assert not guide.contains(TwoAtom([0, 0, 1, 0, 0], F(3, 11) + EPSILON))


def test_wrong_scale_and_wrong_dimension():
    contact = contact_set(Program(4, blind=True))
    wrong = contact.contains(Sphere(4, 2))
    assert not wrong
    assert "delta" in wrong.reasons[0]
    for law in (Sphere(3), Sphere(sp.Symbol("d", integer=True, positive=True)), "sphere", None, 4):
        with pytest.raises(InvalidArgument) as caught:
            contact.contains(law)
        assert caught.value.argument == "law"
    half = solve(Program(4, delta=0.5, blind=True)).contact_set
    assert half.contains(Sphere(4, 0.5))
    assert half.contains(Sphere(4, F(1, 2)))
    assert not half.contains(Sphere(4, 0.51))


def test_symbols_and_algebraic_numbers():
    contact = contact_set(Program(4, norm_cap=9))
    with pytest.raises(InvalidArgument):
        contact.contains(Sphere(4, sp.Symbol("delta", positive=True)))
    with pytest.raises(InvalidArgument):
        contact.contains(TwoAtom(E1, sp.Symbol("p", positive=True)))
    assert contact.contains(TwoAtom(E1, sp.Rational(2, 3)))
    assert not contact.contains(TwoAtom(E1, sp.Rational(2, 3) - sp.Rational(1, 10**12)))
    guided = solve(Program(3, alignment="4/5")).contact_set
    exact = Guided([1, 0, 0], sp.Rational(4, 5))  # p = (4/5) / (4/5 + sqrt(18) / 5)
    assert guided.contains(exact)


@pytest.mark.parametrize("tolerance", [float("nan"), -1e-9, 2, "1e-9", None])
def test_bad_tolerances(tolerance):
    contact = contact_set(Program(4, blind=True))
    with pytest.raises(InvalidArgument):
        contact.contains(Sphere(4), tolerance)


def test_tolerance():
    contact = contact_set(Program(4, norm_cap=9))
    near = TwoAtom(E1, 2 / 3 - 1e-6)
    assert not contact.contains(near)
    assert contact.contains(near, tolerance=1e-5)


class Biased(Sphere):
    """Claims delta = 1 but has twice that."""

    def energy_means(self):
        return (2 * self.dim,)


def test_biased_laws_are_refused():
    with pytest.raises(NotUnbiased):
        contact_set(Program(4, blind=True)).contains(Biased(4))
    skew = shells([(1, 4)], [F(1)])
    assert isinstance(skew, Law)
    with pytest.raises(NotUnbiased):
        contact_set(Program(4, norm_cap=9)).contains(skew)


def test_laws_that_only_seem_better():
    # Slightly above the cap, within the tolerance, the objective is below the optimum: not optimal
    # where it is noticed, and never optimal exactly.
    contact = contact_set(Program(4, norm_cap=9))
    for p in (F(2, 3) + F(1, 10**7), 2 / 3 + 1e-7):
        assert not contact.contains(TwoAtom(E1, p))
