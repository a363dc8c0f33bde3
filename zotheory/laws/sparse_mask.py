"""A uniformly random set of coordinates, and a law inside it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.coordinatewise import Coordinatewise, Rademacher
from zotheory.laws.isotropic import Gaussian, Sphere
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Scalar
from zotheory.validation import check_count, check_dim, is_symbolic, numeric_dim, quotient

_INNER = {"gaussian": Gaussian, "sphere": Sphere, "rademacher": Rademacher}


@dataclass(frozen=True, init=False)
class SparseMask(Coordinatewise):
    """v is zero outside a uniformly random set of ``support`` coordinates, drawn without replacement.

    The law on the set has scale delta d / m, so that the whole is delta-unbiased. A fixed length on the
    set keeps nu = d; a Gaussian pays nu = d (m + 2) / m, as a Gaussian block of m coordinates does.
    Source: our reading of the sparse perturbations of arXiv 2501.19099, as summarised.

    Args:
        dim: dimension d, an integer of at least 1 or a symbol.
        support: m, how many coordinates are perturbed at a time, from 1 to dim, or a symbol if dim > 1.
        inner: "sphere", "gaussian" or "rademacher", the law on the chosen coordinates.
        delta: scale, E[v v^T] = delta I; a positive number or symbol.

    Raises:
        InvalidArgument: a support larger than the dimension, a symbol where only 1 is possible, an
            unknown inner law, delta <= 0.

    >>> SparseMask(12, 3).dimension_factor(), SparseMask(12, 3, "gaussian").dimension_factor()
    (12, 20)
    """

    support: Scalar = 1
    inner: Literal["sphere", "gaussian", "rademacher"] = "sphere"

    def __init__(
        self,
        dim: Scalar,
        support: Scalar,
        inner: Literal["sphere", "gaussian", "rademacher"] = "sphere",
        delta: Scalar = 1,
    ) -> None:
        super().__init__(dim, delta)
        object.__setattr__(self, "support", check_dim(support, "support"))
        object.__setattr__(self, "inner", inner)
        symbolic = is_symbolic(self.dim) or is_symbolic(self.support)
        if not symbolic and self.support > self.dim:
            raise InvalidArgument("support", self.support, f"give at most the dimension, {self.dim}")
        if self.dim == 1 and is_symbolic(self.support):
            # The chance (m - 1)/(d - 1) that two coordinates meet would be (m - 1)/0.
            raise InvalidArgument("support", self.support, "give 1: in one dimension there is no other")
        if not isinstance(inner, str) or inner not in _INNER:
            raise InvalidArgument("inner", inner, f"give one of {', '.join(_INNER)}")
        _ = self.inner_law  # its scale delta d / m must be in range too

    @property
    def inner_law(self) -> Gaussian | Sphere | Rademacher:
        """The law on the chosen coordinates: dimension m, scale delta d / m."""
        return _INNER[self.inner](self.support, quotient(self.delta * self.dim, self.support))

    def paired_moments(self) -> tuple[Scalar, Scalar]:
        """Return (m4, m22): the inner law's times the chances that one or two coordinates are chosen.

        P(i chosen) = m/d, P(i and j chosen) = m (m - 1) / (d (d - 1)). At unit scale E[u_i^2 u_j^2] is
        c = 1, or m/(m + 2) on the sphere, and E[u_i^4] is 3 c, or 1 for signs.
        """
        d, m = self.dim, self.support
        c = quotient(m, m + 2) if self.inner == "sphere" else 1
        fourth = 1 if self.inner == "rademacher" else 3 * c
        # (m/d) (delta d/m)^2 fourth and m (m-1)/(d (d-1)) (delta d/m)^2 c.
        once = self.delta**2 * quotient(fourth * d, m)
        if m == 1:  # two coordinates never meet; also d = 1, where there are no two
            return once, 0 * self.delta
        return once, self.delta**2 * c * quotient(d * (m - 1), m * (d - 1))

    def entry_second_moment(self) -> Scalar:
        """Return m/d times the inner scale delta d / m."""
        return quotient(self.support * self.inner_law.delta, self.dim)

    def norm_moment(self, k: Scalar) -> Scalar:
        """Return the inner law's."""
        return self.inner_law.norm_moment(k)

    def norm_bound(self) -> Scalar:
        """Return the inner law's."""
        return self.inner_law.norm_bound()

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        n, generator = check_count(n, "n"), as_generator(rng)
        size, m = numeric_dim(self.dim), numeric_dim(self.support)
        values = self.inner_law.sample(n, generator)
        v = np.zeros((n, size))
        # The coordinates of the m smallest of d independent uniform numbers are a uniform set.
        chosen = np.argpartition(generator.random((n, size)), m - 1, axis=1)[:, :m]
        np.put_along_axis(v, chosen, values, axis=1)
        return v
