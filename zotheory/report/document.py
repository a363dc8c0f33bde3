"""The claims as a LaTeX document, and compiled."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from zotheory.errors import ZotheoryError
from zotheory.ledger.run import Result
from zotheory.report.ages import Ages
from zotheory.report.escape import escape_latex
from zotheory.report.latex import render_latex
from zotheory.report.summary import count_line

COMPILER = "pdflatex"
_HEAD = r"""\documentclass[a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb,longtable}
\usepackage[margin=2cm]{geometry}
\emergencystretch=3em
\begin{document}
\section*{Claims and their verdicts}
"""


class DocumentError(ZotheoryError):
    """A document that cannot be compiled."""


def document(results: Sequence[Result], ages: Ages | None = None, *, notes: Sequence[str] = ()) -> str:
    """Return a LaTeX document, in ASCII, with every claim and its verdict.

    Everything between its first ``\\section`` and its end can be pasted into an appendix.

    Args:
        results: of the ledger.
        ages: what is known of the age of measured results; None for nothing.
        notes: sentences without their full stop, in a paragraph of their own.
    """
    count = escape_latex(count_line(results, cached=False))
    said = [f"{note}." for note in notes]
    if ages is not None and ages.paragraph:
        said.append(ages.paragraph)
    below = f"{escape_latex(' '.join(said))}\n\n" if said else ""
    return f"{_HEAD}{count}.\n\n{below}{{\\small\n{render_latex(results)}}}\n\\end{{document}}\n"


def require_compiler() -> str:
    """Return the path of the LaTeX compiler.

    Raises:
        DocumentError: it is not installed; the message says how to.
    """
    found = shutil.which(COMPILER)
    if found is None:
        raise DocumentError(
            f"{COMPILER} is not installed: on Debian, apt-get install texlive-latex-base; "
            f"or write --format latex and compile it elsewhere"
        )
    return found


def compiled(text: str) -> bytes:
    """Return a LaTeX document as PDF.

    Raises:
        DocumentError: there is no compiler, or it refuses the document; the message holds its words.
    """
    compiler = require_compiler()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "claims.tex").write_text(text, encoding="ascii")
        command = [compiler, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "claims.tex"]
        for _ in range(2):  # the widths of a long table settle in the second run
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
            if done.returncode:
                said = [line for line in done.stdout.splitlines() if line.startswith(("!", "l."))]
                raise DocumentError(f"{COMPILER} does not accept the document: {' '.join(said)}")
        return (Path(folder) / "claims.pdf").read_bytes()
