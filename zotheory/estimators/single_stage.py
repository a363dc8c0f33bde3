"""Estimators that draw all their perturbations from one law."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.estimators.arguments import check_law, check_mu
from zotheory.estimators.base import Estimator, Run
from zotheory.estimators.draws import Draws, Plan, block_rows
from zotheory.estimators.objective import Oracle
from zotheory.estimators.probe import Difference, Probe
from zotheory.estimators.shaping import law_draws
from zotheory.laws import Empirical, Law, Mixture, RandomBlock
from zotheory.types import FloatArray, Scalar
from zotheory.validation import check_count, numeric_dim, to_float


@dataclass(frozen=True)
class SingleStage(Estimator):
    """Base of the estimators that average difference times v over a batch of perturbations v.

    Args:
        law: a delta-unbiased law of integer dimension. The rows of an `OrthonormalFrame` form whole
            frames within each estimate.
        mu: smoothing distance, from 1e-40 to 1e40.
        batch: perturbations averaged, a multiple of the frame's batch for an `OrthonormalFrame`.

    Raises:
        InvalidArgument: not a law, symbols in it, a bad mu or batch.
        NotUnbiased: a law that breaks its contract.
    """

    law: Law
    mu: Scalar
    batch: int = 1

    _difference: ClassVar[Difference]

    def __post_init__(self) -> None:
        object.__setattr__(self, "mu", check_mu(self.mu))
        object.__setattr__(self, "batch", check_count(self.batch, "batch"))
        check_law(self.law, self.batch, "batch")

    @property
    def dim(self) -> int:
        """Dimension of the law."""
        return numeric_dim(self.law.dim)

    @property
    def delta(self) -> float:
        """Scale of the law."""
        return to_float(self.law.delta, "delta")

    @property
    def perturbations(self) -> int:
        """The batch."""
        return self.batch

    @property
    @abstractmethod
    def queries(self) -> int:
        """Function values one estimate takes."""

    def resized(self, perturbations: int) -> Self:
        """Return the estimator with another batch."""
        return replace(self, batch=perturbations)

    @property
    def _shared(self) -> bool:
        return self._difference == "forward"

    @property
    def _block_trials(self) -> int:
        return max(1, block_rows(self.dim) // self.batch)

    def _prepare(
        self,
        oracle: Oracle,
        x: FloatArray,
        plan: Plan,
        batches: Sequence[int],
        normals: Draws | None = None,
    ) -> Run:
        probe = Probe(oracle, x, self.mu, self._difference)
        draws, shaping = law_draws(self.law, self.batch, plan, normals)
        return lambda first, last: probe.batch_means(draws, first, last, batches, shaping)


@dataclass(frozen=True)
class Forward(SingleStage):
    """Mean of (f(x + mu v) - f(x)) / mu * v; f(x) is shared: batch + 1 queries.

    Arguments and exceptions are those of `SingleStage`.

    >>> from zotheory.laws import Sphere
    >>> Forward(Sphere(3), mu=1e-3, batch=4).queries
    5
    """

    _difference: ClassVar[Difference] = "forward"

    @property
    def queries(self) -> int:
        """Return batch + 1."""
        return self.batch + 1


@dataclass(frozen=True)
class Central(SingleStage):
    """Mean of (f(x + mu v) - f(x - mu v)) / (2 mu) * v: 2 batch queries.

    Arguments and exceptions are those of `SingleStage`.

    >>> import numpy as np
    >>> from zotheory.laws import OrthonormalFrame
    >>> frames = Central(OrthonormalFrame(3, 3), mu=1, batch=3)
    >>> found = frames.estimate(lambda X: (X**2).sum(axis=1), [1, 2, 3], rng=0)
    >>> found.gradients.round(9), found.ledger.queries
    (array([[2., 4., 6.]]), 6)
    """

    _difference: ClassVar[Difference] = "central"

    @property
    def queries(self) -> int:
        """Return 2 batch."""
        return 2 * self.batch


@dataclass(frozen=True)
class OnePoint(SingleStage):
    """Mean of f(x + mu v) / mu * v: batch queries.

    Needs E v = 0 besides E[v v^T] = delta I, for the mean holds f(x) / mu E v. All laws of this
    package have it, `Empirical` if its points do; so must a law of your own. The variance grows
    as (f(x) / mu)^2. Arguments and exceptions are those of `SingleStage`; a law known to have another
    mean is refused.
    """

    _difference: ClassVar[Difference] = "one-point"

    def __post_init__(self) -> None:
        super().__post_init__()
        # Against the length sqrt(delta d) of a perturbation.
        if np.linalg.norm(_mean(self.law)) > 1e-9 * math.sqrt(self.delta * self.dim):
            raise InvalidArgument("law", self.law, "its mean is not zero: add the point -v for each v")

    @property
    def queries(self) -> int:
        """Return batch."""
        return self.batch


def _mean(law: Law) -> FloatArray:
    # E v, which is zero by construction in all laws but one.
    if isinstance(law, Mixture):
        weights = [to_float(w, "weights") for w in law.weights]
        return np.sum([w * _mean(part) for w, part in zip(weights, law.components, strict=True)], axis=0)
    size = numeric_dim(law.dim)
    if isinstance(law, RandomBlock):
        blocks = size // numeric_dim(law.block_size)
        return np.tile(_mean(law.inner_law), blocks) / blocks
    if isinstance(law, Empirical):
        return np.array([to_float(entry, "points") for entry in law.weights @ law.points])
    return np.zeros(size)
