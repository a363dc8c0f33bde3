"""Exceptions: one class per kind of broken rule, each message naming what to do about it."""

from pathlib import PurePath

# Characters of a value that a message shows.
LONGEST = 80


class ZotheoryError(Exception):
    """Base class of every error raised on purpose by zotheory."""


class InvalidArgument(ZotheoryError, ValueError):
    """An argument outside its range; the message names the argument, its value and the remedy."""

    def __init__(self, argument: str, value: object, remedy: str) -> None:
        super().__init__(argument, value, remedy)
        self.argument, self.value, self.remedy = argument, value, remedy

    def __str__(self) -> str:
        text = repr(self.value)
        if len(text) > LONGEST:
            path = isinstance(self.value, (str, PurePath)) and "/" in str(self.value)
            # Of a path the end says which file it is.
            text = text[:20] + "..." + text[23 - LONGEST :] if path else text[: LONGEST - 3] + "..."
        return f"{self.argument} = {text}: {self.remedy}"


class NotUnbiased(ZotheoryError, ValueError):
    """A law breaks its contract E[v v^T] = delta I."""


class Unsupported(ZotheoryError):
    """A combination of options for which no certified method exists here; never guessed at."""


class SolverFailure(ZotheoryError):
    """A solver stopped without an answer that can be used."""


class ClaimError(ZotheoryError):
    """A claim file that cannot be loaded, or claims that do not fit together."""


class UnknownClaim(ClaimError):
    """A claim id that no claim file defines."""
