import math
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from experiments._guided_es import GuidedES
from experiments._measured_error import estimate_moments
from experiments._problem_quadratic import QuadraticProblem
from experiments.guided import ALPHA, Config, cells, run, theory, tuned
from experiments.guided.methods import METHODS, guide, next_probability, optimizer, squared_cosine
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed
from zotheory.laws import TwoAtom

TINY = Config(
    problems=("log-uniform-6",),
    perturbations=2,
    budget=120,
    records=4,
    measured=1,
    draws=200,
    tuning_seeds=1,
)


@pytest.mark.parametrize(
    ("direction", "p"), [((1, 0, 0, 0), "1/3"), ((2, 1, 0, 2), "1/7"), ((1, 1, 1, 1), "3/4")]
)
def test_the_guided_factor_is_that_of_the_law(direction, p):
    a = [Fraction(3), Fraction(-1), Fraction(2), Fraction(5)]
    law = TwoAtom([Fraction(x) for x in direction], p=Fraction(p))
    inner = sum(x * y for x, y in zip(direction, a, strict=True))
    rho2 = inner**2 / (sum(x * x for x in direction) * sum(x * x for x in a))
    found = theory.guided_factor(4, float(rho2), float(Fraction(p)))
    assert math.isclose(found, float(law.dimension_factor(a)), rel_tol=1e-12)


@pytest.mark.parametrize("rho2", [0.0, 0.05, 0.3, 0.9])
def test_the_best_factor_is_the_least(rho2):
    least = minimize_scalar(
        lambda p: theory.guided_factor(20, rho2, p),
        bounds=(1e-9, 1 - 1e-9),
        method="bounded",
        options={"xatol": 1e-12},
    )
    assert math.isclose(theory.best_factor(20, rho2), least.fun, rel_tol=1e-6)


@pytest.mark.parametrize("perturbations", [1, 2])
def test_guided_es_moments_by_quadrature(perturbations):
    # Gauss and Hermite's rule with five nodes is exact for the sixth powers that occur.
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    weights = weights / weights.sum()
    dim, alpha, a, e = 2, 0.3, np.array([1.0, 2.0]), np.array([0.6, -0.8])
    rho2 = (a @ e) ** 2 / (a @ a)
    energy = overlap = 0.0
    for places in product(range(5), repeat=3 * perturbations):
        chance, z = math.prod(weights[i] for i in places), nodes[list(places)].reshape(perturbations, 3)
        v = math.sqrt(alpha) * z[:, :2] + math.sqrt((1 - alpha) * dim) * z[:, 2:] * e
        g = ((v @ a)[:, None] * v).mean(axis=0)
        energy, overlap = energy + chance * (g @ g), overlap + chance * (g @ a)
    found = theory.guided_es_moments(dim, perturbations, rho2, alpha)
    assert np.allclose(found, (energy / (a @ a), overlap / (a @ a)), rtol=1e-10)


def after(method: str, steps: int = 40, seed: int = 4):
    problem = QuadraticProblem("spiked", 6, 10.0, 2)
    used = optimizer(method, problem.parameters, 0.05, mu=1e-4, seed=seed, perturbations=2, window=3.0)
    for _ in range(steps):
        used.step(problem.closure)
    return problem, used


@pytest.mark.parametrize("method", METHODS)
def test_errors_of_estimates_are_as_predicted(method):
    problem, used = after(method)
    along, gradient = guide(used, method), problem.gradient()
    rho2 = squared_cosine(along, gradient) if along else math.nan
    found = estimate_moments(used, problem.loss, gradient, 300)
    if method == "guided-es":
        energy, overlap = theory.guided_es_moments(6, 2, rho2, ALPHA)
    else:
        energy, overlap = 1 + theory.error(method, 6, 2, rho2, next_probability(used)), 1.0
    assert (along is None) == (method in ("sphere", "momentum", "dap", "dap-published"))
    assert abs(found.energy - energy) < 5 * found.energy_error < energy
    assert abs(found.overlap - overlap) < 5 * found.overlap_error


def test_a_wrong_probability_would_be_seen():
    problem, used = after("guided")
    along, gradient = guide(used, "guided"), problem.gradient()
    assert along
    rho2 = squared_cosine(along, gradient)
    found = estimate_moments(used, problem.loss, gradient, 400)
    wrong = 1 + theory.error("guided", 6, 2, rho2, next_probability(used) / 6)
    assert abs(found.energy - wrong) > 5 * found.energy_error


def test_the_guides_average_past_estimates():
    problem = QuadraticProblem("flat", 5, 1.0, 0)
    used = GuidedES(problem.parameters, 0.1, guide_decay=0.5, seed=1)
    total, start = torch.zeros(5, dtype=torch.float64), problem.x.detach().clone()
    for _ in range(4):
        used.step(problem.closure)
        total = total * 0.5 + (start - problem.x.detach()) / 0.1
        start = problem.x.detach().clone()
    (kept,) = guide(used, "guided-es") or []
    assert torch.allclose(kept, total, rtol=1e-10)


@pytest.mark.parametrize("method", ["sphere", "guided", "dap-published"])
def test_a_cell(method):
    cell = {"problem": "log-uniform-6", "method": method}
    seed = Seed(0, "guided", method)
    table = run(TINY, cell, seed)
    columns = table.columns
    assert columns["queries_spent"].tolist() == [0, 40, 80, 120]
    assert table.queries == 120
    assert columns["loss"][-1] < 0.3 * columns["loss"][0]
    number = int(seed.shared("problem", "log-uniform-6").integers(2**31))
    start = QuadraticProblem("log-uniform", 6, 100.0, number)
    assert columns["loss"][0] == start.loss().item()  # the same for all methods
    measured = np.isfinite(columns["energy"])
    assert measured.tolist() == [False, False, False, True]
    gap = columns["energy"] - columns["predicted_energy"]
    assert np.all(np.abs(gap[measured]) < 5 * columns["energy_error"][measured])
    assert columns["lr"][0] == tuned(TINY, "log-uniform-6", method).lr
    assert not columns["diverged"].any()


def test_divergence_is_recorded(monkeypatch):
    from experiments import guided

    wild = replace(tuned(TINY, "log-uniform-6", "sphere"), lr=1e3)
    monkeypatch.setattr(guided, "tuned", lambda *arguments: wild)
    columns = run(TINY, {"problem": "log-uniform-6", "method": "sphere"}, Seed(0, "guided", "x")).columns
    assert columns["diverged"].all()
    assert math.isinf(columns["loss"][-1])
    assert np.isfinite(columns["last_finite"]).all()


def test_the_grid():
    assert len(cells(Config())) == 5 * len(METHODS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"problems": ()}, "problems = (): give at least one"),
        ({"problems": ("round-3",)}, "problems = 'round-3': give logistic, network"),
        ({"problems": ("flat-1000000000",)}, "problems = 'flat-1000000000': give a dimension of at most"),
        ({"methods": ("es",)}, "methods = ('es',): give at least one of sphere"),
        ({"perturbations": 3}, "perturbations = 3: give an even number"),
        ({"budget": 10}, "budget = 10: give an integer from 16"),
        ({"measured": 22}, "measured = 22: give an integer from 1 to 21"),
        ({"window": 0.0}, "window = 0.0: give a number from 0.1"),
        ({"mu": 1.0}, "mu = 1.0: give a number from 1e-06"),
    ],
)
def test_bad_configurations(changes, message):
    with pytest.raises(InvalidArgument) as caught:
        Config(**changes)
    assert str(caught.value).startswith(message)
