"""G2: measured splits of a batch between the rough direction and the aligned draws."""

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from proofs_checks._store import (
    Mean,
    Stated,
    certified,
    compared,
    difference,
    near,
    over_cells,
    settled,
    stored,
)
from zotheory.checks.evidence import Evidence
from zotheory.functionals import coordinate_mse
from zotheory.laws import DAP
from zotheory.ledger.claim import Claim, Kind, Verdict

D, N, M = sp.symbols("d n m", positive=True)

claim = Claim(
    id="G2",
    title="Measured: no split of a batch beats one stage in total error; half and half is not the best split",
    kind=Kind.EQUALITY,
    plain="n draws of the sphere give the direction, m aligned draws follow; d = 16, b = n + m = 20 to 320, n/b = 10, 25, "
    "50, 75, 90 percent. The second stage alone has the total error (d-1)/m: the smallest first stage is best, and one "
    "stage of b draws is better. With the stages averaged, or weighted best, every split has the total (d-1)/b. On the "
    "large coordinate of the product function the second stage alone at half and half is behind one stage and behind "
    "10 percent at b = 20, and ahead of both at b = 320: the best split grows with the batch.",
    latex=r"With $n$ draws for the direction and $m$ aligned ones the total error is $\frac{d-1}m$ (second stage) and "
    r"$\frac{d-1}{n+m}$ (weighted $n:m$).",
    source="derived here; arXiv 2510.19975 takes half and half in Algorithm 2, as summarised",
    conditions=(
        "delta = 1, mu -> 0, b + 1 queries, probes and complement of fixed length; stored results of batch-split",
        "intervals as wide as skewness asks for; resolvable: 20% of the total error for b = 80, 160, 320",
    ),
    expected=Verdict.SUPPORTED,
    formulas={
        "second": (D - 1) / M,
        "average": (D - 1) / (N + M),
        "optimal": (D - 1) / (N + M),
        "one-stage": (D - 1) / M,
    },
    parts=("total", "large"),
    data=("../results/batch-split",),
)


@claim.check("measured")
def measured(claim: Claim) -> Iterator[Evidence]:
    found = stored("batch-split", dim=16).where(probes="sphere")
    total = []
    for name, formula in claim.formulas.items():
        kept = found.where(combination=name, batch=[80, 160, 320])
        for split, batch in sorted(set(zip(kept["split"].tolist(), kept["batch"].tolist(), strict=True))):
            rows = kept.where(split=split, batch=batch)
            stated = formula.subs({D: 16, N: int(rows["first"][0]), M: int(rows["second"][0])})
            total.append(near(f"{name}, {split}%, b = {batch}", over_cells(rows, "total"), stated, 0.2))
    yield settled(claim, "total", "total errors", total)

    def gap(batch: int, split: int) -> Mean:
        """Return by how much half and half is behind another split of the second stage, or one stage (0)."""
        rows = found.where(function="product", batch=batch, combination=["second", "one-stage"])
        return difference(*(over_cells(rows.where(split=one), "tau_mse") for one in (50, split)))

    large = [Stated(f"50% - {split}%, b = 20", gap(20, split), low=0) for split in (0, 10)]
    large += [Stated(f"50% - {split}%, b = 320", gap(320, split), high=0) for split in (0, 10, 90)]
    yield settled(claim, "large", "errors on the large coordinate", large)


@claim.check("moments of the laws")
def moments(claim: Claim) -> Iterator[Evidence]:
    """Whatever the direction, an aligned draw has the total error d - 1; uncorrelated stages add up."""
    w, pairs = sp.Symbol("w"), []
    for dim in (5, 16):
        a = [Fraction(i + 1) for i in range(dim)]
        for shift in (0, 1, 4):
            e = [Fraction((i + shift) % dim - 2) for i in range(dim)]
            one = sp.nsimplify(coordinate_mse(DAP(e), a, range(dim))) / sum(x * x for x in a)
            error = w**2 * (dim - 1) / N + (1 - w) ** 2 * one / M
            best = sp.solve(sp.diff(error, w), w)[0]
            for name, weight in {"second": 0, "average": N / (N + M), "optimal": best}.items():
                stated = claim.formulas[name].subs(D, dim)
                pairs.append(
                    (f"{name}, d = {dim}", sp.cancel(error.subs(w, weight) - stated), sp.Integer(0))
                )
    yield compared("total", "one direction after another, weights of all stages", pairs)


@claim.check("moments of the alignment")
def alignment(claim: Claim) -> Iterator[Evidence]:
    """The error of m aligned draws on the large coordinate: (E s^2 - 1)/m."""
    from zotheory.derive.alignment import aligned_directional_moment, complement_fourth
    from zotheory.derive.probe_quadrature import sphere_probe_alignment

    r, k4 = sp.Symbol("r"), complement_fourth(16)
    c0, c1, c2 = (
        float(sp.Poly(aligned_directional_moment(r, k4), r).coeff_monomial(r**i)) for i in range(3)
    )

    def error(batch: int, split: int) -> float:
        first = batch * split // 100
        square, fourth = (sum(sphere_probe_alignment(16, first, p, 5e-3)) / 2 for p in (1, 2))
        return (c0 + c1 * square + c2 * fourth - 1) / (batch - first)

    one_stage = float(sp.Rational(30, 18))
    small = error(20, 50) > max(error(20, 10), one_stage / 20)
    large = error(320, 50) < min(error(320, 10), error(320, 90), one_stage / 320)
    numbers = [round(error(batch, split), 5) for batch in (20, 320) for split in (10, 50, 90)]
    yield certified(
        small and large, "large", f"expected errors at b = 20 and 320, 10, 50 and 90%: {numbers}"
    )
