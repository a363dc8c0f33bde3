"""Structured perturbations v = P u: stable rank, overlap, intrinsic rank, and exact second moments.

P is a real (dim, k) matrix, u a random vector of R^k with E[u u^T] = I: N(0, I) ("gaussian") or uniform
with |u|^2 = k ("sphere"). Given P the covariance of v is S = P P^T, which takes the place of delta I, and
the estimate g = v v^T a has mean S a. Source: the definitions are our reading of arXiv 2501.19099, as
summarised; the moments are derived here.
"""

import math
from typing import Any, Literal

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.gradient import check_gradient
from zotheory.types import FloatArray, Matrix, Scalar, Vector, VectorLike
from zotheory.validation import (
    check_array,
    check_dim,
    check_positive,
    check_symmetric,
    is_symbolic,
    quotient,
)

Inner = Literal["gaussian", "sphere"]
# An eigenvalue this far below zero, relative to the largest, is not rounding.
_INDEFINITE = 1e-10


def stable_rank(structure: Any) -> float:
    """Return sr(P) = |P|_F^2 / |P|_2^2, from 1 to the rank of P, in floating point.

    Args:
        structure: P, shape (dim, k), numbers, not all zero.

    Raises:
        InvalidArgument: not such a matrix, or symbols in it.

    >>> stable_rank([[3, 0], [0, 3], [0, 0]])
    2.0
    """
    numbers = _floats(_check_structure(structure), "structure")
    return float((numbers**2).sum() / np.linalg.norm(numbers, 2) ** 2)


def effective_overlap(structure: Any, a: VectorLike) -> float:
    """Return o(P, a) = |P^T a|^2 / (|P|_2^2 |a|^2), from 0 to 1, in floating point.

    For orthonormal columns it is the share of the gradient's energy in their span, and 1 - o is the
    squared bias |S a - a|^2 / |a|^2 of the estimate.

    Args:
        structure: P, shape (dim, k), numbers, not all zero.
        a: the gradient, shape (dim,), numbers; its length does not matter.

    Raises:
        InvalidArgument: not such a matrix, a gradient of another length, or symbols.
    """
    matrix = _check_structure(structure)
    numbers = _floats(matrix, "structure")
    direction = _floats(check_gradient(a, "a", matrix.shape[0]), "a")
    seen = numbers.T @ direction
    return float((seen @ seen) / (np.linalg.norm(numbers, 2) ** 2 * (direction @ direction)))


def intrinsic_rank(hessian: Any) -> float:
    """Return tr H / |H|_2 of a positive semidefinite H, from 1 to its rank, in floating point.

    Args:
        hessian: H, shape (dim, dim), symmetric, non-zero, numbers: a Hessian, or a bound H >= Hessian.

    Raises:
        InvalidArgument: not symmetric, zero, symbols, or an eigenvalue below zero.
    """
    matrix = check_symmetric(hessian, "hessian", np.shape(hessian)[0] if np.ndim(hessian) else 1)
    numbers = _floats(matrix, "hessian")
    return float(numbers.trace() / _largest_eigenvalue(numbers, hessian))


def structured_mean(structure: Any, a: VectorLike) -> Vector:
    """Return E[g] = P P^T a, shape (dim,); a multiple of a only if a is an eigenvector of P P^T.

    Args:
        structure: P, shape (dim, k); exact and symbolic entries stay as they are.
        a: the gradient, shape (dim,).

    Raises:
        InvalidArgument: a zero or malformed matrix, or a gradient of another length.
    """
    matrix = _check_structure(structure)
    return matrix @ (matrix.T @ check_gradient(a, "a", matrix.shape[0]))


def structured_energy(structure: Any, a: VectorLike, inner: Inner = "gaussian") -> Scalar:
    """Return E|g|^2 = c ((a^T S a) tr S + 2 |S a|^2), S = P P^T, c = 1 or k/(k + 2) for fixed length.

    At most c |P|_2^4 o (sr + 2) |a|^2, with equality if the singular values of P are equal.

    Args:
        structure: P, shape (dim, k).
        a: the gradient, shape (dim,).
        inner: the law of u, "gaussian" or "sphere".

    Raises:
        InvalidArgument: as `structured_mean`; an unknown inner law.

    >>> structured_energy([[1, 0], [0, 1], [0, 0]], [3, 4, 5]), (2 + 2) * (3**2 + 4**2)
    (100, 100)
    """
    matrix = _check_structure(structure)
    return structured_curvature(matrix, a, np.eye(matrix.shape[0], dtype=int), inner)


