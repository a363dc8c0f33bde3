"""The constraints of a program, held against draws."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from zotheory.checks.evidence import Evidence, Outcome
from zotheory.checks.samplers import Source
from zotheory.checks.statistical import check_bound
from zotheory.programs.program import Program
from zotheory.testing.diagnosis import Estimate, estimate, standard_errors
from zotheory.types import FloatArray

# What is wrong, or an empty string; and the statistical evidence, if there is any.
Finding = tuple[str, Evidence | None]


def violations(
    program: Program,
    source: Source,
    v: FloatArray,
    tolerance: float,
    rng: np.random.Generator,
    rates: dict[str, Any],
) -> Iterator[Finding]:
    """Yield what each constraint of the program, other than unbiasedness, finds of a sampler.

    Args:
        program: the program.
        source: the sampler.
        v: draws, for the cap: a single one above it refutes.
        tolerance: relative rounding granted to the cap.
        rng: generator for the statistical checks.
        rates: resolvable (relative to the bound), false_alarm, false_pass, max_samples.
    """
    delta, score = float(program.delta), standard_errors(rates["false_alarm"], 1)
    if program.norm_cap is not None:
        yield _above_cap(v, float(program.norm_cap), tolerance), None
    if program.fourth_moment == 1:
        # n = delta d almost surely, since E[n^2] >= (E n)^2: decided by every draw.
        yield _above_cap(v, delta * program.dim, tolerance), None
    elif program.fourth_moment is not None:
        budget = float(program.fourth_moment) * (delta * program.dim) ** 2
        evidence = _bounded(source, _fourth_power, budget, "E|v|^4", rng, rates)
        used = estimate(_fourth_power(v), score)
        yield _words(f"fourth-moment budget: E|v|^4 = {used}, at most {budget:.6g} is allowed", evidence)
    if program.nonnegative_covariance and program.dim > 1:
        axis = program.axis

        def product(w: FloatArray) -> FloatArray:
            along = w @ axis
            rest = w - along[:, None] * axis
            return -(along**2) * (rest**2).sum(axis=1)

        # Under E[v v^T] = delta I, Cov(s, t) >= 0 is E[-s t] <= -delta^2 (d - 1).
        least = delta**2 * (program.dim - 1)
        evidence = _bounded(source, product, -least, "-E[s t]", rng, rates)
        mean, width = estimate(-product(v), score)
        covariance = Estimate(mean - least, width)
        yield _words(f"covariance: Cov(s, t) = {covariance}, at least 0 is required", evidence)


def _fourth_power(v: FloatArray) -> FloatArray:
    return (v**2).sum(axis=1) ** 2


def _above_cap(v: FloatArray, cap: float, tolerance: float) -> str:
    norms = (v**2).sum(axis=1)
    above = norms > cap * (1 + tolerance)
    if not above.any():
        return ""
    return (
        f"cap: |v|^2 reaches {norms.max():.6g}, above {cap:.6g}, and is above it in a share "
        f"{above.mean():.3g} of the draws"
    )


def _bounded(
    source: Source,
    statistic: Callable[[FloatArray], FloatArray],
    bound: float,
    detail: str,
    rng: np.random.Generator,
    rates: dict[str, Any],
) -> Evidence:
    return check_bound(
        lambda n, generator: statistic(source.draw(n, generator)),
        bound,
        rng=rng,
        detail=detail,
        **{**rates, "resolvable": rates["resolvable"] * abs(bound)},
    )


def _words(text: str, evidence: Evidence) -> Finding:
    return (f"{text} ({evidence.detail})" if evidence.outcome is Outcome.FAILS else "", evidence)
