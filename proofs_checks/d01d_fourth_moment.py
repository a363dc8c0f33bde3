"""D1d: with mu > 0 a finite fourth moment of the perturbation is not enough."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._descent import ETA, MU, L
from zotheory.checks.algebra import sign_known
from zotheory.checks.evidence import Evidence, Scope, Witness
from zotheory.checks.exact import check_relation
from zotheory.checks.finding import Finding
from zotheory.ledger.claim import Claim, Kind, Verdict

CEILING = sp.Symbol("B", positive=True)
X = sp.Symbol("x", real=True)
K = sp.Symbol("K", integer=True, positive=True)
DYADIC = sp.Symbol("k", integer=True, positive=True)

claim = Claim(
    id="D1d",
    title="Published condition, mu > 0: a finite fourth moment of v bounds E|grad f(x_1)|^2",
    kind=Kind.PUBLISHED,
    plain="For every delta-unbiased law with E|v|^4 < infinity, every L-smooth f bounded below and some eta > 0, "
    "mu > 0, a step of SGD with forward (or central) differences has E|grad f(x_1)|^2 < infinity.",
    latex=r"For every $\delta$-unbiased law with $E\|v\|^4<\infty$, every $L$-smooth $f$ bounded below and some "
    r"$\eta>0$, $\mu>0$, a step of SGD with forward (or central) differences has $E\|\nabla f(x_1)\|^2<\infty$.",
    source="arXiv 2510.19975, Theorem 3.1 and Corollary 3.2 as summarised, which ask for a finite fourth moment; this "
    "reading keeps mu > 0. D1 holds with a finite sixth moment",
    conditions=("mu > 0", "no noise", "x_0 any point (forward), x_0 = 0 (central)"),
    expected=Verdict.REFUTED,
    formulas={
        # P(v = +-2^k) = 31/2 32^-k, k = 1, 2, ...: E v^2 = 31/7 and E v^4 = 31.
        "weight": sp.Rational(31, 2) * sp.Rational(1, 32) ** DYADIC,
        "delta": sp.Rational(31, 7),
        "fourth": sp.Integer(31),
        "bound": CEILING,
    },
    parts=("forward", "central"),
    depends=("D1",),
)

FALSIFIER = (
    "a law with a finite fourth moment and an L-smooth f, bounded below, with E|grad f(x_1)|^2 infinite"
)


def shell(claim: Claim, central: bool) -> sp.Expr:
    """Return what v = +-2^k together add to E|grad f(x_1)|^2.

    Forward: f = L x^2/2 at x, where g = (L x + L mu v/2) v^2. Central: f = L x^2/2 for x >= 0 and L x^2/4 for
    x <= 0, at 0, where g = L mu |v|^3/8 > 0 and grad f(x_1) = -L eta g/2.
    """
    v = 2**DYADIC
    if central:
        rise = (L * (MU * v) ** 2 / 2 - L * (MU * v) ** 2 / 4) / (2 * MU)
        return claim.formulas["weight"] * 2 * (L / 2 * ETA * rise * v) ** 2
    total = sp.Integer(0)
    for sign in (1, -1):
        slope = (L * (X + sign * MU * v) ** 2 / 2 - L * X**2 / 2) / MU
        total += claim.formulas["weight"] * (L * (X - ETA * slope * sign * v)) ** 2
    return total


@claim.check("series")
def series(claim) -> Iterator[Evidence]:
    """The sum over |v| <= 2^K exceeds every B, for all x, L, mu and eta."""
    weight = claim.formulas["weight"]
    law = [sp.summation(2 * weight * 2 ** (p * DYADIC), (DYADIC, 1, sp.oo)) for p in (0, 2, 4)]
    # Without the premise there is no counterexample.
    premise = law == [1, claim.formulas["delta"], claim.formulas["fourth"]]
    for name, central in (("forward", False), ("central", True)):
        finding = Finding(f"every bound B, {name} differences", FALSIFIER, (name,), Scope.GENERAL)
        if not premise:
            yield finding.inconclusive(f"the law's mass, E v^2 and E v^4 are {law}, not the stated ones")
            continue
        term = sp.expand(sp.powsimp(sp.expand(shell(claim, central))))
        # The pair adds at least multiple * 2^k: the rest is a square times the weight (31 32^-k L^2).
        multiple = 31 * L**4 * ETA**2 * MU**2 / (256 if central else 4)
        square = 0 if central else (X - ETA * L * X * 4**DYADIC) ** 2 * L**2 * 2 * weight
        rest = sp.simplify(sp.expand(term - multiple * 2**DYADIC - square))
        excess = multiple * (2 ** (K + 1) - 2) - multiple * sp.summation(2**DYADIC, (DYADIC, 1, K))
        if rest == 0 and sp.simplify(excess) == 0 and sign_known(multiple, "positive"):
            data = {"law": "P(v = +-2^k) = 31/2 32^-k, k >= 1", "partial sum": f"{multiple} (2^(K+1) - 2)"}
            text = (
                f"for every B, the draws |v| <= 2^K contribute at least {multiple} (2^(K+1) - 2) to E|grad f(x_1)|^2, "
                f"more than B = {claim.formulas['bound']} once K >= log2(1 + B/({multiple})); E v^4 = 31"
            )
            yield finding.fails(Witness(text, data))
        else:
            yield finding.inconclusive(f"the terms are not shown to be at least a multiple of 2^k: {rest}")


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Truncated laws, |v| <= 2^K, in fractions: the fourth moment stays below 31, and a bound of 10^6 fails."""
    ceiling, size, mu, eta, x = (
        Fraction(10**6),
        Fraction(1),
        Fraction(1, 100),
        Fraction(1, 1000),
        Fraction(1),
    )
    weights = {k: Fraction(str(claim.formulas["weight"].subs(DYADIC, k))) for k in range(1, 61)}
    # What is cut off goes to v = 0, so that the law stays a law. Its moments are within 2^-50 of the stated ones.
    cut = {p: sum((2 * w * 2 ** (p * k) for k, w in weights.items()), start=Fraction(0)) for p in (0, 2, 4)}
    stated = {0: 1, 2: claim.formulas["delta"], 4: claim.formulas["fourth"]}
    premise = all(0 <= sp.Rational(stated[p]) - sp.Rational(cut[p]) < sp.Rational(1, 2**50) for p in cut)

    def value(y: Fraction, central: bool) -> Fraction:
        return size * y * y / (4 if central and y < 0 else 2)

    def slope(y: Fraction, central: bool) -> Fraction:
        return size * y / (2 if central and y < 0 else 1)

    for name, central in (("forward", False), ("central", True)):
        if not premise:
            finding = Finding(
                f"the law cut at K = 60, {name} differences", FALSIFIER, (name,), Scope.INSTANCE
            )
            yield finding.inconclusive("its moments are not the stated ones")
            continue
        total = Fraction(0)
        start = Fraction(0) if central else x
        for k, w in weights.items():
            for v in (Fraction(2) ** k, -(Fraction(2) ** k)):
                behind = value(start - mu * v, central) if central else value(start, central)
                g = (value(start + mu * v, central) - behind) / (2 * mu if central else mu) * v
                total += w * slope(start - eta * g, central) ** 2
        yield check_relation(
            total,
            "<=",
            claim.formulas["bound"].subs(CEILING, sp.Rational(ceiling)),
            detail=f"E|grad f(x_1)|^2 of the law cut at K = 60 against B = 10^6, L = 1, {name} differences",
            falsifier=FALSIFIER,
            parts=(name,),
        )
