"""A second decision of optimality, from samples: do they lie in the components of the contact set?"""

from fractions import Fraction as F

import numpy as np
import pytest

from zotheory.errors import InvalidArgument, Unsupported
from zotheory.laws import DAP, Coordinate, Gaussian, Guided, Rademacher, Sphere, TwoAtom
from zotheory.programs import Program, solve
from zotheory.programs.evaluation import infeasibilities

DIRECTION = [2.0, -1.0, 0.0, 2.0]
PROGRAMS = {
    "cap": Program(4, norm_cap=9, direction=DIRECTION),
    "cap at the mean": Program(4, delta="1/3", norm_cap="4/3"),
    "budget": Program(4, fourth_moment=2, direction=DIRECTION),
    "covariance": Program(4, nonnegative_covariance=True, direction=DIRECTION),
    "covariance and smoothing": Program(4, nonnegative_covariance=True, smoothing="1/9"),
    "blind": Program(4, blind=True),
    "guide": Program(4, alignment="0.8", direction=DIRECTION),
    "prior": Program(4, prior=["1/10", "1/10", "1/10", "7/10"]),
    "prior at the cap": Program(4, prior=["1/2", "1/4", "1/8", "1/8"], norm_cap="4.5"),
    "matrix": Program(4, prior=np.diag([0.3, 0.3, 0.2, 0.2]) + 0.1 * np.eye(4)[::-1]),
    "smoothing": Program(4, smoothing="1/10", direction=DIRECTION),
}


def on_components(contact, v, tolerance=1e-7):
    """Whether each row of v lies in one of the components, from their data alone."""
    program = contact.program
    n = (v**2).sum(axis=1)
    parts = [np.einsum("ia,ab,ib->i", v, p, v) for p in map(np.asarray, program.partition.projectors())]
    good = np.zeros(len(v), dtype=bool)
    for component in contact.components:
        inside = sum(parts[i] for i in component.blocks) >= n * (1 - tolerance)
        if component.norm is not None:
            inside &= np.abs(n / float(component.norm) - 1) <= tolerance
        if component.along is not None:
            inside &= np.abs(parts[0] / float(component.along) - 1) <= tolerance
        good |= inside
    return good


def catalogue(program):
    delta, e = float(program.delta), program.axis
    yield from (Sphere(4, delta), Gaussian(4, delta), Rademacher(4, delta), Coordinate(4, delta))
    for direction in (e, np.eye(4)[0], np.eye(4)[3]):
        yield from (DAP(direction, delta), DAP(direction, delta, complement="gaussian"))
        yield from (TwoAtom(direction, p, delta) for p in (0.25, 2 / 3, 0.8))
        yield Guided(direction, 0.8, delta)


@pytest.fixture(scope="module")
def solutions():
    return {name: solve(program) for name, program in PROGRAMS.items()}


@pytest.mark.parametrize("name", PROGRAMS)
def test_both_decisions_agree(solutions, name):
    solution = solutions[name]
    contact, program = solution.contact_set, solution.program
    answers = set()
    for law in [*catalogue(program), solution.law()]:
        v = law.sample(400, 7)
        tight = "fourth_moment" not in contact.tight or law.norm_moment(2) == pytest.approx(
            float(program.fourth_moment * (program.delta * program.dim) ** 2), rel=1e-9
        )
        sampled = bool(on_components(contact, v).all()) and tight
        sampled = sampled and not infeasibilities(program, law, 1e-9)
        assert bool(contact.contains(law)) is sampled, law
        answers.add(sampled)
    assert answers == {True, False}


@pytest.mark.parametrize("name", PROGRAMS)
def test_moments_of_the_optimal_law(solutions, name):
    solution = solutions[name]
    program, law = solution.program, solution.law()
    v = law.sample(40000, 11)
    n = (v**2).sum(axis=1)
    delta = float(program.delta)
    # Five standard errors, entry by entry: 1 - P < 1e-4 for all tests together.
    products = np.einsum("ia,ib->iab", v, v)
    error = 5 * products.std(axis=0) / 200 + 1e-12
    assert np.all(np.abs(products.mean(axis=0) - delta * np.eye(4)) <= error)
    cost = np.einsum("ia,ab,ib->i", v, program.gradient_moment, v) * n + float(program.smoothing) * n**3
    assert abs(cost.mean() - solution.value) <= 5 * cost.std() / 200 + 1e-9 * solution.value
    if program.norm_cap is not None:
        assert n.max() <= float(program.norm_cap) * (1 + 1e-9)
    if program.fourth_moment is not None:
        assert law.norm_moment(2) <= float(program.fourth_moment) * (4 * delta) ** 2 * (1 + 1e-12)


@pytest.mark.parametrize("name", PROGRAMS)
def test_coordinates_of_the_atoms(solutions, name):
    solution = solutions[name]
    dim, delta = solution.program.dim, solution.program.delta
    pairs = [(*solution.coordinates(atom), atom.mass) for atom in solution.atoms]
    assert sum(mass for *_, mass in pairs) == 1
    assert sum((s + t) * mass for s, t, mass in pairs) == delta * dim
    if solution.program.knowledge == "known":
        assert sum(s * mass for s, _, mass in pairs) == delta
    cost = sum(s * (s + t) * mass for s, t, mass in pairs)
    if solution.program.knowledge in ("known", "prior") and not solution.program.smoothing:
        assert cost == solution.upper
    assert float(solution.upper) == pytest.approx(
        solution.dimension_factor * float(delta) ** 2
        + float(solution.program.smoothing) * float(sum((s + t) ** 3 * mass for s, t, mass in pairs)),
        rel=1e-12,
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"delta": "1/3"},
        {"prior": ["1/2", "1/3", "1/6", 0, 0]},
        {"prior": [1, 0, 0, 0, 0]},
        {"alignment": 0},
        {"direction": [1, 1, 0, 0, 2]},
    ],
    ids=str,
)
def test_minimising_laws(options):
    solution = solve(Program(5, **options))
    program = solution.program
    values = []
    for epsilon in (0.5, F(1, 10), "1/1000", 1e-5):
        law, value = solution.minimising_law(epsilon)
        assert not infeasibilities(program, law, 1e-12)
        assert value == pytest.approx(solution.value / (1 - float(F(epsilon))), rel=1e-12)
        assert law.weighted_norm_moment(program.gradient_moment) == pytest.approx(value, rel=1e-9)
        assert not solution.contact_set.contains(law)
        values.append(value)
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(solution.value, rel=2e-5)
    with pytest.raises(Unsupported, match="minimising_law"):
        solution.law()
    for bad in (0, 1, -0.1, 1.5, float("nan"), "x", None):
        with pytest.raises(InvalidArgument) as caught:
            solution.minimising_law(bad)
        assert caught.value.argument == "epsilon"


def test_minimising_laws_of_attained_optima():
    solution = solve(Program(3, norm_cap=6))
    with pytest.raises(InvalidArgument, match="attained"):
        solution.minimising_law(0.1)
