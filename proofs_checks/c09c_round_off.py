"""C9c: round-off: the step that balances smoothing against the format of the function values."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks._c_formats import FORMATS, POINTS, Format
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_bound
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

MU, U, F, L, M = sp.symbols("mu u F L M", positive=True)
BEST = sp.Symbol("mu_best", positive=True)

claim = Claim(
    id="C9c",
    title="Round-off: optimal mu 2 sqrt(uF/L) forward, (3uF/M)^{1/3} central; floors 2 sqrt(uFL), (M/2)(3uF/M)^{2/3}",
    kind=Kind.UPPER_BOUND,
    plain="Let function values near the point be at most F and have relative error at most u, and let the second and "
    "third derivative of f along v be at most L and M. The forward slope is off by at most mu L/2 + 2 u F/mu, least at "
    "mu = 2 sqrt(u F/L) with 2 sqrt(u F L); the central one by at most mu^2 M/6 + u F/mu, least at mu = (3 u F/M)^{1/3} "
    "with (M/2)(3 u F/M)^{2/3}. One rounding has u = 2^-53, 2^-24, 2^-11, 2^-8 in float64, float32, float16, bfloat16.",
    latex=r"If function values are at most $F$ with relative error at most $u$, and the second and third derivative along "
    r"$v$ at most $L$ and $M$, the forward slope is off by at most $\frac{\mu L}2+\frac{2uF}\mu$, least at "
    r"$\mu=2\sqrt{uF/L}$ with $2\sqrt{uFL}$; the central one by at most $\frac{\mu^2M}6+\frac{uF}\mu$, least at "
    r"$\mu=(3uF/M)^{1/3}$ with $\frac M2(3uF/M)^{2/3}$; $u=2^{-53},2^{-24},2^{-11},2^{-8}$ in float64, float32, float16, "
    r"bfloat16.",
    source="derived here; the balance itself is classical",
    conditions=(
        "x and x +- mu v are exact, and so are the subtraction and the division by mu",
        "values neither overflow nor underflow",
    ),
    expected=Verdict.PROVED,
    formulas={
        "forward": MU * L / 2 + 2 * U * F / MU,
        "central": MU**2 * M / 6 + U * F / MU,
        "forward mu": 2 * sp.sqrt(U * F / L),
        "central mu": sp.cbrt(3 * U * F / M),
        "forward floor": 2 * sp.sqrt(U * F * L),
        "central floor": M / 2 * sp.cbrt(3 * U * F / M) ** 2,
        "digits": (53, 24, 11, 8),
    },
    parts=("forward", "central", "optimal mu", "formats"),
)

FALSIFIER = "a slope further off than the bound, or a step with a smaller bound"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    t, s = sp.symbols("t s", positive=True)
    # Taylor remainders of f(x + s v): integrals of the derivative's bound.
    second = sp.integrate(L * (MU - t), (t, 0, MU))
    third = sp.integrate(M * (MU - s) ** 2 / 2, (s, 0, MU))
    # Forward: remainder/mu, and two values each off by u F. Central: the even terms cancel in f(x + mu v) - f(x - mu v).
    yield check_identity(
        claim.formulas["forward"],
        second / MU + (U * F + U * F) / MU,
        detail="remainder of second order and two rounded values over mu",
        falsifier=FALSIFIER,
        parts=("forward",),
    )
    yield check_identity(
        claim.formulas["central"],
        (third + third) / (2 * MU) + (U * F + U * F) / (2 * MU),
        detail="two remainders of third order and two rounded values over 2 mu",
        falsifier=FALSIFIER,
        parts=("central",),
    )
    # With the optimal step as a symbol: 2 u F = (L/2) best^2, and u F = (M/3) best^3.
    cases = {
        "forward": (L * BEST**2 / (4 * U), L * BEST, Term(L / (2 * MU), MU - BEST)),
        "central": (
            M * BEST**3 / (3 * U),
            M * BEST**2 / 2,
            Term(M * (MU + 2 * BEST) / (6 * MU), MU - BEST),
        ),
    }
    for name, (level, floor, term) in cases.items():
        yield check_nonnegative(
            claim.formulas[name].subs(F, level) - floor,
            [term],
            detail=f"bound at mu minus bound at the optimal step: a square that vanishes only there, {name}",
            falsifier=FALSIFIER,
            parts=("optimal mu",),
        )
        best = claim.formulas[f"{name} mu"]
        yield check_identity(
            [F, claim.formulas[f"{name} floor"]],
            [
                sp.powdenest(level.subs(BEST, best), force=True),
                sp.powdenest(sp.expand_power_base(floor.subs(BEST, best), force=True), force=True),
            ],
            detail=f"the stated step is that one, and the stated floor the bound there, {name}",
            falsifier=FALSIFIER,
            parts=("optimal mu",),
        )


@claim.check("formats")
def formats(claim) -> Iterator[Evidence]:
    """Unit round-off of every format: 1 + 2u is the next number after 1, and 1 + u is rounded to 1 (ties to even)."""
    for fmt, digits in zip(FORMATS, claim.formulas["digits"], strict=True):
        unit = Fraction(1, 2**digits)
        next_up = Fraction(float(fmt.rounding(np.array([float(1 + 2 * unit)]))[0]))
        one = np.array([1.0])
        half = fmt.rounding(fmt.rounding(one) + fmt.rounding(np.array([float(unit)])))
        yield check_identity(
            [1 + 2 * unit, 1],
            [next_up, Fraction(float(half[0]))],
            detail=f"{fmt.name}: numbers next to 1, u = 2^-{digits}",
            falsifier=FALSIFIER,
            parts=("formats",),
            # The statement is about these four formats, and each is covered: numbers in [1, 2) are 2u apart, so
            # rounding to nearest is off by at most u there, and by at most u x in every other binade.
            scope=Scope.GENERAL,
        )


def stated(claim, name: str, numbers: dict) -> Fraction:
    """Return a formula at rational numbers."""
    return Fraction(str(claim.formulas[name].subs({k: sp.Rational(v) for k, v in numbers.items()})))


def miss(fmt: Format, x: Fraction, mu: Fraction, central: bool) -> Fraction:
    """Return how far the quotient computed in the format is from f'(x) = -1/x^2."""
    return abs(fmt.quotient(x, mu, central) + 1 / x**2)


