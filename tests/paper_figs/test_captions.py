"""Plotted numbers and numbers in captions against the store, computed here from its Parquet files alone."""

import csv
import io
import json
import math
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import t

from zotheory.plotting.paper.panels import csv_of
from zotheory.plotting.style import number


@pytest.fixture
def table(store):
    """Return a function that gives the rows of an experiment as dictionaries, cells and "
    "seeds among them."""

    def rows(name):
        found = []
        for manifest in store.manifests(name):
            data, about = pq.read_table(manifest.with_suffix(".parquet")), manifest.read_text()
            cells = json.loads(about)["content"]["cells"]
            start = 0
            for cell in cells:
                part: pa.Table = data.slice(start, cell["rows"])
                start += cell["rows"]
                found += [{**cell["cell"], "seed": cell["seed"], **row} for row in part.to_pylist()]
        return found

    return rows


@pytest.fixture
def plotted(figures, sources):
    """Return a function that gives the rows of a figure's CSV, and the text of its facts."""

    def numbers(name):
        figure = figures[name]
        source = sources[figure.experiment]
        rows = list(csv.DictReader(io.StringIO(csv_of(figure.panels(source)))))
        return rows, " ".join(figure.facts(source))

    return numbers


def having(rows, **values):
    return [row for row in rows if all(row[name] == value for name, value in values.items())]


def written(number):
    """Return a number as the CSV has it, with ten significant digits."""
    return repr(float(f"{number:.10g}"))


def value(rows, column):
    """Return the only number of a column, NaN where it is empty."""
    (row,) = rows
    return float(row[column] or "nan")


def student(values):
    values = np.asarray(values)
    reach = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    return values.mean(), values.mean() - reach, values.mean() + reach


def test_smoothing_plots_geometric_means_with_intervals(table, plotted):
    rows, text = plotted("smoothing")
    cell = {"function": "exponential", "difference": "central", "format": "float32", "arithmetic": "values"}
    stored = having(table("smoothing"), **cell)
    shown = having(rows, panel="central, values rounded", series="float32")
    assert {row["kind"] for row in shown} == {"measured", "theory"}
    told = having(rows, panel="central, values rounded", kind="told")
    for mu in {row["mu"] for row in stored}:
        logs = [math.log(row["total"]) for row in having(stored, mu=mu)]
        measured = having(shown, kind="measured", x=written(mu))
        expected = np.exp(student(logs))
        assert [value(measured, end) for end in ("y", "low", "high")] == pytest.approx(expected, rel=1e-9)
        stalled = np.mean([row["stalled"] for row in having(stored, mu=mu)])
        share = having(told, series="float32, share of slopes that are 0", x=written(mu))
        assert value(share, "y") == pytest.approx(stalled, rel=1e-9)
        predicted = np.prod([row["predicted_total"] for row in having(stored, mu=mu)]) ** 0.5
        line = value(having(shown, kind="theory", x=written(mu)), "y")
        assert math.isnan(line) if stalled > 0.99 else line == pytest.approx(predicted, rel=1e-9)
    best = [{row["best_mu"] for row in having(stored, seed=seed)}.pop() for seed in (0, 1)]
    predicted = [{row["predicted_mu"] for row in having(stored, seed=seed)}.pop() for seed in (0, 1)]
    least = [min(row["total"] for row in having(stored, seed=seed)) for seed in (0, 1)]
    mu, by_theory, error = (math.sqrt(math.prod(pair)) for pair in (best, predicted, least))
    said = f"float32 μ = {number(mu)} ({number(by_theory)}), error {number(error)}"
    assert said in text.partition("Central differences, values rounded")[2]
    row = having(told, series="float32, best μ and its error", x=written(mu))
    assert value(row, "y") == pytest.approx(error, rel=1e-9)
    assert having(told, series="float32, best μ by theory", x=written(by_theory))


