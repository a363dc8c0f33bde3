"""Orthogonal decompositions R^d = E_1 + ... + E_k inside which a law may be isotropic."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.types import FloatArray, Matrix, Scalar, Vector
from zotheory.validation import (
    check_dim,
    check_fraction,
    check_vector,
    numeric_dim,
    quotient,
)


@dataclass(frozen=True)
class FirstAxis:
    """The direction e_1 of R^dim without its entries, so that dim may be a symbol or huge."""

    dim: Scalar

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", check_dim(self.dim))

    def vector(self) -> FloatArray:
        """Return the entries, for an integer dimension."""
        return np.eye(1, numeric_dim(self.dim))[0]


@dataclass(frozen=True)
class Alignment:
    """A gradient of which only its alignment rho = |e.a| / |a| with the law's own direction is known.

    Stands for the vector ``a`` in `Law.dimension_factor`; rho in [0, 1] or a symbol.
    """

    rho: Scalar

    def __post_init__(self) -> None:
        check_fraction(self.rho, "rho", open_interval=False)


class Partition(ABC):
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

    def __init__(self, direction: Vector | FirstAxis) -> None:
        if isinstance(direction, FirstAxis):
            self._size, self._direction = direction.dim, None
        else:
            # A copy that cannot be written to: a law must not change under its user's hands.
            self._direction = check_vector(direction, "direction").copy()
            self._direction.setflags(write=False)
            self._size = self._direction.size

    def normal_form(self) -> Vector | FirstAxis:
        """The direction as a read-only array, or the `FirstAxis` it was given as."""
        return FirstAxis(self._size) if self._direction is None else self._direction

    @property
    def direction(self) -> Vector:
        """The direction as given, not normalised, so that exact entries stay exact."""
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
            along = a.rho**2
        else:
            a, e = check_vector(a, "a", self._size), self.direction
            along = quotient((e @ a) ** 2, (e @ e) * (a @ a))
        return (along,) if self._size == 1 else (along, 1 - along)

    def projectors(self) -> list[Matrix]:
        """Return e e^T / |e|^2 and its complement."""
        e = self.direction
        if e.dtype == object:  # exact entries, exact projector
            along = np.array([[quotient(x * y, e @ e) for y in e] for x in e], dtype=object)
        else:
            along = np.outer(e, e) / (e @ e)
        return [along] if self._size == 1 else [along, np.eye(e.size, dtype=int) - along]

    def sample_units(self, n: int, rng: np.random.Generator) -> list[FloatArray]:
        """Return fair signs times the direction, and uniform unit vectors orthogonal to it."""
        e = np.asarray(self.direction, dtype=float)
        # Dividing by the largest entry first keeps |e|^2 from overflowing or underflowing.
        e = e / np.abs(e).max()
        e = e / np.linalg.norm(e)
        along = rng.choice([-1.0, 1.0], size=(n, 1)) * e
        if e.size == 1:
            return [along]
        z = rng.standard_normal((n, e.size))
        for _ in range(2):  # the second pass removes the rounding left by the first
            z -= np.outer(z @ e, e)
        return [along, _normalised(z)]


@dataclass(frozen=True)
class Contiguous(Partition):
    """Consecutive blocks of coordinates of the given sizes."""

    sizes: tuple[int, ...]

    @property
    def edges(self) -> list[tuple[int, int]]:
        """Start and end of each block."""
        return list(pairwise([0, *np.cumsum(self.sizes).tolist()]))

    def energies(self, a: Any) -> tuple[Scalar, ...]:
        """Return the share of |a|^2 in each block."""
        if a is None or isinstance(a, Alignment):
            raise InvalidArgument("a", a, "this law works on blocks: give the gradient vector")
        a = check_vector(a, "a", self.dim)
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


class Eigenspaces(Partition):
    """Subspaces spanned by groups of consecutive columns of an orthonormal basis."""

    def __init__(self, basis: FloatArray, sizes: tuple[int, ...]) -> None:
        basis = np.asarray(basis, dtype=float)
        if basis.shape != (sum(sizes),) * 2 or not np.allclose(basis.T @ basis, np.eye(sum(sizes))):
            raise InvalidArgument("basis", basis, "give a square matrix with orthonormal columns")
        self.basis, self._inner = basis, Contiguous(tuple(sizes))
        self.sizes = self._inner.sizes

    def energies(self, a: Any) -> tuple[Scalar, ...]:
        """Return the share of |a|^2 in each eigenspace."""
        return self._inner.energies(self.basis.T @ check_vector(a, "a", self.dim).astype(float))

    def projectors(self) -> list[Matrix]:
        """Return U_i U_i^T for each group of columns U_i."""
        return [self.basis[:, i:j] @ self.basis[:, i:j].T for i, j in self._inner.edges]

    def sample_units(self, n: int, rng: np.random.Generator) -> list[FloatArray]:
        """Return uniform unit vectors of each eigenspace."""
        return [units @ self.basis.T for units in self._inner.sample_units(n, rng)]


def _normalised(z: FloatArray) -> FloatArray:
    return z / np.linalg.norm(z, axis=1, keepdims=True)
