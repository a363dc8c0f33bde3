"""The assertion that a perturbation is delta-unbiased."""

from typing import Any

import numpy as np

from zotheory.checks.evidence import Evidence, Outcome
from zotheory.checks.perturbations import check_unbiased
from zotheory.checks.samplers import Source
from zotheory.errors import NotUnbiased
from zotheory.laws.base import Law, require_unbiased
from zotheory.rng import as_generator
from zotheory.testing.arguments import integer_dim, numeric_delta, source_of
from zotheory.testing.diagnosis import Diagnosis, diagnose
from zotheory.testing.failures import failure, require_conclusive
from zotheory.types import Scalar

# Draws for the diagnosis: at first, and if those do not show what the test has found.
_DRAWS, _MORE, _NUMBERS = 20_000, 400_000, 4_000_000


def assert_delta_unbiased(
    sampler: Any,
    dim: int,
    delta: Scalar = 1,
    *,
    resolvable: float = 0.05,
    false_alarm: float = 1e-6,
    false_pass: float = 0.01,
    max_samples: int = 2_000_000,
    norm_bound: Scalar = None,
    rng: np.random.Generator | int = 0,
    allow_inconclusive: bool = False,
) -> None:
    """Assert E[v v^T] = delta I. A mean of zero is not asked for.

    A law's bound on |v|^2, or ``norm_bound``, makes the rates hold for any draws. Without one they rest on
    an assumption: no event rarer than log(1 / rate) / n carries weight, with the smaller of the two rates
    and the number n of draws, at least 50 000. At the default rates that is a probability of 2.8e-4 or
    less, and every message gives the number. A sampler whose rarer draws are large enough may be far from
    unbiased and pass.

    With an integer ``rng`` the outcome is a function of the sampler, so that hypothesis can shrink it.

    Args:
        sampler: function (n, generator) that returns n independent draws, shape (n, dim); or a Law,
            whose formula and whose draws are both held to the claim.
        dim: dimension.
        delta: the claimed scale.
        resolvable: size of the deviation, relative to delta, that must be found.
        false_alarm: probability of failing although the claim is true.
        false_pass: probability of passing although the claim is off by ``resolvable``.
        max_samples: cap on the draws, at least 2000, and 50 000 without a bound.
        norm_bound: a number that |v|^2 never exceeds: the rates then hold without any approximation.
        rng: generator or integer seed.
        allow_inconclusive: pass where the draws do not decide.

    Raises:
        AssertionError: it is not; the message names the direction or entry of E[v v^T], the value
            measured and claimed, and what to change.
        Inconclusive: the draws do not decide.
        InvalidArgument: a sampler that breaks its contract, or a rate outside its range.
    """
    __tracebackhide__ = True
    dim, delta = integer_dim(dim), numeric_delta(delta)
    source = source_of(sampler, dim)
    title = f"not delta-unbiased: E[v v^T] is not {float(delta):.4g} I in dimension {dim}"
    if isinstance(sampler, Law):
        _assert_formula(sampler, delta, title)
    generator = as_generator(rng)
    evidence = check_unbiased(
        sampler,
        delta,
        dim=dim,
        resolvable=resolvable,
        false_alarm=false_alarm,
        false_pass=false_pass,
        max_samples=max_samples,
        norm_bound=norm_bound,
        rng=generator,
    )
    if evidence.outcome is Outcome.FAILS:
        found = explain(source, float(delta), false_alarm, evidence, generator)
        raise failure(title, found.findings, found.remedy, evidence.detail)
    require_conclusive(evidence, allow_inconclusive)


def explain(
    source: Source, delta: float, false_alarm: float, evidence: Evidence, rng: np.random.Generator
) -> Diagnosis:
    """Return what is wrong with a sampler that failed, from fresh draws."""
    (dim,) = source.shape
    for draws in (_DRAWS, _MORE):
        v = source.draw(max(1000, min(draws, _NUMBERS // dim)), rng)
        found = diagnose(v, delta, false_alarm)
        if found.findings:
            return found
    return Diagnosis([evidence.detail], "")


def _assert_formula(law: Law, delta: Scalar, title: str) -> None:
    __tracebackhide__ = True
    try:
        require_unbiased(law)
    except NotUnbiased as error:
        raise failure(title, [str(error)], "", "the law's own second_moment()") from error
    if not abs(float(law.delta) / float(delta) - 1) <= 1e-9:
        remedy = f"multiply v by sqrt({delta} / {law.delta}), or claim delta = {law.delta}"
        raise failure(title, [f"the law's delta is {law.delta}"], remedy, "the law's own formula")
