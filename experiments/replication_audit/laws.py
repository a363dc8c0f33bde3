"""Perturbations as the published code draws them, for parameters that are matrices."""

import math

import numpy as np

from zotheory.laws.aligned_rows import unit_rows
from zotheory.types import FloatArray


def by_rows(count: int, rows: int, columns: int, rng: np.random.Generator) -> FloatArray:
    """Draw matrices with independent rows, each uniform on the sphere of radius sqrt(rows columns).

    Returns:
        Shape (count, rows * columns). A row u has E[u u^T] = (rows columns) I / columns, so that
        E[v v^T] = rows I. The same factor after normalising the whole, not each row, would give delta = 1.
    """
    z = rng.standard_normal((count, rows, columns))
    z *= math.sqrt(rows * columns) / np.linalg.norm(z, axis=2, keepdims=True)
    return z.reshape(count, -1)


def scaled(count: int, name: str, dim: int, delta: float, rng: np.random.Generator) -> FloatArray:
    """Draw from the Gaussian, Rademacher or coordinate law with E[v v^T] = delta I, shape (count, dim)."""
    if name == "gaussian":
        return math.sqrt(delta) * rng.standard_normal((count, dim))
    if name == "rademacher":
        return math.sqrt(delta) * rng.choice([-1.0, 1.0], size=(count, dim))
    v = np.zeros((count, dim))
    v[np.arange(count), rng.integers(dim, size=count)] = math.sqrt(delta * dim)
    return v * rng.choice([-1.0, 1.0], size=(count, 1))


def realigned(v: FloatArray, rough: FloatArray, length: float, rng: np.random.Generator) -> FloatArray:
    """Replace the component of v along a rough estimate by plus or minus ``length``.

    Args:
        v: perturbations, shape (n, b, dim).
        rough: one estimate for each n, shape (n, dim).
        length: sqrt(delta) for a delta-unbiased law.
        rng: of the signs.
    """
    e, _ = unit_rows(rough)
    inner = np.einsum("nbd,nd->nb", v, e)
    signs = rng.choice([-1.0, 1.0], size=inner.shape)
    return v + (length * signs - inner)[:, :, None] * e[:, None, :]
