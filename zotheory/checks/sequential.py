"""Sequential tests of means: draw, look, and stop as soon as the stated rates allow an answer.

The looks come after 2000, 4000, 8000, ... draws and at the cap. What the answers mean, over the whole run
with all its looks:

- FAILS although every mean is as claimed: probability at most ``false_alarm``.
- HOLDS although some mean is off by ``resolvable`` or more: probability at most ``false_pass``. If the cap
  suffices, such a claim is therefore found out with probability at least 1 - ``false_pass``.
- A claim that is off by less may get either answer; both are then correct at their rates.
- INCONCLUSIVE: the cap came first, or the draws are such that the method cannot keep these rates.
"""

import math
import sys

import numpy as np

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope
from zotheory.checks.moments import Moments, Tail
from zotheory.checks.question import FIRST_LOOK, Question
from zotheory.checks.routes import Judgement
from zotheory.checks.samplers import Source
from zotheory.errors import InvalidArgument
from zotheory.rng import as_generator
from zotheory.types import FloatArray

# Bytes that one batch of statistics may take, and the number of calls before a look.
_BYTES, _CALLS = 2**24, 8
# Statistics whose fourth powers, summed, stay finite.
_LARGEST = 1e70
# From here on a tail index clearly below 2 is believed, and ends the run.
_TAIL_KNOWN = 64_000


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
    return _Run(question, source, as_generator(rng)).go()


class _Run:
    """State of one run."""

    def __init__(self, question: Question, source: Source, generator: np.random.Generator) -> None:
        self.question, self.source, self.generator = question, source, generator
        self.rates, self.route = question.rates, question.route()
        # What is tiny beside the claim, or the deviation that matters, is rounding.
        self.moments = Moments(np.maximum(np.abs(question.claimed), question.resolvable))
        self.tail = Tail()
        self.centre: FloatArray | None = None
        self.judgement: Judgement | None = None
        self.seen: Moments | None = None

    def go(self) -> Evidence:
        self.source.probe()
        try:
            for look in self.question.looks:
                self._draw_up_to(look)
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
        row = max(self.question.claimed.size, *self.source.shape, 1)
        rows = max(min(-(-wanted // _CALLS), _BYTES // (8 * row)), 1)
        while self.moments.count < look:
            n = min(rows, look - self.moments.count)
            draws = self.source.draw(n, self.generator)
            with np.errstate(over="ignore", invalid="ignore"):
                deviations = self.question.statistics(draws) - self.question.claimed
            if not np.all(np.abs(deviations) <= _LARGEST):
                raise InvalidArgument(
                    self.source.name, self.source.sampler, "its draws overflow: rescale them"
                )
            self.route.add(deviations)
            # Tails are judged around the bulk of the draws, which may be far from the claim.
            self.centre = np.median(deviations, axis=0) if self.centre is None else self.centre
            self.tail.add(np.max(np.abs(deviations - self.centre) / self.question.resolvable, axis=1))
            self.moments.add(deviations)

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
            return f"interrupted before the first look, at {FIRST_LOOK} draws; nothing is established"
        return f"interrupted; this was established after {self.seen.count} draws, at the stated rates"

    def _evidence(self, outcome: Outcome, reason: str) -> Evidence:
        question, score = self.question, None
        words = [reason] if reason else []
        if self.seen is not None and self.judgement is not None:
            scores, chosen = self.seen.scores(question.sides), self.judgement.excluded
            # The worst statistic; of a failure, the worst among those that fail.
            k = int(np.argmax(np.where(chosen, scores, -math.inf) if np.any(chosen) else scores))
            score, radius = float(scores[k]), float(self.judgement.radius[k])
            claimed, mean = question.claimed[k], self.seen.mean[k] + question.claimed[k]
            relation = "=" if question.sides == 2 else "<="
            words.append(f"{question.label(k)} {relation} {claimed:.6g} is claimed")
            words.append(
                f"mean {mean:.6g} over {self.seen.count} draws (cap {question.max_samples}), "
                f"{score:.2f} standard errors off"
            )
            if math.isfinite(radius):
                words.append(f"interval [{mean - radius:.6g}, {mean + radius:.6g}]")
            if question.claimed.size > 1:
                words.append(f"the worst of {question.claimed.size} statistics tested at once")
        smallest, largest = float(question.resolvable.min()), float(question.resolvable.max())
        resolvable = f"{smallest:.3g}" if smallest == largest else f"{smallest:.3g} to {largest:.3g}"
        words.append(self.route.method)
        words.append(
            f"false-alarm rate {question.false_alarm:g}, a deviation of {resolvable} is missed at rate "
            f"{question.false_pass:g}, early stopping included"
        )
        return Evidence(
            outcome,
            Grade.STATISTICAL,
            Scope.INSTANCE,
            f"{question.detail}: {'; '.join(words)}",
            question.falsifier,
            score,
            tuple(question.parts),
        )


def _rounded_up(number: float) -> int:
    """Round up to two digits: 12345.6 -> 13000."""
    scale = 10 ** max(math.floor(math.log10(number)) - 1, 0)
    return math.ceil(number / scale) * scale
