"""What the commands share: errors as one line, paths to claims, and text on the right stream."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

import typer

from zotheory.errors import InvalidArgument, ZotheoryError

DEFAULT_PATH = Path("proofs_checks")
# Where an installed wheel keeps the claims, with the results that they read.
SHIPPED_PATH = Path(__file__).resolve().parents[1] / "_shipped" / DEFAULT_PATH
NOT_EXPECTED = 1
BAD_INPUT = 2
# Wide enough that a table in a file or a log loses nothing.
WIDTH_WITHOUT_TERMINAL = 120


class KernelName(StrEnum):
    """A proof assistant."""

    COQ = "coq"


@contextlib.contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Turn the errors that zotheory raises on purpose into a line on stderr and exit status 2."""
    try:
        yield
    except ZotheoryError as error:
        tell(f"error: {' '.join(str(error).split())}")
        raise typer.Exit(BAD_INPUT) from None


def claim_paths(paths: Sequence[Path] | None) -> list[Path]:
    """Return the given paths; where none is given, the default folder, or else the claims of a wheel.

    Raises:
        InvalidArgument: none is given, the default folder is not in the working directory, and this
            installation carries no claims.
    """
    if paths:
        return list(paths)
    for folder in (DEFAULT_PATH, SHIPPED_PATH):
        if folder.is_dir():
            return [folder]
    raise InvalidArgument(
        "path",
        f"{DEFAULT_PATH}/",
        "this default is not in the working directory, and an installation from a working tree carries no "
        "claims; change to the tree, install a wheel, or give a claim file or a folder (see --help)",
    )


def check_writable(output: Path) -> None:
    """Check that a file can be written, before hours go into what is to be written there.

    Raises:
        InvalidArgument: it cannot, or its name is "-", which elsewhere means stdout.
    """
    if str(output) == "-":
        raise InvalidArgument("output", "-", "a file is written, not stdout: give the name of one")
    try:
        with output.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        # The whole path goes into the remedy, since long values are cut short.
        remedy = f"{output} cannot be written ({error.strerror}); give another file"
        raise InvalidArgument("output", output.name, remedy) from error


def write_report(output: Path, text: str) -> None:
    """Write a report to a file; if that fails now, print it, so that nothing computed is lost."""
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        emit(text)
        tell(f"error: {output} could not be written ({error.strerror}): the report was printed instead")
        raise typer.Exit(BAD_INPUT) from None


def tell(line: str) -> None:
    """Print a line on stderr, which is for people; stdout is for the report."""
    _write(sys.stderr, line + "\n")


def emit(text: str) -> None:
    """Print a report on stdout."""
    _write(sys.stdout, text)


def stdout_width() -> int:
    """Return the width of the terminal, or a fixed one where stdout is none."""
    if sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    return WIDTH_WITHOUT_TERMINAL


def stdout_color() -> bool:
    """Return whether to use colours on stdout: on a terminal, unless NO_COLOR is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _write(stream: object, text: str) -> None:
    # An old locale may lack the mathematical letters; a question mark is better than a traceback.
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")  # type: ignore[attr-defined]
    try:
        typer.echo(text, file=stream, nl=False)  # type: ignore[arg-type]
        stream.flush()  # type: ignore[attr-defined]
    except BrokenPipeError:
        raise  # the reader has left: the end of the program, not an error
    except (OSError, ValueError) as error:  # a full disk; a stream that is closed
        if stream is not sys.stderr:
            reason = getattr(error, "strerror", None) or str(error)
            tell(f"error: the output could not be written ({reason}): give --output another file")
        raise typer.Exit(BAD_INPUT) from None
