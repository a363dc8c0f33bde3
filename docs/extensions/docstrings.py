"""Docstrings are plain text with Google's sections; what Sphinx would take for markup is escaped."""

import re

from sphinx.application import Sphinx

_CODE = re.compile(r"(``.+?``|`[^`]+`)")
_SECTION = re.compile(r"(Args|Attributes|Returns|Raises|Yields|Columns)[^:]*:$")


def escaped(line: str) -> str:
    """Return a line of prose with its special characters escaped.

    |v| is a length here and not a substitution, x_ a name, * a product; code between backticks stays.
    """
    pieces = _CODE.split(line)
    for place in range(0, len(pieces), 2):
        pieces[place] = re.sub(r"([|*\\])", r"\\\1", pieces[place])
        pieces[place] = re.sub(r"(\w)_(?!\w)", r"\1\\_", pieces[place])
    for place in range(1, len(pieces), 2):
        if not pieces[place].startswith("``"):
            pieces[place] = f"`{pieces[place]}`"
    return "".join(pieces)


def converted(lines: list[str]) -> list[str]:
    """Return a docstring for Sphinx: prose escaped, indented formulas and tables as they are written."""
    found: list[str] = []
    example = section = literal = False
    for line in lines:
        section = bool(_SECTION.match(line)) or (section and (not line or line.startswith(" ")))
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        indented = line.startswith("  ") and not section and not example
        if indented and not literal:
            found += ["", "::", ""]
        elif literal and line and not indented:
            found.append("")
        literal = indented or (literal and not line)
        found.append(line if indented or example else escaped(line))
    return found


def process(app: object, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Convert the lines of a docstring in place."""
    lines[:] = converted(lines)
    # Google's style has "type: description" there; our properties say their type by annotation, and a colon
    # in their first line is one of prose. Only a first line is read so: it becomes an empty comment.
    if what in ("attribute", "data", "property"):
        lines[:0] = ["..", ""]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it, before Google's sections are read."""
    app.connect("autodoc-process-docstring", process, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
