"""E6d: uniform stability of zeroth-order SGD on convex losses."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA
from proofs_checks._stability import (
    ETA,
    M6,
    MU,
    SAMPLES,
    STEPS,
    G,
    L,
    Run,
    Sample,
    V,
    huber,
    largest_energy,
    logistic,
    loss_change,
    margin_runs,
    mean_distance,
    rational,
    root_between,
    sixth_moment,
)
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_bound
from zotheory.laws import Rademacher
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

# Visits of the differing sample, and the probability that there is one.
VISITS = sp.Symbol("k", integer=True, positive=True)
MET = 1 - (1 - 1 / SAMPLES) ** STEPS
DRIFT, NOISE, FINITE = sp.symbols("A B F", positive=True)

claim = Claim(
    id="E6d",
    title="Convex losses: E|x_T - x'_T| <= A (tau - P) + B sqrt(tau P) + F (T - (N-1) P)",
    kind=Kind.UPPER_BOUND,
    plain="Losses convex, L-smooth, with gradients at most G; data sets that differ in one of N samples; T steps with "
    "uniform indices, the same indices and perturbations in both runs, eta <= 2 delta/(L V). With A = 2 eta delta G, "
    "B = 2 eta G sqrt(V), F = eta mu L sqrt(m)/2, m = E[n^3], tau = T/N, P = 1 - (1 - 1/N)^T: after k visits of the "
    "differing sample the root mean square distance is at most A (k-1) + B sqrt(k), plus F for every step since the "
    "first visit; on average E|x_T - x'_T| is at most A (tau - P) + B sqrt(tau P) + F (T - (N-1) P), and G times this "
    "bounds the uniform stability, hence the generalization gap. With eta delta fixed the dimension factor "
    "nu = V/delta^2 enters B alone, as its square root.",
    latex=r"For convex $L$-smooth $G$-Lipschitz losses, $T$ steps with uniform indices and $\eta\le2\delta/(LV)$: with "
    r"$A=2\eta\delta G$, $B=2\eta G\sqrt V$, $F=\frac{\eta\mu L}2\sqrt{E\|v\|^6}$, $\tau=T/N$, $P=1-(1-1/N)^T$ coupled "
    r"runs on data sets that differ in one of $N$ samples have "
    r"$E\|x_T-x_T'\|\le A(\tau-P)+B\sqrt{\tau P}+F(T-(N-1)P)$, and $G$ times this bounds the uniform stability.",
    source="derived here, after the first-order argument of Hardt, Recht and Singer, as summarised; that uniform "
    "stability bounds the generalization gap is theirs",
    conditions=(
        "v is delta-unbiased, independent of the indices and of the past, V = max over unit a of E[(a.v)^2 n] and E[n^3] "
        "finite",
        "forward or central differences, the same sample and the same v in both evaluations",
        "|grad l(x; z)| <= G where the runs go and between them; a projection on a convex set after each step "
        "changes nothing",
        "Cauchy-Schwarz and Jensen inequalities, and for convex L-smooth l that "
        "0 <= l(x + h) - l(x) - h.grad l(x) <= L |h|^2/2",
    ),
    expected=Verdict.PROVED,
    formulas={
        "drift": 2 * ETA * DELTA * G,
        "noise": 2 * ETA * G * sp.sqrt(V),
        "finite": ETA * MU * L / 2 * sp.sqrt(M6),
        "visits": DRIFT * (VISITS - 1) + NOISE * sp.sqrt(VISITS),
        "visits beyond the first": STEPS / SAMPLES - MET,
        "root of the visits": sp.sqrt(STEPS / SAMPLES * MET),
        "steps since the first": STEPS - (SAMPLES - 1) * MET,
    },
    parts=("one visit", "finite step", "visits", "average"),
    depends=("E6",),
)

FALSIFIER = (
    "convex losses, a law and two runs further apart than the bound, or a step of its proof that fails"
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    yield from one_visit(claim)
    yield from finite_step(claim)
    yield from visits(claim)
    yield from average(claim)


def one_visit(claim) -> Iterator[Evidence]:
    # w is the difference of two gradients of different losses, |w| <= 2G:
    # E|d - eta v v^T w|^2 = |d|^2 - 2 eta delta d.w + eta^2 w^T M w, M <= V I, d.w >= -2G |d|.
    far, square, energy = sp.symbols("r ww wMw", nonnegative=True)
    along = sp.Symbol("dw", real=True)
    slacks = (along + 2 * G * far, 4 * G**2 - square, V * square - energy)
    stated = far**2 + 2 * claim.formulas["drift"] * far + claim.formulas["noise"] ** 2
    yield check_nonnegative(
        stated - (far**2 - 2 * ETA * DELTA * along + ETA**2 * energy),
        [
            Term(2 * ETA * DELTA, 1, (slacks[0],)),
            Term(ETA**2 * V, 1, (slacks[1],)),
            Term(ETA**2, 1, (slacks[2],)),
        ],
        slacks,
        detail="mean square after a visit: |d|^2 + 2 A |d| + B^2",
        falsifier=FALSIFIER,
        parts=("one visit",),
    )
    # V - delta^2 = Var s + E[s t] >= 0, so A <= B: r -> sqrt(r^2 + 2 A r + B^2) grows no faster than r, and
    # what was added before a visit is not enlarged by it.
    excess = sp.Symbol("V_minus_delta2", nonnegative=True)
    yield check_nonnegative(
        (claim.formulas["noise"] ** 2 - claim.formulas["drift"] ** 2).subs(V, DELTA**2 + excess),
        [Term(4 * ETA**2 * G**2, 1, (excess,))],
        detail="A <= B",
        falsifier=FALSIFIER,
        parts=("one visit",),
    )
    u, s = sp.symbols("u s", nonnegative=True)
    root = sp.Symbol("phi", positive=True)  # its square is u^2 + 2 A u + B^2
    known = u**2 + 2 * DRIFT * u + NOISE**2
    yield check_nonnegative(
        (root + s) ** 2 - root**2 + known - ((u + s) ** 2 + 2 * DRIFT * (u + s) + NOISE**2),
        [Term(2, 1, (s, root - u - DRIFT))],
        (root - u - DRIFT,),
        detail="phi(u + s) <= phi(u) + s for phi = sqrt(u^2 + 2 A u + B^2) >= u + A",
        falsifier=FALSIFIER,
        parts=("one visit",),
    )


def finite_step(claim) -> Iterator[Evidence]:
    # R(h) = l(x + h) - l(x) - h.grad l(x) lies in [0, r], r = L mu^2 n/2, for each of the two losses and points.
    n, mu = sp.Symbol("n", nonnegative=True), sp.Symbol("mu", positive=True)
    r, c = L * mu**2 * n / 2, L * mu * n / 2
    names = sp.symbols("R_plus R_minus S_plus S_minus", real=True)
    ahead, behind, other, behind_other = names
    slacks = [x for y in names for x in (y, r - y)]
    schemes = {
        "forward": ((1 / mu, ahead), (-1 / mu, other)),
        "central": (
            (1 / (2 * mu), ahead),
            (-1 / (2 * mu), behind),
            (-1 / (2 * mu), other),
            (1 / (2 * mu), behind_other),
        ),
    }
    for name, terms in schemes.items():
        for sign in (1, -1):
            # c minus a sum of coefficients times remainders: each is at least 0 or at most r.
            proof = [
                Term(abs(weight), 1, (r - value if sign * weight > 0 else value,))
                for weight, value in terms
            ]
            yield check_nonnegative(
                c - sign * sp.Add(*(weight * value for weight, value in terms)),
                proof,
                slacks,
                detail=f"the two excesses of the quotients differ by at most L mu n/2, {name}, sign {sign}",
                falsifier=FALSIFIER,
                parts=("finite step",),
            )
    # The step that is left over is eta v times that: its mean square is eta^2 E[n (L mu n/2)^2].
    cube = sp.Symbol("n3", positive=True)
    yield check_identity(
        claim.formulas["finite"] ** 2,
        sp.expand(ETA**2 * n * (L * MU * n / 2) ** 2).subs(n**3, cube).subs(cube, M6),
        detail="F^2 = eta^2 E[n (L mu n/2)^2]",
        falsifier=FALSIFIER,
        parts=("finite step",),
    )
    a, b = sp.symbols("a b", nonnegative=True)
    first, second = sp.symbols("XX YY", nonnegative=True)
    cross = sp.Symbol("XY", real=True)
    slacks = (a**2 - first, b**2 - second, a * b - cross)
    yield check_nonnegative(
        (a + b) ** 2 - (first + 2 * cross + second),
        [Term(1, 1, (slacks[0],)), Term(1, 1, (slacks[1],)), Term(2, 1, (slacks[2],))],
        slacks,
        detail="it adds to the root mean square (Minkowski from Cauchy-Schwarz)",
        falsifier=FALSIFIER,
        parts=("finite step",),
    )


def visits(claim) -> Iterator[Evidence]:
    # From k to k + 1 visits. With sqrt(k + 1) - sqrt(k) = s: sqrt(k) = (1 - s^2)/(2 s).
    s = sp.Symbol("s", positive=True)
    root = (1 - s**2) / (2 * s)
    bound = claim.formulas["visits"]
    now = bound.subs(sp.sqrt(VISITS), root).subs(VISITS, root**2)
    after = bound.subs(VISITS, VISITS + 1).subs(sp.sqrt(VISITS + 1), root + s).subs(VISITS, root**2)
    yield check_nonnegative(
        after**2 - (now**2 + 2 * DRIFT * now + NOISE**2),
        [Term(DRIFT**2), Term(2 * DRIFT * NOISE * s, root)],
        (1 - s**2,),
        detail="one more visit: u^2 + 2 A u + B^2 at u = A (k-1) + B sqrt(k) is below the square at k + 1",
        falsifier=FALSIFIER,
        parts=("visits",),
    )
    yield check_identity(
        bound.subs(VISITS, 1),
        NOISE,
        detail="the first visit, from distance 0: B",
        falsifier=FALSIFIER,
        parts=("visits",),
        scope=Scope.GENERAL,
    )


def average(claim) -> Iterator[Evidence]:
    # tau = E k; P_t is the probability of a visit within t steps. Steps since the first, it included: sum of P_t.
    beyond, since = (claim.formulas[name] for name in ("visits beyond the first", "steps since the first"))
    rest = (1 - 1 / SAMPLES) ** STEPS
    met = sp.Symbol("P", positive=True)  # (1 - 1/N)^T = 1 - P: rational in N, T and P
    after = {name: f.subs(STEPS, STEPS + 1) for name, f in claim.formulas.items()}
    following = met + (1 - met) / SAMPLES  # P_{T+1}, from independence

    def in_met(expression: sp.Expr) -> sp.Expr:
        later = (1 - 1 / SAMPLES) ** (STEPS + 1)
        return expression.subs(later, 1 - following).subs(rest, 1 - met)

    yield check_identity(
        in_met(after["visits beyond the first"] - beyond),
        1 / SAMPLES - (following - met),
        detail="E max(k - 1, 0) = E k - P(k >= 1), step by step",
        falsifier=FALSIFIER,
        parts=("average",),
    )
    yield check_identity(
        in_met(after["steps since the first"] - since),
        following,
        detail="E of the steps since the first visit grows by the probability that there was one",
        falsifier=FALSIFIER,
        parts=("average",),
    )
    yield check_identity(
        [beyond.subs(STEPS, 1), since.subs(STEPS, 1)],
        [0, 1 / SAMPLES],
        detail="after one step: no second visit, and the first with probability 1/N",
        falsifier=FALSIFIER,
        parts=("average",),
    )
    # sqrt(k) <= (p k + 1/p)/2 for k >= 1 and 0 for k = 0; its mean is (p tau + P/p)/2, at p = sqrt(P/tau) sqrt(tau P).
    k, p = sp.symbols("k p", positive=True)
    yield check_nonnegative(
        (p * k + 1 / p) / 2 - sp.sqrt(k),
        [Term(p / 2, sp.sqrt(k) - 1 / p)],
        detail="sqrt(k) <= (p k + 1/p)/2",
        falsifier=FALSIFIER,
        parts=("average",),
    )
    tau = STEPS / SAMPLES
    chosen = sp.sqrt(met / tau)
    yield check_identity(
        in_met(claim.formulas["root of the visits"] ** 2),
        sp.expand(((chosen * tau + met / chosen) / 2) ** 2),
        detail="E sqrt(k) <= sqrt(tau P)",
        falsifier=FALSIFIER,
        parts=("average",),
    )


@claim.check("index paths")
def index_paths(claim) -> Iterator[Evidence]:
    """Every path of indices, N^T of them: visits, the recursion over visits, and its mean."""
    for samples, steps in ((1, 3), (2, 6), (3, 5), (4, 4)):
        paths = list(product(range(samples), repeat=steps))
        counts = [path.count(0) for path in paths]
        numbers = rational({SAMPLES: samples, STEPS: steps})
        since = [steps - path.index(0) if 0 in path else 0 for path in paths]
        yield check_identity(
            [
                claim.formulas[name].subs(numbers)
                for name in ("visits beyond the first", "steps since the first")
            ],
            [Fraction(sum(max(k - 1, 0) for k in counts), len(paths)), Fraction(sum(since), len(paths))],
            detail=f"visits beyond the first and steps since it over all paths, N = {samples}, T = {steps}",
            falsifier=FALSIFIER,
            parts=("average",),
            scope=Scope.INSTANCE,
        )
        roots = sum((root_between(Fraction(k))[0] for k in counts), start=Fraction(0)) / len(paths)
        yield check_relation(
            roots,
            "<=",
            claim.formulas["root of the visits"].subs(numbers),
            detail=f"E sqrt(k) over all paths, N = {samples}, T = {steps}",
            falsifier=FALSIFIER,
            parts=("average",),
        )
    for drift, noise in ((Fraction(1), Fraction(1)), (Fraction(1, 3), Fraction(2))):
        now, above = Fraction(0), 0
        for k in range(1, 40):
            now = root_between(now**2 + 2 * drift * now + noise**2)[0]  # rounded down, so never too large
            stated = claim.formulas["visits"].subs(rational({DRIFT: drift, NOISE: noise, VISITS: k}))
            above += not sp.Rational(now) <= stated
        yield check_identity(
            0,
            above,
            detail=f"numbers of visits up to 39 at which the recursion from 0 exceeds the bound, A = {drift}, B = {noise}",
            falsifier=FALSIFIER,
            parts=("visits",),
            scope=Scope.INSTANCE,
        )


LAWS = {
    "signs": designs.sign_vectors(2),
    "coordinates": designs.coordinate_vectors(2),
    "skewed": designs.complements(2)["skewed"],
}
SAMPLE = Sample((Fraction(3, 5), Fraction(4, 5)), Fraction(1, 2), huber)
BESIDE = Sample((Fraction(1), Fraction(0)), Fraction(-3, 2), huber)
HOSTILE = Sample((Fraction(1), Fraction(0)), Fraction(3), huber)


def distance(claim) -> sp.Expr:
    f = claim.formulas
    return (
        f["drift"] * f["visits beyond the first"]
        + f["noise"] * f["root of the visits"]
        + f["finite"] * f["steps since the first"]
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Huber losses (L = G = 1): every sequence of indices and perturbations, in fractions."""
    for name, atoms in LAWS.items():
        delta, energy = designs.scale_of(atoms), largest_energy(atoms)
        for mu, central, steps in (
            (Fraction(1, 50), False, 3),
            (Fraction(1), False, 3),
            (Fraction(1, 2), True, 2),
        ):
            eta = 2 * delta / energy
            run = Run((BESIDE, SAMPLE), HOSTILE, atoms, eta, mu, (Fraction(0), Fraction(0)), central)
            ends = run.ends(steps)
            constants = {DELTA: delta, V: energy, M6: sixth_moment(atoms), ETA: eta, MU: mu}
            numbers = rational({**constants, L: 1, G: 1, SAMPLES: 2, STEPS: steps})
            stated = distance(claim).subs(numbers)
            found = mean_distance(ends)
            where = f"law {name}, mu = {mu}, T = {steps}, {'central' if central else 'forward'}"
            yield check_relation(
                found,
                "<=",
                stated,
                detail=f"E|x_T - x'_T| is {float(found) / float(stated):.2f} of the bound: {where}",
                falsifier=FALSIFIER,
            )
            yield check_relation(
                max(loss_change(ends, probe) for probe in (SAMPLE, BESIDE, HOSTILE)),
                "<=",
                stated * sp.Rational(numbers[G]),
                detail=f"|E l(x_T; z) - E l(x'_T; z)| at three samples against G times it: {where}",
                falsifier=FALSIFIER,
            )