@claim.check("arithmetic")
def arithmetic(claim) -> Iterator[Evidence]:
    """f(x) = 1/x at eight points in the formats' own arithmetic, every power of two as step, in fractions.

    F = 1/x, L = 2/x^3 forward; F = 1/(x - mu), M = 6/(x - mu)^4 central. Neighbouring values are within a
    factor of two, so that their difference is exact, and so is the division by a power of two.
    """
    for fmt, digits in zip(FORMATS, claim.formulas["digits"], strict=True):
        unit = Fraction(1, 2**digits)
        for name, central in (("forward", False), ("central", True)):
            excess, largest = Fraction(-1), {}
            for power in range(2, min(fmt.digits, 40)):
                mu = Fraction(1, 2**power)
                for x in POINTS:
                    low = x - mu if central else x
                    numbers = {MU: mu, U: unit, F: 1 / low, L: 2 / low**3, M: 6 / low**4}
                    error = miss(fmt, x, mu, central)
                    excess = max(excess, error - stated(claim, name, numbers))
                    largest[mu] = max(largest.get(mu, Fraction(0)), error)
            yield check_relation(
                excess,
                "<=",
                0,
                detail=f"largest error minus bound over {len(largest)} steps and {len(POINTS)} points, {fmt.name}, {name}",
                falsifier=FALSIFIER,
                parts=(name, "formats"),
            )
            # The floor is real: the measured best step lies within a factor 8 of the stated one at x = 1.
            best = min(largest, key=lambda mu, table=largest: table[mu])
            wanted = float(claim.formulas[f"{name} mu"].subs({U: sp.Rational(unit), F: 1, L: 2, M: 6}))
            yield check_relation(
                int(1 / 8 <= float(best) / wanted <= 8),
                "==",
                1,
                detail=f"best measured step {float(best):.3g}, stated {wanted:.3g} at x = 1, {fmt.name}, {name}",
                falsifier=FALSIFIER,
                parts=("optimal mu",),
            )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """Mean error of float32 forward slopes of 1/x at random points of [1, 2), at the step optimal for x = 1."""
    mu = np.float32(2.0**-11)
    floor = float(claim.formulas["forward floor"].subs({U: sp.Rational(1, 2**24), F: 1, L: 2}))

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        x = (1 + rng.integers(0, 2**12, size=n) / 2**12).astype(np.float32)
        one = np.float32(1)
        slopes = (one / (x + mu) - one / x) / mu
        return np.abs(slopes.astype(float) + 1.0 / x.astype(float) ** 2)

    return check_bound(
        sample,
        floor,
        resolvable=0.1 * floor,
        rng=stream(2024, claim.id),
        detail="mean error of float32 forward slopes at mu = 2^-11 against the floor for x = 1",
        parts=("forward",),
    )
