"""One clear error for each bad argument, before any work."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from zotheory.errors import InvalidArgument, NotUnbiased, ZotheoryError
from zotheory.estimators import Central, Forward, OnePoint, TwoStage, simulate_mse
from zotheory.laws import DAP, Law, OrthonormalFrame, Shells, Sphere
from zotheory.laws.partition import Contiguous

LAW, MU = Sphere(3), sp.Symbol("mu")
KINDS = [Forward, Central, OnePoint, lambda law, mu, batch=1: TwoStage(law, mu, batch, 1)]


def total(points):
    return points.sum(axis=1)


def never(points):
    raise AssertionError("called although an argument is bad")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "mu", [0, -1, math.nan, math.inf, 1e-50, 1e50, "1", None, True, 1j, sp.Symbol("mu")]
)
def test_bad_mu(kind, mu):
    with pytest.raises(InvalidArgument, match="mu"):
        kind(LAW, mu)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", [0, -1, 1.5, "2", None, True, math.nan])
def test_bad_batch(kind, batch):
    with pytest.raises(InvalidArgument, match=r"batch|first"):
        kind(LAW, 1, batch)


@pytest.mark.parametrize("kind", KINDS)
def test_bad_law(kind):
    d = sp.Symbol("d", integer=True, positive=True)
    for law in (None, Sphere, "sphere", [1, 2], Sphere(d), Sphere(3, sp.Symbol("delta", positive=True))):
        with pytest.raises(InvalidArgument):
            kind(law, 1)
    with pytest.raises(NotUnbiased):
        kind(Shells(Contiguous((1, 2)), [[1.0, 1.0]], [1.0]), 1)


@pytest.mark.parametrize("kind", KINDS)
def test_batches_that_break_frames(kind):
    with pytest.raises(InvalidArgument, match="multiple of the frame's batch, 2"):
        kind(OrthonormalFrame(3, 2), 1, 3)
    assert kind(OrthonormalFrame(3, 2), 1, 4).dim == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("second", 0),
        ("second", 2.0),
        ("combination", "first"),
        ("combination", -0.1),
        ("combination", 1.5),
        ("combination", None),
        ("combination", math.nan),
        ("combination", True),
        ("combination", [0.5]),
        ("combination", sp.Symbol("w")),
        ("complement", "Sphere"),
        ("complement", None),
        ("complement", ["sphere"]),
        ("difference", "one-point"),
        ("difference", 2),
    ],
)
def test_bad_two_stage_arguments(name, value):
    with pytest.raises(InvalidArgument, match=name):
        TwoStage(**{"law": LAW, "mu": 1, "first": 1, "second": 1, name: value})


@pytest.mark.parametrize(
    "x",
    [
        None,
        1.0,
        [1, 2],
        [1, 2, 3, 4],
        [[1, 2, 3]],
        [1, 2, math.nan],
        [1, math.inf, 2],
        [1, 2, 1e200],
        ["1", "2", "3"],
        [1, 2, "3"],
        [1, 2, None],
        [1, 2, 3j],
        [True, False, True],
        [[1], [2, 3]],
        [10**400, 1, 1],
        [sp.Symbol("x"), 1, 1],
        {"x": 1},
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_bad_x(kind, x):
    with pytest.raises(InvalidArgument, match=r"^x = "):
        kind(LAW, 1).estimate(never, x, 0)


def test_good_x():
    for x in (
        [1, 2, 3],
        (Fraction(1), 2.0, 3),
        np.array([1, 2, 3], dtype=np.float32),
        [sp.Rational(1), 2, 3],
    ):
        found = Forward(LAW, 1).estimate(total, x, 0).gradients
        np.testing.assert_allclose(found, Forward(LAW, 1).estimate(total, [1.0, 2.0, 3.0], 0).gradients)


def test_x_is_not_changed():
    x = np.ones(3)

    def rude(points):
        values = points.sum(axis=1)
        points *= 0
        return values

    for kind in KINDS:
        polite = kind(LAW, 1).estimate(total, x, 0, 9, 2).gradients
        assert np.array_equal(kind(LAW, 1).estimate(rude, x, 0, 9, 2).gradients, polite)
    assert np.array_equal(x, np.ones(3))


@pytest.mark.parametrize("value", [0, -3, 1.5, "7", None, True])
@pytest.mark.parametrize("name", ["trials", "chunk", "workers"])
def test_bad_trials_and_chunks(name, value):
    if name == "chunk" and value is None:
        value = "all"
    for method in ("estimate", "stream"):
        with pytest.raises(InvalidArgument, match=name):
            getattr(Central(LAW, 1), method)(never, np.zeros(3), 0, **{name: value})


@pytest.mark.parametrize("rng", [None, -1, 1.5, "seed", np.random, np.random.RandomState(1)])
def test_bad_rng(rng):
    with pytest.raises(InvalidArgument, match="rng"):
        Central(LAW, 1).estimate(never, np.zeros(3), rng)


class WrongShape(Sphere):
    def sample(self, n, rng):
        return np.ones((n, 2))


class NotFinite(Sphere):
    def sample(self, n, rng):
        return np.full((n, 3), math.nan)


@pytest.mark.parametrize("law", [WrongShape(3), NotFinite(3)])
@pytest.mark.parametrize("kind", KINDS)
def test_samplers_of_a_law_of_one_s_own(kind, law):
    assert isinstance(law, Law)
    with pytest.raises(InvalidArgument, match=r"sample"):
        kind(law, 1).estimate(total, np.zeros(3), 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("estimator", Sphere(3)),
        ("estimator", None),
        ("gradient", [1, 2]),
        ("gradient", [1, 2, math.nan]),
        ("gradient", "abc"),
        ("gradient", [sp.Symbol("a"), 1, 1]),
        ("trials", 0),
        ("trials", None),
        ("coordinates", []),
        ("coordinates", [3]),
        ("coordinates", [-1]),
        ("coordinates", [0, 0]),
        ("coordinates", [True]),
        ("coordinates", "0"),
        ("coordinates", 0),
        ("chunk", 0),
        ("workers", 0),
        ("x", [1, 2]),
        ("objective", None),
        ("rng", -1),
    ],
)
def test_bad_simulations(name, value):
    arguments = {
        "estimator": Central(LAW, 1),
        "objective": never,
        "x": np.zeros(3),
        "gradient": np.ones(3),
        "rng": 0,
        "trials": 5,
    }
    with pytest.raises(InvalidArgument, match=name):
        simulate_mse(**{**arguments, name: value})  # type: ignore[arg-type]


def test_every_refusal_is_the_package_s_own():
    for bad in (lambda: Central(DAP([1, 2]), 0), lambda: Central(LAW, 1).estimate(total, [1], 0)):
        with pytest.raises(ZotheoryError) as caught:
            bad()
        assert ": " in str(caught.value)
