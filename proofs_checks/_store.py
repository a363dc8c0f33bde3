"""Measured results that claims read, and how intervals around them decide: in, out, or neither.

Every claim spends a false-alarm rate of 1e-3 in all: evenly on its parts and, within a part, on its
intervals (Bonferroni). A part holds if every interval lies within the bounds stated for it, and fails if
one lies outside; a true statement fails, and a false one holds, with at most that rate: the distance of the
bounds from what is claimed is the least difference that is sure to be seen. Where something lies within
its interval of a bound nothing is decided.

Intervals of `over_trials` assume no more than independent trials of finite kurtosis (`_trials`). Those of
`over_cells` are Student's; means of squares are skewed, and few trials make the tails of their ratios
heavier: below 20 000 trials they are half as wide again. (Simulated for the most skewed of them, one aligned
draw: beyond 6 standard errors in 2 of 100 000 means of 1200 trials.) `over_seeds` takes the means of seeds
to be normal: it is for those of many trials each.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from proofs_checks import _trials
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
    """A measured mean with its standard error.

    Attributes:
        value: the mean.
        error: its standard error.
        freedom: of Student's intervals.
        widened: a factor for these.
        trials: where intervals of `_trials` are meant instead, the number of trials, of equal distribution.
    """

    value: float
    error: float
    freedom: float
    widened: float = 1.0
    trials: int = 0


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


def over_trials(results: Results, column: str) -> Mean:
    """Return the mean of all trials behind the means in a column, which must be of equal distribution."""
    means, counts = results[column], results["trials"].astype(float)
    total = counts.sum()
    value = float((means * counts).sum() / total)
    squares = (
        counts * (counts - 1) * results[f"{column}_standard_error"] ** 2 + counts * (means - value) ** 2
    )
    return Mean(value, float(np.sqrt(squares.sum()) / total), total - 1, trials=int(total))


def over_seeds(values: Any) -> Mean:
    """Return the mean of independent replications, of which nothing but their number is known."""
    values = np.asarray(values, dtype=float)
    return Mean(float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size)), values.size - 1)


def difference(one: Mean, two: Mean, *, factor: float = 1.0) -> Mean:
    """Return one - factor two, of independent means; the fewer degrees of freedom, or trials, count."""
    return _joined(one.value - factor * two.value, float(np.hypot(one.error, factor * two.error)), one, two)


def ratio(one: Mean, two: Mean) -> Mean:
    """Return one / two, of independent means, with its standard error to first order."""
    value = one.value / two.value
    relative = np.hypot(one.error / one.value, two.error / two.value)
    return _joined(value, float(abs(value) * relative), one, two)


def _joined(value: float, error: float, one: Mean, two: Mean) -> Mean:
    freedom, widened = min(one.freedom, two.freedom), max(one.widened, two.widened)
    return Mean(value, error, freedom, widened, min(one.trials, two.trials))


def half_width(mean: Mean, rate: float) -> float:
    """Return half of the width of the interval that a mean leaves on either side with this rate."""
    from scipy.special import stdtrit

    if mean.trials:
        return _trials.half_width(mean.error, mean.trials, rate)
    return mean.error * mean.widened * float(-stdtrit(mean.freedom, rate))


def near(label: str, mean: Mean, claimed: Any, tolerance: float) -> Stated:
    """Return the statement that a mean is the claimed positive number, to a relative tolerance."""
    return Stated(label, mean, float(claimed) * (1 - tolerance), float(claimed) * (1 + tolerance))


def near_ratio(label: str, claimed: Any, tolerance: float, one: Mean, two: Mean) -> list[Stated]:
    """Return the statements that one is at least and at most the claimed positive multiple of two."""
    low, high = float(claimed) * (1 - tolerance), float(claimed) * (1 + tolerance)
    return [
        Stated(f"{label}, at least {low:.4g}", difference(one, two, factor=low), low=0),
        Stated(f"{label}, at most {high:.4g}", difference(one, two, factor=high), high=0),
    ]


def settled(
    claim: Claim, part: str, detail: str, statements: Sequence[Stated], of: int | None = None
) -> Evidence:
    """Return the evidence of measured means for the statements of one part.

    The false-alarm rate is shared by the parts of the claim, or by as many as ``of`` says if others had
    been stated before the measurement.
    """
    rate = FALSE_ALARM / (of or len(claim.parts))
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
    trials = [item.mean.trials for item in statements]
    if all(trials):
        kurtosis = _trials.largest_kurtosis(min(trials), rate / 2 / len(statements))
        told += f", whatever the distribution, for a kurtosis of one trial up to {kurtosis:.0f}"
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


def most(
    claim: Claim, part: str, detail: str, found: Sequence[Mapping[str, bool]], share: float
) -> Evidence:
    """Return whether more than a share of all replications have everything that a part states.

    The number of replications in which it was so is binomial: the bounds of the share are exact
    (Clopper and Pearson), and nothing is assumed but that replications are independent and alike.

    Args:
        claim: whose false-alarm rate is shared by its parts.
        part: which part.
        detail: what was looked at.
        found: for each replication what was found, and whether it is as stated.
        share: of all replications, in (0, 1).
    """
    from scipy.special import betaincinv

    rate = FALSE_ALARM / len(claim.parts)
    hits, count = sum(all(one.values()) for one in found), len(found)
    low = float(betaincinv(hits, count - hits + 1, rate)) if hits else 0.0
    high = float(betaincinv(hits + 1, count - hits, 1 - rate)) if hits < count else 1.0
    odd = [name for one in found for name, true in one.items() if not true]
    told = f"{detail}: as stated in {hits} of {count} replications; share above {low:.3f}"
    told += f" at a false-alarm rate of {rate:.2g}, stated {share:g}" + (f"; not {odd[0]}" if odd else "")
    return Evidence(
        outcome=Outcome.HOLDS if low >= share else Outcome.FAILS if high < share else Outcome.INCONCLUSIVE,
        grade=Grade.STATISTICAL,
        scope=Scope.INSTANCE,
        detail=told,
        falsifier="an upper bound of the share that is less than stated",
        parts=(part,),
        witness=Witness(f"{odd[0]}; {len(odd)} such", {"not as stated": odd}) if high < share else None,
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
