"""alignment-stress: closed forms against the laws and against simulation, measurements against both."""

import math

import numpy as np
import pytest

from experiments import _rough_direction as rough
from experiments.alignment_stress import EXPERIMENT, Config, cells, draws, run, theory
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed
from zotheory.functionals import directional_variance
from zotheory.laws import DAP, Alignment, FirstAxis, Gaussian, Sphere, TwoAtom

SMALL = Config(dims=(5,), angles=(0.0, 60.0, 90.0), signals=(0.0, 0.3, 1.0), probes=4, trials=8000)
# |z| of a standard normal variable exceeds this with probability 2e-7; there are about 100 of them.
LARGEST_Z = 5.2


def of(cell, config=SMALL, index=0):
    return run(config, cell, Seed(index, "alignment-stress", repr(cell))).columns


@pytest.mark.parametrize("rho", [0.0, 0.25, 0.8])
def test_errors_without_noise_are_those_of_the_laws(rho):
    d, at, p = 6, Alignment(rho), 0.35
    laws = {
        "aligned-sphere": DAP(FirstAxis(d)),
        "aligned-gaussian": DAP(FirstAxis(d), complement="gaussian"),
        "guided": TwoAtom(FirstAxis(d), p),
    }
    for name, law in laws.items():
        wanted = law.dimension_factor(at) - 1, law.directional_fourth_moment(at) - 1
        assert theory.errors(name, d, rho**2, rho**4, p, 1.0) == pytest.approx(wanted, rel=1e-12)
    a = np.ones(d)
    for name, law in {"sphere": Sphere(d), "gaussian": Gaussian(d)}.items():
        wanted = law.dimension_factor() - 1, directional_variance(law, a) / d
        assert theory.errors(name, d, rho**2, rho**4, p, 1.0) == pytest.approx(wanted, rel=1e-12)


def test_without_a_gradient_every_law_has_the_error_of_the_noise():
    for law in ("sphere", "gaussian", "aligned-sphere", "aligned-gaussian", "guided"):
        assert theory.errors(law, 9, 0.2, 0.1, 0.4, 0.0) == (9, 1)


@pytest.mark.parametrize("dim", [3, 8, 1000])
def test_at_the_break_even_alignments_both_errors_are_equal(dim):
    sphere = theory.errors("sphere", dim, 0, 0, 0.5, 1.0)[1]
    low, high = theory.break_even(dim)
    for r in (low, high):
        assert theory.errors("aligned-sphere", dim, r, r**2, 0.5, 1.0)[1] == pytest.approx(sphere, rel=1e-9)
    middle, outside = (low + high) / 2, high + 0.2 * (1 - high)
    assert theory.errors("aligned-sphere", dim, middle, middle**2, 0.5, 1.0)[1] > sphere
    assert theory.errors("aligned-sphere", dim, outside, outside**2, 0.5, 1.0)[1] < sphere


@pytest.mark.parametrize(("dim", "probes"), [(3, 1), (5, 2), (8, 16), (200, 4)])
def test_noisy_alignment_at_its_ends(dim, probes):
    assert theory.noisy_alignment(dim, probes, 1.0) == pytest.approx(rough.probe_moments(dim, probes), 1e-8)
    uniform = 1 / dim, 3 / (dim * (dim + 2))
    assert theory.noisy_alignment(dim, probes, 0.0) == pytest.approx(uniform, rel=1e-8)


@pytest.mark.parametrize(("dim", "probes", "theta"), [(4, 1, 0.5), (4, 6, 0.3), (10, 3, 0.8)])
def test_noisy_alignment_by_simulation(dim, probes, theta):
    a = math.sqrt(theta) * np.eye(dim)[1]
    found = draws.from_noisy_probes(a, math.sqrt(1 - theta), probes, 100_000, np.random.default_rng(1))
    squares = found[:, 1] ** 2
    assert np.linalg.norm(found, axis=1) == pytest.approx(1)
    for power, wanted in zip((1, 2), theory.noisy_alignment(dim, probes, theta), strict=True):
        values = squares**power
        assert abs(values.mean() - wanted) < LARGEST_Z * values.std() / math.sqrt(values.size)


