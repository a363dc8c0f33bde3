"""The mesh: loss and gradient by other routes, sound meshes alone, errors of the laws as predicted."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from skfem import Basis, ElementTriP1, MeshTri, condense, solve
from skfem.models.poisson import laplace, unit_load
from threadpoolctl import threadpool_limits

from experiments._mesh_descent import descend, slopes_at
from experiments._mesh_loss import Interpolated, reference_values
from experiments._mesh_retriangulated import Retriangulated
from experiments._mesh_shape import Shape, signed_areas
from experiments.mesh import EXPERIMENT, cells, run
from experiments.mesh.config import NAMES, Config
from experiments.mesh.methods import method, shares
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed


@pytest.fixture(autouse=True)
def one_thread():
    """As the runner has it; threads that wait for each other take longer than small matrices."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="module")
def loss():
    return Interpolated.between(4, 8)


def moved(loss, seed=0, size=0.2):
    return loss.shape.jittered(size, np.random.default_rng(seed))


def solved(mesh):
    basis = Basis(mesh, ElementTriP1())
    return solve(*condense(laplace.assemble(basis), unit_load.assemble(basis), D=mesh.boundary_nodes()))


@pytest.mark.parametrize("count", [2, 5, 10])
def test_what_moves(count):
    shape = Shape.regular(count)
    assert shape.dim == 2 * (count - 1) ** 2 + 4 * (count - 1) == sum(shape.rings)
    positions = shape.positions(shape.jittered(0.2, np.random.default_rng(1))[None])[0]
    for axis in range(2):
        for side in (0.0, 1.0):
            on = shape.start[:, axis] == side
            assert np.all(positions[on, axis] == side)  # boundary vertices stay on their sides
    corners = np.all((shape.start == 0) | (shape.start == 1), axis=1)
    assert corners.sum() == 4
    assert np.array_equal(positions[corners], shape.start[corners])
    assert np.count_nonzero(positions != shape.start) == shape.dim
    areas = signed_areas(positions, shape.triangles)
    assert areas.min() > 0
    assert areas.sum() == pytest.approx(1.0)


def test_solutions_are_those_of_scikit_fem(loss):
    moves = moved(loss)[None]
    mesh = MeshTri(loss.shape.positions(moves)[0].T.copy(), loss.shape.triangles.T.copy())
    assert loss.solutions(moves)[0] == pytest.approx(solved(mesh), abs=1e-14)


