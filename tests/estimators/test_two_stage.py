"""Two stages: aligned draws, weights, errors and the fallback, against exact values and a plain loop."""

import math
from fractions import Fraction as Q

import numpy as np
import pytest

from zotheory.errors import InvalidArgument
from zotheory.estimators import TwoStage, simulate_mse
from zotheory.laws import DAP, Coordinate, Gaussian, OrthonormalFrame, Rademacher, RandomBlock, Sphere
from zotheory.laws.aligned_rows import aligned, unit_rows

SQUARE = 14.25  # |a|^2


def at_alignment(a, rho):
    """Return a unit vector at cosine rho with a."""
    across = np.array([1.0, 3, 0, 0]) - (np.array([1.0, 3, 0, 0]) @ a) / (a @ a) * a
    return rho * a / np.linalg.norm(a) + math.sqrt(1 - rho**2) * across / np.linalg.norm(across)


@pytest.mark.parametrize("complement", ["sphere", "gaussian"])
@pytest.mark.parametrize("dim", [1, 2, 3, 7, 8, 40])
def test_aligned_rows_are_aligned_each_with_its_own_direction(dim, complement):
    rng = np.random.default_rng(1)
    e, zero = unit_rows(rng.standard_normal((50, dim)))
    assert not zero.any()
    v = aligned(rng.standard_normal((50, 6, dim)), e, 0.3, complement)
    along = np.einsum("cbd,cd->cb", v, e)
    np.testing.assert_allclose(along**2, 0.3, rtol=1e-9)
    assert 100 < (along > 0).sum() < 200  # 300 fair signs: five standard deviations and more
    if complement == "sphere":
        np.testing.assert_allclose((v**2).sum(axis=2), 0.3 * dim, rtol=1e-12)


@pytest.mark.parametrize("complement", ["sphere", "gaussian"])
def test_aligned_rows_have_the_law_of_a_dap(complement, agrees):
    # All 4 + 6 second and the 10 fourth moments v_i^2 v_j^2 against those of the law; 20 comparisons.
    e = np.array([1.0, -2, 0.5, 1]) / 2.5
    n = 40_000
    z = np.random.default_rng(2).standard_normal((n, 1, 4))
    v = aligned(z, np.tile(e, (n, 1)), 0.5, complement)[:, 0]
    law = DAP(e, 0.5, complement)
    for i in range(4):
        for j in range(i + 1):
            second = v[:, i] * v[:, j]
            agrees(second.mean(), second.std() / math.sqrt(n), 0.5 * (i == j))
            basis = np.zeros((4, 4))
            basis[j, j] = 1
            fourth = second**2
            agrees(fourth.mean(), fourth.std() / math.sqrt(n), law.fourth_moment(basis)[i, i])


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9, 1.0])
def test_error_at_an_alignment(rho, agrees, a):
    # Spherical complement: (d - 1) |a|^2 at every alignment. Gaussian: (d - 1 + 2 (1 - rho^2)) |a|^2.
    e = np.tile(at_alignment(a, rho), (40_000, 1))
    z = np.random.default_rng(3).standard_normal((40_000, 1, 4))
    for complement, exact in (("sphere", 3.0), ("gaussian", 3 + 2 * (1 - rho**2))):
        v = aligned(z, e, 1.0, complement)[:, 0]
        errors = ((v * (v @ a)[:, None] - a) ** 2).sum(axis=1)
        agrees(errors.mean(), errors.std() / 200, exact * SQUARE)


