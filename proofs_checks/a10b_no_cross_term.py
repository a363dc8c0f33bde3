"""A10b: the tempting bound without a term linear in mu is false for every constant."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._smooth import MU, A, L, mean_square, odd_kink
from zotheory.checks.algebra import sign_known, substitute
from zotheory.checks.evidence import Evidence, Scope, Witness
from zotheory.checks.exact import check_relation
from zotheory.checks.finding import Finding
from zotheory.ledger.claim import Claim, Kind, Verdict

C = sp.Symbol("C", nonnegative=True)
V, M6 = sp.symbols("V m6", positive=True)  # E[s n] and E[n^3]

claim = Claim(
    id="A10b",
    title="Tempting variant: coefficient 1 on V with only a mu^2 term",
    kind=Kind.UPPER_BOUND,
    plain="There is a constant C such that for all L-smooth f, all mu and all delta-unbiased laws "
    "E|g|^2 <= V |a|^2 + C mu^2 L^2 E[n^3].",
    latex=r"There is a constant $C$ such that for all $L$-smooth $f$, all $\mu$ and all "
    r"$\delta$-unbiased laws "
    r"$E\|\hat g\|^2\le V\|a\|^2+C\mu^2L^2E[n^3]$.",
    source="a variant that suggests itself, refuted here; it is not taken from any paper",
    conditions=("forward or central differences",),
    expected=Verdict.REFUTED,
    formulas={"bound": V * A**2 + C * MU**2 * L**2 * M6},
)

FALSIFIER = "for every C an L-smooth f, a law and a step mu at which the second moment is larger"


def f(x: sp.Expr) -> sp.Expr:
    """Return A x + L x|x|/2; its derivative A + L|x| is L-Lipschitz."""
    return A * x + L / 2 * x * sp.Abs(x)


# d = 1, x = 0, v = +-1, so V = 1 and E[n^3] = 1.
SIGNS = (sp.Integer(1), sp.Integer(-1))
SCHEMES = {
    "forward": sp.Add(*((f(MU * v) / MU * v) ** 2 for v in SIGNS)) / 2,
    "central": sp.Add(*(((f(MU * v) - f(-MU * v)) / (2 * MU) * v) ** 2 for v in SIGNS)) / 2,
}
WITNESS = {"f": "A x + L x|x|/2 at 0", "v": "+-1 with probability 1/2"}


@claim.check("explicit step")
def explicit_step(claim) -> Iterator[Evidence]:
    """At mu = A/(L (C + 1)) the excess over the bound is positive whatever C is."""
    step = A / (L * (C + 1))
    for name, value in SCHEMES.items():
        excess = sp.factor(substitute(value - claim.formulas["bound"], {V: 1, M6: 1, MU: step}))
        finding = Finding(f"the bound for every C, {name} differences", FALSIFIER, (), Scope.GENERAL)
        if sign_known(excess, "positive"):
            data = WITNESS | {"mu": str(step), "excess": str(excess)}
            text = f"for every C >= 0, at mu = {step} E|g|^2 exceeds the bound by {excess} > 0 (d = 1)"
            yield finding.fails(Witness(text, data))
        else:
            yield finding.inconclusive(f"the excess {excess} is not provably positive")


@claim.check("small steps")
def small_steps(claim) -> Iterator[Evidence]:
    """As mu -> 0 the excess vanishes, and its derivative there is positive whatever C is."""
    for name, value in SCHEMES.items():
        excess = sp.expand(substitute(value - claim.formulas["bound"], {V: 1, M6: 1}))
        finding = Finding(
            f"the bound for every C as mu -> 0, {name} differences", FALSIFIER, (), Scope.GENERAL
        )
        derivative = excess.coeff(MU, 1)
        if excess.coeff(MU, 0) == 0 and sign_known(derivative, "positive"):
            text = (
                f"for every C the excess of E|g|^2 over the bound is ({derivative}) mu + O(mu^2), mu -> 0"
            )
            yield finding.fails(Witness(text, WITNESS | {"derivative": str(derivative)}))
        else:
            yield finding.inconclusive(f"the excess {excess} does not start with a positive term in mu")


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """The witness in fractions with A = 3, L = 2: no C up to ten thousand works.

    The bound grows with C, so failing at the largest C is failing at all smaller ones.
    """
    kink, atoms, largest = odd_kink([2], [3], 3), designs.sign_vectors(1), Fraction(10_000)
    mu = kink.length / (kink.smoothness * (largest + 1))
    numbers = {V: 1, M6: 1, A: kink.length, L: kink.smoothness, MU: mu, C: largest}
    bound = claim.formulas["bound"].subs({k: sp.Rational(x) for k, x in numbers.items()})
    for central in (False, True):
        yield check_relation(
            mean_square(kink, atoms, mu, central),
            "<=",
            bound,
            detail=f"E|g|^2 against the bound at C = {largest}, {'central' if central else 'forward'}",
            falsifier=FALSIFIER,
        )
