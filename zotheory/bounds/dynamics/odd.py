"""Odd moments of a law: they couple E[x x^T] to E[x] under forward differences if v and -v differ."""

from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np

from zotheory.bounds.dynamics.sixth_moment import unknown_moment, weighted_outer, weighted_parts
from zotheory.laws import Coordinate, Empirical, Law, Mixture, Rademacher, RandomBlock
from zotheory.laws.block_isotropic import BlockIsotropic
from zotheory.types import Matrix, Vector
from zotheory.validation import check_symmetric, numeric_dim, quotient

# Sums of floats that cancel leave about 1e-16 of what cancelled.
ROUNDING = 1e-12


class _Odd(NamedTuple):
    """c and F, and the sizes E|v|^3 |H| and E|v|^5 |H| beside which they may be rounding."""

    third: Vector
    fifth: Vector
    third_scale: float
    fifth_scale: float


def odd_moments(law: Law, hessian: Any) -> tuple[Vector, Vector] | None:
    """Return c = E[(v^T H v) v], shape (dim,), and F[k] = E[v_k (v^T H v) v v^T], shape (dim, dim, dim).

    None if v and -v have the same law by construction, where both vanish: every law of this package but
    `Empirical`, and mixtures and random blocks of it; and if both come out as zero. Floats up to 1e-12 of
    E|v|^3 |H| and E|v|^5 |H| (largest entries in size) are rounding, and count as zero.

    Raises:
        InvalidArgument: a law that is not of this package, or a bad matrix.
    """
    hessian = check_symmetric(hessian, "hessian", law.dim)
    found = _odd(law, hessian)
    if found is None:
        return None
    third = _without_rounding(found.third, found.third_scale)
    fifth = _without_rounding(found.fifth, found.fifth_scale)
    return (third, fifth) if np.any(third != 0) or np.any(fifth != 0) else None


def _without_rounding(values: Vector, scale: float) -> Vector:
    if not _floating(values):
        return values  # fractions and symbols are what they are
    cleaned = values.copy()
    cleaned[np.abs(values) <= ROUNDING * scale] = 0
    return cleaned


def _floating(values: Vector) -> bool:
    return values.dtype.kind == "f" or any(isinstance(x, float) for x in values.flat)


@singledispatch
def _odd(law: Any, hessian: Matrix) -> _Odd | None:
    if isinstance(law, (BlockIsotropic, Rademacher, Coordinate)):
        return None
    raise unknown_moment(law)


@_odd.register
def _(law: Empirical, hessian: Matrix) -> _Odd | None:
    forms = ((law.points @ hessian) * law.points).sum(axis=1)
    third = (law.weights * forms) @ law.points
    fifth = np.array([weighted_outer(law, forms * law.points[:, k]) for k in range(law.dim)])
    if not (_floating(third) or _floating(fifth)):
        return _Odd(third, fifth, 0.0, 0.0)
    lengths = np.linalg.norm(law.points.astype(float), axis=1)
    weights, size = law.weights.astype(float), np.linalg.norm(hessian.astype(float), 2)
    return _Odd(third, fifth, float(weights @ lengths**3 * size), float(weights @ lengths**5 * size))


@_odd.register
def _(law: Mixture, hessian: Matrix) -> _Odd | None:
    found = [(w, _odd(part, hessian)) for w, part in weighted_parts(law)]
    odd = [(w, parts) for w, parts in found if parts is not None]
    if not odd:
        return None
    third, fifth = (np.sum([w * parts[k] for w, parts in odd], axis=0) for k in (0, 1))
    sized = [(float(w), parts) for w, parts in odd if parts.third_scale]
    third_scale = sum(w * parts.third_scale for w, parts in sized)
    return _Odd(third, fifth, third_scale, sum(w * parts.fifth_scale for w, parts in sized))


@_odd.register
def _(law: RandomBlock, hessian: Matrix) -> _Odd | None:
    size, m = numeric_dim(law.dim), numeric_dim(law.block_size)
    share, kind = quotient(m, size), hessian.dtype
    third, fifth = np.zeros(size, dtype=kind), np.zeros((size, size, size), dtype=kind)
    third_scale = fifth_scale = 0.0
    for i in range(0, size, m):
        b = slice(i, i + m)
        found = _odd(law.inner_law, hessian[b, b])
        if found is None:
            return None
        third[b], fifth[b, b, b] = share * found.third, share * found.fifth
        third_scale, fifth_scale = max(third_scale, found.third_scale), max(fifth_scale, found.fifth_scale)
    return _Odd(third, fifth, float(share) * third_scale, float(share) * fifth_scale)
