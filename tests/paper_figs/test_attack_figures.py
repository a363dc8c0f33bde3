"""Figures of attacks: exact intervals by other routes, and the numbers that CSV and caption hold."""

import csv
import io
import math
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import beta

from tests.paper_figs.conftest import ROOT
from zotheory.experiment import Store, load
from zotheory.experiment.results import Results
from zotheory.plotting.paper import best_source
from zotheory.plotting.paper.drawing import draw
from zotheory.plotting.paper.pages import PAGES
from zotheory.plotting.paper.panels import csv_of
from zotheory.plotting.style import number

# The figures import each other by the name of their folder.
sys.path.insert(0, str(Path(__file__).parents[2]))
from paper_figs import (
    _attack,
    _attack_laws,
    _attack_source,
    black_box_attack,
    black_box_attack_laws_ball,
    black_box_attack_laws_cube,
    black_box_attack_pictures,
)
from paper_figs._attack import Found, Kindred, Row, median_queries, of, success

METHODS = ("zo-sgd", "r-adazo")


def rows(successes, queries=None):
    n = len(successes)
    waiting = np.full(n, math.inf) if queries is None else np.asarray(queries, dtype=float)
    return Results({"success": np.asarray(successes, dtype=bool), "censored_queries": waiting}, [])


@pytest.mark.parametrize(("hits", "count"), [(0, 12), (5, 12), (12, 12), (70, 100)])
def test_shares_have_the_interval_of_clopper_and_pearson(hits, count):
    found = success(rows([True] * hits + [False] * (count - hits)))
    low = beta.ppf(0.025, hits, count - hits + 1) if hits else 0
    high = beta.ppf(0.975, hits + 1, count - hits) if hits < count else 1
    assert found == pytest.approx(Found(100 * hits / count, 100 * low, 100 * high), rel=1e-9)