def structured_curvature(structure: Any, a: VectorLike, hessian: Any, inner: Inner = "gaussian") -> Scalar:
    """Return E[g^T H g] = c ((a^T S a) tr(H S) + 2 a^T S H S a), exact for exact input.

    On a quadratic with Hessian H a step x - eta g changes E f by -eta a^T S a + eta^2/2 of this.
    For H >= 0 it is at most c |P|_2^4 |H|_2 o (min(sr, tr H/|H|_2) + 2) |a|^2.

    Args:
        structure: P, shape (dim, k).
        a: the gradient, shape (dim,).
        hessian: H, shape (dim, dim), symmetric; it may be indefinite.
        inner: the law of u, "gaussian" or "sphere".

    Raises:
        InvalidArgument: as `structured_energy`; a Hessian that is not symmetric or does not fit.
    """
    matrix = _check_structure(structure)
    a = check_gradient(a, "a", matrix.shape[0])
    hessian = check_symmetric(hessian, "hessian", matrix.shape[0])
    # With b = P^T a and K = P^T H P the form is (b.u)^2 u^T K u, and
    # E[(b.u)^2 u u^T] = c (|b|^2 I + 2 b b^T).
    seen, curvature = matrix.T @ a, matrix.T @ hessian @ matrix
    value = (seen @ seen) * curvature.trace() + 2 * (seen @ curvature @ seen)
    return _ratio(inner, matrix.shape[1]) * value


def replaced_dimension(
    structure: Any, a: VectorLike, hessian: Any = None, inner: Inner = "gaussian"
) -> float:
    """Return D = |a|^2 E[g^T H g] / (|H|_2 (a^T S a)^2), which takes the place of the dimension.

    On a quadratic with Hessian H the best step decreases E f by |a|^2 / (2 |H|_2 D). For H = I and u on
    the sphere of the whole space D = d; for k orthonormal columns D = k / o. In general
    D <= c (min(sr, tr H/|H|_2) + 2) / o. It does not depend on the scales of P, a and H.

    Args:
        structure: P, shape (dim, k), numbers.
        a: the gradient, shape (dim,), numbers.
        hessian: H, positive semidefinite and non-zero; the identity if not given.
        inner: the law of u, "gaussian" or "sphere".

    Returns:
        float: D; infinity if P^T a = 0, where no step helps, or if D is above the largest float.

    Raises:
        InvalidArgument: as `structured_curvature`; symbols; an eigenvalue of H below zero.
    """
    matrix = _floats(_check_structure(structure), "structure")
    size = matrix.shape[0]
    direction = _floats(check_gradient(a, "a", size), "a")
    given = np.eye(size) if hessian is None else hessian
    numbers = _floats(check_symmetric(given, "hessian", size), "hessian")
    steepest = _largest_eigenvalue(numbers, given)
    seen = matrix.T @ direction
    ratio, top = _ratio(inner, matrix.shape[1]), np.abs(seen).max()
    if top == 0:
        return math.inf
    # With the unit vector b = P^T a/|P^T a| and P' = P |a|/|P^T a|, K = P'^T (H/|H|_2) P' gives
    # D = c (tr K + 2 b^T K b): nothing small is squared before it has been divided by |P^T a|.
    unit = seen / top
    length = np.linalg.norm(unit)
    unit = unit / length
    with np.errstate(over="ignore", invalid="ignore"):
        grown = np.linalg.norm(direction) / length / top * matrix
        curvature = grown.T @ (numbers / steepest) @ grown
        value = ratio * (curvature.trace() + 2 * (unit @ curvature @ unit))
    return float(value) if np.isfinite(value) else math.inf  # nan: infinite terms of both signs


