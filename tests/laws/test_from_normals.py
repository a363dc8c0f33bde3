"""Laws made of normal rows: the sampler's own, entry for entry, and the rows stay as they are."""

import numpy as np
import pytest

from zotheory.laws import DAP, Coordinate, Gaussian, Guided, Rademacher, Sphere, TwoAtom

MADE = [
    Gaussian(3, delta=2),
    Sphere(3, delta=2),
    Sphere(12),
    DAP([1, 2, 3], delta=2),
    DAP([1, 2, 3], complement="gaussian"),
    DAP(np.arange(12), delta=0.5),
    DAP([2.0]),
]


@pytest.mark.parametrize("law", MADE, ids=lambda law: f"{type(law).__name__}{law.dim}")
def test_the_sampler_is_made_of_the_same_normals(law):
    rows = np.random.default_rng(3).standard_normal((50, law.dim))
    kept = rows.copy()
    made = law.from_normals(rows)
    assert np.array_equal(rows, kept)
    assert np.array_equal(made, law.sample(50, np.random.default_rng(3)))


@pytest.mark.parametrize("dim", [2, 7, 8, 40])
@pytest.mark.parametrize("complement", ["sphere", "gaussian"])
def test_aligned_rows_keep_the_part_of_the_normals_across(dim, complement):
    rng = np.random.default_rng(dim)
    e = rng.standard_normal(dim)
    rows = rng.standard_normal((200, dim))
    v, unit = DAP(e, delta=3, complement=complement).from_normals(rows), e / np.linalg.norm(e)
    assert np.allclose((v @ unit) ** 2, 3, rtol=1e-12)
    assert np.array_equal(np.sign(v @ unit), np.sign(rows @ unit))
    across, own = v - np.outer(v @ unit, unit), rows - np.outer(rows @ unit, unit)
    lengths = np.linalg.norm(own, axis=1) if complement == "gaussian" else np.full(200, np.sqrt(dim - 1))
    wanted = np.sqrt(3) * lengths[:, None] * own / np.linalg.norm(own, axis=1, keepdims=True)
    assert np.allclose(across, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "law", [Rademacher(3), Coordinate(3), TwoAtom([1, 0, 0], p=0.5), Guided([1, 0, 0], 0.5)]
)
def test_other_laws_say_that_they_are_not(law):
    assert law.from_normals(np.ones((2, 3))) is None
