"""One task of fine-tuning: a model, what is tuned of it, examples; and one run on it."""

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments._classifiers import PROMPT_TOKENS, Classifier, check_depth, classifier
from experiments._fine_tuning import Examples, Log, Make, Plan, Score, fine_tune, score
from experiments._language_models import OFFLINE, check_place, layer_count, load_model, load_tokenizer
from experiments._package_files import cache_folder
from experiments._prompts import PROMPTS, encoded, word_tokens
from experiments._text_data import Sentences, load_data
from experiments._tuning import Tuned, tune
from zotheory.errors import InvalidArgument

# Seeds of tuning runs are none of those that are reported.
TUNING_SEED = 1_000_000


@dataclass(frozen=True)
class Request:
    """What a task is made of.

    Attributes:
        model: name, as `load_model` takes it.
        subset: what is tuned, as `classifier` takes it.
        data: name, as `load_data` takes it; of movie-snippets opt-tiny gets the sentences it has not seen.
        prompt: name.
        train: sentences to train on.
        dev: sentences to tune and stop by.
        test: sentences to score at the end, even; 0: all there are.
        dtype: of the model.
        device: of the model.
    """

    model: str
    subset: str
    data: str
    prompt: str
    train: int
    dev: int
    test: int = 0
    dtype: str = "float32"
    device: str = "cpu"

    @property
    def source(self) -> str:
        """The data set that is read."""
        unseen = self.model == "opt-tiny" and self.data == "movie-snippets"
        return "movie-snippets-unseen" if unseen else self.data