@claim.check("one visit")
def one_visit_attained(claim) -> Iterator[Evidence]:
    """Linear losses G x_1 and -G x_1 and signs: one visit attains B, k visits come close to the bound."""
    for size, visits_made in ((2, 1), (2, 3), (3, 2)):
        atoms = designs.sign_vectors(size)
        energy, eta, bound = largest_energy(atoms), Fraction(1, 3), Fraction(2)
        states = {(Fraction(0),) * size: Fraction(1)}
        for _ in range(visits_made):
            following: dict[designs.Point, Fraction] = {}
            for d, weight in states.items():
                for w, v in atoms:
                    # The gradients differ by w = (2 G, 0, ...): d - eta v (v.w), with the sign that spreads.
                    moved = tuple(p + eta * 2 * bound * v[0] * q for p, q in zip(d, v, strict=True))
                    following[moved] = following.get(moved, Fraction(0)) + weight * w
            states = following
        square = sum((w * designs.dot(d, d) for d, w in states.items()), start=Fraction(0))
        numbers = rational({ETA: eta, G: bound, DELTA: 1, V: energy})
        constants = {
            DRIFT: claim.formulas["drift"].subs(numbers),
            NOISE: claim.formulas["noise"].subs(numbers),
        }
        stated = claim.formulas["visits"].subs(VISITS, visits_made).subs(constants)
        yield check_relation(
            square,
            "==" if visits_made == 1 else "<=",
            sp.expand(stated**2),
            detail=f"mean square after {visits_made} visits of opposite linear losses, signs in R^{size}",
            falsifier=FALSIFIER,
            parts=("one visit", "visits"),
        )
        yield check_relation(
            2 * square,
            ">=",
            sp.expand(stated**2),
            detail=f"and it is at least half the bound's square, {visits_made} visits, R^{size}",
            falsifier=FALSIFIER,
            parts=("one visit", "visits"),
        )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """Logistic losses log(1 + exp(-y u.x)), |u| = 1, so G = 1 and L = 1/4: signs in R^6, N = 12, T = 36."""
    dim, samples, steps, mu = 6, 12, 36, 0.1
    eta = Fraction(2) / (Fraction(1, 4) * dim)
    law = Rademacher(dim)
    numbers = {DELTA: 1, V: dim, M6: dim**3, ETA: eta, MU: Fraction(1, 10), L: Fraction(1, 4)}
    stated = float(
        distance(claim).subs(rational({**numbers, G: 1, SAMPLES: samples, STEPS: steps})).evalf()
    )

    sample = margin_runs(
        logistic, law, stream(2024, claim.id, "data"), eta=float(eta), mu=mu, samples=samples, steps=steps
    )

    return check_bound(
        sample,
        stated,
        resolvable=0.05 * stated,
        rng=stream(2024, claim.id, "runs"),
        detail="E|x_T - x'_T| of logistic regression, signs in R^6, N = 12, T = 36, at the largest step",
        falsifier=FALSIFIER,
    )
