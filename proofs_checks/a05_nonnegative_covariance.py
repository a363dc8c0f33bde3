"""A5: the linear constraint under which the optimal laws are exactly the DAPs."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._programs import membership, optimum
from proofs_checks._shared import DELTA, D, simulated_factor
from zotheory.checks.evidence import Evidence
from zotheory.checks.exact import Term, check_identity, check_nonnegative
from zotheory.kernel import CoqProof
from zotheory.laws import DAP, Coordinate, Gaussian, Mixture, Rademacher, Sphere, TwoAtom
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.programs import Program, solve

S, T = sp.symbols("s t", nonnegative=True)
VAR, COV = sp.symbols("var_s cov_st", real=True)

claim = Claim(
    id="A5",
    title="Cov(s, t) >= 0: min V = delta^2 d, reached exactly by DAPs",
    kind=Kind.IFF,
    plain="Among delta-unbiased laws with Cov(s, t) >= 0, t = n - s, the minimum of V is delta^2 d, "
    "reached "
    "iff s = delta almost surely (which makes the constraint tight). In general "
    "V = delta^2 d + Var s + Cov(s, t).",
    latex=r"Among $\delta$-unbiased laws with $\operatorname{Cov}(s,t)\ge0$, $t=n-s$, $\min "
    r"V=\delta^2d$, reached "
    r"iff $s=\delta$ a.s. In general $V=\delta^2d+\operatorname{Var}s+\operatorname{Cov}(s,t)$.",
    source="derived here; the setting in which the aligned half of arXiv 2510.19975, Theorem 2.2 holds",
    conditions=("|a| = 1", "Cov(s, t) >= 0"),
    expected=Verdict.PROVED,
    formulas={
        "value": DELTA**2 * D,
        "decomposition": DELTA**2 * D + VAR + COV,
        "residual": (S - DELTA) ** 2,
        "multiplier": sp.Integer(1),
    },
    parts=("decomposition", "bound", "iff"),
    coq=CoqProof(
        file="a05_nonnegative_covariance.v",
        formulas={
            "value": "d delta",
            "decomposition": "d delta var_s cov_st",
            "residual": "s delta",
            "multiplier": "",
        },
        theorems={
            "decomposition": ("decomposition",),
            "lagrangian": ("bound",),
            "bound": ("bound",),
            "bound_for_all_laws": ("bound",),
            "contact": ("iff",),
            "attained": ("iff",),
        },
        library=("axis", "expectation"),
        detail="the bound for every law on R^d, every d, delta and unit vector, the rest for laws with finitely many "
        "atoms; a law that attains the bound for d >= 2 and a gradient along the first axis",
    ),
)


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    f = claim.formulas
    # E[s n] = E[s^2] + E[s t], E[s^2] = Var s + delta^2, E[s t] = Cov(s, t) + delta * delta (d - 1).
    yield check_identity(
        f["decomposition"],
        (VAR + DELTA**2) + (COV + DELTA * DELTA * (D - 1)),
        detail="E[s n] from E[s^2] and E[s t]",
        falsifier="another decomposition",
        parts=("decomposition",),
    )
    # Lagrangian: s (s + t) - gamma s t minus the form 2 delta s - delta^2.
    form = 2 * DELTA * S - DELTA**2
    lagrangian = S * (S + T) - f["multiplier"] * S * T - form
    yield check_identity(
        f["residual"],
        lagrangian,
        detail="the Lagrangian residual",
        falsifier="another residual",
        parts=("bound",),
    )
    yield check_nonnegative(
        lagrangian,
        [Term(square=S - DELTA)],
        (S, T),
        detail="the dual inequality for all s, t >= 0",
        falsifier="a point below the dual form",
        parts=("bound",),
    )
    yield check_identity(
        f["value"],
        form.subs(S, DELTA) + f["multiplier"] * DELTA**2 * (D - 1),
        detail="the dual value: the form at E s = delta, plus gamma times the bound on E[s t]",
        falsifier="another dual value",
        parts=("bound",),
    )
    yield check_identity(
        sp.solve(f["residual"], S),
        [DELTA],
        detail="zeros of the residual: s = delta and any t",
        falsifier="another zero",
        parts=("iff",),
    )
    # s = delta and any t of the right mean, here of two values t1 and t1 + h with weights w and 1 - w.
    w, first, step = sp.symbols("w t1 h", positive=True)
    mean = first + (1 - w) * step
    law = ((w, DELTA, first), (1 - w, DELTA, first + step))
    covariance = sum(q * (s - DELTA) * (t - mean) for q, s, t in law)
    attained = sum(q * s * (s + t) for q, s, t in law)
    yield check_identity(
        [covariance, sp.expand(attained).subs(first, DELTA * (D - 1) - (1 - w) * step)],
        [0, f["value"]],
        detail="Cov(s, t) and V as sums over s = delta and a random t, E t = delta (d - 1)",
        falsifier="an aligned law that is not optimal",
        parts=("iff",),
    )


@claim.check("program")
def program(claim) -> Iterator[Evidence]:
    for dim, delta in ((2, 1), (3, Fraction(1, 2)), (16, 1), (10**6, 1)):
        value = claim.formulas["value"].subs({D: dim, DELTA: sp.Rational(delta)})
        options = {"dim": dim, "delta": delta, "nonnegative_covariance": True}
        yield optimum(value, options, parts=("bound",))
    solution = solve(Program(dim=4, nonnegative_covariance=True))
    axis = [1, 0, 0, 0]
    optimal = {
        "DAP": DAP(axis),
        "DAP, Gaussian complement": DAP(axis, 1, "gaussian"),
        "Rademacher, 1-sparse gradient": Rademacher(4),
        "mixture of both DAPs": Mixture([DAP(axis), DAP(axis, 1, "gaussian")], [0.5, 0.5]),
    }
    for name, law in optimal.items():
        yield membership(solution, law, True, name, parts=("iff",))
    other = {
        "Gaussian": Gaussian(4),
        "sphere": Sphere(4),
        "coordinate": Coordinate(4),
        "two atoms": TwoAtom(axis, 0.5),
        "DAP along another direction": DAP([1, 1, 0, 0]),
        "mixture of DAP and Gaussian": Mixture([DAP(axis), Gaussian(4)], [0.5, 0.5]),
    }
    for name, law in other.items():
        yield membership(solution, law, False, name, parts=("iff",))


@claim.check("laws")
def laws(claim) -> Iterator[Evidence]:
    """V against Var s and Cov(s, t), from T4 of each law, delta = 1, d = 4."""
    axis = [1, 0, 0, 0]
    cases = (Gaussian(4), Sphere(4), Coordinate(4), DAP([1, 1, 0, 0]), TwoAtom(axis, Fraction(1, 3)))
    for law in cases:
        fourth = law.fourth_moment(sp.diag(1, 0, 0, 0).tolist())
        variance = fourth[0][0] - 1
        covariance = sum(fourth[i][i] - 1 for i in range(1, 4))
        numbers = {D: 4, DELTA: 1, VAR: sp.nsimplify(variance), COV: sp.nsimplify(covariance)}
        yield check_identity(
            claim.formulas["decomposition"].subs(numbers),
            sp.nsimplify(law.dimension_factor(axis)),
            detail=f"{type(law).__name__}: V, Var s and Cov(s, t)",
            falsifier="another V",
            parts=("decomposition",),
        )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    law = DAP([1.0, 2.0, -1.0], 0.7, "gaussian")
    value = claim.formulas["value"].subs({D: 3, DELTA: 1})
    return simulated_factor(law, [1.0, 2.0, -1.0], value, claim.id, "iff")
