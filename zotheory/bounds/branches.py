"""The tree of points that a few steps with finitely many perturbations can visit."""

from dataclasses import dataclass

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws import Coordinate, Empirical, Law, Rademacher
from zotheory.types import FloatArray
from zotheory.validation import numeric_dim, to_float

# Above this many unknown vectors' entries the semidefinite program takes minutes.
LARGEST_SIZE = 120


@dataclass(frozen=True)
class Branches:
    """Points x_i = x_0 - eta sum over the path of A_j g, A_j = v_j v_j^T, as combinations of vectors z.

    z_0 = x_0 - x*, z_{1+i} = the gradient at point i. A combination is an array C of shape (d, N d): the
    vector sum_k C_k z_k with blocks C_k of shape (d, d).

    Attributes:
        dim: d.
        levels: number of steps.
        points: combination of each point, less x*.
        depth: number of steps taken to each point.
        probability: of reaching it.
    """

    dim: int
    levels: int
    points: tuple[FloatArray, ...]
    depth: tuple[int, ...]
    probability: tuple[float, ...]

    @property
    def count(self) -> int:
        """Number of points, without the minimiser."""
        return len(self.points)

    @property
    def size(self) -> int:
        """N d, with N = count + 1 unknown vectors."""
        return (self.count + 1) * self.dim

    def point(self, i: int) -> FloatArray:
        """Return x_i - x*; zero for the minimiser, i = count."""
        return self.points[i] if i < self.count else np.zeros((self.dim, self.size))

    def gradient(self, i: int) -> FloatArray:
        """Return g_i; zero for the minimiser."""
        out = np.zeros((self.dim, self.size))
        if i < self.count:
            out[:, (i + 1) * self.dim : (i + 2) * self.dim] = np.eye(self.dim)
        return out

    def value(self, i: int) -> FloatArray:
        """Return the unit vector that picks f_i - f* from the values; zero for the minimiser."""
        return np.eye(self.count)[i] if i < self.count else np.zeros(self.count)

    def inner(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """Return symmetric Q with <Q, z z^T> = (left z).(right z)."""
        matrix = left.T @ right
        return (matrix + matrix.T) / 2


def branches(law: Law, step: float, levels: int, steps: int | None = None) -> Branches:
    """Return every point that ``levels`` steps of length ``step`` can reach.

    ``steps`` is what a message calls the caller's number of steps, if it is another.

    Raises:
        InvalidArgument: a law with infinitely many atoms, or too many points.
    """
    weights, squares = outer_products(law)
    dim = numeric_dim(law.dim)
    count = sum(len(weights) ** level for level in range(levels + 1))
    if (count + 1) * dim > LARGEST_SIZE:
        raise InvalidArgument(
            "steps",
            levels if steps is None else steps,
            f"{len(weights)} perturbations in dimension {dim} reach {count} points, a program of size "
            f"{(count + 1) * dim} above {LARGEST_SIZE}: take fewer steps or a smaller dimension",
        )
    size = (count + 1) * dim
    first = np.zeros((dim, size))
    first[:, :dim] = np.eye(dim)
    points, depth, probability = [first], [0], [1.0]
    frontier = [0]
    for level in range(1, levels + 1):
        reached = []
        for parent in frontier:
            for weight, square in zip(weights, squares, strict=True):
                child = points[parent].copy()
                child[:, (parent + 1) * dim : (parent + 2) * dim] -= step * square
                reached.append(len(points))
                points.append(child)
                depth.append(level)
                probability.append(probability[parent] * weight)
        frontier = reached
    return Branches(dim, levels, tuple(points), tuple(depth), tuple(probability))


def outer_products(law: Law) -> tuple[list[float], list[FloatArray]]:
    """Return the distinct matrices v v^T of a law with finitely many atoms, and their probabilities.

    Raises:
        InvalidArgument: another law.
    """
    delta = to_float(law.delta, "delta") if isinstance(law, Law) else 0.0
    if isinstance(law, Coordinate):
        dim = numeric_dim(law.dim)
        atoms, chances = np.sqrt(delta * dim) * np.eye(dim), [1 / dim] * dim
    elif isinstance(law, Rademacher):
        dim = numeric_dim(law.dim)
        if dim > 12:
            raise InvalidArgument("law", law, "it has too many atoms: give a dimension of at most 12")
        # v and -v have the same matrix: the first sign is fixed.
        codes = np.arange(2 ** (dim - 1))[:, None] >> np.arange(dim) & 1
        atoms = np.sqrt(delta) * (1.0 - 2.0 * codes)
        chances = [1 / len(atoms)] * len(atoms)
    elif isinstance(law, Empirical):
        atoms = np.array([[to_float(x, "points") for x in row] for row in law.points])
        chances = [to_float(w, "weights") for w in law.weights]
    else:
        raise InvalidArgument(
            "law", law, "give a law with finitely many atoms: Rademacher, Coordinate, Empirical"
        )
    weights: list[float] = []
    squares: list[FloatArray] = []
    for atom, chance in zip(atoms, chances, strict=True):
        square = np.outer(atom, atom)
        known = [i for i, other in enumerate(squares) if np.allclose(square, other, rtol=1e-12, atol=0)]
        if chance == 0:
            continue
        if known:
            weights[known[0]] += chance
        else:
            weights.append(chance)
            squares.append(square)
    return weights, squares
