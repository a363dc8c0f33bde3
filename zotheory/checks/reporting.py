"""What a sequential test says of the draws it has seen: in words, and as data for a failure."""

import math
from typing import Any

import numpy as np

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.checks.moments import Moments
from zotheory.checks.question import Question
from zotheory.checks.replay import Replay
from zotheory.checks.routes import Judgement, Route


class Report:
    """The worst statistic at a look, and everything that was asked of it.

    Attributes:
        question: the question.
        route: the method.
        seen, judgement: the moments at the last look and what the method made of them; None before it.
        replay: how the draws came about.
    """

    def __init__(
        self,
        question: Question,
        route: Route,
        seen: Moments | None,
        judgement: Judgement | None,
        replay: Replay,
    ) -> None:
        self.question, self.route, self.replay = question, route, replay
        self.worst = None if seen is None or judgement is None else _Worst(question, seen, judgement)

    def evidence(self, outcome: Outcome, reason: str) -> Evidence:
        """Return the evidence; a failure carries its numbers as a witness."""
        question, words = self.question, [reason] if reason else []
        if self.worst is not None:
            words += self.worst.words()
        words += [self.route.method, self._assumed(), self._rates()]
        return Evidence(
            outcome,
            Grade.STATISTICAL,
            Scope.INSTANCE,
            f"{question.detail}: {'; '.join(filter(None, words))}",
            question.falsifier,
            None if self.worst is None else self.worst.score,
            tuple(question.parts),
            self._witness(self.worst) if outcome is Outcome.FAILS and self.worst is not None else None,
        )

    def _rates(self) -> str:
        question = self.question
        smallest, largest = float(question.resolvable.min()), float(question.resolvable.max())
        resolvable = f"{smallest:.3g}" if smallest == largest else f"{smallest:.3g} to {largest:.3g}"
        return (
            f"false-alarm rate {question.false_alarm:g}, a deviation of {resolvable} is missed at rate "
            f"{question.false_pass:g}, early stopping included"
        )

    def _assumed(self) -> str:
        return "" if self.worst is None else self.route.assumes(self.question.rates, self.worst.count)

    def _witness(self, worst: "_Worst") -> Witness:
        question = self.question
        again = "repeat the check" if self.replay.known else "run the check with an integer seed"
        if "seed" in self.replay.data():
            again += f" with rng = {self.replay.data()['seed']}"
        elif self.replay.known:
            again += " with a generator in this state"
        assumed = self._assumed()
        unless = f" ({assumed})" if assumed else ""
        return Witness(
            f"{worst.claim}, but the mean of {worst.count} draws is {worst.mean:.6g}, "
            f"{worst.score:.2f} standard errors off; chance alone does that at a rate of at most "
            f"{question.false_alarm:g}{unless}. It is a sample, not a proof: to see it again, {again}",
            {
                **worst.data(),
                "resolvable": float(question.resolvable[worst.k]),
                "false_alarm": float(question.false_alarm),
                "false_pass": float(question.false_pass),
                "max_samples": int(question.max_samples),
                "method": self.route.method,
                "assumed": assumed,
                **self.replay.data(),
            },
        )


class _Worst:
    """The statistic that is furthest off; of a failure, the worst among those that fail."""

    def __init__(self, question: Question, seen: Moments, judgement: Judgement) -> None:
        scores, chosen = seen.scores(question.sides), judgement.excluded
        k = int(np.argmax(np.where(chosen, scores, -math.inf) if np.any(chosen) else scores))
        self.k, self.question, self.count = k, question, seen.count
        self.score, self.radius = float(scores[k]), float(judgement.radius[k])
        self.error, self.claimed = float(seen.standard_error[k]), float(question.claimed[k])
        self.mean = float(seen.mean[k] + question.claimed[k])
        self.relation = "=" if question.sides == 2 else "<="
        self.claim = f"{question.label(k)} {self.relation} {self.claimed:.6g} is claimed"

    def words(self) -> list[str]:
        """Return the numbers in words."""
        words = [
            self.claim,
            f"mean {self.mean:.6g} over {self.count} draws (cap {self.question.max_samples}), "
            f"{self.score:.2f} standard errors off",
        ]
        if math.isfinite(self.radius):
            words.append(f"interval [{self.mean - self.radius:.6g}, {self.mean + self.radius:.6g}]")
        if self.question.claimed.size > 1:
            words.append(f"the worst of {self.question.claimed.size} statistics tested at once")
        return words

    def data(self) -> dict[str, Any]:
        """Return the numbers; the interval holds at the false-alarm rate, if the method has one."""
        interval = None
        if math.isfinite(self.radius):
            interval = [self.mean - self.radius, self.mean + self.radius]
        return {
            "statistic": self.question.label(self.k),
            "relation": self.relation,
            "claimed": self.claimed,
            "mean": self.mean,
            "standard_error": self.error,
            "interval": interval,
            "draws": self.count,
            "tested_at_once": int(self.question.claimed.size),
        }
