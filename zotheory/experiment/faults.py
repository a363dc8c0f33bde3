"""What can go wrong with experiments: one class a kind, each message saying what to do about it."""

import difflib
from collections.abc import Iterable

from zotheory.errors import ZotheoryError


class ExperimentError(ZotheoryError):
    """An experiment that cannot be loaded, or whose cells or tables break the contract."""


class StoreError(ZotheoryError):
    """A store that cannot be read or written."""


class ScheduleError(ZotheoryError):
    """Workers that cannot be reached or that died."""


class MissingResults(StoreError):
    """Results that were asked for and are not in the store, or are damaged there."""


def choose_from(name: str, known: Iterable[str]) -> str:
    """Return "nearest: a, b; there are: a, b, c": what to write in place of an unknown name."""
    names = list(known)
    lowered = {item.lower(): item for item in names}
    close = difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.5)
    near = f"nearest: {', '.join(lowered[item] for item in close)}; " if close else ""
    return f"{near}there are: {', '.join(names) or 'none'}"
