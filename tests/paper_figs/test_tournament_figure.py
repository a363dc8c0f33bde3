"""The figure of the tournament: ranks and areas against the store, by other ways of counting."""

import csv
import io

import numpy as np
import pytest
from scipy.stats import rankdata

from paper_figs._adaptive import median
from paper_figs.tournament import BASE, BESIDE, DRAWN, NAMES, joined, over_problems, ranks
from tests.paper_figs.conftest import EXPERIMENTS, ROOT
from zotheory.experiment import Store, load
from zotheory.optim.recommended import BEST, RANKS
from zotheory.plotting.paper import best_source
from zotheory.plotting.paper.panels import csv_of
from zotheory.plotting.paper.writing import caption


def test_every_method_and_problem_has_a_look(sources):
    presets = sources["tournament"].request.experiment.presets.values()
    assert {name for preset in presets for name in preset.config.methods} == set(NAMES)
    assert {name for preset in presets for name in preset.config.problems} == set(DRAWN)
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


def test_committed_results_are_of_all_methods_on_all_problems(figures):
    experiment = load("tournament", EXPERIMENTS)
    source = best_source(experiment, Store(ROOT / "results"), "evidence")
    found = joined(source)
    assert set(found.config.methods) == set(NAMES)
    assert set(found.config.problems) == set(DRAWN)
    middle = {method: float(np.median(row)) for method, row in over_problems(found).items()}
    assert {method: middle[method] for method in RANKS} == RANKS
    assert min(middle.values()) == BEST
    told = " ".join(figures["tournament"].facts(source))
    for preset in BESIDE:
        assert f"--preset {preset}" in told
    assert joined(found).config == found.config


def test_the_caption_ends_with_a_table_of_all_methods_on_all_problems(figures, sources):
    figure, source = figures["tournament"], sources["tournament"]
    *_, text = caption(figure, figure.panels(source), source).rstrip().split("\n\n")
    head, rule, *rows = [line.strip("| ").split(" | ") for line in text.splitlines()]
    assert head[2:] == list(source.config.problems)
    assert len(rule[0].split("|")) == len(head)
    assert [row[0] for row in rows] == [NAMES[method] for method in over_problems(source)]
    place = head.index(source.config.problems[-1])
    found = ranks(source, source.config.problems[-1])
    for method, row in zip(over_problems(source), rows, strict=True):
        assert float(row[place].split(";")[0]) == pytest.approx(found[method], rel=1e-2)
    (base,) = [row for row in rows if row[0] == NAMES[BASE]]
    assert base[place].endswith("; +0.000 [+0.000, +0.000]")
