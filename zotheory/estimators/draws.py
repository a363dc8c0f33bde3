"""Random rows for many trials, the same however they are cut into chunks."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.rng import stream
from zotheory.types import FloatArray

# (n, generator) -> n rows, shape (n, dim).
Sampler = Callable[[int, np.random.Generator], FloatArray]

# Numbers in one block of draws, 1 MB: what is drawn, evaluated and summed while still in the cache.
BLOCK_NUMBERS = 2**17


def block_rows(dim: int) -> int:
    """Return how many rows of length ``dim`` are drawn at once."""
    return max(1, BLOCK_NUMBERS // dim)


@dataclass(frozen=True)
class Plan:
    """How the rows of a run are cut into blocks, and who draws them.

    Args:
        trials: number of trials.
        dim: length of a row.
        entropy: integer that names the run.
        block_trials: trials a block.
        pool: threads that draw blocks ahead of their use; None to draw them when they are needed.
        ahead: how many blocks.
    """

    trials: int
    dim: int
    entropy: int
    block_trials: int
    pool: Executor | None = None
    ahead: int = 0


class Draws:
    """``batch`` rows for each of the trials.

    Rows come in blocks, and each block from a random stream of its own, named by (entropy, name, block):
    which rows a trial gets depends on nothing else, not on who draws them either. A block is
    ``plan.block_trials`` whole trials, or, where one trial has more than ``slice_rows`` rows, a slice of
    one.

    Args:
        sample: the sampler of rows.
        batch: rows for each trial.
        name: name of these draws within the run.
        plan: of the run.
        frame: rows that a slice must not part.
    """

    def __init__(self, sample: Sampler, batch: int, name: str, plan: Plan, frame: int = 1) -> None:
        self._sample, self.batch, self._name, self._plan = sample, batch, name, plan
        self._slice_rows = max(frame, block_rows(plan.dim) // frame * frame)
        self._held: tuple[int, FloatArray] | None = None
        self._coming: dict[tuple[int, ...], Future[FloatArray]] = {}

    @property
    def sliced(self) -> bool:
        """Whether a trial's rows must be taken in slices."""
        return self.batch > self._slice_rows

    def take(self, first: int, last: int) -> FloatArray:
        """Return the rows of the trials first, ..., last - 1, shape (last - first, batch, dim).

        Possibly a view of rows that are handed out again: not to be written to.
        """
        size, pieces = self._plan.block_trials, []
        for index in range(first // size, (last - 1) // size + 1):
            start = index * size
            pieces.append(self._block(index)[max(first - start, 0) : last - start])
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def slices(self, trial: int, count: int) -> Iterator[FloatArray]:
        """Yield the first ``count`` rows of one trial in slices of shape (1, at most slice_rows, dim)."""
        for start in range(0, count, self._slice_rows):
            yield self._fetched((trial, start // self._slice_rows))[None, : count - start]

    def _block(self, index: int) -> FloatArray:
        # The last block is kept: chunks smaller than a block come back to it.
        if self._held is None or self._held[0] != index:
            self._held = None  # frees the old block first
            self._held = index, self._fetched((index,)).reshape(-1, self.batch, self._plan.dim)
        return self._held[1]

    def _fetched(self, block: tuple[int, ...]) -> FloatArray:
        if self._plan.pool is not None:
            for step in range(self._plan.ahead + 1):
                later = (*block[:-1], block[-1] + step)
                if later not in self._coming and self._count(later) > 0:
                    self._coming[later] = self._plan.pool.submit(self._drawn, later)
            return self._coming.pop(block).result()
        return self._drawn(block)

    def _count(self, block: tuple[int, ...]) -> int:
        """Rows of a block; zero or less beyond the last one."""
        if len(block) == 2:
            return min(self._slice_rows, self.batch - block[1] * self._slice_rows)
        size = self._plan.block_trials
        return min(size, self._plan.trials - block[0] * size) * self.batch

    def _drawn(self, block: tuple[int, ...]) -> FloatArray:
        count = self._count(block)
        rows = self._sample(count, stream(self._plan.entropy, self._name, *block))
        rows = np.asarray(rows, dtype=float)
        if rows.shape != (count, self._plan.dim):
            wanted = (count, self._plan.dim)
            raise InvalidArgument(
                "sample", self._sample, f"it returned shape {rows.shape}: return {wanted}"
            )
        return rows
