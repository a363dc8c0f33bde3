"""C3b: the alignment of the mean of k sphere estimates: exact for few draws and in the plane, bounded otherwise."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._c_designs import ABOVE_ONE, K
from proofs_checks._c_two_stage import simulate
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.alignment import beta_moment, circle_alignment, pair_alignment
from zotheory.derive.moments import sphere_moment
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

claim = Claim(
    id="C3b",
    title="Rough estimate from sphere probes: exact for k = 1, k = 2 and d = 2, at least k/(k+d-1) always",
    kind=Kind.EQUALITY,
    plain="Let rho be the alignment with a of the mean of k estimates u_i (u_i.a), u_i uniform on the sphere. Then "
    "E rho^2 is 1/d for k = 1, (2d-1)/d^2 for k = 2 and 1 - 1/(2k) for d = 2; and E rho^2 >= k/(k+d-1), the value "
    "for Gaussian probes, for all k and d. Also E rho^4 is (8 d^2 + 8 d - 7)/(d^2 (d+2)^2) for k = 2 and "
    "1 - 1/k + 3/(4 k^2) - 3/(8 k^3) for d = 2.",
    latex=r"Let $\rho$ be the alignment with $a$ of the mean of $k$ estimates $u_i(u_i\cdot a)$, $u_i$ uniform on the "
    r"sphere. $E\rho^2$ is $\frac1d$ for $k=1$, $\frac{2d-1}{d^2}$ for $k=2$, $1-\frac1{2k}$ for $d=2$, and at least "
    r"$\frac{k}{k+d-1}$, the value for Gaussian probes, always; $E\rho^4$ is $\frac{8d^2+8d-7}{d^2(d+2)^2}$ for "
    r"$k=2$ and $1-\frac1k+\frac3{4k^2}-\frac3{8k^3}$ for $d=2$.",
    source="derived here",
    conditions=("d >= 2, k >= 1, a is not zero", "mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "one": 1 / D,
        "two": (2 * D - 1) / D**2,
        "plane": 1 - 1 / (2 * K),
        "bound": K / (K + D - 1),
        "two, square": (8 * D**2 + 8 * D - 7) / (D**2 * (D + 2) ** 2),
        "plane, square": 1 - 1 / K + sp.Rational(3, 4) / K**2 - sp.Rational(3, 8) / K**3,
    },
    parts=("one", "two", "plane", "bound", "squares"),
)

FALSIFIER = "another mean of rho^2 or rho^4, or one below the bound"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    half = sp.Rational(1, 2)
    derived = {
        "one": ("one", beta_moment(half, (D - 1) / 2, 1)),
        "two": ("two", pair_alignment(D)),
        "plane": ("plane", circle_alignment(K)),
        "two, square": ("squares", pair_alignment(D, 2)),
        "plane, square": ("squares", circle_alignment(K, 2)),
    }
    for name, (part, value) in derived.items():
        yield check_identity(
            claim.formulas[name],
            value,
            detail=f"moment of rho^2 from the geometry of the sum: {name}",
            falsifier=FALSIFIER,
            parts=(part,),
        )


@claim.check("Cauchy-Schwarz")
def cauchy_schwarz(claim) -> Iterator[Evidence]:
    """G = sum u_i (u_i.a), |a| = 1, S = G.a: (E S)^2 = (E[(S/|G|) |G|])^2 <= E[rho^2] E|G|^2.

    u_i (u_i.a) has mean a/d and mean square 1/d, and different draws are independent.
    """
    mean = sphere_moment((2,), D)  # E (u.a)^2, along a and as a mean square
    total = K * mean  # E S
    square = K * mean + K * (K - 1) * mean**2  # E|G|^2
    yield check_identity(
        claim.formulas["bound"],
        sp.cancel(total**2 / square),
        detail="(E S)^2/E|G|^2, symbolic d and k",
        falsifier=FALSIFIER,
        parts=("bound",),
    )


@claim.check("exact values")
def exact_values(claim) -> Iterator[Evidence]:
    """The bound against the exact means, which know nothing of the inequality: k = 1 and 2 in every d, d = 2."""
    for name, k in (("one", 1), ("two", 2)):
        excess = (claim.formulas[name] - claim.formulas["bound"].subs(K, k)).subs(D, ABOVE_ONE + 1)
        yield check_relation(
            sp.factor(excess),
            ">=",
            0,
            detail=f"exact value at k = {k} minus the bound, d = c + 1",
            falsifier=FALSIFIER,
            parts=("bound",),
        )
    excess = (claim.formulas["plane"] - claim.formulas["bound"]).subs(D, 2)
    yield check_relation(
        sp.factor(excess.subs(K, sp.Symbol("j", integer=True, nonnegative=True) + 1)),
        ">=",
        0,
        detail="exact value at d = 2 minus the bound, k = j + 1",
        falsifier=FALSIFIER,
        parts=("bound",),
    )


@claim.check("quadrature")
def quadrature(claim) -> Iterator[Evidence]:
    """k = 2: the mean of rho^2 over the angle at a given c = u_1.u_2, and in the plane over c too."""
    y = sp.Symbol("y", real=True)
    # In the plane r = 1: rho^2 has the mean 1 - c^2/2 at c = cos y, y uniform.
    value = sp.integrate(1 - sp.cos(y) ** 2 / 2, (y, 0, 2 * sp.pi)) / (2 * sp.pi)
    yield check_identity(
        claim.formulas["two"].subs(D, 2),
        value,
        detail="k = 2, d = 2: integral of 1 - c^2/2 over the angle between the two probes",
        falsifier=FALSIFIER,
        parts=("two",),
        scope=Scope.INSTANCE,
    )
    for numeric in (sp.Rational(1, 3), sp.Rational(3, 5)):
        # x -> tan(x/2) = t makes the mean over the angle a rational integral.
        t = sp.Symbol("t", real=True)
        cosine = (1 - t**2) / (1 + t**2)
        integrand = (1 + numeric * cosine) ** 2 / (1 + numeric**2 + 2 * numeric * cosine) * 2 / (1 + t**2)
        mean = sp.integrate(sp.apart(sp.cancel(integrand), t), (t, -sp.oo, sp.oo)) / (2 * sp.pi)
        yield check_identity(
            1 - numeric**2 / 2,
            sp.simplify(mean),
            detail=f"mean over the angle at c = {numeric}, by a rational integral",
            falsifier=FALSIFIER,
            parts=("two",),
            scope=Scope.INSTANCE,
        )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    cases = (
        ("two", "two", 5, 2, 1),
        ("plane", "plane", 2, 3, 1),
        ("squares", "two, square", 4, 2, 2),
        ("squares", "plane, square", 2, 4, 2),
        ("one", "one", 4, 1, 1),
    )
    for part, name, dim, k, power in cases:
        claimed = float(claim.formulas[name].subs({D: dim, K: k}))

        def sample(
            n: int, rng: np.random.Generator, dim: int = dim, k: int = k, power: int = power
        ) -> np.ndarray:
            return simulate(dim, k, 1, n, rng, "sphere").direction[:, 0] ** (2 * power)

        yield check_mean(
            sample,
            claimed,
            resolvable=0.02 * claimed,
            rng=stream(2024, claim.id, name),
            detail=f"E rho^{2 * power} of the mean of k = {k} sphere estimates, d = {dim}",
            parts=(part,),
        )
