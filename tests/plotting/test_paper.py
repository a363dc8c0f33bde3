"""The parts that figures are made of: series, panels, means over seeds, the choice of results."""

import json
import os

import numpy as np
import pytest
from scipy.stats import norm

from zotheory.errors import InvalidArgument
from zotheory.experiment import MissingResults, Results, Store, load, run
from zotheory.plotting.paper import (
    Kind,
    Panel,
    PaperFigure,
    Series,
    best_source,
    interval_of_mean,
    over_seeds,
    pooled,
)
from zotheory.plotting.paper.drawing import draw
from zotheory.plotting.paper.pages import PAGES
from zotheory.plotting.paper.panels import csv_of


def results(x, seed, **columns):
    arrays = {"x": x, "seed": seed, **columns}
    return Results({name: np.asarray(values) for name, values in arrays.items()}, [])


def test_intervals_over_seeds_cover_the_mean_as_often_as_they_say():
    rng, runs, seeds = np.random.default_rng(5), 4000, 4
    places = np.repeat(np.arange(runs), seeds)
    values = rng.normal(3.0, 2.0, runs * seeds)
    data = results(places, np.tile(np.arange(seeds), runs), y=values, z=np.exp(values))
    found = over_seeds(data, "x", "y")
    covered = np.mean((found.low <= 3) & (found.high >= 3))
    # Binomial of 4000 at 0.95: five standard deviations are 0.017.
    assert abs(covered - 0.95) < 0.017
    geometric = over_seeds(data, "x", "z", geometric=True)
    np.testing.assert_allclose(np.log(geometric.high), found.high, rtol=1e-12)
    assert found.seeds == seeds


def test_pooled_intervals_cover_the_mean_as_often_as_they_say():
    rng, runs = np.random.default_rng(6), 4000
    spread = np.array([0.5, 2.0, 1.0])
    values = rng.normal([1.0, 5.0, 9.0], spread, (runs, 3))
    data = results(
        np.repeat(np.arange(runs), 3), np.tile([0, 1, 2], runs), y=values.ravel(), e=np.tile(spread, runs)
    )
    found = pooled(data, "x", "y", "e", level=0.9)
    assert abs(np.mean((found.low <= 5) & (found.high >= 5)) - 0.9) < 5 * np.sqrt(0.09 / runs)
    assert np.isnan(pooled(data, "x", "y").low).all()
    mean, low, high = interval_of_mean([1.0], [2.0])
    assert (mean, low) == (1.0, pytest.approx(1 - 2 * norm.ppf(0.975)))
    assert high == pytest.approx(2 - low)


def test_one_seed_has_no_interval():
    found = over_seeds(results([1, 2], [0, 0], y=[3.0, 4.0]), "x", "y")
    assert found.mean.tolist() == [3, 4]
    assert np.isnan(found.low).all()


def test_means_refuse_rows_that_were_not_chosen():
    data = results([1, 1], [0, 0], y=[3.0, 4.0], z=[0.0, 1.0])
    for average in (over_seeds, pooled):
        with pytest.raises(InvalidArgument, match="x = 'x': a seed has the same value in two rows"):
            average(data, "x", "y")
    with pytest.raises(InvalidArgument, match="column = 'yy': nearest: y"):
        over_seeds(results([1], [0], y=[3.0]), "x", "yy")
    with pytest.raises(InvalidArgument, match="value = 'z': it is not positive everywhere"):
        over_seeds(results([1, 2], [0, 0], z=[0.0, 1.0]), "x", "z", geometric=True)


def test_series_and_panels_refuse_what_cannot_be_told_apart():
    with pytest.raises(InvalidArgument, match=r"y = \[1\]: s: give 2 numbers"):
        Series("s", Kind.THEORY, [1, 2], [1], "k")
    one = Series("s", Kind.THEORY, [0, 1], [1, 2], "k")
    with pytest.raises(InvalidArgument, match="it is in the panel twice"):
        Panel("t", "x", "y", [one, one])
    with pytest.raises(InvalidArgument, match="give places from 0 to 0"):
        Panel("t", "x", "y", [one], categories=("a",))
    with pytest.raises(InvalidArgument, match="two panels have these names"):
        csv_of([Panel("t", "x", "y", [one]), Panel("t", "x", "y", [])])
    with pytest.raises(InvalidArgument, match="columns = 0"):
        PaperFigure("e", "t", lambda source: [], lambda source: [], columns=0)
    with pytest.raises(InvalidArgument, match="height = -1"):
        PaperFigure("e", "t", lambda source: [], lambda source: [], height=-1)


