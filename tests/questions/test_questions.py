"""Questions against closed forms of the claims, exact certificates against tampering, and bad input."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from zotheory.errors import InvalidArgument
from zotheory.programs import Program, solve
from zotheory.programs.question import (
    Answer,
    Infeasible,
    Moment,
    Question,
    Region,
    Unbounded,
    ask,
    ask_each,
    in_the_plane,
    of_vectors,
    plane_symbols,
    vector_symbols,
)
from zotheory.programs.question.squares import Square, SquaresCertificate

S, T = plane_symbols()
N = S + T


def certified(question, value, gap=1e-5):
    answer = ask(question)
    assert answer.status == "certified"
    assert answer.certificate.verify()
    assert float(answer.lower) <= value * (1 + 1e-12) + 1e-12
    assert answer.value == pytest.approx(value, rel=gap, abs=gap)
    assert answer.violation <= 1e-7
    # The law is feasible, and optimal by the answer's own judgement.
    assert answer.membership(answer.points, answer.weights / answer.weights.sum(), answer.regions)
    return answer


@pytest.mark.parametrize(
    ("question", "program"),
    [
        (in_the_plane(16, S * N, nonnegative=[32 - N]), Program(dim=16, norm_cap=32)),
        (in_the_plane(5, S * N, moments=[Moment(N**2, "<=", 50)]), Program(dim=5, fourth_moment=2)),
        (
            in_the_plane(5, S * N, moments=[Moment(S * T, ">=", 4)]),
            Program(dim=5, nonnegative_covariance=True),
        ),
        (in_the_plane(4, S * N + N**3 / 5), Program(dim=4, smoothing="1/5")),
        (
            in_the_plane(3, S * N, delta=2, nonnegative=[9 - N]),
            Program(dim=3, delta=2, norm_cap=9),
        ),
    ],
)
def test_the_programs_of_the_package_asked_as_questions(question, program):
    """Two routes that share the linear solver and nothing else; the program's bounds are exact."""
    solution = solve(program)
    answer = certified(question, solution.value)
    atoms = [tuple(float(x) for x in solution.coordinates(atom)) for atom in solution.atoms]
    masses = [atom.mass for atom in solution.atoms]
    assert answer.membership(atoms, [float(x) for x in masses[:-1]] + [1 - float(sum(masses[:-1]))])


def test_optimal_laws_live_on_the_contact_points_and_others_do_not():
    answer = certified(in_the_plane(16, S * N, nonnegative=[32 - N]), 32 / 17)
    found = {tuple(np.round(point, 3)) for point in answer.contact_points}
    assert found == {(round(32 / 17, 3), 0.0), (0.0, 32.0)}
    assert answer.tight == ()
    residual = answer.residual()
    for s, t in ((Fraction(32, 17), 0), (0, 32)):
        assert abs(residual.subs({S: sp.Rational(str(s)), T: t})) < 1e-4
    uniform = answer.membership([(1, 15)], [1])
    assert not uniform
    assert "exceeds" in uniform.reasons[0]
    assert "is broken" in answer.membership([(2, 15)], [1]).reasons[0]
    assert "< 0" in " ".join(answer.membership([(1, 40), (1, 0)], [0.375, 0.625]).reasons)


def test_a_small_objective_is_judged_by_its_own_size():
    small = Fraction(1, 10**8)
    budget = Moment(N**2, "<=", 50, "the budget")
    answer = ask(in_the_plane(5, small * S * N, moments=[budget]))
    whole = solve(Program(dim=5, fourth_moment=2)).value
    assert answer.status == "certified"
    assert answer.value == pytest.approx(whole * small, rel=1e-5)
    assert float(answer.lower) == pytest.approx(whole * small, rel=1e-4)
    assert answer.tight == ("the budget",)
    assert not answer.membership([(1, 4)], [1])
    assert answer.membership(answer.points, answer.weights / answer.weights.sum(), answer.regions)


def test_a_tight_constraint_is_named_and_a_slack_one_is_not():
    tight = Moment(N**2, "<=", 50, "the budget")
    slack = Moment(N, "<=", 40, "a cap on the mean")
    answer = certified(in_the_plane(5, S * N, moments=[tight, slack]), ask_value(5, 2))
    assert answer.tight == ("the budget",)
    assert "the budget with equality" in answer.describe()


