"""The formats that other programs read."""

import json
import re

from zotheory.report.detail import render_detail
from zotheory.report.formats import render
from zotheory.report.markdown import escape_markdown

CLAIM_KEYS = {
    "id", "title", "source", "kind", "verdict", "expected", "reason", "conditions", "depends",
    "statement", "latex", "formulas", "parts", "file", "seconds", "evidence",
}  # fmt: skip
EVIDENCE_KEYS = {
    "route", "grade", "outcome", "scope", "value", "detail", "falsifier", "parts", "seconds",
    "witness",
}  # fmt: skip


def test_json_has_these_keys_and_these_types(mixed):
    objects = json.loads(render(mixed, "json"))
    assert [item["id"] for item in objects] == ["A1", "A2", "a-long-identifier-3", "A4"]
    for item in objects:
        assert set(item) == CLAIM_KEYS
        assert all(set(evidence) == EVIDENCE_KEYS for evidence in item["evidence"])
    first, second = objects[0], objects[1]
    assert (first["verdict"], first["kind"], first["seconds"]) == ("proved", "equality", 1.25)
    assert first["statement"] == "E‖g‖² = 2δ"
    assert first["evidence"][0]["parts"] == ["statement"]  # spelled out, where none means all
    assert first["evidence"][0]["witness"] is None
    assert second["evidence"][1]["witness"] == {
        "description": "put ρ = 1/2",
        "data": {"rho": "1/2", "law": [1, 2]},
    }


def test_json_of_nothing_is_an_empty_list():
    assert json.loads(render([], "json")) == []


def test_markdown_has_one_row_a_claim_with_as_many_cells_as_the_header(make, mixed):
    tricky = make(id="A5", title="E|g| in [a, b]\n**bold** _x_ <b> \\ $y$")
    lines = render([*mixed, tricky], "markdown").splitlines()
    header, rows = lines[0], lines[2:7]
    cells = [len(re.findall(r"(?<!\\)\|", line)) for line in (header, *rows)]
    assert cells == [8] * 6
    assert r"E\|g\| in \[a, b\] \*\*bold\*\* \_x\_ \<b\> \\ \$y\$" in rows[4]
    assert "- A4 is undecided, expected proved: no checks" in lines


def test_markdown_escapes_keep_the_letters():
    assert escape_markdown("δ² ≤ 3") == "δ² ≤ 3"


def test_detail_shows_everything_that_is_known(mixed):
    text = render_detail(mixed[2], width=60)
    for shown in (
        "a-long-identifier-3",
        "E‖g‖² = 2δ",
        r"$E\|g\|^2 = 2\delta$",
        "ν ≥ 1",
        "derived here",
        "moment = 2*delta",
        "intervals: fails (rigorous, instance; 0.00 s)",
        "found: 2 ≠ 3",
        "would be falsified by: equality",
        "witness: put ρ = 1/2",
        'rho = "1/2"',
        "law = [1, 2]",
        "verdict  ✗ refuted (expected proved)",
        "reason: at ρ = 1/2",
    ):
        assert shown in text
    assert "rests on" not in text


def test_detail_lists_dependencies_parts_and_values(make, mixed):
    from dataclasses import replace

    evidence = replace(mixed[0].evidence[1], parts=("one",))
    text = render_detail(make(depends=("B1", "B2"), evidence=(evidence,)))
    assert "rests on\n  B1, B2\n" in text
    assert "statistical, instance, parts: one" in text
    assert "value: 0.3" in text
