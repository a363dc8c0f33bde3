"""E7: stability of zeroth-order SGD on smooth losses that need not be convex."""

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
    largest_energy,
    loss_change,
    margin_runs,
    mean_distance,
    rational,
    root_between,
    sigmoid,
    sixth_moment,
    squared_distance,
    wave,
)
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_bound
from zotheory.laws import Gaussian
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

STEPS = sp.Symbol("T", integer=True, nonnegative=True)
# q, A, B and F of the statement; r^2 is the factor of the mean square, w = 1 - 1/N.
Q, R, DRIFT, NOISE, FINITE = sp.symbols("q r A B F", positive=True)
MISSED = 1 - 1 / SAMPLES
RANGE = sp.Symbol("M", positive=True)
BURN = sp.Symbol("t0", integer=True, nonnegative=True)
DISTANCE = sp.Symbol("D", nonnegative=True)  # the bound on the distance after T - t0 steps

claim = Claim(
    id="E7",
    title="Smooth losses: the distance of coupled runs grows at most geometrically, by 1 + eta delta L + O(eta^2) a step",
    kind=Kind.UPPER_BOUND,
    plain="In the setting of E6d let the losses be L-smooth only, and eta any step size. With A, B of E6d, "
    "F = eta mu L sqrt(m), q^2 = 1 + 2 eta delta L + eta^2 V L^2 and P_t = 1 - (1 - 1/N)^t, E|x_T - x'_T| is at most "
    "sum over t of q^(T-t) (B/N + F P_t); and for mu -> 0 the root mean square is at most "
    "A/(N r) (r^T - 1)/(r - 1) + B sqrt((r^(2T) - 1)/((r^2 - 1) N)) with r^2 = (1 - 1/N) q^2 + 1/N. If the losses lie "
    "in an interval of length M, then |E l(x_T; z) - E l(x'_T; z)| <= M P_t0 + (1 - P_t0) G D(T - t0) for every t0, "
    "D(s) a bound on the distance after s steps.",
    latex=r"In the setting of E6d with $L$-smooth losses and any $\eta$: with $F=\eta\mu L\sqrt{E\|v\|^6}$, "
    r"$q^2=1+2\eta\delta L+\eta^2VL^2$, $P_t=1-(1-1/N)^t$, "
    r"$E\|x_T-x_T'\|\le\sum_{t=1}^Tq^{T-t}(\frac BN+FP_t)$; for $\mu\to0$ "
    r"$(E\|x_T-x_T'\|^2)^{1/2}\le\frac A{Nr}\frac{r^T-1}{r-1}+B\sqrt{\frac{r^{2T}-1}{(r^2-1)N}}$, "
    r"$r^2=(1-\frac1N)q^2+\frac1N$; and for losses in an interval of length $M$ the change of the mean loss is at most "
    r"$MP_{t_0}+(1-P_{t_0})GD(T-t_0)$.",
    source="derived here, after the first-order argument of Hardt, Recht and Singer, as summarised; theirs has steps of "
    "order 1/t where these are constant",
    conditions=(
        "as in E6d, without convexity: |l(x + h) - l(x) - h.grad l(x)| <= L |h|^2/2",
        "indices with replacement",
    ),
    expected=Verdict.PROVED,
    formulas={
        "square of q": 1 + 2 * ETA * DELTA * L + ETA**2 * V * L**2,
        "finite": ETA * MU * L * sp.sqrt(M6),
        "drift": 2 * ETA * DELTA * G,
        "noise": 2 * ETA * G * sp.sqrt(V),
        "mean": NOISE / SAMPLES * (Q**STEPS - 1) / (Q - 1)
        + FINITE * ((Q**STEPS - 1) / (Q - 1) - MISSED * (Q**STEPS - MISSED**STEPS) / (Q - MISSED)),
        "square of r": (1 - 1 / SAMPLES) * Q**2 + 1 / SAMPLES,
        "drift part": DRIFT / (SAMPLES * R) * (R**STEPS - 1) / (R - 1),
        "square of the noise part": NOISE**2 / SAMPLES * (R ** (2 * STEPS) - 1) / (R**2 - 1),
        "loss": RANGE * (1 - MISSED**BURN) + MISSED**BURN * G * DISTANCE,
    },
    parts=("factor", "mean", "mean square", "finite step", "burn-in"),
    depends=("E6", "E6d"),
)

