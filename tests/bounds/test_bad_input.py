import math
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from zotheory.bounds import (
    DecreasingSteps,
    Descent,
    LawMoments,
    NonconvexBound,
    PolyakBound,
    best_step,
    decreasing_complexity,
    nonconvex_complexity,
    polyak_complexity,
)
from zotheory.errors import InvalidArgument, NotUnbiased
from zotheory.laws import Gaussian, OrthonormalFrame, Shells, Sphere, TwoAtom, Whole

MOMENTS = LawMoments.of(Sphere(4))
PLAIN = Descent(MOMENTS, 2)
NEGATIVE = [-1, -0.5, math.nan, math.inf, "2", None, True, [1], sp.Symbol("x", negative=True), 1e-60, 1e60]
POSITIVE = [*NEGATIVE, 0]


def refused(name, call):
    with pytest.raises(InvalidArgument) as caught:
        call()
    assert caught.value.argument == name
    assert caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize("value", POSITIVE, ids=repr)
def test_positive_numbers(value):
    refused("smoothness", lambda: Descent(MOMENTS, value))
    refused("delta", lambda: LawMoments(value, 4))
    refused("V", lambda: LawMoments(1, value))
    refused("step", lambda: NonconvexBound(PLAIN, 1, value, 10))
    refused("pl", lambda: PolyakBound(PLAIN, 1, value, F(1, 8), 10))
    refused("epsilon", lambda: nonconvex_complexity(PLAIN, 1, value))
    refused("epsilon", lambda: polyak_complexity(PLAIN, 1, 1, value))
    refused("epsilon", lambda: decreasing_complexity(PLAIN, 1, 1, value))
    refused("gap", lambda: best_step(PLAIN, value, 3))
    if value is not None:
        refused("first_step", lambda: DecreasingSteps(PLAIN, 1, 1, value))


@pytest.mark.parametrize("value", NEGATIVE, ids=repr)
def test_numbers_that_may_be_zero(value):
    refused("mu", lambda: Descent(MOMENTS, 2, value))
    refused("sigma", lambda: Descent(MOMENTS, 2, 0, value))
    refused("gap", lambda: NonconvexBound(PLAIN, value, F(1, 8), 10))


@pytest.mark.parametrize(
    "value", [-1, 1.5, math.nan, "3", None, True, sp.Symbol("x", negative=True)], ids=repr
)
def test_counts(value):
    refused("iterations", lambda: NonconvexBound(PLAIN, 1, F(1, 8), value))
    refused("iterations", lambda: PolyakBound(PLAIN, 1, 1, F(1, 8), value))
    refused("t", lambda: DecreasingSteps(PLAIN, 1, 1).total(value))
    if value is not None:
        refused("batch", lambda: LawMoments.of(Sphere(4), batch=value))


@pytest.mark.parametrize("value", [0, 1, -0.1, 1.1, math.nan, "x", True], ids=repr)
def test_weights(value):
    refused("omega", lambda: Descent(MOMENTS, 2, 1, omega=value))


@pytest.mark.parametrize("value", [0, -0.1, math.nan, math.inf, "x", True], ids=repr)
def test_weights_of_the_second_moment(value):
    refused("theta", lambda: Descent(MOMENTS, 2, 1, theta=value))


def test_a_step_beyond_the_range_names_the_condition_and_the_limit():
    for step in (F(1, 4), 0.3, 5):
        text = refused("step", lambda step=step: NonconvexBound(PLAIN, 1, step, 10))
        assert "2 (1 - omega) delta / ((1 + theta) L V) = 0.25" in text
    refused("step", lambda: PolyakBound(PLAIN, 1, 1, F(1, 4), 10))
    refused("first_step", lambda: DecreasingSteps(PLAIN, 1, 1, F(1, 4)))
    smoothed = Descent(MOMENTS, 2, 1)
    assert smoothed.step_limit == F(3, 4) / 8
    refused("step", lambda: nonconvex_complexity(smoothed, 1, 100, F(1, 10)))


def test_a_pl_constant_above_the_smoothness():
    for call in (
        lambda: PolyakBound(PLAIN, 1, 3, F(1, 8), 10),
        lambda: DecreasingSteps(PLAIN, 1, 2.5),
        lambda: polyak_complexity(PLAIN, 1, 3, 1),
    ):
        assert "at most smoothness = 2" in refused("pl", call)


def test_what_is_not_a_law_or_not_a_record():
    for value in (None, 3, "Sphere", Sphere, np.eye(2)):
        refused("law", lambda value=value: LawMoments.of(value))
        refused("moments", lambda value=value: Descent(value, 2))
        refused("descent", lambda value=value: NonconvexBound(value, 1, F(1, 8), 3))
        refused("descent", lambda value=value: PolyakBound(value, 1, 1, F(1, 8), 3))
        refused("descent", lambda value=value: nonconvex_complexity(value, 1, 1))
        refused("descent", lambda value=value: best_step(value, 1, 1))
    with pytest.raises(NotUnbiased):
        LawMoments.of(BrokenGaussian(3))
    refused("batch", lambda: LawMoments.of(OrthonormalFrame(4, 2), batch=3))
    refused("scheme", lambda: Descent(MOMENTS, 2, scheme="backward"))  # type: ignore[arg-type]
    refused("every_direction", lambda: LawMoments(1, 4, every_direction=1))  # type: ignore[arg-type]


class BrokenGaussian(Gaussian):
    def energy_means(self):
        return (2 * self.dim,)

    def energy_products(self):
        return ((4,),)


class HeavyTail(Gaussian):
    def norm_moment(self, k):
        return math.inf if k == 3 else super().norm_moment(k)


def test_a_missing_sixth_moment_is_named_and_needed_only_with_smoothing():
    moments = LawMoments.of(HeavyTail(3))
    assert moments.m6 is None
    text = refused("m6", lambda: Descent(moments, 2, F(1, 10)))
    assert "E[n^3]" in text
    assert "mu = 0" in text
    assert NonconvexBound(Descent(moments, 2), 1, F(1, 20), 10).total > 0
    only_sixth = LawMoments(1, 4, m6=64)
    assert "E[n^2]" in refused("m4", lambda: Descent(only_sixth, 2, F(1, 10)))


def test_moments_that_no_law_has():
    refused("V", lambda: LawMoments(2, 3.9))
    refused("m4", lambda: LawMoments(1, 4, m4=3))
    refused("m6", lambda: LawMoments(1, 4, m4=16, m6=63))
    refused("m4", lambda: LawMoments(1, 4, m3=9, m4=16))
    # Fixed length meets all of them with equality.
    assert LawMoments(1, 4, m3=8, m4=16, m6=64).m6 == 64
    shells = Shells(Whole(2), [[1.0], [3.0]], [0.5, 0.5])
    assert LawMoments.of(shells).m6 == pytest.approx(14)


def test_noise_needs_v_in_every_direction():
    aligned = LawMoments.of(TwoAtom([1, 0, 0], F(1, 2)), direction=[1, 0, 0])
    assert "every direction" in refused("sigma", lambda: Descent(aligned, 2, 0, 1))
    assert Descent(aligned, 2).step_limit == F(1, 2)
