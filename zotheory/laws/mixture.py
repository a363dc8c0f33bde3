"""Mixtures of laws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.laws.arithmetic import largest, settled, times
from zotheory.laws.base import Law, require_unbiased
from zotheory.rng import as_generator
from zotheory.types import FloatArray, Matrix, Scalar, VectorLike
from zotheory.validation import (
    check_count,
    check_weights,
    is_symbolic,
    numeric_dim,
    quotient,
    to_float,
)


@dataclass(frozen=True)
class Mixture(Law):
    """Draw from ``components[i]`` with probability ``weights[i]``.

    Components may have different scales; the mixture's delta is their weighted mean. An
    `Alignment` given for the gradient is its alignment with each component's own direction.

    Args:
        components: at least one law, all of the same dimension.
        weights: non-negative, summing to one.

    Raises:
        InvalidArgument: no component, different dimensions, bad weights.
        NotUnbiased: a component that breaks its contract.
    """

    components: Sequence[Law]
    weights: Any

    def __post_init__(self) -> None:
        several = isinstance(self.components, Sequence) and not isinstance(self.components, str)
        components = tuple(self.components) if several else ()
        if not components or not all(isinstance(law, Law) for law in components):
            raise InvalidArgument("components", self.components, "give a sequence of laws, at least one")
        dims = {law.dim for law in components}
        if len(dims) != 1:
            raise InvalidArgument("components", dims, "give laws of one dimension")
        for law in components:
            require_unbiased(law)
        object.__setattr__(self, "components", components)
        weights = check_weights(self.weights, "weights", len(components))
        object.__setattr__(self, "weights", tuple(weights.tolist()))

    @property
    def dim(self) -> Scalar:  # type: ignore[override]
        """Dimension of the components."""
        return self.components[0].dim

    @property
    def delta(self) -> Scalar:  # type: ignore[override]
        """Weighted mean of the components' scales."""
        return sum(w * law.delta for w, law in self._parts())

    def _parts(self) -> list[tuple[Scalar, Law]]:
        parts = zip(self.weights, self.components, strict=True)
        return [(w, law) for w, law in parts if is_symbolic(w) or w > 0]

    def second_moment(self) -> Matrix:
        """Return the weighted mean of the components'."""
        return settled(np.sum([times(w, law.second_moment()) for w, law in self._parts()], axis=0))

    def unbiasedness_defect(self) -> Scalar:
        """Return a bound: the weighted sum of the components' absolute defects over delta."""
        return quotient(
            sum(w * law.delta * law.unbiasedness_defect() for w, law in self._parts()), self.delta
        )

    def fourth_moment(self, matrix: Matrix) -> Matrix:
        """Return the weighted mean of the components'."""
        return settled(np.sum([times(w, law.fourth_moment(matrix)) for w, law in self._parts()], axis=0))

    def dimension_factor(self, a: VectorLike = None) -> Scalar:
        """Return sum_i w_i nu_i delta_i^2 / delta^2."""
        value = sum(w * law.dimension_factor(a) * law.delta**2 for w, law in self._parts())
        return quotient(value, self.delta**2)

    def weighted_norm_moment(self, matrix: Matrix) -> Scalar:
        """Return the weighted mean of the components'."""
        return sum(w * law.weighted_norm_moment(matrix) for w, law in self._parts())

    def directional_fourth_moment(self, a: VectorLike) -> Scalar:
        """Return the weighted mean of the components'."""
        return sum(w * law.directional_fourth_moment(a) for w, law in self._parts())

    def norm_moment(self, k: Scalar) -> Scalar:
        """Return the weighted mean of the components'."""
        return sum(w * law.norm_moment(k) for w, law in self._parts())

    def norm_bound(self) -> Scalar:
        """Return the largest bound among components of positive weight."""
        return largest([law.norm_bound() for _, law in self._parts()])

    def sample(self, n: int, rng: np.random.Generator | int) -> FloatArray:
        """Draw n perturbations, shape (n, dim)."""
        n, generator = check_count(n, "n"), as_generator(rng)
        weights = np.array([to_float(w, "weights") for w in self.weights])
        chosen = generator.choice(weights.size, size=n, p=weights / weights.sum())
        v = np.empty((n, numeric_dim(self.dim)))
        for index, law in enumerate(self.components):
            rows = np.flatnonzero(chosen == index)
            if rows.size:
                v[rows] = law.sample_independent(rows.size, generator)
        return v
