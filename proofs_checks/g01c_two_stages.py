"""G1c: measured errors on the product function of two stages whose direction is really estimated."""

from collections.abc import Iterator

import sympy as sp

from proofs_checks._store import (
    Mean,
    Stated,
    certified,
    difference,
    near,
    near_ratio,
    over_trials,
    settled,
    stored,
)
from zotheory.checks.evidence import Evidence
from zotheory.derive.alignment import aligned_directional_moment, complement_fourth
from zotheory.derive.probe_quadrature import sphere_probe_alignment
from zotheory.ledger.claim import Claim, Kind, Verdict

D, B = sp.symbols("d b", positive=True)

claim = Claim(
    id="G1c",
    title="Measured: with an estimated direction DAP has twice the sphere's total error; on the large coordinate it is "
    "behind at b <= 32 and ahead from b = 256",
    kind=Kind.EQUALITY,
    plain="Product function, d = 16, one large coordinate; b perturbations, half of them for the direction. The second "
    "stage alone (as published) has the total error 2(d-1)/b, twice the sphere's. On the large coordinate its error is "
    "above the sphere's for b = 2, ..., 32 (2, 1.977 and 1.852 times at b = 2, 8 and 16), and below for b = 256 and 512. The average of both stages has the "
    "sphere's total error, and less on the large coordinate from b = 256 on.",
    latex=r"Second stage alone: total $\frac{2(d-1)}b$; on the large coordinate above the sphere for $b\le32$, below for "
    r"$b\ge256$. Average of both stages: total $\frac{d-1}b$.",
    source="derived here; the two stages are Algorithm 2 of arXiv 2510.19975, as summarised",
    conditions=(
        "d = 16, 1-sparse gradient, delta = 1, mu = 0 and 1e-8, equal queries; stored results of estimation-error, 14 seeds",
        "one false-alarm rate, 1e-3, for all comparisons; intervals for any distribution of the trials' losses, up to a kurtosis "
        "that is stated with them. Sure to be seen, of the stated values: 4% in total up to b = 16 and 7% above; 9% of the ratio "
        "at b = 2, 7% at b = 8 and 16; at b = 64 and 128 no sign is stated",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "total, second": 2 * (D - 1) / B,
        "total, average": (D - 1) / B,
        "ratio": {2: sp.Integer(2), 8: sp.Rational(1977, 1000), 16: sp.Rational(1852, 1000)},
        "behind": (2, 4, 8, 16, 32),
        "ahead": (256, 512),
    },
    parts=("total", "large"),
    data=("../results/estimation-error",),
)
DIM = 16


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    found = stored("estimation-error", seeds=14, quadratic_dim=8).where(
        function="product", mu=[0.0, 1e-8], dimension=DIM
    )

    def mean(method: str, batch: int, column: str) -> Mean:
        return over_trials(found.where(method=method, batch=batch), column)

    methods = {"second": "dap-two-stage", "average": "dap-two-stage-average"}
    total = [
        near(
            f"{name}, b = {batch}",
            mean(method, batch, "total"),
            claim.formulas[f"total, {name}"].subs({D: DIM, B: batch}),
            0.04 if batch <= 16 else 0.07,
        )
        for name, method in methods.items()
        for batch in sorted(set(found["batch"].tolist()))
    ]
    yield settled(claim, "total", "total errors", total)

    def gap(name: str, batch: int) -> Mean:
        return difference(mean(methods[name], batch, "tau_mse"), mean("sphere", batch, "tau_mse"))

    large = [
        Stated(f"second - sphere, b = {batch}", gap("second", batch), low=0)
        for batch in claim.formulas["behind"]
    ]
    for name in methods:
        large += [
            Stated(f"{name} - sphere, b = {b}", gap(name, b), high=0) for b in claim.formulas["ahead"]
        ]
    for batch, stated in claim.formulas["ratio"].items():
        pair = (mean(method, batch, "tau_mse") for method in (methods["second"], "sphere"))
        large += near_ratio(f"second over sphere, b = {batch}", stated, 0.09 if batch == 2 else 0.07, *pair)
    yield settled(claim, "large", "errors on the large coordinate", large)


@claim.check("moments of the alignment")
def moments(claim: Claim) -> Iterator[Evidence]:
    """Given the direction the second stage is unbiased: its error is (E s^2 - 1)/m along a, (d - 1)/m in all."""
    sphere = sp.Rational(2 * (DIM - 1), DIM + 2)
    k4 = complement_fourth(DIM)
    signs, off = {}, []
    for batch in (*claim.formulas["behind"], *claim.formulas["ahead"]):
        half = batch // 2
        (low1, high1), (low2, high2) = (sphere_probe_alignment(DIM, half, power, 1e-2) for power in (1, 2))
        # E s^2 = c0 + c1 E rho^2 + c2 E rho^4 is monotone in each moment, so that ends of the intervals bound it.
        r = sp.Symbol("r")
        c0, c1, c2 = (sp.Poly(aligned_directional_moment(r, k4), r).coeff_monomial(r**i) for i in range(3))
        ends = [float(c0 + c1 * x + c2 * y) - 1 for x in (low1, high1) for y in (low2, high2)]
        ends = [end / half * batch / float(sphere) for end in ends]
        signs[batch] = 1 if min(ends) > 1 else -1 if max(ends) < 1 else 0
        stated = float(claim.formulas["ratio"].get(batch, ends[0]))
        if not min(ends) * (1 - 1e-3) <= stated <= max(ends) * (1 + 1e-3):
            off.append(batch)
    wrong = [b for b, sign in signs.items() if sign != (1 if b in claim.formulas["behind"] else -1)]
    detail = (
        f"expected errors of the second stage less the sphere's: signs {signs}; ratios off at b = {off}"
    )
    yield certified(not wrong and not off, "large", detail)
    # One stage after the other: w^2 (d-1)/n + (1-w)^2 (d-1)/m, with w = 0 or n/(n+m).
    n, w = B / 2, sp.Symbol("w")
    error = w**2 * (D - 1) / n + (1 - w) ** 2 * (D - 1) / (B - n)
    off = [
        name
        for name, weight in {"second": 0, "average": sp.Rational(1, 2)}.items()
        if sp.simplify(error.subs(w, weight) - claim.formulas[f"total, {name}"]) != 0
    ]
    yield certified(not off, "total", "total errors of both stages, uncorrelated, of d - 1 a draw")
