"""I1: aligned with a single probe, DAP's second stage is the uniform law."""

from collections.abc import Iterator
from math import gamma, pi, sqrt

import numpy as np
import sympy as sp

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope
from zotheory.checks.exact import check_identity
from zotheory.checks.statistical import check_mean
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream
from zotheory.types import FloatArray

D, DELTA = sp.Symbol("d", integer=True, positive=True), sp.Symbol("delta", positive=True)
# Moments that are compared: E (v.a)^(2k), |a| = 1, k up to this.
ORDERS = 4


def along(k: int, dim: sp.Expr) -> sp.Expr:
    """Return E u_1^(2k) for u uniform on the unit sphere of R^dim: (2k-1)!! / (dim (dim+2) ... (dim+2k-2))."""
    found = sp.Integer(1)
    for i in range(k):
        found *= (2 * i + 1) / (dim + 2 * i)
    return found


claim = Claim(
    id="I1",
    title="Aligned with a single probe, the second stage of DAP alone is the uniform law on the sphere, whatever the gradient",
    kind=Kind.EQUALITY,
    plain="Let e be the direction of one uniform probe with the sign of its slope, and v = xi sqrt(delta) e + w, xi a fair "
    "sign, w uniform on the sphere of radius sqrt(delta (d - 1)) orthogonal to e. Then |v|^2 = delta d, and E (v.a)^(2k) is "
    "(delta d)^k (2k-1)!!/(d (d+2) ... (d+2k-2)) |a|^(2k) for k up to 4, as for the uniform law: the estimate (v.a) v has its "
    "mean delta a and E|g|^2 = delta^2 d |a|^2. (v is rotated with e, whose line is uniform, so that all moments agree.) A "
    "step of forward differences takes one more function value for it, 3 against 2.",
    latex=r"With one probe: $|v|^2=\delta d$, $E(v\cdot a)^{2k}=(\delta d)^k\frac{(2k-1)!!}{d(d+2)\cdots(d+2k-2)}|a|^{2k}$, "
    r"as for the uniform law.",
    source="derived here; one probe, its second stage alone: the language-model runs of arXiv 2510.19975, as summarised",
    conditions=(
        "d >= 2, mu -> 0; averaged over the probe",
        "the component along e has length sqrt(delta); a code that gives it length 1 leaves out 1 - 1/delta of one part in d",
    ),
    expected=Verdict.PROVED,
    formulas={f"moment {2 * k}": (DELTA * D) ** k * along(k, D) for k in range(1, ORDERS + 1)}
    | {"length": DELTA * D, "error": DELTA**2 * D},
    parts=("length", "moments", "error"),
)

FALSIFIER = "a dimension or scale in which a moment differs from the uniform law's"


def conditioned(k: int) -> sp.Expr:
    """Return E (v.a)^(2k), |a| = 1, given first the angle of e and a.

    With c = (e.a)^2, v.a = sqrt(delta) (xi sqrt(c) + sqrt((d-1)(1-c)) u), u a coordinate of a uniform point of
    the sphere of R^(d-1). c has the distribution Beta(1/2, (d-1)/2).
    """
    total = sp.Integer(0)
    for j in range(k + 1):
        # E c^(k-j) (1-c)^j, by rising factorials.
        beta = sp.rf(sp.Rational(1, 2), k - j) * sp.rf((D - 1) / 2, j) / sp.rf(D / 2, k)
        total += sp.binomial(2 * k, 2 * j) * beta * (D - 1) ** j * along(j, D - 1)
    return DELTA**k * sp.cancel(sp.expand_func(total))


@claim.check("angle first")
def angle_first(claim: Claim) -> Iterator[Evidence]:
    orders = range(1, ORDERS + 1)
    yield check_identity(
        [claim.formulas[f"moment {2 * k}"] for k in orders],
        [conditioned(k) for k in orders],
        detail="moments of v.a given the angle of e and the gradient, averaged over it, symbolic d and delta",
        falsifier=FALSIFIER,
        parts=("moments",),
        domain={D: [2, 3, 5]},
    )
    yield check_identity(
        claim.formulas["length"],
        DELTA + DELTA * (D - 1),
        detail="|v|^2 from its orthogonal parts",
        falsifier=FALSIFIER,
        parts=("length",),
    )
    yield check_identity(
        claim.formulas["error"],
        claim.formulas["length"] * conditioned(1),
        detail="E|g|^2 = |v|^2 E(v.a)^2, as the length is fixed",
        falsifier=FALSIFIER,
        parts=("error",),
        domain={D: [2, 3, 5]},
    )


