"""Directionally aligned perturbations with a direction of its own for each trial."""

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zotheory.laws.partition import SECOND_PROJECTION_BELOW
from zotheory.types import FloatArray

Complement: TypeAlias = Literal["sphere", "gaussian"]


def aligned(z: FloatArray, directions: FloatArray, delta: float, complement: Complement) -> FloatArray:
    """Return v = xi sqrt(delta) e + w for each standard normal row, shape (c, b, dim) like ``z``.

    With z_perp = z - (z.e) e: w = sqrt(delta) z_perp ("gaussian"), or that of the fixed length
    sqrt(delta (d - 1)) ("sphere"). The sign is xi = sign(z.e): z.e is symmetric and independent of
    z_perp, so xi is fair and independent of w.

    Args:
        z: standard normal rows, shape (c, b, dim).
        directions: unit vectors e, one for each of the c trials, shape (c, dim).
        delta: scale, E[v v^T] = delta I.
        complement: "sphere" or "gaussian".
    """
    column, dim = directions[:, :, None], z.shape[-1]
    inner = z @ column
    signs = np.copysign(math.sqrt(delta), inner)
    if dim == 1:
        return signs * directions[:, None, :]
    if complement == "sphere" and dim >= SECOND_PROJECTION_BELOW:
        # v = r z + (xi sqrt(delta) - r z.e) e with r = |w| / |z_perp|, |z_perp|^2 = |z|^2 - (z.e)^2: fewer
        # passes over the rows. In low dimension the difference of squares may cancel.
        squares = np.einsum("cbd,cbd->cb", z, z)[:, :, None] - inner**2
        scale = np.sqrt(delta * (dim - 1) / squares)
        v = scale * z
        v += (signs - scale * inner) * directions[:, None, :]
        return v
    across = z - inner * directions[:, None, :]
    if dim < SECOND_PROJECTION_BELOW:
        across -= (across @ column) * directions[:, None, :]
    if complement == "sphere":
        squares = np.einsum("cbd,cbd->cb", across, across)
        across *= np.sqrt(delta * (dim - 1) / squares)[:, :, None]
    else:
        across *= math.sqrt(delta)
    across += signs * directions[:, None, :]
    return across


def unit_rows(rows: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the rows at length one, and which of them are zero (and left so)."""
    largest = np.abs(rows).max(axis=1, keepdims=True)
    zero = largest[:, 0] == 0
    # First by the largest entry, whose power of two costs no digit: squares neither overflow nor vanish.
    _, exponents = np.frexp(largest)
    with np.errstate(under="ignore"):
        scaled = np.ldexp(rows, -exponents)
        norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    return scaled / np.where(zero[:, None], 1.0, norms), zero
