"""Results as a LaTeX longtable with the statements typeset."""

from collections.abc import Sequence

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


def render_latex(results: Sequence[Result]) -> str:
    """Return a longtable in ASCII: id, title and statement, verdict with the evidence behind it."""
    rows = [_row(result) for result in results]
    return f"{_HEAD}{''.join(rows)}\\hline\n\\end{{longtable}}\n% {count_line(results)}\n"


def _row(result: Result) -> str:
    # A blank line would end the paragraph inside a cell, and in mathematics it is an error.
    statement = " ".join(ascii_latex(result.latex).split())
    source = escape_latex(result.source)
    verdict = escape_latex(str(result.verdict))
    if not result.as_expected:
        verdict += rf" \textbf{{(expected {escape_latex(str(result.expected))})}}"
    return (
        f"{escape_latex(result.id)} &\n"
        f"\\textbf{{{escape_latex(result.title)}.}} {statement} \\emph{{({source})}} &\n"
        f"{verdict}: {escape_latex(strength(result))} \\\\\n"
    )
