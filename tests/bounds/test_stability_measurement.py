import math
from itertools import product

import numpy as np
import pytest

from zotheory.bounds.stability.bound import uniform_stability
from zotheory.bounds.stability.measurement import measure_stability
from zotheory.errors import InvalidArgument, NotUnbiased
from zotheory.laws import (
    Coordinate,
    Empirical,
    Gaussian,
    ImportanceBlocks,
    OrthonormalFrame,
    Rademacher,
    Sphere,
)
from zotheory.rng import stream


def linear(x, z):
    return np.sum(x * z, axis=1)


def logistic(x, z):
    """log(1 + exp(-y u.x)) for z = (u, y)."""
    return np.logaddexp(0.0, -z[:, -1] * np.sum(x * z[:, :-1], axis=1))


def sigmoid(x, z):
    """(1 - tanh(y u.x)) / 2: |h'| <= 1/2 and |h''| <= 2/(3 sqrt 3) for h(s) = (1 - tanh s)/2."""
    return (1 - np.tanh(z[:, -1] * np.sum(x * z[:, :-1], axis=1))) / 2


def classification(samples, dim, seed):
    """Return samples (u, y) with |u| = 1, and replacements of the first two by hostile ones."""
    rng = stream(seed, "stability data")
    u = rng.standard_normal((samples, dim))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    y = np.sign(u[:, :1] + 0.3 * rng.standard_normal((samples, 1)))
    data = np.hstack([u, y])
    others = data[:2] * np.array([1.0] * dim + [-1.0])
    return data, [0, 1], others


def test_one_step_on_a_linear_loss_attains_the_bound():
    # w = 2 G e_1 and v in {-1, 1}^d: |v (v.w)| = 2 G sqrt(d) = 2 G sqrt(V), with probability 1/N.
    data = np.zeros((4, 3))
    data[:, 0] = 1.0
    found = measure_stability(
        linear, data, [2], -data[:1], Rademacher(3), start=[0, 0, 0], step_size=0.2, steps=1, mu=0.5,
        trials=20_000, rng=1,
    )  # fmt: skip
    exact = 0.25 * 0.2 * 2 * math.sqrt(3)
    assert found.distance.low[0] <= exact <= found.distance.high[0]
    # A linear loss has every curvature from 0 up: any L > 0 will do.
    bound = uniform_stability(
        Rademacher(3), smoothness=1e-9, lipschitz=1, curvature=0, samples=4, step_size=0.2, steps=1
    )
    assert bound.distance == pytest.approx(exact)


@pytest.mark.parametrize("central", [False, True])
def test_distances_and_losses_against_all_paths(central):
    # Two steps on quadratics l = z.x + |x|^2/2 in R^2; every sequence of indices and of signs.
    rows, other, eta, mu, start = (
        np.array([[1.0, 0.5], [-1.0, 2.0]]),
        np.array([3.0, -1.0]),
        0.3,
        0.4,
        (1, -1),
    )

    def loss(x, z):
        return np.sum(x * z, axis=1) + np.sum(x**2, axis=1) / 2

    def slope(x, z, v):
        ahead = loss((x + mu * v)[None], z[None])[0]
        if central:
            return (ahead - loss((x - mu * v)[None], z[None])[0]) / (2 * mu)
        return (ahead - loss(x[None], z[None])[0]) / mu

    ends = []
    for path in product(product(range(2), product([1, -1], repeat=2)), repeat=2):
        pair = [np.array(start, dtype=float)] * 2
        for index, signs in path:
            v = np.array(signs, dtype=float)
            seen = [rows[index], other if index == 0 else rows[index]]
            pair = [x - eta * slope(x, z, v) * v for x, z in zip(pair, seen, strict=True)]
        ends.append(pair)
    distance = np.mean([np.linalg.norm(x - y) for x, y in ends])
    test = np.array([[0.0, 1.0], [2.0, 2.0]])
    losses = [
        np.mean([loss(x[None], z[None])[0] - loss(y[None], z[None])[0] for x, y in ends]) for z in test
    ]
    found = measure_stability(
        loss, rows, [0], [other], Rademacher(2), start=start, step_size=eta, steps=2, mu=mu, trials=40_000,
        rng=2, central=central, test=test,
    )  # fmt: skip
    assert found.distance.low[0] <= distance <= found.distance.high[0]
    assert np.all(found.loss.low[0] <= losses)
    assert np.all(found.loss.high[0] >= losses)
    assert found.distance.high[0] - found.distance.low[0] < 0.1 * distance
    assert found.stability == pytest.approx(np.abs(losses).max(), rel=0.1)
    assert found.stability_low <= np.abs(losses).max()


