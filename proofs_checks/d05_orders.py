"""D5: how many iterations a law really needs on a round quadratic, without and with gradient noise."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np
import sympy as sp

from proofs_checks._shared import DELTA, D
from zotheory.bounds.dynamics.following import Following
from zotheory.bounds.dynamics.quadratic import QuadraticDynamics
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.laws import DAP, Coordinate, FirstAxis, Gaussian, Rademacher, Sphere, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict

H, V, NOISE, STEP, SECOND = sp.symbols("h V N eta m", positive=True)
START, TARGET, SQUARES = sp.symbols("m_0 eps M", positive=True)  # M = E|v|^4
NU = sp.Symbol("nu", positive=True)
P = sp.Symbol("p", positive=True)
SIGMA = sp.Symbol("sigma", positive=True)

claim = Claim(
    id="D5",
    title="Orders on h/2 |x|^2: about nu log(1/rho) steps without noise, E|v|^4/(d delta^2) sigma^2/(h^2 eps) with noise "
    "that v is independent of",
    kind=Kind.EQUALITY,
    plain="On h/2 |x|^2 let E[v v^T |v|^2] = V I, or let the law follow the exact gradient with E[s n] = V, m_t = E|x_t|^2, "
    "and let the gradient carry noise independent of v, of covariance sigma^2/d I, N = sigma^2 E|v|^4/d. Then "
    "m+ = m (1 - 2 eta delta h + eta^2 V h^2) + eta^2 N. Without noise the best step multiplies m by 1 - 1/nu, so the "
    "steps to m_T = rho m_0 lie between (nu - 1) log(1/rho) and nu log(1/rho) (rounded up). With noise the best step at "
    "each time gives 1/m_{t+1} - 1/m_t = delta^2 h^2/(N + (V - delta^2) h^2 m_t), which rises to delta^2 h^2/N as m -> 0: "
    "no steps do better than 1/m_T = 1/m_0 + T delta^2 h^2/N, and these reach m_T = eps < m_0 in a T between "
    "N (1/eps - 1/m_0)/(delta^2 h^2) and (N + (V - delta^2) h^2 m_0)(1/eps - 1/m_0)/(delta^2 h^2), rounded up. N is at "
    "least delta^2 d sigma^2, reached iff the length is fixed: the two-atom law has nu = 1/p in every dimension without "
    "noise, but with it it pays d (1 + (1 - d p)^2/(d^2 p (1 - p))) >= d. A law that follows the sampled gradient is not "
    "independent of the noise and escapes: the two-atom law along it has delta^2 sigma^2/p in place of N.",
    latex=r"On $\frac h2\|x\|^2$, $E[vv^\top\|v\|^2]=VI$ (or $E[sn]=V$ along the exact gradient), $m_t=E\|x_t\|^2$, gradient "
    r"noise $\frac{\sigma^2}dI$ independent of $v$, $N=\sigma^2E\|v\|^4/d$: without noise the best factor is "
    r"$1-1/\nu$; with noise the best steps give "
    r"$\frac1{m_{t+1}}-\frac1{m_t}=\frac{\delta^2h^2}{N+(V-\delta^2)h^2m_t}\le\frac{\delta^2h^2}N$, so "
    r"$\frac N{\delta^2h^2}\le T/(\frac1\varepsilon-\frac1{m_0})\le\frac{N+(V-\delta^2)h^2m_0}{\delta^2h^2}$ (rounded up), and "
    r"$N\ge\delta^2d\sigma^2$ with equality iff $\|v\|$ is fixed. Two atoms along the sampled gradient: $\delta^2\sigma^2/p$ "
    r"in place of $N$.",
    source="derived here; orders as in arXiv 2510.19975, Corollary 3.2, as summarised",
    conditions=(
        "mu -> 0, or central differences",
        "gradient noise of covariance sigma^2/d I, independent of v (but for the law along the sampled gradient)",
        "V >= delta^2; steps chosen in advance",
    ),
    expected=Verdict.PROVED,
    formulas={
        "noise": SIGMA**2 * SQUARES / D,
        "factor": 1 - 1 / NU,
        "fewest": NU - 1,
        "most": NU,
        "gain": DELTA**2 * H**2 / (NOISE + (V - DELTA**2) * H**2 * SECOND),
        "largest gain": DELTA**2 * H**2 / NOISE,
        "least time": NOISE * (1 / TARGET - 1 / START) / (DELTA**2 * H**2),
        "most time": (NOISE + (V - DELTA**2) * H**2 * START) * (1 / TARGET - 1 / START) / (DELTA**2 * H**2),
        "least noise": DELTA**2 * D * SIGMA**2,
        "two atoms": D * (1 + (1 - D * P) ** 2 / (D**2 * P * (1 - P))),
        "sampled": DELTA**2 * SIGMA**2 / P,
    },
    parts=(
        "step",
        "without noise",
        "count",
        "with noise",
        "no better",
        "time",
        "least noise",
        "two atoms",
        "sampled",
    ),
)

FALSIFIER = "steps that need fewer iterations, or a law with less noise"
# m+ for a step eta
AFTER = SECOND * (1 - 2 * STEP * DELTA * H + STEP**2 * V * H**2) + STEP**2 * NOISE


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # |x+|^2 = |x|^2 - 2 eta (v.x)(v.b) + eta^2 (v.b)^2 n, b = h x + xi. Given x and v the means over xi of
    # (v.x)(v.b) and (v.b)^2 are h y^2 and h^2 y^2 + v^T (sigma^2/d I) v, y = v.x; E y^2 = delta m, E[y^2 n] = V m.
    y2, n = sp.symbols("y2 n", positive=True)
    moved = SECOND - 2 * STEP * H * y2 + STEP**2 * (H**2 * y2 + SIGMA**2 / D * n) * n
    means = (moved - moved.subs(y2, 0)).expand()
    yield check_identity(
        AFTER.subs(NOISE, claim.formulas["noise"]),
        SECOND
        + means.coeff(n, 0).subs(y2, DELTA * SECOND)
        + means.coeff(n, 1).subs(y2, V * SECOND)
        + (moved.subs(y2, 0) - SECOND).subs(n, sp.sqrt(SQUARES)),
        detail="E|x+|^2 term by term, any d",
        falsifier=FALSIFIER,
        parts=("step",),
    )
    quiet = AFTER.subs(NOISE, 0) / SECOND
    excess = sp.expand(quiet.subs(V, NU * DELTA**2) - claim.formulas["factor"])
    yield check_nonnegative(
        excess,
        [Term(NU, STEP * DELTA * H - 1 / NU)],
        detail="factor of a step minus 1 - 1/nu is a square, zero at eta = delta/(V h)",
        falsifier=FALSIFIER,
        parts=("without noise",),
    )
    # Steps T = log(1/eps)/l with l = -log(1 - y), y = 1/nu. l - y and y/(1 - y) - l vanish at y = 0 and rise.
    y = sp.Symbol("y", positive=True)
    logarithm = -sp.log(1 - y)
    odds = sp.Symbol("o", positive=True)  # y = o/(1 + o) runs through (0, 1)
    for name, difference in (
        ("most", logarithm - 1 / claim.formulas["most"].subs(NU, 1 / y)),
        ("fewest", 1 / claim.formulas["fewest"].subs(NU, 1 / y) - logarithm),
    ):
        slope = sp.together(sp.diff(difference, y).subs(y, odds / (1 + odds)))
        yield check_relation(
            sp.factor(slope),
            ">",
            0,
            detail=f"the slope of the difference to -log(1 - 1/nu) in 1/nu, {name}",
            falsifier=FALSIFIER,
            parts=("count",),
            scope=Scope.GENERAL,
        )
        yield check_identity(
            sp.limit(difference, y, 0),
            0,
            detail=f"and it vanishes at 1/nu = 0, {name}",
            falsifier=FALSIFIER,
            parts=("count",),
            scope=Scope.GENERAL,
        )
    best = DELTA * H * SECOND / (V * H**2 * SECOND + NOISE)
    least = SECOND - DELTA**2 * H**2 * SECOND**2 / (V * H**2 * SECOND + NOISE)
    yield check_nonnegative(
        sp.together(AFTER - least),
        [Term(V * H**2 * SECOND + NOISE, STEP - best)],
        detail="m+ of a step minus its least value is a square",
        falsifier=FALSIFIER,
        parts=("with noise",),
    )
    yield check_identity(
        claim.formulas["gain"],
        1 / least - 1 / SECOND,
        detail="1/m+ - 1/m at the best step",
        falsifier=FALSIFIER,
        parts=("with noise",),
    )
    yield check_identity(
        claim.formulas["largest gain"],
        sp.limit(sp.cancel(1 / least - 1 / SECOND), SECOND, 0),
        detail="limit of 1/m+ - 1/m at the best step as m -> 0",
        falsifier=FALSIFIER,
        parts=("no better",),
    )
    # 1/m_T - 1/m_0 is a sum of T gains, of which none is below the first: m_t <= m_0, and the gain falls with m.
    added, spread = sp.symbols("k w", nonnegative=True)  # w = V - delta^2
    gain = sp.cancel(1 / least - 1 / SECOND).subs(V, DELTA**2 + spread)
    yield check_relation(
        sp.factor(gain - gain.subs(SECOND, SECOND + added)),
        ">=",
        0,
        detail="the gain of the best step does not rise with m",
        falsifier=FALSIFIER,
        parts=("time",),
        scope=Scope.GENERAL,
    )
    for name, each in (
        ("least time", sp.limit(gain, SECOND, 0)),
        ("most time", gain.subs(SECOND, START)),
    ):
        yield check_identity(
            claim.formulas[name].subs(V, DELTA**2 + spread),
            (1 / TARGET - 1 / START) / each,
            detail=f"T with 1/m_0 + T gain = 1/eps, {name}",
            falsifier=FALSIFIER,
            parts=("time",),
        )
    # The least m+ rises with m, so a smaller m now is never worse later; w = V - delta^2.
    extra = sp.Symbol("w", nonnegative=True)
    rise = sp.together(sp.diff(least, SECOND).subs(V, DELTA**2 + extra))
    yield check_relation(
        sp.factor(rise),
        ">",
        0,
        detail="the least m+ rises with m",
        falsifier=FALSIFIER,
        parts=("no better",),
        scope=Scope.GENERAL,
    )
    yield check_relation(
        sp.factor((claim.formulas["largest gain"] - claim.formulas["gain"]).subs(V, DELTA**2 + extra)),
        ">=",
        0,
        detail="no step gains more than delta^2 h^2/N",
        falsifier=FALSIFIER,
        parts=("no better",),
        scope=Scope.GENERAL,
    )
    # E n^2 = (E n)^2 + Var n with E n = delta d.
    variance = sp.Symbol("Var_n", nonnegative=True)
    yield check_nonnegative(
        SIGMA**2 / D * ((DELTA * D) ** 2 + variance) - claim.formulas["least noise"],
        [Term(SIGMA**2 / D * variance, 1)],
        detail="N minus its least value is sigma^2 Var(n)/d, zero iff n is constant",
        falsifier=FALSIFIER,
        parts=("least noise",),
    )
    atoms = P * (DELTA / P) ** 2 + (1 - P) * (DELTA * (D - 1) / (1 - P)) ** 2
    yield check_identity(
        claim.formulas["two atoms"],
        sp.together(atoms / D / DELTA**2),
        detail="E n^2/(d delta^2) of the two atoms n = delta/p and delta (d-1)/(1-p)",
        falsifier=FALSIFIER,
        parts=("two atoms",),
        domain={D: [2, 3, 5], P: [sp.Rational(1, 4), sp.Rational(2, 3)]},
    )
    # Along b = a + xi: v v^T b = (delta/p) b with probability p, else 0, and E|b|^2 = |a|^2 + sigma^2.
    square = P * (DELTA / P) ** 2 * (H**2 * SECOND + SIGMA**2)
    yield check_identity(
        claim.formulas["sampled"],
        sp.expand(square).coeff(SECOND, 0),
        detail="what the noise adds to E|v v^T b|^2, two atoms along the sampled gradient b",
        falsifier=FALSIFIER,
        parts=("sampled",),
    )


def laws(dim: int) -> list:
    """Return laws with E[v v^T |v|^2] = V I, or that follow the gradient."""
    half = Fraction(1, 2)
    return [
        Gaussian(dim, delta=half),
        Sphere(dim, delta=2),
        Rademacher(dim, delta=3),
        Coordinate(dim),
        Following(DAP(FirstAxis(dim), delta=2)),
        Following(TwoAtom(FirstAxis(dim), p=Fraction(1, 3), delta=half)),
    ]


def spread_of(law) -> tuple[Fraction, Fraction]:
    """Return V along the gradient and E n^2 of a law in `laws`."""
    plain = law.law if isinstance(law, Following) else law
    axis = [1] + [0] * (plain.dim - 1)
    return plain.dimension_factor(axis) * plain.delta**2, plain.norm_moment(2)


@claim.check("exact dynamics")
def dynamics(claim) -> Iterator[Evidence]:
    """Steps of E[x x^T] with each law's own fourth moments, in fractions, against the recursion."""
    dim, h, sigma2, start = 3, Fraction(2, 3), Fraction(5, 4), Fraction(7, 2)
    for law in laws(dim):
        energy, squares = spread_of(law)
        delta = law.delta
        noise = claim.formulas["noise"].subs(
            {SIGMA: sp.sqrt(sp.Rational(sigma2)), SQUARES: sp.Rational(squares), D: dim}
        )
        noise = Fraction(int(noise.p), int(noise.q))
        # A Following law turns with the sampled gradient in the dynamics: with noise, see the enumeration.
        noisy = not isinstance(law, Following)
        m = start
        for t in range(3):
            numbers = {H: h, V: energy, NOISE: noise, DELTA: delta, SECOND: m}
            best = delta * h * m / (energy * h**2 * m + (noise if noisy else 0))
            found = QuadraticDynamics(
                [h] * dim, law, best, noise=[sigma2 / dim] * dim if noisy else None, digits="exact"
            )
            after = sum(found.step(np.array([m / dim] * dim, dtype=object)))
            if noisy:
                claimed = claim.formulas["gain"].subs({k: sp.Rational(v) for k, v in numbers.items()})
                derived, parts = sp.Rational(1 / after - 1 / m), ("with noise", "no better")
            else:
                claimed = claim.formulas["factor"].subs(NU, sp.Rational(energy / delta**2))
                derived, parts = sp.Rational(after / m), ("without noise",)
            yield check_identity(
                claimed,
                derived,
                detail=f"step {t + 1} of {type(getattr(law, 'law', law)).__name__} in dimension {dim}",
                falsifier=FALSIFIER,
                parts=parts,
            )
            m = after
        yield check_relation(
            squares,
            ">=",
            claim.formulas["least noise"].subs({D: dim, DELTA: sp.Rational(delta), SIGMA: 1}) * dim,
            detail=f"E n^2 of {type(getattr(law, 'law', law)).__name__} against the least",
            falsifier=FALSIFIER,
            parts=("least noise",),
        )
    for dim, p in product((2, 5), (Fraction(1, 4), Fraction(2, 3))):
        law = TwoAtom(FirstAxis(dim), p=p, delta=Fraction(3, 2))
        yield check_identity(
            claim.formulas["two atoms"].subs({D: dim, P: sp.Rational(p)}),
            law.norm_moment(2) / dim / law.delta**2,
            detail=f"two-atom law, d = {dim}, p = {p}",
            falsifier=FALSIFIER,
            parts=("two atoms",),
        )


