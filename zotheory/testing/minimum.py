"""The assertion that a law or a sampler attains the minimum variance of a program."""

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Any

import numpy as np

from zotheory.checks.evidence import Outcome
from zotheory.checks.perturbations import check_unbiased
from zotheory.errors import InvalidArgument, NotUnbiased
from zotheory.laws.base import Law
from zotheory.programs.program import Program
from zotheory.programs.solution import Solution
from zotheory.programs.solve import solve
from zotheory.rng import as_generator
from zotheory.testing.arguments import source_of
from zotheory.testing.constraints import violations
from zotheory.testing.diagnosis import estimate, name_direction, snapped, standard_errors
from zotheory.testing.energies import costs, energies, residuals
from zotheory.testing.failures import Inconclusive, failure, require_conclusive
from zotheory.testing.unbiased import explain
from zotheory.types import FloatArray
from zotheory.validation import check_fraction

# Draws held against the contact set, and the most numbers drawn for that.
_DRAWS, _NUMBERS = 20_000, 4_000_000


def assert_minimum_variance(
    sampler: Any,
    program: Program | Mapping[str, Any],
    *,
    resolvable: float = 0.05,
    false_alarm: float = 1e-6,
    false_pass: float = 0.01,
    max_samples: int = 2_000_000,
    rng: np.random.Generator | int = 0,
    tolerance: float = 1e-9,
    allow_inconclusive: bool = False,
) -> None:
    """Assert that a perturbation is feasible and optimal for a variance program.

    A Law is decided by its moments, exactly if they are exact, through `ContactSet.contains`. The draws
    of a sampler are held against the constraints with the rates given, and against the contact set:
    E[cost] exceeds the optimum by E[r], and r >= 0 vanishes at every draw of an optimal law. So an
    optimal law is never refused on that count, and a law with a share of log(1 / false_pass) / 20000 of
    its mass off the contact set is missed at the rate ``false_pass`` (20000 draws, fewer above dimension
    200). The rates of the constraints rest on an assumption: no event rarer than log(1 / rate) / n carries
    weight, with the smaller of the two rates and the number n of draws, at least 50 000.

    Args:
        sampler: function (n, generator) that returns n independent draws, shape (n, dim), or a Law.
        program: a `Program`, or a dict of its options.
        resolvable: deviation that must be found: of E[v v^T] relative to delta, and of each
            constraint's expectation relative to its bound.
        false_alarm: probability, for each constraint, of failing although it holds.
        false_pass: probability, for each, of passing although it is off by ``resolvable``.
        max_samples: cap on the draws for each constraint, at least 50 000.
        rng: generator or integer seed.
        tolerance: relative rounding granted to the objective, the cap and the contact set; 1e-5 for
            draws in single precision.
        allow_inconclusive: pass where the draws do not decide.

    Raises:
        AssertionError: it is not; the message says which constraint is violated, by how much the
            objective exceeds the optimum, and where the support has to be. Also if the value is an
            infimum, which no law attains.
        Inconclusive: the draws do not decide, or the optimum itself is not certified.
        InvalidArgument: an unknown option, another dimension, a sampler that breaks its contract, or a
            rate outside its range.
    """
    __tracebackhide__ = True
    program = _read(program)
    tolerance = float(check_fraction(tolerance, "tolerance", open_interval=False))
    source = source_of(sampler, program.dim)
    solution = _solved(program)
    title = f"not of minimum variance in {_options(program)}"
    optimum = f"the optimum is {solution.value:.6g}, {solution.status}"
    if not solution.contact_set.attained:
        found = f"the infimum {solution.value:.6g} is attained by no law: {solution.contact_set.describe()}"
        remedy = "add a cap, a budget or smoothing, or compare with solve(program).minimising_law(epsilon)"
        raise failure(title, [found], remedy, "certified")
    if isinstance(sampler, Law):
        return _assert_law(sampler, solution, tolerance, title, optimum)
    rates = {
        "resolvable": resolvable,
        "false_alarm": false_alarm,
        "false_pass": false_pass,
        "max_samples": max_samples,
    }
    generator = as_generator(rng)
    evidence = check_unbiased(sampler, program.delta, dim=program.dim, rng=generator, **rates)
    found, open_questions = [], [evidence]
    if evidence.outcome is Outcome.FAILS:
        diagnosis = explain(source, float(program.delta), false_alarm, evidence, generator)
        found += [f"not delta-unbiased: {line}" for line in diagnosis.findings]
        found += [f"  {diagnosis.remedy}"] if diagnosis.remedy else []
        found += [f"  ({evidence.detail})"]
    v = source.draw(max(1000, min(_DRAWS, _NUMBERS // program.dim)), generator)
    for violation, evidence in violations(program, source, v, tolerance, generator, rates):
        found += [violation] if violation else []
        open_questions += [evidence] if evidence is not None else []
    found += _off_contact(solution, v, tolerance, false_alarm, feasible=not found)
    if found:
        raise failure(title, found, "", optimum)
    for evidence in open_questions:
        require_conclusive(evidence, allow_inconclusive)
    _require_certified(solution, allow_inconclusive)
    return None


@lru_cache(maxsize=256)
def _solved(program: Program) -> Solution:
    # A property-based test asks for the same programs again and again.
    return solve(program)


def _read(program: Any) -> Program:
    if isinstance(program, Program):
        return program
    if not isinstance(program, Mapping):
        raise InvalidArgument("program", program, "give a zotheory.Program, or a dict of its options")
    known = [field.name for field in fields(Program)]
    for name in program:
        if name not in known:
            raise InvalidArgument("program", name, f"is no option; give some of {', '.join(known)}")
    if "dim" not in program:
        raise InvalidArgument("program", dict(program), "give dim too")
    return Program(**program)


def _options(program: Program) -> str:
    # The options that differ from their defaults, as one would write them.
    shown = [f"dim={program.dim}"]
    for field in fields(Program)[1:]:
        value = getattr(program, field.name)
        if field.name == "prior" and value is not None:
            shown.append(f"prior=[{', '.join(f'{float(x):.4g}' for x in value.values)}]")
        elif field.name == "direction" and value is not None:
            shown.append(f"direction={name_direction(program.axis)}")
        elif value is not None and value != field.default:
            shown.append(f"{field.name}={value}")
    return f"Program({', '.join(shown)})"


def _assert_law(law: Law, solution: Solution, tolerance: float, title: str, optimum: str) -> None:
    __tracebackhide__ = True
    try:
        membership = solution.contact_set.contains(law, tolerance)
    except NotUnbiased as error:
        raise failure(title, [str(error)], "", "the law's own second_moment()") from error
    if not membership:
        found = [f"{type(law).__name__}: {reason}" for reason in membership.reasons]
        raise failure(title, [*found, solution.contact_set.describe()], "", optimum)
    _require_certified(solution, False)


def _require_certified(solution: Solution, allowed: bool) -> None:
    if solution.status == "numeric" and not allowed:
        raise Inconclusive(f"the optimum is certified only to a relative gap of {solution.gap:.3g}")


def _off_contact(
    solution: Solution, v: FloatArray, tolerance: float, false_alarm: float, *, feasible: bool
) -> list[str]:
    """Return how far the objective lies above the optimum, if a draw shows that it does."""
    program, certificate = solution.program, solution.certificate
    q = energies(program, v)
    r = np.maximum(residuals(certificate, q), 0.0)  # negative only above the cap, which is said elsewhere
    # For the exact optimum E[r] <= gap: by Markov's inequality the mean of draws exceeds
    # gap / false_alarm at most at that rate.
    if float(r.mean()) <= tolerance + certificate.gap / false_alarm:
        return []
    unit, score = float(program.delta) ** 2, standard_errors(false_alarm, 1)
    what, values = "E[(v^T A v)|v|^2]", costs(certificate, q)
    if program.knowledge == "known":
        what = "V = E[(a.v)^2 |v|^2] / |a|^2"
    elif program.knowledge == "blind":
        what, values = _worst_gradient(program, v, values)
    if program.smoothing:
        what += " + smoothing E|v|^6"
    value = estimate(unit * values, score)
    excess = value.mean / solution.value - 1
    relation = f"exceeds it by {excess:.3g} relative" if excess > 0 else "lies below it"
    relation += "" if feasible else ", but the law is not feasible"
    far, share = int(r.argmax()), float(np.mean(r > tolerance))
    along = f", {q[far, 0] * float(program.delta):.4g} of it {_first_space(program)}"
    example = f"|v|^2 = {(v[far] ** 2).sum():.4g}{along if q.shape[1] > 1 else ''}"
    return [
        f"objective: {what} = {value}, the optimum is {solution.value:.6g}; it {relation}",
        f"support: a share {share:.3g} of the draws lies off the contact set, one with {example}; "
        f"{solution.contact_set.describe()}",
    ]


def _first_space(program: Program) -> str:
    if program.knowledge == "prior":
        return f"in the eigenspace of A for {float(program.blocks[0].weight):.4g}"
    return "along the gradient" if program.knowledge == "known" else "along the guide"


def _worst_gradient(program: Program, v: FloatArray, values: FloatArray) -> tuple[str, FloatArray]:
    # The worst gradient direction of one half of the draws, measured on the other half.
    half, norms = len(v) // 2, (v**2).sum(axis=1)
    pilot = (v[:half] * norms[:half, None]).T @ v[:half] / half
    u = snapped(np.linalg.eigh(pilot)[1])[:, -1]
    delta = float(program.delta)
    worst = (v[half:] @ u) ** 2 * norms[half:] / delta**2
    scaled_cost = values[half:] - (norms[half:] / delta) ** 2 / program.dim  # the smoothing term
    return f"E[(a.v)^2 |v|^2] for the unit gradient a = {name_direction(u)}", worst + scaled_cost