def test_smoothing_theory_is_drawn_where_the_caption_says_and_as_near(plotted):
    rows, text = plotted("smoothing")
    for kind, most in (("values rounded", 0.99), ("all rounded", 0.25)):
        mine = [row for row in rows if row["panel"].endswith(kind)]
        ratios = []
        for row in having(mine, kind="theory"):
            same = [other for other in mine if (other["panel"], other["x"]) == (row["panel"], row["x"])]
            zero = value(having(same, series=f"{row['series']}, share of slopes that are 0"), "y")
            assert (row["y"] == "") == (zero > most)
            point = having(same, kind="measured", series=row["series"])
            if row["y"] and point:
                ratios.append(float(row["y"]) / value(point, "y"))
        assert f": {number(min(ratios))} to {number(max(ratios))} times what is measured" in text
    # Rounded values are so coarse at these mu that some of theory is left out, and some is not.
    assert {row["y"] == "" for row in having(rows, kind="theory", series="bfloat16")} == {True, False}


@pytest.mark.parametrize("law", ["sphere", "gaussian"])
def test_estimation_error_plots_means_with_their_standard_errors(law, table, plotted):
    rows, text = plotted("estimation-error")
    stored = having(table("estimation-error"), function="product", method=law, mu=0.0, batch=4)
    (mean, errors) = ([row[name] for row in stored] for name in ("total", "total_standard_error"))
    y = 4 * (mean[0] + mean[1]) / 2
    reach = 4 * 1.959963984540054 * math.hypot(*errors) / 2
    name = {"sphere": "sphere", "gaussian": "Gaussian"}[law]
    panel = [row for row in having(rows, panel="total", series=name, x="4.0") if "product" in row["y_name"]]
    measured = having(panel, kind="measured")
    found = [value(measured, end) for end in ("y", "low", "high")]
    assert found == pytest.approx([y, y - reach, y + reach], rel=1e-9)
    assert (
        f"{name} {number(y / 4)}" in text.partition("Total error, product, B = 4: ")[2].partition(".  ")[0]
    )
    # One draw of fixed length d has E|g|^2 = d |a|^2, and a Gaussian one (d + 2) |a|^2; here d = 4.
    level = 3 if law == "sphere" else 5
    assert value(having(panel, kind="theory"), "y") == pytest.approx(level, rel=1e-12)


def test_batch_split_is_relative_to_one_stage(table, plotted):
    rows, text = plotted("batch-split")
    stored = having(table("batch-split"), batch=8)
    one = np.mean([row["predicted_tau_mse"] for row in having(stored, combination="one-stage")])
    two = having(stored, combination="second", split=50)
    panel = having(rows, panel="large entries, B = 8", series="stage 2 only", x="50.0", kind="measured")
    expected = np.mean([row["tau_mse"] for row in two]) / one
    assert value(panel, "y") == pytest.approx(expected, rel=1e-9)
    ratios = {}
    for combination, split in {(row["combination"], row["split"]) for row in stored} - {("one-stage", 0)}:
        chosen = having(stored, combination=combination, split=split)
        ratios[combination, split] = np.mean([row["tau_mse"] for row in chosen]) / one
    said = re.search(r"Least measured ratio, large entries: .*?B = 8 (\S+) ", text)
    assert said is not None
    shown = {key: ratio for key, ratio in ratios.items() if key[0] != "optimal"}
    assert said[1] == number(min(shown.values()))


def test_replication_audit_has_intervals_over_replications(table, plotted):
    rows, text = plotted("replication-audit")
    stored = having(table("replication-audit"), problem="quadratic", setting="all", baseline="uniform")
    expected = student([row["advantage"] for row in stored])
    panel = having(rows, panel="quadratic, d = 4", series="sphere", kind="measured", x="all corrected")
    assert [value(panel, end) for end in ("y", "low", "high")] == pytest.approx(expected, rel=1e-9)
    mean, low, high = (number(part, 2) for part in expected)
    quadratic = text.partition("Quadratic, ")[2].partition("Matrix")[0]
    assert f"sphere {mean} [{low}, {high}]" in quadratic.partition("All corrected")[2]
    # The switches that alone move an advantage are those of intervals apart from the published one.
    moved = quadratic.partition("intervals apart), to: ")[2].partition(". ")[0]
    sphere = {
        row["x"]: row
        for row in having(rows, panel="quadratic, d = 4", series="sphere", kind="measured")
        if row["x"] != "all corrected" and not row["x"].startswith("all but")
    }
    low, high = (value([sphere["as published"]], end) for end in ("low", "high"))
    for name, row in sphere.items():
        apart = value([row], "high") < low or high < value([row], "low")
        apart &= abs(value([row], "y") - value([sphere["as published"]], "y")) >= 0.05
        assert (f"{name}: sphere {number(value([row], 'y'), 2)}" in moved) == apart
    # What is a re-creation is named with its size.
    assert "descent of |x|^2/2 of a 3 by 4 matrix, a stand-in for a language model's prompt" in text
    # Each switch of the problems shown is explained, and no other.
    assert re.search(r"more-queries: .*; second-stage: ", text)
    assert "aligned-never: " not in text


