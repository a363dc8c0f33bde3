"""Tests of expectations by simulation, with a stated false-alarm rate and a resolvable effect.

All rest on the central limit theorem with an estimated variance. That is doubtful when a few draws
dominate the sum, so each test measures skewness and the weight of the largest draw and, where they
could distort the stated rates, answers "inconclusive" with the reason instead of failing.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope
from zotheory.errors import InvalidArgument
from zotheory.rng import as_generator

Sampler = Callable[[int, np.random.Generator], Any]

_PILOT = 2_000
_CHUNK = 100_000
# The pilot's variance is itself an estimate: draw this much more than it asks for.
_MARGIN = 1.3
# One draw may carry at most this share of the sample variance.
_LARGEST_SHARE = 0.1
# Skewness g changes the tail probability at z by about exp(g z^3 / (6 sqrt(n))); allow a factor 2.
_TAIL_DISTORTION = math.log(2)
# Relative error granted to floating-point sums.
_ROUNDING = 1e-9


def check_mean(
    sample: Sampler,
    claimed: Any,
    *,
    resolvable: float,
    rng: np.random.Generator | int,
    detail: str,
    falsifier: str = "a sample mean further from the claim than chance allows",
    false_alarm: float = 1e-6,
    false_pass: float = 0.01,
    max_samples: int = 2_000_000,
    parts: Sequence[str] = (),
) -> Evidence:
    """Test E[X] = claimed, two-sided.

    The sample size follows from the two rates and the variance found in a pilot of 2000 draws.

    Args:
        sample: function (n, generator) that returns n independent draws of X.
        claimed: the claimed expectation, a number.
        resolvable: size of the deviation that must be found, above 0.
        rng: generator or integer seed.
        detail: what was simulated, in words.
        falsifier: what would have falsified the statement.
        false_alarm: probability of failing although the claim is true, in (0, 1/2).
        false_pass: probability of passing although the claim is off by ``resolvable``, in (0, 1/2).
        max_samples: cap on the sample size.
        parts: the parts of the claim it speaks about.

    Returns:
        Evidence: statistical, of one instance. Inconclusive if the cap does not allow the resolution
        or if heavy tails make the rates doubtful. ``value`` is the deviation in standard errors.

    Raises:
        InvalidArgument: a rate or resolution outside its range, or a sampler that does not return n
            finite numbers.
    """
    normal = NormalDist()
    test = _Test(sample, float(claimed), resolvable, false_alarm, false_pass, max_samples)
    return test.run(rng, normal.inv_cdf(1 - false_alarm / 2), abs, detail, falsifier, parts)


def check_upper_bound(
    sample: Sampler,
    bound: Any,
    *,
    resolvable: float,
    rng: np.random.Generator | int,
    detail: str,
    falsifier: str = "a sample mean further above the bound than chance allows",
    false_alarm: float = 1e-6,
    false_pass: float = 0.01,
    max_samples: int = 2_000_000,
    parts: Sequence[str] = (),
) -> Evidence:
    """Test E[X] <= bound, one-sided; a violation by ``resolvable`` is missed with rate false_pass.

    Arguments, result and exceptions are those of `check_mean`.
    """
    normal = NormalDist()
    test = _Test(sample, float(bound), resolvable, false_alarm, false_pass, max_samples)
    return test.run(rng, normal.inv_cdf(1 - false_alarm), float, detail, falsifier, parts)


@dataclass(frozen=True)
class _Moments:
    """Mean and spread of a sample, and how much its tails weigh."""

    count: int
    mean: float
    deviation: float
    skewness: float
    largest_share: float
    rounding: float

    @property
    def standard_error(self) -> float:
        return self.deviation / math.sqrt(self.count)


@dataclass(frozen=True)
class _Test:
    sample: Sampler
    claimed: float
    resolvable: float
    false_alarm: float
    false_pass: float
    max_samples: int

    def __post_init__(self) -> None:
        for name in ("false_alarm", "false_pass"):
            if not 0 < getattr(self, name) < 0.5:
                raise InvalidArgument(name, getattr(self, name), "give a rate between 0 and 1/2")
        if not (self.resolvable > 0 and math.isfinite(self.resolvable)):
            raise InvalidArgument("resolvable", self.resolvable, "give a deviation above 0")
        if not math.isfinite(self.claimed):
            raise InvalidArgument("claimed", self.claimed, "give a finite number")
        if self.max_samples < _PILOT:
            raise InvalidArgument("max_samples", self.max_samples, f"give at least {_PILOT}")

    def run(
        self,
        rng: np.random.Generator | int,
        threshold: float,
        deviation_of: Callable[[float], float],
        detail: str,
        falsifier: str,
        parts: Sequence[str],
    ) -> Evidence:
        generator = as_generator(rng)
        pilot = self._draw(_PILOT, generator, self.claimed)
        # Found with probability 1 - false_pass iff (threshold + power) standard errors fit into the
        # resolvable deviation.
        standard_errors = threshold + NormalDist().inv_cdf(1 - self.false_pass)
        wanted = _MARGIN * (standard_errors * pilot.deviation / self.resolvable) ** 2
        count = int(min(max(wanted, _PILOT), self.max_samples))
        found = self._draw(count, generator, pilot.mean)
        resolved = standard_errors * found.standard_error
        distance = deviation_of(found.mean - self.claimed)
        if found.standard_error > 0:
            score = distance / found.standard_error
        else:
            score = 0.0 if distance <= found.rounding else math.inf
        reason = self._doubt(found, threshold, resolved)
        if reason:
            outcome = Outcome.INCONCLUSIVE
        elif distance <= max(threshold * found.standard_error, found.rounding):
            outcome = Outcome.HOLDS
        else:
            outcome = Outcome.FAILS
        words = (
            f"{detail}: mean {found.mean:.6g} against {self.claimed:.6g} over {count} draws, "
            f"{score:.2f} standard errors (limit {threshold:.2f}); false-alarm rate "
            f"{self.false_alarm:g}, a deviation of {resolved:.3g} is missed at rate {self.false_pass:g}"
        )
        words += f"; {reason}" if reason else ""
        return Evidence(outcome, Grade.STATISTICAL, Scope.INSTANCE, words, falsifier, score, tuple(parts))

    def _doubt(self, found: _Moments, threshold: float, resolved: float) -> str:
        """Return why the stated rates cannot be relied on, or an empty string."""
        distortion = abs(found.skewness) * threshold**3 / (6 * math.sqrt(found.count))
        if found.largest_share > _LARGEST_SHARE or distortion > _TAIL_DISTORTION:
            return (
                "heavy tails make the normal approximation doubtful: one draw carries "
                f"{found.largest_share:.1%} of the variance, skewness {found.skewness:.3g}; draw more"
            )
        if resolved > self.resolvable:
            return f"the cap of {self.max_samples} draws does not resolve {self.resolvable:g}"
        return ""

    def _draw(self, count: int, generator: np.random.Generator, centre: float) -> _Moments:
        # Power sums about a value near the mean, so that nothing cancels.
        sums, largest, size = np.zeros(3), 0.0, abs(centre)
        for start in range(0, count, _CHUNK):
            n = min(_CHUNK, count - start)
            draws = np.asarray(self.sample(n, generator), dtype=float)
            if draws.shape != (n,) or not np.all(np.isfinite(draws)):
                raise InvalidArgument("sample", self.sample, f"return {n} finite numbers")
            y = draws - centre
            sums += [y.sum(), (y**2).sum(), (y**3).sum()]
            largest, size = max(largest, float(np.max(y**2))), max(size, float(np.max(np.abs(draws))))
        m1, m2, m3 = sums / count
        variance = max(float(m2 - m1**2), 0.0)
        rounding = _ROUNDING * size
        if variance <= rounding**2:
            return _Moments(count, centre + float(m1), 0.0, 0.0, 0.0, rounding)
        skewness = float(m3 - 3 * m1 * m2 + 2 * m1**3) / variance**1.5
        deviation = math.sqrt(variance * count / (count - 1))
        share = largest / (count * variance)
        return _Moments(count, centre + float(m1), deviation, skewness, share, rounding)
