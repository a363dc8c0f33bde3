"""Simulated descents against exact dynamics, and their bad input."""

import numpy as np
import pytest

from zotheory.bounds import QuadraticDynamics
from zotheory.bounds.dynamics.following import Following
from zotheory.bounds.simulation import perturbations, simulate_descent
from zotheory.errors import InvalidArgument, NotUnbiased
from zotheory.laws import DAP, FirstAxis, Gaussian, Guided, Rademacher, Sphere, TwoAtom
from zotheory.rng import stream

H = np.array([0.2, 0.5, 1.0, 1.5])
X = [1, -1, 0.5, 2]


def value(points):
    return (points**2 * H).sum(axis=1) / 2


def gradient(points):
    return points * H


LAWS = [
    Sphere(4),
    Rademacher(4, delta=0.5),
    Gaussian(4),
    Following(DAP(FirstAxis(4))),
    Following(DAP([1, 2, 3, 4], complement="gaussian")),
    Following(TwoAtom([0, 1, 0, 2], p=0.5)),
    Following(Guided(FirstAxis(4), alignment=0.6)),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(getattr(law, "law", law)).__name__)
@pytest.mark.parametrize("sigma", [0, 1.5])
def test_descents_have_the_value_of_exact_dynamics(law, sigma):
    runs = simulate_descent(value, gradient, law, X, 3, step=0.1, steps=5, trials=20_000, sigma=sigma)
    exact = QuadraticDynamics(H, law, 0.1, noise=np.full(4, sigma**2 / 4) if sigma else None)
    ends = value(runs.ends)
    assert ends.mean() == pytest.approx(exact.run(X, 5).values[-1], abs=5 * ends.std() / np.sqrt(len(ends)))
    assert runs.queries == 10


def test_a_law_that_follows_the_exact_gradient_is_independent_of_the_noise():
    """One step from the two-atom law's definition: along the exact gradient, or uniform across it."""
    p, sigma, step = 0.8, 2.0, 0.05
    law, x, size = Following(TwoAtom(FirstAxis(4), p=p)), np.array(X, dtype=float), 200_000
    rng = stream(6, "exact")
    a = x * H
    unit = a / np.linalg.norm(a)
    across = rng.standard_normal((size, 4))
    across -= np.outer(across @ unit, unit)
    across *= np.sqrt(3 / (1 - p)) / np.linalg.norm(across, axis=1, keepdims=True)
    v = np.where(rng.random((size, 1)) < p, unit / np.sqrt(p), across)
    sampled = a + rng.normal(0, sigma / 2, (size, 4))
    expected = value(x - step * np.einsum("nd,nd->n", sampled, v)[:, None] * v)
    found = {
        follow: value(
            simulate_descent(
                value, gradient, law, X, 7, step=step, steps=1, trials=size, sigma=sigma, follow=follow
            ).ends
        )
        for follow in ("exact", "sampled")
    }
    error = np.hypot(expected.std(), found["exact"].std()) / np.sqrt(size)
    assert abs(found["exact"].mean() - expected.mean()) < 5 * error
    assert abs(found["sampled"].mean() - expected.mean()) > 20 * error


@pytest.mark.parametrize("law", LAWS[3:], ids=lambda law: type(law.law).__name__)
def test_following_perturbations_are_unbiased_about_every_direction(law):
    rng = stream(4, "following")
    for direction in ([1, 0, 0, 0], [-1, 0, 0, 0], [1, -2, 0.5, 0], [0, 0, 0, 0]):
        v = perturbations(law, np.tile(np.array(direction, dtype=float), (40_000, 1)), rng)
        assert np.allclose(v.T @ v / len(v), np.eye(4), atol=0.1)
        if isinstance(law.law, DAP) and any(direction):
            unit = np.array(direction) / np.linalg.norm(direction)
            assert np.allclose((v @ unit) ** 2, 1)


def test_alignment_is_that_of_the_guide():
    law = Following(DAP(FirstAxis(5)), alignment=0.8)
    v = perturbations(law, np.tile([0.0, 0, 2, 0, 0], (20_000, 1)), stream(5, "alignment"))
    # s = (a.v)^2 about e at alignment rho: E s^2 = 1 + (directional variance) from the law's own formula.
    fourth = (v[:, 2] ** 4).mean()
    assert fourth == pytest.approx(
        float(DAP([1, 0, 0, 0, 0]).directional_fourth_moment([0.8, 0.6, 0, 0, 0])), rel=0.03
    )


def test_mean_squared_gradients_and_the_first_time_below():
    runs = simulate_descent(value, gradient, Sphere(4), X, 0, step=0.1, steps=200, trials=4)
    assert runs.squared_gradients.shape == (200, 4)
    start = (np.array(X) * H) @ (np.array(X) * H)
    assert np.allclose(runs.squared_gradients[0], start)
    assert runs.first_below(2 * start) == 1
    first = runs.first_below(start / 4)
    means = [runs.squared_gradients[:t].mean() for t in range(1, 201)]
    assert first == next(t for t, mean in enumerate(means, start=1) if mean <= start / 4)
    assert runs.first_below(1e-30) is None
    again = simulate_descent(value, gradient, Sphere(4), X, 0, step=0.1, steps=200, trials=4)
    assert np.array_equal(again.ends, runs.ends)


