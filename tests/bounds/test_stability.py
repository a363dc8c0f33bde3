import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp

from zotheory.bounds.stability.bound import uniform_stability
from zotheory.errors import InvalidArgument, NotUnbiased, ZotheoryError
from zotheory.laws import (
    DAP,
    Coordinate,
    Empirical,
    Gaussian,
    ImportanceBlocks,
    Rademacher,
    RandomBlock,
    Sphere,
    TwoAtom,
)

GOOD = dict(smoothness=1, lipschitz=1, curvature=0, samples=10, step_size=0.1, steps=5, mu=0.1)
LAWS = [
    Sphere(3, 2),
    Gaussian(3),
    Rademacher(4),
    Coordinate(3),
    DAP([1, 2, 2]),
    TwoAtom([1, 0, 0], p=Fraction(1, 3)),
    ImportanceBlocks([3, 1], [0.5, 0.5]),
    RandomBlock(4, 2),
]


def bound(law=None, **changes):
    return uniform_stability(law or Rademacher(3), **{**GOOD, **changes})


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_the_factor_is_the_largest_over_directions_and_at_least_the_dimension(law):
    found = bound(law, step_size=1e-3).dimension_factor
    directions = np.concatenate([np.random.default_rng(5).standard_normal((200, law.dim)), np.eye(law.dim)])
    seen = max(float(law.dimension_factor(a)) for a in directions)
    assert found >= seen * (1 - 1e-12)
    assert found >= law.dim * (1 - 1e-12)
    # The eigenvector of E[n v v^T] attains it.
    matrix = np.array(law.fourth_moment(np.eye(law.dim, dtype=int)), dtype=float)
    top = np.linalg.eigh(matrix)[1][:, -1]
    assert float(law.dimension_factor(top)) == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
@pytest.mark.parametrize("curvature", [-2.0, -0.5, 0.0, 0.5, 2.0])
def test_the_growth_bounds_every_quadratic_step_and_is_attained(law, curvature):
    size = law.dim
    delta, matrix = float(law.delta), np.array(law.fourth_moment(np.eye(size, dtype=int)), dtype=float)
    eta = 2 * delta / (2.0 * np.linalg.eigvalsh(matrix)[-1])
    found = bound(law, smoothness=2, curvature=curvature, step_size=eta).growth
    rng = np.random.default_rng(1)
    for _ in range(50):
        basis = np.linalg.qr(rng.standard_normal((size, size)))[0]
        hessian = basis @ np.diag(rng.uniform(curvature, 2, size)) @ basis.T
        # E|(I - eta v v^T H) d|^2 = d^T (I - 2 eta delta H + eta^2 H M H) d
        step = np.eye(size) - 2 * eta * delta * hessian + eta**2 * hessian @ matrix @ hessian
        assert np.linalg.eigvalsh(step)[-1] <= found**2 * (1 + 1e-12)
    top = np.linalg.eigh(matrix)[1][:, -1]
    ends = []
    for k in (curvature, 2.0):
        step = np.eye(size) * (1 - 2 * eta * delta * k) + eta**2 * k**2 * matrix
        ends.append(top @ step @ top)
    assert max(ends) == pytest.approx(found**2, rel=1e-9)


def walk(path, growth, drift, noise, finite):
    """Iterate the conditional recursion over one path of indices, 0 being the differing sample."""
    distance, met = 0.0, False
    for index in path:
        met = met or index == 0
        step = growth * distance if index else math.sqrt(distance**2 + 2 * drift * distance + noise**2)
        distance = step + (finite if met else 0.0)
    return distance