FALSIFIER = "smooth losses whose runs are further apart, or a step of the proof that fails"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # |D| <= L |d| and d.D >= -L |d|^2: E|d - eta v v^T D|^2 <= |d|^2 + 2 eta delta L |d|^2 + eta^2 V L^2 |d|^2.
    product, change, energy = sp.symbols("dD DD DMD", real=True)
    slacks = (product + L, L**2 - change, V * change - energy)
    yield check_nonnegative(
        claim.formulas["square of q"] - (1 - 2 * ETA * DELTA * product + ETA**2 * energy),
        [
            Term(2 * ETA * DELTA, 1, (slacks[0],)),
            Term(ETA**2 * V, 1, (slacks[1],)),
            Term(ETA**2, 1, (slacks[2],)),
        ],
        slacks,
        detail="growth of the mean square at one sample, |d| = 1",
        falsifier=FALSIFIER,
        parts=("factor",),
    )
    yield from mean_route(claim)
    yield from mean_square_route(claim)
    # Remainders between -r and r, r = L mu^2 n/2: the excesses of two quotients differ by at most 2 r/mu = L mu n.
    n, mu = sp.Symbol("n", nonnegative=True), sp.Symbol("mu", positive=True)
    r = L * mu**2 * n / 2
    first, second, third, fourth = names = sp.symbols("R_plus S_plus R_minus S_minus", real=True)
    domain = [x for y in names for x in (r - y, r + y)]
    yield check_nonnegative(
        L * mu * n - (first - second) / mu,
        [Term(1 / mu, 1, (g,)) for g in (r - first, r + second)],
        domain,
        detail="excesses of two forward quotients, the other sign by exchanging them",
        falsifier=FALSIFIER,
        parts=("finite step",),
    )
    yield check_nonnegative(
        L * mu * n - (first - third - second + fourth) / (2 * mu),
        [Term(1 / (2 * mu), 1, (g,)) for g in (r - first, r + third, r + second, r - fourth)],
        domain,
        detail="excesses of two central quotients, the other sign by exchanging them",
        falsifier=FALSIFIER,
        parts=("finite step",),
    )
    cube = sp.Symbol("n3", positive=True)
    yield check_identity(
        claim.formulas["finite"] ** 2,
        sp.expand(ETA**2 * n * (L * MU * n) ** 2).subs(n**3, M6 * cube).subs(cube, 1),
        detail="F^2 = eta^2 E[n (L mu n)^2]",
        falsifier=FALSIFIER,
        parts=("finite step",),
    )
    # With probability P of a visit within t0 steps the losses differ by at most M; otherwise the runs coincide
    # after t0 steps and the other T - t0 begin afresh: |E| <= P M + (1 - P) G D.
    met, gap, rest = sp.symbols("P gap_met gap_missed", nonnegative=True)
    slacks = (1 - met, RANGE - gap, G * DISTANCE - rest)
    yield check_nonnegative(
        claim.formulas["loss"].subs(MISSED**BURN, 1 - met) - (met * gap + (1 - met) * rest),
        [Term(met, 1, (slacks[1],)), Term(1, 1, (slacks[0], slacks[2]))],
        slacks,
        detail="the loss, by whether the differing sample came up in the first t0 steps",
        falsifier=FALSIFIER,
        parts=("burn-in",),
    )


def mean_route(claim) -> Iterator[Evidence]:
    # As in E6e: q |d| at another sample, q |d| + B at the differing one, and F once there was a visit.
    bound, grown, missed = (
        claim.formulas["mean"],
        sp.Symbol("qT", positive=True),
        sp.Symbol("wT", positive=True),
    )

    def shown(expression: sp.Expr) -> sp.Expr:
        later = expression.subs(Q ** (STEPS + 1), Q * grown).subs(MISSED ** (STEPS + 1), MISSED * missed)
        return later.subs(Q**STEPS, grown).subs(MISSED**STEPS, missed)

    yield check_identity(
        shown(bound.subs(STEPS, STEPS + 1)),
        Q * shown(bound) + NOISE / SAMPLES + FINITE * (1 - MISSED * missed),
        detail="after T + 1 steps: q times the bound after T, plus B/N + F P_(T+1)",
        falsifier=FALSIFIER,
        parts=("mean",),
    )
    yield check_identity(
        bound.subs(STEPS, 0), 0, detail="from distance 0", falsifier=FALSIFIER, parts=("mean",)
    )
    far, energy = sp.symbols("ww wMw", nonnegative=True)
    slacks = (4 * G**2 - far, V * far - energy)
    yield check_nonnegative(
        claim.formulas["noise"] ** 2 - ETA**2 * energy,
        [Term(ETA**2 * V, 1, (slacks[0],)), Term(ETA**2, 1, (slacks[1],))],
        slacks,
        detail="the differing sample adds at most B to the root mean square",
        falsifier=FALSIFIER,
        parts=("mean",),
    )


