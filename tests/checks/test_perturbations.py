import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from zotheory.checks import Outcome, check_dimension_factor, check_second_moment, check_unbiased
from zotheory.errors import InvalidArgument
from zotheory.laws import (
    DAP,
    Coordinate,
    Gaussian,
    Guided,
    OrthonormalFrame,
    Rademacher,
    RandomBlock,
    Sphere,
    TwoAtom,
)

FEW = {"max_samples": 500_000, "resolvable": 0.1}


@pytest.mark.parametrize(
    "law",
    [
        Sphere(5),
        Sphere(1),
        Gaussian(5, Fraction(1, 3)),
        Rademacher(6, 1e-30),
        Coordinate(4),
        DAP([1.0, 2.0, 2.0]),
        Guided([1.0, 0.0, 0.0, 0.0], 0.6),
        TwoAtom([0.0, 3.0, 4.0], 0.5),
        OrthonormalFrame(4, 3),
        RandomBlock(6, 2),
    ],
    ids=lambda law: type(law).__name__,
)
def test_every_law_is_unbiased_with_its_dimension_factor(law):
    found = check_unbiased(law, rng=1, **FEW)
    assert found.outcome is Outcome.HOLDS
    bounded = law.norm_bound() < math.inf
    assert ("Bernstein" in found.detail) == bounded
    # The exact dimension factor comes from the law's formulas, which its own tests enumerate.
    a = np.arange(1.0, law.dim + 1)
    assert check_dimension_factor(law, a, law.dimension_factor(a), rng=1, **FEW).outcome is Outcome.HOLDS


def gaussian_with(covariance):
    root = np.linalg.cholesky(np.asarray(covariance, float))
    return lambda n, rng: rng.standard_normal((n, len(root))) @ root.T


@pytest.mark.parametrize(
    ("covariance", "entry"),
    [
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1.2]], "E[v[2] v[2]] = 1 is claimed"),
        ([[1, 0, 0], [0, 1, -0.2], [0, -0.2, 1]], "E[v[1] v[2]] = 0 is claimed"),
        ([[0.8, 0, 0], [0, 1, 0], [0, 0, 1]], "E[v[0] v[0]] = 1 is claimed"),
    ],
)
def test_the_entry_that_is_off_is_named(covariance, entry):
    sampler = gaussian_with(covariance)
    found = check_unbiased(sampler, 1, dim=3, rng=1)
    assert found.outcome is Outcome.FAILS
    assert entry in found.detail
    assert "worst of 6 statistics tested at once" in found.detail
    assert check_second_moment(sampler, covariance, rng=1).outcome is Outcome.HOLDS


def test_scales_do_not_matter():
    for scale in (1e-19, 1e19):
        sampler = lambda n, rng, s=scale: s * rng.standard_normal((n, 2))  # noqa: E731
        assert check_unbiased(sampler, scale**2, dim=2, rng=1, **FEW).outcome is Outcome.HOLDS
        assert check_unbiased(sampler, 1.2 * scale**2, dim=2, rng=1, **FEW).outcome is Outcome.FAILS


def test_a_law_with_another_scale_fails():
    assert check_unbiased(Sphere(4, 2), 1, rng=1).outcome is Outcome.FAILS
    assert check_unbiased(Sphere(4, 2), 2, dim=4, rng=1).outcome is Outcome.HOLDS


def test_clear_cases_use_few_draws(counted):
    for spread, outcome in [(1, Outcome.HOLDS), (1.5, Outcome.FAILS)]:
        sampler = counted(lambda n, rng, s=spread: s * rng.standard_normal((n, 4)))
        found = check_unbiased(sampler, 1, dim=4, rng=1, resolvable=0.1)
        assert found.outcome is outcome
        assert sampler.total < 0.03 * 2_000_000


@pytest.mark.parametrize("seed", range(5))
def test_infinite_fourth_moment_is_said_and_is_no_failure(student, seed):
    sampler = student(3, 2)  # E[v v^T] = I, no fourth moment
    for delta in (1, 2):
        found = check_unbiased(sampler, delta, dim=2, rng=seed)
        assert found.outcome is Outcome.INCONCLUSIVE
        assert "the fourth moment appears infinite" in found.detail
        assert "V does not exist" in found.detail
    factor = check_dimension_factor(sampler, [1, 1], 4, delta=1, rng=seed)
    assert factor.outcome is Outcome.INCONCLUSIVE
    assert "the fourth moment appears infinite" in factor.detail


def test_an_infinite_eighth_moment_hides_a_finite_dimension_factor(student):
    found = check_dimension_factor(student(6, 2), [1, 1], 5, delta=1, rng=1)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "the eighth moment appears infinite" in found.detail


def test_few_draws_do_not_make_a_moment_infinite(student):
    for seed in range(100):
        found = check_unbiased(student(9, 2), 1, dim=2, rng=seed, max_samples=50_000, resolvable=0.01)
        assert found.outcome is Outcome.INCONCLUSIVE
        assert "appears infinite" not in found.detail


