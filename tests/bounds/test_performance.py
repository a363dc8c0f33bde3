"""Worst cases over smooth functions against PEPit, quadratics, gradient descent and other functions."""

import warnings
from fractions import Fraction

import numpy as np
import pytest

from zotheory.bounds.branches import branches, outer_products
from zotheory.bounds.performance import worst_case
from zotheory.errors import InvalidArgument
from zotheory.laws import Coordinate, Empirical, Gaussian, Rademacher, Sphere

EYE = np.eye(2)


def by_pepit(dim, smoothness, step, steps, measure, start):
    """The same for the coordinate law, from PEPit's block partitions."""
    from PEPit import PEP
    from PEPit.functions import SmoothConvexFunction

    problem = PEP()
    partition = problem.declare_block_partition(d=dim)
    f = problem.declare_function(SmoothConvexFunction, L=smoothness)
    best = f.stationary_point()
    value = f(best)
    x0 = problem.set_initial_point()
    problem.set_initial_condition(f(x0) - value <= 1 if start == "gap" else (x0 - best) ** 2 <= 1)
    level, total = [x0], 0
    for t in range(steps):
        gradients = [f.gradient(x) for x in level]
        total = total + sum((g**2 for g in gradients), start=0 * x0**2) * (1 / len(level) / steps)
        # v v^T = d e_j e_j^T
        level = [
            x - step * dim * partition.get_block(g, j)
            for x, g in zip(level, gradients, strict=True)
            for j in range(dim)
        ]
        assert len(level) == dim ** (t + 1)
    final = sum(((f(x) - value) * (1 / len(level)) for x in level), start=0 * (f(x0) - value))
    problem.set_performance_metric(total if measure == "gradient" else final)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return problem.solve(verbose=0)


@pytest.mark.parametrize(
    ("dim", "steps", "measure", "start", "step"),
    [
        (2, 1, "value", "distance", 0.5),
        (2, 2, "gradient", "gap", 0.5),
        (2, 2, "gradient", "gap", 0.9),
        (2, 2, "value", "distance", 0.7),
        (3, 1, "value", "distance", 0.2),
        (3, 2, "gradient", "distance", 0.3),
    ],
)
def test_pepit_finds_the_same_worst_case_of_coordinate_steps(dim, steps, measure, start, step):
    found = worst_case(
        Coordinate(dim), smoothness=2, step=step / 2, steps=steps, measure=measure, start=start
    )
    assert found.value == pytest.approx(by_pepit(dim, 2, step / 2, steps, measure, start), rel=1e-4)


@pytest.mark.parametrize("ratio", [0.3, 1.0, 1.5, 1.9])
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_in_one_dimension_it_is_the_worst_case_of_gradient_descent(ratio, steps):
    # Drori and Teboulle, arXiv 1206.3209: L/2 max(1/(2 T h + 1), (1 - h)^(2 T)) with h = eta L.
    law = Rademacher(1, delta=2)  # v v^T = 2
    found = worst_case(law, smoothness=3, step=ratio / 6, steps=steps, measure="value", start="distance")
    assert found.value == pytest.approx(
        1.5 * max(1 / (2 * steps * ratio + 1), (1 - ratio) ** (2 * steps)), rel=1e-5
    )


def quadratic_measures(law, h, x, step, steps):
    """Mean squared gradient and final value on x^T h x / 2, path by path."""
    weights, squares = outer_products(law)
    level, total = [(1.0, x)], 0.0
    for _ in range(steps):
        total += sum(p * (h @ y) @ (h @ y) for p, y in level) / steps
        level = [
            (p * w, y - step * square @ h @ y)
            for p, y in level
            for w, square in zip(weights, squares, strict=True)
        ]
    return total, sum(p * y @ h @ y / 2 for p, y in level)


@pytest.mark.parametrize("functions", ["convex", "smooth"])
@pytest.mark.parametrize(
    "law",
    [Coordinate(2), Rademacher(2), Rademacher(3), Empirical([[2, 0], [0, 1], [0, 1], [0, 1], [0, 1]])],
    ids=["coordinate", "rademacher 2", "rademacher 3", "unequal weights"],
)
def test_no_quadratic_does_worse(law, functions):
    rng = np.random.default_rng(5)
    step = 0.6 / law.dim
    found = worst_case(law, smoothness=1, step=step, steps=2, functions=functions)
    for _ in range(200):
        rotation, _ = np.linalg.qr(rng.standard_normal((law.dim, law.dim)))
        h = rotation @ np.diag(rng.uniform(0, 1, law.dim) ** 2) @ rotation.T
        x = rng.standard_normal(law.dim)
        x /= np.sqrt(x @ h @ x / 2)  # f(x) - f* = 1
        assert quadratic_measures(law, h, x, step, 2)[0] <= found.value * (1 + 1e-6)