def turning_atoms(
    p: Fraction, along: Fraction, across: Fraction
) -> list[tuple[Fraction, Fraction, Fraction]]:
    """Return weights and entries along and across a direction in the plane: two atoms with random signs."""
    signs = (Fraction(1, 2), 1), (Fraction(1, 2), -1)
    return [(w * p, sign * along, Fraction(0)) for w, sign in signs] + [
        (w * (1 - p), Fraction(0), sign * across) for w, sign in signs
    ]


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """A step in the plane along the exact gradient, and along the sampled one: all perturbations, all noise."""
    signs = [(Fraction(1, 4), Fraction(s), Fraction(t)) for s, t in product((1, -1), repeat=2)]
    cases = {
        # p, delta: along^2 = delta/p and across^2 = delta/(1 - p) are squares of fractions.
        "two atoms, p = 1/2, delta = 2": (
            Fraction(1, 2),
            turning_atoms(Fraction(1, 2), Fraction(2), Fraction(2)),
        ),
        "two atoms, p = 1/5, delta = 5": (
            Fraction(1, 5),
            turning_atoms(Fraction(1, 5), Fraction(5), Fraction(5, 2)),
        ),
        "aligned": (None, signs),
    }
    x, h, sigma = (Fraction(3), Fraction(4)), Fraction(2, 3), Fraction(1, 2)
    # +-sigma e_i with equal probabilities: covariance sigma^2/2 I.
    noise = [(Fraction(1, 4), (s * sigma, Fraction(0))) for s in (1, -1)]
    noise += [(Fraction(1, 4), (Fraction(0), s * sigma)) for s in (1, -1)]
    unit = (x[0] / 5, x[1] / 5)  # |x| = 5
    for name, (p, atoms) in cases.items():
        delta = sum((w * s * s for w, s, _ in atoms), start=Fraction(0))
        if delta != sum((w * t * t for w, _, t in atoms), start=Fraction(0)):
            raise ValueError(f"{name} is not unbiased")
        energy = sum((w * s * s * (s * s + t * t) for w, s, t in atoms), start=Fraction(0))
        squares = sum((w * (s * s + t * t) ** 2 for w, s, t in atoms), start=Fraction(0))
        for eta in (Fraction(1, 10), delta / energy):
            exact = sampled = Fraction(0)
            for weight, xi in noise:
                b = (h * x[0] + xi[0], h * x[1] + xi[1])
                for w, s, t in atoms:
                    v = (s * unit[0] - t * unit[1], s * unit[1] + t * unit[0])
                    slope = v[0] * b[0] + v[1] * b[1]
                    exact += weight * w * sum((c - eta * slope * d) ** 2 for c, d in zip(x, v, strict=True))
                    # v = (s b + t b')/|b|, v.b = s |b|
                    g = (s * (s * b[0] - t * b[1]), s * (s * b[1] + t * b[0]))
                    sampled += weight * w * sum((c - eta * d) ** 2 for c, d in zip(x, g, strict=True))
            numbers = {
                STEP: eta, H: h, DELTA: delta, SIGMA: sigma, V: energy, SECOND: 25, SQUARES: squares, D: 2
            }  # fmt: skip
            numbers = {symbol: sp.Rational(value) for symbol, value in numbers.items()}
            yield check_identity(
                AFTER.subs(NOISE, claim.formulas["noise"]).subs(numbers),
                exact,
                detail=f"E|x+|^2 along the exact gradient, eta = {eta}, {name}",
                falsifier=FALSIFIER,
                parts=("step", "with noise"),
                scope=Scope.INSTANCE,
            )
            if p is not None:
                yield check_identity(
                    AFTER.subs(NOISE, claim.formulas["sampled"]).subs({**numbers, P: sp.Rational(p)}),
                    sampled,
                    detail=f"E|x+|^2 along the sampled gradient, eta = {eta}, {name}",
                    falsifier=FALSIFIER,
                    parts=("sampled",),
                    scope=Scope.INSTANCE,
                )


