"""D4: a bound on the mean squared gradient over smooth functions, sharp for laws with E[v v^T |v|^2] = V I."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._shared import DELTA
from zotheory.bounds.performance import FunctionClass, worst_case
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.laws import Coordinate, Law, Rademacher
from zotheory.ledger.claim import Claim, Kind, Verdict

L, STEP, V = sp.symbols("L eta V", positive=True)
T = sp.Symbol("T", integer=True, positive=True)
GAP = sp.Symbol("F", nonnegative=True)  # f(x) - f*
Q = STEP * (DELTA - L * STEP * V / 2)
R = 1 - 2 * L * Q

claim = Claim(
    id="D4",
    title="Sharp: sum of E|grad f|^2 over T steps <= (f(x_0) - f*)(1 - r^T)/q, attained on L/2 |x|^2 "
    "by laws with E[v v^T |v|^2] = V I",
    kind=Kind.UPPER_BOUND,
    plain="Let f be L-smooth with f >= f*, x+ = x - eta v v^T grad f(x) with E[v v^T] = delta I and "
    "E[(v.u)^2 |v|^2] <= V for unit u, q = eta (delta - L eta V/2) > 0 and r = 1 - 2 L q. Then the sum of "
    "E|grad f(x_t)|^2 over t < T is at most (f(x_0) - f*)(1 - r^T)/q. For laws with E[v v^T |v|^2] = V I it is an "
    "equality on L/2 |x|^2: no smaller constant holds for convex or for smooth functions. The step "
    "eta = delta/(L V) is the best one of this bound for every T, and the only one for T >= 2; there the mean is at most 2 L nu (f(x_0) - f*)/T with nu = V/delta^2.",
    latex=r"Let $f$ be $L$-smooth, $f\ge f^*$, $x^+=x-\eta vv^\top\nabla f(x)$, $E[vv^\top]=\delta I$, "
    r"$E[(v\cdot u)^2\|v\|^2]\le V$ for unit $u$, $q=\eta(\delta-L\eta V/2)>0$, $r=1-2Lq$. Then "
    r"$\sum_{t<T}E\|\nabla f(x_t)\|^2\le(f(x_0)-f^*)(1-r^T)/q$, with equality on $\frac L2\|x\|^2$ if "
    r"$E[vv^\top\|v\|^2]=VI$. The best step of the bound is $\eta=\delta/(LV)$ (the only one for $T\ge2$), where the mean is at most $2L\nu(f(x_0)-f^*)/T$.",
    source="derived here; orders as in arXiv 2510.19975, Corollary 3.2, as summarised",
    conditions=(
        "f is L-smooth and bounded below by f*",
        "0 < eta < 2 delta/(L V); V >= delta^2 holds for every law, and V may be a supremum over the iterates",
        "mu -> 0, no gradient noise",
        "equality: E[v v^T |v|^2] = V I; for other laws the bound holds with V the largest eigenvalue",
    ),
    expected=Verdict.PROVED,
    formulas={
        "q": Q,
        "bound": GAP * (1 - R**T) / Q,
        "best step": DELTA / (L * V),
        "best r": 1 - DELTA**2 / V,
        "at the best step": 2 * L * V / DELTA**2 * GAP,
    },
    parts=("descent", "bound", "attained", "best step"),
)

FALSIFIER = "a smooth function with a larger sum, or a step with a smaller one"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    g = sp.Symbol("G", nonnegative=True)  # |grad f(x)|^2
    # E[grad f.(x+ - x)] + L/2 E|x+ - x|^2 with E[grad f.v v^T grad f] = delta G, E|v v^T grad f|^2 <= V G.
    yield check_identity(
        -claim.formulas["q"] * g,
        sp.expand(-STEP * DELTA * g + L / 2 * STEP**2 * V * g),
        detail="expected change of f in a step is at most -q |grad f|^2, from the quadratic upper bound",
        falsifier=FALSIFIER,
        parts=("descent",),
    )
    # f* <= f(x - grad f/L) <= f - G/L + (L/2) G/L^2, so F >= G/(2 L): the slack 2 L F - G is non-negative.
    least = sp.expand(g / L - L / 2 * g / L**2)
    slack = sp.expand(2 * L * (GAP - least))
    yield check_identity(
        slack,
        2 * L * GAP - g,
        detail="2 L (f - f*) - |grad f|^2 is 2 L times what is left above f* after a step of 1/L",
        falsifier=FALSIFIER,
        parts=("bound",),
    )
    excess = sp.Symbol("w", nonnegative=True)  # V - delta^2
    ratio = sp.expand((1 - 2 * L * claim.formulas["q"]).subs(V, DELTA**2 + excess))
    yield check_nonnegative(
        ratio,
        [Term(1, 1 - L * STEP * DELTA), Term(L**2 * excess, STEP)],
        detail="r >= 0, because V >= delta^2",
        falsifier=FALSIFIER,
        parts=("bound",),
    )
    # Induction on T: S_T <= G + E S_{T-1}(x+) <= G + (F - q G)(1 - p)/q with p = r^(T-1) >= 0.
    p, q = sp.Symbol("p", nonnegative=True), sp.Symbol("q", positive=True)
    bound = claim.formulas["bound"].subs(T, sp.Symbol("n", integer=True, nonnegative=True) + 1)
    power = sp.Symbol("r", nonnegative=True)
    shape = GAP * (1 - power * p) / q  # with r^(n+1) = r p
    n = sp.Symbol("n", integer=True, nonnegative=True)
    yield check_identity(
        bound,
        shape.subs({p: R**n, power: R, q: Q}),
        detail="the bound at T = n + 1 is F (1 - r p)/q with p = r^n",
        falsifier=FALSIFIER,
        parts=("bound",),
    )
    yield check_nonnegative(
        shape.subs(power, 1 - 2 * L * q) - g - (GAP - q * g) * (1 - p) / q,
        [Term(p, 1, (2 * L * GAP - g,))],
        (2 * L * GAP - g,),
        detail="induction: the bound at T minus |grad f|^2 minus the bound at T - 1 from f - q |grad f|^2",
        falsifier=FALSIFIER,
        parts=("bound",),
    )
    # On L/2 |x|^2: G = 2 L F and E F(x+) = F - q G = r F, so the terms are 2 L F r^t.
    for steps in (1, 2, 3, 5, 8):
        total = sp.Add(*(2 * L * GAP * (1 - 2 * L * q) ** k for k in range(steps)))
        yield check_identity(
            GAP * (1 - (1 - 2 * L * q) ** steps) / q,
            total,
            detail=f"geometric sum on L/2 |x|^2, T = {steps}, symbolic q",
            falsifier=FALSIFIER,
            parts=("attained",),
        )
    rate = sp.Symbol("r", positive=True)
    yield check_identity(
        2 * L * GAP * (1 - rate**T) / (2 * L * q).subs(q, (1 - rate) / (2 * L)),
        2 * L * GAP * (1 - rate ** (T + 1)) / (1 - rate) - 2 * L * GAP * rate**T,
        detail="geometric sum on L/2 |x|^2: from T to T + 1 it gains 2 L F r^T, symbolic T",
        falsifier=FALSIFIER,
        parts=("attained",),
    )
    # (1 - r^T)/q = 2 L (1 + r + ... + r^(T-1)) grows with r >= 0, so the best step is where r is least.
    best = claim.formulas["best step"]
    yield check_nonnegative(
        sp.expand(1 - 2 * L * claim.formulas["q"] - claim.formulas["best r"]),
        [Term(L**2 * V, STEP - best)],
        detail="r minus its value at the best step is a square",
        falsifier=FALSIFIER,
        parts=("best step",),
    )
    # With p = r^n, the bound at T = n + 2 is 2 L F (1 + r (1 + ... + r^n)): it rises strictly with r.
    yield check_identity(
        [claim.formulas["bound"].subs(T, 1), claim.formulas["bound"].subs(T, n + 2)],
        [2 * L * GAP, 2 * L * GAP * (1 + R * (1 - R ** (n + 1)) / (1 - R))],
        detail="for T = 1 the bound is the same at every step; for T >= 2 it rises with r",
        falsifier=FALSIFIER,
        parts=("best step",),
    )
    yield check_identity(
        claim.formulas["at the best step"],
        (GAP / claim.formulas["q"]).subs(STEP, best),
        detail="F/q at the best step",
        falsifier=FALSIFIER,
        parts=("best step",),
    )


def path_sum(squares, gradient, x: tuple[Fraction, ...], step: Fraction, steps: int) -> Fraction:
    """Return the sum of E|grad f(x_t)|^2 over t < steps, over every path of a law with equal weights."""
    level, total = [x], Fraction(0)
    for _ in range(steps):
        slopes = [gradient(y) for y in level]
        squares_of_slopes = (sum((g * g for g in slope), start=Fraction(0)) for slope in slopes)
        total += sum(squares_of_slopes, start=Fraction(0)) / len(level)
        level = [
            tuple(y[i] - step * sum(square[i][j] * g[j] for j in range(len(y))) for i in range(len(y)))
            for y, g in zip(level, slopes, strict=True)
            for square in squares
        ]
    return total


def rademacher_squares(dim: int) -> list[list[list[Fraction]]]:
    signs = [(1, *rest) for rest in product((1, -1), repeat=dim - 1)]
    return [[[Fraction(x * y) for y in v] for x in v] for v in signs]


def coordinate_squares(dim: int) -> list[list[list[Fraction]]]:
    return [[[Fraction(dim * (i == j == k)) for j in range(dim)] for i in range(dim)] for k in range(dim)]


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """All paths of coordinate and sign perturbations on quadratics and Huber functions, in fractions; L = 2."""
    third = Fraction(1, 3)
    x = (Fraction(1), Fraction(-2), Fraction(3, 2))

    def round_quadratic(y):
        return tuple(2 * z for z in y)

    def uneven(y):
        return (2 * y[0], third * y[1], 0 * y[2])

    def huber(y):
        u = y[0] + y[1]  # f = h(u), h'' <= 1 and |(1, 1, 0)|^2 = 2: L = 2
        slope = max(min(u, Fraction(1, 2)), Fraction(-1, 2))
        return (slope, slope, Fraction(0))

    def huber_value(u):
        return u * u / 2 if abs(u) <= Fraction(1, 2) else abs(u) / 2 - Fraction(1, 8)

    functions = {
        "2/2 |x|^2": (round_quadratic, sum(z * z for z in x)),
        "a quadratic with curvatures 2, 1/3, 0": (uneven, x[0] ** 2 + third * x[1] ** 2 / 2),
        "a Huber function": (huber, huber_value(x[0] + x[1])),
    }
    for name, squares in (("coordinate", coordinate_squares(3)), ("signs", rademacher_squares(3))):
        for shape, (gradient, gap) in functions.items():
            for step, steps in ((Fraction(1, 12), 3), (Fraction(1, 6), 3), (Fraction(1, 4), 4)):
                numbers = {L: 2, DELTA: 1, V: 3, STEP: sp.Rational(step), T: steps, GAP: sp.Rational(gap)}
                claimed = claim.formulas["bound"].subs(numbers)
                total = path_sum(squares, gradient, x, step, steps)
                detail = f"{steps} steps of {step} along {name} perturbations on {shape}"
                if shape.startswith("2/2"):
                    yield check_identity(
                        claimed,
                        total,
                        detail=detail,
                        falsifier=FALSIFIER,
                        parts=("attained", "descent"),
                    )
                else:
                    yield check_relation(
                        total, "<=", claimed, detail=detail, falsifier=FALSIFIER, parts=("bound",)
                    )


@claim.check("other laws")
def other_laws(claim) -> Iterator[Evidence]:
    """On |x|^2/2, two steps, E[v v^T n] = M: |x|^2 + x^T (I - 2 eta delta I + eta^2 M) x, equal iff M x = V x."""
    identity = tuple(tuple(Fraction(i == j) for j in range(3)) for i in range(3))
    atoms = designs.unequal_axes(identity)
    delta = designs.scale_of(atoms)
    energies = [designs.expectation(atoms, lambda v, i=i: v[i] ** 2 * designs.dot(v, v)) for i in range(3)]
    energy = max(energies)
    step = delta / energy
    for i, own in enumerate(energies):
        x = identity[i]

        def square(v: designs.Point, x: designs.Point = x) -> Fraction:
            y = step * designs.dot(v, x)
            return sum(((p - y * q) ** 2 for p, q in zip(x, v, strict=True)), start=Fraction(0))

        numbers = {L: 1, DELTA: delta, V: energy, STEP: step, T: 2, GAP: Fraction(1, 2)}
        yield check_relation(
            1 + designs.expectation(atoms, square),
            "==" if own == energy else "<",
            claim.formulas["bound"].subs({key: sp.Rational(value) for key, value in numbers.items()}),
            detail=f"sum of squared gradients from axis {i + 1}, E[v_i^2 n] = {own} where V = {energy}",
            falsifier="a law that reaches the bound in a direction of a smaller second moment",
            parts=("bound", "attained"),
        )


@claim.check("scan of steps")
def scan(claim) -> Iterator[Evidence]:
    """Exact sums on L/2 |x|^2 with three coordinates over a grid of steps: none is below the best step's."""
    x = (Fraction(1), Fraction(1), Fraction(1))
    best = Fraction(str(claim.formulas["best step"].subs({DELTA: 1, L: 1, V: 3})))
    for steps in (2, 4):
        sums = {
            step: path_sum(coordinate_squares(3), lambda y: y, x, step, steps)
            for step in {best, *(Fraction(k, 24) for k in range(1, 16))}
        }
        yield check_relation(
            sums[best],
            "<=",
            min(sums.values()),
            detail=f"sum of squared gradients at the best step against 15 others, T = {steps}",
            falsifier=FALSIFIER,
            parts=("best step",),
        )
        yield check_relation(
            sums[best],
            "<=",
            claim.formulas["at the best step"].subs({L: 1, V: 3, DELTA: 1, GAP: sp.Rational(3, 2)}),
            detail=f"and against 2 L nu (f(x_0) - f*), T = {steps}",
            falsifier=FALSIFIER,
            parts=("best step",),
        )