def test_the_reference_is_near_the_series_of_the_exact_solution():
    # -Laplace u = 1: u = sum over odd m, n of 16 sin(m pi x) sin(n pi y) / (pi^4 m n (m^2 + n^2)).
    m = np.arange(1, 400, 2)
    wave = np.sin(np.pi * m / 2)
    centre = np.sum(16 * np.outer(wave, wave) / (np.pi**4 * np.outer(m, m) * np.add.outer(m**2, m**2)))
    errors = [abs(reference_values(count)[count // 2, count // 2] - centre) for count in (10, 20)]
    assert errors[1] < 0.002 * centre
    assert 3.5 < errors[0] / errors[1] < 4.5  # second order


def test_the_loss_is_the_midpoint_rule_triangle_by_triangle(loss):
    moves = np.stack([moved(loss), np.zeros(loss.dim)])
    totals = []
    for positions, values in zip(loss.shape.positions(moves), loss.solutions(moves), strict=True):
        total = 0.0
        for triangle in loss.shape.triangles:
            (ax, ay), (bx, by), (cx, cy) = positions[triangle]
            area = ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) / 2
            for i, j in combinations(triangle, 2):
                x, y = (positions[i] + positions[j]) / 2
                total += area / 3 * ((values[i] + values[j]) / 2 - loss.spline(x, y)[0, 0]) ** 2
        totals.append(total)
    assert loss(moves) == pytest.approx([totals[0] / totals[1], 1.0], rel=1e-10)


@pytest.mark.parametrize("size", [0.0, 0.2])
def test_the_gradient_is_that_of_central_differences(loss, size):
    start, h = moved(loss, 3, size), 1e-5
    steps = h * np.eye(loss.dim)
    differences = (loss(start + steps) - loss(start - steps)) / (2 * h)
    gradient = loss.gradients(start[None])[0]
    assert gradient == pytest.approx(differences, abs=1e-8 * np.linalg.norm(gradient) + 1e-9)
    assert np.linalg.norm(gradient) > 0.01


def test_an_inverted_triangle_has_infinite_loss(loss):
    moves = np.zeros((2, loss.dim))
    moves[1, 0] = 1.5  # a boundary vertex beyond its neighbour
    assert loss.shape.sound(moves).tolist() == [True, False]
    assert np.isfinite(loss(moves)).tolist() == [True, False]
    assert np.isinf(Retriangulated.between(loss, 8)(moves)[1])
    assert not loss.shape.sound(np.full((1, loss.dim), np.nan))[0]


def test_steps_that_invert_are_refused_and_counted(loss):
    rng = np.random.default_rng(0)
    start = np.zeros((6, loss.dim))
    steps = np.array([1e-3, 1e-3, 1.0, 3.0, 10.0, 100.0])
    visited = []

    def estimates(slopes, points, memory):
        visited.append(points.copy())
        v = rng.standard_normal((6, 2, loss.dim))
        return np.einsum("nb,nbd->nd", slopes(v), v) / 2

    course = descend(loss, estimates, start, steps, [0, 30], 1e-3, 0.05)
    points = np.concatenate([*visited, course.ends])
    areas = signed_areas(loss.shape.positions(points), loss.shape.triangles)
    assert areas.min() > 0.05 * loss.shape.width**2 / 2
    assert np.all(np.isfinite(course.losses))
    assert course.refused[-1][:2].sum() == 0
    assert course.refused[-1][-1] > 25
    for one, two, count in zip(visited[0], course.ends, course.refused[-1], strict=True):
        assert np.array_equal(one, two) == (count == 30)


def test_a_probe_beyond_an_inverted_triangle_refuses_the_step(loss):
    def estimates(slopes, points, memory):
        v = 1e4 * np.ones((1, 1, loss.dim)) * np.resize([1.0, -1.0], loss.dim)
        return slopes(v)[:, :, None][:, 0] * v[:, 0]

    course = descend(loss, estimates, np.zeros((1, loss.dim)), np.array([1e-9]), [0, 2], 1e-3, 0.0)
    assert course.refused[-1] == [2]
    assert np.all(course.ends == 0)


@pytest.mark.parametrize("name", NAMES)
def test_errors_of_estimates_are_as_predicted(name):
    """On a linear function slopes are exact: mean and error over 4000 estimates."""
    rng = np.random.default_rng(7)
    sizes, batch, count = (12, 8, 4), 4, 4000
    a = rng.standard_normal(24) * np.repeat([3.0, 1.0, 0.2], sizes)
    chosen = method(name, batch, sizes, shares(a, sizes, 0.1), 0.5)
    exact = np.broadcast_to(a, (count, 24))
    found = chosen.estimates(lambda v: v @ a, exact, np.zeros((count, 24)), rng)
    squares = np.sum((found - a) ** 2, axis=1) / (a @ a)
    error = squares.std() / count**0.5
    # Five standard errors; the mean is a, so delta = 1.
    assert abs(squares.mean() - chosen.relative_error(a)) < 5 * error + 1e-9
    bias = np.linalg.norm(found.mean(axis=0) - a) / np.linalg.norm(a)
    assert bias < 3 * (chosen.relative_error(a) / count) ** 0.5
    # A planted error: perturbations that are 10 % too long would be seen.
    wrong = 1.21 * found
    assert (
        np.linalg.norm(wrong.mean(axis=0) - a) / np.linalg.norm(a)
        > 3 * (chosen.relative_error(a) / count) ** 0.5
    )


def test_a_guide_lowers_the_error():
    rng, a, count = np.random.default_rng(2), np.ones(50), 3000
    chosen = method("guided", 4, (50,), np.ones(1), 0.6)
    exact = np.broadcast_to(a, (count, 50))
    across = rng.standard_normal((count, 50))
    across -= across.mean(axis=1, keepdims=True)
    across *= np.sqrt(50) / np.linalg.norm(across, axis=1, keepdims=True)
    guides = 0.6 * exact + 0.8 * across
    found = chosen.estimates(lambda v: v @ a, exact, guides, rng)
    squares = np.sum((found - a) ** 2, axis=1) / (a @ a)
    # nu = (rho + sqrt((1 - rho^2)(d - 1)))^2 at the alignment that is assumed.
    wanted = ((0.6 + np.sqrt(0.64 * 49)) ** 2 - 1) / 4
    assert abs(squares.mean() - wanted) < 5 * squares.std() / count**0.5
    assert wanted < 49 / 4


def circumcircle_is_empty(points, triangle):
    a, b, c = points[list(triangle)]
    matrix = 2 * np.array([b - a, c - a])
    if abs(np.linalg.det(matrix)) < 1e-12:
        return False
    centre = np.linalg.solve(matrix, [b @ b - a @ a, c @ c - a @ a])
    radius = np.linalg.norm(a - centre)
    others = np.delete(points, list(triangle), axis=0)
    return bool(np.all(np.linalg.norm(others - centre, axis=1) > radius - 1e-12))


def test_the_retriangulated_loss_is_that_of_the_delaunay_triangulation_by_brute_force():
    solver = Interpolated.between(3, 6)
    loss = Retriangulated.between(solver, 6)
    moves = solver.shape.jittered(0.2, np.random.default_rng(5))[None]
    points, values = solver.shape.positions(moves)[0], solver.solutions(moves)[0]
    triangles = [t for t in combinations(range(16), 3) if circumcircle_is_empty(points, t)]
    total = 0.0
    for point, target in zip(loss.points, loss.targets, strict=True):
        for triangle in triangles:
            corners = points[list(triangle)]
            parts = np.linalg.solve(np.vstack([corners.T, np.ones(3)]), [*point, 1.0])
            if parts.min() > -1e-12:
                total += (parts @ values[list(triangle)] - target) ** 2
                break
        else:
            raise AssertionError(point)
    assert loss(moves)[0] == pytest.approx(total / len(loss.points) / loss.scale, rel=1e-9)


SMALL = Config(
    cells=4,
    reference_cells=8,
    batch=4,
    steps=12,
    tuning_runs=1,
    estimates=200,
    extensions=0,
    step_sizes=(0.05, 0.1, 0.2),
    methods=("sphere", "aligned-two-stage", "aligned-averaged", "two-atom-exact"),
    smallest_mu=1e-4,
    directions=4,
)


def tables(config, part):
    found = {}
    for cell in cells(config):
        if cell["part"] == part:
            table = run(config, cell, Seed(0, "mesh", str(cell)))
            found[cell["name"], cell["start"]] = table
    return found


def test_the_descents_of_the_experiment():
    found = tables(SMALL, "descent")
    assert {table.queries for table in found.values()} == {2 * 4 * (12 * (3 + 3) + 200)}
    for table in found.values():
        columns = table.columns
        gap = columns["measured_error"][0] - columns["predicted_error"][0]
        assert abs(gap) < 5 * columns["measured_error_standard_error"][0]
        assert columns["loss"][0] == pytest.approx(1.0)
        assert columns["loss"][-1] < 0.95
        assert columns["queries_spent"][-1] == 2 * 4 * 12
    ends = {name: table.columns["loss"][-1] for (name, _), table in found.items()}
    assert ends["two-atom-exact"] < ends["sphere"]
    # The second stage alone has twice the error of the mean over all draws.
    second, both = (found[f"aligned-{name}", "regular"].columns for name in ("two-stage", "averaged"))
    assert second["predicted_error"][0] == pytest.approx(2 * both["predicted_error"][0])


def test_the_grid_of_steps_goes_on_until_the_best_is_inside():
    """By hand: every eta that is tried, and the one of the least loss."""
    tuned = replace(SMALL, methods=("two-atom-exact",), step_sizes=(0.02, 0.03))
    columns = {}
    for extensions in (0, 20):
        config = replace(tuned, extensions=extensions)
        (table,) = tables(config, "descent").values()
        columns[extensions] = {name: table.columns[name][0] for name in ("step_size", "at_edge")}
        columns[extensions]["runs"] = table.columns["tuning_queries"][0] / (2 * 4 * 12)
    # Told nearly everything, a run with tiny steps is too slow.
    assert columns[0] == {"step_size": 0.03, "at_edge": 1, "runs": 2}
    assert columns[20]["at_edge"] == 0
    assert columns[20]["step_size"] > 0.03 * 1.5
    beyond = np.log(columns[20]["step_size"] / 0.03) / np.log(1.5)
    assert beyond == pytest.approx(round(beyond))
    # One more was tried above the best.
    assert columns[20]["runs"] == 2 + round(beyond) + 1
    small = replace(tuned, step_sizes=(0.4, 0.6), tuning_runs=4, methods=("sphere",))
    (table,) = tables(replace(small, extensions=20), "descent").values()
    assert table.columns["step_size"][0] < 0.4
    assert table.columns["at_edge"][0] == 0


def test_the_losses_of_the_experiment():
    found = {key: table.columns for key, table in tables(SMALL, "slopes").items()}
    mu = found["interpolated", "regular"]["mu"]
    for start in ("regular", "jittered"):
        smooth = found["interpolated", start]
        # Central differences are off by O(mu^2).
        chosen = mu >= 1e-3
        order = np.polyfit(np.log(mu[chosen]), np.log(smooth["slope_error"][chosen]), 1)[0]
        assert 1.8 < order < 2.2
        assert smooth["slope_change"][0] < 1e-6 * smooth["slope"][0]
    jumping = found["retriangulated", "regular"]
    # A jump that does not shrink with mu: slopes of order 1/mu.
    assert jumping["jump"][0] > 0.1 * jumping["jump"][-1]
    assert jumping["slope"][0] > 50 * jumping["slope"][-1]
    settled = found["retriangulated", "jittered"]
    assert settled["slope_change"][0] < 1e-2 * settled["slope"][0]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"cells": 1}, "cells"),
        ({"cells": 21, "reference_cells": 40}, "cells"),
        ({"reference_cells": 10}, "reference_cells"),
        ({"methods": ()}, "methods"),
        ({"methods": ("sphere", "sphere")}, "methods"),
        ({"batch": 1}, "batch"),
        ({"batch": 199}, "batch"),
        ({"steps": 0}, "steps"),
        ({"step_sizes": (0.2, 0.1)}, "step_sizes"),
        ({"step_sizes": (0.0,)}, "step_sizes"),
        ({"tuning_runs": 0}, "tuning_runs"),
        ({"extensions": -1}, "extensions"),
        ({"extensions": 21}, "extensions"),
        ({"estimates": 1}, "estimates"),
        ({"runs": 1}, "runs"),
        ({"mu": 0.0}, "mu"),
        ({"least_area": 0.6}, "least_area"),
        ({"guide_alignment": 1.0}, "guide_alignment"),
        ({"smallest_mu": 0.1}, "smallest_mu"),
        ({"jitter": 0.3}, "jitter"),
        ({"directions": 1}, "directions"),
    ],
)
def test_bad_configurations_are_refused(changes, name):
    with pytest.raises(InvalidArgument, match=f"^{name} = .*: "):
        Config(**changes)


def test_presets_are_the_published_size():
    for preset in EXPERIMENT.presets.values():
        assert (preset.config.cells, preset.config.reference_cells) == (10, 20)
        assert len(EXPERIMENT.grid(preset.config)) == len(NAMES) + 4


def test_slopes_are_central(loss):
    points, v = moved(loss)[None], np.random.default_rng(0).standard_normal((1, 3, loss.dim))
    found = slopes_at(loss, points, 1e-4)(v)
    assert found == pytest.approx(v @ loss.gradients(points)[0], rel=1e-4)
