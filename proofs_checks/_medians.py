"""Medians over replications, with intervals that hold for every distribution of them.

Of n independent replications with median m each lies below m with probability at most 1/2, and above it
likewise. So m lies below the r-th smallest of them with probability at most P(Bin(n, 1/2) < r), and above
the r-th largest likewise: exact, whatever their distribution, skewed or not, with ties or without.

One rate of 1e-3 covers a whole claim: it is spent evenly on all intervals of all its parts and on their
two ends (Bonferroni). A statement holds if its interval lies within the stated bounds and fails if it lies
outside; anywhere in the claim a true one fails, or a false one holds, with at most that rate.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from proofs_checks._store import FALSE_ALARM
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.errors import InvalidArgument
from zotheory.types import FloatArray


class Median(NamedTuple):
    """A statement: the median over replications lies between low and high."""

    label: str
    values: FloatArray
    low: float = -np.inf
    high: float = np.inf


def rank(n: int, rate: float) -> int:
    """Return the largest r with P(Bin(n, 1/2) < r) <= rate; 0 where n is too small for any.

    >>> rank(6, 1 / 64), rank(6, 1 / 65), rank(7, 8 / 128)
    (1, 0, 2)
    """
    r, ways, below = 0, 1, 1
    # `below` counts the outcomes of n coins with at most r heads.
    while below <= rate * 2**n:
        r += 1
        ways = ways * (n - r + 1) // r
        below += ways
    return r


def interval(values: FloatArray, rate: float) -> tuple[float, float]:
    """Return an interval beyond whose ends the median lies with at most ``rate`` each.

    Raises:
        InvalidArgument: too few values for any.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    r = rank(ordered.size, rate)
    if r == 0:
        raise InvalidArgument(
            "values", ordered.size, f"give more of them: no interval has the rate {rate:.2g}"
        )
    return float(ordered[r - 1]), float(ordered[-r])


def settled(parts: Mapping[str, Sequence[Median]]) -> list[Evidence]:
    """Return a piece of evidence for each part, of the statements about it."""
    count = sum(len(statements) for statements in parts.values())
    return [
        _evidence(part, statements, FALSE_ALARM / count / 2, f"{count} intervals of the claim")
        for part, statements in parts.items()
    ]


def _evidence(part: str, statements: Sequence[Median], rate: float, all_of_them: str) -> Evidence:
    spans = [interval(item.values, rate) for item in statements]
    pairs = list(zip(statements, spans, strict=True))
    inside = [item.low <= low and high <= item.high for item, (low, high) in pairs]
    outside = [high < item.low or low > item.high for item, (low, high) in pairs]
    told = f"{part}: {len(pairs)} medians over {statements[0].values.size} replications, by order statistics; the "
    told += f"{all_of_them} share the false-alarm rate {FALSE_ALARM:.2g}"
    witness = None
    if any(outside) or not all(inside):
        worst = outside.index(True) if any(outside) else inside.index(False)
        odd, (low, high) = pairs[worst]
        median = float(np.median(odd.values))
        told += f"; {odd.label}: median {median:.4g}, interval [{low:.4g}, {high:.4g}], "
        told += f"stated [{odd.low:.4g}, {odd.high:.4g}]"
        witness = Witness(f"{odd.label}: median {median:.4g} in the store", {"interval": [low, high]})
    return Evidence(
        outcome=Outcome.FAILS if any(outside) else Outcome.HOLDS if all(inside) else Outcome.INCONCLUSIVE,
        grade=Grade.STATISTICAL,
        scope=Scope.INSTANCE,
        detail=told,
        falsifier="an interval outside the stated bounds",
        parts=(part,),
        witness=witness if any(outside) else None,
    )
