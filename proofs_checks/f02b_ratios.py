"""F2b: the refined denominators keep the ratio of two coordinates better, where there is signal."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import sympy as sp

from proofs_checks._momentum import BETA1, NOISE, NOW, OPEN, kept_share, stationary_moments
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.derive.constructions import aligned_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.functionals import coordinate_mse
from zotheory.laws import DAP, Coordinate, Gaussian, Rademacher, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict

X, C = sp.symbols("x c", nonnegative=True)  # squared mean and variance of the estimate of coordinate i
Y, E = sp.symbols("y e", positive=True)  # the same of coordinate j
Q = (1 - BETA1) / (1 + BETA1)
LENGTH = sp.Symbol("A", positive=True)  # |a|^2

claim = Claim(
    id="F2b",
    title="Refined denominators keep the ratio of coordinates better iff the noise has another ratio",
    kind=Kind.IFF,
    plain="Let x, y be the squared means of the estimates of coordinates i, j and c, e > 0 their variances. The ratio "
    "of the stationary E[m^2] lies strictly between that of E[g^2] and x/y, for every beta1 in (0, 1), iff c/e is "
    "not x/y; otherwise all three agree. What is left of the deviation is the fraction q (1 + r)/(q + r), q = "
    "(1-beta1)/(1+beta1), r = y/e: it falls to q where signal dominates and rises to 1, no gain, as r -> 0. Among "
    "single draws the ratio is already exact for coordinate draws, and with x, y not equal the refined one is "
    "strictly better for Gaussian, sphere, Rademacher and aligned draws.",
    latex=r"With squared means $x,y$ and variances $c,e$ of the estimates of two coordinates, $E[m_i^2]/E[m_j^2]$ lies strictly "
    r"between $E[g_i^2]/E[g_j^2]$ and $x/y$ iff $c/e\ne x/y$; the fraction $q\frac{1+r}{q+r}$ of the deviation is left, "
    r"$q=\frac{1-\beta_1}{1+\beta_1}$, $r=y/e$, which tends to $1$ as $r\to0$. Coordinate draws have $c/e=x/y$.",
    source="derived here; a better scaling by the refined moment is a claim of arXiv 2502.01014, as summarised",
    conditions=(
        "0 < beta1 < 1",
        "y > 0, e > 0",
        "constant gradient, stationary state, expected denominators, zeta = 0",
    ),
    expected=Verdict.PROVED,
    formulas={
        "left": Q * (1 + Y / E) / (Q + Y / E),
        "signal": Q,
        "noise": sp.Integer(1),
        "cross": C * Y - E * X,
    },
    parts=("between", "fraction", "catalogue"),
    depends=("F2",),
)

FALSIFIER = "two coordinates whose refined ratio is not nearer, or nearer by another fraction"


def ratio(refined: bool) -> sp.Expr:
    """Return the ratio of denominators from the stationary moment equations."""
    denominator: Any = stationary_moments(refined, weight=2)[0, 1]
    up, down = ({NOW: sp.sqrt(mean), NOISE: noise} for mean, noise in ((X, C), (Y, E)))
    return sp.factor(denominator.subs(up) / denominator.subs(down))


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    cross, share = claim.formulas["cross"], kept_share()
    refined, plain = ratio(True), ratio(False)
    yield check_identity(
        [refined - X / Y, plain - refined],
        [share * cross / (Y * (Y + share * E)), (1 - share) * cross / ((Y + E) * (Y + share * E))],
        detail="both gaps are multiples of c y - e x",
        falsifier=FALSIFIER,
        parts=("between",),
    )
    for name, factor in (
        ("x/y to refined", share / (Y * (Y + share * E))),
        ("refined to plain", (1 - share) / ((Y + E) * (Y + share * E))),
    ):
        yield check_relation(
            sp.factor(factor.subs(OPEN)),
            ">",
            0,
            detail=f"the multiple is positive, {name}",
            falsifier=FALSIFIER,
            parts=("between",),
            scope=Scope.GENERAL,
        )
    yield check_identity(
        claim.formulas["left"] * (plain - X / Y),
        refined - X / Y,
        detail="refined deviation as a fraction of the plain one",
        falsifier=FALSIFIER,
        parts=("fraction",),
    )
    r = sp.Symbol("r", positive=True)
    left = claim.formulas["left"].subs(Y, r * E)
    grown = sp.cancel(left.subs(r, 1 / r)).subs(r, 0)
    yield check_identity(
        [claim.formulas["noise"], claim.formulas["signal"], share],
        [sp.cancel(left).subs(r, 0), grown, grown],
        detail="the fraction as r -> 0 and as r grows",
        falsifier=FALSIFIER,
        parts=("fraction",),
    )
    yield check_relation(
        sp.factor(sp.diff(left, r).subs(OPEN)),
        "<",
        0,
        detail="the fraction falls with r",
        falsifier=FALSIFIER,
        parts=("fraction",),
        scope=Scope.GENERAL,
    )


def sum_of_squared_weights(beta: Fraction) -> Fraction:
    """Return the sum over k of ((1-beta) beta^k)^2, a geometric series."""
    first, factor = (1 - beta) ** 2, beta**2
    return first / (1 - factor)


@claim.check("tensor")
def tensor(claim) -> Iterator[Evidence]:
    """c y - e x = (coefficient of |a|^2 I) |a|^2 (y - x), from the derived covariances."""
    m = sp.Symbol("m", integer=True, positive=True)
    for name in ("gaussian", "sphere", "rademacher", "coordinate", "aligned"):
        moment = aligned_tensor(m + 1).aligned() if name == "aligned" else classical_tensor(name, m + 1)
        error = moment.error_covariance(1)
        noise = {
            C: error.identity * LENGTH + (error.outer + error.diagonal) * X,
            E: error.identity * LENGTH + (error.outer + error.diagonal) * Y,
        }
        per_gap = sp.cancel(claim.formulas["cross"].subs(noise, simultaneous=True) / (LENGTH * (Y - X)))
        yield check_relation(
            per_gap,
            "==" if name == "coordinate" else ">",
            0,
            detail=f"c y - e x in units of |a|^2 (y - x), d = m + 1, {name}",
            falsifier=FALSIFIER,
            parts=("catalogue",),
            scope=Scope.GENERAL,
        )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    """The laws' own errors on single coordinates, gradient (1, 2, 3), beta1 = 9/10."""
    a = (1, 2, 3)
    share = sum_of_squared_weights(Fraction(9, 10))
    for one in (Gaussian(3), Sphere(3), Rademacher(3), Coordinate(3), DAP(a)):
        c, e = (Fraction(str(coordinate_mse(one, a, [i]))) for i in (0, 1))
        true, plain = Fraction(1, 4), (1 + c) / (4 + e)
        refined = (1 + share * c) / (4 + share * e)
        name = type(one).__name__
        left = claim.formulas["left"].subs({BETA1: sp.Rational(9, 10), Y: 4, E: sp.Rational(str(e))})
        yield check_identity(
            sp.Rational(str(plain - true)) * left,
            refined - true,
            detail=f"deviation of the refined ratio, {name}",
            falsifier=FALSIFIER,
            parts=("fraction",),
            scope=Scope.INSTANCE,
        )
        inside = (plain > refined > true) or (plain < refined < true)
        yield check_identity(
            int(type(one) is not Coordinate),
            int(inside),
            detail=f"the refined ratio is strictly inside, {name}",
            falsifier=FALSIFIER,
            parts=("catalogue", "between"),
            scope=Scope.INSTANCE,
        )


@claim.check("exhaustion")
def exhaustion(claim) -> Iterator[Evidence]:
    """All squares and variances from 1 to 4, four averaging constants."""
    wrong = found = 0
    for x, y, c, e in product(range(1, 5), repeat=4):
        different = bool(claim.formulas["cross"].subs({X: x, Y: y, C: c, E: e}) != 0)
        for beta in (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10), Fraction(99, 100)):
            share = sum_of_squared_weights(beta)
            true, plain, refined = Fraction(x, y), Fraction(x + c, y + e), (x + share * c) / (y + share * e)
            inside = min(true, plain) < refined < max(true, plain)
            wrong += inside is not different
            found += inside
    yield check_identity(
        0,
        wrong,
        detail="cases among 1024 in which the refined ratio is inside exactly when it should not be",
        falsifier=FALSIFIER,
        parts=("between",),
        scope=Scope.INSTANCE,
    )
    yield check_relation(
        found, ">", 0, detail="cases with the refined ratio strictly inside", parts=("between",)
    )
