"""The loss by interpolation on a new triangulation of the vertices: it jumps where that changes."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import griddata

from experiments._mesh_loss import Interpolated, reference_values
from zotheory.types import FloatArray


@dataclass(frozen=True, eq=False)
class Retriangulated:
    """Mean squared difference at the vertices of the reference mesh, over that at the start.

    The solution at the moved vertices is interpolated linearly on their Delaunay triangulation, as
    `scipy.interpolate.griddata` does, and not on the elements that it was computed with. Where four
    vertices lie on a circle, as all squares of the regular mesh do, the smallest move decides which
    diagonal is taken, and the loss jumps. Source: the loss of the code of arXiv 2510.19975, as summarised.

    Attributes:
        solver: gives the solutions on the mesh.
        points: inner vertices of the reference mesh, shape (points, 2).
        targets: its solution there.
        scale: the mean at the start.
    """

    solver: Interpolated
    points: FloatArray
    targets: FloatArray
    scale: float = 1.0

    @classmethod
    def between(cls, solver: Interpolated, reference_cells: int) -> "Retriangulated":
        """Return the loss of a mesh against a reference mesh given by cells a side."""
        axis = np.linspace(0.0, 1.0, reference_cells + 1)[1:-1]
        points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        made = cls(solver, points, reference_values(reference_cells)[1:-1, 1:-1].ravel())
        start = float(made(np.zeros((1, solver.dim)))[0])
        return cls(solver, points, made.targets, start)

    def __call__(self, moves: FloatArray) -> FloatArray:
        """Return the losses, shape (n,); infinity where a triangle of the mesh is inverted."""
        values = np.full(len(moves), np.inf)
        sound = np.flatnonzero(self.solver.shape.sound(moves))
        if sound.size:
            positions, solutions = (
                self.solver.shape.positions(moves[sound]),
                self.solver.solutions(moves[sound]),
            )
            for index, vertices, heights in zip(sound, positions, solutions, strict=True):
                found = griddata(vertices, heights, self.points, method="linear")
                values[index] = np.mean((found - self.targets) ** 2) / self.scale
        return values
