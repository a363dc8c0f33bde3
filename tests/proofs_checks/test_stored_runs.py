"""Numbers of stored runs that are changed by a little keep claims that read them from being supported."""

import pytest
from support import imported

from zotheory.checks.evidence import Outcome
from zotheory.experiment import Results

CHANGES = [
    ("h01_same_rate", "lr", 2.0, {"rule": "matched"}),
    ("h01_same_rate", "lr", 1.1, {"rule": "same", "method": "r-adazo"}),
    ("h01_same_rate", "predicted_step_length", 1.05, {}),
    ("h01_same_rate", "predicted_step_length", 1 / 1.05, {}),
    ("h01b_published_dimension", "lr", 1.05, {"rule": "matched"}),
    ("h01b_published_dimension", "predicted_step_length", 1.05, {}),
    ("h02_tuned", "queries_to_0.8", 1.03, {"method": "r-adazo"}),
    ("h02_tuned", "at_grid_end", None, {"method": "zo-sgd"}),
    ("h04b_block_queries", "trace_0", 1.08, {}),
    ("h04b_block_queries", "loss", 1.05, {"method": "size"}),
    ("h04b_block_queries", "at_grid_end", None, {"method": "cyclic"}),
    ("h04c_intrinsic_rank", "lr", 4.0, {"method": "mezo-signs"}),
    ("h04c_intrinsic_rank", "bend_0", 1e4, {"method": "uniform"}),
    ("h04d_queries_and_seconds", "energy_0", 0.6, {}),
    ("h04d_queries_and_seconds", "step_seconds", 1.5, {"method": "cyclic"}),
    ("h05_alignment", "alignment", 1.1, {"method": "guided"}),
    ("h05_alignment", "energy", 1.2, {}),
    ("h05b_queries", "loss", 1.1, {"method": "guided"}),
    ("h05b_queries", "at_grid_end", None, {"method": "guided"}),
    ("h05c_guided_es", "at_grid_end", None, {"method": "guided-es"}),
    ("h05c_guided_es", "alignment", 20.0, {"method": "guided-es"}),
]


@pytest.mark.parametrize(("name", "column", "factor", "where"), CHANGES)
def test_changed_numbers_are_noticed(name, column, factor, where, monkeypatch):
    module = imported(name)
    found, reads = module.stored, []

    def changed(*args, **kwargs):
        rows = found(*args, **kwargs)
        chosen = rows["seed"] == rows["seed"]
        for key, value in where.items():
            chosen &= rows[key] == value
        assert chosen.any()
        values = rows[column].copy()
        values[chosen] = True if factor is None else values[chosen] * factor
        reads.append(column)
        return Results({**rows.columns, column: values}, rows.facts)

    monkeypatch.setattr(module, "stored", changed)
    if name.endswith("queries") and column == "loss":  # all methods start at one loss
        with pytest.raises(ValueError, match="losses at the start differ"):
            list(module.measured(module.claim))
    else:
        assert any(item.outcome is not Outcome.HOLDS for item in module.measured(module.claim))
    assert reads


@pytest.mark.parametrize("name", sorted({change[0] for change in CHANGES}))
def test_numbers_as_they_are_hold(name):
    module = imported(name)
    assert all(item.outcome is Outcome.HOLDS for item in module.measured(module.claim))