def test_csv_keeps_ten_digits_and_leaves_nan_empty():
    series = Series("a, b", Kind.MEASURED, [0.1 + 0.2, 1], [1 / 3, np.nan], "k", low=[0, np.nan])
    lines = csv_of([Panel("t", "two\nlines", "y", [series])]).splitlines()
    assert lines[1] == 't,two lines,y,"a, b",measured,0.3,0.3333333333,0.0,'
    assert lines[2] == 't,two lines,y,"a, b",measured,1.0,,,'
    lying = Series("s", Kind.MEASURED, [-0.2, 1.3], [1, 2], "k")
    rows = csv_of([Panel("t", "x", "y", [lying], categories=("one", "two"))]).splitlines()[1:]
    assert [row.split(",")[5] for row in rows] == ["one", "two"]


def test_numbers_told_are_written_and_not_drawn():
    told = Series("s, best", Kind.TOLD, [0.0], [3.0], "k")
    line = Series("s", Kind.REFERENCE, [1, 10], [1, 2], "k")
    panel = Panel("t", "x", "y", [line, told], x_scale="log", y_scale="log")
    figure = PaperFigure("e", "t", lambda source: [], lambda source: [])
    (axes,) = draw(figure, [panel], PAGES["icml"]).axes
    assert [line.get_gid() for line in axes.lines] == ["reference: s"]
    assert csv_of([panel]).splitlines()[-1] == 't,x,y,"s, best",told,0.0,3.0,,'


def test_a_legend_shows_series_as_they_are_drawn():
    numbers = ([0, 1], [0, 1], "k")
    first = [Series("run", Kind.RUN, *numbers), Series("with theory", Kind.MEASURED, *numbers)]
    second = [
        Series("with theory", Kind.THEORY, *numbers),
        Series("points", Kind.MEASURED, *numbers),
        Series("points, predicted", Kind.MARK, *numbers),
        Series("expected", Kind.MARK, *numbers, marker="D"),
    ]
    figure = PaperFigure("e", "t", lambda source: [], lambda source: [], legend=True)
    drawn = draw(figure, [Panel("a", "x", "y", first), Panel("b", "x", "y", second)], PAGES["neurips"])
    handles = {line.get_label(): line for line in drawn.legends[0].legend_handles}
    # Marks named after measured series need no name of their own.
    assert list(handles) == ["run", "with theory", "points", "expected"]
    looks = {name: (line.get_linestyle(), line.get_marker()) for name, line in handles.items()}
    assert looks == {
        "run": ("-", ""),
        "with theory": ("-", "o"),
        "points": ("None", "o"),
        "expected": ("None", "D"),
    }
    assert handles["expected"].get_markerfacecolor() == "none"


@pytest.mark.parametrize(
    ("lying", "expected"), [(True, [(0, 0), (1, 1), (0, 1)]), (False, [(0, 0), (1, 1), (0, 0)])]
)
def test_a_lying_panel_alone_in_the_last_row_takes_all_of_it(lying, expected):
    series = [Series("s", Kind.MEASURED, [0, 1], [1, 2], "k")]
    last = Panel("c", "x", "z", series, categories=("one", "two") if lying else ())
    figure = PaperFigure("e", "t", lambda source: [], lambda source: [], columns=2)
    panels = [Panel("a", "x", "y", series), Panel("b", "x", "y", series), last]
    drawn = draw(figure, panels, PAGES["icml"])
    spans = [axes.get_subplotspec().colspan for axes in drawn.axes]
    assert [(span.start, span.stop - 1) for span in spans] == expected


def test_labels_stay_off_dots():
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 1, 60), np.linspace(0, 0.6, 30)))
    free = (x > 0.4) & (x < 0.55)
    x, y = x[~free], y[~free]
    line = Series("line", Kind.REFERENCE, [0, 1], [0.3, 0.3], "k", label="line")
    dots = Series("dots", Kind.SAMPLES, x, y, "b")
    figure = PaperFigure("e", "t", lambda source: [], lambda source: [])
    panel = Panel("t", "x", "y", [line, dots], y_limits=(0, 0.6))
    (axes,) = draw(figure, [panel], PAGES["neurips"]).axes
    box = axes.texts[0].get_window_extent()
    assert not any(box.contains(*at) for at in axes.transData.transform(np.column_stack([x, y])))


def test_a_label_stands_nearer_to_its_own_curve_than_to_another():
    x = np.linspace(0, 1, 30)
    series = [
        Series(name, Kind.RUN, x, offset + x, color, label=name)
        for name, offset, color in (("low", 0.0, "r"), ("middle", 0.35, "g"), ("high", 0.7, "b"))
    ]
    figure = PaperFigure("e", "t", lambda source: [], lambda source: [])
    drawn = draw(figure, [Panel("t", "x", "y", series)], PAGES["icml"])
    (axes,) = drawn.axes
    for text in axes.texts:
        box = text.get_window_extent()
        gaps = {}
        for line in series:
            dense = np.linspace(0, 1, 2000)
            path = axes.transData.transform(np.column_stack([dense, line.column("y")[0] + dense]))
            outside = np.maximum(np.maximum(box.min - path, path - box.max), 0)
            gaps[line.name] = np.hypot(*outside.T).min()
        assert min(gaps, key=gaps.__getitem__) == text.get_text()
        assert gaps[text.get_text()] > 0


