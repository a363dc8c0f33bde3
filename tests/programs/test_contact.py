"""Which laws are optimal: decided for laws of the catalogue, exactly where they are exact."""

import functools
from fractions import Fraction as F

import numpy as np
import pytest

from zotheory.laws import (
    DAP,
    Coordinate,
    Empirical,
    FirstAxis,
    Gaussian,
    Guided,
    ImportanceBlocks,
    Mixture,
    OrthonormalFrame,
    Rademacher,
    RandomBlock,
    Shells,
    Sphere,
    TwoAtom,
)
from zotheory.programs import Program, solve

E1 = [1, 0, 0, 0]
DENSE = [1, -1, 1, 1]
EPSILON = F(1, 10**12)


@functools.cache
def contact_set(program):
    return solve(program).contact_set


def decide(law, **options):
    return contact_set(Program(4, **options)).contains(law)


def test_norm_cap():
    cap = F(9)  # p = 1 - 3/9
    contact = solve(Program(4, norm_cap=cap)).contact_set
    assert contact.contains(TwoAtom(E1, F(2, 3)))
    assert contact.contains(TwoAtom(E1, 2 / 3))
    assert contact.contains(TwoAtom([2, 0, 0, 0], F(2, 3)))
    for law in (Sphere(4), Rademacher(4), Coordinate(4), DAP(E1), TwoAtom([0, 1, 0, 0], F(2, 3))):
        answer = contact.contains(law)
        assert not answer
        assert "exceeds the optimum" in answer.reasons[0]
    assert contact.contains(Sphere(4)).excess == pytest.approx(4 / 1.5 - 1)
    beyond = contact.contains(TwoAtom(E1, F(3, 4)))  # |v|^2 = 12 across the gradient
    assert not beyond
    assert "above the cap" in beyond.reasons[0]
    assert beyond.excess < 0
    assert not contact.contains(Gaussian(4))  # unbounded


def shells(energies, weights, direction=None):
    from zotheory.laws.partition import Axis

    axis = Axis(FirstAxis(4) if direction is None else direction)
    return Shells(axis, np.array(energies, dtype=object), np.array(weights, dtype=object))


def test_nonnegative_covariance():
    contact = solve(Program(4, nonnegative_covariance=True, direction=E1)).contact_set
    for law in (
        DAP(E1),
        DAP(E1, complement="gaussian"),  # s = delta and Cov(s, t) = 0: optimal
        DAP([-3, 0, 0, 0]),
        Rademacher(4),  # the gradient is 1-sparse: s = delta
        Mixture([DAP(E1), Rademacher(4), DAP(E1, complement="gaussian")], [F(1, 2), F(1, 4), F(1, 4)]),
        shells([(1, 0), (1, 6)], [F(1, 2), F(1, 2)]),
    ):
        assert contact.contains(law), type(law).__name__
    for law in (Sphere(4), Coordinate(4), Gaussian(4), DAP(DENSE), TwoAtom(E1, F(1, 2))):
        assert not contact.contains(law), type(law).__name__
    # Sphere and coordinates reach delta^2 d, but with a covariance below zero.
    assert "Cov(s, t)" in contact.contains(Sphere(4)).reasons[0]
    dense = solve(Program(4, nonnegative_covariance=True, direction=DENSE)).contact_set
    assert not dense.contains(Rademacher(4))
    assert dense.contains(DAP(DENSE))
    assert not dense.contains(DAP(E1))


def test_gradient_blind():
    contact = contact_set(Program(4, blind=True))
    for law in (
        Sphere(4),
        Rademacher(4),
        Coordinate(4),
        DAP(DENSE),  # fixed length too
        OrthonormalFrame(4, 2),
        RandomBlock(4, 2),
        Mixture([Sphere(4), Coordinate(4), DAP(E1)], [F(1, 3)] * 3),
        Empirical(2 * np.eye(4, dtype=int)),
    ):
        assert contact.contains(law), type(law).__name__
    for law in (
        Gaussian(4),
        DAP(E1, complement="gaussian"),
        TwoAtom(E1, F(1, 2)),  # 2 for its own direction, far more for others
        RandomBlock(4, 2, Gaussian),
        ImportanceBlocks([1, 3], [0.4, 0.6]),
    ):
        assert not contact.contains(law), type(law).__name__
    assert contact.contains(TwoAtom(E1, F(1, 4)))  # |v|^2 = 4 in both atoms


def test_fourth_moment_budget_must_be_tight():
    solution = solve(Program(4, fourth_moment=2))
    contact = solution.contact_set
    assert contact.tight == ("fourth_moment",)
    law = solution.law()
    assert law.norm_moment(2) == pytest.approx(2 * 16, rel=1e-12)
    assert contact.contains(law)
    p = float(solution.atoms[0].mass)
    assert contact.contains(TwoAtom(E1, p))
    frugal = contact.contains(TwoAtom(E1, p - 0.01))
    assert not frugal
    assert "exceeds" in frugal.reasons[0]
    lavish = contact.contains(TwoAtom(E1, p + 0.01))
    assert not lavish
    assert "above the budget" in lavish.reasons[0]
    assert not contact.contains(Sphere(4))


