"""E4b: a sweep over blocks on a quadratic: exact expected decrease, and what coupling between blocks does."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import sympy as sp

from proofs_checks import _designs as designs
from proofs_checks._structure import READING, circle
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.derive.tensor import classical_tensor
from zotheory.ledger.claim import Claim, Kind, Verdict

SIZE, BLOCKS = sp.symbols("m B", integer=True, positive=True)
STEP = sp.Symbol("h", real=True)  # eta L
COUPLING = sp.Symbol("c", real=True)
X, Y = sp.symbols("x y", real=True)

claim = Claim(
    id="E4b",
    title="Sweeps on a quadratic: at best steps each block once beats random blocks; with coupling it can lose",
    kind=Kind.EQUALITY,
    plain="f = L |x|^2/2, B blocks of m, d = m B, sphere inside, step eta, h = eta L (delta = 1), B steps. Each block once: "
    "E f is multiplied by 1 - 2 h + m h^2, at best 1 - 1/m; a random block each step: by (1 - 2 h + d h^2)^B, at best "
    "(1 - 1/d)^B, which is larger for B >= 2. At one small h for both it is the other way round: the slopes at h = 0 are -2 and -2 B, "
    "as random steps are B times longer. With f = (x^2 + 2 c x y + y^2)/2, 0 < c^2 < 1, and exact line steps on one "
    "coordinate (m = 1, B = 2): x first, then y gives f = c^2 (1 - c^2) y^2/2, two random coordinates give E f = (1 - c^2)(1 "
    "+ c^2)(x^2 + y^2)/8: from (0, 1) random is better iff c^2 > 1/3; a random order, E f = c^2 (1 - c^2)(x^2 + y^2)/4, "
    "always beats it.",
    latex=r"$f=\frac L2\|x\|^2$, $B$ blocks of $m$, $d=mB$, sphere inside, $h=\eta L$. Each block once multiplies $Ef$ by "
    r"$1-2h+mh^2$, at best $1-\frac1m$; $B$ random blocks by $(1-2h+dh^2)^B$, at best $(1-\frac1d)^B$, larger for $B\ge2$; "
    r"at $h=0$ the slopes are $-2$ and $-2B$. "
    r"For $f=\frac12(x^2+2cxy+y^2)$, $0<c^2<1$, and exact line steps: $x$ then $y$ gives $\frac12c^2(1-c^2)y^2$, two random "
    r"coordinates $\frac18(1-c^4)(x^2+y^2)$, a random order $\frac14c^2(1-c^2)(x^2+y^2)$.",
    source="derived here; structures as in arXiv 2501.19099, as summarised, in our reading",
    conditions=(READING, "differences exact (central, on a quadratic)", "equal numbers of queries"),
    expected=Verdict.PROVED,
    formulas={
        "once": 1 - 2 * STEP + SIZE * STEP**2,
        "best once": 1 - 1 / SIZE,
        "random": (1 - 2 * STEP + SIZE * BLOCKS * STEP**2) ** BLOCKS,
        "best random": (1 - 1 / (SIZE * BLOCKS)) ** BLOCKS,
        "x then y": COUPLING**2 * (1 - COUPLING**2) * Y**2 / 2,
        "random order": COUPLING**2 * (1 - COUPLING**2) * (X**2 + Y**2) / 4,
        "slopes": {"once": sp.Integer(-2), "random": -2 * BLOCKS},
        "two random": (1 - COUPLING**4) * (X**2 + Y**2) / 8,
        "reversal": sp.Rational(1, 3),  # of c^2
    },
    parts=("once", "random", "comparison", "one step size", "coupled", "reversal"),
)

FALSIFIER = "a step, a start or a coupling with another expected value"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """E|x - h v v^T x|^2/|x|^2 from the moments of v: 1 - 2 h E s + h^2 E[s n]."""
    inside = 1 - 2 * STEP + STEP**2 * classical_tensor("sphere", SIZE).trace(SIZE)
    yield check_identity(
        [claim.formulas["once"], claim.formulas["best once"]],
        [inside, sp.cancel(inside.subs(STEP, sp.solve(sp.diff(inside, STEP), STEP)[0]))],
        detail="a block's factor, symbolic m, and its minimum over h; the blocks do not see each other",
        falsifier=FALSIFIER,
        parts=("once",),
    )
    # A random block with |v|^2 = d: E s = 1 and E[s n] = d.
    one = 1 - 2 * STEP + STEP**2 * classical_tensor("sphere", SIZE).trace(SIZE) * BLOCKS
    yield check_identity(
        [claim.formulas["random"], claim.formulas["best random"]],
        [one**BLOCKS, one.subs(STEP, sp.solve(sp.diff(one, STEP), STEP)[0]) ** BLOCKS],
        detail="a random block's factor, B steps, symbolic m and B, and its minimum",
        falsifier=FALSIFIER,
        parts=("random",),
    )
    # Bernoulli: W_B = (1 - u)^B - (1 - B u) is 0 at B = 1, W_{B+1} = (1 - u) W_B + B u^2 > 0 for 0 < u <= 1.
    # With u = 1/d: (1 - 1/d)^B > 1 - B/d = 1 - 1/m for B >= 2.
    gap, before = sp.symbols("gap W", nonnegative=True)
    u = sp.Symbol("u", positive=True)
    following = (1 - u) * (before + 1 - BLOCKS * u) - (1 - (BLOCKS + 1) * u)
    yield check_nonnegative(
        following.subs(u, 1 / (1 + gap)),
        [Term(gap / (1 + gap), 1, (before,)), Term(BLOCKS / (1 + gap) ** 2)],
        detail="W at B + 1 from W at B, d = 1 + gap: positive from B = 2 on",
        falsifier=FALSIFIER,
        parts=("comparison",),
    )
    yield check_identity(
        [claim.formulas["best once"], claim.formulas["best random"]],
        [1 - BLOCKS / (SIZE * BLOCKS), ((1 - u) ** BLOCKS).subs(u, 1 / (SIZE * BLOCKS))],
        detail="the two best factors are 1 - B u and (1 - u)^B at u = 1/d",
        falsifier=FALSIFIER,
        parts=("comparison",),
    )
    yield check_identity(
        claim.formulas["slopes"],
        {name: sp.diff(f, STEP).subs(STEP, 0) for name, f in (("once", inside), ("random", one**BLOCKS))},
        detail="derivatives at h = 0, symbolic m and B",
        falsifier=FALSIFIER,
        parts=("one step size",),
    )
    yield from coupled(claim)


def value(x: sp.Expr, y: sp.Expr) -> sp.Expr:
    """Return f."""
    return (x**2 + 2 * COUPLING * x * y + y**2) / 2


def coupled(claim: Claim) -> Iterator[Evidence]:
    """Exact line steps: x <- -c y or y <- -c x."""
    first = {"x": (-COUPLING * Y, Y), "y": (X, -COUPLING * X)}
    after = {}
    for i, (x, y) in first.items():
        after[i + "x"], after[i + "y"] = value(-COUPLING * y, y), value(x, -COUPLING * x)
    yield check_identity(
        [claim.formulas["x then y"], claim.formulas["random order"], claim.formulas["two random"]],
        [after["xy"], (after["xy"] + after["yx"]) / 2, sum(after.values()) / 4],
        detail="f after two line steps in every order, symbolic c, x, y",
        falsifier=FALSIFIER,
        parts=("coupled",),
    )
    from_axis = {X: 0, Y: 1}
    gap = (claim.formulas["two random"] - claim.formulas["x then y"]).subs(from_axis)
    yield check_identity(
        gap,
        3 * (1 - COUPLING**2) / 8 * (claim.formulas["reversal"] - COUPLING**2),
        detail="two random minus x then y from (0, 1): a positive multiple of 1/3 - c^2",
        falsifier=FALSIFIER,
        parts=("reversal",),
    )
    rest = (1 - COUPLING**2) ** 2 * (X**2 + Y**2) / 8
    yield check_identity(
        claim.formulas["two random"] - claim.formulas["random order"],
        rest,
        detail="two random minus a random order: (1 - c^2)^2 (x^2 + y^2)/8, never negative",
        falsifier=FALSIFIER,
        parts=("coupled",),
    )


def moved(x: designs.Point, v: designs.Point, h: Fraction) -> designs.Point:
    """Return x - h (v.x) v, a step on |x|^2/2."""
    y = h * designs.dot(v, x)
    return tuple(p - y * q for p, q in zip(x, v, strict=True))


def distribution(start: designs.Point, laws: list[designs.Atoms], h: Fraction) -> Fraction:
    """Return E|x|^2 after a step with each of the laws in turn, every path enumerated."""
    states = [(Fraction(1), start)]
    for atoms in laws:
        states = [(p * w, moved(x, v, h)) for p, x in states for w, v in atoms]
    return sum((p * designs.dot(x, x) for p, x in states), start=Fraction(0))


@claim.check("paths")
def paths(claim) -> Iterator[Evidence]:
    """Every path of a sweep over two blocks of one or two coordinates; exact line steps with numbers."""
    for size, unit in ((1, [(Fraction(1), (Fraction(1),))]), (2, circle())):
        zero = (Fraction(0),) * size
        start = tuple(map(Fraction, (1, -2, 3, 1)[: 2 * size]))
        # |v|^2 is 1 here; m on a block and d for a random one, so the steps are h m and h d.
        blocks = [[(w, v + zero) for w, v in unit], [(w, zero + v) for w, v in unit]]
        either = [(w / 2, v) for block in blocks for w, v in block]
        for h in (Fraction(1, 3), Fraction(1, 2 * size), Fraction(1, size)):
            numbers = {SIZE: size, BLOCKS: 2, STEP: sp.Rational(h)}
            energy = designs.dot(start, start)
            for part, laws, scale in (("once", blocks, size), ("random", [either, either], 2 * size)):
                yield check_identity(
                    claim.formulas[part].subs(numbers),
                    distribution(start, laws, h * scale) / energy,
                    detail=f"E|x|^2 over all paths of two steps, blocks of {size}, h = {h}, {part}",
                    falsifier=FALSIFIER,
                    parts=(part,),
                    scope=Scope.INSTANCE,
                )
        # To first order in h, from paths at h and -h; the odd part has no h^2.
        slopes = {}
        for name, laws, scale in (("once", blocks, size), ("random", [either, either], 2 * size)):
            odd = []
            for h in (Fraction(1, 10), Fraction(1, 5)):
                up, down = (distribution(start, laws, sign * h * scale) for sign in (1, -1))
                odd.append((up - down) / (2 * h * designs.dot(start, start)))
            slopes[name] = (4 * odd[0] - odd[1]) / 3  # the cubic terms cancel, no others are odd
        yield check_identity(
            {name: stated.subs(BLOCKS, 2) for name, stated in claim.formulas["slopes"].items()},
            slopes,
            detail=f"slopes at h = 0 from all paths of two steps at four h, blocks of {size}",
            falsifier=FALSIFIER,
            parts=("one step size",),
            scope=Scope.INSTANCE,
        )
    for size, count in product((1, 2, 3, 10), (2, 3, 8)):
        numbers = {SIZE: size, BLOCKS: count}
        yield check_relation(
            claim.formulas["best once"].subs(numbers),
            "<",
            claim.formulas["best random"].subs(numbers),
            detail=f"best factors of a sweep over {count} blocks of {size}",
            falsifier=FALSIFIER,
            parts=("comparison",),
        )


@claim.check("line search")
def line_search(claim) -> Iterator[Evidence]:
    """Two coordinates, each step the minimum of f along a coordinate found from three of its values."""

    def f(point: tuple[Fraction, Fraction], c: Fraction) -> Fraction:
        x, y = point
        return (x * x + 2 * c * x * y + y * y) / 2

    def line(point: tuple[Fraction, Fraction], axis: int, c: Fraction) -> tuple[Fraction, Fraction]:
        shift = lambda t: (point[0] + t, point[1]) if axis == 0 else (point[0], point[1] + t)  # noqa: E731
        up, here, down = f(shift(Fraction(1)), c), f(point, c), f(shift(Fraction(-1)), c)
        return shift((down - up) / (2 * (up - 2 * here + down)))

    for c, start in product((Fraction(1, 2), Fraction(4, 5), Fraction(-1, 3)), ((0, 1), (2, -1))):
        x = (Fraction(start[0]), Fraction(start[1]))
        results = {(i, j): f(line(line(x, i, c), j, c), c) for i, j in product((0, 1), repeat=2)}
        numbers = {COUPLING: sp.Rational(c), X: start[0], Y: start[1]}
        yield check_identity(
            [claim.formulas[name].subs(numbers) for name in ("x then y", "random order", "two random")],
            [
                results[0, 1],
                (results[0, 1] + results[1, 0]) / 2,
                sum(results.values(), start=Fraction(0)) / 4,
            ],
            detail=f"f after two line searches from {start}, c = {c}",
            falsifier=FALSIFIER,
            parts=("coupled",),
            scope=Scope.INSTANCE,
        )
        if start == (0, 1):
            random = sum(results.values(), start=Fraction(0)) / 4
            yield check_relation(
                random,
                "<" if sp.Rational(c) ** 2 > claim.formulas["reversal"] else ">",
                results[0, 1],
                detail=f"two random coordinates against x then y, from (0, 1), c = {c}",
                falsifier=FALSIFIER,
                parts=("reversal",),
            )
