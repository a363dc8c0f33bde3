"""Odd moments of a law: they couple E[x x^T] to E[x] under forward differences if v and -v differ."""

from functools import singledispatch
from typing import Any

import numpy as np

from zotheory.bounds.dynamics.sixth_moment import unknown_moment, weighted_outer, weighted_parts
from zotheory.laws import Coordinate, Empirical, Law, Mixture, Rademacher, RandomBlock
from zotheory.laws.block_isotropic import BlockIsotropic
from zotheory.types import Matrix, Vector
from zotheory.validation import check_symmetric, numeric_dim, quotient


def odd_moments(law: Law, hessian: Any) -> tuple[Vector, Vector] | None:
    """Return c = E[(v^T H v) v], shape (dim,), and F[k] = E[v_k (v^T H v) v v^T], shape (dim, dim, dim).

    None if v and -v have the same law by construction, where both vanish: every law of this package but
    `Empirical`, and mixtures and random blocks of it.

    Raises:
        InvalidArgument: a law that is not of this package, or a bad matrix.
    """
    hessian = check_symmetric(hessian, "hessian", law.dim)
    found = _odd(law, hessian)
    return None if found is None or not (np.any(found[0] != 0) or np.any(found[1] != 0)) else found


@singledispatch
def _odd(law: Any, hessian: Matrix) -> tuple[Vector, Vector] | None:
    if isinstance(law, (BlockIsotropic, Rademacher, Coordinate)):
        return None
    raise unknown_moment(law)


@_odd.register
def _(law: Empirical, hessian: Matrix) -> tuple[Vector, Vector] | None:
    forms = ((law.points @ hessian) * law.points).sum(axis=1)
    third = (law.weights * forms) @ law.points
    return third, np.array([weighted_outer(law, forms * law.points[:, k]) for k in range(law.dim)])


@_odd.register
def _(law: Mixture, hessian: Matrix) -> tuple[Vector, Vector] | None:
    found = [(w, _odd(part, hessian)) for w, part in weighted_parts(law)]
    odd = [(w, pair) for w, pair in found if pair is not None]
    if not odd:
        return None
    third, fifth = (np.sum([w * pair[k] for w, pair in odd], axis=0) for k in (0, 1))
    return third, fifth


@_odd.register
def _(law: RandomBlock, hessian: Matrix) -> tuple[Vector, Vector] | None:
    size, m = numeric_dim(law.dim), numeric_dim(law.block_size)
    share, kind = quotient(m, size), hessian.dtype
    third, fifth = np.zeros(size, dtype=kind), np.zeros((size, size, size), dtype=kind)
    for i in range(0, size, m):
        b = slice(i, i + m)
        found = _odd(law.inner_law, hessian[b, b])
        if found is None:
            return None
        third[b], fifth[b, b, b] = share * found[0], share * found[1]
    return third, fifth
