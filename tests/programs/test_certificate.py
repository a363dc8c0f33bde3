"""Certificates: what they claim holds for every law, and no altered certificate passes."""

import dataclasses
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zotheory.programs import Atom, Certificate, Program, solve
from zotheory.programs.certificate import is_feasible, residual_is_nonnegative
from zotheory.programs.scaled import Duals, scale

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
SMALL = F(1, 10**40)


@pytest.fixture(scope="module")
def certificates():
    return {name: solve(program).certificate for name, program in PROGRAMS.items()}


@pytest.mark.parametrize("name", PROGRAMS)
def test_certificates_verify(certificates, name):
    assert certificates[name].verify()
    assert certificates[name].gap <= 1e-30
    assert certificates[name].exact is (certificates[name].lower == certificates[name].upper)


EXACT = ["plain", "cap", "cap at the mean", "covariance", "covariance and limits", "blind"]


@pytest.mark.parametrize("name", EXACT)
def test_rational_optima_are_certified_without_a_gap(certificates, name):
    assert certificates[name].exact
    assert certificates[name].gap == 0


def alterations(certificate):
    replace = dataclasses.replace
    duals, atoms = certificate.duals, certificate.atoms
    for sign in (SMALL, -SMALL):
        yield "lower", replace(certificate, lower=certificate.lower + sign)
        yield "upper", replace(certificate, upper=certificate.upper + sign)
        yield "constant", replace(certificate, duals=replace(duals, constant=duals.constant + sign))
        yield "budget", replace(certificate, duals=replace(duals, budget=duals.budget + sign))
        yield "covariance", replace(certificate, duals=replace(duals, covariance=duals.covariance + sign))
        for i, mean in enumerate(duals.means):
            means = (*duals.means[:i], mean + sign, *duals.means[i + 1 :])
            yield f"mean {i}", replace(certificate, duals=replace(duals, means=means))
        for j, atom in enumerate(atoms):
            others = (atoms[:j], atoms[j + 1 :])
            heavier = Atom(atom.energies, atom.mass + sign)
            yield f"mass {j}", replace(certificate, atoms=(*others[0], heavier, *others[1]))
            for i, x in enumerate(atom.energies):
                moved = Atom((*atom.energies[:i], x + sign, *atom.energies[i + 1 :]), atom.mass)
                yield f"energy {j} {i}", replace(certificate, atoms=(*others[0], moved, *others[1]))
    for j in range(len(atoms)):
        yield f"without {j}", replace(certificate, atoms=atoms[:j] + atoms[j + 1 :])
    yield (
        "both bounds",
        replace(certificate, lower=certificate.lower + SMALL, upper=certificate.upper + SMALL),
    )
    wrong_shapes = [
        replace(certificate, duals=replace(duals, means=duals.means[:-1])),
        replace(certificate, duals=replace(duals, means=(*duals.means, F(0)))),
        replace(certificate, atoms=(*atoms, Atom((F(1),) * 9, F(0)))),
        replace(certificate, atoms=()),
        replace(certificate, lower=float(certificate.lower)),
        replace(certificate, lower=float("nan"), upper=float("nan")),
        replace(certificate, duals=replace(duals, constant=float("nan"))),
    ]
    yield from (("shape", wrong) for wrong in wrong_shapes)


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_alteration_passes(certificates, name):
    for what, altered in alterations(certificates[name]):
        assert not altered.verify(), what


@pytest.mark.parametrize("name", PROGRAMS)
def test_consistent_alterations_stay_true(certificates, name):
    """Multipliers moved together with the bound they give: a pass must then be a weaker, true bound."""
    true = certificates[name]
    rng = np.random.default_rng(2)
    passed = 0
    for _ in range(30):
        size = F(1, 10 ** int(rng.integers(1, 45)))
        noise = [F(int(x), 100) * size for x in rng.integers(-100, 100, 3 + len(true.duals.means))]
        duals = Duals(
            true.duals.constant + noise[0],
            tuple(x + y for x, y in zip(true.duals.means, noise[3:], strict=True)),
            max(true.duals.budget + noise[1], F(0)),
            max(true.duals.covariance + noise[2], F(0)),
        )
        altered = dataclasses.replace(true, duals=duals, lower=true.scaled.dual_value(duals))
        if altered.verify():
            passed += 1
            assert altered.lower <= true.upper
    weaker = dataclasses.replace(true.duals, constant=true.duals.constant - 1)
    assert dataclasses.replace(true, duals=weaker, lower=true.scaled.dual_value(weaker)).verify()


def test_signs_of_multipliers_matter():
    scaled = scale(Program(5, norm_cap=8, fourth_moment=2, nonnegative_covariance=True))
    base = Duals(F(-100), (F(0), F(0)))
    assert residual_is_nonnegative(scaled, base)
    assert not residual_is_nonnegative(scaled, dataclasses.replace(base, budget=F(-1)))
    assert not residual_is_nonnegative(scaled, dataclasses.replace(base, covariance=F(-1)))
    without = scale(Program(5, norm_cap=8))
    assert not residual_is_nonnegative(without, dataclasses.replace(base, budget=F(1)))
    assert not residual_is_nonnegative(without, dataclasses.replace(base, covariance=F(1)))


