"""The full route against the reduced one, against closed forms, and against false certificates."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from zotheory.errors import InvalidArgument, Unsupported
from zotheory.programs import Program, solve, solve_full
from zotheory.programs.matrices import is_positive_semidefinite, rational
from zotheory.programs.vectors import VectorDuals, residual
from zotheory.rng import stream

DIRECTION = [1.0, 2.0, -1.0]


def random_prior(seed: int, eigenvalues: list[float]) -> np.ndarray:
    rotation = np.linalg.qr(stream(seed, "prior").standard_normal((3, 3)))[0]
    return rotation @ np.diag(eigenvalues) @ rotation.T


PROGRAMS = [
    {"dim": 1},
    {"dim": 2, "norm_cap": 4},
    {"dim": 3, "norm_cap": 6, "direction": DIRECTION, "delta": 0.5},
    {"dim": 3, "norm_cap": 3},
    {"dim": 4, "norm_cap": 8},
    {"dim": 3, "fourth_moment": 1.5, "direction": DIRECTION},
    {"dim": 3, "fourth_moment": 1},
    {"dim": 3, "norm_cap": 8, "fourth_moment": 1.3},
    {"dim": 3, "nonnegative_covariance": True, "norm_cap": 9, "direction": DIRECTION},
    {"dim": 2, "nonnegative_covariance": True, "smoothing": 0.1},
    {"dim": 3, "blind": True},
    {"dim": 2, "blind": True, "norm_cap": 5, "smoothing": 0.2},
    {"dim": 3, "alignment": 0.8, "direction": DIRECTION},
    {"dim": 3, "alignment": 0.8, "norm_cap": 4},
    {"dim": 4, "alignment": 0.9, "fourth_moment": 1.2},
    {"dim": 2, "smoothing": 0.1},
    {"dim": 2, "norm_cap": 200},
    {"dim": 2, "fourth_moment": 50},
    {"dim": 3, "smoothing": 0.0001},
    {"dim": 3, "alignment": 0.999},
]


@pytest.mark.parametrize("options", PROGRAMS, ids=str)
def test_the_full_route_agrees_with_the_reduced_one(options):
    full, reduced = solve_full(Program(**options)), solve(Program(**options))
    assert full.status == "certified"
    assert full.gap <= 1e-3
    assert full.lower <= reduced.value * (1 + 1e-12)
    assert full.value >= reduced.value * (1 - 1e-9)
    assert full.value == pytest.approx(reduced.value, rel=1e-3)
    assert full.certificate is not None
    assert full.certificate.verify()


@pytest.mark.parametrize(
    "eigenvalues", [[0.6, 0.3, 0.1], [0.5, 0.25, 0.25], [0.45, 0.45, 0.1], [1 / 3] * 3]
)
@pytest.mark.parametrize("seed", [1, 2])
def test_theorem_for_priors_without_using_symmetry(eigenvalues, seed):
    prior = random_prior(seed, eigenvalues)
    full = solve_full(Program(dim=3, prior=prior))
    # Independent closed form: delta^2 (tr sqrt(A))^2 from numpy's eigenvalues of the matrix itself.
    expected = np.sqrt(np.linalg.eigvalsh(prior)).sum() ** 2
    assert full.status == "certified"
    assert full.lower <= expected * (1 + 1e-12)
    assert full.value == pytest.approx(expected, rel=1e-5)
    # The law found lives in the eigenspaces of A, as the theorem demands.
    eigenvectors = np.linalg.eigh(prior)[1]
    image = full.points @ prior
    form = (image * full.points).sum(axis=1) / (full.points**2).sum(axis=1)
    off = np.linalg.norm(image - form[:, None] * full.points, axis=1) / np.linalg.norm(full.points, axis=1)
    assert float(full.weights @ off) < 1e-2
    assert eigenvectors.shape == (3, 3)


def test_fixed_length_emerges_where_it_is_the_answer():
    for options in ({"dim": 3, "norm_cap": 3}, {"dim": 3, "blind": True}):
        full = solve_full(Program(**options))
        lengths = (full.points**2).sum(axis=1)
        assert float(full.weights @ np.abs(lengths - 3)) < 1e-2


def test_alignment_emerges_under_nonnegative_covariance():
    full = solve_full(Program(dim=3, nonnegative_covariance=True, norm_cap=9, direction=DIRECTION))
    unit = np.array(DIRECTION) / np.linalg.norm(DIRECTION)
    s = (full.points @ unit) ** 2
    assert float(full.weights @ (s - 1) ** 2) < 1e-2


def test_the_plain_program_falls_towards_its_infimum_as_the_cap_grows():
    values = [solve_full(Program(dim=3, norm_cap=cap)).value for cap in (4, 16, 64)]
    assert values == sorted(values, reverse=True)
    for cap, value in zip((4, 16, 64), values, strict=True):
        assert value == pytest.approx(1 / (1 - 2 / cap), rel=1e-4)


def test_the_bounds_close_under_refinement():
    history = solve_full(Program(dim=3, fourth_moment=1.5)).history
    gaps = [(value - low) / value for _, value, low in history]
    assert len(gaps) >= 3
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 100 * gaps[-1]


def test_a_finer_start_and_another_solver_agree():
    program = Program(dim=2, norm_cap=5)
    values = [
        solve_full(program).value,
        solve_full(program, directions=256).value,
        solve_full(program, solver="clarabel").value,
    ]
    assert max(values) - min(values) < 1e-5


def test_the_proved_residual_is_not_below_minus_epsilon_anywhere():
    solution = solve_full(Program(dim=3, alignment=0.7, norm_cap=6))
    proof = solution.certificate
    assert proof is not None
    as_float = lambda m: np.array([[float(x) for x in row] for row in m])  # noqa: E731
    duals = VectorDuals(as_float(proof.prior), float(proof.mass), as_float(proof.second_moment), 0.0, 0.0)
    from zotheory.programs.full import _Search

    problem = _Search(solution.program, "highs").problem
    z = stream(5, "residual").standard_normal((200_000, 3))
    z *= np.sqrt(6 * stream(6, "radius").random((200_000, 1))) / np.linalg.norm(z, axis=1, keepdims=True)
    assert residual(problem, duals, z).min() >= -float(proof.epsilon) * (1 + 1e-9)


def test_tampered_proofs_are_rejected():
    proof = solve_full(Program(dim=3, norm_cap=6)).certificate
    assert proof is not None
    assert proof.verify()
    size = range(3)
    more = tuple(
        tuple(x + (Fraction(1, 100) if i == j else 0) for j, x in zip(size, row, strict=True))
        for i, row in zip(size, proof.second_moment, strict=True)
    )
    false = [
        replace(proof, second_moment=more),
        replace(proof, mass=proof.mass + Fraction(1, 100)),
        replace(proof, epsilon=Fraction(0)),
        replace(proof, epsilon=Fraction(-1)),
        replace(proof, pieces=proof.pieces[1:]),
        replace(proof, pieces=proof.pieces[:-1]),
        replace(proof, pieces=()),
        replace(proof, cap=proof.cap * 2),
        replace(proof, cap=None),
        replace(proof, fourth_moment=Fraction(1)),
        replace(proof, prior=tuple(tuple(2 * x for x in row) for row in proof.prior)),
    ]
    assert [candidate.verify() for candidate in false] == [False] * len(false)


def test_positive_semidefinite_against_eigenvalues():
    rng = stream(8, "psd")
    for _ in range(200):
        factor = rng.integers(-3, 4, size=(3, rng.integers(1, 4)))
        shift = int(rng.integers(-2, 3))
        matrix = factor @ factor.T + shift * np.eye(3, dtype=int)
        smallest = np.linalg.eigvalsh(matrix)[0]
        if abs(smallest) > 1e-9:
            assert is_positive_semidefinite(rational(matrix)) == (smallest > 0)
        else:  # singular: exactly semidefinite by construction only when nothing was subtracted
            assert is_positive_semidefinite(rational(matrix)) or shift != 0


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"dim": 5, "norm_cap": 10}, Unsupported),
        ({"dim": 3}, Unsupported),
        ({"dim": 3, "prior": [0.5, 0.5, 0]}, Unsupported),
        ({"dim": 3, "nonnegative_covariance": True}, Unsupported),
        ({"dim": 2, "nonnegative_covariance": True, "fourth_moment": 2}, Unsupported),
    ],
)
def test_what_the_full_route_cannot_do_it_says(options, error):
    with pytest.raises(error, match=r"reduced route|norm_cap"):
        solve_full(Program(**options))


def test_bad_solver_for_the_blind_program():
    with pytest.raises(InvalidArgument, match="clarabel"):
        solve_full(Program(dim=2, blind=True), solver="highs")


def test_forged_proofs_are_rejected():
    proof = solve_full(Program(dim=2, norm_cap=4)).certificate
    aligned = solve_full(Program(dim=2, norm_cap=3, nonnegative_covariance=True)).certificate
    assert proof is not None
    assert aligned is not None
    assert aligned.verify()
    half, zero, one = Fraction(1, 2), Fraction(0), Fraction(1)
    false = [
        replace(proof, prior=((half, one), (zero, half))),  # the form of another A, not symmetric
        replace(proof, second_moment=((one, one), (zero, one))),
        replace(proof, axis=((zero, zero), (zero, zero))),
        replace(proof, nonnegative_covariance=one),  # a multiplier without its constraint
        replace(aligned, axis=((zero, zero), (zero, zero))),
        replace(aligned, axis=((half, half), (half, half))),  # covariance along another direction
        replace(aligned, covariance=False),
        replace(proof, cap=zero, pieces=()),
        replace(proof, theta=-one),
        replace(proof, curvature_slack=-one),
    ]
    assert [candidate.verify() for candidate in false] == [False] * len(false)


@pytest.mark.parametrize("solver", [solve, solve_full])
@pytest.mark.parametrize("program", [3, None, "dim=3", {"dim": 3}])
def test_what_is_not_a_program_is_refused(solver, program):
    with pytest.raises(InvalidArgument, match="give a Program"):
        solver(program)


def test_bad_number_of_directions():
    for directions in ("x", 4, 2.5):
        with pytest.raises(InvalidArgument, match="directions"):
            solve_full(Program(dim=2, norm_cap=4), directions=directions)  # type: ignore[arg-type]
