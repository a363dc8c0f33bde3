"""The gradient estimate of a step: which losses are evaluated, and how parameters are displaced for it."""

import math
from collections.abc import Sequence

import torch

from zotheory.optim.abreast import Abreast
from zotheory.optim.directions import Direction, keeper
from zotheory.optim.evaluation import Closure, Evaluation, Place, Snapshot
from zotheory.optim.interrupts import Held
from zotheory.optim.layerwise import Layerwise
from zotheory.optim.layout import Layout
from zotheory.optim.lockstep import Lockstep
from zotheory.optim.options import Configured
from zotheory.optim.replicas import ranks_of

# What a step multiplies: coefficients and directions whose sum is the gradient estimate.
Probes = list[tuple[float, Direction]]


class Estimating(Configured):
    """The part of `ZerothOrderOptimizer` that evaluates losses."""

    def estimate(self, layout: Layout, evaluation: Evaluation) -> tuple[Probes, float]:
        """Return the gradient estimate, as coefficients and directions, and the loss to report.

        Args:
            layout: the parameters.
            evaluation: gives the losses at x and around it.
        """
        # The mean of slope times v.
        directions = list(map(keeper(layout, self.perturbations), self.directions(layout)))
        slopes, losses = self.slopes(evaluation, directions)
        probes = [(s / self.perturbations, u) for s, u in zip(slopes, directions, strict=True)]
        return probes, sum(losses) / len(losses)

    def directions(self, layout: Layout) -> list[Direction]:
        """Return the perturbations u of a step, E[u u^T] = I, one a query."""
        queries = range(self.perturbations)
        return [self.law.draw(self.seed, layout, self.steps, query) for query in queries]

    def slopes(
        self, evaluation: Evaluation, directions: Sequence[Direction]
    ) -> tuple[list[float], list[float]]:
        """Return sqrt(delta) times the slopes along v = sqrt(delta) u, and losses whose mean is to report.

        Slope times v is then a number returned times u. Ranks that share the step divide what is asked for
        in one call.

        Args:
            evaluation: gives the losses at x and around it.
            directions: u, E[u u^T] = I.
        """
        # (f(x + mu v) - f(x - mu v)) / (2 mu)   or   (f(x + mu v) - f(x)) / mu
        length = math.sqrt(self.delta)
        forward = self.difference == "forward"
        pairs = evaluation.pairs(directions, self.mu * length, forward=forward)
        if forward:
            return [(ahead - here) / self.mu * length for ahead, here in pairs], [pairs[0][1]]
        slopes = [(ahead - behind) / (2 * self.mu) * length for ahead, behind in pairs]
        return slopes, [(ahead + behind) / 2 for ahead, behind in pairs]

    def place(self, layout: Layout) -> Place:
        """Return the way in which parameters are displaced and restored."""
        # Torch's functions are watched until a step has been seen whole.
        return self.layerwise(layout, watched=0 if self.coefficients else 2) or self.snapshot(layout)

    def snapshot(self, layout: Layout) -> Snapshot:
        """Return evaluation from a copy of the parameters, brought up to date."""
        self._settle()
        return Snapshot(layout)

    def layerwise(self, layout: Layout, watched: int) -> Layerwise | None:
        """Return layerwise evaluation, as the options say, if there is a model; see `Layerwise`."""
        if self.model is None:
            return None
        if self.engine == "lockstep":
            return Lockstep(layout, self.model, self.agreement, watched, self.pending)
        if self.abreast:
            return Abreast(layout, self.model, self.agreement, watched, self.prefix, self.pending)
        return Layerwise(layout, self.model, watched, self.prefix, self.pending)

    def _probe(self, layout: Layout, closure: Closure, held: Held) -> tuple[Probes, float]:
        evaluation = Evaluation(self.place(layout), lambda: held.call(closure), ranks_of(self))
        try:
            probes, loss = self.estimate(layout, evaluation)
        finally:
            self.queries += evaluation.count
            if self.prefix is not None:
                self.prefix.end_step()
        return probes, loss

    def settle(self) -> None:
        """Do the last step's update where it waits (``delayed``): call this before using parameters."""
        with Held(), torch.no_grad():
            self._settle()

    def _settle(self) -> None:
        if self.pending is not None:
            self.pending.settle()
            self.pending = None
