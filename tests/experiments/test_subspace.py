import math
from itertools import product

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from experiments._problem_network import NetworkProblem
from experiments.subspace import BLOCKS as BLOCK_COUNT
from experiments.subspace import (
    METHODS,
    NETWORKS,
    Config,
    cells,
    drawn,
    network_problem,
    predicted_factor,
    run,
    theory,
)
from experiments.subspace.methods import optimizer
from experiments.subspace.structure import energies, members, structure
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed
from zotheory.functionals import effective_overlap, stable_rank, structured_curvature
from zotheory.optim import module_blocks

TINY = Config(
    networks=("tapered",),
    steps=8,
    batch=10,
    records=3,
    measured=2,
    draws=8,
    probes=1,
    iterations=2,
    tuning_seeds=1,
    wide=4,
    timed_steps=4,
)
BLOCKS, A = [[0, 1], [2, 3, 4]], np.array([1.0, -2.0, 0.5, 3.0, 1.0])


def selector(block: list[int], p: float) -> np.ndarray:
    return np.eye(5)[:, block] / math.sqrt(p)


def test_the_factor_by_enumeration_of_blocks_and_signs():
    p, energy, mean = (0.3, 0.7), 0.0, np.zeros(5)
    for block, chance in zip(BLOCKS, p, strict=True):
        for signs in product((-1, 1), repeat=len(block)):
            v = selector(block, chance) @ np.array(signs, dtype=float)
            g = (v @ A) * v
            energy += chance * 2.0 ** -len(block) * (g @ g)
            mean += chance * 2.0 ** -len(block) * g
    shares = [float((A[block] ** 2).sum() / (A @ A)) for block in BLOCKS]
    assert np.allclose(mean, A)
    assert math.isclose(theory.factor([2, 3], shares, p, "fixed"), energy / (A @ A), rel_tol=1e-12)


def test_curvature_is_that_of_structured_perturbations():
    rng = np.random.default_rng(1)
    root, p = rng.standard_normal((5, 5)), (0.4, 0.6)
    hessian = root @ root.T
    expected = sum(
        chance * structured_curvature(selector(block, chance), A, hessian)
        for block, chance in zip(BLOCKS, p, strict=True)
    )
    shares = [float((A[block] ** 2).sum() / (A @ A)) for block in BLOCKS]
    traces = [hessian[np.ix_(block, block)].trace() for block in BLOCKS]
    bends = [A[block] @ hessian[np.ix_(block, block)] @ A[block] / (A @ A) for block in BLOCKS]
    assert math.isclose(theory.curvature(shares, traces, bends, p) * (A @ A), expected, rel_tol=1e-12)
    whole = structured_curvature(np.eye(5), A, hessian)
    assert math.isclose(
        theory.curvature([1], [hessian.trace()], [A @ hessian @ A / (A @ A)], [1]) * (A @ A), whole
    )


def test_stable_rank_and_overlap_of_a_block():
    for block in BLOCKS:
        assert math.isclose(stable_rank(selector(block, 0.3)), len(block))
        share = float((A[block] ** 2).sum() / (A @ A))
        assert math.isclose(effective_overlap(selector(block, 0.3), A), share)


@pytest.mark.parametrize("kind", ["factor", "curvature"])
def test_the_best_probabilities(kind):
    sizes, shares, traces, bends = [50, 5, 20], [0.2, 0.7, 0.1], [3.0, 1.0, 6.0], [0.1, 0.2, 0.3]

    def value(logits):
        p = np.exp(logits) / np.exp(logits).sum()
        if kind == "factor":
            return theory.factor(sizes, shares, p, "fixed")
        return theory.curvature(shares, traces, bends, p)

    least = minimize(value, np.zeros(3), tol=1e-12).fun
    best = (
        theory.best_factor(sizes, shares)
        if kind == "factor"
        else theory.best_curvature(shares, traces, bends)
    )
    assert math.isclose(best, least, rel_tol=1e-7)


