"""The page as text: everything that is known is in it, and nothing from elsewhere."""

import re
from html.parser import HTMLParser

import pytest

from zotheory.ledger.discover import LoadFailure
from zotheory.report.ages import Ages, OldResults
from zotheory.report.html.page import Picture, render_html

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Checked(HTMLParser):
    """Open and closed elements, ids and links of a page."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        self.links += [attrs[name] for name in ("href", "src", "xlink:href") if name in attrs]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(page):
    parser = Checked()
    parser.feed(page)
    assert parser.open == []
    return parser


pytestmark = pytest.mark.usefixtures("few_certified")

SVG = """<?xml version="1.0"?>
<svg width="20pt" height="9pt" viewBox="0 0 20 9"><defs><path id="a" d="M0 0"/></defs>
<g clip-path="url(#a)"><use xlink:href="#a"/></g></svg>"""


def test_everything_known_is_in_the_page(mixed):
    picture = Picture("curves", SVG, "**Title.** `x < y` & so on", stale="measured by earlier code")
    page = render_html(mixed, [picture], [LoadFailure("bad.py", "line 2: x")], notes=["A note <b>"])
    parser = read(page)
    text = " ".join("".join(parser.text).split())
    for result in mixed:
        assert f"claim-{result.id}" in parser.ids
        for item in (result.title, result.plain, result.source, result.reason, *result.conditions):
            assert " ".join(item.split()).rstrip(".") in text
        for item in result.evidence:
            assert item.detail in text
            assert item.falsifier in text
    assert "put ρ = 1/2" in text
    assert "[1, 2]" in text
    assert "moment" in text
    for shown in ("x < y", "Title.", "measured by earlier code", "not loaded: bad.py", "A note <b>"):
        assert shown in text


def test_the_page_needs_nothing_from_elsewhere(mixed):
    page = render_html(mixed, [Picture("curves", SVG, "caption")])
    assert all(link.startswith(("#", "data:,")) for link in read(page).links)
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest|\bimport\b *[({\'\"]", page)


def test_links_lead_to_something_in_the_page_and_ids_are_unique(mixed, make):
    results = [*mixed, make(id="A5", depends=("A1", "A2", "absent"))]
    parser = read(render_html(results, [Picture(name, SVG, "caption") for name in ("one", "two")]))
    assert len(parser.ids) == len(set(parser.ids))
    targets = {link[1:] for link in parser.links if link.startswith("#")}
    assert targets <= set(parser.ids)
    assert {"claim-A1", "claim-A2", "one-a", "two-a"} <= targets


def test_texts_of_claims_cannot_end_the_page_early(make):
    nasty = "</script></style><script>alert(1)</script>"
    page = render_html([make(title=nasty, plain=nasty, latex=nasty, reason=nasty)])
    parser = read(page)
    assert page.count("<script>") == 1
    assert nasty in "".join(parser.text)


def test_old_results_are_said_with_the_claims_that_read_them(make):
    old = [OldResults("toy", f"preset {name}", 1, 2, ("a.py",)) for name in ("quick", "paper")]
    old.append(OldResults("game", "preset quick", 2, 2, ("b.py",)))
    ages = Ages(tuple(old), 5, {"A1": ("toy", "game")}, ("Not looked at",))
    page = read(render_html([make(), make(id="A2")], ages=ages))
    text = "".join(page.text)
    assert "stale" in page.ids
    assert "Results of 2 experiments (3 of 5 sets) are older than the code" in text
    assert "toy, preset paper: 1 of 2 cells measured by earlier code (changed since: a.py)" in text
    assert text.count("Reads results of toy and game, some measured by earlier code.") == 1
    assert "Not looked at." in text
    assert "stale" not in read(render_html([make()], [Picture("x", "", "x")])).ids