def test_valleys_inside_the_triangle_are_seen():
    # r = gamma s^2 + ((1 - gamma) n - D) s + beta n^2 - lambda_1 n - lambda_0 with gamma = 1/2, D = 2: the
    # vertex s = 2 - n/2 lies in [0, n] for 4/3 <= n <= 4, far beyond D. On both axes r is positive, and
    # at n = 3, s = 1/2 it is b (n - 3)^2 - s^2 / 2 + c.
    scaled = scale(Program(5, norm_cap=20, fourth_moment=2, nonnegative_covariance=True))
    b = F(100)

    def trial(c):
        return Duals(-(9 * b + c), (2 + 6 * b, 6 * b), b, F(1, 2))

    assert scaled.residual((F(1, 2), F(5, 2)), trial(F(1, 8))) == 0
    assert not residual_is_nonnegative(scaled, trial(F(1, 8) - F(1, 100)))
    assert residual_is_nonnegative(scaled, trial(F(1, 4)))

    # The same beyond gamma = 1: gamma = 3, D = -2, the vertex s = (n - 1) / 3 inside for n >= 1.
    def steep(c):
        return Duals(-(9 * b + c), (-2 + 6 * b, 6 * b), b, F(3))

    assert scaled.residual((F(2, 3), F(7, 3)), steep(F(4, 3))) == 0
    assert not residual_is_nonnegative(scaled, steep(F(4, 3) - F(1, 100)))
    assert residual_is_nonnegative(scaled, steep(F(2)))


def test_feasibility_of_the_law():
    scaled = scale(Program(4, norm_cap=9, fourth_moment="15/8", nonnegative_covariance=True))
    good = [Atom((F(1), F(3)), F(1))]
    half = lambda *points: [Atom((F(s), F(t)), F(1, 2)) for s, t in points]  # noqa: E731
    assert is_feasible(scaled, tuple(good))
    assert is_feasible(scaled, tuple(half((1, 0), (1, 6))))
    wrong = {
        "mass": [Atom((F(1), F(3)), F(2))],
        "mean s": [Atom((F(2), F(3)), F(1))],
        "mean t": [Atom((F(1), F(2)), F(1))],
        "negative mass": [*good, *good, Atom((F(1), F(3)), F(-1))],
        "negative energy": half((-1, 3), (3, 3)),
        "cap": [Atom((F(1), F(9)), F(1, 3)), Atom((F(1), F(0)), F(2, 3))],
        "budget": [Atom((F(1), F(8)), F(3, 8)), Atom((F(1), F(0)), F(5, 8))],
        "covariance": half((2, 0), (0, 6)),
    }
    assert sum(a.mass * a.norm**2 for a in wrong["budget"]) == 31 > scaled.budget == 30
    for name, atoms in wrong.items():
        assert not is_feasible(scaled, tuple(atoms)), name


def test_a_forged_program_is_refused():
    # The proof for the covariance multiplier needs A = e e^T and a line as the first block.
    honest = solve(Program(3, nonnegative_covariance=True)).certificate
    for change in (
        {"weights": (F(1, 2), F(1, 4))},
        {"sizes": (2, 1)},
        {"sizes": (1, 0)},
        {"sizes": (1, 2, 1)},
    ):
        assert not dataclasses.replace(honest, scaled=dataclasses.replace(honest.scaled, **change)).verify()


small = st.fractions(min_value=-3, max_value=3, max_denominator=4)
grid = [(F(i, 6), F(j, 6)) for i in range(0, 60, 2) for j in range(0, 60, 2)]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.sampled_from([None, F(3), F(7, 2), F(8)]), st.booleans(), st.booleans(),
    small, small, small, small, small, st.fractions(min_value=0, max_value=2, max_denominator=4),
)  # fmt: skip
def test_the_decision_against_a_grid(cap, budget, covariance, constant, s, t, beta, gamma, theta):
    program = Program(
        3, norm_cap=cap, fourth_moment=2 if budget else None, smoothing=theta,
        nonnegative_covariance=covariance,
    )  # fmt: skip
    scaled = scale(program)
    duals = Duals(-abs(constant), (s, t), abs(beta) if budget else F(0), abs(gamma) if covariance else F(0))
    worst = min(scaled.residual(q, duals) for q in grid if cap is None or sum(q) <= cap)
    if residual_is_nonnegative(scaled, duals):
        assert worst >= 0
    elif worst >= 0:  # a minimum between grid points, or beyond the grid: found by descent
        assert deepest(scaled, duals) < 0


def deepest(scaled, duals):
    cap = 1e4 if scaled.cap is None else float(scaled.cap)
    best = np.inf
    for n in [cap, *np.geomspace(1e-4, cap, 4001)]:
        s = np.linspace(0, n, 201)
        gamma = float(duals.covariance)
        if gamma:
            d = float(duals.means[0] - duals.means[1])
            s = np.append(s, min(max((d - (1 - gamma) * n) / (2 * gamma), 0), n))
        value = s * n + float(scaled.theta) * n**3 - float(duals.constant) + float(duals.budget) * n**2
        value = value - float(duals.means[0]) * s - float(duals.means[1]) * (n - s) - gamma * s * (n - s)
        best = min(best, value.min())
    return best if best < -1e-12 else min(best, -float(scaled.theta < 0))


def test_certificates_are_frozen(certificates):
    with pytest.raises(dataclasses.FrozenInstanceError):
        certificates["cap"].lower = F(10)
    assert isinstance(certificates["cap"], Certificate)
