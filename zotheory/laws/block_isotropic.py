"""Laws that are isotropic inside each subspace of a partition: one set of formulas for all."""

from abc import abstractmethod

import numpy as np

from zotheory.laws.arithmetic import largest, settled, times
from zotheory.laws.base import Law
from zotheory.laws.partition import Partition
from zotheory.types import Matrix, Scalar, VectorLike
from zotheory.validation import check_symmetric, is_expression, quotient


class BlockIsotropic(Law):
    """v = sum_i sqrt(q_i) u_i with u_i uniform on the unit sphere of E_i, given the energies q.

    The u_i are independent of each other and of q = (q_1, ..., q_k), whose distribution a subclass
    chooses. Then n = sum q_i, and everything up to fourth order follows from E[q_i] and E[q_i q_j].
    """

    @property
    @abstractmethod
    def partition(self) -> Partition:
        """The subspaces E_i."""

    @abstractmethod
    def energy_means(self) -> tuple[Scalar, ...]:
        """Return E[q_i]; the contract is E[q_i] = delta m_i with m_i = dim E_i."""

    @abstractmethod
    def energy_products(self) -> tuple[tuple[Scalar, ...], ...]:
        """Return E[q_i q_j] as a square table."""

    def second_moment(self) -> Matrix:
        """Return E[v v^T] = sum_i E[q_i] / m_i P_i."""
        sizes, means = self.partition.sizes, self.energy_means()
        parts = zip(means, sizes, self.partition.projectors(), strict=True)
        return settled(
            np.sum([times(quotient(mean, size), projector) for mean, size, projector in parts], axis=0)
        )

    def unbiasedness_defect(self) -> Scalar:
        """Return max_i |E[q_i] / m_i - delta| / delta, which needs no matrix."""
        defects = [
            quotient(abs(quotient(mean, size) - self.delta), self.delta)
            for mean, size in zip(self.energy_means(), self.partition.sizes, strict=True)
        ]
        return largest([defect.simplify() if is_expression(defect) else defect for defect in defects])

    def fourth_moment(self, matrix: Matrix) -> Matrix:
        """Return T4[B] from the fourth moments of independent uniform unit vectors.

        With B_ij = P_i B P_j: for u uniform on the sphere of E_i, of dimension m,
            E[(u^T B u) u u^T] = (2 B_ii + tr(B_ii) P_i) / (m (m + 2)),
        and for i != j the products that survive the signs are
            E[(u_j^T B u_j) u_i u_i^T] = tr(B_jj) P_i / (m_i m_j),
            2 E[(u_i^T B u_j) (u_i u_j^T + u_j u_i^T)] = 2 (B_ij + B_ji) / (m_i m_j) for each pair {i, j}.
        """
        matrix = check_symmetric(matrix, "matrix", self.dim)
        sizes, products = self.partition.sizes, self.energy_products()
        projectors = self.partition.projectors()
        total = 0 * matrix
        for i, (m_i, p_i) in enumerate(zip(sizes, projectors, strict=True)):
            for j, (m_j, p_j) in enumerate(zip(sizes, projectors, strict=True)):
                if i == j:
                    block = p_i @ matrix @ p_i
                    weight = quotient(products[i][i], m_i * (m_i + 2))
                    total = total + weight * (2 * block + times(block.trace(), p_i))
                else:
                    cross = p_i @ matrix @ p_j
                    weight = quotient(products[i][j], m_i * m_j)
                    total = total + weight * (times((p_j @ matrix @ p_j).trace(), p_i) + cross + cross.T)
        return settled(total)

    def weighted_norm_moment(self, matrix: Matrix) -> Scalar:
        """Return E[(v^T A v) n] = sum_i tr(P_i A) / m_i sum_j E[q_i q_j]."""
        matrix = check_symmetric(matrix, "matrix", self.dim)
        parts = zip(self.partition.projectors(), self.energy_products(), self.partition.sizes, strict=True)
        return sum((p * matrix).sum() * quotient(sum(row), size) for p, row, size in parts)

    def dimension_factor(self, a: VectorLike = None) -> Scalar:
        """Return nu = sum_i f_i sum_j E[q_i q_j] / m_i / delta^2, f_i = |P_i a|^2 / |a|^2.

        Because E[s n] = E[(sum_i q_i f_i / m_i) (sum_j q_j)].
        """
        products = self.energy_products()
        energies = self.partition.energies(a)
        value = sum(
            energy * quotient(sum(row), size)
            for energy, row, size in zip(energies, products, self.partition.sizes, strict=True)
        )
        return quotient(value, self.delta**2)

    def directional_fourth_moment(self, a: VectorLike) -> Scalar:
        """Return E[s^2] = sum_i 3 f_i^2 M_ii / (m_i (m_i + 2)) + sum_{i != j} 3 f_i f_j M_ij / (m_i m_j).

        M_ij = E[q_i q_j]; no matrix is formed, and `Alignment` is accepted.
        """
        sizes, products = self.partition.sizes, self.energy_products()
        energies = self.partition.energies(a)
        total = 0
        for i, m_i in enumerate(sizes):
            for j, m_j in enumerate(sizes):
                scale = m_i * (m_i + 2) if i == j else m_i * m_j
                total = total + 3 * energies[i] * energies[j] * quotient(products[i][j], scale)
        return total
