"""Uniformly random orthonormal frames: directions that never repeat within a batch."""

import math
from dataclasses import dataclass

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.arithmetic import settled, times
from zotheory.laws.gradient import check_gradient
from zotheory.laws.isotropic import Sphere
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Matrix, Scalar, VectorLike
from zotheory.validation import (
    check_count,
    check_dim,
    is_symbolic,
    numeric_dim,
    quotient,
    to_float,
)


@dataclass(frozen=True, init=False)
class OrthonormalFrame(Sphere):
    """Batches of ``batch`` mutually orthogonal vectors of length sqrt(delta d), uniformly rotated.

    A single vector is uniform on the sphere, so every one-vector moment is that of `Sphere`; only
    the batch differs: the mean of a batch has error delta^2 (d / batch - 1) |a|^2.

    Args:
        dim: dimension.
        delta: scale, E[v v^T] = delta I.
        batch: number of directions a frame, from 1 to dim.

    Raises:
        InvalidArgument: a batch larger than the dimension.
    """

    batch: Scalar = 1

    def __init__(self, dim: Scalar, batch: Scalar = 1, delta: Scalar = 1) -> None:
        super().__init__(dim, delta)
        batch = check_dim(batch, "batch")
        if not is_symbolic(batch) and not is_symbolic(self.dim) and batch > self.dim:
            raise InvalidArgument("batch", batch, f"give at most the dimension, {self.dim}")
        object.__setattr__(self, "batch", batch)

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim); each run of ``batch`` rows is a frame.

        The last frame is cut short if ``batch`` does not divide n.
        """
        n, size, batch = check_count(n, "n"), numeric_dim(self.dim), numeric_dim(self.batch)
        frames = -(-n // batch)
        gaussian = as_generator(rng).standard_normal((frames, size, batch))
        # Q of a QR factorization with R's diagonal made positive is uniform (Haar) on frames.
        q, r = np.linalg.qr(gaussian)
        q *= np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]
        rows = np.swapaxes(q, 1, 2).reshape(frames * batch, size)[:n]
        return math.sqrt(to_float(self.delta, "delta") * size) * rows

    def sample_independent(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n independent perturbations: uniform on the sphere, no frames."""
        return Sphere.sample(self, n, rng)

    def batch_mse_factor(self, a: VectorLike = None, batch: int | None = None) -> Scalar:
        """Return E|mean of the batch - delta a|^2 / (delta^2 |a|^2) = d / batch - 1.

        Raises:
            InvalidArgument: ``batch`` given and different from the frame's.
        """
        self.dimension_factor(a)  # checks the gradient
        self._check_batch(batch)
        return quotient(self.dim, self.batch) - 1

    def batch_error_covariance(self, a: VectorLike, batch: int | None = None) -> Matrix:
        """Return the error covariance of the mean over one frame, shape (dim, dim).

        The mean is (delta d / b) Q a with Q the projector on a uniform b-dimensional subspace, and
        E[Q a a^T Q] = alpha |a|^2 I + beta a a^T, where the trace and the a-direction give
            alpha d + beta = b / d,   alpha + beta = E[B^2] = b (b + 2) / (d (d + 2)),
        B = a^T Q a / |a|^2 having the Beta(b/2, (d - b)/2) law.

        Raises:
            InvalidArgument: ``batch`` given and different from the frame's.
        """
        self._check_batch(batch)
        a, d, b = check_gradient(a, "a", self.dim), numeric_dim(self.dim), numeric_dim(self.batch)
        alpha = quotient(b * (d - b), d * (d - 1) * (d + 2)) if d > 1 else 0
        beta = quotient(b, d) - alpha * d
        scale = quotient(self.delta * d, b) ** 2
        outer = np.outer(a, a)
        isotropic = times(alpha * (a @ a), np.eye(d, dtype=int))
        return settled(scale * (isotropic + beta * outer) - self.delta**2 * outer)

    def _check_batch(self, batch: int | None) -> None:
        if batch is not None and batch != self.batch:
            raise InvalidArgument("batch", batch, f"give the frame's own batch, {self.batch}")
