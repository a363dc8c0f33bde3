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
NU = sp.Symbol("nu", positive=True)
P = sp.Symbol("p", positive=True)
SIGMA = sp.Symbol("sigma", positive=True)

claim = Claim(
    id="D5",
    title="Orders on h/2 |x|^2: about nu log(1/eps) steps without noise, E|v|^4/(d delta^2) sigma^2/(h^2 eps) with it",
    kind=Kind.EQUALITY,
    plain="On h/2 |x|^2 let E[v v^T |v|^2] = V I, or let the law follow the gradient with E[s n] = V, m_t = E|x_t|^2, and "
    "let the gradient carry noise of covariance sigma^2/d I, N = sigma^2 E|v|^4/d. Without noise the best step "
    "multiplies m by 1 - 1/nu, so the steps to m_T = eps m_0 lie between (nu - 1) log(1/eps) and nu log(1/eps) (rounded "
    "up). With noise the best step at each time gives 1/m_{t+1} - 1/m_t = delta^2 h^2/(N + (V - delta^2) h^2 m_t): no "
    "steps do better than 1/m_T = 1/m_0 + T delta^2 h^2/N, so T is N/(delta^2 h^2 eps) to first order. N is at least "
    "delta^2 d sigma^2, reached iff the length is fixed: the two-atom law has nu = 1/p in every dimension without noise, but "
    "with it it pays d (1 + (1 - d p)^2/(d^2 p (1 - p))) >= d.",
    latex=r"On $\frac h2\|x\|^2$, $E[vv^\top\|v\|^2]=VI$ (or $E[sn]=V$ along the gradient), $m_t=E\|x_t\|^2$, gradient noise "
    r"$\frac{\sigma^2}dI$, $N=\sigma^2E\|v\|^4/d$: without noise the best factor is $1-1/\nu$; with noise the best steps give "
    r"$\frac1{m_{t+1}}-\frac1{m_t}=\frac{\delta^2h^2}{N+(V-\delta^2)h^2m_t}$, so $T\sim\frac N{\delta^2h^2\varepsilon}$, "
    r"and $N\ge\delta^2d\sigma^2$ with equality iff $\|v\|$ is fixed.",
    source="derived here; orders as in arXiv 2510.19975, Corollary 3.2, as summarised",
    conditions=(
        "mu -> 0, or central differences",
        "gradient noise independent of v, covariance sigma^2/d I",
        "V >= delta^2; steps chosen in advance",
    ),
    expected=Verdict.PROVED,
    formulas={
        "factor": 1 - 1 / NU,
        "fewest": NU - 1,
        "most": NU,
        "gain": DELTA**2 * H**2 / (NOISE + (V - DELTA**2) * H**2 * SECOND),
        "largest gain": DELTA**2 * H**2 / NOISE,
        "least noise": DELTA**2 * D * SIGMA**2,
        "two atoms": D * (1 + (1 - D * P) ** 2 / (D**2 * P * (1 - P))),
    },
    parts=("without noise", "count", "with noise", "no better", "least noise", "two atoms"),
)

FALSIFIER = "steps that need fewer iterations, or a law with less noise"
# m+ for a step eta
AFTER = SECOND * (1 - 2 * STEP * DELTA * H + STEP**2 * V * H**2) + STEP**2 * NOISE


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
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
        noise, delta = squares * sigma2 / dim, law.delta
        # A Following law turns with the noisy gradient in the dynamics; here it turns with the exact one.
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


@claim.check("counting")
def counting(claim) -> Iterator[Evidence]:
    """Iterations counted one by one in fractions, with the best step, against both ends."""
    for law, steps in ((Coordinate(4), 40), (Rademacher(3), 25), (Gaussian(2), 25)):
        energy, delta = law.dimension_factor([1] + [0] * (law.dim - 1)) * law.delta**2, law.delta
        found = QuadraticDynamics([1] * law.dim, law, Fraction(delta) / energy, digits="exact")
        values = found.run(np.array([Fraction(1)] * law.dim, dtype=object), steps).values
        reached = sp.Rational(values[-1] / values[0])  # m_T = eps m_0 exactly at T = steps
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
