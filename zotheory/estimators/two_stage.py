"""Two-stage estimator: a rough estimate first, then perturbations aligned with it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.estimators.arguments import check_law, check_mu
from zotheory.estimators.base import Estimator, Run
from zotheory.estimators.draws import Draws, Plan, block_rows
from zotheory.estimators.objective import Oracle
from zotheory.estimators.probe import Probe
from zotheory.estimators.shaping import law_draws, normal_draws
from zotheory.estimators.weights import first_weight
from zotheory.laws import Law
from zotheory.laws.aligned_rows import Complement, aligned, unit_rows
from zotheory.types import FloatArray, Scalar
from zotheory.validation import check_count, numeric_dim, to_float


@dataclass(frozen=True)
class TwoStage(Estimator):
    """``first`` perturbations from ``law``, then ``second`` aligned with the mean estimate of the first.

    Stage 1 is the mean of ``first`` estimates. Stage 2 is the mean of ``second`` estimates with
    v = xi sqrt(delta) e + w as in `laws.DAP`, e the direction of stage 1, drawn anew in every trial.
    The estimate is w stage 1 + (1 - w) stage 2 with the constant `weight` w.
    Where stage 1 is exactly zero, e is a uniformly random direction: stage 2 is delta-unbiased whatever
    the direction, and with the spherical complement it is then uniform on the sphere.
    Source: arXiv 2510.19975, Algorithm 2 (combination "second", first = second).

    Args:
        law: law of stage 1, of integer dimension; its delta is that of both stages.
        mu: smoothing distance, from 1e-40 to 1e40.
        first: perturbations of stage 1 (a multiple of the frame's batch for an `OrthonormalFrame`).
        second: perturbations of stage 2.
        combination: "second" (stage 2 alone), "average" (the mean over all perturbations), "optimal"
            (the constant weights of least error as mu -> 0), or the weight of stage 1, in [0, 1].
        complement: "sphere" (|w| = sqrt(delta (d - 1))) or "gaussian" (N(0, delta I) there).
        difference: "forward" (first + second + 1 queries; f(x) is shared) or "central"
            (2 (first + second) queries).

    Raises:
        InvalidArgument: a bad argument; "optimal" where the errors of the stages depend on the gradient
            or are not known.
        NotUnbiased: a law that breaks its contract.

    >>> from zotheory.laws import Gaussian, Sphere
    >>> TwoStage(Sphere(16), mu=1e-3, first=8, second=8).queries
    17
    >>> TwoStage(Gaussian(4), 1e-3, first=3, second=3, combination="optimal", complement="gaussian").weight
    Fraction(4, 9)
    """

    law: Law
    mu: Scalar
    first: int
    second: int
    combination: Literal["second", "average", "optimal"] | Scalar = "second"
    complement: Complement = "sphere"
    difference: Literal["forward", "central"] = "forward"

    def __post_init__(self) -> None:
        object.__setattr__(self, "mu", check_mu(self.mu))
        object.__setattr__(self, "first", check_count(self.first, "first"))
        object.__setattr__(self, "second", check_count(self.second, "second"))
        _check_choice(self.complement, "complement", ("sphere", "gaussian"))
        _check_choice(self.difference, "difference", ("forward", "central"))
        check_law(self.law, self.first, "first")
        _ = self.weight  # refused now, not when it is used

    @property
    def weight(self) -> Scalar:
        """Weight of stage 1; see `weights.first_weight` for the optimal one."""
        return first_weight(self.combination, self.law, self.first, self.second, self.complement)

    @property
    def dim(self) -> int:
        """Dimension of the law."""
        return numeric_dim(self.law.dim)

    @property
    def delta(self) -> float:
        """Scale of the law."""
        return to_float(self.law.delta, "delta")

    @property
    def queries(self) -> int:
        """Function values one estimate takes."""
        both = self.first + self.second
        return both + 1 if self.difference == "forward" else 2 * both

    @property
    def perturbations(self) -> int:
        """Return first + second."""
        return self.first + self.second

    def resized(self, perturbations: int) -> Self:
        """Return the estimator with another number of perturbations, split in the same proportion."""
        both = check_count(perturbations, "perturbations")
        first, rest = divmod(both * self.first, self.perturbations)
        if rest:
            step = self.perturbations // math.gcd(self.first, self.second)
            raise InvalidArgument(
                "perturbations", both, f"give a multiple of {step}, to be split {self.first}:{self.second}"
            )
        return replace(self, first=first, second=both - first)

    @property
    def _shared(self) -> bool:
        return self.difference == "forward"

    @property
    def _block_trials(self) -> int:
        return max(1, block_rows(self.dim) // max(self.first, self.second))

    def _prepare(
        self,
        oracle: Oracle,
        x: FloatArray,
        plan: Plan,
        batches: Sequence[int],
        normals: Draws | None = None,
    ) -> Run:
        probe, delta = Probe(oracle, x, self.mu, self.difference), self.delta
        members = [self.resized(batch) for batch in batches]
        firsts = [member.first for member in members]
        rough, rough_shaping = law_draws(self.law, self.first, plan, normals)
        # Of shared rows the first stage takes the first ones, the second stage those after them.
        normal, skipped = normals, self.first
        if normal is None:
            normal, skipped = normal_draws(self.second, plan, "aligned"), 0
        # Seldom needed, so not drawn ahead.
        fallback = normal_draws(1, replace(plan, pool=None), "direction")

        def refined(one: FloatArray, second: int, weight: float, first: int, last: int) -> FloatArray:
            directions, zero = unit_rows(one)
            if zero.any():
                directions[zero] = unit_rows(fallback.take(first, last)[zero, 0])[0]

            def shaping(z: FloatArray, which: slice) -> FloatArray:
                return aligned(z, directions[which], delta, self.complement)

            (two,) = probe.batch_means(normal, first, last, [second], shaping, skipped)
            return weight * one + (1 - weight) * two

        def run(first: int, last: int) -> FloatArray:
            ones = probe.batch_means(rough, first, last, firsts, rough_shaping)
            # The first stages nest; the second ones share normal rows, shaped anew for each direction.
            return np.stack(
                [
                    refined(one, member.second, float(member.weight), first, last)
                    for one, member in zip(ones, members, strict=True)
                ]
            )

        return run


def _check_choice(value: Any, name: str, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise InvalidArgument(name, value, f"give one of {', '.join(choices)}")
