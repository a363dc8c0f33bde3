"""The sixth moment E[(v^T H v)^2 v v^T], which forward differences add to E[g g^T]."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws import (
    DAP,
    Coordinate,
    Empirical,
    ImportanceBlocks,
    Law,
    Mixture,
    Rademacher,
    RandomBlock,
    Shells,
    TwoAtom,
)
from zotheory.laws.arithmetic import settled, times
from zotheory.laws.block_isotropic import BlockIsotropic
from zotheory.laws.isotropic import Isotropic
from zotheory.types import Matrix, Scalar, Vector
from zotheory.validation import as_real, check_symmetric, numeric_dim, quotient


def sixth_moment(law: Law, hessian: Any) -> Matrix:
    """Return T6[H] = E[(v^T H v)^2 v v^T] for a symmetric (dim, dim) matrix H, shape (dim, dim).

    Forward differences of x^T H x/2 have slope v.Hx + mu v^T H v/2, so (mu^2/4) T6[H] is what they add to
    E[g g^T] if v and -v have the same law. Exact inputs give exact outputs.

    Raises:
        InvalidArgument: a law that is not of this package (its sixth moment is not known), a matrix that is
            not symmetric or of another shape; a law whose sixth moment is infinite.
    """
    if not isinstance(law, Law):
        raise InvalidArgument("law", law, "give an instance of a subclass of zotheory.laws.Law")
    return settled(_sixth(law, check_symmetric(hessian, "hessian", law.dim)))


def unknown_moment(law: Any) -> InvalidArgument:
    """Return the error for a law whose moments beyond the fourth are not known."""
    return InvalidArgument(
        "law",
        law,
        "its sixth moment is not known: use central differences or mu = 0, or give its atoms as Empirical",
    )


def _finite_cube(law: Law) -> Scalar:
    cube = law.norm_moment(3)
    if as_real(cube) is None:
        raise InvalidArgument(
            "law",
            law,
            f"its sixth moment E|v|^6 = norm_moment(3) is {cube}, and must be finite: use central "
            "differences or mu = 0, or a law with shorter tails",
        )
    return cube


@singledispatch
def _sixth(law: Any, hessian: Matrix) -> Matrix:
    raise unknown_moment(law)


@_sixth.register
def _(law: BlockIsotropic, hessian: Matrix) -> Matrix:
    # For z ~ N(0, C), Isserlis' fifteen pairings give
    #     E[(z^T H z)^2 z z^T] = ((tr HC)^2 + 2 tr(HCHC)) C + 4 tr(HC) CHC + 8 CHCHC.
    # With C = sum_i c_i P_i this is a cubic form in c. In a term c_i c_j c_k the vector P_i z enters twice
    # for each i in (i, j, k), so for v = sum_i sqrt(q_i) u_i it is multiplied with
    # E[q_i q_j q_k] / E[|P_i z|^2 |P_j z|^2 |P_k z|^2] (c = 1).
    projectors, sizes = law.partition.projectors(), law.partition.sizes
    energies, count = _triples(law), range(len(sizes))
    total = 0 * hessian
    products = [hessian @ p for p in projectors]  # H P_i
    traces = [product.trace() for product in products]
    pairs = [[(products[j] * products[k].T).sum() for k in count] for j in count]  # tr(H P_j H P_k)
    for i in count:
        for j in count:
            for k in count:
                energy = energies(i, j, k)
                if energy == 0:
                    continue
                weight = quotient(energy, _gaussian_energies((i, j, k), sizes))
                form = (
                    times(traces[j] * traces[k] + 2 * pairs[j][k], projectors[i])
                    + 4 * traces[i] * (projectors[j] @ products[k])
                    + 8 * (projectors[i] @ products[j] @ products[k])
                )
                total = total + weight * form
    return total


def _gaussian_energies(indices: tuple[int, ...], sizes: tuple[Scalar, ...]) -> Scalar:
    # E[prod |P_i z|^2] for a standard normal z: m (m + 2) ... once for each repetition of an index.
    value = 1
    for position, index in enumerate(indices):
        value = value * (sizes[index] + 2 * indices[:position].count(index))
    return value


@singledispatch
def _triples(law: Any) -> Callable[[int, int, int], Scalar]:
    """Return the function (i, j, k) to E[q_i q_j q_k] of the energies."""
    raise unknown_moment(law)


@_triples.register
def _(law: Isotropic) -> Callable[[int, int, int], Scalar]:
    cube = _finite_cube(law)
    return lambda i, j, k: cube


@_triples.register
def _(law: DAP) -> Callable[[int, int, int], Scalar]:
    # q = (delta, |w|^2), |w|^2 fixed or chi-squared with m degrees of freedom times delta.
    m, cube = law.dim - 1, law.delta**3
    grows = 2 if law.complement == "gaussian" else 0

    def value(i: int, j: int, k: int) -> Scalar:
        product = cube
        for position in range(i + j + k):  # each index is 0 or 1
            product = product * (m + grows * position)
        return product

    return value


@_triples.register(TwoAtom)
@_triples.register(ImportanceBlocks)
def _(law: TwoAtom | ImportanceBlocks) -> Callable[[int, int, int], Scalar]:
    # One energy at a time: p_i n_i^3.
    chances = (law.p, 1 - law.p) if isinstance(law, TwoAtom) else law.probabilities
    cubes = [p * n**3 for p, n in zip(chances, law.atoms, strict=True)]
    return lambda i, j, k: cubes[i] if i == j == k else 0


@_triples.register
def _(law: Shells) -> Callable[[int, int, int], Scalar]:
    columns: Any = law.energies.T
    return lambda i, j, k: (law.weights * columns[i] * columns[j] * columns[k]).sum()


@_sixth.register
def _(law: Rademacher, hessian: Matrix) -> Matrix:
    # v = sqrt(delta) (signs), v^T H v = delta (t + z), z = sum of H_ij s_i s_j over i != j. With H0 = H
    # less its diagonal: E[z s s^T] = 2 H0; E[z^2 s s^T] is 2 |H0|^2 on the diagonal, and beside it a pair
    # of edges (k, r), (r, l) can be chosen in 2 * 2 * 2 ways: 8 (H0^2)_kl.
    bare = hessian - np.diag(np.diag(hessian))
    square, trace = bare @ bare, hessian.trace()
    identity = np.eye(numeric_dim(law.dim), dtype=int)
    isotropic = times(trace * trace + 2 * (bare * bare).sum(), identity)
    return law.delta**3 * (isotropic + 4 * trace * bare + 8 * (square - np.diag(np.diag(square))))


@_sixth.register
def _(law: Coordinate, hessian: Matrix) -> Matrix:
    # v = +-sqrt(delta d) e_i with probability 1/d: (delta d)^3 H_ii^2 e_i e_i^T / d.
    return law.delta**3 * law.dim**2 * np.diag(np.diag(hessian) ** 2)


@_sixth.register
def _(law: Empirical, hessian: Matrix) -> Matrix:
    return weighted_outer(law, ((law.points @ hessian) * law.points).sum(axis=1) ** 2)


def weighted_outer(law: Empirical, factors: Vector) -> Matrix:
    """Return sum_i w_i factor_i v_i v_i^T."""
    return ((law.weights * factors)[:, None] * law.points).T @ law.points


@_sixth.register
def _(law: Mixture, hessian: Matrix) -> Matrix:
    return np.sum([times(w, settled(_sixth(part, hessian))) for w, part in weighted_parts(law)], axis=0)


def weighted_parts(law: Mixture) -> list[tuple[Scalar, Law]]:
    """Return the components of positive weight with their weights."""
    return [(w, part) for w, part in zip(law.weights, law.components, strict=True) if w != 0]


@_sixth.register
def _(law: RandomBlock, hessian: Matrix) -> Matrix:
    # Inside block b only H_bb is seen.
    m, inner = numeric_dim(law.block_size), law.inner_law
    total = 0 * hessian
    for i in range(0, numeric_dim(law.dim), m):
        block = slice(i, i + m)
        part = settled(_sixth(inner, hessian[block, block]))
        total[block, block] = times(quotient(m, law.dim), part)
    return total


def spectral_sixth(law: Any) -> tuple[Scalar, Scalar, Scalar, Scalar]:
    """Return the k of T6[H]_ii = k1 (tr H)^2 + k2 tr(H^2) + k3 tr(H) h_i + k4 h_i^2 for a diagonal H.

    For isotropic laws that is the diagonal in the eigenbasis of any H.

    Raises:
        InvalidArgument: a law whose T6 is unknown or has another form.
    """
    if isinstance(law, Isotropic):
        # One subspace in the formula of the block-isotropic laws: E[n^3] / (d (d + 2) (d + 4)).
        weight = quotient(_finite_cube(law), law.dim * (law.dim + 2) * (law.dim + 4))
        return weight, 2 * weight, 4 * weight, 8 * weight
    cube = law.delta**3
    if isinstance(law, Rademacher):
        return cube, 0 * cube, 0 * cube, 0 * cube  # v^T H v = delta tr H always
    if isinstance(law, Coordinate):
        return 0 * cube, 0 * cube, 0 * cube, cube * law.dim**2
    if isinstance(law, Mixture):
        parts = [(w, spectral_sixth(part)) for w, part in weighted_parts(law)]
        k1, k2, k3, k4 = (sum(w * part[k] for w, part in parts) for k in range(4))
        return k1, k2, k3, k4
    raise unknown_moment(law)
