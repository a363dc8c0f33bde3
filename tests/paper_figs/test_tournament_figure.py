"""The figure of the tournament: ranks and areas against the store, by other ways of counting."""

import csv
import io

import numpy as np
import pytest
from scipy.stats import rankdata

from paper_figs._adaptive import median
from paper_figs.tournament import BASE, DRAWN, NAMES, ranks
from zotheory.plotting.paper.panels import csv_of


def test_every_method_and_problem_has_a_look(sources):
    config = type(sources["tournament"].config)()
    assert set(config.methods) == set(NAMES)
    assert set(config.problems) == set(DRAWN)
    assert len(set(DRAWN.values())) == len(DRAWN)


def test_ranks_are_those_of_each_seed(sources):
    source = sources["tournament"]
    for problem in source.config.problems:
        found = {}
        for seed in range(source.seeds):
            rows = source.results.where(problem=problem, seed=seed, queries_spent=0)
            for method, rank in zip(rows["method"], rankdata(rows["area"]), strict=True):
                found.setdefault(str(method), []).append(rank)
        assert ranks(source, problem) == {name: float(np.median(row)) for name, row in found.items()}


def test_areas_are_paired_with_the_base(figures, sources):
    source = sources["tournament"]
    panels = figures["tournament"].panels(source)
    drawn = [row for row in csv.DictReader(io.StringIO(csv_of(panels))) if row["panel"] == "areas"]
    assert len(drawn) == len(source.config.problems) * len(source.config.methods)
    for row in drawn:
        method = next(name for name, shown in NAMES.items() if shown == row["x"])
        differences = []
        for seed in range(source.seeds):
            rows = source.results.where(problem=row["series"], seed=seed, queries_spent=0)
            mine, base = (float(rows.where(method=name)["area"][0]) for name in (method, BASE))
            differences.append(mine - base)
        expected = median(np.array(differences))
        found = [float(row[name]) for name in ("y", "low", "high")]
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_best_median_is_at_the_top(figures, sources):
    source = sources["tournament"]
    names = figures["tournament"].panels(source)[0].categories
    middle = {
        NAMES[method]: np.median([ranks(source, problem)[method] for problem in source.config.problems])
        for method in source.config.methods
    }
    values = [middle[name] for name in names]
    assert values == sorted(values)
