"""Orthogonal matrices written as products of reflections, so that they can be read and shrunk."""

from collections.abc import Iterable, Sequence

import numpy as np

from zotheory.types import FloatArray


def reflection(normal: Sequence[float]) -> FloatArray:
    """Return the Householder reflection I - 2 u u^T / |u|^2."""
    u = np.asarray(normal, dtype=float)
    return np.eye(u.size) - 2 * np.outer(u, u) / (u @ u)


def rotation(normals: Iterable[Sequence[float]], dim: int) -> FloatArray:
    """Return the product of the reflections; every orthogonal matrix is one of at most dim of them."""
    matrix = np.eye(dim)
    for normal in normals:
        matrix = matrix @ reflection(normal)
    return matrix