def ask_value(d, kappa):
    """A7 with delta = 1."""
    b = kappa * d - d + 2
    return d / 2 * (b - math.sqrt(b * b - 4 * kappa))


def test_vectors_without_symmetry():
    x, y = vector_symbols(2)
    square = x**2 + y**2
    # The gradient is turned: the answer to A4 is not.
    along = (sp.Rational(3, 5) * x - sp.Rational(4, 5) * y) ** 2
    answer = certified(of_vectors(2, along * square, regions=[Region([4 - square])]), 4 / 3)
    inside = np.linalg.norm(answer.points, axis=1)
    assert inside.max() <= 2 + 1e-7


def test_a_high_dimension():
    """A4: 1/(1 - (d - 1)/R^2)."""
    certified(in_the_plane(1000, S * N, nonnegative=[2000 - N]), 1 / (1 - 999 / 2000))


def test_a_sphere_of_contact_points():
    v = vector_symbols(3)
    square = sum(x**2 for x in v)
    answer = certified(of_vectors(3, v[0] ** 2 * square, regions=[Region([6 - square])]), 1.5)
    # On v1 = 0 all of |v|^2 = 6 is contact, and along the axis v1^2 = 3/2.
    for point in answer.contact_points:
        assert abs(point[0] ** 2 - 1.5) < 1e-2 or abs((point**2).sum() - 6) < 1e-2


def test_a_tampered_certificate_is_refused():
    answer = ask(in_the_plane(5, S * N, moments=[Moment(S * T, ">=", 4)]))
    certificate = answer.certificate
    step = Fraction(1, 10**12)
    assert not dataclasses.replace(certificate, constant=certificate.constant + step).verify()
    for j, y in enumerate(certificate.multipliers):
        changed = list(certificate.multipliers)
        changed[j] = -y if j == 2 else y + step
        assert not dataclasses.replace(certificate, multipliers=tuple(changed)).verify()
    squares = [list(terms) for terms in certificate.squares]
    term = squares[0][0]
    negative = tuple(tuple(-x for x in row) for row in term.matrix)
    squares[0][0] = dataclasses.replace(term, matrix=negative)
    assert not dataclasses.replace(certificate, squares=tuple(map(tuple, squares))).verify()
    squares[0][0] = dataclasses.replace(term, factors=(7,))
    assert not dataclasses.replace(certificate, squares=tuple(map(tuple, squares))).verify()


def test_identities_alone_prove_nothing():
    """Certificates whose polynomials add up, for bounds that are false."""
    one = Fraction(1)
    # -x^2 >= 0 by the "square" with the matrix (-1).
    falling = Question((S,), -(S**2), regions=[Region([1 - S**2])])
    square = Square((), ((1,),), ((-one,),))
    assert not SquaresCertificate(falling, Fraction(0), (), ((square,),)).verify()
    # x = 0 + 1 x, so E[x] >= 1, if the multiplier of E[x] <= 1 could be positive.
    limited = Question((S,), S, [Moment(S, "<=", 1)])
    assert not SquaresCertificate(limited, Fraction(0), (one,), ((),)).verify()
    # x + 1 = 1 (x + 1) on x >= -1, which is not the support.
    square = Square((0,), ((0,),), ((one,),))
    asked = Question((S,), S + 1, regions=[Region([S + 2])])
    assert not SquaresCertificate(asked, Fraction(0), (), ((square,),)).verify()
    # One region's proof does not serve the other.
    halves = Question((S,), S + 1, regions=[Region([S + 1]), Region([-S - 1])])
    assert not SquaresCertificate(halves, Fraction(0), (), ((square,),)).verify()
    assert not SquaresCertificate(halves, Fraction(0), (), ((square,), (square,))).verify()
    # And one that is right.
    right = Question((S,), S + 1, regions=[Region([S + 1])])
    assert SquaresCertificate(right, Fraction(0), (), ((square,),)).verify()


def test_a_tampered_finite_certificate_is_refused():
    points = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    x, y = vector_symbols(2)
    question = of_vectors(2, x**2 * (x**2 + y**2), delta="3/4", points=points)
    certificate = ask(question).certificate
    assert certificate.verify()
    assert not dataclasses.replace(
        certificate, constant=certificate.constant + Fraction(1, 10**12)
    ).verify()
    (i, mass), *rest = certificate.support
    assert not dataclasses.replace(certificate, support=((i, mass + 1), *rest)).verify()


