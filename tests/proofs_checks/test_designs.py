from fractions import Fraction
from itertools import product
from math import prod

import pytest

from proofs_checks import _designs as designs
from zotheory.derive.moments import gaussian_moment, sphere_moment
from zotheory.errors import NotUnbiased


def moments(atoms, order):
    size = len(atoms[0][1])
    for k in product(range(order + 1), repeat=size):
        if sum(k) <= order:
            yield (
                k,
                designs.expectation(atoms, lambda v, k=k: prod(x**p for x, p in zip(v, k, strict=True))),
            )


@pytest.mark.parametrize("size", [1, 2, 3])
def test_three_point_product_has_the_gaussian_moments(size):
    for k, value in moments(designs.three_point_product(size), 5):
        assert value == gaussian_moment(k, Fraction(1, 3))


@pytest.mark.parametrize(
    ("atoms", "radius2"), [(designs.circle_design(), 1), (designs.four_sphere_design(), 4)]
)
def test_designs_have_the_moments_of_the_sphere(atoms, radius2):
    for k, value in moments(atoms, 5):
        assert value == sphere_moment(k, len(k), radius2)


@pytest.mark.parametrize("size", [1, 2])
def test_complements_are_unbiased_and_different(size):
    laws = designs.complements(size)
    assert {name: designs.scale_of(atoms) for name, atoms in laws.items()} == dict.fromkeys(laws, 1)
    lengths = {name: {designs.n_of(v) for _, v in atoms} for name, atoms in laws.items()}
    assert len(lengths["signs"]) == 1
    assert len(lengths["varying length"]) == 2
    assert any(designs.expectation(laws["skewed"], lambda v, i=i: v[i] ** 3) != 0 for i in range(size))


@pytest.mark.parametrize("size", [2, 3])
def test_rotations_are_orthogonal(size):
    rows = designs.ROTATION[size]
    assert [[designs.dot(p, q) for q in rows] for p in rows] == [
        [int(i == j) for j in range(size)] for i in range(size)
    ]


def test_scale_refuses_laws_that_are_not_unbiased():
    atoms = designs.sign_vectors(2)
    assert designs.scale_of(atoms) == 1
    with pytest.raises(NotUnbiased):
        designs.scale_of(atoms[:3])
    with pytest.raises(NotUnbiased):
        designs.scale_of([(w, (v[0], 2 * v[1])) for w, v in atoms])
