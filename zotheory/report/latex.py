"""Results as a LaTeX longtable with the statements typeset."""

import re
from collections.abc import Sequence

from zotheory.ledger.claim import Verdict
from zotheory.ledger.run import Result
from zotheory.report.escape import ascii_latex, escape_latex
from zotheory.report.summary import count_line, strength

_HEAD = r"""% Needs \usepackage{longtable,amsmath}, and amssymb where a statement uses it.
\begin{longtable}{@{}l p{0.58\linewidth} p{0.28\linewidth}@{}}
\hline
Claim & Statement & Verdict \\
\hline
\endhead
"""
_LETTERS = {
    "alpha": "α", "delta": "δ", "eta": "η", "eps": "ε", "gamma": "γ", "kappa": "κ", "lambda": "λ",
    "mu": "μ", "nu": "ν", "rho": "ρ", "sigma": "σ", "tau": "τ", "theta": "θ",
}  # fmt: skip
_GREEK = re.compile(rf"\b({'|'.join(_LETTERS)})\b")


def render_latex(results: Sequence[Result]) -> str:
    """Return a longtable in ASCII: id, title and statement, verdict with the evidence behind it."""
    rows = [_row(result) for result in results]
    return f"{_HEAD}{''.join(rows)}\\hline\n\\end{{longtable}}\n% {count_line(results, cached=False)}\n"


def _row(result: Result) -> str:
    # A blank line would end the paragraph inside a cell, and in mathematics it is an error.
    statement = " ".join(ascii_latex(result.latex).split())
    source = _typeset(result.source)
    verdict = escape_latex(str(result.verdict))
    if not result.as_expected:
        verdict += rf" \textbf{{(expected {escape_latex(str(result.expected))})}}"
    if result.verdict is not Verdict.UNDECIDED:
        verdict += f": {escape_latex(strength(result))}"
    return (
        f"{escape_latex(result.id)} &\n"
        f"\\textbf{{{_typeset(result.title)}.}} {statement} \\emph{{({source})}} &\n"
        f"{verdict} \\\\\n"
    )


def _typeset(text: str) -> str:
    """Return prose as LaTeX: Greek letters that are spelled out, and powers, as in delta^2 or u^(1/2)."""
    shown = _GREEK.sub(lambda found: _LETTERS[found[1]], text)
    words = re.split(r"\^(\d+|[A-Za-z]\b|\{[^{}]+\}|\([^()]+\))", shown)
    return "".join(_power(word) if place % 2 else _spaced(word) for place, word in enumerate(words))


def _power(text: str) -> str:
    bare = text[1:-1] if text[0] in "{(" else text
    return rf"\ensuremath{{{{}}^{{{escape_latex(bare)}}}}}"


def _spaced(text: str) -> str:
    """Return plain text as LaTeX; spaces at its ends stay."""
    inner = escape_latex(text)
    before, after = (" " if text[place].isspace() else "" for place in (0, -1)) if text else ("", "")
    return f"{before}{inner}{after}" if inner else before
