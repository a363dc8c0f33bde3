from dataclasses import replace
from fractions import Fraction as F

import pytest
import sympy as sp

from zotheory.bounds import (
    DecreasingSteps,
    Descent,
    LawMoments,
    NonconvexBound,
    PolyakBound,
    decreasing_complexity,
    nonconvex_complexity,
    polyak_complexity,
)
from zotheory.errors import InvalidArgument
from zotheory.laws import Gaussian, Rademacher, Sphere

CASES = [
    Descent(LawMoments.of(Sphere(5)), 2),
    Descent(LawMoments.of(Sphere(5)), 2, F(1, 100)),
    Descent(LawMoments.of(Gaussian(3, 2)), F(1, 2), F(1, 50), F(1, 3)),
    Descent(LawMoments.of(Rademacher(4), batch=3), 3, 0, 1, scheme="central"),
]
ids = ["plain", "smoothed", "noisy", "batch"]


@pytest.mark.parametrize("descent", CASES, ids=ids)
@pytest.mark.parametrize("share", [None, F(1, 9)])
def test_the_smallest_number_of_steps(descent, share):
    epsilon, gap = F(2, 5), 4
    found = nonconvex_complexity(
        descent, gap, epsilon, None if share is None else share * descent.step_limit / 50
    )
    assert NonconvexBound(found.descent, gap, found.step, found.iterations).total <= epsilon
    assert NonconvexBound(found.descent, gap, found.step, found.iterations - 1).total > epsilon
    assert replace(found.descent, omega=descent.omega, theta=descent.theta) == descent
    queries = {"forward": descent.moments.batch + 1, "central": 2 * descent.moments.batch}[descent.scheme]
    assert found.queries == queries * found.iterations
    if share is None:  # no other step needs fewer
        for k in range(1, 40):
            step = found.descent.step_limit * F(k, 40)
            assert NonconvexBound(found.descent, gap, step, max(1, found.iterations - 1)).total > epsilon


@pytest.mark.parametrize("descent", CASES, ids=ids)
@pytest.mark.parametrize("scale", [None, F(1, 200)])
def test_a_constant_step_under_pl(descent, scale):
    epsilon, gap, pl = F(1, 10), 4, F(1, 3)
    found = polyak_complexity(
        descent, gap, pl, epsilon, None if scale is None else scale * descent.step_limit
    )

    def total(t):
        return float(PolyakBound(found.descent, gap, pl, found.step, t).total)

    assert (
        total(found.iterations) <= float(epsilon) * (1 + 1e-12) < total(found.iterations - 1) * (1 + 1e-9)
    )


def test_an_exact_power_is_not_pushed_up():
    descent = Descent(LawMoments.of(Sphere(4)), 2)  # q = 7/8 at the fastest step for c = 1
    assert polyak_complexity(descent, 1, 1, F(7, 8) ** 5).iterations == 5
    assert polyak_complexity(descent, 1, 1, 2).iterations == 0
    assert polyak_complexity(Descent(LawMoments.of(Rademacher(1)), 1), 1, 1, F(1, 100)).iterations == 1


@pytest.mark.parametrize("descent", CASES, ids=ids)
def test_decreasing_steps(descent):
    epsilon, gap, pl = F(1, 10), 4, F(1, 3)
    found = decreasing_complexity(descent, gap, pl, epsilon)
    steps = DecreasingSteps(descent, gap, pl)
    assert steps.total(found.iterations) <= epsilon < steps.total(found.iterations - 1)


def test_floats_are_read_as_the_fractions_they_are():
    descent = Descent(LawMoments.of(Gaussian(3, 0.7)), 1.3, 0.01, 0.4)
    found = nonconvex_complexity(descent, 2.5, 0.05)
    assert isinstance(found.iterations, int)
    bound = NonconvexBound(found.descent, 2.5, found.step, found.iterations)
    assert float(bound.total) <= 0.05 * (1 + 1e-12)


def test_the_mu_that_an_error_names_works():
    descent = Descent(LawMoments.of(Sphere(10)), 2, F(1, 10))
    for count in (
        lambda d: nonconvex_complexity(d, 1, F(1, 50)),
        lambda d: polyak_complexity(d, 1, F(1, 2), F(1, 50)),
        lambda d: decreasing_complexity(d, 1, F(1, 2), F(1, 50)),
    ):
        with pytest.raises(InvalidArgument, match="smoothing distance alone") as caught:
            count(descent)
        assert caught.value.argument == "epsilon"
        named = F(str(caught.value).split("mu = ")[1].split()[0])
        assert count(replace(descent, mu=named * F(99, 100))).iterations > 0
        with pytest.raises(InvalidArgument):
            count(replace(descent, mu=2 * named))