@pytest.mark.parametrize("degrees", [0.0, 37.0, 90.0])
def test_directions_at_an_angle(degrees):
    a, rng = np.array([3.0, 0.0, 4.0, 0.0]), np.random.default_rng(2)
    e = draws.at_angle(a, degrees, 20_000, rng)
    assert np.linalg.norm(e, axis=1) == pytest.approx(1)
    assert e @ a / 5 == pytest.approx(math.cos(math.radians(degrees)), abs=1e-12)
    # Around a they are uniform: the rest has mean zero and the same mean square in every direction.
    across = e[:, [1, 3]]
    assert across.mean(axis=0) == pytest.approx([0, 0], abs=0.03)
    share = math.sin(math.radians(degrees)) ** 2 / 3
    assert (across**2).mean(axis=0) == pytest.approx([share, share], abs=0.02)


def scores() -> np.ndarray:
    found = []
    for cell in cells(SMALL):
        columns = of(cell)
        for name in ("total", "along"):
            spread = np.maximum(columns[f"{name}_standard_error"], 1e-9)
            found.append((columns[name] - columns[f"predicted_{name}"]) / spread)
    return np.concatenate(found)


def test_measurements_agree_with_theory():
    found = scores()
    assert found.size > 50
    assert np.abs(found).max() < LARGEST_Z


def test_a_law_of_another_delta_would_be_seen(monkeypatch):
    right = draws.perturbations
    scaled = lambda *arguments: math.sqrt(1.1) * right(*arguments)  # noqa: E731
    monkeypatch.setattr("experiments.alignment_stress.perturbations", scaled)
    assert np.abs(scores()).max() > 2 * LARGEST_Z


def test_an_orthogonal_direction_costs_nothing_in_total_with_a_spherical_complement():
    columns = of({"stress": "angle", "dim": 5, "level": 90.0})
    total = dict(zip(columns["law"], columns["predicted_total"], strict=True))
    assert total["aligned-sphere"] == total["sphere"] == 4
    assert total["aligned-gaussian"] == total["gaussian"] == 6
    # A guide that is believed in and orthogonal loses: (d-1)/(1-p) - 1 with p = 0.9/(0.9 + sqrt(0.19 * 4)).
    p = 0.9 / (0.9 + math.sqrt(0.19 * 4))
    assert total["guided-0.9"] == pytest.approx(4 / (1 - p) - 1)


def test_grid_and_queries():
    assert len(cells(SMALL)) == 6
    laws = 7
    assert run(SMALL, cells(SMALL)[0], Seed(0, "x", "")).queries == 2 * 8000 * laws
    assert run(SMALL, cells(SMALL)[-1], Seed(0, "x", "")).queries == 2 * 8000 * (laws + 4)
    quick = EXPERIMENT.presets["quick"].config
    assert 90.0 in quick.angles
    assert 0.0 in quick.signals


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dims": (2,)}, "dims = (2,): give different integers of at least 3"),
        ({"angles": (91.0,)}, "angles = (91.0,): give different numbers from 0 to 90"),
        ({"signals": (0.5, 0.5)}, "signals = (0.5, 0.5): give different numbers from 0 to 1"),
        ({"beliefs": (1.0,)}, "beliefs = (1.0,): give different numbers from 0.1 to 0.99"),
        ({"probes": 0}, "probes = 0: give an integer of at least 1"),
        ({"trials": 10}, "trials = 10: give at least 100"),
        ({"angles": (), "signals": ()}, "angles = (): give at least one angle or signal"),
    ],
)
def test_bad_configurations(changes, message):
    with pytest.raises(InvalidArgument) as caught:
        Config(**changes)
    assert str(caught.value).startswith(message)