@pytest.mark.parametrize("samples", [1, 2, 3])
@pytest.mark.parametrize("mu", [0, 0.3])
def test_routes_dominate_the_recursion_averaged_over_all_index_paths(samples, mu):
    law, eta, steps = Gaussian(3), 0.2, 6
    found = bound(law, samples=samples, step_size=eta, steps=steps, mu=mu, lipschitz=2)
    # Gaussian: V = d + 2, E n^3 = d (d + 2) (d + 4); L = 1, c = 0, G = 2.
    drift, noise = 2 * eta * 2, 2 * eta * 2 * math.sqrt(5)
    finite = eta * mu / 2 * math.sqrt(3 * 5 * 7)
    paths = list(product(range(samples), repeat=steps))
    exact = sum(walk(path, 1.0, drift, noise, finite) for path in paths) / len(paths)
    visits = [path.count(0) for path in paths]
    excess = sum(max(k - 1, 0) for k in visits) / len(paths)
    after = sum(steps - path.index(0) if 0 in path else 0 for path in paths) / len(paths)
    route = {route.name: route for route in found.routes}["visits"]
    assert route.drift == pytest.approx(drift * excess)
    assert route.finite_step == pytest.approx(finite * after)
    assert route.noise >= noise * sum(map(math.sqrt, visits)) / len(paths) * (1 - 1e-12)
    for other in found.routes:
        assert other.distance >= exact * (1 - 1e-12)
    square = sum(walk(path, 1.0, drift, noise, finite) ** 2 for path in paths) / len(paths)
    assert {r.name: r for r in found.routes}["mean square"].distance >= math.sqrt(square) * (1 - 1e-12)


@pytest.mark.parametrize("curvature", [-1.0, -0.3, 0.4])
def test_geometric_routes_against_their_closed_forms_and_the_recursion(curvature):
    law, eta, steps, samples, mu = Rademacher(3), 0.2, 7, 2, 0.25
    found = bound(law, curvature=curvature, step_size=eta, steps=steps, samples=samples, mu=mu)
    # Signs: V = d and E n^3 = d^3 with delta = 1; L = G = 1.
    q = math.sqrt(max(1 - 2 * eta * k + 3 * eta**2 * k**2 for k in (curvature, 1.0)))
    drift, noise, finite = 2 * eta, 2 * eta * math.sqrt(3), eta * mu * (1 - curvature) / 2 * math.sqrt(27)
    assert found.growth == pytest.approx(q)
    routes = {route.name: route for route in found.routes}
    assert routes["mean"].noise == pytest.approx(noise / samples * (q**steps - 1) / (q - 1))
    met = [1 - 0.5**t for t in range(1, steps + 1)]
    terms = [q ** (steps - t) * p for t, p in enumerate(met, start=1)]
    assert routes["mean"].finite_step == pytest.approx(finite * sum(terms))
    big = (q**2 + 1) / 2
    root = math.sqrt(big)
    assert routes["mean square"].drift == pytest.approx(
        drift / samples / root * (root**steps - 1) / (root - 1)
    )
    assert routes["mean square"].noise == pytest.approx(
        noise * math.sqrt((big**steps - 1) / (big - 1) / samples)
    )
    terms = [root ** (steps - t) * math.sqrt(p) for t, p in enumerate(met, start=1)]
    assert routes["mean square"].finite_step == pytest.approx(finite * sum(terms))
    paths = list(product(range(samples), repeat=steps))
    exact = sum(walk(path, q, drift, noise, finite) for path in paths) / len(paths)
    assert routes["mean square"].distance >= exact * (1 - 1e-12)
    assert routes["mean"].drift == 0


def test_a_permutation_visits_every_sample_once_a_pass():
    passes, samples = 3, 4
    found = bound(order="permutation", samples=samples, steps=passes * samples, mu=0.5)
    routes = {route.name: route for route in found.routes}
    assert set(routes) == {"mean", "visits"}
    drift, noise, finite = 0.2, 0.2 * math.sqrt(3), 0.1 * 0.5 / 2 * math.sqrt(27)
    assert routes["visits"].drift == pytest.approx(drift * (passes - 1))
    assert routes["visits"].noise == pytest.approx(noise * math.sqrt(passes))
    # The differing sample's first place is uniform on 1..N; the steps from there on count.
    after = np.mean([passes * samples - place + 1 for place in range(1, samples + 1)])
    assert routes["visits"].finite_step == pytest.approx(finite * after)


def test_a_strongly_convex_bound_stays_and_a_convex_one_grows():
    short, long = (bound(curvature=0.5, steps=t, mu=0).distance for t in (500, 5_000))
    assert long == pytest.approx(short, rel=1e-6)
    assert bound(steps=5_000, mu=0).distance > 5 * bound(steps=500, mu=0).distance


def test_a_small_step_of_strongly_convex_descent_forgets_the_dimension():
    # As eta -> 0 the limit is 2 G/(c N), the first-order bound, for every law.
    for law in (Rademacher(3), Gaussian(30)):
        eta, samples = 1e-5, 10
        found = bound(law, curvature=1, step_size=eta, steps=40_000, samples=samples, mu=0)
        share = 1 - math.exp(-(1 - 1 / samples) * eta * 40_000)
        first_order = 2 / samples / (1 - 1 / samples) * share
        assert found.best.name == "mean square"
        assert first_order < found.distance < first_order * 1.1


