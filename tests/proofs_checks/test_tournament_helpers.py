"""How the tournament's claims count: signed ranks, partial conjunctions, and ratios of function values."""

import numpy as np
import pytest
from scipy.stats import combine_pvalues, wilcoxon

from proofs_checks._tournament import LARGEST, best, chosen, joint, log_ratios, signed_rank
from zotheory.experiment import Results


@pytest.mark.parametrize("n", [3, 8, 12])
@pytest.mark.parametrize("shift", [-0.5, 0.0, 1.0])
def test_signed_ranks_are_wilcoxons(n, shift):
    values = np.random.default_rng(n).standard_normal(n) + shift
    expected = wilcoxon(values, alternative="greater", method="exact").pvalue
    assert signed_rank(values) == pytest.approx(expected, rel=1e-12)


def test_joint_values_are_fishers_of_the_largest():
    values = [0.3, 0.001, 0.02, 0.2, 1e-9]
    assert joint(values, 1) == pytest.approx(combine_pvalues(values, "fisher").pvalue, rel=1e-9)
    assert joint(values, 3) == pytest.approx(combine_pvalues([0.3, 0.02, 0.2], "fisher").pvalue, rel=1e-9)
    assert joint(values, 5) == pytest.approx(0.3, rel=1e-12)


def test_joint_values_keep_their_rate():
    # Two of five hypotheses are true, the others false beyond doubt: that four are false is wrong.
    rng = np.random.default_rng(1)
    p = [joint([*rng.uniform(size=2), 1e-30, 1e-30, 1e-30], 4) for _ in range(4000)]
    assert np.mean(np.array(p) < 0.05) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 4000)
    assert np.mean(np.array(p) < 0.05) > 0.05 - 4 * np.sqrt(0.05 * 0.95 / 4000)


def results(curves: dict[tuple[str, int], list[float]]) -> Results:
    columns = {name: [] for name in ("method", "seed", "queries_spent", "loss", "area")}
    for (method, seed), losses in curves.items():
        for number, loss in enumerate(losses):
            columns["method"].append(method)
            columns["seed"].append(seed)
            columns["queries_spent"].append(100 * number)
            columns["loss"].append(loss)
            columns["area"].append(float(np.log10(np.clip(losses, 1e-4, 10)).mean()))
    return Results({name: np.array(column) for name, column in columns.items()}, [])


CURVES = {
    ("guided", 0): [1.0, 0.5, 0.25],
    ("importance", 0): [1.0, 0.9, 0.8],
    ("sphere", 0): [1.0, 0.6, 0.4],
    ("dap", 0): [1.0, 0.8, 0.6],
    ("guided", 1): [1.0, 0.5, 0.25],
    ("importance", 1): [1.0, 0.01, 0.001],
    ("sphere", 1): [1.0, 0.8, 0.5],
    ("dap", 1): [1.0, 0.001, 0.0001],
}


def test_even_seeds_choose_and_odd_ones_compare():
    rows = results(CURVES)
    assert chosen(rows) == ("guided", "sphere")
    assert best(rows, ["dap", "importance"]) == "dap"
    # To 0.5: at 100 function values, and at 200.
    assert log_ratios(rows, "guided", "sphere") == pytest.approx([np.log(0.5)])
    # Seed 0, to 0.4: after 100 (1 + log(0.5 / 0.4) / log(2)), and at 200.
    first = np.log((1 + np.log(1.25) / np.log(2)) / 2)
    assert log_ratios(rows, "guided", "sphere", seeds=(0, 1)) == pytest.approx([first, np.log(0.5)])


@pytest.mark.parametrize("end", [np.inf, 1.5])
def test_a_run_that_ends_above_the_start_reaches_nothing(end):
    rows = results({**CURVES, ("sphere", 1): [1.0, 2.0, end]})
    assert log_ratios(rows, "guided", "sphere") == pytest.approx([-LARGEST])
    assert log_ratios(rows, "sphere", "guided") == pytest.approx([LARGEST])
    assert log_ratios(
        results({**CURVES, ("dap", 1): [1, 2, 2], ("sphere", 1): [1, 2, 2]}), "dap", "sphere"
    ) == [0]
