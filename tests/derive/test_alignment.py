from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from zotheory.derive.alignment import (
    aligned_directional_moment,
    averaged,
    beta_moment,
    circle_alignment,
    circle_harmonics,
    complement_fourth,
    gaussian_probe_alignment,
    pair_alignment,
    pair_angle_mean,
)

d, r = sp.symbols("d r", positive=True)


def squared_alignment(parts):
    """cos^2 of the angle between the sum of (u.a) u and a, from the pairs (u.a, rest of u)."""
    along = sum(t**2 for t, _ in parts)
    across = sum((t[..., None] * w for t, w in parts), start=np.zeros(1))
    return along**2 / (along**2 + (across**2).sum(axis=-1))


def test_fourth_moments_of_the_complement():
    assert complement_fourth(2) == 1
    assert sp.simplify(complement_fourth(4) - Fraction(9, 5)) == 0  # 3 (d-1)/(d+1): m^2 3/(m (m + 2))
    assert sp.limit(complement_fourth(d), d, sp.oo) == 3 == complement_fourth(d, "gaussian")


@pytest.mark.parametrize("rho2", [Fraction(0), Fraction(1, 3), Fraction(9, 25), Fraction(1)])
def test_directional_moment_agrees_with_two_signs(rho2):
    # d = 2: x and w are independent signs and s = (rho x + sigma w)^2.
    rho, sigma = sp.sqrt(rho2), sp.sqrt(1 - rho2)
    mean = sum((rho * x + sigma * w) ** 4 for x, w in product((1, -1), repeat=2)) / 4
    assert sp.simplify(aligned_directional_moment(rho2, 1) - mean) == 0


@pytest.mark.parametrize("power", [1, 2, 3])
def test_beta_moments_agree_with_scipy(power):
    assert float(beta_moment(sp.Rational(3, 2), 4, power)) == pytest.approx(
        stats.beta(1.5, 4).moment(power), rel=1e-12
    )


@pytest.mark.parametrize(("dim", "probes"), [(2, 1), (3, 4), (7, 2)])
@pytest.mark.parametrize("power", [1, 2])
def test_gaussian_probes_have_the_moments_of_a_ratio_of_chi_squared_variables(dim, probes, power):
    # chi2_k / (chi2_k + chi2_{d-1}) is 1/(1 + (d-1)/k F), F an F variable with (d-1, k) degrees of freedom.
    ratio = stats.f(dim - 1, probes).expect(
        lambda x: (1 + (dim - 1) / probes * x) ** -power, lb=0, epsabs=1e-10
    )
    assert float(gaussian_probe_alignment(dim, probes, power)) == pytest.approx(ratio, abs=1e-6)


@pytest.mark.parametrize("power", [1, 2])
def test_two_sphere_probes_in_space_agree_with_a_grid(power):
    # On the sphere of R^3 the height is uniform, the azimuth independent; only its difference counts.
    nodes, weights = np.polynomial.legendre.leggauss(60)
    angle = (np.arange(120) + 0.5) * 2 * np.pi / 120
    x, y, phi = np.meshgrid(nodes, nodes, angle, indexing="ij")
    first = np.stack([np.sqrt(1 - x**2), 0 * x], axis=-1)
    second = np.sqrt(1 - y**2)[..., None] * np.stack([np.cos(phi), np.sin(phi)], axis=-1)
    value = squared_alignment([(x, first), (y, second)]) ** power
    mean = np.einsum("i,j,ijk->", weights, weights, value) / 4 / 120
    assert float(pair_alignment(3, power)) == pytest.approx(mean, abs=2e-4)


@pytest.mark.parametrize(("probes", "count"), [(1, 400), (2, 400), (3, 120)])
@pytest.mark.parametrize("power", [1, 2])
def test_probes_of_the_circle_agree_with_a_grid(probes, count, power):
    # The doubled angles are uniform; shifting each grid differently keeps the sum away from zero.
    grids = [np.pi * (np.arange(count) + (0.5 + 0.3 * j)) / count for j in range(probes)]
    angles = np.meshgrid(*grids, indexing="ij")
    value = squared_alignment([(np.cos(x), np.sin(x)[..., None]) for x in angles]) ** power
    assert float(circle_alignment(probes, power)) == pytest.approx(value.mean(), abs=2e-3)


def test_routes_meet_where_both_apply():
    for power in (1, 2):
        assert sp.simplify(pair_alignment(2, power) - circle_alignment(2, power)) == 0
        assert (
            sp.simplify(
                circle_alignment(1, power) - beta_moment(sp.Rational(1, 2), sp.Rational(1, 2), power)
            )
            == 0
        )
    assert circle_harmonics(1) == (0, 0)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("c", [0.0, 0.4, -0.8])
def test_mean_over_the_angle_agrees_with_a_fine_sum(c, power):
    x = np.cos((np.arange(4000) + 0.5) * 2 * np.pi / 4000)
    fine = np.mean(((1 + c * x) ** 2 / (1 + c * c + 2 * c * x)) ** power)
    assert float(pair_angle_mean(sp.Float(c * c), power)) == pytest.approx(fine, rel=1e-9)


def test_averages_of_polynomials():
    moments = (Fraction(1, 2), Fraction(1, 3))  # of a uniform variable
    assert averaged(2 + 3 * r - 6 * r**2, r, moments) == Fraction(3, 2)
    assert averaged(d * r, r, moments) == d / 2
    assert averaged(sp.Integer(7), r, moments) == 7
