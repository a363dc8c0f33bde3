"""Queries of attacks, image by image: how many times those of another method they are."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from proofs_checks._store import FALSE_ALARM, Mean, over_seeds, stored
from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.experiment import Results
from zotheory.ledger.claim import Claim

# Norm of the change and whether the answer is prescribed.
Attacked = tuple[str, bool]
UNTARGETED: tuple[Attacked, ...] = (("linf", False), ("l2", False))
ALL: tuple[Attacked, ...] = (*UNTARGETED, ("linf", True), ("l2", True))
CUBE = tuple(kind for kind in ALL if kind[0] == "linf")
BALL = tuple(kind for kind in ALL if kind[0] == "l2")
# The rates of a method, tuned on four groups of images; the first is the one that claims are about.
TUNINGS = ("tuned", "tuned-1", "tuned-2", "tuned-3")

BUDGET, IMAGES = 500, 100
# Measured first, and what was added: two configurations.
FIRST_METHODS = (
    *(
        "zo-sgd",
        "momentum-sgd",
        "zo-signsgd",
        "zo-adamm",
        "r-adazo",
        "r-adazo-code",
        "dap",
        "dap-published",
    ),
    *("guided", "mezo-bcd-cyclic", "mezo-bcd-importance"),
)
FURTHER_METHODS = ("dap-momentum", "guided-es", "mezo-bcd-uniform")
# One a seed. Claims were stated about the first when its results were known, about the second before.
FIRST, SECOND = range(2)


class Method(NamedTuple):
    """A cell of the experiment but for the kind of attack."""

    method: str
    law: str = "sphere"
    rate_of: str = "tuned"


# A kind of attack, and two methods: the queries of one over those of the other.
Pair = tuple[Attacked, Method, Method]


def attacks(network: int, *, further: bool = False) -> Results:
    """Return what all methods did with the sphere: tuned on eight images, 500 queries for each of 100.

    Of the second network there need be no rates but those of the first group of images. Methods that were
    added are there if ``further``.
    """
    wanted: dict[str, Any] = {"law": "sphere"}
    if network == SECOND:
        wanted["rate_of"] = (TUNINGS[0], "zo-sgd", "zo-adamm", "r-adazo")
    found = [_stored(network + 1, wanted, FIRST_METHODS)]
    if further:
        found.append(_stored(network + 1, {"law": "sphere"}, FURTHER_METHODS))
    return joined([one.where(seed=network) for one in found])


def joined(parts: Sequence[Results]) -> Results:
    """Return the rows of several results one after the other."""
    return Results({name: np.concatenate([part[name] for part in parts]) for name in parts[0].columns}, [])


def _stored(seeds: int, where: dict[str, Any] | None, methods: tuple[str, ...]) -> Results:
    config: dict[str, Any] = {"methods": methods, "budget": BUDGET, "images": IMAGES}
    return stored("black-box-attack", seeds=seeds, where=where, **config)


def attacks_with_laws(network: int, laws: Sequence[str], kinds: Sequence[Attacked]) -> Results:
    """Return likewise what every method did with the sphere and some laws, in some kinds of attack.

    Rates are those tuned on the first group of images.
    """
    parts = []
    for norm, targeted in kinds:
        wanted = {"norm": norm, "targeted": targeted, "law": ("sphere", *laws)}
        wanted["rate_of"] = (TUNINGS[0], *FIRST_METHODS, *FURTHER_METHODS)
        for methods in (FIRST_METHODS, FURTHER_METHODS):
            parts.append(_stored(network + 1, wanted, methods).where(seed=network))
    return joined(parts)


def queries(results: Results, kind: Attacked, method: Method) -> dict[tuple[int, int], float]:
    """Return for each seed and image the queries to success, or the budget where there was none.

    Tuning must have ended inside its grid, but for single pixels: in the cube a step sends each of them to a
    face, whatever the rate from some rate on.
    """
    rows = results.where(norm=kind[0], targeted=kind[1], **method._asdict())
    if rows["at_grid_end"].any() and method.law != "coordinate":
        raise ValueError(f"{method}: tuning ended at an end of the grid")
    keys = zip(rows["seed"].tolist(), rows["image"].tolist(), strict=True)
    return dict(zip(keys, np.minimum(rows["censored_queries"], BUDGET).tolist(), strict=True))


def compared(results: Results, pairs: Iterable[Pair]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return log(queries of one / queries of the other), and whether either succeeds: (pairs, images)."""
    logs, either = [], []
    for kind, one, other in pairs:
        mine, theirs = (queries(results, kind, method) for method in (one, other))
        if mine.keys() != theirs.keys():
            raise ValueError(f"{one} and {other} attacked other images")
        keys = sorted(mine)
        logs.append([np.log(mine[key] / theirs[key]) for key in keys])
        either.append([min(mine[key], theirs[key]) < BUDGET for key in keys])
    return np.array(logs), np.array(either)