def test_small_steps_are_worst_on_the_roundest_quadratic():
    law, step = Rademacher(3), 0.1
    x = np.array([np.sqrt(2), 0, 0])
    value, _ = quadratic_measures(law, np.eye(3), x, step, 2)
    assert worst_case(law, smoothness=1, step=step, steps=2).value == pytest.approx(value, rel=1e-6)


def test_no_smooth_function_without_a_quadratic_shape_does_worse():
    """Huber functions and cosines, convex and not, in random directions."""
    rng, law, step, steps = np.random.default_rng(6), Coordinate(2), 0.4, 2
    limits = {
        kind: worst_case(law, smoothness=1, step=step, steps=steps, functions=kind).value
        for kind in ("convex", "smooth")
    }
    weights, squares = outer_products(law)
    for kind, height, slope in (
        ("convex", lambda u: np.where(abs(u) < 1, u**2 / 2, abs(u) - 0.5), lambda u: np.clip(u, -1, 1)),
        ("smooth", lambda u: 1 - np.cos(u), np.sin),
    ):
        for _ in range(100):
            e = rng.standard_normal(2)
            e /= np.linalg.norm(e)
            x = rng.standard_normal(2) * 3
            level, total = [(1.0, x)], 0.0
            for _ in range(steps):
                total += sum(p * slope(y @ e) ** 2 for p, y in level) / steps
                level = [
                    (p * w, y - step * square @ (slope(y @ e) * e))
                    for p, y in level
                    for w, square in zip(weights, squares, strict=True)
                ]
            # Another size of f: f/c with gap one is 1-smooth only if c >= 1.
            gap = float(height(x @ e))
            if gap <= 1:
                assert total <= limits[kind] + 1e-7


def test_a_larger_class_and_a_longer_step_than_stable_do_worse():
    law = Coordinate(2)
    kinds = [
        worst_case(law, smoothness=1, step=0.9, steps=2, functions=kind).value
        for kind in ("convex", "smooth")
    ]
    assert kinds[1] >= kinds[0] - 1e-7
    # On L/2 |x|^2 the factor a step is E|x+|^2/|x|^2 = 1 - 2 eta + 2 eta^2, above one from eta = 1.
    grown = worst_case(law, smoothness=1, step=2.0, steps=2).value
    assert grown >= (1 + (1 - 4 + 8)) * 2 / 2 - 1e-6


def test_the_bound_is_rebuilt_from_multipliers():
    found = worst_case(Rademacher(2), smoothness=1, step=0.3, steps=2)
    assert found.residual < 1e-7
    assert found.bound == pytest.approx(found.value, rel=1e-6)
    assert not found.gram.flags.writeable


def test_opposite_perturbations_share_a_branch():
    weights, squares = outer_products(Empirical([[1, 1], [-1, -1], [1, -1], [-1, 1]]))
    assert weights == [0.5, 0.5]
    assert np.allclose(sum(w * s for w, s in zip(weights, squares, strict=True)), EYE)
    rademacher = outer_products(Rademacher(3, delta=Fraction(1, 2)))
    assert np.allclose(sum(w * s for w, s in zip(*rademacher, strict=True)), np.eye(3) / 2)
    tree = branches(Coordinate(3), 0.1, 2)
    assert (tree.count, sum(p for p, n in zip(tree.probability, tree.depth, strict=True) if n == 2)) == (
        13,
        pytest.approx(1),
    )


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"law": Gaussian(2)}, "law"),
        ({"law": Sphere(2)}, "law"),
        ({"law": 3}, "law"),
        ({"law": Rademacher(13)}, "law"),
        ({"smoothness": 0}, "smoothness"),
        ({"step": -1}, "step"),
        ({"steps": 0}, "steps"),
        ({"steps": 9}, "steps"),
        ({"measure": "speed"}, "measure"),
        ({"start": "x"}, "start"),
        ({"functions": "concave"}, "functions"),
        ({"functions": "smooth", "start": "distance"}, "start"),
    ],
)
def test_bad_input(change, name):
    arguments = {"law": Coordinate(2), "smoothness": 1, "step": 0.1, "steps": 2} | change
    with pytest.raises(InvalidArgument, match=f"^{name}"):
        worst_case(arguments.pop("law"), **arguments)


@pytest.mark.parametrize("measure", ["value", "gradient"])
def test_too_many_steps_are_named_as_given(measure):
    with pytest.raises(InvalidArgument, match=r"^steps = 9:"):
        worst_case(Coordinate(2), smoothness=1, step=0.1, steps=9, measure=measure)