def test_dense_vs_sparse_counts_the_intervals_that_hold(table, plotted):
    rows, text = plotted("dense-vs-sparse")
    stored = having(table("dense-vs-sparse"), law="two-atom-exact", set="large", support=2)
    ratio = 1 - np.mean([row["gain"] for row in stored])
    shown = having(rows, panel="two atoms, exact", series="large entries", kind="measured")
    assert any(value([row], "y") == pytest.approx(ratio, rel=1e-9) for row in shown)
    said = re.search(r"Of (\d+) intervals (\S+)% hold", text)
    assert said is not None
    points = [row for row in rows if row["kind"] == "measured" and row["panel"] != "DAP, exact"]
    held = sum(float(row["low"]) <= float(row["x"]) <= float(row["high"]) for row in points)
    aligned = int(said[1]) - len(points)
    # Those of aligned draws are the other ones.
    assert held <= round(int(said[1]) * float(said[2]) / 100) <= held + aligned


def test_alignment_stress_is_over_the_sphere_s_expected_error(table, plotted):
    rows, text = plotted("alignment-stress")
    stored = having(table("alignment-stress"), stress="angle", dim=3, level=60.0)
    # E|g - a|^2 of the sphere is d - 1.
    expected = np.mean([row["total"] for row in having(stored, law="aligned-gaussian")]) / 2
    shown = having(rows, panel="total, d = 3", series="DAP, Gaussian", kind="measured", x="60.0")
    assert value(shown, "y") == pytest.approx(expected, rel=1e-9)
    # What the caption tells stands in the CSV too: errors at signal 0, and those of 0 at no angle.
    noise = having(table("alignment-stress"), stress="noise", dim=3, level=0.0)
    mean, unit = (
        np.mean([row[column] for row in having(noise, law=law)])
        for law, column in (("aligned-gaussian", "total"), ("sphere", "predicted_total"))
    )
    name = "DAP, Gaussian"
    (row,) = having(
        rows, panel="total, d = 3", series=name, kind="told", x="0.0", x_name="signal in a quotient"
    )
    assert float(row["y"]) == pytest.approx(mean / unit, rel=1e-9)
    assert f"{name} {number(mean / unit)}; " in text.partition("at signal 0 (not drawn), d = 3: ")[2]
    assert "At 0 degrees there is no error along the gradient with DAP and DAP, Gaussian." in text
    along = having(rows, panel="along ∇f, d = 3", x_name="angle to ∇f, degrees", x="0.0")
    for name in ("DAP", "DAP, Gaussian"):
        assert [row["kind"] for row in having(along, series=name)] == ["told"]
        assert value(having(along, series=name), "y") < 1e-20
    assert value(having(along, series="sphere", kind="told"), "low") < 1


def test_break_even_angles_of_alignment_stress_are_roots(plotted):
    rows, text = plotted("alignment-stress")
    ends = having(rows, panel="along ∇f, d = 3", series="DAP, break-even")
    # v.a of aligned draws in three dimensions is cos + sin sqrt(2) cos(turn), up to a sign; that of the
    # sphere is uniform up to sqrt(3), so that E (v.a)^4 = 9/5.
    turns = np.arange(16) * math.pi / 8
    for row in ends:
        angle = math.radians(float(row["x"]))
        along = math.cos(angle) + math.sin(angle) * math.sqrt(2) * np.cos(turns)
        assert np.mean([along**4, (-along) ** 4]) == pytest.approx(9 / 5, rel=1e-9)
    said = " and ".join(number(float(row["x"])) for row in ends)
    assert f"between {said} degrees" in text


