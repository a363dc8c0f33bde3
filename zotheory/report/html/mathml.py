"""Statements in LaTeX as HTML: text escaped, mathematics as MathML, which browsers typeset themselves."""

import re
from functools import lru_cache

from markupsafe import Markup, escape

# Mathematics between single dollars; an escaped dollar is a letter.
_MATHEMATICS = re.compile(r"(?<!\\)\$(.+?)(?<!\\)\$", re.DOTALL)
# What statements use of LaTeX outside of mathematics.
_TEXT = {
    r"\%": "%",
    r"\$": "$",
    r"\&": "&",
    r"\#": "#",
    r"\_": "_",
    r"\ ": " ",
    r"\,": " ",
    "~": " ",
    "--": "–",
}


def statement_html(latex: str) -> Markup:
    r"""Return a statement as HTML.

    Args:
        latex: text with mathematics between dollars.

    >>> str(statement_html(r"if $a<b$"))[:26]
    'if <math xmlns="http://www'
    """
    pieces, end = [], 0
    for match in _MATHEMATICS.finditer(latex):
        pieces += [_text(latex[end : match.start()]), mathml(match[1])]
        end = match.end()
    return Markup("").join([*pieces, _text(latex[end:])])


@lru_cache(maxsize=4096)
def mathml(latex: str) -> Markup:
    """Return mathematics as MathML; what the converter does not know is shown as it is written."""
    from latex2mathml.converter import convert

    try:
        found = convert(latex)
    except Exception:  # its errors have no common base; a statement that is not typeset is still readable
        found = ""
    # A command that it does not know comes through with its backslash.
    if not found or "\\" in found:
        return Markup("<code>{}</code>").format(latex)
    return Markup(found)


def _text(text: str) -> Markup:
    for command, plain in _TEXT.items():
        text = text.replace(command, plain)
    return escape(text)
