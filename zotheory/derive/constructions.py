"""T4[a a^T] of laws built from a direction and its complement, or from blocks of coordinates."""

from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Expr, Matrix

from zotheory.derive.moments import gaussian_moment, sphere_moment
from zotheory.derive.tensor import Coefficients, exchangeable_tensor


@dataclass(frozen=True)
class AxisTensor:
    """T4[a a^T] of v = x e + w, w orthogonal to the unit vector e, isotropic there, signs free.

    With a = alpha e + b, b orthogonal to e, P the projector on the complement, and x -> -x, w -> -w
    separately harmless, E[(alpha x + b.w)^2 (x e + w)(x e + w)^T] is
        (alpha^2 x4 + |b|^2 x2w2) e e^T + (alpha^2 x2w2 + |b|^2 w22) P + 2 w22 b b^T
        + 2 alpha x2w2 (e b^T + b e^T).

    Attributes:
        x4: E[x^4].
        x2w2: E[x^2 w_1^2], w_1 an entry of w in an orthonormal basis of the complement.
        w22: E[w_1^2 w_2^2] = E[w_1^4] / 3.
    """

    x4: Any
    x2w2: Any
    w22: Any

    def matrix(self, alpha: Any, b: Any) -> Matrix:
        """Return the matrix for e = e_1 and a = (alpha, *b)."""
        b = Matrix(list(b))
        size, energy = len(b), b.dot(b)
        corner = Matrix([[alpha**2 * self.x4 + energy * self.x2w2]])
        cross = 2 * alpha * self.x2w2 * b
        rest = (alpha**2 * self.x2w2 + energy * self.w22) * sympy.eye(size) + 2 * self.w22 * b * b.T
        return Matrix(sympy.BlockMatrix([[corner, cross.T], [cross, rest]]))

    def trace(self, dim: Any, rho2: Any = 1) -> Expr:
        """Return E[s n], s = (a.v)^2/|a|^2, when the share ``rho2`` of |a|^2 lies along e."""
        along = self.x4 + (dim - 1) * self.x2w2
        across = self.x2w2 + (dim - 1) * self.w22 + 2 * self.w22
        return sympy.expand(rho2 * along + (1 - rho2) * across)

    def aligned(self) -> Coefficients:
        """Return T4[a a^T] for a along e: x4 a a^T + x2w2 (|a|^2 I - a a^T)."""
        return Coefficients(self.x2w2, self.x4 - self.x2w2, sympy.Integer(0))


def aligned_tensor(dim: Any, delta: Any = 1, complement: str = "sphere") -> AxisTensor:
    """Return the tensor of v = xi sqrt(delta) e + w, xi a fair sign independent of w.

    Args:
        dim: integer of at least 2, or a symbol.
        delta: scale, E[v v^T] = delta I.
        complement: "sphere" (fixed length) or "gaussian".
    """
    # E[x^4] = delta^2 and E[x^2 w_1^2] = delta E[w_1^2] = delta^2, for every complement law.
    m = sympy.sympify(dim) - 1
    fourth = gaussian_moment((4,), delta) if complement == "gaussian" else sphere_moment((4,), m, delta * m)
    return AxisTensor(delta**2, delta**2, sympy.cancel(fourth / 3))


def two_atom_tensor(dim: Any, p: Any, delta: Any = 1) -> AxisTensor:
    """Return the tensor of the two-atom law: +-sqrt(delta/p) e with probability p, else isotropic.

    Orthogonal to e the squared length is delta (d - 1)/(1 - p).
    """
    m = sympy.sympify(dim) - 1
    length2 = delta * m / (1 - p)
    w4 = (1 - p) * sphere_moment((4,), m, length2)
    return AxisTensor(sympy.cancel(p * (delta / p) ** 2), sympy.Integer(0), sympy.cancel(w4 / 3))


@dataclass(frozen=True)
class BlockCoefficients:
    """Block-diagonal: on block B it is identity |a_B|^2 I + outer a_B a_B^T + diagonal diag(a_B^2).

    Attributes:
        inner: the coefficients on each block.
    """

    inner: Coefficients

    def matrix(self, a: Any, block_size: int) -> Matrix:
        """Return the matrix for the entries ``a`` and consecutive blocks."""
        a = list(a)
        starts = range(0, len(a), block_size)
        return sympy.diag(*(self.inner.matrix(a[i : i + block_size]) for i in starts))

    def trace(self, block_size: Any) -> Expr:
        """Return the trace in units of |a|^2."""
        return self.inner.trace(block_size)


def random_block_tensor(kind: str, dim: Any, block_size: Any, delta: Any = 1) -> BlockCoefficients:
    """Return T4[a a^T] of a random one of d/m blocks with a Gaussian or spherical law inside.

    Conditional on the block (probability m/d) the law inside has scale delta d/m.

    Args:
        kind: "gaussian" or "sphere".
        dim: d, a multiple of m; integer or symbol.
        block_size: m, integer of at least 2 or a symbol.
        delta: scale, E[v v^T] = delta I.
    """
    d, m = sympy.sympify(dim), sympy.sympify(block_size)
    scale = delta * d / m
    if kind == "gaussian":
        m4, m22 = gaussian_moment((4, 0), scale), gaussian_moment((2, 2), scale)
    else:
        m4, m22 = sphere_moment((4, 0), m, scale * m), sphere_moment((2, 2), m, scale * m)
    return BlockCoefficients(exchangeable_tensor(m4, m22).in_units(d / m))


def importance_block_tensor(block_size: Any, probability: Any, delta: Any = 1) -> Coefficients:
    """Return T4[a a^T] on one block, drawn with the given probability, spherical inside.

    |v|^2 = delta m / p there; between blocks the tensor vanishes.
    """
    m = sympy.sympify(block_size)
    length2 = delta * m / probability
    m4, m22 = sphere_moment((4, 0), m, length2), sphere_moment((2, 2), m, length2)
    return exchangeable_tensor(m4, m22).in_units(1 / sympy.sympify(probability))
