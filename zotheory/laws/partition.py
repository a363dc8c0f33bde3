"""Orthogonal decompositions R^d = E_1 + ... + E_k inside which a law may be isotropic."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.arithmetic import sine_squared
from zotheory.laws.freezing import Frozen, frozen
from zotheory.laws.gradient import Alignment, FirstAxis, as_floats, check_direction
from zotheory.types import FloatArray, Matrix, Scalar, Vector, VectorLike
from zotheory.validation import (
    check_array,
    check_dim,
    check_vector,
    numeric_dim,
    quotient,
    to_float,
)

# Below this dimension z - (z.e) e, z normal, can be much shorter than z, and a second projection is needed
# to remove the rounding of the first: P(|z_perp| < h |z|) is of the order h^(dim - 1).
SECOND_PROJECTION_BELOW = 8


class Partition(Frozen, ABC):
    """Subspaces E_i of dimensions ``sizes``, mutually orthogonal, together all of R^dim."""

    sizes: tuple[Scalar, ...]

    @property
    def dim(self) -> Scalar:
        """Dimension of the whole space."""
        return sum(self.sizes)

    @abstractmethod
    def energies(self, a: Any) -> tuple[Scalar, ...]:
        """Return |P_i a|^2 / |a|^2 for each subspace."""

    @abstractmethod
    def projectors(self) -> list[Matrix]:
        """Return the orthogonal projectors P_i, each of shape (dim, dim)."""

    @abstractmethod
    def sample_units(self, n: int, rng: np.random.Generator) -> list[FloatArray]:
        """Return for each subspace n independent uniform unit vectors, shape (n, dim)."""


@dataclass(frozen=True)
class Whole(Partition):
    """One subspace: everything."""

    size: Scalar

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", check_dim(self.size, "size"))

    @property
    def sizes(self) -> tuple[Scalar, ...]:  # type: ignore[override]
        """The dimension."""
        return (self.size,)

    def energies(self, a: Any) -> tuple[Scalar, ...]:
        """Return (1,); ``a`` may be None."""
        if a is not None and not isinstance(a, Alignment):
            check_vector(a, "a", self.size)
        return (1,)

    def projectors(self) -> list[Matrix]:
        """Return the identity."""
        return [np.eye(numeric_dim(self.size), dtype=int)]

    def sample_units(self, n: int, rng: np.random.Generator) -> list[FloatArray]:
        """Return uniform unit vectors."""
        return [_normalised(rng.standard_normal((n, numeric_dim(self.size))))]


class Axis(Partition):
    """A line along ``direction`` and its orthogonal complement (none in dimension one)."""

    def __init__(self, direction: VectorLike) -> None:
        if isinstance(direction, FirstAxis):
            self._size, self._given, self._direction = direction.dim, None, None
        else:
            # Written in the direction's own units, whose square neither overflows nor vanishes.
            self._direction = frozen(check_direction(direction, "direction"))
            self._given, self._size = frozen(check_vector(direction, "direction")), self._direction.size

    def normal_form(self) -> Vector | FirstAxis:
        """The direction as given, as a read-only array or as a `FirstAxis`."""
        return FirstAxis(self._size) if self._given is None else self._given

    @property
    def direction(self) -> Vector:
        """The direction, not normalised, so that exact entries stay exact; floats come rescaled."""
        return FirstAxis(self._size).vector() if self._direction is None else self._direction

    @property
    def sizes(self) -> tuple[Scalar, ...]:  # type: ignore[override]
        """One and dim - 1."""
        return (1,) if self._size == 1 else (1, self._size - 1)

    def energies(self, a: Any) -> tuple[Scalar, ...]:
        """Return (rho^2, 1 - rho^2) with rho the alignment of ``a`` with the direction."""
        if a is None:
            raise InvalidArgument("a", a, "this law is not isotropic: give the gradient, or Alignment(rho)")
        if isinstance(a, Alignment):
            along, across = a.rho**2, sine_squared(a.rho)
        else:
            along, across = self._shares(check_direction(a, "a", self._size))
        return (along,) if self._size == 1 else (along, across)

    def _shares(self, a: Vector) -> tuple[Scalar, Scalar]:
        if self._direction is None:
            total = a @ a
            return quotient(a[0] * a[0], total), quotient(a[1:] @ a[1:], total)
        e = self._direction
        if (a.dtype == object) != (e.dtype == object):  # floats decide, unless there are symbols
            a, e = as_floats(a), as_floats(e)
        inner, square, total = e @ a, e @ e, a @ a
        along = quotient(inner**2, square * total)
        if a.dtype == object or e.dtype == object:
            return along, 1 - along
        # From the rest of the vector itself: 1 - along would cancel near an aligned gradient.
        rest = a - inner / square * e
        return along, (rest @ rest) / total

    def projectors(self) -> list[Matrix]:
        """Return e e^T / |e|^2 and its complement."""
        e = self.direction
        if e.dtype == object:  # exact entries, exact projector
            along = np.array([[quotient(x * y, e @ e) for y in e] for x in e], dtype=object)
        elif self._direction is None:
            along = np.outer(e, e)
        else:
            along = np.outer(e, e) / (e @ e)
        return [along] if self._size == 1 else [along, np.eye(e.size, dtype=int) - along]

    def sample_units(self, n: int, rng: np.random.Generator) -> list[FloatArray]:
        """Return fair signs times the direction, and uniform unit vectors orthogonal to it."""
        e = as_floats(self.direction, symbols=False)
        e = e / np.linalg.norm(e)
        z = rng.standard_normal((n, e.size))
        inner = z @ e[:, None]
        # z.e is symmetric and independent of z - (z.e) e: its sign is fair and independent of the rest.
        along = np.copysign(1.0, inner) * e
        if e.size == 1:
            return [along]
        z -= inner * e
        if e.size < SECOND_PROJECTION_BELOW:
            z -= (z @ e[:, None]) * e
        return [along, _normalised(z)]


@dataclass(frozen=True)
class Contiguous(Partition):
    """Consecutive blocks of coordinates of the given sizes."""

    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        sizes = tuple(self.sizes) if isinstance(self.sizes, (Sequence, np.ndarray)) else ()
        if not sizes:
            raise InvalidArgument("sizes", self.sizes, "give a sequence of at least one size")
        object.__setattr__(self, "sizes", tuple(numeric_dim(check_dim(m, "sizes")) for m in sizes))

    @property
    def edges(self) -> list[tuple[int, int]]:
        """Start and end of each block."""
        return list(pairwise([0, *np.cumsum(self.sizes).tolist()]))

    def energies(self, a: Any) -> tuple[Scalar, ...]:
        """Return the share of |a|^2 in each block."""
        if a is None or isinstance(a, Alignment):
            raise InvalidArgument("a", a, "this law works on blocks: give the gradient vector")
        a = check_direction(a, "a", self.dim)
        return tuple(quotient(a[i:j] @ a[i:j], a @ a) for i, j in self.edges)

    def projectors(self) -> list[Matrix]:
        """Return diagonal 0/1 matrices."""
        index = np.arange(self.dim)
        return [np.diag(((index >= i) & (index < j)).astype(int)) for i, j in self.edges]

    def sample_units(self, n: int, rng: np.random.Generator) -> list[FloatArray]:
        """Return uniform unit vectors inside each block, zero outside."""
        units = []
        for i, j in self.edges:
            block = np.zeros((n, self.dim))
            block[:, i:j] = _normalised(rng.standard_normal((n, j - i)))
            units.append(block)
        return units


@dataclass(frozen=True, eq=False)
class Eigenspaces(Partition):
    """Subspaces spanned by groups of consecutive columns of an orthonormal basis.

    Raises:
        InvalidArgument: columns that are not orthonormal to 1e-10, or sizes that do not add up.
    """

    basis: FloatArray
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", Contiguous(self.sizes).sizes)
        remedy = f"give a ({self.dim}, {self.dim}) matrix with orthonormal columns"
        basis = check_array(self.basis, "basis", remedy)
        basis = np.array([to_float(x, "basis") for x in basis.flat]).reshape(basis.shape)
        if basis.shape != (self.dim, self.dim):
            raise InvalidArgument("basis", self.basis, remedy)
        if np.abs(basis.T @ basis - np.eye(self.dim)).max() > 1e-10:
            raise InvalidArgument("basis", self.basis, remedy)
        object.__setattr__(self, "basis", frozen(basis))

    @property
    def _inner(self) -> Contiguous:
        return Contiguous(self.sizes)

    def energies(self, a: Any) -> tuple[Scalar, ...]:
        """Return the share of |a|^2 in each eigenspace."""
        if a is None or isinstance(a, Alignment):
            raise InvalidArgument("a", a, "this law works on eigenspaces: give the gradient vector")
        a = as_floats(check_direction(a, "a", self.dim), symbols=False)
        return self._inner.energies(self.basis.T @ a)

    def projectors(self) -> list[Matrix]:
        """Return U_i U_i^T for each group of columns U_i."""
        return [self.basis[:, i:j] @ self.basis[:, i:j].T for i, j in self._inner.edges]

    def sample_units(self, n: int, rng: np.random.Generator) -> list[FloatArray]:
        """Return uniform unit vectors of each eigenspace."""
        return [units @ self.basis.T for units in self._inner.sample_units(n, rng)]


def _normalised(z: FloatArray) -> FloatArray:
    # In place, and in one pass: for normal rows, whose squares neither overflow nor vanish.
    z /= np.sqrt(np.einsum("nd,nd->n", z, z))[:, None]
    return z
