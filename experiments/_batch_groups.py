"""Batches measured together: small ones with more trials than large ones, from as many draws."""

from collections.abc import Sequence
from typing import NamedTuple


class Group(NamedTuple):
    """Batches whose estimates share draws.

    Attributes:
        batches: increasing numbers of perturbations.
        trials: independent estimates of each.
    """

    batches: tuple[int, ...]
    trials: int


def groups(batches: Sequence[int], trials: int, last: int) -> list[Group]:
    """Return increasing batches up to ``last``, and the larger ones, with the trials of each group.

    The largest batch of all gets ``trials``; the group of small ones as many as its largest one makes of
    the draws that these take. Errors of one trial are widest, relative to their mean, for small batches.
    """
    parts = [tuple(b for b in batches if b <= last), tuple(b for b in batches if b > last)]
    return [Group(part, trials * (batches[-1] // part[-1])) for part in parts if part]
