"""The contract of a gradient estimator, and what it returns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.estimators.draws import Plan
from zotheory.estimators.objective import Objective, Oracle
from zotheory.estimators.queries import QueryLedger
from zotheory.laws import Law, OrthonormalFrame, require_unbiased
from zotheory.laws.freezing import Frozen
from zotheory.rng import as_generator
from zotheory.types import FloatArray, VectorLike
from zotheory.validation import check_count, check_positive, numeric_dim, to_float

# Coordinates of x beyond this leave no room for squares.
LARGEST_COORDINATE = 1e100
# The gradient estimates of the trials first, ..., last - 1, shape (last - first, dim).
Run: TypeAlias = Callable[[int, int], FloatArray]


@dataclass(frozen=True, eq=False)
class Estimates(Frozen):
    """Independent estimates at one point.

    Attributes:
        gradients: shape (trials, dim), read-only.
        ledger: what they cost.
    """

    gradients: FloatArray
    ledger: QueryLedger

    def __post_init__(self) -> None:
        self.gradients.setflags(write=False)


class Estimator(ABC):
    """A random estimate g of delta times the gradient, from values of the objective alone.

    E g tends to delta grad f(x) as mu -> 0, with delta = ``delta`` the scale of the perturbations. At
    any mu E g = delta grad f(x) for linear f (and, with central differences, for quadratic f); for
    Gaussian and spherical perturbations E g = delta grad f_mu(x), f_mu being f averaged over the
    Gaussian, or over the ball, of that scale.
    """

    @property
    @abstractmethod
    def dim(self) -> int:
        """Dimension of the space."""

    @property
    @abstractmethod
    def delta(self) -> float:
        """Scale: the estimate is one of delta times the gradient."""

    @property
    @abstractmethod
    def queries(self) -> int:
        """Function values one estimate takes."""

    @property
    @abstractmethod
    def _block_trials(self) -> int:
        """Trials drawn at once; the default chunk."""

    @abstractmethod
    def _prepare(self, oracle: Oracle, x: FloatArray, plan: Plan) -> Run:
        """Return the function that computes the estimates of some of the trials."""

    def estimate(
        self,
        objective: Objective,
        x: VectorLike,
        rng: np.random.Generator | int,
        trials: int = 1,
        chunk: int | None = None,
        workers: int = 1,
    ) -> Estimates:
        """Return independent estimates at ``x``.

        Args:
            objective: f(X) -> (n,) for points X of shape (n, dim); see `vectorised`.
            x: the point, shape (dim,).
            rng: generator or integer seed; a generator moves on, and the next estimate is another one.
            trials: number of estimates.
            chunk: trials evaluated at once; bounds the memory (by default about 1 MB an array, which
                is fastest for cheap objectives). The estimates do not depend on it, if the objective's
                value at a point does not depend on the other points of the call.
            workers: with 2 or more, as many threads draw perturbations while the objective, which is
                called from this thread only, is evaluated. The estimates do not depend on it.

        Raises:
            InvalidArgument: a bad argument; or an objective that raises, returns another shape, NaN or
                an infinity.
        """
        parts = self.stream(objective, x, rng, trials, chunk, workers)
        gradients, ledger, done = np.empty((int(trials), self.dim)), QueryLedger(), 0
        for part in parts:
            gradients[done : done + part.ledger.trials] = part.gradients
            ledger, done = ledger + part.ledger, done + part.ledger.trials
        return Estimates(gradients, ledger)

    def stream(
        self,
        objective: Objective,
        x: VectorLike,
        rng: np.random.Generator | int,
        trials: int = 1,
        chunk: int | None = None,
        workers: int = 1,
    ) -> Iterator[Estimates]:
        """Return an iterator over the same estimates, chunk by chunk: any number of trials in small memory.

        Arguments and exceptions are those of `estimate`; bad arguments are refused before the first chunk.
        """
        x, trials = check_point(x, self.dim), check_count(trials, "trials")
        chunk = self._block_trials if chunk is None else check_count(chunk, "chunk")
        oracle = Oracle(objective, self.dim)
        # One key names the run; all of its random streams follow from it (see `Draws`).
        entropy = int.from_bytes(as_generator(rng).bytes(16), "little")
        pool = ThreadPoolExecutor(workers) if check_count(workers, "workers") > 1 else None
        plan = Plan(trials, self.dim, entropy, self._block_trials, pool, workers)
        return self._chunks(self._prepare(oracle, x, plan), oracle, plan, chunk)

    def _chunks(self, run: Run, oracle: Oracle, plan: Plan, chunk: int) -> Iterator[Estimates]:
        with plan.pool or nullcontext():
            yield from self._parts(run, oracle, plan.trials, chunk)

    def _parts(self, run: Run, oracle: Oracle, trials: int, chunk: int) -> Iterator[Estimates]:
        for first in range(0, trials, chunk):
            last = min(first + chunk, trials)
            evaluations, calls = oracle.evaluations, oracle.calls
            gradients = run(first, last)
            ledger = QueryLedger(
                (last - first) * self.queries,
                oracle.evaluations - evaluations,
                oracle.calls - calls,
                last - first,
            )
            yield Estimates(gradients, ledger)


def check_point(x: Any, dim: int) -> FloatArray:
    """Return a copy of the point in floats.

    Raises:
        InvalidArgument: not ``dim`` real numbers, or one that is not finite or beyond 1e100.
    """
    remedy = f"give {dim} real numbers, shape ({dim},)"
    try:
        point = np.array(x)
        if point.dtype.kind not in "fiuO" or any(isinstance(entry, (str, bytes)) for entry in point.flat):
            raise InvalidArgument("x", x, remedy)
        point = point.astype(float)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidArgument("x", x, remedy) from error
    if point.shape != (dim,):
        raise InvalidArgument("x", x, f"it has shape {point.shape}: {remedy}")
    if not np.all(np.abs(point) <= LARGEST_COORDINATE):
        raise InvalidArgument("x", x, f"every coordinate must be finite and at most {LARGEST_COORDINATE}")
    return point


def check_law(law: Any, batch: int, name: str) -> None:
    """Check that a law can be drawn from in batches of this size.

    Raises:
        InvalidArgument: not a law, symbols, or a batch that is not made of whole frames.
        NotUnbiased: it breaks its contract.
    """
    require_unbiased(law)
    numeric_dim(law.dim)  # refuses symbols, as does the next line
    to_float(law.delta, "delta")
    frame = frame_size(law)
    if batch % frame:
        raise InvalidArgument(name, batch, f"give a multiple of the frame's batch, {frame}")


def check_mu(mu: Any) -> float:
    """Return the smoothing distance as a float.

    Raises:
        InvalidArgument: not a number from 1e-40 to 1e40.
    """
    return to_float(check_positive(mu, "mu"), "mu")


def frame_size(law: Law) -> int:
    """Return how many consecutive draws of the law belong together."""
    return numeric_dim(law.batch) if isinstance(law, OrthonormalFrame) else 1
