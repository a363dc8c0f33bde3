"""Random rows for many trials, the same however they are cut into chunks."""

from collections.abc import Callable, Iterator

import numpy as np

from zotheory.rng import stream
from zotheory.types import FloatArray

# (n, generator) -> n rows, shape (n, dim).
Sampler = Callable[[int, np.random.Generator], FloatArray]

# Numbers in one block of draws, 1 MB: what is drawn, evaluated and summed while still in the cache.
BLOCK_NUMBERS = 2**17


def block_rows(dim: int) -> int:
    """Return how many rows of length ``dim`` are drawn at once."""
    return max(1, BLOCK_NUMBERS // dim)


class Draws:
    """``batch`` rows for each of ``trials`` trials.

    Rows come in blocks, and each block from a random stream of its own, named by (entropy, name, block):
    which rows a trial gets depends on nothing else. A block is ``block_trials`` whole trials, or, where
    one trial has more than ``slice_rows`` rows, a slice of one.

    Args:
        sample: the sampler of rows.
        batch: rows for each trial.
        trials: number of trials.
        entropy: integer that names the run.
        name: name of these draws within the run.
        block_trials: trials a block.
        slice_rows: largest batch that is not sliced.
    """

    def __init__(
        self,
        sample: Sampler,
        batch: int,
        trials: int,
        *,
        entropy: int,
        name: str,
        block_trials: int,
        slice_rows: int,
    ) -> None:
        self._sample, self.batch, self._trials = sample, batch, trials
        self._names = (entropy, name)
        self._block_trials, self._slice_rows = block_trials, slice_rows
        self._held: tuple[int, FloatArray] | None = None

    @property
    def sliced(self) -> bool:
        """Whether a trial's rows must be taken in slices."""
        return self.batch > self._slice_rows

    def take(self, first: int, last: int) -> FloatArray:
        """Return the rows of the trials first, ..., last - 1, shape (last - first, batch, dim).

        Possibly a view of rows that are handed out again: not to be written to.
        """
        size, pieces = self._block_trials, []
        for index in range(first // size, (last - 1) // size + 1):
            start = index * size
            pieces.append(self._block(index)[max(first - start, 0) : last - start])
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def slices(self, trial: int) -> Iterator[FloatArray]:
        """Yield the rows of one trial in slices of shape (1, at most slice_rows, dim)."""
        for index, start in enumerate(range(0, self.batch, self._slice_rows)):
            count = min(self._slice_rows, self.batch - start)
            yield self._sample(count, stream(*self._names, trial, index))[None]

    def _block(self, index: int) -> FloatArray:
        # The last block is kept: chunks smaller than a block come back to it.
        if self._held is None or self._held[0] != index:
            self._held = None  # frees the old block first
            trials = min(self._block_trials, self._trials - index * self._block_trials)
            rows = self._sample(trials * self.batch, stream(*self._names, index))
            self._held = index, rows.reshape(trials, self.batch, rows.shape[1])
        return self._held[1]