@pytest.mark.parametrize(
    ("count", "columns", "page", "expected"),
    [(4, 4, "neurips", (2, 2)), (10, 5, "icml", (5, 2)), (6, 3, "neurips", (2, 3)), (1, 4, "icml", (1, 1))],
)
def test_panels_fill_their_page_in_few_full_rows(count, columns, page, expected):
    figure = PaperFigure("e", "t", lambda source: [], lambda source: [], columns=columns, narrowest=1.6)
    series = [Series("s", Kind.THEORY, [0, 1], [0, 1], "k")]
    drawn = draw(figure, [Panel(str(i), "x", "y", series) for i in range(count)], PAGES[page])
    places = {axes.get_subplotspec().get_gridspec().get_geometry() for axes in drawn.axes}
    assert places == {expected}
    # What neighbours share is written once a row and once a column.
    assert sum(bool(axes.get_ylabel()) for axes in drawn.axes) == expected[0]
    assert sum(bool(axes.get_xlabel()) for axes in drawn.axes) == expected[1]


TOY = '''
from dataclasses import dataclass

from zotheory.experiment import Experiment, Preset, Table


@dataclass(frozen=True)
class Config:
    """A toy."""

    size: int = 1


EXPERIMENT = Experiment(
    "a toy",
    {"quick": Preset(Config(), seeds=2), "paper": Preset(Config(5), seeds=3)},
    lambda config: [{"i": i} for i in range(config.size)],
    lambda config, cell, seed: Table({"y": [1.0 * config.size]}, queries=1),
    version=VERSION,
)
'''


def toy(folder, version=1):
    (folder / "toy").mkdir(parents=True)
    (folder / "toy" / "__init__.py").write_text(TOY.replace("VERSION", str(version)))
    return load("toy", folder)


def test_the_most_expensive_complete_results_are_chosen(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    experiment, store = toy(tmp_path / "trials"), Store(tmp_path / "results")
    with pytest.raises(MissingResults, match="zotheory experiment run toy --preset quick --seeds 2"):
        best_source(experiment, store)
    kind = experiment.config_class
    run(experiment, "quick", store=store, jobs=1)
    assert best_source(experiment, store).config == kind(1)
    run(experiment, kind(3), seeds=4, store=store, jobs=1)
    source = best_source(experiment, store)
    assert (source.config, source.seeds, source.results.queries) == (kind(3), 4, 12)
    assert source.command == "zotheory experiment run toy --preset quick --set size=3 --seeds 4"
    assert best_source(experiment, store, "quick").config == kind(1)
    assert best_source(experiment, store, preferred="quick").config == kind(1)
    assert best_source(experiment, store, preferred="paper").config == kind(3)  # not in the store
    with pytest.raises(MissingResults, match="15 of 15 cells are not in"):
        best_source(experiment, store, "paper")
    with pytest.raises(InvalidArgument, match="nearest: quick"):
        best_source(experiment, store, "quik")
    # Of a run that was killed in its third seed the first two count.
    with monkeypatch.context() as patch:
        patch.setattr(Store, "pack", lambda *args, **options: [])
        run(experiment, kind(9), seeds=3, store=store, jobs=1)
    seeds = {
        path: {cell["seed"] for cell in json.loads(path.read_text())["content"]["cells"]}
        for path in store.manifests("toy")
        if "cells" in path.parts
    }
    third = next(path for path, found in seeds.items() if 2 in found)
    third.unlink()
    third.with_suffix(".parquet").unlink()
    killed = best_source(experiment, store)
    assert (killed.config, killed.seeds) == (kind(9), 2)
    with pytest.raises(MissingResults):
        best_source(toy(tmp_path / "newer", version=2), store)


def test_an_axis_of_both_signs_is_linear_around_zero_and_logarithmic_beyond():
    dots = Series("dots", Kind.MEASURED, [0, 1, 2], [-0.05, 0.05, 5.0], "k")
    panel = Panel("t", "", "y", [dots], y_scale="symlog", categories=("a", "b", "c"), y_limits=(-1.0, 10.0))
    drawn = draw(PaperFigure("e", "t", lambda _: [panel], lambda _: []), [panel], PAGES["neurips"])
    (axes,) = drawn.axes
    at = lambda value: axes.transData.transform((value, 0))[0]  # noqa: E731
    assert at(0.1) - at(0.05) == pytest.approx(at(0.05) - at(0.0))
    assert at(10.0) - at(1.0) == pytest.approx(at(1.0) - at(0.1))
    shown = [t.get_text() for t in axes.get_xticklabels() if -1 <= t.get_position()[0] <= 10]
    assert shown == ["-1", "-0.1", "0", "0.1", "1", "10"]
