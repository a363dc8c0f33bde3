"""The contract of a gradient estimator, and what it returns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from typing import Self, TypeAlias

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.estimators.arguments import check_point
from zotheory.estimators.draws import Draws, Plan
from zotheory.estimators.objective import Objective, Oracle
from zotheory.estimators.queries import QueryLedger
from zotheory.laws.freezing import Frozen
from zotheory.rng import as_generator
from zotheory.types import FloatArray, VectorLike
from zotheory.validation import check_count

# The estimates of the trials first, ..., last - 1 with each batch, shape (batches, last - first, dim).
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
    def perturbations(self) -> int:
        """Perturbations one estimate takes."""

    @property
    @abstractmethod
    def queries(self) -> int:
        """Function values one estimate takes."""

    @abstractmethod
    def resized(self, perturbations: int) -> Self:
        """Return the estimator with another number of perturbations.

        Raises:
            InvalidArgument: a number that this estimator cannot have.
        """

    @property
    @abstractmethod
    def _shared(self) -> bool:
        """Whether all trials share one function value, f(x)."""

    @property
    @abstractmethod
    def _block_trials(self) -> int:
        """Trials drawn at once; the default chunk."""

    @abstractmethod
    def _prepare(
        self,
        oracle: Oracle,
        x: FloatArray,
        plan: Plan,
        batches: Sequence[int],
        normals: Draws | None = None,
    ) -> Run:
        """Return the function that computes the estimates of some of the trials.

        One estimate for each of the ``batches``, increasing numbers of perturbations, the last one being
        the estimator's own; all from the same perturbations. These are made of the given normal rows, at
        least as many a trial, where the law allows it, and drawn from it otherwise.
        """

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
        own = [self.perturbations]
        return (part for (part,) in self.stream_batches(objective, x, rng, own, trials, chunk, workers))

    def stream_batches(
        self,
        objective: Objective,
        x: VectorLike,
        rng: np.random.Generator | int,
        batches: Sequence[int],
        trials: int = 1,
        chunk: int | None = None,
        workers: int = 1,
    ) -> Iterator[list[Estimates]]:
        """Return an iterator over estimates with several batch sizes from the same perturbations.

        The perturbations of the largest batch are drawn and evaluated once. The mean over the first b of
        them is an estimate with batch b: estimates with different batches depend on each other, those of
        different trials do not. A two-stage estimator splits each batch in its own proportion; its second
        stages share random numbers only, for each is aligned with a direction of its own.

        Args:
            objective: as in `estimate`.
            x: as in `estimate`.
            rng: as in `estimate`; the largest batch gives the estimates of the estimator resized to it.
            batches: increasing numbers of perturbations; the estimator's own number plays no part.
            trials: number of estimates with each batch.
            chunk: as in `estimate`.
            workers: as in `estimate`.

        Returns:
            For each chunk a list of `Estimates`, one a batch. The ledgers hold the queries and evaluations
            of a run with that batch alone; the calls are shared, and each ledger counts them all.

        Raises:
            InvalidArgument: as in `estimate`; batches that are not increasing, or that the estimator cannot
                have (not whole frames, not to be split in its proportion).
        """
        members = self.members(batches)
        return members[-1]._stream(members, objective, x, rng, trials, chunk, workers)

    def members(self, batches: Sequence[int]) -> list[Self]:
        """Return the estimator resized to each of some increasing numbers of perturbations.

        Raises:
            InvalidArgument: as in `stream_batches`.
        """
        remedy = "give increasing integers of at least 1, at least one of them"
        if isinstance(batches, (str, bytes)) or not isinstance(batches, (Sequence, np.ndarray)):
            raise InvalidArgument("batches", batches, remedy)
        sizes, members = [check_count(batch, "batches") for batch in batches], []
        if not sizes or any(one >= two for one, two in pairwise(sizes)):
            raise InvalidArgument("batches", batches, remedy)
        for size in sizes:
            try:
                members.append(self.resized(size))
            except InvalidArgument as error:
                raise InvalidArgument("batches", batches, f"{size} cannot be had: {error}") from error
        return members

    def _stream(
        self,
        members: list[Self],
        objective: Objective,
        x: VectorLike,
        rng: np.random.Generator | int,
        trials: int,
        chunk: int | None,
        workers: int,
    ) -> Iterator[list[Estimates]]:
        x, trials = check_point(x, self.dim), check_count(trials, "trials")
        chunk = self._block_trials if chunk is None else check_count(chunk, "chunk")
        oracle = Oracle(objective, self.dim)
        # One key names the run; all of its random streams follow from it (see `Draws`).
        entropy = int.from_bytes(as_generator(rng).bytes(16), "little")
        pool = ThreadPoolExecutor(workers) if check_count(workers, "workers") > 1 else None
        plan = Plan(trials, self.dim, entropy, self._block_trials, pool, workers)
        run = self._prepare(oracle, x, plan, [member.perturbations for member in members])
        return _chunks(members, run, oracle, plan, chunk)


def _chunks(
    members: Sequence[Estimator], run: Run, oracle: Oracle, plan: Plan, chunk: int
) -> Iterator[list[Estimates]]:
    with plan.pool or nullcontext():
        for first in range(0, plan.trials, chunk):
            last = min(first + chunk, plan.trials)
            calls = oracle.calls
            gradients = run(first, last)
            calls = oracle.calls - calls
            yield [
                Estimates(found, cost(member, first, last, calls))
                for member, found in zip(members, gradients, strict=True)
            ]


def cost(member: Estimator, first: int, last: int, calls: int) -> QueryLedger:
    """Return what the trials first, ..., last - 1 of a run cost."""
    trials, shared = last - first, int(member._shared)
    # What all trials share is evaluated with the first of them.
    evaluations = trials * (member.queries - shared) + (shared if first == 0 else 0)
    return QueryLedger(trials * member.queries, evaluations, calls, trials)