def test_moderate_tails_are_tested(student):
    assert check_unbiased(student(9, 2), 1, dim=2, rng=1, **FEW).outcome is Outcome.HOLDS
    assert check_unbiased(student(9, 2), 1.1, dim=2, rng=1, **FEW).outcome is Outcome.FAILS


def test_a_known_variance_replaces_the_missing_fourth_moments(student):
    # t with 5 degrees of freedom has E v^4 = 9, no sixth moment: Var v_i^2 = 8, Var v_i v_j = 1.
    options = {"dim": 2, "rng": 1, "variance": [8, 1, 8], "resolvable": 0.2}
    assert check_unbiased(student(5, 2), 1, **options).outcome is Outcome.HOLDS
    found = check_unbiased(student(5, 2), 1.25, **options)
    assert found.outcome is Outcome.FAILS
    assert "Catoni" in found.detail


def test_a_bound_too_wide_for_the_cap_is_refused_of_callers_and_kept_of_laws():
    def corners(n, rng):
        return rng.choice([-1.0, 1.0], (n, 2))

    with pytest.raises(InvalidArgument, match=r"max_samples = 2000: .*Bernstein"):
        check_unbiased(corners, 1, dim=2, norm_bound=1000, rng=1, max_samples=2000)
    found = check_unbiased(Rademacher(2), rng=1, max_samples=2000, resolvable=0.05)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "Bernstein" in found.detail
    needed = int(found.detail.split("decide: about ")[1].split(" draws")[0])
    assert check_unbiased(Rademacher(2), rng=1, max_samples=needed).outcome is Outcome.HOLDS


def test_a_bound_of_a_law_too_wide_to_confirm_still_finds_gross_errors():
    # |v|^2 reaches 400 here; certainty of an answer would take more draws than the cap.
    law = TwoAtom([1.0, 0.0, 0.0], Fraction(1, 400))
    found = check_unbiased(law, 2, rng=1, max_samples=300_000)
    assert found.outcome is Outcome.FAILS
    assert "Bernstein" in found.detail


def test_dimension_factors_that_are_wrong_fail():
    a = [3.0, 4.0]
    assert check_dimension_factor(Gaussian(2), a, 4, rng=1).outcome is Outcome.HOLDS
    assert check_dimension_factor(Gaussian(2), a, 3.6, rng=1).outcome is Outcome.FAILS
    assert check_dimension_factor(Sphere(2), a, Fraction(11, 5), rng=1).outcome is Outcome.FAILS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delta": 0}, "delta = 0: give a finite number above 0"),
        ({"delta": -1}, "delta"),
        ({"delta": math.nan}, "delta"),
        ({"delta": sp.Symbol("delta", positive=True)}, "sampling needs a number"),
        ({"delta": None}, "delta = None: give it: only laws know their own"),
        ({"dim": None}, "dim = None: give it"),
        ({"dim": 0}, "dim"),
        ({"dim": 2.0}, "dim"),
        ({"dim": sp.Symbol("d", positive=True)}, "dim"),
        ({"resolvable": 0}, "resolvable"),
        ({"resolvable": [0.1, 0.1, 0.1]}, "resolvable"),
        ({"false_alarm": 0.7}, "false_alarm = 0.7"),
        ({"false_pass": 0}, "false_pass = 0"),
        ({"max_samples": 1999}, "max_samples = 1999: give at least 2000"),
        ({"max_samples": 49_999}, "nothing is decided before 50000 draws: raise max_samples, or give"),
        ({"norm_bound": -1}, "norm_bound"),
        ({"norm_bound": 3}, "was drawn: raise it"),
        ({"norm_bound": 30, "variance": 2}, "give either variance or norm_bound"),
    ],
)
def test_bad_arguments_are_refused(options, message, normal):
    arguments = {"delta": 1, "dim": 2, "rng": 1} | options
    with pytest.raises(InvalidArgument) as error:
        check_unbiased(normal(0.0, 2), **arguments)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda s: check_second_moment(s, np.zeros((2, 2)), rng=1), "matrix that is not zero"),
        (lambda s: check_second_moment(s, [[1, 2], [0, 1]], rng=1), "symmetric"),
        (lambda s: check_second_moment(s, [1, 2], rng=1), "dim"),
        (lambda s: check_second_moment(s, np.eye(3), dim=2, rng=1), "shape"),
        (lambda s: check_second_moment(s, sp.eye(2) * sp.Symbol("x"), rng=1), "matrix"),
        (lambda s: check_dimension_factor(s, [0, 0], 2, delta=1, rng=1), "non-zero"),
        (lambda s: check_dimension_factor(s, [1, 0], 2, rng=1), "delta = None"),
        (lambda s: check_dimension_factor(s, [1, 0], 0, delta=1, rng=1), "claimed = 0"),
        (lambda s: check_dimension_factor(s, [sp.Symbol("x"), 1], 2, delta=1, rng=1), "a = "),
        (lambda s: check_dimension_factor(Sphere(3), [1, 0], 3, rng=1), "length 2"),
    ],
)
def test_bad_claims_are_refused(check, message, normal):
    with pytest.raises(InvalidArgument, match=message):
        check(normal(0.0, 2))
