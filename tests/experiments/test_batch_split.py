"""Splitting a batch: closed forms by other routes, and measurements that agree with them."""

from dataclasses import replace

import numpy as np
import pytest

from experiments._measurements import KINDS
from experiments.batch_split import Config, cells, run
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed, Table

SMALL = Config(functions=("indefinite",), dim=4, batches=(20, 60), splits=(10, 50), trials=2000)
LIMIT = 5.0  # standard errors: once in two million for a normal mean


def found(config: Config, probes: str, split: int, combination: str, index: int = 0) -> Table:
    cell = {
        "function": config.functions[0],
        "mu": 0.0,
        "probes": probes,
        "split": split,
        "combination": combination,
    }
    assert split not in config.splits or cell in cells(config)
    return run(config, cell, Seed(index, "batch-split", f"{probes} {split} {combination}"))


def deviations(table: Table, kind: str) -> np.ndarray:
    names = (kind, f"{kind}_standard_error", f"predicted_{kind}")
    value, error, exact = (table.columns[name] for name in names)
    return np.abs(value - exact) / error


@pytest.mark.parametrize("probes", ["sphere", "gaussian"])
@pytest.mark.parametrize("complement", ["sphere", "gaussian"])
def test_measured_errors_agree_with_theory(probes, complement):
    combinations = ("second", "average") if complement == "gaussian" else SMALL.combinations
    config = replace(SMALL, complement=complement, combinations=combinations, probes=(probes,))
    tables = [found(config, probes, cell["split"], cell["combination"]) for cell in cells(config)]
    assert len(tables) == 1 + 2 * len(combinations)
    for table in tables:
        assert max(deviations(table, kind).max() for kind in KINDS) < LIMIT


def test_another_split_than_the_one_predicted_is_noticed():
    """Planted: the measurements of one split against the theory of another."""
    one, two = (found(SMALL, "sphere", split, "second") for split in (10, 50))
    mixed = Table({**one.columns, "predicted_total": two.columns["predicted_total"]})
    assert deviations(mixed, "total").min() > LIMIT


def test_totals_by_hand():
    """In units of |a|^2: (d - 1)/m alone, w^2 M1 + (1 - w)^2 M2 together, least at the optimal weight."""
    d, b = 4, np.array([20, 60])
    for probes, nu in (("sphere", d), ("gaussian", d + 2)):
        for split in (10, 50):
            k = b * split // 100
            m = b - k
            one, two = (nu - 1) / k, (d - 1) / m
            second, average, optimal = (found(SMALL, probes, split, c).columns for c in SMALL.combinations)
            assert second["predicted_total"] == pytest.approx(two)
            assert average["predicted_total"] == pytest.approx((k / b) ** 2 * one + (m / b) ** 2 * two)
            weights = np.linspace(0, 1, 10_001)[:, None]
            least = (weights**2 * one + (1 - weights) ** 2 * two).min(axis=0)
            assert optimal["predicted_total"] == pytest.approx(least, rel=1e-6)
            assert (optimal["predicted_total"] >= second["best_total"] * (1 - 1e-12)).all()
            assert second["first"].tolist() == k.tolist()
            assert second["second"].tolist() == m.tolist()
            if probes == "sphere":  # the weights that count every draw alike are the best
                assert optimal["weight"] == pytest.approx(average["weight"])
                assert optimal["predicted_total"] == pytest.approx((d - 1) / b)
            else:
                assert second["predicted_alignment"] == pytest.approx(k / (k + d - 1))


def test_one_stage_and_two_cost_the_same():
    tables = [found(SMALL, "sphere", 0, "one-stage"), found(SMALL, "sphere", 50, "average")]
    assert tables[0].columns["trials"].tolist() == tables[1].columns["trials"].tolist() == [6000, 2000]
    assert tables[0].queries == tables[1].queries == 6000 * 21 + 2000 * 61
    assert tables[0].columns["predicted_total"] == pytest.approx([3 / 20, 3 / 60])
    assert tables[0].columns["large_share"].tolist() == tables[1].columns["large_share"].tolist()


def test_the_grid_has_every_split_and_one_stage():
    grid = cells(Config())
    assert len(grid) == 2 * 2 * (1 + 5 * 3)
    assert {cell["split"] for cell in grid} == {0, 10, 25, 50, 75, 90}


@pytest.mark.parametrize(
    ("changes", "name", "remedy"),
    [
        ({"dim": 1}, "dim", "at least 2"),
        ({"trials": 1}, "trials", "at least 2"),
        ({"splits": (0, 50)}, "splits", "from 1 to 99"),
        ({"splits": ()}, "splits", "from 1 to 99"),
        ({"batches": (40, 20)}, "batches", "increasing"),
        ({"batches": (20, 30)}, "batches", "multiples of 20"),
        ({"mus": (2.0,)}, "mus", "1e-12 to 1"),
        ({"threshold": 1.5}, "threshold", "at most 1"),
        ({"complement": "gaussian"}, "combinations", "leave out optimal"),
    ],
)
def test_bad_fields_are_named_with_a_remedy(changes, name, remedy):
    with pytest.raises(InvalidArgument, match=remedy) as caught:
        Config(**changes)
    assert caught.value.argument == name
