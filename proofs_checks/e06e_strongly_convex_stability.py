"""E6e: on strongly convex losses the distance of coupled runs stays bounded, however many steps."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA
from proofs_checks._stability import (
    ETA,
    M6,
    MU,
    SAMPLES,
    G,
    L,
    Run,
    Sample,
    V,
    huber,
    huber_slope,
    largest_energy,
    logistic,
    margin_runs,
    mean_distance,
    rational,
    root_between,
    sixth_moment,
)
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_bound
from zotheory.laws import Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

# Here c > 0; q is the factor of the root mean square distance, B and F as in E6d.
CURVATURE = sp.Symbol("c", positive=True)
Q = sp.Symbol("q", positive=True)
NOISE, FINITE = sp.symbols("B F", positive=True)
STEPS = sp.Symbol("T", integer=True, nonnegative=True)

claim = Claim(
    id="E6e",
    title="Strongly convex losses: E|x_T - x'_T| <= (B/N + F)/(1 - q), for every T",
    kind=Kind.UPPER_BOUND,
    plain="In the setting of E6d let the losses have curvature in [c, L], c > 0, and eta <= 2 delta/(V (L + c)). With "
    "q^2 = 1 - 2 eta delta c + eta^2 V c^2 < 1, B = 2 eta G sqrt(V) and F = eta mu (L - c) sqrt(m)/2, E|x_T - x'_T| is "
    "at most (B/N + F) (1 - q^T)/(1 - q) for every T. For mu -> 0 that is at most 2 G sqrt(nu)/(N c (1 - eta c V/(2 delta))).",
    latex=r"In the setting of E6d let the losses have curvature in $[c,L]$, $c>0$, and $\eta\le\frac{2\delta}{V(L+c)}$. With "
    r"$q^2=1-2\eta\delta c+\eta^2Vc^2<1$, $B=2\eta G\sqrt V$, $F=\frac{\eta\mu(L-c)}2\sqrt{E\|v\|^6}$, "
    r"$E\|x_T-x_T'\|\le(\frac BN+F)\frac{1-q^T}{1-q}$; for $\mu\to0$ at most "
    r"$\frac{2G\sqrt\nu}{Nc(1-\eta cV/(2\delta))}$.",
    source="derived here, after the first-order argument of Hardt, Recht and Singer, as summarised",
    conditions=(
        "as in E6d; |grad l(x; z)| <= G where the runs go, which a projection on a bounded convex set ensures",
        "c |h|^2/2 <= l(x + h) - l(x) - h.grad l(x) <= L |h|^2/2",
        "each index has probability 1/N: with replacement, or in a new random order in every pass",
    ),
    expected=Verdict.PROVED,
    formulas={
        "square of q": 1 - 2 * ETA * DELTA * CURVATURE + ETA**2 * V * CURVATURE**2,
        "largest step": 2 * DELTA / (V * (L + CURVATURE)),
        "noise": 2 * ETA * G * sp.sqrt(V),
        "finite": ETA * MU * (L - CURVATURE) / 2 * sp.sqrt(M6),
        "distance": (NOISE / SAMPLES + FINITE) * (1 - Q**STEPS) / (1 - Q),
        "limit": 2 * G * sp.sqrt(V) / (SAMPLES * CURVATURE * (DELTA - ETA * CURVATURE * V / 2)),
    },
    parts=("factor", "recursion", "finite step", "limit"),
    depends=("E6", "E6d"),
)

FALSIFIER = "strongly convex losses whose runs are further apart, or a step of the proof that fails"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    width = sp.Symbol("w", nonnegative=True)  # L - c
    square, step = claim.formulas["square of q"], claim.formulas["largest step"]
    at_top = square.subs(CURVATURE, L)  # E6: the factor is the larger of the values at c and at L
    margin = (step - ETA).subs(L, CURVATURE + width)
    yield check_nonnegative(
        (square - at_top).subs(L, CURVATURE + width),
        [Term(width * ETA * V * (2 * CURVATURE + width), 1, (margin,))],
        (margin,),
        detail="up to the largest step the factor at c is the larger one",
        falsifier=FALSIFIER,
        parts=("factor",),
    )
    inside = DELTA - ETA * V * CURVATURE / 2
    yield check_nonnegative(
        inside.subs(L, CURVATURE + width),
        [Term(V * (2 * CURVATURE + width) / 2, 1, (margin,)), Term(ETA * V / 2, 1, (width + CURVATURE,))],
        (margin,),
        detail="and 1 - q^2 = 2 eta c (delta - eta V c/2) is positive: delta - eta V c/2 >= eta V L/2",
        falsifier=FALSIFIER,
        parts=("factor",),
    )
    yield check_identity(
        1 - square,
        2 * ETA * CURVATURE * inside,
        detail="1 - q^2",
        falsifier=FALSIFIER,
        parts=("factor", "limit"),
    )
    # At the differing sample w = D + w' with D the difference at one sample and |w'| <= 2G: by Minkowski the root mean
    # square is at most q |d| + eta sqrt(V) 2G = q |d| + B; at another q |d|. So E|d+| <= q E|d| + B/N + F.
    far, energy = sp.symbols("ww wMw", nonnegative=True)
    slacks = (4 * G**2 - far, V * far - energy)
    yield check_nonnegative(
        claim.formulas["noise"] ** 2 - ETA**2 * energy,
        [Term(ETA**2 * V, 1, (slacks[0],)), Term(ETA**2, 1, (slacks[1],))],
        slacks,
        detail="E|eta v v^T w'|^2 <= B^2",
        falsifier=FALSIFIER,
        parts=("recursion",),
    )
    bound = claim.formulas["distance"]
    grown = Q**STEPS
    yield check_identity(
        bound.subs(STEPS, STEPS + 1).subs(Q ** (STEPS + 1), Q * grown),
        sp.expand(Q * bound) + NOISE / SAMPLES + FINITE,
        detail="the bound after T + 1 steps is q times that after T plus B/N + F",
        falsifier=FALSIFIER,
        parts=("recursion",),
    )
    yield check_identity(
        bound.subs(STEPS, 0), 0, detail="from distance 0", falsifier=FALSIFIER, parts=("recursion",)
    )
    # Remainders between c mu^2 n/2 and L mu^2 n/2: forward quotients' excesses differ by at most (L - c) mu n/2.
    n, mu = sp.Symbol("n", nonnegative=True), sp.Symbol("mu", positive=True)
    low, high = CURVATURE * mu**2 * n / 2, L * mu**2 * n / 2
    first, second, third, fourth = names = sp.symbols("R_plus S_plus R_minus S_minus", real=True)
    domain = [x for y in names for x in (y - low, high - y)]
    apart = (L - CURVATURE) * mu * n / 2
    yield check_nonnegative(
        apart - (first - second) / mu,
        [Term(1 / mu, 1, (high - first,)), Term(1 / mu, 1, (second - low,))],
        domain,
        detail="excesses of two forward quotients, the other sign by exchanging them",
        falsifier=FALSIFIER,
        parts=("finite step",),
    )
    yield check_nonnegative(
        apart - (first - third - second + fourth) / (2 * mu),
        [Term(1 / (2 * mu), 1, (g,)) for g in (high - first, third - low, second - low, high - fourth)],
        domain,
        detail="excesses of two central quotients, the other sign by exchanging them",
        falsifier=FALSIFIER,
        parts=("finite step",),
    )
    cube = sp.Symbol("n3", positive=True)
    yield check_identity(
        claim.formulas["finite"] ** 2,
        sp.expand(ETA**2 * n * ((L - CURVATURE) * MU * n / 2) ** 2).subs(n**3, M6 * cube).subs(cube, 1),
        detail="F^2 = eta^2 E[n ((L - c) mu n/2)^2]",
        falsifier=FALSIFIER,
        parts=("finite step",),
    )
    # 1/(1 - q) <= 2/(1 - q^2): with q = 1/(1 + h), every q in (0, 1).
    h = sp.Symbol("h", positive=True)
    yield check_relation(
        (1 / (1 - Q)).subs(Q, 1 / (1 + h)),
        "<",
        (2 / (1 - Q**2)).subs(Q, 1 / (1 + h)),
        detail="1/(1 - q) < 2/(1 - q^2) for q in (0, 1)",
        falsifier=FALSIFIER,
        parts=("limit",),
        scope=Scope.GENERAL,
    )
    yield check_identity(
        claim.formulas["limit"],
        2 * claim.formulas["noise"] / SAMPLES / (1 - square),
        detail="the limit is 2 (B/N)/(1 - q^2)",
        falsifier=FALSIFIER,
        parts=("limit",),
    )


def linear(s: Fraction) -> Fraction:
    return s


def linear_slope(s: Fraction) -> Fraction:
    return Fraction(1)


LAWS = {"signs": designs.sign_vectors(2), "coordinates": designs.coordinate_vectors(2)}
SAMPLES_SEEN = (((1, 0), Fraction(-3, 2)), ((Fraction(3, 5), Fraction(4, 5)), Fraction(1, 2)))
HOSTILE = ((-1, 0), Fraction(-3))


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Huber and linear losses with a ridge: every sequence of indices and perturbations, in fractions.

    G is the largest gradient at any point that either run can reach.
    """
    for name, atoms in LAWS.items():
        delta, energy = designs.scale_of(atoms), largest_energy(atoms)
        # h linear: every loss has the curvature of the ridge, c = L, and quotients of any mu differ as gradients do.
        for h, slope, ridge, extra in (
            (huber, huber_slope, Fraction(1, 4), 1),
            (linear, linear_slope, Fraction(1), 0),
        ):
            rows = [Sample(tuple(map(Fraction, b)), y, h, ridge) for b, y in (*SAMPLES_SEEN, HOSTILE)]
            top = ridge + extra
            step = claim.formulas["largest step"].subs(
                rational({DELTA: delta, V: energy, L: top, CURVATURE: ridge})
            )
            eta, mu = Fraction(int(step.p), int(step.q)) * Fraction(2, 3), Fraction(1, 4)
            run = Run(tuple(rows[:2]), rows[2], atoms, eta, mu, (Fraction(0), Fraction(0)))
            largest = Fraction(0)
            for steps in range(4):
                ends = run.ends(steps)
                constants = {DELTA: delta, V: energy, M6: sixth_moment(atoms), ETA: eta, MU: mu, L: top}
                numbers = rational({**constants, CURVATURE: ridge, SAMPLES: 2, STEPS: steps})
                if steps:
                    found = mean_distance(ends)
                    f = {
                        key: value.subs(numbers).subs(G, root_between(largest)[1])
                        for key, value in claim.formulas.items()
                    }
                    values = {Q: sp.sqrt(f["square of q"]), NOISE: f["noise"], FINITE: f["finite"]}
                    stated = f["distance"].subs(values)
                    where = f"{h.__name__} with ridge {ridge}, law {name}, T = {steps}"
                    yield check_relation(
                        found,
                        "<=",
                        stated,
                        detail=f"E|x_T - x'_T| is {float(found) / float(stated):.2f} of the bound: {where}",
                        falsifier=FALSIFIER,
                    )
                    if not extra:
                        yield check_relation(
                            found,
                            "<=",
                            f["limit"],
                            detail=f"and at most the limit for mu -> 0, as mu does not matter here: {where}",
                            falsifier=FALSIFIER,
                            parts=("limit",),
                        )
                for pair in ends:
                    for x in pair:
                        gradients = [row.gradient(x, slope) for row in rows]
                        largest = max(largest, *(designs.dot(a, a) for a in gradients))


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """Logistic losses with a ridge, projected on a ball: the sphere law in R^4, N = 8, T = 60."""
    dim, samples, steps, radius, mu = 4, 8, 60, 1, 0.1
    ridge, top = Fraction(1, 2), Fraction(3, 4)
    law, eta = Sphere(dim), Fraction(2) / (dim * (ridge + top)) / 2
    numbers = {DELTA: 1, V: dim, M6: dim**3, ETA: eta, MU: Fraction(1, 10), L: top, CURVATURE: ridge}
    numbers |= {G: 1 + ridge * radius, SAMPLES: samples, STEPS: steps}
    f = {key: value.subs(rational(numbers)) for key, value in claim.formulas.items()}
    values = {Q: sp.sqrt(f["square of q"]), NOISE: f["noise"], FINITE: f["finite"]}
    stated = float(f["distance"].subs(values).evalf())

    sample = margin_runs(
        logistic,
        law,
        stream(2024, claim.id, "data"),
        eta=float(eta),
        mu=mu,
        samples=samples,
        steps=steps,
        ridge=float(ridge),
        radius=radius,
    )

    return check_bound(
        sample,
        stated,
        resolvable=0.05 * stated,
        rng=stream(2024, claim.id, "runs"),
        detail="E|x_T - x'_T| of ridge logistic regression in a ball, sphere law in R^4, N = 8, T = 60",
        falsifier=FALSIFIER,
    )
