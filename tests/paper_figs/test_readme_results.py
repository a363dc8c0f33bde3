"""README's table of experiments: every experiment, and what `results/` has of it."""

import re

import pytest

from tests.paper_figs.conftest import EXPERIMENTS, ROOT
from zotheory.experiment import Store, find, load
from zotheory.experiment.request import Request, counted

ROW = re.compile(r"^\| (\S+) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def rows() -> dict[str, str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("| Experiment | What it measures |")[2].partition("\n\n")[0]
    return {name: held for name, held in ROW.findall(table) if name != "---"}


def held(name: str) -> str:
    """Return what the store has: its complete seeds at each preset."""
    store, experiment = Store(ROOT / "results"), load(name, EXPERIMENTS)
    found = []
    for preset in experiment.presets:
        request = Request.of(experiment, preset, 1)
        records = store.contents(name, request.configuration).records
        seeds = [cell["seed"] for record in records for cell in record.cells]
        complete = sum(seeds.count(seed) == len(request.tasks()) for seed in set(seeds))
        if complete:
            found.append(f"{preset}, {counted(complete, 'seed')}")
    return "; ".join(found) or "nothing"


def test_every_experiment_has_a_row():
    assert set(rows()) == set(find(EXPERIMENTS))


@pytest.mark.parametrize("name", rows())
def test_a_row_says_what_the_results_hold(name):
    assert rows()[name] == held(name)
