"""The file formats of figures; apart, because they are asked for before anything is drawn."""

from pathlib import Path

from zotheory.errors import InvalidArgument

SUFFIXES = (".pdf", ".png", ".svg")


def check_suffix(path: Path | str, name: str = "path") -> Path:
    """Return the path of a figure.

    Args:
        path: where it is to go.
        name: what to call it in the error.

    Raises:
        InvalidArgument: its suffix is not that of a known format.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InvalidArgument(name, str(path), f"end it in one of {', '.join(SUFFIXES)}")
    return path
