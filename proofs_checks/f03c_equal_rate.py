"""F3c: equal learning rates do not give equal step lengths."""

from fractions import Fraction
from typing import Any

import sympy as sp

from proofs_checks._momentum import after, mean_of, sign_states
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.ledger.claim import Claim, Kind, Verdict

# Averaging constants of the instances.
BETA1, BETA2 = Fraction(9, 10), Fraction(999, 1000)

claim = Claim(
    id="F3c",
    title="A reading under which a comparison at equal rates measures direction: equal rates give equal step lengths",
    kind=Kind.EQUALITY,
    plain="With the same averaging constants, learning rate and estimates, the refined method (squares of m) and the "
    "plain one (squares of g) take steps of the same mean squared length, and decrease a function of one variable, "
    "where both have one direction, equally.",
    latex=r"With the same $\beta_1,\beta_2,\eta$ and estimates, $E[m^2/v]$ is the same for $v$ averaging $m^2$ and for "
    r"$v$ averaging $g^2$, and so is the decrease of a function of one variable.",
    source="a premise of comparing methods at one learning rate; not a sentence of any paper. F3 and F3b are the "
    "statements that hold",
    conditions=("zeta = 0, no bias correction, from m = v = 0", "beta1, beta2 in (0, 1)"),
    expected=Verdict.REFUTED,
    formulas={"ratio": sp.Integer(1)},
)

FALSIFIER = "equal lengths in these instances"


def squared_lengths(state: Any) -> tuple[Any, Any]:
    """Return the squared steps of the refined and of the plain method, in learning rates."""
    return state.m**2 / state.refined, state.m**2 / state.plain


@claim.check("first step")
def first(claim) -> Evidence:
    """Any first estimate g: both move along g, by different lengths."""
    g = sp.Symbol("g", positive=True)
    refined, plain = squared_lengths(after([g], sp.Rational(BETA1), sp.Rational(BETA2)))
    return check_identity(
        claim.formulas["ratio"],
        sp.cancel(refined / plain),
        detail="squared ratio of the first steps, the same for every estimate",
        falsifier=FALSIFIER,
    )


@claim.check("enumeration")
def enumeration(claim) -> Evidence:
    """Errors +-1 without signal: mean squared second steps over all pairs of signs."""
    states = sign_states(BETA1, BETA2, [Fraction(0)] * 2, Fraction(1))
    refined, plain = (mean_of(values) for values in zip(*map(squared_lengths, states), strict=True))
    return check_identity(
        claim.formulas["ratio"],
        refined / plain,
        detail="ratio of mean squared second steps in noise alone, all pairs of errors +-1",
        falsifier=FALSIFIER,
        scope=Scope.INSTANCE,
    )


@claim.check("one dimension")
def descent(claim) -> Evidence:
    """f(x) = x^2/2 at x = 1 without noise: one direction only, and yet two different decreases."""
    rate = sp.Rational(1, 1000)
    refined, plain = (
        sp.sqrt(x) for x in squared_lengths(after([sp.Integer(1)], sp.Rational(BETA1), sp.Rational(BETA2)))
    )
    decreases = [(1 - (1 - rate * length) ** 2) / 2 for length in (refined, plain)]
    return check_identity(
        claim.formulas["ratio"] * decreases[1],
        decreases[0],
        detail="decrease of x^2/2 by the first step from x = 1 at learning rate 1/1000, refined against plain",
        falsifier=FALSIFIER,
        scope=Scope.INSTANCE,
    )