@pytest.mark.parametrize("difference", ["forward", "central"])
@pytest.mark.parametrize(("first", "second"), [(1, 1), (3, 2), (1, 4)])
def test_same_as_a_plain_loop_over_its_own_points(recorder, difference, first, second):
    # At x = 0 and mu = 1 the points are the perturbations: everything after the draws is redone in a loop.
    def f(points):
        return np.sin(points).sum(axis=1) + (points**2).sum(axis=1) + 1

    seen = recorder(f)
    found = TwoStage(Sphere(3, 0.5), 1, first, second, 0.25, difference=difference).estimate(
        seen, np.zeros(3), 4, trials=5
    )
    calls = seen.points[1:] if difference == "forward" else seen.points[::2]
    one, two = calls[0].reshape(5, first, 3), calls[1].reshape(5, second, 3)

    def slope(v):
        if difference == "forward":
            return float(f(v[None])[0] - f(np.zeros((1, 3)))[0])
        return float(f(v[None])[0] - f(-v[None])[0]) / 2

    for trial in range(5):
        rough = sum(slope(v) * v for v in one[trial]) / first
        e = rough / np.linalg.norm(rough)
        for v in two[trial]:
            assert (v @ e) ** 2 == pytest.approx(0.5, rel=1e-9)
            assert v @ v == pytest.approx(1.5, rel=1e-12)
        fine = sum(slope(v) * v for v in two[trial]) / second
        np.testing.assert_allclose(
            found.gradients[trial], 0.25 * rough + 0.75 * fine, rtol=1e-10, atol=1e-12
        )


@pytest.mark.parametrize("first", [1, 2, 9])
@pytest.mark.parametrize(
    "law", [Sphere(4), Gaussian(4), Rademacher(4), Coordinate(4), RandomBlock(4, 2)], ids=repr
)
def test_spherical_stage_two_does_not_depend_on_the_rough_estimate(law, first, agrees, a, line):
    # (d - 1) |a|^2 / m however good or bad stage 1 is.
    found = simulate_mse(TwoStage(law, 0.1, first, 3), line, np.zeros(4), a, 5, trials=15_000)
    agrees(found.mse, found.standard_error, 3 * SQUARE / 3)


@pytest.mark.parametrize("split", [(1, 7), (4, 4), (6, 2)])
def test_average_reaches_fixed_length_at_equal_draws(split, agrees, a, line):
    for combination in ("average", "optimal"):
        estimator = TwoStage(Sphere(4, 0.5), 0.1, *split, combination)
        assert estimator.weight == Q(split[0], 8)
        found = simulate_mse(estimator, line, np.zeros(4), a, 6, trials=15_000)
        agrees(found.mse, found.standard_error, 3 * 0.25 * SQUARE / 8)


@pytest.mark.parametrize("split", [(1, 3), (4, 4), (12, 2)])
def test_gaussian_complement_with_gaussian_probes(split, agrees, a, line):
    # M1 = (d + 1)/k and M2 = (d - 1 + 2 (d - 1)/(k + d - 1))/m in units of |a|^2.
    k, m = split
    errors = (Q(5, k), (3 + Q(6, k + 3)) / m)
    for combination in ("second", "average", "optimal", 0.75):
        estimator = TwoStage(Gaussian(4), 0.1, k, m, combination, "gaussian")
        w = float(estimator.weight)
        exact = float(w**2 * errors[0] + (1 - w) ** 2 * errors[1]) * SQUARE
        found = simulate_mse(estimator, line, np.zeros(4), a, 7, trials=20_000)
        agrees(found.mse, found.standard_error, exact)
    best = TwoStage(Gaussian(4), 0.1, k, m, "optimal", "gaussian").weight
    assert isinstance(best, Q)
    for other in (best - Q(1, 50), best + Q(1, 50), Q(k, k + m), Q(0)):
        if other != best:
            assert sum(u**2 * e for u, e in zip((best, 1 - best), errors, strict=True)) < sum(
                u**2 * e for u, e in zip((other, 1 - other), errors, strict=True)
            )


@pytest.mark.parametrize("combination", ["second", "average", "optimal", 0.6])
@pytest.mark.parametrize("difference", ["forward", "central"])
def test_unbiased(combination, difference, agrees, a, line):
    estimator = TwoStage(Gaussian(4, 0.5), 0.1, 2, 3, combination, difference=difference)
    found = estimator.estimate(line, np.zeros(4), 8, 10_000).gradients
    agrees(found.mean(axis=0), found.std(axis=0) / 100, 0.5 * a)