def random_subspace_factor(dim: Scalar, rank: Scalar, inner: Inner = "gaussian") -> Scalar:
    """Return nu of v = sqrt(delta d/k) Q u, Q a uniformly random frame of k columns: d (k + 2)/k, or d.

    Averaged over the subspace the law is delta-unbiased and rotation-invariant, with o = k/d on average:
    what a smaller stable rank saves is lost to the overlap.

    Args:
        dim: d, an integer of at least 1 or a symbol.
        rank: k, from 1 to d, or a symbol.
        inner: the law of u, "gaussian" or "sphere".

    Raises:
        InvalidArgument: a rank larger than the dimension, an unknown inner law.

    >>> random_subspace_factor(10, 5), random_subspace_factor(10, 5, "sphere")
    (14, 10)
    """
    d, k = check_dim(dim), check_dim(rank, "rank")
    if not is_symbolic(d) and not is_symbolic(k) and k > d:
        raise InvalidArgument("rank", rank, f"give at most the dimension, {d}")
    return d if _ratio(inner, k) != 1 else quotient(d * (k + 2), k)


def random_subspace_curvature(
    a: VectorLike, hessian: Any, rank: int, inner: Inner = "gaussian", delta: Scalar = 1
) -> Scalar:
    """Return E[g^T H g] = delta^2 nu/(d + 2) (|a|^2 tr H + 2 a^T H a) of a random subspace.

    nu is its dimension factor, `random_subspace_factor`.

    Args:
        a: the gradient, shape (dim,).
        hessian: H, shape (dim, dim), symmetric.
        rank: k, from 1 to dim.
        inner: the law of u, "gaussian" or "sphere".
        delta: scale, E[v v^T] = delta I.

    Raises:
        InvalidArgument: as `random_subspace_factor`; a gradient or Hessian that does not fit; delta <= 0.
    """
    a = check_gradient(a, "a")
    hessian = check_symmetric(hessian, "hessian", a.size)
    factor = quotient(random_subspace_factor(a.size, rank, inner), a.size + 2)
    # Rotation-invariant: T4[B] = E[n^2] / (d (d + 2)) (tr(B) I + 2 B), and E[n^2] = nu delta^2 d.
    value = (a @ a) * hessian.trace() + 2 * (a @ hessian @ a)
    return check_positive(delta, "delta") ** 2 * factor * value


def _ratio(inner: Any, k: Scalar) -> Scalar:
    """Return E[u_1^4] / 3 of the law of u in R^k."""
    if inner == "gaussian":
        return 1
    if inner == "sphere":
        return quotient(k, k + 2)
    raise InvalidArgument("inner", inner, 'give "gaussian" or "sphere"')


def _check_structure(structure: Any) -> Matrix:
    remedy = "give a non-zero matrix P of shape (dim, k)"
    matrix = check_array(structure, "structure", remedy)
    if matrix.ndim != 2 or matrix.size == 0 or not np.any(matrix != 0):
        raise InvalidArgument("structure", structure, remedy)
    if not all(is_symbolic(x) or x == 0 or 1e-50 <= abs(x) <= 1e50 for x in matrix.flat):
        raise InvalidArgument("structure", structure, "keep its entries within 1e-50 to 1e50, or zero")
    return matrix


def _floats(array: Matrix, name: str) -> FloatArray:
    # A positive multiple of the array: what is computed from it does not depend on its scale.
    if array.dtype != object:
        return array / np.abs(array).max() if np.any(array) else array.astype(float)
    if any(is_symbolic(x) for x in array.flat):
        raise InvalidArgument(name, array, "numbers are needed here, not symbols")
    top = max(abs(x) for x in array.flat)
    scaled = [float(quotient(x, top)) if top else 0.0 for x in array.flat]
    return np.array(scaled).reshape(array.shape)


def _largest_eigenvalue(numbers: FloatArray, shown: Any) -> float:
    values = np.linalg.eigvalsh(numbers)
    if not values[-1] > 0 or values[0] < -_INDEFINITE * values[-1]:
        raise InvalidArgument(
            "hessian", shown, "give a non-zero H >= 0, for example a bound on the Hessian from above"
        )
    return float(values[-1])
