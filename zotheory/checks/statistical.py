"""Tests of expectations by simulation, with stated error rates and a resolvable deviation.

They are sequential: `zotheory.checks.sequential` says what the rates mean, `zotheory.checks.routes` how
they are kept. In short, and always named in the evidence:

- draws known to lie in an interval (``support``): an empirical Bernstein bound, for any sample size;
- a known bound on the variance (``variance``): Catoni's influence function, for any sample size;
- neither: a normal approximation with the variance seen, corrected for skewness. It is asymptotic. Where
  few draws dominate, or the variance appears infinite, it answers "inconclusive" with the reason. No
  sample shows events rarer than one in its size: give ``support`` if there may be some.

The draws must be independent. `zotheory.checks.perturbations` has the tests of perturbations.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zotheory.checks.evidence import Evidence
from zotheory.checks.options import interval, known_variance, numbers, positive
from zotheory.checks.question import Question
from zotheory.checks.samplers import Sampler, Source
from zotheory.checks.sequential import answer
from zotheory.errors import InvalidArgument
from zotheory.types import FloatArray, VectorLike

__all__ = ["Sampler", "check_bound", "check_mean"]


def check_mean(
    sample: Sampler,
    claimed: Any,
    *,
    resolvable: VectorLike,
    rng: np.random.Generator | int,
    detail: str = "mean of the draws",
    falsifier: str = "a sample mean further from the claim than chance allows",
    false_alarm: float = 1e-6,
    false_pass: float = 0.01,
    max_samples: int = 2_000_000,
    support: tuple[Any, Any] | None = None,
    variance: VectorLike = None,
    parts: Sequence[str] = (),
) -> Evidence:
    """Test E[X] = claimed, two-sided; all entries at once if X is a vector.

    Args:
        sample: function (n, generator) that returns n independent draws of X, shape (n,) or (n, p).
        claimed: the claimed expectation, a number or p numbers.
        resolvable: size of the deviation that must be found, above 0; one for all or p numbers.
        rng: generator or integer seed.
        detail: what was simulated, in words.
        falsifier: what would have falsified the statement.
        false_alarm: probability of failing although the claim is true, in (0, 1/2).
        false_pass: probability of passing although an entry is off by ``resolvable``, in (0, 1/2).
        max_samples: cap on the number of draws; clear cases end long before.
        support: numbers (low, high), or p of each, between which X lies with certainty.
        variance: a bound on the variance of X, or p of them; not together with ``support``.
        parts: the parts of the claim it speaks about.

    Returns:
        Evidence: statistical, of one instance. Inconclusive if the cap does not suffice or heavy tails
        make the rates doubtful. ``value`` is the largest deviation in standard errors.

    Raises:
        InvalidArgument: an argument outside its range, a cap that the rates cannot be kept with, a
            sampler that returns anything but n finite draws, that ignores its generator or depends on
            hidden state, or draws outside ``support``.
        Interrupted: Ctrl-C; it carries, and prints, what was established so far.

    >>> fair = lambda n, rng: rng.integers(0, 2, n)
    >>> check_mean(fair, 0.5, resolvable=0.05, support=(0, 1), rng=0).outcome.value
    'holds'
    """
    return _check(
        2, "claimed", sample, claimed, resolvable, rng, support, variance,
        detail=detail, falsifier=falsifier, false_alarm=false_alarm, false_pass=false_pass,
        max_samples=max_samples, parts=parts,
    )  # fmt: skip


def check_bound(
    sample: Sampler,
    bound: Any,
    *,
    resolvable: VectorLike,
    rng: np.random.Generator | int,
    detail: str = "mean of the draws",
    falsifier: str = "a sample mean further above the bound than chance allows",
    false_alarm: float = 1e-6,
    false_pass: float = 0.01,
    max_samples: int = 2_000_000,
    support: tuple[Any, Any] | None = None,
    variance: VectorLike = None,
    parts: Sequence[str] = (),
) -> Evidence:
    """Test E[X] <= bound, one-sided; a violation by ``resolvable`` is missed at rate ``false_pass``.

    For a lower bound test -X. Arguments, result and exceptions are those of `check_mean`.

    >>> check_bound(lambda n, rng: rng.random(n), 0.6, resolvable=0.05, rng=0).outcome.value
    'holds'
    """
    return _check(
        1, "bound", sample, bound, resolvable, rng, support, variance,
        detail=detail, falsifier=falsifier, false_alarm=false_alarm, false_pass=false_pass,
        max_samples=max_samples, parts=parts,
    )  # fmt: skip


def _check(
    sides: int,
    name: str,
    sample: Sampler,
    claimed: Any,
    resolvable: VectorLike,
    rng: np.random.Generator | int,
    support: tuple[Any, Any] | None,
    variance: VectorLike,
    **options: Any,
) -> Evidence:
    target = numbers(claimed, name)
    if target.ndim > 1 or target.size == 0:
        raise InvalidArgument(name, claimed, "give one number or a vector of numbers")
    size, scalar = target.size, target.ndim == 0
    low = high = None
    if support is not None:
        low, high = interval(support, size)
    source = Source(sample, target.shape, "sample")

    def statistics(draws: FloatArray) -> FloatArray:
        rows = draws.reshape(-1, size)
        if low is not None and high is not None:
            slack = 1e-9 * (high - low)
            outside = (rows < low - slack) | (rows > high + slack)
            if np.any(outside):
                raise InvalidArgument("support", support, f"{rows[outside][0]:.6g} was drawn: widen it")
        return rows

    question = Question(
        claimed=target.reshape(-1),
        resolvable=positive(resolvable, "resolvable", size),
        label=lambda k: "E[X]" if scalar else f"E[X[{k}]]",
        sides=sides,
        statistics=statistics,
        width=None if low is None or high is None else high - low,
        variance=known_variance(variance, size, "support", support),
        **options,
    )
    return answer(question, source, rng)
