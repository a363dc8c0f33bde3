"""Fine-tuning: inputs computed once, what is tuned alone moves, runs resume, confounds, bad input."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments import _fine_tuning, language_model
from experiments._classifiers import classifier
from experiments._fine_tuning import Examples, Plan, fine_tune, score
from experiments._language_models import load_model
from experiments._prompts import PROMPTS, Prompt, encoded, padded, word_tokens
from experiments._text_data import load_data
from experiments._training import LAWS, METHODS
from experiments.language_model import Config, cells, one_run, rate, ready, run
from experiments.language_model.__main__ import main
from experiments.language_model.methods import PUBLISHED, maker
from experiments.language_model.task import TUNING_SEED, prepared
from tests.experiments.toy_language import save_model, save_opt, sentences, write_data
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed

ROOT = Path(__file__).parents[2]
SUBSETS = ("full", "norms", "final-norm", "verbalizers", "head", "last-1", "last-2", "lora")
TUNED = ("head", "last-1", "norms", "lora", "prompt")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "toy"
    return write_data(folder, train=sentences(60, 1), dev=sentences(40, 2), test=sentences(50, 3))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    from transformers import LlamaConfig, LlamaForCausalLM

    folder, sizes = tmp_path_factory.mktemp("models"), {"num_hidden_layers": 2, "num_attention_heads": 2}
    with torch.random.fork_rng():
        torch.manual_seed(3)
        llama = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=17,
                hidden_size=16,
                intermediate_size=32,
                num_key_value_heads=1,
                max_position_embeddings=32,
                **sizes,
            )
        )
        for parameter in llama.parameters():
            torch.nn.init.normal_(parameter, std=0.4)
    return {"opt": save_opt(folder / "opt"), "llama": save_model(folder / "llama", llama)}


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOTHEORY_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def small(models, data, subset="head", **changes) -> Config:
    config = Config(
        tasks=(f"{models['llama']}/{subset}",),
        data=data,
        methods=("zo-sgd/rademacher",),
        train=40,
        dev=20,
        batch=8,
        micro=8,
        passes=(60,),
        records=3,
        lr=(0.05,),
        tuning_passes=(0,),
    )
    return replace(config, **changes)


@pytest.mark.parametrize("name", ["opt", "llama"])
@pytest.mark.parametrize("subset", SUBSETS)
def test_inputs_computed_once_give_the_whole_models_logits(models, data, cache, name, subset):
    model, tokenizer = load_model(models[name])
    texts = load_data(data, train=20, dev=10).train.texts
    words, rows = (
        word_tokens(tokenizer, PROMPTS["it-was"]),
        encoded(tokenizer, PROMPTS["it-was"], texts, 16),
    )
    with torch.no_grad():
        # One sentence at a time, without padding or any of our code.
        alone = torch.stack([model(input_ids=row[None]).logits[0, -1, words] for row in rows])
        made = classifier(model, words, subset)
        together = made.logits(made.inputs(rows, batch=7))
    assert made.tuned
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_what_each_subset_tunes(models, cache):
    model, _ = load_model(models["llama"])
    sizes = {}
    for subset in SUBSETS[:-1]:
        made = classifier(model, [4, 5], subset)
        sizes[subset] = sum(p.numel() for _, p in made.tuned)
        made.release()
    layer = sum(p.numel() for p in model.model.layers[1].parameters())
    assert sizes["full"] == sum(p.numel() for p in model.parameters())
    assert (sizes["norms"], sizes["final-norm"], sizes["verbalizers"]) == (16 * 5, 16, 32)
    assert (sizes["head"], sizes["last-1"], sizes["last-2"]) == (48, layer, 2 * layer)
    # Virtual tokens are as wide as words, which are 8 numbers here and hidden states 16.
    narrow, tokenizer = load_model(models["opt"])
    made = classifier(narrow, [4, 5], "prompt")
    assert [tuple(p.shape) for _, p in made.tuned] == [(10, 8)]
    rows = encoded(tokenizer, PROMPTS["it-was"], ["a dull film", "fine"], 16)
    told = made.logits(rows)
    with torch.no_grad():
        made.tuned[0][1].add_(1)
    assert told.shape == (2, 2)
    assert not torch.allclose(made.logits(rows), told)
    made.release()


@pytest.mark.parametrize("subset", TUNED)
def test_a_run_lowers_the_loss_and_leaves_the_model_as_it_was(models, data, cache, subset):
    config = small(models, data, subset=subset, mu=1e-2)
    task = task_of(config)
    before = {name: p.clone() for name, p in task.model.named_parameters()}
    log, test = trained(config, task, "zo-sgd/rademacher", 0.01, 200, 0)
    assert log.rows[log.best]["dev_loss"] < log.rows[0]["dev_loss"]
    assert test.loss < task.start_score().loss
    after = dict(task.model.named_parameters())
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def task_of(config):
    return prepared(config.request(config.tasks[0]))


def trained(config, task, method, lr, passes, seed):
    return task.trained(config.maker(method, lr, seed), config.plan(passes, seed, method))


class Killed(Exception):
    pass


@pytest.mark.parametrize("method", ["zo-sgd/gaussian", "guided/sphere", "r-adazo/rademacher", "adamw"])
def test_a_killed_run_goes_on_as_it_would_have(models, data, cache, tmp_path, method):
    config = small(models, data, subset="last-1")
    task = task_of(config)
    plan = Plan(passes=60, records=6, batch=8, micro=8)

    def tune_once(checkpoint, dies_at=None):
        made = classifier(task.model, task.words, "last-1")
        start = [p.detach().clone() for _, p in made.tuned]
        build = maker(method, 1e-3, mu=1e-3, queries=1, difference="central", seed=5)

        def dying(named, module):
            optimizer = build(named, module)
            step, count = optimizer.step, iter(range(10**6))

            def counted(*closure):
                if next(count) == dies_at:
                    raise Killed
                return step(*closure)

            optimizer.step = counted
            return optimizer

        try:
            log = fine_tune(made, task.train, task.dev, dying, plan, checkpoint=checkpoint)
            return log, [p.detach().clone() for _, p in made.tuned]
        finally:
            with torch.no_grad():
                for (_, p), value in zip(made.tuned, start, strict=True):
                    p.copy_(value)
            task.model.requires_grad_(False)

    whole, weights = tune_once(None)
    file = tmp_path / "run.pt"
    with pytest.raises(Killed):
        tune_once(file, dies_at=12)
    resumed, again = tune_once(file)
    assert all(torch.equal(a, b) for a, b in zip(weights, again, strict=True))
    assert [comparable(row) for row in resumed.rows] == [comparable(row) for row in whole.rows]
    assert not file.exists()


def comparable(row):
    measured = ("seconds", "cpu_seconds", "memory")
    return json.dumps({name: value for name, value in row.items() if name not in measured})


def killed(monkeypatch, work, records=2, module=_fine_tuning):
    """Do what raises `Killed` at that score in a module."""
    real, count = module.score, iter(range(10**6))

    def dying(*given):
        if next(count) == records:
            raise Killed
        return real(*given)

    with monkeypatch.context() as patched:
        patched.setattr(module, "score", dying)
        with pytest.raises(Killed):
            work()


def reviews(folder, seed, dev_seed=0):
    shutil.rmtree(folder, ignore_errors=True)
    parts = (("train", 60, seed), ("dev", 40, dev_seed), ("test", 50, dev_seed))
    return write_data(folder, **{name: sentences(count, number + count) for name, count, number in parts})


def test_the_command_line_refuses_what_another_run_kept(models, cache, tmp_path, monkeypatch):
    folder = reviews(tmp_path / "reviews", 0)
    out, kept = tmp_path / "run.jsonl", tmp_path / "run.rank0.pt"
    out.write_text("of an earlier run")

    def asked(method="zo-sgd/gaussian", lr=0.05, seed=0):
        given = {"tasks": f"{models['llama']}/head", "data": folder, "train": 40, "dev": 20, "batch": 8}
        given |= {"passes": 60, "records": 3, "lr": lr}
        settings = [part for key, value in given.items() for part in ("--set", f"{key}={value}")]
        line = ["language_model", "--method", method, "--seed", str(seed), *settings, "--out", str(out)]
        monkeypatch.setattr(sys, "argv", line)
        main()

    killed(monkeypatch, asked)
    before, told = kept.read_bytes(), out.read_text()
    assert [json.loads(line)["passes"] for line in told.splitlines()] == [0, 20]
    for sentences_seed, changes, message in (
        (0, {"lr": 1e-6}, r"optimizer's lr = \[0\.05\], not \[1e-06\]\)"),
        (0, {"method": "adamw"}, "method = 'zo-sgd/gaussian', not 'adamw'; optimizer's class = "),
        (0, {"seed": 1}, "optimizer's seed = 0, not 1; seed = 0, not 1"),
        (1000, {}, r"train sentences = '\w{16}', not '\w{16}'\)"),
    ):
        reviews(tmp_path / "reviews", sentences_seed)
        with pytest.raises(
            SystemExit, match=rf"^error: checkpoint = .*another run \({message}.*: delete it"
        ):
            asked(**changes)
        assert (kept.read_bytes(), out.read_text()) == (before, told)
    # The same sentences written anew are the same run.
    reviews(tmp_path / "reviews", 0)
    # Killed when all steps are done and recorded, it has still not been scored.
    killed(monkeypatch, asked, 0, language_model.task)
    assert len(out.read_text().splitlines()) == 4
    assert kept.exists()
    asked()
    assert not kept.exists()
    assert len(out.read_text().splitlines()) == 5


def commanded(monkeypatch, out, settings, *more):
    texts = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    monkeypatch.setattr(sys, "argv", ["language_model", *texts, *more, "--out", str(out)])
    main()


def strict(text):
    """Return what is in JSON lines, of which NaN is none."""

    def refused(word):
        raise AssertionError(word)

    return [json.loads(line, parse_constant=refused) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("method", "lr", "diverged"), [(None, 0.05, False), ("mezo-bcd-cyclic/sphere", 1e10, True)]
)
def test_the_log_of_the_command_line(
    models, data, cache, tmp_path, monkeypatch, capsys, method, lr, diverged
):
    settings = {"tasks": f"{models['llama']}/last-2,opt-tiny/full", "data": data, "train": 40, "dev": 20}
    settings |= {"batch": 8, "passes": 12, "records": 2, "lr": f"{lr},1"}
    out = tmp_path / "new" / "run.jsonl"
    commanded(monkeypatch, out, settings, *(["--method", method] if method else []))
    *rows, last = strict(out.read_text())
    said = capsys.readouterr().out
    # By default the first method of the preset.
    assert last["method"] == (method or "zo-sgd/sphere")
    assert (
        f"{models['llama']}/last-2 by {last['method']}, 12 passes, lr = {lr}, not tuned; of 2 tasks" in said
    )
    assert last["diverged"] is diverged
    assert {row["diverged"] for row in rows} == {diverged}
    assert ("the run diverged: scored is its best record, after 0 passes" in said) is diverged
    assert rows[0]["slope"] is rows[0]["loss"] is None
    assert [row["best"] for row in rows].count(True) == 1
    assert [len(row["energies"]) for row in rows] == [2 * bool(method)] * len(rows)
    if diverged:
        assert (len(rows), last["test"]) == (1, last["start"])
    else:
        assert [row["passes"] for row in rows] == [0, 6, 12]


@pytest.mark.parametrize(
    ("settings", "more", "message"),
    [
        ({}, ["--method", "sgd"], "methods = 'sgd': give METHOD/LAW, .*published/dap, adamw$"),
        (
            {},
            ["--method", "mezo-bcd-cyclic/gaussian"],
            "methods = 'mezo-.*/head tune one block: leave it out",
        ),
        ({}, ["--preset", "nope"], "preset = 'nope': (nearest|there are): "),
        ({"corrected": "none,delta"}, [], "corrected = .*: give none alone, or the others without it"),
        ({"passes": 1}, [], "passes = 1: a step takes 2: give as many"),
        ({"passes": 2}, ["--method", "adamw"], "passes = 2: a step takes 3: give as many"),
    ],
)
def test_what_the_command_line_refuses(models, data, cache, tmp_path, monkeypatch, settings, more, message):
    out = tmp_path / "run.jsonl"
    settings = {
        "tasks": f"{models['llama']}/head",
        "data": data,
        "train": 40,
        "dev": 20,
        "passes": 6,
    } | settings
    with pytest.raises(SystemExit, match=f"^error: {message}"):
        commanded(monkeypatch, out, settings | {"lr": 0.05}, *more)
    assert not list(tmp_path.glob("run*"))


def test_each_process_takes_a_gpu_of_its_own(cache, tmp_path, monkeypatch):
    taken = []

    def set_device(device):
        taken.append(device)
        raise Killed

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", set_device)
    monkeypatch.setenv("WORLD_SIZE", "3")
    for device, rank, device_taken in (("cuda", "1", "cuda:1"), ("cuda:0", "1", "cuda:0")):
        monkeypatch.setenv("LOCAL_RANK", rank)
        with pytest.raises(Killed):
            commanded(monkeypatch, tmp_path / "run.jsonl", {"device": device})
        assert taken.pop() == device_taken
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(SystemExit, match=r"^error: device = 'cuda:2': torch sees 2 of them"):
        commanded(monkeypatch, tmp_path / "run.jsonl", {"device": "cuda"})
    assert not taken


def test_a_log_that_cannot_be_written_is_found_at_once(models, data, cache, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    settings = {"tasks": f"{models['llama']}/head", "data": data, "train": 40, "dev": 20, "passes": 6}
    for out in (tmp_path, tmp_path / "file" / "run.jsonl", Path("/proc/run.jsonl")):
        with pytest.raises(SystemExit, match=f"^error: out = '.*{out.name}': it cannot be written"):
            commanded(monkeypatch, out, settings | {"lr": 0.05})
    assert not cache.exists()
    assert (tmp_path / "file").read_text() == ""


def test_the_command_line_lists_all_settings(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["language_model", "--help"])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().out
    for name in (*asdict(Config()), *PUBLISHED, *METHODS, *LAWS, "adamw", "--multi_gpu"):
        assert name in said


@pytest.mark.parametrize("name", ["opt", "llama"])
def test_more_layers_than_there_are_are_found_before_the_model_is_loaded(models, data, cache, name):
    tasks = [f"{models[name]}/last-{count}" for count in (2, 3)]
    ready(small(models, data, tasks=tasks[:1]))
    with pytest.raises(
        InvalidArgument, match="subset = 'last-3': the model has 2 layers: give at most last-2"
    ):
        ready(small(models, data, tasks=tasks))
    assert not cache.exists()


def test_what_processes_cannot_share(models, data, cache):
    config = small(models, data)
    for changes, method, message in (
        ({}, "adamw", "method = 'adamw': first order runs in one process"),
        ({"batch": 3}, "zo-sgd/sphere", "batch = 3: 2 processes take equal parts of it"),
        ({"batch": 1}, "published/uniform", "batch = 1: 2 processes take equal parts of it"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            one_run(replace(config, **changes), method, 0, share=(0, 2), parallel="data")
    assert not cache.exists()


def test_other_sentences_or_weights_in_the_same_folder(models, cache, tmp_path, monkeypatch):
    """Features, learning rates and checkpoints are those of contents, not of names and sizes."""
    model = tmp_path / "model"
    shutil.copytree(models["llama"], model)

    def other_weights():
        from transformers import AutoModelForCausalLM

        made = AutoModelForCausalLM.from_pretrained(model)
        for parameter in made.parameters():
            parameter.data.mul_(0.5)
        made.save_pretrained(model)

    folder = reviews(tmp_path / "reviews", 0)
    config = small({"llama": str(model)}, folder, tuning_passes=(12,), passes=(24,))
    (cell,) = cells(config)

    def measured(place=cache):
        monkeypatch.setenv("ZOTHEORY_CACHE_DIR", str(place))
        columns = run(config, cell, Seed(0, "language-model", cell["method"])).columns
        return {name: columns[name].tolist() for name in ("start_loss", "lr", "dev_loss", "test_loss")}

    def files():
        return [len(list((cache / kind).iterdir())) for kind in ("features", "tuned", "checkpoints")]

    found = [measured()]
    killed(monkeypatch, measured)
    assert files() == [1, 1, 1]
    changes = (lambda: reviews(tmp_path / "reviews", 1000, 2000), other_weights)
    for number, change in enumerate(changes, start=2):
        change()
        again = measured()
        # The checkpoint of the first run is left for it.
        assert files() == [number, number, 1]
        language_model._prepared.cache_clear()
        assert again == measured(tmp_path / f"empty-{number}")
        assert all(again["start_loss"] != before["start_loss"] for before in found)
        found.append(again)


def test_prompts_have_features_of_their_own(models, data, cache, tmp_path, monkeypatch):
    monkeypatch.setitem(PROMPTS, "was-it", Prompt("It was {text}", PROMPTS["it-was"].words))
    request = small(models, data).request(f"{models['llama']}/head")
    one, other = (prepared(replace(request, prompt=name)).train.inputs for name in ("it-was", "was-it"))
    monkeypatch.setenv("ZOTHEORY_CACHE_DIR", str(tmp_path / "empty"))
    alone = prepared(replace(request, prompt="was-it")).train.inputs
    assert all(torch.equal(a, b) for a, b in zip(other, alone, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_run_is_scored_on_the_test_part(models, data, cache):
    config = small(models, data)
    task = task_of(config)
    log, test = trained(config, task, "zo-sgd/rademacher", 0.05, 60, 0)
    made = task.classifier()
    make, plan = config.maker("zo-sgd/rademacher", 0.05, 0), config.plan(60, 0, "zo-sgd/rademacher")
    again = fine_tune(made, task.train, task.dev, make, plan)
    scores = {name: score(made, getattr(task, name)) for name in ("train", "dev", "test")}
    assert test == scores["test"]
    assert len({found.loss for found in scores.values()}) == 3
    assert log.rows[log.best]["dev_loss"] == again.rows[again.best]["dev_loss"] == scores["dev"].loss
    # Of cached features one position a sentence is read.
    assert log.rows[-1]["tokens"] == 60 * config.batch


def test_parts_of_a_batch_make_the_same_steps(models, data, cache):
    config = small(models, data)
    task = task_of(config)
    one, _ = trained(config, task, "zo-sgd/rademacher", 0.05, 60, 0)
    parts, _ = trained(replace(config, micro=3), task, "zo-sgd/rademacher", 0.05, 60, 0)
    assert [row["dev_loss"] for row in parts.rows] == pytest.approx(
        [row["dev_loss"] for row in one.rows], rel=1e-3
    )


def test_passes_are_counted_and_not_exceeded(models, data, cache):
    config = small(models, data)
    task = task_of(config)
    for method, each in (("zo-sgd/sphere", 2), ("adamw", 3), ("published/uniform", 2)):
        log, _ = trained(config, task, method, 1e-3, 61, 0)
        assert log.rows[-1]["passes"] == each * log.rows[-1]["steps"] == each * (61 // each)
    # At equal steps the published DAP takes half as many passes again.
    log, _ = trained(config, task, "published/dap", 1e-3, 60, 0)
    assert (log.rows[-1]["passes"], log.rows[-1]["steps"]) == (90, 30)
    log, _ = trained(replace(config, corrected=("passes",)), task, "published/dap", 1e-3, 60, 0)
    assert log.rows[-1]["passes"] == 60
    # With eight probes a step takes ten passes, and equal steps five times as many as those of two.
    probed = replace(config, corrected=("one-probe",), probes=8)
    log, _ = trained(probed, task, "published/dap", 1e-3, 60, 0)
    assert (log.rows[-1]["passes"], log.rows[-1]["steps"]) == (300, 30)
    fair = replace(config, corrected=("one-probe", "passes"), probes=8)
    log, _ = trained(fair, task, "published/dap", 1e-3, 60, 0)
    assert (log.rows[-1]["passes"], log.rows[-1]["steps"]) == (60, 6)
    assert {c.plan(60, 0, "published/uniform").passes for c in (config, probed, fair)} == {60}


def published(name, corrected=(), probes=1, mu=1e-3):
    module = torch.nn.Linear(8, 4, bias=False)
    x = torch.nn.init.zeros_(module.weight)
    make = maker(
        f"published/{name}",
        1.0,
        mu=mu,
        queries=1,
        difference="forward",
        seed=0,
        corrected=corrected,
        probes=probes,
    )
    return x, make([("x", x)], module)


def moved(name, corrected=()):
    # The entries of v, read off steps on a linear function.
    slope = torch.linspace(-1, 1, 32).reshape(4, 8)
    x, optimizer = published(name, corrected)
    module = optimizer.model
    optimizer.step(lambda: module(torch.eye(8)).mul(slope.T).sum())
    return (x.detach() / optimizer.coefficients[-1]).flatten()


def test_confounds_of_the_published_comparison():
    d, rows = 32, 4
    # delta = rows: the squared length is delta d, whatever the direction; delta = 1 corrected.
    for law in ("uniform", "rademacher"):
        assert published(law)[1].delta == rows
        assert published(law, ("delta",))[1].delta == 1
    assert published("gaussian")[1].delta == 1
    # The branch of Rademacher is dead: entries differ in size until it is corrected.
    assert moved("rademacher").abs().std() > 0.1
    assert moved("rademacher", ("dead-branch",)).abs().std() < 1e-3 * d
    assert published("dap")[1].portions() == {"first": 1, "second": 1}
    assert published("dap", ("one-probe",), probes=6)[1].portions() == {"first": 6, "second": 1}
    # Whatever delta is, mu is what was given.
    for law in ("gaussian", "uniform", "rademacher", "dap"):
        for corrected in ((), ("delta",)):
            assert published(law, corrected, mu=0.02)[1].mu == 0.02


def test_scores_by_counting():
    class Given(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.none = torch.nn.Parameter(torch.zeros(1))

        def forward(self, inputs, mask):
            return torch.stack([torch.zeros(len(inputs)), inputs[:, -1].float()], dim=1)

    from experiments._classifiers import Classifier

    # Twice as many of class 1, and one far away: neither the labels' share nor the mean is the threshold.
    difference, labels = np.array([0.2, 40.0, 1.5, 2.0, 3.0, 0.5]), np.array([0, 1, 1, 1, 1, 0])
    rows = [torch.tensor([value]) for value in difference]
    found = score(Classifier(Given(), None, None), Examples(rows, labels), batch=4)
    assert (found.accuracy, found.positive) == (4 / 6, 1.0)
    assert found.calibrated == 5 / 6  # 1.5 is below the median, 1.75; a threshold of 1 had all right
    truth = np.where(labels == 1, difference, -difference)
    assert found.loss == pytest.approx(np.mean(np.log1p(np.exp(-truth))), rel=1e-6)


def test_a_cell_end_to_end(models, data, cache):
    config = small(
        models, data, methods=("zo-sgd/rademacher", "adamw", "mezo-bcd-cyclic/rademacher"), subset="last-2"
    )
    config = replace(config, tuning_passes=(24,), lr=(1e-2,))
    for cell in cells(config):
        table = run(config, cell, Seed(0, "language-model", cell["method"]))
        columns = table.columns
        assert columns["passes"][0] == 0
        assert columns["best"].sum() == 1
        assert columns["dev_loss"][columns["best"]] == columns["dev_loss"].min()
        assert table.queries == columns["passes"][-1] + columns["tuning_passes"][0]
        blocks = json.loads(str(columns["energies"][-1]))
        assert len(blocks) == (2 if "bcd" in cell["method"] else 0)
    assert {path.name for path in cache.iterdir()} == {"features", "tuned", "checkpoints"}
    assert not list((cache / "checkpoints").iterdir())
    # A second run finds the features and the step, and measures the same.
    again = run(config, cell, Seed(0, "language-model", cell["method"]))
    assert np.array_equal(again.columns["dev_loss"], columns["dev_loss"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ("sgd",)}, "methods = 'sgd': give METHOD/LAW"),
        ({"methods": ()}, "give at least one, each once"),
        ({"batch": 64}, "train = 40: give at most that"),
        ({"mu": 0.0}, "mu = 0.0: give a number above 0"),
        ({"lr": (float("nan"),)}, r"lr = \(nan,\): give numbers above 0"),
        ({"passes": (0,)}, r"passes = \(0,\): give numbers from 1 on"),
        ({"passes": (1, 2)}, "give one, or one for each of the 1 in tasks"),
        ({"tasks": ("opt-tiny",)}, "tasks = 'opt-tiny': give MODEL/SUBSET"),
        ({"tasks": ("opt-tiny/all",)}, "subset = 'all': give one of full, norms"),
    ],
)
def test_bad_configurations(models, data, changes, message):
    with pytest.raises(InvalidArgument, match=message):
        small(models, data, **changes)


def test_padding_is_on_the_left():
    whole, mask = padded([torch.tensor([1, 2, 3]), torch.tensor([4])])
    assert whole.tolist() == [[1, 2, 3], [0, 0, 4]]
    assert mask.tolist() == [[1, 1, 1], [0, 0, 1]]


def test_two_processes_train_as_one(models, data, cache, tmp_path):
    given = {"tasks": f"{models['llama']}/head", "data": data, "train": 40, "dev": 20, "batch": 8}
    given |= {"passes": 24, "records": 2, "lr": 0.05}
    settings = [part for key, value in given.items() for part in ("--set", f"{key}={value}")]
    script = ["-m", "experiments.language_model", "--method", "zo-sgd/gaussian", *settings, "--out"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"}
    found = {}
    for name, launcher in (
        ("one", []),
        ("two", ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]),
    ):
        out = tmp_path / f"{name}.jsonl"
        command = [sys.executable, *launcher, *script, str(out)]
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
        )
        assert out.is_file(), done.stderr
        found[name] = [json.loads(line) for line in out.read_text().splitlines()]
    losses = {name: [row["dev_loss"] for row in rows[:-1]] for name, rows in found.items()}
    assert losses["two"] == pytest.approx(losses["one"], rel=1e-3)
    assert found["two"][-1]["test"]["loss"] == pytest.approx(found["one"][-1]["test"]["loss"], rel=1e-3)
    assert losses["one"][-1] != losses["one"][0]
    assert found["two"][-1]["start"] == found["one"][-1]["start"] != found["one"][-1]["test"]


def test_some_of_the_test_part_is_scored(models, data, cache):
    config = small(models, data, test=20)
    whole, some = task_of(small(models, data)), task_of(config)
    assert (len(whole.test), len(some.test)) == (50, 20)
    assert some.test.labels.sum() == 10
    # The first of either class, in their order.
    first = [i for label in (0, 1) for i in np.flatnonzero(whole.test.labels == label)[:10]]
    chosen = Examples([whole.test.inputs[i] for i in sorted(first)], whole.test.labels[sorted(first)])
    assert score(some.classifier(), some.test) == score(whole.classifier(), chosen)
    for size in (21, 52):
        with pytest.raises(
            InvalidArgument, match=f"test = {size}: .* has 50 .* an even number up to 50, or"
        ):
            task_of(replace(config, test=size))


def test_blocks_are_moved_where_there_are_several(models, data, cache):
    name, blocks = models["llama"], "mezo-bcd-cyclic/gaussian"
    both = small(models, data, tasks=(f"{name}/head", f"{name}/norms"), methods=("zo-sgd/sphere", blocks))
    assert [(cell["task"].rpartition("/")[2], cell["method"]) for cell in cells(both)] == [
        ("head", "zo-sgd/sphere"),
        ("norms", "zo-sgd/sphere"),
        ("norms", blocks),
    ]
    with pytest.raises(InvalidArgument, match="tune one block: leave it out"):
        small(models, data, methods=(blocks,))
    norms = replace(both, tasks=(f"{name}/norms",))
    log, _ = trained(norms, task_of(norms), blocks, 1e-3, 20, 0)
    assert len(log.energies[-1]) == 3
    assert sum(energy > 0 for energy in log.energies[-1]) > 1


def test_mezo_takes_one_perturbation_and_is_gaussian_descent(models, data, cache):
    config = small(models, data, queries=4)
    task = task_of(config)
    one = trained(replace(config, queries=1), task, "zo-sgd/gaussian", 0.01, 40, 0)[0]
    mezo = trained(config, task, "mezo/gaussian", 0.01, 40, 0)[0]
    assert [comparable(row) for row in mezo.rows] == [comparable(row) for row in one.rows]
    four = trained(config, task, "zo-sgd/gaussian", 0.01, 40, 0)[0]
    assert (four.rows[-1]["steps"], mezo.rows[-1]["steps"]) == (5, 20)


def test_learning_rates_are_of_several_runs(models, data, cache):
    config = small(models, data, tuning_passes=(12,), tuning_seeds=3, tuning_ratio=2.0, lr=(0.01,))
    found = rate(config, task_of(config), config.tasks[0], "zo-sgd/rademacher")
    rates = [lr for lr, _ in found.table]
    assert found.spent_queries == 12 * 3 * len(rates)
    assert len(rates) >= 3
    assert np.diff(np.log2(rates)) == pytest.approx(1)
    scores = []
    for lr, seed in ((rates[0], seed) for seed in range(TUNING_SEED, TUNING_SEED + 3)):
        log, _ = trained(replace(config, records=4), task_of(config), "zo-sgd/rademacher", lr, 12, seed)
        scores.append(log.rows[log.best]["dev_loss"])
    assert found.table[0][1] == pytest.approx(sorted(scores)[1], rel=1e-6)
    # They do not depend on the test part.
    some = replace(config, test=20)
    assert rate(some, task_of(some), config.tasks[0], "zo-sgd/rademacher") == found
    assert len(list((cache / "tuned").iterdir())) == 1
