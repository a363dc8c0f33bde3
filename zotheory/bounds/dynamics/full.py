"""The whole matrix E[x x^T], with the mean E[x] beside it where odd moments couple the two."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zotheory.bounds.dynamics.setup import Setup, Tensor
from zotheory.types import Matrix, Scalar, Vector


@dataclass(frozen=True)
class Full:
    """M+ = M - eta delta (HM + MH) + eta^2 T_b[HMH] + N, and what odd moments add.

    The estimate of one draw is g = v (v.a) + (mu/2) (v^T H v) v with a = H x + noise. With c = E[(v^T H v)
    v], F[b] = E[(v.b) (v^T H v) v v^T] and T6[H] = E[(v^T H v)^2 v v^T],
        E[g | x]     = delta H x + (mu/2) c,
        E[g g^T | a] = T4[a a^T] + mu F[a] + (mu^2/4) T6[H],
    and the mean of b independent draws has (1/b) of the second plus (1 - 1/b) E[g] E[g]^T. If v and -v have
    the same law c and F vanish; if not, M+ depends on the mean m = E[x], which obeys
        m+ = m - eta (delta H m + (mu/2) c).

    Attributes:
        setup: the checked problem.
        step: eta.
        added: N without the terms of c and F, shape (d, d).
        odd: (mu/2) c and mu F, or None.
    """

    setup: Setup
    step: Scalar
    added: Matrix
    odd: tuple[Vector, Any] | None = None

    def state(self, moment: Any) -> Matrix:
        """Return x x^T of a point, or the matrix given."""
        return np.outer(moment, moment) if moment.ndim == 1 else moment

    def advance(self, state: Matrix, mean: Vector | None = None) -> Matrix:
        """Return the state after a step; ``mean`` is E[x] before it, needed if there are odd moments."""
        after = self._linear(state) + self.added
        return after if mean is None or self.odd is None else after + self._coupled(mean)

    def value(self, state: Matrix) -> Scalar:
        """Return E f = tr(H M) / 2."""
        return (self.setup.matrix * state).sum() / 2

    def _linear(self, state: Matrix) -> Matrix:
        eta, h = self.step, self.setup.matrix
        product = h @ state
        inner = product @ h
        second = self.setup.of_batch(self.setup.contraction.apply(inner), inner)
        after = state - eta * self.setup.delta * (product + product.T) + eta**2 * second
        # Rounding that is not symmetric would not contract, and in a long run take over.
        return (after + after.T) / 2

    def _coupled(self, mean: Vector) -> Matrix:
        third, fifth = self.odd  # type: ignore[misc]
        eta, b = self.step, self.setup.batch
        slope = self.setup.matrix @ mean
        drift = self.setup.delta * slope
        one = np.tensordot(slope, fifth, axes=1)
        between = np.outer(drift, third) + np.outer(third, drift) + np.outer(third, third)
        cross = np.outer(mean, third)
        return eta**2 * (one + (b - 1) * between) / b - eta * (cross + cross.T)

    def drift(self, mean: Vector) -> Vector:
        """Return E[x] after a step."""
        slope = self.setup.delta * (self.setup.matrix @ mean)
        return mean - self.step * (slope if self.odd is None else slope + self.odd[0])

    def _table(self) -> Matrix:
        loss, gain = tables(self.setup)
        identity = self.setup.numbers.array(np.eye(len(loss), dtype=int), "identity")
        return identity - self.step * loss + self.step**2 * gain

    def rate(self) -> Scalar:
        """Return the spectral radius of the linear part: of M alone, or of M and the mean together.

        With odd moments (m, M) -> (m+, M+) is affine with the linear part ((I - eta delta H, 0), (C,
        P)): block triangular, so its eigenvalues are those of P on symmetric matrices and of I - eta
        delta H.
        """
        self.setup.require_regular()
        numbers, own = self.setup.numbers, self.setup.numbers.spectral_radius(self._table())
        if self.odd is None:
            return own
        identity = numbers.array(np.eye(self.setup.dim, dtype=int), "identity")
        slope = identity - self.step * self.setup.delta * self.setup.matrix
        return max(own, numbers.spectral_radius(slope))

    def fixed_point(self) -> Matrix:
        """Return the M that a step leaves as it is, the mean being at its own fixed point."""
        self.setup.require_regular()
        numbers, added = self.setup.numbers, self.added
        if self.odd is not None:
            rest = numbers.solve(self.setup.delta * self.setup.matrix, -self.odd[0])
            added = added + self._coupled(rest)
        upper = np.triu_indices(self.setup.dim)
        table = self._table()
        identity = numbers.array(np.eye(len(table), dtype=int), "identity")
        return _symmetric(numbers.solve(identity - table, added[upper]), self.setup)


def as_table(linear: Any, setup: Setup) -> Matrix:
    """Return a linear map of symmetric matrices as a table on their entries i <= j."""
    upper = np.triu_indices(setup.dim)
    size = len(upper[0])
    columns = []
    for k in range(size):
        entries = setup.numbers.zeros(size)
        entries[k] += 1
        columns.append(linear(_symmetric(entries, setup))[upper])
    return np.array(columns).T


def _symmetric(entries: Vector, setup: Setup) -> Matrix:
    upper = np.triu_indices(setup.dim)
    matrix = setup.numbers.zeros(setup.dim, setup.dim)
    matrix[upper] = entries
    matrix.T[upper] = entries
    return matrix


def largest_step(setup: Setup) -> Scalar:
    """Return 1 / spectral radius of A^-1 C, A[X] = delta (HX + XH) and C[X] = T_b[HXH].

    x -> E[x+ x+^T] is a positive map P of symmetric matrices, P = 1 - eta A + eta^2 C. Its spectral radius
    is below one iff some X > 0 has X > P[X], that is A[X] > eta C[X]. Given H > 0 the inverse of A is
    positive too (Lyapunov), and such an X exists iff the spectral radius of A^-1 C is below 1/eta.
    """
    setup.require_regular()
    (loss, gain), numbers = tables(setup), setup.numbers
    if numbers.floating or numbers.exact:
        loss, gain = loss.astype(float), gain.astype(float)
        return float(1 / np.abs(np.linalg.eigvals(np.linalg.solve(loss, gain))).max())
    quotient = np.array([numbers.solve(loss, column) for column in gain.T]).T
    return 1 / numbers.spectral_radius(quotient)


def tables(setup: Setup) -> tuple[Matrix, Matrix]:
    """Return A[X] = delta (HX + XH) and C[X] = T_b[HXH] as tables on the entries i <= j."""
    h = setup.matrix

    def loss(matrix: Matrix) -> Matrix:
        product = h @ matrix
        return setup.delta * (product + product.T)

    inner = as_table(lambda matrix: h @ matrix @ h, setup)
    if isinstance(setup.contraction, Tensor):
        contraction = setup.contraction.images[(slice(None), *np.triu_indices(setup.dim))].T
    else:
        contraction = as_table(setup.contraction.apply, setup)
    return as_table(loss, setup), setup.of_batch(contraction @ inner, inner)
