"""The examples of the guide to fine-tuning do what it says."""

import math
import re
import shlex
from pathlib import Path

import pytest

from tests.experiments.toy_language import save_opt, sentences, write_data

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

ROOT = Path(__file__).parents[1]
GUIDE, EXPERIMENTS = ROOT / "docs" / "fine-tuning.md", ROOT / "experiments"


def example(name: str) -> str:
    (text,) = re.findall(
        rf"<!-- example: {name} -->\n```(?:python|sh)\n(.*?)```", GUIDE.read_text(), re.DOTALL
    )
    return text


@pytest.fixture
def reviews(tmp_path, monkeypatch):
    parts = {name: sentences(count, n) for n, (name, count) in enumerate((("train", 200), ("dev", 100)))}
    write_data(tmp_path / "reviews", test=sentences(100, 9), **parts)
    monkeypatch.setenv("ZOTHEORY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    # A model of its architecture with random weights stands for opt-tiny, which takes a minute to train.
    save_opt(tmp_path / "cache" / "models" / "opt-tiny")


def test_sentences(reviews, capsys):
    found = {}
    exec(example("sentences"), found)
    untrained, accuracy, calibrated, seconds, memory = map(float, capsys.readouterr().out.split())
    assert (accuracy, calibrated) == (found["test"].accuracy, found["test"].calibrated)
    from experiments._fine_tuning import score
    from experiments.language_model.task import prepared

    # What the guide calls the start is the test part's score before any step, of a model made anew.
    config = found["config"]
    task = prepared(config.request(config.tasks[0]))
    assert found["start"] == score(task.classifier(), task.test)
    assert untrained == found["start"].accuracy
    assert found["start"].loss > found["test"].loss
    assert seconds > 0
    assert memory > 10_000 or math.isnan(memory)
    rows = found["log"].rows
    assert min(row["dev_loss"] for row in rows) < rows[0]["dev_loss"]
    assert rows[-1]["passes"] == 2000


def test_the_command(reviews, tmp_path):
    from typer.testing import CliRunner

    from zotheory.cli import app
    from zotheory.experiment import Store, load
    from zotheory.experiment.settings import configured

    program, *words = shlex.split(example("command"))
    assert program == "zotheory"
    places = ["--folder", str(EXPERIMENTS), "--store", str(tmp_path / "store"), "--jobs", "1"]
    done = CliRunner().invoke(app, [*words, *places])
    assert done.exit_code == 0, done.output
    experiment = load("language-model", EXPERIMENTS)
    config = configured(experiment.preset("quick").config, {}, words[words.index("--set") + 1 :: 2])
    assert (config.tasks, config.data) == (("opt-tiny/final-norm",), "reviews")
    found = Store(tmp_path / "store").read(experiment, config, seeds=1)
    assert {str(method) for method in found["method"]} == set(config.methods)
    assert found["passes"].max() == 400
    assert (found["start_loss"] > found["test_loss"]).all()


def test_a_loop(tmp_path):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(save_opt(tmp_path / "opt")).eval()
    tokens = torch.arange(2, 14).reshape(2, 6)
    batch = {"input_ids": tokens, "labels": tokens}
    before = float(model(**batch).loss.detach())
    exec(example("loop"), {"model": model, "batches": [batch] * 60})
    assert float(model(**batch).loss.detach()) < before
