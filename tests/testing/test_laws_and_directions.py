"""The strategies of laws and directions: everything valid, everything reached, small when shrunk."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import zotheory.laws
from zotheory.errors import InvalidArgument
from zotheory.laws import Gaussian, Law, Mixture, RandomBlock, TwoAtom, require_unbiased
from zotheory.testing import directions, laws

FAMILIES = [
    name
    for name in zotheory.laws.__all__
    if isinstance(getattr(zotheory.laws, name), type)
    and issubclass(getattr(zotheory.laws, name), Law)
    and name != "Law"
]
quick = settings(deadline=None, max_examples=60, derandomize=True, database=None)


@quick
@given(law=laws())
def test_drawn_laws_keep_the_contract_and_sample(law):
    require_unbiased(law)
    v = law.sample(3, 0)
    assert v.shape == (3, law.dim)
    assert np.all(np.isfinite(v))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_drawn_with_the_dimension_and_scale_asked_for(family):
    @settings(deadline=None, max_examples=15, derandomize=True, database=None)
    @given(law=laws(dim=3, delta=Fraction(5, 2), kinds=[family]))
    def check(law):
        assert type(law).__name__ == family
        assert law.dim == 3
        assert abs(float(law.delta) - 2.5) < 1e-9
        require_unbiased(law)

    check()


def test_laws_shrink_to_the_simplest():
    assert find(laws(), lambda law: True) == Gaussian(1)
    assert find(laws(dim=st.integers(2, 5)), lambda law: law.dim > 3) == Gaussian(4)


def test_laws_nest():
    def nested(law):
        return isinstance(law, Mixture) and any(isinstance(part, Mixture) for part in law.components)

    def block_of_blocks(law):
        return isinstance(law.inner_law, RandomBlock)

    assert nested(find(laws(kinds=[Mixture]), nested, settings=quick_search()))
    assert block_of_blocks(find(laws(kinds=["RandomBlock"]), block_of_blocks, settings=quick_search()))


def quick_search():
    return settings(max_examples=2000, derandomize=True, database=None)


@quick
@given(law=laws(kinds=[TwoAtom]))
def test_families_that_need_two_dimensions_get_them(law):
    assert law.dim >= 2


def test_counterexamples_can_be_read():
    law = find(laws(dim=4, kinds=["RandomBlock"]), lambda law: law.block_size == 2)
    assert repr(law) == "RandomBlock(dim=4, block_size=2, inner=Sphere, delta=1)"


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"kinds": ["Gauss"]}, "kinds"),
        ({"kinds": []}, "kinds"),
        ({"kinds": 3}, "kinds"),
        ({"dim": 0}, "dim"),
        ({"dim": 2.5}, "dim"),
        ({"delta": -1}, "delta"),
        ({"delta": float("nan")}, "delta"),
        ({"dim": 1, "kinds": ["TwoAtom", "Guided"]}, "dim"),
    ],
)
def test_bad_arguments_of_laws(arguments, argument):
    with pytest.raises(InvalidArgument) as caught:
        laws(**arguments)
    assert caught.value.argument == argument


def test_symbols_are_refused():
    import sympy as sp

    with pytest.raises(InvalidArgument, match="dim"):
        laws(dim=sp.Symbol("d", positive=True, integer=True))
    with pytest.raises(InvalidArgument, match="delta"):
        laws(delta=sp.Symbol("delta", positive=True))


@quick
@given(e=directions(st.integers(1, 6)))
def test_directions_can_be_normalised(e):
    assert e.ndim == 1
    assert 1 <= e.size <= 6
    assert 0 < np.linalg.norm(e) < np.inf
    assert abs(np.linalg.norm(e / np.linalg.norm(e)) - 1) < 1e-12


def angle(e, near):
    across = e - (e @ near) / (near @ near) * near
    return np.linalg.norm(across) / np.linalg.norm(e)


def drawn(strategy):
    found = []

    @settings(deadline=None, max_examples=30, derandomize=True, database=None)
    @given(value=strategy)
    def collect(value):
        found.append(value)

    collect()
    return found


def test_each_kind_of_direction():
    near = np.array([3.0, 0.0, 4.0])
    kinds = {
        "axis": lambda e: np.count_nonzero(e) == 1 and np.abs(e).max() == 1,
        "dense": lambda e: np.all(e != 0),
        "sparse": lambda e: np.count_nonzero(e) <= 2,
        "aligned": lambda e: angle(e, np.eye(1, 6)[0]) < 0.5,
        "scaled": lambda e: np.all(e != 0),
    }
    found = {kind: drawn(directions(6, kinds=[kind])) for kind in kinds}
    for kind, holds in kinds.items():
        assert all(holds(e) for e in found[kind]), kind
    close = find(directions(near=near, kinds="aligned"), lambda e: 0 < angle(e, near) < 1e-9)
    assert close.size == 3
    lengths = [np.linalg.norm(e) for e in found["scaled"]]
    assert min(lengths) < 1e-10
    assert max(lengths) > 1e10


def test_directions_shrink_to_the_first_axis():
    np.testing.assert_array_equal(find(directions(), lambda e: True), [1.0])
    np.testing.assert_array_equal(find(directions(), lambda e: e.size > 2), [1.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"kinds": "round"}, "kinds"),
        ({"dim": -1}, "dim"),
        ({"dim": 3, "near": [1, 0]}, "near"),
        ({"near": [0, 0]}, "near"),
    ],
)
def test_bad_arguments_of_directions(arguments, argument):
    with pytest.raises(InvalidArgument) as caught:
        directions(**arguments)
    assert caught.value.argument == argument
