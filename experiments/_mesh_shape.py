"""Triangulations of the unit square whose vertices move: what is free, and which meshes are sound."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zotheory.experiment import ExperimentError
from zotheory.types import FloatArray


@dataclass(frozen=True, eq=False)
class Shape:
    """A square grid of cells x cells squares, each cut into two triangles, and the moves of its vertices.

    A move z has one number for each free coordinate, in units of the grid's width: both coordinates of an
    inner vertex, the one along its side of a boundary vertex, none of a corner. The triangles keep their
    vertices. The coordinates are ordered by rings: boundary first, then its inner neighbours, and so on.

    Attributes:
        cells: squares a side.
        start: positions, shape (vertices, 2).
        triangles: vertices, counterclockwise, shape (triangles, 3).
        free: indices of the free coordinates in ``start.ravel()``, shape (dim,).
        rings: how many free coordinates each ring has.
    """

    cells: int
    start: FloatArray
    triangles: NDArray[np.intp]
    free: NDArray[np.intp]
    rings: tuple[int, ...]

    @classmethod
    def regular(cls, cells: int) -> "Shape":
        """Return the grid; at least two cells a side."""
        mesh = regular_mesh(cells)
        start, triangles = mesh.p.T.copy(), mesh.t.T.astype(np.intp)
        flipped = signed_areas(start, triangles) < 0
        triangles[flipped] = triangles[flipped][:, [0, 2, 1]]
        index = np.rint(start * cells).astype(int)
        moving = (index > 0) & (index < cells)  # along a side one coordinate moves, inside both
        ring = np.minimum(index, cells - index).min(axis=1)
        free = np.flatnonzero(moving.ravel())
        rings = np.repeat(ring, 2)[free]
        order = np.argsort(rings, kind="stable")
        sizes = tuple(int(size) for size in np.bincount(rings))
        return cls(cells, start, triangles, free[order], sizes)

    @property
    def dim(self) -> int:
        """Number of free coordinates."""
        return self.free.size

    @property
    def width(self) -> float:
        """Length of a cell's side: the unit of moves."""
        return 1.0 / self.cells

    @property
    def on_boundary(self) -> NDArray[np.bool_]:
        """Which vertices lie on the boundary, shape (vertices,)."""
        return np.any((self.start == 0) | (self.start == 1), axis=1)

    def positions(self, moves: FloatArray) -> FloatArray:
        """Return the vertices, shape (n, vertices, 2), for moves of shape (n, dim)."""
        flat = np.tile(self.start.ravel(), (len(moves), 1))
        flat[:, self.free] += self.width * moves
        return flat.reshape(len(moves), -1, 2)

    def sound(self, moves: FloatArray, least: float = 0.0) -> NDArray[np.bool_]:
        """Return which meshes are sound, shape (n,): all triangles above ``least`` of their first area.

        The boundary stays where it is, so with positive areas the triangles still tile the square. A
        coordinate that is not finite makes a mesh unsound.
        """
        areas = signed_areas(self.positions(moves), self.triangles)
        return np.all(areas > least * self.width**2 / 2, axis=1)

    def jittered(self, size: float, rng: np.random.Generator) -> FloatArray:
        """Return one sound random move, uniform in [-size, size]^dim, shape (dim,).

        No triangle inverts at sizes s below 1/4: in units of the width its legs are (1 + a, b) and
        (c, 1 + d) with |a|, |b|, |c|, |d| <= 2 s, and
        (1 + a)(1 + d) - b c >= (1 - 2 s)^2 - 4 s^2 = 1 - 4 s.
        """
        return rng.uniform(-size, size, self.dim)


def regular_mesh(cells: int) -> Any:
    """Return scikit-fem's mesh of the unit square, two triangles in each of cells x cells squares.

    Raises:
        ExperimentError: scikit-fem is not installed.
    """
    try:
        from skfem import MeshTri
    except ModuleNotFoundError as error:
        raise ExperimentError("meshes need scikit-fem: pip install 'zotheory[experiments]'") from error
    axis = np.linspace(0.0, 1.0, cells + 1)
    return MeshTri.init_tensor(axis, axis)


def signed_areas(positions: FloatArray, triangles: NDArray[np.intp]) -> FloatArray:
    """Return the areas, negative where the vertices run clockwise; the last axes are (vertices, 2)."""
    a, b, c = (positions[..., triangles[:, k], :] for k in range(3))
    one, two = b - a, c - a
    return (one[..., 0] * two[..., 1] - one[..., 1] * two[..., 0]) / 2