def test_after_many_passes_of_a_linear_loss_the_bound_is_within_a_factor():
    # d = eta sum over passes of v (v.w): E|d|^2 = (2 eta G)^2 (K^2 + K (d - 1)).
    data = np.eye(1, 9).repeat(3, axis=0)
    for passes in (1, 4, 16):
        found = measure_stability(
            linear, data, [1], -data[:1], Rademacher(9), start=np.zeros(9), step_size=0.1, steps=3 * passes,
            mu=1, trials=4_000, rng=3, order="permutation",
        )  # fmt: skip
        bound = uniform_stability(
            Rademacher(9), smoothness=1e-9, lipschitz=1, curvature=0, samples=3, step_size=0.1,
            steps=3 * passes, order="permutation",
        )  # fmt: skip
        assert found.distance.high[0] <= 0.2 * math.sqrt(passes**2 + 8 * passes) * 1.02
        assert 0.7 * bound.distance <= found.distance.high[0]
        assert found.distance.low[0] <= bound.distance * (1 + 1e-12)


LAWS = {
    "gaussian": Gaussian(5),
    "sphere": Sphere(5),
    "signs": Rademacher(5),
    "coordinate": Coordinate(5),
    "blocks": ImportanceBlocks([4, 1], [0.3, 0.7]),
    "frame": OrthonormalFrame(5, 2),
}


@pytest.mark.parametrize("order", ["replacement", "permutation"])
@pytest.mark.parametrize("name", LAWS)
def test_logistic_regression_stays_below_the_bound(name, order):
    law, (data, places, others) = LAWS[name], classification(20, 5, 1)
    eta = 2 / (0.25 * 2 * law.dim**2)  # below 2/(L V) for each of these laws, delta = 1
    bound = uniform_stability(
        law,
        smoothness=0.25,
        lipschitz=1,
        curvature=0,
        samples=20,
        step_size=eta,
        steps=60,
        mu=0.05,
        order=order,
    )
    found = measure_stability(
        logistic, data, places, others, law, start=np.zeros(5), step_size=eta, steps=60, mu=0.05,
        trials=500, rng=stream(4, name, order), order=order,
    )  # fmt: skip
    assert np.all(found.distance.low <= bound.distance)
    assert found.stability_low <= bound.stability
    # Not vacuous: the gradients differ by at most 2G only in the worst case, here by about G.
    assert found.distance.value.max() > 0.15 * bound.distance


def test_a_sigmoid_loss_stays_below_the_growing_bound():
    law, (data, places, others) = Sphere(4), classification(30, 4, 2)
    settings = dict(step_size=0.1, steps=40, mu=0.1)
    top = 2 / (3 * math.sqrt(3))
    bound = uniform_stability(
        law, smoothness=top, lipschitz=0.5, curvature=-top, samples=30, loss_range=1, **settings
    )
    found = measure_stability(
        sigmoid, data, places, others, law, start=np.zeros(4), trials=1_000, rng=5, **settings
    )
    assert np.all(found.distance.low <= bound.distance)
    assert found.stability_low <= bound.stability
    assert found.distance.value.max() > 0.05 * bound.distance


def test_projected_strongly_convex_runs_stay_below_the_bound():
    law, (data, places, others), c, radius = Sphere(3), classification(10, 3, 3), 0.5, 1.5

    def loss(x, z):
        return logistic(x, z) + c / 2 * np.sum(x**2, axis=1)

    def project(x):
        return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True) / radius, 1.0)

    settings = dict(step_size=0.2, steps=150, mu=0.05)
    bound = uniform_stability(
        law, smoothness=0.25 + c, lipschitz=1 + c * radius, curvature=c, samples=10, **settings
    )
    found = measure_stability(
        loss, data, places, others, law, start=np.zeros(3), trials=400, rng=6, project=project, **settings
    )
    assert np.all(found.distance.low <= bound.distance)
    assert found.stability_low <= bound.stability
    assert found.distance.value.max() > 0.1 * bound.distance


def test_a_step_beyond_the_range_can_exceed_the_convex_formula():
    # l = u.x + |x|^2/2, L = 1, signs in R^3: the growth 1 - 2 eta + 3 eta^2 exceeds 1 for eta > 2/3.
    def loss(x, z):
        return np.sum(x * z, axis=1) + np.sum(x**2, axis=1) / 2

    data = np.eye(3)[[0, 0]]
    found = measure_stability(
        loss, data, [0], -data[:1], Rademacher(3), start=np.zeros(3), step_size=1.5, steps=12, mu=0.1,
        trials=4_000, rng=7,
    )  # fmt: skip
    # What "visits" would give for G = 1 without its condition: A (tau - P) + B sqrt(tau P).
    tau, met = 6.0, 1 - 0.5**12
    assert found.distance.low[0] > 3 * (tau - met) + 3 * math.sqrt(3 * tau * met)


