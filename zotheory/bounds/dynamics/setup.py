"""What the exact dynamics need of a quadratic and a law: checked input, and T4[B] as a linear map."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zotheory.bounds.dynamics.following import Following
from zotheory.bounds.dynamics.numbers import Digits, Numbers
from zotheory.errors import InvalidArgument
from zotheory.laws import Law, Mixture, OrthonormalFrame, require_unbiased
from zotheory.laws.coordinatewise import Coordinatewise
from zotheory.laws.isotropic import Isotropic
from zotheory.types import Matrix, Scalar, Vector
from zotheory.validation import as_real, check_count, numeric_dim, quotient

# Symmetric matrices of a larger dimension have too many entries for a dense linear map on them.
LARGEST_FULL = 60


@dataclass(frozen=True)
class Paired:
    """T[S] = alpha tr(S) I + beta S + gamma diag(S)."""

    alpha: Scalar
    beta: Scalar
    gamma: Scalar

    def apply(self, matrix: Matrix) -> Matrix:
        """Return T[S]."""
        total = self.beta * matrix
        index = np.arange(len(matrix))
        total[index, index] += self.alpha * matrix.trace() + self.gamma * np.diag(matrix)
        return total


@dataclass(frozen=True)
class Tensor:
    """T[S] = sum over i <= j of S_ij images[ij], the images of the basis of the symmetric matrices."""

    images: Any

    def apply(self, matrix: Matrix) -> Matrix:
        """Return T[S]."""
        return np.tensordot(matrix[np.triu_indices(len(matrix))], self.images, axes=1)


@dataclass(frozen=True)
class Setup:
    """A checked problem.

    Attributes:
        numbers: the arithmetic.
        dim: d.
        hessian: H, shape (d, d), or (d,) if it was given by its diagonal.
        law: a `Law` or a `Following`.
        delta: its scale.
        batch: independent draws a step.
        contraction: T4 of one draw.
        spectrum: eigenvalues, and eigenvectors as columns (None for the identity); None if not at hand.
        reduced: whether the diagonal of E[x x^T] in the eigenbasis of H evolves by itself.
    """

    numbers: Numbers
    dim: int
    hessian: Matrix
    law: Any
    delta: Scalar
    batch: int
    contraction: Paired | Tensor
    spectrum: tuple[Vector, Matrix | None] | None
    reduced: bool

    @property
    def matrix(self) -> Matrix:
        """H as a (d, d) matrix."""
        return np.diag(self.hessian) if self.hessian.ndim == 1 else self.hessian

    def of_batch(self, contracted: Matrix, matrix: Matrix) -> Matrix:
        """Return T_b[S] = T[S]/b + (1 - 1/b) delta^2 S of the mean of b independent draws, given T[S]."""
        b = self.batch
        return (contracted + (b - 1) * self.delta**2 * matrix) / b

    def require_convex(self) -> None:
        """Check that H is positive semidefinite (to rounding) and not zero.

        Raises:
            InvalidArgument: it is not; H is indefinite, or has no curvature at all.
        """
        if self.spectrum is not None:
            values = self.spectrum[0].astype(float)
        else:
            values = np.linalg.eigvalsh(self.matrix.astype(float))
        top = np.abs(values).max()
        if top == 0 or values.min() < -1e-12 * top:
            remedy = "this needs a convex quadratic: give a positive semidefinite matrix that is not zero"
            raise InvalidArgument("hessian", self.hessian, remedy)

    def require_regular(self) -> None:
        """Check that H is regular, as the full route needs where it divides by curvatures.

        Raises:
            InvalidArgument: a singular H; an indefinite one may be regular.
        """
        values = np.abs(np.linalg.eigvalsh(self.matrix.astype(float)))
        if values.min() <= 1e-12 * values.max():
            remedy = "singular: directions without curvature never settle; restrict x to the range of H"
            raise InvalidArgument("hessian", self.hessian, remedy)


def prepare(hessian: Any, law: Any, batch: int, digits: Digits, reduced: bool | None = None) -> Setup:
    """Check the arguments that every question about the dynamics shares.

    Raises:
        InvalidArgument: as `QuadraticDynamics`.
        NotUnbiased: a law that breaks its contract.
    """
    numbers = Numbers(digits)
    remedy = "give a symmetric matrix, or the vector of its diagonal"
    table = numbers.checked(hessian, "hessian", remedy)
    if table.ndim not in (1, 2) or table.size == 0 or len(set(table.shape)) != 1:
        raise InvalidArgument("hessian", hessian, remedy)
    dim = len(table)
    if table.ndim == 2:
        table = numbers.symmetric(table, "hessian")
    batch = check_count(batch, "batch")
    template = law.law if isinstance(law, Following) else law
    if not isinstance(template, Law):
        raise InvalidArgument("law", law, "give a zotheory.laws.Law, or Following(law) for one that turns")
    if numeric_dim(template.dim) != dim:
        raise InvalidArgument("law", law, f"its dimension is {template.dim} but the Hessian's {dim}")
    if isinstance(template, OrthonormalFrame) and template.batch != 1:
        raise InvalidArgument("law", law, "a frame's draws are dependent: give Sphere for independent ones")
    require_unbiased(template)
    delta = numbers.of_law(template.delta, law)
    closed = _paired(law)
    spectrum = (table, None) if table.ndim == 1 else numbers.eigenbasis(table)
    # Without gamma T commutes with rotations, and any eigenbasis will do; with it, only the coordinates'.
    closes = closed is not None and spectrum is not None and (closed[2] == 0 or spectrum[1] is None)
    if reduced and not closes:
        raise InvalidArgument(
            "reduced", reduced, "law and Hessian do not close on a diagonal: leave it out"
        )
    use = closes if reduced is None else bool(reduced)
    if not use and dim > LARGEST_FULL:
        limit = f"needs the whole matrix E[x x^T], followed up to dimension {LARGEST_FULL} only"
        if reduced is False:
            raise InvalidArgument("reduced", reduced, f"it {limit}, not {dim}: leave it out")
        if closed is None:
            remedy = "use an isotropic law, Rademacher or Coordinate with a diagonal Hessian, or Following"
            raise InvalidArgument("law", law, f"it {limit}, not {dim}, whatever the Hessian: {remedy}")
        remedy = "give a diagonal Hessian (in floats if it is not), or an isotropic law"
        raise InvalidArgument("hessian", hessian, f"off the diagonal it {limit}, not {dim}: {remedy}")
    if closed is not None:
        contraction = Paired(*(numbers.of_law(x, law) for x in closed))
    else:
        contraction = _tensor(template, dim, numbers)
    return Setup(numbers, dim, table, law, delta, batch, contraction, spectrum, use)


def _paired(law: Any) -> tuple[Scalar, Scalar, Scalar] | None:
    """Return (alpha, beta, gamma) of laws whose T4 has this form, else None."""
    if isinstance(law, Following):
        alpha, beta = law.coefficients()
        return alpha, beta, 0 * beta
    if isinstance(law, Isotropic):
        # E[v_1^2 v_2^2] = E[n^2] / (d (d + 2)), and three times that for E[v_1^4].
        fourth = law.norm_moment(2)
        if as_real(fourth) is None:
            remedy = f"its fourth moment E|v|^4 = norm_moment(2) is {fourth}, and E f infinite with it"
            raise InvalidArgument("law", law, f"{remedy}: give a law with shorter tails")
        m22 = quotient(fourth, law.dim * (law.dim + 2))
        return m22, 2 * m22, 0 * m22
    if isinstance(law, Coordinatewise):
        m4, m22 = law.paired_moments()
        return m22, 2 * m22, m4 - 3 * m22
    if isinstance(law, Mixture):
        found = [(w, _paired(part)) for w, part in zip(law.weights, law.components, strict=True) if w != 0]
        parts = [(w, part) for w, part in found if part is not None]
        if len(parts) < len(found):
            return None
        alpha, beta, gamma = (sum(w * part[k] for w, part in parts) for k in range(3))
        return alpha, beta, gamma
    return None


def _tensor(law: Law, dim: int, numbers: Numbers) -> Tensor:
    images = []
    for i, j in zip(*np.triu_indices(dim), strict=True):
        basis = np.zeros((dim, dim), dtype=float if numbers.floating else int)
        basis[i, j] = basis[j, i] = 1
        images.append(numbers.of_law(law.fourth_moment(basis), law))
    return Tensor(np.array(images))