@claim.check("best steps")
def best_steps(claim) -> Iterator[Evidence]:
    """Best steps one after another, by the package's dynamics in fractions: the time against both its ends."""
    dim, h, sigma2, steps = 3, Fraction(2, 3), Fraction(5, 4), 12
    for law, start in product((Coordinate(dim), Gaussian(dim)), (Fraction(7, 2), Fraction(1, 1000))):
        energy, squares = spread_of(law)
        noise, delta, m = squares * sigma2 / dim, law.delta, start
        for _ in range(steps):
            best = delta * h * m / (energy * h**2 * m + noise)
            dynamics = QuadraticDynamics([h] * dim, law, best, noise=[sigma2 / dim] * dim, digits="exact")
            m = sum(dynamics.step(np.array([m / dim] * dim, dtype=object)))
        numbers = {H: h, V: energy, NOISE: noise, DELTA: delta, START: start, TARGET: m}
        numbers = {symbol: sp.Rational(value) for symbol, value in numbers.items()}
        least, most = (claim.formulas[f"{name} time"].subs(numbers) for name in ("least", "most"))
        detail = f"{type(law).__name__} from m_0 = {start} to m after {steps} best steps"
        for value, relation in ((least, "<="), (most, ">=")):
            yield check_relation(
                value, relation, steps, detail=detail, falsifier=FALSIFIER, parts=("time", "with noise")
            )
        if start < 1:
            # Here the two ends nearly meet, so that neither constant can be another.
            yield check_relation(
                most / least, "<=", sp.Rational(101, 100), detail=f"ratio of the two ends, {detail}",
                falsifier=FALSIFIER, parts=("time",),
            )  # fmt: skip
            gained = steps * claim.formulas["largest gain"].subs(numbers)
            yield check_relation(
                sp.Rational(1 / m - 1 / start) / gained,
                ">=",
                sp.Rational(99, 100),
                detail=f"share of T times the largest gain that is reached, {detail}",
                falsifier=FALSIFIER,
                parts=("no better",),
            )


