"""C3: the alignment of the mean of k Gaussian estimates with the gradient."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_checks._c_designs import K
from proofs_checks._shared import D
from zotheory.checks.evidence import Evidence, Scope
from zotheory.checks.exact import check_identity
from zotheory.checks.statistical import check_mean
from zotheory.derive.alignment import gaussian_probe_alignment
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.rng import stream

claim = Claim(
    id="C3",
    title="Rough estimate from k Gaussian probes: rho^2 is Beta(k/2, (d-1)/2), E rho^2 = k/(k+d-1)",
    kind=Kind.EQUALITY,
    plain="The mean of k estimates z_i (z_i.a) with independent Gaussian z_i has a squared alignment rho^2 with a of "
    "the Beta(k/2, (d-1)/2) law: E rho^2 = k/(k+d-1) and E rho^4 = k (k+2)/((k+d-1)(k+d+1)).",
    latex=r"The mean of $k$ estimates $z_i(z_i\cdot a)$ with independent Gaussian $z_i$ has squared alignment "
    r"$\rho^2\sim\mathrm{Beta}(\tfrac k2,\tfrac{d-1}2)$ with $a$: $E\rho^2=\frac{k}{k+d-1}$, "
    r"$E\rho^4=\frac{k(k+2)}{(k+d-1)(k+d+1)}$.",
    source="derived here",
    conditions=("d >= 2, k >= 1, a is not zero", "mu -> 0", "the Gaussian vectors are not normalised"),
    expected=Verdict.PROVED,
    formulas={
        "mean": K / (K + D - 1),
        "square": K * (K + 2) / ((K + D - 1) * (K + D + 1)),
        "first parameter": K / 2,
        "second parameter": (D - 1) / 2,
    },
    parts=("law", "mean", "square"),
)

FALSIFIER = "another moment of rho^2"


@claim.check("symbolic")
def symbolic(claim) -> Iterator[Evidence]:
    """Along a the sum is |y|^2, y_i = z_i.a/|a|; across it is |y| g: a ratio of chi-squared variables.

    sum_i y_i z_i' given y is Gaussian with covariance |y|^2 I, so rho^2 = |y|^4/(|y|^4 + |y|^2 |g|^2).
    """
    y2, g2 = sp.symbols("y2 g2", positive=True)
    along, across = y2, y2 * g2  # component along a, squared length across
    yield check_identity(
        y2 / (y2 + g2),
        along**2 / (along**2 + across),
        detail="rho^2 as |y|^2/(|y|^2 + |g|^2)",
        falsifier=FALSIFIER,
        parts=("law",),
    )
    # Density of the ratio r of Gamma(p) and Gamma(q) variables (half a chi-squared): with total t the joint
    # density of (r t, (1-r) t), Jacobian t, is r^{p-1} (1-r)^{q-1} t^{p+q-1} e^{-t}: a product, so r is Beta(p, q).
    r, t, p, q = sp.symbols("r t p q", positive=True)
    joint = (r * t) ** (p - 1) * ((1 - r) * t) ** (q - 1) * sp.exp(-r * t - (1 - r) * t) * t
    yield check_identity(
        1,
        sp.powsimp(
            sp.expand_power_base(joint, force=True)
            / (r ** (p - 1) * (1 - r) ** (q - 1) * t ** (p + q - 1) * sp.exp(-t)),
            force=True,
        ),
        detail="the joint density factorises into Beta(p, q) in r and Gamma(p + q) in t, p = k/2, q = (d-1)/2",
        falsifier=FALSIFIER,
        parts=("law",),
        constraints=[1 - r],
    )
    for part, power in (("mean", 1), ("square", 2)):
        yield check_identity(
            claim.formulas[part],
            gaussian_probe_alignment(D, K, power),
            detail=f"moment {power} of the Beta law, symbolic d and k",
            falsifier=FALSIFIER,
            parts=(part,),
        )
        first, second = claim.formulas["first parameter"], claim.formulas["second parameter"]
        total = first + second
        beta = first / total * ((first + 1) / (total + 1) if power == 2 else 1)
        yield check_identity(
            claim.formulas[part],
            beta,
            detail=f"moment {power} of the stated Beta parameters",
            falsifier=FALSIFIER,
            parts=("law", part),
        )


@claim.check("quadrature")
def quadrature(claim) -> Iterator[Evidence]:
    """The ratio integrated over polar coordinates of the two chi variables, concrete k and d.

    (|y|, |g|) = t (cos x, sin x) has density cos^{k-1} x sin^{d-2} x in the angle.
    """
    x = sp.Symbol("x", positive=True)
    for dim, k in ((2, 1), (2, 3), (3, 2), (4, 5), (6, 3)):
        density = sp.cos(x) ** (k - 1) * sp.sin(x) ** (dim - 2)
        mass = sp.integrate(density, (x, 0, sp.pi / 2))
        # Four moments of the Beta law with the stated parameters, which are rising factorials.
        first, second = (claim.formulas[f"{x} parameter"].subs({D: dim, K: k}) for x in ("first", "second"))
        yield check_identity(
            [sp.rf(first, p) / sp.rf(first + second, p) for p in range(1, 5)],
            [
                sp.nsimplify(
                    sp.simplify(sp.integrate(density * sp.cos(x) ** (2 * p), (x, 0, sp.pi / 2)) / mass)
                )
                for p in range(1, 5)
            ],
            detail=f"four moments by integrals over the angle, d = {dim}, k = {k}",
            falsifier=FALSIFIER,
            parts=("law",),
            scope=Scope.INSTANCE,
        )
        for part, power in (("mean", 2), ("square", 4)):
            value = sp.integrate(density * sp.cos(x) ** power, (x, 0, sp.pi / 2))
            yield check_identity(
                claim.formulas[part].subs({D: dim, K: k}),
                sp.nsimplify(sp.simplify(value / mass)),
                detail=f"integral over the angle between |y| and |g|, d = {dim}, k = {k}",
                falsifier=FALSIFIER,
                parts=(part,),
                scope=Scope.INSTANCE,
            )


@claim.check("simulation")
def simulation(claim) -> Iterator[Evidence]:
    for part, power, dim, k in (("mean", 1, 5, 3), ("square", 2, 5, 3), ("mean", 1, 3, 40)):
        claimed = float(claim.formulas[part].subs({D: dim, K: k}))

        def sample(
            n: int, rng: np.random.Generator, dim: int = dim, k: int = k, power: int = power
        ) -> np.ndarray:
            z = rng.standard_normal((n, k, dim))
            total = (z * z[:, :, :1]).sum(axis=1)
            return (total[:, 0] ** 2 / (total**2).sum(axis=1)) ** power

        yield check_mean(
            sample,
            claimed,
            resolvable=0.02 * claimed,
            rng=stream(2024, claim.id, part, k),
            detail=f"E rho^{2 * power} of the sum of Gaussian estimates, d = {dim}, k = {k}",
            parts=(part,),
        )
