"""LaTeX that compiles: ASCII, balanced, specials escaped."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zotheory.report.escape import ascii_latex, escape_latex
from zotheory.report.formats import render


def unescaped(text: str) -> str:
    """The text without commands made of a backslash and one sign, such as \\{ or \\_."""
    return re.sub(r"\\[^a-zA-Z]", "", text)


def balanced(text: str) -> bool:
    depth = 0
    for letter in unescaped(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth < 0:
            return False
    return depth == 0


@given(st.text())
def test_any_text_becomes_balanced_ascii_without_live_specials(text):
    latex = escape_latex(text)
    assert latex.isascii()
    assert balanced(latex)
    outside_maths = re.sub(r"\\ensuremath\{[^{}]*(\{[^{}]*\}[^{}]*)*\}", "", unescaped(latex))
    assert not set("%#&$") & set(unescaped(latex))
    assert not set("_^") & set(outside_maths)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("50% of A_1 & B#2 {x} $", r"50\% of A\_1 \& B\#2 \{x\} \$"),
        ("a\\b~c^d", r"a\textbackslash{}b\textasciitilde{}c\textasciicircum{}d"),
        ("two\nlines\n\nmore", "two lines more"),
        ("δ²", r"\ensuremath{\delta}\ensuremath{{}^{2}}"),
        ("x₁", r"x\ensuremath{{}_{1}}"),
        ("ν ≤ √ρ ⟂ Λ", r"\ensuremath{\nu} \ensuremath{\le} \ensuremath{\surd}\ensuremath{\rho} "
         r"\ensuremath{\perp} \ensuremath{\Lambda}"),
        ("ℝ", r"\ensuremath{\mathbf{R}}"),
        ("Α", r"\ensuremath{A}"),
        ("é Erdős", r"\'{e} Erd\H{o}s"),
        ("a–b", "a--b"),
        ("雨", "[U+96E8]"),
    ],
)  # fmt: skip
def test_characters_become_their_commands(text, latex):
    assert escape_latex(text) == latex


def test_every_greek_letter_and_script_digit_has_a_command():
    greek = [chr(code) for code in (*range(0x391, 0x3A2), *range(0x3A3, 0x3AA), *range(0x3B1, 0x3CA))]
    scripts = [c for c in map(chr, range(0x2070, 0x208F)) if unicodedata.name(c, "")]
    for letter in [*greek, *scripts, *"²³¹"]:
        assert "[U+" not in escape_latex(letter)


def test_commands_in_a_statement_are_left_alone():
    assert ascii_latex(r"$\frac{1}{2}\|g\|^2$") == r"$\frac{1}{2}\|g\|^2$"
    assert ascii_latex("$δ^2$") == r"$\ensuremath{\delta}^2$"


@pytest.mark.parametrize(
    ("title", "latex"),
    [
        ("V = delta^2 d", r"V = \ensuremath{\delta}\ensuremath{{}^{2}} d"),
        ("a^T H n^{3/2}^x", r"a\ensuremath{{}^{T}} H n\ensuremath{{}^{3/2}}\ensuremath{{}^{x}}"),
        ("u^(1/2) (x)", r"u\ensuremath{{}^{1/2}} (x)"),
        ("deltas (A)^2 ^ {", r"deltas (A)\ensuremath{{}^{2}} \textasciicircum{} \{"),
    ],
)
def test_greek_letters_and_powers_of_titles_and_sources_are_typeset(make, title, latex):
    text = render([make(title=title, source=title)], "latex")
    assert rf"\textbf{{{latex}.}}" in text
    assert rf"\emph{{({latex})}}" in text


def test_the_longtable_is_ascii_balanced_and_has_two_separators_a_row(make, mixed):
    tricky = make(id="A_5", title="50% & more {", source="arXiv:1_2 #3", latex="$a$\n\n$b$ ν")
    text = render([*mixed, tricky], "latex")
    assert text.isascii()
    assert balanced(re.sub(r"^%.*$", "", text, flags=re.MULTILINE))
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") == 1
    body = text.split("\\endhead\n")[1].split("\\hline\n\\end")[0]
    rows = [row for row in body.split(" \\\\\n") if row]
    assert len(rows) == 5
    assert all(len(re.findall(r"(?<!\\)&", row)) == 2 for row in rows)
    assert "\n\n" not in body
    assert r"refuted \textbf{(expected proved)}: rigorous, 1 route" in rows[2]
