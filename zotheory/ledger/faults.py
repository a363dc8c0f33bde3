"""Exceptions of other people's code as one line of text: what was raised, and where in their file."""

import traceback
from pathlib import Path

LONGEST = 300


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return the text with its whitespace folded into single spaces, cut after `longest` letters."""
    folded = " ".join(text.split())
    return folded if len(folded) <= longest else folded[: longest - 3] + "..."


def name_and_message(error: BaseException) -> str:
    """Return an exception as "Type: message", on one line."""
    # The message of a SyntaxError repeats the file and the line, which `line_in` gives already.
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    name = type(error).__name__
    return one_line(f"{name}: {message}" if message else name)


def line_in(error: BaseException, file: str | Path) -> int | None:
    """Return the number of the last line of `file` that the exception passed through, if any."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(file)]
    return lines[-1] if lines else None
