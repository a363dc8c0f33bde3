"""How far the finite-element solution on a moving mesh is from a reference: value and exact gradient.

-Laplace u = 1 on the unit square, u = 0 on its boundary, P1 triangles.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline
from scipy.sparse import csr_matrix

from experiments._mesh_shape import Shape, regular_mesh, signed_areas
from zotheory.types import FloatArray

# Meshes at once: their matrices fill about 7 MB.
CHUNK = 128


def reference_values(cells: int) -> FloatArray:
    """Return the P1 solution at the vertices of a regular mesh by scikit-fem, shape (cells + 1,) * 2.

    The first index is that of x.
    """
    from skfem import Basis, ElementTriP1, condense, solve
    from skfem.models.poisson import laplace, unit_load

    mesh = regular_mesh(cells)
    basis = Basis(mesh, ElementTriP1())
    solution = solve(*condense(laplace.assemble(basis), unit_load.assemble(basis), D=mesh.boundary_nodes()))
    values = np.empty((cells + 1, cells + 1))
    i, j = np.rint(mesh.p * cells).astype(int)
    values[i, j] = solution
    return values


@dataclass(frozen=True, eq=False)
class Interpolated:
    """The squared distance of the solution on the mesh from the reference, over that at the start.

    The reference is the bicubic spline through the values on a finer regular mesh: twice continuously
    differentiable, and zero on the boundary. The integral is taken by the midpoints of the edges, exact for
    quadratics: with d_e the difference at the midpoint of an edge e and w_e a third of the area of the
    triangles at e, it is sum_e w_e d_e^2. So the loss is a smooth function of the vertices as long as no
    triangle degenerates; where one does, it is infinite. Values at fixed points instead would have kinks
    wherever an edge passes one of them, first of all at the regular start.

    Attributes:
        shape: of the mesh; the loss takes its moves, shape (n, dim).
        spline: the reference.
        edges: vertices of each edge, shape (edges, 2).
        edge_of: the edge opposite to each vertex of each triangle, shape (triangles, 3).
        inner: the inner vertices, where the solution is unknown.
        scatter: adds entries (triangle, i, j) of element matrices to the (inner, inner) matrix.
        scale: the integral at the start.
    """

    shape: Shape
    spline: RectBivariateSpline
    edges: NDArray[np.intp]
    edge_of: NDArray[np.intp]
    inner: NDArray[np.intp]
    scatter: csr_matrix
    scale: float = 1.0

    @classmethod
    def between(cls, cells: int, reference_cells: int) -> "Interpolated":
        """Return the loss of a mesh against a reference mesh, both given by cells a side."""
        shape, axis = Shape.regular(cells), np.linspace(0.0, 1.0, reference_cells + 1)
        spline = RectBivariateSpline(axis, axis, reference_values(reference_cells), s=0)
        corners = shape.triangles
        pairs = np.sort(
            np.stack([corners[:, [1, 2]], corners[:, [2, 0]], corners[:, [0, 1]]], axis=1), axis=2
        )
        edges, edge_of = np.unique(pairs.reshape(-1, 2), axis=0, return_inverse=True)
        inner = np.flatnonzero(~shape.on_boundary)
        place = np.full(len(shape.start), -1)
        place[inner] = np.arange(inner.size)
        rows, columns = (
            place[np.broadcast_to(part, (len(corners), 3, 3))].ravel()
            for part in (corners[:, :, None], corners[:, None, :])
        )
        kept = np.flatnonzero((rows >= 0) & (columns >= 0))
        scatter = csr_matrix(
            (np.ones(kept.size), (rows[kept] * inner.size + columns[kept], kept)),
            shape=(inner.size**2, rows.size),
        )
        made = cls(shape, spline, edges, edge_of.reshape(-1, 3), inner, scatter)
        return cls(**{**vars(made), "scale": float(made(np.zeros((1, shape.dim)))[0])})

    @property
    def dim(self) -> int:
        """Number of free coordinates."""
        return self.shape.dim

    def __call__(self, moves: FloatArray) -> FloatArray:
        """Return the losses, shape (n,); infinity where a triangle is inverted."""
        values = np.full(len(moves), np.inf)
        sound = np.flatnonzero(self.shape.sound(moves))
        for first in range(0, sound.size, CHUNK):
            chosen = sound[first : first + CHUNK]
            state = self._solved(self.shape.positions(moves[chosen]))
            values[chosen] = np.einsum("ne,ne->n", state.weights, state.differences**2) / self.scale
        return values

    def solutions(self, moves: FloatArray) -> FloatArray:
        """Return the finite-element solutions at the vertices, shape (n, vertices)."""
        return self._solved(self.shape.positions(moves)).values

    def gradients(self, moves: FloatArray) -> FloatArray:
        """Return the gradients, shape (n, dim), by the adjoint equation; the meshes must be sound."""
        parts = [self._gradients(moves[i : i + CHUNK]) for i in range(0, len(moves), CHUNK)]
        return np.concatenate(parts)

    def _solved(self, positions: FloatArray) -> "_State":
        # On a triangle of area S with edge vectors e_i opposite to the vertices, the stiffness matrix is
        # e_i.e_j / (4 S), and the load S/3 at each vertex.
        corners, count = self.shape.triangles, len(positions)
        p = positions[:, corners]
        opposite = np.roll(p, -2, axis=2) - np.roll(p, -1, axis=2)
        areas = signed_areas(positions, corners)
        element = opposite @ np.swapaxes(opposite, 2, 3) / (4 * areas)[:, :, None, None]
        matrix = (self.scatter @ element.reshape(count, -1).T).T.reshape(count, self.inner.size, -1)
        load = _gathered(areas[:, :, None] / 3, corners, len(self.shape.start))
        values = np.zeros((count, len(self.shape.start)))
        values[:, self.inner] = np.linalg.solve(matrix, load[:, self.inner, None])[:, :, 0]
        ends = self.edges
        middles = (positions[:, ends[:, 0]] + positions[:, ends[:, 1]]) / 2
        means = (values[:, ends[:, 0]] + values[:, ends[:, 1]]) / 2
        differences = means - self.spline.ev(middles[:, :, 0], middles[:, :, 1])
        weights = _gathered(areas[:, :, None] / 3, self.edge_of, len(ends))
        return _State(opposite, areas, matrix, values, middles, differences, weights)

    def _gradients(self, moves: FloatArray) -> FloatArray:
        state = self._solved(self.shape.positions(moves))
        corners, ends, size = self.shape.triangles, self.edges, len(self.shape.start)
        # J = sum_e w_e d_e^2 with A u = F: dJ = partial J + lambda.(dF - dA u), A lambda = partial_u J.
        pull = state.weights * state.differences
        force = _gathered(np.repeat(pull[:, :, None], 2, axis=2), ends, size)
        adjoint = np.zeros_like(state.values)
        adjoint[:, self.inner] = np.linalg.solve(state.matrix, force[:, self.inner, None])[:, :, 0]
        # d S / d p_k = e_k turned by a right angle, over 2. With w = lambda and E_u = sum_i u_i e_i the
        # element's share of lambda.A u is E_w.E_u / (4 S), and d E_u / d p_k = u_{k+1} - u_{k+2} times I.
        turned = np.stack([-state.opposite[..., 1], state.opposite[..., 0]], axis=-1) / 2
        u, w = state.values[:, corners], adjoint[:, corners]
        e_u, e_w = (np.einsum("nti,ntix->ntx", part, state.opposite) for part in (u, w))
        d_u, d_w = (np.roll(part, -1, axis=2) - np.roll(part, -2, axis=2) for part in (u, w))
        areas = state.areas[:, :, None]
        squares = (state.differences**2)[:, self.edge_of].sum(axis=2) / 3
        energy = np.einsum("ntx,ntx->nt", e_u, e_w) / (4 * state.areas**2)
        along = squares + w.sum(axis=2) / 3 + energy
        local = along[:, :, None, None] * turned
        bent = d_w[..., None] * e_u[:, :, None] + d_u[..., None] * e_w[:, :, None]
        local -= bent / (4 * areas[..., None])
        total = np.empty((len(moves), size, 2))
        x, y = state.middles[:, :, 0], state.middles[:, :, 1]
        for axis, orders in enumerate(((1, 0), (0, 1))):
            slope = self.spline.ev(x, y, dx=orders[0], dy=orders[1])
            at_ends = np.repeat((-pull * slope)[:, :, None], 2, axis=2)
            total[:, :, axis] = _gathered(local[..., axis], corners, size) + _gathered(at_ends, ends, size)
        return total.reshape(len(moves), -1)[:, self.shape.free] * self.shape.width / self.scale


@dataclass(frozen=True, eq=False)
class _State:
    opposite: FloatArray
    areas: FloatArray
    matrix: FloatArray
    values: FloatArray
    middles: FloatArray
    differences: FloatArray
    weights: FloatArray


def _gathered(entries: Any, places: NDArray[np.intp], size: int) -> FloatArray:
    """Add entries (n, m, k), or (n, m, 1) for all k alike, at places (m, k); shape (n, size)."""
    count = len(entries)
    full = np.broadcast_to(entries, (count, *places.shape)).reshape(count, -1)
    rows = np.arange(count)[:, None] * size
    sums = np.bincount((rows + places.ravel()).ravel(), full.ravel(), count * size)
    return sums.astype(float, copy=False).reshape(count, size)
