"""Queries of attacks, image by image: how many times those of another method they are."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from proofs_checks._store import Mean, over_seeds, stored
from zotheory.experiment import Results

# Norm of the change and whether the answer is prescribed.
Attacked = tuple[str, bool]
UNTARGETED: tuple[Attacked, ...] = (("linf", False), ("l2", False))
ALL: tuple[Attacked, ...] = (*UNTARGETED, ("linf", True), ("l2", True))

BUDGET, IMAGES = 500, 100


class Method(NamedTuple):
    """A cell of the experiment but for the kind of attack."""

    method: str
    law: str = "sphere"
    rate_of: str = "tuned"


def attacks() -> Results:
    """Return the committed results: tuned on eight images, then at most 500 queries for each of 100."""
    return stored("black-box-attack", budget=BUDGET, images=IMAGES)


def queries(results: Results, kind: Attacked, method: Method) -> dict[tuple[int, int], float]:
    """Return for each seed and image the queries to success, or the budget where there was none."""
    rows = results.where(norm=kind[0], targeted=kind[1], **method._asdict())
    if rows["at_grid_end"].any():
        raise ValueError(f"{method}: tuning ended at an end of the grid")
    keys = zip(rows["seed"].tolist(), rows["image"].tolist(), strict=True)
    return dict(zip(keys, np.minimum(rows["censored_queries"], BUDGET).tolist(), strict=True))


def log_ratios(
    results: Results, kinds: Sequence[Attacked], one: Method, other: Method
) -> NDArray[np.float64]:
    """Return for each image the mean over kinds of attack of log(queries of one / queries of the other).

    Images are independent; kinds of attack on one image are not, and are therefore averaged first. Where
    both fail the ratio is 1: censoring draws ratios towards 1, never beyond.
    """
    found = []
    for kind in kinds:
        mine, theirs = (queries(results, kind, method) for method in (one, other))
        if mine.keys() != theirs.keys():
            raise ValueError(f"{one} and {other} attacked other images")
        found.append([np.log(mine[key] / theirs[key]) for key in sorted(mine)])
    return np.mean(found, axis=0)


def beside(
    label: str, logs: NDArray[np.float64], low: Any = 0, high: Any = np.inf
) -> list[dict[str, bool]]:
    """Return for each image whether its ratio lies between low and high, exclusively."""
    ends = f"between {float(low):.4g} and {float(high):.4g}"
    ratios = np.exp(logs)
    return [
        {f"{label}: {ratio:.3g}, not {ends}": bool(float(low) < ratio < float(high))} for ratio in ratios
    ]


def mean_ratio(logs: NDArray[np.float64]) -> Mean:
    """Return the mean over images of the logarithm of the ratio, with its standard error."""
    return over_seeds(logs)


def successes(
    results: Results, kinds: Sequence[Attacked], one: Method, other: Method
) -> NDArray[np.float64]:
    """Return for each image how much larger the share of kinds is in which one succeeds, from -1 to 1."""
    found = []
    for kind in kinds:
        mine, theirs = (
            results.where(norm=kind[0], targeted=kind[1], **method._asdict()) for method in (one, other)
        )
        if not all(np.array_equal(mine[name], theirs[name]) for name in ("seed", "image")):
            raise ValueError(f"{one} and {other} attacked other images")
        found.append(mine["success"].astype(float) - theirs["success"])
    return np.mean(found, axis=0)


def rate(results: Results, kind: Attacked, method: Method) -> float:
    """Return the learning rate of a method; there is one, as one seed was measured.

    Raises:
        ValueError: several seeds, and so several rates.
    """
    rates = np.unique(
        results.where(norm=kind[0], targeted=kind[1], **method._asdict())["learning_rate"]
    ).tolist()
    (only,) = rates
    return float(only)
