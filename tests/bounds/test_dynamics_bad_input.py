"""Every argument of the dynamics that cannot be meant, named before work starts."""

from fractions import Fraction as Q

import numpy as np
import pytest

from zotheory.bounds.dynamics.quadratic import Following, QuadraticDynamics
from zotheory.errors import InvalidArgument, NotUnbiased
from zotheory.laws import (
    DAP,
    Alignment,
    FirstAxis,
    Gaussian,
    Guided,
    ImportanceBlocks,
    OrthonormalFrame,
    Rademacher,
    RandomBlock,
    Shells,
    Sphere,
    TwoAtom,
)
from zotheory.laws.partition import Axis


def make(hessian=(1.0, 2.0), law=None, step=0.1, **options):
    return QuadraticDynamics(hessian, Gaussian(2) if law is None else law, step, **options)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("hessian", {"hessian": [[1, 2], [0, 1]]}),
        ("hessian", {"hessian": [[1, 2, 3], [2, 1, 0]]}),
        ("hessian", {"hessian": []}),
        ("hessian", {"hessian": 3.0}),
        ("hessian", {"hessian": [1.0, np.nan]}),
        ("hessian", {"hessian": "diagonal"}),
        ("hessian", {"hessian": [1.0, 0.5], "digits": "exact"}),
        ("law", {"hessian": np.eye(61), "law": RandomBlock(61, 1)}),
        ("hessian", {"hessian": np.ones((61, 61)), "law": Rademacher(61)}),
        ("reduced", {"hessian": np.ones(61), "law": Gaussian(61), "reduced": False}),
        ("law", {"law": Gaussian(2, 0.5), "digits": 30}),
        ("law", {"law": Gaussian(3)}),
        ("law", {"law": "gaussian"}),
        ("law", {"law": lambda a: DAP(a)}),
        ("law", {"law": Following(DAP(FirstAxis(3)))}),
        ("law", {"law": OrthonormalFrame(2, 2)}),
        ("law", {"law": Following(DAP(FirstAxis(2))), "mu": 0.1, "difference": "forward"}),
        ("law", {"law": Gaussian(2, 0.5), "hessian": [1, 2], "step": 1, "digits": "exact"}),
        ("step", {"step": 0}),
        ("step", {"step": -0.1}),
        ("step", {"step": np.inf}),
        ("step", {"step": 0.1, "hessian": [1, 2], "digits": "exact"}),
        ("mu", {"mu": -1}),
        ("mu", {"mu": np.nan}),
        ("mu", {"mu": "small"}),
        ("difference", {"difference": "backward"}),
        ("batch", {"batch": 0}),
        ("batch", {"batch": 1.5}),
        ("noise", {"noise": [1.0]}),
        ("noise", {"noise": [-1.0, 1.0]}),
        ("noise", {"noise": [[1, 2], [2, 1]]}),
        ("noise", {"noise": [[1, 2], [0, 1]]}),
        ("noise", {"noise": 1.0}),
        ("digits", {"digits": 5}),
        ("digits", {"digits": "many"}),
        ("digits", {"digits": True}),
        ("reduced", {"reduced": True, "law": DAP([1, 2])}),
        ("reduced", {"reduced": True, "law": Rademacher(2), "hessian": [[1, 0.1], [0.1, 2]]}),
    ],
)
def test_arguments(name, arguments):
    with pytest.raises(InvalidArgument) as caught:
        make(**arguments)
    expected = {"law": ("law", "delta")}.get(name, (name,))
    assert caught.value.argument in expected


def test_biased_laws_are_refused():
    biased = Shells(Axis([1, 0]), [[1, 2]], [1])
    for law in (biased, Following(biased)):
        with pytest.raises(NotUnbiased):
            make(law=law)


