from fractions import Fraction

import numpy as np
import pytest

from zotheory.derive import probe_quadrature
from zotheory.derive.alignment import pair_alignment
from zotheory.derive.probe_enclosure import alignment_enclosure
from zotheory.derive.probe_quadrature import sphere_probe_alignment
from zotheory.errors import InvalidArgument, SolverFailure


@pytest.mark.parametrize("dim", [3, 8, 30])
@pytest.mark.parametrize("power", [1, 2])
def test_rules_enclose_exact_values_of_two_probes_and_tighten(dim, power):
    exact = float(pair_alignment(dim, power))
    brackets = [probe_quadrature._bracket(dim, 2, power, nodes) for nodes in (1, 2, 3, 5)]
    lows, highs = zip(*brackets, strict=True)
    assert list(lows) == sorted(lows)
    assert list(highs) == sorted(highs, reverse=True)
    assert all(low < exact < high for low, high in brackets)
    assert highs[-1] - lows[-1] < 0.02 * exact


@pytest.mark.parametrize(("dim", "probes"), [(4, 7), (10, 4), (16, 30)])
def test_the_second_moment_is_in_the_rigorous_enclosure(dim, probes):
    low, high = sphere_probe_alignment(dim, probes)
    below, above = alignment_enclosure(dim, probes)
    assert low <= float(above)
    assert float(below) <= high
    assert 0 < high - low <= 1e-3 * high


@pytest.mark.parametrize(("dim", "probes"), [(5, 1), (2, 6), (6, 2), (5, 8), (12, 20)])
def test_moments_agree_with_a_simulation(dim, probes):
    rng, size = np.random.default_rng(5), 2_000_000 // (dim * probes)
    u = rng.standard_normal((size, probes, dim))
    u /= np.linalg.norm(u, axis=2, keepdims=True)
    total = (u * u[:, :, :1]).sum(axis=1)
    rho2 = total[:, 0] ** 2 / (total**2).sum(axis=1)
    for power in (1, 2):
        low, high = sphere_probe_alignment(dim, probes, power)
        mean, error = (rho2**power).mean(), (rho2**power).std() / size**0.5
        assert low - 5 * error <= mean <= high + 5 * error


def test_many_probes_are_aligned_and_powers_are_ordered():
    squares = [sum(sphere_probe_alignment(8, k)) / 2 for k in (1, 2, 16, 64, 512)]
    fourths = [sum(sphere_probe_alignment(8, k, 2)) / 2 for k in (1, 2, 16, 64, 512)]
    assert squares == sorted(squares)
    assert squares[0] == float(Fraction(1, 8))
    assert fourths[0] == pytest.approx(3 / (8 * 10), rel=1e-14)  # E u_1^4 = 3/(d (d + 2))
    assert all(s**2 < f < s for s, f in zip(squares, fourths, strict=True))
    assert squares[-1] > 0.98


@pytest.mark.parametrize(
    ("arguments", "name"), [((1, 3), "dim"), ((4, 0), "probes"), ((4, 3, 3), "power"), ((4, 3, 0), "power")]
)
def test_bad_arguments_are_named(arguments, name):
    with pytest.raises(InvalidArgument, match=f"^{name} = "):
        sphere_probe_alignment(*arguments)


def test_a_width_out_of_reach_is_an_error(monkeypatch):
    monkeypatch.setattr(probe_quadrature, "_NODES", (1, 2))
    with pytest.raises(SolverFailure, match="allow a larger relative_width"):
        sphere_probe_alignment(5, 3, 2, 1e-9)
