"""The examples of the guide to fine-tuning do what it says."""

import math
import re
from pathlib import Path

import pytest

from tests.experiments.toy_language import save_opt, sentences, write_data

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

GUIDE = Path(__file__).parents[1] / "docs" / "fine-tuning.md"


def example(name: str) -> str:
    (text,) = re.findall(rf"<!-- example: {name} -->\n```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return text


def test_sentences(tmp_path, monkeypatch, capsys):
    parts = {name: sentences(count, n) for n, (name, count) in enumerate((("train", 200), ("dev", 100)))}
    write_data(tmp_path / "reviews", test=sentences(100, 9), **parts)
    monkeypatch.setenv("ZOTHEORY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    # A model of its architecture with random weights stands for opt-tiny, which takes a minute to train.
    save_opt(tmp_path / "cache" / "models" / "opt-tiny")
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


def test_a_loop(tmp_path):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(save_opt(tmp_path / "opt")).eval()
    tokens = torch.arange(2, 14).reshape(2, 6)
    batch = {"input_ids": tokens, "labels": tokens}
    before = float(model(**batch).loss.detach())
    exec(example("loop"), {"model": model, "batches": [batch] * 60})
    assert float(model(**batch).loss.detach()) < before