def test_with_bounded_losses_the_bound_is_the_least_over_burn_ins():
    changes = dict(curvature=-1, steps=40, samples=20, lipschitz=0.7, mu=0.2)
    found = bound(loss_range=3, **changes)
    values = []
    for t in range(40):
        met = 1 - 0.95**t
        rest = bound(**{**changes, "steps": 40 - t}).distance
        values.append(3 * met + (1 - met) * 0.7 * rest)
    values.append(3 * (1 - 0.95**40))
    assert found.stability == pytest.approx(min(values))
    assert found.burn_in == int(np.argmin(values))
    assert bound(loss_range=1e9, **changes).stability == pytest.approx(bound(**changes).stability)


def test_growth_beyond_floats_is_refused_or_capped_by_the_loss_range():
    changes = dict(curvature=-1, steps=20_000, step_size=1)
    with pytest.raises(InvalidArgument, match=r"^steps.*grows by 2\.4.* or give loss_range"):
        bound(**changes)
    assert bound(loss_range=1, **changes).stability <= 1


def test_rescaling_the_perturbation_changes_nothing():
    # v -> k v, delta -> k^2 delta, mu -> mu / k, eta -> eta / k^2.
    first = bound(Gaussian(3, 1), step_size=0.1, mu=0.2, curvature=-1)
    second = bound(Gaussian(3, 4), step_size=0.025, mu=0.1, curvature=-1)
    assert second.distance == pytest.approx(first.distance)
    assert second.growth == pytest.approx(first.growth)


def test_exactly_the_largest_step_is_accepted():
    assert bound(step_size=Fraction(2, 3)).growth == 1
    assert bound(Sphere(7), step_size=2 / 7, curvature=0).growth == 1
    with pytest.raises(InvalidArgument, match=r"step_size.*2 delta/\(L V\) = 0.666667"):
        bound(step_size=0.667)
    assert bound(step_size=0.667, curvature=-1).growth > 1


class Heavy(Gaussian):
    """A law that says its sixth moment is infinite."""

    def norm_moment(self, k):
        return math.inf if k == 3 else super().norm_moment(k)


class Unlimited(Gaussian):
    """A law without a fourth moment."""

    def energy_products(self):
        return ((math.inf,),)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        (dict(samples=0), "samples"),
        (dict(samples=2.5), "samples"),
        (dict(steps=0), "steps"),
        (dict(lipschitz=0), "lipschitz"),
        (dict(lipschitz=-1), "lipschitz"),
        (dict(lipschitz=math.inf), "lipschitz"),
        (dict(smoothness=0), "smoothness"),
        (dict(smoothness=math.nan), "smoothness"),
        (dict(curvature=1.5), "curvature"),
        (dict(curvature=-1.5), "curvature"),
        (dict(curvature=None), "curvature"),
        (dict(step_size=0), "step_size"),
        (dict(step_size=-0.1), "step_size"),
        (dict(step_size=1), "step_size"),
        (dict(step_size=sp.Symbol("eta")), "step_size"),
        (dict(mu=-1), "mu"),
        (dict(mu="small"), "mu"),
        (dict(order="cyclic"), "order"),
        (dict(order=None), "order"),
        (dict(loss_range=0), "loss_range"),
        (dict(loss_range=1, order="permutation"), "loss_range"),
        (dict(law="gaussian"), "law"),
        (dict(law=None, smoothness="1"), "smoothness"),
        (dict(law=Heavy(3)), "law"),
        (dict(law=Unlimited(3)), "law"),
        (dict(law=Gaussian(sp.Symbol("d", positive=True, integer=True))), "law"),
        (dict(law=Gaussian(3, sp.Symbol("delta", positive=True))), "law"),
    ],
)
def test_bad_arguments_are_named(changes, name):
    with pytest.raises(InvalidArgument) as error:
        bound(**changes)
    assert error.value.argument == name
    assert str(error.value).startswith(f"{name} = ")


def test_a_law_that_breaks_its_contract_is_refused():
    with pytest.raises(NotUnbiased):
        bound(Empirical([[1, 0], [0, 2]]))
    assert issubclass(NotUnbiased, ZotheoryError)