def test_mesh_ends_are_geometric_means(table, plotted):
    rows, text = plotted("mesh")
    stored = [row for row in table("mesh") if row["name"] == "sphere" and row["part"] == "descent"]
    last = having(stored, queries_spent=max(row["queries_spent"] for row in stored))
    expected = math.exp(sum(row["log_loss"] for row in last) / 2)
    shown = having(rows, panel="function values alone", series="sphere", kind="run")
    assert value(shown[-1:], "y") == pytest.approx(expected, rel=1e-9)
    assert f"sphere {number(expected)} [" in text


def test_coordinate_errors_and_their_share_near_theory(table, plotted):
    rows, text = plotted("coordinate-error")
    stored = having(table("law-geometry"), view="coordinates")
    chosen = having(stored, law="gaussian", gradient="dense", index=1)
    expected = (chosen[0]["error"] + chosen[1]["error"]) / 2
    shown = having(rows, panel="Gaussian", series="dense", kind="measured", x="2.0")
    assert value(shown, "y") == pytest.approx(expected, rel=1e-9)
    held = []
    for row in having(rows, kind="measured"):
        same = {name: row[name] for name in ("panel", "series", "x")}
        low, high, y = (float(row[name] or "nan") for name in ("low", "high", "y"))
        if high - low > 1e-9 * y:
            held.append(low <= value(having(rows, kind="theory", **same), "y") <= high)
    assert held
    assert f"Of {len(held)} intervals {number(100 * sum(held) / len(held))}% hold theory" in text
    # What is drawn and what is not add to the errors in all.
    parts = [row for row in having(rows, panel="importance", series="sparse") if row["kind"] != "theory"]
    whole = sum(row["error"] for row in having(stored, law="importance", gradient="sparse")) / 2
    assert sum(float(row["y"] or 0) for row in parts) == pytest.approx(whole, rel=1e-9)
    assert f"importance {number(whole)}" in text.partition("Error in all, sparse: ")[2]


def test_samples_are_those_of_the_store(table, plotted):
    rows, text = plotted("law-geometry")
    stored = having(table("law-geometry"), view="plane", gradient="dense", law="gaussian")
    shown = having(rows, panel="Gaussian", kind="samples")
    assert [(row["x"], row["y"]) for row in shown] == [
        (written(row["first"]), written(row["second"])) for row in stored
    ]
    both = having(table("law-geometry"), view="plane", gradient="dense", law="gaussian")
    energies = [(row["first"] + row["second"]) ** 2 / 2 for row in both]
    lengths = [row["first"] ** 2 + row["second"] ** 2 for row in both]
    mean = sum(s * n for s, n in zip(energies, lengths, strict=True)) / len(both)
    assert f"Gaussian: E[s n] = {number(mean)}, " in text
    assert "= -0 " not in text
    assert {row["kind"] for row in having(rows, series="gradient")} == {"reference"}


def test_slopes_are_relative_to_the_first_of_the_sphere(table, plotted):
    rows, text = plotted("sgd-synthetic")
    stored = having(table("sgd-synthetic"), problem="flat", step_rule="matched")
    first = min(row["time"] for row in stored if row["time"] > 0)
    unit = np.mean([row["slope"] for row in having(stored, law="sphere", time=first)])
    last = max(row["time"] for row in stored)
    expected = np.mean([row["slope"] for row in having(stored, law="gaussian", time=last)]) / unit
    shown = having(rows, panel="flat", series="Gaussian", kind="run")
    shown = [row for row in shown if row["y_name"].startswith("small step")]
    assert value(shown[-1:], "y") == pytest.approx(expected, rel=1e-9)
    bounded = [row for row in stored if row["time"] > 0 and math.isfinite(row["slope_bound"])]
    largest = max(row["slope"] / row["slope_bound"] for row in bounded)
    assert f"Of {len(bounded)} means with a bound " in text
    assert f"the largest is {number(largest)} of its bound" in text


def test_a_smooth_loss_falls_with_mu(table, plotted):
    rows, _ = plotted("mesh-losses")
    stored = [
        row
        for row in table("mesh")
        if (row["part"], row["name"], row["start"]) == ("slopes", "interpolated", "jittered")
    ]
    mu = stored[0]["mu"]
    jumps = [row["jump"] for row in having(stored, mu=mu)]
    shown = having(rows, panel="jittered start", series="interpolated", kind="measured", x=written(mu))
    assert value(shown, "y") == pytest.approx(math.sqrt(math.prod(jumps)), rel=1e-9)
