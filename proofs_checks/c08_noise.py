"""C8: break condition a = 0: with noise in the function values the rough estimate is a random direction."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._c_designs import K
from proofs_checks._c_two_stage import aligned_mean
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence
from zotheory.checks.exact import check_identity, check_relation
from zotheory.checks.statistical import check_mean
from zotheory.derive.alignment import beta_moment
from zotheory.derive.constructions import aligned_tensor
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

# |a|^2/(|a|^2 + sigma^2), sigma^2 the variance of the noise in one difference quotient.
THETA = sp.Symbol("theta", nonnegative=True)
LENGTH2, SIGMA2 = sp.symbols("a2 sigma2", positive=True)
CHI2 = sp.Symbol("R2", nonnegative=True)

claim = Claim(
    id="C8",
    title="Gradient near zero: noise turns the rough estimate into a random direction; the total error stays",
    kind=Kind.EQUALITY,
    plain="Let k difference quotients be z_i.a + e_i with Gaussian z_i and independent noise e_i ~ N(0, sigma^2), and "
    "theta = |a|^2/(|a|^2+sigma^2). The direction of sum z_i (z_i.a + e_i) has squared alignment "
    "rho^2 = N/(N+Q), N = (sqrt(theta) R + sqrt(1-theta) g)^2, with independent R chi (k degrees of freedom), g ~ N(0,1) "
    "and Q chi-squared (d-1). E N = 1 + theta (k-1), so E rho^2 <= (1 + theta (k-1))/(d-3) for d > 3. For theta = 0 the "
    "law of rho^2 is Beta(1/2, (d-1)/2) and E rho^2 = 1/d, whatever k is; for theta = 1 it is Beta(k/2, (d-1)/2). A "
    "draw aligned with the direction keeps nu = d (spherical complement), whatever theta is.",
    latex=r"Let $k$ difference quotients be $z_i\cdot a+\varepsilon_i$, $z_i$ Gaussian, $\varepsilon_i\sim N(0,\sigma^2)$ "
    r"independent, $\theta=\|a\|^2/(\|a\|^2+\sigma^2)$. The direction of $\sum z_i(z_i\cdot a+\varepsilon_i)$ has "
    r"$\rho^2=\frac N{N+Q}$, $N=(\sqrt\theta R+\sqrt{1-\theta}\,g)^2$, $R\sim\chi_k$, $g\sim N(0,1)$, $Q\sim\chi^2_{d-1}$ "
    r"independent; $E\rho^2\le\frac{1+\theta(k-1)}{d-3}$ for $d>3$; $\theta=0$: $E\rho^2=\frac1d$ for every $k$; "
    r"$\theta=1$: $\mathrm{Beta}(\tfrac k2,\tfrac{d-1}2)$. A draw aligned with it has $\nu=d$ (spherical complement).",
    source="derived here",
    conditions=(
        "d >= 2, a is not zero (theta = 0 is the limit)",
        "Gaussian noise, independent of the probes",
        "mu -> 0",
    ),
    expected=Verdict.PROVED,
    formulas={
        "gain of N": sp.sqrt(THETA),
        "noise of N": 1 - THETA,
        "mean of N": 1 + THETA * (K - 1),
        "bound": (1 + THETA * (K - 1)) / (D - 3),
        "pure noise": 1 / D,
        "no noise": K / (K + D - 1),
        "nu": D,
    },
    parts=("representation", "mean of N", "bound", "pure noise", "no noise", "total error"),
    depends=("C2", "C3"),
)

FALSIFIER = "another law of the alignment, or a dimension factor that depends on the noise"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    # y_i = |a| x_i + e_i, x_i = z_i.a/|a|: regression of x_i on y_i, Cov = |a|, Var y = |a|^2 + sigma^2.
    variance = LENGTH2 + SIGMA2
    slope = sp.sqrt(LENGTH2) / variance
    residual = 1 - sp.sqrt(LENGTH2) ** 2 / variance
    share = LENGTH2 / variance
    # Along a: sum y_i x_i / |y| = slope |y| + N(0, residual), and |y| = sqrt(variance) R. Across: N(0, I).
    yield check_identity(
        [claim.formulas["gain of N"].subs(THETA, share), claim.formulas["noise of N"].subs(THETA, share)],
        [sp.powdenest(slope * sp.sqrt(variance), force=True), residual],
        detail="component along a given |y|, in units of |y|: sqrt(theta) R plus noise of variance 1 - theta",
        falsifier=FALSIFIER,
        parts=("representation",),
    )
    # E N = theta E R^2 + (1 - theta), E R^2 = k; the mixed term has mean zero.
    yield check_identity(
        claim.formulas["mean of N"],
        claim.formulas["gain of N"] ** 2 * K + claim.formulas["noise of N"],
        detail="E N",
        falsifier=FALSIFIER,
        parts=("mean of N",),
    )
    # rho^2 <= N/Q, independent, and E[1/Q] = 1/(d - 3): Gamma(nu/2 - 1)/(2 Gamma(nu/2)) with nu = d - 1.
    half = (D - 1) / 2
    shape = sp.Symbol("x", positive=True)
    inverse = sp.gammasimp(sp.gamma(shape - 1) / (2 * sp.gamma(shape))).subs(shape, half)
    yield check_identity(
        claim.formulas["bound"],
        claim.formulas["mean of N"] * inverse,
        detail="E N E[1/Q], an upper bound because rho^2 = N/(N+Q) <= N/Q",
        falsifier=FALSIFIER,
        parts=("bound",),
        domain={D: [4, 5, 7]},
    )
    # theta = 0: N = g^2, chi-squared with one degree of freedom; theta = 1: N = R^2, with k.
    yield check_identity(
        [claim.formulas["pure noise"], claim.formulas["no noise"]],
        [beta_moment(sp.Rational(1, 2), half, 1), beta_moment(K / 2, half, 1)],
        detail="mean of Beta(1/2, (d-1)/2) and of Beta(k/2, (d-1)/2)",
        falsifier=FALSIFIER,
        parts=("pure noise", "no noise"),
    )
    yield check_identity(
        [0, 1, 1, 0],
        [
            claim.formulas["gain of N"].subs(THETA, 0),
            claim.formulas["noise of N"].subs(THETA, 0),
            claim.formulas["gain of N"].subs(THETA, 1),
            claim.formulas["noise of N"].subs(THETA, 1),
        ],
        detail="N = g^2 at theta = 0 and N = R^2 at theta = 1",
        falsifier=FALSIFIER,
        parts=("pure noise", "no noise"),
    )
    rho2 = sp.Symbol("rho2", nonnegative=True)
    yield check_identity(
        claim.formulas["nu"],
        aligned_tensor(D).trace(D, rho2=rho2),
        detail="nu at any alignment, spherical complement",
        falsifier=FALSIFIER,
        parts=("total error",),
    )


@claim.check("quadrature")
def quadrature(claim) -> Iterator[Evidence]:
    """k = 1: N is chi-squared with one degree of freedom for every theta, by a rotation of (R, g) with a fair sign."""
    r, g = sp.symbols("r g", real=True)
    cosine, sine = sp.sqrt(THETA), sp.sqrt(1 - THETA)
    # The half-line R and -R give the same law of N because g is symmetric: R may be a normal variable.
    rotated = (cosine * r + sine * g) ** 2 + (-sine * r + cosine * g) ** 2
    yield check_identity(
        r**2 + g**2,
        rotated,
        detail="(sqrt(theta) r + sqrt(1-theta) g, ...) is a rotation of two independent normal variables",
        falsifier=FALSIFIER,
        parts=("representation",),
    )
    one = claim.formulas["mean of N"].subs(K, 1)
    yield check_relation(
        one,
        "==",
        1,
        detail="at k = 1 the alignment is that of a random direction for every theta: E N = 1",
        falsifier=FALSIFIER,
        parts=("mean of N",),
    )


@claim.check("exact values")
def exact_values(claim) -> Iterator[Evidence]:
    """The bound against the exact means without signal and without noise, d = x + 3."""
    x = sp.Symbol("x", integer=True, positive=True)
    for theta, name in ((0, "pure noise"), (1, "no noise")):
        yield check_relation(
            sp.factor((claim.formulas["bound"].subs(THETA, theta) - claim.formulas[name]).subs(D, x + 3)),
            ">",
            0,
            detail=f"bound minus E rho^2 at theta = {theta}",
            falsifier=FALSIFIER,
            parts=("bound",),
        )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    """rho^2 from noisy probes against N/(N+Q); pure noise; and the error of aligned draws in noise."""
    dim, k, sigma = 6, 5, 1.5
    theta = 1 / (1 + sigma**2)

    def directions(n: int, rng: np.random.Generator, scale: float = 1.0) -> np.ndarray:
        z = rng.standard_normal((n, k, dim))
        y = scale * z[:, :, 0] + sigma * rng.standard_normal((n, k))
        e = (z * y[:, :, None]).sum(axis=1)
        return e / np.linalg.norm(e, axis=1, keepdims=True)

    def paired(n: int, rng: np.random.Generator) -> np.ndarray:
        r = np.sqrt(rng.chisquare(k, size=n))
        top = (np.sqrt(theta) * r + np.sqrt(1 - theta) * rng.standard_normal(n)) ** 2
        return directions(n, rng)[:, 0] ** 2 - top / (top + rng.chisquare(dim - 1, size=n))

    yield check_mean(
        paired,
        0.0,
        resolvable=0.006,
        rng=stream(2024, claim.id, "paired"),
        detail="E rho^2 of noisy probes minus E[N/(N+Q)], d = 6, k = 5, theta = 4/13",
        parts=("representation",),
    )
    claimed = float(claim.formulas["pure noise"].subs(D, dim))
    yield check_mean(
        lambda n, rng: directions(n, rng, 0.0)[:, 0] ** 2,
        claimed,
        resolvable=0.03 * claimed,
        rng=stream(2024, claim.id, "noise"),
        detail="E rho^2 of pure noise, d = 6, k = 5",
        parts=("pure noise",),
    )
    silent = float(claim.formulas["no noise"].subs({D: dim, K: k}))

    def noiseless(n: int, rng: np.random.Generator) -> np.ndarray:
        z = rng.standard_normal((n, k, dim))
        e = (z * z[:, :, :1]).sum(axis=1)
        return e[:, 0] ** 2 / (e**2).sum(axis=1)

    yield check_mean(
        noiseless,
        silent,
        resolvable=0.03 * silent,
        rng=stream(2024, claim.id, "no noise"),
        detail="E rho^2 without noise, d = 6, k = 5",
        parts=("no noise",),
    )
    factor = float(claim.formulas["nu"].subs(D, dim))

    def squared(n: int, rng: np.random.Generator) -> np.ndarray:
        return (aligned_mean(directions(n, rng), 1, rng) ** 2).sum(axis=1)

    yield check_mean(
        squared,
        factor,
        resolvable=0.04 * factor,
        rng=stream(2024, claim.id, "total"),
        detail="E|g|^2/|a|^2 of draws aligned with a noisy direction, d = 6",
        parts=("total error",),
    )
