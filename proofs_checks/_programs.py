"""The program route: a claimed optimum against the certified interval of a solved program."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.laws import Law
from zotheory.programs import Program, Solution, solve

DIGITS = 120


def optimum(claimed: Any, options: Mapping[str, Any], *, parts: tuple[str, ...] = ()) -> Evidence:
    """Hold a claimed optimal value against the exact bounds of the solved program.

    Args:
        claimed: an exact number, rational or algebraic.
        options: arguments of `Program`.
        parts: parts of the claim that this speaks about.

    Returns:
        Rigorous evidence of one instance: the bounds are theorems, whatever the solver did.
    """
    solution = solve(Program(**options))
    shown = ", ".join(f"{key} = {value}" for key, value in options.items())
    data = {
        "program": shown,
        "claimed": str(claimed),
        "lower": str(solution.lower),
        "upper": str(solution.upper),
        "status": solution.status,
    }
    common: dict[str, Any] = {
        "grade": Grade.RIGOROUS,
        "scope": Scope.INSTANCE,
        "falsifier": "a claimed value outside the certified interval",
        "parts": parts,
        "value": solution.gap,
    }
    if solution.status == "numeric" or not solution.certificate.verify():
        return Evidence(Outcome.INCONCLUSIVE, detail=f"{shown}: no certificate", **common)
    if _inside(claimed, solution):
        detail = f"{shown}: {solution.status}, optimum = {solution.value:.12g}, gap {solution.gap:.1e}"
        return Evidence(Outcome.HOLDS, detail=detail, **common)
    text = f"{shown}: the optimum lies in the certified interval, the claimed value does not"
    return Evidence(Outcome.FAILS, detail=text, witness=Witness(text, data), **common)


def _inside(claimed: Any, solution: Solution) -> bool:
    # Rational numbers are compared exactly; algebraic ones to far more digits than the gap.
    if solution.certificate.exact or sp.sympify(claimed).is_Rational:
        low, high = (sp.Rational(x.numerator, x.denominator) for x in (solution.lower, solution.upper))
        return bool(sp.simplify(claimed - low) >= 0) and bool(sp.simplify(high - claimed) >= 0)
    number = sp.N(claimed, DIGITS)
    low, high = (
        sp.N(sp.Rational(x.numerator, x.denominator), DIGITS) for x in (solution.lower, solution.upper)
    )
    return bool(low <= number) and bool(number <= high)


def membership(
    solution: Solution, law: Law, optimal: bool, name: str, *, parts: tuple[str, ...] = ()
) -> Evidence:
    """Hold the contact set's answer about a law against the answer that the claim implies."""
    answer = solution.contact_set.contains(law)
    word = "optimal" if optimal else "not optimal"
    detail = f"{name} should be {word}: excess {answer.excess:.3g}"
    if answer.reasons:
        detail += f" ({'; '.join(answer.reasons)})"
    agrees = answer.optimal == optimal
    return Evidence(
        Outcome.HOLDS if agrees else Outcome.FAILS,
        Grade.CERTIFICATE,
        Scope.INSTANCE,
        detail,
        "a law on which the contact set and the claim disagree",
        value=answer.excess,
        parts=parts,
    )


def rational(value: Any) -> Any:
    """Return a Fraction as a sympy number, or the value itself."""
    return sp.Rational(value.numerator, value.denominator) if isinstance(value, Fraction) else value
