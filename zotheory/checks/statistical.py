"""Tests of expectations by simulation, with stated error rates and a resolvable deviation.

They are sequential: `zotheory.checks.sequential` says what the rates mean, `zotheory.checks.routes` how
they are kept. In short, and always named in the evidence:

- draws known to lie in an interval (``support``): an empirical Bernstein bound, for any sample size;
- a known bound on the variance (``variance``): Catoni's influence function, for any sample size;
- neither: a normal approximation with the variance seen, corrected for skewness. It is asymptotic. Where
  skewness makes it doubtful, few draws dominate, or the variance appears infinite, the answer is
  "inconclusive" with the reason.

Without ``support`` or ``variance`` the rates rest on an assumption, which the evidence states with its
number: no event rarer than log(1 / rate) / n, for the smaller of the two rates and the n draws so far,
carries weight. No sample shows what is not in it. Nothing is decided before n = 50 000, which makes that
2.8e-4 at the default rates; if rarer draws may matter, give a bound.

The draws must be independent. `zotheory.checks.perturbations` has the tests of perturbations.
"""

from typing import Any, Unpack

import numpy as np

from zotheory.checks.evidence import Evidence
from zotheory.checks.options import interval, known_variance, numbers, positive
from zotheory.checks.question import Question
from zotheory.checks.samplers import Sampler, Source
from zotheory.checks.sampling import MeanOptions, complete, documented
from zotheory.checks.sequential import answer
from zotheory.errors import InvalidArgument
from zotheory.types import FloatArray, VectorLike

__all__ = ["Sampler", "check_bound", "check_mean"]


@documented(MeanOptions)
def check_mean(sample: Sampler, claimed: Any, **options: Unpack[MeanOptions]) -> Evidence:
    """Test E[X] = claimed, two-sided; all entries at once if X is a vector.

    Args:
        sample: function (n, generator) that returns n independent draws of X, shape (n,) or (n, p).
        claimed: the claimed expectation, a number or p numbers.
        **options: the options below, by keyword.

    Returns:
        Evidence: statistical, of one instance. Without ``support`` or ``variance`` the rates hold if no
        event rarer than log(1 / rate) / n carries weight, n being the number of draws (at least 50 000);
        the detail gives the number. Inconclusive if the cap does not suffice or heavy tails make the
        rates doubtful. ``value`` is the largest deviation in standard errors. A failure has a
        witness: the entry, its numbers, and how to draw them again.

    Raises:
        InvalidArgument: an argument outside its range, an unknown option, a cap that the rates cannot be
            kept with, a sampler that returns anything but n finite draws, that ignores its generator or
            depends on hidden state, or draws outside ``support``.
        Interrupted: Ctrl-C; it carries, and prints, what was established so far.

    >>> fair = lambda n, rng: rng.integers(0, 2, n)
    >>> check_mean(fair, 0.5, resolvable=0.05, support=(0, 1), rng=0).outcome.value
    'holds'
    """
    given = complete(check_mean, MeanOptions, options)
    given["falsifier"] = given["falsifier"] or "a sample mean further from the claim than chance allows"
    return _check(2, "claimed", sample, claimed, **given)


@documented(MeanOptions)
def check_bound(sample: Sampler, bound: Any, **options: Unpack[MeanOptions]) -> Evidence:
    """Test E[X] <= bound, one-sided; a violation by ``resolvable`` is missed at rate ``false_pass``.

    For a lower bound test -X.

    Args:
        sample: function (n, generator) that returns n independent draws of X, shape (n,) or (n, p).
        bound: the claimed bound, a number or p numbers.
        **options: the options below, by keyword.

    Returns:
        Evidence: as that of `check_mean`.

    Raises:
        InvalidArgument, Interrupted: as `check_mean`.

    >>> check_bound(lambda n, rng: rng.random(n), 0.6, resolvable=0.05, rng=0).outcome.value
    'holds'
    """
    given = complete(check_bound, MeanOptions, options)
    given["falsifier"] = given["falsifier"] or "a sample mean further above the bound than chance allows"
    return _check(1, "bound", sample, bound, **given)


def _check(
    sides: int,
    name: str,
    sample: Sampler,
    claimed: Any,
    *,
    resolvable: VectorLike,
    rng: np.random.Generator | int,
    support: tuple[Any, Any] | None,
    variance: VectorLike,
    **settings: Any,
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
        **settings,
    )
    return answer(question, source, rng)