def all_ratios(results: Results, pairs: Iterable[Pair]) -> NDArray[np.float64]:
    """Return for each image the mean over pairs of log(queries of one / queries of the other).

    Images are independent; attacks on one image are not, and are therefore averaged first. Where both fail
    the ratio is 1: censoring draws ratios towards 1, never beyond.
    """
    return compared(results, pairs)[0].mean(axis=0)


def settled_ratios(results: Results, pairs: Iterable[Pair]) -> NDArray[np.float64]:
    """Return the same but for the pairs in which neither succeeds, and images where that is so of all.

    For statements that two methods are close: ties of failures would make them look closer.
    """
    logs, either = compared(results, pairs)
    counts = either.sum(axis=0)
    return np.where(either, logs, 0).sum(axis=0)[counts > 0] / counts[counts > 0]


def log_ratios(
    results: Results, kinds: Sequence[Attacked], one: Method, other: Method
) -> NDArray[np.float64]:
    """Return `all_ratios` of two methods over kinds of attack."""
    return all_ratios(results, [(kind, one, other) for kind in kinds])


def decided_ratios(
    results: Results, kinds: Sequence[Attacked], one: Method, other: Method
) -> NDArray[np.float64]:
    """Return `settled_ratios` of two methods over kinds of attack."""
    return settled_ratios(results, [(kind, one, other) for kind in kinds])


def majorities(
    claim: Claim, part: str, found: Mapping[str, NDArray[np.bool_]], of: int | None = None
) -> Evidence:
    """Return whether each of some statements is true of more than half of all images.

    Args:
        claim: whose false-alarm rate is shared by its parts, and within a part by the statements.
        part: which part.
        found: by what is stated, for each image whether it is so. The count is binomial, and nothing is
            assumed but that images are independent and alike.
        of: by how many parts the rate is shared, if others had been stated before the measurement.
    """
    from scipy.stats import binom

    rate = FALSE_ALARM / (of or len(claim.parts)) / len(found)
    told, beyond, short = [], [], []
    for label, true in found.items():
        hits, count = int(true.sum()), true.size
        told.append(f"{label} on {hits} of {count}")
        # The chance of as many, and of as few, were it half of all images.
        beyond.append(float(binom.sf(hits - 1, count, 0.5)) <= rate)
        short.append(float(binom.cdf(hits, count, 0.5)) <= rate)
    wrong = [one for one, bad in zip(told, short, strict=True) if bad]
    return Evidence(
        outcome=Outcome.FAILS if wrong else Outcome.HOLDS if all(beyond) else Outcome.INCONCLUSIVE,
        grade=Grade.STATISTICAL,
        scope=Scope.INSTANCE,
        detail=f"{'; '.join(told)}; each against one half at a false-alarm rate of {rate:.2g}",
        falsifier="a statement that is true of less than half of the images",
        parts=(part,),
        witness=Witness(wrong[0], {"not as stated": wrong}) if wrong else None,
    )


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
    """Return the learning rate of a method; there is one where the results are of one seed.

    Raises:
        ValueError: several seeds, and so several rates.
    """
    rates = np.unique(
        results.where(norm=kind[0], targeted=kind[1], **method._asdict())["learning_rate"]
    ).tolist()
    (only,) = rates
    return float(only)
