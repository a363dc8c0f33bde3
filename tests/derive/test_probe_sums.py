import numpy as np
import pytest
import sympy as sp

from zotheory.derive.probe_sums import probe_sum_moments

d, k = sp.symbols("d k", positive=True)


def sums(parts):
    """S and |W|^2 of the sum of u (u.a), from the pairs (u.a, rest of u)."""
    along = sum(t**2 for t, _ in parts)
    across = sum((t[..., None] * w for t, w in parts), start=np.zeros(1))
    return along, (across**2).sum(axis=-1)


@pytest.mark.parametrize("probes", [1, 2, 3])
def test_moments_in_the_plane_agree_with_a_polygon(probes):
    # Equally spaced points integrate trigonometric polynomials of a lower degree than their number.
    angles = np.meshgrid(*[np.arange(24) * 2 * np.pi / 24] * probes, indexing="ij")
    along, across = sums([(np.cos(x), np.sin(x)[..., None]) for x in angles])
    table = probe_sum_moments(2, probes, 3, 2)
    for p in range(4):
        for q in range(3):
            assert float(table[p][q]) == pytest.approx(np.mean(along**p * across**q), rel=1e-12)


def test_moments_of_two_probes_in_space_agree_with_quadrature():
    nodes, weights = np.polynomial.legendre.leggauss(20)
    angle = np.arange(20) * 2 * np.pi / 20
    x, y, phi = np.meshgrid(nodes, nodes, angle, indexing="ij")
    first = np.stack([np.sqrt(1 - x**2), 0 * x], axis=-1)
    second = np.sqrt(1 - y**2)[..., None] * np.stack([np.cos(phi), np.sin(phi)], axis=-1)
    along, across = sums([(x, first), (y, second)])
    table = probe_sum_moments(3, 2, 2, 2)
    for p in range(3):
        for q in range(3):
            mean = np.einsum("i,j,ijk->", weights, weights, along**p * across**q) / 4 / 20
            assert float(table[p][q]) == pytest.approx(mean, rel=1e-12)


def test_symbolic_and_integer_arguments_agree():
    symbolic = probe_sum_moments(d, k, 2, 2)
    for dim, probes in ((2, 1), (3, 4), (7, 30)):
        table = probe_sum_moments(dim, probes, 2, 2)
        for p in range(3):
            for q in range(3):
                assert sp.sympify(symbolic[p][q]).subs({d: dim, k: probes}) == table[p][q]
