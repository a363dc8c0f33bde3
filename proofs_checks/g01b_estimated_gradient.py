"""G1b: the published figure, read for perturbations aligned with a direction that is really estimated."""

from collections.abc import Iterator

import sympy as sp

from proofs_checks._store import FALSE_ALARM, difference, half_width, over_trials, stored
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.derive.moments import gaussian_moment, sphere_moment
from zotheory.ledger.claim import Claim, Kind, Verdict

claim = Claim(
    id="G1b",
    title="Published, read for an estimated direction: on the product function DAP's error on the large coordinate is "
    "below those of the sphere and the Gaussian at b = 2, ..., 32 - no",
    kind=Kind.PUBLISHED,
    plain="On the product function with d = 16, at b = 2, 4, 8, 16, 32 perturbations and equally many queries, aligned "
    "perturbations whose direction is estimated from half of them have a smaller error on the large coordinate than "
    "the sphere and the Gaussian. (The published curve with this label uses the exact gradient; see G1 for that.)",
    latex=r"At $b=2,\dots,32$, $d=16$, two stages of $b/2$ draws have a smaller error on the large coordinate than $b$ "
    r"draws from the sphere and than $b$ Gaussian ones.",
    source="arXiv 2510.19975, Figure 3, as summarised, the label DAP (estimated gradient) taken at its word",
    conditions=(
        "1-sparse gradient, delta = 1, mu -> 0, b + 1 queries each; the second stage alone is the estimate, as published",
        "stored results of estimation-error, 14 seeds; false-alarm rate 1e-3 over all comparisons, whatever the distribution "
        "of the trials' losses (up to a kurtosis of 75 at the fewest trials and of 2400 at the most, those of b = 2, 4 and 8; "
        "above that of every loss at its own number of trials)",
    ),
    expected=Verdict.REFUTED,
    formulas={"batches": (2, 4, 8, 16, 32), "dimension": 16, "others": ("sphere", "gaussian")},
    data=("../results/estimation-error",),
)


def alone(name: str, dim: int, batch: int) -> sp.Expr:
    """Return the error of b independent draws: (E v_1^4 - 1)/b, for E v_1^2 = 1."""
    fourth = sphere_moment((4,), dim, dim) if name == "sphere" else gaussian_moment((4,))
    return (fourth - 1) / batch


def one_and_one(dim: int) -> sp.Expr:
    """Return the error of one aligned draw along the direction of one sphere probe.

    That direction is uniform, whatever the probe measures. With rho its first coordinate, xi a sign and w a
    fixed-length vector of its complement v_1 = xi rho + w_1, where w_1 is sqrt(1 - rho^2) times a coordinate
    of a point of the sphere |y|^2 = d - 1 in R^(d-1).
    """
    square, fourth = (sphere_moment((k,), dim) for k in (2, 4))
    y4 = sphere_moment((4,), dim - 1, dim - 1)
    return fourth + 6 * (square - fourth) + y4 * (1 - 2 * square + fourth) - 1


@claim.check("integration")
def integration(claim: Claim) -> Evidence:
    dim, batch = claim.formulas["dimension"], min(claim.formulas["batches"])
    two_stages, others = (
        one_and_one(dim),
        {name: alone(name, dim, batch) for name in claim.formulas["others"]},
    )
    fails = batch == 2 and any(two_stages >= other for other in others.values())
    numbers = {"two stages": str(two_stages)} | {name: str(other) for name, other in others.items()}
    told = ", ".join(f"{name} {number}" for name, number in numbers.items())
    return Evidence(
        outcome=Outcome.FAILS if fails else Outcome.INCONCLUSIVE,
        grade=Grade.EXACT,
        scope=Scope.INSTANCE,
        detail=f"expected errors at b = {batch}, d = {dim}: {told}",
        falsifier="a smaller expected error of the two stages would not refute the statement",
        witness=Witness(f"b = 2: errors {told}, in units of |a|^2", numbers) if fails else None,
    )


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    found = stored("estimation-error", seeds=14, quadratic_dim=8).where(function="product", mu=[0.0, 1e-8])
    wanted = [(batch, name) for batch in claim.formulas["batches"] for name in claim.formulas["others"]]
    for batch, name in wanted:
        aligned, other = (
            over_trials(found.where(method=method, batch=batch), "tau_mse")
            for method in ("dap-two-stage", name)
        )
        gap = difference(aligned, other)
        half = half_width(gap, FALSE_ALARM / len(wanted))
        low, high = gap.value - half, gap.value + half
        outcome = Outcome.FAILS if low > 0 else Outcome.HOLDS if high < 0 else Outcome.INCONCLUSIVE
        numbers = {
            "two stages": aligned.value,
            name: other.value,
            "interval of the difference": [low, high],
        }
        yield Evidence(
            outcome=outcome,
            grade=Grade.STATISTICAL,
            scope=Scope.INSTANCE,
            detail=f"b = {batch}: two stages {aligned.value:.4g}, {name} {other.value:.4g}, difference in [{low:.3g}, {high:.3g}]",
            falsifier="an interval of the difference above 0",
            witness=Witness(f"b = {batch}, {name}: means in the store", numbers) if low > 0 else None,
        )
