"""Prompts, tuned and not, on the same sentences: a cell tells what the model says of each of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments._language_models import load_model
from experiments._prompts import PROMPTS, Prompt, word_tokens
from experiments._text_data import load_data
from experiments.best_prompt import EXPERIMENT, Config, cells, run
from tests.experiments.toy_language import save_opt, sentences, write_data
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed

OTHER = Prompt("a film {text} was", (" poor", " fine"))


@pytest.fixture
def config(monkeypatch, tmp_path):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setenv("ZOTHEORY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setitem(PROMPTS, "other", OTHER)
    data = write_data(tmp_path / "toy", train=sentences(60, 1), dev=sentences(40, 2), test=sentences(50, 3))
    yield Config(
        task=f"{save_opt(tmp_path / 'opt')}/head",
        data=data,
        prompt="it-was",
        prompts=("other",),
        methods=("zo-sgd/sphere", "adamw"),
        lr=(0.05, 0.02),
        train=60,
        dev=40,
        batch=8,
        queries=1,
        passes=90,
        records=3,
    )
    torch.set_num_threads(threads)


def said(config, prompt):
    """Return the difference of the two words' logits, asked one sentence at a time."""
    model, tokenizer = load_model(config.task.rpartition("/")[0])
    words, texts = (
        word_tokens(tokenizer, prompt),
        load_data(config.data, train=config.train, dev=config.dev).test.texts,
    )
    with torch.no_grad():
        rows = [torch.tensor([tokenizer.encode(prompt.template.format(text=text))]) for text in texts]
        logits = torch.stack([model(input_ids=row).logits[0, -1, words] for row in rows])
    return (logits[:, 1] - logits[:, 0]).numpy()


def test_what_cells_tell(config):
    labels = load_data(config.data, train=60, dev=40).test.labels
    tables = {}
    for cell in cells(config):
        table = run(config, cell, Seed(0, "best-prompt", cell["method"]))
        tables[cell["method"]] = table
        assert np.array_equal(table.columns["label"], labels)
        assert table.columns["sentence"].tolist() == list(range(50))
    assert list(tables) == ["zero-shot/other", "zo-sgd/sphere", "adamw"]
    asked = tables.pop("zero-shot/other")
    assert np.allclose(asked.columns["margin"], said(config, OTHER), rtol=1e-4, atol=1e-5)
    assert np.array_equal(asked.columns["margin"], asked.columns["start_margin"])
    assert asked.queries == 0
    for method, cost in (("zo-sgd/sphere", 2), ("adamw", 3)):
        found = tables[method].columns
        # A run begins where the model stands, and leaves it there for the next one.
        assert np.allclose(found["start_margin"], said(config, PROMPTS["it-was"]), rtol=1e-4, atol=1e-5)
        assert set(found["passes"].tolist()) == {tables[method].queries} == {90 // cost * cost}
        signs = np.where(labels == 1, 1, -1)
        losses = [np.logaddexp(0, -signs * found[name]).mean() for name in ("start_margin", "margin")]
        assert losses[1] < 0.95 * losses[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompts": ("none",)}, "prompts = 'none': give it-was, review"),
        ({"prompt": "none"}, "prompts = 'none'"),
        ({"lr": (0.1,)}, r"lr = \(0.1,\): give one for each method"),
        ({"task": "opt-tiny/all"}, "subset = 'all': give one of full"),
        ({"batch": 61}, "batch = 61: train = 60"),
    ],
)
def test_bad_configurations(config, changes, message):
    with pytest.raises(InvalidArgument, match=message):
        replace(config, **changes)


def test_what_is_not_here_is_told_at_once(config):
    assert EXPERIMENT.ready is not None
    EXPERIMENT.ready(config)
    with pytest.raises(InvalidArgument, match="verbalizer = ' negative'"):
        EXPERIMENT.ready(replace(config, prompts=("review",)))