@claim.check("counting")
def counting(claim) -> Iterator[Evidence]:
    """Iterations counted one by one in fractions, with the best step, against both ends."""
    for law, steps in ((Coordinate(4), 40), (Rademacher(3), 25), (Gaussian(2), 25)):
        energy, delta = law.dimension_factor([1] + [0] * (law.dim - 1)) * law.delta**2, law.delta
        found = QuadraticDynamics([1] * law.dim, law, Fraction(delta) / energy, digits="exact")
        values = found.run(np.array([Fraction(1)] * law.dim, dtype=object), steps).values
        reached = sp.Rational(values[-1] / values[0])  # m_T = rho m_0 exactly at T = steps
        nu = energy / delta**2
        for name, relation in (("fewest", "<="), ("most", ">=")):
            bound = claim.formulas[name].subs(NU, sp.Rational(nu)) * -sp.log(reached)
            yield check_relation(
                bound,
                relation,
                steps,
                detail=f"{name} steps to {float(reached):.3g}, {type(law).__name__} in dimension {law.dim}",
                falsifier=FALSIFIER,
                parts=("count", "without noise"),
            )


@claim.check("other steps")
def other_steps(claim) -> Iterator[Evidence]:
    """Constant and decreasing steps, in fractions: none beats 1/m_0 + T delta^2 h^2/N."""
    dim, h, sigma2, steps = 3, Fraction(1), Fraction(2), 12
    law = Coordinate(dim)
    noise = law.norm_moment(2) * sigma2 / dim
    bound = 1 + steps * sp.Rational(1, 1) * claim.formulas["largest gain"].subs(
        {DELTA: 1, H: sp.Rational(h), NOISE: sp.Rational(noise)}
    )
    schedules = {
        "constant 1/10": [Fraction(1, 10)] * steps,
        "constant 1/4": [Fraction(1, 4)] * steps,
        "1/(t + 6)": [Fraction(1, t + 6) for t in range(steps)],
        "rising": [Fraction(t + 1, 60) for t in range(steps)],
    }
    for name, schedule in schedules.items():
        state = np.array([Fraction(1, dim)] * dim, dtype=object)
        for step in schedule:
            found = QuadraticDynamics([h] * dim, law, step, noise=[sigma2 / dim] * dim, digits="exact")
            state = found.step(state)
        yield check_relation(
            1 / sum(state),
            "<=",
            bound,
            detail=f"1/m after {steps} steps {name}",
            falsifier=FALSIFIER,
            parts=("no better",),
        )
