"""Laws made of laws: parts of the wrong kind, dimension or scale."""

import numpy as np
import pytest
import sympy as sp

from zotheory.errors import InvalidArgument, NotUnbiased
from zotheory.laws import Empirical, Mixture, RandomBlock, Shells, Sphere
from zotheory.laws.partition import Contiguous

m = sp.Symbol("m", positive=True)
BIASED = Shells(Contiguous((1, 1)), [[1, 2]], [1])


@pytest.mark.parametrize(
    "inner",
    [
        None,
        3,
        "Sphere",
        Sphere(1),
        lambda m, s: None,
        lambda m, s: "law",
        lambda m: Sphere(m),
        lambda m, s: Sphere(m),
        lambda m, s: Sphere(2 * m, s),
        lambda m, s: Sphere(m, 2 * s),
        lambda m, s: Sphere(m, s * (1 + 1e-9)),
        lambda size, s: Sphere(size, m),
        lambda size, s: Sphere(m, s),
        lambda m, s: np.ones(m),
        lambda m, s: m + "a",
    ],
)
def test_inner_laws(refused, inner):
    refused("inner", RandomBlock, 4, 2, inner)


def test_inner_law_that_refuses_its_arguments():
    with pytest.raises(InvalidArgument, match="points"):
        RandomBlock(4, 2, Empirical)


def test_inner_law_that_breaks_its_contract():
    with pytest.raises(NotUnbiased):
        RandomBlock(4, 2, lambda m, s: Shells(Contiguous((1, 1)), [[s / 2, 3 * s / 2]], [1]))


def test_error_in_an_inner_law_is_chained():
    with pytest.raises(InvalidArgument) as caught:
        RandomBlock(4, 2, lambda m: Sphere(m))
    assert isinstance(caught.value.__cause__, TypeError)


@pytest.mark.parametrize(
    "components", [None, [], (), Sphere(2), [Sphere], [Sphere(2), None], "ab", [1, 2], {1: Sphere(2)}]
)
def test_components(refused, components):
    refused("components", Mixture, components, [1.0])


def test_components_of_different_dimensions(refused):
    refused("components", Mixture, [Sphere(2), Sphere(3)], [0.5, 0.5])
    refused("components", Mixture, [Sphere(2), Sphere(m)], [0.5, 0.5])


def test_a_biased_component():
    with pytest.raises(NotUnbiased):
        Mixture([BIASED, Sphere(2)], [0.5, 0.5])