def test_starts_and_states():
    reduced, whole = make(), make(law=DAP([1, 2]))
    for dynamics in (reduced, whole):
        for start in ([1.0], np.eye(3), [[1, 2], [0, 1]], [1, np.inf], 1.0):
            with pytest.raises(InvalidArgument, match="start"):
                dynamics.run(start, 1)
        for steps in (-1, 1.5, True):
            with pytest.raises(InvalidArgument, match="steps"):
                dynamics.run([1, 1], steps)
            with pytest.raises(InvalidArgument, match="steps"):
                dynamics.mean([1, 1], steps)
        with pytest.raises(InvalidArgument, match="start"):
            dynamics.mean(np.eye(2), 1)
        with pytest.raises(InvalidArgument, match="state"):
            dynamics.step([1, 2, 3])
    with pytest.raises(InvalidArgument, match="state"):
        reduced.step(np.eye(2))
    with pytest.raises(InvalidArgument, match="state"):
        whole.step([1.0, 1.0])
    assert reduced.run([1, 1], 0).values.tolist() == [1.5]


@pytest.mark.parametrize("law", [Gaussian(2), DAP([1, 2])])
def test_runs_that_leave_the_floats(law):
    with pytest.raises(InvalidArgument, match="leaves the floats at step"):
        make(law=law, step=10).run([1, 1], 1000)
    values = make(law=law, step=10, digits=30).run([1, 1], 1000).values
    assert values[-1] > values[-2] > 10**400


@pytest.mark.parametrize("law", [Gaussian(2), DAP([1, 2])])
def test_no_floor_at_the_limit(law):
    limit = make(law=law).largest_stable_step()
    for step in (limit, 1.5 * limit):
        with pytest.raises(InvalidArgument, match=f"below {limit}"):
            make(law=law, step=step, noise=[1, 1]).floor()
    assert make(law=law, step=0.9 * limit, noise=[1, 1]).floor() > 0


@pytest.mark.parametrize("law", [Gaussian(2), DAP([1, 2])])
def test_questions_that_need_convexity(law):
    for hessian in ([1.0, -1.0], [0.0, 0.0]):
        dynamics = make(hessian=hessian, law=law)
        with pytest.raises(InvalidArgument, match="convex"):
            dynamics.floor()
        with pytest.raises(InvalidArgument, match="convex"):
            dynamics.largest_stable_step()
    with pytest.raises(InvalidArgument, match="without curvature"):
        make(hessian=[0.0, 0.0], law=law).rate()


def test_following():
    for law in (Sphere(3), Rademacher(3), "DAP", None):
        with pytest.raises(InvalidArgument, match="one direction"):
            Following(law)
    for rho in (-0.1, 1.1, "all"):
        with pytest.raises(InvalidArgument, match="alignment"):
            Following(DAP(FirstAxis(3)), alignment=rho)
    assert Following(Guided(FirstAxis(3), 0.6)).alignment == 0.6
    # The template's own direction does not matter; nu is its dimension factor at that alignment.
    for rho in (Q(0), Q(1, 3), Q(1)):
        one, other = (Following(TwoAtom(e, Q(1, 4)), alignment=rho) for e in ([1, 2, 2], FirstAxis(3)))
        assert one.coefficients() == other.coefficients()
        alpha, beta = one.coefficients()
        assert 3 * alpha + beta == TwoAtom(FirstAxis(3), Q(1, 4)).dimension_factor(Alignment(rho))


@pytest.mark.parametrize("digits", [30, "exact"])
@pytest.mark.parametrize(
    "law",
    [
        Following(Guided(FirstAxis(2), 0.6)),
        Guided([1, 2], 0.6),
        ImportanceBlocks([1, 1], [0.25, 0.75]),
        Rademacher(2, 0.5),
    ],
    ids=lambda law: type(getattr(law, "law", law)).__name__,
)
def test_laws_in_floats_are_not_given_more_digits_than_they_have(law, digits):
    with pytest.raises(InvalidArgument, match=r"^law = .*floats"):
        QuadraticDynamics([Q(1), Q(2)], law, Q(1, 10), digits=digits)
    assert QuadraticDynamics([1.0, 2.0], law, 0.1).run([1, 1], 3).values[-1] > 0
