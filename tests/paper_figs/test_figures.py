"""Every figure: written with its numbers, its CSV what is drawn, its words inside and apart, undated."""

import csv
import io
import re

import numpy as np
import pytest

from tests.paper_figs.conftest import NAMES, TINY
from zotheory.plotting.paper import Kind, write_figure
from zotheory.plotting.paper.pages import PAGES
from zotheory.plotting.paper.panels import csv_of


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_every_experiment_has_a_figure(figures):
    assert {figure.experiment for figure in figures.values()} == set(TINY)


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_written_with_numbers_and_caption(
    name, figures, sources, drawings, tmp_path, monkeypatch
):
    figure = figures[name]
    monkeypatch.setattr("zotheory.plotting.paper.drawing.draw", lambda *_: drawings(name, "icml")[1])
    paths = write_figure(figure, sources[figure.experiment], tmp_path, ("png",), "icml")
    assert [path.name for path in paths] == [f"{name}.png", f"{name}.csv", f"{name}.md"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    assert rows_of(paths[1].read_text())
    text = paths[2].read_text()
    assert text.startswith(f"**{figure.title}.** ")
    seeds = TINY[figure.experiment][1]
    assert f"`zotheory experiment run {figure.experiment} --preset " in text
    assert f"--seeds {seeds}` ({seeds} seeds, " in text
    assert not re.search(r"\b(nan|inf)\b", text)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_drawn_is_what_the_csv_says(name, drawings):
    panels, drawn = drawings(name, "icml")
    rows = rows_of(csv_of(panels))
    assert len(drawn.axes) == len(panels)
    for panel, axes in zip(panels, drawn.axes, strict=True):
        mine = [row for row in rows if (row["panel"], row["x_name"], row["y_name"]) == panel.names]
        for series in panel.series:
            chosen = [row for row in mine if (row["series"], row["kind"]) == (series.name, series.kind)]
            assert len(chosen) == len(series.column("x"))
            if series.kind not in (Kind.AREA, Kind.TOLD):
                check_line(axes, series, chosen, panel.categories)
            if series.kind is Kind.MEASURED:
                check_bars(axes, series, chosen, bool(panel.categories))


def assert_written(drawn, read):
    """Ten significant digits are written."""
    np.testing.assert_allclose(drawn, read, rtol=5.1e-10, atol=0)


def numbers(rows, column):
    return np.array([float(row[column] or "nan") for row in rows])


def check_line(axes, series, rows, categories):
    gid = f"{series.kind.value}: {series.name}"
    (line,) = (line for line in axes.lines if line.get_gid() == gid)
    x, y = (np.asarray(values, dtype=float) for values in line.get_data())
    if categories:
        assert [categories[round(place)] for place in y] == [row["x"] for row in rows]
        assert_written(x, numbers(rows, "y"))
    else:
        assert_written(x, numbers(rows, "x"))
        assert_written(y, numbers(rows, "y"))


def check_bars(axes, series, rows, lying):
    low, high, y = (numbers(rows, column) for column in ("low", "high", "y"))
    gid = f"{series.kind.value}: {series.name}"
    bars = [one for one in axes.collections if one.get_gid() == gid]
    if np.isnan(low).all():
        assert bars == []
        return
    (bar,) = bars
    side = 0 if lying else 1
    # Where nothing is drawn matplotlib keeps an empty segment.
    ends = np.array([part[:, side] if np.size(part) else [np.nan] * 2 for part in bar.get_segments()])
    known = np.isfinite(series.column("x")) & np.isfinite(y) & np.isfinite(low)
    np.testing.assert_allclose(ends[known], np.column_stack([low, high])[known], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "style"),
    [*((name, "icml") for name in NAMES), ("smoothing", "neurips"), ("replication-audit", "beamer")],
)
def test_words_are_inside_and_apart(name, style, drawings):
    _, drawn = drawings(name, style)
    drawn.canvas.draw()  # saving it at another resolution has moved things
    assert drawn.get_size_inches()[0] == PAGES[style].width
    titles = [axes._left_title.get_window_extent() for axes in drawn.axes]
    labels = []
    for axes in drawn.axes:
        texts = [text for text in axes.texts if (text.get_gid() or "").startswith("label")]
        for box in (text.get_window_extent() for text in texts):
            assert axes.bbox.x0 - 2 <= box.x0
            assert box.x1 <= axes.bbox.x1 + 2
            labels.append(box)
    for group in (titles, labels):
        for i, box in enumerate(group):
            assert drawn.bbox.x0 - 1 <= box.x0
            assert box.x1 <= drawn.bbox.x1 + 1
            assert drawn.bbox.y0 - 1 <= box.y0
            assert box.y1 <= drawn.bbox.y1 + 1
            assert not any(box.overlaps(other) for other in group[:i])


def test_the_same_results_give_the_same_bytes_without_a_date(figures, sources, tmp_path):
    formats = ("pdf", "svg", "png")
    for folder in ("one", "two"):
        write_figure(figures["mesh-losses"], sources["mesh"], tmp_path / folder, formats, "beamer")
    for suffix in (*formats, "csv", "md"):
        one, two = ((tmp_path / folder / f"mesh-losses.{suffix}").read_bytes() for folder in ("one", "two"))
        assert one == two, suffix
        assert b"CreationDate" not in one
        assert b"<dc:date>" not in one
    pdf = (tmp_path / "one" / "mesh-losses.pdf").read_bytes()
    # TrueType fonts are inside as such, which every publisher takes.
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
