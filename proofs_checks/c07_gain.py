"""C7: the gain of a two-stage estimate on a set of coordinates, as a function of anisotropy and budget."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._c_designs import SECOND, K, R
from proofs_checks._c_two_stage import simulate
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import Term, check_identity, check_nonnegative, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.alignment import (
    aligned_directional_moment,
    averaged,
    complement_fourth,
    gaussian_probe_alignment,
)
from zotheory.derive.constructions import aligned_tensor
from zotheory.derive.tensor import classical_tensor
from zotheory.functionals import coordinate_mse
from zotheory.laws import DAP, Sphere
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

B = K + SECOND
SIZE = sp.Symbol("T", integer=True, positive=True)
ANISOTROPY = sp.Symbol("A", nonnegative=True)  # d |a_T|^2 / (|T| |a|^2)

claim = Claim(
    id="C7",
    title="Gain on a set of coordinates: 2d(A-1)/(d^2+(d-2)A) of the sphere's error, times a fraction of the budget",
    kind=Kind.EQUALITY,
    plain="Let A = (d/|T|) |a_T|^2/|a|^2, the mean square of the gradient on T over that on all coordinates. Draws "
    "aligned with the exact gradient lower the sphere's error on T by the fraction 2d(A-1)/(d^2+(d-2)A), whatever "
    "|T|; this is all of it for a 1-sparse gradient on its support, and 2(d-s)/(ds+d-2) for an s-sparse one with "
    "equal entries on its support. The mean of b = k + m draws in two stages (direction from k Gaussian probes, as "
    "in C4b) lowers it by phi times that, phi = (m/b)(k-1)(k-3)/((k+d-1)(k+d+1)) < ((k-2)/(k+d))^2 for k > 3.",
    latex=r"Let $A=\frac d{|T|}\frac{\|a_T\|^2}{\|a\|^2}$. Draws aligned with the exact gradient lower the sphere's error "
    r"on $T$ by the fraction $\frac{2d(A-1)}{d^2+(d-2)A}$ ($1$ for a 1-sparse gradient on its support, "
    r"$\frac{2(d-s)}{ds+d-2}$ for $s$ equal entries); $b=k+m$ draws in two stages (direction from $k$ Gaussian probes) "
    r"lower it by $\varphi$ times that, $\varphi=\frac mb\frac{(k-1)(k-3)}{(k+d-1)(k+d+1)}<\bigl(\frac{k-2}{k+d}\bigr)^2$ "
    r"for $k>3$.",
    source="derived here; the error on {i : |a_i| >= tau} is the tau-MSE of arXiv 2510.19975, as summarised",
    conditions=("d >= 2, T not empty", "averaged over stage 1", "equal numbers of draws, mu -> 0"),
    expected=Verdict.PROVED,
    formulas={
        "exact": 2 * D * (ANISOTROPY - 1) / (D**2 + (D - 2) * ANISOTROPY),
        "sparse": 2 * (D - K) / (D * K + D - 2),  # k equal entries
        "fraction": SECOND / B * (K - 1) * (K - 3) / ((K + D - 1) * (K + D + 1)),
        "fraction bound": ((K - 2) / (K + D)) ** 2,
    },
    parts=("exact direction", "sparse", "two stages", "bound"),
    depends=("B9", "C4b", "C4d"),
)

FALSIFIER = "a set, gradient or budget with another gain"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    share = ANISOTROPY * SIZE / D
    sphere = classical_tensor("sphere", D).error_covariance(1).on_set(SIZE, share)
    dap = aligned_tensor(D).aligned().error_covariance(1).on_set(SIZE, share)
    exact = claim.formulas["exact"]
    yield check_identity(
        exact,
        sp.cancel((sphere - dap) / sphere),
        detail="(sphere - aligned)/sphere from the partial traces with |a_T|^2/|a|^2 = A |T|/d, symbolic d and |T|",
        falsifier=FALSIFIER,
        parts=("exact direction",),
        domain={D: [2, 3, 5], SIZE: [1, 2]},
    )
    yield check_identity(
        [1, claim.formulas["sparse"]],
        [sp.cancel(exact.subs(ANISOTROPY, D)), sp.cancel(exact.subs(ANISOTROPY, D / K))],
        detail="support of a 1-sparse gradient (A = d) and of k equal entries (A = d/k)",
        falsifier=FALSIFIER,
        parts=("sparse",),
        domain={D: [3, 5, 7], K: [1, 2, 3]},
    )
    # Two stages: error alpha |T| + beta share with alpha d + beta = (d-1)/b and alpha + beta = the
    # directional variance of the mean of all draws.
    moments = tuple(gaussian_probe_alignment(D, K, power) for power in (1, 2))
    gradient = classical_tensor("sphere", D).along_gradient() - 1
    drawn = averaged(aligned_directional_moment(R, complement_fourth(D)) - 1, R, moments)
    step = sp.Symbol("G")  # what a stage-2 draw has less along the gradient
    along = gradient / B - step * SECOND / B**2
    alpha = ((D - 1) / B - along) / (D - 1)
    beta = along - alpha
    lowered = sp.factor(sphere - B * (alpha * SIZE + beta * share))
    yield check_identity(
        claim.formulas["fraction"] * sp.cancel(exact * sphere),
        lowered.subs(step, sp.factor(gradient - drawn)),
        detail="b times what k + m draws in two stages have less on T than b sphere draws, symbolic d, k, m, |T|, A",
        falsifier=FALSIFIER,
        parts=("two stages",),
        domain={D: [3, 5], SIZE: [1, 2], K: [1, 2, 5], SECOND: [1, 3]},
    )


@claim.check("bound")
def bound(claim) -> Iterator[Evidence]:
    """((x^2-1)/(y^2-1) < x^2/y^2 for 1 < x < y, x = k - 2 and y = k + d; and m/b < 1."""
    fraction = claim.formulas["fraction"] * B / SECOND
    j = sp.Symbol("j", integer=True, positive=True)  # k = 3 + j
    excess = sp.factor((claim.formulas["fraction bound"] - fraction).subs(K, 3 + j))
    yield check_relation(
        excess,
        ">",
        0,
        detail="((k-2)/(k+d))^2 minus phi b/m at k = 3 + j",
        falsifier=FALSIFIER,
        parts=("bound",),
        scope=Scope.GENERAL,
    )
    yield check_nonnegative(
        fraction.subs(K, 3 + j) * (1 - SECOND / B).subs(K, 3 + j),
        [Term(sp.factor(fraction.subs(K, 3 + j)) * (3 + j) / (3 + j + SECOND))],
        detail="phi < phi b/m because m/b = 1 - k/b < 1",
        falsifier=FALSIFIER,
        parts=("bound",),
    )


@claim.check("law")
def law(claim) -> Iterator[Evidence]:
    """The package's errors on coordinates, in exact arithmetic."""
    for a, chosen in (
        ((3, 1, 1, 0), (0,)),
        ((3, 1, 1, 0), (1, 2, 3)),
        ((2, 2, 0, 0, 0), (0, 1)),
        ((1, 0, 0), (0,)),
    ):
        size = len(a)
        sphere, dap = (coordinate_mse(one, a, chosen) for one in (Sphere(size), DAP(a)))
        anisotropy = sp.Rational(size * sum(a[i] ** 2 for i in chosen), len(chosen) * sum(x * x for x in a))
        yield check_identity(
            claim.formulas["exact"].subs({D: size, ANISOTROPY: anisotropy}),
            1 - sp.Rational(str(dap)) / sp.Rational(str(sphere)),
            detail=f"relative gain of the laws' own covariances, a = {a}, T = {chosen}, A = {anisotropy}",
            falsifier=FALSIFIER,
            parts=("exact direction",),
            scope=Scope.INSTANCE,
        )


@claim.check("table")
def table(claim) -> Iterator[Evidence]:
    """Supports of equal entries by the laws' own covariances; the fraction and its bound in every small budget."""
    for size, support in ((3, 1), (4, 2), (5, 3), (6, 1)):
        a, chosen = (1,) * support + (0,) * (size - support), range(support)
        sphere, dap = (coordinate_mse(one, a, chosen) for one in (Sphere(size), DAP(a)))
        yield check_identity(
            claim.formulas["sparse"].subs({D: size, K: support}),
            1 - sp.Rational(str(dap)) / sp.Rational(str(sphere)),
            detail=f"relative gain of the laws on the support, d = {size}, {support} equal entries",
            falsifier=FALSIFIER,
            parts=("sparse",),
            scope=Scope.INSTANCE,
        )
    for size in (2, 10, 100):
        excess = min(
            (claim.formulas["fraction bound"] - claim.formulas["fraction"]).subs({D: size, K: k, SECOND: m})
            for k in range(4, 20)
            for m in (1, 10, 1000)
        )
        yield check_relation(
            excess,
            ">",
            0,
            detail=f"least excess of the bound over 48 budgets, d = {size}",
            falsifier=FALSIFIER,
            parts=("bound",),
        )


@claim.check("simulation")
def simulation(claim) -> Evidence:
    """a = e_1, T = {1}, d = 4: the sphere's error there is 2 (d-1)/((d+2) b)."""
    dim, first, second = 4, 10, 6
    numbers = {D: dim, K: first, SECOND: second, ANISOTROPY: dim}
    gain = float((claim.formulas["exact"] * claim.formulas["fraction"]).subs(numbers))
    claimed = 2 * (dim - 1) / (dim + 2) / (first + second) * (1 - gain)

    def sample(n: int, rng: np.random.Generator) -> np.ndarray:
        stages = simulate(dim, first, second, n, rng)
        return ((first * stages.first[:, 0] + second * stages.second[:, 0]) / (first + second) - 1) ** 2

    return check_mean(
        sample,
        claimed,
        resolvable=0.04 * claimed,
        rng=stream(2024, claim.id),
        detail=f"error on the support of a 1-sparse gradient, d = {dim}, k = {first}, m = {second}",
        parts=("two stages",),
    )