def test_what_has_no_answer_is_recorded_and_the_others_are_answered():
    x, y = vector_symbols(2)
    found = ask_each(
        {
            "falls": in_the_plane(5, -S * T),
            "falls in the plane": of_vectors(2, x**3 * (x + y)),
            "too short": in_the_plane(5, S * N, nonnegative=[4 - N]),
            "no such points": of_vectors(2, x**2, points=[(1, 1), (-1, -1)]),
            "fine": in_the_plane(5, S * N, nonnegative=[10 - N]),
        }
    )
    kinds = [type(answer) for answer in found.values()]
    assert kinds == [Unbounded, Unbounded, Infeasible, Infeasible, Answer]
    assert "unbounded below" in str(found["falls"])
    assert "bound the support" in str(found["falls"])
    assert found["fine"].value == pytest.approx(10 / 6, rel=1e-5)


x1 = sp.Symbol("x1")


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: in_the_plane(1, S), "at least 2"),
        (lambda: in_the_plane(4, S, delta=0), "above 0"),
        (lambda: in_the_plane(4, sp.sqrt(S)), "polynomial in s, t"),
        (lambda: in_the_plane(4, S * x1), "polynomial in s, t"),
        (lambda: in_the_plane(4, S**13), "degree at most 12"),
        (lambda: in_the_plane(4, S * sp.pi), "objective"),
        (lambda: in_the_plane(4, None), "objective = 'None'"),
        (lambda: in_the_plane(4, [S]), "sympy expression"),
        (lambda: in_the_plane(4, "s*"), r"objective = 's\*'"),
        (lambda: in_the_plane(4, lambda s: s), "sympy expression"),
        (lambda: in_the_plane(4, S, nonnegative=9 - N), "nonnegative.*list of polynomials"),
        (lambda: in_the_plane(4, S, moments=Moment(S, "<=", 3)), r"list of Moment\("),
        (lambda: of_vectors(2, 1 + 0 * S, moments=[(S, "<=", 3)]), r"list of Moment\("),
        (lambda: Question((S,), S, regions=Region([S])), r"list of Region\("),
        (lambda: Question((S,), S, regions=[Region(S)]), "nonnegative.*list of polynomials"),
        (lambda: Moment(S, "<", 1), "one of =="),
        (lambda: Moment(S, "==", "x"), "finite number"),
        (lambda: vector_symbols(7), "1 to 6"),
        (lambda: Question((S, S), S), "different symbols"),
        (lambda: Question((), S), "different symbols"),
        (lambda: Question((S,), S, regions=()), "support is empty"),
        (lambda: Question((S,), S, scales=[0]), "above 0"),
        (lambda: Question((S,), S, points=[]), "at least one"),
        (lambda: Question((S,), S, points=[(1, 2)]), "rows of 1"),
        (lambda: Question((S,), S, regions=[Region([S])], points=[(1,)]), "drop one"),
        (lambda: ask(S), "Question"),
        (lambda: ask(in_the_plane(4, S * N), half_degree=0), "half_degree"),
        (lambda: ask(Question((S,), S**4), half_degree=1), "at least 2"),
    ],
)
def test_bad_input(make, word):
    with pytest.raises(InvalidArgument, match=word):
        make()


def test_without_a_certified_optimum_the_condition_is_not_called_necessary():
    """(1 - s t)^2 + s^2 has the infimum 0, which no point attains."""
    answer = ask(Question((S, T), (1 - S * T) ** 2 + S**2))
    assert answer.status == "numeric"
    assert answer.lower <= 0 < answer.value
    assert "only if" not in answer.describe()
    assert "Others may be" in answer.describe()


def test_a_bad_law_is_refused():
    answer = ask(Question((S,), S**2, [Moment(S, "==", 1)]))
    assert answer.value == pytest.approx(1, abs=1e-6)
    with pytest.raises(InvalidArgument, match="rows of 1"):
        answer.membership([(1, 2)], [1])
    with pytest.raises(InvalidArgument, match="sum to"):
        answer.membership([(1,), (2,)], [0.5, 0.6])
