"""Measured results that claims read, and how intervals around them decide: in, out, or neither.

Every claim spends a false-alarm rate of 1e-3 in all: evenly on its parts and, within a part, on its
intervals (Bonferroni). A part holds if every interval lies within the bounds stated for it, and fails if
one lies outside; a true statement fails, and a false one holds, with at most that rate. The half-widths
say which effects can be resolved. Means of squares are skewed, and few trials make the tails of their
Student ratios heavier: below 20 000 trials intervals are half as wide again. (Simulated for the most skewed
of them, one aligned draw: beyond 6 standard errors in 2 of 100 000 means of 1200 trials.) Where something lies within its interval of a bound nothing is decided.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.experiment import Results, recorded
from zotheory.ledger.claim import Claim

STORE = Path(__file__).resolve().parents[1] / "results"
FALSE_ALARM = 1e-3
MANY, WIDENED = 20_000, 1.5


def stored(experiment: str, **config: Any) -> Results:
    """Return the committed results of an experiment: `seeds` or more, of the configuration with these values."""
    return recorded(STORE, experiment, **config)


class Mean(NamedTuple):
    """A measured mean, its standard error with its degrees of freedom, and a factor for its intervals."""

    value: float
    error: float
    freedom: float
    widened: float = 1.0


class Stated(NamedTuple):
    """A statement about what was measured: the expectation of the mean lies between low and high."""

    label: str
    mean: Mean
    low: float = -np.inf
    high: float = np.inf


def over_cells(results: Results, column: str, trials: int | None = None) -> Mean:
    """Return the average of independent means in a column; of how many trials each, the store says or the caller."""
    errors = results[f"{column}_standard_error"]
    count = errors.size * trials if trials else int(results["trials"].sum())
    error = float(np.sqrt((errors**2).sum())) / errors.size
    widened = 1.0 if count >= MANY else WIDENED
    return Mean(float(results[column].mean()), error, count - errors.size, widened)


def over_seeds(values: Any) -> Mean:
    """Return the mean of independent replications, of which nothing but their number is known."""
    values = np.asarray(values, dtype=float)
    return Mean(float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size)), values.size - 1)


def difference(one: Mean, two: Mean) -> Mean:
    """Return one - two, of independent means; the fewer degrees of freedom count."""
    return _joined(one.value - two.value, float(np.hypot(one.error, two.error)), one, two)


def ratio(one: Mean, two: Mean) -> Mean:
    """Return one / two, of independent means, with its standard error to first order."""
    value = one.value / two.value
    relative = np.hypot(one.error / one.value, two.error / two.value)
    return _joined(value, float(abs(value) * relative), one, two)


def _joined(value: float, error: float, one: Mean, two: Mean) -> Mean:
    return Mean(value, error, min(one.freedom, two.freedom), max(one.widened, two.widened))


def half_width(mean: Mean, rate: float) -> float:
    """Return half of the width of the interval that a mean leaves on either side with this rate."""
    from scipy.stats import t

    return mean.error * mean.widened * float(t.isf(rate, mean.freedom))


def near(label: str, mean: Mean, claimed: Any, tolerance: float) -> Stated:
    """Return the statement that a mean is the claimed positive number, to a relative tolerance."""
    return Stated(label, mean, float(claimed) * (1 - tolerance), float(claimed) * (1 + tolerance))


def settled(claim: Claim, part: str, detail: str, statements: Sequence[Stated]) -> Evidence:
    """Return the evidence of measured means for the statements of one part."""
    rate = FALSE_ALARM / len(claim.parts)
    half = [half_width(item.mean, rate / 2 / len(statements)) for item in statements]
    spans = [(item.mean.value - h, item.mean.value + h) for item, h in zip(statements, half, strict=True)]
    inside = [
        item.low <= low and high <= item.high for item, (low, high) in zip(statements, spans, strict=True)
    ]
    outside = [
        high < item.low or low > item.high for item, (low, high) in zip(statements, spans, strict=True)
    ]
    told = f"{detail}: {len(statements)} intervals at a family-wise false-alarm rate of {rate:.2g}"
    told += f", half-widths {min(half):.3g} to {max(half):.3g}"
    witness = None
    if any(outside) or not all(inside):
        worst = outside.index(True) if any(outside) else inside.index(False)
        odd, (low, high) = statements[worst], spans[worst]
        told += f"; {odd.label}: measured {odd.mean.value:.4g}, interval [{low:.4g}, {high:.4g}], "
        told += f"stated [{odd.low:.4g}, {odd.high:.4g}]"
        data = {"measured": odd.mean.value, "standard error": odd.mean.error, "interval": [low, high]}
        witness = Witness(f"{odd.label}: {odd.mean.value:.4g} in the store", data)
    return Evidence(
        outcome=Outcome.FAILS if any(outside) else Outcome.HOLDS if all(inside) else Outcome.INCONCLUSIVE,
        grade=Grade.STATISTICAL,
        scope=Scope.INSTANCE,
        detail=told,
        falsifier="an interval outside the stated bounds",
        parts=(part,),
        witness=witness if any(outside) else None,
    )


def compared(part: str, detail: str, pairs: Sequence[tuple[str, Any, Any]]) -> Evidence:
    """Return exact evidence, of instances, for named pairs of numbers that should be equal."""
    odd = next(((name, one, two) for name, one, two in pairs if one != two), None)
    witness = (
        None
        if odd is None
        else Witness(f"{odd[0]}: {odd[1]} and {odd[2]}", {"numbers": list(map(str, odd[1:]))})
    )
    return Evidence(
        outcome=Outcome.HOLDS if odd is None else Outcome.FAILS,
        grade=Grade.EXACT,
        scope=Scope.INSTANCE,
        detail=f"{detail}: {len(pairs)} pairs of exact numbers"
        + ("" if witness is None else f"; {witness.description}"),
        falsifier="two exact numbers that differ",
        parts=(part,),
        witness=witness,
    )


def certified(true: bool, part: str, detail: str) -> Evidence:
    """Return evidence of one instance in floating point: whether something comes out as stated."""
    return Evidence(
        outcome=Outcome.HOLDS if true else Outcome.FAILS,
        grade=Grade.CERTIFICATE,
        scope=Scope.INSTANCE,
        detail=detail,
        falsifier="numbers in another order or of another size",
        parts=(part,),
    )