def mean_square_route(claim) -> Iterator[Evidence]:
    # E|d+|^2 <= (1 - 1/N) q^2 U^2 + (U^2 + 2 A U + B^2)/N with U the root mean square: the visit as in E6d.
    first, along = sp.symbols("U a", nonnegative=True)
    mixed = (1 - 1 / SAMPLES) * Q**2 * first**2 + (first**2 + 2 * DRIFT * first + NOISE**2) / SAMPLES
    yield check_identity(
        claim.formulas["square of r"] * first**2 + 2 * DRIFT / SAMPLES * first + NOISE**2 / SAMPLES,
        mixed,
        detail="mean square after a step: r^2 U^2 + 2 (A/N) U + B^2/N",
        falsifier=FALSIFIER,
        parts=("mean square",),
    )
    # U <= a + b with a+ = r a + A/(N r) and b+^2 = r^2 b^2 + B^2/N, b+ = r b + e, e >= 0.
    extra = sp.Symbol("e", nonnegative=True)
    b = sp.Symbol("b", nonnegative=True)
    later_a, later_b = R * along + DRIFT / (SAMPLES * R), R * b + extra
    noise = later_b**2 - R**2 * b**2  # B^2/N
    yield check_nonnegative(
        (later_a + later_b) ** 2 - (R**2 * (along + b) ** 2 + 2 * DRIFT / SAMPLES * (along + b) + noise),
        [
            Term(1, DRIFT / (SAMPLES * R)),
            Term(2 * R * along, 1, (extra,)),
            Term(2 * DRIFT / (SAMPLES * R), 1, (extra,)),
        ],
        detail="the sum of the two recursions dominates the root mean square",
        falsifier=FALSIFIER,
        parts=("mean square",),
    )
    drift, square, grown = (
        claim.formulas["drift part"],
        claim.formulas["square of the noise part"],
        sp.Symbol("rT", positive=True),
    )

    def shown(expression: sp.Expr) -> sp.Expr:
        powers = {R ** (2 * STEPS + 2): R**2 * grown**2, R ** (2 * STEPS): grown**2}
        powers |= {R ** (STEPS + 1): R * grown, R**STEPS: grown}
        return sp.expand(expression.subs(powers)) if expression.has(STEPS) else expression

    for part, factor, added in ((drift, R, DRIFT / (SAMPLES * R)), (square, R**2, NOISE**2 / SAMPLES)):
        yield check_identity(
            shown(sp.powsimp(part.subs(STEPS, STEPS + 1).subs(2 * (STEPS + 1), 2 * STEPS + 2))),
            factor * shown(part) + added,
            detail=f"closed form of a recursion: times {factor}, plus {added}",
            falsifier=FALSIFIER,
            parts=("mean square",),
        )
        yield check_identity(
            part.subs(STEPS, 0), 0, detail="from distance 0", falsifier=FALSIFIER, parts=("mean square",)
        )