@pytest.mark.parametrize("count", [7, 20, 101])
def test_medians_have_the_shortest_symmetric_interval_that_covers(count):
    queries = np.random.default_rng(count).permutation(np.arange(1.0, count + 1))
    found = median_queries(rows([True] * count, queries), 1000)
    # P(x_(k) <= median <= x_(n + 1 - k)) = 1 - 2 P(Binomial(n, 1/2) < k), for the largest k at 95%.
    covered = [
        k
        for k in range(1, count // 2 + 1)
        if 1 - 2 * sum(math.comb(count, j) for j in range(k)) / 2**count >= 0.95
    ]
    k = max(covered)
    assert found == Found(float(np.median(queries)), k, count + 1 - k)


def test_failures_count_as_the_budget():
    queries = [11.0, 21.0] * 10 + [math.inf] * 30
    found = median_queries(rows(np.isfinite(queries), queries), 500)
    assert (found.value, found.high) == (500, 500)
    assert median_queries(rows([False] * 40), 500) == Found(500, 500, 500)
    # Too few attacks for an interval: from one extreme to the other.
    assert median_queries(rows([True] * 3, [1.0, 2.0, 30.0]), 500) == Found(2, 1, 30)


@pytest.fixture(params=[1, 2])
def source(request):
    """Two kinds of attack on some networks, with made-up numbers, and two methods.

    One of them is at the other's rate too, one tuned again, and both have a law that is not the sphere.
    """
    rng, columns, facts = np.random.default_rng(0), [], []
    original = rng.integers(0, 256, 784).astype(np.uint8)
    for targeted in (False, True):
        rows_here = [Row(method, "sphere", "tuned") for method in METHODS]
        rows_here.append(Row("r-adazo", "sphere", "tuned-1"))
        rows_here += [Row(method, "gaussian", method) for method in METHODS]
        rows_here.append(Row("zo-sgd", "coordinate", "tuned"))
        if not targeted:
            rows_here.append(Row("zo-sgd", "sphere", "r-adazo"))
        for row in rows_here:
            facts.append({"cell": {**row._asdict(), "norm": "linf", "targeted": targeted}})
            for seed, image in product(range(request.param), range(20)):
                queries = float(rng.integers(1, 90)) if image == 3 or rng.random() < 0.7 else math.inf
                changed = np.clip(original.astype(int) + rng.integers(-40, 41, 784), 0, 255)
                kept = image == 3 and math.isfinite(queries)
                columns.append(
                    {
                        **facts[-1]["cell"],
                        "seed": seed,
                        "image": image,
                        "label": 5,
                        "success": math.isfinite(queries),
                        "censored_queries": queries,
                        "diverged": image == 7 and math.isinf(queries),
                        "original": original.tobytes().hex() if kept else "",
                        "picture": changed.astype(np.uint8).tobytes().hex() if kept else "",
                        "accuracy": 0.9375 - 0.125 * seed,
                        "skipped": 4,
                        "learning_rate": (0.25 if row.rate_of == "tuned-1" else 0.5) * 2**seed,
                        "at_grid_end": row.method == "zo-sgd" and targeted,
                    }
                )
    results = Results({name: np.array([row[name] for row in columns]) for name in columns[0]}, facts)
    config = SimpleNamespace(
        methods=METHODS,
        laws=("gaussian", "coordinate"),
        norms=("linf",),
        targeted=(False, True),
        budget=100,
        perturbations=4,
        tuning_images=6,
        grid_ratio=2.0,
        radius=lambda norm, targeted: 0.2 + 0.1 * targeted,
    )
    return SimpleNamespace(config=config, results=results, seeds=request.param)


def by_hand(rows, panel):
    """Return the share of successes in percent, or the median queries."""
    if panel == "success":
        return 100 * float(np.mean(rows["success"]))
    return float(np.median(np.where(rows["success"], rows["censored_queries"], 100)))


def test_every_method_and_law_is_drawn_where_it_was_measured(source, monkeypatch):
    monkeypatch.setattr(_attack_laws, "joined", lambda given, _: given)
    monkeypatch.setattr(_attack_laws, "origins", lambda *_: ["Its origin."])
    figure = black_box_attack_laws_cube.FIGURE
    shown = list(csv.DictReader(io.StringIO(csv_of(figure.panels(source)))))
    points = {(one["panel"], one["series"], one["x"]): one for one in shown if one["kind"] == "measured"}
    names = {"sphere": "sphere", "gaussian": "Gaussian", "coordinate": "coordinate"}
    seen = set()
    for targeted, law, method in product((False, True), names, METHODS):
        if law == "coordinate" and method == "r-adazo":
            continue
        rate = method if law == "gaussian" else "tuned"
        mine = source.results.where(norm="linf", targeted=targeted, method=method, law=law, rate_of=rate)
        for panel in ("success", "queries"):
            title = f"{'targeted' if targeted else 'any answer'}: {panel}"
            key = title, names[law], _attack.NAMES[method]
            seen.add(key)
            value = by_hand(mine, panel)
            assert float(points[key]["y"]) == pytest.approx(value, rel=1e-9)
            assert float(points[key]["low"]) <= value <= float(points[key]["high"])
    assert seen == set(points)
    # Nothing of the ball, which was not measured.
    (nothing,) = _attack_laws.panels(source, "l2")
    assert nothing.title == "not measured here"
    assert not nothing.series
    assert _attack_laws.facts(source, "l2") == ["No such attacks were measured."]
    draw(black_box_attack_laws_ball.FIGURE, [nothing], PAGES["neurips"])
    # One method admits all laws.
    text = " ".join(figure.facts(source))
    means = []
    for seed in range(source.seeds):
        rows_of = source.results.where(
            norm="linf", targeted=True, method="zo-sgd", law="gaussian", rate_of="zo-sgd", seed=seed
        )
        means.append(
            ", ".join(
                number(by_hand(rows_of, panel)) + end for panel, end in (("success", "%"), ("queries", ""))
            )
        )
    assert "ℓ∞, targeted, means over the methods that admit all laws (1)" in text
    assert text.endswith("Its origin.")
    assert f"Gaussian {' and '.join(means)}" in text


def test_plotted_numbers_and_the_caption_are_those_of_the_attacks(source, monkeypatch):
    monkeypatch.setattr(black_box_attack, "joined", lambda given, _: given)
    monkeypatch.setattr(black_box_attack, "origins", lambda *_: ["Its origin."])
    shown = list(csv.DictReader(io.StringIO(csv_of(black_box_attack.panels(source)))))
    text = " ".join(black_box_attack.facts(source))
    assert "20 images" in text
    assert ("(4 misread ones" if source.seeds == 1 else "(4 and 4 misread ones") in text
    read = "it reads 93.8% of" if source.seeds == 1 else "they read 93.8% and 81.2% of"
    assert read in text
    for kind in _attack.KINDS[:2]:
        shared = [one for one in shown if one["series"] == kind.name and "rate of" in one["x"]]
        assert bool(shared) != kind.targeted
        for row in black_box_attack.rows(source):
            if kind.targeted and row.rate_of != "tuned":
                continue
            mine = of(source.results, kind, row)
            share, median = by_hand(mine, "success"), by_hand(mine, "queries")
            for panel, value in (("success", share), ("queries", median)):
                (line,) = (
                    one
                    for one in shown
                    if (one["panel"], one["series"], one["x"]) == (panel, kind.name, row.name)
                )
                alone = [
                    float(one["y"])
                    for one in shown
                    if (one["panel"], one["x"]) == (panel, row.name)
                    and one["series"] == f"{kind.name}, each network"
                ]
                expected = [by_hand(mine.where(seed=seed), panel) for seed in range(source.seeds)]
                assert alone == pytest.approx(expected if source.seeds > 1 else [], rel=1e-9)
                assert float(line["y"]) == pytest.approx(value, rel=1e-9)
                assert float(line["low"]) <= value <= float(line["high"])
            assert f"{row.name} {number(share)}%, {number(median)}" in text
    assert f"diverged: {int(np.sum(source.results['diverged']))}. Its origin." in text
    # The rate that was tuned again is told, and not drawn; so is the end of the grid.
    assert not [one for one in shown if "tuned" in one["x"]]
    told = []
    for seed in range(source.seeds):
        wanted = {"norm": "linf", "targeted": True, "method": "r-adazo", "law": "sphere", "seed": seed}
        own = [source.results.where(**wanted, rate_of=one) for one in ("tuned", "tuned-1")]
        shares = [100 * float(np.mean(one["success"])) for one in own]
        rates = ("0.5, 0.25", "1, 0.5")[seed]
        told.append(f"{rates} ({number(min(shares))} to {number(max(shares))}%)")
    assert f"ℓ∞, targeted {' and '.join(told)}" in text
    ends = "; ".join(f"ZO-SGD (ℓ∞, targeted, at {rate})" for rate in ("0.5", "1")[: source.seeds])
    assert f"end of its grid, a better rate may lie beyond: {ends}." in text
    source.results["at_grid_end"][:] = False
    assert "No tuned rate is at an end" in " ".join(black_box_attack.facts(source))


@pytest.fixture
def committed():
    """What the repository shows of attacks, read as the figures do."""
    experiment = load("black-box-attack", ROOT / "experiments")
    return best_source(experiment, Store(ROOT / "results"), preferred="evidence")


def test_both_networks_and_the_methods_that_were_added_are_shown(committed):
    every = _attack_source.joined(committed, ["sphere"])
    added = committed.request.experiment.preset("evidence-further").config.methods
    first = committed.config.methods
    assert [name for name in every.config.methods if name in first] == list(first)
    assert set(every.config.methods) == {*first, *added}
    # Four kinds of attack, on both networks, on the images that the methods measured first attacked.
    for kind, method in product(_attack.KINDS, every.config.methods):
        mine = of(every.results, kind, Row(method, "sphere", "tuned"))
        theirs = of(every.results, kind, Row("zo-sgd", "sphere", "tuned"))
        assert np.unique(mine["seed"]).tolist() == [0, 1]
        assert len(mine) == 200
        for column in ("seed", "image", "label", "target", "accuracy"):
            assert np.array_equal(mine[column], theirs[column])
    # What is said of the origins adds up.
    text = " ".join(_attack_source.origins(committed, ["sphere"]))
    (further,) = _attack_source.beside(committed, ["sphere"])
    assert f"`{further.command}` (2 seeds, {further.results.queries} function values" in text
    second = [fact for fact in every.results.facts if fact["seed"] == 1]
    second = [fact for fact in second if fact["cell"]["method"] in first]
    assert f"network of seed 1 ({sum(fact['queries'] for fact in second)} function values" in text
    # Of another configuration nothing is joined.
    other = replace(committed.request, config=replace(committed.config, budget=400))
    assert _attack_source.beside(replace(committed, request=other), ["sphere"]) == []


def test_a_network_is_shown_in_a_kind_of_attack_only_with_all_laws(committed):
    laws = _attack_laws.laws(committed)
    every = _attack_source.joined(committed, laws)
    for kind in _attack.KINDS:
        cells = {
            seed: {
                (cell["method"], cell["law"])
                for cell in (fact["cell"] for fact in every.results.facts if fact["seed"] == seed)
                if (cell["norm"], cell["targeted"]) == (kind.norm, kind.targeted)
            }
            for seed in (0, 1)
        }
        assert {law for _, law in cells[0]} == set(laws)
        assert cells[1] in (cells[0], set())


def test_pictures_are_the_kept_images(source):
    shown = list(csv.DictReader(io.StringIO(csv_of(black_box_attack_pictures.panels(source)))))
    rows_of = of(source.results, Kindred("linf", False, "", "", ""), Row("r-adazo", "sphere", "tuned"))
    row = int(np.flatnonzero(rows_of["image"] == 3)[0])
    before, after = (
        np.frombuffer(bytes.fromhex(str(rows_of[name][row])), np.uint8).reshape(28, 28).astype(float)
        for name in ("original", "picture")
    )
    dots = {
        (round(float(one["x"])), round(float(one["y"])))
        for one in shown
        if (one["panel"], one["series"]) == ("R-AdaZO, change", "brighter")
    }
    brighter = np.argwhere((after - before) / 255 >= 0.05)
    assert dots == {(int(column), 27 - int(line)) for line, column in brighter}
    darkest = {
        (round(float(one["x"])), round(float(one["y"])))
        for one in shown
        if (one["panel"], one["series"]) == ("before: a 5", "ink 1")
    }
    assert darkest == {(int(c), 27 - int(r)) for r, c in np.argwhere(before / 255 > 0.875)}