def test_full_frame_leaves_nothing_to_refine(a, line):
    estimator = TwoStage(OrthonormalFrame(4, 4), 0.1, 4, 2, "optimal")
    assert estimator.weight == 1
    found = estimator.estimate(line, np.zeros(4), 9, 10).gradients
    np.testing.assert_allclose(found, np.tile(a, (10, 1)), rtol=1e-9)
    # Half a frame: M1 = (d/k - 1), M2 = (d - 1)/m.
    assert TwoStage(OrthonormalFrame(4, 2), 0.1, 2, 3, "optimal").weight == Q(1, 2)
    assert TwoStage(OrthonormalFrame(4, 2), 0.1, 4, 3, "optimal").weight == Q(2, 3)


def test_dimension_one_is_exact():
    for combination in ("second", "average", "optimal"):
        for complement in ("sphere", "gaussian"):
            estimator = TwoStage(Sphere(1, 0.5), 0.1, 1, 2, combination, complement)
            found = estimator.estimate(lambda points: 3 * points[:, 0], [1.0], 0, 5).gradients
            np.testing.assert_allclose(found, 1.5, rtol=1e-12)
    assert TwoStage(Sphere(1), 0.1, 1, 3, "optimal").weight == Q(1, 4)


def test_zero_rough_estimates_fall_back_to_a_random_direction(agrees):
    # One coordinate probe misses the only non-zero entry of the gradient with probability 3/4; stage 2
    # must still be unbiased, with the error (d - 1) |a|^2.
    a = np.array([0, 0, 2.0, 0])
    estimator = TwoStage(Coordinate(4), 0.1, 1, 1)
    found = estimator.estimate(lambda points: 2 * points[:, 2], np.zeros(4), 10, 20_000).gradients
    agrees(found.mean(axis=0), found.std(axis=0) / math.sqrt(20_000), a)
    errors = ((found - a) ** 2).sum(axis=1)
    agrees(errors.mean(), errors.std() / math.sqrt(20_000), 12)


def test_constant_objective_and_zero_gradient(recorder):
    seen = recorder(lambda points: np.full(len(points), 7.0))
    found = TwoStage(Sphere(3), 1, 2, 4).estimate(seen, np.zeros(3), 0, 200)
    assert not found.gradients.any()
    # The directions of the fallback differ between trials.
    second = seen.points[2].reshape(200, 4, 3)
    assert len(np.unique(second[:, 0].round(6), axis=0)) == 200
    np.testing.assert_allclose((second**2).sum(axis=2), 3)


@pytest.mark.parametrize("scale", [1e-200, 1e-60, 1e60])
def test_rough_estimates_of_any_size_have_a_direction(scale):
    found = TwoStage(Sphere(3), 1, 2, 2).estimate(lambda p: scale * p[:, 0], np.zeros(3), 1, 50).gradients
    plain = TwoStage(Sphere(3), 1, 2, 2).estimate(lambda p: p[:, 0], np.zeros(3), 1, 50).gradients
    np.testing.assert_allclose(found / scale, plain, rtol=1e-9)


def test_unit_rows():
    rows = np.array([[3.0, 4], [0, 0], [1e-300, 0], [5e-324, 5e-324], [1e300, -1e300]])
    units, zero = unit_rows(rows)
    root = math.sqrt(0.5)
    np.testing.assert_allclose(units, [[0.6, 0.8], [0, 0], [1, 0], [root, root], [root, -root]], rtol=1e-15)
    assert zero.tolist() == [False, True, False, False, False]


def test_optimal_weight_is_refused_where_it_is_not_known():
    with pytest.raises(InvalidArgument, match="depends on the gradient"):
        TwoStage(DAP([1, 2]), 0.1, 1, 1, "optimal")
    with pytest.raises(InvalidArgument, match="Gaussian law only"):
        TwoStage(Sphere(3), 0.1, 1, 1, "optimal", "gaussian")
    for weight in (0, 1, Q(1, 3), 0.2):
        assert TwoStage(DAP([1, 2]), 0.1, 1, 1, weight).weight == weight
