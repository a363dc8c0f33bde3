"""The terminal table: complete at every width, readable without colour."""

import pytest

from zotheory.checks.evidence import Grade, Outcome
from zotheory.ledger.claim import Verdict
from zotheory.ledger.discover import LoadFailure
from zotheory.report.formats import Format, render
from zotheory.report.summary import complaints, count_line, strength
from zotheory.report.table import render_table

FAILURE = LoadFailure("claims/bad.py", "line 2: NameError: x; correct the file")


@pytest.mark.parametrize("width", [1, 30, 80, 120, 300])
def test_ids_verdicts_and_reasons_are_whole_at_every_width(mixed, width):
    text = render_table(mixed, [FAILURE], width=width)
    lines = text.splitlines()
    for result in mixed:
        (row,) = [line for line in lines if line.split()[:1] == [result.id] and "is" not in line]
        assert str(result.verdict) in row
        assert strength(result) in row
        assert row.endswith("s")
    assert "…" not in text
    assert "  a-long-identifier-3 is refuted, expected proved: at ρ = 1/2" in lines
    assert f"  not loaded: {FAILURE}" in lines


@pytest.mark.parametrize("width", [30, 120])
def test_titles_are_folded_but_complete(make, width):
    words = [f"word{number}" for number in range(40)]
    text = render_table([make(title=" ".join(words))], width=width)
    assert all(word in text for word in words)


def test_rows_fit_where_the_width_allows(mixed):
    rows = render_table(mixed, width=100).split("claims:")[0].splitlines()
    assert max(map(len, rows)) <= 100


def test_titles_with_brackets_and_colons_are_not_markup(make):
    assert "E[g] :smile: [red]x[/red]" in render_table([make(title="E[g] :smile: [red]x[/red]")])


def test_expected_verdicts_have_a_column_only_where_one_differs(make, mixed):
    assert "expected" not in render_table([make()])
    header = next(line for line in render_table(mixed).splitlines() if "verdict" in line)
    assert "expected" in header


def test_colour_only_on_demand(mixed):
    assert "\x1b[" not in render_table(mixed)
    assert "\x1b[" in render_table(mixed, color=True)


def test_the_count_tells_expected_from_unexpected(make, mixed):
    assert count_line(mixed, [FAILURE]) == (
        "4 claims: 1 proved, 1 refuted (as expected), 1 refuted (not expected), "
        "1 undecided (not expected), 1 file not loaded"
    )
    assert count_line([make()]) == "1 claim: 1 proved"
    assert count_line([], [FAILURE]) == "0 claims: 1 file not loaded"
    wrong = make(expected=Verdict.REFUTED)
    assert count_line([wrong]) == "1 claim: 1 proved (not expected)"


def test_complaints_name_everything_that_makes_a_run_fail(make, mixed):
    assert complaints([make()]) == []
    assert [line.split()[0] for line in complaints(mixed)] == ["a-long-identifier-3", "A4"]


def test_strength_is_of_the_evidence_behind_the_verdict(mixed):
    assert [strength(result) for result in mixed] == [
        "exact, 2 routes",
        "rigorous, 1 route",  # not exact: the exact evidence spoke for the refuted claim
        "rigorous, 1 route",
        "–",
    ]


def test_nothing_is_behind_an_open_verdict_though_parts_are_proved(make):
    part = make(verdict=Verdict.UNDECIDED)
    assert {item.outcome for item in part.evidence} == {Outcome.HOLDS}
    assert strength(part) == "–"
    assert "exact" not in render([part], "table")
    assert "undecided \\textbf{(expected proved)} \\\\\n" in render([part], "latex")


def test_what_is_supported_is_as_strong_as_the_weakest_evidence(make):
    evidence = make().evidence
    assert {item.grade for item in evidence} == {Grade.EXACT, Grade.STATISTICAL}
    assert strength(make(evidence=evidence)) == "exact, 2 routes"
    assert strength(make(evidence=evidence, verdict=Verdict.SUPPORTED)) == "statistical, 2 routes"


def test_an_unknown_format_is_refused(mixed):
    with pytest.raises(ValueError, match="yaml"):
        render(mixed, "yaml")
    assert render(mixed, "table") == render(mixed, Format.TABLE)
