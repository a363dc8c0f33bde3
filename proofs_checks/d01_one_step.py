"""D1: one step of SGD with two-point estimates of a smooth function."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._descent import (
    BETA,
    ETA,
    LAWS,
    LOPSIDED,
    M4,
    M6,
    MU,
    NOISE,
    OMEGA,
    RATIO,
    THETA,
    A,
    L,
    Run,
    V,
    cases,
    numbers,
)
from proofs_checks._designs import dot
from proofs_checks._shared import DELTA
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.kernel import CoqProof
from zotheory.ledger.claim import Claim, Kind, Verdict

F = sp.Symbol("F", real=True)

claim = Claim(
    id="D1",
    title="One step of zeroth-order SGD on a smooth function, with Young's weights",
    kind=Kind.UPPER_BOUND,
    plain="For x+ = x - eta g with forward or central differences, A = |grad f(x)|, and all omega in (0,1), "
    "theta > 0: E f(x+) <= f(x) - eta ((1-omega) delta - (1+theta) L V eta/2) A^2 + eta L^2 mu^2 beta^2/(16 omega "
    "delta) + eta^2 (1+1/theta) L^3 mu^2 E[n^3]/8 + eta^2 (1+theta) L V sigma^2/2, where beta bounds E[sqrt(s) n], "
    "for example beta^2 = delta E[n^2]. At mu = 0 omega = theta = 0 is allowed, and equality occurs.",
    latex=r"For $x^+=x-\eta\hat g$ with forward or central differences, $A=\|\nabla f(x)\|$, $\omega\in(0,1)$, "
    r"$\theta>0$: $E f(x^+)\le f(x)-\eta\bigl((1-\omega)\delta-\tfrac{1+\theta}2LV\eta\bigr)A^2"
    r"+\eta\frac{L^2\mu^2\beta^2}{16\omega\delta}+\eta^2\frac{(1+1/\theta)L^3\mu^2E[n^3]}8"
    r"+\eta^2\frac{(1+\theta)LV\sigma^2}2$, where $\beta\ge E[\sqrt s\,n]$, for example $\beta^2=\delta E[n^2]$. "
    r"At $\mu=0$, $\omega=\theta=0$ is allowed, and equality occurs.",
    source="derived here; arXiv 2510.19975, Theorem 3.1 as summarised, has the order of its sum",
    conditions=(
        "every data sample F has an L-Lipschitz gradient; both evaluations use the same sample",
        "F is independent of v, E F = f and E|grad F - grad f|^2 <= sigma^2",
        "V = E[s n] for every direction (without noise: for that of the gradient); E[v v^T] = delta I",
        "E[n^3] is finite if mu > 0",
    ),
    expected=Verdict.PROVED,
    formulas={
        "bias": L**2 * MU**2 * BETA**2 / (16 * OMEGA * DELTA),
        "beta": sp.sqrt(DELTA * M4),
        "sixth": (1 + 1 / THETA) * L**3 * MU**2 * M6 / 8,
        "noise": (1 + THETA) * L * V * NOISE / 2,
        "drift": (1 - OMEGA) * DELTA,
        "brake": (1 + THETA) * L * V / 2,
    },
    parts=("descent lemma", "bias", "beta", "second moment", "one step", "equality"),
    depends=("A10a",),
    coq=CoqProof(
        file="d01_one_step.v",
        formulas={
            "bias": "L mu beta delta r",
            "beta": "delta m4",
            "sixth": "L mu m6 theta",
            "noise": "L V sigma2 theta",
            "drift": "delta r",
            "brake": "L V theta",
        },
        theorems={
            "descent_lemma": ("descent lemma",),
            "two_points": ("bias",),
            "young": ("bias",),
            "beta_bound": ("beta",),
            "second_moment": ("second moment",),
            "step": ("one step",),
            "equality": ("equality",),
        },
        without_formulas=("descent_lemma", "two_points"),
        detail="from an L-Lipschitz gradient to the bound, with both schemes, for every law of v and of the data with "
        "finitely many atoms, at mu, omega, theta > 0 (mu = 0 and omega = theta = 0 are left to other routes)",
    ),
)

FALSIFIER = "an L-smooth f, a law, a step and a point with a larger E f(x+)"


def after(claim: Claim) -> sp.Expr:
    """Return the bound on E f(x+)."""
    f = claim.formulas
    return (
        F
        - ETA * (f["drift"] - f["brake"] * ETA) * A**2
        + ETA * f["bias"]
        + ETA**2 * (f["sixth"] + f["noise"])
    )


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    f = claim.formulas
    sigma, n, t = sp.symbols("sigma n t", nonnegative=True)
    y, error = sp.symbols("y D", real=True)
    # f(x + h) - f(x) - a.h = int_0^1 (grad f(x + t h) - a).h dt <= int_0^1 L t |h|^2 dt.
    yield check_identity(
        L * n / 2,
        sp.integrate(L * t * n, (t, 0, 1)),
        detail="integral of the Lipschitz bound along h, |h|^2 = n",
        falsifier=FALSIFIER,
        parts=("descent lemma",),
    )
    # g = (y + D) v with y = a.v, |y| <= A sigma, and |D| <= reach = L mu n/2 (A10a).
    top, reach = A * sigma, L * MU * n / 2
    slacks = [top - y, top + y, reach - error, reach + error]
    yield check_nonnegative(
        reach * top + error * y,
        [
            Term(sp.Rational(1, 2), 1, (slacks[0], slacks[2])),
            Term(sp.Rational(1, 2), 1, (slacks[1], slacks[3])),
        ],
        slacks,
        detail="a.g >= y^2 - (L mu/2) A sqrt(s) n for each v; with E y^2 = delta A^2 and E[sqrt(s) n] <= beta",
        falsifier=FALSIFIER,
        parts=("bias",),
    )
    yield check_nonnegative(
        OMEGA * DELTA * A**2 + f["bias"] - L * MU * A * BETA / 2,
        [Term(OMEGA * DELTA, A - L * MU * BETA / (4 * OMEGA * DELTA))],
        detail="Young: (L mu/2) A beta <= omega delta A^2 + bias",
        falsifier=FALSIFIER,
        parts=("bias",),
    )
    # E[sigma n] <= (w E s + E n^2/w)/2 for every w > 0; the best w is sqrt(m4/delta).
    w = sp.Symbol("w", positive=True)
    yield check_nonnegative(
        (w * sigma**2 + n**2 / w) / 2 - sigma * n,
        [Term(1 / (2 * w), w * sigma - n)],
        detail="sqrt(s) n <= (w s + n^2/w)/2 for each v",
        falsifier=FALSIFIER,
        parts=("beta",),
    )
    yield check_identity(
        f["beta"],
        ((w * DELTA + M4 / w) / 2).subs(w, sp.sqrt(M4 / DELTA)),
        detail="its expectation at w = sqrt(E[n^2]/delta)",
        falsifier=FALSIFIER,
        parts=("beta",),
    )
    # (y + D)^2 n <= (1 + theta) y^2 n + (1 + 1/theta) D^2 n, and D^2 <= reach^2.
    yield check_nonnegative(
        (1 + THETA) * y**2 * n + (1 + 1 / THETA) * reach**2 * n - (y + error) ** 2 * n,
        [
            Term(1 / THETA, THETA * y - error, (n,)),
            Term(1 + 1 / THETA, 1, (n, slacks[2], slacks[3])),
        ],
        slacks,
        detail="|g|^2 <= (1+theta) (a.v)^2 n + (1+1/theta) L^2 mu^2 n^3/4 for each v",
        falsifier=FALSIFIER,
        parts=("second moment",),
    )
    # With noise z, E[((a + z).v)^2 n | z] <= V |a + z|^2 and E|a + z|^2 = A^2 + 2 a.E z + E|z|^2.
    inner, z_square = sp.Symbol("a_z", real=True), sp.Symbol("z2", nonnegative=True)
    yield check_nonnegative(
        V * (A**2 + NOISE) - V * (A**2 + 2 * inner + z_square).subs(inner, 0),
        [Term(V, 1, (NOISE - z_square,))],
        [NOISE - z_square],
        detail="noise of mean 0, so that E[a.z] = 0, adds at most V sigma^2",
        falsifier=FALSIFIER,
        parts=("second moment",),
    )
    # Put together: new = E f(x+), along = E[a.g], square = E|g|^2.
    new, along, square = sp.symbols("new along square", real=True)
    lemma = F - ETA * along + L * ETA**2 / 2 * square - new
    mean = along - (DELTA * A**2 - OMEGA * DELTA * A**2 - f["bias"])
    second = (1 + THETA) * V * (A**2 + NOISE) + (1 + 1 / THETA) * L**2 * MU**2 * M6 / 4 - square
    yield check_nonnegative(
        after(claim) - new,
        [Term(1, 1, (lemma,)), Term(ETA, 1, (mean,)), Term(L * ETA**2 / 2, 1, (second,))],
        [lemma, mean, second],
        detail="the descent lemma, the bias and the second moment together",
        falsifier=FALSIFIER,
        parts=("one step",),
        values={RATIO: [1], THETA: [1], DELTA: [1], V: [1]},
    )
    # mu = 0, omega = theta = 0, f(x) = L x^2/2 in one dimension, v = +-sqrt(delta): x+ = (1 - eta L delta) x.
    x = sp.Symbol("x", real=True)
    bound = without_smoothing(claim)
    here = {F: L * x**2 / 2, A: L * x, V: DELTA**2, NOISE: 0}
    yield check_identity(
        sp.expand(bound.subs(here)),
        sp.expand(L / 2 * ((1 - ETA * DELTA * L) * x) ** 2),
        detail="equality for L x^2/2 and a sign, for all eta; at eta = 2 delta/(L V) f does not fall",
        falsifier="a smaller E f(x+) there",
        parts=("equality",),
    )


def without_smoothing(claim: Claim) -> sp.Expr:
    """Return the bound at mu = 0 in the limit of zero weights."""
    f = claim.formulas
    terms = F - ETA * (f["drift"] - f["brake"] * ETA) * A**2 + ETA**2 * f["noise"]
    return terms.subs({RATIO: 0, THETA: 0})


WEIGHTS = ((Fraction(1), Fraction(1)), (Fraction(1, 3), Fraction(1, 2)))


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Every part over the atoms of rational laws, at points of functions that are not quadratic."""
    f = claim.formulas
    beta = f["beta"]
    for words, run, x in cases():
        a, square = run.f.gradient(x), run.f.square(x)
        delta = numbers(run)[DELTA]
        for ratio, theta in WEIGHTS:
            point = numbers(run, {RATIO: ratio, THETA: theta})
            limit = (f["drift"] / f["brake"]).subs(point)
            eta = Fraction(str(limit)) / 2
            point |= {
                BETA: beta.subs(point),
                A: sp.sqrt(sp.Rational(square)),
                F: sp.Rational(run.f.value(x)),
            }
            point |= {ETA: sp.Rational(eta)}
            second = (1 + THETA) * V * (A**2 + NOISE) + 2 * f["sixth"] / L
            omega = OMEGA.subs(RATIO, sp.Rational(ratio))
            found = {
                "bias": (
                    delta * (1 - omega) * sp.Rational(square) - f["bias"].subs(point),
                    run.mean(x, lambda g, a=a: dot(a, g)),
                ),
                "second moment": (run.mean(x, lambda g: dot(g, g)), second.subs(point)),
                "one step": (run.after(x, eta), after(claim).subs(point)),
            }
            for part, (low, high) in found.items():
                yield check_relation(
                    low,
                    "<=",
                    high,
                    detail=f"{part}: {words}, omega = {omega}, theta = {theta}",
                    falsifier=FALSIFIER,
                    parts=(part,),
                )
    for law, atoms in LAWS.items():
        run = Run(LOPSIDED, atoms, Fraction(1))
        point = numbers(run)
        # In the direction of the first axis; squared, since sqrt(s) = |v_1| is rational.
        mean = sum((w * abs(v[0]) * dot(v, v) for w, v in atoms), start=Fraction(0))
        yield check_relation(
            mean**2,
            "<=",
            (beta**2).subs(point),
            detail=f"E[sqrt(s) n]^2 against beta^2: {law}",
            falsifier=FALSIFIER,
            parts=("beta",),
        )


