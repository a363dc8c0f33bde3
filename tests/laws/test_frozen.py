"""Laws do not change: attributes, stored arrays, the caller's arrays, copies and pickles."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest

from zotheory.laws import (
    DAP,
    Alignment,
    Empirical,
    FirstAxis,
    Guided,
    OrthonormalFrame,
    RandomBlock,
    Shells,
    Sphere,
)
from zotheory.laws.partition import Axis, Contiguous, Eigenspaces, Partition, Whole


def arrays_of(thing):
    for value in vars(thing).values():
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, Partition):
            yield from arrays_of(value)


def test_attributes_cannot_be_set(bounded_twin):
    law, _ = bounded_twin
    for field in dataclasses.fields(law):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(law, field.name, 1)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(law, field.name)


def test_stored_arrays_are_read_only(bounded_twin):
    law, _ = bounded_twin
    for array in arrays_of(law):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_round_trips(bounded_twin):
    law, _ = bounded_twin
    a = np.arange(1, law.dim + 1)
    copies = [copy.copy(law), copy.deepcopy(law)]
    if "<lambda>" not in repr(law):
        copies.append(pickle.loads(pickle.dumps(law)))
    for other in copies:
        assert type(other) is type(law)
        assert np.all(other.error_covariance(a) == law.error_covariance(a))
        assert np.array_equal(other.sample(3, 0), law.sample(3, 0))
        assert not any(array.flags.writeable for array in arrays_of(other))


def test_repr_names_the_law_and_its_arguments(bounded_twin):
    law, _ = bounded_twin
    text = repr(law)
    assert text.startswith(type(law).__name__ + "(")
    for field in dataclasses.fields(law):
        assert f"{field.name}=" in text


def test_the_caller_s_arrays_stay_the_caller_s():
    e, points, weights = np.array([1.0, 0.0]), np.array([[1.0, 1.0], [1.0, -1.0]]), np.array([0.5, 0.5])
    energies, basis = np.array([[1.0, 1.0], [1.0, 1.0]]), np.eye(2)
    laws = [DAP(e), Empirical(points, weights), Shells(Eigenspaces(basis, (1, 1)), energies, weights)]
    before = [law.error_covariance([1.0, 2.0]) for law in laws]
    for array in (e, points, weights, energies, basis):
        array[...] = 7  # still writable, and no longer the law's
    for law, covariance in zip(laws, before, strict=True):
        assert np.array_equal(law.error_covariance([1.0, 2.0]), covariance)


def test_arguments_are_not_modified():
    a, b = np.array([1.0, 2.0]), np.array([[1.0, 0.5], [0.5, 2.0]])
    law = DAP([1.0, 1.0])
    law.error_covariance(a), law.dimension_factor(a), law.fourth_moment(b), law.weighted_norm_moment(b)
    assert np.array_equal(a, [1.0, 2.0])
    assert np.array_equal(b, [[1.0, 0.5], [0.5, 2.0]])
    a[0] = 5  # checks do not freeze the caller's array


def test_partitions_are_frozen():
    for part in (
        Whole(3),
        Contiguous((1, 2)),
        Eigenspaces(np.eye(3), (1, 2)),
        FirstAxis(3),
        Alignment(0.5),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            part.sizes = (3,)
    for part in (Axis([1.0, 2.0]), Eigenspaces(np.eye(2), (1, 1))):
        for other in (copy.deepcopy(part), pickle.loads(pickle.dumps(part))):
            assert all(not array.flags.writeable for array in arrays_of(other))


def test_equality_and_hash_of_laws_without_arrays():
    assert Sphere(3) == Sphere(3, 1) != Sphere(3, 2)
    assert len({Sphere(3), Sphere(3, 1), RandomBlock(4, 2), RandomBlock(4, 2), OrthonormalFrame(3, 2)}) == 3
    assert Sphere(3) != OrthonormalFrame(3, 3)


def test_replace():
    assert dataclasses.replace(Sphere(3), delta=2) == Sphere(3, 2)
    assert dataclasses.replace(OrthonormalFrame(3, 2), delta=2) == OrthonormalFrame(3, 2, 2)
    guided = dataclasses.replace(Guided([1, 0], 0.5), alignment=0.7)
    assert guided.p == Guided([1, 0], 0.7).p


def test_direction_is_kept_as_given():
    law = DAP([3, 4])
    assert law.direction.tolist() == [3, 4]
    assert DAP([300.0, 400.0]).direction.tolist() == [300.0, 400.0]
    assert DAP(FirstAxis(7)).direction == FirstAxis(7)