LAWS = {"signs": designs.sign_vectors(2), "coordinates": designs.coordinate_vectors(2)}
SAMPLE = Sample((Fraction(3, 5), Fraction(4, 5)), Fraction(5, 2), wave)
BESIDE = Sample((Fraction(1), Fraction(0)), Fraction(1), wave)
HOSTILE = Sample((Fraction(1), Fraction(0)), Fraction(3), wave)


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Triangle-wave losses (L = G = M = 1, concave in turns): every sequence, in fractions."""
    for name, atoms in LAWS.items():
        delta, energy = designs.scale_of(atoms), largest_energy(atoms)
        for eta, mu in ((Fraction(1, 2), Fraction(1, 100)), (Fraction(1, 3), Fraction(1))):
            run = Run((BESIDE, SAMPLE), HOSTILE, atoms, eta, mu, (Fraction(1, 2), Fraction(0)))
            constants = {
                DELTA: delta,
                V: energy,
                M6: sixth_moment(atoms),
                ETA: eta,
                MU: mu,
                L: 1,
                G: 1,
                RANGE: 1,
            }
            stated: list[sp.Expr] = [sp.Integer(0)]
            for steps in (1, 2, 3):
                ends = run.ends(steps)
                numbers = rational({**constants, SAMPLES: 2, STEPS: steps})
                f = {key: value.subs(numbers) for key, value in claim.formulas.items()}
                values = {Q: sp.sqrt(f["square of q"]), NOISE: f["noise"], FINITE: f["finite"]}
                stated.append(f["mean"].subs(values))
                found = mean_distance(ends)
                where = f"law {name}, eta = {eta}, mu = {mu}, T = {steps}"
                yield check_relation(
                    found,
                    "<=",
                    stated[-1],
                    detail=f"E|x_T - x'_T| is {float(found) / float(stated[-1]):.2f} of the bound: {where}",
                    falsifier=FALSIFIER,
                    parts=("factor", "mean", "finite step"),
                )
                change = max(loss_change(ends, probe) for probe in (SAMPLE, BESIDE, HOSTILE))
                for burn in range(steps + 1):
                    yield check_relation(
                        change,
                        "<=",
                        f["loss"].subs({BURN: burn, DISTANCE: stated[steps - burn]}),
                        detail=f"change of the mean loss against the bound with t0 = {burn}: {where}",
                        falsifier=FALSIFIER,
                        parts=("burn-in",),
                    )


@claim.check("quadratic losses")
def quadratic_losses(claim) -> Iterator[Evidence]:
    """l = b.x - |x|^2/2 with central differences, exact for every mu: root mean squares against both parts."""
    for name, atoms in LAWS.items():
        delta, energy = designs.scale_of(atoms), largest_energy(atoms)
        eta = Fraction(1, 3)
        rows = [
            Sample(b, Fraction(0), lambda s: s, Fraction(-1))
            for b in ((Fraction(0), Fraction(1)), (Fraction(1), Fraction(0)))
        ]
        other = Sample((Fraction(-1), Fraction(0)), Fraction(0), lambda s: s, Fraction(-1))
        run = Run((rows[1], rows[0]), other, atoms, eta, Fraction(1), (Fraction(0), Fraction(0)), True)
        largest = Fraction(0)
        for steps in range(4):
            ends = run.ends(steps)
            if steps:
                constants = {DELTA: delta, V: energy, M6: sixth_moment(atoms), ETA: eta, MU: 0, L: 1}
                numbers = rational({**constants, SAMPLES: 2, STEPS: steps, G: root_between(largest)[1]})
                f = {key: value.subs(numbers) for key, value in claim.formulas.items()}
                values = {Q: sp.sqrt(f["square of q"]), NOISE: f["noise"], DRIFT: f["drift"]}
                values[R] = sp.sqrt(f["square of r"].subs(values))
                stated = f["drift part"].subs(values) + sp.sqrt(f["square of the noise part"].subs(values))
                square = sum((w * squared_distance(x, y) for (x, y), w in ends.items()), start=Fraction(0))
                found = root_between(square)[0]
                yield check_relation(
                    found,
                    "<=",
                    stated,
                    detail=f"root mean square is {float(found) / float(stated):.2f} of the bound: law {name}, T = {steps}",
                    falsifier=FALSIFIER,
                    parts=("factor", "mean square"),
                )
            for pair in ends:
                for x in pair:
                    for row in (*rows, other):
                        largest = max(largest, designs.dot(*[row.gradient(x, lambda s: Fraction(1))] * 2))
    # The same loss -|x|^2/2 from two points at distance 1 attains the factor.
    for atoms in LAWS.values():
        delta, energy, eta = designs.scale_of(atoms), largest_energy(atoms), Fraction(1, 3)
        d = (Fraction(1), Fraction(0))

        def grown(v: designs.Point, d: designs.Point = d, eta: Fraction = eta) -> Fraction:
            return sum(
                ((p + eta * designs.dot(v, d) * q) ** 2 for p, q in zip(d, v, strict=True)),
                start=Fraction(0),
            )

        yield check_identity(
            claim.formulas["square of q"].subs(rational({DELTA: delta, V: energy, ETA: eta, L: 1})),
            designs.expectation(atoms, grown),
            detail="the factor is attained by -|x|^2/2",
            falsifier=FALSIFIER,
            parts=("factor",),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """Losses (1 - tanh(y u.x))/2, |u| = 1, so G = 1/2 and L = 2/(3 sqrt 3) < 2/5: Gaussian law in R^3."""
    dim, samples, steps, mu = 3, 10, 25, 0.1
    law, eta = Gaussian(dim), Fraction(1, 10)
    moments = {DELTA: 1, V: dim + 2, M6: dim * (dim + 2) * (dim + 4)}
    settings = {
        ETA: eta,
        MU: Fraction(1, 10),
        L: Fraction(2, 5),
        G: Fraction(1, 2),
        SAMPLES: samples,
        STEPS: steps,
    }
    f = {key: value.subs(rational({**moments, **settings})) for key, value in claim.formulas.items()}
    values = {Q: sp.sqrt(f["square of q"]), NOISE: f["noise"], FINITE: f["finite"]}
    stated = float(f["mean"].subs(values).evalf())

    sample = margin_runs(
        sigmoid, law, stream(2024, claim.id, "data"), eta=float(eta), mu=mu, samples=samples, steps=steps
    )

    return check_bound(
        sample,
        stated,
        resolvable=0.05 * stated,
        rng=stream(2024, claim.id, "runs"),
        detail="E|x_T - x'_T| of a sigmoid loss, Gaussian law in R^3, N = 10, T = 25",
        falsifier=FALSIFIER,
        parts=("mean",),
    )