def test_a_step_whose_floor_is_too_high_is_refused_with_one_that_works():
    descent = Descent(LawMoments.of(Sphere(10)), 2, 0, 1)
    for count in (
        lambda step: nonconvex_complexity(descent, 1, F(1, 10), step),
        lambda step: polyak_complexity(descent, 1, F(1, 2), F(1, 10), step),
    ):
        with pytest.raises(InvalidArgument, match="give a step below") as caught:
            count(descent.fastest_step)
        named = F(str(caught.value).split("below ")[-1])
        assert count(named * F(99, 100)).iterations > 0


def test_orders_in_the_dimension_and_the_accuracy():
    def steps(d, epsilon, sigma):
        mu = F(1, 1000) * epsilon / d
        return nonconvex_complexity(Descent(LawMoments.of(Sphere(d)), 1, mu, sigma), 1, epsilon).iterations

    base = steps(10, F(1, 100), 10)
    assert steps(1000, F(1, 100), 10) / base == pytest.approx(100, rel=0.01)
    assert steps(10, F(1, 1000), 10) / base == pytest.approx(100, rel=0.01)
    d, epsilon, gap, L = sp.symbols("d epsilon Delta L", positive=True)
    d = sp.Symbol("d", positive=True, integer=True)
    symbolic = nonconvex_complexity(Descent(LawMoments.of(Sphere(d)), L), gap, epsilon)
    numbers = symbolic.iterations.subs({d: 8, L: 2, gap: 3, epsilon: 1})
    assert numbers == nonconvex_complexity(Descent(LawMoments.of(Sphere(8)), 2), 3, 1).iterations


@pytest.mark.parametrize("descent", CASES[1:3], ids=ids[1:3])
@pytest.mark.parametrize("step", [None, F(1, 100)])
def test_no_weights_of_a_grid_need_fewer_steps(descent, step):
    """The weights come from a closed form; here weights and steps are tried."""
    epsilon, gap = F(2, 5), 4
    found = nonconvex_complexity(descent, gap, epsilon, step)
    for omega in (F(k, 100) for k in (1, 2, 5, 10, 20, 30, 50, 70)):
        for theta in (F(k, 100) for k in (1, 2, 5, 10, 20, 50, 100)):
            other = replace(descent, omega=omega, theta=theta)
            for eta in [F(k, 20) * other.step_limit for k in range(1, 20)] if step is None else [step]:
                assert NonconvexBound(other, gap, eta, found.iterations - 1).total > epsilon


def test_counts_tend_to_those_without_smoothing():
    """With weights 1/4 and 1 they would stay at 3.5 times them."""
    moments = LawMoments.of(Sphere(10))
    for count in (
        lambda d: nonconvex_complexity(d, 1, F(1, 1000)).iterations,
        lambda d: polyak_complexity(d, 1, F(1, 2), F(1, 1000)).iterations,
    ):
        counts = [count(Descent(moments, 2, mu)) for mu in (0, F(1, 10**12), F(1, 10**9), F(1, 10**4))]
        assert counts[0] <= counts[1] <= counts[0] + 1
        assert counts[1] <= counts[2] <= 1.001 * counts[0]
        assert counts[2] < counts[3] < 2 * counts[0]


def test_the_smallest_accuracy_is_that_of_the_best_weights():
    """At eta -> 0 the floor is b / (omega (1 - omega) delta), least at omega = 1/2."""
    descent = Descent(LawMoments.of(Sphere(10)), 2, F(1, 100))
    half = replace(descent, omega=F(1, 2))
    floor = half.bias / half.drift
    assert nonconvex_complexity(descent, 1, floor * F(1001, 1000)).iterations > 0
    assert polyak_complexity(descent, 1, F(1, 2), floor * F(1001, 1000)).iterations > 0
    for epsilon in (floor, floor * F(999, 1000)):
        with pytest.raises(InvalidArgument, match="smoothing distance alone"):
            nonconvex_complexity(descent, 1, epsilon)