@claim.check("instances")
def instances(claim) -> Iterator[Evidence]:
    """The lemma on a grid of pairs, and equality in fractions."""
    grid = [Fraction(k, 3) for k in range(-9, 10)]
    tried: list[str] = []
    for words, run, _ in cases():
        f = run.f
        if f.name in tried:
            continue
        tried.append(f.name)
        worst = max(
            f.value((p + h,)) - f.value((p,)) - h * f.gradient((p,))[0] - f.smoothness * h * h / 2
            for p in grid
            for h in grid
        )
        yield check_relation(
            worst, "<=", 0, detail=f"largest excess over the lemma on a grid: {words.split(',')[0]}",
            falsifier=FALSIFIER, parts=("descent lemma",),
        )  # fmt: skip
    # LOPSIDED is x^2 to the right of 0, so L = 2; x stays there for these steps.
    run = Run(LOPSIDED, LAWS["a sign"], Fraction(1, 8), central=True)
    x = Fraction(5)
    for eta in (Fraction(1, 10), Fraction(1, 2)):
        point = numbers(run, {A: 2 * x, F: x * x, ETA: eta})
        yield check_identity(
            without_smoothing(claim).subs(point),
            run.after((x,), eta),
            detail=f"equality at x = {x}, eta = {eta}, where central differences are exact",
            falsifier="a smaller E f(x+) there",
            parts=("equality",),
            scope=Scope.INSTANCE,
        )
