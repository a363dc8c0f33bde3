"""No feasible law lies below a certified bound."""

import dataclasses
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zotheory.laws import DAP, Coordinate, Gaussian, Guided, Mixture, Rademacher, Sphere, TwoAtom
from zotheory.programs import Program, solve
from zotheory.programs.evaluation import infeasibilities, objective

PROGRAMS = {
    "plain": Program(5),
    "cap": Program(5, norm_cap=8),
    "cap at the mean": Program(5, norm_cap=5),
    "budget": Program(5, fourth_moment=2),
    "covariance": Program(5, nonnegative_covariance=True),
    "covariance and limits": Program(
        5, nonnegative_covariance=True, norm_cap=9, fourth_moment=2, smoothing="0.1"
    ),
    "blind": Program(5, blind=True),
    "guide": Program(5, alignment="0.7"),
    "guide and limits": Program(5, alignment="0.7", norm_cap=7, fourth_moment="1.02", smoothing="0.1"),
    "prior": Program(5, prior=["1/2", "1/4", "1/8", "1/8", 0], norm_cap=30),
    "singular prior": Program(5, prior=["1/2", "1/4", "1/8", "1/8", 0]),
    "smoothing": Program(5, smoothing="0.01"),
}


@pytest.fixture(scope="module")
def certificates():
    return {name: solve(program).certificate for name, program in PROGRAMS.items()}


@st.composite
def discrete_laws(draw):
    """Masses and (s, t) points with E s = 1 and E t = d - 1 exactly, d = 4."""
    count = draw(st.integers(2, 5))
    energies = st.fractions(min_value=0, max_value=9, max_denominator=5)
    points = [(draw(energies), draw(energies)) for _ in range(count)]
    raw = [draw(st.integers(1, 9)) for _ in range(count)]
    masses = [F(x, sum(raw)) for x in raw]
    s, t = (sum(m * p[i] for m, p in zip(masses, points, strict=True)) for i in (0, 1))
    if s == 0 or t == 0:
        points, masses, s, t = [(F(1), F(3))], [F(1)], F(1), F(3)
    return [(m, (x / s, 3 * y / t)) for m, (x, y) in zip(masses, points, strict=True)]


@settings(max_examples=15, deadline=None, derandomize=True)
@given(discrete_laws(), st.booleans(), st.booleans(), st.sampled_from([F(0), F(1, 30)]))
def test_no_law_lies_below_the_bound(law, use_cap, use_budget, theta):
    """Each random law is given the tightest program that it is feasible for."""
    expect = lambda f: sum(m * f(*q) for m, q in law)  # noqa: E731
    second = expect(lambda s, t: (s + t) ** 2)
    program = Program(
        4,
        norm_cap=max(s + t for _, (s, t) in law) if use_cap else None,
        fourth_moment=second / 16 if use_budget else None,
        nonnegative_covariance=expect(lambda s, t: s * t) >= 3,
        smoothing=theta,
    )
    certificate = solve(program).certificate
    scaled, duals = certificate.scaled, certificate.duals
    cost = expect(lambda s, t: s * (s + t) + theta * (s + t) ** 3)
    assert certificate.lower <= cost
    # The identity behind it: cost - lower = E r + beta (budget - E n^2) + gamma (E[s t] - m_1).
    slack = expect(lambda s, t: scaled.residual((s, t), duals))
    if scaled.budget is not None:
        slack += duals.budget * (scaled.budget - second)
    if scaled.covariance:
        slack += duals.covariance * (expect(lambda s, t: s * t) - 3)
    assert cost - certificate.lower == slack
    assert all(scaled.residual(q, duals) >= 0 for _, q in law)


def named_laws(dim, delta):
    e, other = np.eye(dim)[0], np.ones(dim)
    yield from (Gaussian(dim, delta), Sphere(dim, delta), Rademacher(dim, delta), Coordinate(dim, delta))
    for direction in (e, other):
        yield DAP(direction, delta)
        yield DAP(direction, delta, complement="gaussian")
        yield from (TwoAtom(direction, p, delta) for p in (0.01, 0.3, 0.9))
        yield from (Guided(direction, rho, delta) for rho in (0.1, 0.9))
    yield Mixture([Sphere(dim, delta), DAP(e, delta), TwoAtom(e, 0.5, delta)], [0.2, 0.3, 0.5])


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_named_law_lies_below_the_bound(certificates, name):
    program, delta = PROGRAMS[name], 0.7
    scaled_cap = None if program.norm_cap is None else program.norm_cap * F(7, 10)
    program = dataclasses.replace(
        program, delta=delta, norm_cap=scaled_cap, smoothing=program.smoothing / F(7, 10)
    )
    feasible = 0
    for law in named_laws(5, delta):
        if not infeasibilities(program, law, 1e-12):
            feasible += 1
            assert float(objective(program, law)) >= float(certificates[name].lower) * delta**2 * (
                1 - 1e-12
            )
    assert feasible >= 3
