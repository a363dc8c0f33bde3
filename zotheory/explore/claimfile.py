"""From a conjecture to a claim: decided here and now, and as a file that `zotheory verify` decides anew."""

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from zotheory.checks.evidence import Evidence
from zotheory.errors import InvalidArgument
from zotheory.explore.conjecture import Conjecture
from zotheory.explore.family import NUMBERS, Parameters
from zotheory.explore.proving import dual_bound, optimal_law, solved_programs
from zotheory.explore.regimes import name_of, regime_of
from zotheory.explore.symbols import SPELLED
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.ledger.faults import one_line
from zotheory.ledger.verdict import Decision, decide

# Programs that a claim solves anew, of those that were not fitted to.
CHECKED_POINTS = 4
LONGEST_TITLE = 90

TEMPLATE = '''"""{title}.

{origin}.
"""

from zotheory.explore.proving import {names}
from zotheory.explore.symbols import read_formula
from zotheory.ledger.claim import Claim, Kind, Verdict

FIXED = {fixed}
POINTS = (
{points}
)

claim = Claim(
    id={id!r},
    title={title!r},
    kind=Kind.EQUALITY,
    plain={plain!r},
    latex={latex!r},
    source="derived here",
    conditions={conditions!r},
    expected=Verdict.{expected},
    formulas={{"value": read_formula({formula!r})}},
    parts=("bound", "attained"),
){symbolic}


@claim.check("program")
def program(claim):
    """Programs of the family, solved and certified anew."""
    yield from solved_programs(claim.formulas["value"], POINTS)
'''

SYMBOLIC = '''

@claim.check("law")
def law(claim):
    """The two atoms that the optimality conditions give, for all parameters."""
    yield from optimal_law(claim.formulas["value"], {regime!r}, FIXED)


@claim.check("multipliers")
def multipliers(claim):
    """The multipliers that the optimality conditions give, for all parameters."""
    yield from dual_bound(claim.formulas["value"], {regime!r}, FIXED)'''


def examine(conjecture: Conjecture) -> Decision:
    """Return the verdict on a conjecture by the rules of the ledger, from the checks of its claim file.

    Raises:
        InvalidArgument: a conjecture without a closed form.
    """
    _require_closed_form(conjecture)
    found = [("program", item) for item in solved_programs(conjecture.value, _checked(conjecture))]
    regime, fixed = _regime(conjecture), _fixed(conjecture)
    if regime is not None:
        found += [("law", item) for item in optimal_law(conjecture.value, regime, fixed)]
        found += [("multipliers", item) for item in dual_bound(conjecture.value, regime, fixed)]
    evidence: Sequence[Evidence] = [replace(item, route=route) for route, item in found]
    claim = Claim(
        id="conjecture",
        title=conjecture.formula,
        kind=Kind.EQUALITY,
        plain=conjecture.formula,
        latex=conjecture.formula,
        source="derived here",
        expected=Verdict.PROVED,
        parts=("bound", "attained"),
    )
    return decide(claim, evidence)


def claim_text(conjecture: Conjecture, id: str = "CONJECTURE", decision: Decision | None = None) -> str:
    """Return the text of a claim file; its expected verdict is what `examine` finds.

    Args:
        conjecture: with a closed form.
        id: of the claim: a word without spaces or commas.
        decision: what `examine` has found, if it was asked before.

    Raises:
        InvalidArgument: a conjecture without a closed form, or an id that is not a word.
    """
    import sympy

    _require_closed_form(conjecture)
    if not re.fullmatch(r"[\w.-]+", id):
        raise InvalidArgument("id", id, "give letters, digits, - and _ only")
    regime, fixed = _regime(conjecture), _fixed(conjecture)
    where = ", ".join(f"{_symbol(name)} = {value}" for name, value in conjecture.fixed.items())
    conditions = tuple(part for part in (where, f"where the optimal law is {conjecture.phase}") if part)
    tested = len(conjecture.agreeing) + len(conjecture.failing)
    if conjecture.fitted:
        origin = f"Proposed by `zotheory explore` from {conjecture.fitted} certified optima"
        origin += f" and held against {tested} others" if tested else ""
    else:
        origin = f"Stated by hand; `zotheory explore` held it against {tested} certified optima"
    origin += f", {len(conjecture.failing)} of which contradict it" if conjecture.failing else ""
    lines = [f"    {_plain(point)!r}," for point in _checked(conjecture)]
    return TEMPLATE.format(
        title=one_line(f"min {conjecture.formula}", LONGEST_TITLE),
        origin=origin,
        fixed=repr(_plain(fixed)),
        points="\n".join(lines),
        id=id,
        plain=f"The least V is {conjecture.value}, {'; '.join(conditions)}.",
        latex=f"$\\min V={sympy.latex(conjecture.value)}$",
        conditions=conditions,
        expected=(decision or examine(conjecture)).verdict.name,
        formula=str(conjecture.value),
        symbolic="" if regime is None else SYMBOLIC.format(regime=regime),
        names="solved_programs" if regime is None else "dual_bound, optimal_law, solved_programs",
    )


def summary(conjecture: Conjecture, decision: Decision | None) -> str:
    """Return what is known of a conjecture, in two lines of text."""
    made = f"fitted to {conjecture.fitted} values" if conjecture.fitted else "stated"
    total = len(conjecture.agreeing) + len(conjecture.failing)
    tested = f"{len(conjecture.agreeing)} of {total} others agree"
    verdict = (
        "not handed on: it has no closed form"
        if decision is None
        else f"{decision.verdict}: {decision.reason}"
    )
    return f"{conjecture.phase}: {conjecture.formula} ({made}; {tested})\n  {verdict}\n"


def _require_closed_form(conjecture: Conjecture) -> None:
    if conjecture.value is None:
        remedy = "it is a polynomial of degree above two; only closed forms become claims"
        raise InvalidArgument("conjecture", conjecture.formula, remedy)


def _regime(conjecture: Conjecture) -> str | None:
    varied = (*conjecture.variables, *conjecture.irrelevant)
    parameters = dict(conjecture.fixed) | dict.fromkeys(varied, Fraction(1))
    name = name_of(conjecture.phase, parameters)
    return name if name is not None and regime_of(name, _fixed(conjecture)) else None


def _fixed(conjecture: Conjecture) -> dict[str, Fraction | str]:
    """Return the parameters that are numbers; delta = 1 where it is no parameter."""
    free = "delta" not in (*conjecture.variables, *conjecture.irrelevant)
    return ({"delta": Fraction(1)} if free else {}) | dict(conjecture.fixed)


def _checked(conjecture: Conjecture) -> list[Parameters]:
    # What contradicts a formula comes first; of what agrees, points from all over.
    failing = [point.parameters for point in conjecture.failing[:1]]
    step = max(1, len(conjecture.agreeing) // CHECKED_POINTS)
    return [*failing, *(point.parameters for point in conjecture.agreeing[::step][:CHECKED_POINTS])]


def _plain(point: Parameters) -> dict[str, str]:
    return {name: str(value) for name, value in point.items()}


def _symbol(name: str) -> str:
    return SPELLED[name][0] if name in NUMBERS else name