@claim.check("semidefinite program")
def program(claim) -> Iterator[Evidence]:
    """The worst case over all convex and over all smooth functions, found without knowing the claim."""
    cases: tuple[tuple[Law, FunctionClass, Fraction, int], ...] = (
        (Coordinate(2), "convex", Fraction(1, 2), 3),
        (Coordinate(3), "smooth", Fraction(1), 2),
        (Rademacher(2), "smooth", Fraction(3, 2), 3),
        (Rademacher(3), "convex", Fraction(4, 5), 2),
    )
    for law, functions, ratio, steps in cases:
        step = ratio / law.dim  # in units of delta/(L V)
        numbers = {L: 1, DELTA: 1, V: law.dim, STEP: sp.Rational(step), T: steps, GAP: 1}
        claimed = float(claim.formulas["bound"].subs(numbers)) / steps
        found = worst_case(law, smoothness=1, step=float(step), steps=steps, functions=functions)
        gap = abs(found.bound - claimed) / claimed
        yield Evidence(
            outcome=Outcome.HOLDS if gap < 1e-5 and found.residual < 1e-6 else Outcome.FAILS,
            grade=Grade.CERTIFICATE,
            scope=Scope.INSTANCE,
            detail=f"worst case over {functions} functions, {type(law).__name__}({law.dim}), eta = {ratio} delta/(L V), "
            f"T = {steps}: {found.bound:.7f} against {claimed:.7f}, residual {found.residual:.1g}",
            falsifier=FALSIFIER,
            value=gap,
            parts=("bound", "attained"),
        )
