"""Moments of Gaussian lengths against numerical integration of the chi-squared density."""

import math
from fractions import Fraction as Q

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad
from scipy.stats import chi2

from zotheory.laws import DAP, FirstAxis, Gaussian, Mixture, RandomBlock, Sphere, TwoAtom

ORDERS = [1, 1.5, 2, 3]


def chi_squared_mean(value, freedom):
    # sqrt(x) as the variable: the density's pole at 0 for one degree of freedom disappears.
    integrand = lambda r: value(r * r) * chi2.pdf(r * r, freedom) * 2 * r  # noqa: E731
    middle = math.sqrt(freedom)
    parts = [
        quad(integrand, lo, hi, epsabs=0, epsrel=1e-12, limit=200)[0]
        for lo, hi in ((0, middle), (middle, middle + 12))
    ]
    return sum(parts)


@pytest.mark.parametrize("k", ORDERS)
@pytest.mark.parametrize("dim", [1, 2, 3, 10, 200])
def test_gaussian(dim, k):
    expected = chi_squared_mean(lambda x: (0.3 * x) ** k, dim)
    assert float(Gaussian(dim, 0.3).norm_moment(k)) == pytest.approx(expected, rel=1e-10)
    assert float(Gaussian(dim, Q(3, 10)).norm_moment(k)) == pytest.approx(expected, rel=1e-10)
    assert float(Gaussian(dim, sp.Rational(3, 10)).norm_moment(k)) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("k", ORDERS)
@pytest.mark.parametrize("dim", [2, 3, 4, 11, 150])
def test_dap_with_gaussian_complement(dim, k):
    expected = chi_squared_mean(lambda x: (0.3 * (1 + x)) ** k, dim - 1)
    assert float(DAP(FirstAxis(dim), 0.3, "gaussian").norm_moment(k)) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("k", ORDERS)
def test_block_and_mixture_of_gaussians(k):
    block = chi_squared_mean(lambda x: (0.3 * 3 * x) ** k, 4)
    law = RandomBlock(12, 4, Gaussian, 0.3)
    assert float(law.norm_moment(k)) == pytest.approx(block, rel=1e-10)
    mixture = Mixture([law, Sphere(12, 2)], [0.25, 0.75])
    assert float(mixture.norm_moment(k)) == pytest.approx(0.25 * block + 0.75 * 24**k, rel=1e-10)


@pytest.mark.parametrize("dim", [10**4 + 1, 10**6, 10**9, 10**12, 2**53])
def test_three_halves_moment_of_many_dimensions(dim):
    # (E n)^{3/2} <= E n^{3/2} <= sqrt(E n E n^2), Jensen and Cauchy-Schwarz, close together here.
    aligned = DAP(FirstAxis(dim), complement="gaussian")
    for law, variance in ((Gaussian(dim), 2 * dim), (aligned, 2 * (dim - 1))):
        lower, upper = dim**1.5, math.sqrt(dim) * math.sqrt(dim**2 + variance)
        assert lower * (1 - 1e-14) <= law.norm_moment(1.5) <= upper * (1 + 1e-14)


@pytest.mark.parametrize("dim", [2, 5])
def test_gaussian_fourth_moments_by_symbolic_integration(dim):
    x = sp.Symbol("x", real=True)
    density = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    m2, m4 = (sp.integrate(x**k * density, (x, -sp.oo, sp.oo)) for k in (2, 4))
    a = np.zeros(dim, dtype=int)
    a[0] = 1
    covariance = Gaussian(dim, 2).error_covariance(a)
    # g = v v_1: entries v_1^2 and v_1 v_j, in units delta^2 = 4.
    expected = [4 * (m4 - m2**2)] + [4 * m2 * m2] * (dim - 1)
    assert covariance.diagonal().tolist() == expected
    assert Gaussian(dim, 2).dimension_factor(a) == m4 + (dim - 1) * m2 * m2


@pytest.mark.parametrize("dim", [3, 5, 7])
def test_sphere_fourth_moments_by_symbolic_integration(dim):
    # One coordinate u of a uniform unit vector has density proportional to (1 - u^2)^((d - 3)/2).
    u = sp.Symbol("u", real=True)
    weight = (1 - u**2) ** sp.Rational(dim - 3, 2)
    mean = lambda f: sp.integrate(f * weight, (u, -1, 1)) / sp.integrate(weight, (u, -1, 1))  # noqa: E731
    a = [1] + [0] * (dim - 1)
    assert Sphere(dim, 3).directional_fourth_moment(a) == 9 * dim**2 * mean(u**4)
    # E u_1^2 u_2^2 from the length one: u_2^2 averages (1 - u_1^2) / (d - 1).
    covariance = Sphere(dim, 3).error_covariance(a)
    assert covariance[1, 1] == 9 * dim**2 * mean(u**2 * (1 - u**2) / (dim - 1))


def test_two_atom_directional_fourth_moment_by_integration_on_the_circle():
    # d = 3, gradient at alignment 0.6: along the guide, or at angle phi in the orthogonal plane.
    law = TwoAtom(FirstAxis(3), 0.3, 2.0)
    across = quad(lambda phi: (0.8 * math.cos(phi)) ** 4 / (2 * math.pi), 0, 2 * math.pi, epsrel=1e-12)[0]
    expected = 0.3 * (2 / 0.3) ** 2 * 0.6**4 + 0.7 * (2 * 2 / 0.7) ** 2 * across
    assert law.directional_fourth_moment([0.6, 0.8, 0.0]) == pytest.approx(expected, rel=1e-12)
