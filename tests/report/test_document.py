"""The appendix: LaTeX that compiles, also with every claim of this repository's style of text."""

import pytest

from zotheory.report import document
from zotheory.report.document import DocumentError, compiled, require_compiler


def test_the_document_holds_every_claim_in_ascii(mixed):
    text = document.document(mixed)
    assert text.isascii()
    assert text.count("\\\\\n") == len(mixed) + 1
    assert text.endswith("\\end{document}\n")


def test_how_a_run_went_is_not_in_the_appendix(make):
    text = document.document([make(cached=True)])
    assert "1 claim: 1 proved." in text
    assert "cache" not in text


@pytest.mark.needs_program("pdflatex")
def test_it_compiles(mixed):
    found = compiled(document.document(mixed))
    assert found.startswith(b"%PDF")
    assert b"%%EOF" in found[-32:]


@pytest.mark.needs_program("pdflatex")
def test_what_the_compiler_refuses_is_said(make):
    broken = document.document([make(latex=r"$\nosuchcommand$")])
    with pytest.raises(DocumentError, match="Undefined control sequence"):
        compiled(broken)


def test_without_a_compiler_the_package_is_named(monkeypatch):
    monkeypatch.setattr(document.shutil, "which", lambda name: None)
    with pytest.raises(DocumentError, match="apt-get install texlive-latex-base"):
        require_compiler()
