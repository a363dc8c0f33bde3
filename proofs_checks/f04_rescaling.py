"""F4: estimates without the factor d: the same steps at zeta = 0, else those of zeta d^2."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import sympy as sp

from proofs_checks._momentum import BETA1, BETA2, State, after, update
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.ledger.claim import Claim, Kind, Verdict

SCALE = sp.Symbol("c", positive=True)
M, G = sp.symbols("m g", real=True)
V, W, ZETA = sp.symbols("v w zeta", positive=True)

claim = Claim(
    id="F4",
    title="Rescaled estimates: no change at zeta = 0; without the factor d, zeta acts as zeta d^2",
    kind=Kind.EQUALITY,
    plain="Multiplying every estimate by c > 0 multiplies m by c and v by c^2, from m = v = 0, for squares of m, squares of g and their "
    "maximum over time. So m/sqrt(v + zeta) becomes the step with zeta/c^2: the same at zeta = 0. Estimates without "
    "the factor d (c = 1/d: sphere directions of unit length) take exactly the steps of the unbiased ones with zeta "
    "d^2; a default of 10^-8 acts as 1 at d = 10^4. For zeta > 0 and m not 0 the steps differ unless c = 1.",
    latex=r"Multiplying every estimate by $c>0$ multiplies $m$ by $c$ and $v$ by $c^2$, also with squares of $g$ and "
    r"with their maximum. So $\frac{m}{\sqrt{v+\zeta}}$ becomes $\frac{m}{\sqrt{v+\zeta/c^2}}$: unchanged at $\zeta=0$; "
    r"without the factor $d$ (that is $c=1/d$) the steps are those of $\zeta d^2$.",
    source="derived here; that paper and code of arXiv 2502.01014 differ by the factor d is as summarised",
    conditions=(
        "m = v = 0 at the start",
        "the estimates do not depend on the scale: the same steps lead to the same points",
    ),
    expected=Verdict.PROVED,
    formulas={
        "moment": SCALE * M,
        "denominator": SCALE**2 * V,
        "zeta": ZETA / SCALE**2,
        "without d": ZETA * D**2,
        "default": sp.Integer(1),
    },
    parts=("update", "step", "without d", "differs"),
)

FALSIFIER = "a scale, an update or a dimension for which the steps are others"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    small, large = claim.formulas["moment"], claim.formulas["denominator"]
    before, scaled = State(M, V, W), State(small, large, large.subs(V, W))
    now, then = update(before, G, BETA1, BETA2), update(scaled, SCALE * G, BETA1, BETA2)
    yield check_identity(
        [small.subs(M, now.m), large.subs(V, now.refined), large.subs(V, now.plain)],
        list(then),
        detail="one update of m and of both denominators keeps the factors, which zero has at the start",
        falsifier=FALSIFIER,
        parts=("update",),
    )
    # max(c^2 x, c^2 y) = c^2 max(x, y): written with |x - y|.
    x, y = sp.symbols("x y", positive=True)
    top = (x + y + sp.Abs(x - y)) / 2
    yield check_identity(
        sp.expand(large.subs(V, top) * 2 - SCALE**2 * (x + y)),
        sp.expand(SCALE**2) * sp.Abs(x - y),
        detail="the maximum of two denominators scales with them",
        falsifier=FALSIFIER,
        parts=("update",),
    )
    squared = M**2 / (V + claim.formulas["zeta"])
    yield check_identity(
        [small**2 / (large + ZETA), small**2 / large],
        [squared, M**2 / V],
        detail="the squared step after rescaling (its sign is that of m), and at zeta = 0",
        falsifier=FALSIFIER,
        parts=("step",),
    )
    yield check_identity(
        claim.formulas["without d"],
        claim.formulas["zeta"].subs(SCALE, 1 / D),
        detail="c = 1/d, symbolic d",
        falsifier=FALSIFIER,
        parts=("without d",),
    )
    moved = sp.factor(squared - M**2 / (V + ZETA))
    yield check_identity(
        moved * (V + ZETA / SCALE**2) * (V + ZETA),
        M**2 * ZETA * (SCALE - 1) * (SCALE + 1) / SCALE**2,
        detail="change of the squared step: zero only for m = 0, zeta = 0 or c = 1",
        falsifier=FALSIFIER,
        parts=("differs",),
    )


def lengths(estimates: Sequence[Fraction], zeta: Fraction) -> dict[str, Fraction]:
    """Return the squared last steps with each denominator, beta1 = 1/2, beta2 = 3/4."""
    beta1, beta2 = Fraction(1, 2), Fraction(3, 4)
    states = [after(estimates[: k + 1], beta1, beta2) for k in range(len(estimates))]
    last = states[-1]
    found = {"refined": last.refined, "plain": last.plain, "maximum": max(state.plain for state in states)}
    return {name: last.m**2 / (value + zeta) for name, value in found.items()}


@claim.check("sequences")
def sequences(claim) -> Iterator[Evidence]:
    """Sequences of rational estimates, with and without the factor d = 10."""
    values = (Fraction(3), Fraction(-1), Fraction(1, 2), Fraction(5, 3), Fraction(0), Fraction(-2))
    zeta, dim = Fraction(1, 7), 10
    for count in (1, 3, 6):
        full, short = values[:count], [value / dim for value in values[:count]]
        other = claim.formulas["without d"].subs({ZETA: sp.Rational(1, 7), D: dim})
        general = claim.formulas["zeta"].subs({ZETA: sp.Rational(1, 7), SCALE: sp.Rational(1, dim)})
        small = lengths(short, zeta)
        for stated, parts in ((other, ("without d",)), (general, ("step",))):
            yield check_identity(
                list(lengths(full, Fraction(str(stated))).values()),
                list(small.values()),
                detail=f"squared steps after {count} estimates without the factor d = 10, with each denominator",
                falsifier=FALSIFIER,
                parts=parts,
                scope=Scope.INSTANCE,
            )
        yield check_identity(
            list(lengths(full, Fraction(0)).values()),
            list(lengths(short, Fraction(0)).values()),
            detail=f"the same at zeta = 0, {count} estimates",
            falsifier=FALSIFIER,
            parts=("step",),
            scope=Scope.INSTANCE,
        )
        for name, value in lengths(full, zeta).items():
            yield check_relation(
                value,
                ">",
                small[name],
                detail=f"at equal zeta the step with the factor d is longer, {count} estimates, {name}",
                falsifier=FALSIFIER,
                parts=("differs",),
            )
    beta1, beta2 = Fraction(1, 2), Fraction(3, 4)
    one, other = (after([x * c for x in values], beta1, beta2) for c in (1, Fraction(1, dim)))
    numbers = {SCALE: sp.Rational(1, dim), M: sp.Rational(str(one.m))}
    yield check_identity(
        [claim.formulas["moment"].subs(numbers)]
        + [claim.formulas["denominator"].subs({**numbers, V: sp.Rational(str(v))}) for v in one[1:]],
        list(other),
        detail="moment and denominators after six rescaled estimates",
        falsifier=FALSIFIER,
        parts=("update",),
        scope=Scope.INSTANCE,
    )
    yield check_identity(
        claim.formulas["default"],
        claim.formulas["without d"].subs({ZETA: sp.Rational(1, 10**8), D: 10**4}),
        detail="zeta = 10^-8 at d = 10^4",
        falsifier=FALSIFIER,
        parts=("without d",),
        scope=Scope.INSTANCE,
    )
