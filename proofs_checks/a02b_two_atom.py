"""A2b: the two-atom law, its contract and its V."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._shared import DELTA, D, simulated_factor
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.derive.constructions import two_atom_tensor
from zotheory.laws import Alignment, Empirical, FirstAxis, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict

P = sp.Symbol("p", positive=True)

claim = Claim(
    id="A2b",
    title="the two-atom law is delta-unbiased with V = delta^2 / p",
    kind=Kind.EQUALITY,
    plain="With probability p let v = +-sqrt(delta/p) a/|a|, otherwise v orthogonal to a, isotropic "
    "there, "
    "with |v|^2 = delta (d-1)/(1-p). Then E[v v^T] = delta I and V = delta^2/p, below delta^2 d "
    "iff p > 1/d.",
    latex=r"With probability $p$ let $v=\pm\sqrt{\delta/p}\,\hat a$, otherwise $v\perp a$, isotropic "
    r"there, with "
    r"$\|v\|^2=\delta(d-1)/(1-p)$. Then $E[vv^{\mathsf T}]=\delta I$ and $V=\delta^2/p$, which is below "
    r"$\delta^2d$ iff $p>1/d$.",
    source="derived here",
    conditions=("d >= 2", "0 < p < 1", "delta > 0"),
    expected=Verdict.PROVED,
    formulas={
        "V": DELTA**2 / P,
        "along": DELTA / P,
        "across": DELTA * (D - 1) / (1 - P),
        "threshold": 1 / D,
    },
    parts=("contract", "value", "threshold"),
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """E[v v^T] and E[s n] from the two atoms; the level is crossed where V = delta^2 d."""
    along, across = claim.formulas["along"], claim.formulas["across"]
    yield check_identity(
        [P * along, (1 - P) * across / (D - 1)],
        [DELTA, DELTA],
        detail="E[(a.v)^2]/|a|^2, and E[v_i^2] of each coordinate orthogonal to a",
        falsifier="a second moment other than delta",
        parts=("contract",),
    )
    # s n = along^2 on the first atom, 0 on the second.
    yield check_identity(
        claim.formulas["V"],
        P * along**2,
        detail="E[s n] over the two atoms",
        falsifier="another V",
        parts=("value",),
    )
    crossing = sp.solve(sp.Eq(claim.formulas["V"], DELTA**2 * D), P)
    yield check_identity(
        [claim.formulas["threshold"]],
        crossing,
        detail="V = delta^2 d exactly at p = 1/d",
        falsifier="another crossing",
        parts=("threshold",),
    )
    falling = sp.diff(claim.formulas["V"], P)
    yield check_relation(
        falling,
        "<",
        0,
        detail="V falls in p",
        falsifier="a rising V",
        parts=("threshold",),
        scope=Scope.GENERAL,
    )


@claim.check("tensor")
def tensor(claim) -> Iterator[Evidence]:
    """V from T4 of the construction, and from the law's own formula, in symbolic dimension."""
    yield check_identity(
        claim.formulas["V"],
        two_atom_tensor(D, P, DELTA).trace(D, rho2=1),
        detail="trace of T4[a a^T] of the construction",
        falsifier="another V",
        parts=("value",),
    )
    law = TwoAtom(FirstAxis(D), P, DELTA)
    yield check_identity(
        [claim.formulas["V"], DELTA, DELTA * (D - 1)],
        [law.dimension_factor(Alignment(sp.Integer(1))) * DELTA**2, *law.energy_means()],
        detail="the law's own dimension factor and energies",
        falsifier="another V or mean energy",
        parts=("value", "contract"),
    )


@claim.check("enumeration")
def enumeration(claim) -> Iterator[Evidence]:
    """Rational atoms: the far atom on the coordinate axes orthogonal to a."""
    for dim, p, delta, far in (
        (5, Fraction(1, 2), Fraction(1, 2), 2),
        (4, Fraction(1, 4), Fraction(1, 4), 1),
        (5, Fraction(1, 17), Fraction(1, 17), Fraction(1, 2)),
    ):
        near = 1
        axes = [[near * sign if j == 0 else 0 for j in range(dim)] for sign in (1, -1)]
        rest = [
            [far * sign if j == i else 0 for j in range(dim)] for i in range(1, dim) for sign in (1, -1)
        ]
        weights = [p / 2] * 2 + [(1 - p) / len(rest)] * len(rest)
        law = Empirical(axes + rest, weights)  # refuses atoms that are not delta-unbiased
        numbers = {D: dim, P: sp.Rational(p), DELTA: sp.Rational(delta)}
        yield check_identity(
            [claim.formulas[name].subs(numbers) for name in ("V", "along", "across")],
            [sp.Rational(law.dimension_factor(axes[0]) * law.delta**2), near**2, far**2],
            detail=f"sum over {len(weights)} atoms, d = {dim}, p = {p}, delta = {delta}",
            falsifier="another V",
            parts=("value", "contract"),
            scope=Scope.INSTANCE,
        )
        threshold = sp.Rational(p) - sp.sympify(claim.formulas["threshold"]).subs(numbers)
        yield check_relation(
            law.dimension_factor(axes[0]),
            "<" if threshold > 0 else "==" if threshold == 0 else ">",
            dim,
            detail=f"V/delta^2 against d where p - 1/d should be {threshold}, d = {dim}",
            falsifier="V on the other side of delta^2 d",
            parts=("threshold",),
        )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    law = TwoAtom([1.0, -2.0, 0.5, 1.0], p=0.4, delta=1.5)
    claimed = (claim.formulas["V"] / DELTA**2).subs(P, sp.Rational(2, 5))
    return simulated_factor(law, [1.0, -2.0, 0.5, 1.0], claimed, claim.id, "value")
