from xml.etree import ElementTree

from zotheory.report.html.mathml import mathml, statement_html


def test_mathematics_becomes_mathml_and_text_is_escaped():
    found = str(statement_html(r"If $\nu\le d^2$ & <b>, then 5\% of \$3."))
    assert "<math" in found
    assert "&amp; &lt;b&gt;, then 5% of $3." in found
    tree = ElementTree.fromstring(found[found.index("<math") : found.index("</math>") + 7])
    assert "".join(tree.itertext()) == "ν≤d2"


def test_what_cannot_be_typeset_is_shown_as_written():
    assert str(mathml(r"\nosuchcommand{x}")) == r"<code>\nosuchcommand{x}</code>"
    assert str(mathml(r"x^")) == "<code>x^</code>"
