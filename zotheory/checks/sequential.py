"""Sequential tests of means: draw, look, and stop as soon as the stated rates allow an answer.

The looks come after 2000, 4000, 8000, ... draws and at the cap; after 50 000, 100 000, ... where nothing
but the draws themselves is known. What the answers mean, over the whole run with all its looks:

- FAILS although every mean is as claimed: probability at most ``false_alarm``.
- HOLDS although some mean is off by ``resolvable`` or more: probability at most ``false_pass``. If the cap
  suffices, such a claim is therefore found out with probability at least 1 - ``false_pass``.
- A claim that is off by less may get either answer; both are then correct at their rates.
- INCONCLUSIVE: the cap came first, or the draws are such that the method cannot keep these rates.
"""

import math
import sys

import numpy as np

from zotheory.checks.batches import Batch, Columns
from zotheory.checks.evidence import Evidence, Outcome
from zotheory.checks.moments import KEPT, Moments, Tail
from zotheory.checks.question import Question
from zotheory.checks.replay import Replay
from zotheory.checks.reporting import Report
from zotheory.checks.routes import Judgement
from zotheory.checks.samplers import Source
from zotheory.errors import InvalidArgument
from zotheory.rng import as_generator
from zotheory.types import FloatArray

# Bytes that one batch of statistics may take, and the number of calls before a look.
_BYTES, _CALLS = 2**24, 8
# From so many draws on a tail index clearly below 2 is believed, and ends the run.
_TAIL_KNOWN = 64_000
# Statistics whose fourth powers, summed, stay finite.
_LARGEST = 1e70


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a check; the message and ``evidence`` say what it had established.

    The check also prints that to stderr. The interrupt goes on, so that a run of many checks stops.
    """

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self.evidence = evidence

    def __str__(self) -> str:
        return self.evidence.detail


def answer(question: Question, source: Source, rng: np.random.Generator | int) -> Evidence:
    """Draw until the question is answered or the cap is reached.

    Raises:
        InvalidArgument: the cap is too small for the method, or the sampler breaks its contract.
        Interrupted: Ctrl-C; carries the evidence so far.
    """
    generator = as_generator(rng)
    return _Run(question, source, generator, Replay(rng)).go()


class _Run:
    """State of one run."""

    def __init__(
        self, question: Question, source: Source, generator: np.random.Generator, replay: Replay
    ) -> None:
        self.question, self.source, self.generator = question, source, generator
        self.rates, self.route = question.rates, question.route()
        # What is tiny beside the claim, or the deviation that matters, is rounding.
        self.moments = Moments(np.maximum(np.abs(question.claimed), question.resolvable))
        self.tail = Tail()
        self.centre: FloatArray | None = None
        self.judgement: Judgement | None = None
        self.seen: Moments | None = None
        self.replay = replay
        self.constant = question.varied
        self.summed = question.products is not None and not self.route.needs_draws

    def go(self) -> Evidence:
        try:
            self.source.probe()
            for look in self.question.looks:
                self._draw_up_to(look)
                if self.constant:
                    raise InvalidArgument(
                        self.source.name,
                        self.source.sampler,
                        f"it returned a constant: one and the same vector {look} times; draw every row "
                        "from the generator it is given",
                    )
                found = self._look(last=look == self.question.max_samples)
                if found is not None:
                    return found
        except KeyboardInterrupt as interrupt:
            stopped = Interrupted(self._evidence(Outcome.INCONCLUSIVE, self._so_far()))
            print(f"Interrupted: {stopped}", file=sys.stderr)
            raise stopped from interrupt
        raise AssertionError("the last look always answers")

    def _draw_up_to(self, look: int) -> None:
        wanted = look - self.moments.count
        row = max(1 if self.summed else self.question.claimed.size, *self.source.shape, 1)
        rows = max(min(-(-wanted // _CALLS), _BYTES // (8 * row)), 1)
        while self.moments.count < look:
            n = min(rows, look - self.moments.count)
            draws = self.source.draw(n, self.generator)
            self.constant = self.constant and bool(np.all(draws == draws[0]))
            self.replay.add(n)
            self._take(self._batch(draws), n)

    def _batch(self, draws: FloatArray) -> Batch:
        with np.errstate(over="ignore", invalid="ignore"):
            if self.summed and self.question.products is not None:
                batch = self.question.products(draws)
            else:
                batch = Columns(self.question.statistics(draws) - self.question.claimed)
            if not batch.bounded_by(_LARGEST):
                raise InvalidArgument(
                    self.source.name, self.source.sampler, "its draws overflow: rescale them"
                )
        return batch

    def _take(self, batch: Batch, n: int) -> None:
        if isinstance(batch, Columns):
            self.route.add(batch.deviations)
        if self.route.needs_variance:
            # Tails are judged around the bulk of the draws, which may be far from the claim.
            self.centre = batch.medians() if self.centre is None else self.centre
            self.tail.add(batch.peaks(self.centre, self.question.resolvable, self.tail.top, KEPT), n)
        self.moments.add(batch.sums())

    def _look(self, *, last: bool) -> Evidence | None:
        judged = self.route.judge(self.moments, self.rates, self.question.resolvable, last)
        self.judgement, self.seen = judged, self.moments.snapshot()
        count = self.seen.count
        if self.moments.calls_differ():
            return self._evidence(
                Outcome.INCONCLUSIVE,
                "the means of separate calls differ more than independent draws allow: the draws of one "
                "call share something random; draw it anew for every row",
            )
        index, error = self.tail.index() if self.route.needs_variance else (math.inf, 0.0)
        if count >= _TAIL_KNOWN:
            infinite = index < 2 if last else index + 3 * error < 2
        else:
            infinite = last and index + 2 * error < 2
        if infinite:
            return self._evidence(Outcome.INCONCLUSIVE, f"heavy tails: {self.question.tail(index)}")
        if index >= 2 and np.any(judged.excluded):
            return self._evidence(Outcome.FAILS, "")
        if index >= 2 and np.all(judged.certified):
            return self._evidence(Outcome.HOLDS, "")
        if not last:
            return None
        reason = f"the cap of {count} draws does not decide"
        if index < 2:
            reason += f"; heavy tails (index about {index:.2g}): draw more, or give a bound"
        elif judged.doubt:
            reason += f"; {judged.doubt}"
        elif math.isfinite(judged.needed):
            reason += f": about {_rounded_up(judged.needed)} draws would"
        return self._evidence(Outcome.INCONCLUSIVE, reason)

    def _so_far(self) -> str:
        if self.seen is None:
            first = self.question.first_look
            return f"interrupted before the first look, at {first} draws; nothing is established"
        return f"interrupted; this was established after {self.seen.count} draws, at the stated rates"

    def _evidence(self, outcome: Outcome, reason: str) -> Evidence:
        report = Report(self.question, self.route, self.seen, self.judgement, self.replay)
        return report.evidence(outcome, reason)


def _rounded_up(number: float) -> int:
    """Round up to two digits: 12345.6 -> 13000."""
    scale = 10 ** max(math.floor(math.log10(number)) - 1, 0)
    return math.ceil(number / scale) * scale