def test_runs_that_see_the_same_samples_coincide():
    data, places, _ = classification(6, 4, 4)
    found = measure_stability(
        logistic, data, places, data[:2], Gaussian(4), start=np.ones(4), step_size=0.3, steps=20, mu=0.7,
        trials=10, rng=8,
    )  # fmt: skip
    assert np.all(found.distance.value == 0)
    assert found.stability == 0


@pytest.mark.parametrize("order", ["replacement", "permutation"])
def test_every_pass_of_a_permutation_has_a_new_order(order):
    seen = []

    def loss(x, z):
        seen.append(z[0, 0])
        return np.zeros(len(x))

    measure_stability(
        loss, np.arange(7.0)[:, None], [0], [[0.0]], Rademacher(1), start=[0], step_size=0.1, steps=21,
        mu=1, trials=2, rng=11, order=order,
    )  # fmt: skip
    first = np.array(seen[: 2 * 21 : 2]).reshape(3, 7)  # of every two calls of a step, in the first run
    assert (np.sort(first, axis=1) == np.arange(7)).all() == (order == "permutation")
    assert not np.array_equal(first[0], first[1])


@pytest.mark.parametrize(("count", "quantile"), [(1, 2.5758293035), (2, 2.8070337683)])
def test_intervals_have_the_width_of_the_normal_approximation(count, quantile):
    # |d| is 2 eta with probability 1/4, else 0: variance (2 eta)^2 3/16. The quantiles are those of
    # P(|Z| > q) = 0.01 and 0.005, from tables.
    found = measure_stability(
        linear, np.ones((4, 1)), [1] * count, -np.ones((count, 1)), Rademacher(1), start=[0], step_size=0.5,
        steps=1, mu=1, trials=50_000, rng=12,
    )  # fmt: skip
    width = found.distance.high - found.distance.low
    assert width == pytest.approx(2 * quantile * math.sqrt(3 / 16 / 50_000), rel=0.02)


def test_results_depend_on_the_seed_alone():
    data, places, others = classification(6, 4, 4)
    runs = [
        measure_stability(
            logistic, data, places, others, Gaussian(4), start=np.zeros(4), step_size=0.3, steps=5, mu=0.7,
            trials=10, rng=seed,
        ).distance.value
        for seed in (9, 9, 10)
    ]  # fmt: skip
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def measured(**changes):
    arguments = dict(
        loss=linear, data=np.ones((3, 2)), places=[0], replacements=[[0.0, 1.0]], law=Rademacher(2),
        start=[0, 0], step_size=0.1, steps=2, mu=0.1, trials=3, rng=0,
    )  # fmt: skip
    return measure_stability(**{**arguments, **changes})


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        (dict(loss=None), "loss"),
        (dict(loss=lambda x, z: 1.0), "loss"),
        (dict(loss=lambda x, z: x), "loss"),
        (dict(loss=lambda x, z: x @ z), "loss"),
        (dict(loss=lambda x, z: np.full(len(x), np.nan)), "loss"),
        (dict(loss=lambda x, z: np.full(len(x), "a")), "loss"),
        (dict(data=[]), "data"),
        (dict(data=3.0), "data"),
        (dict(data=[[1, math.nan]]), "data"),
        (dict(data=[["a", "b"]]), "data"),
        (dict(data=[[1], [1, 2]]), "data"),
        (dict(replacements=[0.0]), "replacements"),
        (dict(replacements=np.zeros((1, 3))), "replacements"),
        (dict(places=[3]), "places"),
        (dict(places=[-1]), "places"),
        (dict(places=[0, 1]), "places"),
        (dict(places=[0.5]), "places"),
        (dict(law="signs"), "law"),
        (dict(start=[0, 0, 0]), "start"),
        (dict(start=[0, math.inf]), "start"),
        (dict(step_size=0), "step_size"),
        (dict(steps=0), "steps"),
        (dict(mu=0), "mu"),
        (dict(trials=1), "trials"),
        (dict(confidence=1), "confidence"),
        (dict(confidence=0), "confidence"),
        (dict(order="cyclic"), "order"),
        (dict(project=3), "project"),
        (dict(project=lambda x: x[:1]), "project"),
        (dict(test=np.ones((2, 5))), "test"),
        (dict(rng=None), "rng"),
    ],
)
def test_bad_arguments_are_named(changes, name):
    with pytest.raises(InvalidArgument) as error:
        measured(**changes)
    assert error.value.argument == name


def test_a_law_that_breaks_its_contract_is_refused():
    with pytest.raises(NotUnbiased):
        measured(law=Empirical([[1, 0], [0, 2]]))