def test_a_limit_of_one_means_fixed_length():
    for options in ({"norm_cap": 4}, {"fourth_moment": 1}, {"norm_cap": 4, "fourth_moment": 3}):
        for law in (Sphere(4), Rademacher(4), Coordinate(4), DAP(DENSE), DAP(E1), TwoAtom(E1, F(1, 4))):
            assert decide(law, **options)
        for law in (Gaussian(4), DAP(E1, complement="gaussian"), TwoAtom(E1, F(1, 4) + EPSILON)):
            assert not decide(law, **options)
    both = {"norm_cap": 4, "nonnegative_covariance": True}
    assert decide(DAP(E1), **both)
    assert decide(Rademacher(4), **both)
    assert not decide(Sphere(4), **both)
    assert not decide(Coordinate(4), **both)


def test_priors_and_guides():
    prior = [F(1, 10)] * 3 + [F(7, 10)]  # blocks in the order of the coordinates
    solution = solve(Program(4, prior=prior))
    assert solution.contact_set.contains(solution.law())
    assert solution.contact_set.contains(ImportanceBlocks([3, 1], [0.3, 0.7]))
    assert not solution.contact_set.contains(ImportanceBlocks([3, 1], [0.31, 0.69]))
    assert not solution.contact_set.contains(ImportanceBlocks([1, 3], [0.7, 0.3]))  # other coordinates
    assert not solution.contact_set.contains(Sphere(4))

    guided = solve(Program(4, alignment=0.8, direction=DENSE))
    assert guided.contact_set.contains(Guided(DENSE, 0.8))
    assert guided.contact_set.contains(guided.law())
    for law in (Guided(DENSE, 0.7), Guided(E1, 0.8), Sphere(4), DAP(DENSE), DAP(E1)):
        assert not guided.contact_set.contains(law)
    nothing = solve(Program(4, alignment="1/2", direction=DENSE)).contact_set
    for law in (Sphere(4), Coordinate(4), DAP(E1), DAP(DENSE)):
        assert nothing.contains(law)


def test_rotated_priors():
    q, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    matrix = q @ np.diag([0.5, 0.3, 0.2]) @ q.T
    solution = solve(Program(3, prior=(matrix + matrix.T) / 2))
    assert solution.contact_set.contains(solution.law())
    p = np.sqrt([0.5, 0.3, 0.2])
    p /= p.sum()
    points = np.vstack([s * q[:, i] / np.sqrt(p[i]) for i in range(3) for s in (1, -1)])
    assert solution.contact_set.contains(Empirical(points, np.repeat(p / 2, 2)))
    axes = np.vstack([s * np.eye(3)[i] / np.sqrt(p[i]) for i in range(3) for s in (1, -1)])
    assert not solution.contact_set.contains(Empirical(axes, np.repeat(p / 2, 2)))


@pytest.mark.parametrize(
    "options",
    [{}, {"prior": [F(1, 2), F(1, 2), 0, 0]}, {"alignment": 0}, {"alignment": 1}, {"delta": "1/2"}],
    ids=str,
)
def test_an_infimum_is_attained_by_nobody(options):
    solution = solve(Program(4, **options))
    contact = solution.contact_set
    assert solution.status == "infimum"
    assert not contact.attained
    laws = [Sphere(4), DAP(E1), TwoAtom(E1, F(999, 1000)), solution.minimising_law("1e-6")[0]]
    for law in laws:
        if "delta" not in options:
            answer = contact.contains(law)
            assert not answer
            assert "infimum" in answer.reasons[-1]
            assert answer.excess > 0


def test_high_dimension():
    dim = 10**6
    capped = solve(Program(dim, norm_cap=2 * dim)).contact_set
    p = 1 - F(dim - 1, 2 * dim)
    assert capped.contains(TwoAtom(FirstAxis(dim), p))
    assert not capped.contains(TwoAtom(FirstAxis(dim), p - EPSILON))
    assert not capped.contains(Sphere(dim))
    blind = solve(Program(dim, blind=True)).contact_set
    assert blind.contains(Sphere(dim))
    assert not blind.contains(Gaussian(dim))
    guided = solve(Program(dim, alignment=0.3)).contact_set
    assert guided.contains(Guided(FirstAxis(dim), 0.3))
    assert not guided.contains(Guided(FirstAxis(dim), 0.31))


def test_dimension_one():
    for options in ({}, {"blind": True}, {"norm_cap": 3}, {"nonnegative_covariance": True}, {"prior": [1]}):
        contact = solve(Program(1, **options)).contact_set
        for law in (Sphere(1), Rademacher(1), Coordinate(1), DAP([2])):
            assert contact.contains(law)
        assert not contact.contains(Gaussian(1))
