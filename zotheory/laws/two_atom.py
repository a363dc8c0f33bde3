"""Laws that probe either along a direction or orthogonally to it, never both at once."""

import math
from dataclasses import dataclass, field

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.arithmetic import largest, power, root, sine_squared
from zotheory.laws.base import check_norm_moment_order
from zotheory.laws.block_isotropic import BlockIsotropic
from zotheory.laws.partition import Axis
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Scalar, VectorLike
from zotheory.validation import (
    check_count,
    check_fraction,
    check_positive,
    quotient,
    to_float,
)


@dataclass(frozen=True, eq=False)
class TwoAtom(BlockIsotropic):
    """With probability p, v = +-sqrt(delta/p) e; else uniform orthogonal to e, |v|^2 = delta (d-1)/(1-p).

    delta-unbiased for every p in (0, 1); aligned exactly with the gradient, nu = 1/p, which is below
    d as soon as p > 1/d: the law that refutes global optimality of fixed length and of DAP.

    Args:
        direction: the vector e (normalised here), or `FirstAxis(dim)` for a symbolic dimension.
        p: probability of probing along e, in (0, 1), or a symbol.
        delta: scale, E[v v^T] = delta I; a positive number or symbol.

    Raises:
        InvalidArgument: dimension one (nothing is orthogonal to e), p outside (0, 1), delta <= 0,
            a zero or non-finite direction.

    >>> from fractions import Fraction
    >>> TwoAtom([1, 0, 0, 0], p=Fraction(1, 2)).dimension_factor([1, 0, 0, 0])
    2
    """

    direction: VectorLike
    p: Scalar
    delta: Scalar = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "direction", Axis(self.direction).normal_form())
        if self.dim == 1:
            raise InvalidArgument("direction", self.direction, "needs dimension 2 or more")
        object.__setattr__(self, "p", check_fraction(self.p, "p", open_interval=True))
        object.__setattr__(self, "delta", check_positive(self.delta, "delta"))

    @property
    def dim(self) -> Scalar:  # type: ignore[override]
        """Dimension of the space."""
        return self.partition.dim

    @property
    def partition(self) -> Axis:
        """The direction and its complement."""
        return Axis(self.direction)

    @property
    def atoms(self) -> tuple[Scalar, Scalar]:
        """The two values of |v|^2: along the direction, and orthogonal to it."""
        return quotient(self.delta, self.p), quotient(self.delta * (self.dim - 1), 1 - self.p)

    def energy_means(self) -> tuple[Scalar, ...]:
        """Return (p s0, (1 - p) t0) for the two atoms s0, t0."""
        along, across = self.atoms
        return self.p * along, (1 - self.p) * across

    def energy_products(self) -> tuple[tuple[Scalar, ...], ...]:
        """Return a diagonal table: the two energies are never positive together."""
        along, across = self.atoms
        zero = 0 * self.delta
        return ((self.p * along**2, zero), (zero, (1 - self.p) * across**2))

    def norm_moment(self, k: Scalar) -> Scalar:
        """Return p s0^k + (1 - p) t0^k."""
        order = check_norm_moment_order(k)
        along, across = self.atoms
        return self.p * power(along, order) + (1 - self.p) * power(across, order)

    def norm_bound(self) -> Scalar:
        """Return the larger atom."""
        return largest(list(self.atoms))

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        n, generator = check_count(n, "n"), as_generator(rng)
        along, across = self.partition.sample_units(n, generator)
        chosen = generator.random((n, 1)) < to_float(self.p, "p")
        s0, t0 = (math.sqrt(to_float(atom, "delta")) for atom in self.atoms)
        return np.where(chosen, s0 * along, t0 * across)


@dataclass(frozen=True, init=False, eq=False)
class Guided(TwoAtom):
    """The optimal law when a guide of known alignment rho with the gradient is all that is known.

    Probes along the guide with probability p = rho / (rho + sqrt((1 - rho^2)(d - 1))), else
    isotropically orthogonal to it. If the rest of the gradient is isotropic,
    nu = (rho + sqrt((1 - rho^2)(d - 1)))^2 <= d, with equality only at rho^2 = 1/d.

    Args:
        direction: the guide (normalised here), or `FirstAxis(dim)` for a symbolic dimension.
        alignment: rho = |cosine| of guide and gradient, in (0, 1), or a symbol. For a random
            alignment give the root of its mean square.
        delta: scale, E[v v^T] = delta I; a positive number or symbol.

    Raises:
        InvalidArgument: rho = 0 or 1 (the optimum is then an infimum that no law attains), or an
            argument outside its range.

    >>> round(Guided([1, 0, 0, 0, 0], alignment=0.6).p, 12)
    0.272727272727
    """

    p: Scalar = field(init=False)
    alignment: Scalar

    def __init__(self, direction: VectorLike, alignment: Scalar, delta: Scalar = 1) -> None:
        rho = check_fraction(alignment, "alignment", open_interval=True)
        object.__setattr__(self, "alignment", rho)
        dim = Axis(direction).dim
        if dim == 1:
            raise InvalidArgument("direction", direction, "needs dimension 2 or more")
        rest = root(sine_squared(rho) * (dim - 1))
        super().__init__(direction, quotient(rho, rho + rest), delta)
