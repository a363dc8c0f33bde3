"""Geometry of laws: samples by their definitions, errors of coordinates against table and measurement."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.law_geometry import LAWS, Config, cells, run, unit_gradient
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed, Table

SMALL = Config(dim=6, batch=2, block_size=2, trials=3000, samples=3000)
LIMIT = 5.0  # standard errors: once in two million for a normal mean


def found(view: str, law: str, gradient: str = "decaying", config: Config = SMALL) -> Table:
    cell = {"view": view, "gradient": gradient, "law": law}
    assert cell in cells(config)
    return run(config, cell, Seed(0, "law-geometry", f"{view} {law} {gradient}"))


def vectors(table: Table) -> np.ndarray:
    names = ("first", "second", "third")[: int(table.columns["dimension"][0])]
    return np.stack([table.columns[name] for name in names], axis=1)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("view", ["plane", "space"])
def test_samples_are_unbiased(law, view):
    """E[v v^T] = I: every entry within five standard errors, for all laws alike delta = 1."""
    v = vectors(found(view, law))
    products = v[:, :, None] * v[:, None, :]
    error = products.std(axis=0) / np.sqrt(len(v)) + 1e-12
    assert (np.abs(products.mean(axis=0) - np.eye(v.shape[1])) < LIMIT * error).all()


def test_samples_look_as_they_are_defined():
    for view, d in (("plane", 2), ("space", 3)):
        a = unit_gradient("decaying", d)
        for law in LAWS:
            columns = (table := found(view, law)).columns
            v, along, across = vectors(table), columns["along"], columns["across"]
            assert along == pytest.approx(v @ a)
            assert along**2 + across**2 == pytest.approx((v**2).sum(axis=1))
            length = (v**2).sum(axis=1)
            if law.startswith("dap"):
                assert np.abs(along) == pytest.approx(np.ones(len(v)))
            if law in ("dap-exact", "sphere", "rademacher", "coordinate", "frame"):
                assert length == pytest.approx(np.full(len(v), d))
            if law in ("gaussian", "dap-exact-gaussian"):
                assert np.std(length) > 0.5
            if law == "guided-exact":  # either along the gradient or across, never both
                assert np.minimum(np.abs(along), across) == pytest.approx(np.zeros(len(v)), abs=1e-6)
            if law in ("coordinate", "importance-coordinates"):
                assert (np.count_nonzero(v, axis=1) == 1).all()


@pytest.mark.parametrize("gradient", ["sparse", "decaying", "dense"])
def test_predicted_errors_are_those_of_the_table(gradient):
    """The diagonal of the error covariance over the batch, with |a| = 1, as derived law by law."""
    d, b = SMALL.dim, SMALL.batch
    squares = unit_gradient(gradient, d) ** 2
    table = {
        "gaussian": 1 + squares,
        "sphere": d / (d + 2) * (1 + 2 * squares) - squares,
        "rademacher": 1 - squares,
        "coordinate": (d - 1) * squares,
        "dap-exact": 1 - squares,
        "dap-exact-gaussian": 1 - squares,
        "guided-exact": squares * (1 / 0.9 - 1),
    }
    for law, errors in table.items():
        predicted = found("coordinates", law, gradient, replace(SMALL, trials=2)).columns["predicted_error"]
        assert predicted == pytest.approx(errors / b, abs=1e-12), law


@pytest.mark.parametrize("law", SMALL.methods)
@pytest.mark.parametrize("gradient", ["sparse", "dense"])
def test_measured_errors_agree_with_theory(law, gradient):
    table = found("coordinates", law, gradient)
    columns = table.columns
    assert columns["gradient_entry"] == pytest.approx(unit_gradient(gradient, 6))
    difference = np.abs(columns["error"] - columns["predicted_error"])
    # Nearly all estimates of guided-exact are the same on sparse gradients: rounding, not spread.
    assert (difference <= LIMIT * columns["standard_error"] + 1e-12).all()
    assert table.queries == 3000 * 3


def test_the_errors_of_another_law_are_noticed():
    """Planted: the measurement of one law against the theory of another of the same total error."""
    sphere, aligned = (found("coordinates", law, "sparse").columns for law in ("sphere", "dap-exact"))
    assert sphere["predicted_error"].sum() == pytest.approx(aligned["predicted_error"].sum())
    difference = np.abs(sphere["error"] - aligned["predicted_error"])
    assert (difference > LIMIT * sphere["standard_error"]).any()


def test_columns_are_the_same_in_all_views():
    tables = [found(view, "sphere") for view in ("plane", "space", "coordinates")]
    assert len({tuple(table.columns) for table in tables}) == 1
    assert np.isnan(tables[0].columns["third"]).all()
    assert np.isnan(tables[2].columns["along"]).all()
    assert {table.columns["known"][0] for table in tables} == {"nothing"}
    assert found("plane", "guided").columns["known"][0] == "a guide"


@pytest.mark.parametrize(
    ("changes", "name", "remedy"),
    [
        ({"dim": 1}, "dim", "at least 2"),
        ({"samples": 0}, "samples", "1"),
        ({"trials": 1}, "trials", "at least 2"),
        ({"batch": 3}, "batch", "even"),
        ({"batch": 24}, "batch", "multiple"),
        ({"block_size": 5}, "block_size", "divisor of 16"),
        ({"laws": ("importance",)}, "laws", "more dimensions"),
        ({"alignment": 0.0}, "alignment", "between 0 and 1"),
    ],
)
def test_bad_fields_are_named_with_a_remedy(changes, name, remedy):
    with pytest.raises(InvalidArgument, match=remedy) as caught:
        Config(**changes)
    assert caught.value.argument == name
