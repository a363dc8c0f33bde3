"""Results are older than the code where what runs has changed, and not where only words have."""

import subprocess

import pytest

from zotheory.experiment.discovery import load
from zotheory.experiment.freshness import changed_since

CODE = '''"""Words."""
from dataclasses import dataclass
from lab._helper import FACTOR
from zotheory.experiment import Experiment, Preset, Table


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


def run(config, cell, seed):
    """Words."""
    return Table({"x": [FACTOR]}, queries=1)


EXPERIMENT = Experiment(
    title="t", presets={"quick": Preset(Config())}, cells=lambda config: [{}], run=run
)
'''


def git(folder, *arguments):
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def lab(tmp_path):
    folder = tmp_path / "lab"
    (folder / "one").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "_helper.py").write_text("FACTOR = 2  # two\n")
    (folder / "one" / "__init__.py").write_text(CODE)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return folder


def measured(folder):
    return {"commit": git(folder, "rev-parse", "HEAD"), "code": load("one", folder).code}


def test_unchanged_code_and_changed_words(lab):
    facts = measured(lab)
    assert changed_since(load("one", lab), [facts]) == []
    file = lab / "one" / "__init__.py"
    file.write_text(file.read_text().replace("Words.", "Other words.") + "\n# a comment\n")
    assert load("one", lab).code != facts["code"]
    assert changed_since(load("one", lab), [facts]) == []


def test_changed_code_of_the_experiment_and_of_a_helper_beside_it(lab):
    facts = measured(lab)
    (lab / "_helper.py").write_text("FACTOR = 3\n")
    assert changed_since(load("one", lab), [facts]) == ["_helper.py"]
    file = lab / "one" / "__init__.py"
    file.write_text(file.read_text().replace("queries=1", "queries=2"))
    assert changed_since(load("one", lab), [facts]) == ["_helper.py", "one/__init__.py"]
    git(lab, "commit", "-qam", "second")
    assert changed_since(load("one", lab), [measured(lab)]) == []


def test_presets_titles_and_what_only_presets_read_do_not_count(lab):
    file = lab / "one" / "__init__.py"
    named = CODE.replace("Preset(Config())", "Preset(_BASE)").replace(
        "EXPERIMENT", "_BASE = Config()\n\nEXPERIMENT"
    )
    file.write_text(named)
    git(lab, "commit", "-qam", "a preset with a name")
    facts = measured(lab)
    more = '{"quick": Preset(_BASE, seeds=4), "paper": Preset(_MORE)}'
    other = named.replace('title="t"', 'title="u"').replace('{"quick": Preset(_BASE)}', more)
    file.write_text(other.replace("_BASE =", "_MORE = Config()\n_BASE ="))
    assert load("one", lab).code != facts["code"]
    assert changed_since(load("one", lab), [facts]) == []
    file.write_text(other.replace("[{}]", "[{}, {}]").replace("_MORE", "_BASE"))
    assert changed_since(load("one", lab), [facts]) == ["one/__init__.py"]


def test_a_private_value_that_cells_read_counts(lab):
    file = lab / "one" / "__init__.py"
    named = CODE.replace("[FACTOR]", "[_SIZE]").replace("def run", "_SIZE: int = FACTOR\n\n\ndef run")
    file.write_text(named)
    git(lab, "commit", "-qam", "a value with a name")
    facts = measured(lab)
    file.write_text(named.replace("= FACTOR", "= FACTOR + 1"))
    assert changed_since(load("one", lab), [facts]) == ["one/__init__.py"]


@pytest.mark.parametrize("commit", [None, "0" * 40, "abc+changes"])
def test_where_git_cannot_tell_the_digest_decides(lab, commit):
    facts = measured(lab) | {"commit": commit}
    assert changed_since(load("one", lab), [facts]) == []
    (found,) = changed_since(load("one", lab), [facts | {"code": "other"}])
    assert "git cannot tell" in found
