"""One clear error for each way in which an objective misbehaves, and the wrapper that mends most."""

import math

import numpy as np
import pytest
import sympy as sp

from zotheory.errors import InvalidArgument
from zotheory.estimators import Central, Forward, OnePoint, TwoStage, vectorised
from zotheory.laws import Sphere

LAW = Sphere(3)
KINDS = [Forward, Central, OnePoint, lambda law, mu, batch=1: TwoStage(law, mu, batch, 1)]


def total(points):
    return points.sum(axis=1)


@pytest.mark.parametrize("objective", [None, 3, "f", np.zeros(3)])
def test_objectives_that_are_no_functions(objective):
    with pytest.raises(InvalidArgument, match="objective"):
        Central(LAW, 1).estimate(objective, np.zeros(3), 0)


WRAP = r"zotheory\.vectorised\(f\)"
NOT_VECTORISED = {
    "whole sum": lambda x: (x**2).sum(),
    "python number": lambda x: 1.0,
    "by coordinates": lambda x: x[0] * x[1] + x[2],
    "columns summed": lambda x: (x**2).sum(axis=0),
    "dot product": lambda x: x @ x,
    "scalar branch": lambda x: 1.0 if x[0] > 0 else 0.0,
    "one column": lambda x: x[:, :1],
    "points": lambda x: x,
    "too few": lambda x: x[:-1, 0],
    "nothing": lambda x: None,
    "text": lambda x: ["one"] * len(x),
    "complex": lambda x: x[:, 0] + 1j,
    "ragged": lambda x: [[1.0], [2.0, 3.0]],
    "objects": lambda x: np.array([object()] * len(x)),
    "raises": lambda x: {}["missing"],
}


@pytest.mark.parametrize("objective", NOT_VECTORISED.values(), ids=NOT_VECTORISED.keys())
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trials", [1, 2, 3, 4])
def test_objectives_that_are_not_vectorised(kind, objective, trials):
    # Three trials in dimension three are the trap: a sum along the wrong axis has the right shape.
    with pytest.raises(InvalidArgument, match=WRAP) as caught:
        kind(LAW, 1).estimate(objective, np.ones(3), 0, trials)
    assert caught.value.argument == "objective"


def test_wrong_axis_is_found_in_every_small_dimension():
    for dim in (2, 3, 4):
        for batch in (1, 2, 3, 4):
            with pytest.raises(InvalidArgument, match=WRAP):
                Central(Sphere(dim), 1, batch).estimate(lambda x: x.sum(axis=0), np.ones(dim), 0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", KINDS)
def test_values_that_are_not_finite_name_the_point(kind, value):
    def hole(points):
        return np.where(points[:, 0] > 1.2, value, points[:, 0])

    with pytest.raises(InvalidArgument, match=rf"returned {value} at the point \[[12]\.\d+, ") as caught:
        kind(LAW, 1).estimate(hole, np.ones(3), 0, 100)
    assert caught.value.argument == "objective"


def test_long_points_are_shortened():
    with pytest.raises(InvalidArgument, match=r"\[0, 0, 0, 0, 0, 0, \.\.\.\]"):
        Forward(Sphere(100), 1).estimate(lambda x: np.full(len(x), math.nan), np.zeros(100), 0)


def test_errors_of_the_objective_are_chained():
    with pytest.raises(InvalidArgument, match="KeyError: 'missing'") as caught:
        Central(LAW, 1).estimate(NOT_VECTORISED["raises"], np.zeros(3), 0)
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(KeyboardInterrupt):
        Central(LAW, 1).estimate(interrupted, np.zeros(3), 0)


def interrupted(points):
    raise KeyboardInterrupt


def test_steps_lost_in_rounding():
    for kind in KINDS:
        with pytest.raises(InvalidArgument, match=r"x \+ mu v equals x"):
            kind(LAW, 1e-20).estimate(total, np.ones(3), 0, 4)
    found = Forward(LAW, 1e-20).estimate(total, np.zeros(3), 0).gradients
    assert found.any()


def test_overflow():
    law = Sphere(3, 1e3)
    for scale, mu in ((1e300, 1e-10), (1e308, 1.0)):
        with pytest.raises(InvalidArgument, match="overflows"):
            OnePoint(law, mu).estimate(lambda x, scale=scale: np.full(len(x), scale), np.zeros(3), 0)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.float16, bool])
def test_other_real_types_are_taken(dtype):
    found = Central(LAW, 1).estimate(lambda x: (x.sum(axis=1) > 0).astype(dtype), np.zeros(3), 0)
    assert found.gradients.dtype == np.float64
    listed = Central(LAW, 1).estimate(lambda x: [float(p.sum() > 0) for p in x], np.zeros(3), 0)
    assert np.array_equal(found.gradients, listed.gradients)


def test_vectorised():
    def product(x):
        assert x.shape == (3,)
        return x[0] * x[1] * x[2]

    for kind in KINDS:
        one = kind(LAW, 1).estimate(vectorised(product), np.ones(3), 0, 5).gradients
        two = kind(LAW, 1).estimate(lambda p: p.prod(axis=1), np.ones(3), 0, 5).gradients
        np.testing.assert_allclose(one, two, rtol=1e-12)
    for value in (1, 2.5, np.float32(3), np.array([4.0]), sp.Rational(1, 2), True):
        assert (
            vectorised(lambda x, value=value: value)(np.zeros((2, 3))).tolist()
            == [float(np.ravel(value)[0])] * 2
        )


@pytest.mark.parametrize("value", [None, "1", 1j, np.zeros(2), np.zeros(0), [1, 2], sp.Symbol("x"), {}])
def test_vectorised_functions_return_one_number(value):
    with pytest.raises(InvalidArgument, match="return one real number"):
        Central(LAW, 1).estimate(vectorised(lambda x: value), np.zeros(3), 0)


def test_vectorised_takes_functions():
    with pytest.raises(InvalidArgument, match="function"):
        vectorised(3)  # type: ignore[arg-type]