def test_the_structure_is_that_of_the_whole_hessian():
    problem = NetworkProblem((2,), 10, 0)
    places = members(problem, module_blocks(problem.model))
    assert places == [[0, 1], [2, 3]]
    sizes = [p.numel() for p in problem.parameters]
    columns = []
    for place, size in enumerate(sizes):
        for entry in range(size):
            unit = [torch.zeros_like(p) for p in problem.parameters]
            unit[place].view(-1)[entry] = 1
            columns.append(torch.cat([row.flatten() for row in problem.curvature_along(unit)]))
    hessian = torch.stack(columns).double().numpy()
    a = torch.cat([row.flatten() for row in problem.gradient()]).double().numpy()
    cut = sizes[0] + sizes[1]
    found = structure(problem, places, 80, 60, np.random.default_rng(0))
    for part, trace, bend in zip((slice(cut), slice(cut, None)), found.traces, found.bends, strict=True):
        inside = hessian[part, part]
        spread = math.sqrt(2 * float(((inside - np.diag(np.diag(inside))) ** 2).sum()) / 80)
        assert abs(trace - inside.trace()) < 5 * spread
        assert math.isclose(bend, a[part] @ inside @ a[part] / (a @ a), rel_tol=1e-3)
    assert math.isclose(found.bend, a @ hessian @ a / (a @ a), rel_tol=1e-3)
    largest = np.abs(np.linalg.eigvalsh(hessian)).max()
    assert math.isclose(found.intrinsic_rank, found.traces.sum() / largest, rel_tol=0.02)
    assert np.allclose(found.energies, [(a[:cut] ** 2).sum() / (a @ a), (a[cut:] ** 2).sum() / (a @ a)])


@pytest.mark.parametrize("method", ["mezo", "cyclic", "size", "importance"])
def test_the_measured_factor_is_as_predicted(method):
    problem = NetworkProblem((2, 2, 2), 10, 1)
    used = optimizer(method, problem, 1e-3, 1e-3, 2, "block")
    for _ in range(8):
        used.step(problem.closure)
    places = members(problem, module_blocks(problem.model))
    gradient = problem.gradient()
    (nu, error), likely = drawn(used, problem, gradient, 400)
    sizes = [sum(problem.parameters[place].numel() for place in block) for block in places]
    predicted = predicted_factor(method, sizes, energies(gradient, places), likely)
    assert abs(nu - predicted) < 5 * error < predicted
    if method == "size":
        assert predicted == pytest.approx(problem.dim)
    if method == "mezo":  # a factor of two would be seen
        assert abs(nu - 2 * predicted) > 5 * error


@pytest.mark.parametrize("method", ["mezo", "cyclic", "importance"])
def test_a_cell(method):
    table = run(TINY, {"network": "tapered", "method": method}, Seed(0, "subspace", method))
    columns = table.columns
    assert columns["queries_spent"].tolist() == [0, 8, 16]
    assert table.queries == 16
    assert np.isfinite(columns["factor"]).tolist() == [True, False, True]
    shares = sum(columns[f"energy_{b}"] for b in range(4))
    assert np.allclose(shares, 1)
    likely = sum(columns[f"probability_{b}"] for b in range(4))
    assert np.allclose(likely, 4 if method == "mezo" else 1)
    assert np.all(columns["best_factor"] <= columns["predicted_factor"] * (1 + 1e-9))
    assert columns["size_0"][0] == 64 * 128 + 128
    assert np.all(np.diff(columns["seconds"]) > 0)
    assert (columns["wide_layer_seconds"] > 0).all()


def test_the_grid():
    assert len(cells(Config())) == 2 * len(METHODS)


def test_the_networks_have_four_blocks_of_the_stated_sizes():
    first = []
    for name in NETWORKS:
        blocks = module_blocks(network_problem(Config(), name, 0).model)
        assert len(blocks) == BLOCK_COUNT
        first.append(blocks[0].size / sum(block.size for block in blocks))
    even = network_problem(Config(), "even", 0)
    sizes = [block.size for block in module_blocks(even.model)]
    assert sizes[0] == 65 * 32
    assert sizes[1] == sizes[2] == 33 * 32
    assert first[1] == pytest.approx(0.75, abs=0.03)
    assert first[2] == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networks": ("deep",)}, "networks = ('deep',): give at least one of even"),
        ({"methods": ()}, "methods = (): give at least one of mezo"),
        ({"draws": 6}, "draws = 6: give a multiple of 4"),
        ({"steps": 2}, "steps = 2: give an integer from 8"),
        ({"measured": 12}, "measured = 12: give an integer from 1 to 11"),
        ({"mu": 0.5}, "mu = 0.5: give a number from 1e-5"),
    ],
)
def test_bad_configurations(changes, message):
    with pytest.raises(InvalidArgument) as caught:
        Config(**changes)
    assert str(caught.value).startswith(message)
