from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx, fmpq

from zotheory.derive.probe_ratios import probe_ratio_moments
from zotheory.derive.probe_sums import probe_sum_moments
from zotheory.errors import InvalidArgument


def contains(enclosure, value):
    with ctx.workprec(300):
        return enclosure.contains(value)


def check_one_probe(moments, dim, bits):
    half, m = Fraction(1, 2), Fraction(dim - 1, 2)
    for p, q in moments:
        # S = c and |W|^2 = c (1 - c) with c of the Beta(1/2, m/2) law.
        exact = sp.rf(sp.Rational(half), p + q) * sp.rf(sp.Rational(m), q)
        exact /= sp.rf(sp.Rational(half + m), p + 2 * q)
        assert contains(moments[p, q], fmpq(int(exact.p), int(exact.q))), (p, q)
        assert moments[p, q].rel_accuracy_bits() > bits


@pytest.mark.parametrize("dim", [3, 4, 7, 60])
def test_one_probe_has_beta_moments(dim):
    check_one_probe(probe_ratio_moments(dim, 1, 4, 60), dim, 45)


def test_terms_kept_from_other_calls_are_those_asked_for():
    # Terms are kept between calls, for other numbers of probes only.
    for dim, probes, top, bits in ((5, 4, 3, 60), (5, 1, 3, 8), (6, 1, 3, 60), (5, 1, 2, 60)):
        probe_ratio_moments(dim, probes, top, bits)
    check_one_probe(probe_ratio_moments(5, 1, 3, 60), 5, 45)


def test_two_probes_in_space_by_hand():
    # t uniform on (0, 1): E[|W|^2/S] = 1 - E[(x^4 + y^4)/(x^2 + y^2)] = 1 - 2/3 + 2 E[x^2 y^2/(x^2 + y^2)],
    # and with y = x s the last mean is 2 int x^3 dx int s^2/(1 + s^2) ds = (1 - pi/4)/2.
    moment = probe_ratio_moments(3, 2, 1, 80)[-1, 1]
    with ctx.workprec(200):
        assert contains(moment, (arb(4) / 3 - arb.pi() / 4).mid())
    assert moment.rel_accuracy_bits() > 70


@pytest.mark.parametrize("probes", [3, 5])
def test_probes_in_space_by_an_integral_of_error_functions(probes):
    # E[|W|^2/S] = int_0^oo k E[e^{-xc} c (1-c)] E[e^{-xc}]^{k-1} dx, and in d = 3 the mean E[e^{-xc}] is
    # sqrt(pi/(4x)) erf(sqrt x).
    def single(x):
        return mpmath.sqrt(mpmath.pi / x) * mpmath.erf(mpmath.sqrt(x)) / 2

    def integrand(x):
        first, second = (mpmath.diff(single, x, n) for n in (1, 2))
        return probes * (-first - second) * single(x) ** (probes - 1)

    with mpmath.workdps(30):
        # Beyond 4000 the single factor is sqrt(pi/(4x)) to all digits, the rest is elementary.
        ends = [mpmath.mpf(10) ** -12, 1, 10, 100, 4000]
        value = mpmath.quad(integrand, ends)
        tail = mpmath.quad(
            lambda v: (
                probes
                * (1 / (2 * mpmath.exp(v)) - 3 / (4 * mpmath.exp(2 * v)))
                * (mpmath.pi / 4 / mpmath.exp(v)) ** (mpmath.mpf(probes) / 2)
                * mpmath.exp(v)
            ),
            [mpmath.log(4000), mpmath.log(4000) + 40, mpmath.log(4000) + 80],
        )
    assert float(probe_ratio_moments(3, probes, 1, 60)[-1, 1]) == pytest.approx(
        float(value + tail), rel=1e-10
    )


@pytest.mark.parametrize(("dim", "probes"), [(4, 3), (12, 5)])
def test_moments_agree_with_a_simulation(dim, probes):
    rng = np.random.default_rng(11)
    z = rng.standard_normal((200_000, probes, dim))
    u = z / np.linalg.norm(z, axis=2, keepdims=True)
    total = (u * u[:, :, :1]).sum(axis=1)
    along, across = total[:, 0], (total[:, 1:] ** 2).sum(axis=1)
    moments = probe_ratio_moments(dim, probes, 3, 40)
    for p, q in moments:
        draws = along**p * across**q
        error = draws.std() / np.sqrt(draws.size)
        assert abs(draws.mean() - float(moments[p, q])) <= 5 * error + 1e-12, (p, q)


@pytest.mark.parametrize(("dim", "probes"), [(3, 3), (30, 3), (2000, 12), (5, 5000)])
def test_enclosures_of_different_precision_overlap(dim, probes):
    rough, fine = (probe_ratio_moments(dim, probes, 3, bits) for bits in (30, 90))
    for key, value in fine.items():
        assert value.overlaps(rough[key]), key
        assert value.rel_accuracy_bits() > 80
        assert rough[key].rel_accuracy_bits() > 25


def test_powers_that_are_not_negative_are_the_exact_moments():
    table, moments = probe_sum_moments(6, 4, 6, 2), probe_ratio_moments(6, 4, 2, 60)
    for p in range(3):
        for q in range(3):
            assert contains(moments[p, q], fmpq(table[p][q].numerator, table[p][q].denominator))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((2, 3, 1, 60), "dim"),
        ((3, 0, 1, 60), "probes"),
        ((3, 3, -1, 60), "top"),
        ((3, 3, 1, 60.0), "bits"),
    ],
)
def test_impossible_arguments_are_refused(arguments, name):
    with pytest.raises(InvalidArgument, match=name):
        probe_ratio_moments(*arguments)
