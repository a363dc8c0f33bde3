"""C9b: finite mu on L-smooth functions: the bias of both stages is at most mu L/2 E n^{3/2}."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA, D
from proofs_checks._smooth import FUNCTIONS, MU, L, odd_kink, slope
from zotheory.checks.evidence import Evidence, Scope, Witness
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

LENGTH = sp.Symbol("r", nonnegative=True)  # |v|

claim = Claim(
    id="C9b",
    title="L-smooth functions: bias at most (mu L/2) E n^{3/2}, for each stage (mu L/2)(delta d)^{3/2}",
    kind=Kind.UPPER_BOUND,
    plain="For f with an L-Lipschitz gradient, forward or central differences and any delta-unbiased law, "
    "|E g - delta a| <= (mu L/2) E|v|^3; for laws of fixed length, and so for both stages of a two-stage estimate with "
    "spherical complement (stage 2 given stage 1), it is (mu L/2)(delta d)^{3/2}, whatever the alignment. In dimension one it is attained.",
    latex=r"For $f$ with an $L$-Lipschitz gradient, forward or central differences and any $\delta$-unbiased law, "
    r"$\|Eg-\delta a\|\le\frac{\mu L}2E\|v\|^3$; for fixed length, and so for both stages of a two-stage estimate with "
    r"spherical complement (stage 2 given stage 1), this is $\frac{\mu L}2(\delta d)^{3/2}$ for every alignment; attained for $d=1$.",
    source="derived here",
    conditions=("the gradient of f is L-Lipschitz", "E|v|^3 is finite", "exact arithmetic"),
    expected=Verdict.PROVED,
    formulas={
        "bound": MU * L / 2 * LENGTH**3,
        "fixed length": MU * L / 2 * (DELTA * D) ** sp.Rational(3, 2),
    },
    parts=("bound", "fixed length", "sharp"),
)

FALSIFIER = "a smooth function and a law with a larger bias"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # f(x + s v) - f(x) - s a.v = int_0^s (grad f(x + t v) - a).v dt, at most L |v|^2 s^2/2 in size.
    t = sp.Symbol("t", positive=True)
    remainder = sp.integrate(L * t * LENGTH**2, (t, 0, MU))
    # Forward: slope - a.v = remainder/mu. Central: half of two remainders over mu. g - (a.v) v = (...) v.
    for name, error in (("forward", remainder / MU), ("central", (remainder + remainder) / (2 * MU))):
        yield check_identity(
            claim.formulas["bound"],
            error * LENGTH,
            detail=f"|slope - a.v| |v| at most, {name}; |E g - delta a| is at most its mean because E[(a.v) v] = delta a",
            falsifier=FALSIFIER,
            parts=("bound",),
        )
    yield check_identity(
        claim.formulas["fixed length"],
        claim.formulas["bound"].subs(LENGTH, sp.sqrt(DELTA * D)),
        detail="|v|^2 = delta d on the sphere, and delta + delta (d-1) for an aligned draw of any direction",
        falsifier=FALSIFIER,
        parts=("fixed length",),
    )
    # d = 1, f(x) = a x + L x |x|/2 at 0: f(mu v)/mu = a v + mu L v |v|/2, and times v the excess is mu L |v|^3/2.
    v = sp.Symbol("v", real=True, nonzero=True)
    a = sp.Symbol("a", real=True)
    value = a * (MU * v) + L * (MU * v) * sp.Abs(MU * v) / 2
    yield check_identity(
        claim.formulas["bound"].subs(LENGTH, sp.Abs(v)),
        sp.simplify(value / MU * v - a * v * v).subs(v**2, sp.Abs(v) ** 2),
        detail="excess of g over (a.v) v for f(x) = a x + L x|x|/2, d = 1: the bound itself, for either sign of v",
        falsifier=FALSIFIER,
        parts=("sharp",),
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Exact biases of smooth functions, squared against the squared bound (|v| rational or bounded by it)."""
    for f in FUNCTIONS:
        size = len(f.a)
        atoms = designs.sign_vectors(size) if size == 1 else designs.aligned(designs.sign_vectors(1))
        for central in (False, True):
            mu = Fraction(1, 4)
            bias = [
                designs.expectation(
                    atoms, lambda v, j=j, f=f, c=central: slope(f, v, Fraction(1, 4), c) * v[j]
                )
                - f.a[j]
                for j in range(size)
            ]
            # |v|^2 = d: the squared bound is (mu L/2)^2 d^3.
            stated = claim.formulas["fixed length"].subs(
                {D: size, DELTA: 1, MU: sp.Rational(mu), L: sp.Rational(f.smoothness)}
            )
            yield check_relation(
                designs.dot(bias, bias),
                "<=",
                stated**2,
                detail=f"squared bias of {f.name}, d = {size}, {'central' if central else 'forward'}, mu = {mu}",
                falsifier=FALSIFIER,
                parts=("bound", "fixed length"),
            )
    f = odd_kink([2], [3], 3)
    mean = designs.expectation(designs.sign_vectors(1), lambda v: slope(f, v, Fraction(1, 4), True) * v[0])
    yield check_identity(
        claim.formulas["fixed length"].subs({D: 1, DELTA: 1, MU: sp.Rational(1, 4), L: 2}),
        mean - 3,
        detail="bias of f(x) = 3x + x|x| with signs, mu = 1/4: the bound",
        falsifier=FALSIFIER,
        parts=("sharp",),
        scope=Scope.INSTANCE,
        witness=Witness("f(x) = 3x + x|x|, v = +-1, mu = 1/4", {"L": "2", "bias": str(mean - 3)}),
    )


@claim.check("slack")
def slack(claim) -> Evidence:
    """(mu L/2) r^3 minus the remainder's share, for every remainder |rest| <= L mu^2 r^2/2."""
    rest = sp.Symbol("R", real=True)
    return check_nonnegative(
        (claim.formulas["bound"] * MU) - rest * LENGTH,
        [Term(LENGTH, 1, (L * MU**2 * LENGTH**2 / 2 - rest,))],
        [L * MU**2 * LENGTH**2 / 2 - rest],
        detail="the bound times mu minus |v| times any admissible remainder",
        falsifier=FALSIFIER,
        parts=("bound",),
    )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """The kink along one axis with sphere draws: its bias is known, and below the bound (d = 2)."""
    mu = 0.5
    # f(x) = x_1 + x_1|x_1|: slope = v_1 + mu v_1|v_1|, bias along e_1 = mu E|v_1|^3 = mu 2^{3/2} 4/(3 pi).
    exact = mu * 2**1.5 * 4 / (3 * np.pi)
    bound = float(claim.formulas["fixed length"].subs({D: 2, DELTA: 1, MU: sp.Rational(1, 2), L: 2}))
    assert exact <= bound

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        angle = rng.random(n) * 2 * np.pi
        v = np.sqrt(2) * np.cos(angle)
        return (v + mu * v * np.abs(v)) * v - 1

    return check_mean(
        sample,
        exact,
        resolvable=0.03,
        rng=stream(2024, claim.id),
        detail=f"bias along e_1 of f(x) = x_1 + x_1|x_1| on the circle, mu = 1/2, bound {bound:.3g}",
        parts=("fixed length",),
    )
