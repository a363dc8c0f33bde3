"""Figures of adaptive-synthetic: medians and their intervals against the store, targets, and failures."""

import csv
import io
import math

import numpy as np
import pytest

from paper_figs._adaptive import median, medians
from zotheory.experiment import Results
from zotheory.plotting.paper.panels import csv_of
from zotheory.plotting.style import number


@pytest.mark.parametrize("n", [1, 5, 6, 9, 16, 17])
def test_intervals_are_exact_order_statistics(n):
    values = np.random.default_rng(n).permutation(np.arange(n, dtype=float))
    middle, low, high = median(values)
    assert middle == (n - 1) / 2
    assert high == n - 1 - low
    # The median lies below the one of rank i (from 0) where at most i values are below the median.
    outside, further = (2 * sum(math.comb(n, k) for k in range(int(low) + i)) / 2**n for i in (1, 2))
    assert (outside <= 0.05 < further) if n >= 6 else low == 0


def test_what_is_not_reached_stays_infinite():
    assert median(np.array([1.0, 2.0, math.inf, math.inf]))[0] == math.inf
    rows = Results(
        {"queries": np.array([0, 0, 3]), "loss": np.array([1.0, np.nan, 2.0]), "seed": np.zeros(3)}, []
    )
    found = medians(rows, "loss")
    assert found.x.tolist() == [0.0, 3.0]
    assert found.middle.tolist() == [1.0, 2.0]


def test_losses_are_medians_over_all_trials(figures, sources):
    source = sources["adaptive-synthetic"]
    figure = figures["adaptive-losses"]
    drawn = list(csv.DictReader(io.StringIO(csv_of(figure.panels(source)))))
    results = source.results
    chosen = (results["method"] == "r-adazo") & (results["rule"] == "same") & (results["queries"] == 45)
    values = results["loss"][chosen & (results["law"] == "sphere")].astype(float)
    assert values.size == 2 * source.seeds
    (row,) = (
        row
        for row in drawn
        if row["series"] == "R-AdaZO" and row["y_name"].startswith("one rate") and float(row["x"]) == 45
    )
    assert float(row["y"]) == pytest.approx(float(np.median(values)), rel=1e-9)
    assert float(row["low"]) == pytest.approx(float(values.min()), rel=1e-9)
    assert f"R-AdaZO {number(float(np.median(values)))}" in " ".join(figure.facts(source))


def test_targets_are_reached_by_half_of_the_trials(figures, sources):
    source = sources["adaptive-synthetic"]
    drawn = list(csv.DictReader(io.StringIO(csv_of(figures["adaptive-targets"].panels(source)))))
    rows = [row for row in drawn if row["panel"] == "laws of R-AdaZO"]
    assert [row["x"] for row in rows] == [
        "sphere",
        "Gaussian",
        "Rademacher",
        "coordinate",
        "one block",
        "rank one",
    ]
    assert all(0 < float(row["low"]) <= float(row["y"]) <= float(row["high"]) <= 45 for row in rows)


def test_ratios_are_of_runs_from_one_start(figures, sources):
    source = sources["adaptive-synthetic"]
    drawn = list(csv.DictReader(io.StringIO(csv_of(figures["adaptive-large-ratios"].panels(source)))))
    last = {}
    for rule, method, law, seed, trial, queries, loss in zip(
        *(source.results[name] for name in ("rule", "method", "law", "seed", "trial", "queries", "loss")),
        strict=True,
    ):
        if queries == 45 and law == "sphere":
            last[rule, method, int(seed), int(trial)] = float(loss)
    for rule, name in (("same", "one rate"), ("matched", "matched"), ("tuned", "best rates")):
        ratios = [
            last["same" if rule == "matched" else rule, "r-adazo", seed, trial]
            / last[rule, "zo-adamm", seed, trial]
            for seed in range(source.seeds)
            for trial in range(2)
        ]
        (row,) = (r for r in drawn if r["panel"] == "losses at the end" and r["series"] == name)
        assert float(row["y"]) == pytest.approx(float(np.median(ratios)), rel=1e-6)
        assert float(row["high"]) == pytest.approx(max(ratios), rel=1e-6)


def test_function_values_of_every_method_and_law(figures, sources):
    """Those to the target that the label names; what does not reach it counts as the budget."""
    source = sources["adaptive-synthetic"]
    drawn = list(csv.DictReader(io.StringIO(csv_of(figures["adaptive-large-laws"].panels(source)))))
    wanted = [(method, law) for method in source.config.methods for law in source.config.laws]
    assert len(drawn) == len(wanted)
    for row, (method, law) in zip(drawn, wanted, strict=True):
        aim = row["y_name"].split()[3]
        rows = source.results.where(method=method, law=law, rule="tuned", queries=45)
        values = np.minimum(rows[f"queries_to_{aim}"], 45)
        assert values.size == 2 * source.seeds
        assert float(row["y"]) == pytest.approx(float(np.median(values)), rel=1e-9)


def test_losses_at_one_rate_are_medians_with_intervals(figures, sources):
    source = sources["adaptive-synthetic"]
    figure = figures["adaptive-large-laws-same"]
    drawn = list(csv.DictReader(io.StringIO(csv_of(figure.panels(source)))))
    wanted = [("ZO-AdaMM", "zo-adamm", "same"), ("R-AdaZO", "r-adazo", "same")]
    wanted.append(("ZO-AdaMM, rate matched", "zo-adamm", "matched"))
    assert [row["series"] for row in drawn] == [name for name, _, _ in wanted]
    for row, (_, method, rule) in zip(drawn, wanted, strict=True):
        rows = source.results.where(method=method, rule=rule, law="sphere", queries=45)
        values = rows["loss"].astype(float)
        assert values.size == 2 * source.seeds
        assert values.max() <= 1
        assert float(row["y"]) == pytest.approx(float(np.median(values)), rel=1e-9)
        assert float(row["high"]) == pytest.approx(float(values.max()), rel=1e-9)
    told = " ".join(figure.facts(source))
    squares = [0.0, 0.0]
    for place, method in enumerate(("r-adazo", "zo-adamm")):
        rows = source.results.where(method=method, rule="same", law="sphere")
        for trial, seed in {(int(t), int(s)) for t, s in zip(rows["trial"], rows["seed"], strict=True)}:
            one = rows.where(trial=trial, seed=seed)
            for k in range(1, one["queries"].size):
                steps = int(one["queries"][k] - one["queries"][k - 1])
                squares[place] += steps * float(one["step_length"][k]) ** 2
    assert f"sphere {number(math.sqrt(squares[0] / squares[1]))} and" in told