def test_runs_with_steps_of_their_own_go_on_from_where_they_ended():
    steps = np.repeat([0.05, 0.2], 20_000)
    rng = stream(8, "own steps")
    first = simulate_descent(value, gradient, Sphere(4), X, rng, step=steps, steps=3, trials=len(steps))
    then = simulate_descent(
        value, gradient, Sphere(4), first.ends, rng, step=steps, steps=2, trials=len(steps)
    )
    assert np.allclose(then.squared_gradients[0], (gradient(first.ends) ** 2).sum(axis=1))
    for step in (0.05, 0.2):
        ends = value(then.ends[steps == step])
        expected = QuadraticDynamics(H, Sphere(4), step).run(X, 5).values[-1]
        assert ends.mean() == pytest.approx(expected, abs=5 * ends.std() / np.sqrt(len(ends)))


class Biased(Sphere):
    def second_moment(self):
        return 2 * super().second_moment()

    def unbiasedness_defect(self):
        return 1.0


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"start": [1, 2]}, "start"),
        ({"start": [1, 2, 3, float("nan")]}, "start"),
        ({"step": 0}, "step"),
        ({"step": [0.1, 0.0]}, "step"),
        ({"step": [0.1, 0.1, 0.1]}, "step"),
        ({"step": float("inf")}, "step"),
        ({"start": [X, X, X]}, "start"),
        ({"step": 1e200}, "step"),
        ({"steps": 0}, "steps"),
        ({"trials": 0}, "trials"),
        ({"mu": -1}, "mu"),
        ({"mu": float("nan")}, "mu"),
        ({"mu": [1e-6]}, "mu"),
        ({"objective": 5}, "objective"),
        ({"gradient": None}, "gradient"),
        ({"sigma": -1}, "sigma"),
        ({"follow": "noisy"}, "follow"),
        ({"objective": lambda X: X}, "objective"),
        ({"gradient": lambda X: X[:, 0]}, "gradient"),
        ({"law": 3}, "law"),
    ],
)
def test_bad_input(change, name):
    arguments = {
        "objective": value,
        "gradient": gradient,
        "law": Sphere(4),
        "start": X,
        "rng": 0,
        "step": 0.1,
        "steps": 3,
        "trials": 2,
    } | change
    first = [arguments.pop(key) for key in ("objective", "gradient", "law", "start", "rng")]
    with pytest.raises(InvalidArgument, match=f"^{name}"):
        simulate_descent(*first, **arguments)


def test_a_law_that_breaks_its_contract_is_refused():
    with pytest.raises(NotUnbiased):
        simulate_descent(value, gradient, Biased(4), X, 0, step=0.1, steps=1, trials=1)


@pytest.mark.parametrize("law", [Sphere(4), Gaussian(4), Following(DAP(FirstAxis(4)))], ids=repr)
def test_the_limit_is_approached_by_small_smoothing(law):
    """Forward quotients along the same draws differ from grad f.v by mu v^T H v / 2."""

    def ends(mu):
        return simulate_descent(value, gradient, law, X, 5, step=0.1, steps=30, trials=8, mu=mu).ends

    gap, smaller = (np.abs(ends(mu) - ends(0)).max() for mu in (1e-3, 1e-5))
    assert 0 < gap < 0.1
    assert smaller == pytest.approx(gap / 100, rel=0.05)


def test_an_offset_changes_nothing_without_smoothing_and_is_refused_where_it_costs_all_digits():
    options = dict(step=0.1, steps=20, trials=6)

    def lifted(points):
        return value(points) + 1e12

    plain = simulate_descent(value, gradient, Sphere(4), X, 0, **options)
    again = simulate_descent(lifted, gradient, Sphere(4), X, 0, **options)
    assert np.array_equal(plain.ends, again.ends)
    with pytest.raises(InvalidArgument, match=r"^mu = 1e-06: at step 0 .*lost all digits"):
        simulate_descent(lifted, gradient, Sphere(4), X, 0, mu=1e-6, **options)
    # Single precision inside the objective: every difference is zero.
    with pytest.raises(InvalidArgument, match="lost all digits"):
        simulate_descent(
            lambda x: value(x).astype(np.float32), gradient, Sphere(4), X, 0, mu=1e-12, **options
        )


def test_smoothing_that_dominates_near_a_minimum_is_not_round_off():
    runs = simulate_descent(
        lambda x: 1 + value(x), gradient, Sphere(4), X, 0, step=0.3, steps=600, trials=20, mu=1e-6
    )
    # The estimate's own excess mu v^T H v / 2 holds the runs at a distance of the order of mu.
    assert 0 < np.abs(runs.ends).max() < 1e-4
    flat = simulate_descent(
        lambda x: 1 + 0 * x[:, 0], lambda x: 0 * x, Sphere(4), X, 0, step=1, steps=3, trials=2, mu=1e-6
    )
    assert np.array_equal(flat.ends, np.tile(X, (2, 1)))


@pytest.mark.parametrize("start", [X, [0, 0, 0, 0]])
@pytest.mark.parametrize("mu", [0, 1e-3])
def test_runs_that_diverge_say_when(start, mu):
    """Growth by about a factor of ten each step, from the start or from the first step off zero."""

    def shifted(points):
        return gradient(points - 1)

    with pytest.raises(InvalidArgument, match=r"^step = 20: a run diverged at step \d+: give a smaller"):
        simulate_descent(
            lambda x: value(x - 1), shifted, Sphere(4), start, 0, step=20, steps=1000, trials=3, mu=mu
        )