@dataclass(frozen=True, eq=False)
class Task:
    """A model with the words' tokens, and examples as its classifiers take them.

    Attributes:
        contents: what tells it from tasks with the same request whose folders hold something else: digests
            of the model's files (of a model that is no folder, its name) and of the tokens and labels of
            each part, and the words' tokens.
    """

    request: Request
    model: Any
    words: list[int]
    train: Examples
    dev: Examples
    test: Examples
    contents: dict[str, Any]
    start: list[Score] = field(default_factory=list)

    def classifier(self) -> Classifier:
        """Return a new classifier; `Classifier.release` makes the model free for the next one."""
        return classifier(self.model, self.words, self.request.subset)

    def start_score(self) -> Score:
        """Return the score on the test part before any step; it is computed once."""
        if not self.start:
            made = self.classifier()
            self.start.append(score(made, self.test))
            made.release()
        return self.start[0]

    def trained(
        self,
        make: Make,
        plan: Plan,
        checkpoint: Path | None = None,
        share: tuple[int, int] = (0, 1),
        told: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> tuple[Log, Score]:
        """Return how a run went and its score on the test part; the model is left as it was.

        Args:
            make: what `fine_tune` takes, and so are the others.

        Raises:
            InvalidArgument: as `fine_tune`, whose ``told`` has the request and the contents besides.
        """
        about = {**(told or {}), **asdict(self.request), **self.contents}
        about["device"] = self.request.device.partition(":")[0]  # ranks have one each
        made = self.classifier()
        before = [p.detach().clone() for _, p in made.tuned]
        try:
            given: dict[str, Any] = {"checkpoint": checkpoint, "share": share, "told": about, **others}
            log = fine_tune(made, self.train, self.dev, make, plan, **given)
            return log, score(made, self.test)
        finally:
            with torch.no_grad():
                for (_, parameter), value in zip(made.tuned, before, strict=True):
                    parameter.copy_(value)
            made.release()


def prepared(request: Request) -> Task:
    """Return a task; what the layers below all that is tuned give is computed once and kept in the cache.

    Raises:
        InvalidArgument: as the parts do.
        NotAvailable: a model or data set that is not here.
    """
    parts, tokens, words = read(request)
    contents = _contents(request, parts, tokens, words)
    model, _ = load_model(request.model, dtype=request.dtype, device=request.device)
    made = classifier(model, words, request.subset)
    inputs = tokens if made.first is None else _kept(request, made, tokens, contents)
    made.release()
    train, dev, test = (Examples(inputs[name], parts[name].labels) for name in ("train", "dev", "test"))
    return Task(request, model, words, train, dev, test, contents)


def read(request: Request) -> tuple[dict[str, Sentences], dict[str, list[torch.Tensor]], list[int]]:
    """Return the parts of the data, their tokens, and the tokens of the two words; the model is not loaded.

    Raises:
        InvalidArgument: as the parts do: sizes, words, sentences that are too long, more layers than there
            are, a device.
        NotAvailable: a model or data set that is not here.
    """
    check_place(request.dtype, request.device)
    data = load_data(request.source, train=request.train, dev=request.dev)
    tokenizer, limit = load_tokenizer(request.model)
    layers = layer_count(request.model) if request.subset.startswith("last-") else None
    if layers:  # else the model itself is asked
        check_depth(request.subset, layers)
    prompt = PROMPTS[request.prompt]
    words = word_tokens(tokenizer, prompt)
    limit -= PROMPT_TOKENS if request.subset == "prompt" else 0
    test = _first(data.test, request.test) if request.test else data.test
    parts = {"train": data.train, "dev": data.dev, "test": test}
    return parts, {n: encoded(tokenizer, prompt, part.texts, limit) for n, part in parts.items()}, words


def stamp(name: str) -> tuple[Any, ...]:
    """Return what changes with the files of a folder, without reading them; of what is no folder, its name.

    Models by name are checked by hash, made here once, or the hub's.
    """
    folder = Path(name)
    if name in OFFLINE or not folder.is_dir():
        return (name,)
    facts = [(str(path), path.stat()) for path in sorted(folder.resolve().iterdir()) if path.is_file()]
    return tuple((path, fact.st_size, fact.st_mtime_ns) for path, fact in facts)


def _contents(
    request: Request, parts: dict[str, Sentences], tokens: dict[str, list[torch.Tensor]], words: list[int]
) -> dict[str, Any]:
    told: dict[str, Any] = {"model files": digest(stamp(request.model)), "words": words}
    for name, part in parts.items():
        told[f"{name} sentences"] = digest([[row.tolist() for row in tokens[name]], part.labels.tolist()])
    return told


def _first(part: Sentences, size: int) -> Sentences:
    # As many of either class.
    most = 2 * min(int((part.labels == label).sum()) for label in (0, 1))
    if size % 2 or size > most:
        have = f"the test part has {len(part.labels)} sentences, {most // 2} of the smaller class"
        raise InvalidArgument("test", size, f"{have}: give an even number up to {most}, or 0 for all")
    rows = np.sort(np.concatenate([np.flatnonzero(part.labels == label)[: size // 2] for label in (0, 1)]))
    return Sentences(tuple(part.texts[i] for i in rows), part.labels[rows])


def _kept(
    request: Request, made: Classifier, tokens: dict[str, list[torch.Tensor]], contents: dict[str, Any]
) -> dict[str, list[torch.Tensor]]:
    # Sentences and their prompt are in the tokens.
    told = [contents, request.dtype, request.device, made.first]
    file = cache_folder() / "features" / f"{digest(told)}.pt"
    if file.is_file():
        return torch.load(file)
    found = {part: made.inputs(rows) for part, rows in tokens.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(f".{os.getpid()}")
    torch.save(found, scratch)
    scratch.replace(file)
    return found


def digest(told: Any) -> str:
    """Return a short name for plain values."""
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def tuned(told: Any, run: Any, grid: Sequence[float], seeds: int) -> Tuned:
    """Return the learning rate of the least development loss in runs of their own.

    Args:
        told: plain values that the outcome depends on; under them it is kept in the cache, so that all
            seeds share it.
        run: (lr, seed) -> the `Log` of a run.
        grid: of learning rates.
        seeds: runs at each of them, of which the median counts.
    """
    file = cache_folder() / "tuned" / f"{digest([told, list(grid), seeds])}.json"
    if file.is_file():
        lr, at_edge, spent, table = json.loads(file.read_text())
        return Tuned(lr, at_edge, spent, tuple((a, b) for a, b in table))

    def scored(lr: float, seed: int) -> tuple[float, int]:
        log: Log = run(lr, seed)
        return math.inf if log.diverged else log.rows[log.best]["dev_loss"], int(log.rows[-1]["passes"])

    found = tune(scored, grid, [TUNING_SEED + n for n in range(seeds)])
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(f".{os.getpid()}")
    scratch.write_text(json.dumps([found.lr, found.at_edge, found.spent_queries, found.table]))
    scratch.replace(file)
    return found