@claim.check("the law itself")
def the_law_itself(claim: Claim) -> Evidence:
    """P(v.a < x), from the density of the angle, against that of the uniform law; quadrature on both sides.

    The density of a coordinate of a uniform point of the unit sphere of R^n is
    Gamma(n/2) / (sqrt(pi) Gamma((n-1)/2)) (1 - t^2)^((n-3)/2); here n = d and n = d - 1, d >= 4.
    """

    def weights(n: int, nodes: int = 400) -> tuple[FloatArray, FloatArray]:
        # t = sin(theta) makes the density cos(theta)^(n-2), smooth.
        points, each = np.polynomial.legendre.leggauss(nodes)
        theta = points * pi / 2
        scale = gamma(n / 2) / (sqrt(pi) * gamma((n - 1) / 2)) * pi / 2
        return np.sin(theta), each * scale * np.cos(theta) ** (n - 2)

    worst, delta = 0.0, 2.5
    for dim in (4, 5, 8, 20):
        (t, p), (u, q) = weights(dim), weights(dim - 1)
        slope = np.sqrt(delta) * (t[:, None] + np.sqrt((dim - 1) * (1 - t**2))[:, None] * u)
        length = float(claim.formulas["length"].subs({D: dim, DELTA: delta}))
        for order in (0.3, 1.0, 2.7):
            # cos of any multiple: the characteristic functions, which fix the laws.
            two_stages = float(p @ np.cos(order * slope) @ q)
            uniform = float(p @ np.cos(order * np.sqrt(length) * t))
            worst = max(worst, abs(two_stages - uniform))
    return Evidence(
        outcome=Outcome.HOLDS if worst < 1e-10 else Outcome.FAILS,
        grade=Grade.CERTIFICATE,
        scope=Scope.INSTANCE,
        detail=f"characteristic functions of v.a by quadrature, d = 4 to 20, differ by at most {worst:.1e}",
        falsifier=FALSIFIER,
        parts=("length", "moments"),
    )


@claim.check("drawn")
def drawn(claim: Claim) -> Iterator[Evidence]:
    """Two stages as they are run: a probe, the sign of its slope, a draw aligned with it."""
    dim, delta = 6, 3.0
    a = np.arange(1.0, dim + 1) / np.sqrt((np.arange(1.0, dim + 1) ** 2).sum())

    def drawn_v(n: int, rng: np.random.Generator) -> FloatArray:
        probe, z = rng.standard_normal((2, n, dim))
        e = probe * (np.sign(probe @ a) / np.linalg.norm(probe, axis=1))[:, None]
        z -= (z * e).sum(axis=1)[:, None] * e
        w = z * (np.sqrt(delta * (dim - 1)) / np.linalg.norm(z, axis=1))[:, None]
        return rng.choice([-1.0, 1.0], (n, 1)) * np.sqrt(delta) * e + w

    def fourth(n: int, rng: np.random.Generator) -> FloatArray:
        return (drawn_v(n, rng) @ a) ** 4

    def error(n: int, rng: np.random.Generator) -> FloatArray:
        v = drawn_v(n, rng)
        return (v @ a) ** 2 * (v**2).sum(axis=1)

    for name, sample, part in (("moment 4", fourth, "moments"), ("error", error, "error")):
        claimed = float(sp.sympify(claim.formulas[name]).subs({D: dim, DELTA: delta}))
        yield check_mean(
            sample,
            claimed,
            resolvable=0.03 * claimed,
            support=(0, (delta * dim) ** 2),
            rng=stream(2025, claim.id, name),
            detail=f"{name} of two stages as they are run, d = {dim}, delta = {delta:g}",
            parts=(part,),
        )
