"""Sentences on tuned learning rates, and that figures leave out what their captions say."""

import csv
import io

import numpy as np
import pytest

from paper_figs._rates import tuned
from zotheory.experiment import Results
from zotheory.plotting.paper.panels import csv_of
from zotheory.plotting.style import number


def rows(ends):
    return Results({"at_grid_end": np.array(ends), "tuning_queries": np.array([30, 10, 20])}, [])


def test_costs_and_ends_of_grids_are_told():
    told = tuned(rows([False, True, True]), 3, "2")
    assert "of 3 other runs, on a grid of ratio 2 " in told
    assert "2 of 3 chosen rates are ends of their grids" in told
    assert "10 to 30 function values" in told
    assert "no chosen rate is an end" in tuned(rows([False] * 3), 1, "2")


@pytest.mark.parametrize("name", ["adaptive-losses", "adaptive-targets", "subspace", "guided"])
def test_captions_count_the_ends_of_grids_in_the_store(name, figures, sources):
    figure = figures[name]
    source = sources[figure.experiment]
    told = " ".join(figure.facts(source))
    chosen = source.results
    assert ("no chosen rate is an end" in told) is not chosen["at_grid_end"].any()
    assert f"{chosen['tuning_queries'].max()} function values for a method" in told


def test_terms_of_blocks_are_means_after_the_start(figures, sources):
    source = sources["subspace"]
    drawn = list(csv.DictReader(io.StringIO(csv_of(figures["subspace"].panels(source)))))
    mine = source.results.where(method="importance")
    later = np.isfinite(mine["factor"]) & (mine["queries_spent"] > 0)
    expected = (mine["predicted_curvature"] / sum(mine[f"trace_{b}"] for b in range(4)))[later].mean()
    (row,) = (row for row in drawn if row["series"].startswith("curvature") and row["x"] == "importance")
    assert float(row["y"]) == pytest.approx(expected, rel=1e-9)


def test_ranks_are_those_of_the_store(figures, sources):
    source = sources["subspace"]
    drawn = list(csv.DictReader(io.StringIO(csv_of(figures["subspace"].panels(source)))))
    mine = source.results.where(method="importance")
    last = mine.where(queries_spent=int(mine["queries_spent"].max()))
    stable = np.mean(
        [
            sum(last[f"probability_{b}"][i] * last[f"size_{b}"][i] for b in range(4))
            for i in range(len(last["seed"]))
        ]
    )
    expected = {"intrinsic rank of H": last["intrinsic_rank"].mean(), "stable rank of blocks": stable}
    expected["d"] = last["dim"][0]
    for name, value in expected.items():
        rows = [row for row in drawn if row["series"] == name]
        assert float(rows[-1]["x"]) == last["queries_spent"][0]
        assert float(rows[-1]["y"]) == pytest.approx(value, rel=1e-9)
    told = " ".join(figures["subspace"].facts(source))
    signs = source.results.where(method="mezo-signs", queries_spent=int(last["queries_spent"][0]))
    trace = sum(signs[f"trace_{b}"] for b in range(4))
    ratio = (signs["lr"] * trace / signs["intrinsic_rank"] * signs["dim"]).mean()
    assert f"{number(float(ratio))} times 1/(|H| d)" in told
